/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/jwt.h"

#include "lib/text.h"
#include "tests/unit/mint.h"
#include "tests/unit/tap.h"

#include <math.h>
#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"sub\":\"a\"}"

static struct arena arena;
static struct jwt_key shared, public;
static EVP_PKEY *rsa, *ec;
static struct error err;

static bool opens(const struct jwt_key *key, const char *text)
{
	auto_jwt token = { 0 };

	err = (struct error){ .kind = ERR_NONE };
	return jwt_open(&token, key, &arena, text_slice(text), &err);
}

static bool refused(const struct jwt_key *key, const char *text, const char *why)
{
	return !opens(key, text) && err.kind == ERR_UNAUTHENTICATED && strstr(err.detail, why) != NULL;
}

static char *hmac(const char *header, const char *claims)
{
	return mint_hmac(&arena, SECRET, "SHA256", header, claims);
}

static void every_hmac_is_known(void)
{
	CU_ASSERT(opens(&shared, hmac(HS256, CLAIMS)));
	CU_ASSERT(opens(&shared, mint_hmac(&arena, SECRET, "SHA384", "{\"alg\":\"HS384\"}", CLAIMS)));
	CU_ASSERT(opens(&shared, mint_hmac(&arena, SECRET, "SHA512", "{\"alg\":\"HS512\"}", CLAIMS)));
	CU_ASSERT(refused(&shared, mint_hmac(&arena, SECRET "x", "SHA256", HS256, CLAIMS), "not signed"));
	CU_ASSERT(refused(&shared, mint_hmac(&arena, SECRET, "SHA512", HS256, CLAIMS), "not signed"));
}

