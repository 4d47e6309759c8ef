/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time: microseconds of the monotonic clock; CLOCK_NEVER for a deadline not set. */
#ifndef SANDBOX_INIT_CLOCK_H
#define SANDBOX_INIT_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX

static inline int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* That many milliseconds from now; 0 stands for no limit, as in struct sync. */
static inline int64_t clock_after_ms(int64_t now_us, uint32_t ms)
{
	return ms ? now_us + (int64_t)ms * 1000 : CLOCK_NEVER;
}

static inline int64_t clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
