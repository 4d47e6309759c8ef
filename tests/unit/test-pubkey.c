/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"

#include "lib/base64.h"
#include "lib/text.h"
#include "tests/unit/mint.h"
#include "tests/unit/tap.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <string.h>

static struct arena arena;
static EVP_PKEY *rsa, *ec;

static const struct pubkey_method rs256 = { PUBKEY_PKCS1, "SHA256", NULL };
static const struct pubkey_method ps256 = { PUBKEY_PSS, "SHA256", NULL };
static const struct pubkey_method es256 = { PUBKEY_ECDSA, "SHA256", "prime256v1" };
static const struct pubkey_method es384 = { PUBKEY_ECDSA, "SHA384", "secp384r1" };
static const struct pubkey_method es512 = { PUBKEY_ECDSA, "SHA512", "secp521r1" };
static const struct pubkey_method eddsa = { PUBKEY_EDDSA, NULL, NULL };

static struct pubkey *opened(EVP_PKEY *key)
{
	return pubkey_open(text_slice(mint_pem(&arena, key)));
}

/* The bytes of the signature of "text" by that key. */
static struct slice signature(EVP_PKEY *key, const struct pubkey_method *m)
{
	const char *whole = mint_signed(&arena, key, m->digest, m->scheme == PUBKEY_PSS, text_slice("text"));
	struct slice part = text_slice(whole + 5), out;
	char *bytes = arena_alloc(&arena, part.len);

	out.at = bytes;
	CU_ASSERT_FATAL(base64_url_decode(part, bytes, &out.len));
	return out;
}

static bool verifies(EVP_PKEY *signer, EVP_PKEY *asked, const struct pubkey_method *m)
{
	struct pubkey *key = opened(asked);
	struct slice sig = signature(signer, m);
	bool ok;

	CU_ASSERT_FATAL(key != NULL);
	CU_ASSERT(pubkey_fits(key, m));
	ok = pubkey_verify(key, m, text_slice("text"), sig);
	CU_ASSERT_FALSE(pubkey_verify(key, m, text_slice("texT"), sig));
	CU_ASSERT_FALSE(pubkey_verify(key, m, text_slice("text"), (struct slice){ sig.at, sig.len - 1 }));
	CU_ASSERT_FALSE(pubkey_verify(key, m, text_slice("text"), (struct slice){ sig.at, 0 }));
	pubkey_close(&key);
	CU_ASSERT(key == NULL);
	return ok;
}

static void a_key_knows_its_own_signatures(void)
{
	EVP_PKEY *p384 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	EVP_PKEY *p521 = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
	EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_PKEY *ed448 = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");

	CU_ASSERT(verifies(rsa, rsa, &rs256));
	CU_ASSERT(verifies(rsa, rsa, &ps256));
	CU_ASSERT(verifies(ec, ec, &es256));
	CU_ASSERT(verifies(p384, p384, &es384));
	CU_ASSERT(verifies(p521, p521, &es512));
	CU_ASSERT(verifies(ed25519, ed25519, &eddsa));
	CU_ASSERT(verifies(ed448, ed448, &eddsa));
	EVP_PKEY_free(p384);
	EVP_PKEY_free(p521);
	EVP_PKEY_free(ed25519);
	EVP_PKEY_free(ed448);
}

static void another_key_does_not(void)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	CU_ASSERT_FALSE(verifies(other, ec, &es256));
	EVP_PKEY_free(other);
}

/* PKCS #1 and PSS are different promises of one key. */
static void another_scheme_does_not(void)
{
	struct pubkey *key = opened(rsa);

	CU_ASSERT_FATAL(key != NULL);
	CU_ASSERT_FALSE(pubkey_verify(key, &ps256, text_slice("text"), signature(rsa, &rs256)));
	CU_ASSERT_FALSE(pubkey_verify(key, &rs256, text_slice("text"), signature(rsa, &ps256)));
	pubkey_close(&key);
}

static void zeros_sign_nothing(void)
{
	static const char zeros[64];
	struct pubkey *key = opened(ec);

	CU_ASSERT_FALSE(pubkey_verify(key, &es256, text_slice("text"), (struct slice){ zeros, sizeof zeros }));
	pubkey_close(&key);
}

