/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/execute.h"

#include "fcgi-app/policy/output.h"
#include "fcgi-app/policy/talk.h"
#include "lib/base64.h"
#include "lib/text.h"

#include <string.h>

/*
 * PID 1 ends a run at its time-out; what follows, collecting included, has so long.  A sandbox that
 * has not said READY by its own deadline will not.
 */
enum { ATTACH_MS = 10000, READY_MS = 10000, GRACE_MS = 15000, RETRY_MS = 1000, PROBE_MS = 500 };

/* A stream that ended may mean a container that ended, within so long, or a Docker that restarted. */
enum { GONE_MS = 3000, GONE_POLL_MS = 20, LIFETIME_GRACE_S = 60 };

struct exchange {
	struct backend *b;
	const struct execution *what;
	struct lease *lease;
	struct collector in;
	struct talk talk;
	int64_t timeout_s;
	struct deadline deadline;          /* of the part that goes on */
	int64_t started_us, renew_at_us;
	bool sent;                         /* all of it, RUN included */
	int client_fd;                     /* -1: not watched (any more) */
};

/* Nothing is written once somebody else may be admitted. */
static struct deadline write_by(const struct exchange *x)
{
	return deadline_first(x->deadline, (struct deadline){ x->lease->expires_us });
}

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

/*
 * Renews the lease every third of it, here and there.  While Redis is away the run goes on for as
 * long as the lease lasts; after that nobody may speak to the sandbox, and PID 1 will end the run.
 */
static bool keep_lease(struct exchange *x, struct error *err)
{
	struct error away = { 0 };

	if (now_us() < x->renew_at_us)
		return true;
	if (limit_renew(x->b, x->lease, &away)) {
		x->renew_at_us = now_us() + x->b->config->run_lease_seconds * 1000000 / 3;
		return talk_send(&x->talk, FRAME_LEASE, NULL, 0, write_by(x), err);
	}
	if (away.kind == ERR_CONFLICT || now_us() >= x->lease->expires_us) {
		*err = away;
		return false;
	}
	x->renew_at_us = now_us() + RETRY_MS * 1000;
	return true;
}

static bool send_data(struct exchange *x, const void *bytes, size_t len, struct error *err)
{
	return talk_send(&x->talk, FRAME_DATA, bytes, len, write_by(x), err) && keep_lease(x, err);
}

static bool send_file(struct exchange *x, const struct file *file, struct error *err)
{
	uint8_t payload[FRAME_MAX_IN];
	size_t len = file_put(payload, sizeof payload, file);

	return len == 0 ? fail_hidden(err, ERR_INTERNAL, "a file name of %zu bytes", file->name.len)
	                : talk_send(&x->talk, FRAME_FILE, payload, len, write_by(x), err);
}

static bool send_code(struct exchange *x, struct error *err)
{
	struct slice code = x->what->code;
	struct file file = { .kind = FILE_CODE, .size = code.len };

	if (!send_file(x, &file, err))
		return false;
	while (code.len > 0) {
		size_t n = code.len < FRAME_MAX_IN ? code.len : FRAME_MAX_IN;

		if (!send_data(x, code.at, n, err))
			return false;
		code = (struct slice){ code.at + n, code.len - n };
	}
	return send_data(x, NULL, 0, err);
}

static bool send_input(struct exchange *x, const struct input_file *input, struct error *err)
{
	struct file file = { .kind = FILE_INPUT, .name = input->name };
	struct slice text = input->base64;
	uint8_t piece[FRAME_MAX_IN];
	size_t size, n;

	if (!base64_size(text, &size))
		return fail_hidden(err, ERR_INTERNAL, "base64 changed its mind");
	file.size = size;
	if (!send_file(x, &file, err))
		return false;
	while ((n = base64_next(&text, piece, sizeof piece)) > 0)
		if (!send_data(x, piece, n, err))
			return false;
	return send_data(x, NULL, 0, err);
}

