/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool.h"

#include "lib/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

static bool open_file(struct spool *s, struct error *err)
{
	char path[512];

	s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd >= 0)
		return true;
	/* Not every file system knows files without a name. */
	(void)snprintf(path, sizeof path, "%s/body-XXXXXX", s->dir);
	s->fd = mkostemp(path, O_CLOEXEC);
	if (s->fd < 0)
		return fail_errno(err, ERR_UNAVAILABLE, "a spool file in %s", s->dir);
	(void)unlink(path);
	return true;
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
	if (s->fd < 0 && (!open_file(s, err)
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

void spool_finish(struct spool *s)
{
	buf_finish(&s->memory);
	cleanup_close(&s->fd);
	s->fd = -1;
}
