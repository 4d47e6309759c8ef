/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/reserve.h"

#include "fcgi-app/policy/record.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>

/*
 * Creations at a time on one daemon: more only fight each other for its locks and the disk.  The
 * reservation outlives two calls to Docker.
 */
enum { CREATING_MAX = 4, PENDING_SLACK_MS = 30000, POLL_MS = 20 };

static int64_t pending_ms(const struct config *c)
{
	return c->docker_client_timeout * 2000 + PENDING_SLACK_MS;
}

static int64_t lifetime_ms(const struct config *c)
{
	return c->max_session_lifetime_seconds * 1000;
}

/*
 * KEYS rate, creating, sessions, own, uids, next uid, label
 * ARGV name, rate limit, window ms, creations at a time, sessions of all, of one, uids, pending ms,
 *      ms for which what is kept here may matter, label, a first uid
 */
static struct redis_script reserve_script = { .text =
	LUA_NOW LUA_WINDOW
	"local name, rate, ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"
	"local full = window(KEYS[1], rate, ms)\n"
	"if full then return {7, full} end\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - 3600000)\n"
	"if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return {8} end\n"
	"spend(KEYS[1], rate, ms, name)\n"
	"if redis.call('ZCOUNT', KEYS[3], now, '+inf') >= tonumber(ARGV[5]) then return {11} end\n"
	"if redis.call('ZCOUNT', KEYS[4], now, '+inf') >= tonumber(ARGV[6]) then return {12} end\n"
	"redis.call('SET', KEYS[6], ARGV[11], 'NX')\n"
	"local slot\n"
	"for i = 1, tonumber(ARGV[7]) do\n"
	"  slot = redis.call('INCR', KEYS[6]) % tonumber(ARGV[7])\n"
	"  if redis.call('HEXISTS', KEYS[5], slot) == 0 then break end\n"
	"  slot = nil\n"
	"end\n"
	"if not slot then return {13} end\n"
	"local till = now + ARGV[8]\n"
	"redis.call('HSET', KEYS[5], slot, name .. ' ' .. till)\n"
	"for i = 2, 4 do redis.call('ZADD', KEYS[i], till, name) end\n"
	"redis.call('SET', KEYS[7], ARGV[10], 'NX')\n"
	"redis.call('PEXPIRE', KEYS[7], 2592000000)\n"
	"for i = 2, 6 do redis.call('PEXPIRE', KEYS[i], ARGV[9]) end\n"
	"return {0, slot, redis.call('GET', KEYS[7])}\n"
};

static struct redisReply *ask(struct backend *b, const struct reservation *r, struct error *err)
{
	const struct config *c = b->config;
	struct call call = { 0 };
	uint16_t first;

	id_random(&first, sizeof first);
	call_key(&call, b, "rate:create", r->who->scope);
	call_key(&call, b, "creating", b->daemon_id);
	call_key(&call, b, "sessions", "");
	call_key(&call, b, "own", r->who->scope);
	call_key(&call, b, "uids", b->daemon_id);
	call_key(&call, b, "uid", b->daemon_id);
	call_key(&call, b, "label", "");
	call_text(&call, r->name);
	call_int(&call, c->container_rate_limit_requests_per_window);
	call_int(&call, c->container_rate_limit_window_seconds * 1000);
	call_int(&call, CREATING_MAX);
	call_int(&call, c->max_active_sessions);
	call_int(&call, c->max_containers_per_principal);
	call_int(&call, c->sandbox_uid_range);
	call_int(&call, pending_ms(c));
	call_int(&call, lifetime_ms(c) * 2 + pending_ms(c));
	call_text(&call, b->deployment);
	call_int(&call, first);
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
		refuse_for(err, ERR_UNAVAILABLE, c->janitor_interval_seconds * 1000,
		           "Container creation is temporarily saturated. Please retry shortly.");
		(void)snprintf(err->detail, sizeof err->detail, "no free uid of SANDBOX_UID_RANGE");
		return false;
	case RECORD_OK:
	case RECORD_GONE:
	case RECORD_OTHER:
	case RECORD_TENANT:
	case RECORD_ELSEWHERE:
	case RECORD_EXPIRED:
	case VERDICT_SPENT:
	case VERDICT_FULL:
	case VERDICT_CROWDED:
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

bool reserve(struct backend *b, const struct principal *who, bool network,
             struct reservation *out, struct error *err)
{
	const struct config *c = b->config;
	struct deadline deadline = deadline_in_ms(c->container_create_guard_timeout * 1000);
	char id[ID_SHORT];

