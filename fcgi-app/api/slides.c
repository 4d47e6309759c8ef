/* SPDX-License-Identifier: Apache-2.0 */
/* An HTML deck into a presentation and pictures of its slides (contract 1.2.7, 2.3, 6). */
#include "fcgi-app/api/rendering.h"
#include "lib/text.h"
#include "lib/wire/utf8.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_MAX_CHARS = 128, JOB_MAX = 1024, STAMP = 20 };
enum { DAY_S = 86400 };                            /* all that a page learns of the time */
enum { STATUS_REFUSED = 2, STATUS_LATE = 3 };      /* of the renderer's own end: see render/main.js */
enum { MORE_FILES = 2 };                           /* beside the pictures */

static const char failed[] = "rendering failed";

struct wanted {
	struct slice html;
	struct list assets;
};

static const char *name_rule(const struct check *c, void *value)
{
	const struct slice *name = value;

	(void)c;
	for (size_t i = 0; i < name->len; i++)
		if (name->at[i] == '/' || name->at[i] == '\\')
			return "file_name must not contain path separators";
	for (size_t i = 0; i < name->len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", name->at[i])
		    || name->at[i] == '\0')
			return "file_name may only contain letters, numbers, dots, underscores and hyphens";
	return slice_equals(*name, ".") || slice_equals(*name, "..") ? "invalid file_name" : NULL;
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
	{ "html", FIELD_STRING, .required = true, .at = offsetof(struct wanted, html), .low = 1 },
	{ "input_files", FIELD_OBJECTS, .at = offsetof(struct wanted, assets),
	  .item = asset_fields, .item_size = sizeof(struct asset) },
	{ .name = NULL, .closed = true, .rule = whole_rule },
};

static bool is_longer(struct slice text, size_t max)
{
	struct utf8 utf8 = { 0 };
	size_t used;

	return text.len > max
	    && utf8_count(&utf8, (const uint8_t *)text.at, text.len, max + 1, &used) > max;
}

static const char *asset_fault(const struct config *c, struct arena *arena,
                               const struct wanted *wanted)
{
	const struct asset_limits limits = {
		.files = c->render_max_input_files,
		.bytes = c->render_max_asset_bytes,
		.total = c->render_max_total_asset_bytes,
		.may_be_data_uri = true,
	};
	const struct asset *which;
	enum asset_fault fault = assets_check(&wanted->assets, &limits, &which);
	int len = which ? (int)which->name.len : 0;
	const char *name = which ? which->name.at : "";

	switch (fault) {
	case ASSETS_FINE:
		return NULL;
	case ASSETS_MANY:
		return arena_printf(arena, "too many input_files (max %lld)", (long long)limits.files);
	case ASSET_NOT_BASE64:
		return arena_printf(arena, "input file '%.*s' has invalid base64 content", len, name);
	case ASSET_LARGE:
		return arena_printf(arena, "input file '%.*s' exceeds max size of %lld bytes", len, name,
		                    (long long)limits.bytes);
	case ASSETS_LARGE:
		return arena_printf(arena, "input_files exceed max combined size of %lld bytes",
		                    (long long)limits.total);
	}
	return NULL;
}

/* What a client gets told only when nothing else is in the way. */
static const char *what_is_wrong(const struct config *c, struct arena *arena,
                                 const struct wanted *wanted)
{
	if (is_longer(wanted->html, (size_t)c->render_max_html_chars))
		return arena_printf(arena, "html is too large (>%lld characters)",
		                    (long long)c->render_max_html_chars);
	return asset_fault(c, arena, wanted);
}

static struct slice job_of(const struct config *c, struct arena *arena)
{
	auto_buf text = BUF_INIT(JOB_MAX);
	struct json_out o = { .to = &text };

	json_begin(&o, '{');
	json_key_str(&o, "version", c->slide_rendering_version);
	json_key_int(&o, "page_load_ms", c->page_load_timeout_ms);
	json_key_int(&o, "timeout_ms", c->render_timeout_seconds * 1000);
	json_key_int(&o, "max_slides", c->render_max_slides);
	json_key_int(&o, "max_output_bytes", c->render_max_output_bytes);
	json_key_int(&o, "now", (int64_t)time(NULL) / DAY_S * DAY_S * 1000);
	json_end(&o, '}');
	return arena_copy(arena, buf_slice(&text));
}

static bool fail_late(const struct config *c, struct error *err)
{
	return fail(err, ERR_TIMEOUT, "render timeout exceeded after %lld seconds",
	            (long long)c->render_timeout_seconds);
}

/* The end of one that has not made anything. */
static bool refuse(const struct config *c, struct arena *arena, const struct rendering *r,
                   struct error *err)
{
	const struct run_exit *e = &r->result.exit;
	auto_statement said = statement_read(arena, &r->result);
	struct slice text = statement_text(&said, "error");
	bool has_told = e->outcome == RUN_EXITED && text.len > 0;

	if (e->outcome == RUN_TIMED_OUT)
		return fail_late(c, err);
	if (has_told && e->status == STATUS_REFUSED)
		return fail(err, ERR_INVALID, "%.*s", (int)text.len, text.at);
	if (has_told && e->status == STATUS_LATE)
		return fail(err, ERR_TIMEOUT, "%.*s", (int)text.len, text.at);
	return rendering_failed(r, failed, err);
}

static bool fail_large(const struct config *c, const char *label, struct error *err)
{
	return fail(err, ERR_INVALID, "render output exceeds max size of %lld bytes while adding %s",
	            (long long)c->render_max_output_bytes, label);
}

