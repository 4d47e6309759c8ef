/* SPDX-License-Identifier: Apache-2.0 */
/* Decode a run with its files, call policy, encode the result (contract 1.2.6, 1.4). */
#include "fcgi-app/policy/execute.h"
#include "fcgi-app/policy/metrics.h"

#include "fcgi-app/api/api.h"
#include "fcgi-app/api/check.h"
#include "fcgi-app/api/result.h"
#include "lib/requirement.h"
#include "lib/text.h"
#include "lib/wire/path.h"
#include "lib/wire/utf8.h"

#include <string.h>

enum { CODE_MAX = 100000 };

struct wanted {
	struct slice container_id;
	size_t language;
	struct slice code;
	int64_t timeout_s;
	bool enable_network;               /* was decided when the session was made */
	struct list pip_packages, files;
};

static const char *const language_words[] = { "python", "bash", NULL };
static const enum run_language languages[] = { RUN_PYTHON, RUN_BASH };

static bool holds(struct slice s, const char *text)
{
	return memmem(s.at, s.len, text, strlen(text));
}

static const char *name_rule(const struct check *c, void *value)
{
	struct slice *name = value;
	size_t max = (size_t)c->config->max_file_name_length, used;
	struct utf8 utf8 = { 0 };

	*name = text_strip(*name);
	if (!name->len)
		return "File name cannot be empty";
	if (utf8_count(&utf8, (const uint8_t *)name->at, name->len, max + 1, &used) > max)
		return arena_printf(&c->req->arena, "File name too long (max %zu chars)", max);
	if (holds(*name, "..") || holds(*name, "\\") || *name->at == '/')
		return "File name contains invalid path segments";
	if (!path_is_safe(name->at, name->len))
		return "File name contains invalid components";
	return NULL;
}

static const char *files_rule(const struct check *c, void *value)
{
	const struct list *files = value;

	if (files->n <= (size_t)c->config->max_input_files)
		return NULL;
	return arena_printf(&c->req->arena, "Too many input files (max %lld)",
	                    (long long)c->config->max_input_files);
}

static const char *package_rule(const struct check *c, struct slice *package)
{
	size_t max = (size_t)c->config->max_pip_package_name_length, used;
	struct utf8 utf8 = { 0 };

	*package = text_strip(*package);
	if (!package->len)
		return "Package name cannot be empty";
	if (utf8_count(&utf8, (const uint8_t *)package->at, package->len, max + 1, &used) > max)
		return arena_printf(&c->req->arena, "Package name too long (max %zu chars)", max);
	return requirement_is_plain(*package) ? NULL : "Package name contains invalid characters";
}

static const char *packages_rule(const struct check *c, void *value)
{
	const struct list *packages = value;
	struct slice *items = packages->items;
	const char *wrong;

	for (size_t i = 0; i < packages->n; i++)
		if ((wrong = package_rule(c, &items[i])))
			return wrong;
	if (packages->n && !c->config->allow_pip_installs)
		return "Pip installations are disabled";
	if (packages->n > (size_t)c->config->max_pip_packages)
		return arena_printf(&c->req->arena, "Too many pip packages (max %lld)",
		                    (long long)c->config->max_pip_packages);
	return NULL;
}

static const struct field file_fields[] = {
	{ "name", FIELD_STRING, .required = true, .at = offsetof(struct input_file, name),
	  .rule = name_rule },
	{ "content", FIELD_STRING, .required = true, .at = offsetof(struct input_file, base64) },
	{ .name = NULL },
};

static const struct field execute_fields[] = {
	{ "container_id", FIELD_STRING, .required = true,
	  .at = offsetof(struct wanted, container_id) },
	{ "language", FIELD_WORD, .at = offsetof(struct wanted, language),
	  .words = language_words },
	{ "code", FIELD_STRING, .required = true, .at = offsetof(struct wanted, code),
	  .low = 1, .high = CODE_MAX },
	{ "timeout", FIELD_INT, .nullable = true, .at = offsetof(struct wanted, timeout_s),
	  .low = 1, .high_setting = offsetof(struct config, max_timeout) },
	{ "enable_network", FIELD_BOOL, .nullable = true,
	  .at = offsetof(struct wanted, enable_network) },
	{ "pip_packages", FIELD_STRINGS, .nullable = true,
	  .at = offsetof(struct wanted, pip_packages), .rule = packages_rule },
	{ "files", FIELD_OBJECTS, .at = offsetof(struct wanted, files),
	  .item = file_fields, .item_size = sizeof(struct input_file), .rule = files_rule },
	{ .name = NULL },
};

/* A NUL follows it; one inside makes it "", which names no session. */
static const char *session_id(struct slice s)
{
	return strlen(s.at) == s.len ? s.at : "";
}

static enum metric_outcome metric_of(bool answered, const struct result *r)
{
	return !answered ? METRIC_REJECTED : r->timed_out ? METRIC_TIMED_OUT
	     : r->error != NULL ? METRIC_FAILED : METRIC_SUCCESSFUL;
}

bool api_execute(struct app *app, struct request *req, struct response *res, struct error *err)
{
	auto_check check = { .config = app->config, .req = req, .res = res };
	auto_result result = { .outcome = OUTCOME_OK };
	struct wanted wanted = { .language = 0 };
	int64_t began_us = now_us();

	if (!check_body(&check, execute_fields, &wanted, err))
		return false;
	req->resource = arena_strdup(&req->arena, session_id(wanted.container_id));

	const struct claim claim = {
		.who = req->who, .session_id = req->resource,
		.bulkhead = app->bulkhead, .worker = app->worker,
		.watch = {
			.client_fd = app->config->cancel_on_disconnect ? request_fd(req) : -1,
			.cancel_fd = app->cancel_fd,
		},
	};
	const struct execution execution = {
		.language = languages[wanted.language],
		.code = wanted.code,
		.timeout_s = wanted.timeout_s,
		.files = wanted.files.items, .n_files = wanted.files.n,
		.packages = wanted.pip_packages.items, .n_packages = wanted.pip_packages.n,
	};

	bool answered = execute_run(&app->backend, &req->arena, &claim, &execution, &result, err);

	metrics_execution(app->backend.metrics, metric_of(answered, &result), now_us() - began_us);
	if (!answered)
		return false;
	result_put(res, app->config, &result);
	return true;
}
