/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rendering: a slot, a sandbox of its own, one job in it, and what came of it, within one
 * deadline.  The sandbox is gone afterwards, whatever happened.
 */
#ifndef POLICY_RENDER_H
#define POLICY_RENDER_H

#include "fcgi-app/policy/execute.h"
#include "fcgi-app/policy/renderslot.h"
#include "lib/spool.h"

struct render_job {
	enum render_kind kind;
	enum run_language language;
	struct slice code;                 /* the renderer's job, or the script that is one */
	const struct input_file *files;
	size_t n_files;
	int64_t timeout_s;
	int64_t max_output_bytes;          /* of all files together */
	uint32_t max_output_files;
	const char *wrong;                 /* INVALID for that, after what comes first; NULL = nothing */
};

struct rendering {
	struct result result;              /* its files lie in `spool`, at .. at + len */
	struct spool spool;
};

#define auto_rendering __attribute__((cleanup(render_finish))) struct rendering

/*
 * True once PID 1 has told the end, which may be any.  LIMITED, UNAVAILABLE: as renderslot_take,
 * or there was no sandbox to be had.  TIMEOUT: the deadline.  INTERNAL: the sandbox was lost.
 */
bool render_run(struct backend *b, struct arena *arena, const struct claim *claim,
                const struct render_job *job, struct rendering *out, struct error *err);
void render_finish(struct rendering *r);

#endif
