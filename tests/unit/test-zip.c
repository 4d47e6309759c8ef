/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/zip.h"

#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

enum { LARGE = 3 * SPOOL_MEMORY, MODIFIED = 1750000000 };

static char dir[] = "/tmp/test-zip-XXXXXX";
static struct error err;

static char byte_at(size_t i)
{
	return (char)(i * 31 + i / 253);
}

/* A text that is in memory, or as much as goes to a file. */
static struct spool filled(size_t len)
{
	struct spool s = SPOOL_INIT(dir);
	char *bytes = malloc(len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(i);
	CU_ASSERT(spool_append(&s, bytes, len, &err));
	free(bytes);
	return s;
}

/* How many of the entry's bytes are what and where they should be; -1: there is no such entry. */
static zip_int64_t same_bytes(zip_t *archive, const char *name, size_t from, zip_uint16_t method)
{
	zip_stat_t stat;
	zip_file_t *file = zip_fopen(archive, name, 0);
	zip_int64_t n, same = 0;
	char piece[4096];
	size_t at = from;

	if (file == NULL || zip_stat(archive, name, 0, &stat) != 0)
		return -1;
	CU_ASSERT_EQUAL(stat.comp_method, method);
	CU_ASSERT_EQUAL(stat.mtime, MODIFIED);
	while ((n = zip_fread(file, piece, sizeof piece)) > 0)
		for (zip_int64_t i = 0; i < n; i++)
			same += piece[i] == byte_at(at++);
	CU_ASSERT_EQUAL(n, 0);
	(void)zip_fclose(file);
	return same;
}

static void what_goes_in_comes_out(size_t len)
{
	auto_spool s = filled(len);
	auto_zipfile z = zipfile_begin(dir, LARGE * 2, MODIFIED, &err);
	int fd = -1, code = 0;
	size_t size = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(z);
	CU_ASSERT(zipfile_add(z, "all", &(struct zip_part){ &s, 0, len }, false, &err));
	CU_ASSERT(zipfile_add(z, "slides/part", &(struct zip_part){ &s, 10, len / 2 }, true, &err));
	CU_ASSERT(zipfile_add(z, "empty", &(struct zip_part){ &s, len, 0 }, true, &err));
	CU_ASSERT_FATAL(zipfile_end(z, &fd, &size, &err));
	CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_END), (off_t)size);

	zip_t *archive = zip_fdopen(fd, ZIP_CHECKCONS, &code);

	CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
	CU_ASSERT_EQUAL(zip_get_num_entries(archive, 0), 3);
	CU_ASSERT_EQUAL(same_bytes(archive, "all", 0, ZIP_CM_STORE), (zip_int64_t)len);
	CU_ASSERT_EQUAL(same_bytes(archive, "slides/part", 10, ZIP_CM_DEFLATE), (zip_int64_t)len / 2);
	CU_ASSERT_EQUAL(same_bytes(archive, "empty", 0, ZIP_CM_DEFLATE), 0);
	zip_discard(archive);
}

static void what_lies_in_memory_is_packed(void)
{
	what_goes_in_comes_out(5000);
}

static void what_lies_in_a_file_is_packed(void)
{
	what_goes_in_comes_out(LARGE);
}

static void equal_parts_make_equal_archives(void)
{
	auto_spool s = filled(5000);
	char bytes[2][8192];
	size_t size[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		auto_zipfile z = zipfile_begin(dir, LARGE, MODIFIED, &err);
		int fd = -1;

		CU_ASSERT(zipfile_add(z, "all", &(struct zip_part){ &s, 0, 5000 }, true, &err));
		CU_ASSERT_FATAL(zipfile_end(z, &fd, &size[i], &err));
		CU_ASSERT_FATAL(size[i] < sizeof bytes[i]);
		CU_ASSERT_EQUAL(pread(fd, bytes[i], sizeof bytes[i], 0), (ssize_t)size[i]);
		close(fd);
	}
	CU_ASSERT_EQUAL(size[0], size[1]);
	CU_ASSERT_EQUAL(memcmp(bytes[0], bytes[1], size[0]), 0);
}

static void an_archive_has_a_ceiling(void)
{
	auto_spool s = filled(LARGE);
	auto_zipfile z = zipfile_begin(dir, LARGE, MODIFIED, &err);
	int fd = -1;
	size_t size;

	CU_ASSERT(zipfile_add(z, "all", &(struct zip_part){ &s, 0, LARGE }, false, &err));
	CU_ASSERT_FALSE(zipfile_end(z, &fd, &size, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_TOO_LARGE);
	CU_ASSERT_EQUAL(fd, -1);
}

static void a_lost_part_fails(void)
{
	auto_spool s = filled(LARGE);
	auto_zipfile z = zipfile_begin(dir, LARGE * 2, MODIFIED, &err);
	int fd = -1;
	size_t size;

	CU_ASSERT(zipfile_add(z, "all", &(struct zip_part){ &s, 1, LARGE }, false, &err));
	CU_ASSERT_FALSE(zipfile_end(z, &fd, &size, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_INTERNAL);
}

static void no_directory_no_archive(void)
{
	auto_zipfile z = zipfile_begin("/nowhere", LARGE, MODIFIED, &err);

	CU_ASSERT_PTR_NULL(z);
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "what lies in memory is packed", what_lies_in_memory_is_packed },
		{ "what lies in a file is packed", what_lies_in_a_file_is_packed },
		{ "equal parts make equal archives", equal_parts_make_equal_archives },
		{ "an archive has a ceiling", an_archive_has_a_ceiling },
		{ "a lost part fails", a_lost_part_fails },
		{ "no directory, no archive", no_directory_no_archive },
		{ NULL, NULL },
	};

	if (!mkdtemp(dir))
		return 1;

	int result = tap_run("zip", tests);

	(void)rmdir(dir);
	return result;
}
