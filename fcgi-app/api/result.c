/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/result.h"

#include "lib/json.h"

static const char *outcome_word(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_OK: return "ok";
	case OUTCOME_ERROR: return "error";
	case OUTCOME_EXIT: return "exit";
	case OUTCOME_SIGNAL: return "signal";
	case OUTCOME_TIMEOUT: return "timeout";
	case OUTCOME_OOM: return "oom";
	case OUTCOME_OUTPUT_LIMIT: return "output_limit";
	case OUTCOME_CANCELLED: return "cancelled";
	case OUTCOME_SESSION_LOST: return "session_lost";
	case OUTCOME_INFRA: return "infra";
	}
	return NULL;
}

static void put_file(struct json_out *o, const struct output_file *f, const struct buf *content)
{
	json_begin(o, '{');
	json_key(o, "name");
	json_put_text(o, f->name);
	json_key(o, "content");
	if (f->error)
		json_put_null(o);
	else
		json_put_base64(o, content->data ? content->data + f->at : "", f->len);
	json_key_str(o, "mime_type", f->mime_type);
	json_key_int(o, "size", f->size);
	json_key_str(o, "error", f->error);
	json_end(o, '}');
}

static void put_measured(struct json_out *o, const char *key, bool known, uint64_t n)
{
	json_key(o, key);
	if (known)
		json_put_int(o, (int64_t)n);
	else
		json_put_null(o);
}

/* Of a run whose end nobody told of, only how long it was waited for is known. */
static void put_usage(struct json_out *o, const struct run_exit *e)
{
	bool told = e->outcome != 0;

	json_key(o, "usage");
	json_begin(o, '{');
	put_measured(o, "cpu_ms", told, e->cpu_us / 1000);
	put_measured(o, "wall_ms", true, e->wall_us / 1000);
	put_measured(o, "max_rss_bytes", told, e->peak_bytes);
	json_end(o, '}');
}

static void put_truncated(struct json_out *o, const struct run_exit *e, int64_t max_chars)
{
	json_key(o, "truncated");
	json_begin(o, '{');
	json_key_bool(o, "stdout", e->stdout_chars > (uint64_t)max_chars);
	json_key_bool(o, "stderr", e->stderr_chars > (uint64_t)max_chars);
	json_end(o, '}');
}

/* What the contract's clients do not know: how a run ended, and what it took. */
static void put_more(struct json_out *o, const struct config *c, const struct result *r)
{
	json_key_str(o, "outcome", outcome_word(r->outcome));
	put_measured(o, "exit_code", r->exit.outcome == RUN_EXITED, r->exit.status);
	json_key_str(o, "signal", r->signal);
	put_usage(o, &r->exit);
	put_truncated(o, &r->exit, c->max_output_chars);
	json_key_int(o, "files_skipped", r->files_skipped);
}

void result_put(struct response *res, const struct config *c, const struct result *r)
{
	struct json_out o = { .to = &res->body };

	res->outcome = outcome_word(r->outcome);
	json_begin(&o, '{');
	json_key_str(&o, "execution_id", r->id);
	json_key(&o, "stdout");
	json_put_text(&o, buf_slice(&r->stdout_text));
	json_key(&o, "stderr");
	json_put_text(&o, buf_slice(&r->stderr_text));
	json_key_str(&o, "error", r->error);
	json_key_str(&o, "error_type", r->error_type);
	json_key(&o, "files");
	json_begin(&o, '[');
	for (size_t i = 0; i < r->n_files; i++)
		put_file(&o, &r->files[i], &r->content);
	json_end(&o, ']');
	json_key(&o, "execution_time");
	json_put_fixed(&o, r->execution_time_s, 4);
	json_key(&o, "install_time");
	if (r->installed)
		json_put_fixed(&o, r->install_time_s, 2);
	else
		json_put_null(&o);
	json_key_bool(&o, "timed_out", r->timed_out);
	put_more(&o, c, r);
	json_end(&o, '}');
}

size_t result_max(const struct config *c)
{
	enum { ESCAPED = 6, REST = 65536, FILE_REST = 512 };       /* "\u0000" for one byte */
	size_t chars = 2 * (size_t)c->max_output_chars + 2 * (size_t)c->max_error_chars;
	size_t names = (size_t)c->max_output_files * (ESCAPED * WIRE_NAME_MAX + FILE_REST);
	size_t content = ((size_t)c->max_output_total_size + 2) / 3 * 4;

	return ESCAPED * chars + names + content + REST;
}
