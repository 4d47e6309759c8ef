/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/stray.h"

#include "fcgi-app/policy/setting.h"

#include <limits.h>
#include <string.h>

enum { NAME_MAX_LEN = 64, FAR = NAME_MAX_LEN * 2 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Optimal string alignment: row i holds the steps from i letters of a to each part of b. */
unsigned stray_distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_MAX_LEN + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NAME_MAX_LEN || b_len > NAME_MAX_LEN)
		return FAR;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			bool other = upper(a[i - 1]) != upper(b[j - 1]);
			bool swapped = i > 1 && j > 1 && upper(a[i - 1]) == upper(b[j - 2])
			            && upper(a[i - 2]) == upper(b[j - 1]);

			row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + other);
			if (swapped)
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

static const char *nearest(const char *name, unsigned *steps)
{
	const char *best = "";
	size_t len = strlen(name);

	*steps = UINT_MAX;
	for (const struct setting *s = NULL; (s = setting_next(s)) != NULL;) {
		if (s->kind == SETTING_SECTION || s->kind == SETTING_SAMPLE)
			continue;

		size_t other = strlen(s->name), apart = len > other ? len - other : other - len;
		unsigned n = apart < *steps ? stray_distance(name, s->name) : FAR;

		if (n < *steps) {
			best = s->name;
			*steps = n;
		}
	}
	return best;
}

/* Others have no reason to begin a name like this. */
static bool has_our_prefix(const char *name)
{
	static const char *const prefixes[] = {
		"CORS_", "FASTCGI_SOCKET", "JWT_", "LATEX_", "RENDER_", "SANDBOX_", "SECCOMP_",
	};

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_plain(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name != '_' && !(*name >= '0' && *name <= '9')
		    && !(upper(*name) >= 'A' && upper(*name) <= 'Z'))
			return false;
	return true;
}

void stray_print(const char *name, const char *where, bool ours, struct buf *out)
{
	size_t len = strlen(name);
	unsigned steps;
	const char *known = nearest(name, &steps);
	bool close = len >= 5 && steps <= (len < 10 ? 1U : len < 20 ? 2U : 3U);

	if (strcmp(known, name) == 0 || !is_plain(name) || !(ours || close || has_our_prefix(name)))
		return;
	buf_printf(out, "%.*s (%s) is no setting", NAME_MAX_LEN, name, where);
	if (steps <= len / 4)
		buf_printf(out, "; %s is one", known);
	buf_putc(out, '\n');
}
