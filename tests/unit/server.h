/* SPDX-License-Identifier: Apache-2.0 */
/* A redis-server of the test's own, on a unix socket in a directory of its own. */
#ifndef TESTS_UNIT_SERVER_H
#define TESTS_UNIT_SERVER_H

#include <sys/types.h>

struct server {
	pid_t pid;
	char dir[64];
	char url[128];                     /* unix://<dir>/redis.sock */
};

/* Starts it and waits until it listens; exits with a bail-out when there is no redis-server. */
void server_start(struct server *s);
void server_stop(struct server *s);        /* kills it; the directory stays, for server_start again */
void server_finish(struct server *s);      /* and removes the directory */

#endif
