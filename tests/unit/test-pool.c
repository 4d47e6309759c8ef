/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/pool.h"

#include "fcgi-app/policy/janitor.h"
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
static int never[2];                       /* a pipe nobody writes to: not told to stop */

static void fresh(void)
{
	engine_fresh(&engine, &s);
	s.config.max_containers_per_principal = 100;
	s.config.sandbox_pool_size = 2;
	alice = stage_principal(&s, "alice");
	CU_ASSERT_FATAL(backend_identify(&s.backend, deadline_in_ms(1000), &s.err));
}

static bool fill(void)
{
	return pool_fill(&s.backend, SANDBOX_SESSION, never[0], &s.err);
}

static void filled(void)
{
	fresh();
	CU_ASSERT_FATAL(fill());
}

static const char *session(void)
{
	struct session made;

	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &made, &s.err));
	return made.id;
}

static void tend(void)
{
	CU_ASSERT(pool_tend(&s.backend, never[0], &s.err));
}

static int64_t redis(const char *command, const char *key)
{
	return stage_redis(&s, arena_printf(&s.arena, "%s cg:{default}:%s", command, key));
}

static int64_t field(const char *id, const char *name)
{
	return redis("HEXISTS", arena_printf(&s.arena, "session:%s %s", id, name));
}

static int64_t members(void)
{
	CU_ASSERT_EQUAL(redis("HLEN", "pool:DAEMON:ONE"), redis("ZCARD", "pool"));
	return redis("HLEN", "pool:DAEMON:ONE");
}

static void pass(int64_t ms)
{
	deadline_sleep_ms(deadline_in_ms(ms), ms);
}

/* Its log lines are no TAP, so they stay unheard. */
static void sweep(void)
{
	int err = dup(2), null = open("/dev/null", O_WRONLY);

	pass(5);
	dup2(null, 2);
	CU_ASSERT(janitor_sweep(&s.backend, "me", &s.err));
	dup2(err, 2);
	close(err);
	close(null);
}

static void nothing_waits_where_the_size_is_zero(void)
{
	fresh();
	s.config.sandbox_pool_size = 0;
	CU_ASSERT(fill());
	(void)session();
	tend();
	CU_ASSERT_EQUAL(engine.state->creates, 1);
	CU_ASSERT_EQUAL(redis("EXISTS", "pool:DAEMON:ONE"), 0);
}

static void it_is_filled_to_its_size(void)
{
	filled();
	CU_ASSERT_EQUAL(members(), 2);
	CU_ASSERT_EQUAL(engine.state->creates, 2);
	CU_ASSERT_EQUAL(engine.state->attaches, 2);        /* each has said that it is ready */
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(engine.state->creates, 2);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 2);
	CU_ASSERT_EQUAL(redis("ZCARD", "filling"), 0);
	CU_ASSERT(redis("PTTL", "pool:DAEMON:ONE") > 0);
}

static void a_member_counts_for_no_quota(void)
{
	filled();
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
	s.config.max_active_sessions = 1;
	s.config.max_containers_per_principal = 1;
	(void)session();
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 1);
}

static void a_quota_costs_no_member(void)
{
	struct session out;

	filled();
	s.config.max_containers_per_principal = 1;
	(void)session();
	CU_ASSERT_FALSE(session_create(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &out, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_LIMITED);
	CU_ASSERT_EQUAL(members(), 1);
}

static void its_end_is_an_argument(void)
{
	filled();
	CU_ASSERT(strstr(engine.state->body, "\"Cmd\":[\"--lifetime\",\"7380\",\"--idle\",\"4860\"]") != NULL);
	CU_ASSERT(strstr(engine.state->body, "\"Image\":\"sha256:1\"") != NULL);
	CU_ASSERT(strstr(engine.state->body, "\"NetworkMode\":\"none\"") != NULL);
}

static void a_claim_asks_docker_nothing(void)
{
	struct session made, found;
	struct lease lease;

	filled();
	engine.state->silent = true;
	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &made, &s.err));
	engine.state->silent = false;
	CU_ASSERT_EQUAL(engine.state->creates, 2);
	CU_ASSERT(engine_find(&engine, made.id) != NULL);
	CU_ASSERT_STRING_EQUAL(made.container, made.id);
	CU_ASSERT_EQUAL(made.expires_ms, made.now_ms + 3600000);
	CU_ASSERT_EQUAL(made.executions, 0);
	CU_ASSERT_STRING_EQUAL(made.daemon_id, "DAEMON:ONE");
	CU_ASSERT(made.uid >= 10001 && made.uid < 11025);
	CU_ASSERT_EQUAL(members(), 1);
	CU_ASSERT(session_inspect(&s.backend, &s.arena, alice, made.id, &found, &s.err));
	CU_ASSERT_EQUAL(found.uid, made.uid);
	CU_ASSERT(stage_admit(&s, alice, made.id, &lease));
	CU_ASSERT(redis("PTTL", arena_printf(&s.arena, "session:%s", made.id)) > 0);
}

