/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/dotenv.h"

#include "lib/cleanup.h"
#include "lib/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t name_length(struct slice s)
{
	size_t n = 0;

	while (n < s.len && (s.at[n] == '_' || (s.at[n] >= 'A' && s.at[n] <= 'Z')
	                     || (s.at[n] >= 'a' && s.at[n] <= 'z')
	                     || (n > 0 && s.at[n] >= '0' && s.at[n] <= '9')))
		n++;
	return n;
}

static struct slice skip(struct slice s, size_t n)
{
	return (struct slice){ s.at + n, s.len - n };
}

/* Only blanks, or a comment, may follow a closing quote. */
static bool is_rest(struct slice s)
{
	s = text_trim(s);
	return s.len == 0 || s.at[0] == '#';
}

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* NULL: the quote is not closed, or something follows it. */
static const char *quoted(struct arena *arena, struct slice s)
{
	char quote = s.at[0];
	char *value = arena_alloc(arena, s.len);
	size_t n = 0, i = 1;

	for (; i < s.len && s.at[i] != quote; i++) {
		if (quote == '"' && s.at[i] == '\\' && i + 1 < s.len)
			value[n++] = unescaped(s.at[++i]);
		else
			value[n++] = s.at[i];
	}
	return i < s.len && is_rest(skip(s, i + 1)) ? value : NULL;
}

/* Up to the end, or to a # behind a blank. */
static const char *bare(struct arena *arena, struct slice s)
{
	size_t n = 0;

	while (n < s.len && !(s.at[n] == '#' && (n == 0 || is_blank(s.at[n - 1]))))
		n++;
	s = text_trim((struct slice){ s.at, n });
	return arena_strndup(arena, s.at, s.len);
}

/* NULL when fine, else what is wrong. */
static const char *parse_line(struct dotenv *e, struct arena *arena, struct slice line,
                              unsigned number)
{
	line = text_trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return NULL;
	if (line.len > 7 && memcmp(line.at, "export", 6) == 0 && is_blank(line.at[6]))
		line = text_trim(skip(line, 7));

	size_t len = name_length(line);
	struct slice rest = text_trim(skip(line, len));

	if (len == 0 || rest.len == 0 || rest.at[0] != '=')
		return "is not NAME=value";

	struct slice text = text_trim(skip(rest, 1));
	bool in_quotes = text.len > 0 && (text.at[0] == '"' || text.at[0] == '\'');
	const char *value = in_quotes ? quoted(arena, text) : bare(arena, text);

	if (value == NULL)
		return "has a quote that is not closed, or text behind it";
	e->lines[e->n++] = (struct dotenv_line){ arena_strndup(arena, line.at, len), value, number };
	return NULL;
}

bool dotenv_parse(struct dotenv *e, struct arena *arena, struct slice text, struct buf *problems)
{
	size_t n_lines = 1;
	bool ok = true;

	for (size_t i = 0; i < text.len; i++)
		n_lines += text.at[i] == '\n';
	e->lines = arena_alloc(arena, n_lines * sizeof e->lines[0]);
	e->n = 0;
	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		text = skip(text, 3);

	for (unsigned number = 1; text.len > 0; number++) {
		const char *end = memchr(text.at, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.at) : text.len;
		const char *fault = parse_line(e, arena, (struct slice){ text.at, len }, number);

		if (fault != NULL) {
			buf_printf(problems, "line %u of the env file %s\n", number, fault);
			ok = false;
		}
		text = skip(text, len + (end != NULL));
	}
	return ok;
}

const struct dotenv_line *dotenv_find(const struct dotenv *e, const char *name)
{
	for (size_t i = e->n; i > 0; i--)
		if (strcmp(e->lines[i - 1].name, name) == 0)
			return &e->lines[i - 1];
	return NULL;
}

const char *dotenv_read(struct arena *arena, const char *path, size_t max, size_t *len)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return NULL;

	char *text = arena_alloc(arena, max + 2);
	size_t n = 0;
	ssize_t got;

	do {
		got = read(fd, text + n, max + 1 - n);
		n += got > 0 ? (size_t)got : 0;
	} while ((got > 0 && n <= max) || (got < 0 && errno == EINTR));
	if (got < 0)
		return NULL;

	errno = n > max ? EFBIG : EINVAL;
	if (n > max || memchr(text, '\0', n) != NULL)
		return NULL;
	*len = n;
	return text;
}
