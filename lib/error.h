/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to fail.  A function that can fail returns bool (or a pointer) and takes a struct
 * error last; it fills it exactly when it fails and leaves its outputs alone then.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE,
#define ERR(kind, status, slug) ERR_##kind,
#include "lib/error.def"
};

struct error {
	enum err_kind kind;
	unsigned retry_after_s;            /* sent with LIMITED and UNAVAILABLE; 0 = 1 second */
	char msg[640];                     /* for the client: no secret, no host path; may hold a file's name */
	char detail[240];                  /* for the log: errno text, Docker's words */
};

/*
 * Each returns false, so that `return fail(...)` is the whole branch.  err must not be NULL.  Texts
 * are cut between characters.  A retry_after_s is set after the call.
 */
bool fail(struct error *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The text goes to detail; msg is what the kind says to anyone ("Internal server error", ...). */
bool fail_hidden(struct error *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As fail_hidden, followed by errno's text. */
bool fail_errno(struct error *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Puts "while <text>: " before detail on the way up; the kind stays. */
bool fail_while(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What the operator should read of it: detail, or msg where that says it all. */
const char *error_reason(const struct error *err);
unsigned error_status(enum err_kind kind);         /* 0 for ERR_NONE */
const char *error_slug(enum err_kind kind);        /* "ok" for ERR_NONE */

#endif
