/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* The digits at *s, negated if asked so that INT64_MIN fits; false when none or too many. */
static bool read_digits(const char **s, bool negative, int64_t *out)
{
	int64_t n = 0;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); ++*s) {
		int64_t digit = **s - '0';

		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, negative ? -digit : digit, &n))
			return false;
	}
	*out = n;
	return true;
}

bool text_int(const char *s, int64_t *out)
{
	bool negative = *s == '-';
	int64_t n;

	s += negative;
	if (!read_digits(&s, negative, &n) || *s != '\0')
		return false;
	*out = n;
	return true;
}

/* -?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_decimal(const char *s)
{
	s += *s == '-';
	if (!is_digit(*s))
		return false;
	s = skip_digits(s);
	if (*s == '.') {
		if (!is_digit(s[1]))
			return false;
		s = skip_digits(s + 1);
	}
	if (*s == 'e' || *s == 'E') {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;
		if (!is_digit(*s))
			return false;
		s = skip_digits(s);
	}
	return *s == '\0';
}

bool text_number(const char *s, double *out)
{
	if (!is_decimal(s))
		return false;

	double n = strtod(s, NULL);

	if (!isfinite(n))
		return false;
	*out = n;
	return true;
}

/* What is behind a point, in billionths; the tenth digit and those behind it are too small. */
static bool read_fraction(const char **s, int64_t *out)
{
	int64_t n = 0, digit = 100000000;

	if (**s != '.')
		return true;
	if (!is_digit(*++*s))
		return false;
	for (; is_digit(**s); ++*s, digit /= 10)
		n += (**s - '0') * digit;
	*out = n;
	return true;
}

bool text_size(const char *s, int64_t *out)
{
	static const char units[] = "bkmgtp";
	const char *unit;
	int64_t n, billionths = 0;

	if (!read_digits(&s, false, &n) || !read_fraction(&s, &billionths)
	    || (billionths > 0 && *s == '\0'))
		return false;
	if (*s == '\0') {
		*out = n;
		return true;
	}
	unit = strchr(units, *s | 0x20);
	if (!unit || (s[1] != '\0' && (unit == units || (s[1] | 0x20) != 'b' || s[2] != '\0')) ||
	    __builtin_mul_overflow(n, (int64_t)1 << (10 * (unit - units)), &n))
		return false;
	n += (int64_t)((double)((int64_t)1 << (10 * (unit - units))) * (double)billionths / 1e9);
	*out = n;
	return true;
}

bool text_bool(const char *s, bool *out)
{
	static const char *const words[] = {
		"0", "1", "false", "true", "no", "yes", "off", "on",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_equals_nocase(s, words[i])) {
			*out = i % 2;
			return true;
		}
	}
	return false;
}

bool text_equals_nocase(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

bool text_is_visible(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return true;
}

char *text_on_one_line(char *s)
{
	for (char *c = s; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return s;
}

struct slice text_trim(struct slice s)
{
	while (s.len > 0 && is_blank(*s.at)) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* One well-formed character; those of three bytes and less are told apart. */
static bool is_wide_blank(const char *at, size_t len)
{
	static const char *const blanks[] = {
		"\x1c", "\x1d", "\x1e", "\x1f", "\xc2\x85", "\u00a0", "\u1680", "\u2028", "\u2029",
		"\u202f", "\u205f", "\u3000",
	};

	if (len == 1 && is_blank(*at))
		return true;
	if (len == 3 && memcmp(at, "\xe2\x80", 2) == 0 && (uint8_t)at[2] <= 0x8a)
		return true;               /* U+2000 to U+200A */
	for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++)
		if (slice_equals((struct slice){ at, len }, blanks[i]))
			return true;
	return false;
}

static bool is_continuation(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

static size_t first_char(struct slice s)
{
	size_t n = s.len > 0;

	while (n < s.len && is_continuation(s.at[n]))
		n++;
	return n;
}

static size_t last_char(struct slice s)
{
	size_t n = s.len > 0;

	while (n < s.len && is_continuation(s.at[s.len - n]))
		n++;
	return n;
}

struct slice text_strip(struct slice s)
{
	size_t n;

	while ((n = first_char(s)) > 0 && is_wide_blank(s.at, n)) {
		s.at += n;
		s.len -= n;
	}
	while ((n = last_char(s)) > 0 && is_wide_blank(s.at + s.len - n, n))
		s.len -= n;
	return s;
}

struct slice text_slice(const char *s)
{
	return s ? (struct slice){ s, strlen(s) } : (struct slice){ "", 0 };
}

bool slice_equals(struct slice s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(s.at, text, s.len) == 0);
}

bool text_next_item(struct slice *list, char separator, struct slice *item)
{
	while (list->len > 0) {
		const char *end = memchr(list->at, separator, list->len);
		size_t len = end ? (size_t)(end - list->at) : list->len;
		size_t used = len + (end != NULL);

		*item = text_trim((struct slice){ list->at, len });
		list->at += used;
		list->len -= used;
		if (item->len > 0)
			return true;
	}
	return false;
}

bool text_has_item(const char *list, const char *wanted)
{
	struct slice rest = text_slice(list), item;

	while (text_next_item(&rest, ',', &item))
		if (slice_equals(item, wanted))
			return true;
	return false;
}

bool text_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
