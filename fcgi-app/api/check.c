/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/check.h"

#include "fcgi-app/api/coerce.h"
#include "fcgi-app/api/fault.h"
#include "lib/text.h"
#include "lib/wire/utf8.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef void reader(struct check *c, const struct spot *s, const struct field *f, void *to);

static void report(struct check *c, const struct spot *s, const char *type, const char *msg)
{
	fault_report(c, s, &(struct fault){ .type = type, .msg = msg });
}

static void report_bound(struct check *c, const struct spot *s, const struct fault *what,
                         const char *text)
{
	struct fault fault = *what;

	fault.context = CONTEXT_NUMBER;
	fault.msg = arena_printf(&c->req->arena, "%s %lld%s", what->msg, (long long)what->number,
	                         text);
	fault_report(c, s, &fault);
}

static void apply_rule(struct check *c, const struct spot *s, const struct field *f, void *value)
{
	const char *wrong = f->rule ? f->rule(c, value) : NULL;

	if (!wrong)
		return;
	fault_report(c, s, &(struct fault){
		.type = "value_error",
		.msg = arena_printf(&c->req->arena, "Value error, %s", wrong),
		.key = "error",
		.context = CONTEXT_EMPTY,
	});
}

static int64_t high_of(const struct check *c, const struct field *f)
{
	int64_t high = f->high;

	if (f->high_setting)
		memcpy(&high, (const char *)c->config + f->high_setting, sizeof high);
	return high;
}

/* ---- one reader per kind */

/* Code points, counted up to max. */
static size_t length(struct slice text, size_t max)
{
	struct utf8 utf8 = { 0 };
	size_t used;

	return utf8_count(&utf8, (const uint8_t *)text.at, text.len, max, &used);
}

static bool has_length(struct check *c, const struct spot *s, const struct field *f,
                       struct slice text)
{
	size_t low = (size_t)f->low, high = (size_t)high_of(c, f);
	size_t n = length(text, high > low ? high + 1 : low);

	if (n < low)
		report_bound(c, s, &(struct fault){ .type = "string_too_short",
			.msg = "String should have at least", .key = "min_length",
			.number = f->low }, low == 1 ? " character" : " characters");
	else if (high && n > high)
		report_bound(c, s, &(struct fault){ .type = "string_too_long",
			.msg = "String should have at most", .key = "max_length",
			.number = (int64_t)high }, high == 1 ? " character" : " characters");
	else
		return true;
	return false;
}

static void read_string(struct check *c, const struct spot *s, const struct field *f, void *to)
{
	struct slice *text = to;

	if (json_type(s->node) != JSON_STRING) {
		report(c, s, "string_type", "Input should be a valid string");
		return;
	}
	*text = json_string(c->doc, s->node);
	if (has_length(c, s, f, *text))
		apply_rule(c, s, f, text);
}

static void read_int(struct check *c, const struct spot *s, const struct field *f, void *to)
{
	int64_t *n = to, high = high_of(c, f);
	const struct fault *wrong = coerce_int(c, s->node, n);

	if (wrong)
		fault_report(c, s, wrong);
	else if (f->low && *n < f->low)
		report_bound(c, s, &(struct fault){ .type = "greater_than_equal", .key = "ge",
			.msg = "Input should be greater than or equal to", .number = f->low }, "");
	else if (high && *n > high)
		report_bound(c, s, &(struct fault){ .type = "less_than_equal", .key = "le",
			.msg = "Input should be less than or equal to", .number = high }, "");
	else
		apply_rule(c, s, f, n);
}

static void read_bool(struct check *c, const struct spot *s, const struct field *f, void *to)
{
	const struct fault *wrong = coerce_bool(c, s->node, to);

	if (wrong)
		fault_report(c, s, wrong);
	else
		apply_rule(c, s, f, to);
}

/* 'a', 'b' or 'c' */
static const char *words_told(struct arena *arena, const char *const *words)
{
	const char *told = arena_printf(arena, "'%s'", words[0]);

	for (size_t i = 1; words[i]; i++)
		told = arena_printf(arena, "%s%s'%s'", told, words[i + 1] ? ", " : " or ",
		                    words[i]);
	return told;
}

static void read_word(struct check *c, const struct spot *s, const struct field *f, void *to)
{
	bool is_text = json_type(s->node) == JSON_STRING;
	const char *told;

	for (size_t i = 0; is_text && f->words[i]; i++) {
		if (slice_equals(json_string(c->doc, s->node), f->words[i])) {
			*(size_t *)to = i;
			return;
		}
	}
	told = words_told(&c->req->arena, f->words);
	fault_report(c, s, &(struct fault){
		.type = "literal_error",
		.msg = arena_printf(&c->req->arena, "Input should be %s", told),
		.key = "expected",
		.context = CONTEXT_TEXT,
		.text = told,
	});
}

static bool read_object(struct check *c, const struct spot *s, const struct field *fields,
                        void *to);

static void read_item(struct check *c, const struct spot *s, const struct field *f, void *to)
{
	static const struct field plain = { .kind = FIELD_STRING };

	if (f->kind == FIELD_OBJECTS)
		read_object(c, s, f->item, to);
	else
		read_string(c, s, &plain, to);
}

