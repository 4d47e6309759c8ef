/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/redis.h"

#include "lib/text.h"
#include "tests/unit/server.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENT_MS = 10000, HASTY_MS = 1000 };      /* hasty: where the time-out is the point */

static struct server server;

static struct redis *open_for(const char *url, int64_t timeout_ms)
{
	const struct redis_options o = {
		.url = url, .connect_timeout_ms = PATIENT_MS, .timeout_ms = timeout_ms,
	};
	struct error err;

	return redis_open(&o, &err);
}

static struct redis *open_url(const char *url)
{
	return open_for(url, PATIENT_MS);
}

#define COMMAND(r, err, ...) \
	redis_command(r, err, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
	              slices((const char *[]){ __VA_ARGS__, NULL }))

static const struct slice *slices(const char *const *texts)
{
	static struct slice all[8];

	for (size_t i = 0; texts[i]; i++)
		all[i] = text_slice(texts[i]);
	return all;
}

static void urls_are_taken_apart_or_refused(void)
{
	static const struct { const char *url; bool good; } rows[] = {
		{ "redis://127.0.0.1:6379/0", true },
		{ "redis://redis", true },
		{ "redis://user:p%40ss@redis:6380/3", true },
		{ "redis://[::1]:6379/1", true },
		{ "unix:///run/redis.sock", true },
		{ "unix://user:pass@/run/redis.sock?db=2", true },
		{ "unix:///run/a@b/redis.sock", true },
		{ "redis://u:p@ss@host", true },
		{ "redis://host:0/", false },
		{ "redis://host:x", false },
		{ "redis://host/abc", false },
		{ "unix://relative", false },
		{ "unix:///s?database=1", false },
		{ "http://host", false },
		{ "host:6379", false },
		{ "rediss://host", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		auto_redis r = open_url(rows[i].url);

		CU_ASSERT_EQUAL(r != NULL, rows[i].good);
		if ((r != NULL) != rows[i].good)
			printf("# %s\n", rows[i].url);
	}
}

static void values_are_binary_safe(void)
{
	auto_redis r = open_url(server.url);
	struct error err;
	struct slice value = { "a\0\r\n*3\r\n", 9 };
	auto_reply set = redis_command(r, &err, 3, (struct slice[]){ { "SET", 3 }, { "k\n", 2 }, value });
	auto_reply get = redis_command(r, &err, 2, (struct slice[]){ { "GET", 3 }, { "k\n", 2 } });
	struct slice got = reply_text(get);

	CU_ASSERT(slice_equals(reply_text(set), "OK"));
	CU_ASSERT(got.len == value.len && memcmp(got.at, value.at, value.len) == 0);
}

static void a_script_runs_before_and_after_it_is_known(void)
{
	static struct redis_script script = { .text = "return {KEYS[1], ARGV[1], tonumber(ARGV[2]) + 1}" };
	auto_redis r = open_url(server.url);
	struct error err;

	for (int i = 0; i < 3; i++) {
		auto_reply reply = redis_run(r, &script, 1, slices((const char *[]){ "key", NULL }),
		                             2, (struct slice[]){ { "x", 1 }, { "41", 2 } }, &err);

		CU_ASSERT_EQUAL(reply_count(reply), 3);
		CU_ASSERT(slice_equals(reply_text(reply_item(reply, 0)), "key"));
		CU_ASSERT_EQUAL(reply_int(reply_item(reply, 2)), 42);
		if (i == 1) {
			auto_reply flushed = COMMAND(r, &err, "SCRIPT", "FLUSH");
			CU_ASSERT_PTR_NOT_NULL(flushed);
		}
	}
}

static void an_error_reply_is_a_failure(void)
{
	auto_redis r = open_url(server.url);
	struct error err;
	auto_reply reply = COMMAND(r, &err, "NOSUCHCOMMAND");

	CU_ASSERT_PTR_NULL(reply);
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, "unknown command"));
	CU_ASSERT_PTR_NULL(strstr(err.msg, "unknown command"));
	CU_ASSERT(redis_ping(r, &err));
}