static void every_kind_of_public_key_is_known(void)
{
	static const struct {
		const char *name, *type, *digest;
		bool pss;
	} rows[] = {
		{ "RS256", "RSA", "SHA256", false }, { "RS384", "RSA", "SHA384", false },
		{ "RS512", "RSA", "SHA512", false }, { "PS256", "RSA", "SHA256", true },
		{ "PS384", "RSA", "SHA384", true }, { "PS512", "RSA", "SHA512", true },
		{ "ES256", "P-256", "SHA256", false }, { "ES384", "P-384", "SHA384", false },
		{ "ES512", "P-521", "SHA512", false }, { "EdDSA", "ED25519", NULL, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *type = rows[i].type;
		EVP_PKEY *pkey = type[0] == 'P' ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", type)
		               : type[0] == 'E' ? EVP_PKEY_Q_keygen(NULL, NULL, type)
		               : NULL;
		char *header = arena_printf(&arena, "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", rows[i].name);
		EVP_PKEY *signer = pkey ? pkey : rsa;
		struct jwt_key key;

		CU_ASSERT_FATAL(jwt_key_open(&key, text_slice(mint_pem(&arena, signer))));
		CU_ASSERT(jwt_key_allow(&key, text_slice(rows[i].name)));
		CU_ASSERT(opens(&key, mint_token(&arena, signer, rows[i].digest, rows[i].pss, header, CLAIMS)));
		jwt_key_close(&key);
		EVP_PKEY_free(pkey);
	}
}

static void the_names_of_algorithms_are_exact(void)
{
	CU_ASSERT(jwt_knows(text_slice("HS256")));
	CU_ASSERT(jwt_knows(text_slice("EdDSA")));
	CU_ASSERT_FALSE(jwt_knows(text_slice("hs256")));
	CU_ASSERT_FALSE(jwt_knows(text_slice("none")));
	CU_ASSERT_FALSE(jwt_knows(text_slice("")));
	CU_ASSERT(jwt_is_shared(text_slice("HS512")));
	CU_ASSERT_FALSE(jwt_is_shared(text_slice("RS256")));
	CU_ASSERT(strstr(jwt_algorithms, "one of HS256 HS384 HS512 RS256") == jwt_algorithms);
}

static void an_algorithm_goes_with_one_kind_of_key(void)
{
	struct jwt_key key;

	CU_ASSERT_FATAL(jwt_key_open(&key, text_slice(mint_pem(&arena, rsa))));
	CU_ASSERT_FALSE(jwt_key_allow(&key, text_slice("HS256")));
	CU_ASSERT_FALSE(jwt_key_allow(&key, text_slice("ES256")));
	CU_ASSERT_FALSE(jwt_key_allow(&key, text_slice("EdDSA")));
	CU_ASSERT(jwt_key_allow(&key, text_slice("RS256")));
	jwt_key_close(&key);
	CU_ASSERT_FATAL(jwt_key_open(&key, text_slice(SECRET)));
	CU_ASSERT_FALSE(jwt_key_allow(&key, text_slice("RS256")));
	CU_ASSERT_FALSE(jwt_key_allow(&key, text_slice("none")));
	jwt_key_close(&key);
	CU_ASSERT_FATAL(jwt_key_open(&key, text_slice("")));
	CU_ASSERT_FALSE(jwt_key_allow(&key, text_slice("HS256")));
	CU_ASSERT_FALSE(jwt_key_open(&key, text_slice("-----BEGIN PUBLIC KEY-----\nno\n")));
	jwt_key_close(&key);
}

static void the_token_does_not_choose_its_algorithm(void)
{
	static const char *const names[] = {
		"\"none\"", "\"None\"", "\"nOnE\"", "\"hs256\"", "\"HS384\"", "\"RS256\"", "\"HS256 \"",
		"\"HS256\\u0000\"", "[\"HS256\"]", "{\"HS256\":1}", "null", "true", "256", "\"\"",
	};
	struct jwt_key key;

	CU_ASSERT_FATAL(jwt_key_open(&key, text_slice(SECRET)));
	CU_ASSERT(jwt_key_allow(&key, text_slice("HS256")));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *header = arena_printf(&arena, "{\"alg\":%s}", names[i]);

		CU_ASSERT(refused(&key, hmac(header, CLAIMS), "algorithm"));
	}
	CU_ASSERT(refused(&key, hmac("{}", CLAIMS), "algorithm"));
	CU_ASSERT(refused(&key, hmac("{\"ALG\":\"HS256\"}", CLAIMS), "algorithm"));
	CU_ASSERT(refused(&key, mint_hmac(&arena, SECRET, "SHA384", "{\"alg\":\"HS384\"}", CLAIMS), "algorithm"));
	CU_ASSERT(refused(&key, arena_printf(&arena, "%s.%s.", mint_part(&arena, "{\"alg\":\"none\"}", 14),
	                                     mint_part(&arena, CLAIMS, strlen(CLAIMS))), "algorithm"));
	jwt_key_close(&key);
}

/* What libjwt alone would accept: the public key, known to all, taken for a secret. */
static void a_public_key_is_no_secret(void)
{
	char *pem = mint_pem(&arena, ec);

	CU_ASSERT(refused(&public, mint_hmac(&arena, pem, "SHA256", HS256, CLAIMS), "algorithm"));
	CU_ASSERT(opens(&public, mint_token(&arena, ec, "SHA256", false, "{\"alg\":\"ES256\"}", CLAIMS)));
}

static void a_key_that_allows_nothing_opens_nothing(void)
{
	struct jwt_key key;

	CU_ASSERT_FATAL(jwt_key_open(&key, text_slice(SECRET)));
	CU_ASSERT(refused(&key, hmac(HS256, CLAIMS), "algorithm"));
	key = (struct jwt_key){ .allowed = ~0U };
	CU_ASSERT(refused(&key, mint_hmac(&arena, "", "SHA256", HS256, CLAIMS), "algorithm"));
	CU_ASSERT(refused(&key, mint_token(&arena, ec, "SHA256", false, "{\"alg\":\"ES256\"}", CLAIMS), "algorithm"));
}

