/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/jwt.h"

#include "lib/base64.h"
#include "lib/text.h"

#include <jwt.h>
#include <string.h>

/* In libjwt: JWT_ALG_NONE where it is not asked. */
struct algorithm {
	const char *name;
	jwt_alg_t hmac;
	struct pubkey_method method;
};

static const struct algorithm algorithms[] = {
#define ALG(name, hmac, scheme, digest, curve) { #name, hmac, { scheme, digest, curve } },
#include "lib/jwt.def"
};

enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

const char jwt_algorithms[] = "one of"
#define ALG(name, hmac, scheme, digest, curve) " " #name
#include "lib/jwt.def"
;

static const struct algorithm *find(struct slice name)
{
	for (const struct algorithm *a = algorithms; a < algorithms + ALGORITHMS; a++)
		if (slice_equals(name, a->name))
			return a;
	return NULL;
}

static unsigned bit_of(const struct algorithm *a)
{
	return 1U << (a - algorithms);
}

/* ---- keys */

bool jwt_key_open(struct jwt_key *key, struct slice text)
{
	*key = (struct jwt_key){ .secret = text };
	if (!pubkey_is_pem(text))
		return true;
	key->secret = (struct slice){ NULL, 0 };
	key->public = pubkey_open(text);
	return key->public != NULL;
}

void jwt_key_close(struct jwt_key *key)
{
	pubkey_close(&key->public);
	*key = (struct jwt_key){ 0 };
}

bool jwt_knows(struct slice algorithm)
{
	return find(algorithm) != NULL;
}

bool jwt_is_shared(struct slice algorithm)
{
	const struct algorithm *a = find(algorithm);

	return a != NULL && a->hmac != JWT_ALG_NONE;
}

static bool goes_with(const struct algorithm *a, const struct jwt_key *key)
{
	if (a->hmac != JWT_ALG_NONE)
		return key->public == NULL && key->secret.len > 0;
	return key->public != NULL && pubkey_fits(key->public, &a->method);
}

bool jwt_key_allow(struct jwt_key *key, struct slice algorithm)
{
	const struct algorithm *a = find(algorithm);

	if (a == NULL || !goes_with(a, key))
		return false;
	key->allowed |= bit_of(a);
	return true;
}

/* ---- tokens */

struct parts {
	struct slice header, payload, signature, signed_text;
};

static bool refuse(struct error *err, const char *why)
{
	return fail_hidden(err, ERR_UNAUTHENTICATED, "token: %s", why);
}

static bool cut(struct slice *rest, struct slice *part)
{
	const char *dot = rest->len > 0 ? memchr(rest->at, '.', rest->len) : NULL;

	if (dot == NULL)
		return false;
	*part = (struct slice){ rest->at, (size_t)(dot - rest->at) };
	*rest = (struct slice){ dot + 1, rest->len - part->len - 1 };
	return true;
}

/* A third dot would be in the signature, and no digit of it. */
static bool split(struct slice text, struct parts *p, struct error *err)
{
	if (text.len > JWT_TOKEN_MAX)
		return refuse(err, "too long");
	p->signature = text;
	if (!cut(&p->signature, &p->header) || !cut(&p->signature, &p->payload))
		return refuse(err, "not three parts");
	p->signed_text = (struct slice){ text.at, p->header.len + 1 + p->payload.len };
	return true;
}

static bool decode(struct arena *arena, struct slice part, struct slice *out)
{
	char *bytes = arena_alloc(arena, part.len + 1);

	out->at = bytes;
	return base64_url_decode(part, bytes, &out->len);
}

/* The object a part holds, or NULL. */
static struct json_doc *read_object(struct arena *arena, struct slice part)
{
	struct json_fault fault;
	size_t len;
	char *text = arena_alloc(arena, part.len + 1);
	struct json_doc *doc = base64_url_decode(part, text, &len) ? json_parse(text, len, &fault) : NULL;

	if (doc != NULL && json_type(json_root(doc)) != JSON_OBJECT)
		json_close(&doc);
	return doc;
}

static struct slice text_of(const struct json_doc *doc, const char *name)
{
	const struct json *node = json_member(json_root(doc), name);

