/* SPDX-License-Identifier: Apache-2.0 */
/* json_put_node: what was read, written again up to a ceiling. */
#include "lib/json.h"

#include <stdint.h>
#include <string.h>

struct echo {
	struct json_out *to;
	const struct json_doc *doc;
	size_t limit;                      /* of to's length */
};

/* False: it would take, or has taken, more than there is room for. */
static bool put_value(const struct echo *e, const struct json *node);

static bool fits(const struct echo *e)
{
	return e->to->to->len <= e->limit;
}

static bool put_string(const struct echo *e, const struct json *node)
{
	struct slice s = json_string(e->doc, node);

	if (!fits(e) || s.len > e->limit - e->to->to->len)
		return false;
	json_put_text(e->to, s);
	return true;
}

static bool put_children(const struct echo *e, const struct json *node, bool named)
{
	json_begin(e->to, named ? '{' : '[');
	for (const struct json *c = json_first(node); c; c = json_next(c)) {
		if (named)
			json_key(e->to, json_name(c));
		if (!put_value(e, c))
			return false;
	}
	json_end(e->to, named ? '}' : ']');
	return true;
}

static bool put_value(const struct echo *e, const struct json *node)
{
	switch (json_type(node)) {
	case JSON_NULL:
		json_put_null(e->to);
		break;
	case JSON_BOOL:
		json_put_bool(e->to, json_true(node));
		break;
	case JSON_NUMBER:
		json_put_number(e->to, node);
		break;
	case JSON_STRING:
		return put_string(e, node) && fits(e);
	case JSON_ARRAY:
		return put_children(e, node, false) && fits(e);
	case JSON_OBJECT:
		return put_children(e, node, true) && fits(e);
	}
	return fits(e);
}

static size_t cost(unsigned char c)
{
	if (c < 0x20)
		return strchr("\b\f\n\r\t", c) && c ? 2 : 6;
	return c == '"' || c == '\\' ? 2 : 1;
}

/* How many bytes of s, whole characters, take at most room bytes of output. */
static size_t fitting(struct slice s, size_t room)
{
	size_t n = 0;

	while (n < s.len && cost((unsigned char)s.at[n]) <= room)
		room -= cost((unsigned char)s.at[n++]);
	while (n > 0 && n < s.len && ((unsigned char)s.at[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void json_put_beginning(struct json_out *o, struct slice s, size_t max)
{
	static const char end[] = "...";
	auto_buf cut = BUF_INIT(max);

	if (fitting(s, max - 2) == s.len) {
		json_put_text(o, s);
		return;
	}
	buf_append(&cut, s.at, fitting(s, max - sizeof "\"...\"" + 1));
	buf_puts(&cut, end);
	json_put_text(o, buf_slice(&cut));
}

void json_put_node(struct json_out *o, const struct json_doc *doc, const struct json *node,
                   size_t max)
{
	struct json_out before = *o;
	size_t start = o->to->len;

	if (max > PTRDIFF_MAX - 1)
		max = PTRDIFF_MAX - 1;

	struct echo e = { .to = o, .doc = doc, .limit = start + o->comma + max };

	if (put_value(&e, node))
		return;
	*o = before;
	o->to->len = start;
	if (o->to->data)
		o->to->data[start] = '\0';
	if (json_type(node) == JSON_STRING && max >= sizeof "\"...\"" - 1)
		json_put_beginning(o, json_string(doc, node), max);
	else
		json_put_null(o);
}
