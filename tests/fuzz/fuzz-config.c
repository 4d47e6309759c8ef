/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of an env file: what is in force is a value, and all there is to say of it has its line. */
#include "fcgi-app/policy/dotenv.h"
#include "fcgi-app/policy/setting.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 1 << 20 };

static size_t count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++) {
		n += text->data[i] == '\n';
		must((unsigned char)text->data[i] >= ' ' || text->data[i] == '\n' || text->data[i] == '\t');
	}
	return n;
}

/* A number, a word, a yes or no in force: read once more it is the same. */
static void read_again(const struct config *c, struct arena *arena, const struct setting *s)
{
	auto_buf said = BUF_INIT(MOST), again = BUF_INIT(MOST);
	struct config copy = *c;

	setting_print(c, s, &said);
	must(!setting_read(&copy, arena, s, said.data));
	setting_print(&copy, s, &again);
	must(strcmp(said.data, again.data) == 0);
}

static size_t read_all_again(const struct config *c, struct arena *arena)
{
	size_t n = 0;

	for (const struct setting *s = NULL; (s = setting_next(s));) {
		n += setting_is_one(s);
		if (setting_is_one(s) && s->kind != SETTING_STR && s->kind != SETTING_SECRET)
			read_again(c, arena, s);
	}
	return n;
}

static void find_each(const struct dotenv *file)
{
	for (size_t i = 0; i < file->n; i++) {
		const struct dotenv_line *line = dotenv_find(file, file->lines[i].name);

		must(line >= &file->lines[i] && line->number >= file->lines[i].number);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	auto_buf problems = BUF_INIT(MOST), warnings = BUF_INIT(MOST), out = BUF_INIT(MOST);
	char *text = fuzz_copy(in, len, true);
	struct arena arena = { 0 };
	struct dotenv file = { 0 };
	struct config config;

	if (strlen(text) == len && !strstr(text, "_FILE")) {    /* those are opened */
		bool sound = dotenv_parse(&file, &arena, (struct slice){ text, len }, &problems);

		find_each(&file);
		clearenv();
		sound = config_read(&config, &arena, &file, &problems) && sound;
		sound = config_check(&config, &problems) && sound;
		must(sound == (problems.len == 0));
		config_warn(&config, true, &warnings);
		config_print_check(&config, &problems, &warnings, &out);
		must(count_lines(&out) == read_all_again(&config, &arena)
		                          + count_lines(&problems) + count_lines(&warnings));
	}
	arena_finish(&arena);
	free(text);
	return 0;
}
