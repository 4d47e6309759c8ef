/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/text.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>

static struct stage s;
static const struct principal *alice, *bob;

#define BUSY "Another execution is in progress for this container. Please wait."
#define GONE "Container session not found, or it was shut down due to inactivity."

static const char *session_of(const struct principal *who)
{
	const char *id = stage_session(&s, who);

	CU_ASSERT_FATAL(id != NULL);
	return id;
}

static const char *fresh_session(void)
{
	stage_unlimited(&s);
	alice = stage_principal(&s, "alice");
	bob = stage_principal(&s, "bob");
	return session_of(alice);
}

/* As if seconds had passed since the scores of that sorted set were written. */
static void grow_old(const char *set, int seconds)
{
	stage_redis(&s, arena_printf(&s.arena, "EVAL for\t_,m\tin\tipairs(redis.call('ZRANGE',KEYS[1],0,-1))"
	                             "do\tredis.call('ZINCRBY',KEYS[1],ARGV[1],m)end 1 cg:{default}:%s -%d000",
	                             set, seconds));
}

/* And since that session's lease was given. */
static void let_lease_grow_old(const char *id, int seconds)
{
	stage_redis(&s, arena_printf(&s.arena, "HINCRBY cg:{default}:session:%s until -%d000", id, seconds));
	grow_old("slots", seconds);
}

static void an_owner_is_admitted_again_and_again(void)
{
	const char *id = fresh_session();
	struct lease lease;

	for (unsigned i = 1; i <= 3; i++) {
		CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
		CU_ASSERT_EQUAL(lease.session.executions, i);
		CU_ASSERT_EQUAL(lease.session.epoch, i);
		CU_ASSERT_STRING_EQUAL(lease.session.id, id);
		CU_ASSERT_EQUAL(lease.session.expires_ms - lease.session.created_ms, 3600000);
		CU_ASSERT(lease.expires_us > now_us());
		limit_release(&s.backend, &lease);
	}
	CU_ASSERT_EQUAL(stage_redis(&s, "ZCARD cg:{default}:slots"), 0);
}

static void strangers_are_refused(void)
{
	const char *id = fresh_session();
	struct principal other = *alice;
	struct lease lease;

	CU_ASSERT_FALSE(stage_admit(&s, bob, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another principal"));
	other.tenant = "t";
	CU_ASSERT_FALSE(stage_admit(&s, &other, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another tenant"));
	other = *alice;
	other.kind = PRINCIPAL_JWT;
	CU_ASSERT_FALSE(stage_admit(&s, &other, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another principal"));
	CU_ASSERT(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_EQUAL(lease.session.executions, 1);
}

static void an_empty_tenant_is_not_none(void)
{
	const char *id = fresh_session();
	struct principal other = *alice;
	struct lease lease;

	other.tenant = "";
	CU_ASSERT_FALSE(stage_admit(&s, &other, id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_FORBIDDEN);
}

static void ids_are_whole_or_unknown(void)
{
	const char *id = fresh_session();
	struct lease lease;

	CU_ASSERT_FALSE(stage_admit(&s, alice, arena_strndup(&s.arena, id, 12), &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_FALSE(stage_admit(&s, alice, "", &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, "../images/x", &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, arena_printf(&s.arena, "%.63sx", id), &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, arena_printf(&s.arena, "%s\n", id), &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
}

static void another_daemon_is_a_conflict(void)
{
	const char *id = fresh_session();
	struct lease lease;

	(void)snprintf(s.backend.daemon_id, sizeof s.backend.daemon_id, "DAEMON:TWO");
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_CONFLICT);
	CU_ASSERT(strstr(s.err.msg, "is attached to a different execution node.") != NULL);
}

static void a_lifetime_ends(void)
{
	const char *id;
	struct lease lease;

	fresh_session();
	s.config.max_session_lifetime_seconds = 0;
	id = session_of(alice);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session expired after reaching its maximum lifetime."));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
}

static void a_budget_is_spent(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.max_executions_per_session = 2;
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
		limit_release(&s.backend, &lease);
	}
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, "Container session reached its maximum number of executions."));
	CU_ASSERT(s.err.retry_after_s > 0);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
}

static void the_last_run_of_a_budget_is_not_disturbed(void)
{
	const char *id = fresh_session();
	struct lease lease, second;

	s.config.max_executions_per_session = 1;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT_EQUAL(s.err.kind, ERR_LIMITED);
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
}

static void a_rate_has_a_window(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.rate_limit_requests_per_window = 2;
	s.config.rate_limit_window_seconds = 100;
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
		limit_release(&s.backend, &lease);
	}
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, "Rate limit exceeded for this principal. Please slow down."));
	CU_ASSERT(s.err.retry_after_s > 50 && s.err.retry_after_s <= 100);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "HGET cg:{default}:session:%s count", id)), 2);
	grow_old(arena_printf(&s.arena, "rate:execute:%s", alice->scope), 40);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(s.err.retry_after_s > 10 && s.err.retry_after_s <= 60);
	grow_old(arena_printf(&s.arena, "rate:execute:%s", alice->scope), 60);
	CU_ASSERT(stage_admit(&s, alice, id, &lease));
}

/* Its holder died: nobody renews, nobody releases. */
static void a_lease_expires_when_its_holder_dies(void)
{
	const char *id = fresh_session();
	struct lease dead, next;

	s.config.run_lease_seconds = 100;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &dead));
	let_lease_grow_old(id, 100);
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &next));
	CU_ASSERT_EQUAL(next.session.epoch, dead.session.epoch + 1);
	CU_ASSERT_FALSE(limit_renew(&s.backend, &dead, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_CONFLICT);
	limit_release(&s.backend, &dead);
	CU_ASSERT(limit_renew(&s.backend, &next, &s.err));
	CU_ASSERT_EQUAL(stage_redis(&s, "ZCARD cg:{default}:slots"), 1);
}

