/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/auth.h"
#include "lib/deadline.h"
#include "lib/text.h"
#include "tests/unit/mint.h"
#include "tests/unit/tap.h"

#include <inttypes.h>
#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"

static struct arena arena;

static const struct config keys = {
	.app_env = "x",
	.require_auth = true,
	.metrics_auth_required = true,
	.api_keys = "local:S3cret, bare ,:abc:def,k2:,twin:one,twin:two,empty:,,",
	.jwt_secret = SECRET,
	.jwt_algorithms = "HS256",
	.jwt_issuer = "",
	.jwt_audience = "",
	.jwt_tenant_claim = "tenant_id",
};
static struct auth auth;

static const struct principal *check(enum auth_class class, const char *authorization, const char *api_key,
                                     struct error *err)
{
	struct credentials given = { .authorization = authorization, .api_key = api_key };

	*err = (struct error){ 0 };
	return auth_check(&auth, &arena, class, given, err);
}

static bool is(const char *authorization, const char *subject)
{
	struct error err;
	const struct principal *p = check(AUTH_API, authorization, NULL, &err);

	return p != NULL && p->kind == PRINCIPAL_KEY && strcmp(p->subject, subject) == 0 && p->tenant == NULL;
}

static bool refused(const char *authorization, const char *text)
{
	struct error err;

	return check(AUTH_API, authorization, NULL, &err) == NULL && err.kind == ERR_UNAUTHENTICATED
	    && strcmp(err.msg, text) == 0;
}

#define MISSING "Missing Bearer token"
#define INVALID "Invalid or expired credentials"

static void a_secret_names_its_principal(void)
{
	CU_ASSERT(is("Bearer S3cret", "local"));
	CU_ASSERT(is("bEARER   S3cret  ", "local"));
	CU_ASSERT(is("Bearer bare", "key-2"));
	CU_ASSERT(is("Bearer abc:def", "key-3"));
}

static void two_keys_of_one_id_are_one_principal(void)
{
	struct error err;
	const struct principal *a = check(AUTH_API, "Bearer one", NULL, &err);
	const struct principal *b = check(AUTH_API, "Bearer two", NULL, &err);

	CU_ASSERT_FATAL(a != NULL && b != NULL);
	CU_ASSERT_STRING_EQUAL(a->scope, b->scope);
	CU_ASSERT_EQUAL(strlen(a->scope), 64);
	CU_ASSERT_EQUAL(strlen(a->log_id), 12);
	CU_ASSERT_EQUAL(memcmp(a->log_id, a->scope, 12), 0);
	CU_ASSERT_STRING_NOT_EQUAL(a->scope, check(AUTH_API, "Bearer bare", NULL, &err)->scope);
}

static void no_token_is_missing(void)
{
	CU_ASSERT(refused(NULL, MISSING));
	CU_ASSERT(refused("", MISSING));
	CU_ASSERT(refused("Bearer", MISSING));
	CU_ASSERT(refused("Bearer   ", MISSING));
	CU_ASSERT(refused("Basic S3cret", MISSING));
	CU_ASSERT(refused("BearerS3cret", MISSING));
	CU_ASSERT(refused("S3cret", MISSING));
}

static void a_wrong_token_is_invalid(void)
{
	CU_ASSERT(refused("Bearer s3cret", INVALID));
	CU_ASSERT(refused("Bearer S3cre", INVALID));
	CU_ASSERT(refused("Bearer S3crets", INVALID));
	CU_ASSERT(refused("Bearer local:S3cret", INVALID));
	CU_ASSERT(refused("Bearer local", INVALID));
	CU_ASSERT(refused("Bearer k2", INVALID));
	CU_ASSERT(refused("Bearer caf\xc3\xa9", INVALID));
	CU_ASSERT(refused("Bearer S3cret, Bearer S3cret", INVALID));
	CU_ASSERT(refused("Bearer S3cret,Bearer", INVALID));
	CU_ASSERT(refused("Bearer S3\tcret", INVALID));
}

