/* SPDX-License-Identifier: Apache-2.0 */
/* Whole executions against peers that are polite, slow, torn, hostile or dead. */
#include "fcgi-app/policy/execute.h"

#include "fcgi-app/policy/session.h"
#include "lib/cleanup.h"
#include "lib/text.h"
#include "tests/unit/acts.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage s;
static struct engine engine;
static const struct principal *alice;
static const char *id;

static peer_talk *const acts[] = {
	act_hello,
	act_stale,
	act_in_single_bytes,
	act_another_protocol,
	act_echo,
	act_with_files,
	act_flood,
	act_renewed,
	act_waits_for_cancel,
	act_times_out,
	act_ends,
	act_breaks_off,
	act_says_bye,
	act_turns_away,
	act_writes_no_frame,
	act_sends_too_long_a_frame,
	act_sends_data_of_no_file,
	act_sends_more_than_it_said,
	act_sends_a_huge_file,
	act_sends_many_files,
	act_sends_an_input,
	act_sends_a_broken_exit,
	act_sends_a_run,
	act_installs,
};

static void act(struct peer *p)
{
	acts[engine.state->act](p);
}

static void fresh(peer_talk *talk)
{
	struct session made;

	stage_reset(&s);
	memset(engine.state, 0, sizeof *engine.state);
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (acts[i] == talk)
			engine.state->act = (int)i;
	s.config.docker_host = engine.host;
	s.config.rate_limit_requests_per_window = 0;
	stage_reconnect(&s);
	alice = stage_principal(&s, "alice");
	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ 0 }, &made, &s.err));
	id = made.id;
}

static struct watch watch = { -1, -1 };

static bool execute(const struct execution *what, struct result *r)
{
	struct claim claim = { .who = alice, .session_id = id, .watch = watch };
	bool ok;

	s.err = (struct error){ 0 };
	ok = execute_run(&s.backend, &s.arena, &claim, what, r, &s.err);
	CU_ASSERT_EQUAL(ok, s.err.kind == ERR_NONE);

	CU_ASSERT_EQUAL(stage_redis(&s, "ZCARD cg:{default}:slots"), 0);
	return ok;
}

static bool python(const char *code, struct result *r)
{
	return execute(&(struct execution){ .language = RUN_PYTHON, .code = text_slice(code) }, r);
}

#define auto_result __attribute__((cleanup(result_finish))) struct result

static bool is_text(const struct buf *b, const char *text)
{
	bool same = slice_equals(buf_slice(b), text);

	if (!same)
		printf("# %.*s\n", (int)(b->len < 500 ? b->len : 500), b->data);
	return same;
}

static bool session_is_kept(void)
{
	return stage_redis(&s, "ZCARD cg:{default}:sessions") == 1;
}

static void output_comes_back(void)
{
	auto_result r;

	fresh(act_hello);
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_OK);
	CU_ASSERT(is_text(&r.stdout_text, "hello"));
	CU_ASSERT(is_text(&r.stderr_text, "err"));
	CU_ASSERT(r.error == NULL && r.error_type == NULL);
	CU_ASSERT_DOUBLE_EQUAL(r.execution_time_s, 0.0312, 1e-9);
	CU_ASSERT_EQUAL(strlen(r.id), 12);
	CU_ASSERT(session_is_kept());
	CU_ASSERT_EQUAL(engine.state->attaches, 1);
}

static void what_came_before_ready_belongs_to_nobody(void)
{
	auto_result r;

	fresh(act_stale);
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT(is_text(&r.stdout_text, "hello"));
	CU_ASSERT(is_text(&r.stderr_text, "err"));
}

static void pieces_may_be_single_bytes(void)
{
	auto_result r;

	fresh(act_in_single_bytes);
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT(is_text(&r.stdout_text, "hello"));
}

static void another_protocol_is_a_lost_session(void)
{
	auto_result r;

	fresh(act_another_protocol);
	CU_ASSERT_FALSE(python("print", &r));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session not found."));
	CU_ASSERT_FALSE(session_is_kept());
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
}

static void files_and_terms_arrive(void)
{
	const struct input_file files[] = {
		{ .name = text_slice("a/b.txt"), .base64 = text_slice("aGVsbG8=") },
		{ .name = text_slice("empty"), .base64 = text_slice("") },
	};
	const struct execution what = {
		.language = RUN_BASH, .code = { "a\0b", 3 }, .timeout_s = 7, .files = files, .n_files = 2,
	};
	auto_result r;

	fresh(act_echo);
	CU_ASSERT_FATAL(execute(&what, &r));
	CU_ASSERT(is_text(&r.stdout_text, "2  3 3 195;1 a/b.txt 5 5 532;1 empty 0 0 0;"
	                  "run 2 7000 100000; sync 15000 1260000 366 1"));
}

