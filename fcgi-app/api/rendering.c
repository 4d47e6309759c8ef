/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/rendering.h"

#include "fcgi-app/policy/metrics.h"
#include "lib/base64.h"
#include "lib/json.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

const char *assets_duplicate(const struct check *c, const struct list *assets)
{
	const struct asset *all = assets->items;

	for (size_t i = 0; i < assets->n; i++)
		for (size_t j = 0; j < i; j++)
			if (all[i].name.len == all[j].name.len
			    && memcmp(all[i].name.at, all[j].name.at, all[i].name.len) == 0)
				return arena_printf(&c->req->arena, "duplicate input file name: %.*s",
				                    (int)all[i].name.len, all[i].name.at);
	return NULL;
}

/* What follows the comma of a data: URI is all that counts. */
static struct slice without_prefix(struct slice s)
{
	static const char prefix[] = "data:";
	size_t len = sizeof prefix - 1;
	const char *comma = s.len > len && memcmp(s.at, prefix, len) == 0 ? memchr(s.at, ',', s.len)
	                                                                  : NULL;

	if (comma == NULL)
		return s;
	return (struct slice){ comma + 1, s.len - (size_t)(comma + 1 - s.at) };
}

enum asset_fault assets_check(const struct list *assets, const struct asset_limits *limits,
                              const struct asset **which)
{
	struct asset *all = assets->items;
	int64_t total = 0;

	*which = NULL;
	if (assets->n > (size_t)limits->files)
		return ASSETS_MANY;
	for (size_t i = 0; i < assets->n; i++) {
		size_t size;

		*which = &all[i];
		if (limits->may_be_data_uri)
			all[i].base64 = without_prefix(all[i].base64);
		if (!base64_size(all[i].base64, &size))
			return ASSET_NOT_BASE64;
		if (size > (uint64_t)limits->bytes)
			return ASSET_LARGE;
		total += (int64_t)size;
		if (total > limits->total)
			return ASSETS_LARGE;
	}
	return ASSETS_FINE;
}

struct input_file *assets_as_input(struct arena *arena, const struct list *assets,
                                   const char *directory, size_t more)
{
	struct input_file *files = arena_alloc(arena, (assets->n + more) * sizeof files[0]);
	const struct asset *all = assets->items;

	for (size_t i = 0; i < assets->n; i++)
		files[more + i] = (struct input_file){
			.name = text_slice(arena_printf(arena, "%s/%.*s", directory,
			                                (int)all[i].name.len, all[i].name.at)),
			.base64 = all[i].base64,
		};
	return files;
}

struct statement statement_read(struct arena *arena, const struct result *result)
{
	struct slice line = text_strip(buf_slice(&result->stdout_text));
	struct json_fault fault;

	if (line.len == 0)
		return (struct statement){ NULL };
	return (struct statement){ json_parse(arena_strndup(arena, line.at, line.len), line.len, &fault) };
}

struct slice statement_text(const struct statement *s, const char *member)
{
	const struct json *node = s->doc ? json_member(json_root(s->doc), member) : NULL;

	if (node == NULL || json_type(node) != JSON_STRING)
		return text_slice("");
	return json_string(s->doc, node);
}

void statement_close(struct statement *s)
{
	json_close(&s->doc);
}

const struct output_file *rendering_file(const struct rendering *r, const char *name)
{
	for (size_t i = 0; i < r->result.n_files; i++)
		if (slice_equals(r->result.files[i].name, name))
			return &r->result.files[i];
	return NULL;
}

struct zip_part rendering_part(const struct rendering *r, const struct output_file *file)
{
	return (struct zip_part){ &r->spool, file->at, file->len };
}

bool rendering_note(struct rendering *r, struct slice text, struct zip_part *out,
                    struct error *err)
{
	*out = (struct zip_part){ &r->spool, r->spool.len, text.len };
	return spool_append(&r->spool, text.at, text.len, err);
}

bool rendering_failed(const struct rendering *r, const char *text, struct error *err)
{
	const struct run_exit *e = &r->result.exit;

	if (e->outcome == RUN_CANCELLED) {
		fail(err, ERR_UNAVAILABLE, "The gateway is shutting down. Please retry shortly.");
		err->retry_after_s = 1;
		return false;
	}
	fail(err, ERR_INTERNAL, "%s", text);
	/* What the program said is not told: it may have said it of a client's pages. */
	(void)snprintf(err->detail, sizeof err->detail, "outcome %d, status %u%s %.*s", (int)e->outcome,
	               e->status, e->oom ? ", out of memory" : "", (int)e->reason.len,
	               e->reason.len > 0 ? e->reason.at : "");
	text_on_one_line(err->detail);
	return false;
}

bool rendering_lost(const struct rendering *r, const char *text, struct error *err)
{
	struct error cause = *err;

	if (err->kind == ERR_LIMITED || err->kind == ERR_UNAVAILABLE || err->kind == ERR_INVALID)
		return false;
	rendering_failed(r, text, err);
	if (*cause.detail != '\0')
		memcpy(err->detail, cause.detail, sizeof err->detail);
	return false;
}

struct claim rendering_claim(struct app *app, struct request *req)
{
	return (struct claim){
		.who = req->who,
		.watch = {
			.client_fd = app->config->cancel_on_disconnect ? request_fd(req) : -1,
			.cancel_fd = app->cancel_fd,
		},
	};
}

/* The contract counts what was refused as failed (7.4). */
void rendering_count(struct app *app, bool succeeded, const struct error *err, int64_t began_us)
{
	metrics_render(app->backend.metrics,
	               succeeded ? METRIC_SUCCESSFUL
	               : err->kind == ERR_TIMEOUT ? METRIC_TIMED_OUT : METRIC_FAILED,
	               now_us() - began_us);
}
