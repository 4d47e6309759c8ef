/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growable bytes with a ceiling.  An append past the ceiling changes nothing, returns false and
 * sets `full`; so does every later one, until buf_reset.  A writer may append on and ask once at
 * the end: what is there is then an exact prefix.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include "lib/wire/cursor.h"

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;                        /* NUL-terminated once anything was appended */
	size_t len, room, max;
	bool full;
};

#define BUF_INIT(ceiling) { .max = (ceiling) }
#define auto_buf __attribute__((cleanup(buf_finish))) struct buf

bool buf_append(struct buf *b, const void *bytes, size_t len);
bool buf_puts(struct buf *b, const char *s);
bool buf_putc(struct buf *b, char c);
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Room for len more bytes, for the caller to write and then add to b->len; NULL past the ceiling.
 * The NUL is behind all of them.
 */
char *buf_reserve(struct buf *b, size_t len);
struct slice buf_slice(const struct buf *b);
void buf_reset(struct buf *b);             /* empty again; keeps the memory */
void buf_finish(struct buf *b);

#endif
