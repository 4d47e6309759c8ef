/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/session.h"

#include "tests/unit/engine.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage s;
static struct engine engine;
static const struct principal *alice, *bob;

#define GONE "Container session not found, or it was shut down due to inactivity."
#define OWN "You have reached the maximum number of active container sessions."

static void fresh(void)
{
	engine_fresh(&engine, &s);
	alice = stage_principal(&s, "alice");
	bob = stage_principal(&s, "bob");
}

static bool create(const struct principal *who, struct session *out)
{
	return session_create(&s.backend, &s.arena, who, (struct session_options){ 0 }, out, &s.err);
}

static bool inspect(const struct principal *who, const char *id)
{
	struct session out;

	return session_inspect(&s.backend, &s.arena, who, id, &out, &s.err);
}

static bool drop(const struct principal *who, const char *id)
{
	return session_delete(&s.backend, &s.arena, who, id, &s.err);
}

static int64_t count(const char *key)
{
	return stage_redis(&s, arena_printf(&s.arena, "ZCARD cg:{default}:%s", key));
}

static void a_session_is_made_and_found(void)
{
	struct session made, found;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT_EQUAL(strlen(made.id), 64);
	CU_ASSERT_EQUAL(made.created_ms, made.now_ms);
	CU_ASSERT_EQUAL(made.active_ms, made.now_ms);
	CU_ASSERT_EQUAL(made.expires_ms, made.now_ms + 3600000);
	CU_ASSERT_EQUAL(made.executions, 0);
	CU_ASSERT_EQUAL(made.max_executions, 100);
	CU_ASSERT_FALSE(made.network);
	CU_ASSERT_STRING_EQUAL(made.daemon_id, "DAEMON:ONE");
	CU_ASSERT(made.uid >= 10001 && made.uid < 11025);
	CU_ASSERT(session_inspect(&s.backend, &s.arena, alice, made.id, &found, &s.err));
	CU_ASSERT_EQUAL(found.created_ms, made.created_ms);
	CU_ASSERT_EQUAL(found.uid, made.uid);
	CU_ASSERT_EQUAL(engine.state->creates, 1);
	CU_ASSERT_EQUAL(engine.state->starts, 1);
	CU_ASSERT_EQUAL(count("creating"), 0);
}

static void quotas_hold(void)
{
	struct session made;

	fresh();
	s.config.max_containers_per_principal = 2;
	s.config.max_active_sessions = 3;
	CU_ASSERT(create(alice, &made) && create(alice, &made));
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, OWN));
	CU_ASSERT(s.err.retry_after_s > 0);
	CU_ASSERT(create(bob, &made));
	CU_ASSERT_FALSE(create(bob, &made));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, "The gateway is at its maximum number of active container sessions."));
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	CU_ASSERT(drop(bob, made.id));
	CU_ASSERT(create(bob, &made));
}

static void only_live_sessions_count(void)
{
	struct session made;

	fresh();
	s.config.max_containers_per_principal = 1;
	s.config.session_timeout_seconds = 0;
	CU_ASSERT(create(alice, &made));
	deadline_sleep_ms(deadline_in_ms(5), 5);
	CU_ASSERT(create(alice, &made));
}

static void creation_has_a_rate(void)
{
	struct session made;

	fresh();
	s.config.container_rate_limit_requests_per_window = 3;
	s.config.container_rate_limit_window_seconds = 30;
	s.config.max_containers_per_principal = 2;
	CU_ASSERT(create(alice, &made) && create(alice, &made));
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, OWN));
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, "Container creation rate limit exceeded for this principal."));
	CU_ASSERT(s.err.retry_after_s > 25 && s.err.retry_after_s <= 30);
	CU_ASSERT(create(bob, &made));
}

static void creations_at_a_time_are_few(void)
{
	struct session made;

	fresh();
	s.config.container_create_guard_timeout = 1;
	(void)backend_identify(&s.backend, deadline_in_ms(1000), &s.err);
	for (int i = 0; i < 4; i++)
		stage_redis(&s, arena_printf(&s.arena, "ZADD cg:{default}:creating:DAEMON:ONE 9999999999999 x%d", i));
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT(stage_failed(&s, ERR_UNAVAILABLE, "Container creation is temporarily saturated. Please retry shortly."));
	CU_ASSERT_EQUAL(s.err.retry_after_s, 1);
	CU_ASSERT_EQUAL(engine.state->creates, 0);
}

