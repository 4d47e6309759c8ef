/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/setting.h"

#include "lib/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct config, field)

static const struct setting settings[] = {
#define SECTION(title) { SETTING_SECTION, 0, title, NULL, NULL, NULL, NULL },
#define STR(field, name, standard, sentence) \
	{ SETTING_STR, AT(field), #name, standard, NULL, NULL, sentence },
#define SECRET(field, name, standard, sentence) \
	{ SETTING_SECRET, AT(field), #name, standard, NULL, NULL, sentence },
#define LIST(field, name, standard, sentence) \
	{ SETTING_LIST, AT(field), #name, standard, NULL, NULL, sentence },
#define ENUM(field, name, standard, words, sentence) \
	{ SETTING_ENUM, AT(field), #name, standard, words, NULL, sentence },
#define INT(field, name, standard, low, high, sentence) \
	{ SETTING_INT, AT(field), #name, #standard, #low, #high, sentence },
#define SIZE(field, name, standard, low, high, sentence) \
	{ SETTING_SIZE, AT(field), #name, #standard, #low, #high, sentence },
#define SECONDS(field, name, standard, low, high, sentence) \
	{ SETTING_SECONDS, AT(field), #name, #standard, #low, #high, sentence },
#define BOOL(field, name, standard, sentence) \
	{ SETTING_BOOL, AT(field), #name, #standard, NULL, NULL, sentence },
#define ALIAS(name) { SETTING_ALIAS, 0, #name, NULL, NULL, NULL, NULL },
#define FROM_FILE(name) { SETTING_FROM_FILE, 0, #name, NULL, NULL, NULL, NULL },
#define SAMPLE(value) { SETTING_SAMPLE, 0, value, NULL, NULL, NULL, NULL },
#define OTHER(name, standard, sentence) \
	{ SETTING_OTHER, 0, #name, standard, NULL, NULL, sentence },
#include "fcgi-app/policy/config.def"
};

enum { SETTINGS = sizeof settings / sizeof settings[0] };

const struct setting *setting_next(const struct setting *s)
{
	s = s == NULL ? settings : s + 1;
	return s < settings + SETTINGS ? s : NULL;
}

size_t setting_index(const struct setting *s)
{
	return (size_t)(s - settings);
}

size_t setting_count(void)
{
	return SETTINGS;
}

bool setting_is_one(const struct setting *s)
{
	return s->kind < SETTING_SECTION;
}

const struct setting *setting_find(const char *name)
{
	for (const struct setting *s = settings; s < settings + SETTINGS; s++)
		if (setting_is_one(s) && strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const struct setting *setting_more(const struct setting *after, enum setting_kind kind)
{
	for (const struct setting *s = after; (s = setting_next(s)) != NULL;) {
		if (setting_is_one(s) || s->kind == SETTING_SECTION || s->kind == SETTING_OTHER)
			break;
		if (s->kind == kind)
			return s;
	}
	return NULL;
}

/* A number of that kind, in the field's own unit. */
static bool parse_number(enum setting_kind kind, const char *text, int64_t *out)
{
	double seconds;

	if (kind == SETTING_INT)
		return text_int(text, out);
	if (kind == SETTING_SIZE)
		return text_size(text, out);
	if (!text_number(text, &seconds) || seconds < -1e9 || seconds > 1e9)
		return false;
	*out = (int64_t)(seconds * 1000 + 0.5);
	return true;
}

static const char *number_words(enum setting_kind kind)
{
	return kind == SETTING_INT  ? "a whole number"
	     : kind == SETTING_SIZE ? "a size such as 1048576 or 512m,"
	                            : "a number of seconds";
}

static const char *read_number(struct config *c, struct arena *arena, const struct setting *s,
                               const char *text)
{
	int64_t low = 0, high = 0, value = 0;
	bool known = parse_number(s->kind, s->low, &low) && parse_number(s->kind, s->high, &high);

	if (!known || !parse_number(s->kind, text, &value) || value < low || value > high)
		return arena_printf(arena, "is \"%.64s\", must be %s from %s to %s", text,
		                    number_words(s->kind), s->low, s->high);
	memcpy((char *)c + s->offset, &value, sizeof value);
	return NULL;
}

static const char *read_bool(struct config *c, struct arena *arena, const struct setting *s,
                             const char *text)
{
	bool value = false;

	if (!text_bool(text, &value))
		return arena_printf(arena, "is \"%.64s\", must be true or false", text);
	memcpy((char *)c + s->offset, &value, sizeof value);
	return NULL;
}

static const char *read_word(struct config *c, struct arena *arena, const struct setting *s,
                             const char *text)
{
	struct slice words = text_slice(s->low), word;

	while (text_next_item(&words, '|', &word)) {
		const char *ours = arena_strndup(arena, word.at, word.len);

		if (text_equals_nocase(ours, text)) {
			memcpy((char *)c + s->offset, &ours, sizeof ours);
			return NULL;
		}
	}
	return arena_printf(arena, "is \"%.64s\", must be one of %s", text, s->low);
}

const char *setting_read(struct config *c, struct arena *arena, const struct setting *s,
                         const char *text)
{
	switch (s->kind) {
	case SETTING_INT:
	case SETTING_SIZE:
	case SETTING_SECONDS: return read_number(c, arena, s, text);
	case SETTING_BOOL: return read_bool(c, arena, s, text);
	case SETTING_ENUM: return read_word(c, arena, s, text);
	case SETTING_STR:
	case SETTING_LIST:
	case SETTING_SECRET: memcpy((char *)c + s->offset, &text, sizeof text); break;
	case SETTING_SECTION:
	case SETTING_ALIAS:
	case SETTING_FROM_FILE:
	case SETTING_SAMPLE:
	case SETTING_OTHER: break;
	}
	return NULL;
}

/* A default may depend on settings above: on APP_ENV, or on the one it names. */
void setting_read_standard(struct config *c, struct arena *arena, const struct setting *s)
{
	const struct setting *other = setting_find(s->standard);
	const char *text = s->standard;

	if (s->low != NULL && other != NULL) {
		memcpy((char *)c + s->offset, (const char *)c + other->offset, sizeof(int64_t));
		return;
	}
	if (s->kind == SETTING_BOOL && strcmp(text, "by_app_env") == 0)
		text = config_names_beta(c) ? "true" : "false";
	else if (s->kind == SETTING_BOOL && strcmp(text, "public_beta") == 0)
		text = c->public_beta_mode ? "true" : "false";
	else if (s->kind == SETTING_BOOL && strcmp(text, "guarded") == 0)
		text = config_is_guarded(c) ? "true" : "false";
	(void)setting_read(c, arena, s, text);
}

int64_t setting_number(const struct config *c, const struct setting *s)
{
	int64_t number;

	memcpy(&number, (const char *)c + s->offset, sizeof number);
	return number;
}

void setting_print(const struct config *c, const struct setting *s, struct buf *out)
{
	const char *field = (const char *)c + s->offset;
	const char *text = NULL;

	if (s->kind == SETTING_BOOL) {
		buf_puts(out, *(const bool *)field ? "true" : "false");
	} else if (s->low != NULL && s->kind != SETTING_ENUM) {
		if (s->kind == SETTING_SECONDS)
			buf_printf(out, "%g", (double)setting_number(c, s) / 1000);
		else
			buf_printf(out, "%" PRId64, setting_number(c, s));
	} else {
		memcpy(&text, field, sizeof text);
		buf_puts(out, s->kind != SETTING_SECRET ? text : *text != '\0' ? "(set)" : "");
	}
}

bool tell_unless(struct buf *told, bool holds, const char *fmt, ...)
{
	char text[320];
	va_list args;

	if (holds)
		return true;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	buf_printf(told, "%s\n", text_on_one_line(text));
	return false;
}
