/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a body, one entry after the other, in the list a 422 carries. */
#ifndef API_FAULT_H
#define API_FAULT_H

#include "fcgi-app/api/check.h"

/* Where in the body: a member or an item of what lies above it. */
struct spot {
	const struct spot *up;             /* NULL: the body itself */
	const char *name;                  /* NULL: the item `index` */
	size_t index;
	const struct json *node;           /* what is echoed as input; NULL = null */
};

enum fault_context { CONTEXT_NONE, CONTEXT_TEXT, CONTEXT_NUMBER, CONTEXT_EMPTY };

struct fault {
	const char *type, *msg;
	const char *key;                   /* of the only member of ctx */
	enum fault_context context;
	const char *text;
	int64_t number;
};

void fault_report(struct check *c, const struct spot *spot, const struct fault *fault);
/* The body is no JSON at all, or not meant to be: it is one text. */
void fault_report_syntax(struct check *c, const struct json_fault *fault);
void fault_report_text(struct check *c, struct slice body);
/* Closes the list; false. */
bool fault_finish(struct check *c, struct error *err);

#endif
