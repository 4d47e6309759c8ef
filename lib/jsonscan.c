/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/jsonscan.h"

#include "lib/jsontext.h"
#include "lib/wire/utf8.h"

#include <string.h>

struct scan {
	const char *at, *end;
	size_t nodes, max_nodes;
	unsigned depth;
	bool peer;
	const char *fault, *fault_at;
};

struct key {
	struct slice raw;
	uint64_t hash;                     /* of the unescaped name */
};

static bool scan_value(struct scan *s);

static bool refuse(struct scan *s, const char *fault, const char *at)
{
	s->fault = fault;
	s->fault_at = at;
	return false;
}

static bool is_digit(const struct scan *s, const char *p)
{
	return p < s->end && *p >= '0' && *p <= '9';
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static bool next_is(const struct scan *s, char c)
{
	return s->at < s->end && *s->at == c;
}

/* ---- strings */

/* At the backslash of \u. */
static bool scan_unicode_escape(struct scan *s)
{
	const char *p = s->at;
	int32_t unit = s->end - p > 6 ? json_hex4(p + 2) : -1;

	if (unit < 0)
		return refuse(s, "Invalid \\uXXXX escape", p + 1);
	s->at += 6;
	if (json_is_low(unit))
		return refuse(s, "Lone surrogate escape", p);
	if (!json_is_high(unit))
		return true;
	if (s->end - p <= 12 || p[6] != '\\' || p[7] != 'u' || !json_is_low(json_hex4(p + 8)))
		return refuse(s, "Lone surrogate escape", p);
	s->at += 6;
	return true;
}

static bool scan_escape(struct scan *s, const char *quote)
{
	if (s->end - s->at < 2)
		return refuse(s, "Unterminated string starting at", quote);
	if (s->at[1] == 'u')
		return scan_unicode_escape(s);
	if (!s->at[1] || !strchr("\"\\/bfnrt", s->at[1]))
		return refuse(s, "Invalid \\escape", s->at);
	s->at += 2;
	return true;
}

static bool scan_multibyte(struct scan *s)
{
	struct utf8 u = { 0 };
	const char *p = s->at;
	enum utf8_step step = UTF8_MORE;

	while (step == UTF8_MORE && p < s->end)
		step = utf8_step(&u, (uint8_t)*p++);
	if (step != UTF8_CHAR)
		return refuse(s, JSON_NOT_UTF8, s->at);
	s->at = p;
	return true;
}

/* At the opening quote; *raw is what lies between the two. */
static bool scan_string(struct scan *s, struct slice *raw)
{
	const char *quote = s->at++;

	for (;;) {
		s->at += json_plain(s->at, (size_t)(s->end - s->at));
		if (s->at == s->end)
			return refuse(s, "Unterminated string starting at", quote);

		unsigned char c = (unsigned char)*s->at;

		if (c == '"')
			break;
		if (c < 0x20)
			return refuse(s, "Invalid control character at", s->at);
		if (c == '\\' ? !scan_escape(s, quote) : !scan_multibyte(s))
			return false;
	}
	*raw = (struct slice){ quote + 1, (size_t)(s->at++ - quote - 1) };
	return true;
}

/* ---- values */

static bool scan_number(struct scan *s)
{
	const char *start = s->at, *p = start;

	p += *p == '-';
	if (!is_digit(s, p))
		return refuse(s, "Expecting value", start);
	if (*p == '0')
		p++;
	else
		while (is_digit(s, p))
			p++;
	if (p < s->end && *p == '.' && is_digit(s, p + 1))
		for (p++; is_digit(s, p);)
			p++;
	if (p < s->end && (*p | 0x20) == 'e') {
		const char *e = p + 1;

		e += e < s->end && (*e == '+' || *e == '-');
		while (is_digit(s, e))
			p = ++e;
	}
	s->at = p;
	return p - start <= JSON_NUMBER_MAX || refuse(s, "Number too long", start);
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return refuse(s, "Expecting value", s->at);
	s->at += len;
	return true;
}

static bool same_name(struct slice a, struct slice b)
{
	char x[JSON_KEY_MAX], y[JSON_KEY_MAX];
	size_t len = json_unescape(x, a.at, a.len);

	return len == json_unescape(y, b.at, b.len) && memcmp(x, y, len) == 0;
}

/* FNV-1a: chosen keys may collide, which costs at most JSON_KEYS_MAX comparisons. */
static bool hash_name(struct scan *s, struct key *k)
{
	char name[JSON_KEY_MAX];
	size_t len = json_unescape(name, k->raw.at, k->raw.len);

	if (memchr(name, '\0', len))
		return refuse(s, "Invalid control character at", k->raw.at - 1);
	k->hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < len; i++)
		k->hash = (k->hash ^ (uint8_t)name[i]) * 0x100000001b3;
	return true;
}

