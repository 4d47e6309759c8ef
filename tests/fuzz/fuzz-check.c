/* SPDX-License-Identifier: Apache-2.0 */
/* A body asks for a run, or is told what is wrong, in a list that is JSON and not long. */
#include "fcgi-app/api/api.h"
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/asked.h"

enum { MOST = 1 << 20, LIST_MAX = 300 * 1024 };

static const struct config config = {
	.max_timeout = 120, .max_file_name_length = 128, .max_input_files = 2,
};

static void check(handler *handle, const uint8_t *in, size_t len)
{
	struct app app = { .config = &config };
	struct request req = { .content_type = "application/json", .body_len = len };
	struct response res = { .body = BUF_INIT(MOST) };
	struct error err = { .kind = ERR_NONE };
	struct json_fault fault;

	req.body = fuzz_copy(in, len, true);
	*asked = '\0';
	must(!handle(&app, &req, &res, &err));
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
	check(api_execute, in, len);
	check(api_session_create, in, len);
	return 0;
}
