/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/path.h"
#include "tests/unit/tap.h"

#include <string.h>

static bool safe(const char *name)
{
	return path_is_safe(name, strlen(name));
}

static void names_below_a_directory_are_safe(void)
{
	CU_ASSERT(safe("a"));
	CU_ASSERT(safe("a/b/c.txt"));
	CU_ASSERT(safe(".bashrc"));
	CU_ASSERT(safe("..."));
	CU_ASSERT(safe("-rf"));
	CU_ASSERT(safe("na\xc3\xafve name.txt"));
}

static void names_that_could_leave_are_not(void)
{
	CU_ASSERT_FALSE(safe(""));
	CU_ASSERT_FALSE(safe("."));
	CU_ASSERT_FALSE(safe(".."));
	CU_ASSERT_FALSE(safe("/etc/passwd"));
	CU_ASSERT_FALSE(safe("../x"));
	CU_ASSERT_FALSE(safe("a/../b"));
	CU_ASSERT_FALSE(safe("a/.."));
	CU_ASSERT_FALSE(safe("./a"));
	CU_ASSERT_FALSE(safe("a//b"));
	CU_ASSERT_FALSE(safe("a/"));
	CU_ASSERT_FALSE(safe("a\\b"));
}

static void control_characters_are_not_safe(void)
{
	CU_ASSERT_FALSE(path_is_safe("a\0b", 3));
	CU_ASSERT_FALSE(safe("a\nb"));
	CU_ASSERT_FALSE(safe("a\x7f"));
}

static void depth_and_component_have_ceilings(void)
{
	char name[PATH_COMPONENT_MAX + 2];
	char deep[2 * PATH_DEPTH_MAX + 2];

	memset(name, 'x', sizeof name);
	CU_ASSERT(path_is_safe(name, PATH_COMPONENT_MAX));
	CU_ASSERT_FALSE(path_is_safe(name, PATH_COMPONENT_MAX + 1));
	for (size_t i = 0; i < sizeof deep; i++)
		deep[i] = i % 2 ? '/' : 'd';
	CU_ASSERT(path_is_safe(deep, 2 * PATH_DEPTH_MAX - 1));
	CU_ASSERT_FALSE(path_is_safe(deep, 2 * PATH_DEPTH_MAX + 1));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "names below a directory are safe", names_below_a_directory_are_safe },
		{ "names that could leave are not", names_that_could_leave_are_not },
		{ "control characters are not safe", control_characters_are_not_safe },
		{ "depth and component have ceilings", depth_and_component_have_ceilings },
		{ NULL, NULL },
	};

	return tap_run("path", tests);
}
