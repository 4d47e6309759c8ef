/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/envfile.h"

#include "fcgi-app/policy/dotenv.h"
#include "lib/base64.h"
#include "lib/text.h"

#include <errno.h>
#include <string.h>

enum { ENVFILE_MAX = 64 * 1024, HOME_LEN = sizeof "/home/sandbox/" - 1 };

static const char *read_source(const struct config *c, struct arena *arena, size_t *len)
{
	return dotenv_read(arena, c->sandbox_env_source_path, ENVFILE_MAX, len);
}

/* As an input file is named. */
static struct slice target(const struct config *c)
{
	return text_slice(c->sandbox_env_target_path + HOME_LEN);
}

bool envfile_check(const struct config *c, struct arena *arena, struct error *err)
{
	size_t len;

	if (!c->allow_sandbox_env_injection)
		return fail(err, ERR_INVALID, "Sandbox env injection is disabled.");
	return read_source(c, arena, &len) != NULL
	    || fail(err, ERR_INVALID, "Sandbox env injection was requested, but no readable env "
	            "source file is configured.");
}

const char *envfile_put_first(const struct config *c, struct arena *arena,
                              const struct execution *what, const struct input_file **files)
{
	static const char disabled[] = "Sandbox env injection is disabled";
	struct input_file *all = arena_alloc(arena, (what->n_files + 1) * sizeof *all);
	size_t len;
	const char *text = c->allow_sandbox_env_injection ? read_source(c, arena, &len) : NULL;

	if (text == NULL)
		return c->allow_sandbox_env_injection ? strerror(errno) : disabled;
	all[0] = (struct input_file){ .name = target(c), .base64 = { text, len }, .is_plain = true };
	if (what->n_files > 0)
		memcpy(all + 1, what->files, what->n_files * sizeof *all);
	*files = all;
	return NULL;
}

/* PID 1 ends its reason with the file's name. */
bool envfile_is_named(const struct config *c, struct slice reason)
{
	struct slice name = target(c);

	return reason.len > name.len + 2
	    && memcmp(reason.at + reason.len - name.len - 2, ": ", 2) == 0
	    && memcmp(reason.at + reason.len - name.len, name.at, name.len) == 0;
}
