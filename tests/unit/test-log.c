/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"
#include "tests/unit/tap.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[65536];
static int saved, reader;

static void capture(void)
{
	int fd[2];

	CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);
	saved = dup(STDERR_FILENO);
	reader = fd[0];
	dup2(fd[1], STDERR_FILENO);
	close(fd[1]);
}

/* What was written since capture(), as one text. */
static const char *captured(void)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(reader, line, sizeof line - 1);
	close(reader);
	line[n > 0 ? n : 0] = '\0';
	return line;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t re;
	bool found;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static void an_event_is_one_line_of_json(void)
{
	capture();
	log_event(LOG_INFO, "request", (const struct log_field[]){
		{ .key = "path", .text = "/x\n\"" },
		{ .key = "absent", .text = NULL },
		{ .key = "status", .number = -5, .is_number = true },
		{ .key = "ms", .number = 1234, .is_number = true, .decimals = 3 },
		{ .key = NULL },
	});
	CU_ASSERT(matches(captured(),
		"^\\{\"ts\":\"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z\",\"level\":\"info\","
		"\"event\":\"request\",\"path\":\"/x\\\\n\\\\\"\",\"status\":-5,\"ms\":1\\.234\\}\n$"));
}

static void a_text_is_its_message(void)
{
	capture();
	log_text(LOG_ERROR, "start", "no %s", "way");
	CU_ASSERT(matches(captured(), "\"level\":\"error\",\"event\":\"start\",\"message\":\"no way\"}\n$"));
}

static void levels_below_the_least_are_silent(void)
{
	capture();
	log_text(LOG_DEBUG, "x", "unseen");
	log_set_level(LOG_WARNING);
	log_text(LOG_INFO, "x", "unseen");
	log_text(LOG_WARNING, "x", "seen");
	log_set_level(LOG_INFO);
	CU_ASSERT(matches(captured(), "^[^\n]*\"level\":\"warning\"[^\n]*\"seen\"}\n$"));
}

static void members_that_do_not_fit_are_left_out(void)
{
	static char text[8000];
	struct log_field f[] = {
		{ .key = "a", .text = text }, { .key = "b", .text = text }, { .key = "c", .text = text },
		{ .key = "d", .text = text }, { .key = "e", .text = "short" }, { .key = NULL },
	};

	memset(text, 'x', sizeof text - 1);
	capture();
	log_event(LOG_INFO, "long", f);
	CU_ASSERT(matches(captured(), "\"c\":\"x+\",\"e\":\"short\",\"cut\":true}\n$"));
	CU_ASSERT(strlen(line) <= 16384);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "an event is one line of JSON", an_event_is_one_line_of_json },
		{ "a text is its message", a_text_is_its_message },
		{ "levels below the least are silent", levels_below_the_least_are_silent },
		{ "members that do not fit are left out", members_that_do_not_fit_are_left_out },
		{ NULL, NULL },
	};

	return tap_run("log", tests);
}
