/* SPDX-License-Identifier: Apache-2.0 */
/* Media types of output files by extension, as the contract's clients know them (5.8). */
#include "fcgi-app/policy/execute.h"
#include "lib/text.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *type, *extensions;
} table[] = {
#define MIME(type, extensions) { type, extensions },
#include "fcgi-app/policy/mime.def"
};

static const char unknown[] = "application/octet-stream";

/* The part behind the last dot of the last component; empty when only dots stand before it. */
static struct slice extension(struct slice name)
{
	const char *slash = memrchr(name.at, '/', name.len);
	size_t begin = slash != NULL ? (size_t)(slash - name.at) + 1 : 0;

	while (begin < name.len && name.at[begin] == '.')
		begin++;

	const char *dot = memrchr(name.at + begin, '.', name.len - begin);

	if (dot == NULL)
		return (struct slice){ name.at + name.len, 0 };
	return (struct slice){ dot + 1, name.len - (size_t)(dot + 1 - name.at) };
}

static bool is_compression(struct slice ext)
{
	return slice_equals(ext, "gz") || slice_equals(ext, "Z") || slice_equals(ext, "bz2")
	    || slice_equals(ext, "xz") || slice_equals(ext, "br");
}

/* .tgz and its like are .tar.gz, .svgz is .svg.gz. */
static struct slice long_form(struct slice ext)
{
	static const char *const tars[] = { "tgz", "taz", "tz", "tbz2", "txz" };

	for (size_t i = 0; i < sizeof tars / sizeof tars[0]; i++)
		if (slice_equals(ext, tars[i]))
			return text_slice("tar");
	return slice_equals(ext, "svgz") ? text_slice("svg") : ext;
}

static bool lists(const char *extensions, struct slice ext)
{
	struct slice list = text_slice(extensions), item;

	while (text_next_item(&list, ' ', &item))
		if (item.len == ext.len && strncasecmp(item.at, ext.at, ext.len) == 0)
			return true;
	return false;
}

const char *mime_type_of(struct slice name)
{
	struct slice ext;

	if (name.len == 0)
		return unknown;
	ext = extension(name);
	if (ext.len > 0 && is_compression(ext))
		ext = extension((struct slice){ name.at, name.len - ext.len - 1 });
	ext = long_form(ext);
	for (size_t i = 0; ext.len > 0 && i < sizeof table / sizeof table[0]; i++)
		if (lists(table[i].extensions, ext))
			return table[i].type;
	return unknown;
}
