/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of config.def as text: walking them, reading a value into its field, saying it. */
#ifndef POLICY_SETTING_H
#define POLICY_SETTING_H

#include "fcgi-app/policy/config.h"

enum setting_kind {
	SETTING_STR, SETTING_LIST, SETTING_SECRET, SETTING_ENUM, SETTING_INT, SETTING_SIZE, SETTING_SECONDS,
	SETTING_BOOL,
	/* not settings: they say more about the one before, or open a section */
	SETTING_SECTION, SETTING_ALIAS, SETTING_FROM_FILE, SETTING_SAMPLE,
	SETTING_OTHER,
};

/* `low` holds the words of an ENUM; elsewhere it is NULL where there is no range. */
struct setting {
	enum setting_kind kind;
	size_t offset;
	const char *name, *standard, *low, *high, *sentence;
};

/* The lines in their order: the first after NULL, NULL after the last. */
const struct setting *setting_next(const struct setting *s);
size_t setting_index(const struct setting *s);
size_t setting_count(void);
bool setting_is_one(const struct setting *s);
const struct setting *setting_find(const char *name);      /* a setting of that name, or NULL */
/* The line of that kind that belongs to s, behind `after` (s itself at first), or NULL. */
const struct setting *setting_more(const struct setting *after, enum setting_kind kind);

/* NULL, or what is wrong with the value, to be read behind the name; then the field is as it was. */
const char *setting_read(struct config *c, struct arena *arena, const struct setting *s,
                         const char *text);
void setting_read_standard(struct config *c, struct arena *arena, const struct setting *s);
int64_t setting_number(const struct config *c, const struct setting *s);   /* an INT's or a SIZE's */
/* The value in force; of a secret only whether there is one. */
void setting_print(const struct config *c, const struct setting *s, struct buf *out);

/* What holds is not told, what does not is one line more, which begins with a setting's name. */
bool tell_unless(struct buf *told, bool holds, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
