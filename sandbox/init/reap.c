/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/reap.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/exit.h"

static uint64_t micros(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

enum reap reap(struct death *d)
{
	struct rusage usage;
	pid_t pid;

	do
		pid = wait4(-1, &d->status, WNOHANG, &usage);
	while (pid < 0 && errno == EINTR);
	if (pid <= 0)
		return pid < 0 ? REAP_NO_CHILD : REAP_NONE_YET;
	d->pid = pid;
	d->cpu_us = micros(usage.ru_utime) + micros(usage.ru_stime);
	d->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	return REAP_ONE;
}

/* Until a child dies, or a moment. */
static void wait_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &moment);
}

bool reap_by_force(struct death *d, int64_t until_us)
{
	for (;;) {
		kill(-1, SIGKILL);
		switch (reap(d)) {
		case REAP_ONE:
			return true;
		case REAP_NO_CHILD:
			return false;
		case REAP_NONE_YET:
			if (clock_us() > until_us)
				_exit(EXIT_DIRTY);
			wait_a_moment();
		}
	}
}
