/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads <-> structs.  Strings in a decoded struct are borrowed from the payload.  _get answers
 * false for anything but exactly one whole, sealed message; _put returns the payload's length,
 * 0 when it did not fit into room bytes.
 */
#ifndef LIB_WIRE_MESSAGE_H
#define LIB_WIRE_MESSAGE_H

#include "lib/wire/cursor.h"

enum {
	WIRE_PROTOCOL = 1,                 /* unequal on both sides: the session is gone */
	WIRE_NONCE = 16,
	WIRE_NAME_MAX = 1024,              /* bytes of a file name */
	WIRE_ID_MAX = 32,                  /* bytes of an execution id, [A-Za-z0-9-] */
	WIRE_ARGV_MAX = 16,
	WIRE_ARG_MAX = 128,                /* bytes of one argument */
	WIRE_PRELOAD_MAX = 512,
	WIRE_TYPE_MAX = 128,               /* bytes of an exception's class name */
	WIRE_REASON_MAX = 240,
	WIRE_TAIL = 65536,                 /* most bytes of a TAIL frame */
	WIRE_JOB_MAX = 16384,              /* bytes of a RUN_RENDER's code */
};

/* SYNC.  Times are milliseconds from its arrival; 0 = no such limit. */
struct sync {
	uint64_t epoch;                    /* fence number from Redis; a lower one is ignored */
	uint8_t nonce[WIRE_NONCE];
	uint16_t protocol;
	uint32_t lease_ms;                 /* a run ends when neither LEASE nor SYNC came for so long */
	uint32_t idle_ms;                  /* the sandbox ends when nothing ran for so long */
	uint32_t lifetime_ms;              /* the sandbox ends after so long, whatever happens */
	uint32_t warm_ms;                  /* an idle interpreter is let go after so long; 0 = at once */
	uint16_t cpus;                     /* threads for BLAS and OpenMP, >= 1 */
	struct slice preload;              /* "auto", "none" or module names joined by commas */
};

struct ready {
	uint8_t nonce[WIRE_NONCE];         /* the SYNC's own */
	uint16_t protocol;
};

enum file_kind {
	FILE_INPUT = 1,                    /* lands in HOME when RUN comes, all or none */
	FILE_CODE = 2,                     /* the source text RUN runs */
	FILE_OUTPUT = 3,                   /* from the sandbox; its DATA follow */
	FILE_LINK = 4,                     /* the rest: an output whose content is not sent; no DATA */
	FILE_TOO_LARGE = 5,
	FILE_OVER_TOTAL = 6,
	FILE_UNREADABLE = 7,
};

struct file {
	enum file_kind kind;
	uint64_t size;                     /* bytes; FILE_LINK: 0 */
	struct slice name;                 /* relative, '/' between components; FILE_CODE: empty */
};

enum run_language {
	RUN_PYTHON = 1,
	RUN_BASH = 2,
	RUN_RENDER = 3,                    /* FILE_CODE is the job the standby renderer is handed; no argv */
};

struct run_limits {
	uint32_t timeout_ms;
	uint32_t max_chars;                /* code points kept of each of stdout and stderr */
	uint64_t max_output_bytes;         /* stdout + stderr; above: the run is killed */
	uint32_t max_files;                /* output files reported */
	uint64_t max_file_bytes;
	uint64_t max_files_bytes;          /* all of them together */
};

struct run {
	enum run_language language;
	struct slice id;                   /* execution id: names /tmp/misc/<id> */
	struct run_limits limits;
	unsigned argc;                     /* arguments behind the program's own name */
	struct slice argv[WIRE_ARGV_MAX];
};

enum run_outcome {
	RUN_EXITED = 1,                    /* status is the exit code, 0..255 */
	RUN_SIGNALED = 2,                  /* status is the signal's number */
	RUN_TIMED_OUT = 3,
	RUN_OUTPUT_LIMIT = 4,
	RUN_CANCELLED = 5,
	RUN_NO_FILES = 6,                  /* input files could not be written: reason says why */
	RUN_NO_START = 7,                  /* the interpreter could not be started: reason */
};

enum run_raised {
	RAISED_NOTHING = 0,                /* no uncaught exception is known of */
	RAISED_EXCEPTION = 1,              /* type is its class name, without module */
	RAISED_EXIT = 2,                   /* SystemExit with something that is not a number */
};

struct run_exit {
	enum run_outcome outcome;
	uint32_t status;
	bool oom;                          /* the kernel killed something for memory during the run */
	uint64_t wall_us, cpu_us;          /* of the run's own process and its waited-for children */
	uint64_t peak_bytes;               /* highest resident set of one of them */
	uint64_t stdout_bytes, stdout_chars, stderr_bytes, stderr_chars;   /* before any cut */
	uint32_t survivors;                /* processes killed after the run's own had ended */
	uint32_t files_skipped;            /* outputs beyond max_files */
	enum run_raised raised;            /* told by user code's process: a hint, never trusted */
	struct slice type;
	struct slice reason;
};

bool sync_get(const uint8_t *in, size_t len, struct sync *m);
size_t sync_put(uint8_t *out, size_t room, const struct sync *m);
bool ready_get(const uint8_t *in, size_t len, struct ready *m);
size_t ready_put(uint8_t *out, size_t room, const struct ready *m);
bool file_get(const uint8_t *in, size_t len, struct file *m);
size_t file_put(uint8_t *out, size_t room, const struct file *m);
bool run_get(const uint8_t *in, size_t len, struct run *m);
size_t run_put(uint8_t *out, size_t room, const struct run *m);
bool run_exit_get(const uint8_t *in, size_t len, struct run_exit *m);
size_t run_exit_put(uint8_t *out, size_t room, const struct run_exit *m);

#endif
