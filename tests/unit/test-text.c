/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/text.h"
#include "tests/unit/tap.h"

#include <string.h>

static void integers_fit_or_are_refused(void)
{
	static const char *const bad[] = {
		"", "-", "+1", " 1", "1 ", "1x", "0x10", "1.0", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999",
	};
	int64_t n = 7;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_FALSE(text_int(bad[i], &n));
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT(text_int("007", &n) && n == 7);
	CU_ASSERT(text_int("-9223372036854775808", &n) && n == INT64_MIN);
	CU_ASSERT(text_int("9223372036854775807", &n) && n == INT64_MAX);
}

static void numbers_are_decimal_and_finite(void)
{
	static const char *const bad[] = {
		"", ".5", "5.", "1e", "1e+", "inf", "nan", "0x1p3", "1e400", "1,5", " 1", "--1",
	};
	double n = 7;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_FALSE(text_number(bad[i], &n));
	CU_ASSERT(n == 7);
	CU_ASSERT(text_number("0.5", &n) && n == 0.5);
	CU_ASSERT(text_number("-2", &n) && n == -2);
	CU_ASSERT(text_number("1.5e+3", &n) && n == 1500);
}

static void sizes_have_dockers_units(void)
{
	static const char *const bad[] = {
		"", "m", "-1m", "1x", "1bb", "1mbb", "1mx", "1 m", "1.5", ".5g", "1.g", "1.5.g", "9223372036854775807k", "8192p",
	};
	int64_t n = 7;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_FALSE(text_size(bad[i], &n));
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT(text_size("1024", &n) && n == 1024);
	CU_ASSERT(text_size("1b", &n) && n == 1);
	CU_ASSERT(text_size("64k", &n) && n == 65536);
	CU_ASSERT(text_size("512M", &n) && n == 512LL << 20);
	CU_ASSERT(text_size("512MB", &n) && n == 512LL << 20);
	CU_ASSERT(text_size("2g", &n) && n == 2LL << 30);
	CU_ASSERT(text_size("0.5g", &n) && n == 512LL << 20);
	CU_ASSERT(text_size("1.25kb", &n) && n == 1280);
	CU_ASSERT(text_size("1.0000000009999g", &n) && n == 1LL << 30);
	CU_ASSERT(text_size("0.9b", &n) && n == 0);
}

static void booleans_are_eight_words(void)
{
	static const char *const bad[] = { "", "y", "enabled", "2", "true ", "-1" };
	bool b = false;

	CU_ASSERT(text_bool("YES", &b) && b);
	CU_ASSERT(text_bool("on", &b) && b);
	CU_ASSERT(text_bool("1", &b) && b);
	CU_ASSERT(text_bool("False", &b) && !b);
	CU_ASSERT(text_bool("0", &b) && !b);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_FALSE(text_bool(bad[i], &b));
}

static void trim_takes_blanks_off_both_ends(void)
{
	CU_ASSERT(slice_equals(text_trim(text_slice(" \t a b\r\n")), "a b"));
	CU_ASSERT(slice_equals(text_trim(text_slice(" \n ")), ""));
	CU_ASSERT(slice_equals(text_trim(text_slice(NULL)), ""));
	CU_ASSERT(slice_equals((struct slice){ NULL, 0 }, ""));
	CU_ASSERT_FALSE(slice_equals((struct slice){ "a\0b", 3 }, "a"));
}

static void one_line_has_no_control_characters(void)
{
	char s[] = "a\nb\tc\x7f\x1f caf\xc3\xa9";

	CU_ASSERT_STRING_EQUAL(text_on_one_line(s), "a?b?c?? caf\xc3\xa9");
}

static void strip_knows_every_blank(void)
{
	CU_ASSERT(slice_equals(text_strip(text_slice("\u3000 \u200aa\u00a0b\x1f\u2028\n")), "a\u00a0b"));
	CU_ASSERT(slice_equals(text_strip(text_slice("\u200b\u200bé\xc2\x85")), "\u200b\u200bé"));
	CU_ASSERT(slice_equals(text_strip(text_slice("\u00a0\u1680\u2000")), ""));
	CU_ASSERT(slice_equals(text_strip(text_slice("")), ""));
	CU_ASSERT(slice_equals(text_strip(text_slice("\U0001f600")), "\U0001f600"));
}

static void list_items_are_trimmed_and_never_empty(void)
{
	struct slice list = text_slice(" a ,, b c,\t,d,"), item;

	CU_ASSERT(text_next_item(&list, ',', &item) && slice_equals(item, "a"));
	CU_ASSERT(text_next_item(&list, ',', &item) && slice_equals(item, "b c"));
	CU_ASSERT(text_next_item(&list, ',', &item) && slice_equals(item, "d"));
	CU_ASSERT_FALSE(text_next_item(&list, ',', &item));
	CU_ASSERT(text_has_item("a, b c ,d", "b c"));
	CU_ASSERT_FALSE(text_has_item("a, b c ,d", "b"));
	CU_ASSERT_FALSE(text_has_item("a,,", ""));
}

static void visible_leaves_a_mark(void)
{
	CU_ASSERT(text_is_visible(text_slice("!~,\"")));
	CU_ASSERT(text_is_visible(text_slice("")));
	CU_ASSERT_FALSE(text_is_visible(text_slice("a b")));
	CU_ASSERT_FALSE(text_is_visible(text_slice("a\x7f")));
	CU_ASSERT_FALSE(text_is_visible(text_slice("\u00e9")));
	CU_ASSERT_FALSE(text_is_visible((struct slice){ "a\0b", 3 }));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "integers fit or are refused", integers_fit_or_are_refused },
		{ "numbers are decimal and finite", numbers_are_decimal_and_finite },
		{ "sizes have Docker's units", sizes_have_dockers_units },
		{ "booleans are eight words", booleans_are_eight_words },
		{ "trim takes blanks off both ends", trim_takes_blanks_off_both_ends },
		{ "one line has no control characters", one_line_has_no_control_characters },
		{ "strip knows every blank", strip_knows_every_blank },
		{ "list items are trimmed and never empty", list_items_are_trimmed_and_never_empty },
		{ "visible leaves a mark", visible_leaves_a_mark },
		{ NULL, NULL },
	};

	return tap_run("text", tests);
}
