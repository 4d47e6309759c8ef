/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/config.h"

#include "fcgi-app/policy/dotenv.h"
#include "lib/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_FILE_MAX = 64 * 1024 };

enum kind {
	KIND_STR, KIND_SECRET, KIND_ENUM, KIND_INT, KIND_SIZE, KIND_SECONDS, KIND_BOOL,
	/* not settings: they say more about the one before, or open a section */
	KIND_SECTION, KIND_ALIAS, KIND_FROM_FILE, KIND_SAMPLE,
};

/* A line of config.def, as text: `low` holds the words of an ENUM. */
struct setting {
	enum kind kind;
	size_t offset;
	const char *name, *standard, *low, *high, *sentence;
};

#define AT(field) offsetof(struct config, field)

static const struct setting settings[] = {
#define SECTION(title) { KIND_SECTION, 0, title, NULL, NULL, NULL, NULL },
#define STR(field, name, standard, sentence) \
	{ KIND_STR, AT(field), #name, standard, NULL, NULL, sentence },
#define SECRET(field, name, standard, sentence) \
	{ KIND_SECRET, AT(field), #name, standard, NULL, NULL, sentence },
#define LIST(field, name, standard, sentence) \
	{ KIND_STR, AT(field), #name, standard, NULL, NULL, sentence },
#define ENUM(field, name, standard, words, sentence) \
	{ KIND_ENUM, AT(field), #name, standard, words, NULL, sentence },
#define INT(field, name, standard, low, high, sentence) \
	{ KIND_INT, AT(field), #name, #standard, #low, #high, sentence },
#define SIZE(field, name, standard, low, high, sentence) \
	{ KIND_SIZE, AT(field), #name, #standard, #low, #high, sentence },
#define SECONDS(field, name, standard, low, high, sentence) \
	{ KIND_SECONDS, AT(field), #name, #standard, #low, #high, sentence },
#define BOOL(field, name, standard, sentence) \
	{ KIND_BOOL, AT(field), #name, #standard, NULL, NULL, sentence },
#define ALIAS(name) { KIND_ALIAS, 0, #name, NULL, NULL, NULL, NULL },
#define FROM_FILE(name) { KIND_FROM_FILE, 0, #name, NULL, NULL, NULL, NULL },
#define SAMPLE(value) { KIND_SAMPLE, 0, value, NULL, NULL, NULL, NULL },
#include "fcgi-app/policy/config.def"
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

struct loader {
	struct config *config;
	struct arena *arena;
	struct buf *problems;
	struct dotenv file;
	const char **sources;
	bool ok;
};

static bool is_setting(const struct setting *s)
{
	return s->kind < KIND_SECTION;
}

/* The line of that kind that belongs to s, behind `after` (s itself at first), or NULL. */
static const struct setting *next_of(const struct setting *after, enum kind kind)
{
	for (const struct setting *s = after + 1; s < settings + SETTINGS; s++) {
		if (is_setting(s) || s->kind == KIND_SECTION)
			break;
		if (s->kind == kind)
			return s;
	}
	return NULL;
}

static const char *blank_to_null(struct arena *arena, const char *s)
{
	struct slice trimmed = text_trim(text_slice(s));

	return trimmed.len > 0 ? arena_strndup(arena, trimmed.at, trimmed.len) : NULL;
}

static const char *from_environment(struct loader *l, const char *name)
{
	return blank_to_null(l->arena, getenv(name));
}

static const char *from_env_file(struct loader *l, const char *name)
{
	return blank_to_null(l->arena, dotenv_get(&l->file, name));
}

typedef const char *source(struct loader *l, const char *name);

/* By its name, then by its aliases. */
static const char *any_name(struct loader *l, source *from, const struct setting *s)
{
	const char *value = from(l, s->name);

	for (; value == NULL && (s = next_of(s, KIND_ALIAS)) != NULL;)
		value = from(l, s->name);
	return value;
}

static void problem(struct loader *l, const char *name, const char *text)
{
	buf_printf(l->problems, "%s %s\n", name, text);
	l->ok = false;
}

/* What the file named by the *_FILE variable holds, without one newline at its end. */
static const char *secret_file(struct loader *l, const char *name, const char *path)
{
	size_t len;
	const char *text = dotenv_read(l->arena, path, SECRET_FILE_MAX, &len);

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

/* NULL: nobody said it. */
static const char *find(struct loader *l, const struct setting *s, const char **where)
{
	const struct setting *file = next_of(s, KIND_FROM_FILE);
	const char *path = NULL;
	const char *value = any_name(l, from_environment, s);

	*where = "environment";
	if (value == NULL) {
		value = any_name(l, from_env_file, s);
		*where = "env file";
	}
	if (file != NULL && (path = from_environment(l, file->name)) == NULL)
		path = from_env_file(l, file->name);
	if (path == NULL)
		return value;

	if (value != NULL)
		problem(l, file->name,
		        arena_printf(l->arena, "and %s are both set: keep one", s->name));
	*where = file->name;
	return secret_file(l, file->name, path);
}

/* A number of that kind, in the field's own unit. */
static bool parse_number(enum kind kind, const char *text, int64_t *out)
{
	double seconds;

	if (kind == KIND_INT)
		return text_int(text, out);
	if (kind == KIND_SIZE)
		return text_size(text, out);
	if (!text_number(text, &seconds) || seconds < -1e9 || seconds > 1e9)
		return false;
	*out = (int64_t)(seconds * 1000 + 0.5);
	return true;
}

static const char *number_words(enum kind kind)
{
	return kind == KIND_INT  ? "a whole number"
	     : kind == KIND_SIZE ? "a size such as 1048576 or 512m,"
	                         : "a number of seconds";
}

static void set_number(struct loader *l, const struct setting *s, const char *text)
{
	int64_t low = 0, high = 0, value = 0;
	bool known = parse_number(s->kind, s->low, &low) && parse_number(s->kind, s->high, &high);

	if (!known || !parse_number(s->kind, text, &value) || value < low || value > high) {
		problem(l, s->name,
		        arena_printf(l->arena, "is \"%.64s\", must be %s from %s to %s", text,
		                     number_words(s->kind), s->low, s->high));
		return;
	}
	memcpy((char *)l->config + s->offset, &value, sizeof value);
}

static void set_bool(struct loader *l, const struct setting *s, const char *text)
{
	bool value = false;

	if (strcmp(text, "public_beta") == 0)
		value = text_equals_nocase(l->config->app_env, "public_beta")
		     || text_equals_nocase(l->config->app_env, "public-beta")
		     || text_equals_nocase(l->config->app_env, "beta");
	else if (strcmp(text, "guarded") == 0)
		value = config_is_guarded(l->config);
	else if (!text_bool(text, &value)) {
		problem(l, s->name,
		        arena_printf(l->arena, "is \"%.64s\", must be true or false", text));
		return;
	}
	memcpy((char *)l->config + s->offset, &value, sizeof value);
}

static void set_text(struct loader *l, const struct setting *s, const char *text)
{
	struct slice words = text_slice(s->low), word;

	while (s->kind == KIND_ENUM && text != NULL) {
		if (!text_next_item(&words, '|', &word)) {
			problem(l, s->name,
			        arena_printf(l->arena, "is \"%.64s\", must be one of %s", text,
			                     s->low));
			return;
		}

		const char *ours = arena_strndup(l->arena, word.at, word.len);

		if (text_equals_nocase(ours, text)) {
			text = ours;
			break;
		}
	}
	memcpy((char *)l->config + s->offset, &text, sizeof text);
}

static void set(struct loader *l, const struct setting *s, const char *text)
{
	switch (s->kind) {
	case KIND_INT:
	case KIND_SIZE:
	case KIND_SECONDS:
		set_number(l, s, text);
		break;
	case KIND_BOOL:
		set_bool(l, s, text);
		break;
	case KIND_STR:
	case KIND_SECRET:
	case KIND_ENUM:
		set_text(l, s, text);
		break;
	case KIND_SECTION:
	case KIND_ALIAS:
	case KIND_FROM_FILE:
	case KIND_SAMPLE:
		break;
	}
}

/* The default first, so that a refused value leaves nothing undefined. */
static void load(struct loader *l, const struct setting *s)
{
	const char **where = &l->sources[s - settings];
	const char *text = find(l, s, where);

	set(l, s, s->standard);
	if (text != NULL)
		set(l, s, text);
	else
		*where = "default";
}

static void load_env_file(struct loader *l, const char *path)
{
	size_t len;
	const char *text = dotenv_read(l->arena, path, DOTENV_MAX, &len);

	if (text == NULL)
		problem(l, path, strerror(errno));
	else if (!dotenv_parse(&l->file, l->arena, (struct slice){ text, len }, l->problems))
		l->ok = false;
}

bool config_load(struct config *c, struct arena *arena, const char *env_file, struct buf *problems)
{
	struct loader l = { .config = c, .arena = arena, .problems = problems, .ok = true };

	*c = (struct config){ 0 };
	l.sources = arena_alloc(arena, SETTINGS * sizeof l.sources[0]);
	if (env_file != NULL)
		load_env_file(&l, env_file);
	for (size_t i = 0; i < SETTINGS; i++)
		if (is_setting(&settings[i]))
			load(&l, &settings[i]);
	c->sources = l.sources;
	return l.ok;
}

static void print_comment(struct buf *out, const struct setting *s)
{
	buf_printf(out, "\n# %s", s->sentence);
	if (s->kind == KIND_ENUM)
		buf_printf(out, " (%s)", s->low);
	else if (s->low != NULL)
		buf_printf(out, " (%s to %s)", s->low, s->high);
	else if (strcmp(s->standard, "guarded") == 0)
		buf_puts(out, " (default: true in production and public beta)");
	else if (strcmp(s->standard, "public_beta") == 0)
		buf_puts(out, " (default: true in public beta)");
	buf_putc(out, '\n');
}

void config_print_env(struct buf *out)
{
	buf_puts(out, "# Settings of the Code Execution Gateway, with their defaults; written by\n"
	              "# code-gateway --print-env.  A blank value counts as unset.\n");
	for (const struct setting *s = settings; s < settings + SETTINGS; s++) {
		if (s->kind == KIND_SECTION)
			buf_printf(out, "\n# ---- %s\n", s->name);
		if (s->kind == KIND_FROM_FILE)
			buf_printf(out, "#%s=\n", s->name);
		if (!is_setting(s))
			continue;

		const struct setting *sample = next_of(s, KIND_SAMPLE);
		bool depends = s->kind == KIND_BOOL && *s->standard != 't' && *s->standard != 'f';

		print_comment(out, s);
		buf_printf(out, "%s=%s\n", s->name,
		           sample != NULL ? sample->name : depends ? "" : s->standard);
	}
}

static void print_value(const struct config *c, const struct setting *s, struct buf *out)
{
	const char *field = (const char *)c + s->offset;
	const char *text = NULL;
	int64_t number = 0;

	if (s->kind == KIND_BOOL) {
		buf_puts(out, *(const bool *)field ? "true" : "false");
	} else if (s->low != NULL && s->kind != KIND_ENUM) {
		memcpy(&number, field, sizeof number);
		if (s->kind == KIND_SECONDS)
			buf_printf(out, "%g", (double)number / 1000);
		else
			buf_printf(out, "%" PRId64, number);
	} else {
		memcpy(&text, field, sizeof text);
		buf_puts(out, s->kind != KIND_SECRET ? text : *text != '\0' ? "(set)" : "");
	}
}

void config_print_effective(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!is_setting(&settings[i]))
			continue;
		buf_printf(out, "%s=", settings[i].name);
		print_value(c, &settings[i], out);
		buf_printf(out, "\t(%s)\n", c->sources != NULL ? c->sources[i] : "default");
	}
}

bool config_is_production(const struct config *c)
{
	return text_equals_nocase(c->app_env, "production")
	    || text_equals_nocase(c->app_env, "prod");
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

int64_t config_workers(const struct config *c)
{
	if (c->workers > 0)
		return c->workers;
	return c->max_concurrent_executions + c->waiting_workers + c->reserved_workers;
}
