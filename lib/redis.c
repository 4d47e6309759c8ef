/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/redis.h"

#include "lib/cleanup.h"
#include "lib/digest.h"
#include "lib/redisurl.h"
#include "lib/text.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
	MAX_ARGS = 64,
	MAX_IDLE_BUFFER = 64 * 1024,       /* hiredis gives larger ones back after a reply */
	MAX_ELEMENTS = 1024 * 1024,        /* of one reply; hiredis bounds its depth */
};

struct redis {
	redisContext *c;                   /* NULL: connect at the next use */
	struct timeval connect_timeout, timeout;
	struct redis_url url;
};

static struct timeval timeval_of_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

static void drop_connection(struct redis *r)
{
	if (r->c)
		redisFree(r->c);
	r->c = NULL;
}

static bool connection_failed(struct redis *r, const char *what, struct error *err)
{
	fail_hidden(err, ERR_UNAVAILABLE, "Redis: %s: %s", what,
	            r->c ? r->c->errstr : "out of memory");
	drop_connection(r);
	return false;
}

/* The server's own words; it will not do what we ask, so the caller must not believe it did. */
static bool refused(struct redis *r, const redisReply *reply, struct error *err)
{
	fail_hidden(err, ERR_UNAVAILABLE, "Redis: %.*s", (int)reply->len, reply->str);
	if (strncmp(reply->str, "READONLY", 8) == 0)
		drop_connection(r);        /* the next may reach the new primary */
	return false;
}

/* A command of the greeting; its answer must not be an error. */
static bool greet(struct redis *r, size_t argc, const char **argv, struct error *err)
{
	auto_reply reply = redisCommandArgv(r->c, (int)argc, argv, NULL);

	if (!reply)
		return connection_failed(r, argv[0], err);
	if (reply->type == REDIS_REPLY_ERROR) {
		refused(r, reply, err);
		drop_connection(r);
		return false;
	}
	return true;
}

static bool authenticate(struct redis *r, struct error *err)
{
	if (!r->url.password)
		return true;
	return r->url.user
	     ? greet(r, 3, (const char *[]){ "AUTH", r->url.user, r->url.password }, err)
	     : greet(r, 2, (const char *[]){ "AUTH", r->url.password }, err);
}

static bool choose_database(struct redis *r, struct error *err)
{
	char number[24];

	if (r->url.database == 0)
		return true;
	(void)snprintf(number, sizeof number, "%lld", (long long)r->url.database);
	return greet(r, 2, (const char *[]){ "SELECT", number }, err);
}

#if HIREDIS_MAJOR >= 1
static void bound_elements(redisReader *reader)
{
	reader->maxelements = MAX_ELEMENTS;
}
#else
/* This one makes room for whatever a list announces, before any of it has come. */
static struct {
	redisReplyObjectFunctions fn;      /* hiredis' own but for createArray */
	void *(*create_array)(const redisReadTask *, int);
} bounded;

static void *create_bounded_array(const redisReadTask *task, int n)
{
	return n <= MAX_ELEMENTS ? bounded.create_array(task, n) : NULL;
}

static void bound_elements(redisReader *reader)
{
	bounded.create_array = reader->fn->createArray;
	bounded.fn = *reader->fn;
	bounded.fn.createArray = create_bounded_array;
	reader->fn = &bounded.fn;
}
#endif

static bool connect_now(struct redis *r, struct error *err)
{
	r->c = r->url.path ? redisConnectUnixWithTimeout(r->url.path, r->connect_timeout)
	               : redisConnectWithTimeout(r->url.host, (int)r->url.port, r->connect_timeout);
	if (!r->c || r->c->err)
		return connection_failed(r, "connecting", err);
	if (redisSetTimeout(r->c, r->timeout) != REDIS_OK)
		return connection_failed(r, "setting the time-out", err);
	if (!r->url.path && redisEnableKeepAlive(r->c) != REDIS_OK)
		return connection_failed(r, "keeping the connection alive", err);
	(void)fcntl(r->c->fd, F_SETFD, FD_CLOEXEC);
	r->c->reader->maxbuf = MAX_IDLE_BUFFER;
	bound_elements(r->c->reader);
	return authenticate(r, err) && choose_database(r, err);
}

