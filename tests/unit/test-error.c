/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/error.h"
#include "lib/wire/utf8.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <string.h>

static void a_failure_speaks_to_the_client(void)
{
	struct error err;

	memset(&err, 0x55, sizeof err);
	CU_ASSERT_FALSE(fail(&err, ERR_NOT_FOUND, "no %s", "session"));
	CU_ASSERT_EQUAL(err.kind, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(err.retry_after_s, 0);
	CU_ASSERT_STRING_EQUAL(err.msg, "no session");
	CU_ASSERT_STRING_EQUAL(err.detail, "");
}

static void a_hidden_one_speaks_to_the_log(void)
{
	struct error err;

	CU_ASSERT_FALSE(fail_hidden(&err, ERR_INTERNAL, "at %d", 7));
	CU_ASSERT_STRING_EQUAL(err.msg, "Internal server error");
	CU_ASSERT_STRING_EQUAL(err.detail, "at 7");
	fail_hidden(&err, ERR_UNAVAILABLE, "%s", "");
	CU_ASSERT_STRING_EQUAL(err.msg, "Service temporarily unavailable. Please retry shortly.");
}

static void errno_is_told_as_text(void)
{
	struct error err;

	errno = ENOENT;
	CU_ASSERT_FALSE(fail_errno(&err, ERR_INTERNAL, "open %s", "x"));
	CU_ASSERT_STRING_EQUAL(err.detail, "open x: No such file or directory");
}

static void context_comes_before_the_cause(void)
{
	struct error err;

	fail_hidden(&err, ERR_TIMEOUT, "no answer");
	err.retry_after_s = 3;
	CU_ASSERT_FALSE(fail_while(&err, "starting %s", "it"));
	CU_ASSERT_STRING_EQUAL(err.detail, "while starting it: no answer");
	CU_ASSERT_EQUAL(err.kind, ERR_TIMEOUT);
	CU_ASSERT_EQUAL(err.retry_after_s, 3);
	fail(&err, ERR_INVALID, "bad");
	fail_while(&err, "reading");
	CU_ASSERT_STRING_EQUAL(err.detail, "while reading");
	CU_ASSERT_STRING_EQUAL(err.msg, "bad");
}

/* Three-byte characters behind 0, 1, 2 bytes: each way the end may fall into one. */
static void texts_are_cut_between_characters(void)
{
	char text[901];

	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = "\xe2\x82\xac"[i % 3];
	text[sizeof text - 1] = '\0';
	for (size_t skip = 0; skip < 3; skip++) {
		struct error err;

		fail(&err, ERR_INVALID, "%.*s%s", (int)skip, "ab", text);
		CU_ASSERT(strlen(err.msg) >= sizeof err.msg - 3);
		CU_ASSERT(utf8_is_valid(err.msg, strlen(err.msg)));
		fail_hidden(&err, ERR_INVALID, "%s", text);
		fail_while(&err, "%.*s", (int)skip, "ab");
		CU_ASSERT(utf8_is_valid(err.detail, strlen(err.detail)));
	}
}

static void the_operator_reads_the_cause(void)
{
	struct error err;

	fail(&err, ERR_INVALID, "bad");
	CU_ASSERT_STRING_EQUAL(error_reason(&err), "bad");
	fail_hidden(&err, ERR_INTERNAL, "no room");
	CU_ASSERT_STRING_EQUAL(error_reason(&err), "no room");
}

static void a_kind_has_status_and_slug(void)
{
	CU_ASSERT_EQUAL(error_status(ERR_NONE), 0);
	CU_ASSERT_EQUAL(error_status(ERR_LIMITED), 429);
	CU_ASSERT_STRING_EQUAL(error_slug(ERR_NONE), "ok");
	CU_ASSERT_STRING_EQUAL(error_slug(ERR_TOO_LARGE), "too_large");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a failure speaks to the client", a_failure_speaks_to_the_client },
		{ "a hidden one speaks to the log", a_hidden_one_speaks_to_the_log },
		{ "errno is told as text", errno_is_told_as_text },
		{ "context comes before the cause", context_comes_before_the_cause },
		{ "texts are cut between characters", texts_are_cut_between_characters },
		{ "the operator reads the cause", the_operator_reads_the_cause },
		{ "a kind has status and slug", a_kind_has_status_and_slug },
		{ NULL, NULL },
	};

	return tap_run("error", tests);
}
