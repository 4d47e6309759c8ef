/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ZIP archive into a file without a name.  What goes into it stays where it is, in a spool, until
 * the archive is ended, so neither of them takes memory.
 */
#ifndef LIB_ZIP_H
#define LIB_ZIP_H

#include "lib/spool.h"

#include <time.h>

struct zipfile;

#define auto_zipfile __attribute__((cleanup(zipfile_discard))) struct zipfile *

/* Bytes of a spool, at .. at + len; it must outlive the archive. */
struct zip_part {
	const struct spool *spool;
	size_t at, len;
};

/* An archive of at most max bytes; dir: where its file is made; modified: of everything in it. */
struct zipfile *zipfile_begin(const char *dir, uint64_t max, time_t modified, struct error *err);
/* name is copied.  squeeze: deflated, for what is not compressed yet; else stored. */
bool zipfile_add(struct zipfile *z, const char *name, const struct zip_part *part, bool squeeze,
                 struct error *err);
/*
 * Writes it.  *fd, at its beginning, is the caller's, *len its size.  TOO_LARGE: above max.
 * UNAVAILABLE: the disk is full.
 */
bool zipfile_end(struct zipfile *z, int *fd, size_t *len, struct error *err);
void zipfile_discard(struct zipfile **z);

#endif
