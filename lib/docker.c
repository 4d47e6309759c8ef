/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/docker.h"

#include "lib/cleanup.h"
#include "lib/curl.h"
#include "lib/id.h"
#include "lib/json.h"
#include "lib/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_ANSWER = 1024 * 1024, MAX_LIST = 8 * 1024 * 1024, MAX_PATH = 1024,
};

struct docker {
	struct curl *curl;
	int64_t timeout_ms;
};

/* An answer and the tree of its body, when it has one. */
struct answer {
	struct curl_answer http;
	struct json_doc *doc;
};

static void answer_finish(struct answer *a)
{
	json_close(&a->doc);
	buf_finish(&a->http.body);
}

#define auto_answer __attribute__((cleanup(answer_finish))) struct answer
#define ANSWER_INIT { .http = { .body = BUF_INIT(MAX_ANSWER) } }

struct docker *docker_open(const struct docker_options *o, struct error *err)
{
	const struct curl_options endpoint = {
		.endpoint = *o->host ? o->host : "unix:///var/run/docker.sock",
		.cert_dir = *o->cert_dir ? o->cert_dir : NULL,
		.connect_timeout_ms = o->timeout_ms,
	};
	struct curl *curl = curl_open(&endpoint, err);

	if (!curl) {
		fail_while(err, "opening %s", endpoint.endpoint);
		return NULL;
	}

	struct docker *d = calloc(1, sizeof *d);

	if (!d)
		abort();
	d->curl = curl;
	d->timeout_ms = o->timeout_ms;
	return d;
}

void docker_close(struct docker **d)
{
	if (!*d)
		return;
	curl_close(&(*d)->curl);
	free(*d);
	*d = NULL;
}

struct curl *docker_curl(struct docker *d)
{
	return d->curl;
}

static const struct json *root(const struct answer *a)
{
	return a->doc ? json_root(a->doc) : NULL;
}

static struct slice text_of(const struct answer *a, const struct json *node)
{
	bool is_text = node && json_type(node) == JSON_STRING;

	return is_text ? json_string(a->doc, node) : (struct slice){ "", 0 };
}

/* One call.  True for any whole answer: the status is the caller's to judge. */
static bool call(struct docker *d, const struct curl_request *ask, struct deadline deadline,
                 struct answer *a, struct error *err)
{
	struct deadline first = deadline_first(deadline, deadline_in_ms(d->timeout_ms));
	struct json_fault fault;

	if (!curl_exchange(d->curl, ask, first, &a->http, err))
		return fail_while(err, "Docker: %s %s", ask->method, ask->path_query);
	if (a->http.body.len > 0)
		a->doc = json_parse_peer(a->http.body.data, a->http.body.len, &fault);
	return true;
}

/* What an unwelcome status means, with Docker's own message for the log. */
static bool refused(const struct answer *a, const char *what, struct error *err)
{
	struct slice words = text_of(a, json_member(root(a), "message"));
	enum err_kind kind = a->http.status == 404 ? ERR_NOT_FOUND
	                   : a->http.status == 409 ? ERR_CONFLICT : ERR_UNAVAILABLE;

	return fail_hidden(err, kind, "Docker: %s: status %u: %.*s", what, a->http.status,
	                   (int)words.len, words.at);
}

/* Starting and removing have nothing to tell: a 200 is some proxy's, or an answer cut short. */
static bool is_done(const struct answer *a)
{
	return a->http.status == 204;
}

static bool is_success(const struct answer *a)
{
	return a->http.status >= 200 && a->http.status < 300;
}

/* A call whose answer must be a success. */
static bool ask(struct docker *d, const struct curl_request *request, struct deadline deadline,
                struct answer *a, struct error *err)
{
	return call(d, request, deadline, a, err)
	    && (is_success(a) || refused(a, request->path_query, err));
}

bool docker_ping(struct docker *d, struct deadline deadline, struct error *err)
{
	auto_answer a = ANSWER_INIT;

	return ask(d, &(struct curl_request){ "GET", "/_ping", NULL }, deadline, &a, err);
}