	if (node == NULL || json_type(node) != JSON_STRING)
		return (struct slice){ NULL, 0 };
	return json_string(doc, node);
}

/* crit and b64 change how the rest is to be read, and there is nothing we would read otherwise. */
static const struct algorithm *read_header(const struct jwt_key *key, struct arena *arena,
                                           struct slice part, struct error *err)
{
	auto_json doc = read_object(arena, part);
	const struct algorithm *a = doc != NULL ? find(text_of(doc, "alg")) : NULL;
	const struct json *root = doc != NULL ? json_root(doc) : NULL, *kid = json_member(root, "kid");
	const char *why = NULL;

	if (doc == NULL)
		why = "the header is no JSON object";
	else if (a == NULL || !(key->allowed & bit_of(a)) || !goes_with(a, key))
		why = "an algorithm that is not allowed";
	else if (json_member(root, "crit") != NULL || json_member(root, "b64") != NULL)
		why = "the header has crit or b64";
	else if (kid != NULL && json_type(kid) != JSON_STRING)
		why = "kid is no text";
	if (why == NULL)
		return a;
	refuse(err, why);
	return NULL;
}

static bool is_hmac(const struct jwt_key *key, const struct algorithm *a, const char *text)
{
	jwt_t *jwt = NULL;
	bool ok = jwt_decode(&jwt, text, (const unsigned char *)key->secret.at,
	                     (int)key->secret.len) == 0
	       && jwt != NULL && jwt_get_alg(jwt) == a->hmac;

	jwt_free(jwt);
	return ok;
}

static bool is_signed(const struct jwt_key *key, const struct algorithm *a, struct arena *arena,
                      const struct parts *p)
{
	const char *text = p->signed_text.at;
	struct slice signature;

	if (!decode(arena, p->signature, &signature) || signature.len == 0)
		return false;
	if (a->hmac == JWT_ALG_NONE)
		return pubkey_verify(key->public, &a->method, p->signed_text, signature);
	return is_hmac(key, a,
	               arena_strndup(arena, text, p->signed_text.len + 1 + p->signature.len));
}

bool jwt_open(struct jwt_token *t, const struct jwt_key *key, struct arena *arena,
              struct slice text, struct error *err)
{
	const struct algorithm *a;
	struct parts p = { 0 };

	*t = (struct jwt_token){ .arena = arena };
	if (!split(text, &p, err))
		return false;
	a = read_header(key, arena, p.header, err);
	if (a == NULL)
		return false;
	t->claims = read_object(arena, p.payload);
	if (t->claims == NULL)
		return refuse(err, "the claims are no JSON object");
	if (is_signed(key, a, arena, &p))
		return true;
	jwt_close(t);
	return refuse(err, "not signed by our key");
}

void jwt_close(struct jwt_token *t)
{
	json_close(&t->claims);
}

/* ---- claims */

static struct jwt_claim list_of(const struct jwt_token *t, const struct json *node)
{
	struct slice *list = arena_alloc(t->arena, (json_count(node) + 1) * sizeof *list);
	size_t n = 0;

	for (const struct json *item = json_first(node); item != NULL; item = json_next(item)) {
		if (json_type(item) != JSON_STRING)
			return (struct jwt_claim){ .type = JWT_OTHER };
		list[n++] = json_string(t->claims, item);
	}
	return (struct jwt_claim){ .type = JWT_LIST, .list = list, .count = n };
}

struct jwt_claim jwt_claim(const struct jwt_token *t, const char *name)
{
	const struct json *node = json_member(json_root(t->claims), name);

	if (node == NULL)
		return (struct jwt_claim){ .type = JWT_ABSENT };
	switch (json_type(node)) {
	case JSON_NULL:
		return (struct jwt_claim){ .type = JWT_NULL };
	case JSON_STRING:
		return (struct jwt_claim){ .type = JWT_TEXT, .text = json_string(t->claims, node) };
	case JSON_NUMBER:
		return (struct jwt_claim){ .type = JWT_NUMBER, .number = json_double(node) };
	case JSON_ARRAY:
		return list_of(t, node);
	case JSON_BOOL:
	case JSON_OBJECT:
		break;
	}
	return (struct jwt_claim){ .type = JWT_OTHER };
}
