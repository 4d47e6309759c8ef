/* SPDX-License-Identifier: Apache-2.0 */
/* redis://[user][:password@]host[:port][/db] and unix://path[?db=n], taken apart. */
#ifndef LIB_REDISURL_H
#define LIB_REDISURL_H

#include "lib/error.h"

#include <stdint.h>

struct redis_url {
	char text[1024];                   /* the members below point into it: not to be moved */
	const char *path, *host, *user, *password;         /* path: a unix socket, then no host */
	int64_t port, database;
};

/* INVALID for one that is none. */
bool redis_url_parse(struct redis_url *u, const char *text, struct error *err);

#endif
