/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/utf8.h"
#include "tests/unit/tap.h"

#include <string.h>

/* As Python's len(bytes.decode("utf-8", "replace")). */
static size_t count(const char *s, size_t len)
{
	struct utf8 u = { 0 };
	size_t used;
	size_t n = utf8_count(&u, (const uint8_t *)s, len, SIZE_MAX, &used);

	CU_ASSERT_EQUAL(used, len);
	return n + utf8_finish(&u);
}

#define COUNT(s) count(s, sizeof(s) - 1)

static void a_code_point_is_one_character(void)
{
	CU_ASSERT_EQUAL(COUNT(""), 0);
	CU_ASSERT_EQUAL(COUNT("abc"), 3);
	CU_ASSERT_EQUAL(COUNT("a\0b"), 3);
	CU_ASSERT_EQUAL(COUNT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 3);
}

static void a_maximal_ill_formed_part_is_one_character(void)
{
	CU_ASSERT_EQUAL(COUNT("\xff"), 1);
	CU_ASSERT_EQUAL(COUNT("\xff\xfe"), 2);
	CU_ASSERT_EQUAL(COUNT("\xe2\x82"), 1);
	CU_ASSERT_EQUAL(COUNT("\xe2\x82x"), 2);
	CU_ASSERT_EQUAL(COUNT("\xc0\xaf"), 2);
	CU_ASSERT_EQUAL(COUNT("\xed\xa0\x80"), 3);
	CU_ASSERT_EQUAL(COUNT("\xf0\x80\x80\x80"), 4);
	CU_ASSERT_EQUAL(COUNT("\xf4\x90\x80\x80"), 4);
	CU_ASSERT_EQUAL(COUNT("\xf0\x9f\x98\xf0\x9f\x98\x80"), 2);
}

static void stops_at_the_limit_between_characters(void)
{
	struct utf8 u = { 0 };
	const char *s = "\xc3\xa9\xc3\xa9\xc3\xa9";
	size_t used;

	CU_ASSERT_EQUAL(utf8_count(&u, (const uint8_t *)s, 6, 2, &used), 2);
	CU_ASSERT_EQUAL(used, 4);
	CU_ASSERT_FALSE(utf8_finish(&u));
}

/* Any cut into two pieces counts like the whole. */
static void pieces_count_like_the_whole(void)
{
	static const char s[] = "a\xe2\x82\xac\xf0\x9f\x98\x80\xff\xe2\x82z\xed\xa0\x80\xc3";
	size_t len = sizeof s - 1;
	size_t whole = count(s, len);

	CU_ASSERT_EQUAL(whole, 10);
	for (size_t cut = 0; cut <= len; cut++) {
		struct utf8 u = { 0 };
		size_t used;
		size_t n = utf8_count(&u, (const uint8_t *)s, cut, SIZE_MAX, &used);

		n += utf8_count(&u, (const uint8_t *)s + cut, len - cut, SIZE_MAX, &used);
		CU_ASSERT_EQUAL(n + utf8_finish(&u), whole);
	}
}

static void valid_means_all_of_it(void)
{
	CU_ASSERT(utf8_is_valid("caf\xc3\xa9", 5));
	CU_ASSERT_FALSE(utf8_is_valid("caf\xc3", 4));
	CU_ASSERT_FALSE(utf8_is_valid("\xed\xa0\x80", 3));
	CU_ASSERT_FALSE(utf8_is_valid("\xc0\x80", 2));
	CU_ASSERT_FALSE(utf8_is_valid("\xf5\x80\x80\x80", 4));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a code point is one character", a_code_point_is_one_character },
		{ "a maximal ill-formed part is one character", a_maximal_ill_formed_part_is_one_character },
		{ "stops at the limit, between characters", stops_at_the_limit_between_characters },
		{ "pieces count like the whole", pieces_count_like_the_whole },
		{ "valid means all of it", valid_means_all_of_it },
		{ NULL, NULL },
	};

	return tap_run("utf8", tests);
}
