/* SPDX-License-Identifier: Apache-2.0 */
/* What the service says about itself: its card, its version, that it lives. */
#include "fcgi-app/api/api.h"
#include "lib/json.h"

#include <string.h>

enum { API_CONTRACT = 1 };

static void put_strs(struct json_out *o, const char *key, const char *const *items)
{
	json_key(o, key);
	json_begin(o, '[');
	for (; *items; items++)
		json_put_str(o, *items);
	json_end(o, ']');
}

static void put_member(struct json_out *o, const char *key, const char *text)
{
	json_key(o, key);
	json_put_str(o, text);
}

bool api_index(struct app *app, struct request *req, struct response *res, struct error *err)
{
	struct json_out o = { .to = &res->body };

	(void)app;
	(void)req;
	(void)err;
	json_begin(&o, '{');
	put_member(&o, "message", "Code Execution Gateway");
	put_member(&o, "version", "v" PACKAGE_VERSION);
	put_member(&o, "execute_endpoint", "/execute");
	put_member(&o, "render_endpoint", "/api/render");
	put_member(&o, "latex_render_endpoint", "/api/latex/render");
	put_member(&o, "version_endpoint", "/version");
	json_end(&o, '}');
	return true;
}

static void put_features(struct json_out *o)
{
	static const char *const features[] = {
		"gateway_version_headers", "persistent_sessions", "input_files", "pip_packages",
		"slide_rendering", "slide_renderer_version_headers",
	};

	json_key(o, "features");
	json_begin(o, '{');
	for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
		json_key(o, features[i]);
		json_put_bool(o, true);
	}
	json_end(o, '}');
}

bool api_version(struct app *app, struct request *req, struct response *res, struct error *err)
{
	static const char *const execution[] = { "v1", NULL }, *const rendering[] = { "v1", "v2", NULL };
	const struct config *c = app->config;
	struct json_out o = { .to = &res->body };

	(void)req;
	(void)err;
	json_begin(&o, '{');
	put_member(&o, "version", PACKAGE_VERSION);
	put_member(&o, "tag", "v" PACKAGE_VERSION);
	json_key(&o, "api_contract_version");
	json_put_int(&o, API_CONTRACT);
	json_key(&o, "beta");
	json_put_bool(&o, c->public_beta_mode || config_names_beta(c));
	put_member(&o, "active_execution_version", "v1");
	put_member(&o, "default_execution_version", "v1");
	put_strs(&o, "supported_execution_versions", execution);
	put_strs(&o, "available_execution_versions", execution);
	put_member(&o, "active_rendering_version", c->slide_rendering_version);
	put_member(&o, "default_rendering_version", "v1");
	put_strs(&o, "supported_rendering_versions", rendering);
	put_strs(&o, "available_rendering_versions", rendering);
	put_features(&o);
	json_end(&o, '}');
	return true;
}

bool api_alive(struct app *app, struct request *req, struct response *res, struct error *err)
{
	struct json_out o = { .to = &res->body };

	(void)app;
	(void)req;
	(void)err;
	json_begin(&o, '{');
	put_member(&o, "status", "ok");
	json_end(&o, '}');
	return true;
}

/* For a proxy that asks whether to let a render through: the routes' own rule has answered. */
bool api_key_check(struct app *app, struct request *req, struct response *res, struct error *err)
{
	(void)app;
	(void)req;
	(void)err;
	res->status = 204;
	return true;
}
