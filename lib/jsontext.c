/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/jsontext.h"

int32_t json_hex4(const char *p)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i], lower = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (lower - 'a' + 10);
		else
			return -1;
	}
	return v;
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 63));
		to[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 63));
	to[2] = (char)(0x80 | (c >> 6 & 63));
	to[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* One escape at from, advancing it; returns the bytes written, fewer than it had. */
static size_t unescape_one(char *to, const char **from)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *p = *from;

	if (p[1] != 'u') {
		const char *letter = strchr(letters, p[1]);

		*from += 2;
		*to = letter ? meant[letter - letters] : p[1];
		return 1;
	}

	int32_t c = json_hex4(p + 2);

	*from += 6;
	if (json_is_high(c)) {
		c = 0x10000 + ((c - 0xd800) << 10) + (json_hex4(p + 8) - 0xdc00);
		*from += 6;
	}
	return put_utf8(to, (uint32_t)c);
}

size_t json_unescape(char *to, const char *from, size_t len)
{
	const char *end = from + len;
	char *start = to;

	while (from < end) {
		const char *escape = memchr(from, '\\', (size_t)(end - from));
		size_t n = (size_t)((escape ? escape : end) - from);

		if (to != from)
			memmove(to, from, n);
		to += n;
		from += n;
		if (escape)
			to += unescape_one(to, &from);
	}
	return (size_t)(to - start);
}
