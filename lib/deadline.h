/* SPDX-License-Identifier: Apache-2.0 */
/* A point in monotonic time, made once and handed down: every wait takes one. */
#ifndef LIB_DEADLINE_H
#define LIB_DEADLINE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct deadline {
	int64_t at_us;                     /* CLOCK_MONOTONIC */
};

int64_t now_us(void);                      /* CLOCK_MONOTONIC */
int64_t wall_ms(void);                     /* CLOCK_REALTIME, since 1970 */
struct deadline deadline_in_ms(int64_t ms);
struct deadline deadline_first(struct deadline a, struct deadline b);
bool deadline_passed(struct deadline d);
int64_t deadline_left_ms(struct deadline d);       /* rounded up; 0 when passed */
/* poll() until then; restarts on EINTR.  As poll: > 0 ready, 0 passed, -1 errno. */
int deadline_poll(struct pollfd *fds, nfds_t n, struct deadline d);
/* Sleeps ms, or until then if that is sooner. */
void deadline_sleep_ms(struct deadline d, int64_t ms);

#endif
