/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/exit.h"
#include "sandbox/init/note.h"
#include "sandbox/init/start.h"

enum {
	START_US = 10000000,               /* an interpreter that takes longer will not come */
	SETTLE_US = 100000,                /* for children that are about to end by themselves */
	SETTLE_SILENT_US = 10000,          /* the same once they have closed both pipes */
	KILL_US = 2000000,                 /* then a process cannot be killed, so everything ends */
	REAPS = 64,                        /* at a time: there may always be one more */
};

static const char has_ended[] = "The interpreter has ended";

static void main_ended(struct runner *r, const struct death *d)
{
	int64_t now_us = clock_us();
	bool by_signal = WIFSIGNALED(d->status);

	r->pid = 0;
	r->result.cpu_us = d->cpu_us;
	r->result.peak_bytes = d->peak_bytes;
	if (r->phase != PHASE_RUNNING)
		return;
	r->result.wall_us = (uint64_t)(now_us - r->started_us);
	r->result.outcome = by_signal ? RUN_SIGNALED : RUN_EXITED;
	r->result.status = (uint32_t)(by_signal ? WTERMSIG(d->status) : WEXITSTATUS(d->status));
	r->settled_us = now_us + SETTLE_US;
	r->phase = PHASE_SETTLING;
}

static void count_survivor(struct runner *r, const struct death *d)
{
	if (d->pid == r->pid)
		main_ended(r, d);
	else if (d->pid != r->with.warm->pid && d->pid != r->with.warm->spare &&
	         d->pid != r->with.preload->next.pid)
		r->result.survivors++;
}

/* The interpreters go, too. */
static void kill_everyone(struct runner *r)
{
	int64_t until_us = clock_us() + KILL_US;
	struct death d;

	while (reap_by_force(&d, until_us))
		count_survivor(r, &d);
	warm_forget(r->with.warm);
	preload_stop(r->with.preload);
	preload_died(r->with.preload);
}

static void stop(struct runner *r, enum run_outcome outcome)
{
	r->result.wall_us = r->phase == PHASE_STARTING ? 0 : (uint64_t)(clock_us() - r->started_us);
	r->result.outcome = outcome;
	r->phase = PHASE_DRAINING;
	kill_everyone(r);
}

static void fail_to_start(struct runner *r, const char *reason)
{
	if (counters_oom_kills(r->with.counters) > r->oom_kills)
		reason = "The sandbox is out of memory, to which the files in /tmp and HOME count";
	snprintf(r->reason, sizeof r->reason, "%s", reason ? reason : "Input/output error");
	stop(r, RUN_NO_START);
}

static void running(struct runner *r, pid_t pid)
{
	r->pid = pid;
	r->started_us = clock_us();
	r->deadline_us = clock_after_ms(r->started_us, r->request.run.limits.timeout_ms);
	r->phase = PHASE_RUNNING;
}

/* Nobody is given the run before we know who, so that a death before means that nobody had it. */
static void wait_for_spare(struct runner *r)
{
	struct warm *w = r->with.warm;

	if (!w->pid && !warm_start(w, r->with.env, "")) {
		fail_to_start(r, strerrordesc_np(errno));
		return;
	}
	warm_ask(w);
	r->deadline_us = clock_us() + START_US;
	r->phase = PHASE_STARTING;
}

static void start(struct runner *r)
{
	struct start s;

	if (r->request.run.language == RUN_PYTHON && !r->with.warm->spare) {
		wait_for_spare(r);
	} else if (!note_open(&r->note) ||
	           !start_run(&r->with, &r->request.run, (int[]){ r->code, r->note }, &s)) {
		fail_to_start(r, strerrordesc_np(errno));
	} else {
		pump_begin(&r->pump, s.out, s.err, r->request.run.limits.max_chars);
		running(r, s.pid);
	}
}

/* Who was to take the run has died and has not taken it, so no user code has seen it. */
static void start_again(struct runner *r, const char *why)
{
	if (r->retried) {
		fail_to_start(r, why);
		return;
	}
	if (r->with.warm->preload[0])
		preload_give_up(r->with.preload);
	r->retried = true;
	r->pid = 0;
	pump_finish(&r->pump);
	kill_everyone(r);
	start(r);
}

