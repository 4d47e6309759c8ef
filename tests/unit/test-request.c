/* SPDX-License-Identifier: Apache-2.0 */
/* What the web servers send; the child answers with what it understood. */
#include "tests/unit/exchange.h"
#include "tests/unit/tap.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { BODY_MAX = 3 * 1024 * 1024 };

static struct exchange x;

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

static void the_path_is_script_name_and_path_info(void)
{
	BEGIN("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/a", "PATH_INFO", "/b", "REQUEST_URI", "/x?y",
	      "QUERY_STRING", "q=1", "HTTP_HOST", "h", "CONTENT_LENGTH", "0");
	exchange_body(&x, "", 0, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "GET /a/b?q=1 host=h key=- length=0 body=0");
	BEGIN("REQUEST_METHOD", "GET", "REQUEST_URI", "/only%2Fthis?y");
	exchange_body(&x, "", 0, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "GET /only%2Fthis? host=");
}

static void one_byte_at_a_time_is_the_same(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "5");
	exchange_body(&x, "hello", 5, SIZE_MAX);
	CONTAINS(exchange_finish(&x, 1), "POST /p? host= key=- length=5 body=5");
}

static void a_length_that_is_none_is_unknown(void)
{
	static const char *const lengths[] = { "-1", "", "abc", "+5", "99999999999999999999" };

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", lengths[i]);
		exchange_body(&x, "hello", 5, SIZE_MAX);
		CONTAINS(exchange_finish(&x, SIZE_MAX), "length=-1 body=5");
	}
}

static void a_parameter_that_comes_twice_is_noticed(void)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_API_KEY", "a", "HTTP_X_API_KEY", "b");
	exchange_body(&x, "", 0, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "Status: 400 Bad Request");
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_REQUEST_ID", "a", "HTTP_X_REQUEST_ID", "a");
	exchange_body(&x, "", 0, SIZE_MAX);

	const char *text = exchange_finish(&x, SIZE_MAX);

	CONTAINS(text, "Status: 400 Bad Request");
	CU_ASSERT_PTR_NULL(strstr(text, "X-Request-ID: a\r\n"));
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_OTHER", "a", "HTTP_OTHER", "b");
	exchange_body(&x, "", 0, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "Status: 200 OK");
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
	exchange_body(&x, large, BODY_MAX, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), want);
}

static void a_body_above_the_ceiling_is_413(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "-1");
	exchange_body(&x, large, BODY_MAX + 1, SIZE_MAX);

	const char *text = exchange_finish(&x, SIZE_MAX);

	CONTAINS(text, "Status: 413 Content Too Large");
	CONTAINS(text, "{\"detail\":\"Request body too large. Maximum size is 3145728 bytes.\"}");
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "3145729");
	CONTAINS(exchange_finish(&x, SIZE_MAX), "Status: 413");
}

static void a_body_that_ends_early_is_400(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "6");
	exchange_body(&x, "hello", 5, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "Status: 400 Bad Request");
}

/* Each byte comes well within the time for one read: only the time for all of them can end this. */
static void a_body_that_trickles_is_400(void)
{
	BEGIN("REQUEST_METHOD", "POST", "PATH_INFO", "/p", "CONTENT_LENGTH", "1000000");

	struct pollfd p = { .fd = exchange_connect(), .events = POLLIN };

	for (int i = 0; i < 200 && poll(&p, 1, 100) == 0; i++) {
		(void)send(p.fd, x.sent.data, x.sent.len, MSG_NOSIGNAL);
		buf_reset(&x.sent);
		exchange_put(&x, STDIN, "x", 1);
	}

	const char *text = exchange_read(&x, p.fd);

	CONTAINS(text, "Status: 400 Bad Request");
	CONTAINS(text, "The request body took too long to arrive.");
}

static void request_ids_are_ours_or_made(void)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_REQUEST_ID", "abc-1.2_3");
	exchange_body(&x, "", 0, SIZE_MAX);
	CONTAINS(exchange_finish(&x, SIZE_MAX), "X-Request-ID: abc-1.2_3\r\n");
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", "/", "HTTP_X_REQUEST_ID", "a\r\nSet-Cookie: b");
	exchange_body(&x, "", 0, SIZE_MAX);

	const char *text = exchange_finish(&x, SIZE_MAX);

	CU_ASSERT_PTR_NULL(strstr(text, "Set-Cookie"));
	CONTAINS(text, "X-Request-ID: ");
}

static void head_has_the_length_but_no_body(void)
{
	BEGIN("REQUEST_METHOD", "HEAD", "PATH_INFO", "/");
	exchange_body(&x, "", 0, SIZE_MAX);

	const char *text = exchange_finish(&x, SIZE_MAX);
	const char *end = strstr(text, "\r\n\r\n");

	CONTAINS(text, "Content-Length: ");
	CU_ASSERT_PTR_NULL(strstr(text, "Content-Length: 0"));
	CU_ASSERT(end && end[4] == '\0');
}

static void stop_ends_the_worker_between_requests(void)
{
	int status = exchange_stop();

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
		{ "a body that trickles is 400", a_body_that_trickles_is_400 },
		{ "request ids are ours or made", request_ids_are_ours_or_made },
		{ "HEAD has the length but no body", head_has_the_length_but_no_body },
		{ "stop ends the worker between requests", stop_ends_the_worker_between_requests },
		{ NULL, NULL },
	};

	exchange_serve(answer);
	return tap_run("request", tests);
}
