/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames on the container's standard input and output, never blocking.  The queue is bounded:
 * whoever has live output asks link_has_room first and leaves the bytes in the child's pipe
 * otherwise, so that a reader who stalls holds up the child and not PID 1.
 *
 * Small frames wait a moment (LINK_HOLD_US) for others: a short run's output and its EXIT leave
 * in one write, which costs dockerd and the gateway one wake-up instead of four.
 */
#ifndef SANDBOX_INIT_LINK_H
#define SANDBOX_INIT_LINK_H

#include "lib/wire/frame.h"

enum {
	LINK_RX = 16384,
	LINK_TX = 4 * FRAME_MAX_OUT,
	LINK_SPARE = 1024,                 /* of LINK_TX: always left for READY, EXIT and BYE */
	LINK_HOLD_US = 3000,
};

enum link_state { LINK_EMPTY, LINK_FRAME, LINK_CLOSED, LINK_BROKEN };

struct link {
	int in, out;
	struct frame_decoder decoder;
	const uint8_t *at;                 /* input not yet decoded */
	size_t left;
	size_t head, tail;                 /* output not yet written: tx[head..tail) */
	size_t frame_left;                 /* bytes of the frame at head, 0 between frames */
	int64_t due_us;                    /* when the queue must move */
	uint8_t room[FRAME_MAX_IN];
	uint8_t rx[LINK_RX];
	uint8_t tx[LINK_TX];
};

/* Both descriptors must be non-blocking. */
void link_init(struct link *l, int in, int out);

/* The next frame that has come; its payload is borrowed until the next call. */
enum link_state link_next(struct link *l, struct frame *frame);

/* Forgets the decoder's broken state; garbage before the first SYNC is no conversation. */
void link_reset_input(struct link *l);

bool link_has_room(const struct link *l, size_t payload);

/* Queues a frame to be written at due_us at the latest.  The caller made sure of the room. */
void link_put(struct link *l, enum frame_type type, const void *payload, size_t len,
              int64_t due_us);

/* Drops what is queued, but for the rest of a frame that has begun to leave. */
void link_drop_output(struct link *l);

/* When link_send should next be called without being writable; CLOCK_NEVER: nothing waits. */
int64_t link_due(const struct link *l);

/* Writes what is due.  False when nobody can read it any more. */
bool link_send(struct link *l, int64_t now_us);
bool link_is_blocked(const struct link *l, int64_t now_us);

#endif
