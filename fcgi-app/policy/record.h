/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session record, as Redis keeps it and as scripts answer of it; what they may refuse.
 *
 *   session:<id>        hash   who tenant scope daemon name uid net env created active expires count
 *                              epoch; lease until while one runs; state=removing at the end;
 *                              fresh while it is from the pool and nothing has run in it: as of
 *                              this epoch, so that a run whose end nobody told counts;
 *                              asked, the name of the reservation it was claimed by;
 *                              box, its container since boxed, when its own was dead by then
 *   sessions, own:<scope>  zsets of ids (and names of those being created), scored by when each
 *                              is over: idle time-out, lifetime, or the end of its lease
 *   ending:<daemon>     zset   ids whose container has still to be seen gone, by since when
 *   orphans:<daemon>    zset   ids of containers nobody has a record of, by since when
 *   uids:<daemon>       hash   slot -> "<container's name> <ms before which it must not be freed>"
 *   pool:<daemon>, images:<daemon>, wanted:<daemon>, filling, boxes:<daemon>: see member.h
 */
#ifndef POLICY_RECORD_H
#define POLICY_RECORD_H

#include "fcgi-app/policy/script.h"
#include "fcgi-app/policy/session.h"

/* What a script answers first; those behind RECORD_EXPIRED are limit.c's and session.c's own. */
enum verdict {
	RECORD_OK, RECORD_GONE, RECORD_OTHER, RECORD_TENANT, RECORD_ELSEWHERE, RECORD_EXPIRED,
	VERDICT_SPENT, VERDICT_RATE, VERDICT_BUSY, VERDICT_FULL, VERDICT_CROWDED,
	VERDICT_ALL, VERDICT_OWN, VERDICT_UID, VERDICT_CLAIMED,
	VERDICT_NONE,                      /* no answer of a script: nothing is allowed by it */
};

/* KEYS[1] is the record, ARGV[1..3] are record_claim's. */
#define LUA_ACCESS \
	"local r = redis.call('HMGET', KEYS[1], 'who', 'tenant', 'daemon', 'expires', 'state')\n" \
	"if not r[1] then return {1} end\n" \
	"if r[1] ~= ARGV[1] then return {2} end\n" \
	"if r[2] ~= ARGV[2] then return {3} end\n" \
	"if r[3] ~= '' and r[3] ~= ARGV[3] then return {4} end\n" \
	"local over = now >= tonumber(r[4])\n"

#define LUA_TELL \
	"local function tell(record)\n" \
	"  local f = redis.call('HMGET', record, 'created', 'active', 'expires', 'count', 'net',\n" \
	"                       'uid', 'epoch', 'daemon', 'fresh', 'box', 'env')\n" \
	"  return {0, now, unpack(f)}\n" \
	"end\n"

/*
 * begin(id, name, slot, env): from now on it is a session, and its slot is freed when its container has
 * gone.  ARGV[1..10] are record_terms'.
 */
#define LUA_BEGIN \
	"local function begin(id, name, slot, env)\n" \
	"  local record, expires = ARGV[10] .. 'session:' .. id, now + ARGV[7]\n" \
	"  redis.call('HSET', record, 'who', ARGV[1], 'tenant', ARGV[2], 'daemon', ARGV[3],\n" \
	"             'name', name, 'scope', ARGV[4], 'uid', ARGV[5] + slot, 'net', ARGV[6],\n" \
	"             'created', now, 'active', now, 'expires', expires, 'count', 0, 'epoch', 0,\n" \
	"             'env', env)\n" \
	"  redis.call('PEXPIRE', record, ARGV[9])\n" \
	"  for _, key in ipairs({'sessions', 'own:' .. ARGV[4]}) do\n" \
	"    redis.call('ZADD', ARGV[10] .. key, math.min(now + ARGV[8], expires), id)\n" \
	"    redis.call('PEXPIRE', ARGV[10] .. key, ARGV[9])\n" \
	"  end\n" \
	"  redis.call('HSET', ARGV[10] .. 'uids:' .. ARGV[3], slot, name .. ' ' .. now)\n" \
	"  return record\n" \
	"end\n"

/* take_slot(uids, next, range, first, value): nil when none is free. */
#define LUA_SLOT \
	"local function take_slot(uids, next, range, first, value)\n" \
	"  redis.call('SET', next, first, 'NX')\n" \
	"  for i = 1, range do\n" \
	"    local slot = redis.call('INCR', next) % range\n" \
	"    if redis.call('HSETNX', uids, slot, value) == 1 then return slot end\n" \
	"  end\n" \
	"end\n"

/*
 * fence(id, prefix): nothing may run there any more, and no quota counts it.  Answers the epoch to
 * end it with, and its container; nil when there is no record.
 */
#define LUA_FENCE \
	"local function fence(id, prefix)\n" \
	"  local record = prefix .. 'session:' .. id\n" \
	"  local s = redis.call('HMGET', record, 'scope', 'daemon', 'box')\n" \
	"  if not s[1] then return nil end\n" \
	"  redis.call('HSET', record, 'state', 'removing')\n" \
	"  redis.call('ZREM', prefix .. 'sessions', id)\n" \
	"  redis.call('ZREM', prefix .. 'own:' .. s[1], id)\n" \
	"  redis.call('ZADD', prefix .. 'ending:' .. s[2], 'NX', now, s[3] or id)\n" \
	"  redis.call('PEXPIRE', prefix .. 'ending:' .. s[2], 86400000)\n" \
	"  return redis.call('HINCRBY', record, 'epoch', 1), s[3] or id\n" \
	"end\n"

void record_key(struct call *c, const struct backend *b, const char *id);
/* ARGV[1..3]: who asks, of which tenant, on which daemon. */
void record_claim(struct call *c, const struct backend *b, struct arena *arena,
                  const struct principal *who);
/* ARGV[1..10]: the claim, and what a session of theirs would be like. */
void record_terms(struct call *c, const struct backend *b, struct arena *arena,
                  const struct principal *who, bool network);
int64_t record_keep_ms(const struct config *c);     /* for what outlives no container */
enum verdict record_verdict(const struct redisReply *reply);
/* Fills out from what tell() answered. */
void record_read(const struct redisReply *reply, const struct backend *b, struct arena *arena,
                 const char *id, struct session *out);
/* The contract's words for RECORD_GONE to RECORD_EXPIRED. */
bool record_refuse(enum verdict verdict, struct error *err);
/* A refusal that says when to come back. */
bool refuse_for(struct error *err, enum err_kind kind, int64_t ms, const char *text);
bool record_no_uid(const struct config *c, struct error *err);     /* of VERDICT_UID */

#endif
