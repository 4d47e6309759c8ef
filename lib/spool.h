/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that arrive in pieces: in memory while they are few, then in a file without a name, which
 * is mapped when all are there.
 */
#ifndef LIB_SPOOL_H
#define LIB_SPOOL_H

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/error.h"

enum { SPOOL_MEMORY = 1024 * 1024 };       /* more than this goes to the file */

struct spool {
	const char *dir;                   /* where the file is made; borrowed */
	size_t len;
	struct buf memory;
	int fd;                            /* -1: all is in memory */
};

#define SPOOL_INIT(directory) { .dir = (directory), .memory = BUF_INIT(SPOOL_MEMORY), .fd = -1 }
#define auto_spool __attribute__((cleanup(spool_finish))) struct spool

bool spool_append(struct spool *s, const void *bytes, size_t len, struct error *err);
/*
 * All s->len bytes, writable, with a NUL behind: in the arena (*mapped is 0), or a private mapping
 * of *mapped bytes, which is the caller's to unmap.
 */
bool spool_take(const struct spool *s, struct arena *arena, char **at, size_t *mapped,
                struct error *err);
/* Bytes at .. at + len, which are there.  False: the file could not be read. */
bool spool_read(const struct spool *s, size_t at, void *out, size_t len);
/* A file without a name, to read and write; -1 and UNAVAILABLE when there can be none. */
int spool_open(const char *dir, struct error *err);
void spool_finish(struct spool *s);

#endif
