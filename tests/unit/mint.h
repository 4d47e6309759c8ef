/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens with any header and any claims, signed as they should be; by OpenSSL alone. */
#ifndef TESTS_UNIT_MINT_H
#define TESTS_UNIT_MINT_H

#include "lib/arena.h"

#include <openssl/evp.h>
#include <stdbool.h>

char *mint_part(struct arena *arena, const void *bytes, size_t len);       /* base64url */
/* digest: "SHA256", ... */
char *mint_hmac(struct arena *arena, const char *secret, const char *digest, const char *header,
                const char *claims);
/* digest: NULL with EdDSA; pss: the other padding of RSA. */
char *mint_signed(struct arena *arena, EVP_PKEY *key, const char *digest, bool pss,
                  struct slice text);
char *mint_token(struct arena *arena, EVP_PKEY *key, const char *digest, bool pss,
                 const char *header, const char *claims);
char *mint_pem(struct arena *arena, EVP_PKEY *key);        /* its public half */

#endif
