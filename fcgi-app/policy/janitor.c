/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/janitor.h"

#include "fcgi-app/policy/pool.h"
#include "fcgi-app/policy/record.h"
#include "fcgi-app/policy/sandbox.h"
#include "fcgi-app/policy/scrape.h"
#include "lib/id.h"
#include "lib/log.h"

/* A sandbox that is being ended the friendly way has so long before it is removed by force. */
enum { SWEEP_MS = 60000, FRIENDLY_MS = 2000, LIST_MAX = 1 << 22, FLUSH_MS = 1000 };

/* KEYS janitor; ARGV token, ms.  0: another one sweeps. */
static struct redis_script lease_script = { .text =
	"local held = redis.call('GET', KEYS[1])\n"
	"if held and held ~= ARGV[1] then return 0 end\n"
	"redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
	"return 1\n"
};

static bool take_lease(struct backend *b, const char *token, bool *ours, struct error *err)
{
	struct call c = { 0 };

	call_key(&c, b, "janitor", b->daemon_id);
	call_text(&c, token);
	call_int(&c, b->config->janitor_interval_seconds * 3000);

	auto_reply reply = call_run(&c, b, &lease_script, err);

	*ours = reply_int(reply) == 1;
	return reply != NULL;
}

/* So that the next one need not wait for it to expire. */
static void give_lease_back(struct backend *b, const char *token)
{
	static struct redis_script script = { .text =
		"if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end\n"
		"return 0\n"
	};
	struct error ignored = { 0 };
	struct call c = { 0 };

	call_key(&c, b, "janitor", b->daemon_id);
	call_text(&c, token);

	auto_reply reply = call_run(&c, b, &script, &ignored);
	(void)reply;
}

/*
 * The time, then ids of this daemon's sessions that are over; nobody is admitted to them any more.
 * What has no record was a reservation that got lost.
 * KEYS sessions; ARGV daemon, prefix
 */
static struct redis_script due_script = { .text =
	LUA_NOW LUA_FENCE
	"local due = {now}\n"
	"for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)) do\n"
	"  local s = redis.call('HMGET', ARGV[2] .. 'session:' .. id, 'daemon', 'box')\n"
	"  if not s[1] then\n"
	"    redis.call('ZREM', KEYS[1], id)\n"
	"  elseif s[1] == ARGV[1] then\n"
	"    fence(id, ARGV[2])\n"
	"    due[#due + 1] = s[2] or id\n"
	"  end\n"
	"end\n"
	"return due\n"
};

/*
 * What Docker showed against what we have on record.  Answers ids of containers to remove.  Nothing
 * younger than the look at Docker is judged by it, nor a session that is fresh: it gets another one.
 * KEYS sessions, uids, ending, orphans, pool, boxes, render-slots
 * ARGV when Docker was asked, daemon, prefix, orphan grace ms, friendly ms, "id name" of each
 */
