/* SPDX-License-Identifier: Apache-2.0 */
/* A web server's parameters, "NAME=value", into a request: those of an allow-list.  No I/O. */
#ifndef LIB_PARAMS_H
#define LIB_PARAMS_H

#include "lib/request.h"

/* envp ends with NULL, and lives as long as the request.  One that comes twice is told of in it. */
void params_read(struct request *req, char *const *envp);

#endif