static void a_huge_token_is_invalid(void)
{
	char header[20000];

	memset(header, 'x', sizeof header);
	memcpy(header, "Bearer ", 7);
	header[sizeof header - 1] = '\0';
	CU_ASSERT(refused(header, INVALID));
}

static void open_routes_ask_nothing(void)
{
	struct error err;
	const struct principal *p = check(AUTH_OPEN, "Bearer wrong", NULL, &err);

	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_EQUAL(p->kind, PRINCIPAL_ANONYMOUS);
	CU_ASSERT_STRING_EQUAL(p->subject, "anonymous");
}

static void without_require_auth_all_are_anonymous(void)
{
	struct config c = keys;
	struct auth a = { .config = &c };
	struct error err;

	c.require_auth = false;
	CU_ASSERT_EQUAL(auth_check(&a, &arena, AUTH_API, (struct credentials){ "Bearer x", NULL }, &err)->kind,
	                PRINCIPAL_ANONYMOUS);
	CU_ASSERT(auth_check(&a, &arena, AUTH_METRICS, (struct credentials){ NULL, NULL }, &err) == NULL);
}

static void an_api_key_header_counts_for_renders_only(void)
{
	struct error err;

	CU_ASSERT(check(AUTH_API, NULL, "S3cret", &err) == NULL);
	CU_ASSERT(check(AUTH_DETAILS, NULL, "S3cret", &err) == NULL);
	CU_ASSERT_STRING_EQUAL(check(AUTH_RENDER, NULL, " S3cret ", &err)->subject, "local");
	CU_ASSERT_STRING_EQUAL(check(AUTH_RENDER, "Bearer bare", "S3cret", &err)->subject, "local");
	CU_ASSERT_STRING_EQUAL(check(AUTH_RENDER, "Bearer bare", "wrong", &err)->subject, "key-2");
	CU_ASSERT(check(AUTH_RENDER, "Bearer wrong", "wrong", &err) == NULL);
	CU_ASSERT_STRING_EQUAL(err.msg, INVALID);
}

/* ---- tokens */

/* exp is in an hour; more claims may follow, with a comma in front. */
static const char *token(const char *more)
{
	char *claims = arena_printf(&arena, "{\"sub\":\"ann\",\"exp\":%" PRId64 "%s}", wall_ms() / 1000 + 3600, more);

	return mint_hmac(&arena, SECRET, "SHA256", "{\"alg\":\"HS256\"}", claims);
}

static const char *claiming(const char *claims)
{
	return mint_hmac(&arena, SECRET, "SHA256", "{\"alg\":\"HS256\"}", claims);
}

/* A time as a claim, seconds from now. */
static const char *at(const char *name, int seconds)
{
	return arena_printf(&arena, ",\"%s\":%" PRId64, name, wall_ms() / 1000 + seconds);
}

static const struct principal *asks(const struct auth *a, const char *jwt)
{
	struct credentials given = { .authorization = arena_printf(&arena, "Bearer %s", jwt) };
	struct error err = { 0 };
	const struct principal *p = auth_check(a, &arena, AUTH_API, given, &err);

	CU_ASSERT(p != NULL || (err.kind == ERR_UNAUTHENTICATED && strcmp(err.msg, INVALID) == 0));
	CU_ASSERT(p != NULL || strncmp(err.detail, "token: ", 7) == 0);
	return p;
}

static bool accepts(const char *jwt)
{
	const struct principal *p = asks(&auth, jwt);

	return p != NULL && p->kind == PRINCIPAL_JWT;
}

static void a_token_names_its_principal(void)
{
	const struct principal *p = asks(&auth, token(""));

	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_EQUAL(p->kind, PRINCIPAL_JWT);
	CU_ASSERT_STRING_EQUAL(p->subject, "ann");
	CU_ASSERT(p->tenant == NULL);
	p = asks(&auth, token(",\"tenant_id\":\"t1\""));
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_STRING_EQUAL(p->tenant, "t1");
}

