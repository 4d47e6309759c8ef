/* SPDX-License-Identifier: Apache-2.0 */
/* One run, from its request to its EXIT, and the state the sandbox is left in behind it. */
#ifndef SANDBOX_INIT_RUN_H
#define SANDBOX_INIT_RUN_H

#include "lib/wire/message.h"
#include "sandbox/init/inbox.h"
#include "sandbox/init/outbox.h"
#include "sandbox/init/parts.h"
#include "sandbox/init/pump.h"
#include "sandbox/init/request.h"

enum run_phase {
	PHASE_IDLE,
	PHASE_STARTING,                    /* waiting for an interpreter to have a spare */
	PHASE_RUNNING,
	PHASE_SETTLING,                    /* its process has ended, others may still be about to */
	PHASE_DRAINING,                    /* nobody is left, the pipes still hold output */
	PHASE_COLLECTING,                  /* output files leave as the link has room for them */
	PHASE_CLEANING,                    /* EXIT is queued */
};

struct runner {
	struct parts with;
	bool keep_warm;                    /* an interpreter may stay between runs */
	enum run_phase phase;
	struct request request;
	bool wants_warm;                   /* there was an interpreter, or this run needs one */
	bool retried;
	pid_t pid;                         /* its own process, 0: not known, or dead */
	unsigned reaped;                   /* by the last look for dead children */
	int code, note;                    /* memfds, -1: none */
	int64_t started_us, deadline_us;   /* PHASE_STARTING: of the start */
	int64_t settled_us;                /* when those who are left get killed */
	uint64_t oom_kills;                /* there had been so many before it */
	struct run_exit result;
	char reason[WIRE_REASON_MAX];
	struct pump pump;
	struct outbox outbox;
};

/*
 * Starts the standby, or else an interpreter.  False when the sandbox's own directories cannot be
 * made.
 */
bool run_init(struct runner *r, const struct parts *with, bool standby);

/* Starts it; what the inbox holds is its own.  Failures become its EXIT. */
void run_begin(struct runner *r, const struct run *run, struct inbox *inbox);

/* Ends it; EXIT says so.  Nothing happens when its process has ended already. */
void run_cancel(struct runner *r);

/* Ends it without a word. */
void run_abort(struct runner *r);

/* Nothing is left alive but us; for the end of the sandbox. */
void run_kill(struct runner *r);

/* Lets the interpreter go until it is needed again. */
void run_cool(struct runner *r);

/* Does what can be done now: waits for children, moves output, meets deadlines. */
void run_step(struct runner *r, int64_t now_us);

/* When run_step must be called though nothing has come. */
int64_t run_due(const struct runner *r);

static inline bool run_is_active(const struct runner *r)
{
	return r->phase != PHASE_IDLE;
}

/* True while user code may be alive. */
static inline bool run_is_alive(const struct runner *r)
{
	return r->phase >= PHASE_STARTING && r->phase <= PHASE_SETTLING;
}

#endif
