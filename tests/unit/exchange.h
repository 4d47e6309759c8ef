/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real exchange over FastCGI: a child serves through lib/request.c on a unix socket, the test
 * is the web server and writes its records by hand.
 */
#ifndef TESTS_UNIT_EXCHANGE_H
#define TESTS_UNIT_EXCHANGE_H

#include "lib/request.h"
#include "lib/response.h"

enum { BEGIN_REQUEST = 1, ABORT_REQUEST = 2, PARAMS = 4, STDIN = 5 };

/* Starts the child; it gives each request to answer, which must end with request_finish. */
void exchange_serve(void (*answer)(struct request *req));
int exchange_stop(void);                   /* tells the child to end; its wait status */
void exchange_tell(const char *word);      /* the child to the test, */
bool exchange_told(const char *word, int64_t ms);  /* which waits for it */

struct exchange {
	struct buf sent, got;
};

void exchange_put(struct exchange *x, int type, const void *content, size_t len);
/* BEGIN_REQUEST and PARAMS: name, value, ..., NULL. */
void exchange_begin(struct exchange *x, const char *const *pairs);
/* STDIN in records of at most step bytes, and its end. */
void exchange_body(struct exchange *x, const char *bytes, size_t len, size_t step);
int exchange_connect(void);
/*
 * Sends in pieces of step bytes, reads until the end.  CGI header and body, until the next call.
 * exchange_read does the second half alone, and closes fd.
 */
const char *exchange_finish(struct exchange *x, size_t step);
const char *exchange_read(struct exchange *x, int fd);

#define BEGIN(...) exchange_begin(&x, (const char *const[]){ __VA_ARGS__, NULL })
#define CONTAINS(text, part) CU_ASSERT_PTR_NOT_NULL(strstr(text, part))

#endif
