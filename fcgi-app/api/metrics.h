/* SPDX-License-Identifier: Apache-2.0 */
/* The members that /metrics/json and the health details have in common (contract 7.5). */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "fcgi-app/policy/scrape.h"
#include "lib/json.h"

/* v NULL: nobody knows, so each is null. */
void metrics_put_members(struct json_out *o, const struct metrics_view *v);

#endif