static void a_method_fits_a_kind_of_key(void)
{
	struct pubkey *r = opened(rsa), *e = opened(ec);

	CU_ASSERT_FALSE(pubkey_fits(r, &es256));
	CU_ASSERT_FALSE(pubkey_fits(r, &eddsa));
	CU_ASSERT_FALSE(pubkey_fits(e, &rs256));
	CU_ASSERT_FALSE(pubkey_fits(e, &ps256));
	CU_ASSERT_FALSE(pubkey_fits(e, &eddsa));
	CU_ASSERT_FALSE(pubkey_fits(e, &es384));
	pubkey_close(&r);
	pubkey_close(&e);
}

static void a_short_rsa_key_fits_nothing(void)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
	struct pubkey *key = opened(pkey);
	char said[64];

	CU_ASSERT_FATAL(key != NULL);
	CU_ASSERT_FALSE(pubkey_fits(key, &rs256));
	CU_ASSERT_FALSE(pubkey_fits(key, &ps256));
	pubkey_describe(key, said, sizeof said);
	CU_ASSERT_STRING_EQUAL(said, "RSA, 1024 bits");
	pubkey_close(&key);
	EVP_PKEY_free(pkey);
}

/* "BEGIN RSA PUBLIC KEY" */
static char *pkcs1(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PublicKey(key, &der);
	BIO *out = BIO_new(BIO_s_mem());
	char *at;

	CU_ASSERT_FATAL(len > 0 && PEM_write_bio(out, "RSA PUBLIC KEY", "", der, len) > 0);

	long size = BIO_get_mem_data(out, &at);
	char *pem = arena_strndup(&arena, at, (size_t)size);

	BIO_free(out);
	OPENSSL_free(der);
	return pem;
}

static void the_older_form_of_rsa_is_read(void)
{
	struct pubkey *key = pubkey_open(text_slice(pkcs1(rsa)));

	CU_ASSERT_FATAL(key != NULL);
	CU_ASSERT(pubkey_verify(key, &rs256, text_slice("text"), signature(rsa, &rs256)));
	pubkey_close(&key);
}

static bool unreadable(const char *pem)
{
	struct pubkey *key = pubkey_open(text_slice(pem));
	bool none = key == NULL;

	pubkey_close(&key);
	return none;
}

static const char *private_pem(const EVP_CIPHER *cipher)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *at, secret[] = "password";

	CU_ASSERT(PEM_write_bio_PKCS8PrivateKey(out, ec, cipher, cipher ? secret : NULL, cipher ? 8 : 0, NULL,
	                                        NULL) == 1);

	long size = BIO_get_mem_data(out, &at);
	const char *pem = arena_strndup(&arena, at, (size_t)size);

	BIO_free(out);
	return pem;
}

static void only_one_public_key_is_a_key(void)
{
	const char *pem = mint_pem(&arena, ec);

	CU_ASSERT(unreadable(""));
	CU_ASSERT(unreadable("secret"));
	CU_ASSERT(unreadable("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"));
	CU_ASSERT(unreadable("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
	CU_ASSERT(unreadable(arena_strndup(&arena, pem, strlen(pem) / 2)));
	CU_ASSERT(unreadable(arena_printf(&arena, "%s%s", pem, pem)));
	CU_ASSERT(unreadable(private_pem(NULL)));
	CU_ASSERT(unreadable(private_pem(EVP_aes_128_cbc())));
	CU_ASSERT(pubkey_is_pem(text_slice(private_pem(NULL))));
	CU_ASSERT(pubkey_is_pem(text_slice(arena_printf(&arena, "# ours\n%s", pem))));
	CU_ASSERT_FALSE(unreadable(arena_printf(&arena, "# ours\n%s", pem)));
	CU_ASSERT_FALSE(pubkey_is_pem(text_slice("secret")));
	CU_ASSERT_FALSE(pubkey_is_pem(text_slice("")));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a key knows its own signatures", a_key_knows_its_own_signatures },
		{ "another key does not", another_key_does_not },
		{ "another scheme does not", another_scheme_does_not },
		{ "zeros sign nothing", zeros_sign_nothing },
		{ "a method fits a kind of key", a_method_fits_a_kind_of_key },
		{ "a short RSA key fits nothing", a_short_rsa_key_fits_nothing },
		{ "the older form of RSA is read", the_older_form_of_rsa_is_read },
		{ "only one public key is a key", only_one_public_key_is_a_key },
		{ NULL, NULL },
	};

	rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	int status = tap_run("pubkey", tests);

	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	arena_finish(&arena);
	return status;
}
