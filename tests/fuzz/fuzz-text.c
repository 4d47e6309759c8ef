/* SPDX-License-Identifier: Apache-2.0 */
/* Readings of short texts: an integer prints back, sizes and numbers stay in range. */
#include "lib/text.h"
#include "lib/wire/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	char *s = fuzz_copy(in, len, true);
	struct slice list = text_slice(s), item;
	int64_t n, m;
	double d;
	bool b;

	if (text_int(s, &n)) {
		char again[32];

		(void)snprintf(again, sizeof again, "%lld", (long long)n);
		must(text_int(again, &m) && m == n && text_number(s, &d) && d == (double)n);
	}
	must(!text_number(s, &d) || isfinite(d));
	must(!text_size(s, &n) || n >= 0);
	must(!text_bool(s, &b) || strlen(s) <= 5);
	must(!utf8_is_valid(s, strlen(s)) ||
	     text_strip(text_slice(s)).len <= text_trim(text_slice(s)).len);
	while (text_next_item(&list, ',', &item))
		must(item.len > 0 && !memchr(item.at, ',', item.len) &&
		     text_trim(item).len == item.len);
	must(list.len == 0);
	free(s);
	return 0;
}
