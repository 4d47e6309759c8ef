/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/limit.h"

#include "fcgi-app/policy/record.h"

enum { POLL_MAX_MS = 50, TICKET_MS = 1000 };

/*
 * Who waits has a ticket in queue:<id>, scored by its arrival; who waits for nothing but a slot has
 * it in `queue`, too.  A ticket whose ticket:<token> has expired is of a waiter that died.  All of
 * them are in `waiting`, by when they expire: for the metrics.
 */
#define LUA_QUEUE \
	"local function drop_dead(queue, last)\n" \
	"  for _, other in ipairs(redis.call('ZRANGE', queue, 0, last)) do\n" \
	"    if redis.call('EXISTS', tickets .. other) == 1 then\n" \
	"      if last == 0 then return end\n" \
	"    else\n" \
	"      redis.call('ZREM', queue, other)\n" \
	"      if last == 0 then return drop_dead(queue, last) end\n" \
	"    end\n" \
	"  end\n" \
	"end\n" \
	"local function wait(why)\n" \
	"  local place = redis.call('ZSCORE', KEYS[7], token)\n" \
	"  if not place and redis.call('ZCARD', KEYS[7]) >= tonumber(ARGV[11]) then return {10, why} end\n" \
	"  place = place or (t[1] .. string.format('%06d', t[2]))\n" \
	"  redis.call('ZADD', KEYS[7], place, token)\n" \
	"  if why == 9 then redis.call('ZADD', KEYS[6], place, token)\n" \
	"  else redis.call('ZREM', KEYS[6], token) end\n" \
	"  redis.call('SET', tickets .. token, '', 'PX', ARGV[13])\n" \
	"  redis.call('ZREMRANGEBYSCORE', waiting, '-inf', now)\n" \
	"  redis.call('ZADD', waiting, now + ARGV[13], token)\n" \
	"  for _, key in ipairs({KEYS[6], KEYS[7], waiting}) do redis.call('PEXPIRE', key, 300000) end\n" \
	"  return {why}\n" \
	"end\n"

/* What no waiting helps against. */
#define LUA_REFUSE \
	"local s = redis.call('HMGET', KEYS[1], 'count', 'until', 'expires')\n" \
	"local busy = tonumber(s[2] or 0) > now\n" \
	"if r[5] then return {1} end\n" \
	"if over then return {5, busy} end\n" \
	"if tonumber(s[1]) >= tonumber(ARGV[10]) then return {6, busy} end\n" \
	"local full = window(KEYS[4], tonumber(ARGV[8]), tonumber(ARGV[9]))\n" \
	"if full then return {7, full} end\n"

/*
 * KEYS record, sessions, own, rate, slots, queue, queue of this session
 * ARGV claim, id, token, lease ms, slots, rate limit, window ms, budget, waiters, idle ms, ticket ms,
 *      prefix
 */
static struct redis_script admit_script = { .text =
	"local token, lease, tickets = ARGV[5], tonumber(ARGV[6]), ARGV[14] .. 'ticket:'\n"
	"local waiting = ARGV[14] .. 'waiting'\n"
	LUA_NOW LUA_WINDOW LUA_QUEUE LUA_ACCESS LUA_TELL LUA_REFUSE
	"drop_dead(KEYS[7], -1)\n"
	"drop_dead(KEYS[6], 0)\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now)\n"
	"local first = redis.call('ZRANGE', KEYS[7], 0, 0)[1] or token\n"
	"local ahead = redis.call('ZRANK', KEYS[6], token) or redis.call('ZCARD', KEYS[6])\n"
	"if busy or first ~= token then return wait(8) end\n"
	"if redis.call('ZCARD', KEYS[5]) + ahead >= tonumber(ARGV[7]) then return wait(9) end\n"
	"for _, key in ipairs({KEYS[6], KEYS[7], waiting}) do redis.call('ZREM', key, token) end\n"
	"redis.call('DEL', tickets .. token)\n"
	"spend(KEYS[4], tonumber(ARGV[8]), tonumber(ARGV[9]), token)\n"
	"redis.call('ZADD', KEYS[5], now + lease, token)\n"
	"redis.call('PEXPIRE', KEYS[5], 3600000)\n"
	"for _, field in ipairs({'epoch', 'count'}) do redis.call('HINCRBY', KEYS[1], field, 1) end\n"
	"redis.call('HSET', KEYS[1], 'lease', token, 'until', now + lease, 'active', now)\n"
	"local till = math.max(math.min(now + ARGV[12], s[3]), now + lease)\n"
	"for i = 2, 3 do redis.call('ZADD', KEYS[i], 'XX', till, ARGV[4]) end\n"
	"return tell(KEYS[1])\n"
};

