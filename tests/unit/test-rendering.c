/* SPDX-License-Identifier: Apache-2.0 */
/* What a client gets of a rendering that has ended, one way or another: headers, archive, error. */
#include "fcgi-app/api/api.h"
#include "tests/unit/asked.h"
#include "tests/unit/tap.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <zip.h>

enum { BODY_MAX = 1 << 20 };

static struct config config;
static struct request req;
static struct response res;
static struct error err;

static const char deck[] = "{\"html\":\"h\"}";

static void fresh(void)
{
	config = (struct config){
		.run_dir = "/tmp", .slide_rendering_version = "v1", .render_timeout_seconds = 9,
		.render_max_html_chars = 40, .render_max_output_bytes = 10000, .render_max_slides = 9,
		.latex_render_timeout_seconds = 8, .latex_max_tex_chars = 20, .latex_max_output_bytes = 10000,
	};
}

static void clear(void)
{
	response_finish(&res);
	arena_finish(&req.arena);
	req = (struct request){ .content_type = "application/json" };
	response_init(&res, BODY_MAX);
	err = (struct error){ .kind = ERR_NONE };
}

/* What comes of a body when the sandbox does that. */
static bool send_body(handler *handle, const char *body, const struct asked_rendering *does)
{
	struct app app = { .config = &config, .backend = { .config = &config } };
	bool ok;

	clear();
	req.body_len = strlen(body);
	req.body = arena_strndup(&req.arena, body, req.body_len);
	asked_rendering = does;
	ok = handle(&app, &req, &res, &err);
	asked_rendering = NULL;
	CU_ASSERT_EQUAL(ok, err.kind == ERR_NONE);
	return ok;
}

static bool send_paper(const char *job_name, const struct asked_rendering *does)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"tex\":\"\\\\TeX\",\"compiler\":\"xelatex\",\"job_name\":\"%s\"}",
	               job_name);
	return send_body(api_latex, body, does);
}

static const char *header(const char *name)
{
	for (unsigned i = 0; i < res.n_headers; i++)
		if (strcmp(res.headers[i].name, name) == 0)
			return res.headers[i].value;
	return "";
}

static bool failed(enum err_kind kind, const char *text)
{
	bool same = err.kind == kind && strcmp(err.msg, text) == 0;

	if (!same)
		printf("# %s: %s (%s)\n", error_slug(err.kind), err.msg, err.detail);
	return same;
}

/* "name=bytes;" of every entry, in the order of the archive. */
static const char *entries(void)
{
	static char text[4096];
	int code, used = 0;
	zip_t *archive = zip_fdopen(res.file, ZIP_CHECKCONS, &code);

	CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
	res.file_len = 0;
	for (zip_uint64_t i = 0; i < (zip_uint64_t)zip_get_num_entries(archive, 0); i++) {
		char bytes[512];
		zip_file_t *file = zip_fopen_index(archive, i, 0);
		zip_int64_t len = zip_fread(file, bytes, sizeof bytes);

		(void)zip_fclose(file);
		used += snprintf(text + used, sizeof text - (size_t)used, "%s=%.*s;",
		                 zip_get_name(archive, i, 0), (int)len, bytes);
	}
	(void)zip_close(archive);
	return text;
}

static bool is_like(const char *text, const char *pattern)
{
	bool same = fnmatch(pattern, text, 0) == 0;

	if (!same)
		printf("# %s\n", text);
	return same;
}

#define STAMP "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z"
#define EXIT(n) .exit = { .outcome = RUN_EXITED, .status = (n) }

static const struct asked_rendering two_slides = {
	EXIT(0), .says = "{\"slides\":2,\"warnings\":3}\n",
	.files = {
		{ "report.json", "{}", NULL }, { "slides/slide_002.png", "two", NULL },
		{ "presentation.pptx", "pptx", NULL }, { "slides/slide_001.png", "one", NULL },
		{ "slides/slide_004.png", "not the next", NULL },
	},
};

static void slides_become_an_archive(void)
{
	fresh();
	CU_ASSERT_FATAL(send_body(api_render, deck, &two_slides));
	CU_ASSERT_STRING_EQUAL(res.content_type, "application/zip");
	CU_ASSERT(is_like(header("Content-Disposition"), "attachment; filename=\"presentation_v1_" STAMP ".zip\""));
	CU_ASSERT_STRING_EQUAL(header("X-Rendering-Version"), "v1");
	CU_ASSERT_STRING_EQUAL(header("X-Renderer-Version"), PACKAGE_VERSION);
	CU_ASSERT_STRING_EQUAL(header("X-Renderer-Version-Tag"), "v" PACKAGE_VERSION);
	CU_ASSERT_STRING_EQUAL(header("X-Slide-Count"), "2");
	CU_ASSERT_STRING_EQUAL(header("X-Render-ID"), "abcdefgh-ijk");
	CU_ASSERT_STRING_EQUAL(header("X-Render-Warnings"), "3");
	CU_ASSERT(is_like(entries(), "presentation_v1_" STAMP ".pptx=pptx;slides/slide_001.png=one;"
	                  "slides/slide_002.png=two;report.json={};"));
}

