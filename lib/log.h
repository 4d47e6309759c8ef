/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON line per event on stderr, written with one write().  Values are escaped and cut at
 * 4 KiB, a line at 16 KiB ("cut":true); there is no way to log a secret but to pass it here.  Included by fcgi-app's own files and policy/janitor.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

void log_set_level(enum log_level least);

/* A member of the line; a NULL text is left out.  Ends with { .key = NULL }. */
struct log_field {
	const char *key;
	const char *text;                  /* or, when NULL and is_number: */
	int64_t number;
	bool is_number;
	int decimals;                      /* so many of its digits are behind the point */
};

/* {"ts":"2026-01-02T03:04:05.678Z","level":"info","event":event, fields...} */
void log_event(enum log_level level, const char *event, const struct log_field *fields);
/* For events without members of their own: one "message". */
void log_text(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
