/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/interpreter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/ending.h"
#include "sandbox/init/note.h"
#include "sandbox/init/standby.h"
#include "sandbox/init/start.h"

enum { START_US = 10000000 };              /* an interpreter that takes longer will not come */

static const char has_ended[] = "The interpreter has ended";

static void fail_to_start(struct runner *r, const char *reason)
{
	if (counters_oom_kills(r->with.counters) > r->oom_kills)
		reason = "The sandbox is out of memory, to which the files in /tmp and HOME count";
	snprintf(r->reason, sizeof r->reason, "%s", reason ? reason : "Input/output error");
	ending_stop(r, RUN_NO_START);
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

void interpreter_start(struct runner *r)
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
	ending_kill_everyone(r);
	r->result.survivors = 0;           /* of no run */
	interpreter_start(r);
}

static void child_ended(struct runner *r, const struct death *d)
{
	if (d->pid != r->pid)
		return;
	if (warm_was_taken(r->with.warm))
		ending_heard(r, d);
	else
		start_again(r, has_ended);
}

/* Nothing of it is to be believed any more; a run that it has given away goes on. */
static void lied(struct runner *r)
{
	if (r->phase == PHASE_STARTING)
		start_again(r, has_ended);
	else if (r->phase == PHASE_IDLE)
		ending_kill_everyone(r);
	else
		warm_stop(r->with.warm);
}

static void hear_all(struct runner *r)
{
	enum warm_event what;
	struct death d;

	while ((what = warm_read(r->with.warm, &d)) != WARM_NOTHING) {
		if (what == WARM_ENDED)
			child_ended(r, &d);
		else if (what == WARM_LIED)
			lied(r);
		else if (r->phase == PHASE_STARTING)
			interpreter_start(r);
	}
}

void interpreter_hear(struct runner *r)
{
	struct warm *w = r->with.warm;

	hear_all(r);
	if (r->phase == PHASE_IDLE && w->pid && r->keep_warm) {
		warm_ask(w);
		preload_step(r->with.preload, w, r->with.env, clock_us());
	}
}

/* What it had still said may have been reason enough to start another. */
void interpreter_died(struct runner *r)
{
	struct warm *w = r->with.warm;
	pid_t pid = w->pid;

	interpreter_hear(r);
	if (w->pid != pid)
		return;
	if (r->phase == PHASE_STARTING)
		start_again(r, has_ended);
	else
		warm_forget(w);
}

void interpreter_reaped(struct runner *r, const struct death *d)
{
	if (r->phase == PHASE_RUNNING && !standby_has_read(r->with.standby))
		start_again(r, "The renderer has ended");
	else
		ending_heard(r, d);
}

void interpreter_is_late(struct runner *r)
{
	start_again(r, "The interpreter did not start in time");
}
