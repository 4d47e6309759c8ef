/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of the codecs, on random values: what one side puts the other gets, whole and in
 * order, however the bytes are cut on the way; and what was changed on the way is not taken for
 * something else.
 */
#include "lib/mux.h"
#include "lib/wire/frame.h"
#include "lib/wire/message.h"
#include "lib/wire/path.h"
#include "lib/wire/utf8.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000, STREAM = 1 << 16, FRAMES = 12 };

static uint8_t stream[STREAM], muxed[2 * STREAM], room[FRAME_MAX_OUT];

static size_t below(size_t n)
{
	return (size_t)random() % n;
}

static void fill(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)random();
}

static struct slice word(char *text, size_t max)
{
	size_t len = below(max + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + below(26));
	return (struct slice){ text, len };
}

static bool same(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* ---- messages */

static void exits_come_back(void)
{
	static uint8_t bytes[1024];
	char type[WIRE_TYPE_MAX], reason[WIRE_REASON_MAX];

	for (int i = 0; i < ROUNDS; i++) {
		struct run_exit in = { .outcome = (enum run_outcome)(1 + below(7)),
		                       .oom = below(2), .raised = (enum run_raised)below(3) }, out;

		in.status = (uint32_t)random();
		in.wall_us = (uint64_t)random() << 32 | (uint64_t)random();
		in.peak_bytes = (uint64_t)random();
		in.stderr_chars = (uint64_t)random() << 20;
		in.survivors = (uint32_t)random();
		in.type = word(type, sizeof type);
		in.reason = word(reason, sizeof reason);

		size_t n = run_exit_put(bytes, sizeof bytes, &in);

		CU_ASSERT_FATAL(n > 0 && run_exit_get(bytes, n, &out));
		CU_ASSERT(out.outcome == in.outcome && out.status == in.status && out.oom == in.oom);
		CU_ASSERT(out.wall_us == in.wall_us && out.peak_bytes == in.peak_bytes);
		CU_ASSERT(out.stderr_chars == in.stderr_chars && out.survivors == in.survivors);
		CU_ASSERT(out.raised == in.raised && same(out.type, in.type) && same(out.reason, in.reason));
		CU_ASSERT_FALSE(run_exit_get(bytes, below(n), &out));
	}
}

static void runs_come_back(void)
{
	static uint8_t bytes[FRAME_MAX_IN];
	static char words[WIRE_ARGV_MAX][WIRE_ARG_MAX];
	char id[WIRE_ID_MAX];

	for (int i = 0; i < ROUNDS; i++) {
		struct run in = { .language = (enum run_language)(1 + below(2)), .argc = (unsigned)below(WIRE_ARGV_MAX + 1) }, out;

		in.id = word(id, sizeof id);
		in.limits.timeout_ms = (uint32_t)random();
		in.limits.max_files_bytes = (uint64_t)random() << 33;
		for (unsigned a = 0; a < in.argc; a++)
			in.argv[a] = word(words[a], WIRE_ARG_MAX);

		size_t n = run_put(bytes, sizeof bytes, &in);

		CU_ASSERT_FATAL(n > 0 && run_get(bytes, n, &out));
		CU_ASSERT(out.language == in.language && same(out.id, in.id) && out.argc == in.argc);
		CU_ASSERT(out.limits.timeout_ms == in.limits.timeout_ms);
		CU_ASSERT(out.limits.max_files_bytes == in.limits.max_files_bytes);
		for (unsigned a = 0; a < in.argc; a++)
			CU_ASSERT(same(out.argv[a], in.argv[a]));
		CU_ASSERT_FALSE(run_get(bytes, below(n), &out));
	}
}

/* ---- frames, and Docker's pieces around them */

struct sent {
	enum frame_type type;
	size_t at, len;                    /* of the payload, in stream */
};

/* Random frames with pads between; returns the bytes. */
static size_t put_frames(struct sent sent[static FRAMES], size_t *n_sent)
{
	size_t len = 0;

	*n_sent = 1 + below(FRAMES);
	for (size_t i = 0; i < *n_sent; i++) {
		size_t pads = below(3);

		memset(stream + len, 0, pads);
		len += pads;
		sent[i] = (struct sent){ (enum frame_type)(1 + below(12)), len + FRAME_HEADER, below(FRAME_MAX_IN) };
		frame_put_header(stream + len, sent[i].type, (uint32_t)sent[i].len);
		fill(stream + sent[i].at, sent[i].len);
		len = sent[i].at + sent[i].len;
	}
	return len;
}

/* The same bytes as Docker would send them, in pieces; of the other stream nothing counts. */
static size_t put_muxed(size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len;) {
		size_t piece = below(8) ? 1 + below(3000) : 0, kind = below(4) ? 1 : 2;

		if (piece > len - at)
			piece = len - at;
		memcpy(muxed + n, (uint8_t[]){ (uint8_t)kind, 0, 0, 0, 0, 0, (uint8_t)(piece >> 8),
		                               (uint8_t)piece }, 8);
		if (kind == 1) {
			memcpy(muxed + n + 8, stream + at, piece);
			at += piece;
		} else {
			fill(muxed + n + 8, piece);
		}
		n += 8 + piece;
	}
	return n;
}

