/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool.h"

#include "tests/unit/tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE = 65536 };

static char dir[] = "/tmp/test-spool-XXXXXX";

static bool dir_is_empty(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n == 2;                     /* . and .. */
}

/* The byte that belongs at a place, so that none can be lost or doubled unseen. */
static char byte_at(size_t i)
{
	return (char)(i * 31 + i / 253);
}

static bool fill(struct spool *s, size_t total)
{
	char piece[PIECE];
	struct error err;

	while (s->len < total) {
		size_t n = total - s->len < PIECE ? total - s->len : PIECE;

		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(s->len + i);
		if (!spool_append(s, piece, n, &err))
			return false;
	}
	return true;
}

static void all_sizes_come_back_whole(void)
{
	static const size_t sizes[] = {
		0, 1, SPOOL_MEMORY - 1, SPOOL_MEMORY, SPOOL_MEMORY + 1, 2 * SPOOL_MEMORY,
	};

	for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
		auto_spool s = SPOOL_INIT(dir);
		struct arena arena = { 0 };
		struct error err;
		size_t mapped = 0, same = 0;
		char *at = NULL;

		CU_ASSERT_FATAL(fill(&s, sizes[n]));
		CU_ASSERT(dir_is_empty());
		CU_ASSERT_FATAL(spool_take(&s, &arena, &at, &mapped, &err));
		while (same < sizes[n] && at[same] == byte_at(same))
			same++;
		CU_ASSERT_EQUAL(same, sizes[n]);
		CU_ASSERT_EQUAL(at[sizes[n]], '\0');
		CU_ASSERT_EQUAL(mapped, sizes[n] > SPOOL_MEMORY ? sizes[n] + 1 : 0);
		at[0] = 'x';
		if (mapped > 0)
			munmap(at, mapped);
		arena_finish(&arena);
	}
}

static void no_room_for_the_file_is_unavailable(void)
{
	auto_spool s = SPOOL_INIT("/nowhere");
	struct error err = { .kind = ERR_NONE };

	CU_ASSERT(fill(&s, SPOOL_MEMORY));
	CU_ASSERT_FALSE(spool_append(&s, "x", 1, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_PTR_NULL(strstr(err.msg, "/nowhere"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "all sizes come back whole", all_sizes_come_back_whole },
		{ "no room for the file is unavailable", no_room_for_the_file_is_unavailable },
		{ NULL, NULL },
	};

	if (!mkdtemp(dir))
		return 99;

	int status = tap_run("spool", tests);

	rmdir(dir);
	return status;
}
