/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation: which frame may come when, what it does, and the clocks that end a run or
 * the sandbox when the gateway falls silent.
 */
#ifndef SANDBOX_INIT_SESSION_H
#define SANDBOX_INIT_SESSION_H

#include "sandbox/init/run.h"

enum session_state {
	SESSION_NEW,                       /* no SYNC yet: everything else is ignored */
	SESSION_OPEN,
	SESSION_MUTE,                      /* not understood, or out of date: ignored until SYNC */
};

struct session {
	struct link *link;
	struct runner *runner;
	struct inbox *inbox;
	struct environment *env;
	enum session_state state;
	uint64_t epoch;                    /* the highest seen */
	uint32_t lease_ms, idle_ms, warm_ms;
	int64_t lease_us;                  /* points in time */
	int64_t hard_us;                   /* from the command line: SYNC cannot move it */
	int64_t lifetime_us;
	int64_t active_us;                 /* when something last ran or came */
	bool was_alive;                    /* a run, at the last tick */
};

/* Takes every frame that has come.  Ends the program when the stream or the gateway says so. */
void session_receive(struct session *s, int64_t now_us);

/* Meets the deadlines.  Ends the program at its lifetime or when it has been idle. */
void session_tick(struct session *s, int64_t now_us);

/* The next of them. */
int64_t session_due(const struct session *s);

#endif
