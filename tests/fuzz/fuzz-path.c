/* SPDX-License-Identifier: Apache-2.0 */
/* A safe name, put between slashes, holds nothing that could lead elsewhere. */
#include "lib/wire/path.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	char *name = calloc(1, len + 3);

	must(name != NULL);
	name[0] = name[len + 1] = '/';
	memcpy(name + 1, in, len);
	if (path_is_safe(name + 1, len)) {
		must(strlen(name) == len + 2);
		must(!strstr(name, "//") && !strstr(name, "/./") && !strstr(name, "/../"));
		must(!strpbrk(name, "\\\n\r\t\x7f"));
	}
	free(name);
	return 0;
}
