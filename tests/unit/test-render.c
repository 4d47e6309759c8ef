/* SPDX-License-Identifier: Apache-2.0 */
/* Slots for renderings, and whole renderings against peers that are polite, dead or hostile. */
#include "fcgi-app/policy/render.h"

#include "fcgi-app/policy/pool.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "tests/unit/acts.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const char busy[] = "renderer is busy, please retry shortly";
static const char too_often[] = "Render rate limit exceeded for this principal.";
static const char latex_too_often[] = "LaTeX render rate limit exceeded for this principal.";
static const char too_many_made[] = "Container creation rate limit exceeded for this principal.";

static struct stage s;
static struct engine engine;
static const struct principal *alice, *bob;
static int never[2];                       /* a pipe nobody writes to: not told to stop */

static peer_talk *const acts[] = {
	act_hello, act_echo, act_with_files, act_renewed, act_waits_for_cancel, act_times_out,
	act_ends, act_breaks_off, act_says_bye, act_writes_no_frame, act_sends_many_files,
};

static void act(struct peer *p)
{
	acts[engine.state->act](p);
}

static void fresh(peer_talk *talk)
{
	engine_fresh(&engine, &s);
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (acts[i] == talk)
			engine.state->act = (int)i;
	s.config.run_dir = "/tmp";
	s.config.render_rate_limit_requests_per_window = 0;
	s.config.render_queue_timeout_ms = 1;
	alice = stage_principal(&s, "alice");
	bob = stage_principal(&s, "bob");
	CU_ASSERT_FATAL(backend_identify(&s.backend, deadline_in_ms(1000), &s.err));
}

static void fill(int64_t size)
{
	s.config.render_pool_size = size;
	CU_ASSERT_FATAL(pool_fill(&s.backend, SANDBOX_RENDER, never[0], &s.err));
	CU_ASSERT_EQUAL(engine.state->creates, (int)size);
}

static int64_t redis(const char *command, const char *key)
{
	return stage_redis(&s, arena_printf(&s.arena, "%s cg:{default}:%s", command, key));
}

/* key gets a member that is over in so many ms. */
static void put(const char *key, const char *member, int64_t ms)
{
	stage_redis(&s, arena_printf(&s.arena, "EVAL local\tt=redis.call('TIME')return\tredis.call("
	            "'ZADD',KEYS[1],t[1]*1000+math.floor(t[2]/1000)+%lld,'%s') 1 cg:{default}:%s",
	            (long long)ms, member, key));
}

/* ---- slots */

static bool ask(const struct render_wish *wish, struct renderslot *out)
{
	s.err = (struct error){ .kind = ERR_NONE };
	return renderslot_take(&s.backend, wish, out, &s.err);
}

static bool take(const struct principal *who, enum render_kind kind, struct renderslot *out)
{
	return ask(&(struct render_wish){ .who = who, .kind = kind, .cancel_fd = never[0] }, out);
}

static void give_back(const struct renderslot *slot)
{
	renderslot_give_back(&s.backend, slot, true);
}

static void there_are_so_many_slots(void)
{
	struct renderslot first, second, third;

	fresh(act_hello);
	s.config.max_concurrent_renders = 2;
	CU_ASSERT(take(alice, RENDER_SLIDES, &first));
	CU_ASSERT(take(bob, RENDER_LATEX, &second));
	CU_ASSERT_FALSE(take(alice, RENDER_SLIDES, &third));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, busy));
	CU_ASSERT_FALSE(take(bob, RENDER_LATEX, &third));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, busy));
	CU_ASSERT_EQUAL(redis("ZCARD", "render-waiting"), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 2);
	give_back(&first);
	CU_ASSERT(take(alice, RENDER_SLIDES, &third));
	CU_ASSERT_STRING_EQUAL(third.container, "");
	CU_ASSERT(strncmp(third.name, "render-", 7) == 0 && strlen(third.name) == 19);
	CU_ASSERT(third.uid >= s.config.sandbox_uid && third.uid != second.uid);
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
}

static void a_slot_that_nobody_renews_comes_free(void)
{
	struct renderslot slot;

	fresh(act_hello);
	s.config.max_concurrent_renders = 1;
	s.config.render_queue_timeout_ms = 20000;
	put("render-slots", "render-of-the-dead", 200);
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 1);
}

