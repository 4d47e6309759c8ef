/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cJSON is given a skeleton of the text: no blanks, and in place of each string a note where it
 * lies, "$<offset> <length>".  Numbers that a double would not give back as they were written are
 * the string "#<number>".  No string of the text itself comes through, so neither is ambiguous.
 */
#include "lib/json.h"

#include "lib/jsonscan.h"
#include "lib/jsontext.h"
#include "lib/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	STRING_NOTE = '$',
	NUMBER_NOTE = '#',
	NOTE_MAX = 48,                     /* bytes of a string's note, at most */
	EXACT_DIGITS = 15,                 /* any integer so short is exact as a double */
};

struct json_doc {
	const char *text;
	cJSON *tree;
};

/* ---- from text to tree */

/* The closing quote of the string whose inside starts at p: no odd number of backslashes before. */
static char *string_end(char *p, const char *end)
{
	for (;; p++) {
		p = memchr(p, '"', (size_t)(end - p));

		const char *escapes = p;

		while (escapes[-1] == '\\')
			escapes--;
		if ((p - escapes) % 2 == 0)
			return p;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool starts_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

static bool is_of_number(char c)
{
	return starts_number(c) || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool is_name(const char *close, const char *end)
{
	const char *p = close + 1;

	while (p < end && is_blank(*p))
		p++;
	return p < end && *p == ':';
}

/* These two take one string or number off *p; strings that are values are unescaped there. */

static void note_string(struct buf *to, const char *text, char **p, const char *end)
{
	char *inside = *p + 1, *close = string_end(inside, end);
	size_t len = (size_t)(close - inside);

	*p = close + 1;
	if (is_name(close, end)) {         /* short, see JSON_KEY_MAX; cJSON unescapes it */
		buf_append(to, inside - 1, len + 2);
		return;
	}
	len = json_unescape(inside, inside, len);
	inside[len] = '\0';
	buf_printf(to, "\"%c%zu %zu\"", STRING_NOTE, (size_t)(inside - text), len);
}

static void note_number(struct buf *to, char **p, const char *end)
{
	const char *start = *p;
	bool exact = true;

	for (; *p < end && is_of_number(**p); ++*p)
		exact = exact && **p != '.' && (**p | 0x20) != 'e';

	int len = (int)(*p - start);

	if (exact && len <= EXACT_DIGITS)
		buf_append(to, start, (size_t)len);
	else
		buf_printf(to, "\"%c%.*s\"", NUMBER_NOTE, len, start);
}

static void put_skeleton(struct buf *to, char *text, size_t len)
{
	const char *end = text + len;

	for (char *p = text; p < end;) {
		if (*p == '"')
			note_string(to, text, &p, end);
		else if (starts_number(*p))
			note_number(to, &p, end);
		else if (is_blank(*p))
			p++;
		else
			buf_putc(to, *p++);
	}
}

static struct json_doc *parse(char *text, size_t len, bool peer, struct json_fault *fault)
{
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!json_scan((struct slice){ text, len }, peer, fault))
		return NULL;

	auto_buf skeleton = BUF_INIT(len + (size_t)JSON_NODES_PEER * NOTE_MAX);
	struct json_doc *doc = malloc(sizeof *doc);

	put_skeleton(&skeleton, text, len);
	if (!doc || skeleton.full)
		abort();
	doc->text = text;
	doc->tree = cJSON_ParseWithLengthOpts(skeleton.data, skeleton.len + 1, NULL, true);
	if (!doc->tree)                    /* out of memory: the scan had passed it */
		abort();
	return doc;
}

struct json_doc *json_parse(char *text, size_t len, struct json_fault *fault)
{
	return parse(text, len, false, fault);
}

struct json_doc *json_parse_peer(char *text, size_t len, struct json_fault *fault)
{
	return parse(text, len, true, fault);
}

void json_close(struct json_doc **doc)
{
	if (!*doc)
		return;
	cJSON_Delete((*doc)->tree);
	free(*doc);
	*doc = NULL;
}

/* ---- reading the tree */

static const struct json *to_node(const cJSON *c)
{
	return (const struct json *)c;
}

static const cJSON *to_cjson(const struct json *node)
{
	return (const cJSON *)node;
}

/* The note without its mark, NULL when the node has none of that kind. */
static const char *note(const struct json *node, char mark)
{
	const char *s = cJSON_GetStringValue(to_cjson(node));

	return s && *s == mark ? s + 1 : NULL;
}

const struct json *json_root(const struct json_doc *doc)
{
	return to_node(doc->tree);
}

enum json_type json_type(const struct json *node)
{
	const cJSON *c = to_cjson(node);

	if (cJSON_IsObject(c))
		return JSON_OBJECT;
	if (cJSON_IsArray(c))
		return JSON_ARRAY;
	if (cJSON_IsBool(c))
		return JSON_BOOL;
	if (cJSON_IsNumber(c) || note(node, NUMBER_NOTE))
		return JSON_NUMBER;
	return cJSON_IsString(c) ? JSON_STRING : JSON_NULL;
}

const struct json *json_member(const struct json *node, const char *name)
{
	return cJSON_IsObject(to_cjson(node)) ?
	       to_node(cJSON_GetObjectItemCaseSensitive(to_cjson(node), name)) : NULL;
}

const struct json *json_first(const struct json *node)
{
	return node ? to_node(to_cjson(node)->child) : NULL;
}

const struct json *json_next(const struct json *node)
{
	return node ? to_node(to_cjson(node)->next) : NULL;
}

const struct json *json_item(const struct json *node, size_t i)
{
	const struct json *item = json_first(node);

	while (item && i-- > 0)
		item = json_next(item);
	return item;
}

const char *json_name(const struct json *node)
{
	return node && to_cjson(node)->string ? to_cjson(node)->string : "";
}

size_t json_count(const struct json *node)
{
	size_t n = 0;

	for (const struct json *item = json_first(node); item; item = json_next(item))
		n++;
	return n;
}

bool json_true(const struct json *node)
{
	return cJSON_IsTrue(to_cjson(node));
}

double json_double(const struct json *node)
{
	const char *number = note(node, NUMBER_NOTE);

	if (number)
		return strtod(number, NULL);
	return cJSON_IsNumber(to_cjson(node)) ? to_cjson(node)->valuedouble : 0;
}

bool json_integer(const struct json *node, int64_t *out)
{
	const char *number = note(node, NUMBER_NOTE);

	if (number)
		return text_int(number, out);
	if (!cJSON_IsNumber(to_cjson(node)))
		return false;
	*out = (int64_t)to_cjson(node)->valuedouble;
	return true;
}

struct slice json_string(const struct json_doc *doc, const struct json *node)
{
	const char *place = note(node, STRING_NOTE);
	char *len;

	if (!place)
		return (struct slice){ "", 0 };

	const char *at = doc->text + strtoull(place, &len, 10);

	return (struct slice){ at, strtoull(len, NULL, 10) };
}

void json_put_number(struct json_out *o, const struct json *node)
{
	const char *number = note(node, NUMBER_NOTE);
	double n = json_double(node);

	if (!number)
		json_put_int(o, (int64_t)n);
	else if (isfinite(n) && strpbrk(number, ".eE"))
		json_put_double(o, n);
	else
		json_put_literal(o, number);
}
