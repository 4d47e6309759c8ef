/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second interpreter that imports, while nothing runs, what the session's code imported before,
 * and takes the place of the bare one once it is ready.  A run that comes earlier uses the bare
 * one and ends the import, which begins anew in the next quiet moment: user code never lives
 * beside it.  Where there is no moment quiet enough, one run waits for all that follow.  Once HOME
 * has packages of its own, which may be other versions, all runs use a bare one.
 */
#ifndef SANDBOX_INIT_PRELOAD_H
#define SANDBOX_INIT_PRELOAD_H

#include "sandbox/init/warm.h"

struct preload {
	struct warm next;                  /* the one that imports; pid 0: none */
	bool stopped;                      /* it has been killed, and not yet waited for */
	char wanted[WARM_PRELOAD];         /* "auto", "none" or names, from SYNC */
	uint32_t seen;                     /* modules that runs used; bits of the interpreter's list */
	unsigned failures;                 /* in a row; new modules are a new chance */
	unsigned missed;                   /* Python runs that came too early, in a row */
	int64_t until_us;                  /* it must be ready by then */
	int64_t rest_us;                   /* none is started before */
};

void preload_init(struct preload *p);

/* At most WIRE_PRELOAD_MAX bytes. */
void preload_want(struct preload *p, struct slice wanted);

/* A run used these: a hint that user code could forge, good for nothing but its own imports. */
void preload_saw(struct preload *p, uint32_t modules);

/* While nothing runs: lets a finished one take w's place, starts one if w lacks something. */
void preload_step(struct preload *p, struct warm *w, const struct environment *env,
                  int64_t now_us);

/*
 * Before a run: one that is ready takes w's place.  One that is not is killed or, if the run may
 * wait and others did without, takes it as well: the run will start when the import is done.
 */
void preload_yield(struct preload *p, struct warm *w, const struct environment *env,
                   bool may_wait);

/* A run has waited in vain. */
void preload_give_up(struct preload *p);

/* After a run. */
void preload_rest(struct preload *p, int64_t now_us);

/* It has been waited for. */
void preload_died(struct preload *p);

/* Kills it; who waits for children will meet it. */
void preload_stop(struct preload *p);

/* When preload_step should be called next, at the latest. */
int64_t preload_due(const struct preload *p, const struct warm *w);

#endif
