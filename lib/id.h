/* SPDX-License-Identifier: Apache-2.0 */
/* Random identifiers from getrandom(2), and: is this text one of ours? */
#ifndef LIB_ID_H
#define LIB_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_UUID = 37, ID_SHORT = 13, ID_TOKEN = 33 };       /* sizes with the NUL */

void id_random(void *out, size_t len);     /* aborts when the kernel has no randomness to give */
void id_uuid(char out[static ID_UUID]);    /* version 4, lower case */
void id_short(char out[static ID_SHORT]);  /* first 12 characters of one: "2106b39d-c2c" */
void id_token(char out[static ID_TOKEN]);  /* 128 bits in hex */
void id_hex(char *out, const uint8_t *bytes, size_t len);  /* 2 * len digits and a NUL */
bool id_is_container(const char *s);       /* ^[0-9a-f]{64}$ */
bool id_is_request(const char *s);         /* ^[A-Za-z0-9._-]{1,128}$ */

#endif
