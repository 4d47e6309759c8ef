/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/janitor.h"

#include "fcgi-app/policy/metrics.h"
#include "fcgi-app/policy/session.h"
#include "tests/unit/engine.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage s;
static struct engine engine;
static const struct principal *alice;

#define STRAY "00000000000000000000000000000000000000000000000000000000000000ff"

static void fresh(void)
{
	engine_fresh(&engine, &s);
	s.config.max_containers_per_principal = 100;
	alice = stage_principal(&s, "alice");
}

static const char *session(void)
{
	struct session made;

	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &made, &s.err));
	return made.id;
}

static void pass(int64_t ms)
{
	deadline_sleep_ms(deadline_in_ms(ms), ms);
}

/* Its log lines are no TAP, so they stay unheard. */
static bool sweep_as(const char *token)
{
	int err = dup(2), null = open("/dev/null", O_WRONLY);
	bool ok;

	dup2(null, 2);
	ok = janitor_sweep(&s.backend, token, &s.err);
	dup2(err, 2);
	close(err);
	close(null);
	return ok;
}

static bool sweep(void)
{
	return sweep_as("me");
}

static bool is_there(const char *id)
{
	return engine_find(&engine, id) != NULL;
}

static int64_t redis(const char *command, const char *key)
{
	return stage_redis(&s, arena_printf(&s.arena, "%s cg:{default}:%s", command, key));
}

static void a_live_session_stays(void)
{
	const char *id;

	fresh();
	id = session();
	pass(10);
	CU_ASSERT(sweep() && sweep());
	CU_ASSERT(is_there(id));
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 1);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 1);
}

static void an_idle_session_goes(void)
{
	const char *id;

	fresh();
	s.config.session_timeout_seconds = 0;
	id = session();
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT_EQUAL(redis("EXISTS", arena_printf(&s.arena, "session:%s", id)), 0);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "ending:DAEMON:ONE"), 0);
}

static void an_old_session_goes(void)
{
	const char *id;

	fresh();
	s.config.max_session_lifetime_seconds = 0;
	id = session();
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
}

static void a_busy_session_stays(void)
{
	const char *id;
	struct lease lease;

	fresh();
	s.config.session_timeout_seconds = 0;
	id = session();
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(id));
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
	limit_release(&s.backend, &lease);
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
}

static void activity_puts_the_end_off(void)
{
	const char *id;
	struct lease lease;

	fresh();
	s.config.session_timeout_seconds = 1;
	id = session();
	pass(600);
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	limit_release(&s.backend, &lease);
	pass(600);
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(id));
}

static void an_orphan_has_a_grace(void)
{
	fresh();
	s.config.orphan_grace_seconds = 1;
	engine_add(&engine, STRAY, "sandbox-stray");
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(STRAY));
	pass(1100);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(STRAY));
}

static void what_is_being_created_is_no_orphan(void)
{
	struct reservation held;

	fresh();
	s.config.orphan_grace_seconds = 0;
	(void)backend_identify(&s.backend, deadline_in_ms(1000), &s.err);
	CU_ASSERT_FATAL(reserve(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &held, &s.err));
	engine_add(&engine, STRAY, held.name);
	CU_ASSERT(sweep());
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(STRAY));
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 1);
}

static void a_lost_reservation_is_swept(void)
{
	struct reservation held;

	fresh();
	(void)backend_identify(&s.backend, deadline_in_ms(1000), &s.err);
	CU_ASSERT_FATAL(reserve(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &held, &s.err));
	stage_redis(&s, arena_printf(&s.arena, "ZADD cg:{default}:sessions 1 %s", held.name));
	stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:uids:DAEMON:ONE %lld junk", (long long)held.slot));
	CU_ASSERT(sweep());
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 0);
}

static void a_container_that_vanished_frees_its_place(void)
{
	const char *id;

	fresh();
	id = session();
	engine_find(&engine, id)->there = false;
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", arena_printf(&s.arena, "own:%s", alice->scope)), 0);
	CU_ASSERT_EQUAL(redis("EXISTS", arena_printf(&s.arena, "session:%s", id)), 0);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 0);
}

static void a_deletion_that_failed_is_finished(void)
{
	const char *id;

	fresh();
	id = session();
	engine.state->attach_fails = true;
	engine.state->remove_fails = true;
	CU_ASSERT_FALSE(session_delete(&s.backend, &s.arena, alice, id, &s.err));
	engine.state->remove_fails = false;
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(id));           /* it may still be ending by itself */
	pass(2100);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
	CU_ASSERT(sweep());
	CU_ASSERT_EQUAL(redis("EXISTS", arena_printf(&s.arena, "session:%s", id)), 0);
}

static void sessions_of_another_daemon_are_not_ours(void)
{
	const char *id;

	fresh();
	s.config.session_timeout_seconds = 0;
	id = session();
	stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:session:%s daemon OTHER", id));
	pass(10);
	CU_ASSERT(sweep());
	CU_ASSERT_EQUAL(redis("EXISTS", arena_printf(&s.arena, "session:%s", id)), 1);
	CU_ASSERT(is_there(id));
}

