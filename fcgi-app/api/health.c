/* SPDX-License-Identifier: Apache-2.0 */
/* Whether it works, and for those who may know more: with what, and within which limits (7.3). */
#include "fcgi-app/api/api.h"
#include "fcgi-app/api/metrics.h"
#include "lib/text.h"

/* Begins the answer. */
static struct backend_health put_status(struct app *app, struct response *res, struct json_out *o)
{
	struct backend_health h = health_look(app->health, &app->backend);
	bool healthy = h.docker && h.image && h.redis;

	res->status = healthy ? 200 : 503;
	res->outcome = healthy ? NULL : error_slug(ERR_UNAVAILABLE);
	json_begin(o, '{');
	json_key_str(o, "status", healthy ? "healthy" : "degraded");
	return h;
}

bool api_health(struct app *app, struct request *req, struct response *res, struct error *err)
{
	struct json_out o = { .to = &res->body };

	(void)req;
	(void)err;
	(void)put_status(app, res, &o);
	json_end(&o, '}');
	return true;
}

static const char *auth_mode(const struct config *c)
{
	bool jwt = *c->jwt_secret != '\0', keys = *c->api_keys != '\0';

	return !c->require_auth ? "disabled" : jwt && keys ? "jwt+api_key" : jwt ? "jwt" : "api_key";
}

/* A daemon that was never asked has no name yet. */
static const char *known(const char *name)
{
	return *name != '\0' ? name : NULL;
}

static void put_docker(struct app *app, struct json_out *o, const struct backend_health *h)
{
	const struct config *c = app->config;
	struct error ignored = { 0 };

	if (h->docker && h->redis)
		(void)backend_identify(&app->backend, deadline_in_ms(HEALTH_MS), &ignored);
	json_key_bool(o, "docker_connected", h->docker);
	json_key_str(o, "docker_daemon_id", known(app->backend.daemon_id));
	json_key_str(o, "docker_daemon_name", known(app->backend.daemon_name));
	json_key_bool(o, "sandbox_image_available", h->image);
	json_key_str(o, "sandbox_image", c->sandbox_image);
	json_key_str(o, "sandbox_runtime",
	             *c->sandbox_runtime != '\0' ? c->sandbox_runtime : "default");
	json_key_bool(o, "public_beta_mode", c->public_beta_mode);
	json_key_bool(o, "strong_sandbox_isolation_required", c->require_strong_sandbox_isolation);
}

static void put_metrics(struct app *app, struct request *req, struct json_out *o, bool redis)
{
	struct error ignored = { 0 };
	struct metrics_view view;
	bool read = redis && scrape_read(&app->backend, &req->arena, &view, &ignored);

	json_key(o, "metrics");
	json_begin(o, '{');
	metrics_put_members(o, read ? &view : NULL);
	json_end(o, '}');
}

static void put_origins(struct json_out *o, const char *list)
{
	struct slice rest = text_slice(list), item;

	json_key(o, "cors_origins_configured");
	json_begin(o, '[');
	while (text_next_item(&rest, ',', &item))
		json_put_text(o, item);
	json_end(o, ']');
}

static void put_limits(struct json_out *o, const struct config *c)
{
	json_key_int(o, "max_concurrent_executions", c->max_concurrent_executions);
	json_key_int(o, "max_concurrent_renders", c->max_concurrent_renders);
	json_key_str(o, "active_rendering_version", c->slide_rendering_version);
	json_key_int(o, "render_timeout_seconds", c->render_timeout_seconds);
	json_key_int(o, "latex_render_max_request_body_bytes", config_latex_body(c));
	json_key_int(o, "latex_render_timeout_seconds", c->latex_render_timeout_seconds);
	json_key_int(o, "default_timeout", c->default_timeout);
	json_key_int(o, "session_timeout_seconds", c->session_timeout_seconds);
	json_key_int(o, "max_session_lifetime_seconds", c->max_session_lifetime_seconds);
	json_key_int(o, "max_executions_per_session", c->max_executions_per_session);
}

bool api_health_details(struct app *app, struct request *req, struct response *res,
                        struct error *err)
{
	struct json_out o = { .to = &res->body };
	const struct config *c = app->config;
	struct backend_health h = put_status(app, res, &o);

	(void)err;
	json_key_str(&o, "app_env", c->app_env);
	json_key_str(&o, "auth_mode", auth_mode(c));
	put_docker(app, &o, &h);
	json_key_str(&o, "state_backend", "RedisStateBackend");
	json_key_bool(&o, "state_backend_healthy", h.redis);
	json_key_bool(&o, "cors_enabled", c->enable_cors);
	put_origins(&o, c->cors_allow_origins);
	put_limits(&o, c);
	put_metrics(app, req, &o, h.redis);
	json_end(&o, '}');
	return true;
}
