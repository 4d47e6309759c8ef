/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/inbox.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tap.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct inbox box;
static char reason[64];

static int fresh(void)
{
	int home = scratch_open();

	inbox_clear(&box);
	inbox_init(&box, home);
	return home;
}

static bool announce(enum file_kind kind, const char *name, uint64_t size)
{
	struct file f = { .kind = kind, .size = size, .name = { name, strlen(name) } };

	return inbox_begin_file(&box, &f);
}

static bool put(const char *name, const char *text)
{
	return announce(FILE_INPUT, name, strlen(text)) &&
	       (!*text || inbox_data(&box, (const uint8_t *)text, strlen(text))) &&
	       inbox_data(&box, NULL, 0);
}

static void files_appear_when_delivered(void)
{
	int home = fresh();
	struct stat st;

	CU_ASSERT_TRUE(put("a", "A") && put("d/e/b", "B") && put("empty", ""));
	CU_ASSERT_PTR_NULL(scratch_get(home, "a"));
	CU_ASSERT_TRUE(inbox_deliver(&box, reason, sizeof reason));
	inbox_clear(&box);
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "a"), "A");
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "d/e/b"), "B");
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "empty"), "");
	CU_ASSERT_EQUAL(fstatat(home, "a", &st, 0), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_NOT_EQUAL(faccessat(home, ".code-gateway-incoming", F_OK, 0), 0);
}

static void cleared_files_never_appear(void)
{
	int home = fresh();

	CU_ASSERT_TRUE(put("a", "A"));
	inbox_clear(&box);
	CU_ASSERT_TRUE(inbox_deliver(&box, reason, sizeof reason));
	CU_ASSERT_PTR_NULL(scratch_get(home, "a"));
}

static void a_conflict_changes_nothing(void)
{
	int home = fresh();

	scratch_put(home, "file", "old");
	CU_ASSERT_TRUE(put("new", "N") && put("x/y/z", "Z") && put("file/below", "B"));
	CU_ASSERT_FALSE(inbox_deliver(&box, reason, sizeof reason));
	CU_ASSERT_STRING_EQUAL(reason, "Not a directory: file/below");
	inbox_clear(&box);
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "file"), "old");
	CU_ASSERT_PTR_NULL(scratch_get(home, "new"));
	CU_ASSERT_NOT_EQUAL(faccessat(home, "x", F_OK, 0), 0);
}

static void the_later_of_two_of_one_name_wins(void)
{
	int home = fresh();

	CU_ASSERT_TRUE(put("a", "1") && put("a", "2"));
	CU_ASSERT_TRUE(inbox_deliver(&box, reason, sizeof reason));
	inbox_clear(&box);
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "a"), "2");
}

static void links_out_of_home_are_refused(void)
{
	int home = fresh();

	CU_ASSERT_EQUAL(symlinkat("/tmp", home, "out"), 0);
	CU_ASSERT_EQUAL(symlinkat("in", home, "around"), 0);
	scratch_put(home, "in/", "");
	CU_ASSERT_TRUE(put("around/a", "A"));
	CU_ASSERT_TRUE(inbox_deliver(&box, reason, sizeof reason));
	inbox_clear(&box);
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "in/a"), "A");
	CU_ASSERT_TRUE(put("out/a", "A"));
	CU_ASSERT_FALSE(inbox_deliver(&box, reason, sizeof reason));
	CU_ASSERT_STRING_EQUAL(reason, "Permission denied: out/a");
}

static void a_stage_made_by_others_is_not_used(void)
{
	int home = fresh(), other = scratch_open();

	scratch_put(other, "keep", "k");
	CU_ASSERT_EQUAL(symlinkat("/tmp", home, ".code-gateway-incoming"), 0);
	CU_ASSERT_TRUE(put("a", "A"));
	CU_ASSERT_TRUE(inbox_deliver(&box, reason, sizeof reason));
	inbox_clear(&box);
	CU_ASSERT_STRING_EQUAL(scratch_get(home, "a"), "A");
}

static void frames_out_of_place_are_refused(void)
{
	fresh();
	CU_ASSERT_FALSE(inbox_data(&box, (const uint8_t *)"x", 1));
	CU_ASSERT_FALSE(announce(FILE_OUTPUT, "a", 1));
	CU_ASSERT_FALSE(announce(FILE_INPUT, "../a", 1));
	CU_ASSERT_FALSE(announce(FILE_CODE, "name", 1));
	CU_ASSERT_FALSE(announce(FILE_CODE, "", INBOX_CODE_MAX + 1));
	CU_ASSERT_TRUE(announce(FILE_INPUT, "a", 2));
	CU_ASSERT_FALSE(announce(FILE_INPUT, "b", 2));
	fresh();
	CU_ASSERT_TRUE(announce(FILE_INPUT, "a", 2));
	CU_ASSERT_FALSE(inbox_data(&box, (const uint8_t *)"xyz", 3));
	CU_ASSERT_FALSE(inbox_data(&box, NULL, 0));
}

static void code_is_complete_after_its_last_data(void)
{
	fresh();
	CU_ASSERT_FALSE(inbox_has_code(&box));
	CU_ASSERT_TRUE(announce(FILE_CODE, "", 1));
	CU_ASSERT_FALSE(inbox_has_code(&box));
	CU_ASSERT_TRUE(inbox_data(&box, (const uint8_t *)"1", 1));
	CU_ASSERT_TRUE(inbox_data(&box, NULL, 0));
	CU_ASSERT_TRUE(inbox_has_code(&box));
	CU_ASSERT_FALSE(announce(FILE_CODE, "", 1));
	fresh();
}

static void the_number_of_files_is_bounded(void)
{
	char name[16];

	fresh();
	for (int i = 0; i < INBOX_FILES; i++) {
		(void)snprintf(name, sizeof name, "f%d", i);
		CU_ASSERT_TRUE(put(name, ""));
	}
	CU_ASSERT_FALSE(put("more", ""));
	fresh();
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "files appear when they are delivered", files_appear_when_delivered },
		{ "cleared files never appear", cleared_files_never_appear },
		{ "a conflict changes nothing", a_conflict_changes_nothing },
		{ "the later of two of one name wins", the_later_of_two_of_one_name_wins },
		{ "links out of HOME are refused", links_out_of_home_are_refused },
		{ "a stage made by others is not used", a_stage_made_by_others_is_not_used },
		{ "frames out of place are refused", frames_out_of_place_are_refused },
		{ "code is complete after its last DATA", code_is_complete_after_its_last_data },
		{ "the number of files is bounded", the_number_of_files_is_bounded },
		{ NULL, NULL },
	};

	inbox_init(&box, -1);
	return tap_run("inbox", tests);
}