static void the_version_is_in_the_names(void)
{
	fresh();
	config.slide_rendering_version = "v2";
	CU_ASSERT_FATAL(send_body(api_render, deck, &two_slides));
	CU_ASSERT_STRING_EQUAL(header("X-Rendering-Version"), "v2");
	CU_ASSERT(is_like(header("Content-Disposition"), "attachment; filename=\"presentation_v2_" STAMP ".zip\""));
	CU_ASSERT(is_like(entries(), "presentation_v2_" STAMP ".pptx=pptx;*"));
}

/* A renderer may have been taken over by the page it shows: no line of its own can be made of it. */
static void warnings_are_a_number(void)
{
	static const char *const said[] = { NULL, "no JSON", "{\"warnings\":-1}", "{\"warnings\":\"x\\r\\nA: b\"}", "[]" };
	struct asked_rendering does = two_slides;

	fresh();
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		does.says = said[i];
		CU_ASSERT_FATAL(send_body(api_render, deck, &does));
		CU_ASSERT_STRING_EQUAL(header("X-Render-Warnings"), "0");
	}
}

static void the_end_of_a_deck_is_told(void)
{
	static const char text[] = "{\"error\":\"no slide elements found for selector '.slide'\"}\n";
	static const struct {
		struct asked_rendering does;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{ { EXIT(2), .says = text }, ERR_INVALID, "no slide elements found for selector '.slide'" },
		{ { EXIT(3), .says = "{\"error\":\"page\"}" }, ERR_TIMEOUT, "page" },
		{ { EXIT(2) }, ERR_INTERNAL, "rendering failed" },
		{ { EXIT(2), .says = "{\"error\":\"\"}" }, ERR_INTERNAL, "rendering failed" },
		{ { EXIT(2), .says = "{\"error\":[]}" }, ERR_INTERNAL, "rendering failed" },
		{ { EXIT(1), .says = text }, ERR_INTERNAL, "rendering failed" },
		{ { .exit = { .outcome = RUN_SIGNALED, .status = 2 }, .says = text }, ERR_INTERNAL, "rendering failed" },
		{ { .exit = { .outcome = RUN_TIMED_OUT } }, ERR_TIMEOUT, "render timeout exceeded after 9 seconds" },
		{ { EXIT(0) }, ERR_INTERNAL, "renderer did not report an output file" },
		{ { EXIT(0), .files = { { "presentation.pptx", "p", NULL } } }, ERR_INTERNAL, "rendering failed" },
		{ { EXIT(0), .files = { { "presentation.pptx", NULL, "too large" } } }, ERR_INVALID,
		  "render output exceeds max size of 10000 bytes while adding presentation_v1_" STAMP ".pptx" },
		{ { EXIT(0), .files = { { "presentation.pptx", "p", NULL }, { "slides/slide_001.png", NULL, "x" } } },
		  ERR_INVALID, "render output exceeds max size of 10000 bytes while adding slides/slide_001.png" },
		{ { .lost = ERR_TIMEOUT, .how = "x" }, ERR_TIMEOUT, "render timeout exceeded after 9 seconds" },
		{ { .lost = ERR_INTERNAL, .how = "attach" }, ERR_INTERNAL, "rendering failed" },
		{ { .lost = ERR_CONFLICT, .how = "attach" }, ERR_INTERNAL, "rendering failed" },
		{ { .lost = ERR_UNAVAILABLE, .how = "no Docker" }, ERR_UNAVAILABLE, "no Docker" },
		{ { .lost = ERR_LIMITED, .how = "busy" }, ERR_LIMITED, "busy" },
	};

	fresh();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CU_ASSERT_FALSE(send_body(api_render, deck, &rows[i].does));
		CU_ASSERT_EQUAL(err.kind, rows[i].kind);
		CU_ASSERT(is_like(err.msg, rows[i].text));
	}
}

static void what_it_complained_of_is_for_nobody(void)
{
	const struct asked_rendering does = { EXIT(1), .complains = "Error: x\n    at y\r\n" };

	fresh();
	CU_ASSERT_FALSE(send_body(api_render, deck, &does));
	CU_ASSERT_STRING_EQUAL(err.msg, "rendering failed");
	CU_ASSERT_STRING_EQUAL(err.detail, "outcome 1, status 1 ");
}

