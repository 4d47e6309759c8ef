/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against an engine that misbehaves: a child answers on a unix socket with the bytes of a
 * script, whatever it is asked.  What a real engine says is asked of a real one (tests/e2e).
 */
#include "lib/attach.h"
#include "lib/docker.h"
#include "lib/dockerspec.h"
#include "lib/text.h"

#include "tests/unit/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { PATIENT_MS = 10000, HASTY_MS = 300 };       /* hasty: where only the time-out can end it */

static int64_t asking_ms = PATIENT_MS, reading_ms = PATIENT_MS;
static char dir[] = "/tmp/test-docker-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static char host[128];
static int listen_fd;
static pid_t child;

/* ---- the engine */

enum then { CLOSE, STAY, REPEAT };         /* what follows the script; REPEAT: it, again */

static void answer(int fd, struct slice script, enum then then)
{
	char head[8192];
	ssize_t sent = recv(fd, head, sizeof head, 0);

	do
		sent = sent > 0 ? send(fd, script.at, script.len, MSG_NOSIGNAL) : sent;
	while (sent > 0 && then == REPEAT);
	if (then == STAY)
		pause();
	close(fd);
}

/* Connections made while no engine ran; their clients have given up. */
static void forget_callers(void)
{
	struct pollfd p = { .fd = listen_fd, .events = POLLIN };

	while (poll(&p, 1, 0) > 0)
		close(accept(listen_fd, NULL, NULL));
}

