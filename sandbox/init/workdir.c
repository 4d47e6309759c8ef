/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/workdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/launch.h"
#include "sandbox/init/tree.h"

enum { CLEAN_US = 5000000 };

void workdir_make(const struct workdir *d, const char *id)
{
	char path[WORKDIR_PATH];

	snprintf(path, sizeof path, "misc/%s", id);
	if (mkdirat(d->tmp, path, 0755) == 0)
		return;

	int misc = tree_open(d->tmp, "misc");

	if (misc >= 0 && tree_remove(misc, id, clock_us() + CLEAN_US))
		mkdirat(misc, id, 0755);
	if (misc >= 0)
		close(misc);
}

bool workdir_put_script(const struct workdir *d, const char *id, int code,
                        char path[static WORKDIR_PATH])
{
	struct stat st;
	off_t at = 0;

	snprintf(path, WORKDIR_PATH, TMP_PATH "/misc/%s/script.sh", id);

	int fd = openat(d->tmp, path + sizeof TMP_PATH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                0755);

	if (fd < 0 || fstat(code, &st) != 0)
		return false;
	while (at < st.st_size && sendfile(fd, code, &at, (size_t)(st.st_size - at)) > 0)
		;
	close(fd);
	return at == st.st_size;
}

int workdir_open_output(const struct workdir *d)
{
	return tree_open(d->tmp, "output");
}

/* Makes the directory empty, whatever user code has put in its place. */
static bool make_empty(int at, const char *name, int64_t until_us)
{
	int dir = tree_open(at, name);

	if (dir < 0)
		return tree_remove(at, name, until_us) && mkdirat(at, name, 0755) == 0;

	bool ok = tree_clear(dir, until_us);

	close(dir);
	return ok;
}

/* /tmp/misc stays, with what earlier runs have put there. */
static bool remove_own(int tmp, const char *id, int64_t until_us)
{
	int misc = tree_open(tmp, "misc");

	if (misc < 0)
		return make_empty(tmp, "misc", until_us);

	bool ok = !*id || tree_remove(misc, id, until_us);

	close(misc);
	return ok;
}

bool workdir_clean(const struct workdir *d, const char *id)
{
	int64_t until_us = clock_us() + CLEAN_US;

	return make_empty(d->tmp, "output", until_us) && remove_own(d->tmp, id, until_us) &&
	       (d->shm < 0 || tree_clear(d->shm, until_us)) &&
	       (d->mqueue < 0 || tree_clear(d->mqueue, until_us));
}