static void one_that_was_ended_with_the_gateway_may_be_sent_again(void)
{
	const struct asked_rendering does = { .exit = { .outcome = RUN_CANCELLED } };

	fresh();
	CU_ASSERT_FALSE(send_body(api_render, deck, &does));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(err.retry_after_s, 1);
}

static void an_archive_has_a_ceiling(void)
{
	fresh();
	config.render_max_output_bytes = config.latex_max_output_bytes = 200;
	CU_ASSERT_FALSE(send_body(api_render, deck, &two_slides));
	CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
	CU_ASSERT(is_like(err.msg, "render output exceeds max size of 200 bytes while adding presentation_v1_" STAMP
	                  ".zip"));
	CU_ASSERT_FALSE(send_paper("a", &(struct asked_rendering){ EXIT(0), .files = { { "document.pdf", "pdf", NULL } } }));
	CU_ASSERT_EQUAL(err.kind, ERR_UNPROCESSABLE);
	CU_ASSERT_STRING_EQUAL(res.body.data, "{\"detail\":{\"message\":\"render archive exceeds output size limit\","
	                       "\"error_type\":\"LatexExecutionError\"}}");
}

static const struct asked_rendering document = {
	.exit = { .outcome = RUN_EXITED, .wall_us = 1234567 },
	.files = { { "document.pdf", "%PDF", NULL }, { "compiler.log", "This is TeX", NULL } },
};

static void a_document_becomes_an_archive(void)
{
	fresh();
	CU_ASSERT_FATAL(send_paper("my paper", &document));
	CU_ASSERT_STRING_EQUAL(res.content_type, "application/zip");
	CU_ASSERT_STRING_EQUAL(header("Content-Disposition"), "attachment; filename=\"my-paper.zip\"");
	CU_ASSERT_STRING_EQUAL(header("X-Renderer-Version"), PACKAGE_VERSION);
	CU_ASSERT_STRING_EQUAL(header("X-Renderer-Version-Tag"), "v" PACKAGE_VERSION);
	CU_ASSERT_STRING_EQUAL(header("X-Render-ID"), "abcdefgh-ijk");
	CU_ASSERT_STRING_EQUAL(header("X-PDF-File-Name"), "my-paper.pdf");
	CU_ASSERT_STRING_EQUAL(header("X-LaTeX-Compiler"), "xelatex");
	CU_ASSERT(is_like(entries(), "my-paper.pdf=%PDF;source/main.tex=\\\\TeX;logs/xelatex.log=This is TeX;"
	                  "metadata.json={\"file_name\":\"my-paper.pdf\",\"media_type\":\"application/pdf\","
	                  "\"compiler\":\"xelatex\",\"compiled_at\":\"*-*-*T*:*:*+00:00\","
	                  "\"execution_time\":1.235,\"pdf_size\":4};"));
}

static void a_job_gets_a_plain_name(void)
{
#define TEN "0123456789"
	static const struct { const char *given, *name; } rows[] = {
		{ "thesis", "thesis" }, { "my  report / v2", "my-report-v2" }, { "..hidden..", "hidden" },
		{ "\u00fcber", "ber" }, { "a\u00fc\u00e9b", "a-b" }, { "x_.-", "x" }, { "a-\\u0000\\\"b", "a--b" },
		{ TEN TEN TEN TEN TEN TEN TEN TEN, TEN TEN TEN TEN TEN TEN "0123" },
		{ "--" TEN TEN TEN TEN TEN TEN "0123" "more", TEN TEN TEN TEN TEN TEN "0123" },
	};
	static const char *const none[] = { "._- ", "\u00c4", "\\u0000" };
	char pdf[128];

	fresh();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CU_ASSERT_FATAL(send_paper(rows[i].given, &document));
		(void)snprintf(pdf, sizeof pdf, "%s.pdf", rows[i].name);
		CU_ASSERT_STRING_EQUAL(header("X-PDF-File-Name"), pdf);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		CU_ASSERT_FALSE(send_paper(none[i], &document));
		CU_ASSERT_PTR_NOT_NULL(strstr(res.body.data, "Value error, job_name cannot be empty"));
	}
	CU_ASSERT_FATAL(send_body(api_latex, "{\"tex\":\"t\"}", &document));
	CU_ASSERT_STRING_EQUAL(header("X-PDF-File-Name"), "document.pdf");
	CU_ASSERT_STRING_EQUAL(header("X-LaTeX-Compiler"), "pdflatex");
}

/* ---- documents that come to nothing */

