/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/session.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/exit.h"

enum {
	READY_HOLD_US = 2000,              /* READY may leave together with a short run's EXIT */
	BYE_US = 1000000,
};

static void mute(struct session *s)
{
	s->state = SESSION_MUTE;
	inbox_clear(s->inbox);
}

static void take_limits(struct session *s, const struct sync *m, int64_t now_us)
{
	s->lease_ms = m->lease_ms;
	s->idle_ms = m->idle_ms;
	s->warm_ms = m->warm_ms;
	s->lease_us = clock_after_ms(now_us, m->lease_ms);
	s->lifetime_us = clock_after_ms(now_us, m->lifetime_ms);
	s->runner->keep_warm = m->warm_ms > 0;
	preload_want(s->runner->with.preload, m->preload);
	if (m->cpus && m->cpus != s->env->cpus)
		environment_set_cpus(s->env, m->cpus);
}

static bool on_sync(struct session *s, const struct frame *f, int64_t now_us)
{
	struct ready ready = { .protocol = WIRE_PROTOCOL };
	uint8_t bytes[64];
	struct sync m;

	if (!sync_get(f->payload, f->length, &m) || m.epoch < s->epoch)
		return false;
	s->epoch = m.epoch;
	run_abort(s->runner);
	inbox_clear(s->inbox);
	take_limits(s, &m, now_us);
	memcpy(ready.nonce, m.nonce, sizeof ready.nonce);
	link_drop_output(s->link);
	link_put(s->link, FRAME_READY, bytes, ready_put(bytes, sizeof bytes, &ready),
	         now_us + READY_HOLD_US);
	s->state = SESSION_OPEN;
	return true;
}

static bool on_file(struct session *s, const struct frame *f)
{
	struct file m;

	return !run_is_active(s->runner) && file_get(f->payload, f->length, &m) &&
	       inbox_begin_file(s->inbox, &m);
}

static bool on_data(struct session *s, const struct frame *f)
{
	return !run_is_active(s->runner) && inbox_data(s->inbox, f->payload, f->length);
}

static bool on_run(struct session *s, const struct frame *f)
{
	struct run m;

	if (run_is_active(s->runner) || !run_get(f->payload, f->length, &m) ||
	    !request_is_valid(&m) || !inbox_has_code(s->inbox))
		return false;
	run_begin(s->runner, &m, s->inbox);
	inbox_clear(s->inbox);
	return true;
}

static bool on_lease(struct session *s, const struct frame *f, int64_t now_us)
{
	s->lease_us = clock_after_ms(now_us, s->lease_ms);
	return f->length == 0;
}

static bool on_cancel(struct session *s, const struct frame *f)
{
	if (f->length == 0)
		run_cancel(s->runner);
	return f->length == 0;
}

/* The answer may have to wait for a reader, but not for ever. */
static void say_bye(struct session *s)
{
	int64_t until_us = clock_us() + BYE_US;
	struct pollfd p = { .fd = s->link->out, .events = POLLOUT };

	link_put(s->link, FRAME_BYE, NULL, 0, 0);
	while (link_send(s->link, clock_us()) && link_due(s->link) != CLOCK_NEVER &&
	       clock_us() < until_us)
		poll(&p, 1, 10);
}

static bool on_bye(struct session *s, const struct frame *f)
{
	if (f->length > 0)
		return false;
	run_kill(s->runner);
	link_drop_output(s->link);
	say_bye(s);
	_exit(EXIT_BYE);
}

static bool on_frame(struct session *s, const struct frame *f, int64_t now_us)
{
	if (f->type == FRAME_SYNC)
		return on_sync(s, f, now_us);
	if (s->state != SESSION_OPEN)
		return true;
	switch (f->type) {
	case FRAME_FILE:
		return on_file(s, f);
	case FRAME_DATA:
		return on_data(s, f);
	case FRAME_RUN:
		return on_run(s, f);
	case FRAME_LEASE:
		return on_lease(s, f, now_us);
	case FRAME_CANCEL:
		return on_cancel(s, f);
	case FRAME_BYE:
		return on_bye(s, f);
	case FRAME_SYNC:
	case FRAME_READY:
	case FRAME_STDOUT:
	case FRAME_STDERR:
	case FRAME_TAIL:
	case FRAME_EXIT:
		break;
	}
	return false;
}

/* Garbage before the first SYNC belongs to no conversation; later it means that one is torn. */
static void on_broken(struct session *s)
{
	if (s->state != SESSION_NEW)
		_exit(EXIT_PROTOCOL);
	link_reset_input(s->link);
}

void session_receive(struct session *s, int64_t now_us)
{
	struct frame f;

	for (;;) {
		switch (link_next(s->link, &f)) {
		case LINK_FRAME:
			s->active_us = now_us;
			if (!on_frame(s, &f, now_us) && s->state == SESSION_OPEN)
				mute(s);
			break;
		case LINK_EMPTY:
			return;
		case LINK_CLOSED:
			_exit(EXIT_BYE);
		case LINK_BROKEN:
			on_broken(s);
			break;
		}
	}
}

/* Whoever held the lease may no longer speak: it is as if the frame had not been understood. */
static void lease_ended(struct session *s)
{
	s->lease_us = CLOCK_NEVER;
	if (s->state != SESSION_OPEN && !run_is_active(s->runner))
		return;
	mute(s);
	run_abort(s->runner);
	link_drop_output(s->link);
}

static int64_t idle_at(const struct session *s)
{
	return run_is_alive(s->runner) ? CLOCK_NEVER : clock_after_ms(s->active_us, s->idle_ms);
}

static int64_t cold_at(const struct session *s)
{
	if (run_is_active(s->runner) || s->warm_ms == 0 || s->runner->with.warm->pid == 0)
		return CLOCK_NEVER;
	return clock_after_ms(s->active_us, s->warm_ms);
}

void session_tick(struct session *s, int64_t now_us)
{
	bool is_alive = run_is_alive(s->runner);

	if (is_alive || s->was_alive)
		s->active_us = now_us;
	s->was_alive = is_alive;
	if (now_us >= s->hard_us || now_us >= s->lifetime_us)
		_exit(EXIT_LIFETIME);
	if (now_us >= idle_at(s))
		_exit(EXIT_IDLE);
	if (now_us >= s->lease_us)
		lease_ended(s);
	if (now_us >= cold_at(s))
		run_cool(s->runner);
}

int64_t session_due(const struct session *s)
{
	int64_t due_us = clock_earlier(s->hard_us, s->lifetime_us);

	due_us = clock_earlier(due_us, s->lease_us);
	due_us = clock_earlier(due_us, idle_at(s));
	return clock_earlier(due_us, cold_at(s));
}
