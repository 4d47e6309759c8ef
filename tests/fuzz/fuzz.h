/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target is one function; what must hold, it says with must(). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/* A copy of just these bytes, so that reading behind them is seen; with a NUL if asked for. */
static inline char *fuzz_copy(const uint8_t *in, size_t len, bool terminate)
{
	char *copy = calloc(1, len + terminate + !len);

	must(copy != NULL);
	memcpy(copy, in, len);
	return copy;
}

#endif
