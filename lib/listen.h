/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket requests come in by.  Who can connect to it is trusted, so it is a path with a mode,
 * or a loopback port, and nothing else.
 */
#ifndef LIB_LISTEN_H
#define LIB_LISTEN_H

#include "lib/deadline.h"
#include "lib/error.h"

#include <sys/types.h>
#include <time.h>

struct listen_options {
	const char *address;               /* a path (it has a '/'), 127.0.0.1:9000 or [::1]:9000 */
	mode_t mode;                       /* of a path */
	const char *group;                 /* of a path; "" = ours */
};

struct listener {
	int fd;
	const char *path;                  /* NULL: not ours to remove; borrowed from the options */
	dev_t device;                      /* which file that was: an inode number alone is used again */
	ino_t inode;
	struct timespec changed;
};

/* Is it an address that could be listened on?  Where not, err's msg is for the operator. */
bool listen_check(const char *address, struct error *err);
/*
 * A path left behind by a dead process is replaced, one that answers is not.  On failure err's
 * msg is for the operator.
 */
bool listen_open(struct listener *l, const struct listen_options *o, struct error *err);
/* The socket a process manager gave us: descriptor 0, else 3, where systemd's first one is. */
bool listen_inherit(struct listener *l, struct error *err);
/*
 * From the other side: connects to an address that listen_open takes.  The descriptor does not
 * block; -1 and err, whose msg is for the operator.
 */
int listen_connect(const char *address, struct deadline deadline, struct error *err);
/* Closes it, and removes its path unless another process has put its own there. */
void listen_close(struct listener *l);

#endif