/* KEYS and ARGV of admit_script */
static struct redis_script look_script = { .text =
	LUA_NOW LUA_WINDOW LUA_ACCESS LUA_REFUSE
	"return {0}\n"
};

static struct redisReply *ask(struct backend *b, struct arena *arena, const struct claim *claim,
                              struct redis_script *script, const char *token, struct error *err)
{
	const struct config *c = b->config;
	struct call call = { 0 };

	record_key(&call, b, claim->session_id);
	call_key(&call, b, "sessions", "");
	call_key(&call, b, "own", claim->who->scope);
	call_key(&call, b, "rate:execute", claim->who->scope);
	call_key(&call, b, "slots", "");
	call_key(&call, b, "queue", "");
	call_key(&call, b, "queue", claim->session_id);
	record_claim(&call, b, arena, claim->who);
	call_text(&call, claim->session_id);
	call_text(&call, token);
	call_int(&call, c->run_lease_seconds * 1000);
	call_int(&call, c->max_concurrent_executions);
	call_int(&call, c->rate_limit_requests_per_window);
	call_int(&call, c->rate_limit_window_seconds * 1000);
	call_int(&call, c->max_executions_per_session);
	call_int(&call, c->max_session_waiters);
	call_int(&call, c->session_timeout_seconds * 1000);
	call_int(&call, TICKET_MS);
	call_prefix(&call, b);
	return call_run(&call, b, script, err);
}

static bool refuse_waiting(enum verdict why, struct error *err)
{
	return refuse_for(err, ERR_LIMITED, 0, why == VERDICT_FULL
	                  ? "Too many concurrent executions. Please try again later."
	                  : "Another execution is in progress for this container. Please wait.");
}

/* A session that is over goes, unless the run that used it up is still on. */
static void discard_idle(struct backend *b, const char *id, bool busy)
{
	struct error ignored = { 0 };

	if (!busy)
		session_discard(b, id, &ignored);
}

static bool refuse(struct backend *b, const char *id, const struct redisReply *reply,
                   struct error *err)
{
	enum verdict verdict = record_verdict(reply);
	int64_t more = reply_int(reply_item(reply, 1));

	switch (verdict) {
	case VERDICT_SPENT:
		discard_idle(b, id, more != 0);
		return refuse_for(err, ERR_LIMITED, 0,
		                  "Container session reached its maximum number of executions.");
	case VERDICT_RATE:
		return refuse_for(err, ERR_LIMITED, more,
		                  "Rate limit exceeded for this principal. Please slow down.");
	case VERDICT_BUSY:
	case VERDICT_FULL:
		return refuse_waiting(verdict, err);
	case VERDICT_CROWDED:
		return refuse_waiting((enum verdict)more, err);
	case RECORD_EXPIRED:
		discard_idle(b, id, more != 0);
		break;
	case RECORD_OK:
	case RECORD_GONE:
	case RECORD_OTHER:
	case RECORD_TENANT:
	case RECORD_ELSEWHERE:
	case VERDICT_ALL:
	case VERDICT_OWN:
	case VERDICT_UID:
	case VERDICT_CLAIMED:
	case VERDICT_NONE:
		break;
	}
	return record_refuse(verdict, err);
}

/* KEYS queue, queue of this session, waiting, ticket; ARGV token */
static struct redis_script leave_script = { .text =
	"for i = 1, 3 do redis.call('ZREM', KEYS[i], ARGV[1]) end\n"
	"return redis.call('DEL', KEYS[4])\n"
};