static void who_came_first_is_first(void)
{
	struct renderslot slot;

	fresh(act_hello);
	s.config.max_concurrent_renders = 1;
	put("render-waiting", "an-earlier-one", 60000);
	s.config.render_queue_timeout_ms = 100;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));      /* it gives up earlier, so it came earlier */
	give_back(&slot);
	put("render-waiting", "an-earlier-one", 200);
	s.config.render_queue_timeout_ms = 1000;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));      /* once the other has given up */
	CU_ASSERT_EQUAL(redis("ZCARD", "render-waiting"), 0);
	give_back(&slot);
	s.config.max_concurrent_renders = 2;
	put("render-waiting", "an-earlier-one", 10);
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));      /* there is one for each */
}

static void a_gateway_that_ends_does_not_wait(void)
{
	auto_close int told = eventfd(1, EFD_CLOEXEC);
	const struct render_wish wish = { .who = alice, .cancel_fd = told };
	struct renderslot slot;

	fresh(act_hello);
	s.config.max_concurrent_renders = 1;
	s.config.render_queue_timeout_ms = 60000;
	put("render-slots", "render-another", 60000);
	CU_ASSERT_FALSE(ask(&wish, &slot));
	CU_ASSERT(stage_failed(&s, ERR_UNAVAILABLE, "The gateway is shutting down. Please retry shortly."));
	CU_ASSERT_EQUAL(redis("ZCARD", "render-waiting"), 0);
}

static void each_kind_has_its_rate(void)
{
	struct renderslot slot;

	fresh(act_hello);
	s.config.render_rate_limit_requests_per_window = 1;
	s.config.max_concurrent_renders = 9;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_FALSE(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, too_often));
	CU_ASSERT(s.err.retry_after_s > 0);
	CU_ASSERT(take(alice, RENDER_LATEX, &slot));
	CU_ASSERT_FALSE(take(alice, RENDER_LATEX, &slot));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, latex_too_often));
	CU_ASSERT(take(bob, RENDER_SLIDES, &slot));
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 3);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 3);
}

static void one_that_is_refused_spends_nothing(void)
{
	struct renderslot slot;

	fresh(act_hello);
	s.config.max_concurrent_renders = 9;
	s.config.render_rate_limit_requests_per_window = 2;
	s.config.container_rate_limit_requests_per_window = 1;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	for (int i = 0; i < 3; i++) {
		CU_ASSERT_FALSE(take(alice, RENDER_SLIDES, &slot));
		CU_ASSERT(stage_failed(&s, ERR_LIMITED, too_many_made));
	}
	s.config.container_rate_limit_requests_per_window = 2;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	s.config.max_concurrent_renders = 1;
	s.config.render_rate_limit_requests_per_window = 3;
	s.config.container_rate_limit_requests_per_window = 3;
	CU_ASSERT_FALSE(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, busy));
	s.config.max_concurrent_renders = 9;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
}

static void who_only_asks_takes_nothing(void)
{
	const struct render_wish wish = { .who = alice, .only_asked = true, .cancel_fd = never[0] };
	struct renderslot slot;

	fresh(act_hello);
	s.config.max_concurrent_renders = 1;
	s.config.render_rate_limit_requests_per_window = 1;
	for (int i = 0; i < 3; i++)
		CU_ASSERT(ask(&wish, &slot));
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-waiting"), 0);
	CU_ASSERT_EQUAL(redis("EXISTS", "uids:DAEMON:ONE"), 0);
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_FALSE(ask(&wish, &slot));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, busy));
	give_back(&slot);
	CU_ASSERT_FALSE(ask(&wish, &slot));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, too_often));
}

static void no_uid_is_no_rendering(void)
{
	struct renderslot slot;

	fresh(act_hello);
	s.config.sandbox_uid_range = 2;
	for (int i = 0; i < 2; i++)
		stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:uids:DAEMON:ONE %d x", i));
	s.config.render_rate_limit_requests_per_window = 1;
	CU_ASSERT_FALSE(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 0);
	stage_redis(&s, "HDEL cg:{default}:uids:DAEMON:ONE 1");
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_EQUAL(slot.uid, s.config.sandbox_uid + 1);
}

