/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/pool.h"

#include "fcgi-app/policy/member.h"
#include "fcgi-app/policy/record.h"

#include <stdio.h>
#include <string.h>

/* INSPECT_MS is little: a client may be waiting. */
enum { INSPECT_MS = 2000, REPLACE_MS = 10000, POLL_MS = 20 };

bool pool_fill(struct backend *b, int stop_fd, struct error *err)
{
	struct pollfd stop = { .fd = stop_fd, .events = POLLIN };
	struct arena arena = { 0 };
	bool more = true, ok = true;

	while (ok && more && deadline_poll(&stop, 1, deadline_in_ms(0)) == 0)
		ok = member_add(b, &arena, &more, err);
	arena_finish(&arena);
	return ok;
}

/* ---- those that were claimed */

static bool is_alive(struct backend *b, struct arena *arena, const char *container, bool *known)
{
	struct docker_container found = { 0 };
	struct error err = { 0 };
	bool told = docker_inspect(b->docker, arena, container, deadline_in_ms(INSPECT_MS), &found,
	                           &err);

	*known = told || err.kind == ERR_NOT_FOUND;
	return told && found.running;
}

static void note_alive(struct backend *b, const char *id)
{
	static struct redis_script script = { .text = "return redis.call('HDEL', KEYS[1], 'fresh')\n" };
	struct error ignored = { 0 };
	struct call c = { 0 };

	record_key(&c, b, id);

	auto_reply reply = call_run(&c, b, &script, &ignored);
	(void)reply;
}

/*
 * Nothing ever ran in it, so another one is as good.  Somebody else may have found it dead, too.
 * 0: this is its container now; 1: there is nothing to replace; 2: the pool is empty.
 * KEYS record, pool, images, boxes, uids, all pools
 * ARGV id, the dead container, image, digest, age ms, first uid, ms to keep
 */
static struct redis_script replace_script = { .text =
	LUA_NOW LUA_POOL
	"local s = redis.call('HMGET', KEYS[1], 'fresh', 'state', 'box', 'uid')\n"
	"if s[3] and s[3] ~= ARGV[2] then return {0, s[3], s[4]} end\n"
	"if not s[1] or s[2] then return {1} end\n"
	"local key = pool_key(redis.call('HGET', KEYS[3], ARGV[3]), ARGV[4])\n"
	"local other = oldest(KEYS[2], key, tonumber(ARGV[5]))\n"
	"if not other then return {2} end\n"
	"take_out(KEYS[2], KEYS[6], other.id)\n"
	"redis.call('HSET', KEYS[1], 'box', other.id, 'boxed', now, 'name', other.name,\n"
	"           'uid', ARGV[6] + other.slot)\n"
	"redis.call('HSET', KEYS[4], other.id, ARGV[1])\n"
	"redis.call('PEXPIRE', KEYS[4], ARGV[7])\n"
	"redis.call('HSET', KEYS[5], other.slot, other.name .. ' ' .. now)\n"
	"return {0, other.id, ARGV[6] + other.slot}\n"
};

static struct redisReply *ask_other(struct backend *b, const struct session *s, struct error *err)
{
	const struct config *c = b->config;
	char digest[DIGEST_HEX];
	struct call call = { 0 };

	member_digest(b, digest);
	record_key(&call, b, s->id);
	call_key(&call, b, "pool", b->daemon_id);
	call_key(&call, b, "images", b->daemon_id);
	call_key(&call, b, "boxes", b->daemon_id);
	call_key(&call, b, "uids", b->daemon_id);
	call_key(&call, b, "pool", "");
	call_text(&call, s->id);
	call_text(&call, s->container);
	call_text(&call, c->sandbox_image);
	call_text(&call, digest);
	call_int(&call, c->sandbox_pool_max_age_seconds * 1000);
	call_int(&call, c->sandbox_uid);
	call_int(&call, record_keep_ms(c));
	return call_run(&call, b, &replace_script, err);
}

/* Waits for one to be made, by us or by those who are at it. */
static bool replace(struct backend *b, struct arena *arena, struct session *s)
{
	struct deadline deadline = deadline_in_ms(REPLACE_MS);
	struct error ignored = { 0 };

	while (!deadline_passed(deadline)) {
		auto_reply reply = ask_other(b, s, &ignored);
		struct slice other = reply_text(reply_item(reply, 1));
		bool more;

		if (reply == NULL || reply_int(reply_item(reply, 0)) == 1)
			return false;
		if (other.len > 0) {
			s->container = arena_strndup(arena, other.at, other.len);
			s->uid = reply_int(reply_item(reply, 2));
			return true;
		}
		if (b->config->sandbox_pool_size == 0 || !member_add(b, arena, &more, &ignored))
			return false;
		if (!more)
			deadline_sleep_ms(deadline, POLL_MS);
	}
	return false;
}

void pool_settle(struct backend *b, struct arena *arena, struct session *s)
{
	bool known = true;

	while (s->fresh && known) {
		if (is_alive(b, arena, s->container, &known)) {
			note_alive(b, s->id);
			s->fresh = false;
		} else if (known) {
			known = replace(b, arena, s);
		}
	}
}

bool pool_tend(struct backend *b, int stop_fd, struct error *err)
{
	struct session claimed = { .id = b->claimed, .container = b->claimed, .fresh = true };
	bool is_short = b->pool_is_short;
	struct arena arena = { 0 };

	if (*b->claimed != '\0')
		pool_settle(b, &arena, &claimed);
	arena_finish(&arena);
	*b->claimed = '\0';
	b->pool_is_short = false;
	return !is_short || pool_fill(b, stop_fd, err);
}

/* ---- those nobody wants */

/*
 * KEYS pool, wanted, all pools
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
	"  if unwanted or gone then take_out(KEYS[1], KEYS[3], all[i]) end\n"
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
	call_int(&c, asked_ms);
	call_int(&c, b->config->sandbox_pool_max_age_seconds * 1000);
	call_int(&c, b->config->janitor_interval_seconds * 3000);
	call_text(&c, shown);
	return call_run(&c, b, &reconcile_script, err);
}
