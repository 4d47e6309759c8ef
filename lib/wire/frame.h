/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes <-> frames, fed in any pieces.  Both programs compile this file.
 *
 *      0        1        2        3        4                                8
 *     +--------+--------+--------+--------+--------------------------------+---------
 *     | type   | 0      | 0      | 0      | payload length, big-endian u32 | payload
 *     +--------+--------+--------+--------+--------------------------------+---------
 *
 * The attach stream is a shared pipe, not a connection: a gateway worker that dies leaves half a
 * frame behind.  So type 0 is a pad of one byte, and a conversation starts with FRAME_FLUSH
 * zero bytes and SYNC.  The zeros complete any half frame (a header cut short and filled with
 * zeros never announces more than it did) and are skipped as pads otherwise.  What they complete
 * is still refused: every message ends with a seal that is not zero (message.h).
 */
#ifndef LIB_WIRE_FRAME_H
#define LIB_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAME_HEADER = 8,
	FRAME_MAX_IN = 4096,               /* towards the sandbox: bounds FRAME_FLUSH */
	FRAME_MAX_OUT = 65536,             /* from the sandbox */
	FRAME_FLUSH = FRAME_MAX_IN + FRAME_HEADER,
};

enum frame_type {
#define FRAME(name, number, sentence) FRAME_##name = (number),
#include "lib/wire/frame.def"
};

struct frame {
	enum frame_type type;
	uint32_t length;
	const uint8_t *payload;            /* borrowed until the next frame_decode */
};

enum frame_state {
	FRAME_MORE,                        /* all input taken, no frame complete */
	FRAME_WHOLE,                       /* *frame is filled; call again with what is left */
	FRAME_BROKEN,                      /* not our protocol; final */
};

/* Owned by the caller, like the room for one payload that it points to. */
struct frame_decoder {
	uint8_t *room;
	uint32_t max_payload;
	uint8_t header[FRAME_HEADER];
	uint32_t have;                     /* bytes of header and payload taken so far */
	bool broken;
};

/* room must hold max_payload bytes and outlive the decoder. */
void frame_decoder_init(struct frame_decoder *d, uint8_t *room, uint32_t max_payload);

/* Takes bytes from *in, advancing it and *len, until one frame is whole. */
enum frame_state frame_decode(struct frame_decoder *d, const uint8_t **in, size_t *len,
                              struct frame *frame);

/* Writes the header of a frame whose payload the caller sends behind it. */
void frame_put_header(uint8_t out[static FRAME_HEADER], enum frame_type type, uint32_t length);

/* The frame's name for logs and tests; "?" for a number that is none. */
const char *frame_name(unsigned type);

#endif
