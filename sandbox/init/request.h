/* SPDX-License-Identifier: Apache-2.0 */
/* A RUN that outlives its frame: its strings are our own and end with NUL. */
#ifndef SANDBOX_INIT_REQUEST_H
#define SANDBOX_INIT_REQUEST_H

#include "lib/wire/message.h"

struct request {
	struct run run;
	char text[WIRE_ID_MAX + 1 + WIRE_ARGV_MAX * (WIRE_ARG_MAX + 1)];
};

/* May it be run?  The id names a directory, the arguments become C strings. */
bool request_is_valid(const struct run *run);

void request_keep(struct request *r, const struct run *run);

#endif
