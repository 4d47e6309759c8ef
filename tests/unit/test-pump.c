/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/pump.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct pump pump;
static struct link link_;
static int out[2], err[2];
static uint8_t sent[3][1 << 20];           /* stdout, stderr, tail */
static size_t sent_len[3];

static void begin(uint32_t max_chars)
{
	CU_ASSERT_EQUAL_FATAL(pipe2(out, O_NONBLOCK), 0);
	CU_ASSERT_EQUAL_FATAL(pipe2(err, O_NONBLOCK), 0);
	memset(&link_, 0, sizeof link_);
	memset(sent_len, 0, sizeof sent_len);
	link_init(&link_, -1, -1);
	pump_begin(&pump, out[0], err[0], max_chars);
}

/* Takes the queue apart, as if it had been sent. */
static void take(void)
{
	static uint8_t room[FRAME_MAX_OUT];
	const uint8_t *at = link_.tx + link_.head;
	size_t left = link_.tail - link_.head;
	struct frame_decoder d;
	struct frame f;

	frame_decoder_init(&d, room, sizeof room);
	while (frame_decode(&d, &at, &left, &f) == FRAME_WHOLE) {
		int which = f.type == FRAME_STDOUT ? 0 : f.type == FRAME_STDERR ? 1 : 2;

		memcpy(sent[which] + sent_len[which], f.payload, f.length);
		sent_len[which] += f.length;
	}
	link_.head = link_.tail = 0;
}

static void say(int fd, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len < 5000 ? len : 5000);

		CU_ASSERT_TRUE_FATAL(n > 0);
		at += n;
		len -= (size_t)n;
		pump_move(&pump, &link_, 0);
		take();
	}
}

static struct run_exit end(void)
{
	struct run_exit result = { 0 };

	close(out[1]);
	close(err[1]);
	pump_move(&pump, &link_, 0);
	CU_ASSERT_TRUE(pump_has_ended(&pump));
	take();
	CU_ASSERT_TRUE(pump_put_tail(&pump, &link_, 0));
	take();
	pump_count(&pump, &result);
	return result;
}

static bool is_sent(int which, const char *text)
{
	return sent_len[which] == strlen(text) && memcmp(sent[which], text, sent_len[which]) == 0;
}

static void both_streams_are_kept_apart(void)
{
	begin(100);
	say(out[1], "one", 3);
	say(err[1], "two", 3);
	say(out[1], "!", 1);

	struct run_exit r = end();

	CU_ASSERT_TRUE(is_sent(0, "one!") && is_sent(1, "two") && sent_len[2] == 0);
	CU_ASSERT_EQUAL(r.stdout_chars, 4);
	CU_ASSERT_EQUAL(r.stderr_bytes, 3);
}

/* Cut anywhere, within a character and at its borders. */
static void a_cut_falls_between_characters(void)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t cuts[] = { 0, 1, 3, 6, 10, 11, 11 };

	for (uint32_t max = 0; max < sizeof cuts / sizeof *cuts; max++)
		for (size_t first = 0; first <= 11; first++) {
			begin(max);
			say(out[1], text, first);
			say(out[1], text + first, 11 - first);

			struct run_exit r = end();

			CU_ASSERT_EQUAL(sent_len[0], cuts[max]);
			CU_ASSERT_EQUAL(r.stdout_chars, 5);
			CU_ASSERT_EQUAL(pump.out.cut, max < 5);
		}
}

static void an_open_character_counts_at_the_end(void)
{
	begin(10);
	say(out[1], "a\xe2\x82", 3);
	CU_ASSERT_EQUAL(end().stdout_chars, 2);
}

static void the_tail_is_the_end_of_what_was_cut(void)
{
	static const size_t lengths[] = { 11, 5000, WIRE_TAIL - 1, WIRE_TAIL, WIRE_TAIL + 1, 200000 };
	static uint8_t text[200000];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)('a' + i % 23);
	for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
		size_t n = lengths[k], tail = n < WIRE_TAIL ? n : WIRE_TAIL;

		begin(10);
		say(err[1], text, n);

		struct run_exit r = end();

		CU_ASSERT_EQUAL(r.stderr_chars, n);
		CU_ASSERT_EQUAL(sent_len[1], 10);
		CU_ASSERT_EQUAL(sent_len[2], tail);
		CU_ASSERT_EQUAL(memcmp(sent[2], text + n - tail, tail), 0);
	}
}

static void a_full_link_leaves_the_bytes_in_the_pipe(void)
{
	static const uint8_t bytes[FRAME_MAX_OUT];

	begin(1000000);
	while (link_has_room(&link_, sizeof bytes))
		link_put(&link_, FRAME_STDOUT, bytes, sizeof bytes, 0);
	CU_ASSERT_FALSE(pump_wants(&pump.out, &link_));
	CU_ASSERT_EQUAL(write(out[1], "x", 1), 1);
	pump_move(&pump, &link_, 0);
	CU_ASSERT_EQUAL(pump.out.bytes, 0);
	take();
	pump_move(&pump, &link_, 0);
	CU_ASSERT_EQUAL(pump.out.bytes, 1);
	end();
}

static void a_full_link_does_not_stop_what_is_only_counted(void)
{
	static const uint8_t bytes[FRAME_MAX_OUT];

	begin(0);
	while (link_has_room(&link_, sizeof bytes))
		link_put(&link_, FRAME_STDOUT, bytes, sizeof bytes, 0);
	CU_ASSERT_EQUAL(write(out[1], "x", 1), 1);
	pump_move(&pump, &link_, 0);
	CU_ASSERT_EQUAL(pump.out.bytes, 1);
	take();
	end();
}

static void draining_ends_a_pipe_that_somebody_still_holds(void)
{
	begin(100);
	CU_ASSERT_EQUAL(write(out[1], "rest", 4), 4);
	pump_drain(&pump, &link_, 0);
	CU_ASSERT_TRUE(pump_has_ended(&pump));
	take();
	CU_ASSERT_TRUE(is_sent(0, "rest"));
	close(out[1]);
	close(err[1]);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "both streams are kept apart", both_streams_are_kept_apart },
		{ "a cut falls between characters", a_cut_falls_between_characters },
		{ "an open character counts at the end", an_open_character_counts_at_the_end },
		{ "the tail is the end of what was cut", the_tail_is_the_end_of_what_was_cut },
		{ "a full link leaves the bytes in the pipe", a_full_link_leaves_the_bytes_in_the_pipe },
		{ "a full link does not stop what is only counted", a_full_link_does_not_stop_what_is_only_counted },
		{ "draining ends a pipe that somebody still holds", draining_ends_a_pipe_that_somebody_still_holds },
		{ NULL, NULL },
	};

	return tap_run("pump", tests);
}
