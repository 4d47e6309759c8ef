/* SPDX-License-Identifier: Apache-2.0 */
/* Bearer token -> principal: as a JWT, then as a static key; all keys compared in constant time. */
#ifndef POLICY_AUTH_H
#define POLICY_AUTH_H

#include "fcgi-app/policy/config.h"
#include "lib/digest.h"
#include "lib/jwt.h"

enum { GUARDED_SECRET_MIN = 32 };          /* characters, where config_is_guarded */

enum principal_kind { PRINCIPAL_ANONYMOUS, PRINCIPAL_KEY, PRINCIPAL_JWT };

struct principal {
	enum principal_kind kind;
	const char *subject;               /* key id, JWT sub; "anonymous" */
	const char *tenant;                /* NULL = none, which equals only none */
	char scope[DIGEST_HEX];            /* SHA-256 over kind, tenant and subject, each length-prefixed */
	char log_id[13];                   /* its first 12 digits */
};

/* Where a credential is accepted (contract 3.4). */
enum auth_class { AUTH_OPEN, AUTH_DOCS, AUTH_API, AUTH_RENDER, AUTH_METRICS, AUTH_DETAILS };

/* Header values as they came, NULL when absent. */
struct credentials {
	const char *authorization, *api_key;
};

struct auth {
	const struct config *config;
	struct jwt_key jwt;                /* allows nothing without JWT_SECRET */
};

/* Once per process.  False: the settings do not go together; why is in problems, line by line. */
bool auth_open(struct auth *a, const struct config *c, struct buf *problems);
void auth_close(struct auth *a);

/*
 * The principal lives in arena; AUTH_OPEN and a gateway
 * without REQUIRE_AUTH give the anonymous one.  UNAUTHENTICATED with one of contract 1.2.2's texts,
 * and what was wrong with a JWT in detail.
 */
const struct principal *auth_check(const struct auth *a, struct arena *arena,
                                   enum auth_class class, struct credentials given,
                                   struct error *err);

/* An entry of API_KEYS (contract 3.1). */
struct static_key {
	struct slice id, secret;
	char numbered[32];                 /* holds id when the entry gave none */
};

/* The next one with a secret; position starts at 0.  False at the end of the list. */
bool auth_next_key(struct slice *list, unsigned *position, struct static_key *out);

#endif
