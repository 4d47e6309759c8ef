/* SPDX-License-Identifier: Apache-2.0 */
/* The answer: a status, a few headers, a body that is complete before the first byte leaves. */
#ifndef LIB_RESPONSE_H
#define LIB_RESPONSE_H

#include "lib/buf.h"
#include "lib/request.h"

enum { RESPONSE_HEADERS = 16 };

struct response {
	unsigned status;                   /* 200 unless set */
	const char *content_type;          /* "application/json" unless set */
	struct { const char *name, *value; } headers[RESPONSE_HEADERS];    /* arena */
	unsigned n_headers;
	struct buf body;
	size_t file_len;                   /* not 0: the body is so many bytes of this file instead */
	int file;
	const char *outcome;               /* one word on what became of it, for the log; NULL = none */
};

void response_init(struct response *res, size_t max_body);
/* The body is fd's first len bytes, at least one; fd is the response's from now on. */
void response_file(struct response *res, const char *content_type, int fd, size_t len);
/* value must live in the request's arena and hold no control character: else the header is dropped. */
void response_header(struct response *res, const char *name, const char *value);
/*
 * Sets status and {"detail": msg}, unless the body of a 400 or 422 was written already: a list, an
 * object.  Adds err's Retry-After to 429 and 503, WWW-Authenticate: Bearer to 401.
 */
void response_fail(struct response *res, struct request *req, const struct error *err);
/*
 * Sends everything; HEAD gets no body.  On every answer: X-Request-ID, both version headers,
 * Cache-Control: no-store, X-Content-Type-Options: nosniff; on 429 and 503 Retry-After.  False:
 * nobody took all of it.
 */
bool response_send(struct response *res, struct request *req);
void response_finish(struct response *res);

#endif
