/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/auth.h"

#include "fcgi-app/policy/claims.h"
#include "fcgi-app/policy/setting.h"
#include "lib/deadline.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- settings */

/* What the world may know, and an SSH key is of that kind, must not sign for us. */
static bool check_secret(const struct config *c, struct buf *problems)
{
	static const char *const ssh[] = { "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-" };

	for (size_t i = 0; i < sizeof ssh / sizeof ssh[0]; i++)
		if (strncmp(c->jwt_secret, ssh[i], strlen(ssh[i])) == 0)
			return tell_unless(problems, false,
			                   "JWT_SECRET is a key for SSH; give a public key in PEM");
	return true;
}

static bool allow(struct auth *a, struct slice name, struct buf *problems)
{
	char key[64] = "a secret, not a public key in PEM";

	if (jwt_key_allow(&a->jwt, name))
		return true;
	if (!jwt_knows(name))
		return tell_unless(problems, false, "JWT_ALGORITHMS names \"%.*s\", must be %s",
		                   (int)name.len, name.at, jwt_algorithms);
	if (*a->config->jwt_secret == '\0')
		return true;
	if (a->jwt.public != NULL)
		pubkey_describe(a->jwt.public, key, sizeof key);
	return tell_unless(problems, false,
	                   "JWT_ALGORITHMS names %.*s, which does not go with JWT_SECRET (%s)",
	                   (int)name.len, name.at, key);
}

/* Of tokens that are signed with a secret. */
static bool is_long_enough(const struct auth *a)
{
	return a->jwt.public != NULL || a->jwt.allowed == 0 || !config_is_guarded(a->config)
	    || strlen(a->config->jwt_secret) >= GUARDED_SECRET_MIN;
}

bool auth_open(struct auth *a, const struct config *c, struct buf *problems)
{
	struct slice list = text_slice(c->jwt_algorithms), name;
	bool ok = check_secret(c, problems), any = false;

	*a = (struct auth){ .config = c };
	if (!jwt_key_open(&a->jwt, text_slice(c->jwt_secret)))
		return tell_unless(problems, false,
		                   "JWT_SECRET is PEM, but not of one public key that can be read");
	for (; text_next_item(&list, ',', &name); any = true)
		ok = allow(a, name, problems) && ok;
	return tell_unless(problems, any, "JWT_ALGORITHMS names none")
	    && tell_unless(problems, is_long_enough(a), "JWT_SECRET is shorter than %d characters",
	                   GUARDED_SECRET_MIN)
	    && ok;
}

void auth_close(struct auth *a)
{
	jwt_key_close(&a->jwt);
}

/* ---- credentials */

bool auth_next_key(struct slice *list, unsigned *position, struct static_key *out)
{
	struct slice item;

	while (text_next_item(list, ',', &item)) {
		const char *colon = memchr(item.at, ':', item.len);
		size_t len = colon != NULL ? (size_t)(colon - item.at) : 0;
		size_t skip = colon != NULL ? len + 1 : 0;

		++*position;
		out->id = text_trim((struct slice){ item.at, len });
		out->secret = text_trim((struct slice){ item.at + skip, item.len - skip });
		if (out->secret.len == 0)
			continue;
		if (out->id.len == 0) {
			(void)snprintf(out->numbered, sizeof out->numbered, "key-%u", *position);
			out->id = text_slice(out->numbered);
		}
		return true;
	}
	return false;
}

/* Eight bytes, so that no two lists of parts have the same text. */
static struct slice length_of(struct slice s, char room[static 8])
{
	for (int i = 0; i < 8; i++)
		room[i] = (char)(s.len >> (8 * (7 - i)) & 0xff);
	return (struct slice){ room, 8 };
}

static const struct principal *principal(struct arena *arena, enum principal_kind kind,
                                         struct slice subject, const char *tenant)
{
	struct principal *p = arena_alloc(arena, sizeof *p);
	char tag[2] = { (char)kind, tenant != NULL };
	char tenant_length[8], subject_length[8];
	struct slice name = text_slice(tenant);
	struct slice parts[] = {
		{ tag, sizeof tag },
		length_of(name, tenant_length), name,
		length_of(subject, subject_length), subject,
	};

