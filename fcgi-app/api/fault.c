/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/fault.h"

enum {
	FAULTS_MAX = 100,                  /* more are left out: a list is read by people */
	INPUT_MAX = 1024,                  /* bytes echoed of one value */
};

/* False when this one is left out. */
static bool begin(struct check *c, const char *type)
{
	struct json_out *o = &c->out;

	if (++c->n_faults > FAULTS_MAX)
		return false;
	if (c->n_faults == 1) {
		*o = (struct json_out){ .to = &c->res->body };
		json_begin(o, '{');
		json_key(o, "detail");
		json_begin(o, '[');
	}
	json_begin(o, '{');
	json_key_str(o, "type", type);
	json_key(o, "loc");
	json_begin(o, '[');
	return true;
}

static void put_place(struct json_out *o, const struct spot *spot)
{
	if (spot->up)
		put_place(o, spot->up);
	if (spot->name)
		json_put_str(o, spot->name);
	else
		json_put_int(o, (int64_t)spot->index);
}

static void put_message(struct json_out *o, const char *msg)
{
	json_end(o, ']');
	json_key_str(o, "msg", msg);
	json_key(o, "input");
}

static void put_context(struct json_out *o, const struct fault *f)
{
	json_key(o, "ctx");
	json_begin(o, '{');
	json_key(o, f->key);
	if (f->context == CONTEXT_TEXT) {
		json_put_str(o, f->text);
	} else if (f->context == CONTEXT_NUMBER) {
		json_put_int(o, f->number);
	} else {
		json_begin(o, '{');
		json_end(o, '}');
	}
	json_end(o, '}');
}

void fault_report(struct check *c, const struct spot *spot, const struct fault *fault)
{
	if (!begin(c, fault->type))
		return;
	put_place(&c->out, spot);
	put_message(&c->out, fault->msg);
	if (spot->node)
		json_put_node(&c->out, c->doc, spot->node, INPUT_MAX);
	else
		json_put_null(&c->out);
	if (fault->context != CONTEXT_NONE)
		put_context(&c->out, fault);
	json_end(&c->out, '}');
}

void fault_report_syntax(struct check *c, const struct json_fault *fault)
{
	const struct fault context = {
		.key = "error", .context = CONTEXT_TEXT, .text = fault->text,
	};

	begin(c, "json_invalid");
	json_put_str(&c->out, "body");
	json_put_int(&c->out, (int64_t)fault->offset);
	put_message(&c->out, "JSON decode error");
	json_begin(&c->out, '{');
	json_end(&c->out, '}');
	put_context(&c->out, &context);
	json_end(&c->out, '}');
}

void fault_report_text(struct check *c, struct slice body)
{
	begin(c, "model_attributes_type");
	json_put_str(&c->out, "body");
	put_message(&c->out, "Input should be a valid dictionary or object to extract fields from");
	json_put_beginning(&c->out, body, INPUT_MAX);
	json_end(&c->out, '}');
}

bool fault_finish(struct check *c, struct error *err)
{
	json_end(&c->out, ']');
	json_end(&c->out, '}');
	return fail(err, ERR_UNPROCESSABLE, "%zu faults in the body", c->n_faults);
}
