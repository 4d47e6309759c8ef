/* SPDX-License-Identifier: Apache-2.0 */
/* What no web server should send, or not so slowly; the worker has to survive and stay free. */
#include "tests/unit/exchange.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BODY_MAX = 1024, LARGE = 35 * 1024 * 1024 };

static struct exchange x;

/* ---- the child */

static void put_large(struct response *res)
{
	char *at = buf_reserve(&res->body, LARGE);

	for (size_t i = 0; i < LARGE; i++)
		at[i] = (char)('a' + i % 23);
	res->body.len += LARGE;
}

/* Two seconds is longer than any client here waits before it goes. */
static void watch(const struct request *req)
{
	struct deadline deadline = deadline_in_ms(2000);

	while (!request_is_gone(req) && !deadline_passed(deadline))
		deadline_sleep_ms(deadline, 5);
	exchange_tell(request_is_gone(req) ? "gone" : "there");
}

static void answer(struct request *req)
{
	struct response res;
	struct error err = { .kind = ERR_NONE };

	response_init(&res, LARGE);
	if (strcmp(req->path, "/early") == 0)
		fail(&err, ERR_UNAUTHENTICATED, "early");
	else if (!request_read_body(req, BODY_MAX, &err))
		exchange_tell(error_slug(err.kind));
	else if (strcmp(req->path, "/large") == 0)
		put_large(&res);
	else if (strcmp(req->path, "/watch") == 0)
		watch(req);
	else
		buf_printf(&res.body, "%s body=%zu", req->path, req->body_len);
	if (err.kind != ERR_NONE)
		response_fail(&res, req, &err);
	if (!response_send(&res, req) && strcmp(req->path, "/large") == 0)
		exchange_tell("unsent");
	response_finish(&res);
	request_finish(req);
}

/* ---- the web server */

static int64_t alive_after_us(void)
{
	int64_t start = now_us();

	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/alive");
	exchange_body(&x, "", 0, 1);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "/alive body=0");
	return now_us() - start;
}

static int send_bytes(const void *bytes, size_t len)
{
	int fd = exchange_connect();

	CU_ASSERT_EQUAL(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
	return fd;
}

static void records_of_one_byte_are_a_body(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "100");
	exchange_body(&x, (char[100]){ "hello" }, 100, 1);
	CONTAINS(exchange_finish(&x, 3), "/p body=100");
}

static void garbage_does_not_end_the_worker(void)
{
	static const struct { const char *bytes; size_t len; } rows[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16 },
		{ "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\4\0\0\377\377\377\377", 28 },
		{ "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\2\0\1\0\0\0\0", 24 },
		{ "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\1\377\0", 24 },
		{ "\1\1\0\1\0\10\0\0\0\7\0\0\0\0\0\0", 16 },
		{ "\1\11\0\0\0\0\0\0", 8 },
		{ "\1", 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		close(send_bytes(rows[i].bytes, rows[i].len));
		alive_after_us();
	}
}

/* Each row's record comes in the middle of a body of 4 bytes. */
static void records_amid_a_body_are_refused_or_skipped(void)
{
	static const struct { int type, id; const char *outcome; } rows[] = {
		{ ABORT_REQUEST, 1, "invalid" }, { PARAMS, 1, "invalid" }, { 77, 1, "invalid" },
		{ BEGIN_REQUEST, 1, NULL }, { STDIN, 2, NULL }, { ABORT_REQUEST, 2, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "4");
		exchange_put(&x, STDIN, "ab", 2);
		exchange_put(&x, rows[i].type, "\0\1\0\0\0\0\0\0", 8);
		x.sent.data[x.sent.len - 16 + 3] = (char)rows[i].id;
		exchange_body(&x, "cd", 2, SIZE_MAX);

		const char *text = exchange_finish(&x, SIZE_MAX);

		CONTAINS(text, rows[i].outcome ? "Status: 400 Bad Request" : "/p body=4");
		CU_ASSERT(!rows[i].outcome || exchange_told(rows[i].outcome, 1000));
	}
	alive_after_us();
}

