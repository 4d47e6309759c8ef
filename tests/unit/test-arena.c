/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/arena.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

enum { PIECES = 2000 };

static size_t pick_size(void)
{
	static const size_t most[] = { 16, 64, 1000, 9000, 100000 };

	return (size_t)random() % most[random() % 5];
}

static bool all_are(const unsigned char *at, size_t size, unsigned char value)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != value)
			return false;
	return true;
}

/* Each piece is zeroed, aligned, and keeps what was written into it, whatever came after. */
static void pieces_never_meet(void)
{
	struct arena a = { 0 };

	srandom(1);
	for (int round = 0; round < 3; round++) {
		static unsigned char *at[PIECES];
		static size_t size[PIECES];

		for (size_t i = 0; i < PIECES; i++) {
			size[i] = pick_size();
			at[i] = arena_alloc(&a, size[i]);
			CU_ASSERT_EQUAL((uintptr_t)at[i] % _Alignof(max_align_t), 0);
			CU_ASSERT(all_are(at[i], size[i], 0));
			memset(at[i], (int)(i & 255), size[i]);
		}
		for (size_t i = 0; i < PIECES; i++)
			CU_ASSERT(all_are(at[i], size[i], (unsigned char)i));
		arena_reset(&a);
	}
	arena_finish(&a);
}

static void pieces_are_distinct(void)
{
	struct arena a = { 0 };

	CU_ASSERT_NOT_EQUAL(arena_alloc(&a, 1), arena_alloc(&a, 1));
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 0));
	arena_finish(&a);
}

static void copies_end_with_nul(void)
{
	struct arena a = { 0 };
	struct slice s = arena_copy(&a, (struct slice){ "a\0bc", 3 });

	CU_ASSERT_EQUAL(s.len, 3);
	CU_ASSERT_EQUAL(memcmp(s.at, "a\0b", 4), 0);
	CU_ASSERT_STRING_EQUAL(arena_strdup(&a, "hello"), "hello");
	CU_ASSERT_STRING_EQUAL(arena_strndup(&a, "hello", 2), "he");
	CU_ASSERT_STRING_EQUAL(arena_strndup(&a, NULL, 0), "");
	CU_ASSERT_STRING_EQUAL(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	arena_finish(&a);
}

static void reset_keeps_one_block(void)
{
	struct arena a = { 0 };
	char *first = arena_alloc(&a, 100);

	arena_alloc(&a, 1 << 20);
	arena_alloc(&a, 100);
	arena_reset(&a);
	CU_ASSERT_PTR_EQUAL(arena_alloc(&a, 100), first);
	arena_finish(&a);
	arena_reset(&a);
	arena_finish(&a);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "pieces never meet", pieces_never_meet },
		{ "pieces are distinct", pieces_are_distinct },
		{ "copies end with NUL", copies_end_with_nul },
		{ "reset keeps one block", reset_keeps_one_block },
		{ NULL, NULL },
	};

	return tap_run("arena", tests);
}
