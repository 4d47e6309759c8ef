/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/record.h"

#include "lib/text.h"

#include <stdio.h>

enum { KEEP_SLACK_S = 300 };

void record_key(struct call *c, const struct backend *b, const char *id)
{
	call_key(c, b, "session", id);
}

/* Kinds and the presence of a tenant are told apart by their first character. */
void record_claim(struct call *c, const struct backend *b, struct arena *arena,
                  const struct principal *who)
{
	call_text(c, arena_printf(arena, "%c:%s", "akj"[who->kind], who->subject));
	call_text(c, who->tenant != NULL ? arena_printf(arena, "=%s", who->tenant) : "");
	call_text(c, b->daemon_id);
}

int64_t record_keep_ms(const struct config *c)
{
	return (c->max_session_lifetime_seconds * 2 + c->sandbox_pool_max_age_seconds
	        + config_run_seconds(c) + KEEP_SLACK_S) * 1000 + config_making_ms(c);
}

void record_terms(struct call *c, const struct backend *b, struct arena *arena,
                  const struct principal *who, bool network)
{
	const struct config *s = b->config;
	int64_t lifetime_ms = s->max_session_lifetime_seconds * 1000;

	record_claim(c, b, arena, who);
	call_text(c, who->scope);
	call_int(c, s->sandbox_uid);
	call_int(c, network);
	call_int(c, lifetime_ms);
	call_int(c, s->session_timeout_seconds * 1000);
	call_int(c, lifetime_ms + (config_run_seconds(s) + s->orphan_grace_seconds) * 1000);
	call_prefix(c, b);
}

enum verdict record_verdict(const struct redisReply *reply)
{
	const struct redisReply *first = reply_item(reply, 0);

	return reply_is_nil(first) ? VERDICT_NONE : (enum verdict)reply_int(first);
}

void record_read(const struct redisReply *reply, const struct backend *b, struct arena *arena,
                 const char *id, struct session *out)
{
	struct slice daemon = reply_text(reply_item(reply, 9));
	struct slice box = reply_text(reply_item(reply, 11));
	const char *own = arena_strdup(arena, id);

	*out = (struct session){
		.id = own,
		.container = box.len > 0 ? arena_strndup(arena, box.at, box.len) : own,
		.now_ms = reply_int(reply_item(reply, 1)),
		.created_ms = reply_int(reply_item(reply, 2)),
		.active_ms = reply_int(reply_item(reply, 3)),
		.expires_ms = reply_int(reply_item(reply, 4)),
		.executions = reply_int(reply_item(reply, 5)),
		.max_executions = b->config->max_executions_per_session,
		.network = reply_int(reply_item(reply, 6)) != 0,
		.inject_env = reply_int(reply_item(reply, 12)) != 0,
		.uid = reply_int(reply_item(reply, 7)),
		.epoch = (uint64_t)reply_int(reply_item(reply, 8)),
		.fresh = !reply_is_nil(reply_item(reply, 10))
		      && reply_int(reply_item(reply, 10)) + 1 >= reply_int(reply_item(reply, 8)),
		.daemon_id = daemon.len > 0 ? arena_strndup(arena, daemon.at, daemon.len) : NULL,
	};
}

bool record_refuse(enum verdict verdict, struct error *err)
{
	switch (verdict) {
	case RECORD_GONE:
		return fail(err, ERR_NOT_FOUND,
		            "Container session not found, or it was shut down due to inactivity.");
	case RECORD_OTHER:
		return fail(err, ERR_FORBIDDEN, "Container session belongs to another principal");
	case RECORD_TENANT:
		return fail(err, ERR_FORBIDDEN, "Container session belongs to another tenant");
	case RECORD_ELSEWHERE:
		return fail(err, ERR_CONFLICT,
		            "Container session is attached to a different execution node. "
		            "Route follow-up requests to the original node or use a shared "
		            "Docker daemon.");
	case RECORD_EXPIRED:
		return fail(err, ERR_NOT_FOUND,
		            "Container session expired after reaching its maximum lifetime.");
	case VERDICT_NONE:
		return fail_hidden(err, ERR_UNAVAILABLE, "Redis answered a script with nothing");
	case RECORD_OK:
	case VERDICT_SPENT:
	case VERDICT_RATE:
	case VERDICT_BUSY:
	case VERDICT_FULL:
	case VERDICT_CROWDED:
	case VERDICT_ALL:
	case VERDICT_OWN:
	case VERDICT_UID:
	case VERDICT_CLAIMED:
		break;
	}
	return fail_hidden(err, ERR_INTERNAL, "a script answered %d", (int)verdict);
}

bool refuse_for(struct error *err, enum err_kind kind, int64_t ms, const char *text)
{
	fail(err, kind, "%s", text);
	err->retry_after_s = ms > 1000 ? (unsigned)((ms + 999) / 1000) : 1;
	return false;
}

bool record_no_uid(const struct config *c, struct error *err)
{
	refuse_for(err, ERR_UNAVAILABLE, c->janitor_interval_seconds * 1000,
	           "Container creation is temporarily saturated. Please retry shortly.");
	(void)snprintf(err->detail, sizeof err->detail, "no free uid of SANDBOX_UID_RANGE");
	return false;
}
