/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { CONTAINER_DIGITS = 64, REQUEST_MAX = 128 };

void id_random(void *out, size_t len)
{
	for (char *at = out; len > 0;) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

void id_hex(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void id_uuid(char out[static ID_UUID])
{
	uint8_t b[16];
	static const uint8_t dashes_before[] = { 4, 6, 8, 10 };

	id_random(b, sizeof b);
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;

	size_t from = 0;

	for (size_t i = 0; i < sizeof dashes_before; i++) {
		size_t n = dashes_before[i] - from;

		id_hex(out, b + from, n);
		out += 2 * n;
		*out++ = '-';
		from += n;
	}
	id_hex(out, b + from, sizeof b - from);
}

void id_short(char out[static ID_SHORT])
{
	char uuid[ID_UUID];

	id_uuid(uuid);
	memcpy(out, uuid, ID_SHORT - 1);
	out[ID_SHORT - 1] = '\0';
}

void id_token(char out[static ID_TOKEN])
{
	uint8_t b[(ID_TOKEN - 1) / 2];

	id_random(b, sizeof b);
	id_hex(out, b, sizeof b);
}

bool id_is_container(const char *s)
{
	return strspn(s, "0123456789abcdef") == CONTAINER_DIGITS && s[CONTAINER_DIGITS] == '\0';
}

bool id_is_request(const char *s)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return len > 0 && len <= REQUEST_MAX && s[len] == '\0';
}
