/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/wire/path.h"
#include "lib/wire/utf8.h"
#include "sandbox/init/clock.h"
#include "sandbox/init/tree.h"

#define STAGE ".code-gateway-incoming"

enum { CLEAR_US = 2000000 };

void inbox_init(struct inbox *b, int home)
{
	b->home = home;
	b->stage = b->code = b->open = -1;
}

static void close_open(struct inbox *b)
{
	if (b->open >= 0 && b->open != b->code)
		close(b->open);
	b->open = -1;
}

/* A stage left behind by nobody, or made by user code, is not ours. */
static bool open_stage(struct inbox *b)
{
	if (b->stage >= 0)
		return true;
	if (!tree_remove(b->home, STAGE, clock_us() + CLEAR_US))
		errno = EEXIST;
	else if (mkdirat(b->home, STAGE, 0700) == 0)
		b->stage = tree_open(b->home, STAGE);
	return b->stage >= 0;
}

static void file_number(char out[static 16], unsigned n)
{
	snprintf(out, 16, "%u", n);
}

static void remember(struct inbox *b, int error)
{
	if (!b->error)
		b->error = error;
}

static bool begin_input(struct inbox *b, const struct file *file)
{
	struct inbox_file *f = &b->files[b->n];
	char number[16];

	if (b->n == INBOX_FILES || !path_is_safe(file->name.at, file->name.len) ||
	    file->name.len >= INBOX_NAMES - b->used)
		return false;
	f->made = 0;
	f->name = b->names + b->used;
	memcpy(f->name, file->name.at, file->name.len);
	f->name[file->name.len] = 0;
	b->used += file->name.len + 1;
	file_number(number, b->n++);
	if (!open_stage(b) ||
	    (b->open = openat(b->stage, number, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		remember(b, errno);
	return true;
}

static bool begin_code(struct inbox *b, const struct file *file)
{
	if (b->has_code || file->size > INBOX_CODE_MAX || file->name.len > 0)
		return false;
	b->has_code = true;
	b->code = b->open = memfd_create("code", MFD_CLOEXEC);
	if (b->code < 0)
		remember(b, errno);
	return true;
}

bool inbox_begin_file(struct inbox *b, const struct file *file)
{
	bool ok = !b->expecting;

	if (ok && file->kind == FILE_INPUT)
		ok = begin_input(b, file);
	else
		ok = ok && file->kind == FILE_CODE && begin_code(b, file);
	b->expecting = ok;
	b->left = file->size;
	return ok;
}

static bool write_all(int fd, const uint8_t *in, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, in, len);

		if (n < 0 && errno != EINTR)
			return false;
		in += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

bool inbox_data(struct inbox *b, const uint8_t *in, size_t len)
{
	if (!b->expecting || len > b->left || (len == 0 && b->left > 0))
		return false;
	if (len == 0) {
		b->expecting = false;
		close_open(b);
		return true;
	}
	b->left -= len;
	if (b->open >= 0 && !write_all(b->open, in, len)) {
		remember(b, errno);
		close_open(b);
	}
	return true;
}

bool inbox_has_code(const struct inbox *b)
{
	return !b->expecting && b->has_code;
}

static const char *base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* A directory in HOME; links may lead around in HOME but not out of it. */
static int open_in_home(int home, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, home, path, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(home, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EXDEV)
		errno = EACCES;
	return fd;
}

/* The directory `path` of HOME, whose last component is `name` in `parent`, made if need be. */
static int enter(int home, const char *path, int parent, const char *name, bool *made)
{
	*made = mkdirat(parent, name, 0755) == 0;

	bool failed = !*made && errno != EEXIST;

	close(parent);
	return failed ? -1 : open_in_home(home, path);
}

/* The directory that will hold the file; makes what is missing.  -1 and errno. */
static int make_parents(int home, struct inbox_file *f)
{
	int dir = fcntl(home, F_DUPFD_CLOEXEC, 3);
	char *at = f->name;

	for (unsigned depth = 0; dir >= 0 && (at = strchr(at, '/')); depth++) {
		bool made;

		*at = 0;
		dir = enter(home, f->name, dir, base_name(f->name), &made);
		*at++ = '/';
		f->made |= (uint32_t)made << depth;
	}
	return dir;
}

/* Everything that could refuse the rename is asked before the first one. */
static bool prepare(int home, struct inbox_file *f)
{
	int dir = make_parents(home, f);
	struct stat st;

	if (dir < 0)
		return false;

	bool is_dir = fstatat(dir, base_name(f->name), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	              S_ISDIR(st.st_mode);
	bool writable = faccessat(dir, ".", W_OK | X_OK, 0) == 0;

	close(dir);
	errno = is_dir ? EISDIR : EACCES;
	return !is_dir && writable;
}

/* The second time it meets the directories of the first: a file may be another's parent. */
static bool prepare_all(struct inbox *b, unsigned *i)
{
	for (*i = 0; *i < b->n; ++*i)
		if (!prepare(b->home, &b->files[*i]))
			return false;
	return true;
}

static bool put_in_place(struct inbox *b, unsigned i)
{
	int dir = make_parents(b->home, &b->files[i]);
	char number[16];

	file_number(number, i);

	bool ok = dir >= 0 && renameat(b->stage, number, dir, base_name(b->files[i].name)) == 0;

	if (dir >= 0)
		close(dir);
	return ok;
}

/* Removes the directories made for one file, the deepest first. */
static void unmake_parents(int home, struct inbox_file *f)
{
	char *slash;
	unsigned depth = 0;

	for (char *p = f->name; (p = strchr(p, '/')); p++)
		depth++;
	for (; depth > 0 && (slash = strrchr(f->name, '/')); depth--) {
		*slash = 0;
		if (f->made & 1u << (depth - 1))
			unlinkat(home, f->name, AT_REMOVEDIR);
	}
}

static void explain(char *reason, size_t room, int error, const char *name)
{
	const char *what = strerrordesc_np(error);

	if (!what)
		what = "Input/output error";
	if (name && strlen(what) + 2 + strlen(name) < room && utf8_is_valid(name, strlen(name)))
		snprintf(reason, room, "%s: %s", what, name);
	else
		snprintf(reason, room, "%s", what);
}

bool inbox_deliver(struct inbox *b, char *reason, size_t room)
{
	unsigned i = 0;

	if (b->error) {
		explain(reason, room, b->error, NULL);
		return false;
	}
	if (prepare_all(b, &i) && prepare_all(b, &i)) /* NOLINT(misc-redundant-expression) */
		for (i = 0; i < b->n && put_in_place(b, i); i++)
			;
	if (i == b->n)
		return true;
	explain(reason, room, errno, b->files[i].name);
	for (unsigned k = b->n; k-- > 0;)
		unmake_parents(b->home, &b->files[k]);
	return false;
}

void inbox_clear(struct inbox *b)
{
	close_open(b);
	if (b->code >= 0)
		close(b->code);
	if (b->stage >= 0) {
		close(b->stage);
		tree_remove(b->home, STAGE, clock_us() + CLEAR_US);
	}
	b->stage = b->code = b->open = -1;
	b->expecting = b->has_code = false;
	b->error = 0;
	b->n = 0;
	b->used = 0;
}
