/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header and, in the next line, claims, well signed: a principal with a name, or a refusal that
 * says why; with another signature, or where another algorithm is asked for, always that.  One line
 * alone is a token as it came.
 */
#include "fcgi-app/policy/auth.h"
#include "lib/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/mint.h"

static const struct config config = {
	.app_env = "x", .require_auth = true, .jwt_secret = "secret", .jwt_algorithms = "HS256",
	.jwt_issuer = "", .jwt_audience = "us", .jwt_tenant_claim = "tenant_id",
}, other = {
	.app_env = "x", .require_auth = true, .jwt_secret = "secret", .jwt_algorithms = "HS384,HS512",
	.jwt_issuer = "", .jwt_audience = "us", .jwt_tenant_claim = "tenant_id",
};

static bool accepts(const struct config *c, struct arena *arena, const char *token)
{
	auto_buf problems = BUF_INIT(1000);
	struct error err = { .kind = ERR_NONE };
	struct auth auth;

	must(auth_open(&auth, c, &problems));

	const struct principal *p = auth_check(&auth, arena, AUTH_API, (struct credentials){
		.authorization = arena_printf(arena, "Bearer %s", token),
	}, &err);

	auth_close(&auth);
	if (p == NULL)
		must(err.kind == ERR_UNAUTHENTICATED && err.msg[0] != '\0');
	else
		must(p->kind == PRINCIPAL_JWT && p->subject[0] != '\0' && strlen(p->subject) <= 1024);
	return p != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	char *header = fuzz_copy(in, len, true), *claims = strchr(header, '\n');
	struct arena arena = { 0 };

	if (claims == NULL) {
		accepts(&config, &arena, header);
	} else {
		*claims++ = '\0';

		char *token = mint_hmac(&arena, "secret", "SHA256", header, claims);
		char *signature = strrchr(token, '.') + 1;

		accepts(&config, &arena, token);
		must(!accepts(&other, &arena, token));
		*signature = *signature == 'A' ? 'B' : 'A';
		must(!accepts(&config, &arena, token));
	}
	arena_finish(&arena);
	free(header);
	return 0;
}
