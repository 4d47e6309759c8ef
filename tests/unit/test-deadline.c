/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/deadline.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static void time_left_never_goes_below_zero(void)
{
	struct deadline soon = deadline_in_ms(60000), gone = deadline_in_ms(-5);

	CU_ASSERT(deadline_left_ms(soon) > 59000 && deadline_left_ms(soon) <= 60000);
	CU_ASSERT_FALSE(deadline_passed(soon));
	CU_ASSERT_EQUAL(deadline_left_ms(gone), 0);
	CU_ASSERT(deadline_passed(gone));
}

static void a_part_of_a_millisecond_is_one(void)
{
	struct deadline d = { now_us() + 999500 };

	CU_ASSERT(deadline_left_ms(d) > 0 && deadline_left_ms(d) <= 1000);
}

static void far_away_does_not_overflow(void)
{
	CU_ASSERT_FALSE(deadline_passed(deadline_in_ms(INT64_MAX)));
	CU_ASSERT_FALSE(deadline_passed(deadline_in_ms(INT64_MAX / 1000)));
	CU_ASSERT(deadline_passed(deadline_in_ms(INT64_MIN)));
}

static void the_first_of_two_counts(void)
{
	struct deadline a = { 1 }, b = { 2 };

	CU_ASSERT_EQUAL(deadline_first(a, b).at_us, 1);
	CU_ASSERT_EQUAL(deadline_first(b, a).at_us, 1);
}

static void poll_tells_ready_from_passed(void)
{
	int fd[2];

	CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);

	struct pollfd p = { .fd = fd[0], .events = POLLIN };

	CU_ASSERT_EQUAL(deadline_poll(&p, 1, deadline_in_ms(0)), 0);
	CU_ASSERT_EQUAL(write(fd[1], "x", 1), 1);
	CU_ASSERT_EQUAL(deadline_poll(&p, 1, deadline_in_ms(0)), 1);
	CU_ASSERT_EQUAL(deadline_poll(&p, 1, deadline_in_ms(INT64_MAX)), 1);
	close(fd[0]);
	close(fd[1]);
}

static volatile sig_atomic_t alarms;

static void count(int number)
{
	(void)number;
	alarms++;
}

/* A timer interrupts every 5 ms, without SA_RESTART: the wait must still last. */
static void waits_survive_signals(void)
{
	struct sigaction act = { .sa_handler = count };
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };
	int64_t start = now_us();

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	CU_ASSERT_EQUAL(deadline_poll(NULL, 0, deadline_in_ms(40)), 0);
	CU_ASSERT(now_us() - start >= 40000);
	deadline_sleep_ms(deadline_in_ms(60000), 40);
	CU_ASSERT(now_us() - start >= 80000);
	setitimer(ITIMER_REAL, &never, NULL);
	CU_ASSERT(alarms > 2);
}

static void sleep_ends_at_the_deadline(void)
{
	deadline_sleep_ms(deadline_in_ms(1), INT64_MAX);
	deadline_sleep_ms(deadline_in_ms(-1), 60000);
}

static void wall_time_is_in_this_century(void)
{
	CU_ASSERT(wall_ms() > 1700000000000);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "time left never goes below zero", time_left_never_goes_below_zero },
		{ "a part of a millisecond is one", a_part_of_a_millisecond_is_one },
		{ "far away does not overflow", far_away_does_not_overflow },
		{ "the first of two counts", the_first_of_two_counts },
		{ "poll tells ready from passed", poll_tells_ready_from_passed },
		{ "waits survive signals", waits_survive_signals },
		{ "sleep ends at the deadline", sleep_ends_at_the_deadline },
		{ "wall time is in this century", wall_time_is_in_this_century },
		{ NULL, NULL },
	};

	return tap_run("deadline", tests);
}
