/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process beside the workers: removes sessions that are over and containers that are ours and
 * orphaned; never what is young, busy, foreign or of another deployment.  A lease in Redis lets
 * one of all gateways on a daemon sweep.
 */
#ifndef POLICY_JANITOR_H
#define POLICY_JANITOR_H

#include "fcgi-app/policy/backend.h"

/* Sweeps every JANITOR_INTERVAL_SECONDS until stop_fd is readable.  Logs for itself. */
void janitor_run(const struct config *config, int stop_fd);
/*
 * One sweep; what the loop above repeats.  token names this janitor to the others; true, too, when
 * another one has the lease.
 */
bool janitor_sweep(struct backend *b, const char *token, struct error *err);

#endif
