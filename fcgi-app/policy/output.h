/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sandbox says of a run, frame by frame -> struct result.  All of it may be hostile in
 * bytes and in amount, so every ceiling holds here once more.
 */
#ifndef POLICY_OUTPUT_H
#define POLICY_OUTPUT_H

#include "fcgi-app/policy/execute.h"
#include "lib/spool.h"
#include "lib/wire/frame.h"
#include "lib/wire/utf8.h"

/* Bytes -> UTF-8 with U+FFFD for each ill-formed part, max characters of it. */
struct decoded {
	struct buf *to;
	struct utf8 state;
	char pending[4];                   /* of a character that is not whole yet */
	size_t n_pending;
	uint64_t chars, max;
};

struct collector {
	const struct config *config;
	struct run_limits limits;          /* those the run was given */
	struct spool *spool;               /* takes what is in the files; NULL: result->content does */
	size_t content_len;                /* of all files so far */
	struct arena *arena;
	struct result *result;
	struct decoded out, err;
	struct buf tail;                   /* raw */
	size_t room;                       /* entries in result->files */
	struct output_file *current;       /* whose DATA come now; NULL = none */
	bool done;                         /* EXIT was there */
};

/* What an execution may put out. */
struct run_limits output_limits(const struct config *c, int64_t timeout_s);
void decoded_append(struct decoded *d, const uint8_t *bytes, size_t len);
void decoded_finish(struct decoded *d);

/* As an execution has it: limits of the settings, no spool. */
void collector_init(struct collector *k, const struct config *c, struct arena *arena, struct result *r);
/*
 * INTERNAL: a frame that may not come here.  CONFLICT: the sandbox has turned to someone else, or
 * is ending.
 */
bool collector_take(struct collector *k, const struct frame *frame, struct error *err);
/* No frame comes any more: closes both texts and marks what was cut. */
void collector_finish(struct collector *k);
void collector_end(struct collector *k);

/*
 * The last max characters of what a program wrote to stderr, trimmed, as one C string: from `tail`
 * when the text itself was cut.
 */
const char *collector_error_text(struct collector *k);
/* The same of any well-formed text. */
const char *collector_end_of(struct collector *k, struct slice text);

/* outcome, error and error_type of a run that ended by itself or by PID 1 (contract 5.5, 5.6). */
void result_conclude(struct collector *k, const struct execution *what, int64_t timeout_s, bool removed);
/* ... of one that did not. */
void result_lost(struct result *r, enum outcome outcome);
void result_timed_out(struct collector *k, int64_t timeout_s, bool removed);

#endif
