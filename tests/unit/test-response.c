/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves for the web server, for each answer the child's table knows. */
#include "tests/unit/exchange.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 100, FILE_SIZE = 200000 };

static struct exchange x;

static const char *wide(struct request *req)
{
	char *value = arena_alloc(&req->arena, 20001);

	memset(value, 'v', 20000);
	return value;
}

static int file_of(size_t len)
{
	FILE *f = tmpfile();

	for (size_t i = 0; i < len; i++)
		(void)putc('a' + (int)(i % 26), f);
	(void)fflush(f);
	return dup(fileno(f));             /* the child does not live long enough to close the other */
}

static void answer(struct request *req)
{
	struct response res;
	struct error err;

	response_init(&res, BODY_MAX);
	if (strcmp(req->path, "/limited") == 0) {
		fail(&err, ERR_LIMITED, "slow \"down\"");
		err.retry_after_s = 7;
		response_fail(&res, req, &err);
	} else if (strcmp(req->path, "/unauthenticated") == 0) {
		fail(&err, ERR_UNAUTHENTICATED, "who?");
		response_fail(&res, req, &err);
	} else if (strcmp(req->path, "/degraded") == 0) {
		res.status = 503;
		buf_puts(&res.body, "{}");
	} else if (strcmp(req->path, "/nothing") == 0) {
		res.status = 204;
	} else if (strcmp(req->path, "/elsewhere") == 0) {
		res.status = 307;
	} else if (strcmp(req->path, "/large") == 0) {
		buf_puts(&res.body, "{");
		buf_append(&res.body, (char[BODY_MAX]){ "" }, BODY_MAX);
	} else if (strcmp(req->path, "/wide") == 0) {
		response_header(&res, "X-Wide", wide(req));
	} else if (strncmp(req->path, "/file", 5) == 0) {
		response_file(&res, "application/zip", file_of(FILE_SIZE), FILE_SIZE);
		if (strcmp(req->path, "/file/wide") == 0)
			response_header(&res, "X-Wide", wide(req));
	} else {
		buf_puts(&res.body, "{}");
		response_header(&res, "X-Split", "a\r\nX-Second: b");
		response_header(&res, "X-Good", "good");
	}
	response_send(&res, req);
	response_finish(&res);
	request_finish(req);
}

static const char *ask(const char *path)
{
	BEGIN("REQUEST_METHOD", "GET", "PATH_INFO", path);
	exchange_body(&x, "", 0, 1);
	return exchange_finish(&x, SIZE_MAX);
}

static void every_answer_has_the_common_headers(void)
{
	const char *text = ask("/");

	CU_ASSERT_EQUAL(strncmp(text, "Status: 200 OK\r\nContent-Type: application/json\r\n", 48), 0);
	CONTAINS(text, "Content-Length: 2\r\n");
	CONTAINS(text, "X-Code-Execution-Version: " PACKAGE_VERSION "\r\n");
	CONTAINS(text, "X-Code-Execution-Version-Tag: v" PACKAGE_VERSION "\r\n");
	CONTAINS(text, "Cache-Control: no-store\r\n");
	CONTAINS(text, "X-Content-Type-Options: nosniff\r\n");
	CONTAINS(text, "X-Request-ID: ");
	CONTAINS(text, "\r\n\r\n{}");
}

static void a_value_cannot_become_a_header(void)
{
	const char *text = ask("/");

	CONTAINS(text, "X-Good: good\r\n");
	CU_ASSERT_PTR_NULL(strstr(text, "X-Split"));
	CU_ASSERT_PTR_NULL(strstr(text, "X-Second"));
}

static void who_is_refused_for_now_is_told_when_to_return(void)
{
	const char *text = ask("/limited");

	CONTAINS(text, "Status: 429 Too Many Requests\r\n");
	CONTAINS(text, "Retry-After: 7\r\n");
	CONTAINS(text, "\r\n\r\n{\"detail\":\"slow \\\"down\\\"\"}");
	text = ask("/degraded");
	CONTAINS(text, "Status: 503 Service Unavailable\r\n");
	CONTAINS(text, "Retry-After: 1\r\n");
	CONTAINS(text, "\r\n\r\n{}");
}

static void a_401_names_its_scheme(void)
{
	CONTAINS(ask("/unauthenticated"), "WWW-Authenticate: Bearer\r\n");
}

static void a_204_has_no_body_nor_talks_of_one(void)
{
	const char *text = ask("/nothing"), *end = strstr(text, "\r\n\r\n");

	CU_ASSERT_PTR_NULL(strstr(text, "\nContent-"));
	CU_ASSERT(end && end[4] == '\0');
}

static void no_body_has_no_type(void)
{
	const char *text = ask("/elsewhere");

	CONTAINS(text, "Content-Length: 0\r\n");
	CU_ASSERT_PTR_NULL(strstr(text, "\nContent-Type: "));
}

static void an_answer_too_large_is_a_500_not_half_of_it(void)
{
	const char *text = ask("/large");

	CONTAINS(text, "Status: 500 Internal Server Error\r\n");
	CONTAINS(text, "\r\n\r\n{\"detail\":\"Internal server error\"}");
	text = ask("/wide");
	CONTAINS(text, "Status: 500 Internal Server Error\r\n");
	CONTAINS(text, "\r\n\r\n{\"detail\":\"Internal server error\"}");
}

static void a_body_may_come_from_a_file(void)
{
	const char *text = ask("/file"), *body = strstr(text, "\r\n\r\n");
	size_t same = 0;

	CONTAINS(text, "Content-Type: application/zip\r\n");
	CONTAINS(text, "Content-Length: 200000\r\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	for (const char *at = body + 4; *at == (char)('a' + (int)(same % 26)); at++)
		same++;
	CU_ASSERT_EQUAL(same, FILE_SIZE);
	text = ask("/file/wide");
	CONTAINS(text, "Status: 500 Internal Server Error\r\n");
	CONTAINS(text, "\r\n\r\n{\"detail\":\"Internal server error\"}");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every answer has the common headers", every_answer_has_the_common_headers },
		{ "a value cannot become a header", a_value_cannot_become_a_header },
		{ "who is refused for now is told when to return",
		  who_is_refused_for_now_is_told_when_to_return },
		{ "a 401 names its scheme", a_401_names_its_scheme },
		{ "a 204 has no body nor talks of one", a_204_has_no_body_nor_talks_of_one },
		{ "no body has no type", no_body_has_no_type },
		{ "an answer too large is a 500, not half of it",
		  an_answer_too_large_is_a_500_not_half_of_it },
		{ "a body may come from a file", a_body_may_come_from_a_file },
		{ NULL, NULL },
	};

	exchange_serve(answer);

	int status = tap_run("response", tests);

	exchange_stop();
	return status;
}
