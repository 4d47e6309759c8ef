/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool.h"

#include "lib/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int spool_open(const char *dir, struct error *err)
{
	char path[512];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system knows files without a name. */
	(void)snprintf(path, sizeof path, "%s/body-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fail_errno(err, ERR_UNAVAILABLE, "a spool file in %s", dir);
	else
		(void)unlink(path);
	return fd;
}

static bool write_all(int fd, const char *bytes, size_t len, struct error *err)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, ERR_UNAVAILABLE, "spooling a body");
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

bool spool_append(struct spool *s, const void *bytes, size_t len, struct error *err)
{
	if (s->fd < 0 && buf_append(&s->memory, bytes, len)) {
		s->len += len;
		return true;
	}
	if (s->fd < 0 && ((s->fd = spool_open(s->dir, err)) < 0
	                  || !write_all(s->fd, s->memory.data, s->memory.len, err)))
		return false;
	if (!write_all(s->fd, bytes, len, err))
		return false;
	s->len += len;
	return true;
}

bool spool_take(const struct spool *s, struct arena *arena, char **at, size_t *mapped,
                struct error *err)
{
	if (s->fd < 0) {
		*at = arena_strndup(arena, s->len > 0 ? s->memory.data : "", s->len);
		*mapped = 0;
		return true;
	}
	/* One byte more, so that the text has its NUL. */
	char *map = ftruncate(s->fd, (off_t)s->len + 1) < 0 ? MAP_FAILED
	          : mmap(NULL, s->len + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, s->fd, 0);

	if (map == MAP_FAILED)
		return fail_errno(err, ERR_UNAVAILABLE, "mapping a body");
	*at = map;
	*mapped = s->len + 1;
	return true;
}

bool spool_read(const struct spool *s, size_t at, void *out, size_t len)
{
	if (s->fd < 0) {
		if (len > 0)
			memcpy(out, s->memory.data + at, len);
		return true;
	}
	for (char *to = out; len > 0;) {
		ssize_t n = pread(s->fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return true;
}

void spool_finish(struct spool *s)
{
	buf_finish(&s->memory);
	cleanup_close(&s->fd);
	s->fd = -1;
}
