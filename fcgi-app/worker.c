/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation
 *
 * The master (master.c) forks some workers and a janitor, and replaces those that die.  A worker
 * is one process with one thread: it takes one request at a time, and between two of them keeps
 * nothing but its connections to Redis and Docker.  What processes must agree on is in Redis,
 * and, for those of one master, in the bulkhead's page.
 *
 * A request goes through serve(): the table of route.def says what it is; auth tells who sends
 * it; the bulkhead whether there is room for it; then, not before, its body is read; the handler
 * (api/) decodes it, asks policy/ once or twice, and encodes the answer.  The first step that
 * fails has filled the one struct error, and that is the answer.
 *
 * Everything a request allocates is in its arena or ends with a closing brace, so after
 * answer() a worker is as it was.  It fills the place in the pool it took there before it leaves
 * its own, so that those who fill are never all.  No signal ends it: stop_fd does between requests,
 * SIGKILL at any time, for leases in Redis expire by themselves.
 */
#include "fcgi-app/worker.h"

#include "fcgi-app/api/result.h"
#include "fcgi-app/policy/session.h"
#include "fcgi-app/route.h"
#include "lib/id.h"
#include "lib/log.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_TIMEOUT_MS = 60000, PROBLEMS_MAX = 4096, SESSION_SHOWN = 12 };

static bool is_unambiguous(const struct request *req, struct error *err)
{
	return !req->ambiguous || fail(err, ERR_INVALID, "A header was sent more than once.");
}

static bool authenticate(struct app *app, struct request *req, const struct route *route,
                         struct error *err)
{
	const struct credentials given = { req->authorization, req->api_key };

	req->who = auth_check(&app->auth, &req->arena, route->auth, given, err);
	return req->who;
}

/* A body of unknown length may become as large as its route allows. */
static bool take_place(struct app *app, const struct request *req, const struct route *route,
                       struct error *err)
{
	int64_t max = (int64_t)route_body_max(route, app->config);
	int64_t body = req->length >= 0 && req->length < max ? req->length : max;

	return route->length == ROUTE_SHORT
	    || bulkhead_enter(app->bulkhead, app->worker, body, err);
}

static bool serve(struct app *app, struct request *req, struct response *res, struct error *err)
{
	const struct route *route = route_find(app->config, req, res, err);

	return route
	    && is_unambiguous(req, err)
	    && authenticate(app, req, route, err)
	    && take_place(app, req, route, err)
	    && request_read_body(req, route_body_max(route, app->config), err)
	    && route->handle(app, req, res, err);
}

static struct log_field text(const char *key, const char *value)
{
	return (struct log_field){ .key = key, .text = value && *value ? value : NULL };
}

static void log_request(struct request *req, const struct response *res, bool sent,
                        const struct error *err)
{
	const char *slug = error_slug(err->kind);
	enum log_level level = res->status == 500 ? LOG_ERROR
	                     : res->status > 500 ? LOG_WARNING : LOG_INFO;

	log_event(level, "request", (const struct log_field[]){
		text("request_id", req->id),
		text("method", req->method),
		text("route", req->route),
		{ .key = "status", .number = res->status, .is_number = true },
		{ .key = "ms", .number = now_us() - req->started_us, .is_number = true, .decimals = 3 },
		text("remote", req->remote),
		text("principal", req->who ? req->who->log_id : NULL),
		text("session", req->resource && id_is_container(req->resource)
		     ? arena_printf(&req->arena, "%.*s", SESSION_SHOWN, req->resource) : NULL),
		text("outcome", res->outcome ? res->outcome : slug),
		text("client", sent ? NULL : "gone"),
		/* What is wrong with a request may name its files. */
		text("message", err->kind == ERR_INVALID ? NULL : err->msg),
		text("detail", err->detail),
		{ .key = NULL },
	});
}

static void tend(struct app *app, int stop_fd)
{
	struct error err = { .kind = ERR_NONE };

	if (!session_tend(&app->backend, stop_fd, &err))
		log_text(LOG_WARNING, "pool_fill_failed", "%s", error_reason(&err));
}

static void answer(struct app *app, struct request *req, int stop_fd)
{
	struct error err = { .kind = ERR_NONE };
	struct response res;

	response_init(&res, result_max(app->config));
	if (!serve(app, req, &res, &err))
		response_fail(&res, req, &err);

	/* Before it is sent: who has the answer finds it counted. */
	metrics_http(app->backend.metrics, req->method, req->route, res.status,
	             now_us() - req->started_us);

	bulkhead_answer(app->bulkhead, app->worker);

	bool sent = response_send(&res, req);

	log_request(req, &res, sent, &err);
	response_finish(&res);
	request_finish(req);
	tend(app, stop_fd);
	bulkhead_leave(app->bulkhead, app->worker);
}

/* Fails if at all before there is a worker: the master has read the same settings. */
static bool open_auth(struct app *app, struct error *err)
{
	auto_buf problems = BUF_INIT(PROBLEMS_MAX);

	return auth_open(&app->auth, app->config, &problems)
	    || fail(err, ERR_INTERNAL, "%.200s", problems.len > 0 ? problems.data : "");
}

int worker_run(const struct worker *w)
{
	const struct request_options options = {
		.listen_fd = w->listener->fd,
		.queue_ends = w->listener->path,
		.spool_dir = w->config->run_dir,
		.body_timeout_ms = BODY_TIMEOUT_MS,
	};
	struct app app = {
		.config = w->config, .bulkhead = w->bulkhead, .worker = w->number,
		.cancel_fd = w->cancel_fd, .health = w->health,
	};
	struct request req = { .body = NULL };
	struct error err = { .kind = ERR_NONE };

	if (!open_auth(&app, &err) || !request_init(&options, &err)
	    || !backend_open(&app.backend, w->config, &err)) {
		log_text(LOG_ERROR, "worker", "cannot start: %s %s", err.msg, err.detail);
		return EXIT_FAILURE;
	}
	app.backend.metrics = w->metrics;
	app.backend.page = w->page;
	for (enum arrival a; (a = request_accept(&req, w->stop_fd)) != ARRIVAL_STOP;) {
		if (a == ARRIVAL_REQUEST)
			answer(&app, &req, w->stop_fd);
		else
			tend(&app, w->stop_fd);    /* what Redis would not be told after the last one */
	}
	tend(&app, w->stop_fd);
	backend_close(&app.backend);
	auth_close(&app.auth);
	arena_finish(&req.arena);
	return EXIT_SUCCESS;
}
