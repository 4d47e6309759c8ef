/* SPDX-License-Identifier: Apache-2.0 */
/* Children that have died, PID 1's own and those it has inherited. */
#ifndef SANDBOX_INIT_REAP_H
#define SANDBOX_INIT_REAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct death {
	pid_t pid;
	int status;                        /* wait4's */
	uint64_t cpu_us, peak_bytes;       /* of the child and those it had waited for */
};

enum reap { REAP_ONE, REAP_NONE_YET, REAP_NO_CHILD };

enum reap reap(struct death *d);

/*
 * Kills every other process of the namespace and waits for the next one to die: true with a
 * death, false when no child is left, which proves that nothing is.  kill(-1) by PID 1 reaches
 * all at one instant, so no fork escapes; where that is not so (gVisor), repeating it ends it.
 * A process that is still there at until_us cannot be killed: then the sandbox ends.
 */
bool reap_by_force(struct death *d, int64_t until_us);

#endif
