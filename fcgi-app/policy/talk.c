/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/talk.h"

#include "lib/id.h"
#include "lib/text.h"

#include <string.h>

enum { GATHER = 64 * 1024, OUT_MAX = 2 * GATHER, SYNC_MAX = 1024 };

static uint32_t to_ms(int64_t ms)
{
	return ms < 1 ? 1 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* Threads for BLAS and the like: whole CPUs of the quota. */
static uint16_t cpus(const struct config *c)
{
	int64_t n = c->sandbox_cpu_quota / c->sandbox_cpu_period;

	return n < 1 ? 1 : n > 1024 ? 1024 : (uint16_t)n;
}

static void put(struct talk *t, enum frame_type type, const void *payload, size_t len)
{
	uint8_t header[FRAME_HEADER];

	frame_put_header(header, type, (uint32_t)len);
	buf_append(&t->out, header, sizeof header);
	if (len > 0)
		buf_append(&t->out, payload, len);
}

/* The zeros end whatever a predecessor left half said (frame.h). */
static void put_sync(struct talk *t, const struct config *c, const struct terms *terms)
{
	static const uint8_t zeros[FRAME_FLUSH];
	uint8_t payload[SYNC_MAX], ready[SYNC_MAX];
	struct sync sync = {
		.epoch = terms->epoch,
		.protocol = WIRE_PROTOCOL,
		.lease_ms = to_ms(c->run_lease_seconds * 1000),
		.idle_ms = to_ms(terms->idle_ms),
		.lifetime_ms = to_ms(terms->lifetime_ms),
		.warm_ms = terms->warm_ms > 0 ? to_ms(terms->warm_ms) : 0,
		.cpus = cpus(c),
		.preload = text_slice(c->sandbox_preload),
	};
	struct ready echo = { .protocol = WIRE_PROTOCOL };

	id_random(sync.nonce, sizeof sync.nonce);
	memcpy(echo.nonce, sync.nonce, sizeof echo.nonce);
	frame_put_header(t->ready, FRAME_READY, (uint32_t)ready_put(ready, sizeof ready, &echo));
	memcpy(t->ready + FRAME_HEADER, sync.nonce, WIRE_NONCE);
	buf_append(&t->out, zeros, sizeof zeros);
	put(t, FRAME_SYNC, payload, sync_put(payload, sizeof payload, &sync));
}

bool talk_begin(struct talk *t, struct backend *b, const struct terms *terms,
                struct deadline deadline, struct error *err)
{
	t->attach = attach_open(b->docker, terms->id, deadline, err);
	t->out = (struct buf)BUF_INIT(OUT_MAX);
	t->matched = 0;
	t->heard = t->foreign = false;
	t->input = (struct slice){ 0 };
	frame_decoder_init(&t->decoder, t->room, sizeof t->room);
	if (t->attach == NULL)
		return false;
	put_sync(t, b->config, terms);
	return true;
}

bool talk_flush(struct talk *t, struct deadline deadline, struct error *err)
{
	if (t->out.len == 0)
		return true;

	bool sent = attach_write(t->attach, t->out.data, t->out.len, deadline, err);

	buf_reset(&t->out);
	return sent;
}

bool talk_send(struct talk *t, enum frame_type type, const void *payload, size_t len,
               struct deadline deadline, struct error *err)
{
	put(t, type, payload, len);
	return t->out.len < GATHER || talk_flush(t, deadline, err);
}

/* Takes input up to the end of what our READY begins with, and hands that to the decoder. */
static void get_in_step(struct talk *t)
{
	const uint8_t *begin = t->ready;
	size_t len = TALK_READY;
	struct frame none;

	while (t->input.len > 0 && t->matched < TALK_READY) {
		uint8_t byte = (uint8_t)*t->input.at++;

		t->input.len--;
		if (byte == t->ready[t->matched])
			t->matched++;
		else
			t->matched = byte == t->ready[0];
	}
	if (t->matched == TALK_READY)
		(void)frame_decode(&t->decoder, &begin, &len, &none);
}

/* FRAME_MORE: what was read is used up. */
static enum frame_state decode(struct talk *t, struct frame *out)
{
	const uint8_t *at;
	enum frame_state state;

	if (t->matched < TALK_READY)
		get_in_step(t);
	if (t->matched < TALK_READY)
		return FRAME_MORE;
	at = (const uint8_t *)t->input.at;
	state = frame_decode(&t->decoder, &at, &t->input.len, out);
	t->input.at = (const char *)at;
	return state;
}

static bool read_more(struct talk *t, struct deadline deadline, struct error *err)
{
	if (!attach_read(t->attach, &t->input, deadline, err))
		return false;
	if (t->input.len > 0)
		return true;
	fail_hidden(err, ERR_NOT_FOUND, "the sandbox has ended; its last words: %.160s",
	            attach_stderr(t->attach));
	return false;
}

static bool hear_ready(struct talk *t, const struct frame *frame, struct error *err)
{
	struct ready ready;

	t->heard = ready_get(frame->payload, frame->length, &ready)
	        && ready.protocol == WIRE_PROTOCOL;
	t->foreign = !t->heard;
	return t->heard || fail_hidden(err, ERR_NOT_FOUND, "the sandbox speaks another protocol");
}

/* Whatever comes next, READY included. */
static bool next(struct talk *t, struct frame *out, struct deadline deadline, struct error *err)
{
	for (;;) {
		switch (decode(t, out)) {
		case FRAME_WHOLE:
			return true;
		case FRAME_BROKEN:
			return fail_hidden(err, ERR_INTERNAL, "the sandbox sent what is no frame");
		case FRAME_MORE:
			if (!read_more(t, deadline, err))
				return false;
		}
	}
}

bool talk_wait(struct talk *t, struct deadline deadline, struct error *err)
{
	struct frame frame;

	return talk_flush(t, deadline, err)
	    && (t->heard || (next(t, &frame, deadline, err) && hear_ready(t, &frame, err)));
}

bool talk_next(struct talk *t, struct frame *out, struct deadline deadline, struct error *err)
{
	return talk_wait(t, deadline, err) && next(t, out, deadline, err);
}

bool talk_has_input(const struct talk *t)
{
	return t->input.len > 0 || attach_has_input(t->attach);
}

bool talk_bye(struct talk *t, struct deadline deadline, struct error *err)
{
	struct frame frame;

	if (talk_wait(t, deadline, err))
		talk_send(t, FRAME_BYE, NULL, 0, deadline, err);
	while (talk_next(t, &frame, deadline, err))
		if (frame.type == FRAME_BYE)
			return true;
	return false;
}

void talk_end(struct talk *t)
{
	attach_close(&t->attach);
	buf_finish(&t->out);
}
