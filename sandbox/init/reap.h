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

/* Sleeps until a child dies, or a moment. */
void reap_wait(void);

#endif
