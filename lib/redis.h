/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Redis connection per process, made when first used and again after it broke.  Every call
 * has the connection's time-out; a failure is UNAVAILABLE with Retry-After, never a guess.
 */
#ifndef LIB_REDIS_H
#define LIB_REDIS_H

#include "lib/arena.h"
#include "lib/deadline.h"
#include "lib/error.h"

#include <stdint.h>

struct redis;
struct redisReply;

struct redis_options {
	const char *url;                   /* redis://[user][:password@]host[:port][/db], unix://path[?db=n] */
	int64_t connect_timeout_ms, timeout_ms;
};

/* A script: its text, and room for the name Redis gives it.  One static per script. */
struct redis_script {
	const char *text;
	char sha[41];                      /* filled when first run */
};

#define auto_redis __attribute__((cleanup(redis_close))) struct redis *
#define auto_reply __attribute__((cleanup(redis_reply_free))) struct redisReply *

/* Parses the URL; does not connect.  NULL and err for a URL that is none. */
struct redis *redis_open(const struct redis_options *o, struct error *err);
void redis_close(struct redis **r);
bool redis_ping(struct redis *r, struct error *err);
/* The same, in time: connecting, greeting and asking may each take a quarter of what is left. */
bool redis_ping_by(struct redis *r, struct deadline deadline, struct error *err);

/*
 * One command.  A connection found broken before anything was sent is made anew, once.  A Redis
 * error reply is a failure.  The reply is owned by the caller: auto_reply.
 */
struct redisReply *redis_command(struct redis *r, struct error *err, size_t argc,
                                 const struct slice *argv);
/* EVALSHA, EVAL on NOSCRIPT.  keys must share one hash tag. */
struct redisReply *redis_run(struct redis *r, struct redis_script *script,
                             size_t n_keys, const struct slice *keys,
                             size_t n_args, const struct slice *args, struct error *err);

/* Readers of a reply; NULL, or one of another type, reads as "" / 0 / no items. */
void redis_reply_free(struct redisReply **reply);
size_t reply_count(const struct redisReply *reply);
const struct redisReply *reply_item(const struct redisReply *reply, size_t i);
struct slice reply_text(const struct redisReply *reply);   /* strings and statuses; borrowed */
int64_t reply_int(const struct redisReply *reply);         /* integers, and strings holding one */
bool reply_is_nil(const struct redisReply *reply);

#endif
