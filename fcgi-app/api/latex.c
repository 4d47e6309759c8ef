/* SPDX-License-Identifier: Apache-2.0 */
/* A LaTeX document into a PDF (contract 1.2.8, 2.3, 6.7). */
#include "fcgi-app/api/rendering.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_MAX_CHARS = 180, JOB_NAME_MAX_CHARS = 80, JOB_NAME_KEPT = 64, JOB_MAX = 256 };
enum { STATUS_REFUSED = 2 };                       /* of latex/main.py's own end: see there */
enum { LOG_ROOM = 4 << 20, FILES = 3 };
enum { TEXT_SHOWN = 4000, ERRORS_MAX = 50, META_MAX = 1024 };

static const char failed[] = "latex rendering failed";
static const char *const compilers[] = { "pdflatex", "xelatex", "lualatex", NULL };
static const char invalid_type[] = "LatexValidationError", failed_type[] = "LatexExecutionError";

struct wanted {
	struct slice tex, job_name;
	size_t compiler;
	struct list assets;
};

static const char *name_rule(const struct check *c, void *value)
{
	struct slice *name = value;

	(void)c;
	*name = text_strip(*name);
	if (name->len == 0)
		return "file_name cannot be empty";
	if (memchr(name->at, '/', name->len) || memchr(name->at, '\\', name->len))
		return "file_name must be a same-directory asset name";
	if (slice_equals(*name, ".") || slice_equals(*name, ".."))
		return "invalid file_name";
	for (size_t i = 0; i < name->len; i++)
		if ((unsigned char)name->at[i] < ' ' || name->at[i] == 127)
			return "file_name must not contain control characters";
	return slice_equals(*name, "main.tex") ? "file_name main.tex is the document's own" : NULL;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
	    || c == '_' || c == '-';
}

static bool is_edge(char c)
{
	return c == '.' || c == '_' || c == '-';
}

/* Every run of other characters is one '-'; none of ".", "_", "-" at either end. */
static const char *job_name_rule(const struct check *c, void *value)
{
	struct slice *name = value;
	char *out = arena_alloc(&c->req->arena, name->len + 1);
	size_t n = 0, from = 0;

	for (size_t i = 0; i < name->len; i++)
		if (is_plain(name->at[i]))
			out[n++] = name->at[i];
		else if (i == 0 || is_plain(name->at[i - 1]))
			out[n++] = '-';
	while (from < n && is_edge(out[from]))
		from++;
	while (n > from && is_edge(out[n - 1]))
		n--;
	*name = (struct slice){ out + from, n - from < JOB_NAME_KEPT ? n - from : JOB_NAME_KEPT };
	return name->len == 0 ? "job_name cannot be empty" : NULL;
}

static const char *whole_rule(const struct check *c, void *value)
{
	const struct wanted *wanted = value;

	return assets_duplicate(c, &wanted->assets);
}

static const struct field asset_fields[] = {
	{ "file_name", FIELD_STRING, .required = true, .at = offsetof(struct asset, name),
	  .low = 1, .high = NAME_MAX_CHARS, .rule = name_rule },
	{ "base64_content", FIELD_STRING, .required = true, .at = offsetof(struct asset, base64),
	  .low = 1, .high = ASSET_TEXT_MAX, .alias = "base64" },
	{ .name = NULL, .closed = true },
};

static const struct field fields[] = {
	{ "tex", FIELD_STRING, .required = true, .at = offsetof(struct wanted, tex),
	  .low = 1, .high_setting = offsetof(struct config, latex_max_tex_chars) },
	{ "job_name", FIELD_STRING, .at = offsetof(struct wanted, job_name),
	  .low = 1, .high = JOB_NAME_MAX_CHARS, .rule = job_name_rule },
	{ "compiler", FIELD_WORD, .at = offsetof(struct wanted, compiler), .words = compilers },
	{ "input_files", FIELD_OBJECTS, .at = offsetof(struct wanted, assets),
	  .item = asset_fields, .item_size = sizeof(struct asset) },
	{ .name = NULL, .closed = true, .rule = whole_rule },
};

static const char *what_is_wrong(const struct config *c, struct arena *arena,
                                 const struct wanted *wanted)
{
	const struct asset_limits limits = {
		.files = c->latex_max_input_files,
		.bytes = c->latex_max_asset_bytes,
		.total = c->latex_max_total_asset_bytes,
	};
	const struct asset *which;

	switch (assets_check(&wanted->assets, &limits, &which)) {
	case ASSETS_FINE:
		break;
	case ASSETS_MANY:
		return arena_printf(arena, "too many input_files (max %lld)", (long long)limits.files);
	case ASSET_NOT_BASE64:
		return arena_printf(arena, "invalid base64 for %.*s", (int)which->name.len, which->name.at);
	case ASSET_LARGE:
		return arena_printf(arena, "input file %.*s is too large", (int)which->name.len,
		                    which->name.at);
	case ASSETS_LARGE:
		return "input files exceed total size limit";
	}
	return text_strip(wanted->tex).len == 0 ? "tex is required" : NULL;
}

