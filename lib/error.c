/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/error.h"

#include "lib/wire/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that snprintf cut may end inside a character: drop that part. */
static void end_at_character(char *s)
{
	struct utf8 u = { 0 };
	size_t whole = 0;

	for (size_t i = 0; s[i]; i++)
		if (utf8_step(&u, (uint8_t)s[i]) == UTF8_CHAR)
			whole = i + 1;
	if (utf8_finish(&u))
		s[whole] = '\0';
}

/* What anyone may hear of a failure whose cause is not for the client. */
static const char *public_words(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return "";
	case ERR_INVALID: return "Invalid request";
	case ERR_UNAUTHENTICATED: return "Invalid or expired credentials";
	case ERR_FORBIDDEN: return "Forbidden";
	case ERR_NOT_FOUND: return "Not Found";
	case ERR_METHOD: return "Method Not Allowed";
	case ERR_CONFLICT: return "Conflict";
	case ERR_TOO_LARGE: return "Request body too large";
	case ERR_UNPROCESSABLE: return "Unprocessable request";
	case ERR_LIMITED: return "Too many requests";
	case ERR_INTERNAL: return "Internal server error";
	case ERR_UNAVAILABLE: return "Service temporarily unavailable. Please retry shortly.";
	case ERR_TIMEOUT: return "Timed out";
	}
	return "";
}

static void begin(struct error *err, enum err_kind kind)
{
	err->kind = kind;
	err->retry_after_s = 0;
	err->msg[0] = '\0';
	err->detail[0] = '\0';
}

__attribute__((format(printf, 3, 0)))
static void hide(struct error *err, enum err_kind kind, const char *fmt, va_list args)
{
	begin(err, kind);
	(void)snprintf(err->msg, sizeof err->msg, "%s", public_words(kind));
	(void)vsnprintf(err->detail, sizeof err->detail, fmt, args);
	end_at_character(err->detail);
}

bool fail(struct error *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	begin(err, kind);
	va_start(args, fmt);
	(void)vsnprintf(err->msg, sizeof err->msg, fmt, args);
	va_end(args);
	end_at_character(err->msg);
	return false;
}

bool fail_hidden(struct error *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	hide(err, kind, fmt, args);
	va_end(args);
	return false;
}

bool fail_errno(struct error *err, enum err_kind kind, const char *fmt, ...)
{
	int number = errno;
	va_list args;

	va_start(args, fmt);
	hide(err, kind, fmt, args);
	va_end(args);

	size_t len = strlen(err->detail);

	(void)snprintf(err->detail + len, sizeof err->detail - len, ": %s", strerror(number));
	end_at_character(err->detail);
	return false;
}

bool fail_while(struct error *err, const char *fmt, ...)
{
	char cause[sizeof err->detail];
	va_list args;

	memcpy(cause, err->detail, sizeof cause);
	(void)snprintf(err->detail, sizeof err->detail, "while ");
	va_start(args, fmt);
	(void)vsnprintf(err->detail + 6, sizeof err->detail - 6, fmt, args);
	va_end(args);

	size_t len = strlen(err->detail);

	(void)snprintf(err->detail + len, sizeof err->detail - len, "%s%s", *cause ? ": " : "",
	               cause);
	end_at_character(err->detail);
	return false;
}

const char *error_reason(const struct error *err)
{
	return *err->detail ? err->detail : err->msg;
}

unsigned error_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return 0;
#define ERR(kind, status, slug) case ERR_##kind: return status;
#include "lib/error.def"
	}
	return 500;
}

const char *error_slug(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return "ok";
#define ERR(kind, status, slug) case ERR_##kind: return slug;
#include "lib/error.def"
	}
	return "internal";
}
