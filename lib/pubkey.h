/* SPDX-License-Identifier: Apache-2.0 */
/* A public key in PEM (OpenSSL): read once, then asked of many signatures whether they are its. */
#ifndef LIB_PUBKEY_H
#define LIB_PUBKEY_H

#include "lib/wire/cursor.h"

#include <stdbool.h>

enum pubkey_scheme { PUBKEY_PKCS1, PUBKEY_PSS, PUBKEY_ECDSA, PUBKEY_EDDSA };

/* One way to sign.  ECDSA signatures are r and s side by side, each as wide as the curve. */
struct pubkey_method {
	enum pubkey_scheme scheme;
	const char *digest;                /* "SHA256"; NULL where the scheme has its own */
	const char *curve;                 /* OpenSSL's name, of ECDSA only */
};

struct pubkey;

bool pubkey_is_pem(struct slice text);     /* holds a PEM block, of whatever kind */
/* NULL: the text is not exactly one public key.  A private one is none. */
struct pubkey *pubkey_open(struct slice pem);
void pubkey_close(struct pubkey **key);    /* *key may be NULL */
/* "RSA, 1024 bits" */
void pubkey_describe(const struct pubkey *key, char *out, size_t room);
/* May it sign so?  An RSA key of less than 2048 bits may not at all. */
bool pubkey_fits(const struct pubkey *key, const struct pubkey_method *method);
/* The method must fit. */
bool pubkey_verify(const struct pubkey *key, const struct pubkey_method *method,
                   struct slice text, struct slice signature);

#endif