static void the_pool_gives_its_own(void)
{
	struct renderslot slot;

	fresh(act_hello);
	fill(1);
	s.config.sandbox_pool_size = 1;
	CU_ASSERT_FATAL(pool_fill(&s.backend, SANDBOX_SESSION, never[0], &s.err));
	CU_ASSERT_EQUAL(redis("ZCARD", "render-pool"), 1);
	CU_ASSERT_EQUAL(redis("ZCARD", "pool"), 1);
	s.config.max_concurrent_renders = 9;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_STRING_EQUAL(slot.container, engine.state->containers[0].id);
	CU_ASSERT_STRING_EQUAL(slot.name, engine.state->containers[0].name);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-pool"), 0);
	CU_ASSERT(take(alice, RENDER_LATEX, &slot));
	CU_ASSERT_STRING_EQUAL(slot.container, "");
	CU_ASSERT_EQUAL(redis("ZCARD", "pool"), 1);
	CU_ASSERT_EQUAL(redis("HLEN", "pool:DAEMON:ONE"), 1);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 3);
}

static void other_settings_are_another_pool(void)
{
	struct renderslot slot;

	fresh(act_hello);
	fill(1);
	s.config.render_sandbox_pids_limit = 99;
	CU_ASSERT(take(alice, RENDER_SLIDES, &slot));
	CU_ASSERT_STRING_EQUAL(slot.container, "");
	CU_ASSERT_EQUAL(redis("ZCARD", "render-pool"), 1);
}

static void who_holds_one_keeps_it(void)
{
	struct renderslot slot, other;

	fresh(act_hello);
	s.config.max_concurrent_renders = 1;
	CU_ASSERT_FATAL(take(alice, RENDER_SLIDES, &slot));
	stage_redis(&s, "DEL cg:{default}:render-slots");
	CU_ASSERT(renderslot_renew(&s.backend, &slot, &s.err));
	CU_ASSERT_FALSE(take(alice, RENDER_SLIDES, &other));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, busy));
}

static void a_slot_may_change_its_container(void)
{
	struct renderslot slot, before;

	fresh(act_hello);
	fill(1);
	CU_ASSERT_FATAL(take(alice, RENDER_SLIDES, &slot));
	before = slot;
	CU_ASSERT(renderslot_rename(&s.backend, &slot, &s.err));
	CU_ASSERT_STRING_EQUAL(slot.container, "");
	CU_ASSERT_STRING_NOT_EQUAL(slot.name, before.name);
	CU_ASSERT_EQUAL(slot.uid, before.uid);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 1);
	give_back(&before);                                /* has nothing to give any more */
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 1);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 1);
	renderslot_give_back(&s.backend, &slot, false);    /* a container may still come of it */
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 0);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 1);
	give_back(&slot);
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 0);
}

static int succeeded(int n, bool (*does)(void))
{
	int status, ok = 0;

	for (int i = 0; i < n; i++) {
		fflush(NULL);
		if (fork() == 0) {
			stage_reconnect(&s);
			_exit(!does());
		}
	}
	for (int i = 0; i < n; i++) {
		CU_ASSERT_FATAL(wait(&status) > 0);
		ok += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return ok;
}

static bool take_one(void)
{
	struct renderslot slot;

	return take(alice, RENDER_SLIDES, &slot);
}

static bool take_and_give_back(void)
{
	struct renderslot slot;
	bool ok = take(alice, RENDER_SLIDES, &slot) && redis("ZCARD", "render-slots") <= 3;

	give_back(&slot);
	return ok;
}

static void no_slot_is_held_twice(void)
{
	fresh(act_hello);
	s.config.max_concurrent_renders = 3;
	CU_ASSERT_EQUAL(succeeded(12, take_one), 3);
	fresh(act_hello);
	s.config.max_concurrent_renders = 3;
	s.config.render_queue_timeout_ms = 60000;
	CU_ASSERT_EQUAL(succeeded(12, take_and_give_back), 12);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-waiting"), 0);
}

/* ---- whole renderings */

static const struct input_file page = {
	.name = { "index.html", 10 }, .base64 = { "<p>", 3 }, .is_plain = true,
};
static struct watch watch = { -1, -1 };

static bool render_or(const char *wrong, struct rendering *r)
{
	const struct render_job job = {
		.kind = RENDER_SLIDES, .language = RUN_RENDER, .code = text_slice("{}"),
		.files = &page, .n_files = 1, .timeout_s = 20,
		.max_output_bytes = 10000, .max_output_files = 7, .wrong = wrong,
	};
	const struct claim claim = { .who = alice, .watch = watch };
	bool ok;

	s.err = (struct error){ .kind = ERR_NONE };
	ok = render_run(&s.backend, &s.arena, &claim, &job, r, &s.err);
	CU_ASSERT_EQUAL(ok, s.err.kind == ERR_NONE);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-slots"), 0);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-waiting"), 0);
	return ok;
}

