/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that starts the others: workers and one janitor, replaced when they die.  It parses
 * nothing from outside and opens no connection.  TERM, INT, QUIT and USR1 all mean: take no new
 * request, finish the ones there are, end.
 */
#ifndef APP_MASTER_H
#define APP_MASTER_H

#include "fcgi-app/policy/config.h"
#include "lib/listen.h"

/* Returns the exit status: 0 when every request was finished within DRAIN_SECONDS. */
int master_run(const struct config *c, struct listener *listener);

#endif
