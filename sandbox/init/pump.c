/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/pump.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/init/clock.h"

enum { BURST = 16 };                       /* reads of one stream per call */

static bool is_ascii(const uint8_t *in, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= in[i];
	return any < 0x80;
}

/* Counts at most max characters; *used says how many bytes they took. */
static uint64_t count(struct utf8 *u, const uint8_t *in, size_t len, uint64_t max, size_t *used)
{
	if (u->need || !is_ascii(in, len))
		return utf8_count(u, in, len, max, used);
	*used = len < max ? len : max;
	return *used;
}

static void forward(struct stream *s, struct link *l, size_t len, const uint8_t *in,
                    int64_t now_us)
{
	size_t used = 0, rest = 0;

	if (s->chars < s->max_chars) {
		s->chars += count(&s->utf8, in, len, s->max_chars - s->chars, &used);
		if (used)
			link_put(l, s->type, in, used, now_us + LINK_HOLD_US);
	}
	if (used < len) {
		s->cut = true;
		s->chars += count(&s->utf8, in + used, len - used, UINT64_MAX, &rest);
	}
}

static void keep_tail(struct pump *p, uint64_t at, const uint8_t *in, size_t len)
{
	size_t to = at % WIRE_TAIL;
	size_t first = len < WIRE_TAIL - to ? len : WIRE_TAIL - to;

	memcpy(p->tail + to, in, first);
	memcpy(p->tail, in + first, len - first);
}

static void end(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* True when there may be more to read. */
static bool move(struct pump *p, struct stream *s, struct link *l, int64_t now_us)
{
	if (!pump_wants(s, l))
		return false;

	ssize_t n = read(s->fd, p->scratch, sizeof p->scratch);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		end(s);
		return false;
	}
	if (s == &p->err)
		keep_tail(p, s->bytes, p->scratch, (size_t)n);
	s->bytes += (uint64_t)n;
	forward(s, l, (size_t)n, p->scratch, now_us);
	return true;
}

void pump_begin(struct pump *p, int out, int err, uint32_t max_chars)
{
	p->out = (struct stream){ .fd = out, .type = FRAME_STDOUT, .max_chars = max_chars };
	p->err = (struct stream){ .fd = err, .type = FRAME_STDERR, .max_chars = max_chars };
}

bool pump_wants(const struct stream *s, const struct link *l)
{
	return s->fd >= 0 && (s->chars >= s->max_chars || link_has_room(l, FRAME_MAX_OUT));
}

void pump_move(struct pump *p, struct link *l, int64_t now_us)
{
	for (int i = 0; i < BURST && move(p, &p->out, l, now_us); i++)
		;
	for (int i = 0; i < BURST && move(p, &p->err, l, now_us); i++)
		;
}

static void drain(struct pump *p, struct stream *s, struct link *l, int64_t now_us)
{
	while (move(p, s, l, now_us))
		;
	if (pump_wants(s, l))
		end(s);
}

void pump_drain(struct pump *p, struct link *l, int64_t now_us)
{
	drain(p, &p->out, l, now_us);
	drain(p, &p->err, l, now_us);
}

bool pump_has_ended(const struct pump *p)
{
	return p->out.fd < 0 && p->err.fd < 0;
}

bool pump_put_tail(struct pump *p, struct link *l, int64_t now_us)
{
	uint64_t n = p->err.bytes;

	if (!p->err.cut)
		return true;
	if (!link_has_room(l, WIRE_TAIL))
		return false;

	size_t len = n < WIRE_TAIL ? n : WIRE_TAIL;
	size_t from = (n - len) % WIRE_TAIL;

	/* The ring is straightened in the scratch room. */
	memcpy(p->scratch, p->tail + from, len < WIRE_TAIL - from ? len : WIRE_TAIL - from);
	if (from + len > WIRE_TAIL)
		memcpy(p->scratch + WIRE_TAIL - from, p->tail, from + len - WIRE_TAIL);
	link_put(l, FRAME_TAIL, p->scratch, len, now_us);
	return true;
}

void pump_count(struct pump *p, struct run_exit *result)
{
	result->stdout_bytes = p->out.bytes;
	result->stdout_chars = p->out.chars + utf8_finish(&p->out.utf8);
	result->stderr_bytes = p->err.bytes;
	result->stderr_chars = p->err.chars + utf8_finish(&p->err.utf8);
}

void pump_finish(struct pump *p)
{
	end(&p->out);
	end(&p->err);
}
