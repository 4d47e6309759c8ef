/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/renderslot.h"

#include "fcgi-app/policy/member.h"
#include "fcgi-app/policy/record.h"

#include <stdio.h>
#include <string.h>

enum { POLL_MAX_MS = 50 };

/*
 * As many are let in as slots are free, the first to come first.  Refused by a rate, it waits no
 * longer and has spent nothing.
 * KEYS render-slots, render-waiting, rate, rate:create, uids, next uid, label, pool, images, all
 *      members
 * ARGV name of the container that may be made, slots, wait ms, rate limit, window ms, creations,
 *      their window ms, uids, a first uid, pending ms, lease ms, label, ms to keep, digest or "",
 *      image, members' age ms, whether it is only asked
 */
static struct redis_script take_script = { .text =
	LUA_NOW LUA_WINDOW LUA_SLOT LUA_POOL
	"local name, slots = ARGV[1], tonumber(ARGV[2])\n"
	"local ticket = name\n"
	"for i = 1, 2 do redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now) end\n"
	"redis.call('ZADD', KEYS[2], 'NX', now + ARGV[3], ticket)\n"
	"redis.call('PEXPIRE', KEYS[2], 3600000)\n"
	"local before = redis.call('ZRANK', KEYS[2], ticket) or 0\n"
	"if redis.call('ZCARD', KEYS[1]) + before >= slots then return {9} end\n"
	"redis.call('ZREM', KEYS[2], ticket)\n"
	"local full = window(KEYS[3], tonumber(ARGV[4]), tonumber(ARGV[5]))\n"
	"if full then return {7, full} end\n"
	"full = window(KEYS[4], tonumber(ARGV[6]), tonumber(ARGV[7]))\n"
	"if full then return {8, full} end\n"
	"if ARGV[17] == '1' then return {0, '', '', 0} end\n"
	"local key = ARGV[14] ~= '' and pool_key(redis.call('HGET', KEYS[9], ARGV[15]), ARGV[14])\n"
	"local ready = oldest(KEYS[8], key, tonumber(ARGV[16]))\n"
	"local till = now + ARGV[11]\n"
	"if ready then\n"
	"  take_out(KEYS[8], KEYS[10], ready.id)\n"
	"  name = ready.name\n"
	"else\n"
	"  till = now + ARGV[10]\n"
	"  ready = {slot = take_slot(KEYS[5], KEYS[6], tonumber(ARGV[8]), ARGV[9], name .. ' ' .. till)}\n"
	"  if not ready.slot then return {13} end\n"
	"end\n"
	"spend(KEYS[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ticket)\n"
	"spend(KEYS[4], tonumber(ARGV[6]), tonumber(ARGV[7]), ticket)\n"
	"redis.call('ZADD', KEYS[1], till, name)\n"
	"redis.call('SET', KEYS[7], ARGV[12], 'NX')\n"
	"redis.call('PEXPIRE', KEYS[7], 2592000000)\n"
	"redis.call('PEXPIRE', KEYS[1], 3600000)\n"
	"for i = 5, 6 do redis.call('PEXPIRE', KEYS[i], ARGV[13]) end\n"
	"return {0, name, ready.id or '', ready.slot}\n"
};

/* A ticket is the name of the container that may be made. */
static struct redisReply *ask(struct backend *b, const struct render_wish *wish, const char *name,
                              struct error *err)
{
	const struct config *c = b->config;
	struct call call = { 0 };
	char digest[DIGEST_HEX];
	uint16_t first;

	id_random(&first, sizeof first);
	member_digest(b, SANDBOX_RENDER, digest);
	call_key(&call, b, "render-slots", "");
	call_key(&call, b, "render-waiting", "");
	call_key(&call, b, wish->kind == RENDER_LATEX ? "rate:latex" : "rate:render", wish->who->scope);
	call_key(&call, b, "rate:create", wish->who->scope);
	call_key(&call, b, "uids", b->daemon_id);
	call_key(&call, b, "uid", b->daemon_id);
	call_key(&call, b, "label", "");
	call_key(&call, b, "pool", b->daemon_id);
	call_key(&call, b, "images", b->daemon_id);
	call_key(&call, b, "render-pool", "");
	call_text(&call, name);
	call_int(&call, c->max_concurrent_renders);
	call_int(&call, c->render_queue_timeout_ms);
	call_int(&call, c->render_rate_limit_requests_per_window);
	call_int(&call, c->render_rate_limit_window_seconds * 1000);
	call_int(&call, c->container_rate_limit_requests_per_window);
	call_int(&call, c->container_rate_limit_window_seconds * 1000);
	call_int(&call, c->sandbox_uid_range);
	call_int(&call, first);
	call_int(&call, config_pending_ms(c));
	call_int(&call, c->run_lease_seconds * 1000);
	call_text(&call, b->deployment);
	call_int(&call, record_keep_ms(c));
	call_text(&call, digest);
	call_text(&call, c->sandbox_image);
	call_int(&call, c->sandbox_pool_max_age_seconds * 1000);
	call_int(&call, wish->only_asked);
	return call_run(&call, b, &take_script, err);
}

static void leave(struct backend *b, const char *ticket)
{
	static struct redis_script script = { .text =
		"return redis.call('ZREM', KEYS[1], ARGV[1])\n"
	};
	struct error ignored = { 0 };
	struct call c = { 0 };

	call_key(&c, b, "render-waiting", "");
	call_text(&c, ticket);

	auto_reply reply = call_run(&c, b, &script, &ignored);
	(void)reply;
}