static void a_header_asks_for_nothing_special(void)
{
	CU_ASSERT(opens(&shared, hmac("{\"alg\":\"HS256\",\"kid\":\"1\",\"jku\":\"http://x/\",\"jwk\":{}}", CLAIMS)));
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", CLAIMS), "crit"));
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"HS256\",\"crit\":[]}", CLAIMS), "crit"));
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"HS256\",\"b64\":true}", CLAIMS), "b64"));
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"HS256\",\"kid\":1}", CLAIMS), "kid"));
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"HS256\",\"kid\":null}", CLAIMS), "kid"));
}

static void a_name_stands_once(void)
{
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"HS256\",\"alg\":\"HS256\"}", CLAIMS), "header"));
	CU_ASSERT(refused(&shared, hmac("{\"alg\":\"none\",\"\\u0061lg\":\"HS256\"}", CLAIMS), "header"));
	CU_ASSERT(refused(&shared, hmac(HS256, "{\"sub\":\"a\",\"sub\":\"b\"}"), "claims"));
	CU_ASSERT(refused(&shared, hmac(HS256, "{\"sub\":\"a\",\"s\\u0075b\":\"b\"}"), "claims"));
}

static void both_parts_are_objects(void)
{
	static const char *const texts[] = { "", "[]", "\"a\"", "1", "null", "{", "{}x", "{\"a\":01}", "{\"a\":\"\xff\"}" };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		CU_ASSERT(refused(&shared, hmac(texts[i], CLAIMS), "header"));
		CU_ASSERT(refused(&shared, hmac(HS256, texts[i]), "claims"));
	}
}

static void a_token_has_three_parts(void)
{
	char *good = hmac(HS256, CLAIMS);

	CU_ASSERT(refused(&shared, "", "three parts"));
	CU_ASSERT(refused(&shared, "a", "three parts"));
	CU_ASSERT(refused(&shared, "a.b", "three parts"));
	CU_ASSERT_FALSE(opens(&shared, ".."));
	CU_ASSERT_FALSE(opens(&shared, arena_printf(&arena, "%s.", good)));
	CU_ASSERT_FALSE(opens(&shared, arena_printf(&arena, "%s.e30", good)));
	CU_ASSERT_FALSE(opens(&shared, arena_printf(&arena, ".%s", good)));
	CU_ASSERT_FALSE(opens(&shared, arena_printf(&arena, "%s=", good)));
	CU_ASSERT_FALSE(opens(&shared, arena_strndup(&arena, good, strlen(good) - 43)));
	CU_ASSERT_FALSE(opens(&shared, arena_strndup(&arena, good, strlen(good) - 1)));
}

