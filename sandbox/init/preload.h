/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second interpreter that imports, while nothing runs, what the session's code imported before,
 * and takes the place of the bare one once it is ready.  A run that comes earlier uses the bare
 * one and has the processor to itself: the import stops meanwhile.
 */
#ifndef SANDBOX_INIT_PRELOAD_H
#define SANDBOX_INIT_PRELOAD_H

#include "sandbox/init/warm.h"

struct preload {
	struct warm next;                  /* the one that imports; pid 0: none */
	char wanted[WARM_PRELOAD];         /* "auto", "none" or names, from SYNC */
	uint32_t seen;                     /* modules that runs used; bits of the interpreter's list */
	unsigned failures;                 /* in a row; new modules are a new chance */
	int64_t until_us;                  /* it must be ready by then */
};

void preload_init(struct preload *p);

/* At most WIRE_PRELOAD_MAX bytes. */
void preload_want(struct preload *p, struct slice wanted);

/* A run used these: a hint that user code could forge, good for nothing but its own imports. */
void preload_saw(struct preload *p, uint32_t modules);

/* While nothing runs: lets a finished one take w's place, starts one if w lacks something. */
void preload_step(struct preload *p, struct warm *w, const struct environment *env,
                  int64_t now_us);

/* Around a run. */
void preload_pause(struct preload *p, struct warm *w);
void preload_resume(struct preload *p);

/* What the control group counts for it. */
unsigned preload_tasks(const struct preload *p);

/* It has been waited for.  by_itself: nobody meant to end it. */
void preload_died(struct preload *p, bool by_itself);

/* Kills it; who waits for children will meet it. */
void preload_stop(struct preload *p);

/* When preload_step should be called next, at the latest. */
int64_t preload_due(const struct preload *p);

#endif
