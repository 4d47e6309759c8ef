/* SPDX-License-Identifier: Apache-2.0 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "fcgi-app/policy/backend.h"
#include "fcgi-app/policy/bulkhead.h"
#include "fcgi-app/policy/health.h"
#include "fcgi-app/policy/metrics.h"
#include "lib/listen.h"

/* What a worker gets from the master. */
struct worker {
	const struct config *config;
	struct bulkhead *bulkhead;
	struct metrics *metrics;
	struct health *health;
	struct daemon_page *page;
	int64_t number;                    /* its line there, from 0 */
	const struct listener *listener;
	int stop_fd;                       /* readable: finish the request, take no other */
	int cancel_fd;                     /* readable: and cancel the run it waits for */
};

/* Serves until told to stop; the process' exit status. */
int worker_run(const struct worker *w);

#endif