bool docker_info(struct docker *d, struct arena *arena, struct deadline deadline,
                 const char **id, const char **name, struct error *err)
{
	auto_answer a = ANSWER_INIT;

	if (!ask(d, &(struct curl_request){ "GET", "/v1.41/info", NULL }, deadline, &a, err))
		return false;

	struct slice found = text_of(&a, json_member(root(&a), "ID"));

	if (found.len == 0)
		return fail_hidden(err, ERR_UNAVAILABLE, "Docker: /info names no ID");
	*id = arena_copy(arena, found).at;
	*name = arena_copy(arena, text_of(&a, json_member(root(&a), "Name"))).at;
	return true;
}

/* Into a path segment: all but RFC 3986's unreserved as %XX. */
static bool escape(char *to, size_t room, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t n = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (n + 4 > room)
			return false;
		if (strchr(plain, c)) {
			to[n++] = (char)c;
			continue;
		}
		to[n++] = '%';
		to[n++] = hex[c >> 4];
		to[n++] = hex[c & 15];
	}
	to[n] = '\0';
	return true;
}

bool docker_image(struct docker *d, struct arena *arena, const char *image,
                  struct deadline deadline, const char **id, struct error *err)
{
	auto_answer a = ANSWER_INIT;
	char name[MAX_PATH / 2], path[MAX_PATH];

	if (!escape(name, sizeof name, image))
		return fail_hidden(err, ERR_NOT_FOUND, "an image name of %zu bytes", strlen(image));
	(void)snprintf(path, sizeof path, "/v1.41/images/%s/json", name);
	if (!ask(d, &(struct curl_request){ "GET", path, NULL }, deadline, &a, err))
		return false;

	struct slice found = text_of(&a, json_member(root(&a), "Id"));

	if (found.len == 0)
		return fail_hidden(err, ERR_UNAVAILABLE, "Docker: the image has no id");
	*id = arena_copy(arena, found).at;
	return true;
}

bool docker_create(struct docker *d, const char *name, const struct buf *body,
                   struct deadline deadline, char id[static 65], struct error *err)
{
	auto_answer a = ANSWER_INIT;
	char escaped[MAX_PATH / 2], path[MAX_PATH];

	if (body->full || !escape(escaped, sizeof escaped, name))
		return fail_hidden(err, ERR_INTERNAL, "a create body too large");
	(void)snprintf(path, sizeof path, "/v1.41/containers/create?name=%s", escaped);
	if (!ask(d, &(struct curl_request){ "POST", path, body->data }, deadline, &a, err))
		return false;

	struct slice found = text_of(&a, json_member(root(&a), "Id"));

	if (!id_is_container(found.at))
		return fail_hidden(err, ERR_UNAVAILABLE, "Docker: created, but told no id");
	memcpy(id, found.at, 65);
	return true;
}

/* METHOD /containers/<id><tail>: ids were checked by the caller, so nothing needs escaping. */
static bool call_container(struct docker *d, const char *method, const char *id, const char *tail,
                           struct deadline deadline, struct answer *a, struct error *err)
{
	char path[MAX_PATH];

	(void)snprintf(path, sizeof path, "/v1.41/containers/%s%s", id, tail);
	return call(d, &(struct curl_request){ method, path, NULL }, deadline, a, err);
}

bool docker_start(struct docker *d, const char *id, struct deadline deadline, struct error *err)
{
	auto_answer a = ANSWER_INIT;

	return call_container(d, "POST", id, "/start", deadline, &a, err)
	    && (is_done(&a) || a.http.status == 304 || refused(&a, "start", err));
}

bool docker_inspect(struct docker *d, struct arena *arena, const char *id,
                    struct deadline deadline, struct docker_container *out, struct error *err)
{
	auto_answer a = ANSWER_INIT;

	if (!call_container(d, "GET", id, "/json", deadline, &a, err))
		return false;
	if (!is_success(&a))
		return refused(&a, "inspect", err);

	const struct json *running = json_member(json_member(root(&a), "State"), "Running");