static void the_oldest_goes_first(void)
{
	const char *first;

	fresh();
	s.config.sandbox_pool_size = 1;
	CU_ASSERT_FATAL(fill());
	first = engine.state->containers[0].id;
	pass(5);
	s.config.sandbox_pool_size = 2;
	CU_ASSERT_FATAL(fill());
	CU_ASSERT_STRING_EQUAL(session(), first);
}

static void a_place_that_was_taken_is_filled_again(void)
{
	filled();
	(void)session();
	CU_ASSERT_EQUAL(members(), 1);
	tend();
	CU_ASSERT_EQUAL(members(), 2);
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	tend();
	CU_ASSERT_EQUAL(engine.state->creates, 3);
}

static void an_empty_pool_makes_one_for_the_client(void)
{
	fresh();
	CU_ASSERT(engine_find(&engine, session()) != NULL);
	CU_ASSERT_EQUAL(engine.state->creates, 1);
	tend();
	CU_ASSERT_EQUAL(members(), 2);
}

static void what_is_special_is_made_for_itself(void)
{
	struct session made;

	filled();
	s.config.sandbox_network_mode = "bridge";
	s.config.allow_sandbox_env_injection = true;
	s.config.sandbox_env_source_path = "/dev/null";
	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ .network = true }, &made, &s.err));
	CU_ASSERT(made.network);
	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ .inject_env = true }, &made, &s.err));
	CU_ASSERT(made.inject_env);
	CU_ASSERT_EQUAL(engine.state->creates, 4);
	CU_ASSERT_EQUAL(members(), 2);
}

static void other_settings_are_another_pool(void)
{
	filled();
	s.config.sandbox_pids_limit = 99;
	(void)session();
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	CU_ASSERT_EQUAL(members(), 2);
}

static void another_image_is_another_pool(void)
{
	filled();
	stage_redis(&s, "HSET cg:{default}:images:DAEMON:ONE code-sandbox:latest sha256:2");
	(void)session();
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	CU_ASSERT_EQUAL(members(), 2);
}

static void another_daemon_has_another_pool(void)
{
	filled();
	(void)snprintf(s.backend.daemon_id, sizeof s.backend.daemon_id, "DAEMON:TWO");
	(void)session();
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(redis("HLEN", "pool:DAEMON:ONE"), 2);
	CU_ASSERT_EQUAL(redis("HLEN", "pool:DAEMON:TWO"), 2);
}

static void the_old_are_not_claimed_but_removed(void)
{
	filled();
	s.config.sandbox_pool_max_age_seconds = 1;
	pass(1100);
	(void)session();
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	sweep();
	CU_ASSERT_EQUAL(members(), 0);
	CU_ASSERT_EQUAL(engine_there(&engine), 1);
}

static void what_is_wanted_stays(void)
{
	filled();
	sweep();
	CU_ASSERT_EQUAL(members(), 2);
	CU_ASSERT_EQUAL(engine_there(&engine), 2);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 2);
	CU_ASSERT_EQUAL(redis("ZCARD", "orphans:DAEMON:ONE"), 0);
}

static void what_no_gateway_wants_goes(void)
{
	filled();
	s.config.sandbox_pids_limit = 99;
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(members(), 4);
	s.config.janitor_interval_seconds = 1;
	pass(3100);
	CU_ASSERT(fill());
	sweep();
	CU_ASSERT_EQUAL(members(), 2);
	CU_ASSERT_EQUAL(engine_there(&engine), 2);
}

static void the_dead_are_forgotten(void)
{
	filled();
	engine.state->containers[0].there = false;
	sweep();
	CU_ASSERT_EQUAL(members(), 1);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 1);
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(members(), 2);
}

