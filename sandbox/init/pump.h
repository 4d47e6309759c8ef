/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run's two output pipes -> frames.  The first max_chars code points of each stream are
 * forwarded as they come; behind that everything is still read and counted, so that a chatty
 * program neither blocks nor fills memory.  While the link has no room for a stream that is
 * still forwarded, its pipe is not read: the program waits, its deadline does not.
 */
#ifndef SANDBOX_INIT_PUMP_H
#define SANDBOX_INIT_PUMP_H

#include "lib/wire/message.h"
#include "lib/wire/utf8.h"
#include "sandbox/init/link.h"

struct stream {
	int fd;                            /* -1 once it has ended */
	enum frame_type type;
	uint64_t bytes, chars;
	uint64_t max_chars;
	struct utf8 utf8;
	bool cut;                          /* something was not forwarded */
};

struct pump {
	struct stream out, err;
	uint8_t tail[WIRE_TAIL];           /* of err: a ring, byte n is at n % WIRE_TAIL */
	uint8_t scratch[FRAME_MAX_OUT];
};

/* Takes over the reading ends, which must be non-blocking. */
void pump_begin(struct pump *p, int out, int err, uint32_t max_chars);

/* May the stream be read now, as far as the link is concerned? */
bool pump_wants(const struct stream *s, const struct link *l);

/* Moves what is there.  A burst is bounded; the rest waits for the next call. */
void pump_move(struct pump *p, struct link *l, int64_t now_us);

/* Nobody writes any more: what is there is all there will be, even where no end is seen. */
void pump_drain(struct pump *p, struct link *l, int64_t now_us);

bool pump_has_ended(const struct pump *p);

/* Once both have ended: queues the TAIL frame if one is due. False: no room yet. */
bool pump_put_tail(struct pump *p, struct link *l, int64_t now_us);

/* Writes the totals into the result. */
void pump_count(struct pump *p, struct run_exit *result);

/* Closes what is open; what has not been read is lost. */
void pump_finish(struct pump *p);

#endif