static void a_body_without_its_end_is_no_request(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p");
	exchange_put(&x, STDIN, "hello", 5);

	int fd = send_bytes(x.sent.data, x.sent.len);

	shutdown(fd, SHUT_WR);
	CONTAINS(exchange_read(&x, fd), "Status: 400 Bad Request");
	CU_ASSERT(exchange_told("invalid", 1000));
}

static void who_connects_and_says_nothing_is_not_waited_for(void)
{
	int idle[3];

	for (size_t i = 0; i < 3; i++)
		idle[i] = exchange_connect();
	CU_ASSERT(alive_after_us() < 3000000);
	for (size_t i = 0; i < 3; i++)
		close(idle[i]);
}

/* Bytes that libfcgi refuses come just before the idle one: it must not accept that by itself. */
static void nor_after_garbage(void)
{
	int fd = send_bytes("\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16), idle = exchange_connect();

	close(fd);
	CU_ASSERT(alive_after_us() < 3000000);
	close(idle);
}

/* A body nobody wants trickles in behind the answer, for ever if it is let. */
static void a_trickle_behind_the_answer_is_cut_off(void)
{
	const struct deadline deadline = deadline_in_ms(8000);
	bool cut = false;

	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/early", "CONTENT_LENGTH", "1000000");

	int fd = send_bytes(x.sent.data, x.sent.len);

	while (!cut && !deadline_passed(deadline)) {
		deadline_sleep_ms(deadline, 20);
		cut = send(fd, "\1\5\0\1\0\1\0\0x", 9, MSG_NOSIGNAL) < 0;
	}
	CU_ASSERT(cut);
	CONTAINS(exchange_read(&x, fd), "Status: 401 Unauthorized");
}

static void a_client_that_left_is_seen(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/watch");
	exchange_body(&x, "hello", 5, SIZE_MAX);

	int fd = send_bytes(x.sent.data, x.sent.len);

	CU_ASSERT_FALSE(exchange_told("", 100));
	close(fd);
	CU_ASSERT(exchange_told("gone", 1000));
}

static void a_large_answer_arrives_whole(void)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/large");
	exchange_body(&x, "", 0, 1);

	const char *text = exchange_finish(&x, SIZE_MAX), *body = strstr(text, "\r\n\r\n");
	size_t same = 0;

	CONTAINS(text, "Content-Length: 36700160\r\n");
	CU_ASSERT_FATAL(body != NULL);
	while (body[4 + same] == (char)('a' + same % 23))
		same++;
	CU_ASSERT_EQUAL(same, LARGE);
}

static void who_does_not_take_it_all_is_noticed(void)
{
	char some[1000];

	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/large");
	exchange_body(&x, "", 0, 1);

	int fd = send_bytes(x.sent.data, x.sent.len);

	CU_ASSERT(read(fd, some, sizeof some) > 0);
	close(fd);
	CU_ASSERT(exchange_told("unsent", 2000));
	alive_after_us();
}

static void it_ends_as_it_should(void)
{
	int status = exchange_stop();

	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "records of one byte are a body", records_of_one_byte_are_a_body },
		{ "garbage does not end the worker", garbage_does_not_end_the_worker },
		{ "records amid a body are refused or skipped", records_amid_a_body_are_refused_or_skipped },
		{ "a body without its end is no request", a_body_without_its_end_is_no_request },
		{ "who connects and says nothing is not waited for",
		  who_connects_and_says_nothing_is_not_waited_for },
		{ "nor after garbage", nor_after_garbage },
		{ "a trickle behind the answer is cut off", a_trickle_behind_the_answer_is_cut_off },
		{ "a client that left is seen", a_client_that_left_is_seen },
		{ "a large answer arrives whole", a_large_answer_arrives_whole },
		{ "who does not take it all is noticed", who_does_not_take_it_all_is_noticed },
		{ "it ends as it should", it_ends_as_it_should },
		{ NULL, NULL },
	};

	exchange_serve(answer);
	return tap_run("peer", tests);
}
