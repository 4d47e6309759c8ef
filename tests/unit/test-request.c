/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real exchange: a child serves through request.c and response.c on a unix socket, the test
 * speaks FastCGI records by hand.  The child answers with what it understood.
 */
#include "lib/request.h"
#include "lib/response.h"

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

enum { BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5, BODY_MAX = 3 * 1024 * 1024 };

static char dir[] = "/tmp/test-request-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static pid_t child;
static int stop[2];

static void answer(struct request *req)
{
	struct response res;
	struct error err;

	response_init(&res, 65536);
	if (req->ambiguous) {
		fail(&err, ERR_INVALID, "ambiguous");
		response_fail(&res, req, &err);
	} else if (!request_read_body(req, BODY_MAX, &err)) {
		response_fail(&res, req, &err);
	} else {
		unsigned sum = 0;

		for (size_t i = 0; i < req->body_len; i++)
			sum = sum * 31 + (unsigned char)req->body[i];
		buf_printf(&res.body, "%s %s?%s host=%s key=%s length=%lld body=%zu sum=%u", req->method,
		           req->path, req->query, req->host, req->api_key ? req->api_key : "-",
		           (long long)req->length, req->body_len, sum);
	}
	response_send(&res, req);
	response_finish(&res);
	request_finish(req);
}

static void serve(int listen_fd)
{
	const struct request_options o = {
		.listen_fd = listen_fd, .spool_dir = dir, .body_timeout_ms = 5000,
	};
	struct request req = { .body = NULL };
	struct error err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!request_init(&o, &err))
		_exit(99);
	while (request_accept(&req, stop[0]))
		answer(&req);
	arena_finish(&req.arena);
	exit(0);
}

static void start(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!mkdtemp(dir) || pipe(stop) < 0)
		exit(99);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", dir);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
		exit(99);
	child = fork();
	if (child == 0) {
		close(stop[1]);
		serve(fd);
	}
	close(fd);
}

/* ---- the web server's side */

struct exchange {
	struct buf sent, got;
	char text[70000];                  /* the answer: CGI header and body */
};

static void put_record(struct exchange *x, int type, const void *content, size_t len)
{
	const uint8_t head[8] = { 1, (uint8_t)type, 0, 1, (uint8_t)(len >> 8), (uint8_t)len, 0, 0 };

	buf_append(&x->sent, head, sizeof head);
	buf_append(&x->sent, content, len);
}

static void put_param(struct buf *to, const char *name, const char *value)
{
	buf_putc(to, (char)strlen(name));
	buf_putc(to, (char)strlen(value));
	buf_puts(to, name);
	buf_puts(to, value);
}

/* pairs: name, value, ..., NULL */
static void begin(struct exchange *x, const char *const *pairs)
{
	auto_buf params = BUF_INIT(8192);

	*x = (struct exchange){ .sent = BUF_INIT(8 << 20), .got = BUF_INIT(1 << 20) };
	put_record(x, BEGIN_REQUEST, "\0\1\0\0\0\0\0\0", 8);
	for (; *pairs; pairs += 2)
		put_param(&params, pairs[0], pairs[1]);
	put_record(x, PARAMS, params.data, params.len);
	put_record(x, PARAMS, "", 0);
}

static void put_body(struct exchange *x, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += 65535)
		put_record(x, STDIN, bytes + at, len - at < 65535 ? len - at : 65535);
	put_record(x, STDIN, "", 0);
}

/* Takes the stdout records of what came. */
static void unpack(struct exchange *x)
{
	size_t at = 0, n = 0;

	while (at + 8 <= x->got.len) {
		const uint8_t *h = (const uint8_t *)x->got.data + at;
		size_t len = (size_t)h[4] << 8 | h[5];

		if (h[1] == 6 && at + 8 + len <= x->got.len && n + len < sizeof x->text) {
			memcpy(x->text + n, h + 8, len);
			n += len;
		}
		at += 8 + len + h[6];
	}
	x->text[n] = '\0';
}

/* Sends in pieces of step bytes, then reads until the end. */
static const char *finish(struct exchange *x, size_t step)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = { .tv_sec = 15 };
	char piece[4096];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return "no connection";
	for (size_t at = 0; at < x->sent.len; at += step) {
		size_t len = x->sent.len - at < step ? x->sent.len - at : step;

		if (send(fd, x->sent.data + at, len, MSG_NOSIGNAL) < 0)
			break;
	}
	while ((n = read(fd, piece, sizeof piece)) > 0)
		buf_append(&x->got, piece, (size_t)n);
	close(fd);
	unpack(x);
	buf_finish(&x->sent);
	buf_finish(&x->got);
	return x->text;
}

static struct exchange x;

#define BEGIN(...) begin(&x, (const char *const[]){ __VA_ARGS__, NULL })
#define CONTAINS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))

static void the_path_is_script_name_and_path_info(void)
{
	BEGIN("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/a", "PATH_INFO", "/b", "REQUEST_URI", "/x?y",
	      "QUERY_STRING", "q=1", "HTTP_HOST", "h", "CONTENT_LENGTH", "0");
	put_body(&x, "", 0);
	CONTAINS(finish(&x, SIZE_MAX), "GET /a/b?q=1 host=h key=- length=0 body=0");
	BEGIN("REQUEST_METHOD", "GET", "REQUEST_URI", "/only%2Fthis?y");
	put_body(&x, "", 0);
	CONTAINS(finish(&x, SIZE_MAX), "GET /only%2Fthis? host=");
}

static void one_byte_at_a_time_is_the_same(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "5");
	put_body(&x, "hello", 5);
	CONTAINS(finish(&x, 1), "POST /p? host= key=- length=5 body=5");
}

