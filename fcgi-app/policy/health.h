/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does it all work?  Anyone may ask, and three round trips are not ours to give: one worker asks
 * for all of a gateway, and for HEALTH_CACHE_SECONDS.  While it does, the others say what was known
 * before, so that a slow daemon holds up one worker, and no longer than HEALTH_MS.
 */
#ifndef POLICY_HEALTH_H
#define POLICY_HEALTH_H

#include "fcgi-app/policy/backend.h"

enum { HEALTH_MS = 2000 };

struct health;

struct health *health_map(void);           /* before the fork; aborts without memory */
struct backend_health health_look(struct health *h, struct backend *b);

#endif
