/* SPDX-License-Identifier: Apache-2.0 */
/* Why the supervisor, and with it the sandbox, has ended: its exit status. */
#ifndef SANDBOX_INIT_EXIT_H
#define SANDBOX_INIT_EXIT_H

enum {
	EXIT_BYE = 0,                      /* asked to, or standard input has ended */
	EXIT_PREFLIGHT = 64,               /* wrong arguments, or not in a sandbox */
	EXIT_LIFETIME = 70,
	EXIT_PROTOCOL = 71,                /* a broken frame, or nobody can read the answers */
	EXIT_DIRTY = 72,                   /* what a run left behind could not be removed */
	EXIT_IDLE = 73,
};

#endif
