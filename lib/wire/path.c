/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/path.h"

#include <string.h>

static bool byte_is_safe(unsigned char c)
{
	return c >= 32 && c != 127 && c != '\\';
}

static bool component_is_safe(const char *s, size_t len)
{
	if (len == 0 || len > PATH_COMPONENT_MAX)
		return false;
	if (s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!byte_is_safe((unsigned char)s[i]))
			return false;
	return true;
}

bool path_is_safe(const char *name, size_t len)
{
	for (size_t depth = 1; depth <= PATH_DEPTH_MAX; depth++) {
		const char *slash = memchr(name, '/', len);
		size_t n = slash ? (size_t)(slash - name) : len;

		if (!component_is_safe(name, n))
			return false;
		if (!slash)
			return true;
		name += n + 1;
		len -= n + 1;
	}
	return false;
}
