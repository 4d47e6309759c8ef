/* SPDX-License-Identifier: Apache-2.0 */
/* Strict readings of short texts: all of it must fit, nothing is guessed. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/wire/cursor.h"

#include <stdbool.h>
#include <stdint.h>

bool text_int(const char *s, int64_t *out);        /* -?[0-9]+, no overflow */
bool text_number(const char *s, double *out);      /* decimal, finite */
bool text_size(const char *s, int64_t *out);       /* bytes: 1024, 512m, 2GB, 0.5g; Docker's units */
bool text_bool(const char *s, bool *out);          /* 1 true yes on 0 false no off, any case */
bool text_equals_nocase(const char *a, const char *b);
bool text_is_visible(struct slice s);              /* ASCII that leaves a mark: no blank, no control */
char *text_on_one_line(char *s);                   /* in place: ? for each control character */
struct slice text_trim(struct slice s);            /* ASCII blanks off both ends */
struct slice text_strip(struct slice s);           /* the same with Unicode's, as Python strips; s is UTF-8 */
struct slice text_slice(const char *s);            /* NULL gives an empty one */
bool slice_equals(struct slice s, const char *text);
bool text_starts_with(const char *s, const char *prefix);
/* The next item of a list, trimmed, empties dropped; false at its end. */
bool text_next_item(struct slice *list, char separator, struct slice *item);
bool text_has_item(const char *list, const char *wanted);  /* commas between the items */

#endif
