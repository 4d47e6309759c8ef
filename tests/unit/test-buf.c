/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buf.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

enum { CEILING = 5000 };

static bool append_any(struct buf *b, const char *bytes, size_t len)
{
	char *at;

	switch (random() % 4) {
	case 0:
		return buf_append(b, bytes, len);
	case 1:
		return buf_puts(b, bytes);
	case 2:
		return buf_printf(b, "%s", bytes);
	}
	at = buf_reserve(b, len);
	if (!at)
		return false;
	memcpy(at, bytes, len);
	b->len += len;
	return true;
}

/* Every way to append, beside a plain array that does the same. */
static void behaves_like_an_array(void)
{
	srandom(2);
	for (int round = 0; round < 200; round++) {
		auto_buf b = BUF_INIT(CEILING);
		char shadow[CEILING + 1] = "";
		size_t len = 0;
		bool full = false;

		while (!full) {
			char piece[400];
			size_t n = (size_t)random() % (sizeof piece - 1);

			memset(piece, 'a' + (int)(random() % 26), n);
			piece[n] = '\0';
			full = n > CEILING - len;
			CU_ASSERT_EQUAL(append_any(&b, piece, n), !full);
			if (!full)
				memcpy(shadow + len, piece, n + 1);
			len += full ? 0 : n;
			CU_ASSERT_EQUAL(b.len, len);
			CU_ASSERT_EQUAL(b.full, full);
			CU_ASSERT_STRING_EQUAL(buf_slice(&b).at, shadow);
		}
	}
}

static void full_stays_until_reset(void)
{
	auto_buf b = BUF_INIT(3);

	CU_ASSERT(buf_puts(&b, "abc"));
	CU_ASSERT(buf_puts(&b, ""));
	CU_ASSERT_FALSE(buf_putc(&b, 'd'));
	CU_ASSERT_FALSE(buf_puts(&b, ""));
	CU_ASSERT_STRING_EQUAL(b.data, "abc");
	buf_reset(&b);
	CU_ASSERT_EQUAL(b.len, 0);
	CU_ASSERT(buf_putc(&b, 'e'));
	CU_ASSERT_STRING_EQUAL(b.data, "e");
}

static void sizes_that_overflow_are_refused(void)
{
	auto_buf b = BUF_INIT(SIZE_MAX);

	CU_ASSERT(buf_putc(&b, 'x'));
	CU_ASSERT_PTR_NULL(buf_reserve(&b, SIZE_MAX));
	buf_reset(&b);
	CU_ASSERT_PTR_NULL(buf_reserve(&b, PTRDIFF_MAX));
}

static void nothing_appended_reads_as_empty(void)
{
	auto_buf b = BUF_INIT(0);

	CU_ASSERT_EQUAL(buf_slice(&b).len, 0);
	CU_ASSERT_PTR_NOT_NULL(buf_slice(&b).at);
	CU_ASSERT(buf_append(&b, NULL, 0));
	CU_ASSERT_STRING_EQUAL(b.data, "");
	CU_ASSERT_FALSE(buf_putc(&b, 'x'));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "behaves like an array", behaves_like_an_array },
		{ "full stays until reset", full_stays_until_reset },
		{ "sizes that overflow are refused", sizes_that_overflow_are_refused },
		{ "nothing appended reads as empty", nothing_appended_reads_as_empty },
		{ NULL, NULL },
	};

	return tap_run("buf", tests);
}