static void a_connection_that_died_idle_is_replaced(void)
{
	auto_redis r = open_url(server.url);
	struct error err;

	CU_ASSERT(redis_ping(r, &err));
	server_stop(&server);
	CU_ASSERT_FALSE(redis_ping(r, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	server_start(&server);
	CU_ASSERT(redis_ping(r, &err));
}

static void silence_ends_at_the_time_out(void)
{
	auto_redis r = open_for(server.url, HASTY_MS);
	struct error err;

	CU_ASSERT(redis_ping(r, &err));
	kill(server.pid, SIGSTOP);
	CU_ASSERT_FALSE(redis_ping(r, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	kill(server.pid, SIGCONT);
	CU_ASSERT(redis_ping(r, &err));
}

static void a_ping_may_be_in_a_hurry(void)
{
	auto_redis r = redis_open(&(struct redis_options){ server.url, 60000, 60000 }, &(struct error){ 0 });
	struct error err;

	CU_ASSERT_FATAL(r != NULL);
	CU_ASSERT(redis_ping_by(r, deadline_in_ms(20000), &err));
	kill(server.pid, SIGSTOP);
	CU_ASSERT_FALSE(redis_ping_by(r, deadline_in_ms(200), &err));
	CU_ASSERT_FALSE(redis_ping_by(r, deadline_in_ms(200), &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	kill(server.pid, SIGCONT);
	CU_ASSERT(redis_ping(r, &err));
}

static void a_lost_answer_is_not_asked_for_again(void)
{
	auto_redis r = open_for(server.url, HASTY_MS);
	auto_redis other = open_url(server.url);
	struct error err;
	auto_reply zero = COMMAND(other, &err, "SET", "n", "0");

	CU_ASSERT(redis_ping(r, &err));
	kill(server.pid, SIGSTOP);

	auto_reply lost = COMMAND(r, &err, "INCR", "n");

	CU_ASSERT_PTR_NULL(lost);
	kill(server.pid, SIGCONT);
	CU_ASSERT(redis_ping(r, &err));

	auto_reply n = COMMAND(other, &err, "GET", "n");

	CU_ASSERT(reply_int(n) <= 1);
	CU_ASSERT_PTR_NOT_NULL(zero);
}

static void a_password_is_needed_and_never_told(void)
{
	auto_redis admin = open_url(server.url);
	struct error err;
	auto_reply set = COMMAND(admin, &err, "CONFIG", "SET", "requirepass", "s3cret");
	char url[256];

	CU_ASSERT_PTR_NOT_NULL(set);

	auto_redis without = open_url(server.url);

	CU_ASSERT_FALSE(redis_ping(without, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, "NOAUTH"));
	(void)snprintf(url, sizeof url, "unix://:wr0ng@%s", server.url + strlen("unix://"));

	auto_redis wrong = open_url(url);

	CU_ASSERT_FALSE(redis_ping(wrong, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, "WRONGPASS"));
	CU_ASSERT_PTR_NULL(strstr(err.detail, "wr0ng"));
	(void)snprintf(url, sizeof url, "unix://:s%%33cret@%s", server.url + strlen("unix://"));

	auto_redis right = open_url(url);

	CU_ASSERT(redis_ping(right, &err));

	auto_reply unset = COMMAND(right, &err, "CONFIG", "SET", "requirepass", "");

	CU_ASSERT_PTR_NOT_NULL(unset);
}

/* ---- what a healthy server does not say: a child that answers everything alike */

static char fake_url[256];
static pid_t fake;

/* A # in the reply becomes the number of the connection. */
static void answer_all(int listen_fd, const char *reply)
{
	char bytes[4096], text[4096];

	for (char n = '1';; n++) {
		int fd = accept(listen_fd, NULL, NULL);
		char *mark;

		(void)snprintf(text, sizeof text, "%s", reply);
		mark = strchr(text, '#');
		if (mark)
			*mark = n;
		while (recv(fd, bytes, sizeof bytes, 0) > 0 && *text)
			(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
		close(fd);
	}
}

static void start_fake(const char *reply)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s/fake.sock", server.dir);
	(void)snprintf(fake_url, sizeof fake_url, "unix://%s", to.sun_path);
	if (bind(fd, (struct sockaddr *)&to, sizeof to) < 0 || listen(fd, 8) < 0)
		CU_FAIL_FATAL("no fake server");
	fake = fork();
	if (fake == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer_all(fd, reply);
	}
	close(fd);
}

static struct redis *open_fake(const char *reply)
{
	start_fake(reply);
	return open_url(fake_url);
}

static void end_fake(void)
{
	kill(fake, SIGKILL);
	waitpid(fake, NULL, 0);
	unlink(fake_url + strlen("unix://"));
}

static void a_server_that_cannot_is_unavailable(void)
{
	static const char *const replies[] = {
		"-LOADING Redis is loading the dataset in memory\r\n",
		"-READONLY You can't write against a read only replica.\r\n",
		"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
		"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
		"-MISCONF Redis is configured to save RDB snapshots\r\n",
		"-BUSY Redis is busy running a script.\r\n",
		"-NOAUTH Authentication required.\r\n",
		"-ERR max number of clients reached\r\n",
		"-NOSCRIPT No matching script. Please use EVAL.\r\n",
	};
	static struct redis_script script = { .text = "return 1" };

	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		auto_redis r = open_fake(replies[i]);
		struct error err = { .kind = ERR_NONE };
		auto_reply reply = redis_run(r, &script, 0, NULL, 0, NULL, &err);
		size_t word = strcspn(replies[i], " ") - 1;

		CU_ASSERT_PTR_NULL(reply);
		CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
		CU_ASSERT_EQUAL(strncmp(err.detail, "Redis: ", 7), 0);
		CU_ASSERT_EQUAL(strncmp(err.detail + 7, replies[i] + 1, word), 0);
		end_fake();
	}
}

static int64_t connection_of(struct redis *r)
{
	struct error err;
	auto_reply reply = COMMAND(r, &err, "ANY");

	return reply_int(reply);
}

static void a_connection_is_kept_unless_it_leads_to_a_replica(void)
{
	auto_redis good = open_fake(":#\r\n");

	CU_ASSERT_EQUAL(connection_of(good), 1);
	CU_ASSERT_EQUAL(connection_of(good), 1);
	end_fake();

	auto_redis replica = open_fake("-READONLY connection #\r\n");
	struct error err;

	for (int i = 1; i <= 2; i++) {
		char want[] = "connection 0";

		want[sizeof want - 2] = (char)('0' + i);
		CU_ASSERT_FALSE(redis_ping(replica, &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, want));
	}
	end_fake();
}

/* Nothing, an end, no Redis at all, a reply without end, a length that is none. */
static void no_whole_reply_is_unavailable(void)
{
	static const char *const replies[] = {
		"", "HTTP/1.1 400 Bad Request\r\n\r\n", "$100\r\nshort", "*-7\r\n",
	};

	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		start_fake(replies[i]);

		auto_redis r = open_for(fake_url, HASTY_MS);
		struct error err = { .kind = ERR_NONE };

		CU_ASSERT_FALSE(redis_ping(r, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
		end_fake();
	}
}

/* Nothing of it comes: who made room for it first would wait, and hold 16 GiB meanwhile. */
static void a_list_beyond_all_measure_is_not_waited_for(void)
{
	static const char *const replies[] = { "*2147483647\r\n", "*1\r\n*2147483647\r\n" };

	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		auto_redis r = open_fake(replies[i]);
		struct error err = { .kind = ERR_NONE };

		CU_ASSERT_FALSE(redis_ping(r, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
		CU_ASSERT_PTR_NULL(strstr(err.detail, strerror(EAGAIN)));
		end_fake();
	}
}

static void readers_take_any_reply(void)
{
	auto_redis r = open_fake("*4\r\n$2\r\n42\r\n$-1\r\n+x\r\n*0\r\n");
	struct error err;
	auto_reply reply = COMMAND(r, &err, "ANY");

	CU_ASSERT_EQUAL(reply_count(reply), 4);
	CU_ASSERT_EQUAL(reply_int(reply_item(reply, 0)), 42);
	CU_ASSERT(reply_is_nil(reply_item(reply, 1)));
	CU_ASSERT_EQUAL(reply_text(reply_item(reply, 1)).len, 0);
	CU_ASSERT_EQUAL(reply_int(reply_item(reply, 2)), 0);
	CU_ASSERT_EQUAL(reply_count(reply_item(reply, 3)), 0);
	CU_ASSERT_PTR_NULL(reply_item(reply, 4));
	CU_ASSERT_EQUAL(reply_int(reply), 0);
	CU_ASSERT_EQUAL(reply_text(NULL).len, 0);
	end_fake();
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "URLs are taken apart or refused", urls_are_taken_apart_or_refused },
		{ "values are binary-safe", values_are_binary_safe },
		{ "a script runs before and after it is known", a_script_runs_before_and_after_it_is_known },
		{ "an error reply is a failure", an_error_reply_is_a_failure },
		{ "a connection that died idle is replaced", a_connection_that_died_idle_is_replaced },
		{ "silence ends at the time-out", silence_ends_at_the_time_out },
		{ "a ping may be in a hurry", a_ping_may_be_in_a_hurry },
		{ "a lost answer is not asked for again", a_lost_answer_is_not_asked_for_again },
		{ "a password is needed and never told", a_password_is_needed_and_never_told },
		{ "a server that cannot is unavailable", a_server_that_cannot_is_unavailable },
		{ "a connection is kept unless it leads to a replica",
		  a_connection_is_kept_unless_it_leads_to_a_replica },
		{ "no whole reply is unavailable", no_whole_reply_is_unavailable },
		{ "a list beyond all measure is not waited for",
		  a_list_beyond_all_measure_is_not_waited_for },
		{ "readers take any reply", readers_take_any_reply },
		{ NULL, NULL },
	};

	server_start(&server);

	int status = tap_run("redis", tests);

	server_finish(&server);
	return status;
}