static bool scan_key(struct scan *s, struct key *keys, size_t n)
{
	struct key *k = &keys[n % JSON_KEYS_MAX];
	const char *quote = s->at;

	if (!next_is(s, '"'))
		return refuse(s, "Expecting property name enclosed in double quotes", quote);
	if (n >= JSON_KEYS_MAX && !s->peer)
		return refuse(s, "Too many keys", quote);
	if (!scan_string(s, &k->raw))
		return false;
	if (k->raw.len > JSON_KEY_MAX)
		return refuse(s, "Key too long", quote);
	if (!hash_name(s, k))
		return false;
	for (size_t i = 0; i < n && n < JSON_KEYS_MAX; i++)
		if (keys[i].hash == k->hash && same_name(keys[i].raw, k->raw))
			return refuse(s, "Duplicate key", quote);
	return true;
}

static bool scan_object(struct scan *s)
{
	struct key keys[JSON_KEYS_MAX];

	for (size_t n = 0;; n++) {
		skip_blanks(s);
		if (n == 0 && next_is(s, '}'))
			break;
		if (!scan_key(s, keys, n))
			return false;
		skip_blanks(s);
		if (!next_is(s, ':'))
			return refuse(s, "Expecting ':' delimiter", s->at);
		s->at++;
		if (!scan_value(s))
			return false;
		if (next_is(s, '}'))
			break;
		if (!next_is(s, ','))
			return refuse(s, "Expecting ',' delimiter", s->at);
		s->at++;
	}
	s->at++;
	return true;
}

static bool scan_array(struct scan *s)
{
	skip_blanks(s);
	for (bool first = true; !(first && next_is(s, ']')); first = false) {
		if (!scan_value(s))
			return false;
		if (next_is(s, ']'))
			break;
		if (!next_is(s, ','))
			return refuse(s, "Expecting ',' delimiter", s->at);
		s->at++;
	}
	s->at++;
	return true;
}

static bool scan_nested(struct scan *s, bool (*scan)(struct scan *))
{
	if (s->depth == JSON_DEPTH_MAX)
		return refuse(s, "Maximum nesting depth exceeded", s->at);
	s->at++;
	s->depth++;
	if (!scan(s))
		return false;
	s->depth--;
	return true;
}

static bool scan_one(struct scan *s)
{
	struct slice ignored;

	if (s->at == s->end)
		return refuse(s, "Expecting value", s->at);
	if (s->nodes++ == s->max_nodes)
		return refuse(s, "Too many values", s->at);
	switch (*s->at) {
	case '{': return scan_nested(s, scan_object);
	case '[': return scan_nested(s, scan_array);
	case '"': return scan_string(s, &ignored);
	case 't': return scan_word(s, "true");
	case 'f': return scan_word(s, "false");
	case 'n': return scan_word(s, "null");
	default: return scan_number(s);
	}
}

/* A value and the blanks around it. */
static bool scan_value(struct scan *s)
{
	skip_blanks(s);
	if (!scan_one(s))
		return false;
	skip_blanks(s);
	return true;
}

bool json_scan(struct slice text, bool peer, struct json_fault *fault)
{
	struct scan s = {
		.at = text.at,
		.end = text.at + text.len,
		.max_nodes = peer ? JSON_NODES_PEER : JSON_NODES_MAX,
		.peer = peer,
	};

	if (scan_value(&s) && (s.at == s.end || refuse(&s, "Extra data", s.at)))
		return true;
	s.at = s.fault_at;
	if (s.at < s.end)
		scan_multibyte(&s);        /* no text at all is worse than no JSON */
	*fault = (struct json_fault){ .text = s.fault };
	for (const char *p = text.at; p < s.fault_at; p++)
		fault->offset += ((unsigned char)*p & 0xc0) != 0x80;
	return false;
}