static void a_renewed_lease_lasts(void)
{
	const char *id = fresh_session();
	struct lease lease, second;
	int64_t before;

	s.config.run_lease_seconds = 100;
	s.config.execution_queue_seconds = 0;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	before = lease.expires_us;
	for (int i = 0; i < 4; i++) {
		let_lease_grow_old(id, 60);
		CU_ASSERT_FATAL(limit_renew(&s.backend, &lease, &s.err));
	}
	CU_ASSERT(lease.expires_us > before);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, BUSY));
}

static void a_run_outlives_the_loss_of_redis_data(void)
{
	const char *id = fresh_session();
	struct lease lease, second;

	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, "FLUSHALL");
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	limit_release(&s.backend, &lease);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "EXISTS cg:{default}:session:%s", id)), 0);
}

static void every_key_expires(void)
{
	const char *id = fresh_session();
	struct lease first, second;

	s.config.execution_queue_seconds = 0;
	s.config.rate_limit_requests_per_window = 5;
	s.config.container_rate_limit_requests_per_window = 5;
	session_of(alice);
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &first));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	stage_redis(&s, "DEL cg:{default}:slots");
	CU_ASSERT(limit_renew(&s.backend, &first, &s.err));

	auto_reply keys = redis_command(s.backend.redis, &s.err, 2, (struct slice[]){ { "KEYS", 4 }, { "*", 1 } });

	CU_ASSERT(reply_count(keys) > 8);
	for (size_t i = 0; i < reply_count(keys); i++) {
		struct slice key = reply_text(reply_item(keys, i));
		auto_reply ttl = redis_command(s.backend.redis, &s.err, 2, (struct slice[]){ { "TTL", 3 }, key });

		CU_ASSERT(reply_int(ttl) > 0);
		CU_ASSERT_EQUAL(strncmp(key.at, "cg:{default}:", 13), 0);
	}
}

/* The set is empty for a moment when the only session takes its reservation's place. */
static void the_only_session_expires_too(void)
{
	fresh_session();
	CU_ASSERT(stage_redis(&s, "PTTL cg:{default}:sessions") > 0);
	CU_ASSERT(stage_redis(&s, arena_printf(&s.arena, "PTTL cg:{default}:own:%s", alice->scope)) > 0);
}

static void deployments_know_nothing_of_each_other(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.max_active_sessions = 1;
	CU_ASSERT(stage_session(&s, bob) == NULL);
	s.config.deployment_id = "other";
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT(stage_session(&s, bob) != NULL);
}

static void scripts_that_redis_forgot_are_sent_again(void)
{
	const char *id = fresh_session();
	struct lease lease;

	stage_redis(&s, "SCRIPT FLUSH");
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, "SCRIPT FLUSH");
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
}

static void without_redis_nobody_is_admitted(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.redis_url = "unix:///nonexistent.sock";
	stage_reconnect(&s);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "an owner is admitted again and again", an_owner_is_admitted_again_and_again },
		{ "strangers are refused", strangers_are_refused },
		{ "an empty tenant is not none", an_empty_tenant_is_not_none },
		{ "ids are whole or unknown", ids_are_whole_or_unknown },
		{ "another daemon is a conflict", another_daemon_is_a_conflict },
		{ "a lifetime ends", a_lifetime_ends },
		{ "a budget is spent", a_budget_is_spent },
		{ "the last run of a budget is not disturbed", the_last_run_of_a_budget_is_not_disturbed },
		{ "a rate has a window", a_rate_has_a_window },
		{ "a lease expires when its holder dies", a_lease_expires_when_its_holder_dies },
		{ "a renewed lease lasts", a_renewed_lease_lasts },
		{ "a run outlives the loss of Redis' data", a_run_outlives_the_loss_of_redis_data },
		{ "every key expires", every_key_expires },
		{ "the only session expires, too", the_only_session_expires_too },
		{ "deployments know nothing of each other", deployments_know_nothing_of_each_other },
		{ "scripts that Redis forgot are sent again", scripts_that_redis_forgot_are_sent_again },
		{ "without Redis nobody is admitted", without_redis_nobody_is_admitted },
		{ NULL, NULL },
	};

	stage_open(&s);

	int status = tap_run("limit", tests);

	stage_close(&s);
	return status;
}
