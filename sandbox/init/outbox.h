/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files a run has left in its output directory -> FILE and DATA frames, in the order of
 * their path components.  Nothing of the run is alive by then, so the tree stands still.
 */
#ifndef SANDBOX_INIT_OUTBOX_H
#define SANDBOX_INIT_OUTBOX_H

#include "lib/wire/message.h"
#include "sandbox/init/link.h"

enum {
	OUTBOX_ENTRIES = 8192,             /* files and directories; more are only counted */
	OUTBOX_NAMES = 512 << 10,
};

struct outbox_entry {
	uint32_t name;                     /* where it starts in names; ends with NUL */
	bool is_dir;
};

struct outbox {
	int root;                          /* -1: there is no such directory */
	int file;                          /* being sent, -1: none */
	uint64_t left;                     /* bytes of it still to be sent */
	uint64_t total;                    /* bytes sent or being sent */
	uint32_t skipped;                  /* outputs that are not reported */
	unsigned n, at;
	size_t used;
	uint64_t max_file_bytes, max_files_bytes;
	struct outbox_entry entries[OUTBOX_ENTRIES];
	char names[OUTBOX_NAMES];
	uint8_t chunk[FRAME_MAX_OUT];
};

/* Looks at everything below root, which it takes over. */
void outbox_begin(struct outbox *o, int root, const struct run_limits *limits);

/* Queues what the link has room for.  True once everything is queued. */
bool outbox_send(struct outbox *o, struct link *l, int64_t now_us);

void outbox_finish(struct outbox *o);

#endif
