/* SPDX-License-Identifier: Apache-2.0 */
/* The description of the API, and a viewer for it, where ENABLE_DOCS is set. */
#include "fcgi-app/api/api.h"
#include "lib/text.h"

#include <stddef.h>
#include <string.h>

#define POLICY "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; " \
               "style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

/* do(path, first byte in the program, type, encoding) */
#define FILES(do)                                                                               \
	do("/docs", docs_index, "text/html", NULL)                                              \
	do("/docs/oauth2-redirect", docs_redirect, "text/html", NULL)                           \
	do("/docs/oauth2-redirect.js", docs_redirect_script, "text/javascript", NULL)           \
	do("/docs/start.js", docs_start, "text/javascript", NULL)                               \
	do("/docs/swagger-ui-bundle.js", docs_viewer, "text/javascript", "gzip")                \
	do("/docs/swagger-ui.css", docs_style, "text/css", "gzip")

/* What fcgi-app/docs/embed.S has made of the files. */
#define EMBEDDED(path, name, type, encoding) extern const char name[], name##_end[];
FILES(EMBEDDED)
EMBEDDED("/openapi.json", docs_openapi, "application/json", NULL)

struct file {
	const char *path, *type, *encoding, *begin, *end;
};

static const struct file files[] = {
#define LINE(path, name, type, encoding) \
	{ path, type "; charset=utf-8", encoding, name, name##_end },
	FILES(LINE)
	{ .path = NULL },
};

/* The settings that the description may name: "{max_timeout}" becomes their number. */
static const struct {
	const char *name;
	size_t at;
} numbers[] = {
#define INT(field, name, standard, low, high, sentence) { #field, offsetof(struct config, field) },
#define SIZE INT
#include "fcgi-app/policy/config.def"
};

bool api_docs(struct app *app, struct request *req, struct response *res, struct error *err)
{
	const struct file *f = files;

	(void)app;
	while (f->path && strcmp(f->path, req->path) != 0)
		f++;
	if (!f->path)
		return fail(err, ERR_NOT_FOUND, "Not Found");
	res->content_type = f->type;
	if (f->encoding)
		response_header(res, "Content-Encoding", f->encoding);
	response_header(res, "Content-Security-Policy", POLICY);
	buf_append(&res->body, f->begin, (size_t)(f->end - f->begin));
	return true;
}

/* A word in braces, with its quotes: the version, or a setting. */
static bool put_word(struct buf *to, const struct config *c, struct slice word)
{
	if (slice_equals(word, "version")) {
		buf_puts(to, "\"" PACKAGE_VERSION "\"");
		return true;
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (slice_equals(word, numbers[i].name)) {
			int64_t n;

			memcpy(&n, (const char *)c + numbers[i].at, sizeof n);
			buf_printf(to, "%lld", (long long)n);
			return true;
		}
	return false;
}

bool api_openapi(struct app *app, struct request *req, struct response *res, struct error *err)
{
	const char *at = docs_openapi, *open;

	(void)req;
	while ((open = memmem(at, (size_t)(docs_openapi_end - at), "\"{", 2))) {
		struct slice word = { open + 2, strcspn(open + 2, "}\"") };

		buf_append(&res->body, at, (size_t)(open - at));
		at = word.at + word.len + 2;
		if (!put_word(&res->body, app->config, word))
			return fail_hidden(err, ERR_INTERNAL, "openapi.json: no setting %.*s",
			                   (int)word.len, word.at);
	}
	buf_append(&res->body, at, (size_t)(docs_openapi_end - at));
	return true;
}
