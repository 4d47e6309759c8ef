/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one CUnit suite and prints TAP: "ok 3 - frame: survives one byte at a time". */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <CUnit/CUnit.h>

struct tap_test {
	const char *name;                  /* a sentence without "test" */
	void (*run)(void);
};

/* tests ends with an entry whose name is NULL.  Returns main's exit status. */
int tap_run(const char *suite, const struct tap_test *tests);

#endif