/* Every connection gets the script; STAY: and is then left open, silent. */
static void engine(struct slice script, enum then then)
{
	forget_callers();
	child = fork();
	if (child != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		answer(accept(listen_fd, NULL, NULL), script, then);
}

static void engine_ends(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

#define ENGINE(text) engine((struct slice){ text, sizeof(text) - 1 }, CLOSE)
#define SILENT(text) engine((struct slice){ text, sizeof(text) - 1 }, STAY)

/* ---- what is asked */

static char no_spec[] = "{}";
static const struct buf asked = { .data = no_spec, .len = 2 };

static struct docker *open_engine(void)
{
	struct error err;

	return docker_open(&(struct docker_options){ host, "", asking_ms }, &err);
}

static enum err_kind remove_says(void)
{
	struct docker *d = open_engine();
	struct error err = { .kind = ERR_NONE };

	docker_remove(d, ID, deadline_in_ms(asking_ms), &err);
	docker_close(&d);
	return err.kind;
}

static enum err_kind attach_says(struct slice *first, struct error *err)
{
	static struct docker *d;
	static struct attach *a;

	attach_close(&a);
	docker_close(&d);
	d = open_engine();
	*err = (struct error){ .kind = ERR_NONE };
	a = attach_open(d, ID, deadline_in_ms(asking_ms), err);
	*first = (struct slice){ "", 0 };
	if (a)
		attach_read(a, first, deadline_in_ms(reading_ms), err);
	return err->kind;
}

static void endpoints_are_understood_or_refused(void)
{
	static const struct { const char *host; bool good; } rows[] = {
		{ "", true }, { "unix:///var/run/docker.sock", true }, { "tcp://10.0.0.1:2375", true },
		{ "tcp://docker-proxy", true }, { "https://h:2376", true }, { "unix://relative", false },
		{ "tcp://h/path", false }, { "tcp://user@h", false }, { "ssh://h", false },
		{ "docker.sock", false }, { "tcp://", false }, { "tcp://h?x", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error err;
		struct docker *d = docker_open(&(struct docker_options){ rows[i].host, "", 1 }, &err);

		CU_ASSERT_EQUAL(d != NULL, rows[i].good);
		docker_close(&d);
	}
}

static void an_engine_that_is_not_there_is_named(void)
{
	static const struct { const char *host, *words; } rows[] = {
		{ "unix:///nowhere/d.sock", "cannot connect to /nowhere/d.sock: No such file or directory" },
		{ "tcp://127.0.0.1:1", "cannot connect to http://127.0.0.1:1: Connection refused" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error err = { .kind = ERR_NONE };
		struct docker *d = docker_open(&(struct docker_options){ rows[i].host, "", 10000 }, &err);
		struct attach *a;

		CU_ASSERT_FALSE(docker_ping(d, deadline_in_ms(PATIENT_MS), &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, rows[i].words));
		a = attach_open(d, ID, deadline_in_ms(PATIENT_MS), &err);
		CU_ASSERT_PTR_NULL(a);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, rows[i].words));
		docker_close(&d);
	}
}

static void removing_what_is_gone_is_done(void)
{
	static const struct { const char *answer; enum err_kind kind; } rows[] = {
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", ERR_NONE },
		{ "HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}", ERR_NONE },
		{ "HTTP/1.1 204 No Content\r\n\r\n", ERR_NONE },
		{ "HTTP/1.1 500 No\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}", ERR_UNAVAILABLE },
		{ "HTTP/1.1 200 OK\r\nContent-Ty", ERR_UNAVAILABLE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		engine(text_slice(rows[i].answer), CLOSE);
		CU_ASSERT_EQUAL(remove_says(), rows[i].kind);
		engine_ends();
	}
}

static void no_whole_answer_is_unavailable(void)
{
	ENGINE("");
	CU_ASSERT_EQUAL(remove_says(), ERR_UNAVAILABLE);
	engine_ends();
	asking_ms = HASTY_MS;
	SILENT("");
	CU_ASSERT_EQUAL(remove_says(), ERR_UNAVAILABLE);
	engine_ends();
	SILENT("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
	CU_ASSERT_EQUAL(remove_says(), ERR_UNAVAILABLE);
	engine_ends();
	CU_ASSERT_EQUAL(remove_says(), ERR_UNAVAILABLE);
	asking_ms = PATIENT_MS;
}

static void its_words_are_for_the_log(void)
{
	struct docker *d = open_engine();
	struct error err;
	char id[65];

	ENGINE("HTTP/1.1 404 Not Found\r\nContent-Length: 27\r\n\r\n{\"message\":\"No such image\"}\n");
	CU_ASSERT_FALSE(docker_create(d, "n", &asked, deadline_in_ms(PATIENT_MS), id, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, "No such image"));
	CU_ASSERT_PTR_NULL(strstr(err.msg, "image"));
	engine_ends();
	docker_close(&d);
}

static void an_id_that_is_none_is_refused(void)
{
	static const char *const bodies[] = { "{}", "[]", "{\"Id\":1}", "{\"Id\":\"../json\"}", "no json", "" };

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct docker *d = open_engine();
		struct error err = { .kind = ERR_NONE };
		char id[65] = "untouched", script[256];
		int n = snprintf(script, sizeof script, "HTTP/1.1 201 Created\r\nContent-Length: %zu\r\n\r\n%s",
		                 strlen(bodies[i]), bodies[i]);

		engine((struct slice){ script, (size_t)n }, CLOSE);
		CU_ASSERT_FALSE(docker_create(d, "n", &asked, deadline_in_ms(PATIENT_MS), id, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
		CU_ASSERT_STRING_EQUAL(id, "untouched");
		engine_ends();
		docker_close(&d);
	}
}

static char endless[2 * 1024 * 1024];

static void an_answer_without_measure_is_refused(void)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n{\"Name\":\"";
	struct docker *d = open_engine();
	struct arena arena = { 0 };
	struct docker_container out = { .id = "untouched" };
	struct error err;

	memset(endless, 'x', sizeof endless);
	memcpy(endless, head, sizeof head - 1);
	engine((struct slice){ endless, sizeof endless }, STAY);
	CU_ASSERT_FALSE(docker_inspect(d, &arena, ID, deadline_in_ms(PATIENT_MS), &out, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, "an answer above 1048576 bytes"));
	CU_ASSERT_STRING_EQUAL(out.id, "untouched");
	engine_ends();
	arena_finish(&arena);
	docker_close(&d);
}

static void a_list_that_is_none_is_refused(void)
{
	static const struct docker_pair label = { "managed-by", "code-gateway" };
	struct docker *d = open_engine();
	struct arena arena = { 0 };
	struct docker_container *list;
	struct error err;

	ENGINE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	CU_ASSERT_FALSE(docker_list(d, &arena, &label, deadline_in_ms(PATIENT_MS), &list, &err));
	engine_ends();
	ENGINE("HTTP/1.1 200 OK\r\nContent-Length: 78\r\n\r\n[{\"Id\":\"" ID "\"},{}]");
	CU_ASSERT_FALSE(docker_list(d, &arena, &label, deadline_in_ms(PATIENT_MS), &list, &err));
	engine_ends();
	ENGINE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "78\r\n[{\"Id\":\"" ID "\",\"Names\":[\"/n\"],\"State\":\"running\",\"Created\":17}"
	       "\r\n1\r\n]\r\n0\r\n\r\n");
	CU_ASSERT_FATAL(docker_list(d, &arena, &label, deadline_in_ms(PATIENT_MS), &list, &err));
	CU_ASSERT_STRING_EQUAL(list[0].id, ID);
	CU_ASSERT_STRING_EQUAL(list[0].name, "n");
	CU_ASSERT(list[0].running);
	CU_ASSERT_EQUAL(list[0].created_s, 17);
	CU_ASSERT_PTR_NULL(list[1].id);
	engine_ends();
	arena_finish(&arena);
	docker_close(&d);
}

static void an_attach_may_be_refused(void)
{
	struct slice first;
	struct error err;

	ENGINE("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_NOT_FOUND);
	engine_ends();
	ENGINE("HTTP/1.1 409 Conflict\r\n\r\ncontainer is paused");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.detail, "409: container is paused"));
	engine_ends();
	ENGINE("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	engine_ends();
	ENGINE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	engine_ends();
	ENGINE("SSH-2.0-OpenSSH_9.2\r\n\r\n");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	engine_ends();
	asking_ms = HASTY_MS;
	SILENT("");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	engine_ends();
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	asking_ms = PATIENT_MS;
}

static void a_head_without_end_is_refused(void)
{
	static char head[20000];
	struct slice first;
	struct error err;

	memset(head, 'x', sizeof head);
	engine((struct slice){ head, sizeof head }, STAY);
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	engine_ends();
}

static void bytes_behind_the_head_are_the_stream(void)
{
	struct slice first;
	struct error err;

	SILENT("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n"
	       "\2\0\0\0\0\0\0\3bad\1\0\0\0\0\0\0\5hello");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_NONE);
	CU_ASSERT(slice_equals(first, "hello"));
	engine_ends();
}

static void a_proxy_may_have_dropped_the_upgrade(void)
{
	struct slice first;
	struct error err;

	SILENT("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
	       "\1\0\0\0\0\0\0\5hello");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_NONE);
	CU_ASSERT(slice_equals(first, "hello"));
	engine_ends();
}

/* The head is the first time a head, and then the inside of a piece of stderr. */
static void stderr_without_end_is_left_at_the_deadline(void)
{
	static const char script[] = "HTTP/1.1 101 UPGRADED\r\n\r\n\2\0\0\0\0\0\0\54what stderr says...";
	struct slice first;
	struct error err;

	reading_ms = HASTY_MS;
	engine((struct slice){ script, sizeof script - 1 }, REPEAT);
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_TIMEOUT);
	engine_ends();
	reading_ms = PATIENT_MS;
}

static void a_stream_may_end_stall_or_be_garbled(void)
{
	struct slice first;
	struct error err;

	ENGINE("HTTP/1.1 101 UPGRADED\r\n\r\n");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_NONE);
	CU_ASSERT_EQUAL(first.len, 0);
	engine_ends();
	reading_ms = HASTY_MS;
	SILENT("HTTP/1.1 101 UPGRADED\r\n\r\n");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_TIMEOUT);
	engine_ends();
	reading_ms = PATIENT_MS;
	SILENT("HTTP/1.1 101 UPGRADED\r\n\r\nnot docker's framing");
	CU_ASSERT_EQUAL(attach_says(&first, &err), ERR_UNAVAILABLE);
	engine_ends();
}

