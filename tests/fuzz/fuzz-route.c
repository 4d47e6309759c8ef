/* SPDX-License-Identifier: Apache-2.0 */
/* Method, path, query and host, each ended by a NUL: found, or refused; a Location is plain. */
#include "fcgi-app/route.h"
#include "tests/fuzz/fuzz.h"

static const struct config config = { .max_request_body_size = 1000 };

static const char *next(const char **at, const char *end)
{
	const char *text = *at;

	*at += strlen(text);
	*at += *at < end;
	return text;
}

static void check_location(const struct response *res)
{
	for (unsigned i = 0; i < res->n_headers; i++)
		for (const char *c = res->headers[i].value; *c; c++)
			must(*c >= ' ' && *c <= '~' && *c != '"' && *c != '<');
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	char *copy = fuzz_copy(in, len, true);
	const char *at = copy, *end = copy + len;
	struct request req = { .method = next(&at, end), .path = next(&at, end),
	                       .query = next(&at, end), .host = next(&at, end), .scheme = "http" };
	struct response res;
	struct error err = { .kind = ERR_NONE };

	response_init(&res, 1000);

	const struct route *r = route_find(&config, &req, &res, &err);

	must(r ? err.kind == ERR_NONE : err.kind == ERR_NOT_FOUND || err.kind == ERR_METHOD);
	if (r && r->pattern[0] == '*')
		r->handle(NULL, &req, &res, &err);
	check_location(&res);
	response_finish(&res);
	arena_finish(&req.arena);
	free(copy);
	return 0;
}
