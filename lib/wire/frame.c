/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/frame.h"

#include <string.h>

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_known(uint8_t type)
{
	switch (type) {
#define FRAME(name, number, sentence) case number:
#include "lib/wire/frame.def"
		return true;
	}
	return false;
}

static bool header_is_valid(const struct frame_decoder *d)
{
	const uint8_t *h = d->header;

	return is_known(h[0]) && !h[1] && !h[2] && !h[3] && get_u32(h + 4) <= d->max_payload;
}

/* Moves up to want bytes; false when the input ended first. */
static bool take(uint8_t *to, uint32_t want, const uint8_t **in, size_t *len, uint32_t *have)
{
	size_t n = want < *len ? want : *len;

	if (n)
		memcpy(to, *in, n);
	*in += n;
	*len -= n;
	*have += (uint32_t)n;
	return n == want;
}

void frame_decoder_init(struct frame_decoder *d, uint8_t *room, uint32_t max_payload)
{
	*d = (struct frame_decoder){ .room = room, .max_payload = max_payload };
}

enum frame_state frame_decode(struct frame_decoder *d, const uint8_t **in, size_t *len,
                              struct frame *frame)
{
	if (d->broken)
		return FRAME_BROKEN;
	while (d->have == 0 && *len > 0 && **in == 0) {
		++*in;
		--*len;
	}
	if (d->have < FRAME_HEADER) {
		if (!take(d->header + d->have, FRAME_HEADER - d->have, in, len, &d->have))
			return FRAME_MORE;
		d->broken = !header_is_valid(d);
		if (d->broken)
			return FRAME_BROKEN;
	}

	uint32_t length = get_u32(d->header + 4);
	uint32_t got = d->have - FRAME_HEADER;

	if (!take(d->room + got, length - got, in, len, &d->have))
		return FRAME_MORE;
	*frame = (struct frame){
		.type = (enum frame_type)d->header[0],
		.length = length,
		.payload = d->room,
	};
	d->have = 0;
	return FRAME_WHOLE;
}

void frame_put_header(uint8_t out[static FRAME_HEADER], enum frame_type type, uint32_t length)
{
	out[0] = (uint8_t)type;
	out[1] = out[2] = out[3] = 0;
	out[4] = (uint8_t)(length >> 24);
	out[5] = (uint8_t)(length >> 16);
	out[6] = (uint8_t)(length >> 8);
	out[7] = (uint8_t)length;
}

const char *frame_name(unsigned type)
{
	switch (type) {
#define FRAME(name, number, sentence) case number: return #name;
#include "lib/wire/frame.def"
	}
	return "?";
}
