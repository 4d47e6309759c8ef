/* SPDX-License-Identifier: Apache-2.0 */
/* What a run and the interpreters have to say to each other, from its start to its child's end. */
#ifndef SANDBOX_INIT_INTERPRETER_H
#define SANDBOX_INIT_INTERPRETER_H

#include "sandbox/init/run.h"

/* Starts the run, or waits until there is a spare for it.  Failures become its EXIT. */
void interpreter_start(struct runner *r);

/* All that it has said; between runs it is asked for what makes the next one quick. */
void interpreter_hear(struct runner *r);

/* It has been reaped; its last words are heard first. */
void interpreter_died(struct runner *r);

/* The run's own process has been reaped: its end, unless it never took the run. */
void interpreter_reaped(struct runner *r, const struct death *d);

/* The deadline of PHASE_STARTING has come. */
void interpreter_is_late(struct runner *r);

#endif
