/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web server's side of FastCGI, as far as asking for a path goes: what lib/request.c answers.
 * Written by hand, for libfcgi has no deadline.
 */
#ifndef LIB_FASTCGI_H
#define LIB_FASTCGI_H

#include "lib/buf.h"
#include "lib/deadline.h"
#include "lib/error.h"

struct fastcgi_answer {
	unsigned status;
	struct slice body;                 /* in the buffer the caller gave */
};

/*
 * One GET over fd, which is connected and does not block.  The answer's bytes go to room, its
 * ceiling included.  On failure err's msg is for the operator; TIMEOUT at the deadline.
 */
bool fastcgi_get(int fd, const char *path, struct deadline deadline, struct buf *room,
                 struct fastcgi_answer *out, struct error *err);

#endif