static bool render(struct rendering *r)
{
	return render_or(NULL, r);
}

static bool is_text(const struct buf *b, const char *text)
{
	bool same = slice_equals(buf_slice(b), text);

	if (!same)
		printf("# %.*s\n", (int)b->len, b->data);
	return same;
}

static void one_gets_a_sandbox_of_its_own(void)
{
	auto_rendering r;

	fresh(act_hello);
	CU_ASSERT_FATAL(render(&r));
	CU_ASSERT_EQUAL(r.result.exit.outcome, RUN_EXITED);
	CU_ASSERT(is_text(&r.result.stdout_text, "hello"));
	CU_ASSERT_EQUAL(strlen(r.result.id), 12);
	CU_ASSERT_EQUAL(engine.state->creates, 1);
	CU_ASSERT_EQUAL(engine.state->attaches, 1);
	CU_ASSERT_EQUAL(engine.state->removes, 0);         /* it went by itself, at BYE */
	CU_ASSERT(strncmp(engine.state->containers[0].name, "render-", 7) == 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(engine.state->body, "\"--standby\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(engine.state->body, "\"NetworkMode\":\"none\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(engine.state->body, "\"Memory\":2147483648"));
	CU_ASSERT_EQUAL(redis("ZCARD", "sessions"), 0);
}

static void job_and_files_arrive(void)
{
	auto_rendering r;
	char said[200];

	fresh(act_echo);
	CU_ASSERT_FATAL(render(&r));
	(void)snprintf(said, sizeof said, "%.*s", (int)r.result.stdout_text.len, r.result.stdout_text.data);
	CU_ASSERT(strncmp(said, "2  2 2 248;1 index.html 3 3 234;run 3 ", 38) == 0);
}

static void files_wait_in_the_spool(void)
{
	auto_rendering r;
	char bytes[6];

	fresh(act_with_files);
	CU_ASSERT_FATAL(render(&r));
	CU_ASSERT_EQUAL_FATAL(r.result.n_files, 6);
	CU_ASSERT(slice_equals(r.result.files[0].name, "a.csv"));
	CU_ASSERT(spool_read(&r.spool, r.result.files[0].at, bytes, sizeof bytes));
	CU_ASSERT(memcmp(bytes, "abcdef", sizeof bytes) == 0);
	CU_ASSERT_PTR_NOT_NULL(r.result.files[2].error);
	CU_ASSERT(spool_read(&r.spool, r.result.files[4].at, bytes, sizeof bytes));
	CU_ASSERT(memcmp(bytes, "shrunk", sizeof bytes) == 0);
}

static void a_slot_is_renewed_here_and_there(void)
{
	auto_rendering r;

	fresh(act_renewed);
	s.config.run_lease_seconds = 1;
	CU_ASSERT_FATAL(render(&r));
	CU_ASSERT(is_text(&r.result.stdout_text, "3 leases"));
}

static void one_that_times_out_has_an_end(void)
{
	auto_rendering r;

	fresh(act_times_out);
	CU_ASSERT(render(&r));
	CU_ASSERT_EQUAL(r.result.exit.outcome, RUN_TIMED_OUT);
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
}

static void a_client_that_left_cancels(void)
{
	auto_close int told = eventfd(1, EFD_CLOEXEC);
	auto_rendering r;

	fresh(act_waits_for_cancel);
	watch.cancel_fd = told;
	CU_ASSERT(render(&r));
	watch.cancel_fd = -1;
	CU_ASSERT_EQUAL(r.result.exit.outcome, RUN_CANCELLED);
}

static void a_wrong_one_is_told_so_and_costs_nothing(void)
{
	auto_rendering r, wrong;

	fresh(act_hello);
	s.config.render_rate_limit_requests_per_window = 1;
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_FALSE(render_or("too many input_files", &wrong));
		CU_ASSERT(stage_failed(&s, ERR_INVALID, "too many input_files"));
	}
	CU_ASSERT_EQUAL(engine.state->creates, 0);
	CU_ASSERT(render(&r));
	CU_ASSERT_FALSE(render_or("too many input_files", &wrong));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, too_often));
}

