/* SPDX-License-Identifier: Apache-2.0 */
/* The guardrails of contract 8.3: what may not be so in production and in a public beta. */
#ifndef POLICY_GUARD_H
#define POLICY_GUARD_H

#include "fcgi-app/policy/config.h"

/* As config_check, which calls it. */
void guard_check(const struct config *c, struct buf *problems);

#endif
