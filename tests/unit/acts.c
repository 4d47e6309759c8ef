/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/acts.h"

#include "lib/text.h"

#include <stdio.h>
#include <string.h>

static const struct run_exit fine = { .outcome = RUN_EXITED, .wall_us = 31200 };

static void say(struct peer *p, enum frame_type type, const char *text)
{
	peer_put(p, type, text, strlen(text));
}

static void say_file(struct peer *p, enum file_kind kind, const char *name, uint64_t size)
{
	struct file file = { .kind = kind, .size = size, .name = text_slice(name) };
	uint8_t bytes[2048];

	peer_put(p, FRAME_FILE, bytes, file_put(bytes, sizeof bytes, &file));
}

void act_hello(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	say(p, FRAME_STDOUT, "hel");
	say(p, FRAME_STDERR, "err");
	say(p, FRAME_STDOUT, "lo");
	peer_exit(p, &fine);
	peer_polite(p);
}

/* What a predecessor left: half a frame's end, whole frames, another conversation's READY. */
void act_stale(struct peer *p)
{
	struct frame f;
	struct ready other = { .protocol = WIRE_PROTOCOL };
	uint8_t bytes[64];

	peer_write(p, "\x08\0\0\0\0\0\0\x14half a frame", 20);
	say(p, FRAME_STDOUT, "not yours");
	peer_put(p, FRAME_READY, bytes, ready_put(bytes, sizeof bytes, &other));
	peer_exit(p, &fine);
	while (peer_next(p, &f) && f.type != FRAME_SYNC)
		;
	say(p, FRAME_STDERR, "nor this");
	other.protocol = WIRE_PROTOCOL;
	memcpy(other.nonce, p->sync.nonce, sizeof other.nonce);
	peer_put(p, FRAME_READY, bytes, ready_put(bytes, sizeof bytes, &other));
	act_hello(p);
}

void act_in_single_bytes(struct peer *p)
{
	struct ready ready = { .protocol = WIRE_PROTOCOL };
	uint8_t bytes[256] = { 0 };
	size_t len;
	struct frame f;

	while (peer_next(p, &f) && f.type != FRAME_SYNC)
		;
	memcpy(ready.nonce, p->sync.nonce, sizeof ready.nonce);
	len = ready_put(bytes + FRAME_HEADER, sizeof bytes - FRAME_HEADER, &ready);
	frame_put_header(bytes, FRAME_READY, (uint32_t)len);
	for (size_t i = 0; i < FRAME_HEADER + len; i++)
		peer_write(p, bytes + i, 1);
	act_hello(p);
}

void act_another_protocol(struct peer *p)
{
	struct ready ready = { .protocol = WIRE_PROTOCOL + 1 };
	uint8_t bytes[64];
	struct frame f;

	while (peer_next(p, &f) && f.type != FRAME_SYNC)
		;
	memcpy(ready.nonce, p->sync.nonce, sizeof ready.nonce);
	peer_put(p, FRAME_READY, bytes, ready_put(bytes, sizeof bytes, &ready));
	(void)peer_await(p, FRAME_BYE);
}

/* Tells on stdout what came: "kind name size sum;" per file, then the run's own terms. */
void act_echo(struct peer *p)
{
	char text[512];
	struct file file = { 0 };
	struct run run;
	struct frame f;
	uint64_t got = 0, sum = 0;

	if (!peer_await(p, FRAME_SYNC))
		return;
	while (peer_next(p, &f)) {
		if (f.type == FRAME_FILE && file_get(f.payload, f.length, &file)) {
			int len = snprintf(text, sizeof text, "%d %.*s %llu ", file.kind, (int)file.name.len, file.name.at,
			                   (unsigned long long)file.size);

			peer_put(p, FRAME_STDOUT, text, (size_t)len);
			got = sum = 0;
		} else if (f.type == FRAME_DATA && f.length > 0) {
			got += f.length;
			for (uint32_t i = 0; i < f.length; i++)
				sum += f.payload[i];
		} else if (f.type == FRAME_DATA) {
			int len = snprintf(text, sizeof text, "%llu %llu;", (unsigned long long)got, (unsigned long long)sum);

			peer_put(p, FRAME_STDOUT, text, (size_t)len);
		} else if (f.type == FRAME_RUN && run_get(f.payload, f.length, &run)) {
			break;
		}
	}
	(void)snprintf(text, sizeof text, "run %d %u %u; sync %u %u %u %u", run.language, run.limits.timeout_ms,
	               run.limits.max_chars, p->sync.lease_ms, p->sync.idle_ms, p->sync.lifetime_ms / 10000, p->sync.cpus);
	say(p, FRAME_STDOUT, text);
	peer_exit(p, &fine);
}

void act_with_files(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	say_file(p, FILE_OUTPUT, "a.csv", 6);
	say(p, FRAME_DATA, "abc");
	say(p, FRAME_DATA, "def");
	peer_put(p, FRAME_DATA, NULL, 0);
	say_file(p, FILE_LINK, "b", 0);
	say_file(p, FILE_TOO_LARGE, "c.png", 20000000);
	say_file(p, FILE_OVER_TOTAL, "d.png", 9);
	say_file(p, FILE_OUTPUT, "e\xff\n", 10);
	say(p, FRAME_DATA, "shrunk");
	peer_put(p, FRAME_DATA, NULL, 0);
	say_file(p, FILE_OUTPUT, "empty", 0);
	peer_put(p, FRAME_DATA, NULL, 0);
	peer_exit(p, &(struct run_exit){ .outcome = RUN_EXITED, .files_skipped = 7 });
}

