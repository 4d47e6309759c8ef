/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/api.h"

#include "tests/unit/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the handler says with these settings; good until the next call. */
static const char *ask(handler *handle, const char *app_env, bool beta_mode, const char *rendering)
{
	static struct response res;
	struct config config = {
		.app_env = app_env, .public_beta_mode = beta_mode, .slide_rendering_version = rendering,
	};
	struct app app = { .config = &config };
	struct request req = { .method = "GET" };
	struct error err = { 0 };

	response_finish(&res);
	response_init(&res, 65536);
	CU_ASSERT(handle(&app, &req, &res, &err));
	CU_ASSERT_EQUAL(res.status, 200);
	return res.body.data;
}

static void the_version_has_all_its_keys(void)
{
	CU_ASSERT_STRING_EQUAL(
		ask(api_version, "development", false, "v2"),
		"{\"version\":\"" PACKAGE_VERSION "\",\"tag\":\"v" PACKAGE_VERSION "\","
		"\"api_contract_version\":1,\"beta\":false,"
		"\"active_execution_version\":\"v1\",\"default_execution_version\":\"v1\","
		"\"supported_execution_versions\":[\"v1\"],\"available_execution_versions\":[\"v1\"],"
		"\"active_rendering_version\":\"v2\",\"default_rendering_version\":\"v1\","
		"\"supported_rendering_versions\":[\"v1\",\"v2\"],"
		"\"available_rendering_versions\":[\"v1\",\"v2\"],"
		"\"features\":{\"gateway_version_headers\":true,\"persistent_sessions\":true,"
		"\"input_files\":true,\"pip_packages\":true,\"slide_rendering\":true,"
		"\"slide_renderer_version_headers\":true}}");
}

static bool is_beta(const char *app_env, bool beta_mode)
{
	return strstr(ask(api_version, app_env, beta_mode, "v1"), "\"beta\":true") != NULL;
}

static void a_beta_is_named_or_switched_on(void)
{
	CU_ASSERT(is_beta("beta", false));
	CU_ASSERT(is_beta("public_beta", false));
	CU_ASSERT(is_beta("public-beta", false));
	CU_ASSERT(is_beta("production", true));
	CU_ASSERT_FALSE(is_beta("production", false));
	CU_ASSERT_FALSE(is_beta("betamax", false));
}

static void the_card_names_the_version(void)
{
	CU_ASSERT_STRING_EQUAL(
		ask(api_index, "development", false, "v1"),
		"{\"message\":\"Code Execution Gateway\",\"version\":\"v" PACKAGE_VERSION "\","
		"\"execute_endpoint\":\"/execute\",\"render_endpoint\":\"/api/render\","
		"\"latex_render_endpoint\":\"/api/latex/render\",\"version_endpoint\":\"/version\"}");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "the version has all its keys", the_version_has_all_its_keys },
		{ "a beta is named or switched on", a_beta_is_named_or_switched_on },
		{ "the card names the version", the_card_names_the_version },
		{ NULL, NULL },
	};

	return tap_run("meta", tests);
}
