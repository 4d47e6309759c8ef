/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/tree.h"

static char top[] = "/tmp/scratch-XXXXXX";

static void remove_top(void)
{
	tree_remove(AT_FDCWD, top, CLOCK_NEVER);
}

int scratch_open(void)
{
	static int number;
	char path[sizeof top + 16];

	if (number == 0) {
		if (!mkdtemp(top))
			abort();
		atexit(remove_top);
	}
	snprintf(path, sizeof path, "%s/%d", top, number++);
	if (mkdir(path, 0755) != 0)
		abort();
	return open(path, O_RDONLY | O_DIRECTORY);
}

void scratch_put(int dir, const char *path, const char *text)
{
	char part[512];

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		mkdirat(dir, part, 0755);
	}
	if (path[strlen(path) - 1] == '/')
		return;

	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

const char *scratch_get(int dir, const char *path)
{
	static char text[4096];
	int fd = openat(dir, path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return NULL;
	text[n] = 0;
	return text;
}
