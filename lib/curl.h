/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl twice: one HTTP exchange with a body ceiling and a deadline, and a raw connection for
 * protocols that take the connection over.  No proxy, no redirect, HTTP only.
 */
#ifndef LIB_CURL_H
#define LIB_CURL_H

#include "lib/buf.h"
#include "lib/deadline.h"
#include "lib/error.h"

struct curl;                               /* an endpoint and its kept-alive connection */

struct curl_options {
	const char *endpoint;              /* unix:///path, tcp://host[:port], https://host[:port] */
	const char *cert_dir;              /* ca.pem, cert.pem, key.pem for TLS; NULL = none */
	int64_t connect_timeout_ms;
};

#define auto_curl __attribute__((cleanup(curl_close))) struct curl *

struct curl *curl_open(const struct curl_options *o, struct error *err);
void curl_close(struct curl **c);

struct curl_request {
	const char *method;
	const char *path_query;            /* "/path?query", sent as it is: the caller escapes */
	const char *json;                  /* NULL = no body */
};

struct curl_answer {
	unsigned status;
	struct buf body;                   /* the caller's, with its ceiling: above, UNAVAILABLE */
};

/* UNAVAILABLE when there is no whole answer before the deadline. */
bool curl_exchange(struct curl *c, const struct curl_request *ask, struct deadline deadline,
                   struct curl_answer *answer, struct error *err);
const char *curl_host(const struct curl *c);       /* for a Host header */

/* A new connection of its own to the same endpoint, TLS included.  c must outlive it. */
struct curl_raw;

#define auto_curl_raw __attribute__((cleanup(curl_raw_close))) struct curl_raw *

struct curl_raw *curl_raw_open(struct curl *c, struct deadline deadline, struct error *err);
void curl_raw_close(struct curl_raw **raw);
int curl_raw_fd(const struct curl_raw *raw);       /* for poll */
bool curl_raw_write(struct curl_raw *raw, const void *bytes, size_t len, struct deadline deadline,
                    struct error *err);
/* Waits for at least one byte.  *got 0: the peer closed.  TIMEOUT at the deadline. */
bool curl_raw_read(struct curl_raw *raw, void *room, size_t size, size_t *got,
                   struct deadline deadline, struct error *err);

#endif
