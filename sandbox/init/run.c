/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/run.h"

#include <string.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/ending.h"
#include "sandbox/init/exit.h"
#include "sandbox/init/interpreter.h"
#include "sandbox/init/note.h"
#include "sandbox/init/standby.h"

enum {
	SETTLE_SILENT_US = 10000,          /* for who is left when both pipes have been closed */
	REAPS = 64,                        /* at a time: there may always be one more */
};

void run_begin(struct runner *r, const struct run *run, struct inbox *inbox)
{
	if (run->language != RUN_RENDER)
		ending_dismiss(r);
	request_keep(&r->request, run);
	r->retried = false;
	r->wants_warm = run->language == RUN_PYTHON || r->with.warm->pid;
	r->oom_kills = counters_oom_kills(r->with.counters);
	r->result = (struct run_exit){ .outcome = RUN_NO_FILES };
	r->started_us = clock_us();
	r->reason[0] = 0;
	pump_begin(&r->pump, -1, -1, 0);
	if (!inbox_deliver(inbox, r->reason, sizeof r->reason)) {
		ending_dismiss(r);
		r->phase = PHASE_DRAINING;
		return;
	}
	r->code = inbox->code;
	inbox->code = -1;
	workdir_make(&r->with.dirs, r->request.run.id.at);
	preload_yield(r->with.preload, r->with.warm, r->with.env, run->language == RUN_PYTHON);
	interpreter_start(r);
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
		ending_kill_everyone(r);
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
	standby_forget(r->with.standby);
	if (!workdir_clean(&r->with.dirs, r->request.run.id.at))
		_exit(EXIT_DIRTY);
	r->phase = PHASE_IDLE;
	prepare_interpreter(r);
}

static void wait_for_children(struct runner *r)
{
	struct death d;

	for (r->reaped = 0; r->reaped < REAPS && reap(&d) == REAP_ONE; r->reaped++) {
		if (d.pid == r->with.warm->pid)
			interpreter_died(r);
		else if (d.pid == r->with.preload->next.pid)
			preload_died(r->with.preload);
		else if (d.pid == r->with.standby->its.pid)
			ending_dismiss(r);
		else if (d.pid == r->pid)
			interpreter_reaped(r, &d);
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
			interpreter_is_late(r);
		break;
	case PHASE_RUNNING:
		pump_move(&r->pump, l, now_us);
		if (r->pump.out.bytes + r->pump.err.bytes > r->request.run.limits.max_output_bytes)
			ending_stop(r, RUN_OUTPUT_LIMIT);
		else if (now_us >= r->deadline_us)
			ending_stop(r, RUN_TIMED_OUT);
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
	interpreter_hear(r);
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
		ending_stop(r, RUN_CANCELLED);
}

void run_abort(struct runner *r)
{
	if (run_is_alive(r))
		ending_kill_everyone(r);
	if (run_is_active(r))
		clean(r);
}

void run_kill(struct runner *r)
{
	ending_kill_everyone(r);
}

bool run_init(struct runner *r, const struct parts *with, bool standby)
{
	r->with = *with;
	r->code = r->note = -1;
	r->keep_warm = true;
	r->wants_warm = !standby;
	r->request.run.id = (struct slice){ "", 0 };
	pump_begin(&r->pump, -1, -1, 0);
	outbox_begin(&r->outbox, -1, &r->request.run.limits);
	if (!workdir_clean(&r->with.dirs, r->request.run.id.at))
		return false;
	prepare_interpreter(r);
	if (standby)
		standby_start(&r->with);   /* else the run will say why there is none */
	return true;
}
