/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/coerce.h"

#include "lib/text.h"

#include <math.h>

static const struct fault int_type = {
	.type = "int_type", .msg = "Input should be a valid integer",
};
static const struct fault int_parsing = {
	.type = "int_parsing",
	.msg = "Input should be a valid integer, unable to parse string as an integer",
};
static const struct fault int_from_float = {
	.type = "int_from_float",
	.msg = "Input should be a valid integer, got a number with a fractional part",
};
static const struct fault finite_number = {
	.type = "finite_number", .msg = "Input should be a finite number",
};
static const struct fault bool_type = {
	.type = "bool_type", .msg = "Input should be a valid boolean",
};
static const struct fault bool_parsing = {
	.type = "bool_parsing",
	.msg = "Input should be a valid boolean, unable to interpret input",
};

static struct slice rest(struct slice s)
{
	return (struct slice){ s.at + 1, s.len - 1 };
}

/* Digits with single underscores between them, up to a '.' or the end; *n saturates. */
static bool take_digits(struct slice *s, int64_t *n)
{
	bool after_digit = false;

	for (*n = 0; s->len && *s->at != '.'; *s = rest(*s)) {
		char c = *s->at;

		if (c == '_' && after_digit) {
			after_digit = false;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		after_digit = true;
		if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, c - '0', n))
			*n = INT64_MAX;
	}
	return after_digit;
}

/* Blanks around, a sign, digits, and a '.' with zeros and nothing else: "+1_000.0 " is 1000. */
static bool int_from_text(struct slice s, int64_t *out)
{
	bool negative = false;
	int64_t n;

	s = text_strip(s);
	if (s.len && (*s.at == '-' || *s.at == '+')) {
		negative = *s.at == '-';
		s = rest(s);
	}
	if (!take_digits(&s, &n))
		return false;
	if (s.len && (s = rest(s)).len == 0)
		return false;
	for (; s.len; s = rest(s))
		if (*s.at != '0')
			return false;
	*out = negative ? -n : n;
	return true;
}

static bool is_whole(double n)
{
	const double exact = 0x1p53;       /* above, a double has no fraction */

	return n >= exact || n <= -exact || n == (double)(int64_t)n;
}

static const struct fault *int_from_number(const struct json *node, int64_t *out)
{
	double n = json_double(node);

	if (json_integer(node, out))
		return NULL;
	if (!isfinite(n))
		return &finite_number;
	if (!is_whole(n))
		return &int_from_float;
	*out = n >= 0x1p63 ? INT64_MAX : n < -0x1p63 ? INT64_MIN : (int64_t)n;
	return NULL;
}

const struct fault *coerce_int(const struct check *c, const struct json *node, int64_t *out)
{
	switch (json_type(node)) {
	case JSON_NUMBER:
		return int_from_number(node, out);
	case JSON_STRING:
		return int_from_text(json_string(c->doc, node), out) ? NULL : &int_parsing;
	case JSON_BOOL:
		*out = json_true(node);
		return NULL;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return &int_type;
}

static const struct fault *bool_from_text(const char *s, bool *out)
{
	static const char *const words[] = {
		"0", "1", "off", "on", "f", "t", "false", "true", "n", "y", "no", "yes",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text_equals_nocase(s, words[i])) {
			*out = i % 2;
			return NULL;
		}
	}
	return &bool_parsing;
}

static const struct fault *bool_from_number(double n, bool *out)
{
	if (!is_whole(n))
		return &bool_type;
	if (n != 0 && n != 1)
		return &bool_parsing;
	*out = n == 1;
	return NULL;
}

const struct fault *coerce_bool(const struct check *c, const struct json *node, bool *out)
{
	struct slice text;

	switch (json_type(node)) {
	case JSON_BOOL:
		*out = json_true(node);
		return NULL;
	case JSON_NUMBER:
		return bool_from_number(json_double(node), out);
	case JSON_STRING:
		text = json_string(c->doc, node);
		return bool_from_text(arena_strndup(&c->req->arena, text.at, text.len), out);
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return &bool_type;
}
