/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/tree.h"
#include "sandbox/init/clock.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned count(int dir)
{
	struct tree_reader r;
	unsigned n = 0;

	tree_read(&r, dir);
	while (tree_next(&r))
		n++;
	return n;
}

static void names_are_read_without_dots(void)
{
	int dir = scratch_open();

	scratch_put(dir, "a", "");
	scratch_put(dir, "..b", "");
	scratch_put(dir, "d/", "");
	CU_ASSERT_EQUAL(count(dir), 3);
	CU_ASSERT_EQUAL(count(dir), 3);
}

static void a_tree_of_any_depth_is_cleared(void)
{
	int dir = scratch_open();
	int at = openat(dir, ".", O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < 3000; i++) {
		scratch_put(at, "file", "x");
		scratch_put(at, "d/", "");

		int next = openat(at, "d", O_RDONLY | O_DIRECTORY);

		close(at);
		at = next;
	}
	close(at);
	CU_ASSERT_TRUE(tree_clear(dir, CLOCK_NEVER));
	CU_ASSERT_EQUAL(count(dir), 0);
}

static void a_wide_tree_is_cleared(void)
{
	int dir = scratch_open();
	char name[64];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof name, "%d/%d/%d", i % 7, i % 31, i);
		scratch_put(dir, name, "");
	}
	CU_ASSERT_TRUE(tree_clear(dir, CLOCK_NEVER));
	CU_ASSERT_EQUAL(count(dir), 0);
}

static void names_like_our_own_do_not_matter(void)
{
	int dir = scratch_open();

	scratch_put(dir, ".gone-00000000", "a file");
	scratch_put(dir, ".gone-00000001/x/y/z", "a tree");
	scratch_put(dir, "d/e/f/g", "");
	scratch_put(dir, "d/.gone-00000002/h/i", "");
	CU_ASSERT_TRUE(tree_clear(dir, CLOCK_NEVER));
	CU_ASSERT_EQUAL(count(dir), 0);
}

static void links_are_removed_and_not_followed(void)
{
	int dir = scratch_open(), other = scratch_open();
	char target[64];

	scratch_put(other, "keep", "k");
	snprintf(target, sizeof target, "/proc/self/fd/%d", other);
	scratch_put(dir, "d/", "");
	CU_ASSERT_EQUAL(symlinkat(target, dir, "link"), 0);
	CU_ASSERT_EQUAL(symlinkat(target, dir, "d/link"), 0);
	CU_ASSERT_EQUAL(tree_open(dir, "link"), -1);
	CU_ASSERT_TRUE(tree_clear(dir, CLOCK_NEVER));
	CU_ASSERT_STRING_EQUAL(scratch_get(other, "keep"), "k");
	CU_ASSERT_EQUAL(symlinkat(target, dir, "link"), 0);
	CU_ASSERT_TRUE(tree_remove(dir, "link", CLOCK_NEVER));
	CU_ASSERT_STRING_EQUAL(scratch_get(other, "keep"), "k");
}

static void modes_do_not_protect(void)
{
	int dir = scratch_open();

	scratch_put(dir, "d/e/f", "");
	CU_ASSERT_EQUAL(fchmodat(dir, "d/e", 0, 0), 0);
	CU_ASSERT_EQUAL(fchmodat(dir, "d", 0, 0), 0);
	CU_ASSERT_TRUE(tree_remove(dir, "d", CLOCK_NEVER));
	CU_ASSERT_EQUAL(count(dir), 0);
}

static void what_is_not_there_is_gone(void)
{
	CU_ASSERT_TRUE(tree_remove(scratch_open(), "nothing", CLOCK_NEVER));
}

static void a_deadline_is_kept(void)
{
	int dir = scratch_open();

	scratch_put(dir, "a/b", "");
	CU_ASSERT_FALSE(tree_clear(dir, clock_us() - 1));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "names are read without dots", names_are_read_without_dots },
		{ "a tree of any depth is cleared", a_tree_of_any_depth_is_cleared },
		{ "a wide tree is cleared", a_wide_tree_is_cleared },
		{ "names like our own do not matter", names_like_our_own_do_not_matter },
		{ "links are removed and not followed", links_are_removed_and_not_followed },
		{ "modes do not protect", modes_do_not_protect },
		{ "what is not there is gone", what_is_not_there_is_gone },
		{ "a deadline is kept", a_deadline_is_kept },
		{ NULL, NULL },
	};

	return tap_run("tree", tests);
}
