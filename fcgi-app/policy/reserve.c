/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/reserve.h"

#include "fcgi-app/policy/member.h"
#include "fcgi-app/policy/record.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

/* Creations at a time on one daemon: more only fight each other for its locks and the disk. */
enum { CREATING_MAX = 4, POLL_MS = 20 };

/*
 * From the pool, if it has one like this: then there is nothing to be created, and it counts from
 * now on.  Else a place, a uid and a name for one to be created.
 * KEYS rate, creating, sessions, own, uids, next uid, label, pool, images, all pools
 * ARGV record_terms', name, rate limit, window ms, creations at a time, sessions of all, of one,
 *      uids, pending ms, ms to keep, label, a first uid, digest or "", image, members' age ms
 */
static struct redis_script reserve_script = { .text =
	LUA_NOW LUA_WINDOW LUA_TELL LUA_BEGIN LUA_SLOT LUA_POOL
	"local name, rate, ms = ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13])\n"
	"local full = window(KEYS[1], rate, ms)\n"
	"if full then return {7, full} end\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 3600000)\n"
	"local key = ARGV[22] ~= '' and pool_key(redis.call('HGET', KEYS[9], ARGV[23]), ARGV[22])\n"
	"local ready = oldest(KEYS[8], key, tonumber(ARGV[24]))\n"
	"if not ready and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[14]) then return {8} end\n"
	"spend(KEYS[1], rate, ms, name)\n"
	"if redis.call('ZCOUNT', KEYS[3], now, '+inf') >= tonumber(ARGV[15]) then return {11} end\n"
	"if redis.call('ZCOUNT', KEYS[4], now, '+inf') >= tonumber(ARGV[16]) then return {12} end\n"
	"if ready then\n"
	"  take_out(KEYS[8], KEYS[10], ready.id)\n"
	"  local record = begin(ready.id, ready.name, ready.slot, 0)\n"
	"  redis.call('HSET', record, 'fresh', 0, 'asked', name)\n"
	"  local told = tell(record)\n"
	"  told[1], told[#told + 1] = 14, ready.id\n"
	"  return told\n"
	"end\n"
	"local till = now + ARGV[18]\n"
	"local slot = take_slot(KEYS[5], KEYS[6], tonumber(ARGV[17]), ARGV[21], name .. ' ' .. till)\n"
	"if not slot then return {13} end\n"
	"for i = 2, 4 do redis.call('ZADD', KEYS[i], till, name) end\n"
	"redis.call('SET', KEYS[7], ARGV[20], 'NX')\n"
	"redis.call('PEXPIRE', KEYS[7], 2592000000)\n"
	"for i = 2, 6 do redis.call('PEXPIRE', KEYS[i], ARGV[19]) end\n"
	"return {0, slot, redis.call('GET', KEYS[7])}\n"
};

static struct redisReply *ask(struct backend *b, struct arena *arena, const struct reservation *r,
                              struct error *err)
{
	const struct config *c = b->config;
	struct call call = { 0 };
	char digest[DIGEST_HEX] = "";
	uint16_t first;

	id_random(&first, sizeof first);
	if (r->plain)
		member_digest(b, SANDBOX_SESSION, digest);
	call_key(&call, b, "rate:create", r->who->scope);
	call_key(&call, b, "creating", b->daemon_id);
	call_key(&call, b, "sessions", "");
	call_key(&call, b, "own", r->who->scope);
	call_key(&call, b, "uids", b->daemon_id);
	call_key(&call, b, "uid", b->daemon_id);
	call_key(&call, b, "label", "");
	call_key(&call, b, "pool", b->daemon_id);
	call_key(&call, b, "images", b->daemon_id);
	call_key(&call, b, "pool", "");
	record_terms(&call, b, arena, r->who, r->want.network);
	call_text(&call, r->name);
	call_int(&call, c->container_rate_limit_requests_per_window);
	call_int(&call, c->container_rate_limit_window_seconds * 1000);
	call_int(&call, CREATING_MAX);
	call_int(&call, c->max_active_sessions);
	call_int(&call, c->max_containers_per_principal);
	call_int(&call, c->sandbox_uid_range);
	call_int(&call, config_pending_ms(c));
	call_int(&call, record_keep_ms(c));
	call_text(&call, b->deployment);
	call_int(&call, first);
	call_text(&call, digest);
	call_text(&call, c->sandbox_image);
	call_int(&call, c->sandbox_pool_max_age_seconds * 1000);
	return call_run(&call, b, &reserve_script, err);
}

static bool refuse(const struct config *c, const struct redisReply *reply, struct error *err)
{
	switch (record_verdict(reply)) {
	case VERDICT_RATE:
		return refuse_for(err, ERR_LIMITED, reply_int(reply_item(reply, 1)),
		                  "Container creation rate limit exceeded for this principal.");
	case VERDICT_BUSY:
		return refuse_for(err, ERR_UNAVAILABLE, 0,
		                  "Container creation is temporarily saturated. Please retry shortly.");
	case VERDICT_ALL:
		return refuse_for(err, ERR_LIMITED, 0,
		                  "The gateway is at its maximum number of active container sessions.");
	case VERDICT_OWN:
		return refuse_for(err, ERR_LIMITED, 0,
		                  "You have reached the maximum number of active container sessions.");
	case VERDICT_UID:
		return record_no_uid(c, err);
	case RECORD_OK:
	case RECORD_GONE:
	case RECORD_OTHER:
	case RECORD_TENANT:
	case RECORD_ELSEWHERE:
	case RECORD_EXPIRED:
	case VERDICT_SPENT:
	case VERDICT_FULL:
	case VERDICT_CROWDED:
	case VERDICT_CLAIMED:
	case VERDICT_NONE:
		break;
	}
	return record_refuse(record_verdict(reply), err);
}

