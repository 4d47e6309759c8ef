/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that lives until the response is sent.  Nothing in it is freed alone; out of memory
 * aborts, because every size from outside was bounded before it came here.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include "lib/wire/cursor.h"

#include <stddef.h>

struct arena_block;

struct arena {                             /* `{ 0 }` is an empty one */
	struct arena_block *blocks;
	size_t used;                       /* of the newest block */
};

void *arena_alloc(struct arena *a, size_t size);           /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);   /* NUL-terminated */
struct slice arena_copy(struct arena *a, struct slice s);  /* NUL-terminated, too */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a);         /* keeps one block of the default size */
void arena_finish(struct arena *a);

#endif
