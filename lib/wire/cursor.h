/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over one message: integers big-endian by shifts, strings with a u16 length.  Its error
 * is sticky: get or put every field, then ask once whether all went well.
 */
#ifndef LIB_WIRE_CURSOR_H
#define LIB_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	uint8_t *at;                       /* written only by cursor_put_* */
	size_t left;
	bool ok;
};

/* Bytes that are not terminated by NUL, inside a message. */
struct slice {
	const char *at;
	size_t len;
};

struct cursor cursor_read(const uint8_t *in, size_t len);
struct cursor cursor_write(uint8_t *out, size_t room);

uint8_t cursor_get_u8(struct cursor *c);
uint16_t cursor_get_u16(struct cursor *c);
uint32_t cursor_get_u32(struct cursor *c);
uint64_t cursor_get_u64(struct cursor *c);
void cursor_get_bytes(struct cursor *c, uint8_t *to, size_t n);
struct slice cursor_get_str(struct cursor *c, size_t max);  /* borrowed from the input */
bool cursor_got_all(struct cursor *c);     /* every field was there, the seal too, nothing else */

void cursor_put_u8(struct cursor *c, uint8_t v);
void cursor_put_u16(struct cursor *c, uint16_t v);
void cursor_put_u32(struct cursor *c, uint32_t v);
void cursor_put_u64(struct cursor *c, uint64_t v);
void cursor_put_bytes(struct cursor *c, const uint8_t *from, size_t n);
void cursor_put_str(struct cursor *c, struct slice s);      /* fails above 65535 bytes */
bool cursor_put_seal(struct cursor *c);    /* false when the room was too small */

#endif
