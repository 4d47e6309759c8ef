/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/outbox.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct outbox box;

static void look(int dir, uint32_t max_files)
{
	struct run_limits limits = {
		.max_files = max_files,
		.max_file_bytes = 100,
		.max_files_bytes = 1000,
	};

	outbox_begin(&box, openat(dir, ".", O_RDONLY | O_DIRECTORY), &limits);
}

static const char *names(void)
{
	static char text[4096];

	text[0] = 0;
	for (unsigned i = 0; i < box.n; i++) {
		strncat(text, box.names + box.entries[i].name, 1000);
		strncat(text, " ", 2);
	}
	return text;
}

static void order_is_by_component(void)
{
	int dir = scratch_open();

	scratch_put(dir, "sub.txt", "");
	scratch_put(dir, "sub/x.py", "");
	scratch_put(dir, "sub/deep/y.md", "");
	scratch_put(dir, "sub-1", "");
	scratch_put(dir, "sub\1", "");
	scratch_put(dir, "Z", "");
	scratch_put(dir, ".h", "");
	scratch_put(dir, "empty/", "");
	look(dir, 100);
	CU_ASSERT_STRING_EQUAL(names(), ".h Z sub/deep/y.md sub/x.py sub\1 sub-1 sub.txt ");
	outbox_finish(&box);
}

static void many_are_sorted(void)
{
	int dir = scratch_open();
	char name[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "%d/%04d", i * 7919 % 10, i * 7907 % 1000);
		scratch_put(dir, name, "");
	}
	look(dir, 5000);
	CU_ASSERT_EQUAL(box.n, 1000);
	for (unsigned i = 1; i < box.n; i++)
		CU_ASSERT_TRUE(strcmp(box.names + box.entries[i - 1].name,
		                      box.names + box.entries[i].name) < 0);
	outbox_finish(&box);
}

static void the_first_in_order_are_kept(void)
{
	int dir = scratch_open();

	for (int i = 0; i < 26; i++)
		scratch_put(dir, (char[]){ (char)('z' - i), 0 }, "");
	look(dir, 3);
	CU_ASSERT_STRING_EQUAL(names(), "a b c ");
	CU_ASSERT_EQUAL(box.skipped, 23);
	outbox_finish(&box);
}

static void too_many_are_counted(void)
{
	int dir = scratch_open();
	char name[32];

	for (int i = 0; i < OUTBOX_ENTRIES + 100; i++) {
		snprintf(name, sizeof name, "%d", i);
		scratch_put(dir, name, "");
	}
	look(dir, OUTBOX_ENTRIES + 50);
	CU_ASSERT_EQUAL(box.n, OUTBOX_ENTRIES);
	CU_ASSERT_EQUAL(box.skipped, 100);
	outbox_finish(&box);
}

static void names_that_are_too_long_are_counted(void)
{
	int dir = scratch_open();
	char name[300];
	int at = openat(dir, ".", O_RDONLY | O_DIRECTORY);

	memset(name, 'n', 255);
	name[255] = 0;
	for (int i = 0; i < 5; i++) {
		scratch_put(at, "f", "");
		mkdirat(at, name, 0755);
		at = openat(at, name, O_RDONLY | O_DIRECTORY);
	}
	look(dir, 100);
	CU_ASSERT_EQUAL(box.n, 4);
	CU_ASSERT_EQUAL(box.skipped, 2);
	outbox_finish(&box);
}

static void no_directory_is_no_outputs(void)
{
	struct run_limits limits = { .max_files = 1 };

	outbox_begin(&box, -1, &limits);
	CU_ASSERT_EQUAL(box.n, 0);
	CU_ASSERT_TRUE(outbox_send(&box, NULL, 0));
	outbox_finish(&box);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "order is by component", order_is_by_component },
		{ "many are sorted", many_are_sorted },
		{ "the first in order are kept", the_first_in_order_are_kept },
		{ "too many are counted", too_many_are_counted },
		{ "names that are too long are counted", names_that_are_too_long_are_counted },
		{ "no directory is no outputs", no_directory_is_no_outputs },
		{ NULL, NULL },
	};

	return tap_run("outbox", tests);
}
