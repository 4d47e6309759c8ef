/* SPDX-License-Identifier: Apache-2.0 */
/* Create, inspect and delete a session (contract 1.2.3 to 1.2.5). */
#include "fcgi-app/api/api.h"
#include "fcgi-app/api/check.h"
#include "fcgi-app/policy/session.h"

static const struct field create_fields[] = {
	{ "enable_network", FIELD_BOOL, .at = offsetof(struct session_options, network) },
	{ "inject_sandbox_env", FIELD_BOOL, .at = offsetof(struct session_options, inject_env) },
	{ .name = NULL },
};

static void put_seconds(struct json_out *o, const char *key, int64_t ms)
{
	json_key(o, key);
	json_put_fixed(o, (double)ms / 1000, 3);
}

static void put_session(struct response *res, const struct session *s)
{
	struct json_out o = { .to = &res->body };

	json_begin(&o, '{');
	json_key_str(&o, "container_id", s->id);
	json_key_str(&o, "status", "active");
	put_seconds(&o, "uptime_seconds",
	            s->now_ms > s->created_ms ? s->now_ms - s->created_ms : 0);
	put_seconds(&o, "last_activity", s->active_ms);
	put_seconds(&o, "expires_at", s->expires_ms);
	json_key_int(&o, "execution_count", s->executions);
	json_key_int(&o, "max_executions", s->max_executions);
	json_key_str(&o, "docker_daemon_id", s->daemon_id);
	json_key_bool(&o, "network_enabled", s->network);
	json_end(&o, '}');
}

bool api_session_create(struct app *app, struct request *req, struct response *res,
                        struct error *err)
{
	auto_check check = { .config = app->config, .req = req, .res = res };
	struct session_options wanted = { 0 };
	struct session made;

	if (!check_body(&check, create_fields, &wanted, err))
		return false;
	if (!session_create(&app->backend, &req->arena, req->who, wanted, &made, err))
		return false;
	req->resource = made.id;
	put_session(res, &made);
	return true;
}

bool api_session_inspect(struct app *app, struct request *req, struct response *res,
                         struct error *err)
{
	struct session found;

	if (!session_inspect(&app->backend, &req->arena, req->who, req->resource, &found, err))
		return false;
	put_session(res, &found);
	return true;
}

bool api_session_delete(struct app *app, struct request *req, struct response *res,
                        struct error *err)
{
	struct json_out o = { .to = &res->body };

	if (!session_delete(&app->backend, &req->arena, req->who, req->resource, err))
		return false;
	json_begin(&o, '{');
	json_key_str(&o, "status", "success");
	json_key_str(&o, "message",
	             arena_printf(&req->arena, "Container %s removed.", req->resource));
	json_end(&o, '}');
	return true;
}
