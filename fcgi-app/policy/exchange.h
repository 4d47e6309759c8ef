/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a sandbox under one lease, and heard: a turn is files, code and RUN, then all
 * that comes up to its EXIT.  Meanwhile the lease is kept, here and there.
 */
#ifndef POLICY_EXCHANGE_H
#define POLICY_EXCHANGE_H

#include "fcgi-app/policy/output.h"
#include "fcgi-app/policy/renderslot.h"
#include "fcgi-app/policy/talk.h"

struct exchange {
	struct backend *b;
	struct arena *arena;
	struct lease *lease;               /* of a session; NULL: a rendering's slot is what is kept */
	const struct renderslot *slot;
	struct talk talk;
	struct deadline deadline;          /* of the part that goes on */
	int64_t renew_at_us;
	struct watch watch;                /* both -1 once one has asked for the end */
	bool cancelled;                    /* one has */
};

struct turn {
	struct run run;
	struct slice code;
	const struct input_file *files;
	size_t n_files;
	struct deadline until;             /* of all of it; 0: each part has its own */
	bool sent;                         /* all of it, RUN included */
};

/*
 * Has it run; what comes goes to `in`.  TIMEOUT: not even EXIT came in time.  CONFLICT: the session
 * is somebody else's now.  NOT_FOUND, INTERNAL: as talk_next.
 */
bool exchange_turn(struct exchange *x, struct turn *turn, struct collector *in,
                   struct error *err);
/* The container does not run any more; waits a little for Docker to say so. */
bool exchange_is_gone(struct exchange *x);

#endif
