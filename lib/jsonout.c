/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of json.h. */
#include "lib/json.h"

#include "lib/base64.h"
#include "lib/jsontext.h"
#include "lib/wire/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DECIMALS_MAX = 17 };

static void begin_value(struct json_out *o)
{
	if (o->comma)
		buf_putc(o->to, ',');
	o->comma = true;
}

void json_begin(struct json_out *o, char bracket)
{
	begin_value(o);
	buf_putc(o->to, bracket);
	o->comma = false;
}

void json_end(struct json_out *o, char bracket)
{
	buf_putc(o->to, bracket);
	o->comma = true;
}

static void put_escape(struct buf *to, unsigned char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at)
		buf_append(to, (char[]){ '\\', letters[at - plain] }, 2);
	else
		buf_printf(to, "\\u%04x", c);
}

/* Writes the character, or the ill-formed part, that s starts with; returns its length. */
static size_t put_multibyte(struct buf *to, const char *s, size_t len)
{
	struct utf8 u = { 0 };

	for (size_t i = 0; i < len; i++) {
		enum utf8_step step = utf8_step(&u, (uint8_t)s[i]);

		if (step == UTF8_MORE)
			continue;
		if (step == UTF8_CHAR) {
			buf_append(to, s, i + 1);
			return i + 1;
		}
		buf_puts(to, "\xef\xbf\xbd");
		return step == UTF8_BAD ? i + 1 : i;
	}
	buf_puts(to, "\xef\xbf\xbd");
	return len;
}

static void put_string(struct buf *to, struct slice s)
{
	buf_putc(to, '"');
	while (s.len > 0 && !to->full) {
		size_t n = json_plain(s.at, s.len);

		buf_append(to, s.at, n);
		if (n == 0 && (unsigned char)*s.at < 0x80) {
			put_escape(to, (unsigned char)*s.at);
			n = 1;
		} else if (n == 0) {
			n = put_multibyte(to, s.at, s.len);
		}
		s.at += n;
		s.len -= n;
	}
	buf_putc(to, '"');
}

void json_key(struct json_out *o, const char *name)
{
	begin_value(o);
	put_string(o->to, (struct slice){ name, strlen(name) });
	buf_putc(o->to, ':');
	o->comma = false;
}

void json_put_text(struct json_out *o, struct slice s)
{
	begin_value(o);
	put_string(o->to, s);
}

void json_put_str(struct json_out *o, const char *s)
{
	if (s)
		json_put_text(o, (struct slice){ s, strlen(s) });
	else
		json_put_null(o);
}

void json_put_int(struct json_out *o, int64_t n)
{
	begin_value(o);
	buf_printf(o->to, "%lld", (long long)n);
}

void json_put_fixed(struct json_out *o, double n, int decimals)
{
	char text[512];                    /* DBL_MAX has 309 digits before the point */

	if (!isfinite(n)) {
		json_put_null(o);
		return;
	}
	if (decimals < 1 || decimals > DECIMALS_MAX)
		decimals = decimals < 1 ? 1 : DECIMALS_MAX;

	size_t len = (size_t)snprintf(text, sizeof text, "%.*f", decimals, n);

	while (text[len - 1] == '0' && text[len - 2] != '.')
		len--;
	begin_value(o);
	buf_append(o->to, text, len);
}

/* As Python's repr: fixed from 1e-4 up to 1e16, else with an exponent. */
void json_put_double(struct json_out *o, double n)
{
	char text[64];
	const char *exponent;
	int decimals = 0;

	if (!isfinite(n)) {
		json_put_null(o);
		return;
	}
	do {
		(void)snprintf(text, sizeof text, "%.*e", decimals, n);
	} while (strtod(text, NULL) != n && ++decimals < DECIMALS_MAX);
	exponent = strchr(text, 'e') + 1;

	long e = strtol(exponent, NULL, 10);

	if (e >= -4 && e < 16)
		(void)snprintf(text, sizeof text, "%.*f", decimals - e > 1 ? decimals - (int)e : 1,
		               n);
	json_put_literal(o, text);
}

void json_put_literal(struct json_out *o, const char *text)
{
	begin_value(o);
	buf_puts(o->to, text);
}

void json_put_bool(struct json_out *o, bool b)
{
	json_put_literal(o, b ? "true" : "false");
}

void json_put_null(struct json_out *o)
{
	json_put_literal(o, "null");
}

void json_key_str(struct json_out *o, const char *name, const char *s)
{
	json_key(o, name);
	json_put_str(o, s);
}

void json_key_int(struct json_out *o, const char *name, int64_t n)
{
	json_key(o, name);
	json_put_int(o, n);
}

void json_key_bool(struct json_out *o, const char *name, bool b)
{
	json_key(o, name);
	json_put_bool(o, b);
}

void json_key_strs(struct json_out *o, const char *name, const char *const *list)
{
	json_key(o, name);
	json_begin(o, '[');
	for (; list && *list; list++)
		json_put_str(o, *list);
	json_end(o, ']');
}

void json_put_base64(struct json_out *o, const void *bytes, size_t len)
{
	begin_value(o);
	buf_putc(o->to, '"');
	base64_encode(o->to, bytes, len);
	buf_putc(o->to, '"');
}
