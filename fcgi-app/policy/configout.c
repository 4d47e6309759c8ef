/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to say of the settings: .env.example, and how each stands. */
#include "fcgi-app/policy/setting.h"

#include "lib/text.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 200 };

static void print_aliases(struct buf *out, const struct setting *s)
{
	const char *before = " (also: ";

	for (const struct setting *a = s; (a = setting_more(a, SETTING_ALIAS)) != NULL;) {
		buf_printf(out, "%s%s", before, a->name);
		before = ", ";
	}
	if (*before == ',')
		buf_putc(out, ')');
}

static void print_comment(struct buf *out, const struct setting *s)
{
	buf_printf(out, "\n# %s", s->sentence);
	if (s->kind == SETTING_ENUM)
		buf_printf(out, " (%s)", s->low);
	else if (s->low != NULL && setting_find(s->standard) != NULL)
		buf_printf(out, " (%s to %s; default: %s)", s->low, s->high, s->standard);
	else if (s->low != NULL)
		buf_printf(out, " (%s to %s)", s->low, s->high);
	else if (strcmp(s->standard, "guarded") == 0)
		buf_puts(out, " (default: true in production and public beta)");
	else if (strcmp(s->standard, "public_beta") == 0 || strcmp(s->standard, "by_app_env") == 0)
		buf_puts(out, " (default: true in public beta)");
	print_aliases(out, s);
	buf_putc(out, '\n');
}

void config_print_env(struct buf *out)
{
	buf_puts(out, "# Settings of the Code Execution Gateway, with their defaults; written by\n"
	              "# code-gateway --print-env.  A blank value counts as unset.\n");
	for (const struct setting *s = NULL; (s = setting_next(s)) != NULL;) {
		if (s->kind == SETTING_SECTION)
			buf_printf(out, "\n# ---- %s\n", s->name);
		if (s->kind == SETTING_FROM_FILE)
			buf_printf(out, "#%s=\n", s->name);
		if (s->kind == SETTING_OTHER)
			buf_printf(out, "\n# %s\n#%s=%s\n", s->sentence, s->name, s->standard);
		if (!setting_is_one(s))
			continue;

		const struct setting *sample = setting_more(s, SETTING_SAMPLE);
		bool depends = s->kind == SETTING_BOOL && *s->standard != 't' && *s->standard != 'f';

		print_comment(out, s);
		buf_printf(out, "%s=%s\n", s->name,
		           sample != NULL ? sample->name : depends ? "" : s->standard);
	}
}

/* Does a line of these begin with the name? */
static bool has_line_about(const struct buf *lines, const char *name)
{
	size_t len = strlen(name);
	const char *at = lines->len > 0 ? lines->data : NULL;

	for (; at != NULL && *at != '\0'; at = strchr(at, '\n'), at += at != NULL)
		if (strncmp(at, name, len) == 0 && (at[len] == ' ' || at[len] == ':'))
			return true;
	return false;
}

static bool are_about(const struct buf *lines, const struct setting *s)
{
	const struct setting *file = setting_more(s, SETTING_FROM_FILE);

	return has_line_about(lines, s->name)
	    || (file != NULL && has_line_about(lines, file->name));
}

/* On one line, and not all of it when it is long. */
static void print_shown(struct buf *out, const char *value)
{
	char shown[SHOWN_MAX + 1];

	(void)snprintf(shown, sizeof shown, "%s", value);
	buf_printf(out, "%s%s", text_on_one_line(shown), strlen(value) > SHOWN_MAX ? "..." : "");
}

static void print_value(const struct config *c, const struct setting *s, struct buf *out)
{
	const struct origin *origin = &c->origins[setting_index(s)];
	auto_buf value = BUF_INIT(1 << 20);

	setting_print(c, s, &value);
	if (origin->refused != NULL)
		print_shown(out, origin->refused);
	else if (value.len > 0)
		print_shown(out, value.data);
	buf_printf(out, "\t(%s)", origin->where != NULL ? origin->where : "default");
}

/* Each line on its own, behind that word. */
static void print_lines(struct buf *out, const char *word, const struct buf *lines)
{
	struct slice rest = buf_slice(lines);

	while (rest.len > 0) {
		const char *end = memchr(rest.at, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.at) + 1 : rest.len;

		buf_printf(out, "%s: ", word);
		buf_append(out, rest.at, len);
		rest = (struct slice){ rest.at + len, rest.len - len };
	}
}

void config_print_check(const struct config *c, const struct buf *problems,
                        const struct buf *warnings, struct buf *out)
{
	for (const struct setting *s = NULL; (s = setting_next(s)) != NULL;) {
		if (!setting_is_one(s))
			continue;
		buf_printf(out, "%s=", s->name);
		print_value(c, s, out);
		buf_printf(out, "\t%s\n", are_about(problems, s)   ? "unfit"
		                          : are_about(warnings, s) ? "warning"
		                                                   : "ok");
	}
	print_lines(out, "warning", warnings);
	print_lines(out, "unfit", problems);
}