static struct redis_script reconcile_script = { .text =
	LUA_NOW
	"local asked, daemon, prefix = tonumber(ARGV[1]), ARGV[2], ARGV[3]\n"
	"local ids, names, doomed = {}, {}, {}\n"
	"local function record(id) return prefix .. 'session:' .. (redis.call('HGET', KEYS[6], id) or id) end\n"
	"for id, name in string.gmatch(ARGV[6], '(%S+) (%S+)') do\n"
	"  ids[id], names[name] = true, true\n"
	"  local since, ms = redis.call('ZSCORE', KEYS[3], id), tonumber(ARGV[5])\n"
	"  local box = redis.call('HGET', record(id), 'box') or id\n"
	"  if (redis.call('EXISTS', record(id)) == 0 or box ~= id) and redis.call('HEXISTS', KEYS[5], id) == 0\n"
	"     and not redis.call('ZSCORE', KEYS[1], name) and not since\n"
	"     and tonumber(redis.call('ZSCORE', KEYS[7], name) or 0) < now then\n"
	"    redis.call('ZADD', KEYS[4], 'NX', now, id)\n"
	"    since, ms = redis.call('ZSCORE', KEYS[4], id), tonumber(ARGV[4])\n"
	"  else\n"
	"    redis.call('ZREM', KEYS[4], id)\n"
	"  end\n"
	"  if since and now - since > ms then doomed[#doomed + 1] = id end\n"
	"end\n"
	"local held = redis.call('HGETALL', KEYS[2])\n"
	"for i = 1, #held, 2 do\n"
	"  local name, ms = string.match(held[i + 1], '^(%S+) (%d+)$')\n"
	"  if not name or (not names[name] and tonumber(ms) < asked) then redis.call('HDEL', KEYS[2], held[i]) end\n"
	"end\n"
	"for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. asked)) do\n"
	"  if not ids[id] then\n"
	"    redis.call('ZREM', KEYS[3], id)\n"
	"    redis.call('DEL', record(id))\n"
	"    redis.call('HDEL', KEYS[6], id)\n"
	"  end\n"
	"end\n"
	"for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do\n"
	"  local s = redis.call('HMGET', prefix .. 'session:' .. id, 'daemon', 'created', 'scope', 'box', 'boxed', 'fresh', 'epoch')\n"
	"  local fresh = s[6] and s[6] + 1 >= tonumber(s[7])\n"
	"  if not ids[s[4] or id] and s[1] == daemon and not fresh and tonumber(s[5] or s[2]) < asked then\n"
	"    redis.call('DEL', prefix .. 'session:' .. id)\n"
	"    for _, key in ipairs({'sessions', 'own:' .. s[3]}) do redis.call('ZREM', prefix .. key, id) end\n"
	"  end\n"
	"end\n"
	"redis.call('PEXPIRE', KEYS[4], 86400000)\n"
	"return doomed\n"
};

static void remove_container(struct backend *b, const char *id, const char *why)
{
	struct error err = { 0 };
	bool removed = docker_remove(b->docker, id,
	                             deadline_in_ms(b->config->docker_client_timeout * 1000), &err);
	const struct log_field fields[] = {
		{ .key = "container", .text = id },
		{ .key = "reason", .text = why },
		{ .key = "detail", .text = removed ? NULL : error_reason(&err) },
		{ .key = NULL },
	};

	log_event(removed ? LOG_INFO : LOG_WARNING,
	          removed ? "container_removed" : "container_not_removed", fields);
}

/* All but the first `skip` items of a script's answer. */
static void remove_all(struct backend *b, struct arena *arena, const struct redisReply *ids,
                       size_t skip, const char *why)
{
	for (size_t i = skip; i < reply_count(ids); i++) {
		struct slice s = reply_text(reply_item(ids, i));
		const char *id = arena_strndup(arena, s.at, s.len);

		if (id_is_container(id))
			remove_container(b, id, why);
	}
}

static bool end_due(struct backend *b, struct arena *arena, int64_t *now_ms, struct error *err)
{
	struct call c = { 0 };

	call_key(&c, b, "sessions", "");
	call_text(&c, b->daemon_id);
	call_prefix(&c, b);

	auto_reply reply = call_run(&c, b, &due_script, err);

	if (reply == NULL)
		return false;
	*now_ms = reply_int(reply_item(reply, 0));
	remove_all(b, arena, reply, 1, "over");
	return true;
}

static struct redisReply *ask(struct backend *b, int64_t asked_ms,
                              const char *shown, struct error *err)
{
	struct call c = { 0 };

	call_key(&c, b, "sessions", "");
	call_key(&c, b, "uids", b->daemon_id);
	call_key(&c, b, "ending", b->daemon_id);
	call_key(&c, b, "orphans", b->daemon_id);
	call_key(&c, b, "pool", b->daemon_id);
	call_key(&c, b, "boxes", b->daemon_id);
	call_key(&c, b, "render-slots", "");
	call_int(&c, asked_ms);
	call_text(&c, b->daemon_id);
	call_prefix(&c, b);
	call_int(&c, b->config->orphan_grace_seconds * 1000);
	call_int(&c, FRIENDLY_MS);
	call_text(&c, shown);
	return call_run(&c, b, &reconcile_script, err);
}

