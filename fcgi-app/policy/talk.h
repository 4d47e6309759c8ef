/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversation with the PID 1 of a sandbox (lib/wire): attached, SYNC said, frames both ways.
 * What is sent is gathered and leaves in large writes.  The stream may begin in the middle of a
 * predecessor's frame: everything is skipped up to the READY that repeats our nonce.
 */
#ifndef POLICY_TALK_H
#define POLICY_TALK_H

#include "fcgi-app/policy/backend.h"
#include "lib/attach.h"
#include "lib/wire/frame.h"
#include "lib/wire/message.h"

enum { TALK_READY = FRAME_HEADER + WIRE_NONCE };

struct terms {
	const char *id;                    /* the container's */
	uint64_t epoch;                    /* a sandbox that has seen a higher one stays silent */
	int64_t idle_ms, lifetime_ms;      /* when it ends by itself */
	int64_t warm_ms;                   /* and its interpreter before it; 0 = after each run */
};

struct talk {
	struct attach *attach;
	struct buf out;                    /* gathered, not sent yet */
	uint8_t ready[TALK_READY];         /* how our READY begins */
	size_t matched;                    /* bytes of it seen; all: we are in step */
	bool heard;                        /* that READY was whole, and of our protocol */
	bool foreign;                      /* ... of another */
	struct frame_decoder decoder;
	struct slice input;                /* read but not decoded */
	uint8_t room[FRAME_MAX_OUT];
};

#define auto_talk __attribute__((cleanup(talk_end))) struct talk

/* Attaches and gathers the SYNC.  NOT_FOUND: the container is gone. */
bool talk_begin(struct talk *t, struct backend *b, const struct terms *terms,
                struct deadline deadline, struct error *err);
bool talk_send(struct talk *t, enum frame_type type, const void *payload, size_t len,
               struct deadline deadline, struct error *err);
/* Waits for our READY, so that what is said next is not said to a sandbox that ignores us. */
bool talk_wait(struct talk *t, struct deadline deadline, struct error *err);
bool talk_flush(struct talk *t, struct deadline deadline, struct error *err);
/*
 * Sends what was gathered, then waits for the next frame after READY, borrowed until the next
 * call.  NOT_FOUND: the container is gone or speaks another protocol, the session is lost.
 * INTERNAL: it speaks no protocol at all.  TIMEOUT.
 */
bool talk_next(struct talk *t, struct frame *out, struct deadline deadline, struct error *err);
/* Has the sandbox end.  True once it has said that nothing is left in it. */
bool talk_bye(struct talk *t, struct deadline deadline, struct error *err);
/* True when talk_next would not have to wait for the descriptor of attach. */
bool talk_has_input(const struct talk *t);
void talk_end(struct talk *t);

#endif
