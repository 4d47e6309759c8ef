/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/frame.h"
#include "tests/unit/tap.h"

#include <string.h>

static uint8_t room[FRAME_MAX_IN];

static struct frame_decoder fresh(void)
{
	struct frame_decoder d;

	frame_decoder_init(&d, room, sizeof room);
	return d;
}

/* Writes one frame to out; returns its length. */
static size_t put(uint8_t *out, enum frame_type type, const void *payload, uint32_t len)
{
	frame_put_header(out, type, len);
	memcpy(out + FRAME_HEADER, payload, len);
	return FRAME_HEADER + len;
}

static void survives_one_byte_at_a_time(void)
{
	struct frame_decoder d = fresh();
	struct frame f;
	uint8_t bytes[64];
	size_t n = put(bytes, FRAME_DATA, "hello", 5);

	for (size_t i = 0; i < n; i++) {
		const uint8_t *in = bytes + i;
		size_t len = 1;
		enum frame_state want = i + 1 == n ? FRAME_WHOLE : FRAME_MORE;

		CU_ASSERT_EQUAL(frame_decode(&d, &in, &len, &f), want);
		CU_ASSERT_EQUAL(len, 0);
	}
	CU_ASSERT_EQUAL(f.type, FRAME_DATA);
	CU_ASSERT_EQUAL(f.length, 5);
	CU_ASSERT_EQUAL(memcmp(f.payload, "hello", 5), 0);
}

static void skips_pads_between_frames(void)
{
	struct frame_decoder d = fresh();
	struct frame f;
	uint8_t bytes[64] = { 0 };
	size_t n = 7;

	n += put(bytes + n, FRAME_BYE, "", 0);
	n += 3;
	n += put(bytes + n, FRAME_RUN, "x", 1);

	const uint8_t *in = bytes;

	CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_WHOLE);
	CU_ASSERT_EQUAL(f.type, FRAME_BYE);
	CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_WHOLE);
	CU_ASSERT_EQUAL(f.type, FRAME_RUN);
	CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_MORE);
}

/* Whatever byte a predecessor died at, the flush lets the next SYNC through. */
static void flush_completes_any_half_frame(void)
{
	static uint8_t bytes[2 * FRAME_MAX_IN + 64];
	static uint8_t payload[FRAME_MAX_IN];

	memset(payload, 0xff, sizeof payload);
	for (size_t cut = 1; cut < FRAME_HEADER + FRAME_MAX_IN; cut++) {
		struct frame_decoder d = fresh();
		struct frame f = { .type = FRAME_BYE };
		enum frame_state s;

		put(bytes, FRAME_DATA, payload, FRAME_MAX_IN);
		memset(bytes + cut, 0, FRAME_FLUSH);

		size_t n = cut + FRAME_FLUSH;

		n += put(bytes + n, FRAME_SYNC, "sync", 4);

		const uint8_t *in = bytes;

		while ((s = frame_decode(&d, &in, &n, &f)) == FRAME_WHOLE && f.type != FRAME_SYNC)
			;
		if (s != FRAME_WHOLE || memcmp(f.payload, "sync", 4) != 0)
			CU_FAIL("lost SYNC");
	}
}

static void unknown_type_is_broken_for_good(void)
{
	struct frame_decoder d = fresh();
	struct frame f;
	uint8_t bytes[FRAME_HEADER] = { 200 };
	const uint8_t *in = bytes;
	size_t n = sizeof bytes;

	CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_BROKEN);
	n = put(bytes, FRAME_BYE, "", 0);
	in = bytes;
	CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_BROKEN);
}

static void length_above_the_room_is_broken(void)
{
	struct frame_decoder d = fresh();
	struct frame f;
	uint8_t bytes[FRAME_HEADER];
	const uint8_t *in = bytes;
	size_t n = sizeof bytes;

	frame_put_header(bytes, FRAME_DATA, FRAME_MAX_IN + 1);
	CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_BROKEN);
}

static void bytes_after_type_must_be_zero(void)
{
	for (size_t i = 1; i < 4; i++) {
		struct frame_decoder d = fresh();
		struct frame f;
		uint8_t bytes[FRAME_HEADER];
		const uint8_t *in = bytes;
		size_t n = sizeof bytes;

		frame_put_header(bytes, FRAME_BYE, 0);
		bytes[i] = 1;
		CU_ASSERT_EQUAL(frame_decode(&d, &in, &n, &f), FRAME_BROKEN);
	}
}

static void every_type_has_a_name(void)
{
	CU_ASSERT_STRING_EQUAL(frame_name(FRAME_SYNC), "SYNC");
	CU_ASSERT_STRING_EQUAL(frame_name(FRAME_EXIT), "EXIT");
	CU_ASSERT_STRING_EQUAL(frame_name(0), "?");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "survives one byte at a time", survives_one_byte_at_a_time },
		{ "skips pads between frames", skips_pads_between_frames },
		{ "flush completes any half frame", flush_completes_any_half_frame },
		{ "unknown type is broken for good", unknown_type_is_broken_for_good },
		{ "length above the room is broken", length_above_the_room_is_broken },
		{ "bytes after the type must be zero", bytes_after_type_must_be_zero },
		{ "every type has a name", every_type_has_a_name },
		{ NULL, NULL },
	};

	return tap_run("frame", tests);
}
