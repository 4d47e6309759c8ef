/* SPDX-License-Identifier: Apache-2.0 */
/* What parses is echoed; the echo parses, and its echo is the same. */
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 1 << 24 };

static bool echo(char *text, size_t len, struct buf *to)
{
	struct json_fault fault;
	auto_json doc = json_parse(text, len, &fault);
	struct json_out o = { .to = to };

	if (doc)
		json_put_node(&o, doc, json_root(doc), MOST);
	else
		must(fault.text && fault.offset <= len);
	return doc;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	auto_buf first = BUF_INIT(MOST), second = BUF_INIT(MOST);
	char *text = fuzz_copy(in, len, false);

	if (echo(text, len, &first)) {
		char *again = fuzz_copy((uint8_t *)first.data, first.len, false);

		must(echo(again, first.len, &second));
		must(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
		free(again);
	}
	free(text);
	return 0;
}
