/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's stream in pieces of any size carries the same bytes as in one. */
#include "lib/mux.h"
#include "tests/fuzz/fuzz.h"

struct seen {
	uint64_t hash[3];                  /* by stream: its bytes in order */
	bool broken;
};

static struct seen read_in_pieces(const uint8_t *in, size_t len, size_t piece)
{
	struct mux m = { 0 };
	struct seen seen = { 0 };
	struct slice part, out;
	unsigned stream;

	for (size_t at = 0; at < len; at += piece) {
		part = (struct slice){ (const char *)in + at, piece < len - at ? piece : len - at };
		while (mux_next(&m, &part, &stream, &out)) {
			must(stream == 1 || stream == 2);
			for (size_t i = 0; i < out.len; i++)
				seen.hash[stream] = seen.hash[stream] * 31 + (uint8_t)out.at[i] + 1;
		}
		must(m.broken || part.len == 0);
	}
	seen.broken = m.broken;
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	struct seen whole = read_in_pieces(in, len, len + 1);
	struct seen parts = read_in_pieces(in, len, len ? *in % 16u + 1 : 1);

	must(memcmp(whole.hash, parts.hash, sizeof whole.hash) == 0 && whole.broken == parts.broken);
	return 0;
}
