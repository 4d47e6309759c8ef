/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One execution: files and code in, output and files out, within one deadline.  A run that fails
 * is a result; struct error is for the gateway's own failures.
 */
#ifndef POLICY_EXECUTE_H
#define POLICY_EXECUTE_H

#include "fcgi-app/policy/limit.h"
#include "lib/wire/message.h"

struct input_file {
	struct slice name;
	struct slice base64;
	bool is_plain;                     /* base64 is the content itself */
};

struct execution {
	enum run_language language;
	struct slice code;                 /* UTF-8, may hold U+0000 */
	int64_t timeout_s;                 /* 0 = DEFAULT_TIMEOUT */
	const struct input_file *files;
	size_t n_files;
	const struct slice *packages;      /* plain (lib/requirement.h); Bash knows none */
	size_t n_packages;
};

struct output_file {
	struct slice name;                 /* as the file system has it: not always UTF-8 */
	int64_t size;
	const char *mime_type;
	const char *error;                 /* NULL = content is there */
	size_t at, len;                    /* of its bytes in result.content */
};

/* Where a failed run failed, for clients that act on it (additive members of the answer). */
enum outcome {
	OUTCOME_OK, OUTCOME_ERROR, OUTCOME_EXIT, OUTCOME_SIGNAL, OUTCOME_TIMEOUT, OUTCOME_OOM,
	OUTCOME_OUTPUT_LIMIT, OUTCOME_CANCELLED, OUTCOME_SESSION_LOST, OUTCOME_INFRA,
};

struct result {
	char id[ID_SHORT];
	enum outcome outcome;
	struct buf stdout_text, stderr_text;       /* UTF-8 with U+FFFD, cut and marked (contract 5.4) */
	const char *error, *error_type;    /* arena; NULL = none */
	struct output_file *files;         /* arena */
	size_t n_files;
	int64_t files_skipped;
	struct buf content;                /* of all files */
	double execution_time_s;
	bool timed_out;
	bool installed;                    /* pip has run, install_time_s long */
	double install_time_s;
	const char *install_failure;       /* arena; NULL = none */
	const char *signal;                /* that ended it, by name; NULL = none */
	struct run_exit exit;              /* as told by PID 1; of no outcome when it could tell nothing */
};

/*
 * Checks the files (INVALID with contract 1.2.6's texts, nothing spent; a session that is refused
 * is so first), admits, runs, releases.  After a time-out with TIMEOUT_ACTION=remove the session is gone.  result_finish(out)
 * is due whatever this answers.
 */
bool execute_run(struct backend *b, struct arena *arena, const struct claim *claim,
                 const struct execution *what, struct result *out, struct error *err);
void result_finish(struct result *r);

/* The contract's table (5.8), by extension; "application/octet-stream" for the rest. */
const char *mime_type_of(struct slice name);

#endif