static bool reconcile(struct backend *b, struct arena *arena, int64_t asked_ms, struct error *err)
{
	const struct docker_pair label = { SANDBOX_LABEL, b->deployment };
	auto_buf shown = BUF_INIT(LIST_MAX);
	struct docker_container *list;

	if (!docker_list(b->docker, arena, &label, deadline_in_ms(SWEEP_MS), &list, err))
		return false;
	buf_puts(&shown, "");
	for (; list->id != NULL; list++)
		buf_printf(&shown, "%s %s\n", list->id, list->name);
	if (shown.full)
		return fail_hidden(err, ERR_INTERNAL, "Docker shows more containers than fit");

	auto_reply doomed = ask(b, asked_ms, shown.data, err);
	auto_reply unwanted = doomed ? pool_reconcile(b, asked_ms, shown.data, err) : NULL;

	if (unwanted == NULL)
		return false;
	remove_all(b, arena, doomed, 0, "orphaned or not ended");
	remove_all(b, arena, unwanted, 0, "no longer wanted in the pool");
	return true;
}

bool janitor_sweep(struct backend *b, const char *token, struct error *err)
{
	struct arena arena = { 0 };
	bool ours = false;
	int64_t now_ms = 0;
	bool ok = backend_identify(b, deadline_in_ms(SWEEP_MS), err) && backend_relabel(b, err)
	       && take_lease(b, token, &ours, err);

	if (ok && ours)
		ok = end_due(b, &arena, &now_ms, err) && reconcile(b, &arena, now_ms, err);
	arena_finish(&arena);
	return ok;
}

static void sweep_and_log(struct backend *b, const char *token, int stop_fd)
{
	struct error err = { 0 };

	if (!janitor_sweep(b, token, &err) || !pool_fill(b, SANDBOX_SESSION, stop_fd, &err)
	    || !pool_fill(b, SANDBOX_RENDER, stop_fd, &err))
		log_text(LOG_WARNING, "janitor_sweep_failed", "%s", error_reason(&err));
}

/* Redis away: a sweep says so, and what was counted is not lost. */
static void flush(struct backend *b)
{
	struct error ignored = { 0 };

	(void)scrape_flush(b, &ignored);
}

/* Flushes until fd is readable, or until then. */
static bool is_told(struct backend *b, int fd, struct deadline until)
{
	struct pollfd told = { .fd = fd, .events = POLLIN };

	while (deadline_poll(&told, 1, deadline_first(until, deadline_in_ms(FLUSH_MS))) == 0) {
		if (deadline_passed(until))
			return false;
		flush(b);
	}
	return true;
}

/* Nobody need learn it from the first client; a daemon that is away is the sweep's to tell. */
static void mind_image(struct backend *b)
{
	struct arena arena = { 0 };
	struct error err = { 0 };
	const char *id;

	if (!docker_image(b->docker, &arena, b->config->sandbox_image, deadline_in_ms(IDENTIFY_MS),
	                  &id, &err) && err.kind == ERR_NOT_FOUND)
		log_text(LOG_WARNING, "settings", "SANDBOX_IMAGE is not on the Docker host: %s",
		         b->config->sandbox_image);
	arena_finish(&arena);
}

static void sweep_until_stopped(struct backend *b, const char *token, int stop_fd)
{
	struct deadline next;

	do {
		next = deadline_in_ms(b->config->janitor_interval_seconds * 1000);
		sweep_and_log(b, token, stop_fd);
	} while (!is_told(b, stop_fd, next));
}

void janitor_run(const struct janitor *j)
{
	struct error err = { 0 };
	struct backend b;
	char token[ID_TOKEN];

	if (!backend_open(&b, j->config, &err)) {
		log_text(LOG_ERROR, "janitor_failed", "%s",
		         error_reason(&err));
		return;
	}
	b.metrics = j->metrics;
	b.page = j->page;
	id_token(token);
	mind_image(&b);
	sweep_until_stopped(&b, token, j->stop_fd);
	if (b.daemon_id[0] != '\0')
		give_lease_back(&b, token);
	(void)is_told(&b, j->end_fd, deadline_in_ms(j->config->drain_seconds * 1000));
	flush(&b);
	backend_close(&b);
}
