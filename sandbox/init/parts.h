/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the supervisor that every run works with; they outlive it. */
#ifndef SANDBOX_INIT_PARTS_H
#define SANDBOX_INIT_PARTS_H

#include "sandbox/init/counters.h"
#include "sandbox/init/launch.h"
#include "sandbox/init/link.h"
#include "sandbox/init/preload.h"
#include "sandbox/init/workdir.h"

struct standby;

struct parts {
	struct link *link;
	struct warm *warm;
	struct preload *preload;
	struct standby *standby;
	const struct counters *counters;
	const struct environment *env;
	struct workdir dirs;
};

#endif