static void a_token_needs_an_end(void)
{
	CU_ASSERT_FALSE(accepts(claiming("{\"sub\":\"ann\"}")));
	CU_ASSERT(accepts(claiming("{\"sub\":\"ann\",\"exp\":9007199254740992}")));
	CU_ASSERT(accepts(claiming("{\"sub\":\"ann\",\"exp\":4e9}")));
	CU_ASSERT(accepts(claiming("{\"sub\":\"ann\",\"exp\":4000000000.9}")));
	CU_ASSERT(accepts(claiming("{\"sub\":\"ann\",\"exp\":\"4000000000\"}")));

	static const char *const refused_ends[] = {
		"null", "true", "\"\"", "\"soon\"", "\"4e9\"", "\" 4000000000\"", "\"4000000000.5\"", "[4000000000]",
		"{}", "0", "-1", "-4e9", "1", "1.5", "1e309", "9223372036854775808", "1e16", "9007199254740994",
		"\"99999999999999999999\"", "\"9223372036854775807\"",
	};

	for (size_t i = 0; i < sizeof refused_ends / sizeof refused_ends[0]; i++)
		CU_ASSERT_FALSE(accepts(claiming(arena_printf(&arena, "{\"sub\":\"ann\",\"exp\":%s}", refused_ends[i]))));
	CU_ASSERT_FALSE(accepts(claiming(arena_printf(&arena, "{\"sub\":\"ann\"%s}", at("exp", -1)))));
	CU_ASSERT_FALSE(accepts(claiming(arena_printf(&arena, "{\"sub\":\"ann\"%s}", at("exp", 0)))));
	CU_ASSERT(accepts(claiming(arena_printf(&arena, "{\"sub\":\"ann\"%s}", at("exp", 60)))));
}

static void a_token_must_have_begun(void)
{
	CU_ASSERT(accepts(token(at("nbf", 0))));
	CU_ASSERT(accepts(token(at("iat", 0))));
	CU_ASSERT(accepts(token(",\"nbf\":\"1\",\"iat\":1.5")));
	CU_ASSERT_FALSE(accepts(token(at("nbf", 60))));
	CU_ASSERT_FALSE(accepts(token(at("iat", 60))));

	static const char *const no_times[] = { "null", "true", "\"now\"", "[]", "{}", "-1", "1e309", "\"\"" };

	for (size_t i = 0; i < sizeof no_times / sizeof no_times[0]; i++) {
		CU_ASSERT_FALSE(accepts(token(arena_printf(&arena, ",\"nbf\":%s", no_times[i]))));
		CU_ASSERT_FALSE(accepts(token(arena_printf(&arena, ",\"iat\":%s", no_times[i]))));
	}
}

static bool accepts_sub(const char *sub)
{
	return accepts(claiming(arena_printf(&arena, "{\"exp\":4000000000%s%s}", *sub ? ",\"sub\":" : "", sub)));
}

static const char *text_of(size_t len)
{
	char *text = arena_alloc(&arena, len + 3);

	memset(text, 'x', len + 2);
	text[0] = text[len + 1] = '"';
	return text;
}

static void a_subject_is_a_name(void)
{
	CU_ASSERT(accepts_sub("\"a:b\""));
	CU_ASSERT(accepts_sub("\"caf\\u00e9 \\\"x\\\"\""));
	CU_ASSERT(accepts_sub(text_of(1024)));
	CU_ASSERT_FALSE(accepts_sub(""));
	CU_ASSERT_FALSE(accepts_sub("\"\""));
	CU_ASSERT_FALSE(accepts_sub("null"));
	CU_ASSERT_FALSE(accepts_sub("1"));
	CU_ASSERT_FALSE(accepts_sub("[\"ann\"]"));
	CU_ASSERT_FALSE(accepts_sub("\"ann\\u0000\""));
	CU_ASSERT_FALSE(accepts_sub(text_of(1025)));
	CU_ASSERT_FALSE(accepts_sub(text_of(5120)));
}