static void nothing_is_left_of(const char *what)
{
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
	CU_ASSERT_EQUAL(count("sessions"), 0);
	CU_ASSERT_EQUAL(count("creating:DAEMON:ONE"), 0);
	CU_ASSERT_EQUAL(count(arena_printf(&s.arena, "own:%s", alice->scope)), 0);
	if (engine_there(&engine) != 0)
		printf("# after %s\n", what);
}

static void a_missing_image_is_told(void)
{
	struct session made;

	fresh();
	engine.state->no_image = true;
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT(stage_failed(&s, ERR_UNAVAILABLE, "The sandbox image is not available on the Docker host."));
	CU_ASSERT(strstr(s.err.detail, "No such image") != NULL);
	nothing_is_left_of("a missing image");
	CU_ASSERT_EQUAL(stage_redis(&s, "HLEN cg:{default}:uids:DAEMON:ONE"), 0);
}

static void a_failed_start_leaves_nothing(void)
{
	struct session made;

	fresh();
	engine.state->start_fails = true;
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(engine.state->removes, 1);
	nothing_is_left_of("a failed start");
}

static void a_docker_that_hangs_is_unavailable(void)
{
	struct session made;

	fresh();
	(void)backend_identify(&s.backend, deadline_in_ms(1000), &s.err);
	engine.state->silent = true;
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	nothing_is_left_of("a Docker that hangs");
	CU_ASSERT_EQUAL(stage_redis(&s, "HLEN cg:{default}:uids:DAEMON:ONE"), 1);
}

