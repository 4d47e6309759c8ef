/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories a run finds and leaves: /tmp/output is empty, /tmp/misc/<id> is there for it
 * alone, /dev/shm and /dev/mqueue are empty.  Everything else in /tmp, and HOME, is user code's to keep.
 */
#ifndef SANDBOX_INIT_WORKDIR_H
#define SANDBOX_INIT_WORKDIR_H

#include <stdbool.h>

#include "lib/wire/message.h"

enum { WORKDIR_PATH = 80 };                /* room for the path of a script, with its NUL */

struct workdir {
	int tmp, shm, mqueue;              /* -1, except tmp: there is none */
};

/* Makes /tmp/misc/<id>.  A full disk is the run's own problem. */
void workdir_make(const struct workdir *d, const char *id);

/* The run's script there, from descriptor `code`.  False: the disk is full. */
bool workdir_put_script(const struct workdir *d, const char *id, int code,
                        char path[static WORKDIR_PATH]);

/* What the run has put into /tmp/output; -1: it is not even a directory any more. */
int workdir_open_output(const struct workdir *d);

/* Makes all of it as new; id may be empty.  False when that could not be done in time. */
bool workdir_clean(const struct workdir *d, const char *id);

#endif