	/* What is told of no container must not be taken for one that has stopped. */
	if (!running)
		return fail_hidden(err, ERR_UNAVAILABLE, "Docker: inspected, but told nothing");

	struct slice name = text_of(&a, json_member(root(&a), "Name"));
	size_t slash = name.len > 0 && name.at[0] == '/';

	*out = (struct docker_container){
		.id = arena_strdup(arena, id),
		.name = arena_strndup(arena, name.at + slash, name.len - slash),
		.running = json_true(running),
	};
	return true;
}

bool docker_remove(struct docker *d, const char *id, struct deadline deadline, struct error *err)
{
	auto_answer a = ANSWER_INIT;

	return call_container(d, "DELETE", id, "?force=true&v=true", deadline, &a, err)
	    && (is_done(&a) || a.http.status == 404 || a.http.status == 409
	        || refused(&a, "remove", err));
}

size_t docker_attach_head(struct docker *d, const char *id, char head[static DOCKER_HEAD_MAX])
{
	int n = snprintf(head, DOCKER_HEAD_MAX,
	                 "POST /v1.41/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1"
	                 " HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
	                 "Content-Length: 0\r\n\r\n", id, curl_host(d->curl));

	assert(n > 0 && n < DOCKER_HEAD_MAX);      /* an endpoint is at most half of it */
	return (size_t)n;
}

/* Docker takes the filters as a JSON object in the query. */
static bool filters(char *path, size_t room, const struct docker_pair *label)
{
	auto_buf json = BUF_INIT(1024);
	struct json_out o = { .to = &json };
	char text[512], escaped[MAX_PATH - 64];

	(void)snprintf(text, sizeof text, "%s=%s", label->key, label->value);
	json_begin(&o, '{');
	json_key(&o, "label");
	json_begin(&o, '[');
	json_put_str(&o, text);
	json_end(&o, ']');
	json_end(&o, '}');
	if (json.full || !escape(escaped, sizeof escaped, json.data))
		return false;
	(void)snprintf(path, room, "/v1.41/containers/json?all=true&filters=%s", escaped);
	return true;
}

/*
 * False for what has no id of a container: who lists may want to remove what is on it, and takes
 * what is not for gone.
 */
static bool listed(const struct answer *a, struct arena *arena, const struct json *node,
                   struct docker_container *out)
{
	struct slice name = text_of(a, json_first(json_member(node, "Names")));
	size_t slash = name.len > 0 && name.at[0] == '/';

	*out = (struct docker_container){
		.id = arena_copy(arena, text_of(a, json_member(node, "Id"))).at,
		.name = arena_strndup(arena, name.at + slash, name.len - slash),
		.running = slice_equals(text_of(a, json_member(node, "State")), "running"),
	};
	json_integer(json_member(node, "Created"), &out->created_s);
	return id_is_container(out->id);
}

bool docker_list(struct docker *d, struct arena *arena, const struct docker_pair *label,
                 struct deadline deadline, struct docker_container **list, struct error *err)
{
	auto_answer a = { .http = { .body = BUF_INIT(MAX_LIST) } };
	char path[MAX_PATH];

	if (!filters(path, sizeof path, label))
		return fail_hidden(err, ERR_INTERNAL, "a label too long");
	if (!ask(d, &(struct curl_request){ "GET", path, NULL }, deadline, &a, err))
		return false;
	if (!a.doc || json_type(root(&a)) != JSON_ARRAY)
		return fail_hidden(err, ERR_UNAVAILABLE, "Docker: the list is none");

	size_t n = 0;
	struct docker_container *all = arena_alloc(arena, (json_count(root(&a)) + 1) * sizeof *all);

	for (const struct json *node = json_first(root(&a)); node; node = json_next(node))
		if (!listed(&a, arena, node, &all[n++]))
			return fail_hidden(err, ERR_UNAVAILABLE,
			                   "Docker: the list has what is no container");
	all[n] = (struct docker_container){ .id = NULL };
	*list = all;
	return true;
}