static void read_list(struct check *c, const struct spot *s, const struct field *f, void *to)
{
	size_t size = f->kind == FIELD_OBJECTS ? f->item_size : sizeof(struct slice);
	size_t faults_before = c->n_faults, n = 0;
	struct list list = { NULL, json_count(s->node) };

	if (json_type(s->node) != JSON_ARRAY) {
		report(c, s, "list_type", "Input should be a valid list");
		return;
	}
	list.items = arena_alloc(&c->req->arena, size * (list.n + 1));
	for (const struct json *item = json_first(s->node); item; item = json_next(item), n++)
		read_item(c, &(struct spot){ .up = s, .index = n, .node = item }, f,
		          (char *)list.items + n * size);
	*(struct list *)to = list;
	if (c->n_faults == faults_before)
		apply_rule(c, s, f, to);
}

static reader *reader_of(enum field_kind kind)
{
	switch (kind) {
	case FIELD_STRING: return read_string;
	case FIELD_INT: return read_int;
	case FIELD_BOOL: return read_bool;
	case FIELD_WORD: return read_word;
	case FIELD_STRINGS: return read_list;
	case FIELD_OBJECTS: return read_list;
	}
	return NULL;
}

static void read_member(struct check *c, const struct spot *up, const struct field *f, void *to)
{
	const struct json *node = json_member(up->node, f->name);
	bool other = !node && f->alias && (node = json_member(up->node, f->alias));
	struct spot s = { .up = up, .name = other ? f->alias : f->name, .node = node };

	if (node && !(f->nullable && json_type(node) == JSON_NULL)) {
		reader_of(f->kind)(c, &s, f, (char *)to + f->at);
	} else if (!node && f->required) {
		s.node = up->node;
		report(c, &s, "missing", "Field required");
	}
}

/* An alias is unknown where its member is there itself. */
static bool is_known(const struct json *object, const struct field *fields, const char *name)
{
	const struct field *f = fields;

	while (f->name && strcmp(f->name, name) != 0 && !(f->alias && strcmp(f->alias, name) == 0))
		f++;
	return f->name && (strcmp(f->name, name) == 0 || !json_member(object, f->name));
}

static void refuse_unknown(struct check *c, const struct spot *s, const struct field *fields)
{
	for (const struct json *m = json_first(s->node); m; m = json_next(m))
		if (!is_known(s->node, fields, json_name(m)))
			report(c, &(struct spot){ .up = s, .name = json_name(m), .node = m },
			       "extra_forbidden", "Extra inputs are not permitted");
}

static bool read_object(struct check *c, const struct spot *s, const struct field *fields, void *to)
{
	size_t faults_before = c->n_faults;
	const struct field *f = fields;

	if (json_type(s->node) != JSON_OBJECT) {
		report(c, s, "model_attributes_type",
		       "Input should be a valid dictionary or object to extract fields from");
		return false;
	}
	for (; f->name; f++)
		read_member(c, s, f, to);
	if (f->closed)
		refuse_unknown(c, s, fields);
	if (c->n_faults == faults_before)
		apply_rule(c, s, f, to);
	return true;
}

/* ---- the body */

/* application/json or application/<x>+json, whatever its parameters. */
static bool is_json_type(const char *type)
{
	static const char json[] = "application/json";
	size_t len = type ? strcspn(type, "; \t") : 0;
	size_t whole = sizeof json - 1, start = whole - strlen("json");

	if (len < whole || strncasecmp(type, json, start) != 0)
		return false;
	return (len == whole || type[len - 5] == '+')
	    && strncasecmp(type + len - 4, "json", 4) == 0;
}

static bool is_all_optional(const struct field *fields)
{
	for (const struct field *f = fields; f->name; f++)
		if (f->required)
			return false;
	return true;
}

static bool refuse_syntax(struct check *c, const struct json_fault *fault, struct error *err)
{
	if (strcmp(fault->text, JSON_NOT_UTF8) == 0)
		return fail(err, ERR_INVALID, "There was an error parsing the body");
	fault_report_syntax(c, fault);
	return fault_finish(c, err);
}

bool check_body(struct check *c, const struct field *fields, void *to, struct error *err)
{
	struct slice body = { c->req->body, c->req->body_len };
	struct json_fault fault;
	bool is_json = is_json_type(c->req->content_type);

	if (is_json && body.len) {
		c->doc = json_parse(c->req->body, body.len, &fault);
		if (!c->doc)
			return refuse_syntax(c, &fault, err);
	}

	struct spot root = { .name = "body", .node = c->doc ? json_root(c->doc) : NULL };

	if (body.len && !is_json)
		fault_report_text(c, body);
	else if (root.node && json_type(root.node) != JSON_NULL)
		read_object(c, &root, fields, to);
	else if (!is_all_optional(fields))
		report(c, &(struct spot){ .name = "body" }, "missing", "Field required");
	return !c->n_faults || fault_finish(c, err);
}

void check_finish(struct check *c)
{
	json_close(&c->doc);
}
