/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may run now: one script admits an execution (owner, lifetime, budget, rate window, session
 * lease, execution slot), one releases it.  Leases expire by themselves and carry a token.
 */
#ifndef POLICY_LIMIT_H
#define POLICY_LIMIT_H

#include "fcgi-app/policy/bulkhead.h"
#include "fcgi-app/policy/session.h"
#include "lib/id.h"

struct lease {
	struct session session;            /* as it was admitted; its epoch is this lease's fence */
	char token[ID_TOKEN];
	int64_t expires_us;                /* CLOCK_MONOTONIC, on the safe side of Redis' own */
};

/* Who may end a wait and a run: readable, or gone.  -1: nobody. */
struct watch {
	int client_fd;
	int cancel_fd;                     /* this gateway's, when it waits no longer */
};

/* Who wants which session, and where it may wait: its worker's line in the page. */
struct claim {
	const struct principal *who;
	const char *session_id;
	struct bulkhead *bulkhead;         /* NULL: waiting is not bounded here */
	int64_t worker;
	struct watch watch;
};

/*
 * Waits up to EXECUTION_QUEUE_SECONDS for the session and a slot.  Every refusal of contract
 * 1.2.6; nothing is spent by one.
 */
bool limit_admit(struct backend *b, struct arena *arena, const struct claim *claim,
                 struct lease *out, struct error *err);
/* Every refusal of limit_admit but those that come of waiting.  Takes nothing, and does not wait. */
bool limit_look(struct backend *b, struct arena *arena, const struct claim *claim,
                struct error *err);
/* False: the lease is lost, stop talking to the session. */
bool limit_renew(struct backend *b, struct lease *lease, struct error *err);
/*
 * Gives back lease and slot, notes activity, and whether the session is still fresh.  A failure is
 * left to expiry.
 */
void limit_release(struct backend *b, struct lease *lease);

#endif
