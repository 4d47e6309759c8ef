/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/link.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/wire/cursor.h"
#include "sandbox/init/clock.h"

enum { SEND_AT_ONCE = FRAME_MAX_OUT / 2 };  /* this much does not wait for company */

/* 1: there are bytes, 0: none yet, -1: end of the stream. */
static int fill(struct link *l)
{
	ssize_t n = read(l->in, l->rx, sizeof l->rx);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	l->at = l->rx;
	l->left = (size_t)n;
	return n > 0 ? 1 : -1;
}

void link_init(struct link *l, int in, int out)
{
	l->in = in;
	l->out = out;
	l->due_us = CLOCK_NEVER;
	link_reset_input(l);
}

void link_reset_input(struct link *l)
{
	frame_decoder_init(&l->decoder, l->room, sizeof l->room);
}

enum link_state link_next(struct link *l, struct frame *frame)
{
	for (;;) {
		switch (frame_decode(&l->decoder, &l->at, &l->left, frame)) {
		case FRAME_WHOLE:
			return LINK_FRAME;
		case FRAME_BROKEN:
			return LINK_BROKEN;
		case FRAME_MORE:
			break;
		}

		int got = fill(l);

		if (got <= 0)
			return got < 0 ? LINK_CLOSED : LINK_EMPTY;
	}
}

static size_t queued(const struct link *l)
{
	return l->tail - l->head;
}

bool link_has_room(const struct link *l, size_t payload)
{
	return LINK_TX - queued(l) >= FRAME_HEADER + payload + LINK_SPARE;
}

void link_put(struct link *l, enum frame_type type, const void *payload, size_t len,
              int64_t due_us)
{
	assert(LINK_TX - queued(l) >= FRAME_HEADER + len);
	if (LINK_TX - l->tail < FRAME_HEADER + len) {
		memmove(l->tx, l->tx + l->head, queued(l));
		l->tail -= l->head;
		l->head = 0;
	}
	frame_put_header(l->tx + l->tail, type, (uint32_t)len);
	if (len)
		memcpy(l->tx + l->tail + FRAME_HEADER, payload, len);
	l->tail += FRAME_HEADER + len;
	l->due_us = clock_earlier(l->due_us, due_us);
}

void link_drop_output(struct link *l)
{
	l->tail = l->head + l->frame_left;
}

int64_t link_due(const struct link *l)
{
	return queued(l) ? l->due_us : CLOCK_NEVER;
}

bool link_is_blocked(const struct link *l, int64_t now_us)
{
	return queued(l) && (l->due_us <= now_us || queued(l) >= SEND_AT_ONCE);
}

static void consume(struct link *l, size_t n)
{
	while (n > 0) {
		if (l->frame_left == 0) {
			struct cursor c = cursor_read(l->tx + l->head + 4, 4);

			l->frame_left = FRAME_HEADER + cursor_get_u32(&c);
		}

		size_t step = n < l->frame_left ? n : l->frame_left;

		l->head += step;
		l->frame_left -= step;
		n -= step;
	}
	if (queued(l) == 0) {
		l->head = l->tail = 0;
		l->due_us = CLOCK_NEVER;
	}
}

bool link_send(struct link *l, int64_t now_us)
{
	while (link_is_blocked(l, now_us)) {
		ssize_t n = write(l->out, l->tx + l->head, queued(l));

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		consume(l, (size_t)n);
	}
	return true;
}
