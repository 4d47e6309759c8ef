/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/counters.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Appends to a path that holds PATH_MAX bytes; false when it would not fit. */
static bool append(char *path, size_t *have, const char *more, size_t len)
{
	if (*have + len >= PATH_MAX)
		return false;
	memcpy(path + *have, more, len);
	*have += len;
	path[*have] = 0;
	return true;
}

static int open_below(int root, const char *prefix, const char *group, size_t len,
                      const char *file)
{
	char path[PATH_MAX];
	size_t have = 0;

	if (!append(path, &have, prefix, strlen(prefix)) || !append(path, &have, group, len) ||
	    !append(path, &have, "/", 1) || !append(path, &have, file, strlen(file)))
		return -1;
	return openat(root, path, O_RDONLY | O_CLOEXEC);
}

/* The line "<number>:<controllers>:<path>" that names the controller; "" is version 2's. */
static const char *find_group(const char *self, const char *controller, size_t *len)
{
	size_t n = strlen(controller);

	while (self && *self) {
		const char *name = strchr(self, ':');
		const char *path = name ? strchr(name + 1, ':') : NULL;

		if (!path)
			return NULL;
		if ((size_t)(path - name - 1) == n && memcmp(name + 1, controller, n) == 0) {
			*len = strcspn(path + 1, "\n");
			return path + 1;
		}
		self = strchr(path, '\n');
		self = self ? self + 1 : NULL;
	}
	return NULL;
}

/* Our own group is mounted at the root itself, or the whole hierarchy is and self says where. */
static int open_counter(int root, const char *self, const char *controller, const char *v1,
                        const char *v2)
{
	const char *group;
	size_t len = 0;
	int fd = open_below(root, controller, "", 0, v1);

	if (fd < 0)
		fd = open_below(root, ".", "", 0, v2);
	if (fd < 0 && (group = find_group(self, controller, &len)))
		fd = open_below(root, controller, group, len, v1);
	if (fd < 0 && (group = find_group(self, "", &len)))
		fd = open_below(root, ".", group, len, v2);
	return fd;
}

/* The number behind the label; an empty label is the start of the file. */
static bool read_number(int fd, const char *label, uint64_t *n)
{
	char text[512];
	ssize_t len = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);

	if (len <= 0)
		return false;
	text[len] = 0;

	const char *p = strstr(text, label);

	if (!p)
		return false;
	p += strlen(label);
	if (*p < '0' || *p > '9')
		return false;
	for (*n = 0; *p >= '0' && *p <= '9' && *n < UINT64_MAX / 16; p++)
		*n = *n * 10 + (uint64_t)(*p - '0');
	return true;
}

void counters_open(struct counters *c, int root, const char *self)
{
	c->tasks = open_counter(root, self, "pids", "pids.current", "pids.current");
	c->oom = open_counter(root, self, "memory", "memory.oom_control", "memory.events");
}

bool counters_tasks(const struct counters *c, uint64_t *n)
{
	return read_number(c->tasks, "", n);
}

uint64_t counters_oom_kills(const struct counters *c)
{
	uint64_t n = 0;

	return read_number(c->oom, "oom_kill ", &n) ? n : 0;
}
