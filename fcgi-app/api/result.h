/* SPDX-License-Identifier: Apache-2.0 */
/* An execution's result as JSON: the members clients know in their order, ours behind them. */
#ifndef API_RESULT_H
#define API_RESULT_H

#include "fcgi-app/policy/execute.h"
#include "lib/response.h"

#define auto_result __attribute__((cleanup(result_finish))) struct result

void result_put(struct response *res, const struct config *c, const struct result *r);
/* Most bytes result_put can write under these settings. */
size_t result_max(const struct config *c);

#endif
