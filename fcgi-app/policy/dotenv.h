/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .env file: NAME=value lines, `export ` before and quotes around allowed, # comments, CRLF.
 * Nothing is interpolated.  The last line of a name counts.
 */
#ifndef POLICY_DOTENV_H
#define POLICY_DOTENV_H

#include "lib/arena.h"
#include "lib/buf.h"

#include <stdbool.h>

enum { DOTENV_MAX = 256 * 1024 };

struct dotenv {                            /* `{ 0 }` holds nothing */
	struct dotenv_line {
		const char *name, *value;
		unsigned number;           /* from 1 */
	} *lines;
	size_t n;
};

/* Takes text apart, which must be NUL-terminated; what is wrong goes to *problems, line by line. */
bool dotenv_parse(struct dotenv *e, struct arena *arena, struct slice text, struct buf *problems);
/* The line that counts, or NULL. */
const struct dotenv_line *dotenv_find(const struct dotenv *e, const char *name);

/* A small file's bytes, NUL-terminated, or NULL and errno (EFBIG above max, EINVAL with a NUL). */
const char *dotenv_read(struct arena *arena, const char *path, size_t max, size_t *len);

#endif
