/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/link.h"
#include "sandbox/init/clock.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct link link_;
static int to_us[2], from_us[2];
static uint8_t got[2 * LINK_TX], room[FRAME_MAX_OUT];
static struct frame_decoder decoder;

static void fresh(void)
{
	if (to_us[0]) {
		close(to_us[0]);
		close(to_us[1]);
		close(from_us[0]);
		close(from_us[1]);
	}
	CU_ASSERT_EQUAL_FATAL(pipe2(to_us, O_NONBLOCK), 0);
	CU_ASSERT_EQUAL_FATAL(pipe2(from_us, O_NONBLOCK), 0);
	memset(&link_, 0, sizeof link_);
	link_init(&link_, to_us[0], from_us[1]);
	frame_decoder_init(&decoder, room, sizeof room);
}

/* Reads what there is and counts the frames in it; -1: they are torn. */
static int frames(enum frame_type *last)
{
	struct frame f;
	int n = 0;
	ssize_t len;

	while ((len = read(from_us[0], got, sizeof got)) > 0) {
		const uint8_t *at = got;
		size_t left = (size_t)len;
		enum frame_state s;

		while ((s = frame_decode(&decoder, &at, &left, &f)) == FRAME_WHOLE) {
			*last = f.type;
			n++;
		}
		if (s == FRAME_BROKEN)
			return -1;
	}
	return n;
}

static void small_frames_leave_together_when_due(void)
{
	enum frame_type last = FRAME_SYNC;

	fresh();
	link_put(&link_, FRAME_STDOUT, "a", 1, 1000);
	link_put(&link_, FRAME_STDOUT, "b", 1, 2000);
	CU_ASSERT_EQUAL(link_due(&link_), 1000);
	CU_ASSERT_FALSE(link_is_blocked(&link_, 999));
	CU_ASSERT_TRUE(link_send(&link_, 999));
	CU_ASSERT_EQUAL(frames(&last), 0);
	CU_ASSERT_TRUE(link_send(&link_, 1000));
	CU_ASSERT_EQUAL(frames(&last), 2);
	CU_ASSERT_EQUAL(link_due(&link_), CLOCK_NEVER);
}

static void a_burst_does_not_wait(void)
{
	static const uint8_t bytes[FRAME_MAX_OUT / 2];
	enum frame_type last = FRAME_SYNC;

	fresh();
	link_put(&link_, FRAME_STDOUT, bytes, sizeof bytes, 1000);
	CU_ASSERT_TRUE(link_send(&link_, 0));
	CU_ASSERT_EQUAL(frames(&last), 1);
}

static unsigned fill(void)
{
	static const uint8_t bytes[FRAME_MAX_OUT];
	unsigned n = 0;

	for (; link_has_room(&link_, sizeof bytes); n++)
		link_put(&link_, FRAME_STDOUT, bytes, sizeof bytes, 0);
	return n;
}

static void a_full_queue_keeps_room_for_what_must_be_said(void)
{
	uint8_t bytes[LINK_SPARE / 2] = { 0 };

	fresh();
	CU_ASSERT_EQUAL(fill(), 3);
	link_put(&link_, FRAME_EXIT, bytes, sizeof bytes, 0);
	CU_ASSERT_FALSE(link_has_room(&link_, FRAME_MAX_OUT));
}

static void a_slow_reader_gets_whole_frames_in_order(void)
{
	enum frame_type last = FRAME_SYNC;
	int n = 0, want = 0;

	fresh();
	for (int round = 0; round < 50; round++) {
		want += (int)fill();
		CU_ASSERT_TRUE(link_send(&link_, 0));
		n += frames(&last);
	}
	link_put(&link_, FRAME_EXIT, "", 0, 0);
	for (int i = 0; i < 50 && link_due(&link_) != CLOCK_NEVER; i++) {
		CU_ASSERT_TRUE(link_send(&link_, 0));
		n += frames(&last);
	}
	CU_ASSERT_EQUAL(n, want + 1);
	CU_ASSERT_EQUAL(last, FRAME_EXIT);
}

static void dropping_keeps_the_rest_of_a_begun_frame(void)
{
	enum frame_type last = FRAME_SYNC;

	fresh();
	fill();
	CU_ASSERT_TRUE(link_send(&link_, 0));      /* the pipe takes a part of the first */
	link_drop_output(&link_);
	link_put(&link_, FRAME_READY, "r", 1, 0);

	int n = frames(&last);

	CU_ASSERT_TRUE(link_send(&link_, 0));
	n += frames(&last);
	CU_ASSERT_EQUAL(n, 2);
	CU_ASSERT_EQUAL(last, FRAME_READY);
}

static void dropping_between_frames_leaves_nothing(void)
{
	fresh();
	link_put(&link_, FRAME_STDOUT, "a", 1, 1000);
	link_drop_output(&link_);
	CU_ASSERT_EQUAL(link_due(&link_), CLOCK_NEVER);
}

static void nobody_reading_is_told(void)
{
	fresh();
	close(from_us[0]);
	from_us[0] = open("/dev/null", O_RDONLY);
	link_put(&link_, FRAME_EXIT, "", 0, 0);
	CU_ASSERT_FALSE(link_send(&link_, 0));
}

static void input_comes_in_frames(void)
{
	uint8_t bytes[FRAME_HEADER];
	struct frame f;

	fresh();
	CU_ASSERT_EQUAL(link_next(&link_, &f), LINK_EMPTY);
	frame_put_header(bytes, FRAME_CANCEL, 0);
	CU_ASSERT_EQUAL(write(to_us[1], "\0\0\0", 3), 3);
	CU_ASSERT_EQUAL(write(to_us[1], bytes, 5), 5);
	CU_ASSERT_EQUAL(link_next(&link_, &f), LINK_EMPTY);
	CU_ASSERT_EQUAL(write(to_us[1], bytes + 5, 3), 3);
	CU_ASSERT_EQUAL(link_next(&link_, &f), LINK_FRAME);
	CU_ASSERT_EQUAL(f.type, FRAME_CANCEL);
	CU_ASSERT_EQUAL(write(to_us[1], "\xff\xff\xff\xff\xff\xff\xff\xff", 8), 8);
	CU_ASSERT_EQUAL(link_next(&link_, &f), LINK_BROKEN);
	link_reset_input(&link_);
	CU_ASSERT_EQUAL(write(to_us[1], bytes, 8), 8);
	CU_ASSERT_EQUAL(link_next(&link_, &f), LINK_FRAME);
	close(to_us[1]);
	to_us[1] = open("/dev/null", O_WRONLY);
	CU_ASSERT_EQUAL(link_next(&link_, &f), LINK_CLOSED);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "small frames leave together when they are due", small_frames_leave_together_when_due },
		{ "a burst does not wait", a_burst_does_not_wait },
		{ "a full queue keeps room for what must be said", a_full_queue_keeps_room_for_what_must_be_said },
		{ "a slow reader gets whole frames in order", a_slow_reader_gets_whole_frames_in_order },
		{ "dropping keeps the rest of a begun frame", dropping_keeps_the_rest_of_a_begun_frame },
		{ "dropping between frames leaves nothing", dropping_between_frames_leaves_nothing },
		{ "nobody reading is told", nobody_reading_is_told },
		{ "input comes in frames", input_comes_in_frames },
		{ NULL, NULL },
	};

	signal(SIGPIPE, SIG_IGN);
	return tap_run("link", tests);
}
