/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/standby.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NODE "/usr/bin/node"
#define RENDERER "/usr/libexec/code-gateway/render/main.js"

void standby_init(struct standby *b)
{
	*b = (struct standby){ .its = { .out = -1, .err = -1 }, .job = -1, .unread = -1 };
}

static bool has_renderer(void)
{
	if (access(NODE, X_OK) == 0 && access(RENDERER, R_OK) == 0)
		return true;
	errno = ENOPKG;
	return false;
}

bool standby_start(const struct parts *with)
{
	static const char *const argv[] = { NODE, RENDERER, NULL };
	struct standby *b = with->standby;
	struct start its;
	int ends[2];

	if (!has_renderer() || pipe2(ends, O_CLOEXEC) != 0)
		return false;
	*b = (struct standby){ .its = { .out = -1, .err = -1 }, .job = ends[1], .unread = ends[0] };
	fcntl(b->job, F_SETFL, O_NONBLOCK);
	if (start_program(with, argv, (int[]){ b->unread }, 1, &its)) {
		b->its = its;
		return true;
	}

	int error = errno;

	standby_forget(b);
	errno = error;
	return false;
}

/* A pipe that has never been written to has room for a whole job, whoever reads it or not. */
static bool give(struct standby *b, const uint8_t *job, size_t size)
{
	errno = EAGAIN;                    /* should only a part have found room */
	if (write(b->job, job, size) != (ssize_t)size)
		return false;
	close(b->job);
	b->job = -1;
	b->size = size;
	return true;
}

bool standby_take(const struct parts *with, int code, struct start *s)
{
	struct standby *b = with->standby;
	uint8_t job[WIRE_JOB_MAX + 1];
	ssize_t size = pread(code, job, sizeof job, 0);

	if (size > WIRE_JOB_MAX)
		errno = EMSGSIZE;
	if (size < 0 || size > WIRE_JOB_MAX || (!b->its.pid && !standby_start(with)) ||
	    !give(b, job, (size_t)size))
		return false;
	*s = b->its;
	b->its = (struct start){ .out = -1, .err = -1 };
	return true;
}

bool standby_has_read(const struct standby *b)
{
	int left;

	return b->unread < 0 || ioctl(b->unread, FIONREAD, &left) != 0 || left == 0 ||
	       (size_t)left < b->size;
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

void standby_forget(struct standby *b)
{
	shut(b->its.out);
	shut(b->its.err);
	shut(b->job);
	shut(b->unread);
	standby_init(b);
}
