/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/member.h"

#include "fcgi-app/policy/record.h"
#include "lib/id.h"

#include <stdio.h>

enum { IMAGE_MS = 5000 };

static int64_t size_of(const struct config *c, enum sandbox_kind kind)
{
	return kind == SANDBOX_RENDER ? c->render_pool_size : c->sandbox_pool_size;
}

static const char *all_of(enum sandbox_kind kind)
{
	return kind == SANDBOX_RENDER ? "render-pool" : "pool";
}

static const char *prefix_of(enum sandbox_kind kind)
{
	return kind == SANDBOX_RENDER ? "render-" : "sandbox-";
}

/* What ends a member that nobody claims, and one that was claimed on its last day, too. */
void member_describe(const struct config *c, enum sandbox_kind kind, struct sandbox_request *out)
{
	int64_t age_s = c->sandbox_pool_max_age_seconds;
	int64_t idle_s = c->session_timeout_seconds + c->sandbox_idle_grace_seconds;
	int64_t life_s = c->max_session_lifetime_seconds + config_run_seconds(c);

	if (kind == SANDBOX_RENDER) {
		idle_s = c->sandbox_idle_grace_seconds;
		life_s = config_render_seconds(c);
	}
	*out = (struct sandbox_request){
		.kind = kind,
		.idle_s = age_s + idle_s,
		.lifetime_s = age_s + life_s + LIFETIME_GRACE_S,
	};
}

void member_digest(struct backend *b, enum sandbox_kind kind, char hex[static DIGEST_HEX])
{
	struct sandbox_request want;

	member_describe(b->config, kind, &want);
	if (size_of(b->config, kind) > 0)
		sandbox_digest(b, &want, hex);
	else
		*hex = '\0';
}

struct filling {
	enum sandbox_kind kind;
	char name[32], entry[192];         /* of the container; and under `filling` */
	const char *image, *key;
	int64_t slot;
};

/*
 * A place for one more, unless there are enough, or too many are being made.  Under another label
 * than ours the key would be wrong.
 * KEYS pool, images, wanted, filling, uids, next uid, label
 * ARGV entry, name, how entries of its kind begin, image, its id, digest, label, size, refill,
 *      age ms, pending ms, uids,
 *      a first uid, ms to keep
 */
static struct redis_script place_script = { .text =
	LUA_NOW LUA_POOL LUA_SLOT
	"local key, till, range = pool_key(ARGV[5], ARGV[6]), now + ARGV[11], tonumber(ARGV[12])\n"
	"if redis.call('GET', KEYS[7]) ~= ARGV[7] then return {1} end\n"
	"redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])\n"
	"redis.call('ZADD', KEYS[3], now, key)\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[14])\n"
	"for i = 2, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[14]) end\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)\n"
	"local being_made = redis.call('ZRANGE', KEYS[4], 0, -1)\n"
	"local have = 0\n"
	"for _, entry in ipairs(being_made) do\n"
	"  if string.find(entry, ARGV[3], 1, true) == 1 then have = have + 1 end\n"
	"end\n"
	"for _, entry in ipairs(redis.call('HVALS', KEYS[1])) do\n"
	"  local its, _, _, since = member(entry)\n"
	"  if its == key and now - since < tonumber(ARGV[10]) then have = have + 1 end\n"
	"end\n"
	"if have >= tonumber(ARGV[8]) or #being_made >= tonumber(ARGV[9]) then return {1} end\n"
	"local slot = take_slot(KEYS[5], KEYS[6], range, ARGV[13], ARGV[2] .. ' ' .. till)\n"
	"if not slot then return {1} end\n"
	"redis.call('ZADD', KEYS[4], till, ARGV[1])\n"
	"for i = 4, 6 do redis.call('PEXPIRE', KEYS[i], ARGV[14]) end\n"
	"return {0, slot, key}\n"
};

static struct redisReply *ask_place(struct backend *b, const struct filling *f, struct error *err)
{
	const struct config *c = b->config;
	char digest[DIGEST_HEX], begin[160];
	struct call call = { 0 };
	uint16_t first;

	id_random(&first, sizeof first);
	member_digest(b, f->kind, digest);
	(void)snprintf(begin, sizeof begin, "%s %s", b->daemon_id, prefix_of(f->kind));
	call_key(&call, b, "pool", b->daemon_id);
	call_key(&call, b, "images", b->daemon_id);
	call_key(&call, b, "wanted", b->daemon_id);
	call_key(&call, b, "filling", "");
	call_key(&call, b, "uids", b->daemon_id);
	call_key(&call, b, "uid", b->daemon_id);
	call_key(&call, b, "label", "");
	call_text(&call, f->entry);
	call_text(&call, f->name);
	call_text(&call, begin);
	call_text(&call, c->sandbox_image);
	call_text(&call, f->image);
	call_text(&call, digest);
	call_text(&call, b->deployment);
	call_int(&call, size_of(c, f->kind));
	call_int(&call, c->sandbox_pool_refill);
	call_int(&call, c->sandbox_pool_max_age_seconds * 1000);
	call_int(&call, config_pending_ms(c));
	call_int(&call, c->sandbox_uid_range);
	call_int(&call, first);
	call_int(&call, record_keep_ms(c));
	return call_run(&call, b, &place_script, err);
}

