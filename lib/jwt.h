/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Tokens: is this one signed by that key, with an algorithm we allow, and what does it
 * claim?  What a claim must say is another's business.  HMAC is libjwt's; public keys are
 * OpenSSL's, because libjwt reads their PEM for every token, knows neither RSASSA-PSS (with
 * OpenSSL) nor EdDSA, and takes no header that says "typ":"at+jwt".
 *
 * libjwt believes a token's own algorithm and takes a public key for a secret, so nothing comes
 * near it that was not looked at here first: three parts of canonical base64url, JSON without a
 * name twice, an algorithm of our list that goes with our kind of key.
 */
#ifndef LIB_JWT_H
#define LIB_JWT_H

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/json.h"
#include "lib/pubkey.h"

enum { JWT_TOKEN_MAX = 8192 };

/* "one of HS256 HS384 ...", for messages. */
extern const char jwt_algorithms[];

struct jwt_key {
	struct slice secret;               /* of HMAC, or */
	struct pubkey *public;
	unsigned allowed;                  /* a bit for each algorithm */
};

/* Whichever the text is.  False: it is a public key that cannot be read.  Keeps text itself. */
bool jwt_key_open(struct jwt_key *key, struct slice text);
void jwt_key_close(struct jwt_key *key);
bool jwt_knows(struct slice algorithm);    /* by its exact name; "none" is none */
bool jwt_is_shared(struct slice algorithm);        /* HMAC: its key is a secret */
/* Tokens may be signed so from now on.  False: not with this key. */
bool jwt_key_allow(struct jwt_key *key, struct slice algorithm);

struct jwt_token {
	struct json_doc *claims;
	struct arena *arena;
};

#define auto_jwt __attribute__((cleanup(jwt_close))) struct jwt_token

/* UNAUTHENTICATED, with the reason in detail. */
bool jwt_open(struct jwt_token *t, const struct jwt_key *key, struct arena *arena,
              struct slice text, struct error *err);
void jwt_close(struct jwt_token *t);       /* `{ 0 }` may be closed */

enum jwt_type { JWT_ABSENT, JWT_NULL, JWT_TEXT, JWT_NUMBER, JWT_LIST, JWT_OTHER };

struct jwt_claim {
	enum jwt_type type;
	struct slice text;                 /* JWT_TEXT, with a NUL behind */
	double number;                     /* JWT_NUMBER; inf is possible */
	const struct slice *list;          /* JWT_LIST: of texts; any other list is JWT_OTHER */
	size_t count;
};

/* What it points to lives in the token's arena. */
struct jwt_claim jwt_claim(const struct jwt_token *t, const char *name);

#endif
