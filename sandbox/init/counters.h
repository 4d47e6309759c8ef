/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sandbox's control group counts: tasks, which no process can hide from, and kills for
 * lack of memory.  Where a counter cannot be read (gVisor) the callers do without.
 */
#ifndef SANDBOX_INIT_COUNTERS_H
#define SANDBOX_INIT_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

struct counters {
	int tasks, oom;                    /* descriptors, -1: not readable */
};

/*
 * root: the directory /sys/fs/cgroup; self: the text of /proc/self/cgroup.  Version 1 and 2,
 * with a control group namespace of our own or without.
 */
void counters_open(struct counters *c, int root, const char *self);

bool counters_tasks(const struct counters *c, uint64_t *n);

/* How often the kernel has killed a process for memory; 0 when it does not say. */
uint64_t counters_oom_kills(const struct counters *c);

#endif
