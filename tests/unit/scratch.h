/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for one test, and files in it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

/* Opens a new, empty directory; it is removed when the program ends. */
int scratch_open(void);

/* Makes the file and the directories above it; dir/ for a directory alone. */
void scratch_put(int dir, const char *path, const char *text);

/* The file's text, borrowed until the next call; NULL when there is no such file. */
const char *scratch_get(int dir, const char *path);

#endif
