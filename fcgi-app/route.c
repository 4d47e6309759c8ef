/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/route.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NO_BODY = 0, LOCATION_MAX = 16384, HOST_MAX = 255 };

#define BODY(field) offsetof(struct config, field)

static const struct route routes[] = {
#define ROUTE(method, pattern, auth, length, body_max, handle) \
	{ method, pattern, auth, length, body_max, handle },
#include "fcgi-app/route.def"
	{ NULL, NULL, AUTH_OPEN, ROUTE_SHORT, NO_BODY, NULL },
};

static const char *const patterns[] = {
#define ROUTE(method, pattern, auth, length, body_max, handle) pattern,
#include "fcgi-app/route.def"
	NULL,
};

const char *const *route_patterns(void)
{
	return patterns;
}

static size_t ceiling(const struct config *c, size_t at)
{
	int64_t bytes;

	memcpy(&bytes, (const char *)c + at, sizeof bytes);
	return (size_t)bytes;
}

size_t route_body_max(const struct route *route, const struct config *c)
{
	if (route->body_max == BODY(latex_render_max_request_body_bytes))
		return (size_t)config_latex_body(c);
	return route->body_max == NO_BODY ? 0 : ceiling(c, route->body_max);
}

/* *id is where the {id} of the path begins; NULL when the pattern has none. */
static bool matches(const char *pattern, const char *path, const char **id)
{
	size_t fixed = strcspn(pattern, "{");

	*id = NULL;
	if (strncmp(pattern, path, fixed) != 0)
		return false;
	if (!pattern[fixed])
		return !path[fixed];
	*id = path + fixed;
	return **id && !strchr(*id, '/');
}

/* The next line whose pattern fits; from NULL on, the first.  There are no docs that are off. */
static const struct route *next_for(const struct config *c, const char *path,
                                    const struct route *after, const char **id)
{
	for (const struct route *r = after ? after + 1 : routes; r->pattern; r++)
		if ((r->auth != AUTH_DOCS || c->enable_docs) && matches(r->pattern, path, id))
			return r;
	return NULL;
}

static bool answers(const struct route *r, const char *method)
{
	return strcmp(r->method, method) == 0
	    || (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
}

static const struct route *line_for(const struct config *c, const char *method,
                                    const char *path, const char **id)
{
	const struct route *r = next_for(c, path, NULL, id);

	while (r && !answers(r, method))
		r = next_for(c, path, r, id);
	return r;
}

/* ---- what needs no line of the table */

static void allow(const struct config *c, struct request *req, struct response *res)
{
	char methods[64] = "";
	const char *id;

	for (const struct route *r = NULL; (r = next_for(c, req->path, r, &id));) {
		size_t used = strlen(methods);
		const char *head = strcmp(r->method, "GET") == 0 ? ", HEAD" : "";

		(void)snprintf(methods + used, sizeof methods - used, "%s%s%s", used ? ", " : "",
		               r->method, head);
	}
	response_header(res, "Allow", arena_strdup(&req->arena, methods));
}

static bool is_host(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz" "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                       "0123456789" ".-_:[]");

	return len > 0 && len <= HOST_MAX && !s[len];
}

/* Bytes that are neither in `plain` nor letters and digits become %XX. */
static void put_escaped(struct buf *to, struct slice s, const char *plain)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

		if (alnum || (c && strchr(plain, c)))
			buf_putc(to, (char)c);
		else
			buf_printf(to, "%%%02X", c);
	}
}

static bool answer_redirect(struct app *app, struct request *req, struct response *res,
                            struct error *err)
{
	auto_buf location = BUF_INIT(LOCATION_MAX);
	struct slice path = { req->path, strlen(req->path) - 1 };
	struct slice query = { req->query, strlen(req->query) };

	(void)app;
	if (is_host(req->host))
		buf_printf(&location, "%s://%s", req->scheme, req->host);
	put_escaped(&location, path, "/._~-");
	if (query.len)
		buf_putc(&location, '?');
	put_escaped(&location, query, "!$%&'()*+,-./:;=?@_~");
	if (location.full)
		return fail(err, ERR_NOT_FOUND, "Not Found");
	res->status = 307;
	response_header(res, "Location", arena_strdup(&req->arena, location.data));
	return true;
}

static const struct route redirect = {
	.method = "*", .pattern = "*", .handle = answer_redirect,
};

/* The line of a path with one slash too many at its end. */
static const struct route *without_slash(const struct config *c, struct request *req)
{
	size_t len = strlen(req->path);
	const char *id;

	if (len < 2 || req->path[len - 1] != '/' || strstr(req->path, "//"))
		return NULL;
	return next_for(c, arena_strndup(&req->arena, req->path, len - 1), NULL, &id);
}

/* By the declared length alone, and whatever the path: a body that large is not looked at. */
static bool is_declared_too_large(const struct config *c, const struct request *req,
                                  struct error *err)
{
	const char *id;
	const struct route *r = line_for(c, req->method, req->path, &id);
	size_t max = r && r->body_max ? route_body_max(r, c) : (size_t)c->max_request_body_size;
	bool has_body = strcmp(req->method, "POST") == 0 || strcmp(req->method, "PUT") == 0
	             || strcmp(req->method, "PATCH") == 0;

	if (!has_body || req->length < 0 || (uint64_t)req->length <= max)
		return false;
	fail(err, ERR_TOO_LARGE, "Request body too large. Maximum size is %zu bytes.", max);
	return true;
}

const struct route *route_find(const struct config *c, struct request *req, struct response *res,
                               struct error *err)
{
	const struct route *known = next_for(c, req->path, NULL, &req->resource);
	const struct route *meant = known ? known : without_slash(c, req);

	req->route = meant ? meant->pattern : NULL;
	if (is_declared_too_large(c, req, err))
		return NULL;
	if (!meant) {
		fail(err, ERR_NOT_FOUND, "Not Found");
		return NULL;
	}
	if (!known)
		return &redirect;

	const struct route *line = line_for(c, req->method, req->path, &req->resource);

	if (line)
		return line;
	allow(c, req, res);
	fail(err, ERR_METHOD, "Method Not Allowed");
	return NULL;
}