static bool send_run(struct exchange *x, struct error *err)
{
	const struct config *c = x->b->config;
	uint8_t payload[FRAME_MAX_IN];
	struct run run = {
		.language = x->what->language,
		.id = text_slice(x->in.result->id),
		.limits = {
			.timeout_ms = (uint32_t)(x->timeout_s * 1000),
			.max_chars = (uint32_t)c->max_output_chars,
			.max_output_bytes = (uint64_t)c->sandbox_max_output_bytes,
			.max_files = (uint32_t)c->max_output_files,
			.max_file_bytes = (uint64_t)c->max_output_file_size,
			.max_files_bytes = (uint64_t)c->max_output_total_size,
		},
	};

	return talk_send(&x->talk, FRAME_RUN, payload, run_put(payload, sizeof payload, &run),
	                 write_by(x), err);
}

static bool send_all(struct exchange *x, struct error *err)
{
	if (!send_code(x, err))
		return false;
	for (size_t i = 0; i < x->what->n_files; i++)
		if (!send_input(x, &x->what->files[i], err))
			return false;
	return send_run(x, err) && talk_flush(&x->talk, write_by(x), err);
}

/* Waits with one eye on the client; once it has gone, asks for the end of the run. */
static bool watch_client(struct exchange *x, struct deadline until, struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = attach_fd(x->talk.attach), .events = POLLIN },
		{ .fd = x->client_fd, .events = POLLRDHUP },
	};

	if (x->client_fd < 0 || talk_has_input(&x->talk))
		return true;
	if (deadline_poll(fds, 2, until) <= 0 || fds[1].revents == 0)
		return true;
	x->client_fd = -1;
	return talk_send(&x->talk, FRAME_CANCEL, NULL, 0, write_by(x), err)
	    && talk_flush(&x->talk, write_by(x), err);
}

/* True: it does not run any more. */
static bool is_gone(struct exchange *x)
{
	struct deadline deadline = deadline_in_ms(GONE_MS);
	struct docker_container found = { 0 };
	struct error err = { 0 };

	do {
		if (!docker_inspect(x->b->docker, x->in.arena, x->lease->session.id, deadline,
		                    &found, &err))
			return err.kind == ERR_NOT_FOUND;
		if (!found.running)
			return true;
		deadline_sleep_ms(deadline, GONE_POLL_MS);
	} while (!deadline_passed(deadline));
	return false;
}

/*
 * Docker does not always tell of a container that died while we attached to it: one that stays
 * silent is looked at now and then.
 */
static bool is_silent_for_ever(struct exchange *x, struct deadline *probe)
{
	if (x->talk.heard || !deadline_passed(*probe))
		return false;
	*probe = deadline_in_ms(PROBE_MS);
	return is_gone(x);
}

/* Until EXIT.  TIMEOUT: not even that came in time. */
static bool receive(struct exchange *x, struct error *err)
{
	struct deadline ready = deadline_in_ms(READY_MS);
	struct deadline probe = deadline_in_ms(PROBE_MS);
	struct frame frame;

	while (!x->in.done) {
		struct deadline end = x->talk.heard ? x->deadline
						    : deadline_first(x->deadline, ready);
		struct deadline wake = deadline_first(end, (struct deadline){ x->renew_at_us });

		if (!x->talk.heard)
			wake = deadline_first(wake, probe);
		if (!watch_client(x, wake, err))
			return false;
		if (talk_next(&x->talk, &frame, wake, err)) {
			if (!collector_take(&x->in, &frame, err))
				return false;
		} else if (err->kind != ERR_TIMEOUT || deadline_passed(end)) {
			return false;
		} else if (is_silent_for_ever(x, &probe)) {
			return fail_hidden(err, ERR_NOT_FOUND, "the sandbox ended while it was called");
		}
		if (!keep_lease(x, err) || !talk_flush(&x->talk, write_by(x), err))
			return false;
	}
	return true;
}

static bool converse(struct exchange *x, struct error *err)
{
	const struct config *c = x->b->config;

	x->deadline = deadline_in_ms(c->file_provision_timeout * 1000);
	if (!send_all(x, err))
		return false;
	x->sent = true;
	x->deadline = deadline_in_ms(x->timeout_s * 1000 + GRACE_MS);
	return receive(x, err);
}

