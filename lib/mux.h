/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's attach stream without a TTY: each piece has an 8-byte header {stream, 0, 0, 0, length
 * big-endian u32}, stream 1 = stdout, 2 = stderr.  Pure.
 */
#ifndef LIB_MUX_H
#define LIB_MUX_H

#include "lib/wire/cursor.h"

struct mux {                               /* `{ 0 }` starts one */
	uint8_t header[8];
	uint8_t have;
	uint32_t left;                     /* bytes of the current piece still to come */
	bool broken;                       /* a header that is none: final */
};

/*
 * The next run of stream bytes in *in, which advances past it: *stream is 1 or 2 and *piece
 * borrowed from *in.  False: nothing left in it, or broken.
 */
bool mux_next(struct mux *m, struct slice *in, unsigned *stream, struct slice *piece);

#endif
