/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a program that is, or will run, user code: its own session, descriptors, limits,
 * environment and filter, so that nothing has to be confined in the program itself.
 */
#ifndef SANDBOX_INIT_LAUNCH_H
#define SANDBOX_INIT_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HOME_PATH "/home/sandbox"
#define TMP_PATH "/tmp"

enum { ENVIRONMENT_MAX = 24 };

/* The environment of user code: a constant table, a few names of the image, thread counts. */
struct environment {
	const char *list[ENVIRONMENT_MAX + 1];
	unsigned cpus;
	char threads[3][40];
};

/* passed: our own environment, from which the image's names are taken. */
void environment_init(struct environment *e, char *const *passed, unsigned cpus);
void environment_set_cpus(struct environment *e, unsigned cpus);

struct launch {
	const char *const *argv;           /* argv[0] is the program's path */
	const struct environment *env;
	const char *cwd;
	const int *fds;                    /* become 0, 1, 2, ... there; everything else is closed */
	unsigned n_fds;
	int oom_score_adj;
	pid_t interpreter;                 /* may not be signalled; 0: there is none */
	bool is_interpreter;               /* the new process itself may not be signalled */
};

/* Forks, confines, executes.  -1 and errno when there can be no process. */
pid_t launch(const struct launch *what);

#endif
