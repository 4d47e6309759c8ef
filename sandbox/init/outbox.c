/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/outbox.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/init/tree.h"

static const char *name_of(const struct outbox *o, unsigned i)
{
	return o->names + o->entries[i].name;
}

static bool add(struct outbox *o, const char *parent, const char *name, bool is_dir)
{
	size_t before = strlen(parent), len = strlen(name);
	size_t need = before + (before > 0) + len;

	if (o->n == OUTBOX_ENTRIES || need > WIRE_NAME_MAX || need >= OUTBOX_NAMES - o->used)
		return false;

	char *to = o->names + o->used;

	o->entries[o->n++] = (struct outbox_entry){ .name = (uint32_t)o->used, .is_dir = is_dir };
	o->used += need + 1;
	memcpy(to, parent, before);
	if (before)
		to[before++] = '/';
	memcpy(to + before, name, len + 1);
	return true;
}

/* Links to files are reported, links to anything else are nothing. */
static bool is_file(int dir, const char *name, const struct stat *st)
{
	struct stat target;

	return S_ISREG(st->st_mode) ||
	       (S_ISLNK(st->st_mode) && fstatat(dir, name, &target, 0) == 0 &&
	        S_ISREG(target.st_mode));
}

static void look_into(struct outbox *o, int dir, const char *path)
{
	struct tree_reader r;
	struct stat st;
	const char *name;

	tree_read(&r, dir);
	while ((name = tree_next(&r))) {
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (!S_ISDIR(st.st_mode) && !is_file(dir, name, &st))
			continue;
		if (!add(o, path, name, S_ISDIR(st.st_mode)))
			o->skipped++;
	}
}

/* The list of what was found is also the list of directories still to be looked into. */
static void walk(struct outbox *o)
{
	look_into(o, o->root, "");
	for (unsigned i = 0; i < o->n; i++) {
		if (!o->entries[i].is_dir)
			continue;

		int dir = tree_open(o->root, name_of(o, i));

		if (dir < 0)
			continue;
		if (fchmod(dir, 0755) == 0)
			look_into(o, dir, name_of(o, i));
		close(dir);
	}
}

static void drop_directories(struct outbox *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->n; i++)
		if (!o->entries[i].is_dir)
			o->entries[n++] = o->entries[i];
	o->n = n;
}

/* '/' sorts below every byte of a name, so that components are compared one by one. */
static int weight(unsigned char c)
{
	return c == '/' ? 1 : c ? c + 1 : 0;
}

static bool is_before(const struct outbox *o, unsigned a, unsigned b)
{
	const unsigned char *x = (const unsigned char *)name_of(o, a);
	const unsigned char *y = (const unsigned char *)name_of(o, b);

	while (*x && *x == *y)
		x++, y++;
	return weight(*x) < weight(*y);
}

static void swap(struct outbox *o, unsigned a, unsigned b)
{
	struct outbox_entry e = o->entries[a];

	o->entries[a] = o->entries[b];
	o->entries[b] = e;
}

static void sift(struct outbox *o, unsigned from, unsigned n)
{
	for (unsigned child; (child = 2 * from + 1) < n; from = child) {
		if (child + 1 < n && is_before(o, child, child + 1))
			child++;
		if (!is_before(o, from, child))
			return;
		swap(o, from, child);
	}
}

/* A heap sort: the C library's qsort may allocate. */
static void sort(struct outbox *o)
{
	for (unsigned i = o->n / 2; i-- > 0;)
		sift(o, i, o->n);
	for (unsigned end = o->n; end-- > 1;) {
		swap(o, 0, end);
		sift(o, 0, end);
	}
}

void outbox_begin(struct outbox *o, int root, const struct run_limits *limits)
{
	o->root = root;
	o->file = -1;
	o->left = o->total = 0;
	o->skipped = 0;
	o->n = o->at = 0;
	o->used = 0;
	o->max_file_bytes = limits->max_file_bytes;
	o->max_files_bytes = limits->max_files_bytes;
	if (root < 0)
		return;
	walk(o);
	drop_directories(o);
	sort(o);
	if (o->n > limits->max_files) {
		o->skipped += o->n - limits->max_files;
		o->n = limits->max_files;
	}
}

static enum file_kind open_file(struct outbox *o, const char *name, uint64_t *size)
{
	struct stat st;

	*size = 0;
	if (fstatat(o->root, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return FILE_UNREADABLE;
	if (S_ISLNK(st.st_mode))
		return FILE_LINK;
	*size = (uint64_t)st.st_size;
	if (*size > o->max_file_bytes)
		return FILE_TOO_LARGE;
	if (*size > o->max_files_bytes - o->total)
		return FILE_OVER_TOTAL;
	o->file = openat(o->root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return o->file < 0 ? FILE_UNREADABLE : FILE_OUTPUT;
}

static void begin_file(struct outbox *o, struct link *l, int64_t now_us)
{
	const char *name = name_of(o, o->at++);
	uint64_t size;
	enum file_kind kind = open_file(o, name, &size);
	struct file file = { .kind = kind, .size = size, .name = { name, strlen(name) } };
	uint8_t bytes[WIRE_NAME_MAX + 16];

	link_put(l, FRAME_FILE, bytes, file_put(bytes, sizeof bytes, &file), now_us);
	o->left = size;
	o->total += kind == FILE_OUTPUT ? size : 0;
}

/* The announced size is kept to: a file that reads shorter ends early, never late. */
static void continue_file(struct outbox *o, struct link *l, int64_t now_us)
{
	size_t want = o->left < sizeof o->chunk ? (size_t)o->left : sizeof o->chunk;
	ssize_t n = want ? read(o->file, o->chunk, want) : 0;

	link_put(l, FRAME_DATA, o->chunk, n > 0 ? (size_t)n : 0, now_us);
	o->left -= n > 0 ? (uint64_t)n : 0;
	if (n > 0)
		return;
	close(o->file);
	o->file = -1;
}

bool outbox_send(struct outbox *o, struct link *l, int64_t now_us)
{
	while (o->file >= 0 || o->at < o->n) {
		if (!link_has_room(l, FRAME_MAX_OUT))
			return false;
		if (o->file >= 0)
			continue_file(o, l, now_us);
		else
			begin_file(o, l, now_us);
	}
	return true;
}

void outbox_finish(struct outbox *o)
{
	if (o->file >= 0)
		close(o->file);
	if (o->root >= 0)
		close(o->root);
	o->file = o->root = -1;
}