void run_begin(struct runner *r, const struct run *run, struct inbox *inbox)
{
	request_keep(&r->request, run);
	r->retried = false;
	r->wants_warm = run->language == RUN_PYTHON || r->with.warm->pid;
	r->oom_kills = counters_oom_kills(r->with.counters);
	r->result = (struct run_exit){ .outcome = RUN_NO_FILES };
	r->started_us = clock_us();
	r->reason[0] = 0;
	pump_begin(&r->pump, -1, -1, 0);
	if (!inbox_deliver(inbox, r->reason, sizeof r->reason)) {
		r->phase = PHASE_DRAINING;
		return;
	}
	r->code = inbox->code;
	inbox->code = -1;
	workdir_make(&r->with.dirs, r->request.run.id.at);
	preload_yield(r->with.preload, r->with.warm, r->with.env, run->language == RUN_PYTHON);
	start(r);
}

/*
 * Nobody is left when the control group counts PID 1, the interpreter and its spare, and no task
 * more.  Where it does not count, everybody is killed, needed or not.
 */
static bool is_alone(const struct runner *r)
{
	uint64_t tasks;

	return counters_tasks(r->with.counters, &tasks) &&
	       tasks == 1 + warm_tasks(r->with.warm);
}

static void settle(struct runner *r, int64_t now_us)
{
	uint64_t tasks;

	if (!is_alone(r)) {
		if (pump_has_ended(&r->pump))
			r->settled_us = counters_tasks(r->with.counters, &tasks)
			                    ? clock_earlier(r->settled_us, now_us + SETTLE_SILENT_US)
			                    : now_us;
		if (now_us < r->settled_us)
			return;
		kill_everyone(r);
	}
	r->phase = PHASE_DRAINING;
}

static void put_exit(struct runner *r, int64_t now_us)
{
	uint8_t bytes[1024], hints[NOTE_USED];
	struct note note;

	note_read(r->note, hints, &note);
	preload_saw(r->with.preload, note.modules);
	if (r->result.outcome == RUN_EXITED && r->result.status != 0) {
		r->result.raised = note.raised;
		r->result.type = note.type;
	}
	r->result.reason = (struct slice){ r->reason, strlen(r->reason) };
	r->result.oom = counters_oom_kills(r->with.counters) > r->oom_kills;
	r->result.files_skipped = r->outbox.skipped;
	pump_count(&r->pump, &r->result);
	link_put(r->with.link, FRAME_EXIT, bytes,
	         run_exit_put(bytes, sizeof bytes, &r->result), now_us);
	r->phase = PHASE_CLEANING;
}

/* Files of a run that was stopped are half written: only one that ended by itself has outputs. */
static void collect(struct runner *r)
{
	bool ended = r->result.outcome == RUN_EXITED || r->result.outcome == RUN_SIGNALED;

	int dir = ended ? workdir_open_output(&r->with.dirs) : -1;

	outbox_begin(&r->outbox, dir, &r->request.run.limits);
	r->phase = PHASE_COLLECTING;
}

void run_cool(struct runner *r)
{
	r->wants_warm = false;
	warm_stop(r->with.warm);
	preload_stop(r->with.preload);
}

static void prepare_interpreter(struct runner *r)
{
	struct warm *w = r->with.warm;

	if (!r->keep_warm || !r->wants_warm)
		run_cool(r);
	else if (w->pid)
		warm_ask(w);
	else
		warm_start(w, r->with.env, "");
	preload_rest(r->with.preload, clock_us());
}

static void clean(struct runner *r)
{
	pump_finish(&r->pump);
	outbox_finish(&r->outbox);
	if (r->code >= 0)
		close(r->code);
	if (r->note >= 0)
		close(r->note);
	r->code = r->note = -1;
	if (!workdir_clean(&r->with.dirs, r->request.run.id.at))
		_exit(EXIT_DIRTY);
	r->phase = PHASE_IDLE;
	prepare_interpreter(r);
}

