/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest.h"

#include "lib/id.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum { SHA1_SIZE = 20 };

/* OpenSSL fails here only without memory. */
static void must(int succeeded)
{
	if (succeeded != 1)
		abort();
}

void digest_sha256(uint8_t out[static DIGEST_SIZE], const struct slice *parts, size_t n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	must(c != NULL);
	must(EVP_DigestInit_ex(c, EVP_sha256(), NULL));
	for (size_t i = 0; i < n; i++)
		must(EVP_DigestUpdate(c, parts[i].at, parts[i].len));
	must(EVP_DigestFinal_ex(c, out, NULL));
	EVP_MD_CTX_free(c);
}

void digest_hex(char out[static DIGEST_HEX], const struct slice *parts, size_t n)
{
	uint8_t sum[DIGEST_SIZE];

	digest_sha256(sum, parts, n);
	id_hex(out, sum, sizeof sum);
}

void digest_sha1_hex(char out[static 41], struct slice text)
{
	uint8_t sum[SHA1_SIZE];

	must(EVP_Digest(text.at, text.len, sum, NULL, EVP_sha1(), NULL));
	id_hex(out, sum, sizeof sum);
}

static void hmac(uint8_t out[static DIGEST_SIZE], const uint8_t key[static DIGEST_SIZE],
                 struct slice s)
{
	must(HMAC(EVP_sha256(), key, DIGEST_SIZE, (const uint8_t *)s.at, s.len, out, NULL) != NULL);
}

/* A fresh key for each question: nothing to keep, nothing shared after a fork. */
bool digest_equal(struct slice a, struct slice b)
{
	uint8_t key[DIGEST_SIZE], x[DIGEST_SIZE], y[DIGEST_SIZE];

	id_random(key, sizeof key);
	hmac(x, key, a);
	hmac(y, key, b);
	return CRYPTO_memcmp(x, y, sizeof x) == 0;
}
