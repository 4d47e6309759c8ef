/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy stands on in a test: default settings to change, a Redis of the test's own, a daemon
 * that is only a name, and sessions whose containers nobody ever made.
 */
#ifndef TESTS_UNIT_STAGE_H
#define TESTS_UNIT_STAGE_H

#include "fcgi-app/policy/limit.h"
#include "fcgi-app/policy/reserve.h"
#include "tests/unit/server.h"

struct stage {
	struct server server;
	struct config config;
	struct backend backend;
	struct arena arena;
	struct error err;                  /* of the last call that failed */
};

void stage_open(struct stage *s);
void stage_reset(struct stage *s);         /* an empty Redis, default settings */
void stage_unlimited(struct stage *s);     /* the same, and no rates */
void stage_close(struct stage *s);
/* Another process' view: its own connection.  Same settings. */
void stage_reconnect(struct stage *s);

const struct principal *stage_principal(struct stage *s, const char *name);
/* A session of theirs, its id or NULL. */
const char *stage_session(struct stage *s, const struct principal *who);
bool stage_admit(struct stage *s, const struct principal *who, const char *id, struct lease *out);
bool stage_failed(const struct stage *s, enum err_kind kind, const char *msg);
/* One Redis command, blanks between its words; an integer, or the number in a string. */
int64_t stage_redis(struct stage *s, const char *words);

#endif
