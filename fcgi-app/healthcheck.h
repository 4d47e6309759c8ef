/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_HEALTHCHECK_H
#define APP_HEALTHCHECK_H

#include "lib/arena.h"

/* code-gateway --healthcheck: one line on stdout or stderr, and the exit status. */
int healthcheck(struct arena *arena, const char *env_file);

#endif
