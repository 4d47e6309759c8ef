/* SPDX-License-Identifier: Apache-2.0 */
/* A body asks for a sound run, or is told what is wrong, in a list that is JSON and not long. */
#include "fcgi-app/api/api.h"
#include "lib/json.h"
#include "lib/requirement.h"
#include "lib/wire/path.h"
#include "lib/wire/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/asked.h"

enum { MOST = 1 << 20, LIST_MAX = 300 * 1024, CODE_MAX = 100000 };

static const struct config config = {
	.max_timeout = 120, .max_file_name_length = 128, .max_input_files = 2,
	.allow_pip_installs = true, .max_pip_packages = 3, .max_pip_package_name_length = 16,
};

static size_t count(struct slice s)
{
	struct utf8 utf8 = { 0 };
	size_t used;

	return utf8_count(&utf8, (const uint8_t *)s.at, s.len, SIZE_MAX, &used);
}

static void check_run(const struct execution *run)
{
	must(run->timeout_s >= 0 && run->timeout_s <= config.max_timeout);
	must(run->code.len > 0 && count(run->code) <= CODE_MAX && utf8_is_valid(run->code.at, run->code.len));
	must(run->n_files <= (size_t)config.max_input_files);
	for (size_t i = 0; i < run->n_files; i++) {
		struct slice name = run->files[i].name;

		must(path_is_safe(name.at, name.len) && !memmem(name.at, name.len, "..", 2));
		must(count(name) <= (size_t)config.max_file_name_length);
	}
	must(run->n_packages <= (size_t)config.max_pip_packages);
	for (size_t i = 0; i < run->n_packages; i++) {
		must(requirement_is_plain(run->packages[i]));
		must(run->packages[i].len <= (size_t)config.max_pip_package_name_length);
	}
}

static void check(handler *handle, const char *type, const uint8_t *in, size_t len)
{
	struct app app = { .config = &config };
	struct request req = { .content_type = type, .body_len = len };
	struct response res = { .body = BUF_INIT(MOST) };
	struct error err = { .kind = ERR_NONE };
	struct json_fault fault;

	req.body = fuzz_copy(in, len, true);
	*asked = '\0';
	asked_run = (struct execution){ .n_files = 0 };
	must(!handle(&app, &req, &res, &err));
	if (asked_run.code.at)
		check_run(&asked_run);
	must(*asked || err.kind == ERR_UNPROCESSABLE || err.kind == ERR_INVALID);
	if (err.kind == ERR_UNPROCESSABLE) {
		must(!res.body.full && res.body.len < LIST_MAX);

		auto_json list = json_parse(res.body.data, res.body.len, &fault);

		must(list && json_count(json_member(json_root(list), "detail")) > 0);
	}
	buf_finish(&res.body);
	arena_finish(&req.arena);
	free(req.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	check(api_execute, "application/json", in, len);
	check(api_session_create, "application/json", in, len);
	check(api_execute, "text/plain", in, len);
	return 0;
}