static void a_reservation_that_ran_out_is_no_session(void)
{
	struct reservation held;
	struct session made;

	fresh();
	(void)backend_identify(&s.backend, deadline_in_ms(1000), &s.err);
	CU_ASSERT_FATAL(reserve(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &held, &s.err));
	stage_redis(&s, arena_printf(&s.arena, "ZADD cg:{default}:sessions 1 %s", held.name));
	CU_ASSERT_FALSE(reserve_commit(&s.backend, &s.arena, &held, "0", &made, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(stage_redis(&s, "EXISTS cg:{default}:session:0"), 0);
}

static void strangers_see_and_do_nothing(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT_FALSE(inspect(bob, made.id));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another principal"));
	CU_ASSERT_FALSE(drop(bob, made.id));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another principal"));
	CU_ASSERT(inspect(alice, made.id));
	CU_ASSERT_EQUAL(engine.state->removes, 0);
	CU_ASSERT_EQUAL(engine.state->attaches, 0);
}

/* Docker takes names and prefixes for ids; we do not even ask it. */
static void aliases_are_unknown(void)
{
	struct session made;
	int asked;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	asked = engine.state->inspects;
	for (int len = 0; len < 64; len += 7) {
		const char *prefix = arena_strndup(&s.arena, made.id, (size_t)len);

		CU_ASSERT_FALSE(inspect(alice, prefix));
		CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
		CU_ASSERT_FALSE(drop(alice, prefix));
		CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	}
	CU_ASSERT_FALSE(inspect(alice, "sandbox-0123456789ab"));
	CU_ASSERT_FALSE(inspect(alice, "../../images/x"));
	CU_ASSERT_FALSE(inspect(alice, "00000000000000000000000000000000000000000000000000000000000000ff"));
	CU_ASSERT_EQUAL(engine.state->inspects, asked);
	CU_ASSERT(inspect(alice, made.id));
}

static void a_container_that_is_gone_ends_the_session(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	engine_find(&engine, made.id)->there = false;
	CU_ASSERT_FALSE(inspect(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session not found"));
	CU_ASSERT_FALSE(inspect(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_EQUAL(count("sessions"), 0);
}

static void an_engine_that_is_away_ends_no_session(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	engine.state->silent = true;
	CU_ASSERT_FALSE(inspect(alice, made.id));
	CU_ASSERT(s.err.kind == ERR_UNAVAILABLE || s.err.kind == ERR_TIMEOUT);
	CU_ASSERT_EQUAL(count("sessions"), 1);
}

static void a_session_that_is_over_is_removed(void)
{
	struct session made;

	fresh();
	s.config.max_session_lifetime_seconds = 0;
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT_FALSE(inspect(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session expired after reaching its maximum lifetime."));
	CU_ASSERT_FALSE(inspect(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_EQUAL(engine.state->attaches, 1);
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT_FALSE(drop(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session expired after reaching its maximum lifetime."));
	CU_ASSERT_FALSE(drop(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_EQUAL(engine.state->attaches, 2);
}

static void deletion_is_friendly(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT(drop(alice, made.id));
	CU_ASSERT_EQUAL(engine.state->attaches, 1);
	CU_ASSERT_EQUAL(engine.state->removes, 0);
	CU_ASSERT_FALSE(drop(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_EQUAL(count("sessions"), 0);
	CU_ASSERT_EQUAL(count("ending:DAEMON:ONE"), 1);
}

static void deletion_is_honest(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	engine.state->attach_fails = true;
	engine.state->remove_fails = true;
	CU_ASSERT_FALSE(drop(alice, made.id));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_FALSE(inspect(alice, made.id));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_FALSE(drop(bob, made.id));
	CU_ASSERT_EQUAL(s.err.kind, ERR_FORBIDDEN);
	engine.state->remove_fails = false;
	CU_ASSERT(drop(alice, made.id));
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
}

static void each_end_has_a_higher_epoch(void)
{
	struct session made;
	struct lease lease;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT_FATAL(stage_admit(&s, alice, made.id, &lease));
	engine.state->attach_fails = true;
	engine.state->remove_fails = true;
	CU_ASSERT_FALSE(drop(alice, made.id));
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "HGET cg:{default}:session:%s epoch", made.id)), 2);
	CU_ASSERT_FALSE(limit_renew(&s.backend, &lease, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_CONFLICT);
}

static void without_redis_nothing_is_made(void)
{
	struct session made;

	fresh();
	s.config.redis_url = "unix:///nonexistent.sock";
	stage_reconnect(&s);
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(engine.state->creates, 0);
}

/* Fifty at once, over many processes, of one principal with a quota of three. */
static void parallel_creations_never_overshoot(void)
{
	struct session made;
	int status, made_n = 0;

	fresh();
	for (int i = 0; i < 50; i++) {
		fflush(NULL);
		if (fork() == 0) {
			stage_reconnect(&s);
			_exit(create(alice, &made) ? 0 : strcmp(s.err.msg, OWN) == 0 ? 1 : 2);
		}
	}
	for (int i = 0; i < 50; i++) {
		CU_ASSERT_FATAL(wait(&status) > 0);
		CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) < 2);
		made_n += WEXITSTATUS(status) == 0;
	}
	CU_ASSERT_EQUAL(made_n, 3);
	CU_ASSERT_EQUAL(engine_there(&engine), 3);
	CU_ASSERT_EQUAL(count("sessions"), 3);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a session is made and found", a_session_is_made_and_found },
		{ "quotas hold", quotas_hold },
		{ "only live sessions count", only_live_sessions_count },
		{ "creation has a rate", creation_has_a_rate },
		{ "creations at a time are few", creations_at_a_time_are_few },
		{ "a missing image is told", a_missing_image_is_told },
		{ "a failed start leaves nothing", a_failed_start_leaves_nothing },
		{ "a Docker that hangs is unavailable", a_docker_that_hangs_is_unavailable },
		{ "a reservation that ran out is no session", a_reservation_that_ran_out_is_no_session },
		{ "strangers see and do nothing", strangers_see_and_do_nothing },
		{ "aliases are unknown", aliases_are_unknown },
		{ "a container that is gone ends the session", a_container_that_is_gone_ends_the_session },
		{ "an engine that is away ends no session", an_engine_that_is_away_ends_no_session },
		{ "a session that is over is removed", a_session_that_is_over_is_removed },
		{ "deletion is friendly", deletion_is_friendly },
		{ "deletion is honest", deletion_is_honest },
		{ "each end has a higher epoch", each_end_has_a_higher_epoch },
		{ "without Redis nothing is made", without_redis_nothing_is_made },
		{ "parallel creations never overshoot", parallel_creations_never_overshoot },
		{ NULL, NULL },
	};

	engine_start(&engine, peer_polite);
	stage_open(&s);

	int status = tap_run("session", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
