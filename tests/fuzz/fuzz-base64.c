/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formed text decodes to the size foretold, in pieces, and its bytes survive both ways. */
#include "lib/base64.h"
#include "tests/fuzz/fuzz.h"

static size_t decode(struct slice text, char *out, size_t piece)
{
	size_t got = 0;

	for (size_t n; (n = base64_next(&text, out + got, piece)) > 0;)
		got += n;
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	struct slice text = { (const char *)in, len };
	size_t size, piece = 3 + len % 61;

	if (!base64_size(text, &size))
		return 0;

	auto_buf again = BUF_INIT(len);
	char *first = calloc(1, size + piece), *second = calloc(1, size + piece);

	must(decode(text, first, piece) == size);
	must(base64_encode(&again, first, size) && again.len == len);
	must(decode(buf_slice(&again), second, piece) == size && memcmp(first, second, size) == 0);
	free(first);
	free(second);
	return 0;
}