static bool fail_late(const struct config *c, struct error *err)
{
	return fail(err, ERR_TIMEOUT, "latex render timeout exceeded after %lld seconds",
	            (long long)c->latex_render_timeout_seconds);
}

/* ---- the object that tells of a document that does not compile */

static void put_error(struct json_out *o, const struct json_doc *doc, const struct json *item)
{
	const struct json *line = json_member(item, "line"), *file = json_member(item, "file");
	const struct json *message = json_member(item, "message");
	int64_t number = 0;

	if (json_type(item) != JSON_OBJECT || !message || json_type(message) != JSON_STRING)
		return;
	json_begin(o, '{');
	json_key(o, "file");
	if (file && json_type(file) == JSON_STRING)
		json_put_beginning(o, json_string(doc, file), TEXT_SHOWN);
	else
		json_put_null(o);
	json_key(o, "line");
	if (line && json_integer(line, &number))
		json_put_int(o, number);
	else
		json_put_null(o);
	json_key(o, "message");
	json_put_beginning(o, json_string(doc, message), TEXT_SHOWN);
	json_end(o, '}');
}

static void put_errors(struct json_out *o, const struct statement *said)
{
	const struct json *list = said->doc ? json_member(json_root(said->doc), "errors") : NULL;
	int n = 0;

	if (!list || json_type(list) != JSON_ARRAY)
		return;
	json_key(o, "errors");
	json_begin(o, '[');
	for (const struct json *item = json_first(list); item && n < ERRORS_MAX; n++) {
		put_error(o, said->doc, item);
		item = json_next(item);
	}
	json_end(o, ']');
}

static bool refuse(struct response *res, enum err_kind kind, struct slice message,
                   const struct statement *said, struct error *err)
{
	struct json_out o = { .to = &res->body };
	struct slice log = said ? statement_text(said, "log_excerpt") : text_slice("");

	json_begin(&o, '{');
	json_key(&o, "detail");
	json_begin(&o, '{');
	json_key(&o, "message");
	json_put_beginning(&o, message, TEXT_SHOWN);
	json_key_str(&o, "error_type", kind == ERR_INVALID ? invalid_type : failed_type);
	if (log.len > 0) {
		json_key(&o, "log_excerpt");
		json_put_text(&o, log);
	}
	if (said)
		put_errors(&o, said);
	json_end(&o, '}');
	json_end(&o, '}');
	return fail(err, kind, "%.*s", (int)(message.len < 120 ? message.len : 120), message.at);
}

/* The end of one that has not made a document. */
static bool tell_failure(const struct config *c, struct arena *arena, const struct rendering *r,
                         struct response *res, struct error *err)
{
	const struct run_exit *e = &r->result.exit;
	auto_statement said = statement_read(arena, &r->result);
	struct slice message = statement_text(&said, "message");

	if (e->outcome == RUN_TIMED_OUT)
		return fail_late(c, err);
	if (e->outcome != RUN_EXITED || message.len == 0)
		return rendering_failed(r, failed, err);
	return refuse(res, e->status == STATUS_REFUSED ? ERR_INVALID : ERR_UNPROCESSABLE, message, &said,
	              err);
}

/* ---- the archive */

static struct slice metadata(const struct rendering *r, struct arena *arena, const char *pdf,
                             const char *compiler, int64_t size)
{
	auto_buf text = BUF_INIT(META_MAX);
	struct json_out o = { .to = &text };
	time_t now = time(NULL);
	char when[32];
	struct tm utc;

	(void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&now, &utc));
	json_begin(&o, '{');
	json_key_str(&o, "file_name", pdf);
	json_key_str(&o, "media_type", "application/pdf");
	json_key_str(&o, "compiler", compiler);
	json_key_str(&o, "compiled_at", when);
	json_key(&o, "execution_time");
	json_put_fixed(&o, (double)r->result.exit.wall_us / 1e6, 3);
	json_key_int(&o, "pdf_size", size);
	json_end(&o, '}');
	return arena_copy(arena, buf_slice(&text));
}

static bool add_note(struct zipfile *zip, struct rendering *r, const char *name, struct slice text,
                     struct error *err)
{
	struct zip_part part;

	return rendering_note(r, text, &part, err) && zipfile_add(zip, name, &part, true, err);
}

static bool add_all(struct zipfile *zip, struct arena *arena, struct rendering *r,
                    const struct wanted *wanted, const char *pdf, struct error *err)
{
	const struct output_file *document = rendering_file(r, "document.pdf");
	const struct output_file *log = rendering_file(r, "compiler.log");
	const char *compiler = compilers[wanted->compiler];
	struct zip_part part = rendering_part(r, document);

	if (!zipfile_add(zip, pdf, &part, false, err)
	    || !add_note(zip, r, "source/main.tex", wanted->tex, err))
		return false;
	if (log && !log->error) {
		part = rendering_part(r, log);
		if (!zipfile_add(zip, arena_printf(arena, "logs/%s.log", compiler), &part, true, err))
			return false;
	}
	return add_note(zip, r, "metadata.json",
	                metadata(r, arena, pdf, compiler, document->size), err);
}

