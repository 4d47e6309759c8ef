/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/init/clock.h"

/* As the kernel writes it; readdir would need a heap. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

void tree_read(struct tree_reader *r, int dir)
{
	r->dir = dir;
	r->have = r->at = 0;
	lseek(dir, 0, SEEK_SET);
}

const char *tree_next(struct tree_reader *r)
{
	for (;;) {
		if (r->at >= r->have) {
			r->at = 0;
			r->have = syscall(SYS_getdents64, r->dir, r->bytes, sizeof r->bytes);
			if (r->have <= 0)
				return NULL;
		}

		const struct entry *e = (const struct entry *)(const void *)(r->bytes + r->at);

		r->at += e->size;
		if (!is_dots(e->name))
			return e->name;
	}
}

int tree_open(int at, const char *name)
{
	enum { FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	int fd = openat(at, name, FLAGS);
	struct stat st;

	if (fd >= 0 || errno != EACCES)
		return fd;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
		return -1;
	if (fchmodat(at, name, 0755, 0) != 0)
		return -1;
	return openat(at, name, FLAGS);
}

/*
 * Depth costs nothing here: a directory that is not empty is moved up into the top one, so each
 * is opened once and two descriptors are enough for a tree of any shape.
 */
struct clearing {
	int top;
	unsigned next;                     /* makes the names of what was moved up */
	int64_t deadline_us;
};

static void next_name(struct clearing *c, char name[static 16])
{
	unsigned n = c->next++;

	memcpy(name, ".gone-", 6);
	for (int i = 13; i > 5; i--, n /= 16)
		name[i] = "0123456789abcdef"[n % 16];
	name[14] = 0;
}

static bool move_up(struct clearing *c, int dir, const char *name)
{
	char to[16];

	if (fchmodat(dir, name, 0700, 0) != 0)
		return false;
	for (int tries = 0; tries < 1000; tries++) {
		next_name(c, to);
		if (renameat(dir, name, c->top, to) == 0)
			return true;
		if (errno != ENOTDIR && errno != ENOTEMPTY && errno != EEXIST)
			return false;
	}
	return false;
}

/* True when the name is gone: removed, or moved up out of `dir`. */
static bool drop(struct clearing *c, int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return true;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return true;
	return (errno == ENOTEMPTY || errno == EEXIST) && dir != c->top && move_up(c, dir, name);
}

/* Drops what is in dir.  A directory may skip names while it shrinks, hence the passes. */
static bool clear_one(struct clearing *c, int dir)
{
	bool any;

	do {
		struct tree_reader r;
		const char *name;

		any = false;
		tree_read(&r, dir);
		while ((name = tree_next(&r))) {
			if (!drop(c, dir, name) || clock_us() > c->deadline_us)
				return false;
			any = true;
		}
	} while (any);
	return true;
}

/* The contents of one directory below the top, then the directory itself. */
static bool clear_child(struct clearing *c, const char *name)
{
	if (drop(c, c->top, name))
		return true;

	int dir = tree_open(c->top, name);
	bool ok = dir >= 0 && fchmod(dir, 0700) == 0 && clear_one(c, dir);

	if (dir >= 0)
		close(dir);
	return ok && unlinkat(c->top, name, AT_REMOVEDIR) == 0;
}

bool tree_clear(int dir, int64_t deadline_us)
{
	struct clearing c = { .top = dir, .deadline_us = deadline_us };
	bool any;

	if (fchmod(dir, 0755) != 0 && errno != EPERM)
		return false;
	do {
		struct tree_reader r;
		const char *name;

		any = false;
		tree_read(&r, dir);
		while ((name = tree_next(&r))) {
			if (!clear_child(&c, name) || clock_us() > deadline_us)
				return false;
			any = true;
		}
	} while (any);
	return true;
}

bool tree_remove(int at, const char *name, int64_t deadline_us)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return true;
	if (unlinkat(at, name, AT_REMOVEDIR) == 0)
		return true;

	int dir = tree_open(at, name);
	bool ok = dir >= 0 && tree_clear(dir, deadline_us);

	if (dir >= 0)
		close(dir);
	return ok && unlinkat(at, name, AT_REMOVEDIR) == 0;
}
