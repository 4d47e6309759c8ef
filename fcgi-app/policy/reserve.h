/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place for one more session: one of the pool's, at once; or one taken before Docker is asked for
 * the container, made good by a commit, given back by a rollback, and gone by itself when neither
 * comes.
 */
#ifndef POLICY_RESERVE_H
#define POLICY_RESERVE_H

#include "fcgi-app/policy/sandbox.h"
#include "fcgi-app/policy/session.h"
#include "lib/id.h"

struct reservation {
	const struct principal *who;
	struct session_options want;       /* network: effectively */
	char name[32];                     /* of the container to be */
	int64_t slot;                      /* of its uid */
	bool plain;                        /* the pool may have one like it */
	struct session session;            /* from the pool, and begun; id NULL: to be created */
};

/*
 * LIMITED: rate, sessions of all, sessions of this one.  UNAVAILABLE: too many are being created,
 * CONTAINER_CREATE_GUARD_TIMEOUT long; or no uid is free.  A refusal for a quota spends a unit of
 * the rate (contract 1.2.3), the others nothing.
 */
bool reserve(struct backend *b, struct arena *arena, const struct principal *who,
             struct session_options want, struct reservation *out, struct error *err);
/* False, too, when the reservation has run out: the container must go. */
bool reserve_commit(struct backend *b, struct arena *arena, const struct reservation *held,
                    const char *id, struct session *out, struct error *err);
/* certain: no container can come of it any more, so its uid is free. */
void reserve_rollback(struct backend *b, const struct reservation *held, bool certain);
/*
 * Redis may have granted what its answer never came of: takes that back, once somebody has time.
 * False while Redis cannot be told.
 */
bool reserve_settle(struct backend *b, struct error *err);

#endif
