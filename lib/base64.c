/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a digit; of anything else, NONE. */
enum { NONE = 0x80 };
#define X NONE
static const uint8_t values[256] = {
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
	X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
	X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};
#undef X

static size_t padding(struct slice text)
{
	if (text.len < 2 || text.at[text.len - 1] != '=')
		return 0;
	return text.at[text.len - 2] == '=' ? 2 : 1;
}

bool base64_size(struct slice text, size_t *size)
{
	size_t pad = padding(text);
	uint8_t seen = 0;

	if (text.len % 4)
		return false;
	for (size_t i = 0; i < text.len - pad; i++)
		seen |= values[(uint8_t)text.at[i]];
	if (seen & NONE)
		return false;
	*size = text.len / 4 * 3 - pad;
	return true;
}

static uint32_t group(const char *at, size_t n)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++)
		bits = bits << 6 | (i < n ? values[(uint8_t)at[i]] & 63 : 0);
	return bits;
}

size_t base64_next(struct slice *text, void *out, size_t room)
{
	size_t pad = padding(*text);
	size_t groups = text->len / 4;
	bool last = groups <= room / 3;
	uint8_t *to = out;

	if (groups == 0)
		return 0;
	if (!last)
		groups = room / 3;
	for (size_t i = 0; i < groups; i++, text->at += 4) {
		uint32_t bits = group(text->at, last && i + 1 == groups ? 4 - pad : 4);

		*to++ = (uint8_t)(bits >> 16);
		*to++ = (uint8_t)(bits >> 8);
		*to++ = (uint8_t)bits;
	}
	text->len -= groups * 4;
	return groups * 3 - (last ? pad : 0);
}

static void put_group(char *to, const uint8_t *from, size_t n)
{
	uint32_t bits = (uint32_t)from[0] << 16;

	if (n > 1)
		bits |= (uint32_t)from[1] << 8;
	if (n > 2)
		bits |= from[2];
	to[0] = digits[bits >> 18];
	to[1] = digits[bits >> 12 & 63];
	to[2] = n > 1 ? digits[bits >> 6 & 63] : '=';
	to[3] = n > 2 ? digits[bits & 63] : '=';
}

bool base64_encode(struct buf *to, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;
	size_t size;
	char *at;

	if (__builtin_mul_overflow(len / 3 + (len % 3 > 0), 4, &size))
		size = SIZE_MAX;
	at = buf_reserve(to, size);
	if (!at)
		return false;
	for (; len >= 3; len -= 3, from += 3, at += 4)
		put_group(at, from, 3);
	if (len > 0)
		put_group(at, from, len);
	to->len += size;
	return true;
}

static uint8_t url_value(char c)
{
	switch (c) {
	case '-': return 62;
	case '_': return 63;
	case '+': case '/': return NONE;
	}
	return values[(uint8_t)c];
}

bool base64_url_decode(struct slice text, char *out, size_t *len)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t value = url_value(text.at[i]);

		if (value == NONE)
			return false;
		bits = bits << 6 | value;
		held += 6;
		if (held >= 8)
			out[n++] = (char)(bits >> (held -= 8) & 0xff);
	}
	if (held == 6 || (bits & ((1U << held) - 1)))
		return false;
	*len = n;
	return true;
}
