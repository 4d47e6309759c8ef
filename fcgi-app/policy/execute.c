/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/execute.h"

#include "fcgi-app/policy/envfile.h"
#include "fcgi-app/policy/install.h"
#include "fcgi-app/policy/pool.h"
#include "lib/base64.h"
#include "lib/text.h"

#include <string.h>

enum { ATTACH_MS = 10000 };

/* One execution that was admitted. */
struct job {
	struct exchange x;
	const struct execution *what;
	struct collector in;
	struct turn turn;
	const struct input_file *files;    /* what->files; the env file before them, if there is one */
	size_t n_files;
	int64_t timeout_s, started_us;
};

static bool is_duplicate(const struct execution *what, size_t n)
{
	struct slice name = what->files[n].name;

	for (size_t i = 0; i < n; i++)
		if (what->files[i].name.len == name.len
		    && memcmp(what->files[i].name.at, name.at, name.len) == 0)
			return true;
	return false;
}

/* In the order of contract 1.2.6, step 10. */
static bool check_files(const struct config *c, const struct execution *what, struct error *err)
{
	int64_t total = 0;

	for (size_t i = 0; i < what->n_files; i++) {
		struct slice name = what->files[i].name;
		int shown = name.len < 512 ? (int)name.len : 512;
		size_t size;

		if (is_duplicate(what, i))
			return fail(err, ERR_INVALID,
			            "Duplicate input file name '%.*s' is not allowed", shown,
			            name.at);
		if (!base64_size(what->files[i].base64, &size))
			return fail(err, ERR_INVALID, "File '%.*s' content is not valid base64",
			            shown, name.at);
		if (size > (uint64_t)c->max_input_file_size)
			return fail(err, ERR_INVALID,
			            "File '%.*s' too large (%zu bytes, max %lld)", shown, name.at,
			            size, (long long)c->max_input_file_size);
		total += (int64_t)size;
		if (total > c->max_input_total_size)
			return fail(err, ERR_INVALID, "Total size of uploaded files exceeds limit");
	}
	return true;
}

/* Nothing is spent on bad files; but what is to be said of the session is said before them. */
static bool files_pass(struct backend *b, struct arena *arena, const struct claim *claim,
                       const struct execution *what, struct error *err)
{
	struct error first = { 0 };

	if (check_files(b->config, what, err))
		return true;
	if (!limit_look(b, arena, claim, &first))
		*err = first;
	return false;
}

/* True: someone ended it on purpose, or has it now. */
static bool is_taken(struct exchange *x)
{
	struct error err = { 0 };

	return !limit_renew(x->b, x->lease, &err) && err.kind == ERR_CONFLICT;
}

/*
 * Nothing has run, or nothing goes on running: an error is honest.  True in *discard: the session
 * is not worth keeping.
 */
static bool fail_unheard(struct job *j, bool *discard, struct error *err)
{
	if (j->turn.sent || err->kind != ERR_TIMEOUT) {
		*discard = err->kind == ERR_NOT_FOUND || err->kind == ERR_TIMEOUT;
		if (err->kind == ERR_NOT_FOUND || (err->kind == ERR_CONFLICT && j->turn.sent))
			return fail(err, ERR_NOT_FOUND, "Container session not found.");
		return fail_hidden(err, ERR_UNAVAILABLE, "the sandbox does not answer");
	}
	j->in.result->outcome = OUTCOME_INFRA;
	j->in.result->error_type = "FileUploadError";
	j->in.result->error = "Failed to copy input files to container: "
	                      "Timed out while provisioning files into sandbox path /home/sandbox";
	return true;
}

/* Something ran, or may have: the client gets what there is of it, and no word to try again. */
static void conclude_unfinished(struct job *j, bool *discard, const struct error *err)
{
	struct result *r = j->in.result;

	r->exit.wall_us = (uint64_t)(now_us() - j->started_us);
	r->execution_time_s = (double)r->exit.wall_us / 1e6;
	*discard = err->kind == ERR_TIMEOUT || err->kind == ERR_INTERNAL;
	if (err->kind == ERR_TIMEOUT)
		result_timed_out(&j->in, j->timeout_s, true);
	else if (err->kind == ERR_CONFLICT || (err->kind == ERR_NOT_FOUND && is_taken(&j->x)))
		result_lost(r, OUTCOME_CANCELLED);
	else if (err->kind == ERR_NOT_FOUND && (*discard = exchange_is_gone(&j->x)))
		result_lost(r, OUTCOME_SESSION_LOST);
	else
		result_lost(r, OUTCOME_INFRA);
}

/* The record goes before the lease: nobody is to be admitted to a session that is over. */
static void let_go(struct exchange *x, bool discard)
{
	struct error ignored = { 0 };

	talk_end(&x->talk);
	if (discard)
		session_discard(x->b, x->lease->session.id, &ignored);
	limit_release(x->b, x->lease);
}

static void result_no_env(struct job *j, const char *why)
{
	j->in.result->error_type = "EnvironmentProvisionError";
	j->in.result->error = arena_printf(j->x.arena,
	                                   "Failed to copy the env file to container: %s", why);
}

/* PID 1 does not know one file from the other. */
static bool is_env_missing(const struct job *j)
{
	const struct run_exit *e = &j->in.result->exit;

	return e->outcome == RUN_NO_FILES && j->n_files > j->what->n_files
	    && (j->n_files == 1 || envfile_is_named(j->x.b->config, e->reason));
}

