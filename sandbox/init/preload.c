/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/preload.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/init/clock.h"

enum {
	PATIENCE_US = 60000000,
	REST_US = 100000,                  /* runs in quick succession are not to be slowed down */
	MAX_MISSED = 2,                    /* runs without what they may want; the next one waits */
	MAX_FAILURES = 2,                  /* then imports break here, and nothing is gained by more */
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

static void take_over(struct preload *p, struct warm *w)
{
	warm_stop(w);
	*w = p->next;
	warm_init(&p->next);
	p->missed = 0;
}

/* Once its first spare waits, it can take over. */
static void look(struct preload *p, struct warm *w)
{
	struct death d;

	switch (warm_read(&p->next, &d)) {
	case WARM_SPARE:
		take_over(p, w);
		break;
	case WARM_ENDED:
	case WARM_LIED:
		preload_stop(p);
		p->failures++;
		break;
	case WARM_NOTHING:
		break;
	}
}

/* They come before the image's, and what has been imported cannot be imported again. */
static bool home_has_packages(void)
{
	return access(HOME_PATH "/.local/lib", F_OK) == 0;
}

/* w lacks something that target holds. */
static bool is_wanted(const struct preload *p, const struct warm *w,
                      char target[static WARM_PRELOAD])
{
	put_target(p, target);
	return w->pid && target[0] && strcmp(target, w->preload) != 0 &&
	       p->failures < MAX_FAILURES && !home_has_packages();
}

static void begin(struct preload *p, const struct environment *env, const char *target)
{
	p->stopped = false;
	if (!warm_start(&p->next, env, target))
		p->failures++;
}

void preload_step(struct preload *p, struct warm *w, const struct environment *env,
                  int64_t now_us)
{
	char target[WARM_PRELOAD];

	look(p, w);
	if (p->next.pid && !p->stopped && now_us >= p->until_us) {
		preload_stop(p);
		p->failures++;
	}
	if (p->next.pid || now_us < p->rest_us || !is_wanted(p, w, target))
		return;
	p->until_us = now_us + PATIENCE_US;
	begin(p, env, target);
}

void preload_yield(struct preload *p, struct warm *w, const struct environment *env,
                   bool may_wait)
{
	char target[WARM_PRELOAD];

	look(p, w);
	if (w->preload[0] && home_has_packages())
		warm_stop(w);
	if (may_wait && is_wanted(p, w, target) && p->missed++ >= MAX_MISSED) {
		if (!p->next.pid)
			begin(p, env, target);
		if (p->next.pid && !p->stopped) {
			take_over(p, w);
			return;
		}
	}
	preload_stop(p);
}

void preload_give_up(struct preload *p)
{
	p->failures = MAX_FAILURES;
}

void preload_rest(struct preload *p, int64_t now_us)
{
	p->rest_us = now_us + REST_US;
}

void preload_died(struct preload *p)
{
	if (p->next.pid && !p->stopped)
		p->failures++;
	warm_forget(&p->next);
}

void preload_stop(struct preload *p)
{
	p->stopped = true;
	warm_kill(&p->next);
}

int64_t preload_due(const struct preload *p, const struct warm *w)
{
	char target[WARM_PRELOAD];

	if (p->next.pid)
		return p->stopped ? CLOCK_NEVER : p->until_us;
	return is_wanted(p, w, target) ? p->rest_us : CLOCK_NEVER;
}
