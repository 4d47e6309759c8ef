/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/config.h"

#include "fcgi-app/policy/dotenv.h"
#include "fcgi-app/policy/setting.h"
#include "fcgi-app/policy/stray.h"
#include "lib/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 64 * 1024, STRAYS_MAX = 16 * 1024, PENDING_SLACK_MS = 30000 };

struct loader {
	struct config *config;
	struct arena *arena;
	struct buf *problems;
	const struct dotenv *file;
	struct origin *origins;
	bool ok;
};

/* A value, and who said it: NULL, nobody. */
struct found {
	const char *text, *where;
};

static const char *blank_to_null(struct arena *arena, const char *s)
{
	struct slice trimmed = text_trim(text_slice(s));

	return trimmed.len > 0 ? arena_strndup(arena, trimmed.at, trimmed.len) : NULL;
}

typedef struct found source(struct loader *l, const char *name);

static struct found from_environment(struct loader *l, const char *name)
{
	return (struct found){ blank_to_null(l->arena, getenv(name)), "environment" };
}

static struct found from_env_file(struct loader *l, const char *name)
{
	const struct dotenv_line *line = dotenv_find(l->file, name);

	if (line == NULL)
		return (struct found){ NULL, NULL };
	return (struct found){
		blank_to_null(l->arena, line->value),
		arena_printf(l->arena, "env file, line %u", line->number),
	};
}

/* By its name, then by its aliases. */
static struct found any_name(struct loader *l, source *from, const struct setting *s)
{
	struct found found = from(l, s->name);

	for (; found.text == NULL && (s = setting_more(s, SETTING_ALIAS)) != NULL;) {
		found = from(l, s->name);
		if (found.text != NULL)
			found.where = arena_printf(l->arena, "%s, as %s", found.where, s->name);
	}
	return found;
}

static void problem(struct loader *l, const char *name, const char *text)
{
	buf_printf(l->problems, "%s %s\n", name, text_on_one_line(arena_strdup(l->arena, text)));
	l->ok = false;
}

/* What a file holds, without one newline at its end; NULL and a problem of the variable's. */
static const char *text_of_file(struct loader *l, const char *name, const char *path)
{
	size_t len;
	const char *text = dotenv_read(l->arena, path, FILE_MAX, &len);

	if (text == NULL) {
		problem(l, name,
		        arena_printf(l->arena, "names \"%.200s\": %s", path, strerror(errno)));
		return NULL;
	}
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	return arena_strndup(l->arena, text, len);
}

static struct found find(struct loader *l, const struct setting *s)
{
	const struct setting *variable = setting_more(s, SETTING_FROM_FILE);
	struct found found = any_name(l, from_environment, s);

	if (found.text == NULL)
		found = any_name(l, from_env_file, s);
	if (variable == NULL)
		return found;

	struct found path = from_environment(l, variable->name);

	if (path.text == NULL)
		path = from_env_file(l, variable->name);
	if (path.text == NULL)
		return found;
	if (found.text != NULL)
		problem(l, variable->name,
		        arena_printf(l->arena, "and %s are both set: keep one", s->name));
	return (struct found){
		text_of_file(l, variable->name, path.text),
		arena_printf(l->arena, "%s, as %s", path.where, variable->name),
	};
}

/* A list of nothing but commas is as blank. */
static bool is_blank_list(const struct setting *s, const char *text)
{
	struct slice list = text_slice(text), item;

	return s->kind == SETTING_LIST && !text_next_item(&list, ',', &item);
}

/* The default first, so that a refused value leaves nothing undefined. */
static void load(struct loader *l, const struct setting *s)
{
	struct origin *origin = &l->origins[setting_index(s)];
	struct found found = find(l, s);
	const char *fault = NULL;

	setting_read_standard(l->config, l->arena, s);
	if (found.text != NULL && is_blank_list(s, found.text))
		found.text = NULL;
	if (found.text != NULL)
		fault = setting_read(l->config, l->arena, s, found.text);
	origin->where = found.text != NULL ? found.where : NULL;
	if (fault != NULL) {
		problem(l, s->name, fault);
		origin->refused = found.text;
	}
}

/* The older way to name a version of the renderer. */
static void mind_beta(struct loader *l)
{
	const struct setting *version = setting_find("SLIDE_RENDERING_VERSION");
	struct origin *origin = &l->origins[setting_index(version)];

	if (!l->config->beta || origin->where != NULL)
		return;
	l->config->slide_rendering_version = "v2";
	origin->where = "BETA";
}

