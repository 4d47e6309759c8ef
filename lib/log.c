/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/log.h"

#include "lib/deadline.h"
#include "lib/json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 16384,            /* members that would not fit are left out */
	VALUE_MAX = 4096,                  /* bytes kept of one text */
	TAIL = 32,                         /* for what ends a line */
};

static enum log_level least_level = LOG_INFO;

void log_set_level(enum log_level least)
{
	least_level = least;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG: return "debug";
	case LOG_INFO: return "info";
	case LOG_WARNING: return "warning";
	case LOG_ERROR: return "error";
	}
	return "error";
}

static void put_time(struct json_out *o)
{
	int64_t ms = wall_ms();
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[80];

	gmtime_r(&seconds, &tm);
	(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	               tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	               (int)(ms % 1000));
	json_key_str(o, "ts", text);
}

static void put_number(struct json_out *o, const struct log_field *f)
{
	double n = (double)f->number;

	for (int i = 0; i < f->decimals; i++)
		n /= 10;
	if (f->decimals)
		json_put_fixed(o, n, f->decimals);
	else
		json_put_int(o, f->number);
}

/* False, and nothing written, when the member does not fit into the line any more. */
static bool put_field(struct json_out *o, const struct log_field *f)
{
	size_t before = o->to->len;
	bool comma = o->comma;

	if (!f->text && !f->is_number)
		return true;
	json_key(o, f->key);
	if (f->text)
		json_put_text(o, (struct slice){ f->text, strnlen(f->text, VALUE_MAX) });
	else
		put_number(o, f);
	if (!o->to->full)
		return true;
	o->to->len = before;
	o->to->full = false;
	o->comma = comma;
	return false;
}

static void write_line(const struct buf *line)
{
	ssize_t n;

	do {
		n = write(STDERR_FILENO, line->data, line->len);
	} while (n < 0 && errno == EINTR);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields)
{
	auto_buf line = BUF_INIT(LINE_MAX_BYTES - TAIL);
	struct json_out o = { .to = &line };
	const struct log_field head[] = {
		{ .key = "level", .text = level_name(level) },
		{ .key = "event", .text = event },
	};
	bool whole = true;

	if (level < least_level)
		return;
	json_begin(&o, '{');
	put_time(&o);
	put_field(&o, &head[0]);
	put_field(&o, &head[1]);
	for (const struct log_field *f = fields; f && f->key; f++)
		whole = put_field(&o, f) && whole;
	line.max = LINE_MAX_BYTES;
	if (!whole) {
		json_key_bool(&o, "cut", true);
	}
	json_end(&o, '}');
	buf_putc(&line, '\n');
	write_line(&line);
}

void log_text(enum log_level level, const char *event, const char *fmt, ...)
{
	char message[VALUE_MAX];
	va_list args;

	if (level < least_level)
		return;
	va_start(args, fmt);
	(void)vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	log_event(level, event, (const struct log_field[]){
		{ .key = "message", .text = message },
		{ .key = NULL },
	});
}
