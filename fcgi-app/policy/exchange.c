/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/exchange.h"

#include "lib/base64.h"

/*
 * PID 1 ends a run at its time-out; what follows, collecting included, has so long.  A sandbox that
 * has not said READY by its own deadline will not.
 */
enum { READY_MS = 10000, GRACE_MS = 15000, RETRY_MS = 1000, PROBE_MS = 500 };

/* A stream that ended may mean a container that ended, within so long, or a Docker that restarted. */
enum { GONE_MS = 3000, GONE_POLL_MS = 20 };

/* Nothing is written once somebody else may be admitted; nobody ever is to a renderer's sandbox. */
static struct deadline write_by(const struct exchange *x)
{
	if (x->lease == NULL)
		return x->deadline;
	return deadline_first(x->deadline, (struct deadline){ x->lease->expires_us });
}

static bool renew(struct exchange *x, struct error *err)
{
	return x->lease ? limit_renew(x->b, x->lease, err) : renderslot_renew(x->b, x->slot, err);
}

static bool is_lost(const struct exchange *x, const struct error *err)
{
	return x->lease && (err->kind == ERR_CONFLICT || now_us() >= x->lease->expires_us);
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
	if (renew(x, &away)) {
		x->renew_at_us = now_us() + x->b->config->run_lease_seconds * 1000000 / 3;
		return talk_send(&x->talk, FRAME_LEASE, NULL, 0, write_by(x), err);
	}
	if (is_lost(x, &away)) {
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

static bool send_plain(struct exchange *x, struct file *file, struct slice bytes, struct error *err)
{
	file->size = bytes.len;
	if (!send_file(x, file, err))
		return false;
	while (bytes.len > 0) {
		size_t n = bytes.len < FRAME_MAX_IN ? bytes.len : FRAME_MAX_IN;

		if (!send_data(x, bytes.at, n, err))
			return false;
		bytes = (struct slice){ bytes.at + n, bytes.len - n };
	}
	return send_data(x, NULL, 0, err);
}

static bool send_input(struct exchange *x, const struct input_file *input, struct error *err)
{
	struct file file = { .kind = FILE_INPUT, .name = input->name };
	struct slice text = input->base64;
	uint8_t piece[FRAME_MAX_IN];
	size_t size, n;

	if (input->is_plain)
		return send_plain(x, &file, input->base64, err);
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

static bool send_run(struct exchange *x, const struct run *run, struct error *err)
{
	uint8_t payload[FRAME_MAX_IN];
	size_t len = run_put(payload, sizeof payload, run);

	return len == 0 ? fail_hidden(err, ERR_INTERNAL, "a RUN that does not fit")
	                : talk_send(&x->talk, FRAME_RUN, payload, len, write_by(x), err);
}

/* What is left of a common deadline is the run's. */
static bool has_time(struct turn *turn, struct error *err)
{
	int64_t left_ms = deadline_left_ms(turn->until);

	if (turn->until.at_us == 0)
		return true;
	if (left_ms <= 0)
		return fail(err, ERR_TIMEOUT, "the deadline has passed");
	turn->run.limits.timeout_ms = (uint32_t)left_ms;
	return true;
}

static bool send_all(struct exchange *x, struct turn *turn, struct error *err)
{
	struct file code = { .kind = FILE_CODE };

	if (!send_plain(x, &code, turn->code, err))
		return false;
	for (size_t i = 0; i < turn->n_files; i++)
		if (!send_input(x, &turn->files[i], err))
			return false;
	return has_time(turn, err) && send_run(x, &turn->run, err) && talk_flush(&x->talk, write_by(x), err);
}

/* Waits with one eye on who may end the run; is it to end, that is asked for, once. */
static bool watch_others(struct exchange *x, struct deadline until, struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = attach_fd(x->talk.attach), .events = POLLIN },
		{ .fd = x->watch.client_fd, .events = POLLRDHUP },
		{ .fd = x->watch.cancel_fd, .events = POLLIN },
	};

	if ((fds[1].fd < 0 && fds[2].fd < 0) || talk_has_input(&x->talk))
		return true;
	if (deadline_poll(fds, 3, until) <= 0 || (!fds[1].revents && !fds[2].revents))
		return true;
	x->watch = (struct watch){ -1, -1 };
	x->cancelled = true;
	return talk_send(&x->talk, FRAME_CANCEL, NULL, 0, write_by(x), err)
	    && talk_flush(&x->talk, write_by(x), err);
}

bool exchange_is_gone(struct exchange *x)
{
	struct deadline deadline = deadline_in_ms(GONE_MS);
	const char *container = x->lease ? x->lease->session.container : x->slot->container;
	struct docker_container found = { 0 };
	struct error err = { 0 };

	do {
		if (!docker_inspect(x->b->docker, x->arena, container, deadline, &found, &err))
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
	return exchange_is_gone(x);
}

/* Until EXIT.  TIMEOUT: not even that came in time. */
static bool receive(struct exchange *x, struct collector *in, struct error *err)
{
	struct deadline ready = deadline_in_ms(READY_MS);
	struct deadline probe = deadline_in_ms(PROBE_MS);
	struct frame frame;

	while (!in->done) {
		struct deadline end = x->talk.heard ? x->deadline
						    : deadline_first(x->deadline, ready);
		struct deadline wake = deadline_first(end, (struct deadline){ x->renew_at_us });

		if (!x->talk.heard)
			wake = deadline_first(wake, probe);
		if (!watch_others(x, wake, err))
			return false;
		if (talk_next(&x->talk, &frame, wake, err)) {
			if (!collector_take(in, &frame, err))
				return false;
		} else if (err->kind != ERR_TIMEOUT || deadline_passed(end)) {
			return false;
		} else if (is_silent_for_ever(x, &probe)) {
			return fail_hidden(err, ERR_NOT_FOUND,
			                   "the sandbox ended while it was called");
		}
		if (!keep_lease(x, err) || !talk_flush(&x->talk, write_by(x), err))
			return false;
	}
	return true;
}

bool exchange_turn(struct exchange *x, struct turn *turn, struct collector *in,
                   struct error *err)
{
	x->deadline = turn->until.at_us != 0 ? turn->until
	            : deadline_in_ms(x->b->config->file_provision_timeout * 1000);
	/* The way here may have been long enough for somebody else to be admitted. */
	if (!keep_lease(x, err) || !send_all(x, turn, err))
		return false;
	turn->sent = true;
	x->deadline = deadline_in_ms(turn->run.limits.timeout_ms + GRACE_MS);
	return receive(x, in, err);
}
