/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sandbox of the pool: what tells it from others, and how it comes into being.
 *
 *   pool:<daemon>       hash   container -> "<key> <its name> <its uid's slot> <since when>"
 *   pool, render-pool   zset   containers in the pool of any daemon, by when they are too old
 *   images:<daemon>     hash   SANDBOX_IMAGE -> its id, as Docker last told it
 *   wanted:<daemon>     zset   keys, by when a gateway last filled the pool with such
 *   filling             zset   "<daemon> <name>" of those being made, by when that is over
 *   boxes:<daemon>      hash   container -> the session it was given to in place of a dead one
 *
 * A key is the hash of the image's id, the create body and the protocol: after a change of any of
 * them the members made before match no claim, and once no gateway wants their like the janitor
 * removes them.
 */
#ifndef POLICY_MEMBER_H
#define POLICY_MEMBER_H

#include "fcgi-app/policy/sandbox.h"

/*
 * pool_key(image's id, digest): what a member must be recorded under to be one of ours; nil when
 * nobody has asked Docker about the image yet.
 * oldest(pool, key, age): { id, name, slot }, of the members younger than that; or nil.
 * take_out(pool, all, id): it is no member any more.
 */
#define LUA_POOL \
	"local function pool_key(image, digest)\n" \
	"  return image and redis.sha1hex(image .. ' ' .. digest)\n" \
	"end\n" \
	"local function member(entry)\n" \
	"  local key, name, slot, since = string.match(entry, '^(%S+) (%S+) (%d+) (%d+)$')\n" \
	"  return key, name, slot, tonumber(since)\n" \
	"end\n" \
	"local function oldest(pool, wanted, age)\n" \
	"  local best\n" \
	"  local all = wanted and redis.call('HGETALL', pool) or {}\n" \
	"  for i = 1, #all, 2 do\n" \
	"    local key, name, slot, since = member(all[i + 1])\n" \
	"    if key == wanted and now - since < age and (not best or since < best.since) then\n" \
	"      best = {id = all[i], name = name, slot = slot, since = since}\n" \
	"    end\n" \
	"  end\n" \
	"  return best\n" \
	"end\n" \
	"local function take_out(pool, all, id)\n" \
	"  redis.call('HDEL', pool, id)\n" \
	"  redis.call('ZREM', all, id)\n" \
	"end\n"

/* How long one that nobody claims, or only on its last day, has to live; name, image and uid are open. */
void member_describe(const struct config *c, enum sandbox_kind kind, struct sandbox_request *out);
/* Of the create body and the protocol; "" when there is no pool. */
void member_digest(struct backend *b, enum sandbox_kind kind, char hex[static DIGEST_HEX]);
/*
 * Makes one, unless there are SANDBOX_POOL_SIZE (RENDER_POOL_SIZE) of them or SANDBOX_POOL_REFILL
 * are being made; tells which in *added.  False: Docker or Redis would not.
 */
bool member_add(struct backend *b, struct arena *arena, enum sandbox_kind kind, bool *added,
                struct error *err);

#endif