/* A server that closed while we were idle has sent its FIN, and nothing else can be there. */
static bool is_stale(const struct redis *r)
{
	struct pollfd p = { .fd = r->c->fd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

static bool be_connected(struct redis *r, struct error *err)
{
	if (r->c && is_stale(r))
		drop_connection(r);
	return r->c || connect_now(r, err);
}

struct redis *redis_open(const struct redis_options *o, struct error *err)
{
	auto_redis r = calloc(1, sizeof *r);

	if (!r)
		abort();
	r->connect_timeout = timeval_of_ms(o->connect_timeout_ms);
	r->timeout = timeval_of_ms(o->timeout_ms);
	return redis_url_parse(&r->url, o->url, err) ? steal_ptr(&r) : NULL;
}

void redis_close(struct redis **r)
{
	if (!*r)
		return;
	drop_connection(*r);
	explicit_bzero(*r, sizeof **r);
	free(*r);
	*r = NULL;
}

/*
 * Sends once.  Whether a command whose answer was lost was carried out cannot be known, so it is
 * not sent again; only a connection that died while idle is replaced (be_connected).
 */
static struct redisReply *send_once(struct redis *r, struct error *err, size_t argc,
                                    const struct slice *args)
{
	const char *argv[MAX_ARGS];
	size_t lens[MAX_ARGS];

	for (size_t i = 0; i < argc; i++) {
		argv[i] = args[i].at;
		lens[i] = args[i].len;
	}

	struct redisReply *reply = redisCommandArgv(r->c, (int)argc, argv, lens);

	if (!reply)
		connection_failed(r, "no answer", err);
	return reply;
}

static bool is_error(const struct redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

static struct redisReply *accepted(struct redis *r, struct redisReply *given, struct error *err)
{
	auto_reply reply = given;

	if (reply && reply->type == REDIS_REPLY_ERROR) {
		refused(r, reply, err);
		return NULL;
	}
	return steal_ptr(&reply);
}

struct redisReply *redis_command(struct redis *r, struct error *err, size_t argc,
                                 const struct slice *argv)
{
	if (argc > MAX_ARGS) {
		fail_hidden(err, ERR_INTERNAL, "Redis: %zu arguments", argc);
		return NULL;
	}
	return be_connected(r, err) ? accepted(r, send_once(r, err, argc, argv), err) : NULL;
}

bool redis_ping(struct redis *r, struct error *err)
{
	auto_reply reply = redis_command(r, err, 1, (struct slice[]){ { "PING", 4 } });

	return reply != NULL;
}

static struct timeval shorter(struct timeval a, struct timeval b)
{
	bool first = a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_usec < b.tv_usec;

	return first ? a : b;
}

bool redis_ping_by(struct redis *r, struct deadline deadline, struct error *err)
{
	struct timeval connect = r->connect_timeout, timeout = r->timeout;
	struct timeval step = timeval_of_ms(deadline_left_ms(deadline) / 4 + 1);

	r->connect_timeout = shorter(connect, step);
	r->timeout = shorter(timeout, step);
	if (r->c && redisSetTimeout(r->c, r->timeout) != REDIS_OK)
		drop_connection(r);

	bool answered = redis_ping(r, err);

	r->connect_timeout = connect;
	r->timeout = timeout;
	if (r->c && redisSetTimeout(r->c, timeout) != REDIS_OK)
		drop_connection(r);
	return answered;
}

struct redisReply *redis_run(struct redis *r, struct redis_script *script,
                             size_t n_keys, const struct slice *keys,
                             size_t n_args, const struct slice *args, struct error *err)
{
	struct slice argv[MAX_ARGS] = { { "EVALSHA", 7 } };
	char number[24];
	size_t argc = 3;

	if (n_keys + n_args + argc > MAX_ARGS) {
		fail_hidden(err, ERR_INTERNAL, "Redis: %zu script arguments", n_keys + n_args);
		return NULL;
	}
	if (!script->sha[0])
		digest_sha1_hex(script->sha, text_slice(script->text));
	(void)snprintf(number, sizeof number, "%zu", n_keys);
	argv[1] = text_slice(script->sha);
	argv[2] = text_slice(number);
	for (size_t i = 0; i < n_keys; i++)
		argv[argc++] = keys[i];
	for (size_t i = 0; i < n_args; i++)
		argv[argc++] = args[i];
	if (!be_connected(r, err))
		return NULL;

	auto_reply reply = send_once(r, err, argc, argv);

	if (reply && is_error(reply, "NOSCRIPT")) {
		redis_reply_free(&reply);
		argv[0] = text_slice("EVAL");
		argv[1] = text_slice(script->text);
		reply = send_once(r, err, argc, argv);
	}
	return accepted(r, steal_ptr(&reply), err);
}

void redis_reply_free(struct redisReply **reply)
{
	if (*reply)
		freeReplyObject(*reply);
	*reply = NULL;
}

size_t reply_count(const struct redisReply *reply)
{
	return reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

const struct redisReply *reply_item(const struct redisReply *reply, size_t i)
{
	return i < reply_count(reply) ? reply->element[i] : NULL;
}

struct slice reply_text(const struct redisReply *reply)
{
	if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
		return (struct slice){ "", 0 };
	return (struct slice){ reply->str, (size_t)reply->len };
}

int64_t reply_int(const struct redisReply *reply)
{
	int64_t n = 0;

	if (reply && reply->type == REDIS_REPLY_INTEGER)
		return reply->integer;
	return text_int(reply_text(reply).at, &n) ? n : 0;
}

bool reply_is_nil(const struct redisReply *reply)
{
	return !reply || reply->type == REDIS_REPLY_NIL;
}
