/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in pieces of any size, each read as every message: what reads well writes back the same. */
#include "lib/wire/frame.h"
#include "lib/wire/message.h"
#include "tests/fuzz/fuzz.h"

#define MESSAGE(name)                                                                              \
	static void check_##name(const struct frame *f)                                            \
	{                                                                                          \
		struct name m;                                                                     \
		if (!name##_get(f->payload, f->length, &m))                                        \
			return;                                                                    \
		static uint8_t again[FRAME_MAX_OUT];                                               \
		must(name##_put(again, sizeof again, &m) == f->length);                            \
		must(memcmp(again, f->payload, f->length) == 0);                                   \
	}
MESSAGE(sync) MESSAGE(ready) MESSAGE(file) MESSAGE(run) MESSAGE(run_exit)

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	static uint8_t room[FRAME_MAX_OUT];
	size_t piece = len ? *in + 1u : 1, left;
	struct frame_decoder d;
	struct frame f;

	frame_decoder_init(&d, room, sizeof room);
	for (const uint8_t *end = in + len; in < end; in += left) {
		enum frame_state state;

		left = piece < (size_t)(end - in) ? piece : (size_t)(end - in);
		while ((state = frame_decode(&d, &in, &left, &f)) == FRAME_WHOLE) {
			check_sync(&f);
			check_ready(&f);
			check_file(&f);
			check_run(&f);
			check_run_exit(&f);
		}
		must(state == FRAME_BROKEN || left == 0);
	}
	return 0;
}
