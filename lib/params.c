/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/params.h"

#include "lib/id.h"
#include "lib/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The parameters we read, and where they go.  None may come twice. */
struct params {
	const char *script_name, *path_info, *request_uri, *length, *id, *https, *scheme;
};

static const struct wanted {
	const char *name;
	size_t at;                         /* in struct request, or in struct params */
	bool is_param;
} wanted[] = {
	{ "REQUEST_METHOD", offsetof(struct request, method), false },
	{ "QUERY_STRING", offsetof(struct request, query), false },
	{ "HTTP_HOST", offsetof(struct request, host), false },
	{ "REMOTE_ADDR", offsetof(struct request, remote), false },
	{ "HTTP_AUTHORIZATION", offsetof(struct request, authorization), false },
	{ "HTTP_X_API_KEY", offsetof(struct request, api_key), false },
	{ "CONTENT_TYPE", offsetof(struct request, content_type), false },
	{ "SCRIPT_NAME", offsetof(struct params, script_name), true },
	{ "PATH_INFO", offsetof(struct params, path_info), true },
	{ "REQUEST_URI", offsetof(struct params, request_uri), true },
	{ "CONTENT_LENGTH", offsetof(struct params, length), true },
	{ "HTTP_X_REQUEST_ID", offsetof(struct params, id), true },
	{ "HTTPS", offsetof(struct params, https), true },
	{ "REQUEST_SCHEME", offsetof(struct params, scheme), true },
};

/* "NAME=value" -> where that name's value belongs, and the value; NULL for names we do not read. */
static const char **place_of(const char *param, struct request *req, struct params *params,
                             const char **value)
{
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		size_t n = strlen(wanted[i].name);

		if (strncmp(param, wanted[i].name, n) != 0 || param[n] != '=')
			continue;
		*value = param + n + 1;

		char *base = wanted[i].is_param ? (char *)params : (char *)req;

		return (const char **)(void *)(base + wanted[i].at);
	}
	return NULL;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/*
 * SCRIPT_NAME + PATH_INFO is the decoded path behind every web server; see request.h.  One with
 * a NUL in it would end there, as another path: it is none.
 */
static const char *path_of(struct request *req, const struct params *p)
{
	const char *script = or_empty(p->script_name), *info = or_empty(p->path_info);
	const char *uri = or_empty(p->request_uri);
	size_t len = strcspn(uri, "?");

	if (memmem(uri, len, "%00", 3))
		return "";
	if (*script || *info)
		return arena_printf(&req->arena, "%s%s", script, info);
	return arena_strndup(&req->arena, uri, len);
}

/* Twice the same is none; two Authorizations become one that is wrong, as web servers do it. */
static void take(struct request *req, const char **place, const char *value)
{
	if (!*place) {
		*place = value;
	} else if (place == &req->authorization) {
		*place = arena_printf(&req->arena, "%s, %s", *place, value);
	} else {
		*place = "";
		req->ambiguous = true;
	}
}

/* Apache and Caddy name the scheme, others say HTTPS=on, or off. */
static bool is_secure(const struct params *p)
{
	return p->scheme ? text_equals_nocase(p->scheme, "https")
	                 : p->https && text_equals_nocase(p->https, "on");
}

void params_read(struct request *req, char *const *envp)
{
	struct params p = { .id = NULL };

	for (char *const *e = envp; *e; e++) {
		const char *value = NULL;
		const char **place = place_of(*e, req, &p, &value);

		if (place)
			take(req, place, value);
	}
	req->method = or_empty(req->method);
	req->query = or_empty(req->query);
	req->host = or_empty(req->host);
	req->remote = or_empty(req->remote);
	req->scheme = is_secure(&p) ? "https" : "http";
	req->path = path_of(req, &p);
	if (!p.length || !text_int(p.length, &req->length) || req->length < 0)
		req->length = -1;
	if (p.id && id_is_request(p.id))
		(void)snprintf(req->id, sizeof req->id, "%s", p.id);
	else
		id_uuid(req->id);
}