/*
 * Into the pool, if its place is still kept; or gives that back, and its uid if no container can
 * come of it any more.
 * KEYS pool, filling, uids, all pools
 * ARGV entry, slot, name, container or "", key, certain, ms to keep, age ms
 */
static struct redis_script stock_script = { .text =
	LUA_NOW
	"local kept, name, id = redis.call('ZREM', KEYS[2], ARGV[1]), ARGV[3], ARGV[4]\n"
	"local mine = redis.call('HGET', KEYS[3], ARGV[2])\n"
	"mine = mine and string.find(mine, name .. ' ', 1, true) == 1\n"
	"if mine and ARGV[6] == '1' then redis.call('HDEL', KEYS[3], ARGV[2]) end\n"
	"if kept == 0 or not mine or id == '' then return 0 end\n"
	"redis.call('HSET', KEYS[3], ARGV[2], name .. ' ' .. now)\n"
	"redis.call('HSET', KEYS[1], id, table.concat({ARGV[5], name, ARGV[2], now}, ' '))\n"
	"redis.call('ZADD', KEYS[4], now + ARGV[8], id)\n"
	"for _, key in ipairs({KEYS[1], KEYS[4]}) do redis.call('PEXPIRE', key, ARGV[7]) end\n"
	"return 1\n"
};

static bool stock(struct backend *b, const struct filling *f, const char *id, bool certain,
                  struct error *err)
{
	struct call c = { 0 };

	call_key(&c, b, "pool", b->daemon_id);
	call_key(&c, b, "filling", "");
	call_key(&c, b, "uids", b->daemon_id);
	call_key(&c, b, all_of(f->kind), "");
	call_text(&c, f->entry);
	call_int(&c, f->slot);
	call_text(&c, f->name);
	call_text(&c, id);
	call_text(&c, f->key);
	call_int(&c, certain);
	call_int(&c, record_keep_ms(b->config));
	call_int(&c, b->config->sandbox_pool_max_age_seconds * 1000);

	auto_reply reply = call_run(&c, b, &stock_script, err);

	if (reply == NULL)
		return false;
	return reply_int(reply) == 1
	    || fail_hidden(err, ERR_UNAVAILABLE, "making a sandbox for the pool took too long");
}

/* It is offered once it has said that it is ready. */
static bool make(struct backend *b, const struct filling *f, struct error *err)
{
	const struct config *c = b->config;
	struct deadline deadline = deadline_in_ms(config_making_ms(c));
	struct sandbox_request want;
	struct error ignored = { 0 };
	char id[65];

	member_describe(c, f->kind, &want);
	want.name = f->name;
	want.image = f->image;
	want.uid = c->sandbox_uid + f->slot;

	struct terms terms = {
		.id = id,
		.idle_ms = want.idle_s * 1000,
		.lifetime_ms = want.lifetime_s * 1000,
		.warm_ms = f->kind == SANDBOX_SESSION && c->sandbox_warm_seconds > 0 ? want.idle_s * 1000 : 0,
	};

	if (!sandbox_start(b, &want, deadline, id, err)) {
		bool certain = err->kind != ERR_UNAVAILABLE && err->kind != ERR_TIMEOUT;

		stock(b, f, "", certain, &ignored);
		return false;
	}
	if (sandbox_greet(b, &terms, err) && stock(b, f, id, false, err))
		return true;
	docker_remove(b->docker, id, deadline, &ignored);
	stock(b, f, "", false, &ignored);
	return false;
}

bool member_add(struct backend *b, struct arena *arena, enum sandbox_kind kind, bool *added,
                struct error *err)
{
	const char *image = b->config->sandbox_image;
	struct filling f = { .kind = kind };
	char id[ID_SHORT];

	*added = false;
	if (size_of(b->config, kind) == 0)
		return true;
	if (!backend_identify(b, deadline_in_ms(IDENTIFY_MS), err)
	    || !docker_image(b->docker, arena, image, deadline_in_ms(IMAGE_MS), &f.image, err))
		return false;
	id_short(id);
	(void)snprintf(f.name, sizeof f.name, "%s%s", prefix_of(kind), id);
	(void)snprintf(f.entry, sizeof f.entry, "%s %s", b->daemon_id, f.name);

	auto_reply reply = ask_place(b, &f, err);
	struct slice key = reply_text(reply_item(reply, 2));

	if (reply == NULL)
		return false;
	if (record_verdict(reply) != RECORD_OK)
		return true;
	f.slot = reply_int(reply_item(reply, 1));
	f.key = arena_strndup(arena, key.at, key.len);
	*added = make(b, &f, err);
	return *added;
}