static void a_length_that_is_none_is_unknown(void)
{
	static const char *const lengths[] = { "-1", "", "abc", "+5", "99999999999999999999" };

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", lengths[i]);
		put_body(&x, "hello", 5);
		CONTAINS(finish(&x, SIZE_MAX), "length=-1 body=5");
	}
}

static void a_parameter_that_comes_twice_is_noticed(void)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_API_KEY", "a", "HTTP_X_API_KEY", "b");
	put_body(&x, "", 0);
	CONTAINS(finish(&x, SIZE_MAX), "Status: 400 Bad Request");
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_OTHER", "a", "HTTP_OTHER", "b");
	put_body(&x, "", 0);
	CONTAINS(finish(&x, SIZE_MAX), "Status: 200 OK");
}

static char large[BODY_MAX + 1];

/* Above 1 MiB the body went through a file; the sum shows that nothing was lost. */
static void a_large_body_is_spooled_whole(void)
{
	char want[64];
	unsigned sum = 0;

	for (size_t i = 0; i < BODY_MAX; i++) {
		large[i] = (char)('a' + i % 23);
		sum = sum * 31 + (unsigned char)large[i];
	}
	(void)snprintf(want, sizeof want, "body=%d sum=%u", BODY_MAX, sum);
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p");
	put_body(&x, large, BODY_MAX);
	CONTAINS(finish(&x, SIZE_MAX), want);
}

static void a_body_above_the_ceiling_is_413(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "-1");
	put_body(&x, large, BODY_MAX + 1);

	const char *text = finish(&x, SIZE_MAX);

	CONTAINS(text, "Status: 413 Content Too Large");
	CONTAINS(text, "{\"detail\":\"Request body too large. Maximum size is 3145728 bytes.\"}");
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "3145729");
	CONTAINS(finish(&x, SIZE_MAX), "Status: 413");
}

static void a_body_that_ends_early_is_400(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "6");
	put_body(&x, "hello", 5);
	CONTAINS(finish(&x, SIZE_MAX), "Status: 400 Bad Request");
}

static void request_ids_are_ours_or_made(void)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_REQUEST_ID", "abc-1.2_3");
	put_body(&x, "", 0);
	CONTAINS(finish(&x, SIZE_MAX), "X-Request-ID: abc-1.2_3\r\n");
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_REQUEST_ID", "a\r\nSet-Cookie: b");
	put_body(&x, "", 0);

	const char *text = finish(&x, SIZE_MAX);

	CU_ASSERT_PTR_NULL(strstr(text, "Set-Cookie"));
	CONTAINS(text, "X-Request-ID: ");
}

static void every_answer_has_the_common_headers(void)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/");
	put_body(&x, "", 0);

	const char *text = finish(&x, SIZE_MAX);

	CONTAINS(text, "X-Code-Execution-Version: " PACKAGE_VERSION "\r\n");
	CONTAINS(text, "X-Code-Execution-Version-Tag: v" PACKAGE_VERSION "\r\n");
	CONTAINS(text, "Cache-Control: no-store\r\n");
	CONTAINS(text, "X-Content-Type-Options: nosniff\r\n");
	CONTAINS(text, "Content-Length: ");
}

static void head_has_the_length_but_no_body(void)
{
	BEGIN("REQUEST_METHOD", "HEAD", "PATH_INFO", "/");
	put_body(&x, "", 0);

	const char *text = finish(&x, SIZE_MAX);
	const char *end = strstr(text, "\r\n\r\n");

	CONTAINS(text, "Content-Length: ");
	CU_ASSERT_PTR_NULL(strstr(text, "Content-Length: 0"));
	CU_ASSERT(end && end[4] == '\0');
}

/* What no web server sends must not end the worker: the next request is served. */
static void garbage_does_not_end_the_worker(void)
{
	static const struct { const char *bytes; size_t len; } rows[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
		{ "\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16 },
		{ "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\4\0\0\377\377\377\377", 28 },
		{ "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\2\0\1\0\0\0\0", 24 },
		{ "\1\11\0\0\0\0\0\0", 8 },
		{ "\1", 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		CU_ASSERT_EQUAL(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
		(void)!send(fd, rows[i].bytes, rows[i].len, MSG_NOSIGNAL);
		close(fd);
		BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/alive");
		put_body(&x, "", 0);
		CONTAINS(finish(&x, SIZE_MAX), "GET /alive");
	}
}

static void stop_ends_the_worker_between_requests(void)
{
	int status = -1;

	close(stop[1]);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "the path is SCRIPT_NAME and PATH_INFO", the_path_is_script_name_and_path_info },
		{ "one byte at a time is the same", one_byte_at_a_time_is_the_same },
		{ "a length that is none is unknown", a_length_that_is_none_is_unknown },
		{ "a parameter that comes twice is noticed", a_parameter_that_comes_twice_is_noticed },
		{ "a large body is spooled whole", a_large_body_is_spooled_whole },
		{ "a body above the ceiling is 413", a_body_above_the_ceiling_is_413 },
		{ "a body that ends early is 400", a_body_that_ends_early_is_400 },
		{ "request ids are ours or made", request_ids_are_ours_or_made },
		{ "every answer has the common headers", every_answer_has_the_common_headers },
		{ "HEAD has the length but no body", head_has_the_length_but_no_body },
		{ "garbage does not end the worker", garbage_does_not_end_the_worker },
		{ "stop ends the worker between requests", stop_ends_the_worker_between_requests },
		{ NULL, NULL },
	};

	signal(SIGPIPE, SIG_IGN);
	start();

	int status = tap_run("request", tests);

	unlink(address.sun_path);
	rmdir(dir);
	return status;
}
