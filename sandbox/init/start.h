/* SPDX-License-Identifier: Apache-2.0 */
/* A request -> a process that runs it, and the pipes it writes to. */
#ifndef SANDBOX_INIT_START_H
#define SANDBOX_INIT_START_H

#include "sandbox/init/parts.h"

struct start {
	pid_t pid;
	int out, err;                      /* reading ends, non-blocking */
};

/*
 * Launches a program as user code: its standard input is in[0]; in[1], when n_in is 2, is its
 * descriptor 3.  False and errno as below.
 */
bool start_program(const struct parts *with, const char *const *argv, const int *in,
                   unsigned n_in, struct start *s);

/*
 * files: the source, and the note of a Python run, which takes the spare.  False and errno when
 * there is no process; then no descriptor is left open.
 */
bool start_run(const struct parts *with, const struct run *run, const int files[2],
               struct start *s);

#endif