static void hear_interpreter(struct runner *r)
{
	struct warm *w = r->with.warm;
	enum warm_event what;
	struct death d;

	while ((what = warm_read(w, &d)) != WARM_NOTHING) {
		bool is_ours = what == WARM_ENDED && d.pid == r->pid;

		if (what == WARM_SPARE && r->phase == PHASE_STARTING) {
			start(r);
		} else if (is_ours && !warm_was_taken(w)) {
			start_again(r, has_ended);
		} else if (is_ours) {
			main_ended(r, &d);
		} else if (what == WARM_LIED && r->phase == PHASE_STARTING) {
			start_again(r, has_ended);
		} else if (what == WARM_LIED && r->phase == PHASE_IDLE) {
			kill_everyone(r);
		} else if (what == WARM_LIED) {
			warm_stop(w);
		}
	}
	if (r->phase == PHASE_IDLE && w->pid && r->keep_warm) {
		warm_ask(w);
		preload_step(r->with.preload, w, r->with.env, clock_us());
	}
}

static void wait_for_children(struct runner *r)
{
	struct warm *w = r->with.warm;
	struct death d;

	for (r->reaped = 0; r->reaped < REAPS && reap(&d) == REAP_ONE; r->reaped++) {
		if (d.pid == w->pid)
			hear_interpreter(r);
		if (d.pid == w->pid && r->phase == PHASE_STARTING) {
			start_again(r, has_ended);
		} else if (d.pid == w->pid) {
			warm_forget(w);
		} else if (d.pid == r->with.preload->next.pid) {
			preload_died(r->with.preload);
		} else if (d.pid == r->pid) {
			main_ended(r, &d);
		}
	}
}

static void advance(struct runner *r, int64_t now_us)
{
	struct link *l = r->with.link;

	switch (r->phase) {
	case PHASE_IDLE:
	case PHASE_CLEANING:
		break;
	case PHASE_STARTING:
		if (now_us >= r->deadline_us)
			start_again(r, "The interpreter did not start in time");
		break;
	case PHASE_RUNNING:
		pump_move(&r->pump, l, now_us);
		if (r->pump.out.bytes + r->pump.err.bytes > r->request.run.limits.max_output_bytes)
			stop(r, RUN_OUTPUT_LIMIT);
		else if (now_us >= r->deadline_us)
			stop(r, RUN_TIMED_OUT);
		break;
	case PHASE_SETTLING:
		pump_move(&r->pump, l, now_us);
		settle(r, now_us);
		break;
	case PHASE_DRAINING:
		pump_drain(&r->pump, l, now_us);
		if (pump_has_ended(&r->pump) && pump_put_tail(&r->pump, l, now_us))
			collect(r);
		break;
	case PHASE_COLLECTING:
		if (outbox_send(&r->outbox, l, now_us))
			put_exit(r, now_us);
		break;
	}
}

void run_step(struct runner *r, int64_t now_us)
{
	enum run_phase before;

	if (r->phase == PHASE_CLEANING)
		clean(r);
	wait_for_children(r);
	hear_interpreter(r);
	do {
		before = r->phase;
		advance(r, now_us);
	} while (r->phase != before);
}

int64_t run_due(const struct runner *r)
{
	if (r->reaped == REAPS)
		return 0;
	switch (r->phase) {
	case PHASE_IDLE:
		return r->keep_warm ? preload_due(r->with.preload, r->with.warm) : CLOCK_NEVER;
	case PHASE_DRAINING:
	case PHASE_COLLECTING:
		return link_has_room(r->with.link, FRAME_MAX_OUT) ? 0 : CLOCK_NEVER;
	case PHASE_STARTING:
	case PHASE_RUNNING:
		return r->deadline_us;
	case PHASE_SETTLING:
		return r->settled_us;
	case PHASE_CLEANING:
		return 0;
	}
	return 0;
}

void run_cancel(struct runner *r)
{
	if (r->phase == PHASE_STARTING || r->phase == PHASE_RUNNING)
		stop(r, RUN_CANCELLED);
}

void run_abort(struct runner *r)
{
	if (run_is_alive(r))
		kill_everyone(r);
	if (run_is_active(r))
		clean(r);
}

void run_kill(struct runner *r)
{
	kill_everyone(r);
}

bool run_init(struct runner *r, const struct parts *with)
{
	r->with = *with;
	r->code = r->note = -1;
	r->keep_warm = r->wants_warm = true;
	r->request.run.id = (struct slice){ "", 0 };
	pump_begin(&r->pump, -1, -1, 0);
	outbox_begin(&r->outbox, -1, &r->request.run.limits);
	if (!workdir_clean(&r->with.dirs, r->request.run.id.at))
		return false;
	prepare_interpreter(r);
	return true;
}
