/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters, each ended by a NUL: every field is there, in range, and from no other name's value. */
#include "lib/id.h"
#include "lib/params.h"
#include "tests/fuzz/fuzz.h"

enum { PARAMS_MAX = 64 };

static size_t count(char *const *envp, const char *name, const char **last)
{
	size_t n = 0, len = strlen(name);

	for (; *envp; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=') {
			*last = *envp + len + 1;
			n++;
		}
	return n;
}

static void must_be(char *const *envp, const char *name, const char *read)
{
	const char *last = "";

	must(count(envp, name, &last) == 1 ? read && strcmp(read, last) == 0 : !read || !*read);
}

static void check(const struct request *req, char *const *envp)
{
	const char *sent = "", *uri = "";

	must_be(envp, "REQUEST_METHOD", req->method);
	must_be(envp, "QUERY_STRING", req->query);
	must_be(envp, "HTTP_HOST", req->host);
	must_be(envp, "HTTP_X_API_KEY", req->api_key);
	must(req->ambiguous || count(envp, "HTTP_X_API_KEY", &sent) < 2);
	must(req->length >= -1 && (!strcmp(req->scheme, "http") || !strcmp(req->scheme, "https")));
	must(id_is_request(req->id));
	if (count(envp, "HTTP_X_REQUEST_ID", &sent) == 1 && id_is_request(sent))
		must(strcmp(req->id, sent) == 0);
	must(count(envp, "HTTP_AUTHORIZATION", &sent) < 2 || strstr(req->authorization, ", "));
	if (count(envp, "REQUEST_URI", &uri) == 1 && strstr(uri, "%00") && !strchr(uri, '?'))
		must(!*req->path);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	char *copy = fuzz_copy(in, len, true), *envp[PARAMS_MAX + 1] = { NULL };
	struct request req = { .body = NULL };
	size_t n = 0;

	for (char *at = copy; at < copy + len && n < PARAMS_MAX; at += strlen(at) + 1)
		envp[n++] = at;
	params_read(&req, envp);
	check(&req, envp);
	arena_finish(&req.arena);
	free(copy);
	return 0;
}
