/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The warm interpreter: a confined Python that never runs user code itself but forks a spare
 * child ahead of each run.  Two sockets lead to it.  What is sent on `runs` is read by whichever
 * child waits at the other end; on `control` the parent says that a spare waits or how it ended,
 * and is asked for the next one.
 */
#ifndef SANDBOX_INIT_WARM_H
#define SANDBOX_INIT_WARM_H

#include "lib/wire/message.h"
#include "sandbox/init/launch.h"
#include "sandbox/init/reap.h"

enum { WARM_PRELOAD = WIRE_PRELOAD_MAX + 1 };

struct warm {
	pid_t pid;                         /* 0: there is none */
	bool safe;                         /* it has shut itself to user code, see main.py */
	pid_t child;                       /* forked, and not known to have ended; 0: none */
	pid_t spare;                       /* the same child while it waits for a run, else 0 */
	int control, runs;
	bool asked;                        /* a spare is being forked */
	char preload[WARM_PRELOAD];        /* what it was told to import */
};

enum warm_event { WARM_NOTHING, WARM_SPARE, WARM_ENDED, WARM_LIED };

/* What a spare is given: its standard output and error, the source, the note (note.h). */
enum warm_fd { WARM_OUT, WARM_ERR, WARM_CODE, WARM_NOTE, WARM_FDS };

void warm_init(struct warm *w);

/*
 * Starts one, which imports the modules named by preload; its first spare follows by itself.
 * False: no process could be made.
 */
bool warm_start(struct warm *w, const struct environment *env, const char *preload);

/* Asks for the next spare, once nothing is left of the last one's run. */
void warm_ask(struct warm *w);

/* Hands the run to the spare.  Copies of fds travel. */
bool warm_send(struct warm *w, const struct run *run, unsigned cpus, const int fds[WARM_FDS]);

/* False when a run that was sent lies unread, so that it certainly has not started. */
bool warm_was_taken(const struct warm *w);

/*
 * The next thing the parent has to say: WARM_ENDED carries wait4's words of a child.  There are
 * at most three between two warm_ask(): whatever else it says, or says twice, is WARM_LIED.
 */
enum warm_event warm_read(struct warm *w, struct death *d);

/*
 * What the control group counted for it when it was read before this call.  A spare that was
 * killed since we heard of it is none, whoever has its number now.
 */
unsigned warm_tasks(const struct warm *w);

/* Kills parent and spare and hears no more of them; pid stays. */
void warm_kill(struct warm *w);

/* Kills and forgets them; who waits for children will meet them. */
void warm_stop(struct warm *w);

/* It is dead already. */
void warm_forget(struct warm *w);

#endif
