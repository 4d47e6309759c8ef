/* SPDX-License-Identifier: Apache-2.0 */
/* What the claims of a signed token must say before its bearer is let in (contract 3.3). */
#ifndef POLICY_CLAIMS_H
#define POLICY_CLAIMS_H

#include "fcgi-app/policy/config.h"
#include "lib/jwt.h"

struct bearer {
	struct slice subject;
	const char *tenant;                /* NULL = none */
};

/* UNAUTHENTICATED, with the reason in detail.  *out lives in the token's arena. */
bool claims_check(const struct config *c, const struct jwt_token *t, int64_t now_s,
                  struct bearer *out, struct error *err);

#endif
