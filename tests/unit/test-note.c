/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/note.h"
#include "tests/unit/tap.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct note parsed(uint8_t raised, uint8_t length, const char *name)
{
	static uint8_t bytes[NOTE_USED];
	struct note note;
	size_t n = strlen(name);

	memset(bytes, 0, sizeof bytes);
	bytes[0] = raised;
	bytes[1] = length;
	memcpy(bytes + 2, name, n < WIRE_TYPE_MAX ? n : WIRE_TYPE_MAX);
	bytes[NOTE_USED - 1] = 5;
	note_parse(bytes, &note);
	return note;
}

static bool is_taken(const char *name)
{
	struct note n = parsed(RAISED_EXCEPTION, (uint8_t)strlen(name), name);

	return n.raised == RAISED_EXCEPTION && n.type.len == strlen(name) &&
	       memcmp(n.type.at, name, n.type.len) == 0;
}

static void an_identifier_is_taken(void)
{
	CU_ASSERT_TRUE(is_taken("ValueError"));
	CU_ASSERT_TRUE(is_taken("_E2"));
	CU_ASSERT_TRUE(is_taken("Fehl\xc3\xb6"));
	CU_ASSERT_EQUAL(parsed(RAISED_EXCEPTION, 3, "KeyError").type.len, 3);
	CU_ASSERT_EQUAL(parsed(0, 0, "").modules, 5);
}

static void anything_else_is_dropped(void)
{
	static const char *const names[] = {
		"", "2E", "a b", "a.b", "a\nb", "a\r", "<b>", "a\x7f", "E\xff", "E\xc3", "E\xed\xa0\x80",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct note n = parsed(RAISED_EXCEPTION, (uint8_t)strlen(names[i]), names[i]);

		CU_ASSERT_EQUAL(n.raised, RAISED_NOTHING);
		CU_ASSERT_EQUAL(n.type.len, 0);
	}
}

static void lengths_and_kinds_that_lie_are_dropped(void)
{
	char longest[256];

	memset(longest, 'N', sizeof longest);
	longest[WIRE_TYPE_MAX] = 0;
	CU_ASSERT_TRUE(is_taken(longest));
	for (unsigned length = WIRE_TYPE_MAX + 1; length < 256; length++)
		CU_ASSERT_EQUAL(parsed(RAISED_EXCEPTION, (uint8_t)length, longest).raised,
		                RAISED_NOTHING);
	for (unsigned kind = 3; kind < 256; kind++)
		CU_ASSERT_EQUAL(parsed((uint8_t)kind, 1, "E").raised, RAISED_NOTHING);
	CU_ASSERT_EQUAL(parsed(RAISED_EXIT, 255, "E").raised, RAISED_EXIT);
	CU_ASSERT_EQUAL(parsed(RAISED_EXIT, 1, "E").type.len, 0);
}

static void a_file_that_is_too_short_says_nothing(void)
{
	uint8_t bytes[NOTE_USED];
	struct note note;
	int fd = memfd_create("note", 0);

	CU_ASSERT_EQUAL(write(fd, "\1\1E", 3), 3);
	note_read(fd, bytes, &note);
	CU_ASSERT_EQUAL(note.raised, RAISED_NOTHING);
	CU_ASSERT_EQUAL(ftruncate(fd, NOTE_SIZE), 0);
	note_read(fd, bytes, &note);
	CU_ASSERT_EQUAL(note.raised, RAISED_EXCEPTION);
	note_read(-1, bytes, &note);
	CU_ASSERT_EQUAL(note.raised, RAISED_NOTHING);
	close(fd);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "an identifier is taken", an_identifier_is_taken },
		{ "anything else is dropped", anything_else_is_dropped },
		{ "lengths and kinds that lie are dropped", lengths_and_kinds_that_lie_are_dropped },
		{ "a file that is too short says nothing", a_file_that_is_too_short_says_nothing },
		{ NULL, NULL },
	};

	return tap_run("note", tests);
}
