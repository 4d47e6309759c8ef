/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/session.h"

#include "fcgi-app/policy/metrics.h"
#include "fcgi-app/policy/pool.h"
#include "fcgi-app/policy/envfile.h"
#include "fcgi-app/policy/record.h"
#include "fcgi-app/policy/reserve.h"
#include "fcgi-app/policy/sandbox.h"
#include "lib/id.h"

#include <stdio.h>

enum { INSPECT_MS = 10000 };

/* "Docker has gone" says the same as "never was": the client can do nothing else about either. */
static bool creation_failed(struct error *err)
{
	struct error cause = *err;
	bool away = cause.kind == ERR_UNAVAILABLE || cause.kind == ERR_TIMEOUT;

	if (cause.kind == ERR_NOT_FOUND)
		fail(err, ERR_UNAVAILABLE,
		     "The sandbox image is not available on the Docker host.");
	else if (away)
		fail_hidden(err, ERR_UNAVAILABLE, "%s", "");
	else
		fail(err, ERR_INTERNAL, "Internal error during container creation");
	err->retry_after_s = cause.retry_after_s;
	(void)snprintf(err->detail, sizeof err->detail, "%.239s", error_reason(&cause));
	return false;
}

/* The daemon's answer was an answer: nothing of ours can still come into being there. */
static bool is_certain(const struct error *err)
{
	return err->kind != ERR_UNAVAILABLE && err->kind != ERR_TIMEOUT;
}

bool session_create(struct backend *b, struct arena *arena, const struct principal *who,
                    struct session_options want, struct session *out, struct error *err)
{
	const struct config *c = b->config;
	struct deadline deadline = deadline_in_ms(config_making_ms(c));
	struct reservation held;
	char id[65];

	if (want.inject_env && !envfile_check(c, arena, err))
		return false;
	if (!backend_identify(b, deadline_in_ms(IDENTIFY_MS), err)
	    || !reserve(b, arena, who, want, &held, err))
		return false;
	if (held.plain) {
		b->pool_is_short = true;
		metrics_pool_claim(b->metrics, METRIC_POOL_CLAIMS, held.session.id != NULL);
	}
	if (held.session.id != NULL) {
		*out = held.session;
		return true;
	}

	struct sandbox_request request = {
		.name = held.name,
		.image = c->sandbox_image,
		.uid = c->sandbox_uid + held.slot,
		.network = held.want.network,
		.lifetime_s = c->max_session_lifetime_seconds + config_run_seconds(c)
		            + LIFETIME_GRACE_S,
		.idle_s = c->session_timeout_seconds + c->sandbox_idle_grace_seconds,
	};

	if (!sandbox_start(b, &request, deadline, id, err)) {
		reserve_rollback(b, &held, is_certain(err));
		return creation_failed(err);
	}
	if (!reserve_commit(b, arena, &held, id, out, err)) {
		struct error ignored = { 0 };

		docker_remove(b->docker, id, deadline, &ignored);
		reserve_rollback(b, &held, false);
		return false;
	}
	return true;
}

bool session_tend(struct backend *b, int stop_fd, struct error *err)
{
	struct error ignored = { 0 };

	(void)reserve_settle(b, &ignored); /* else the next time */
	return pool_tend(b, stop_fd, err);
}

/* KEYS record; ARGV claim */
static struct redis_script look_script = { .text =
	LUA_NOW LUA_ACCESS LUA_TELL
	"if r[5] then return {1} end\n"
	"if over then\n"
	"  return {5, tonumber(redis.call('HGET', KEYS[1], 'until') or 0) > now}\n"
	"end\n"
	"return tell(KEYS[1])\n"
};

