/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page that the master maps before it forks: what each worker does now.  Long routes may hold
 * all workers but RESERVED_WORKERS, waiting ones at most WAITING_WORKERS of them, and all bodies
 * together MAX_INFLIGHT_BODY_BYTES, so health, inspect and delete always find a worker.  A worker
 * writes only its own line; the master clears that of a dead one.
 */
#ifndef POLICY_BULKHEAD_H
#define POLICY_BULKHEAD_H

#include "fcgi-app/policy/config.h"

struct bulkhead;

struct bulkhead *bulkhead_map(const struct config *c, int64_t workers);    /* before the fork; aborts without memory */
void bulkhead_clear(struct bulkhead *b, int64_t worker);
/* LIMITED or UNAVAILABLE with Retry-After when no place or no room is left; body_bytes is what may come. */
bool bulkhead_enter(struct bulkhead *b, int64_t worker, int64_t body_bytes, struct error *err);
/*
 * The answer goes out: whoever has it may come again before we are back, so the place is free
 * from now on, unless sending and tidying up take longer than 50 ms.
 */
void bulkhead_answer(struct bulkhead *b, int64_t worker);
void bulkhead_leave(struct bulkhead *b, int64_t worker);
/* Around a wait for a busy session or a slot. */
bool bulkhead_wait(struct bulkhead *b, int64_t worker, struct error *err);
void bulkhead_go_on(struct bulkhead *b, int64_t worker);

#endif