	id_short(id);
	out->who = who;
	out->network = network && strcmp(c->sandbox_network_mode, "none") != 0;
	(void)snprintf(out->name, sizeof out->name, "sandbox-%s", id);
	for (;;) {
		auto_reply reply = ask(b, out, err);

		if (reply == NULL)
			return false;
		if (record_verdict(reply) == RECORD_OK) {
			take(b, reply, out);
			return true;
		}
		if (record_verdict(reply) != VERDICT_BUSY || deadline_passed(deadline))
			return refuse(c, reply, err);
		deadline_sleep_ms(deadline, POLL_MS);
	}
}

/*
 * KEYS record, creating, sessions, own, uids
 * ARGV claim, name, id, slot, scope, uid, net, lifetime ms, idle ms, ms to keep the record
 * The id goes in before the name goes out: an empty set would lose its time to live.
 */
static struct redis_script commit_script = { .text =
	LUA_NOW LUA_TELL
	"local name, id = ARGV[4], ARGV[5]\n"
	"local till = redis.call('ZSCORE', KEYS[3], name)\n"
	"if not till or tonumber(till) < now then\n"
	"  for i = 2, 4 do redis.call('ZREM', KEYS[i], name) end\n"
	"  return {1}\n"
	"end\n"
	"local expires = now + ARGV[10]\n"
	"redis.call('HSET', KEYS[1], 'who', ARGV[1], 'tenant', ARGV[2], 'daemon', ARGV[3],\n"
	"           'name', name, 'scope', ARGV[7], 'uid', ARGV[8], 'net', ARGV[9], 'created', now,\n"
	"           'active', now, 'expires', expires, 'count', 0, 'epoch', 0)\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[12])\n"
	"for i = 3, 4 do redis.call('ZADD', KEYS[i], math.min(now + ARGV[11], expires), id) end\n"
	"for i = 2, 4 do redis.call('ZREM', KEYS[i], name) end\n"
	"redis.call('HSET', KEYS[5], ARGV[6], name .. ' ' .. now)\n"
	"return tell()\n"
};

bool reserve_commit(struct backend *b, struct arena *arena, const struct reservation *held,
                    const char *id, struct session *out, struct error *err)
{
	const struct config *c = b->config;
	struct call call = { 0 };

	record_key(&call, b, id);
	call_key(&call, b, "creating", b->daemon_id);
	call_key(&call, b, "sessions", "");
	call_key(&call, b, "own", held->who->scope);
	call_key(&call, b, "uids", b->daemon_id);
	record_claim(&call, b, arena, held->who);
	call_text(&call, held->name);
	call_text(&call, id);
	call_int(&call, held->slot);
	call_text(&call, held->who->scope);
	call_int(&call, c->sandbox_uid + held->slot);
	call_int(&call, held->network);
	call_int(&call, lifetime_ms(c));
	call_int(&call, c->session_timeout_seconds * 1000);
	call_int(&call, lifetime_ms(c) + (config_run_seconds(c) + c->orphan_grace_seconds) * 1000);

	auto_reply reply = call_run(&call, b, &commit_script, err);

	if (reply == NULL)
		return false;
	if (record_verdict(reply) != RECORD_OK)
		return fail_hidden(err, ERR_UNAVAILABLE, "the creation outlived its reservation");
	record_read(reply, b, arena, id, out);
	return true;
}

/* KEYS creating, sessions, own, uids; ARGV name, slot, whether the slot is free */
static struct redis_script rollback_script = { .text =
	LUA_NOW
	"for i = 1, 3 do redis.call('ZREM', KEYS[i], ARGV[1]) end\n"
	"local held = redis.call('HGET', KEYS[4], ARGV[2])\n"
	"if ARGV[3] == '1' and held and string.find(held, ARGV[1] .. ' ', 1, true) == 1 then\n"
	"  redis.call('HDEL', KEYS[4], ARGV[2])\n"
	"end\n"
	"return 0\n"
};

void reserve_rollback(struct backend *b, const struct reservation *held, bool certain)
{
	struct error ignored = { 0 };
	struct call c = { 0 };

	call_key(&c, b, "creating", b->daemon_id);
	call_key(&c, b, "sessions", "");
	call_key(&c, b, "own", held->who->scope);
	call_key(&c, b, "uids", b->daemon_id);
	call_text(&c, held->name);
	call_int(&c, held->slot);
	call_int(&c, certain);

	auto_reply reply = call_run(&c, b, &rollback_script, &ignored);
	(void)reply;
}
