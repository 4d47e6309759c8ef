/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session record in Redis: owner, expiry, budget, uid slot; and who may touch it.  Texts and
 * statuses of contract 1.2.3 to 1.2.5.  An id that is not 64 hex digits is NOT_FOUND at once.
 */
#ifndef POLICY_SESSION_H
#define POLICY_SESSION_H

#include "fcgi-app/policy/auth.h"
#include "fcgi-app/policy/backend.h"

struct session {
	const char *id;                    /* 64 hex digits */
	const char *container;             /* the same, unless that died before anything ran there */
	int64_t created_ms, active_ms, expires_ms;         /* since 1970, Redis' clock */
	int64_t now_ms;                    /* the same clock, when this was read */
	int64_t executions, max_executions;
	bool network;
	bool inject_env;                   /* every execution brings the env file anew */
	const char *daemon_id;             /* NULL when none was recorded */
	uint64_t epoch;                    /* of the last lease */
	int64_t uid;
	bool fresh;                        /* from the pool, and nothing has run in it yet */
};

/* What a client may ask for. */
struct session_options {
	bool network;                      /* as far as the settings give one */
	bool inject_env;
};

/* Reserves (rate, quotas, uid), creates and starts the container, commits; or rolls back. */
bool session_create(struct backend *b, struct arena *arena, const struct principal *who,
                    struct session_options want, struct session *out, struct error *err);
/* Does what session_create left for after the answer.  False: the pool could not be filled. */
bool session_tend(struct backend *b, int stop_fd, struct error *err);
/* The access check of contract 1.2.4; a Docker that says "gone" ends the record, too. */
bool session_inspect(struct backend *b, struct arena *arena, const struct principal *who,
                     const char *id, struct session *out, struct error *err);
/* Marks it removing, takes the next epoch, ends the sandbox.  UNAVAILABLE if that is not confirmed. */
bool session_delete(struct backend *b, struct arena *arena, const struct principal *who,
                    const char *id, struct error *err);
/*
 * Ends a session nobody asked to end: time-out, budget, container gone.  The record goes first;
 * a container that does not is left to the janitor.
 */
bool session_discard(struct backend *b, const char *id, struct error *err);

#endif