static void take(struct frame_decoder *d, struct slice piece, const struct sent *sent, size_t *got,
                 size_t n_sent)
{
	const uint8_t *in = (const uint8_t *)piece.at;
	struct frame f;

	while (frame_decode(d, &in, &piece.len, &f) == FRAME_WHOLE) {
		CU_ASSERT_FATAL(*got < n_sent);
		CU_ASSERT(f.type == sent[*got].type && f.length == sent[*got].len);
		CU_ASSERT_EQUAL(memcmp(f.payload, stream + sent[*got].at, f.length), 0);
		++*got;
	}
}

static void frames_come_out_of_any_pieces(void)
{
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct sent sent[FRAMES];
		size_t n_sent, got = 0, len = put_muxed(put_frames(sent, &n_sent));
		struct frame_decoder d;
		struct mux m = { 0 };

		frame_decoder_init(&d, room, FRAME_MAX_OUT);
		for (size_t at = 0; at < len;) {
			size_t n = 1 + below(5000);
			struct slice in = { (char *)muxed + at, n < len - at ? n : len - at }, piece;
			unsigned which;

			at += in.len;
			while (mux_next(&m, &in, &which, &piece))
				if (which == 1)
					take(&d, piece, sent, &got, n_sent);
		}
		CU_ASSERT_FALSE(m.broken);
		CU_ASSERT_EQUAL(got, n_sent);
	}
}

/* A writer that died anywhere, then a flush: the next conversation's first frame is seen. */
static void a_flush_ends_any_half_frame(void)
{
	for (int i = 0; i < ROUNDS / 10; i++) {
		struct sent sent[FRAMES];
		size_t n_sent, cut = below(put_frames(sent, &n_sent)), seen = 0;
		struct frame_decoder d;
		struct frame f;

		memset(stream + cut, 0, FRAME_FLUSH);
		frame_put_header(stream + cut + FRAME_FLUSH, FRAME_SYNC, 3);
		memcpy(stream + cut + FRAME_FLUSH + FRAME_HEADER, "new", 3);

		const uint8_t *in = stream;
		size_t left = cut + FRAME_FLUSH + FRAME_HEADER + 3;

		frame_decoder_init(&d, room, FRAME_MAX_IN);
		while (frame_decode(&d, &in, &left, &f) == FRAME_WHOLE)
			seen = f.type == FRAME_SYNC && f.length == 3 && memcmp(f.payload, "new", 3) == 0;
		CU_ASSERT_EQUAL(seen, 1);
	}
}

/* ---- text */

static void characters_are_counted_alike_in_any_pieces(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = below(200), used, cut = below(len + 1), all, parts;
		struct utf8 whole = { 0 }, pieces = { 0 };

		fill(stream, len);
		for (size_t b = 0; b < len; b++)   /* more often well-formed than chance would have it */
			if (below(2))
				stream[b] &= 0x7f;
		all = utf8_count(&whole, stream, len, SIZE_MAX, &used) + utf8_finish(&whole);
		parts = utf8_count(&pieces, stream, cut, SIZE_MAX, &used);
		parts += utf8_count(&pieces, stream + cut, len - cut, SIZE_MAX, &used);
		parts += utf8_finish(&pieces);
		CU_ASSERT_EQUAL(all, parts);
		CU_ASSERT(all <= len);
	}
}

/* Whatever is called safe stays below its directory when it is taken apart as the kernel does. */
static void safe_names_lead_nowhere_else(void)
{
	static const char letters[] = "a./\\\n..//b";

	for (int i = 0; i < 20 * ROUNDS; i++) {
		char name[12];
		size_t len = below(sizeof name);

		for (size_t c = 0; c < len; c++)
			name[c] = letters[below(sizeof letters - 1)];
		if (!path_is_safe(name, len))
			continue;
		name[len] = 0;
		CU_ASSERT(len > 0 && *name != '/' && name[len - 1] != '/');
		CU_ASSERT_PTR_NULL(strstr(name, "//"));
		CU_ASSERT_PTR_NULL(strpbrk(name, "\\\n"));
		for (char *rest = name, *part; (part = strsep(&rest, "/"));)
			CU_ASSERT(strcmp(part, ".") != 0 && strcmp(part, "..") != 0);
	}
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "exits come back", exits_come_back },
		{ "runs come back", runs_come_back },
		{ "frames come out of any pieces", frames_come_out_of_any_pieces },
		{ "a flush ends any half frame", a_flush_ends_any_half_frame },
		{ "characters are counted alike in any pieces", characters_are_counted_alike_in_any_pieces },
		{ "safe names lead nowhere else", safe_names_lead_nowhere_else },
		{ NULL, NULL },
	};

	srandom(5);
	return tap_run("codecs", tests);
}