	p->kind = kind;
	p->subject = arena_strndup(arena, subject.at, subject.len);
	p->tenant = tenant;
	digest_hex(p->scope, parts, sizeof parts / sizeof parts[0]);
	memcpy(p->log_id, p->scope, sizeof p->log_id - 1);
	return p;
}

/* Walks all keys whatever it finds; the first match counts. */
static const struct principal *match_key(const struct config *c, struct arena *arena,
                                         struct slice token)
{
	struct slice list = text_slice(c->api_keys);
	struct static_key key, found = { 0 };
	unsigned position = 0;
	bool matched = false;

	while (auth_next_key(&list, &position, &key)) {
		bool equal = digest_equal(key.secret, token);

		if (equal && !matched) {
			found = key;
			if (key.id.at == key.numbered)
				found.id.at = found.numbered;
			matched = true;
		}
	}
	return matched ? principal(arena, PRINCIPAL_KEY, found.id, NULL) : NULL;
}

/* False: no token at all. */
static bool bearer_token(const char *authorization, struct slice *token)
{
	struct slice s = text_trim(text_slice(authorization));

	if (s.len < 7 || strncasecmp(s.at, "Bearer", 6) != 0 || s.at[6] != ' ')
		return false;
	*token = text_trim((struct slice){ s.at + 7, s.len - 7 });
	return token->len > 0;
}

/* Two headers that a web server joined hold a comma or a blank, which no token has. */
static bool is_token(struct slice s)
{
	return s.len > 0 && s.len <= JWT_TOKEN_MAX && text_is_visible(s)
	    && memchr(s.at, ',', s.len) == NULL;
}

static const struct principal *match_jwt(const struct auth *a, struct arena *arena,
                                         struct slice token, struct error *why)
{
	auto_jwt jwt = { 0 };
	struct bearer who;

	if (a->jwt.allowed == 0 || !jwt_open(&jwt, &a->jwt, arena, token, why)
	    || !claims_check(a->config, &jwt, wall_ms() / 1000, &who, why))
		return NULL;
	return principal(arena, PRINCIPAL_JWT, who.subject, who.tenant);
}

static const struct principal *check_bearer(const struct auth *a, struct arena *arena,
                                            const char *authorization, struct error *err)
{
	const struct principal *p = NULL;
	struct error why = { .kind = ERR_NONE };
	struct slice token;

	if (!bearer_token(authorization, &token)) {
		fail(err, ERR_UNAUTHENTICATED, "Missing Bearer token");
		return NULL;
	}
	if (is_token(token) && (p = match_jwt(a, arena, token, &why)) == NULL)
		p = match_key(a->config, arena, token);
	if (p == NULL) {
		fail(err, ERR_UNAUTHENTICATED, "Invalid or expired credentials");
		memcpy(err->detail, why.detail, sizeof err->detail);
	}
	return p;
}

static const struct principal *check_api_key(const struct auth *a, struct arena *arena,
                                             const char *header)
{
	struct slice key = text_trim(text_slice(header));

	return is_token(key) ? match_key(a->config, arena, key) : NULL;
}

static bool needs_credential(const struct config *c, enum auth_class class)
{
	switch (class) {
	case AUTH_OPEN:
	case AUTH_DOCS:
		return false;
	case AUTH_API:
	case AUTH_RENDER:
	case AUTH_DETAILS:
		return c->require_auth;
	case AUTH_METRICS:
		return c->metrics_auth_required;
	}
	return true;
}

const struct principal *auth_check(const struct auth *a, struct arena *arena,
                                   enum auth_class class, struct credentials given,
                                   struct error *err)
{
	const struct principal *p = NULL;

	if (!needs_credential(a->config, class))
		return principal(arena, PRINCIPAL_ANONYMOUS, text_slice("anonymous"), NULL);
	if (class == AUTH_RENDER)
		p = check_api_key(a, arena, given.api_key);
	return p != NULL ? p : check_bearer(a, arena, given.authorization, err);
}