static struct turn turn_of(const struct job *j, const struct config *c)
{
	return (struct turn){
		.run = {
			.language = j->what->language,
			.id = text_slice(j->in.result->id),
			.limits = output_limits(c, j->timeout_s),
		},
		.code = j->what->code,
		.files = j->files,
		.n_files = j->n_files,
	};
}

static bool has_install(const struct execution *what)
{
	return what->language == RUN_PYTHON && what->n_packages > 0;
}

static bool begin(struct job *j, struct error *err)
{
	const struct config *c = j->x.b->config;
	const struct session *s = &j->x.lease->session;
	int64_t work_s = j->timeout_s * (has_install(j->what) ? 2 : 1);
	struct terms terms = {
		.id = s->container,
		.epoch = s->epoch,
		.idle_ms = (c->session_timeout_seconds + c->sandbox_idle_grace_seconds) * 1000,
		.lifetime_ms = s->expires_ms - s->now_ms + (work_s + LIFETIME_GRACE_S) * 1000,
		.warm_ms = c->sandbox_warm_seconds * 1000,
	};

	return talk_begin(&j->x.talk, j->x.b, &terms,
	                  deadline_first(deadline_in_ms(ATTACH_MS),
	                                 deadline_in_ms(c->docker_client_timeout * 1000)), err);
}

/* What has to be installed first, then the run itself. */
static bool take_turns(struct job *j, struct error *err)
{
	bool over = false;

	if (!begin(j, err))
		return false;
	if (has_install(j->what)
	    && !install_run(&j->x, j->what, &j->turn, j->in.result, &over, err))
		return false;
	j->started_us = now_us();
	return over || exchange_turn(&j->x, &j->turn, &j->in, err);
}

/*
 * Until the sandbox has said READY, an end of the stream tells nothing of it: Docker is asked, which
 * in its first moments may name a container it is about to lose.  A fresh session has nothing to
 * lose with its own; what may have begun to run there reached no network and is gone without a trace.
 */
static bool converse(struct job *j, struct error *err)
{
	struct exchange *x = &j->x;
	int64_t left = x->b->config->sandbox_pool_size + 1;        /* they may all be dead */

	while (!take_turns(j, err)) {
		if (err->kind != ERR_NOT_FOUND || x->talk.heard || x->talk.foreign)
			return false;
		if (x->talk.attach != NULL && !exchange_is_gone(x))
			return fail_hidden(err, ERR_UNAVAILABLE, "the stream ended, the sandbox did not");
		if (!x->lease->session.fresh)
			return false;
		talk_end(&x->talk);
		j->turn = turn_of(j, x->b->config);
		if (left-- == 0)
			return fail_hidden(err, ERR_UNAVAILABLE, "one sandbox after another was dead");
		if (!pool_replace(x->b, x->arena, x->lease, err))
			return false;
	}
	return true;
}

static bool run(struct job *j, struct error *err)
{
	const struct config *c = j->x.b->config;
	bool remove = strcmp(c->timeout_action, "remove") == 0, discard = false, answered = true;
	struct error cause = { 0 };

	j->turn = turn_of(j, c);

	bool finished = converse(j, &cause);

	collector_finish(&j->in);
	if (finished) {
		discard = j->in.result->exit.outcome == RUN_TIMED_OUT && remove;
		result_conclude(&j->in, j->what, j->timeout_s, discard);
		if (is_env_missing(j))
			result_no_env(j, j->in.result->exit.reason.at);
	} else if (j->x.talk.heard || (j->turn.sent && cause.kind == ERR_UNAVAILABLE)) {
		conclude_unfinished(j, &discard, &cause);
	} else {
		answered = fail_unheard(j, &discard, &cause);
	}
	install_tell(j->in.result);
	if (j->x.talk.heard || j->turn.sent)
		j->x.lease->session.fresh = false;
	let_go(&j->x, discard);
	if (!answered)
		*err = cause;
	return answered;
}

/* Why there is none for a session that has one; NULL. */
static const char *bring_env(struct job *j)
{
	if (!j->x.lease->session.inject_env)
		return NULL;
	j->n_files++;
	return envfile_put_first(j->x.b->config, j->x.arena, j->what, &j->files);
}

static bool is_blank(struct slice code)
{
	return text_strip(code).len == 0;
}

static void result_empty(struct result *r)
{
	r->outcome = OUTCOME_ERROR;
	r->error = "Empty code provided";
	r->error_type = "ValueError";
}

bool execute_run(struct backend *b, struct arena *arena, const struct claim *claim,
                 const struct execution *what, struct result *out, struct error *err)
{
	const struct config *c = b->config;
	struct lease lease;
	struct job j = {
		.x = {
			.b = b,
			.arena = arena,
			.lease = &lease,
			.watch = claim->watch,
		},
		.what = what,
		.files = what->files, .n_files = what->n_files,
		.timeout_s = what->timeout_s > 0 ? what->timeout_s : c->default_timeout,
	};
	const char *wrong;
	bool answered = true;

	*out = (struct result){ 0 };
	id_short(out->id);
	if (!files_pass(b, arena, claim, what, err) || !limit_admit(b, arena, claim, &lease, err))
		return false;
	j.started_us = now_us();
	j.x.renew_at_us = j.started_us + c->run_lease_seconds * 1000000 / 3;
	collector_init(&j.in, c, arena, out);
	if (is_blank(what->code)) {
		result_empty(out);
		limit_release(b, &lease);
	} else if ((wrong = bring_env(&j)) != NULL) {
		result_no_env(&j, wrong);
		out->outcome = OUTCOME_INFRA;
		limit_release(b, &lease);
	} else {
		answered = run(&j, err);
	}
	collector_end(&j.in);
	return answered;
}