static void leave(struct backend *b, const char *session_id, const char *token)
{
	struct error ignored = { 0 };
	struct call c = { 0 };

	call_key(&c, b, "queue", "");
	call_key(&c, b, "queue", session_id);
	call_key(&c, b, "waiting", "");
	call_key(&c, b, "ticket", token);
	call_text(&c, token);

	auto_reply reply = call_run(&c, b, &leave_script, &ignored);
	(void)reply;
}

/* One try: true when admitted or refused for good, both told by *verdict. */
static bool try_admit(struct backend *b, struct arena *arena, const struct claim *claim,
                      struct lease *out, enum verdict *verdict, struct error *err)
{
	int64_t asked_us = now_us();
	auto_reply reply = ask(b, arena, claim, &admit_script, out->token, err);

	*verdict = reply != NULL ? record_verdict(reply) : RECORD_GONE;
	if (reply == NULL)
		return true;
	if (*verdict == VERDICT_BUSY || *verdict == VERDICT_FULL)
		return false;
	if (*verdict != RECORD_OK) {
		refuse(b, claim->session_id, reply, err);
		return true;
	}
	record_read(reply, b, arena, claim->session_id, &out->session);
	out->expires_us = asked_us + b->config->run_lease_seconds * 1000000;
	return true;
}

/* Waits; true when that is not to go on. */
static bool is_told_to_end(const struct watch *w, struct deadline until)
{
	struct pollfd fds[] = {
		{ .fd = w->client_fd, .events = POLLRDHUP },
		{ .fd = w->cancel_fd, .events = POLLIN },
	};

	return deadline_poll(fds, 2, until) > 0;
}

/* 1, 2, 4 ... 50 ms apart, until EXECUTION_QUEUE_SECONDS.  why: what the first try waits for. */
static bool wait_for_turn(struct backend *b, struct arena *arena, const struct claim *claim,
                          enum verdict why, struct lease *out, struct error *err)
{
	struct deadline deadline = deadline_in_ms(b->config->execution_queue_seconds * 1000);

	for (int64_t ms = 1; !deadline_passed(deadline);
	     ms = ms * 2 < POLL_MAX_MS ? ms * 2 : POLL_MAX_MS) {
		if (is_told_to_end(&claim->watch, deadline_first(deadline, deadline_in_ms(ms)))) {
			leave(b, claim->session_id, out->token);
			return refuse_for(err, ERR_UNAVAILABLE, 0,
			                  "The gateway is shutting down. Please retry shortly.");
		}
		if (try_admit(b, arena, claim, out, &why, err)) {
			if (why != RECORD_OK)
				leave(b, claim->session_id, out->token);
			return why == RECORD_OK;
		}
	}
	leave(b, claim->session_id, out->token);
	return refuse_waiting(why, err);
}

/* What is to be so before Redis is asked of a claim. */
static bool can_ask(struct backend *b, const struct claim *claim, struct error *err)
{
	if (!id_is_container(claim->session_id))
		return record_refuse(RECORD_GONE, err);
	return backend_identify(b, deadline_in_ms(IDENTIFY_MS), err);
}

bool limit_look(struct backend *b, struct arena *arena, const struct claim *claim,
                struct error *err)
{
	if (!can_ask(b, claim, err))
		return false;

	auto_reply reply = ask(b, arena, claim, &look_script, "", err);

	return reply != NULL
	    && (record_verdict(reply) == RECORD_OK || refuse(b, claim->session_id, reply, err));
}

bool limit_admit(struct backend *b, struct arena *arena, const struct claim *claim,
                 struct lease *out, struct error *err)
{
	enum verdict verdict;

	if (!can_ask(b, claim, err))
		return false;
	id_token(out->token);
	if (try_admit(b, arena, claim, out, &verdict, err))
		return verdict == RECORD_OK;

	if (claim->bulkhead != NULL && !bulkhead_wait(claim->bulkhead, claim->worker, err)) {
		leave(b, claim->session_id, out->token);
		return refuse_waiting(verdict, err);
	}

	bool admitted = wait_for_turn(b, arena, claim, verdict, out, err);

