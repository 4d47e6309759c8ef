/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/auth.h"

#include "lib/id.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_MAX = 8192 };

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

/* Two headers that a web server joined hold a comma or a blank, which no key has. */
static const struct principal *check_token(const struct config *c, struct arena *arena,
                                           struct slice token)
{
	for (size_t i = 0; i < token.len; i++)
		if (token.at[i] <= ' ' || token.at[i] > '~' || token.at[i] == ',')
			return NULL;
	return token.len > 0 && token.len <= TOKEN_MAX ? match_key(c, arena, token) : NULL;
}

static const struct principal *check_bearer(const struct config *c, struct arena *arena,
                                            const char *authorization, struct error *err)
{
	const struct principal *p;
	struct slice token;

	if (!bearer_token(authorization, &token)) {
		fail(err, ERR_UNAUTHENTICATED, "Missing Bearer token");
		return NULL;
	}
	p = check_token(c, arena, token);
	if (p == NULL)
		fail(err, ERR_UNAUTHENTICATED, "Invalid or expired credentials");
	return p;
}

static bool needs_credential(const struct config *c, enum auth_class class)
{
	switch (class) {
	case AUTH_OPEN:
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

const struct principal *auth_check(const struct config *c, struct arena *arena,
                                   enum auth_class class, struct credentials given,
                                   struct error *err)
{
	const struct principal *p = NULL;

	if (!needs_credential(c, class))
		return principal(arena, PRINCIPAL_ANONYMOUS, text_slice("anonymous"), NULL);
	if (class == AUTH_RENDER)
		p = check_token(c, arena, text_trim(text_slice(given.api_key)));
	return p != NULL ? p : check_bearer(c, arena, given.authorization, err);
}
