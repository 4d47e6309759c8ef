/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/utf8.h"

/* Table 3-7 of the Unicode standard: what may follow a first byte. */
static enum utf8_step begin(struct utf8 *u, uint8_t byte)
{
	*u = (struct utf8){ .have = 1, .low = 0x80, .high = 0xbf };
	if (byte >= 0xc2 && byte <= 0xdf) {
		u->need = 1;
	} else if (byte >= 0xe0 && byte <= 0xef) {
		u->need = 2;
		u->low = byte == 0xe0 ? 0xa0 : 0x80;
		u->high = byte == 0xed ? 0x9f : 0xbf;
	} else if (byte >= 0xf0 && byte <= 0xf4) {
		u->need = 3;
		u->low = byte == 0xf0 ? 0x90 : 0x80;
		u->high = byte == 0xf4 ? 0x8f : 0xbf;
	} else {
		*u = (struct utf8){ 0 };
		return byte < 0x80 ? UTF8_CHAR : UTF8_BAD;
	}
	return UTF8_MORE;
}

enum utf8_step utf8_step(struct utf8 *u, uint8_t byte)
{
	if (u->need == 0)
		return begin(u, byte);
	if (byte < u->low || byte > u->high) {
		*u = (struct utf8){ 0 };
		return UTF8_BAD_BEFORE;
	}
	u->low = 0x80;
	u->high = 0xbf;
	u->have++;
	if (--u->need > 0)
		return UTF8_MORE;
	*u = (struct utf8){ 0 };
	return UTF8_CHAR;
}

size_t utf8_count(struct utf8 *u, const uint8_t *in, size_t len, size_t max, size_t *used)
{
	size_t n = 0, i = 0;

	while (n < max && i < len) {
		enum utf8_step step = utf8_step(u, in[i]);

		n += step != UTF8_MORE;
		i += step != UTF8_BAD_BEFORE;
	}
	*used = i;
	return n;
}

bool utf8_finish(struct utf8 *u)
{
	bool open = u->need > 0;

	*u = (struct utf8){ 0 };
	return open;
}

bool utf8_is_valid(const char *in, size_t len)
{
	struct utf8 u = { 0 };

	for (size_t i = 0; i < len; i++) {
		enum utf8_step step = utf8_step(&u, (uint8_t)in[i]);

		if (step == UTF8_BAD || step == UTF8_BAD_BEFORE)
			return false;
	}
	return u.need == 0;
}
