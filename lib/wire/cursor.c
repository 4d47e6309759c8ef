/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/cursor.h"

#include <string.h>

enum { SEAL = 0xa5 };                      /* not zero: see frame.h */

/* The next n bytes, or NULL and a cursor that has failed for good. */
static uint8_t *advance(struct cursor *c, size_t n)
{
	if (!c->ok || c->left < n) {
		c->ok = false;
		return NULL;
	}

	uint8_t *p = c->at;

	c->at += n;
	c->left -= n;
	return p;
}

static uint64_t get(struct cursor *c, size_t n)
{
	const uint8_t *p = advance(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void put(struct cursor *c, uint64_t v, size_t n)
{
	uint8_t *p = advance(c, n);

	for (size_t i = n; p && i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

struct cursor cursor_read(const uint8_t *in, size_t len)
{
	return (struct cursor){ .at = (uint8_t *)(uintptr_t)in, .left = len, .ok = true };
}

struct cursor cursor_write(uint8_t *out, size_t room)
{
	return (struct cursor){ .at = out, .left = room, .ok = true };
}

uint8_t cursor_get_u8(struct cursor *c)
{
	return (uint8_t)get(c, 1);
}

uint16_t cursor_get_u16(struct cursor *c)
{
	return (uint16_t)get(c, 2);
}

uint32_t cursor_get_u32(struct cursor *c)
{
	return (uint32_t)get(c, 4);
}

uint64_t cursor_get_u64(struct cursor *c)
{
	return get(c, 8);
}

void cursor_get_bytes(struct cursor *c, uint8_t *to, size_t n)
{
	const uint8_t *p = advance(c, n);

	if (p)
		memcpy(to, p, n);
}

struct slice cursor_get_str(struct cursor *c, size_t max)
{
	size_t len = cursor_get_u16(c);

	if (len > max)
		c->ok = false;

	const uint8_t *p = advance(c, len);

	return p ? (struct slice){ (const char *)p, len } : (struct slice){ "", 0 };
}

bool cursor_got_all(struct cursor *c)
{
	return cursor_get_u8(c) == SEAL && c->ok && c->left == 0;
}

void cursor_put_u8(struct cursor *c, uint8_t v)
{
	put(c, v, 1);
}

void cursor_put_u16(struct cursor *c, uint16_t v)
{
	put(c, v, 2);
}

void cursor_put_u32(struct cursor *c, uint32_t v)
{
	put(c, v, 4);
}

void cursor_put_u64(struct cursor *c, uint64_t v)
{
	put(c, v, 8);
}

void cursor_put_bytes(struct cursor *c, const uint8_t *from, size_t n)
{
	uint8_t *p = advance(c, n);

	if (p && n)
		memcpy(p, from, n);
}

void cursor_put_str(struct cursor *c, struct slice s)
{
	if (s.len > UINT16_MAX)
		c->ok = false;
	cursor_put_u16(c, (uint16_t)s.len);
	cursor_put_bytes(c, (const uint8_t *)s.at, s.len);
}

bool cursor_put_seal(struct cursor *c)
{
	cursor_put_u8(c, SEAL);
	return c->ok;
}
