/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/preload.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/init/clock.h"

enum {
	PATIENCE_US = 60000000,
	MAX_FAILURES = 2,                  /* then imports break here, and nothing is gained by more */
	STAT_BEFORE_THREADS = 17,          /* fields of /proc/pid/stat behind the name */
};

void preload_init(struct preload *p)
{
	*p = (struct preload){ .wanted = "none" };
	warm_init(&p->next);
}

void preload_want(struct preload *p, struct slice wanted)
{
	memcpy(p->wanted, wanted.at, wanted.len);
	p->wanted[wanted.len] = 0;
}

void preload_saw(struct preload *p, uint32_t modules)
{
	if (modules & ~p->seen)
		p->failures = 0;
	p->seen |= modules;
}

/* What the interpreter is told: bits, names, or nothing. */
static void put_target(const struct preload *p, char target[static WARM_PRELOAD])
{
	target[0] = 0;
	if (strcmp(p->wanted, "auto") != 0 && strcmp(p->wanted, "none") != 0)
		snprintf(target, WARM_PRELOAD, "%s", p->wanted);
	else if (p->wanted[0] == 'a' && p->seen)
		snprintf(target, WARM_PRELOAD, "%u", p->seen);
}

/* Once its first spare waits, it can take over. */
static void take_over(struct preload *p, struct warm *w)
{
	struct death d;

	while (warm_read(&p->next, &d) == WARM_SPARE) {
		warm_stop(w);
		*w = p->next;
		warm_init(&p->next);
	}
}

void preload_step(struct preload *p, struct warm *w, const struct environment *env,
                  int64_t now_us)
{
	char target[WARM_PRELOAD];

	take_over(p, w);
	if (p->next.pid && now_us >= p->until_us) {
		preload_stop(p);
		p->failures++;
	}
	put_target(p, target);
	if (!w->pid || p->next.pid || !target[0] || strcmp(target, w->preload) == 0 ||
	    p->failures >= MAX_FAILURES)
		return;
	p->until_us = now_us + PATIENCE_US;
	if (!warm_start(&p->next, env, target))
		p->failures++;
}

void preload_pause(struct preload *p, struct warm *w)
{
	take_over(p, w);
	if (p->next.pid && !p->next.safe)
		warm_stop(&p->next);
	else if (p->next.pid)
		kill(p->next.pid, SIGSTOP);
}

void preload_resume(struct preload *p)
{
	if (p->next.pid)
		kill(p->next.pid, SIGCONT);
}

/* The name may hold anything, but ends at the last ')'. */
static unsigned parse_threads(const char *stat)
{
	const char *at = strrchr(stat, ')');

	for (int i = 0; at && i < STAT_BEFORE_THREADS + 1; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? (unsigned)strtoul(at, NULL, 10) : 0;
}

unsigned preload_tasks(const struct preload *p)
{
	char path[32], text[1024];

	if (!p->next.pid)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/stat", p->next.pid);

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return parse_threads(text) + (p->next.spare > 0 ? 1u : 0u);
}

void preload_died(struct preload *p, bool by_itself)
{
	if (p->next.pid && by_itself)
		p->failures++;
	warm_forget(&p->next);
}

void preload_stop(struct preload *p)
{
	warm_stop(&p->next);
}

int64_t preload_due(const struct preload *p)
{
	return p->next.pid ? p->until_us : CLOCK_NEVER;
}