static void large_inputs_arrive_whole(void)
{
	auto_buf code = BUF_INIT(1 << 20);
	auto_buf text = BUF_INIT(8 << 20);
	struct input_file file = { .name = text_slice("big") };
	auto_result r;

	for (int i = 0; i < 100000; i++)
		buf_puts(&code, "\xf0\x9f\x98\x80");
	for (int i = 0; i < 1398101; i++)
		buf_puts(&text, "AQID");   /* 1 2 3 */
	file.base64 = buf_slice(&text);
	fresh(act_echo);
	CU_ASSERT_FATAL(execute(&(struct execution){ .language = RUN_PYTHON, .code = buf_slice(&code), .files = &file,
	                        .n_files = 1 }, &r));
	CU_ASSERT(strncmp(r.stdout_text.data, "2  400000 400000 67900000;1 big 4194303 4194303 8388606;", 56) == 0);
}

static void output_files_come_back(void)
{
	auto_result r;

	fresh(act_with_files);
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT_EQUAL_FATAL(r.n_files, 6);
	CU_ASSERT(slice_equals(r.files[0].name, "a.csv"));
	CU_ASSERT_STRING_EQUAL(r.files[0].mime_type, "text/csv");
	CU_ASSERT(r.files[0].error == NULL && r.files[0].size == 6 && r.files[0].len == 6);
	CU_ASSERT_STRING_EQUAL(r.files[1].error, "Symlink outputs are not supported");
	CU_ASSERT_STRING_EQUAL(r.files[2].error, "File too large (20000000 bytes, max 10485760)");
	CU_ASSERT_STRING_EQUAL(r.files[2].mime_type, "application/octet-stream");
	CU_ASSERT_EQUAL(r.files[2].size, 20000000);
	CU_ASSERT_STRING_EQUAL(r.files[3].error, "Total file size limit exceeded");
	CU_ASSERT(slice_equals(r.files[4].name, "e\xff\n") && r.files[4].size == 6 && r.files[4].at == 6);
	CU_ASSERT(r.files[5].error == NULL && r.files[5].size == 0);
	CU_ASSERT(is_text(&r.content, "abcdefshrunk"));
	CU_ASSERT_EQUAL(r.files_skipped, 7);
}

static void output_is_cut_and_marked(void)
{
	static const char mark[] = "\n\n... [OUTPUT TRUNCATED \xe2\x80\x94 5242880 chars total, showing first 100000]";
	auto_result r;

	fresh(act_flood);
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT_EQUAL(r.stdout_text.len, 100000 + sizeof mark - 1);
	CU_ASSERT(strcmp(r.stdout_text.data + 100000, mark) == 0);
	CU_ASSERT(strcmp(r.stderr_text.data + 100000, mark) == 0);
	CU_ASSERT_STRING_EQUAL(r.error_type, "MyError");
	CU_ASSERT_FATAL(r.error != NULL);
	CU_ASSERT_EQUAL(strlen(r.error), 16384 + 2);       /* one U+FFFD among them */
	CU_ASSERT(strcmp(r.error + strlen(r.error) - 7, "\xef\xbf\xbd end") == 0);
}

static void a_lease_is_renewed_here_and_there(void)
{
	auto_result r;

	fresh(act_renewed);
	s.config.run_lease_seconds = 1;
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT(is_text(&r.stdout_text, "3 leases"));
}

/* Another worker was admitted meanwhile: this one must fall silent. */
static void a_lost_lease_ends_the_talk(void)
{
	auto_result r;

	fresh(act_waits_for_cancel);
	s.config.run_lease_seconds = 1;
	fflush(NULL);
	if (fork() == 0) {
		stage_reconnect(&s);
		deadline_sleep_ms(deadline_in_ms(100), 100);
		stage_redis(&s, arena_printf(&s.arena, "HSET cg:{default}:session:%s lease another", id));
		_exit(0);
	}
	CU_ASSERT_FATAL(python("print", &r));
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_CANCELLED);
	CU_ASSERT(is_text(&r.stdout_text, "part"));
	CU_ASSERT(session_is_kept());
	CU_ASSERT_EQUAL(engine.state->removes, 0);
	(void)wait(NULL);
}

