/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a lenient reader takes for an integer or a truth value (contract 1.5.3).  NULL: *out is
 * set; else what is wrong.
 */
#ifndef API_COERCE_H
#define API_COERCE_H

#include "fcgi-app/api/fault.h"

const struct fault *coerce_int(const struct check *c, const struct json *node, int64_t *out);
const struct fault *coerce_bool(const struct check *c, const struct json *node, bool *out);

#endif
