/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may render now: a slot of MAX_CONCURRENT_RENDERS over all gateways, the rates of contract
 * 1.2.7, and a sandbox for one job: one of the pool's, or a name and a uid for one to be made.
 * No session and no quota of sessions knows of it.
 *
 *   render-slots    zset   names of the containers that render, by when their lease is over
 *   render-waiting  zset   who waits for a slot, by when it gives up: so in order of arrival
 */
#ifndef POLICY_RENDERSLOT_H
#define POLICY_RENDERSLOT_H

#include "fcgi-app/policy/auth.h"
#include "fcgi-app/policy/backend.h"
#include "lib/id.h"

enum render_kind { RENDER_SLIDES, RENDER_LATEX };

struct render_wish {
	const struct principal *who;
	enum render_kind kind;
	bool only_asked;                   /* would it be refused?  Nothing is taken, nothing spent */
	int cancel_fd;                     /* a wait ends when it is readable; -1 = never */
};

struct renderslot {
	char name[32];                     /* of the container */
	char container[65];                /* its id; "" = it has to be made */
	int64_t uid;                       /* it runs as */
};

/*
 * Waits RENDER_QUEUE_TIMEOUT_MS for a slot.  LIMITED: none came free, or a rate is used up;
 * UNAVAILABLE: no uid is free.
 */
bool renderslot_take(struct backend *b, const struct render_wish *wish, struct renderslot *out,
                     struct error *err);
/* For RUN_LEASE_SECONDS more; whoever holds one cannot lose it to somebody else. */
bool renderslot_renew(struct backend *b, const struct renderslot *held, struct error *err);
/* Another name for another container in place of one that died; that is to be made. */
bool renderslot_rename(struct backend *b, struct renderslot *held, struct error *err);
/* certain: no container can come of it any more, so its uid is free. */
void renderslot_give_back(struct backend *b, const struct renderslot *held, bool certain);

#endif
