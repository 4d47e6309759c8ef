/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process beside the workers, which keeps the books: removes sessions that are over and containers that are ours and
 * orphaned; never what is young, busy, foreign or of another deployment.  A lease in Redis lets
 * one of all gateways on a daemon sweep.
 */
#ifndef POLICY_JANITOR_H
#define POLICY_JANITOR_H

#include "fcgi-app/policy/backend.h"

/* What a janitor gets from the master. */
struct janitor {
	const struct config *config;
	struct metrics *metrics;
	struct daemon_page *page;
	int stop_fd;                       /* readable: sweep no more */
	int end_fd;                        /* readable: nobody counts any more */
};

/*
 * Sweeps every JANITOR_INTERVAL_SECONDS until stop_fd is readable, tells Redis every second what
 * was counted, until end_fd is.  Logs for itself.
 */
void janitor_run(const struct janitor *j);
/*
 * One sweep; what the loop above repeats.  token names this janitor to the others; true, too, when
 * another one has the lease.
 */
bool janitor_sweep(struct backend *b, const char *token, struct error *err);

#endif
