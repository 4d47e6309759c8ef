/* SPDX-License-Identifier: Apache-2.0 */
/* How the process of a run ends: by itself, or with everybody else. */
#ifndef SANDBOX_INIT_ENDING_H
#define SANDBOX_INIT_ENDING_H

#include "sandbox/init/run.h"

/* Its own process has died; the others have a moment to do the same. */
void ending_heard(struct runner *r, const struct death *d);

/* The interpreters go, too. */
void ending_kill_everyone(struct runner *r);

/* The standby goes, and whatever it has started; nothing happens when none waits. */
void ending_dismiss(struct runner *r);

/* Its end now, with this outcome. */
void ending_stop(struct runner *r, enum run_outcome outcome);

#endif
