/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mux.h"
#include "tests/unit/tap.h"

#include <string.h>

/* Two pieces of stdout with one of stderr and an empty one between. */
static const char stream_bytes[] =
	"\1\0\0\0\0\0\0\5hello"
	"\2\0\0\0\0\0\0\3err"
	"\1\0\0\0\0\0\0\0"
	"\1\0\0\0\0\0\0\6 world";

struct collected {
	char out[64], err[64];
	size_t n_out, n_err;
};

static void feed(struct mux *m, struct collected *c, const char *bytes, size_t len)
{
	struct slice in = { bytes, len }, piece;
	unsigned stream;

	while (mux_next(m, &in, &stream, &piece)) {
		char *to = stream == 1 ? c->out + c->n_out : c->err + c->n_err;

		memcpy(to, piece.at, piece.len);
		*(stream == 1 ? &c->n_out : &c->n_err) += piece.len;
	}
}

static void streams_come_apart_at_any_cut(void)
{
	size_t len = sizeof stream_bytes - 1;

	for (size_t cut = 0; cut <= len; cut++) {
		struct mux m = { .have = 0 };
		struct collected c = { .n_out = 0 };

		feed(&m, &c, stream_bytes, cut);
		feed(&m, &c, stream_bytes + cut, len - cut);
		CU_ASSERT_EQUAL(c.n_out, 11);
		CU_ASSERT_EQUAL(memcmp(c.out, "hello world", 11), 0);
		CU_ASSERT_EQUAL(c.n_err, 3);
		CU_ASSERT_EQUAL(memcmp(c.err, "err", 3), 0);
	}
}

static void a_header_that_is_none_is_final(void)
{
	static const char *const bad[] = { "\0\0\0\0\0\0\0\1x", "\3\0\0\0\0\0\0\1x", "\1\1\0\0\0\0\0\1x" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct mux m = { .have = 0 };
		struct slice in = { bad[i], 9 }, piece;
		unsigned stream;

		CU_ASSERT_FALSE(mux_next(&m, &in, &stream, &piece));
		CU_ASSERT(m.broken);
		in = (struct slice){ stream_bytes, sizeof stream_bytes - 1 };
		CU_ASSERT_FALSE(mux_next(&m, &in, &stream, &piece));
	}
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "streams come apart, cut anywhere", streams_come_apart_at_any_cut },
		{ "a header that is none is final", a_header_that_is_none_is_final },
		{ NULL, NULL },
	};

	return tap_run("mux", tests);
}
