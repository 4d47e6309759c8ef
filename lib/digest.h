/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, and equality that takes as long for every answer. */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include "lib/wire/cursor.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX = 65 };

void digest_sha256(uint8_t out[static DIGEST_SIZE], const struct slice *parts, size_t n);
void digest_hex(char out[static DIGEST_HEX], const struct slice *parts, size_t n);
void digest_sha1_hex(char out[static 41], struct slice text);      /* names a Redis script */
/* Compares HMACs of both under a random key, so neither length nor place of a difference shows. */
bool digest_equal(struct slice a, struct slice b);

#endif