	if (claim->bulkhead != NULL)
		bulkhead_go_on(claim->bulkhead, claim->worker);
	return admitted;
}

/*
 * A record that is gone is no reason to stop: Redis may have lost it, and nobody can be admitted
 * without one.  Then the janitor is told that its container still works.
 * KEYS record, sessions, slots, orphans; ARGV id, token, lease ms, prefix, container
 */
static struct redis_script renew_script = { .text =
	LUA_NOW
	"local s = redis.call('HMGET', KEYS[1], 'scope', 'lease', 'until', 'state')\n"
	"local till = now + ARGV[3]\n"
	"if not s[1] then\n"
	"  redis.call('ZADD', KEYS[4], 'XX', now, ARGV[5])\n"
	"  return 1\n"
	"end\n"
	"if s[2] ~= ARGV[2] or tonumber(s[3]) < now or s[4] then return 0 end\n"
	"redis.call('HSET', KEYS[1], 'until', till)\n"
	"redis.call('ZADD', KEYS[3], till, ARGV[2])\n"
	"redis.call('PEXPIRE', KEYS[3], 3600000)\n"
	"if tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or till) < till then\n"
	"  redis.call('ZADD', KEYS[2], 'XX', till, ARGV[1])\n"
	"  redis.call('ZADD', ARGV[4] .. 'own:' .. s[1], 'XX', till, ARGV[1])\n"
	"end\n"
	"return 1\n"
};

bool limit_renew(struct backend *b, struct lease *lease, struct error *err)
{
	int64_t asked_us = now_us();
	struct call c = { 0 };

	record_key(&c, b, lease->session.id);
	call_key(&c, b, "sessions", "");
	call_key(&c, b, "slots", "");
	call_key(&c, b, "orphans", b->daemon_id);
	call_text(&c, lease->session.id);
	call_text(&c, lease->token);
	call_int(&c, b->config->run_lease_seconds * 1000);
	call_prefix(&c, b);
	call_text(&c, lease->session.container);

	auto_reply reply = call_run(&c, b, &renew_script, err);

	if (reply == NULL)
		return false;
	if (reply_int(reply) == 0)
		return fail(err, ERR_CONFLICT, "The session was taken over or is being removed.");
	lease->expires_us = asked_us + b->config->run_lease_seconds * 1000000;
	return true;
}

/* KEYS record, sessions, slots; ARGV id, token, idle ms, prefix, whether it is still fresh */
static struct redis_script release_script = { .text =
	LUA_NOW
	"redis.call('ZREM', KEYS[3], ARGV[2])\n"
	"local s = redis.call('HMGET', KEYS[1], 'scope', 'lease', 'expires')\n"
	"if s[2] ~= ARGV[2] then return 0 end\n"
	"redis.call('HDEL', KEYS[1], 'lease', 'until')\n"
	"if ARGV[5] == '1' then redis.call('HSET', KEYS[1], 'fresh', redis.call('HGET', KEYS[1], 'epoch'))\n"
	"else redis.call('HDEL', KEYS[1], 'fresh') end\n"
	"redis.call('HSET', KEYS[1], 'active', now)\n"
	"local till = math.min(now + ARGV[3], s[3])\n"
	"redis.call('ZADD', KEYS[2], 'XX', till, ARGV[1])\n"
	"redis.call('ZADD', ARGV[4] .. 'own:' .. s[1], 'XX', till, ARGV[1])\n"
	"return 1\n"
};

void limit_release(struct backend *b, struct lease *lease)
{
	struct error ignored = { 0 };
	struct call c = { 0 };

	record_key(&c, b, lease->session.id);
	call_key(&c, b, "sessions", "");
	call_key(&c, b, "slots", "");
	call_text(&c, lease->session.id);
	call_text(&c, lease->token);
	call_int(&c, b->config->session_timeout_seconds * 1000);
	call_prefix(&c, b);
	call_int(&c, lease->session.fresh);

	auto_reply reply = call_run(&c, b, &release_script, &ignored);
	(void)reply;
	lease->expires_us = 0;
}
