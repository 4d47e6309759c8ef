/* SPDX-License-Identifier: Apache-2.0 */
/* The scan behind json_parse: is this text JSON as we take it?  Needs no memory, changes nothing. */
#ifndef LIB_JSONSCAN_H
#define LIB_JSONSCAN_H

#include "lib/json.h"

/* peer: of one that means no harm, see json_parse_peer. */
bool json_scan(struct slice text, bool peer, struct json_fault *fault);

#endif