void act_flood(struct peer *p)
{
	static char bytes[FRAME_MAX_OUT];

	memset(bytes, 'x', sizeof bytes);
	if (!peer_await(p, FRAME_RUN))
		return;
	for (int i = 0; i < 160; i++)
		peer_put(p, i % 2 ? FRAME_STDERR : FRAME_STDOUT, bytes, sizeof bytes);
	memcpy(bytes + sizeof bytes - 5, "\x80 end", 5);
	peer_put(p, FRAME_TAIL, bytes, sizeof bytes);
	peer_exit(p, &(struct run_exit){ .outcome = RUN_EXITED, .status = 1, .raised = RAISED_EXCEPTION,
	          .type = text_slice("MyError"), .stdout_chars = 5242880, .stderr_chars = 5242880 });
}

void act_renewed(struct peer *p)
{
	struct frame f;
	int leases = 0;
	char text[32];

	if (!peer_await(p, FRAME_RUN))
		return;
	while (leases < 3 && peer_next(p, &f))
		leases += f.type == FRAME_LEASE;
	(void)snprintf(text, sizeof text, "%d leases", leases);
	say(p, FRAME_STDOUT, text);
	peer_exit(p, &fine);
}

void act_waits_for_cancel(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	say(p, FRAME_STDOUT, "part");
	if (peer_await(p, FRAME_CANCEL))
		peer_exit(p, &(struct run_exit){ .outcome = RUN_CANCELLED });
	peer_polite(p);
}

void act_times_out(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	say(p, FRAME_STDOUT, "part");
	peer_exit(p, &(struct run_exit){ .outcome = RUN_TIMED_OUT, .wall_us = 2000100 });
}

void act_ends(struct peer *p)
{
	struct engine_container *c = &p->state->containers[0];

	if (!peer_await(p, FRAME_RUN))
		return;
	say(p, FRAME_STDOUT, "part");
	c->there = false;
}

void act_breaks_off(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say(p, FRAME_STDOUT, "part");
}

void act_says_bye(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	say(p, FRAME_STDOUT, "part");
	peer_put(p, FRAME_BYE, NULL, 0);
}

void act_turns_away(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say(p, FRAME_READY, "another nonce");
}

void act_writes_no_frame(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		peer_write(p, "\x01\x01\x01\x01\xff\xff\xff\xff", 8);
	peer_polite(p);
}

void act_sends_too_long_a_frame(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		peer_write(p, "\x09\0\0\0\0\x01\0\x01", 8);
	peer_polite(p);
}

void act_sends_data_of_no_file(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say(p, FRAME_DATA, "x");
	peer_polite(p);
}

void act_sends_more_than_it_said(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	say_file(p, FILE_OUTPUT, "a", 1);
	say(p, FRAME_DATA, "xy");
	peer_polite(p);
}

void act_sends_a_huge_file(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say_file(p, FILE_OUTPUT, "a", UINT64_MAX);
	peer_polite(p);
}

void act_sends_many_files(struct peer *p)
{
	if (!peer_await(p, FRAME_RUN))
		return;
	for (int i = 0; i < 1001; i++)
		say_file(p, FILE_LINK, "a", 0);
	peer_polite(p);
}

void act_sends_an_input(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say_file(p, FILE_INPUT, "a", 1);
	peer_polite(p);
}

void act_sends_a_broken_exit(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say(p, FRAME_EXIT, "exit");
	peer_polite(p);
}

void act_sends_a_run(struct peer *p)
{
	if (peer_await(p, FRAME_RUN))
		say(p, FRAME_RUN, "run yourself");
	peer_polite(p);
}

/* How pip ends, by the name of the first package. */
static struct run_exit end_of_install(struct slice package)
{
	struct run_exit e = fine;

	e.outcome = slice_equals(package, "killed")      ? RUN_SIGNALED
	          : slice_equals(package, "slow")        ? RUN_TIMED_OUT
	          : slice_equals(package, "loud")        ? RUN_OUTPUT_LIMIT
	          : slice_equals(package, "unstartable") ? RUN_NO_START
	          : slice_equals(package, "homeless")    ? RUN_NO_FILES
	          : slice_equals(package, "cancelled")   ? RUN_CANCELLED
	                                                 : RUN_EXITED;
	e.status = e.outcome == RUN_SIGNALED ? 9 : slice_equals(package, "unknown");
	e.reason = text_slice("a reason");
	return e;
}

static bool next_run(struct peer *p, struct run *run, int *files)
{
	struct frame f;

	for (*files = 0; peer_next(p, &f);) {
		*files += f.type == FRAME_FILE;
		if (f.type == FRAME_RUN && run_get(f.payload, f.length, run))
			return true;
	}
	return false;
}

/* Tells on the second RUN's stdout what came with each of the two. */
void act_installs(struct peer *p)
{
	struct run run;
	struct run_exit end;
	char text[256];
	int files;

	if (!peer_await(p, FRAME_SYNC) || !next_run(p, &run, &files))
		return;
	end = end_of_install(run.argv[0]);
	(void)snprintf(text, sizeof text, "%d %d %u %.*s;", files, run.language, run.argc,
	               (int)run.argv[run.argc - 1].len, run.argv[run.argc - 1].at);
	if (slice_equals(run.argv[0], "late") && !peer_await(p, FRAME_CANCEL))
		return;
	say(p, FRAME_STDOUT, "pip's out\n");
	if (!slice_equals(run.argv[run.argc - 1], "quiet"))
		say(p, FRAME_STDERR, " pip's words\n\n");
	peer_exit(p, &end);
	if (!next_run(p, &run, &files))
		return;
	say(p, FRAME_STDOUT, text);
	(void)snprintf(text, sizeof text, "%d %d %u", files, run.language, run.argc);
	say(p, FRAME_STDOUT, text);
	say(p, FRAME_STDERR, "err");
	peer_exit(p, &fine);
	peer_polite(p);
}