/* Whatever a text holds, it stays inside its string. */
static void texts_cannot_leave_their_strings(void)
{
	const struct docker_pair labels[] = { { "a", "\"},\"HostConfig\":{\"Privileged\":true" }, { 0 } };
	const struct docker_spec spec = { .image = "i\"\\\n", .labels = labels };
	auto_buf body = BUF_INIT(65536);

	dockerspec_print(&spec, &body);
	CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\"Image\":\"i\\\"\\\\\\n\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\"Labels\":{\"a\":\"\\\"},\\\"HostConfig\\\":"));
	CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\"Privileged\":false"));
	CU_ASSERT_PTR_NULL(strstr(body.data, "\"Privileged\":true"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "endpoints are understood or refused", endpoints_are_understood_or_refused },
		{ "removing what is gone is done", removing_what_is_gone_is_done },
		{ "an engine that is not there is named", an_engine_that_is_not_there_is_named },
		{ "no whole answer is unavailable", no_whole_answer_is_unavailable },
		{ "its words are for the log", its_words_are_for_the_log },
		{ "an id that is none is refused", an_id_that_is_none_is_refused },
		{ "an answer without measure is refused", an_answer_without_measure_is_refused },
		{ "a list that is none is refused", a_list_that_is_none_is_refused },
		{ "an attach may be refused", an_attach_may_be_refused },
		{ "a head without end is refused", a_head_without_end_is_refused },
		{ "bytes behind the head are the stream", bytes_behind_the_head_are_the_stream },
		{ "a proxy may have dropped the upgrade", a_proxy_may_have_dropped_the_upgrade },
		{ "stderr without end is left at the deadline", stderr_without_end_is_left_at_the_deadline },
		{ "a stream may end, stall or be garbled", a_stream_may_end_stall_or_be_garbled },
		{ "texts cannot leave their strings", texts_cannot_leave_their_strings },
		{ NULL, NULL },
	};

	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 99;
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", dir);
	(void)snprintf(host, sizeof host, "unix://%s", address.sun_path);
	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listen_fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(listen_fd, 8) < 0)
		return 99;

	int status = tap_run("docker", tests);

	unlink(address.sun_path);
	rmdir(dir);
	return status;
}
