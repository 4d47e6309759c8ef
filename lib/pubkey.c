/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"

#include <openssl/decoder.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RSA_BITS_MIN = 2048, CURVE_NAME = 64, DER_MAX = 160 };

static const char begin[] = "-----BEGIN ";
static const char private_key[] = "PRIVATE KEY-----";

struct pubkey {
	EVP_PKEY *pkey;
};

static const char *find(struct slice text, const char *word)
{
	return text.len > 0 ? memmem(text.at, text.len, word, strlen(word)) : NULL;
}

bool pubkey_is_pem(struct slice text)
{
	return find(text, begin) != NULL;
}

static bool is_one_public_block(struct slice pem)
{
	const char *at = find(pem, begin);

	if (at == NULL || find(pem, private_key) != NULL)
		return false;
	at += sizeof begin - 1;
	return !pubkey_is_pem((struct slice){ at, pem.len - (size_t)(at - pem.at) });
}

/* It is never asked for: what is encrypted is no public key. */
static int no_password(char *out, size_t room, size_t *len, const OSSL_PARAM params[], void *arg)
{
	(void)out;
	(void)room;
	(void)params;
	(void)arg;
	*len = 0;
	return 0;
}

struct pubkey *pubkey_open(struct slice pem)
{
	const unsigned char *at = (const unsigned char *)pem.at;
	size_t left = pem.len;
	EVP_PKEY *pkey = NULL;

	if (!is_one_public_block(pem))
		return NULL;

	OSSL_DECODER_CTX *c = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", NULL, NULL,
	                                                    EVP_PKEY_PUBLIC_KEY, NULL, NULL);
	bool read = c != NULL && OSSL_DECODER_CTX_set_passphrase_cb(c, no_password, NULL) == 1
	         && OSSL_DECODER_from_data(c, &at, &left) == 1;

	OSSL_DECODER_CTX_free(c);
	ERR_clear_error();
	if (!read)
		return NULL;

	struct pubkey *key = calloc(1, sizeof *key);

	if (key == NULL)
		abort();
	key->pkey = pkey;
	return key;
}

void pubkey_close(struct pubkey **key)
{
	if (*key != NULL)
		EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

void pubkey_describe(const struct pubkey *key, char *out, size_t room)
{
	(void)snprintf(out, room, "%s, %d bits", EVP_PKEY_get0_type_name(key->pkey),
	               EVP_PKEY_get_bits(key->pkey));
}

static bool is_on(const EVP_PKEY *pkey, const char *curve)
{
	char name[CURVE_NAME];
	size_t len;

	return EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) == 1
	    && strcmp(name, curve) == 0;
}

bool pubkey_fits(const struct pubkey *key, const struct pubkey_method *method)
{
	int id = EVP_PKEY_get_base_id(key->pkey), bits = EVP_PKEY_get_bits(key->pkey);

	switch (method->scheme) {
	case PUBKEY_PKCS1:
		return id == EVP_PKEY_RSA && bits >= RSA_BITS_MIN;
	case PUBKEY_PSS:
		return (id == EVP_PKEY_RSA || id == EVP_PKEY_RSA_PSS) && bits >= RSA_BITS_MIN;
	case PUBKEY_ECDSA:
		return id == EVP_PKEY_EC && is_on(key->pkey, method->curve);
	case PUBKEY_EDDSA:
		return id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448;
	}
	return false;
}

/* r and s as OpenSSL takes them; 0 when they have another width. */
static int der_of(const EVP_PKEY *pkey, struct slice raw, unsigned char out[static DER_MAX])
{
	const unsigned char *at = (const unsigned char *)raw.at;
	int width = (EVP_PKEY_get_bits(pkey) + 7) / 8, len = 0;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;

	if (sig != NULL && raw.len == 2 * (size_t)width) {
		r = BN_bin2bn(at, width, NULL);
		s = BN_bin2bn(at + width, width, NULL);
	}
	if (r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		len = i2d_ECDSA_SIG(sig, NULL) <= DER_MAX ? i2d_ECDSA_SIG(sig, &out) : 0;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return len > 0 ? len : 0;
}

static bool is_signed(EVP_MD_CTX *c, EVP_PKEY *pkey, const struct pubkey_method *method,
                      struct slice text, struct slice signature)
{
	const EVP_MD *digest = method->digest ? EVP_get_digestbyname(method->digest) : NULL;
	EVP_PKEY_CTX *how;

	return EVP_DigestVerifyInit(c, &how, digest, NULL, pkey) == 1
	    && (method->scheme != PUBKEY_PSS
	        || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1
	            && EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1))
	    && EVP_DigestVerify(c, (const unsigned char *)signature.at, signature.len,
	                        (const unsigned char *)text.at, text.len) == 1;
}

bool pubkey_verify(const struct pubkey *key, const struct pubkey_method *method,
                   struct slice text, struct slice signature)
{
	unsigned char der[DER_MAX];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok;

	if (c == NULL)
		abort();
	if (method->scheme == PUBKEY_ECDSA) {
		signature.len = (size_t)der_of(key->pkey, signature, der);
		signature.at = (const char *)der;
	}
	ok = signature.len > 0 && is_signed(c, key->pkey, method, text, signature);
	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return ok;
}