static void a_client_that_left_cancels(void)
{
	struct execution what = { .language = RUN_PYTHON, .code = text_slice("x") };
	int fds[2];
	auto_result r;

	fresh(act_waits_for_cancel);
	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	watch.client_fd = fds[0];
	close(fds[1]);
	CU_ASSERT_FATAL(execute(&what, &r));
	watch.client_fd = -1;
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_CANCELLED);
	CU_ASSERT(is_text(&r.stdout_text, "part"));
	CU_ASSERT(session_is_kept());
	close(fds[0]);
}

static void a_gateway_that_ends_cancels(void)
{
	struct execution what = { .language = RUN_PYTHON, .code = text_slice("x") };
	auto_close int told = eventfd(1, EFD_CLOEXEC);
	auto_result r;

	fresh(act_waits_for_cancel);
	watch.cancel_fd = told;
	CU_ASSERT_FATAL(execute(&what, &r));
	watch.cancel_fd = -1;
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_CANCELLED);
	CU_ASSERT_STRING_EQUAL(r.error_type, "CancelledError");
	CU_ASSERT(is_text(&r.stdout_text, "part"));
	CU_ASSERT(session_is_kept());
}

static void a_time_out_returns_what_there_is(void)
{
	struct execution what = { .language = RUN_PYTHON, .code = text_slice("x"), .timeout_s = 2 };
	auto_result r;

	fresh(act_times_out);
	CU_ASSERT_FATAL(execute(&what, &r));
	CU_ASSERT(r.timed_out);
	CU_ASSERT(is_text(&r.stdout_text, "part"));
	CU_ASSERT_STRING_EQUAL(r.error, "Execution timed out after 2 seconds. Container removed.");
	CU_ASSERT_STRING_EQUAL(r.error_type, "TimeoutError");
	CU_ASSERT_EQUAL(r.execution_time_s, 2.0);
	CU_ASSERT_FALSE(session_is_kept());
	CU_ASSERT_EQUAL(engine_there(&engine), 0);
}

static void a_time_out_may_keep_the_session(void)
{
	auto_result r;

	fresh(act_times_out);
	s.config.timeout_action = "keep";
	CU_ASSERT_FATAL(python("x", &r));
	CU_ASSERT_STRING_EQUAL(r.error, "Execution timed out after 30 seconds.");
	CU_ASSERT(session_is_kept());
	CU_ASSERT_EQUAL(engine_there(&engine), 1);
}

static void a_sandbox_that_ends_is_told(void)
{
	auto_result r;

	fresh(act_ends);
	CU_ASSERT_FATAL(python("x", &r));
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_SESSION_LOST);
	CU_ASSERT_EQUAL(r.exit.outcome, 0);
	CU_ASSERT(r.exit.wall_us > 0);
	CU_ASSERT_STRING_EQUAL(r.error_type, "GatewayError");
	CU_ASSERT(is_text(&r.stdout_text, "part"));
	CU_ASSERT_FALSE(session_is_kept());
}

/* Docker restarted, the container lives: so does the session. */
static void a_stream_that_ends_is_no_dead_container(void)
{
	auto_result r;

	fresh(act_breaks_off);
	CU_ASSERT_FATAL(python("x", &r));
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_INFRA);
	CU_ASSERT_STRING_EQUAL(r.error, "Execution failed due to an infrastructure error");
	CU_ASSERT(is_text(&r.stdout_text, "part"));
	CU_ASSERT(session_is_kept());
}

static void a_takeover_is_a_cancellation(void)
{
	peer_talk *const talks[] = { act_says_bye, act_turns_away };

	for (size_t i = 0; i < 2; i++) {
		auto_result r;

		fresh(talks[i]);
		CU_ASSERT_FATAL(python("x", &r));
		CU_ASSERT_EQUAL(r.outcome, OUTCOME_CANCELLED);
	}
}

/* The session goes, the client gets an answer, nothing grows. */
static void hostile_frames_end_the_session(void)
{
	peer_talk *const talks[] = {
		act_writes_no_frame, act_sends_too_long_a_frame, act_sends_data_of_no_file, act_sends_more_than_it_said,
		act_sends_a_huge_file, act_sends_many_files, act_sends_an_input, act_sends_a_broken_exit, act_sends_a_run,
	};

	for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
		auto_result r;

		fresh(talks[i]);
		CU_ASSERT_FATAL(python("x", &r));
		CU_ASSERT_EQUAL(r.outcome, OUTCOME_INFRA);
		CU_ASSERT_STRING_EQUAL(r.error_type, "GatewayError");
		CU_ASSERT_FALSE(session_is_kept());
		CU_ASSERT_EQUAL(engine_there(&engine), 0);
		CU_ASSERT(r.n_files <= 1000 && r.content.len < 10);
	}
}