/* As execute.c does where nothing was heard of it. */
static bool replaced(const char *id, struct lease *lease)
{
	bool done;

	CU_ASSERT_FATAL(stage_admit(&s, alice, id, lease));
	done = pool_replace(&s.backend, &s.arena, lease, &s.err);
	limit_release(&s.backend, lease);
	return done;
}

/* A session whose own container died in the pool. */
static const char *reboxed(void)
{
	struct lease lease;
	const char *id;

	filled();
	id = session();
	engine_find(&engine, id)->there = false;
	CU_ASSERT_FATAL(replaced(id, &lease));
	return id;
}

static void a_dead_member_is_replaced(void)
{
	struct session found;
	struct lease lease;
	const char *id;

	filled();
	id = session();
	engine_find(&engine, id)->there = false;
	CU_ASSERT(replaced(id, &lease));
	CU_ASSERT_STRING_EQUAL(lease.session.id, id);
	CU_ASSERT_STRING_NOT_EQUAL(lease.session.container, id);
	CU_ASSERT_FATAL(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
	CU_ASSERT_STRING_EQUAL(found.id, id);
	CU_ASSERT_STRING_EQUAL(found.container, lease.session.container);
	CU_ASSERT_EQUAL(found.uid, lease.session.uid);
	tend();
	CU_ASSERT_EQUAL(members(), 2);
}

/* Docker called it running, right after it came back, and then it was not. */
static void a_fresh_one_is_replaced_whenever_it_dies(void)
{
	struct session found;
	struct lease lease;
	const char *id = reboxed();

	for (int i = 0; i < 3; i++) {
		CU_ASSERT_FATAL(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
		engine_find(&engine, found.container)->there = false;
		sweep();
		CU_ASSERT(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
		CU_ASSERT(replaced(id, &lease));
		CU_ASSERT_STRING_NOT_EQUAL(lease.session.container, found.container);
		CU_ASSERT_EQUAL(redis("HLEN", "boxes:DAEMON:ONE"), 1);
	}
}

static void is_lost_with_its_container(const char *id)
{
	struct session found;

	engine_find(&engine, id)->there = false;
	CU_ASSERT_FALSE(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session not found"));
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
}

static void one_that_was_used_is_lost_with_its_container(void)
{
	const char *id;
	struct lease lease;

	filled();
	id = session();
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	lease.session.fresh = false;
	limit_release(&s.backend, &lease);
	is_lost_with_its_container(id);
}

/* The worker died, or Redis was away when it was done: something may have run. */
static void so_is_one_whose_use_nobody_told_the_end_of(void)
{
	const char *id;
	struct lease lease;

	filled();
	id = session();
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:session:%s until 0", id));
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_FALSE(lease.session.fresh);
	limit_release(&s.backend, &lease);
	is_lost_with_its_container(id);
}

static void only_who_holds_the_lease_replaces(void)
{
	const char *id;
	struct lease lease;

	filled();
	id = session();
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:session:%s lease x", id));
	CU_ASSERT_FALSE(pool_replace(&s.backend, &s.arena, &lease, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_CONFLICT);
	CU_ASSERT_EQUAL(members(), 1);
}

static void an_engine_that_is_away_replaces_nothing(void)
{
	const char *id;
	struct session found;
	struct lease lease;

	filled();
	(void)session();
	id = session();
	engine.state->silent = true;
	CU_ASSERT_FALSE(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_FALSE(replaced(id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(field(id, "fresh"), 1);
	CU_ASSERT_EQUAL(field(id, "box"), 0);
}

/* Its container has another id than the session: nothing may take it for an orphan, or miss it. */
static void a_replaced_one_is_swept_like_any(void)
{
	const char *id = reboxed();
	struct session found;

	tend();
	s.config.orphan_grace_seconds = 0;
	sweep();
	sweep();
	CU_ASSERT_FATAL(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
	CU_ASSERT(session_delete(&s.backend, &s.arena, alice, id, &s.err));
	engine_find(&engine, found.container)->there = false;
	sweep();
	CU_ASSERT_EQUAL(redis("ZCARD", "ending:DAEMON:ONE"), 0);
	CU_ASSERT_EQUAL(redis("HLEN", "boxes:DAEMON:ONE"), 0);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 2);
	CU_ASSERT_EQUAL(members(), 2);
}

/* Docker said that it does not run, but has not removed it: the session has no use for it any more. */
static void what_was_replaced_is_removed(void)
{
	struct session found;
	struct lease lease;
	const char *id;

	filled();
	id = session();
	CU_ASSERT_FATAL(replaced(id, &lease));
	CU_ASSERT_PTR_NOT_NULL(engine_find(&engine, id));
	s.config.orphan_grace_seconds = 0;
	sweep();
	pass(10);
	sweep();
	CU_ASSERT_PTR_NULL(engine_find(&engine, id));
	CU_ASSERT_PTR_NOT_NULL(engine_find(&engine, lease.session.container));
	CU_ASSERT(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
}

static void a_replaced_one_ends_like_any(void)
{
	const char *id = reboxed();
	struct session found;

	CU_ASSERT_FATAL(session_inspect(&s.backend, &s.arena, alice, id, &found, &s.err));
	stage_redis(&s, arena_printf(&s.arena, "ZADD cg:{default}:sessions 1 %s", id));
	sweep();
	CU_ASSERT_PTR_NULL(engine_find(&engine, found.container));
	sweep();
	CU_ASSERT_EQUAL(redis("EXISTS", arena_printf(&s.arena, "session:%s", id)), 0);
}

static void what_cannot_be_made_leaves_nothing(void)
{
	fresh();
	engine.state->start_fails = true;
	CU_ASSERT_FALSE(fill());
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "filling"), 0);
	CU_ASSERT_EQUAL(members(), 0);
	engine.state->start_fails = false;
	engine.state->attach_fails = true;         /* it starts, but does not answer */
	CU_ASSERT_FALSE(fill());
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "filling"), 0);
	CU_ASSERT_EQUAL(members(), 0);
	engine.state->no_image = true;
	CU_ASSERT_FALSE(fill());
	CU_ASSERT_EQUAL(engine.state->creates, 2);
}

static void few_are_made_at_a_time(void)
{
	fresh();
	stage_redis(&s, "ZADD cg:{default}:filling 9999999999999 a 9999999999999 b");
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(engine.state->creates, 0);
	s.config.sandbox_pool_refill = 3;
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(engine.state->creates, 2);
}

static void those_being_made_count(void)
{
	fresh();
	s.config.sandbox_pool_refill = 4;
	stage_redis(&s, "EVAL redis.call('ZADD',KEYS[1],9999999999999,'DAEMON:ONE\\32sandbox-x',9999999999999,'DAEMON:ONE\\32render-x') 1 cg:{default}:filling");
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(engine.state->creates, 1);
}

static void no_uid_is_taken_from_sessions_in_need(void)
{
	fresh();
	s.config.sandbox_uid_range = 16;
	for (int i = 0; i < 16; i++)
		stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:uids:DAEMON:ONE %d x", i));
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(engine.state->creates, 0);
}

static void it_stops_when_told(void)
{
	int fds[2];

	fresh();
	CU_ASSERT_FATAL(pipe(fds) == 0);
	close(fds[1]);
	CU_ASSERT(pool_fill(&s.backend, SANDBOX_SESSION, fds[0], &s.err));
	close(fds[0]);
	CU_ASSERT_EQUAL(engine.state->creates, 0);
}

/* Its answer never came: nobody knows that there is a session. */
static void a_claim_nobody_heard_of_is_taken_back(void)
{
	struct reservation next;
	const char *id;

	filled();
	id = session();
	(void)stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:session:%s asked sandbox-x", id));
	(void)snprintf(s.backend.doubt.name, sizeof s.backend.doubt.name, "sandbox-x");
	(void)snprintf(s.backend.doubt.scope, sizeof s.backend.doubt.scope, "%s", alice->scope);
	(void)stage_redis(&s, "CONFIG SET min-replicas-to-write 1");       /* it takes nothing */
	CU_ASSERT(!reserve_settle(&s.backend, &s.err));
	CU_ASSERT(!reserve(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &next, &s.err));
	CU_ASSERT_STRING_EQUAL(s.backend.doubt.name, "sandbox-x");         /* not the next one's */
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 1);
	(void)stage_redis(&s, "CONFIG SET min-replicas-to-write 0");
	CU_ASSERT(reserve_settle(&s.backend, &s.err));
	CU_ASSERT_STRING_EQUAL(s.backend.doubt.name, "");
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "ending:DAEMON:ONE"), 1);
	pass(2100);
	sweep();
	CU_ASSERT_EQUAL(engine_there(&engine), 1);
}

static void lost_data_costs_no_claim(void)
{
	filled();
	stage_redis(&s, "FLUSHALL");
	(void)session();
	CU_ASSERT_EQUAL(engine.state->creates, 3);
	tend();
	CU_ASSERT_EQUAL(members(), 2);
	sweep();
	CU_ASSERT_EQUAL(engine_there(&engine), 5);         /* until the grace of orphans is over */
}

/* No member is claimed twice, and none is made beyond the size. */
static void parallel_claims_and_refills(void)
{
	int status, made = 0;

	fresh();
	s.config.sandbox_pool_size = 8;
	s.config.sandbox_pool_refill = 4;
	CU_ASSERT_FATAL(fill());
	for (int i = 0; i < 24; i++) {
		fflush(NULL);
		if (fork() == 0) {
			struct session out;

			stage_reconnect(&s);
			_exit(!session_create(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &out, &s.err)
			      || !pool_tend(&s.backend, never[0], &s.err));
		}
	}
	for (int i = 0; i < 24; i++) {
		CU_ASSERT_FATAL(wait(&status) > 0);
		made += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	CU_ASSERT_EQUAL(made, 24);
	CU_ASSERT(fill());
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 24);
	CU_ASSERT_EQUAL(members(), 8);
	CU_ASSERT_EQUAL(engine_there(&engine), 32);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 32);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "nothing waits where the size is zero", nothing_waits_where_the_size_is_zero },
		{ "it is filled to its size", it_is_filled_to_its_size },
		{ "a member counts for no quota", a_member_counts_for_no_quota },
		{ "a quota costs no member", a_quota_costs_no_member },
		{ "its end is an argument", its_end_is_an_argument },
		{ "a claim asks Docker nothing", a_claim_asks_docker_nothing },
		{ "the oldest goes first", the_oldest_goes_first },
		{ "a place that was taken is filled again", a_place_that_was_taken_is_filled_again },
		{ "an empty pool makes one for the client", an_empty_pool_makes_one_for_the_client },
		{ "what is special is made for itself", what_is_special_is_made_for_itself },
		{ "other settings are another pool", other_settings_are_another_pool },
		{ "another image is another pool", another_image_is_another_pool },
		{ "another daemon has another pool", another_daemon_has_another_pool },
		{ "the old are not claimed but removed", the_old_are_not_claimed_but_removed },
		{ "what is wanted stays", what_is_wanted_stays },
		{ "what no gateway wants goes", what_no_gateway_wants_goes },
		{ "the dead are forgotten", the_dead_are_forgotten },
		{ "a dead member is replaced", a_dead_member_is_replaced },
		{ "a fresh one is replaced whenever it dies", a_fresh_one_is_replaced_whenever_it_dies },
		{ "one that was used is lost with its container", one_that_was_used_is_lost_with_its_container },
		{ "so is one whose use nobody told the end of", so_is_one_whose_use_nobody_told_the_end_of },
		{ "only who holds the lease replaces", only_who_holds_the_lease_replaces },
		{ "an engine that is away replaces nothing", an_engine_that_is_away_replaces_nothing },
		{ "a replaced one is swept like any", a_replaced_one_is_swept_like_any },
		{ "what was replaced is removed", what_was_replaced_is_removed },
		{ "a replaced one ends like any", a_replaced_one_ends_like_any },
		{ "what cannot be made leaves nothing", what_cannot_be_made_leaves_nothing },
		{ "few are made at a time", few_are_made_at_a_time },
		{ "those being made count", those_being_made_count },
		{ "no uid is taken from sessions in need", no_uid_is_taken_from_sessions_in_need },
		{ "it stops when told", it_stops_when_told },
		{ "a claim nobody heard of is taken back", a_claim_nobody_heard_of_is_taken_back },
		{ "lost data costs no claim", lost_data_costs_no_claim },
		{ "parallel claims and refills", parallel_claims_and_refills },
		{ NULL, NULL },
	};

	if (pipe(never) != 0)
		return 99;
	engine_start(&engine, peer_polite);
	stage_open(&s);

	int status = tap_run("pool", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
