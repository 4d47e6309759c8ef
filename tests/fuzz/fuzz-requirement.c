/* SPDX-License-Identifier: Apache-2.0 */
/* A plain requirement can be an argument behind "--" and a word in anybody's list. */
#include "lib/requirement.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	char *text = calloc(1, len + 1);

	must(text != NULL);
	memcpy(text, in, len);
	if (requirement_is_plain((struct slice){ text, len })) {
		must(len > 0 && strlen(text) == len && text[0] != '-');
		must(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "._-[],=~!<>+*") == len);
		must(!strchr(text, '[') == !strchr(text, ']'));
	}
	free(text);
	return 0;
}