static void put_headers(const struct wanted *wanted, struct arena *arena, const struct rendering *r,
                        const char *pdf, struct response *res)
{
	response_header(res, "Content-Disposition",
	                arena_printf(arena, "attachment; filename=\"%.*s.zip\"",
	                             (int)wanted->job_name.len, wanted->job_name.at));
	response_header(res, "X-Renderer-Version", PACKAGE_VERSION);
	response_header(res, "X-Renderer-Version-Tag", "v" PACKAGE_VERSION);
	response_header(res, "X-Render-ID", arena_strdup(arena, r->result.id));
	response_header(res, "X-PDF-File-Name", pdf);
	response_header(res, "X-LaTeX-Compiler", compilers[wanted->compiler]);
}

static bool put_archive(const struct config *c, struct arena *arena, struct rendering *r,
                        const struct wanted *wanted, struct response *res, struct error *err)
{
	const struct output_file *document = rendering_file(r, "document.pdf");
	const char *pdf = arena_printf(arena, "%.*s.pdf", (int)wanted->job_name.len,
	                               wanted->job_name.at);
	size_t len;
	int fd;

	if (document == NULL)
		return rendering_failed(r, "latex renderer did not report an output file", err);
	if (document->error != NULL || document->size > c->latex_max_output_bytes)
		return refuse(res, ERR_UNPROCESSABLE, text_slice("rendered PDF exceeds output size limit"),
		              NULL, err);

	auto_zipfile zip = zipfile_begin(c->run_dir, (uint64_t)c->latex_max_output_bytes, time(NULL),
	                                 err);

	if (zip == NULL || !add_all(zip, arena, r, wanted, pdf, err))
		return false;
	if (!zipfile_end(zip, &fd, &len, err)) {
		if (err->kind != ERR_TOO_LARGE)
			return false;
		return refuse(res, ERR_UNPROCESSABLE,
		              text_slice("render archive exceeds output size limit"), NULL, err);
	}
	response_file(res, "application/zip", fd, len);
	put_headers(wanted, arena, r, pdf, res);
	return true;
}

static struct slice job_of(const struct config *c, const struct wanted *wanted, struct arena *arena)
{
	auto_buf text = BUF_INIT(JOB_MAX);
	struct json_out o = { .to = &text };

	json_begin(&o, '{');
	json_key_str(&o, "compiler", compilers[wanted->compiler]);
	json_key_int(&o, "timeout_ms", c->latex_render_timeout_seconds * 1000);
	json_key_int(&o, "max_output_bytes", c->latex_max_output_bytes);
	json_end(&o, '}');
	return arena_copy(arena, buf_slice(&text));
}

static bool render(struct app *app, struct request *req, const struct wanted *wanted,
                   struct response *res, struct error *err)
{
	const struct config *c = app->config;
	enum { OWN = 2 };
	const struct claim claim = rendering_claim(app, req);
	struct input_file *files = assets_as_input(&req->arena, &wanted->assets, "tex", OWN);
	const struct render_job job = {
		.kind = RENDER_LATEX,
		.language = RUN_BASH,
		.code = text_slice("exec /usr/bin/python3 -I /usr/libexec/code-gateway/latex/main.py\n"),
		.files = files,
		.n_files = wanted->assets.n + OWN,
		.timeout_s = c->latex_render_timeout_seconds,
		.max_output_bytes = c->latex_max_output_bytes + LOG_ROOM,
		.max_output_files = FILES,
		.wrong = what_is_wrong(c, &req->arena, wanted),
	};
	auto_rendering done = { .result = { .outcome = OUTCOME_OK } };

	files[0] = (struct input_file){
		.name = text_slice("job.json"), .base64 = job_of(c, wanted, &req->arena), .is_plain = true,
	};
	files[1] = (struct input_file){
		.name = text_slice("tex/main.tex"), .base64 = wanted->tex, .is_plain = true,
	};
	if (!render_run(&app->backend, &req->arena, &claim, &job, &done, err)) {
		if (err->kind == ERR_TIMEOUT)
			return fail_late(c, err);
		if (err->kind == ERR_INVALID && strcmp(err->msg, "tex is required") == 0)
			return refuse(res, ERR_INVALID, text_slice("tex is required"), NULL, err);
		return rendering_lost(&done, failed, err);
	}
	if (done.result.exit.outcome != RUN_EXITED || done.result.exit.status != 0)
		return tell_failure(c, &req->arena, &done, res, err);
	return put_archive(c, &req->arena, &done, wanted, res, err);
}

bool api_latex(struct app *app, struct request *req, struct response *res, struct error *err)
{
	auto_check check = { .config = app->config, .req = req, .res = res };
	struct wanted wanted = { .job_name = text_slice("document") };
	int64_t began_us = now_us();

	if (!check_body(&check, fields, &wanted, err))
		return false;

	bool ok = render(app, req, &wanted, res, err);

	rendering_count(app, ok, err, began_us);
	return ok;
}