static void the_loss_of_redis_data_kills_nothing_at_once(void)
{
	const char *id;
	char label[33];

	fresh();
	s.config.orphan_grace_seconds = 1;
	id = session();
	memcpy(label, s.backend.deployment, sizeof label);
	stage_redis(&s, "FLUSHALL");
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(id));
	CU_ASSERT_STRING_EQUAL(s.backend.deployment, label);
	CU_ASSERT_EQUAL(redis("EXISTS", "label"), 1);
	pass(1100);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
}

/* However long its run may be. */
static void nor_what_still_runs_after_the_grace(void)
{
	const char *id;
	struct lease lease;

	fresh();
	s.config.orphan_grace_seconds = 1;
	id = session();
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, "FLUSHALL");
	for (int i = 0; i < 4; i++) {
		CU_ASSERT(sweep());
		pass(600);
		CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
	}
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(id));
	limit_release(&s.backend, &lease);
	pass(1100);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
}

static void a_gateway_follows_the_label_in_redis(void)
{
	fresh();
	(void)backend_identify(&s.backend, deadline_in_ms(1000), &s.err);
	stage_redis(&s, "SET cg:{default}:label abc");
	(void)session();
	CU_ASSERT_STRING_EQUAL(s.backend.deployment, "abc");
	CU_ASSERT(strstr(engine.state->body, "\"deployment\":\"abc\"") != NULL);
}

static void only_one_janitor_sweeps(void)
{
	fresh();
	s.config.janitor_interval_seconds = 1;
	CU_ASSERT(sweep_as("one"));
	CU_ASSERT(redis("PTTL", "janitor:DAEMON:ONE") > 2000);
	engine_add(&engine, STRAY, "sandbox-stray");
	s.config.orphan_grace_seconds = 0;
	CU_ASSERT(sweep_as("two"));
	pass(10);
	CU_ASSERT(sweep_as("two"));
	CU_ASSERT(is_there(STRAY));
	CU_ASSERT(sweep_as("one"));
	pass(10);
	CU_ASSERT(sweep_as("one"));
	CU_ASSERT_FALSE(is_there(STRAY));
}

static void outages_are_survived(void)
{
	const char *id;

	fresh();
	s.config.session_timeout_seconds = 0;
	id = session();
	pass(10);
	engine.state->remove_fails = true;
	engine.state->attach_fails = true;
	CU_ASSERT(sweep());
	CU_ASSERT(is_there(id));
	engine.state->remove_fails = false;
	pass(2100);
	CU_ASSERT(sweep());
	CU_ASSERT_FALSE(is_there(id));
}

static void it_runs_until_told_to_stop(void)
{
	int fds[2];

	fresh();
	CU_ASSERT_FATAL(pipe(fds) == 0);
	close(fds[1]);
	janitor_run(&(struct janitor){ .config = &s.config, .stop_fd = fds[0], .end_fd = fds[0] });
	close(fds[0]);
	CU_ASSERT_EQUAL(redis("EXISTS", "janitor:DAEMON:ONE"), 0);
}

/* Requests that were under way when it was told to stop are counted, too. */
static void it_flushes_until_nobody_counts(void)
{
	static const char *const paths[] = { NULL };
	struct janitor janitor = { .config = &s.config };
	int stop[2], end[2], status;

	fresh();
	janitor.metrics = metrics_map(paths);
	CU_ASSERT_FATAL(pipe(stop) == 0 && pipe(end) == 0);
	close(stop[1]);
	janitor.stop_fd = stop[0];
	janitor.end_fd = end[0];
	fflush(NULL);
	if (fork() == 0) {
		close(end[1]);
		janitor_run(&janitor);
		_exit(0);
	}
	metrics_execution(janitor.metrics, METRIC_FAILED, 1);
	close(end[1]);
	CU_ASSERT(wait(&status) > 0 && status == 0);
	CU_ASSERT_EQUAL(redis("HGET", "metrics gateway_executions_total{outcome=\"failed\"}"), 1);
	close(stop[0]);
	close(end[0]);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a live session stays", a_live_session_stays },
		{ "an idle session goes", an_idle_session_goes },
		{ "an old session goes", an_old_session_goes },
		{ "a busy session stays", a_busy_session_stays },
		{ "activity puts the end off", activity_puts_the_end_off },
		{ "an orphan has a grace", an_orphan_has_a_grace },
		{ "what is being created is no orphan", what_is_being_created_is_no_orphan },
		{ "a lost reservation is swept", a_lost_reservation_is_swept },
		{ "a container that vanished frees its place", a_container_that_vanished_frees_its_place },
		{ "a deletion that failed is finished", a_deletion_that_failed_is_finished },
		{ "sessions of another daemon are not ours", sessions_of_another_daemon_are_not_ours },
		{ "the loss of Redis' data kills nothing at once", the_loss_of_redis_data_kills_nothing_at_once },
		{ "nor what still runs after the grace", nor_what_still_runs_after_the_grace },
		{ "a gateway follows the label in Redis", a_gateway_follows_the_label_in_redis },
		{ "only one janitor sweeps", only_one_janitor_sweeps },
		{ "outages are survived", outages_are_survived },
		{ "it runs until told to stop", it_runs_until_told_to_stop },
		{ "it flushes until nobody counts", it_flushes_until_nobody_counts },
		{ NULL, NULL },
	};

	engine_start(&engine, peer_polite);
	stage_open(&s);

	int status = tap_run("janitor", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