/* Another gateway may have stored its label first, or Redis lost ours: the reply is what counts. */
static void take(struct backend *b, const struct redisReply *reply, struct reservation *out)
{
	struct slice label = reply_text(reply_item(reply, 2));

	out->slot = reply_int(reply_item(reply, 1));
	if (label.len > 0 && label.len < sizeof b->deployment) {
		memcpy(b->deployment, label.at, label.len);
		b->deployment[label.len] = '\0';
	}
}

/* Fills out; false for a refusal. */
static bool is_granted(struct backend *b, struct arena *arena, const struct redisReply *reply,
                     struct reservation *out)
{
	struct slice id = reply_text(reply_item(reply, 13));

	if (record_verdict(reply) == RECORD_OK) {
		take(b, reply, out);
		return true;
	}
	if (record_verdict(reply) == VERDICT_CLAIMED)
		record_read(reply, b, arena, arena_strndup(arena, id.at, id.len), &out->session);
	return out->session.id != NULL;
}

static void doubt(struct backend *b, const struct reservation *r)
{
	(void)snprintf(b->doubt.name, sizeof b->doubt.name, "%s", r->name);
	(void)snprintf(b->doubt.scope, sizeof b->doubt.scope, "%s", r->who->scope);
}

bool reserve(struct backend *b, struct arena *arena, const struct principal *who,
             struct session_options want, struct reservation *out, struct error *err)
{
	const struct config *c = b->config;
	struct deadline deadline = deadline_in_ms(c->container_create_guard_timeout * 1000);
	char id[ID_SHORT];

	if (!reserve_settle(b, err))       /* there is one doubt at a time */
		return false;
	id_short(id);
	*out = (struct reservation){ .who = who, .want = want };
	out->want.network = want.network && strcmp(c->sandbox_network_mode, "none") != 0;
	out->plain = c->sandbox_pool_size > 0 && !out->want.network && !want.inject_env;
	(void)snprintf(out->name, sizeof out->name, "sandbox-%s", id);
	for (;;) {
		auto_reply reply = ask(b, arena, out, err);

		if (reply == NULL) {
			doubt(b, out);
			return false;
		}
		if (is_granted(b, arena, reply, out))
			return true;
		if (record_verdict(reply) != VERDICT_BUSY || deadline_passed(deadline))
			return refuse(c, reply, err);
		deadline_sleep_ms(deadline, POLL_MS);
	}
}

/*
 * KEYS creating, sessions, own
 * ARGV record_terms', name, id, slot, whether it has an env file
 */
static struct redis_script commit_script = { .text =
	LUA_NOW LUA_TELL LUA_BEGIN
	"local name, id = ARGV[11], ARGV[12]\n"
	"local till = redis.call('ZSCORE', KEYS[2], name)\n"
	"local record = till and tonumber(till) >= now and begin(id, name, ARGV[13], ARGV[14])\n"
	"for i = 1, 3 do redis.call('ZREM', KEYS[i], name) end\n"
	"return record and tell(record) or {1}\n"
};

bool reserve_commit(struct backend *b, struct arena *arena, const struct reservation *held,
                    const char *id, struct session *out, struct error *err)
{
	struct call call = { 0 };

	call_key(&call, b, "creating", b->daemon_id);
	call_key(&call, b, "sessions", "");
	call_key(&call, b, "own", held->who->scope);
	record_terms(&call, b, arena, held->who, held->want.network);
	call_text(&call, held->name);
	call_text(&call, id);
	call_int(&call, held->slot);
	call_int(&call, held->want.inject_env);

	auto_reply reply = call_run(&call, b, &commit_script, err);

	if (reply == NULL)
		return false;
	if (record_verdict(reply) != RECORD_OK)
		return fail_hidden(err, ERR_UNAVAILABLE, "the creation outlived its reservation");
	record_read(reply, b, arena, id, out);
	return true;
}

/*
 * A claim, too, is taken back: nobody has been told of its session.
 * KEYS creating, sessions, own, uids; ARGV name, whether its slot is free, prefix
 */
static struct redis_script rollback_script = { .text =
	LUA_NOW LUA_FENCE
	"for i = 1, 3 do redis.call('ZREM', KEYS[i], ARGV[1]) end\n"
	"local held = ARGV[2] == '1' and redis.call('HGETALL', KEYS[4]) or {}\n"
	"for i = 1, #held, 2 do\n"
	"  if string.find(held[i + 1], ARGV[1] .. ' ', 1, true) == 1 then redis.call('HDEL', KEYS[4], held[i]) end\n"
	"end\n"
	"for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do\n"
	"  if redis.call('HGET', ARGV[3] .. 'session:' .. id, 'asked') == ARGV[1] then fence(id, ARGV[3]) end\n"
	"end\n"
	"return 0\n"
};

static bool rollback(struct backend *b, const char *name, const char *scope, bool certain,
                     struct error *err)
{
	struct call c = { 0 };

	call_key(&c, b, "creating", b->daemon_id);
	call_key(&c, b, "sessions", "");
	call_key(&c, b, "own", scope);
	call_key(&c, b, "uids", b->daemon_id);
	call_text(&c, name);
	call_int(&c, certain);
	call_prefix(&c, b);

	auto_reply reply = call_run(&c, b, &rollback_script, err);

	return reply != NULL;
}

void reserve_rollback(struct backend *b, const struct reservation *held, bool certain)
{
	struct error ignored = { 0 };

	(void)rollback(b, held->name, held->who->scope, certain, &ignored);
}

bool reserve_settle(struct backend *b, struct error *err)
{
	if (*b->doubt.name != '\0' && !rollback(b, b->doubt.name, b->doubt.scope, true, err))
		return false;
	*b->doubt.name = '\0';
	return true;
}
