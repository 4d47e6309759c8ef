/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/auth.h"
#include "lib/text.h"
#include "tests/unit/tap.h"

#include <string.h>

static struct arena arena;

static const struct config keys = {
	.require_auth = true,
	.metrics_auth_required = true,
	.api_keys = "local:S3cret, bare ,:abc:def,k2:,twin:one,twin:two",
};

static const struct principal *check(enum auth_class class, const char *authorization, const char *api_key,
                                     struct error *err)
{
	struct credentials given = { .authorization = authorization, .api_key = api_key };

	*err = (struct error){ 0 };
	return auth_check(&keys, &arena, class, given, err);
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
	struct error err;

	c.require_auth = false;
	CU_ASSERT_EQUAL(auth_check(&c, &arena, AUTH_API, (struct credentials){ "Bearer x", NULL }, &err)->kind,
	                PRINCIPAL_ANONYMOUS);
	CU_ASSERT(auth_check(&c, &arena, AUTH_METRICS, (struct credentials){ NULL, NULL }, &err) == NULL);
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
		{ NULL, NULL },
	};
	int status = tap_run("auth", tests);

	arena_finish(&arena);
	return status;
}