#define OBJECT(message, type, more) "{\"detail\":{\"message\":\"" message "\"," \
	"\"error_type\":\"" type "\"" more "}}"
#define SAYS "{\"message\":\"xelatex failed\",\"error_type\":\"Other\",\"log_excerpt\":\"l.3 \\\\x\\n\",\"errors\":" \
	"[{\"file\":\"main.tex\",\"line\":3,\"message\":\"Undefined control sequence.\",\"more\":1}," \
	"{\"file\":null,\"line\":\"x\",\"message\":\"m\"},{\"file\":\"a\"},7]}"

static void a_document_that_does_not_compile_says_where(void)
{
	static const struct {
		struct asked_rendering does;
		enum err_kind kind;
		const char *body;
	} rows[] = {
		{ { EXIT(1), .says = SAYS }, ERR_UNPROCESSABLE, OBJECT("xelatex failed", "LatexExecutionError",
		  ",\"log_excerpt\":\"l.3 \\\\x\\n\",\"errors\":[{\"file\":\"main.tex\",\"line\":3,"
		  "\"message\":\"Undefined control sequence.\"},{\"file\":null,\"line\":null,\"message\":\"m\"}]") },
		{ { EXIT(2), .says = "{\"message\":\"m\",\"log_excerpt\":\"\"}" }, ERR_INVALID,
		  OBJECT("m", "LatexValidationError", "") },
		{ { EXIT(1), .says = "{\"message\":\"m\",\"errors\":[]}" }, ERR_UNPROCESSABLE,
		  OBJECT("m", "LatexExecutionError", ",\"errors\":[]") },
		{ { EXIT(0), .files = { { "document.pdf", NULL, "too large" } } }, ERR_UNPROCESSABLE,
		  OBJECT("rendered PDF exceeds output size limit", "LatexExecutionError", "") },
	};

	fresh();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CU_ASSERT_FALSE(send_paper("a", &rows[i].does));
		CU_ASSERT_EQUAL(err.kind, rows[i].kind);
		CU_ASSERT_STRING_EQUAL(res.body.data, rows[i].body);
	}
	CU_ASSERT_FALSE(send_body(api_latex, "{\"tex\":\" \\n\"}", &document));
	CU_ASSERT_EQUAL(err.kind, ERR_INVALID);
	CU_ASSERT_STRING_EQUAL(res.body.data, OBJECT("tex is required", "LatexValidationError", ""));
}

static void the_end_of_a_document_is_told(void)
{
	fresh();
	CU_ASSERT_FALSE(send_paper("a", &(struct asked_rendering){ .exit = { .outcome = RUN_TIMED_OUT } }));
	CU_ASSERT(failed(ERR_TIMEOUT, "latex render timeout exceeded after 8 seconds"));
	CU_ASSERT_FALSE(send_paper("a", &(struct asked_rendering){ .lost = ERR_TIMEOUT, .how = "x" }));
	CU_ASSERT(failed(ERR_TIMEOUT, "latex render timeout exceeded after 8 seconds"));
	CU_ASSERT_FALSE(send_paper("a", &(struct asked_rendering){ EXIT(1), .says = "killed" }));
	CU_ASSERT(failed(ERR_INTERNAL, "latex rendering failed"));
	CU_ASSERT_FALSE(send_paper("a", &(struct asked_rendering){ .lost = ERR_INTERNAL, .how = "x" }));
	CU_ASSERT(failed(ERR_INTERNAL, "latex rendering failed"));
	CU_ASSERT_FALSE(send_paper("a", &(struct asked_rendering){ EXIT(0) }));
	CU_ASSERT(failed(ERR_INTERNAL, "latex renderer did not report an output file"));
	CU_ASSERT_EQUAL(res.body.len, 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "slides become an archive", slides_become_an_archive },
		{ "the version is in the names", the_version_is_in_the_names },
		{ "warnings are a number", warnings_are_a_number },
		{ "the end of a deck is told", the_end_of_a_deck_is_told },
		{ "what it complained of is for nobody", what_it_complained_of_is_for_nobody },
		{ "one that was ended with the gateway may be sent again", one_that_was_ended_with_the_gateway_may_be_sent_again },
		{ "an archive has a ceiling", an_archive_has_a_ceiling },
		{ "a document becomes an archive", a_document_becomes_an_archive },
		{ "a job gets a plain name", a_job_gets_a_plain_name },
		{ "a document that does not compile says where", a_document_that_does_not_compile_says_where },
		{ "the end of a document is told", the_end_of_a_document_is_told },
		{ NULL, NULL },
	};

	response_init(&res, BODY_MAX);

	int status = tap_run("rendering", tests);

	clear();
	return status;
}