static void one_of_the_pool_is_used_and_replaced(void)
{
	auto_rendering r;

	fresh(act_hello);
	fill(1);
	CU_ASSERT_FATAL(render(&r));
	CU_ASSERT(is_text(&r.result.stdout_text, "hello"));
	CU_ASSERT_EQUAL(engine.state->creates, 1);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-pool"), 0);
	CU_ASSERT(pool_tend(&s.backend, never[0], &s.err));
	CU_ASSERT_EQUAL(engine.state->creates, 2);
	CU_ASSERT_EQUAL(redis("ZCARD", "render-pool"), 1);
	CU_ASSERT(pool_tend(&s.backend, never[0], &s.err));
	CU_ASSERT_EQUAL(engine.state->creates, 2);
}

static void one_that_died_in_the_pool_is_replaced_at_once(void)
{
	auto_rendering r;

	fresh(act_hello);
	fill(1);
	engine.state->containers[0].there = false;
	CU_ASSERT_FATAL(render(&r));
	CU_ASSERT(is_text(&r.result.stdout_text, "hello"));
	CU_ASSERT_EQUAL(engine.state->creates, 2);
	CU_ASSERT_STRING_NOT_EQUAL(engine.state->containers[1].name, engine.state->containers[0].name);
}

/* Its page may have killed it: another try would be another kill. */
static void one_that_dies_of_its_job_is_not(void)
{
	static peer_talk *const deaths[] = { act_ends, act_breaks_off, act_says_bye, act_writes_no_frame,
	                                     act_sends_many_files };

	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
		auto_rendering r;

		fresh(deaths[i]);
		fill(1);
		CU_ASSERT_FALSE(render(&r));
		CU_ASSERT_EQUAL(engine.state->creates, 1);
		CU_ASSERT_EQUAL(engine_there(&engine), 0);
	}
}

static void what_cannot_be_made_leaves_nothing(void)
{
	auto_rendering none, bare, mute;

	fresh(act_hello);
	engine.state->no_image = true;
	CU_ASSERT_FALSE(render(&none));
	CU_ASSERT_EQUAL(redis("HLEN", "uids:DAEMON:ONE"), 0);
	engine.state->no_image = false;
	engine.state->start_fails = true;
	CU_ASSERT_FALSE(render(&bare));
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
	engine.state->start_fails = false;
	engine.state->attach_fails = true;
	CU_ASSERT_FALSE(render(&mute));
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "there are so many slots", there_are_so_many_slots },
		{ "a slot that nobody renews comes free", a_slot_that_nobody_renews_comes_free },
		{ "who came first is first", who_came_first_is_first },
		{ "a gateway that ends does not wait", a_gateway_that_ends_does_not_wait },
		{ "each kind has its rate", each_kind_has_its_rate },
		{ "one that is refused spends nothing", one_that_is_refused_spends_nothing },
		{ "who only asks takes nothing", who_only_asks_takes_nothing },
		{ "no uid is no rendering", no_uid_is_no_rendering },
		{ "the pool gives its own", the_pool_gives_its_own },
		{ "other settings are another pool", other_settings_are_another_pool },
		{ "who holds one keeps it", who_holds_one_keeps_it },
		{ "a slot may change its container", a_slot_may_change_its_container },
		{ "no slot is held twice", no_slot_is_held_twice },
		{ "one gets a sandbox of its own", one_gets_a_sandbox_of_its_own },
		{ "job and files arrive", job_and_files_arrive },
		{ "files wait in the spool", files_wait_in_the_spool },
		{ "a slot is renewed here and there", a_slot_is_renewed_here_and_there },
		{ "one that times out has an end", one_that_times_out_has_an_end },
		{ "a client that left cancels", a_client_that_left_cancels },
		{ "a wrong one is told so and costs nothing", a_wrong_one_is_told_so_and_costs_nothing },
		{ "one of the pool is used and replaced", one_of_the_pool_is_used_and_replaced },
		{ "one that died in the pool is replaced at once", one_that_died_in_the_pool_is_replaced_at_once },
		{ "one that dies of its job is not", one_that_dies_of_its_job_is_not },
		{ "what cannot be made leaves nothing", what_cannot_be_made_leaves_nothing },
		{ NULL, NULL },
	};

	if (pipe(never) != 0)
		return 99;
	engine_start(&engine, act);
	stage_open(&s);

	int status = tap_run("render", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
