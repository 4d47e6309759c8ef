/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standby: the renderer, started ahead of the one run it is for, because its browser needs
 * longer to start than most jobs take.  It is confined like user code, and until its job comes it
 * has seen no byte of a client.  The job is all it ever reads from its standard input; with it the
 * process becomes the run's own.  There is one per sandbox: the first run takes it or ends it.
 */
#ifndef SANDBOX_INIT_STANDBY_H
#define SANDBOX_INIT_STANDBY_H

#include "sandbox/init/start.h"

struct standby {
	struct start its;                  /* pid 0: none waits */
	int job;                           /* the writing end of its standard input; -1: none */
	int unread;                        /* our copy of the reading end; -1: none */
	size_t size;                       /* of the job it was given */
};

void standby_init(struct standby *b);

/* False and errno when there is none; ENOPKG: the image has no renderer. */
bool standby_start(const struct parts *with);

/* Gives the job in memfd `code` to the one that waits, else to a new one.  False and errno. */
bool standby_take(const struct parts *with, int code, struct start *s);

/* False when the job it was given lies unread, so that it certainly has not started. */
bool standby_has_read(const struct standby *b);

/* It is dead already, or its run is over. */
void standby_forget(struct standby *b);

#endif
