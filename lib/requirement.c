/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/requirement.h"

#include <string.h>

static struct slice skip(struct slice s, size_t n)
{
	return (struct slice){ s.at + n, s.len - n };
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool take(struct slice *s, const char *text)
{
	size_t n = strlen(text);

	if (s->len < n || memcmp(s->at, text, n) != 0)
		return false;
	*s = skip(*s, n);
	return true;
}

/* Letters, digits and these others; how many. */
static size_t take_run(struct slice *s, const char *others)
{
	size_t n = 0;

	while (n < s->len && (is_alnum(s->at[n]) || (s->at[n] && strchr(others, s->at[n]))))
		n++;
	*s = skip(*s, n);
	return n;
}

/* Begins and ends with a letter or a digit. */
static bool take_name(struct slice *s)
{
	const char *at = s->at;
	size_t n = take_run(s, "._-");

	return n && is_alnum(at[0]) && is_alnum(at[n - 1]);
}

/* [a,b]; there may be none of them, and nothing between the brackets. */
static bool take_extras(struct slice *s)
{
	if (!take(s, "[") || take(s, "]"))
		return true;
	do
		if (!take_name(s))
			return false;
	while (take(s, ","));
	return take(s, "]");
}

static bool take_comparison(struct slice *s)
{
	static const char *const operators[] = { "===", "==", "~=", "!=", "<=", ">=", "<", ">" };

	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (take(s, operators[i]))
			return take_run(s, "._-+!*");
	return false;
}

bool requirement_is_plain(struct slice s)
{
	if (!take_name(&s) || !take_extras(&s))
		return false;
	if (!s.len)
		return true;
	do
		if (!take_comparison(&s))
			return false;
	while (take(&s, ","));
	return !s.len;
}
