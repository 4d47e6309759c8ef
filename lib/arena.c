/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

/* Under AddressSanitizer what was not handed out is out of bounds, a gap behind each piece too. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GAP = 32 };
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
enum { GAP = 0 };
#endif

enum { ALIGN = alignof(max_align_t), BLOCK_SIZE = 32768 };

struct arena_block {
	struct arena_block *next;
	size_t size;                       /* of bytes[] */
	alignas(max_align_t) char bytes[];
};

static struct arena_block *new_block(size_t size)
{
	struct arena_block *b = malloc(sizeof *b + size);

	if (!b)
		abort();
	b->next = NULL;
	b->size = size;
	ASAN_POISON_MEMORY_REGION(b->bytes, size);
	return b;
}

static void free_block(struct arena_block *b)
{
	ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
	free(b);
}

/* Room for size bytes, a multiple of ALIGN, in the newest block or one made for it. */
static char *find_room(struct arena *a, size_t size)
{
	struct arena_block *newest = a->blocks;

	if (newest && newest->size - a->used >= size) {
		char *at = newest->bytes + a->used;

		a->used += size;
		return at;
	}

	bool large = size > BLOCK_SIZE / 4;
	struct arena_block *b = new_block(large ? size : BLOCK_SIZE);

	if (newest && large) {             /* behind the newest, which stays in use */
		b->next = newest->next;
		newest->next = b;
		return b->bytes;
	}
	b->next = newest;
	a->blocks = b;
	a->used = size;
	return b->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t whole;

	if (__builtin_add_overflow(size, GAP + ALIGN - 1, &whole) ||
	    whole > SIZE_MAX / 2)
		abort();

	char *at = find_room(a, whole / ALIGN * ALIGN);

	ASAN_UNPOISON_MEMORY_REGION(at, size);
	return memset(at, 0, size);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	if (len == SIZE_MAX)
		abort();

	char *copy = arena_alloc(a, len + 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	return (struct slice){ arena_strndup(a, s.at, s.len), s.len };
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);

	int len = vsnprintf(NULL, 0, fmt, args);

	va_end(args);
	if (len < 0)
		abort();

	char *s = arena_alloc(a, (size_t)len + 1);

	va_start(args, fmt);
	(void)vsnprintf(s, (size_t)len + 1, fmt, args);
	va_end(args);
	return s;
}

void arena_reset(struct arena *a)
{
	struct arena_block *kept = NULL;

	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		if (!kept && b->size == BLOCK_SIZE)
			kept = b;
		else
			free_block(b);
	}
	if (kept) {
		kept->next = NULL;
		ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size);
	}
	*a = (struct arena){ .blocks = kept };
}

void arena_finish(struct arena *a)
{
	for (struct arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free_block(b);
	}
	*a = (struct arena){ 0 };
}
