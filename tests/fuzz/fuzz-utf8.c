/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes count alike in two pieces, and are a JSON string with as many characters. */
#include "lib/json.h"
#include "lib/wire/utf8.h"
#include "tests/fuzz/fuzz.h"

static size_t count(const uint8_t *in, size_t len, size_t cut)
{
	struct utf8 u = { 0 };
	size_t used, n = utf8_count(&u, in, cut, SIZE_MAX, &used);

	n += utf8_count(&u, in + cut, len - cut, SIZE_MAX, &used);
	return n + utf8_finish(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	auto_buf b = BUF_INIT(6 * len + 2);
	struct json_out o = { .to = &b };
	struct json_fault fault;

	json_put_text(&o, (struct slice){ (const char *)in, len });
	must(!b.full && utf8_is_valid(b.data, b.len));

	auto_json doc = json_parse(b.data, b.len, &fault);
	struct slice s = json_string(doc, json_root(doc));

	must(count(in, len, len / 2) == count((const uint8_t *)s.at, s.len, 0));
	must(!utf8_is_valid((const char *)in, len) || (s.len == len && memcmp(s.at, in, len) == 0));
	return 0;
}
