/* SPDX-License-Identifier: Apache-2.0 */
/* The scan behind json_parse: is this text JSON as we take it?  Needs no memory, changes nothing. */
#ifndef LIB_JSONSCAN_H
#define LIB_JSONSCAN_H

#include "lib/json.h"

bool json_scan(struct slice text, struct json_fault *fault);

#endif
