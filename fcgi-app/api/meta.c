/* SPDX-License-Identifier: Apache-2.0 */
/* What the service says about itself: its card, its version, that it lives. */
#include "fcgi-app/api/api.h"
#include "lib/json.h"

#include <string.h>

enum { API_CONTRACT = 1 };

bool api_index(struct app *app, struct request *req, struct response *res, struct error *err)
{
	struct json_out o = { .to = &res->body };

	(void)app;
	(void)req;
	(void)err;
	json_begin(&o, '{');
	json_key_str(&o, "message", "Code Execution Gateway");
	json_key_str(&o, "version", "v" PACKAGE_VERSION);
	json_key_str(&o, "execute_endpoint", "/execute");
	json_key_str(&o, "render_endpoint", "/api/render");
	json_key_str(&o, "latex_render_endpoint", "/api/latex/render");
	json_key_str(&o, "version_endpoint", "/version");
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
	for (size_t i = 0; i < sizeof features / sizeof *features; i++)
		json_key_bool(o, features[i], true);
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
	json_key_str(&o, "version", PACKAGE_VERSION);
	json_key_str(&o, "tag", "v" PACKAGE_VERSION);
	json_key_int(&o, "api_contract_version", API_CONTRACT);
	json_key_bool(&o, "beta", c->public_beta_mode || config_names_beta(c));
	json_key_str(&o, "active_execution_version", "v1");
	json_key_str(&o, "default_execution_version", "v1");
	json_key_strs(&o, "supported_execution_versions", execution);
	json_key_strs(&o, "available_execution_versions", execution);
	json_key_str(&o, "active_rendering_version", c->slide_rendering_version);
	json_key_str(&o, "default_rendering_version", "v1");
	json_key_strs(&o, "supported_rendering_versions", rendering);
	json_key_strs(&o, "available_rendering_versions", rendering);
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
	json_key_str(&o, "status", "ok");
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
