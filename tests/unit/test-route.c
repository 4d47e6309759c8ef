/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/route.h"

#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 1000 };

static struct config config = { .max_request_body_size = BODY_MAX };
static struct request req;
static struct response res;
static struct error err;

static const struct route *find(const char *method, const char *path)
{
	arena_reset(&req.arena);
	req.method = method;
	req.path = path;
	err = (struct error){ .kind = ERR_NONE };
	response_finish(&res);
	response_init(&res, 4096);
	return route_find(&config, &req, &res, &err);
}

/* The value of a header of the answer; "" when it has none. */
static const char *header(const char *name)
{
	for (unsigned i = 0; i < res.n_headers; i++)
		if (strcmp(res.headers[i].name, name) == 0)
			return res.headers[i].value;
	return "";
}

static void start(void)
{
	arena_finish(&req.arena);
	req = (struct request){ .query = "", .host = "gw.test:8000", .scheme = "https" };
}

static void every_endpoint_is_found(void)
{
	static const struct { const char *method, *path; handler *handle; enum auth_class auth; } rows[] = {
		{ "GET", "/", api_index, AUTH_OPEN }, { "GET", "/version", api_version, AUTH_OPEN },
		{ "GET", "/internal/auth/apikey", api_key_check, AUTH_RENDER },
		{ "GET", "/livez", api_alive, AUTH_OPEN }, { "GET", "/health", api_health, AUTH_OPEN },
		{ "GET", "/healthz", api_health, AUTH_OPEN }, { "HEAD", "/readyz", api_health, AUTH_OPEN },
		{ "POST", "/containers", api_session_create, AUTH_API },
		{ "GET", "/containers/x", api_session_inspect, AUTH_API },
		{ "HEAD", "/containers/x", api_session_inspect, AUTH_API },
		{ "DELETE", "/containers/x", api_session_delete, AUTH_API },
		{ "POST", "/execute", api_execute, AUTH_API },
	};

	start();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct route *r = find(rows[i].method, rows[i].path);

		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		CU_ASSERT(r->handle == rows[i].handle && r->auth == rows[i].auth);
		CU_ASSERT_PTR_EQUAL(req.route, r->pattern);
	}
}

static void the_id_is_one_segment(void)
{
	start();
	CU_ASSERT_PTR_NOT_NULL(find("GET", "/containers/a%2Fb c"));
	CU_ASSERT_STRING_EQUAL(req.resource, "a%2Fb c");
	CU_ASSERT_PTR_NULL(find("GET", "/containers/a/b"));
	CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
	CU_ASSERT_PTR_NULL(req.route);
}

static void unknown_paths_are_404(void)
{
	static const char *const paths[] = {
		"", "//", "//version", "/Version", "/version//", "/nosuch", "/nosuch/", "*", "/containers//",
		"/execute/x", "/versions", "/versio",
	};

	start();
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		CU_ASSERT_PTR_NULL(find("GET", paths[i]));
		CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
		CU_ASSERT_STRING_EQUAL(err.msg, "Not Found");
	}
}

static void wrong_methods_are_405_with_all_that_are_right(void)
{
	static const struct { const char *method, *path, *allow; } rows[] = {
		{ "POST", "/", "GET, HEAD" },
		{ "get", "/version", "GET, HEAD" },
		{ "PATCH", "/containers/x", "GET, HEAD, DELETE" },
		{ "OPTIONS", "/containers/x", "GET, HEAD, DELETE" },
		{ "HEAD", "/execute", "POST" },
		{ "GET", "/containers", "POST" },
	};

	start();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CU_ASSERT_PTR_NULL(find(rows[i].method, rows[i].path));
		CU_ASSERT_EQUAL(err.kind, ERR_METHOD);
		CU_ASSERT_STRING_EQUAL(err.msg, "Method Not Allowed");
		CU_ASSERT_STRING_EQUAL(header("Allow"), rows[i].allow);
		CU_ASSERT_PTR_NOT_NULL(req.route);
	}
}

static const char *location(const char *path)
{
	const struct route *r = find("POST", path);

	return r && r->handle(NULL, &req, &res, &err) && res.status == 307 ? header("Location") : "";
}

static void one_slash_too_many_is_led_back(void)
{
	start();
	CU_ASSERT_STRING_EQUAL(location("/version/"), "https://gw.test:8000/version");
	CU_ASSERT_STRING_EQUAL(location("/containers/"), "https://gw.test:8000/containers");
	CU_ASSERT_STRING_EQUAL(location("/containers/a \r\n\"\xc3\xa9%/"),
	                       "https://gw.test:8000/containers/a%20%0D%0A%22%C3%A9%25");
	req.query = "a=b%20\"<";
	CU_ASSERT_STRING_EQUAL(location("/execute/"), "https://gw.test:8000/execute?a=b%20%22%3C");
	req.query = "";
	req.host = "evil/@x";
	CU_ASSERT_STRING_EQUAL(location("/version/"), "/version");
	req.host = "";
	CU_ASSERT_STRING_EQUAL(location("/version/"), "/version");
}

static void a_declared_length_above_the_limit_goes_nowhere(void)
{
	static const char *const paths[] = { "/execute", "/containers", "/nosuch", "/execute/", "/" };

	start();
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		req.length = BODY_MAX + 1;
		CU_ASSERT_PTR_NULL(find("POST", paths[i]));
		CU_ASSERT_EQUAL(err.kind, ERR_TOO_LARGE);
		CU_ASSERT_STRING_EQUAL(err.msg, "Request body too large. Maximum size is 1000 bytes.");
		req.length = BODY_MAX;
		find("POST", paths[i]);
		CU_ASSERT_NOT_EQUAL(err.kind, ERR_TOO_LARGE);
	}
	req.length = BODY_MAX + 1;
	CU_ASSERT_PTR_NOT_NULL(find("GET", "/version"));
	req.length = -1;
	CU_ASSERT_PTR_NOT_NULL(find("POST", "/execute"));
}

static void a_ceiling_is_a_setting(void)
{
	start();
	CU_ASSERT_EQUAL(route_body_max(find("POST", "/execute"), &config), BODY_MAX);
	CU_ASSERT_EQUAL(route_body_max(find("GET", "/version"), &config), 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every endpoint is found", every_endpoint_is_found },
		{ "the id is one segment", the_id_is_one_segment },
		{ "unknown paths are 404", unknown_paths_are_404 },
		{ "wrong methods are 405, with all that are right", wrong_methods_are_405_with_all_that_are_right },
		{ "one slash too many is led back", one_slash_too_many_is_led_back },
		{ "a declared length above the limit goes nowhere", a_declared_length_above_the_limit_goes_nowhere },
		{ "a ceiling is a setting", a_ceiling_is_a_setting },
		{ NULL, NULL },
	};

	return tap_run("route", tests);
}
