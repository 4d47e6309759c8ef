/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/counters.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

#include <unistd.h>

#define V1_SELF "9:name=systemd:/docker/abc\n8:pids:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n"
#define V2_SELF "0::/docker/abc\n"

static struct counters opened(int root, const char *self)
{
	struct counters c;

	counters_open(&c, root, self);
	return c;
}

static uint64_t tasks(const struct counters *c)
{
	uint64_t n = 999;

	CU_ASSERT_TRUE(counters_tasks(c, &n));
	return n;
}

static void version_1_with_our_group_at_the_root(void)
{
	int root = scratch_open();

	scratch_put(root, "pids/pids.current", "3\n");
	scratch_put(root, "memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 12\n");

	struct counters c = opened(root, V1_SELF);

	CU_ASSERT_EQUAL(tasks(&c), 3);
	CU_ASSERT_EQUAL(counters_oom_kills(&c), 12);
	scratch_put(root, "pids/pids.current", "257\n");
	CU_ASSERT_EQUAL(tasks(&c), 257);
}

static void version_1_with_the_whole_hierarchy(void)
{
	int root = scratch_open();

	scratch_put(root, "pids/docker/abc/pids.current", "4\n");
	scratch_put(root, "memory/docker/abc/memory.oom_control", "oom_kill 1\n");

	struct counters c = opened(root, V1_SELF);

	CU_ASSERT_EQUAL(tasks(&c), 4);
	CU_ASSERT_EQUAL(counters_oom_kills(&c), 1);
}

static void version_2_with_our_group_at_the_root(void)
{
	int root = scratch_open();

	scratch_put(root, "cgroup.controllers", "cpu memory pids\n");
	scratch_put(root, "pids.current", "5\n");
	scratch_put(root, "memory.events", "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 9\n");

	struct counters c = opened(root, "0::/\n");

	CU_ASSERT_EQUAL(tasks(&c), 5);
	CU_ASSERT_EQUAL(counters_oom_kills(&c), 2);
}

static void version_2_with_the_whole_hierarchy(void)
{
	int root = scratch_open();

	scratch_put(root, "docker/abc/pids.current", "6\n");
	scratch_put(root, "docker/abc/memory.events", "oom_kill 0\n");

	struct counters c = opened(root, V2_SELF);

	CU_ASSERT_EQUAL(tasks(&c), 6);
	CU_ASSERT_EQUAL(counters_oom_kills(&c), 0);
}

static void nothing_to_read_is_no_answer(void)
{
	struct counters c = opened(scratch_open(), "");
	uint64_t n;

	CU_ASSERT_FALSE(counters_tasks(&c, &n));
	CU_ASSERT_EQUAL(counters_oom_kills(&c), 0);
	c = opened(-1, "garbage");
	CU_ASSERT_FALSE(counters_tasks(&c, &n));
}

static void text_that_is_no_number_is_no_answer(void)
{
	int root = scratch_open();
	uint64_t n;

	scratch_put(root, "pids.current", "max\n");

	struct counters c = opened(root, V2_SELF);

	CU_ASSERT_FALSE(counters_tasks(&c, &n));
	scratch_put(root, "pids.current", "");
	CU_ASSERT_FALSE(counters_tasks(&c, &n));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "version 1 with our group at the root", version_1_with_our_group_at_the_root },
		{ "version 1 with the whole hierarchy", version_1_with_the_whole_hierarchy },
		{ "version 2 with our group at the root", version_2_with_our_group_at_the_root },
		{ "version 2 with the whole hierarchy", version_2_with_the_whole_hierarchy },
		{ "nothing to read is no answer", nothing_to_read_is_no_answer },
		{ "text that is no number is no answer", text_that_is_no_number_is_no_answer },
		{ NULL, NULL },
	};

	return tap_run("counters", tests);
}
