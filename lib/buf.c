/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 256 };

/* The ceiling that counts: one byte is the NUL's, and sizes stay below PTRDIFF_MAX. */
static size_t ceiling(const struct buf *b)
{
	return b->max < PTRDIFF_MAX ? b->max : PTRDIFF_MAX - 1;
}

static void grow(struct buf *b, size_t need)
{
	size_t most = ceiling(b) + 1;
	size_t room = b->room < ROOM_MIN ? ROOM_MIN : b->room;

	while (room < need)
		room += room / 2;
	if (room > most)
		room = most;
	b->data = realloc(b->data, room);
	if (!b->data)
		abort();
	b->room = room;
}

char *buf_reserve(struct buf *b, size_t len)
{
	if (b->full || len > ceiling(b) - b->len) {
		b->full = true;
		return NULL;
	}
	if (b->room < b->len + len + 1)
		grow(b, b->len + len + 1);
	b->data[b->len + len] = '\0';
	return b->data + b->len;
}

bool buf_append(struct buf *b, const void *bytes, size_t len)
{
	char *at = buf_reserve(b, len);

	if (!at)
		return false;
	if (len)
		memcpy(at, bytes, len);
	b->len += len;
	return true;
}

bool buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

bool buf_putc(struct buf *b, char c)
{
	return buf_append(b, &c, 1);
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);

	int len = vsnprintf(NULL, 0, fmt, args);

	va_end(args);
	if (len < 0)
		abort();

	char *at = buf_reserve(b, (size_t)len);

	if (!at)
		return false;
	va_start(args, fmt);
	(void)vsnprintf(at, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
	return true;
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->data ? b->data : "", b->len };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data)
		b->data[0] = '\0';
}

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT(b->max);
}
