/* SPDX-License-Identifier: Apache-2.0 */
/* What reader and writer of JSON strings share: the bytes that stand for themselves. */
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

#endif
