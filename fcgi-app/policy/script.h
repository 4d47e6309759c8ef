/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call of one of our Redis scripts, and the pieces that several of them begin with.  Every key
 * is cg:{<DEPLOYMENT_ID>}:<kind>[:<rest>], so all of them share a hash slot.
 */
#ifndef POLICY_SCRIPT_H
#define POLICY_SCRIPT_H

#include "fcgi-app/policy/backend.h"

enum { SCRIPT_KEYS = 10, SCRIPT_ARGS = 24 };

struct call {                              /* `{ 0 }` starts one */
	struct slice keys[SCRIPT_KEYS], args[SCRIPT_ARGS];
	size_t n_keys, n_args, used;
	char room[2048];                   /* of the texts made here */
};

/* rest "" leaves the last part out. */
void call_key(struct call *c, const struct backend *b, const char *kind, const char *rest);
void call_text(struct call *c, const char *s);     /* borrowed; NULL is "" */
void call_int(struct call *c, int64_t n);
/* What every key starts with, as an argument. */
void call_prefix(struct call *c, const struct backend *b);
struct redisReply *call_run(const struct call *c, struct backend *b, struct redis_script *script,
                            struct error *err);

/* now: Redis' clock in milliseconds since 1970. */
#define LUA_NOW \
	"local t = redis.call('TIME')\n" \
	"local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"

/* window(key, limit, ms): nil when one more fits, else the milliseconds until it does. */
#define LUA_WINDOW \
	"local function window(key, limit, ms)\n" \
	"  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - ms)\n" \
	"  if limit <= 0 or redis.call('ZCARD', key) < limit then return nil end\n" \
	"  return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] + ms - now\n" \
	"end\n" \
	"local function spend(key, limit, ms, member)\n" \
	"  if limit <= 0 then return end\n" \
	"  redis.call('ZADD', key, now, member)\n" \
	"  redis.call('PEXPIRE', key, ms + 5000)\n" \
	"end\n"

#endif
