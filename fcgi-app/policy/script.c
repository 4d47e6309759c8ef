/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/script.h"

#include "lib/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Our own names are bounded; nothing a client said comes here. */
__attribute__((format(printf, 2, 3)))
static struct slice print(struct call *c, const char *fmt, ...)
{
	char *at = c->room + c->used;
	size_t left = sizeof c->room - c->used;
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(at, left, fmt, args);
	va_end(args);
	assert(len >= 0 && (size_t)len < left);
	c->used += (size_t)len + 1;
	return (struct slice){ at, (size_t)len };
}

void call_key(struct call *c, const struct backend *b, const char *kind, const char *rest)
{
	assert(c->n_keys < SCRIPT_KEYS);
	c->keys[c->n_keys++] = print(c, "cg:{%s}:%s%s%s", b->config->deployment_id, kind,
	                             *rest != '\0' ? ":" : "", rest);
}

static void add(struct call *c, struct slice s)
{
	assert(c->n_args < SCRIPT_ARGS);
	c->args[c->n_args++] = s;
}

void call_text(struct call *c, const char *s)
{
	add(c, text_slice(s));
}

void call_int(struct call *c, int64_t n)
{
	add(c, print(c, "%" PRId64, n));
}

void call_prefix(struct call *c, const struct backend *b)
{
	add(c, print(c, "cg:{%s}:", b->config->deployment_id));
}

struct redisReply *call_run(const struct call *c, struct backend *b, struct redis_script *script,
                            struct error *err)
{
	return redis_run(b->redis, script, c->n_keys, c->keys, c->n_args, c->args, err);
}