/* The last digit of a signature of 32 bytes has two bits that say nothing. */
static void one_signature_is_written_one_way(void)
{
	static const char order[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *good = hmac(HS256, CLAIMS), *last = good + strlen(good) - 1;

	CU_ASSERT(opens(&shared, good));
	*last = order[strchr(order, *last) - order + 1];
	CU_ASSERT(refused(&shared, good, "not signed"));
}

static void a_long_token_is_not_looked_at(void)
{
	static char claims[6200];

	memset(claims, ' ', sizeof claims - 1);
	memcpy(claims, CLAIMS, strlen(CLAIMS));
	CU_ASSERT(refused(&shared, hmac(HS256, claims), "too long"));
	claims[6000] = '\0';
	CU_ASSERT(opens(&shared, hmac(HS256, claims)));
}

static void claims_come_as_they_are(void)
{
	auto_jwt t = { 0 };
	struct jwt_claim c;

	CU_ASSERT_FATAL(jwt_open(&t, &public, &arena, text_slice(mint_token(&arena, ec, "SHA256", false,
		"{\"alg\":\"ES256\"}", "{\"sub\":\"caf\\u00e9\\u0000!\",\"exp\":1.5,\"big\":1e309,\"no\":null,\"aud\":[\"a\",\"b\"],"
		"\"none\":[],\"odd\":[\"a\",1],\"yes\":true,\"obj\":{\"iss\":\"x\"},\"n\":\"\"}")), &err));
	c = jwt_claim(&t, "sub");
	CU_ASSERT_EQUAL(c.type, JWT_TEXT);
	CU_ASSERT_EQUAL(c.text.len, 7);
	CU_ASSERT_EQUAL(memcmp(c.text.at, "caf\xc3\xa9\0!", 8), 0);
	c = jwt_claim(&t, "exp");
	CU_ASSERT(c.type == JWT_NUMBER && fabs(c.number - 1.5) < 0.001);
	CU_ASSERT(isinf(jwt_claim(&t, "big").number));
	CU_ASSERT_EQUAL(jwt_claim(&t, "no").type, JWT_NULL);
	c = jwt_claim(&t, "aud");
	CU_ASSERT_FATAL(c.type == JWT_LIST && c.count == 2);
	CU_ASSERT(slice_equals(c.list[0], "a") && slice_equals(c.list[1], "b"));
	c = jwt_claim(&t, "none");
	CU_ASSERT(c.type == JWT_LIST && c.count == 0);
	CU_ASSERT_EQUAL(jwt_claim(&t, "odd").type, JWT_OTHER);
	CU_ASSERT_EQUAL(jwt_claim(&t, "yes").type, JWT_OTHER);
	CU_ASSERT_EQUAL(jwt_claim(&t, "obj").type, JWT_OTHER);
	CU_ASSERT_EQUAL(jwt_claim(&t, "iss").type, JWT_ABSENT);
	CU_ASSERT_EQUAL(jwt_claim(&t, "SUB").type, JWT_ABSENT);
	CU_ASSERT(jwt_claim(&t, "n").type == JWT_TEXT && jwt_claim(&t, "n").text.len == 0);
}

/* libjwt's own reader has the last word on a shared secret, and knows none of these. */
static void what_libjwt_cannot_read_is_refused(void)
{
	CU_ASSERT(refused(&shared, hmac(HS256, "{\"sub\":\"a\",\"x\":1e400}"), "not signed"));
	CU_ASSERT(refused(&shared, hmac(HS256, "{\"sub\":\"a\\u0000\"}"), "not signed"));
	CU_ASSERT(refused(&shared, hmac(HS256, "{\"sub\":\"a\",\"x\":99999999999999999999}"), "not signed"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every HMAC is known", every_hmac_is_known },
		{ "every kind of public key is known", every_kind_of_public_key_is_known },
		{ "the names of algorithms are exact", the_names_of_algorithms_are_exact },
		{ "an algorithm goes with one kind of key", an_algorithm_goes_with_one_kind_of_key },
		{ "the token does not choose its algorithm", the_token_does_not_choose_its_algorithm },
		{ "a public key is no secret", a_public_key_is_no_secret },
		{ "a key that allows nothing opens nothing", a_key_that_allows_nothing_opens_nothing },
		{ "a header asks for nothing special", a_header_asks_for_nothing_special },
		{ "a name stands once", a_name_stands_once },
		{ "both parts are objects", both_parts_are_objects },
		{ "a token has three parts", a_token_has_three_parts },
		{ "one signature is written one way", one_signature_is_written_one_way },
		{ "a long token is not looked at", a_long_token_is_not_looked_at },
		{ "claims come as they are", claims_come_as_they_are },
		{ "what libjwt cannot read is refused", what_libjwt_cannot_read_is_refused },
		{ NULL, NULL },
	};
	bool ready;

	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	ready = jwt_key_open(&shared, text_slice(SECRET)) && jwt_key_open(&public, text_slice(mint_pem(&arena, ec)))
	     && jwt_key_allow(&shared, text_slice("HS256")) && jwt_key_allow(&shared, text_slice("HS384"))
	     && jwt_key_allow(&shared, text_slice("HS512")) && jwt_key_allow(&public, text_slice("ES256"));

	int status = ready ? tap_run("jwt", tests) : 1;

	jwt_key_close(&shared);
	jwt_key_close(&public);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	arena_finish(&arena);
	return status;
}