static void a_tenant_is_a_name_or_absent(void)
{
	CU_ASSERT(accepts(token(",\"tenant_id\":\"\"")));
	CU_ASSERT(accepts(token(",\"tenant\":7")));
	CU_ASSERT_FALSE(accepts(token(",\"tenant_id\":7")));
	CU_ASSERT_FALSE(accepts(token(",\"tenant_id\":null")));
	CU_ASSERT_FALSE(accepts(token(",\"tenant_id\":[\"t1\"]")));
	CU_ASSERT_FALSE(accepts(token(",\"tenant_id\":\"t1\\u0000\"")));
	CU_ASSERT_FALSE(accepts(token(arena_printf(&arena, ",\"tenant_id\":%s", text_of(1025)))));
}

static void a_jti_is_text_or_absent(void)
{
	CU_ASSERT(accepts(token(",\"jti\":\"\"")));
	CU_ASSERT_FALSE(accepts(token(",\"jti\":7")));
	CU_ASSERT_FALSE(accepts(token(",\"jti\":null")));
}

static void an_audience_is_ours_or_none(void)
{
	struct config c = keys;
	struct auth ours = auth;

	CU_ASSERT(accepts(token(",\"aud\":\"\"")));
	CU_ASSERT(accepts(token(",\"aud\":[]")));
	CU_ASSERT(accepts(token(",\"aud\":null")));
	CU_ASSERT_FALSE(accepts(token(",\"aud\":\"us\"")));
	CU_ASSERT_FALSE(accepts(token(",\"aud\":[\"us\"]")));
	CU_ASSERT_FALSE(accepts(token(",\"aud\":7")));
	c.jwt_audience = "us";
	ours.config = &c;
	CU_ASSERT(asks(&ours, token(",\"aud\":\"us\"")) != NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":[\"them\",\"us\"]")) != NULL);
	CU_ASSERT(asks(&ours, token("")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":null")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":\"\"")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":\"us2\"")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":\"u\"")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":[]")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":[\"them\"]")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":[\"us\",1]")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":[[\"us\"]]")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"aud\":{\"us\":\"us\"}")) == NULL);
}

static void an_issuer_is_equal(void)
{
	struct config c = keys;
	struct auth ours = auth;

	CU_ASSERT(accepts(token(",\"iss\":7")));
	c.jwt_issuer = "https://id.example/";
	ours.config = &c;
	CU_ASSERT(asks(&ours, token(",\"iss\":\"https://id.example/\"")) != NULL);
	CU_ASSERT(asks(&ours, token("")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"iss\":null")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"iss\":\"https://id.example\"")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"iss\":\"https://id.example/x\"")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"iss\":\"https://ID.example/\"")) == NULL);
	CU_ASSERT(asks(&ours, token(",\"iss\":[\"https://id.example/\"]")) == NULL);
}

/* The subject a token gives itself is never that of a key, whatever either is called. */
static void keys_and_tokens_never_collide(void)
{
	struct config c = keys;
	struct auth other = auth;
	struct error err;
	const struct principal *key, *jwt;

	c.api_keys = "ann:S3cret";
	other.config = &c;
	key = auth_check(&other, &arena, AUTH_API, (struct credentials){ "Bearer S3cret", NULL }, &err);
	jwt = asks(&other, token(""));
	CU_ASSERT_FATAL(key != NULL && jwt != NULL);
	CU_ASSERT_STRING_EQUAL(key->subject, jwt->subject);
	CU_ASSERT_STRING_NOT_EQUAL(key->scope, jwt->scope);
}

static const char *scope(const char *sub, const char *tenant)
{
	const struct principal *p = asks(&auth, claiming(arena_printf(
		&arena, "{\"exp\":4000000000,\"sub\":\"%s\"%s}", sub,
		tenant ? arena_printf(&arena, ",\"tenant_id\":\"%s\"", tenant) : "")));

	CU_ASSERT_FATAL(p != NULL);
	return p->scope;
}

