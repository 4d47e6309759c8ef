/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/deadline.h"

#include <errno.h>
#include <time.h>

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct timespec to_timespec(int64_t us)
{
	return (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
}

int64_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t wall_ms(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

struct deadline deadline_in_ms(int64_t ms)
{
	struct deadline d;

	if (__builtin_mul_overflow(ms, 1000, &d.at_us) ||
	    __builtin_add_overflow(d.at_us, now_us(), &d.at_us))
		d.at_us = ms < 0 ? 0 : INT64_MAX;
	return d;
}

struct deadline deadline_first(struct deadline a, struct deadline b)
{
	return a.at_us < b.at_us ? a : b;
}

static int64_t left_us(struct deadline d)
{
	int64_t now = now_us();

	return d.at_us > now ? d.at_us - now : 0;
}

bool deadline_passed(struct deadline d)
{
	return left_us(d) == 0;
}

int64_t deadline_left_ms(struct deadline d)
{
	int64_t us = left_us(d);

	return us / 1000 + (us % 1000 > 0);
}

int deadline_poll(struct pollfd *fds, nfds_t n, struct deadline d)
{
	for (;;) {
		struct timespec left = to_timespec(left_us(d));
		int ready = ppoll(fds, n, &left, NULL);

		if (ready >= 0 || errno != EINTR)
			return ready;
	}
}

void deadline_sleep_ms(struct deadline d, int64_t ms)
{
	struct timespec until = to_timespec(deadline_first(d, deadline_in_ms(ms)).at_us);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}
