/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that user code could write to: made, emptied and removed without following a
 * link.  Nobody else runs while this works, so what was looked at stays what it was.
 */
#ifndef SANDBOX_INIT_TREE_H
#define SANDBOX_INIT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens a directory below `at`; makes it accessible to its owner first.  -1: it is none. */
int tree_open(int at, const char *name);

/* Empties the directory, as deep as it may be.  False: could not, or not until the deadline. */
bool tree_clear(int dir, int64_t deadline_us);

/* Removes whatever has this name.  True when it is gone. */
bool tree_remove(int at, const char *name, int64_t deadline_us);

/* The next name in a directory other than "." and "..", NULL at the end. */
struct tree_reader {
	int dir;
	long have, at;
	_Alignas(8) char bytes[4096];
};

void tree_read(struct tree_reader *r, int dir);
const char *tree_next(struct tree_reader *r);

#endif