static void a_container_that_is_gone_is_not_found(void)
{
	auto_result r;

	fresh(act_hello);
	engine_find(&engine, id)->there = false;
	CU_ASSERT_FALSE(python("x", &r));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session not found."));
	CU_ASSERT_FALSE(session_is_kept());
}

static void an_engine_that_fails_is_unavailable(void)
{
	auto_result r;

	fresh(act_hello);
	engine.state->attach_fails = true;
	CU_ASSERT_FALSE(python("x", &r));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT(session_is_kept());
}

static void blank_code_is_told_and_not_run(void)
{
	auto_result r;

	fresh(act_hello);
	CU_ASSERT_FATAL(python(" \t\r\n", &r));
	CU_ASSERT_STRING_EQUAL(r.error, "Empty code provided");
	CU_ASSERT_STRING_EQUAL(r.error_type, "ValueError");
	CU_ASSERT_EQUAL(r.execution_time_s, 0.0);
	CU_ASSERT_EQUAL(engine.state->attaches, 0);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "HGET cg:{default}:session:%s count", id)), 1);
}

static void bad_files_spend_nothing(void)
{
	static const struct {
		struct input_file files[2];
		const char *msg;
	} rows[] = {
		{ { { .name = { "a", 1 }, .base64 = { "", 0 } }, { .name = { "a", 1 }, .base64 = { "", 0 } } }, "Duplicate input file name 'a' is not allowed" },
		{ { { .name = { "a", 1 }, .base64 = { "", 0 } }, { .name = { "b", 1 }, .base64 = { "x", 1 } } }, "File 'b' content is not valid base64" },
		{ { { .name = { "a", 1 }, .base64 = { "", 0 } }, { .name = { "b", 1 }, .base64 = { "AQIDBAUG", 8 } } }, "File 'b' too large (6 bytes, max 5)" },
		{ { { .name = { "a", 1 }, .base64 = { "AQIDBAU=", 8 } }, { .name = { "b", 1 }, .base64 = { "AQID", 4 } } }, "Total size of uploaded files exceeds limit" },
	};

	fresh(act_hello);
	s.config.max_input_file_size = 5;
	s.config.max_input_total_size = 7;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct execution what = { .language = RUN_PYTHON, .code = text_slice("x"), .files = rows[i].files, .n_files = 2 };
		auto_result r;

		CU_ASSERT_FALSE(execute(&what, &r));
		CU_ASSERT(stage_failed(&s, ERR_INVALID, rows[i].msg));
	}
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "HGET cg:{default}:session:%s count", id)), 0);
}

static bool install(const char *first, const char *last, struct result *r)
{
	const struct slice packages[] = { text_slice(first), text_slice(last) };
	const struct input_file file = { .name = { "a", 1 }, .base64 = { "AQID", 4 } };

	fresh(act_installs);
	return execute(&(struct execution){ .language = RUN_PYTHON, .code = text_slice("x"), .files = &file,
	                                    .n_files = 1, .packages = packages, .n_packages = 2 }, r);
}

static void packages_are_installed_first(void)
{
	auto_result r;

	CU_ASSERT_FATAL(install("a", "b==1,<2", &r));
	CU_ASSERT(is_text(&r.stdout_text, "2 2 2 b==1,<2;1 1 0"));
	CU_ASSERT(is_text(&r.stderr_text, "err"));
	CU_ASSERT(r.error == NULL && r.error_type == NULL);
	CU_ASSERT(r.installed);
	CU_ASSERT_DOUBLE_EQUAL(r.install_time_s, 0.0312, 1e-9);
	CU_ASSERT_EQUAL(engine.state->attaches, 1);
}

#define TOLD(text) "--- PIP INSTALL ERROR ---\n" text "\n------------------------\nerr"

