/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter of everything that runs user code, the warm interpreter included.  It is a
 * deny list: what it must stop is user code reaching its own supervisor (same uid, same process
 * namespace) and the parts of the kernel that no script needs.
 */
#ifndef SANDBOX_INIT_FILTER_H
#define SANDBOX_INIT_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FILTER_MAX = 768, FILTER_LIST = 5 };

enum filter_when {
	FILTER_ALWAYS,
	FILTER_ONE_OF,                     /* the argument's low 32 bits are in the list */
	FILTER_NONE_OF,                    /* they are not */
	FILTER_BITS,                       /* they share a bit with list[0] */
	FILTER_PROTECTED,                  /* they name PID 1, the interpreter, or a group of theirs */
};

/* A system call is refused when one of its rules says so; there are no rules that allow. */
struct filter_rule {
	uint32_t nr;
	uint16_t error;                    /* errno the caller sees; 0: EPERM */
	uint8_t when;                      /* enum filter_when */
	uint8_t arg;
	uint8_t n;
	uint32_t list[FILTER_LIST];
};

struct filter {
	unsigned short len;
	struct sock_filter code[FILTER_MAX];
};

extern const struct filter_rule filter_rules[];
extern const size_t filter_rule_count;

/* interpreter: the process that must not be signalled, besides PID 1; 0 for none. */
void filter_build(struct filter *f, pid_t interpreter);

/* Binds the calling process and all its descendants for good. */
bool filter_install(const struct filter *f);

#endif
