/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON body into a struct, by a table: one line is one member.  What does not fit is told in
 * the words and the shape clients know (contract 1.4, 1.5), all of it at once, in the table's
 * order.
 */
#ifndef API_CHECK_H
#define API_CHECK_H

#include "fcgi-app/policy/config.h"
#include "lib/json.h"
#include "lib/request.h"
#include "lib/response.h"

struct list {
	void *items;                       /* arena */
	size_t n;
};

/* What a member must be, and as what its value arrives. */
enum field_kind {
	FIELD_STRING,                      /* struct slice */
	FIELD_INT,                         /* int64_t */
	FIELD_BOOL,                        /* bool */
	FIELD_WORD,                        /* size_t: index into words */
	FIELD_STRINGS,                     /* struct list of struct slice */
	FIELD_OBJECTS,                     /* struct list of item_size bytes each */
};

struct check;

/* Looks at a value of the right kind, and may trim it; what is wrong with it, or NULL. */
typedef const char *field_rule(const struct check *c, void *value);

/*
 * One member.  What is absent stays as it was.  A table ends with a line without name; that line's
 * rule looks at the whole struct, and its `closed` refuses members that the table does not know.
 */
struct field {
	const char *name;
	enum field_kind kind;
	bool required, nullable;           /* null, where allowed, is as good as absent */
	size_t at;                         /* of the value in its struct */
	int64_t low, high;                 /* INT: the value; STRING: code points; 0 = no such bound */
	size_t high_setting;               /* where struct config has `high` instead; 0 = here */
	const char *const *words;          /* ends with NULL */
	const struct field *item;          /* the table of each object */
	size_t item_size;
	field_rule *rule;
	const char *alias;                 /* counts where name is absent; NULL = none */
	bool closed;
};

/* One body under examination; strings of the result live until check_finish. */
struct check {
	const struct config *config;
	struct request *req;
	struct response *res;              /* takes the list of what is wrong */
	struct json_doc *doc;
	struct json_out out;
	size_t n_faults;
};

#define auto_check __attribute__((cleanup(check_finish))) struct check

/* No body and null are the same: fine when no member of the table is required. */
bool check_body(struct check *c, const struct field *fields, void *to, struct error *err);
void check_finish(struct check *c);

#endif