static void subject_and_tenant_never_run_together(void)
{
	CU_ASSERT_STRING_EQUAL(scope("a", "b"), scope("a", "b"));
	CU_ASSERT_STRING_NOT_EQUAL(scope("a:b", "c"), scope("a", "b:c"));
	CU_ASSERT_STRING_NOT_EQUAL(scope("ab", "c"), scope("a", "bc"));
	CU_ASSERT_STRING_NOT_EQUAL(scope("a", NULL), scope("a", ""));
	CU_ASSERT_STRING_NOT_EQUAL(scope("a", NULL), scope("a", "-"));
}

static void a_key_counts_when_a_token_does_not(void)
{
	struct config c = keys;
	struct auth other = auth;
	const char *expired = claiming("{\"sub\":\"ann\",\"exp\":1}");
	const struct principal *p;

	CU_ASSERT(is("Bearer S3cret", "local"));
	c.api_keys = arena_printf(&arena, "odd:%s", expired);
	other.config = &c;
	p = asks(&other, expired);
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT_EQUAL(p->kind, PRINCIPAL_KEY);
}

static void a_token_is_no_api_key_header(void)
{
	struct error err;

	CU_ASSERT(check(AUTH_RENDER, NULL, token(""), &err) == NULL);
	CU_ASSERT(check(AUTH_RENDER, arena_printf(&arena, "Bearer %s", token("")), "wrong", &err) != NULL);
}

static void without_a_secret_there_are_no_tokens(void)
{
	struct config c = keys;
	struct auth other;
	struct error err = { 0 };
	auto_buf problems = BUF_INIT(4096);

	c.jwt_secret = "";
	CU_ASSERT(auth_open(&other, &c, &problems));
	CU_ASSERT(auth_check(&other, &arena, AUTH_API,
	                     (struct credentials){ arena_printf(&arena, "Bearer %s", token("")), NULL }, &err) == NULL);
	CU_ASSERT_STRING_EQUAL(err.msg, INVALID);
	auth_close(&other);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a secret names its principal", a_secret_names_its_principal },
		{ "two keys of one id are one principal", two_keys_of_one_id_are_one_principal },
		{ "no token is missing", no_token_is_missing },
		{ "a wrong token is invalid", a_wrong_token_is_invalid },
		{ "a huge token is invalid", a_huge_token_is_invalid },
		{ "open routes ask nothing", open_routes_ask_nothing },
		{ "without REQUIRE_AUTH all are anonymous", without_require_auth_all_are_anonymous },
		{ "an API key header counts for renders only", an_api_key_header_counts_for_renders_only },
		{ "a token names its principal", a_token_names_its_principal },
		{ "a token needs an end", a_token_needs_an_end },
		{ "a token must have begun", a_token_must_have_begun },
		{ "a subject is a name", a_subject_is_a_name },
		{ "a tenant is a name or absent", a_tenant_is_a_name_or_absent },
		{ "a jti is text or absent", a_jti_is_text_or_absent },
		{ "an audience is ours or none", an_audience_is_ours_or_none },
		{ "an issuer is equal", an_issuer_is_equal },
		{ "keys and tokens never collide", keys_and_tokens_never_collide },
		{ "subject and tenant never run together", subject_and_tenant_never_run_together },
		{ "a key counts when a token does not", a_key_counts_when_a_token_does_not },
		{ "a token is no API key header", a_token_is_no_api_key_header },
		{ "without a secret there are no tokens", without_a_secret_there_are_no_tokens },
		{ NULL, NULL },
	};
	auto_buf problems = BUF_INIT(4096);

	int status = auth_open(&auth, &keys, &problems) ? tap_run("auth", tests) : 1;

	auth_close(&auth);
	arena_finish(&arena);
	return status;
}