static bool look(struct backend *b, struct arena *arena, const struct principal *who,
                 const char *id, struct session *out, struct error *err)
{
	struct call c = { 0 };

	record_key(&c, b, id);
	record_claim(&c, b, arena, who);

	auto_reply reply = call_run(&c, b, &look_script, err);

	if (reply == NULL)
		return false;
	if (record_verdict(reply) == RECORD_OK) {
		record_read(reply, b, arena, id, out);
		return true;
	}
	if (record_verdict(reply) == RECORD_EXPIRED && reply_int(reply_item(reply, 1)) == 0)
		session_discard(b, id, err);
	return record_refuse(record_verdict(reply), err);
}

/* One that is fresh gets another container when it is used. */
bool session_inspect(struct backend *b, struct arena *arena, const struct principal *who,
                     const char *id, struct session *out, struct error *err)
{
	struct docker_container found;
	struct error cause = { 0 };
	bool there;

	if (!id_is_container(id))
		return record_refuse(RECORD_GONE, err);
	if (!backend_identify(b, deadline_in_ms(IDENTIFY_MS), err)
	    || !look(b, arena, who, id, out, err))
		return false;
	there = docker_inspect(b->docker, arena, out->container, deadline_in_ms(INSPECT_MS), &found,
	                       &cause);
	if (!there && cause.kind != ERR_NOT_FOUND) {
		*err = cause;
		return false;
	}
	if ((there && found.running) || out->fresh)
		return true;
	session_discard(b, id, err);
	return fail(err, ERR_NOT_FOUND, "Container session not found");
}

/* KEYS record; ARGV claim, id, prefix */
static struct redis_script end_script = { .text =
	LUA_NOW LUA_ACCESS LUA_FENCE
	"return {over and 5 or 0, fence(ARGV[4], ARGV[5])}\n"
};

/* KEYS record; ARGV id, prefix */
static struct redis_script discard_script = { .text =
	LUA_NOW LUA_FENCE
	"local epoch, container = fence(ARGV[1], ARGV[2])\n"
	"return epoch and {0, epoch, container} or {1}\n"
};

/* The container is seen to by its entry under `ending`; nobody may see the record any more. */
static void forget(struct backend *b, const char *id)
{
	static struct redis_script script = { .text = "return redis.call('DEL', KEYS[1])\n" };
	struct error ignored = { 0 };
	struct call c = { 0 };

	record_key(&c, b, id);

	auto_reply reply = call_run(&c, b, &script, &ignored);
	(void)reply;
}

/* What fence() answered, behind the verdict. */
static bool end(struct backend *b, const struct redisReply *reply, struct error *err)
{
	const char *container = reply_text(reply_item(reply, 2)).at;

	return sandbox_end(b, container, (uint64_t)reply_int(reply_item(reply, 1)), err);
}

bool session_delete(struct backend *b, struct arena *arena, const struct principal *who,
                    const char *id, struct error *err)
{
	struct call c = { 0 };

	if (!id_is_container(id))
		return record_refuse(RECORD_GONE, err);
	if (!backend_identify(b, deadline_in_ms(IDENTIFY_MS), err))
		return false;
	record_key(&c, b, id);
	record_claim(&c, b, arena, who);
	call_text(&c, id);
	call_prefix(&c, b);

	auto_reply reply = call_run(&c, b, &end_script, err);

	if (reply == NULL)
		return false;

	enum verdict verdict = record_verdict(reply);

	if (verdict != RECORD_OK && verdict != RECORD_EXPIRED)
		return record_refuse(verdict, err);
	if (!end(b, reply, err))
		return false;
	forget(b, id);
	return verdict == RECORD_OK || record_refuse(verdict, err);
}

bool session_discard(struct backend *b, const char *id, struct error *err)
{
	struct call c = { 0 };

	record_key(&c, b, id);
	call_text(&c, id);
	call_prefix(&c, b);

	auto_reply reply = call_run(&c, b, &discard_script, err);

	if (reply == NULL)
		return false;
	if (record_verdict(reply) == RECORD_GONE)
		return docker_remove(b->docker, id, deadline_in_ms(INSPECT_MS), err);
	if (!end(b, reply, err))
		return false;
	forget(b, id);
	return true;
}
