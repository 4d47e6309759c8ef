/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/ending.h"

#include <sys/wait.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/standby.h"

enum {
	SETTLE_US = 100000,                /* for children that are about to end by themselves */
	KILL_US = 2000000,                 /* then a process cannot be killed, so everything ends */
};

void ending_heard(struct runner *r, const struct death *d)
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
		ending_heard(r, d);
	else if (d->pid != r->with.warm->pid && d->pid != r->with.warm->spare &&
	         d->pid != r->with.preload->next.pid)
		r->result.survivors++;
}

void ending_kill_everyone(struct runner *r)
{
	int64_t until_us = clock_us() + KILL_US;
	struct death d;

	while (reap_by_force(&d, until_us))
		count_survivor(r, &d);
	warm_forget(r->with.warm);
	preload_stop(r->with.preload);
	preload_died(r->with.preload);
	standby_forget(r->with.standby);
}

void ending_dismiss(struct runner *r)
{
	if (r->with.standby->its.pid == 0)
		return;
	ending_kill_everyone(r);
	r->result.survivors = 0;           /* of no run */
}

void ending_stop(struct runner *r, enum run_outcome outcome)
{
	r->result.wall_us = r->phase == PHASE_STARTING ? 0 : (uint64_t)(clock_us() - r->started_us);
	r->result.outcome = outcome;
	r->phase = PHASE_DRAINING;
	ending_kill_everyone(r);
}
