/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/zip.h"

#include "lib/cleanup.h"

#include <errno.h>
#include <string.h>
#include <zip.h>

/* Where libzip reads an entry from. */
struct reader {
	struct zip_part part;
	size_t done;
	time_t modified;
	zip_error_t error;
};

/* What libzip writes the archive to. */
struct sink {
	int fd;
	uint64_t at, end, max;
	bool full;                         /* it wanted more than max */
	zip_error_t error;
};

struct zipfile {
	zip_t *archive;
	struct sink sink;
	time_t modified;
};

static zip_int64_t refuse(zip_error_t *error, int code, int cause)
{
	zip_error_set(error, code, cause);
	return -1;
}

/* ---- the entries */

static zip_int64_t tell_reader(struct reader *r, void *data)
{
	zip_stat_t *stat = data;

	zip_stat_init(stat);
	stat->valid = ZIP_STAT_SIZE | ZIP_STAT_MTIME;
	stat->size = r->part.len;
	stat->mtime = r->modified;
	return sizeof *stat;
}

static zip_int64_t read_part(struct reader *r, void *data, zip_uint64_t len)
{
	size_t left = r->part.len - r->done, n = len < left ? (size_t)len : left;

	if (!spool_read(r->part.spool, r->part.at + r->done, data, n))
		return refuse(&r->error, ZIP_ER_READ, errno);
	r->done += n;
	return (zip_int64_t)n;
}

static zip_int64_t on_read(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
	struct reader *r = user;

	switch ((int)command) {            /* the enum is not closed: newer libraries know more */
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
		                                      ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
		                                      -1);
	case ZIP_SOURCE_OPEN:
		r->done = 0;
		return 0;
	case ZIP_SOURCE_READ:
		return read_part(r, data, len);
	case ZIP_SOURCE_CLOSE:
		return 0;
	case ZIP_SOURCE_STAT:
		return tell_reader(r, data);
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&r->error, data, len);
	case ZIP_SOURCE_FREE:
		free(r);
		return 0;
	}
	return refuse(&r->error, ZIP_ER_OPNOTSUPP, 0);
}

/* ---- the archive */

static zip_int64_t write_archive(struct sink *s, const void *data, zip_uint64_t len)
{
	if (len > s->max || s->at > s->max - len) {
		s->full = true;
		return refuse(&s->error, ZIP_ER_WRITE, EFBIG);
	}

	ssize_t n = pwrite(s->fd, data, len, (off_t)s->at);

	if (n < 0)
		return refuse(&s->error, ZIP_ER_WRITE, errno);
	s->at += (uint64_t)n;
	if (s->at > s->end)
		s->end = s->at;
	return n;
}

static zip_int64_t seek_archive(struct sink *s, void *data, zip_uint64_t len)
{
	zip_int64_t at = zip_source_seek_compute_offset(s->at, s->end, data, len, &s->error);

	if (at < 0)
		return -1;
	s->at = (uint64_t)at;
	return 0;
}

/* It is empty until it is written, so there is nothing to be read from it. */
static zip_int64_t tell_archive(void *data)
{
	zip_stat_t *stat = data;

	zip_stat_init(stat);
	stat->valid = ZIP_STAT_SIZE;
	return sizeof *stat;
}

static zip_int64_t on_write(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
	struct sink *s = user;

	switch ((int)command) {
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(
			ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
			ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
			ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
			ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_COMMIT_WRITE, ZIP_SOURCE_ROLLBACK_WRITE,
			ZIP_SOURCE_REMOVE, -1);
	case ZIP_SOURCE_STAT:
		return tell_archive(data);
	case ZIP_SOURCE_WRITE:
		return write_archive(s, data, len);
	case ZIP_SOURCE_SEEK_WRITE:
		return seek_archive(s, data, len);
	case ZIP_SOURCE_TELL_WRITE:
		return (zip_int64_t)s->at;
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&s->error, data, len);
	case ZIP_SOURCE_OPEN:
	case ZIP_SOURCE_READ:
	case ZIP_SOURCE_CLOSE:
	case ZIP_SOURCE_SEEK:
	case ZIP_SOURCE_TELL:
	case ZIP_SOURCE_BEGIN_WRITE:
	case ZIP_SOURCE_COMMIT_WRITE:
	case ZIP_SOURCE_ROLLBACK_WRITE:
	case ZIP_SOURCE_REMOVE:
	case ZIP_SOURCE_FREE:
		return 0;
	}
	return refuse(&s->error, ZIP_ER_OPNOTSUPP, 0);
}

struct zipfile *zipfile_begin(const char *dir, uint64_t max, time_t modified, struct error *err)
{
	struct zipfile *z = calloc(1, sizeof *z);

	if (z == NULL)
		abort();
	z->modified = modified;
	z->sink = (struct sink){ .max = max, .fd = spool_open(dir, err) };
	zip_error_init(&z->sink.error);

	zip_source_t *source = z->sink.fd < 0 ? NULL
	                     : zip_source_function_create(on_write, &z->sink, NULL);

	z->archive = source == NULL ? NULL
	           : zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, NULL);
	if (z->archive != NULL)
		return z;
	if (z->sink.fd >= 0)
		fail_hidden(err, ERR_INTERNAL, "libzip cannot begin an archive");
	zip_source_free(source);
	zipfile_discard(&z);
	return NULL;
}

static bool fail_zip(const struct zipfile *z, struct error *err)
{
	return fail_hidden(err, ERR_INTERNAL, "libzip: %s", zip_error_strerror(zip_get_error(z->archive)));
}

bool zipfile_add(struct zipfile *z, const char *name, const struct zip_part *part, bool squeeze,
                 struct error *err)
{
	struct reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		abort();
	*r = (struct reader){ .part = *part, .modified = z->modified };
	zip_error_init(&r->error);

	zip_source_t *source = zip_source_function_create(on_read, r, NULL);
	zip_int64_t index;

	if (source == NULL) {
		free(r);
		return fail_zip(z, err);
	}
	index = zip_file_add(z->archive, name, source, ZIP_FL_ENC_UTF_8);
	if (index < 0) {
		zip_source_free(source);
		return fail_zip(z, err);
	}
	return zip_set_file_compression(z->archive, (zip_uint64_t)index,
	                                squeeze ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0) == 0
	    || fail_zip(z, err);
}

bool zipfile_end(struct zipfile *z, int *fd, size_t *len, struct error *err)
{
	if (zip_close(z->archive) != 0) {
		if (z->sink.full)
			return fail(err, ERR_TOO_LARGE, "the archive is too large");
		fail_zip(z, err);
		if (zip_error_code_system(zip_get_error(z->archive)) == ENOSPC)
			err->kind = ERR_UNAVAILABLE;
		return false;
	}
	z->archive = NULL;
	*fd = steal_fd(&z->sink.fd);
	*len = z->sink.end;
	return true;
}

void zipfile_discard(struct zipfile **z)
{
	if (*z == NULL)
		return;
	if ((*z)->archive != NULL)
		zip_discard((*z)->archive);
	cleanup_close(&(*z)->sink.fd);
	free(*z);
}
