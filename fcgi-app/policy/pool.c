/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/pool.h"

#include "fcgi-app/policy/member.h"
#include "fcgi-app/policy/record.h"

#include <stdio.h>
#include <string.h>

enum { REPLACE_MS = 10000, POLL_MS = 20 };

bool pool_fill(struct backend *b, enum sandbox_kind kind, int stop_fd, struct error *err)
{
	struct pollfd stop = { .fd = stop_fd, .events = POLLIN };
	struct arena arena = { 0 };
	bool more = true, ok = true;

	while (ok && more && deadline_poll(&stop, 1, deadline_in_ms(0)) == 0)
		ok = member_add(b, &arena, kind, &more, err);
	arena_finish(&arena);
	return ok;
}

bool pool_tend(struct backend *b, int stop_fd, struct error *err)
{
	bool is_short = b->pool_is_short, renders_are_short = b->render_pool_is_short;

	b->pool_is_short = b->render_pool_is_short = false;
	return (!is_short || pool_fill(b, SANDBOX_SESSION, stop_fd, err))
	    && (!renders_are_short || pool_fill(b, SANDBOX_RENDER, stop_fd, err));
}

/* ---- those that died */

/*
 * Nothing ever ran in it, so another one is as good.
 * 0: this is its container now; 1: the lease is lost; 2: the pool is empty.
 * KEYS record, pool, images, boxes, uids, all pools
 * ARGV id, token, the dead container, image, digest, age ms, first uid, ms to keep
 */
static struct redis_script replace_script = { .text =
	LUA_NOW LUA_POOL
	"local s = redis.call('HMGET', KEYS[1], 'lease', 'state')\n"
	"if s[1] ~= ARGV[2] or s[2] then return {1} end\n"
	"local key = pool_key(redis.call('HGET', KEYS[3], ARGV[4]), ARGV[5])\n"
	"local other = oldest(KEYS[2], key, tonumber(ARGV[6]))\n"
	"if not other then return {2} end\n"
	"take_out(KEYS[2], KEYS[6], other.id)\n"
	"redis.call('HSET', KEYS[1], 'box', other.id, 'boxed', now, 'name', other.name,\n"
	"           'uid', ARGV[7] + other.slot)\n"
	"redis.call('HDEL', KEYS[4], ARGV[3])\n"
	"redis.call('HSET', KEYS[4], other.id, ARGV[1])\n"
	"redis.call('PEXPIRE', KEYS[4], ARGV[8])\n"
	"redis.call('HSET', KEYS[5], other.slot, other.name .. ' ' .. now)\n"
	"return {0, other.id, ARGV[7] + other.slot}\n"
};

static struct redisReply *ask_other(struct backend *b, const struct lease *lease,
                                    struct error *err)
{
	const struct config *c = b->config;
	char digest[DIGEST_HEX];
	struct call call = { 0 };

	member_digest(b, SANDBOX_SESSION, digest);
	record_key(&call, b, lease->session.id);
	call_key(&call, b, "pool", b->daemon_id);
	call_key(&call, b, "images", b->daemon_id);
	call_key(&call, b, "boxes", b->daemon_id);
	call_key(&call, b, "uids", b->daemon_id);
	call_key(&call, b, "pool", "");
	call_text(&call, lease->session.id);
	call_text(&call, lease->token);
	call_text(&call, lease->session.container);
	call_text(&call, c->sandbox_image);
	call_text(&call, digest);
	call_int(&call, c->sandbox_pool_max_age_seconds * 1000);
	call_int(&call, c->sandbox_uid);
	call_int(&call, record_keep_ms(c));
	return call_run(&call, b, &replace_script, err);
}

/* Waits for one to be made, by us or by those who are at it. */
bool pool_replace(struct backend *b, struct arena *arena, struct lease *lease, struct error *err)
{
	struct deadline deadline = deadline_in_ms(REPLACE_MS);

	if (b->config->sandbox_pool_size == 0)
		return fail_hidden(err, ERR_NOT_FOUND, "there is no pool any more");
	while (!deadline_passed(deadline)) {
		auto_reply reply = ask_other(b, lease, err);
		struct slice other = reply_text(reply_item(reply, 1));
		bool more;

		if (reply == NULL)
			return false;
		if (other.len > 0) {
			lease->session.container = arena_strndup(arena, other.at, other.len);
			lease->session.uid = reply_int(reply_item(reply, 2));
			return true;
		}
		if (reply_int(reply_item(reply, 0)) == 1)
			return fail_hidden(err, ERR_CONFLICT, "the lease was lost meanwhile");
		if (!member_add(b, arena, SANDBOX_SESSION, &more, err)) {
			err->kind = ERR_UNAVAILABLE;   /* what Docker did not do, it may do later */
			return false;
		}
		if (!more)
			deadline_sleep_ms(deadline, POLL_MS);
	}
	return fail_hidden(err, ERR_UNAVAILABLE, "no other sandbox in time");
}

/* ---- those nobody wants */

/*
 * KEYS pool, wanted, all members of either kind
 * ARGV when Docker was asked, age ms, ms after which nobody wants it, "id name" of each
 */
static struct redis_script reconcile_script = { .text =
	LUA_NOW LUA_POOL
	"local there, doomed = {}, {}\n"
	"for id in string.gmatch(ARGV[4], '(%S+) %S+') do there[id] = true end\n"
	"local all = redis.call('HGETALL', KEYS[1])\n"
	"for i = 1, #all, 2 do\n"
	"  local key, _, _, since = member(all[i + 1])\n"
	"  local wanted = key and tonumber(redis.call('ZSCORE', KEYS[2], key) or 0)\n"
	"  local unwanted = not key or now - since > tonumber(ARGV[2]) or now - wanted > tonumber(ARGV[3])\n"
	"  local gone = not there[all[i]] and (not key or since < tonumber(ARGV[1]))\n"
	"  if unwanted or gone then\n"
	"    for kind = 3, 4 do take_out(KEYS[1], KEYS[kind], all[i]) end\n"
	"  end\n"
	"  if unwanted and not gone then doomed[#doomed + 1] = all[i] end\n"
	"end\n"
	"return doomed\n"
};

struct redisReply *pool_reconcile(struct backend *b, int64_t asked_ms, const char *shown,
                                  struct error *err)
{
	struct call c = { 0 };

	call_key(&c, b, "pool", b->daemon_id);
	call_key(&c, b, "wanted", b->daemon_id);
	call_key(&c, b, "pool", "");
	call_key(&c, b, "render-pool", "");
	call_int(&c, asked_ms);
	call_int(&c, b->config->sandbox_pool_max_age_seconds * 1000);
	call_int(&c, b->config->janitor_interval_seconds * 3000);
	call_text(&c, shown);
	return call_run(&c, b, &reconcile_script, err);
}
