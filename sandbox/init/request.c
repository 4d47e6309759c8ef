/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/request.h"

#include <string.h>

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool request_is_valid(const struct run *run)
{
	for (size_t i = 0; i < run->id.len; i++)
		if (!is_letter_or_digit(run->id.at[i]) && run->id.at[i] != '-')
			return false;
	for (unsigned i = 0; i < run->argc; i++)
		if (memchr(run->argv[i].at, 0, run->argv[i].len))
			return false;
	return run->id.len > 0;
}

static struct slice keep(char **text, struct slice s)
{
	char *at = *text;

	memcpy(at, s.at, s.len);
	at[s.len] = 0;
	*text += s.len + 1;
	return (struct slice){ at, s.len };
}

void request_keep(struct request *r, const struct run *run)
{
	char *text = r->text;

	r->run = *run;
	r->run.id = keep(&text, run->id);
	for (unsigned i = 0; i < run->argc; i++)
		r->run.argv[i] = keep(&text, run->argv[i]);
}
