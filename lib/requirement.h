/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this text name a package to install?  PEP 508 without what leads elsewhere: a name, extras,
 * version specifiers; no URL, path, option or marker, and no blanks.
 */
#ifndef LIB_REQUIREMENT_H
#define LIB_REQUIREMENT_H

#include "lib/wire/cursor.h"

bool requirement_is_plain(struct slice s);

#endif
