/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/asked.h"

#include "fcgi-app/policy/render.h"
#include "fcgi-app/policy/session.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

enum { ASKED_OUTPUT = 65536 };

char asked[ASKED_MAX];
struct execution asked_run;
const struct asked_rendering *asked_rendering;

bool execute_run(struct backend *b, struct arena *arena, const struct claim *claim,
                 const struct execution *what, struct result *out, struct error *err)
{
	int used = snprintf(asked, ASKED_MAX, "%s %s %zu %lld", claim->session_id,
	                    what->language == RUN_BASH ? "bash" : "python", what->code.len,
	                    (long long)what->timeout_s);

	(void)b;
	(void)arena;
	(void)out;
	asked_run = *what;
	for (size_t i = 0; i < what->n_files && i < 3; i++)
		used += snprintf(asked + used, ASKED_MAX - (size_t)used, " %.*s=%.*s",
		                 (int)what->files[i].name.len, what->files[i].name.at,
		                 (int)what->files[i].base64.len, what->files[i].base64.at);
	for (size_t i = 0; i < what->n_packages && i < 3; i++)
		used += snprintf(asked + used, ASKED_MAX - (size_t)used, " %.*s", (int)what->packages[i].len,
		                 what->packages[i].at);
	return fail(err, ERR_NOT_FOUND, "asked");
}

void result_finish(struct result *r)
{
	(void)r;
}

static void note_rendering(const struct render_job *job)
{
	int used = snprintf(asked, ASKED_MAX, "%s %lld", job->kind == RENDER_LATEX ? "latex" : "slides",
	                    (long long)job->timeout_s);

	for (size_t i = 0; i < job->n_files && i < 4; i++)
		used += snprintf(asked + used, ASKED_MAX - (size_t)used, " %.*s=%.*s",
		                 (int)job->files[i].name.len, job->files[i].name.at,
		                 (int)job->files[i].base64.len, job->files[i].base64.at);
}

static void answer_rendering(struct rendering *out, struct arena *arena, struct error *err)
{
	const struct asked_rendering *a = asked_rendering;
	size_t most = sizeof a->files / sizeof *a->files;

	out->result.files = arena_alloc(arena, most * sizeof out->result.files[0]);
	for (size_t i = 0; i < most && a->files[i].name; i++) {
		size_t len = a->files[i].bytes ? strlen(a->files[i].bytes) : 0;

		out->result.files[out->result.n_files++] = (struct output_file){
			.name = text_slice(a->files[i].name), .error = a->files[i].error,
			.size = (int64_t)len, .at = out->spool.len, .len = len,
		};
		(void)spool_append(&out->spool, a->files[i].bytes, len, err);
	}
	out->result.exit = a->exit;
	buf_puts(&out->result.stdout_text, a->says ? a->says : "");
	buf_puts(&out->result.stderr_text, a->complains ? a->complains : "");
}

bool render_run(struct backend *b, struct arena *arena, const struct claim *claim,
                const struct render_job *job, struct rendering *out, struct error *err)
{
	(void)claim;
	*out = (struct rendering){
		.spool = SPOOL_INIT(b->config->run_dir),
		.result = { .id = "abcdefgh-ijk", .stdout_text = BUF_INIT(ASKED_OUTPUT),
		            .stderr_text = BUF_INIT(ASKED_OUTPUT) },
	};
	if (job->wrong != NULL)
		return fail(err, ERR_INVALID, "%s", job->wrong);
	note_rendering(job);
	if (asked_rendering == NULL)
		return fail(err, ERR_LIMITED, "asked");
	answer_rendering(out, arena, err);
	return asked_rendering->lost == ERR_NONE
	    || fail(err, asked_rendering->lost, "%s", asked_rendering->how);
}

void render_finish(struct rendering *r)
{
	buf_finish(&r->result.stdout_text);
	buf_finish(&r->result.stderr_text);
	spool_finish(&r->spool);
}

bool session_create(struct backend *b, struct arena *arena, const struct principal *who,
                    struct session_options want, struct session *out, struct error *err)
{
	(void)b;
	(void)arena;
	(void)who;
	(void)out;
	(void)snprintf(asked, ASKED_MAX, "network=%d%s", want.network,
	               want.inject_env ? " env" : "");
	return fail(err, ERR_NOT_FOUND, "asked");
}

bool session_inspect(struct backend *b, struct arena *arena, const struct principal *who,
                     const char *id, struct session *out, struct error *err)
{
	(void)b;
	(void)arena;
	(void)who;
	(void)id;
	(void)out;
	return fail(err, ERR_NOT_FOUND, "asked");
}

bool session_delete(struct backend *b, struct arena *arena, const struct principal *who,
                    const char *id, struct error *err)
{
	(void)b;
	(void)arena;
	(void)who;
	(void)id;
	return fail(err, ERR_NOT_FOUND, "asked");
}
