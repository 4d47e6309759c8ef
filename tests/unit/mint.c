/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/mint.h"

#include "lib/base64.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 1 << 20, SIGNATURE_MAX = 1024 };

static void must(bool holds)
{
	if (!holds)
		abort();
}

char *mint_part(struct arena *arena, const void *bytes, size_t len)
{
	auto_buf text = BUF_INIT(PART_MAX);

	must(base64_encode(&text, bytes, len));

	char *part = arena_strndup(arena, len > 0 ? text.data : "", text.len);

	for (char *p = part; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	part[strcspn(part, "=")] = '\0';
	return part;
}

static char *unsigned_token(struct arena *arena, const char *header, const char *claims)
{
	return arena_printf(arena, "%s.%s", mint_part(arena, header, strlen(header)),
	                    mint_part(arena, claims, strlen(claims)));
}

char *mint_hmac(struct arena *arena, const char *secret, const char *digest, const char *header,
                const char *claims)
{
	char *text = unsigned_token(arena, header, claims);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len;

	must(HMAC(EVP_get_digestbyname(digest), secret, (int)strlen(secret),
	          (const unsigned char *)text, strlen(text), mac, &len) != NULL);
	return arena_printf(arena, "%s.%s", text, mint_part(arena, mac, len));
}

/* JWT's form of it: r and s side by side. */
static size_t flatten(EVP_PKEY *key, unsigned char *sig, size_t len)
{
	const unsigned char *at = sig;
	int width = (EVP_PKEY_get_bits(key) + 7) / 8;
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)len);

	must(parsed != NULL);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), sig, width) == width);
	must(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), sig + width, width) == width);
	ECDSA_SIG_free(parsed);
	return 2 * (size_t)width;
}

char *mint_signed(struct arena *arena, EVP_PKEY *key, const char *digest, bool pss,
                  struct slice text)
{
	const EVP_MD *md = digest != NULL ? EVP_get_digestbyname(digest) : NULL;
	unsigned char sig[SIGNATURE_MAX];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	size_t len = sizeof sig;

	must(EVP_DigestSignInit(c, &how, md, NULL, key) == 1);
	if (pss)
		must(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1
		     && EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1);
	must(EVP_DigestSign(c, sig, &len, (const unsigned char *)text.at, text.len) == 1);
	EVP_MD_CTX_free(c);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		len = flatten(key, sig, len);
	return arena_printf(arena, "%.*s.%s", (int)text.len, text.at, mint_part(arena, sig, len));
}

char *mint_token(struct arena *arena, EVP_PKEY *key, const char *digest, bool pss,
                 const char *header, const char *claims)
{
	char *text = unsigned_token(arena, header, claims);

	return mint_signed(arena, key, digest, pss, (struct slice){ text, strlen(text) });
}

char *mint_pem(struct arena *arena, EVP_PKEY *key)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *at;

	must(PEM_write_bio_PUBKEY(out, key) == 1);

	long len = BIO_get_mem_data(out, &at);
	char *pem = arena_strndup(arena, at, (size_t)len);

	BIO_free(out);
	return pem;
}
