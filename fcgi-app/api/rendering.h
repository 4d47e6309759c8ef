/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both kinds of rendering have in common: the files that come with a job, what the program in
 * the sandbox says of it, and the archive that is the answer.
 */
#ifndef API_RENDERING_H
#define API_RENDERING_H

#include "fcgi-app/api/api.h"
#include "fcgi-app/api/check.h"
#include "fcgi-app/policy/render.h"
#include "lib/zip.h"

enum { ASSET_TEXT_MAX = 35000000 };        /* characters of one file's base64 */

struct asset {
	struct slice name;
	struct slice base64;
};

/* The ceilings of one kind of rendering. */
struct asset_limits {
	int64_t files, bytes, total;
	bool may_be_data_uri;
};

enum asset_fault { ASSETS_FINE, ASSETS_MANY, ASSET_NOT_BASE64, ASSET_LARGE, ASSETS_LARGE };

/* "duplicate input file name: <name>", or NULL. */
const char *assets_duplicate(const struct check *c, const struct list *assets);
/* The first thing that is wrong with them, in that order; *which has it. */
enum asset_fault assets_check(const struct list *assets, const struct asset_limits *limits,
                              const struct asset **which);
/* `more` files of the caller's, then these, in `directory`; arena. */
struct input_file *assets_as_input(struct arena *arena, const struct list *assets,
                                   const char *directory, size_t more);

/* The one line of JSON that it has printed. */
struct statement {
	struct json_doc *doc;              /* NULL: it has printed none */
};

#define auto_statement __attribute__((cleanup(statement_close))) struct statement

struct statement statement_read(struct arena *arena, const struct result *result);
/* A string of it; "" where there is none. */
struct slice statement_text(const struct statement *s, const char *member);
void statement_close(struct statement *s);

/* The file of that name; NULL when it has not come, not even as too large. */
const struct output_file *rendering_file(const struct rendering *r, const char *name);
/* A text of ours, to be archived with what was rendered. */
bool rendering_note(struct rendering *r, struct slice text, struct zip_part *out,
                    struct error *err);
struct zip_part rendering_part(const struct rendering *r, const struct output_file *file);
/* Nothing more can be said to a client than `text`; the log gets to know more. */
bool rendering_failed(const struct rendering *r, const char *text, struct error *err);
/* render_run has failed: what the sandbox did is not the client's business, the rest is. */
bool rendering_lost(const struct rendering *r, const char *text, struct error *err);
struct claim rendering_claim(struct app *app, struct request *req);
/* Of one that has come to its end, or has not. */
void rendering_count(struct app *app, bool succeeded, const struct error *err, int64_t began_us);

#endif
