/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a JSON string: what its bytes stand for.  Pure; shared by scan, tree and writer. */
#ifndef LIB_JSONTEXT_H
#define LIB_JSONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool json_byte_is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* True when each of the 8 bytes at s is plain; the sums borrow only across bytes that are not. */
static inline bool json_word_is_plain(const char *s)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t w, quote, backslash;

	memcpy(&w, s, sizeof w);
	quote = w ^ ones * '"';
	backslash = w ^ ones * '\\';
	return ((w | (w - ones * 0x20) | (quote - ones) | (backslash - ones)) & high) == 0;
}

/* How many plain bytes s starts with. */
static inline size_t json_plain(const char *s, size_t len)
{
	size_t n = 0;

	while (len - n >= 8 && json_word_is_plain(s + n))
		n += 8;
	while (n < len && json_byte_is_plain((unsigned char)s[n]))
		n++;
	return n;
}

/* The value of four hexadecimal digits, or -1. */
int32_t json_hex4(const char *p);

static inline bool json_is_high(int32_t unit)      /* the first half of a surrogate pair */
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static inline bool json_is_low(int32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

/*
 * Writes the text that a string the scan has passed, without its quotes, stands for; to may be
 * from.  Returns its length, never more than len.
 */
size_t json_unescape(char *to, const char *from, size_t len);

#endif
