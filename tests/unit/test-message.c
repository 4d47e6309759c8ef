/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/frame.h"
#include "lib/wire/message.h"
#include "tests/unit/tap.h"

#include <string.h>

static uint8_t bytes[FRAME_MAX_IN];

static struct slice text(const char *s)
{
	return (struct slice){ s, strlen(s) };
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static void sync_survives_the_way(void)
{
	struct sync in = {
		.epoch = 0x0102030405060708, .nonce = "0123456789abcde", .protocol = WIRE_PROTOCOL,
		.lease_ms = 15000, .idle_ms = 1, .lifetime_ms = UINT32_MAX, .warm_ms = 60000,
		.cpus = 2, .preload = text("numpy,pandas"),
	};
	struct sync out;
	size_t n = sync_put(bytes, sizeof bytes, &in);

	CU_ASSERT_NOT_EQUAL(n, 0);
	CU_ASSERT(sync_get(bytes, n, &out));
	CU_ASSERT_EQUAL(out.epoch, in.epoch);
	CU_ASSERT_EQUAL(memcmp(out.nonce, in.nonce, sizeof in.nonce), 0);
	CU_ASSERT_EQUAL(out.lifetime_ms, UINT32_MAX);
	CU_ASSERT_EQUAL(out.cpus, 2);
	CU_ASSERT(same(out.preload, in.preload));
}

static void run_survives_the_way(void)
{
	struct run in = {
		.language = RUN_BASH, .id = text("2106b39d-c2c"), .argc = 2,
		.argv = { { "one", 3 }, { "", 0 } },
		.limits = { 1, 2, 3, 4, 5, UINT64_MAX },
	};
	struct run out;
	size_t n = run_put(bytes, sizeof bytes, &in);

	CU_ASSERT(run_get(bytes, n, &out));
	CU_ASSERT_EQUAL(out.language, RUN_BASH);
	CU_ASSERT(same(out.id, in.id));
	CU_ASSERT_EQUAL(out.limits.max_files_bytes, UINT64_MAX);
	CU_ASSERT_EQUAL(out.limits.max_file_bytes, 5);
	CU_ASSERT_EQUAL(out.argc, 2);
	CU_ASSERT(same(out.argv[0], in.argv[0]) && same(out.argv[1], in.argv[1]));
}

static void exit_survives_the_way(void)
{
	struct run_exit in = {
		.outcome = RUN_SIGNALED, .status = 9, .oom = true, .wall_us = 1, .cpu_us = 2,
		.peak_bytes = 3, .stdout_bytes = 4, .stdout_chars = 5, .stderr_bytes = 6,
		.stderr_chars = 7, .survivors = 8, .files_skipped = 9, .raised = RAISED_EXCEPTION,
		.type = text("KeyError"), .reason = text("because"),
	};
	struct run_exit out;
	size_t n = run_exit_put(bytes, sizeof bytes, &in);

	CU_ASSERT(run_exit_get(bytes, n, &out));
	CU_ASSERT_EQUAL(out.outcome, RUN_SIGNALED);
	CU_ASSERT(out.oom);
	CU_ASSERT_EQUAL(out.stderr_chars, 7);
	CU_ASSERT_EQUAL(out.files_skipped, 9);
	CU_ASSERT(same(out.type, in.type) && same(out.reason, in.reason));
}

static void file_and_ready_survive_the_way(void)
{
	struct file f = { .kind = FILE_INPUT, .size = 1ULL << 40, .name = text("a/b.txt") }, g;
	struct ready r = { .nonce = "fedcba987654321", .protocol = 7 }, s;
	size_t n = file_put(bytes, sizeof bytes, &f);

	CU_ASSERT(file_get(bytes, n, &g));
	CU_ASSERT_EQUAL(g.size, 1ULL << 40);
	CU_ASSERT(same(f.name, g.name));
	n = ready_put(bytes, sizeof bytes, &r);
	CU_ASSERT(ready_get(bytes, n, &s));
	CU_ASSERT_EQUAL(s.protocol, 7);
	CU_ASSERT_EQUAL(memcmp(r.nonce, s.nonce, sizeof r.nonce), 0);
}

/* What a flush makes of a half message: its start, then zeros. */
static void message_completed_with_zeros_is_refused(void)
{
	struct run in = { .language = RUN_PYTHON, .id = text("id"), .argc = 1, .argv = { { "", 0 } } };
	struct run out;
	size_t n = run_put(bytes, sizeof bytes, &in);

	for (size_t cut = n; cut-- > 0;) {
		bytes[cut] = 0;
		CU_ASSERT_FALSE(run_get(bytes, n, &out));
	}
}

static void message_of_another_length_is_refused(void)
{
	struct file f = { .kind = FILE_CODE, .size = 5, .name = text("") };
	size_t n = file_put(bytes, sizeof bytes, &f);

	for (size_t len = 0; len < n; len++)
		CU_ASSERT_FALSE(file_get(bytes, len, &f));
	CU_ASSERT_FALSE(file_get(bytes, n + 1, &f));
}

static void values_out_of_range_are_refused(void)
{
	struct file f = { .kind = FILE_CODE };
	struct run r = { .language = RUN_BASH };
	size_t n = file_put(bytes, sizeof bytes, &f);

	bytes[0] = 0;
	CU_ASSERT_FALSE(file_get(bytes, n, &f));
	bytes[0] = FILE_UNREADABLE + 1;
	CU_ASSERT_FALSE(file_get(bytes, n, &f));
	n = run_put(bytes, sizeof bytes, &r);
	bytes[0] = RUN_RENDER;
	CU_ASSERT(run_get(bytes, n, &r));
	bytes[0] = RUN_RENDER + 1;
	CU_ASSERT_FALSE(run_get(bytes, n, &r));
	bytes[0] = RUN_BASH;
	bytes[n - 2] = WIRE_ARGV_MAX + 1;
	CU_ASSERT_FALSE(run_get(bytes, n, &r));
}

static void string_above_its_ceiling_is_refused(void)
{
	static char name[WIRE_NAME_MAX + 1];
	struct file f = { .kind = FILE_INPUT, .name = { name, sizeof name } };
	size_t n = file_put(bytes, sizeof bytes, &f);

	CU_ASSERT_NOT_EQUAL(n, 0);
	CU_ASSERT_FALSE(file_get(bytes, n, &f));
}

static void too_small_a_room_is_told(void)
{
	struct ready r = { .protocol = 1 };

	CU_ASSERT_EQUAL(ready_put(bytes, 18, &r), 0);
	CU_ASSERT_EQUAL(ready_put(bytes, 19, &r), 19);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "sync survives the way", sync_survives_the_way },
		{ "run survives the way", run_survives_the_way },
		{ "exit survives the way", exit_survives_the_way },
		{ "file and ready survive the way", file_and_ready_survive_the_way },
		{ "one completed with zeros is refused", message_completed_with_zeros_is_refused },
		{ "one of another length is refused", message_of_another_length_is_refused },
		{ "values out of range are refused", values_out_of_range_are_refused },
		{ "string above its ceiling is refused", string_above_its_ceiling_is_refused },
		{ "too small a room is told", too_small_a_room_is_told },
		{ NULL, NULL },
	};

	return tap_run("message", tests);
}