/* Of a setting's names in one place the first one counts; what the others say may have been meant. */
static void find_unheard(struct loader *l, source *from, const struct setting *s, struct buf *strays)
{
	struct found heard = from(l, s->name);
	const char *name = s->name;

	while ((s = setting_more(s, SETTING_ALIAS)) != NULL) {
		struct found other = from(l, s->name);

		if (heard.text == NULL) {
			heard = other;
			name = s->name;
		} else if (other.text != NULL && strcmp(other.text, heard.text) != 0) {
			buf_printf(strays, "%s is set, so %s (%s) is not heard\n", name, s->name,
			           other.where);
		}
	}
}

static const char *find_strays(struct loader *l)
{
	auto_buf strays = BUF_INIT(STRAYS_MAX);
	const struct dotenv *file = l->file;
	struct arena *arena = l->arena;

	for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
		const char *name = arena_strndup(arena, *variable, strcspn(*variable, "="));

		stray_print(name, "environment", false, &strays);
	}
	for (size_t i = 0; i < file->n && !strays.full; i++) {
		const struct dotenv_line *line = &file->lines[i];

		stray_print(line->name, arena_printf(arena, "env file, line %u", line->number),
		            true, &strays);
	}
	for (const struct setting *s = NULL; (s = setting_next(s)) != NULL;) {
		if (!setting_is_one(s))
			continue;
		find_unheard(l, from_environment, s, &strays);
		find_unheard(l, from_env_file, s, &strays);
	}
	return strays.len > 0 ? arena_strndup(arena, strays.data, strays.len) : "";
}

bool config_read(struct config *c, struct arena *arena, const struct dotenv *file,
                 struct buf *problems)
{
	struct loader l = {
		.config = c, .arena = arena, .problems = problems, .file = file, .ok = true,
		.origins = arena_alloc(arena, setting_count() * sizeof l.origins[0]),
	};

	*c = (struct config){ .origins = l.origins };
	for (const struct setting *s = NULL; (s = setting_next(s)) != NULL;)
		if (setting_is_one(s))
			load(&l, s);
	mind_beta(&l);
	c->strays = find_strays(&l);
	return l.ok;
}

bool config_load(struct config *c, struct arena *arena, const char *env_file, struct buf *problems)
{
	struct dotenv file = { 0 };
	size_t len = 0;
	const char *text = "";
	bool ok = true;

	if (env_file != NULL && (text = dotenv_read(arena, env_file, DOTENV_MAX, &len)) == NULL)
		ok = !buf_printf(problems, "%s %s\n", env_file, strerror(errno));
	else
		ok = dotenv_parse(&file, arena, (struct slice){ text, len }, problems);
	return config_read(c, arena, &file, problems) && ok;
}

bool config_is_production(const struct config *c)
{
	return text_equals_nocase(c->app_env, "production")
	    || text_equals_nocase(c->app_env, "prod");
}

bool config_names_beta(const struct config *c)
{
	return text_equals_nocase(c->app_env, "public_beta")
	    || text_equals_nocase(c->app_env, "public-beta")
	    || text_equals_nocase(c->app_env, "beta");
}

bool config_is_guarded(const struct config *c)
{
	return config_is_production(c) || c->public_beta_mode;
}

/* Installing comes on top. */
int64_t config_run_seconds(const struct config *c)
{
	return c->max_timeout * (c->allow_pip_installs ? 2 : 1);
}

int64_t config_render_seconds(const struct config *c)
{
	return c->render_timeout_seconds > c->latex_render_timeout_seconds
	       ? c->render_timeout_seconds : c->latex_render_timeout_seconds;
}

/* Created, then started. */
int64_t config_making_ms(const struct config *c)
{
	return c->docker_client_timeout * 2000;
}

int64_t config_pending_ms(const struct config *c)
{
	return config_making_ms(c) + PENDING_SLACK_MS;
}

bool config_is_told(const struct config *c, const char *name)
{
	const struct setting *s = setting_find(name);

	return s != NULL && c->origins[setting_index(s)].where != NULL;
}

int64_t config_workers(const struct config *c)
{
	if (c->workers > 0)
		return c->workers;
	return c->max_concurrent_executions + c->waiting_workers + c->reserved_workers;
}

/* Base64 of the files, the source, and a million for what is around them. */
int64_t config_latex_body(const struct config *c)
{
	if (c->latex_render_max_request_body_bytes > 0)
		return c->latex_render_max_request_body_bytes;
	return (c->latex_max_total_asset_bytes + 2) / 3 * 4 + c->latex_max_tex_chars + 1000000;
}
