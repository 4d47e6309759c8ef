/* SPDX-License-Identifier: Apache-2.0 */
/* Handles that end with the brace they were declared in.  steal_*() hands one over. */
#ifndef LIB_CLEANUP_H
#define LIB_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline int steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_close __attribute__((cleanup(cleanup_close)))
#define steal_ptr(pp) __extension__({ __typeof__(*(pp)) taken_ = *(pp); *(pp) = NULL; taken_; })

#endif