/* True: someone ended it on purpose, or has it now. */
static bool is_taken(struct exchange *x)
{
	struct error err = { 0 };

	return !limit_renew(x->b, x->lease, &err) && err.kind == ERR_CONFLICT;
}

/* Nothing has run: an error is honest.  True in *discard: the session is not worth keeping. */
static bool fail_unheard(struct exchange *x, bool *discard, struct error *err)
{
	if (x->sent || err->kind != ERR_TIMEOUT) {
		*discard = err->kind == ERR_NOT_FOUND || err->kind == ERR_TIMEOUT;
		if (err->kind == ERR_NOT_FOUND || err->kind == ERR_CONFLICT)
			return fail(err, ERR_NOT_FOUND, "Container session not found.");
		return fail_hidden(err, ERR_UNAVAILABLE, "the sandbox does not answer");
	}
	x->in.result->outcome = OUTCOME_INFRA;
	x->in.result->error_type = "FileUploadError";
	x->in.result->error = "Failed to copy input files to container: "
	                      "Timed out while provisioning files into sandbox path /home/sandbox";
	return true;
}

/* Something ran: the client gets what there is of it. */
static void conclude_unfinished(struct exchange *x, bool *discard, const struct error *err)
{
	struct result *r = x->in.result;

	r->execution_time_s = (double)(now_us() - x->started_us) / 1e6;
	*discard = err->kind == ERR_TIMEOUT || err->kind == ERR_INTERNAL;
	if (err->kind == ERR_TIMEOUT)
		result_timed_out(&x->in, x->timeout_s, true);
	else if (err->kind == ERR_CONFLICT || (err->kind == ERR_NOT_FOUND && is_taken(x)))
		result_lost(r, OUTCOME_CANCELLED);
	else if (err->kind == ERR_NOT_FOUND && (*discard = is_gone(x)))
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

static bool run(struct exchange *x, struct error *err)
{
	const struct config *c = x->b->config;
	const struct session *s = &x->lease->session;
	bool remove = strcmp(c->timeout_action, "remove") == 0, discard = false, answered = true;
	struct terms terms = {
		.id = s->id,
		.epoch = s->epoch,
		.idle_ms = (c->session_timeout_seconds + c->sandbox_idle_grace_seconds) * 1000,
		.lifetime_ms = s->expires_ms - s->now_ms + (x->timeout_s + LIFETIME_GRACE_S) * 1000,
	};
	struct error cause = { 0 };
	struct deadline attached = deadline_first(deadline_in_ms(ATTACH_MS),
						  deadline_in_ms(c->docker_client_timeout * 1000));
	bool finished = talk_begin(&x->talk, x->b, &terms, attached, &cause)
	             && converse(x, &cause);

	collector_finish(&x->in);
	if (finished) {
		discard = x->in.result->exit.outcome == RUN_TIMED_OUT && remove;
		result_conclude(&x->in, x->what, x->timeout_s, discard);
	} else if (x->talk.heard) {
		conclude_unfinished(x, &discard, &cause);
	} else {
		answered = fail_unheard(x, &discard, &cause);
	}
	let_go(x, discard);
	if (!answered)
		*err = cause;
	return answered;
}

static bool is_blank(struct slice code)
{
	return text_trim(code).len == 0;
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
	struct exchange x = {
		.b = b,
		.what = what,
		.lease = &lease,
		.timeout_s = what->timeout_s > 0 ? what->timeout_s : c->default_timeout,
		.client_fd = c->cancel_on_disconnect ? what->client_fd : -1,
	};
	bool answered = true;

	*out = (struct result){ 0 };
	id_short(out->id);
	if (!check_files(c, what, err) || !limit_admit(b, arena, claim, &lease, err))
		return false;
	x.started_us = now_us();
	x.renew_at_us = x.started_us + c->run_lease_seconds * 1000000 / 3;
	collector_init(&x.in, c, arena, out);
	if (is_blank(what->code)) {
		result_empty(out);
		limit_release(b, &lease);
	} else {
		answered = run(&x, err);
	}
	collector_end(&x.in);
	return answered;
}
