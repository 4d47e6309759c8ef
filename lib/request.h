/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request over FastCGI.  One worker serves one at a time, so the FCGX handle is this file's
 * only static.  Parameters are read from an allow-list; one that comes twice is refused.
 */
#ifndef LIB_REQUEST_H
#define LIB_REQUEST_H

#include "lib/arena.h"
#include "lib/deadline.h"
#include "lib/error.h"

struct principal;                          /* the spine's; opaque here */

struct request {
	struct arena arena;
	const char *method;                /* as sent: "GET", "post" is another */
	const char *path;                  /* SCRIPT_NAME + PATH_INFO, decoded once by the web server */
	const char *query;                 /* undecoded, "" when none */
	const char *host;                  /* Host header, "" when none */
	const char *scheme;                /* "http" or "https" */
	const char *remote;                /* REMOTE_ADDR, for the log */
	const char *authorization;         /* header values; NULL when absent */
	const char *api_key;
	const char *content_type;
	char id[129];                      /* X-Request-ID if it is one of ours, else a fresh UUID */
	bool ambiguous;                    /* a parameter we read came twice: it is empty here */
	int64_t length;                    /* CONTENT_LENGTH; -1 = unknown.  A hint, never trusted */
	char *body;                        /* after request_read_body; json_parse writes into it */
	size_t body_len;
	size_t spooled;                    /* bytes of body mapped from a file, not in the arena */
	int64_t started_us;
	const struct principal *who;       /* set by the spine after authentication */
	const char *route;                 /* its pattern, set by the spine: one of a few, for log and metrics */
	const char *resource;              /* what it is about: the {id} of the path, a session's id */
};

struct request_options {
	int listen_fd;                     /* 0 when a process manager gave it as stdin */
	bool queue_ends;                   /* when told to stop, nobody can connect any more: who has is served */
	const char *spool_dir;             /* bodies above 1 MiB: unlinked files here */
	int64_t body_timeout_ms;           /* for one body to arrive */
};

/* Once per process, before the first request_accept. */
bool request_init(const struct request_options *o, struct error *err);
/* STOP: stop_fd became readable, or this process must be replaced.  NONE: none for a while. */
enum arrival { ARRIVAL_STOP, ARRIVAL_NONE, ARRIVAL_REQUEST };

/* Waits for the next one.  *req is reset first; its arena is kept between calls. */
enum arrival request_accept(struct request *req, int stop_fd);
/* TOO_LARGE above max bytes, counted as they arrive.  Reads nothing when max is 0. */
bool request_read_body(struct request *req, size_t max, struct error *err);
/* True once the web server has closed the connection: nobody reads the answer. */
bool request_is_gone(const struct request *req);
int request_fd(const struct request *req); /* to poll for that; POLLIN | POLLRDHUP */
bool request_write(const void *bytes, size_t len);         /* of the answer; false: nobody reads it */
bool request_end(struct request *req);     /* the answer is complete: what is left of it leaves now */
/* Ends the exchange, gives back the body.  False: not all of the answer could be sent. */
bool request_finish(struct request *req);

#endif
