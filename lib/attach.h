/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standing stream of a container: its stdin and stdout after Docker's hijack.  Never half
 * closed: with StdinOnce=false that would also end the reading side.
 */
#ifndef LIB_ATTACH_H
#define LIB_ATTACH_H

#include "lib/docker.h"

struct attach;

#define auto_attach __attribute__((cleanup(attach_close))) struct attach *

/* NOT_FOUND: no such container.  One that is there but does not run attaches well, and is silent. */
struct attach *attach_open(struct docker *d, const char *id, struct deadline deadline,
                           struct error *err);
void attach_close(struct attach **a);
int attach_fd(const struct attach *a);
/* True when bytes already lie here that poll on attach_fd would not tell of. */
bool attach_has_input(const struct attach *a);
bool attach_write(struct attach *a, const void *bytes, size_t len, struct deadline deadline,
                  struct error *err);
/*
 * Stdout bytes of the container, at least one; borrowed until the next read.  An empty slice: the
 * stream ended (the container is gone).  TIMEOUT at the deadline.
 */
bool attach_read(struct attach *a, struct slice *out, struct deadline deadline, struct error *err);
/* What the container wrote to stderr so far, at most 512 bytes: PID 1's last words. */
const char *attach_stderr(const struct attach *a);

#endif