static bool refuse(const struct config *c, enum render_kind kind, const struct redisReply *reply,
                   struct error *err)
{
	enum verdict verdict = record_verdict(reply);
	int64_t ms = reply_int(reply_item(reply, 1));

	if (verdict == VERDICT_FULL)
		return refuse_for(err, ERR_LIMITED, 0, "renderer is busy, please retry shortly");
	if (verdict == VERDICT_RATE)
		return refuse_for(err, ERR_LIMITED, ms, kind == RENDER_LATEX
		                  ? "LaTeX render rate limit exceeded for this principal."
		                  : "Render rate limit exceeded for this principal.");
	if (verdict == VERDICT_BUSY)
		return refuse_for(err, ERR_LIMITED, ms,
		                  "Container creation rate limit exceeded for this principal.");
	if (verdict == VERDICT_UID)
		return record_no_uid(c, err);
	return record_refuse(verdict, err);
}

static void copy(char *to, size_t room, struct slice s)
{
	(void)snprintf(to, room, "%.*s", (int)s.len, s.at);
}

static void read_slot(const struct redisReply *reply, const struct config *c,
                      struct renderslot *out)
{
	copy(out->name, sizeof out->name, reply_text(reply_item(reply, 1)));
	copy(out->container, sizeof out->container, reply_text(reply_item(reply, 2)));
	out->uid = c->sandbox_uid + reply_int(reply_item(reply, 3));
}

/* Waits; true when that is not to go on. */
static bool is_told_to_end(int fd, struct deadline until)
{
	struct pollfd told = { .fd = fd, .events = POLLIN };

	return deadline_poll(&told, 1, until) > 0;
}

static bool refuse_ending(struct error *err)
{
	return refuse_for(err, ERR_UNAVAILABLE, 0,
	                  "The gateway is shutting down. Please retry shortly.");
}

/* 1, 2, 4 ... 50 ms apart. */
bool renderslot_take(struct backend *b, const struct render_wish *wish, struct renderslot *out,
                     struct error *err)
{
	const struct config *c = b->config;
	struct deadline deadline = deadline_in_ms(c->render_queue_timeout_ms);
	char ticket[32], id[ID_SHORT];

	id_short(id);
	(void)snprintf(ticket, sizeof ticket, "render-%s", id);
	if (!backend_identify(b, deadline_in_ms(IDENTIFY_MS), err))
		return false;
	for (int64_t ms = 1;; ms = ms * 2 < POLL_MAX_MS ? ms * 2 : POLL_MAX_MS) {
		auto_reply reply = ask(b, wish, ticket, err);

		if (reply == NULL)
			return false;
		if (record_verdict(reply) == RECORD_OK) {
			read_slot(reply, c, out);
			return true;
		}
		if (record_verdict(reply) == VERDICT_FULL && !deadline_passed(deadline)) {
			if (!is_told_to_end(wish->cancel_fd, deadline_first(deadline, deadline_in_ms(ms))))
				continue;
			leave(b, ticket);
			return refuse_ending(err);
		}
		leave(b, ticket);
		return refuse(c, wish->kind, reply, err);
	}
}

bool renderslot_renew(struct backend *b, const struct renderslot *held, struct error *err)
{
	static struct redis_script script = { .text =
		LUA_NOW
		"redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])\n"
		"return redis.call('PEXPIRE', KEYS[1], 3600000)\n"
	};
	struct call c = { 0 };

	call_key(&c, b, "render-slots", "");
	call_text(&c, held->name);
	call_int(&c, b->config->run_lease_seconds * 1000);

	auto_reply reply = call_run(&c, b, &script, err);

	return reply != NULL;
}

/* KEYS render-slots, uids; ARGV name, slot, the new name, pending ms */
static struct redis_script rename_script = { .text =
	LUA_NOW
	"local till = now + ARGV[4]\n"
	"redis.call('ZREM', KEYS[1], ARGV[1])\n"
	"redis.call('ZADD', KEYS[1], till, ARGV[3])\n"
	"redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. till)\n"
	"return 0\n"
};

bool renderslot_rename(struct backend *b, struct renderslot *held, struct error *err)
{
	char name[sizeof held->name], id[ID_SHORT];
	struct call c = { 0 };

	id_short(id);
	(void)snprintf(name, sizeof name, "render-%s", id);
	call_key(&c, b, "render-slots", "");
	call_key(&c, b, "uids", b->daemon_id);
	call_text(&c, held->name);
	call_int(&c, held->uid - b->config->sandbox_uid);
	call_text(&c, name);
	call_int(&c, config_pending_ms(b->config));

	auto_reply reply = call_run(&c, b, &rename_script, err);

	memcpy(held->name, name, sizeof name);
	*held->container = '\0';
	return reply != NULL;
}

/* KEYS render-slots, uids; ARGV name, slot, whether it is free */
static struct redis_script give_script = { .text =
	"redis.call('ZREM', KEYS[1], ARGV[1])\n"
	"local held = redis.call('HGET', KEYS[2], ARGV[2])\n"
	"if ARGV[3] == '1' and held and string.find(held, ARGV[1] .. ' ', 1, true) == 1 then\n"
	"  redis.call('HDEL', KEYS[2], ARGV[2])\n"
	"end\n"
	"return 0\n"
};

void renderslot_give_back(struct backend *b, const struct renderslot *held, bool certain)
{
	struct error ignored = { 0 };
	struct call c = { 0 };

	call_key(&c, b, "render-slots", "");
	call_key(&c, b, "uids", b->daemon_id);
	call_text(&c, held->name);
	call_int(&c, held->uid - b->config->sandbox_uid);
	call_int(&c, certain);

	auto_reply reply = call_run(&c, b, &give_script, &ignored);
	(void)reply;
}