struct archive {
	const struct config *config;
	const struct rendering *r;
	struct zipfile *zip;
	const char *stem;                  /* presentation_<version>_<when> */
	unsigned slides;
};

static bool add(struct archive *a, const char *from, const char *as, bool squeeze,
                struct error *err)
{
	const struct output_file *file = rendering_file(a->r, from);

	if (file == NULL)
		return rendering_failed(a->r, "renderer did not report an output file", err);
	if (file->error != NULL)
		return fail_large(a->config, as, err);

	struct zip_part part = rendering_part(a->r, file);

	return zipfile_add(a->zip, as, &part, squeeze, err);
}

/* Counted by us, as they are called by us: slides/slide_001.png and so on. */
static bool add_slides(struct archive *a, struct error *err)
{
	char name[32];

	for (;; a->slides++) {
		(void)snprintf(name, sizeof name, "slides/slide_%03u.png", a->slides + 1);
		if (rendering_file(a->r, name) == NULL)
			return a->slides > 0 || rendering_failed(a->r, failed, err);
		if (!add(a, name, name, false, err))
			return false;
	}
}

static bool add_all(struct archive *a, struct arena *arena, struct error *err)
{
	return add(a, "presentation.pptx", arena_printf(arena, "%s.pptx", a->stem), false, err)
	    && add_slides(a, err)
	    && add(a, "report.json", "report.json", true, err);
}

/* "20261125T130501Z", and the same moment for the archive's entries. */
static time_t stamp(char out[static STAMP])
{
	time_t now = time(NULL);
	struct tm utc;

	(void)strftime(out, STAMP, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	return now;
}

static void put_headers(const struct archive *a, struct arena *arena, struct response *res)
{
	auto_statement said = statement_read(arena, &a->r->result);
	const struct json *count = said.doc ? json_member(json_root(said.doc), "warnings") : NULL;
	int64_t warnings = 0;

	if (count == NULL || !json_integer(count, &warnings) || warnings < 0)
		warnings = 0;
	response_header(res, "Content-Disposition",
	                arena_printf(arena, "attachment; filename=\"%s.zip\"", a->stem));
	response_header(res, "X-Rendering-Version", a->config->slide_rendering_version);
	response_header(res, "X-Renderer-Version", PACKAGE_VERSION);
	response_header(res, "X-Renderer-Version-Tag", "v" PACKAGE_VERSION);
	response_header(res, "X-Slide-Count", arena_printf(arena, "%u", a->slides));
	response_header(res, "X-Render-ID", arena_strdup(arena, a->r->result.id));
	response_header(res, "X-Render-Warnings", arena_printf(arena, "%lld", (long long)warnings));
}

static bool put_archive(const struct config *c, struct arena *arena, const struct rendering *r,
                        struct response *res, struct error *err)
{
	char when[STAMP];
	time_t now = stamp(when);
	auto_zipfile zip = zipfile_begin(c->run_dir, (uint64_t)c->render_max_output_bytes, now, err);
	struct archive a = {
		.config = c, .r = r, .zip = zip,
		.stem = arena_printf(arena, "presentation_%s_%s", c->slide_rendering_version, when),
	};
	size_t len;
	int fd;

	if (zip == NULL || !add_all(&a, arena, err))
		return false;
	if (!zipfile_end(zip, &fd, &len, err))
		return err->kind == ERR_TOO_LARGE
		       ? fail_large(c, arena_printf(arena, "%s.zip", a.stem), err) : false;
	response_file(res, "application/zip", fd, len);
	put_headers(&a, arena, res);
	return true;
}

static bool render(struct app *app, struct request *req, const struct wanted *wanted,
                   struct response *res, struct error *err)
{
	const struct config *c = app->config;
	const struct claim claim = rendering_claim(app, req);
	const char *wrong = what_is_wrong(c, &req->arena, wanted);     /* it trims them, too */
	struct input_file *files = assets_as_input(&req->arena, &wanted->assets, "assets", 1);
	const struct render_job job = {
		.kind = RENDER_SLIDES,
		.language = RUN_RENDER,
		.code = job_of(c, &req->arena),
		.files = files,
		.n_files = wanted->assets.n + 1,
		.timeout_s = c->render_timeout_seconds,
		.max_output_bytes = c->render_max_output_bytes,
		.max_output_files = (uint32_t)c->render_max_slides + MORE_FILES,
		.wrong = wrong,
	};
	auto_rendering done = { .result = { .outcome = OUTCOME_OK } };

	files[0] = (struct input_file){
		.name = text_slice("index.html"), .base64 = wanted->html, .is_plain = true,
	};
	if (!render_run(&app->backend, &req->arena, &claim, &job, &done, err))
		return err->kind == ERR_TIMEOUT ? fail_late(c, err) : rendering_lost(&done, failed, err);
	if (done.result.exit.outcome != RUN_EXITED || done.result.exit.status != 0)
		return refuse(c, &req->arena, &done, err);
	return put_archive(c, &req->arena, &done, res, err);
}

bool api_render(struct app *app, struct request *req, struct response *res, struct error *err)
{
	auto_check check = { .config = app->config, .req = req, .res = res };
	struct wanted wanted = { .html = { 0 } };
	int64_t began_us = now_us();

	if (!check_body(&check, fields, &wanted, err))
		return false;

	bool ok = render(app, req, &wanted, res, err);

	rendering_count(app, ok, err, began_us);
	return ok;
}
