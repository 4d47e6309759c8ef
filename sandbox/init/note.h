/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Python run says about itself, in memory it shares with us: how it ended and which
 * modules it used.  User code can write there too, so it is a hint in a form that cannot hurt.
 *
 *      0        1        2                         130      134
 *     +--------+--------+-------------------------+--------+
 *     | raised | length | class name              | modules, big-endian bits
 *     +--------+--------+-------------------------+--------+
 */
#ifndef SANDBOX_INIT_NOTE_H
#define SANDBOX_INIT_NOTE_H

#include "lib/wire/message.h"

enum { NOTE_SIZE = 4096, NOTE_USED = 2 + WIRE_TYPE_MAX + 4 };

struct note {
	enum run_raised raised;
	struct slice type;                 /* borrowed from the bytes; an identifier or empty */
	uint32_t modules;                  /* bits of the interpreter's preload list */
};

/* An empty one in place of what *fd is, a memfd or -1.  False: errno says why not. */
bool note_open(int *fd);

void note_parse(const uint8_t bytes[static NOTE_USED], struct note *note);

/* The same from a memfd; without one nothing is noted. */
void note_read(int fd, uint8_t bytes[static NOTE_USED], struct note *note);

#endif