static void a_failed_install_is_told_and_stops_nothing(void)
{
	static const struct {
		const char *first, *last, *told;
	} rows[] = {
		{ "unknown", "b", TOLD("Pip install failed with code 1:\npip's words") },
		{ "unknown", "quiet", TOLD("Pip install failed with code 1:\npip's out") },
		{ "killed", "b", TOLD("Pip install failed with code -9:\npip's words") },
		{ "slow", "b", TOLD("Pip install timed out after 30 seconds") },
		{ "loud", "b", TOLD("Pip install exception: it wrote too much") },
		{ "unstartable", "b", TOLD("Pip install exception: a reason") },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		auto_result r;

		CU_ASSERT_FATAL(install(rows[i].first, rows[i].last, &r));
		CU_ASSERT(is_text(&r.stderr_text, rows[i].told));
		CU_ASSERT_STRING_EQUAL(r.error, "Pip installation failed");
		CU_ASSERT_STRING_EQUAL(r.error_type, "InstallationError");
		CU_ASSERT_EQUAL(r.outcome, OUTCOME_ERROR);
		CU_ASSERT(r.installed && session_is_kept());
	}
}

static void a_run_may_end_before_it_is_installed_for(void)
{
	auto_result r, lost;

	CU_ASSERT_FATAL(install("cancelled", "b", &r));
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_CANCELLED);
	CU_ASSERT(is_text(&r.stdout_text, "") && is_text(&r.stderr_text, ""));
	CU_ASSERT_FATAL(install("homeless", "b", &lost));
	CU_ASSERT_STRING_EQUAL(lost.error_type, "FileUploadError");
	CU_ASSERT_FALSE(lost.installed);
}

static void a_cancellation_too_late_for_pip_is_in_time_for_the_run(void)
{
	auto_close int told = eventfd(1, EFD_CLOEXEC);
	auto_result r;

	watch.cancel_fd = told;
	CU_ASSERT_FATAL(install("late", "b", &r));
	watch.cancel_fd = -1;
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_CANCELLED);
	CU_ASSERT_STRING_EQUAL(r.error_type, "CancelledError");
	CU_ASSERT(is_text(&r.stdout_text, "") && is_text(&r.stderr_text, ""));
	CU_ASSERT(session_is_kept());
}

static void bash_installs_nothing(void)
{
	const struct slice package = text_slice("a");
	auto_result r;

	fresh(act_hello);
	CU_ASSERT_FATAL(execute(&(struct execution){ .language = RUN_BASH, .code = text_slice("x"),
	                                             .packages = &package, .n_packages = 1 }, &r));
	CU_ASSERT(is_text(&r.stdout_text, "hello"));
	CU_ASSERT_FALSE(r.installed);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "output comes back", output_comes_back },
		{ "what came before READY belongs to nobody", what_came_before_ready_belongs_to_nobody },
		{ "pieces may be single bytes", pieces_may_be_single_bytes },
		{ "another protocol is a lost session", another_protocol_is_a_lost_session },
		{ "files and terms arrive", files_and_terms_arrive },
		{ "large inputs arrive whole", large_inputs_arrive_whole },
		{ "output files come back", output_files_come_back },
		{ "output is cut and marked", output_is_cut_and_marked },
		{ "a lease is renewed here and there", a_lease_is_renewed_here_and_there },
		{ "a lost lease ends the talk", a_lost_lease_ends_the_talk },
		{ "a client that left cancels", a_client_that_left_cancels },
		{ "a gateway that ends cancels", a_gateway_that_ends_cancels },
		{ "a time-out returns what there is", a_time_out_returns_what_there_is },
		{ "a time-out may keep the session", a_time_out_may_keep_the_session },
		{ "a sandbox that ends is told", a_sandbox_that_ends_is_told },
		{ "a stream that ends is no dead container", a_stream_that_ends_is_no_dead_container },
		{ "a takeover is a cancellation", a_takeover_is_a_cancellation },
		{ "hostile frames end the session", hostile_frames_end_the_session },
		{ "a container that is gone is not found", a_container_that_is_gone_is_not_found },
		{ "an engine that fails is unavailable", an_engine_that_fails_is_unavailable },
		{ "blank code is told and not run", blank_code_is_told_and_not_run },
		{ "bad files spend nothing", bad_files_spend_nothing },
		{ "packages are installed first", packages_are_installed_first },
		{ "a failed install is told and stops nothing", a_failed_install_is_told_and_stops_nothing },
		{ "a run may end before it is installed for", a_run_may_end_before_it_is_installed_for },
		{ "a cancellation too late for pip is in time for the run", a_cancellation_too_late_for_pip_is_in_time_for_the_run },
		{ "Bash installs nothing", bash_installs_nothing },
		{ NULL, NULL },
	};

	engine_start(&engine, act);
	stage_open(&s);

	int status = tap_run("execute", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
