/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sandboxes that are ready before anybody asks for one: without a network, with the limits of every
 * session, or of every rendering.  reserve.c and renderslot.c claim one; a claimed one never comes
 * back.  No quota counts them until then.
 */
#ifndef POLICY_POOL_H
#define POLICY_POOL_H

#include "fcgi-app/policy/limit.h"
#include "fcgi-app/policy/sandbox.h"

/*
 * Makes members until there are enough of their kind, others are at it, or stop_fd is
 * readable.  False: Docker or Redis would not.
 */
bool pool_fill(struct backend *b, enum sandbox_kind kind, int stop_fd, struct error *err);
/* What the request before left to do: fills the place it took. */
bool pool_tend(struct backend *b, int stop_fd, struct error *err);
/*
 * Another container for a session that is fresh and whose own is dead: a member may die in the pool,
 * and nobody asks Docker before one is claimed.  NOT_FOUND: there is none to be had; CONFLICT: the
 * lease was lost; UNAVAILABLE: not now.
 */
bool pool_replace(struct backend *b, struct arena *arena, struct lease *lease, struct error *err);
/*
 * What Docker showed at asked_ms ("id name\n" of each) against what we have on record.  Answers the
 * ids of members to remove: too old, or such as no gateway wants any more.
 */
struct redisReply *pool_reconcile(struct backend *b, int64_t asked_ms, const char *shown,
                                  struct error *err);

#endif
