/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8, a byte at a time.  Both ends count characters alike: a code point is one, and so is each
 * maximal ill-formed part, which a reader sees as one U+FFFD (Unicode 15, 3.9, "substitution of
 * maximal subparts"; what Python's errors="replace" and browsers do).
 */
#ifndef LIB_WIRE_UTF8_H
#define LIB_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between characters all members are zero, so `{ 0 }` starts one. */
struct utf8 {
	uint8_t need;                      /* continuation bytes still to come */
	uint8_t have;                      /* bytes of the character so far */
	uint8_t low, high;                 /* bounds of the next byte */
};

enum utf8_step {
	UTF8_MORE,                         /* inside a character */
	UTF8_CHAR,                         /* this byte ends one */
	UTF8_BAD,                          /* this byte ends, or is, an ill-formed part */
	UTF8_BAD_BEFORE,                   /* the bytes before were ill-formed: step this one again */
};

enum utf8_step utf8_step(struct utf8 *u, uint8_t byte);

/*
 * Characters that end within these bytes, an ill-formed part counting as one.  The count stops at
 * max; *used then says how many bytes those took.  A part left open counts once it is closed:
 * utf8_finish says whether one more is due.
 */
size_t utf8_count(struct utf8 *u, const uint8_t *in, size_t len, size_t max, size_t *used);
bool utf8_finish(struct utf8 *u);

/* True when all of it is well-formed. */
bool utf8_is_valid(const char *in, size_t len);

#endif
