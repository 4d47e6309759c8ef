/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the line of route.def a request asks for: exact paths, one {id} at most, as last segment.
 * Whatever needs no line of it ends here, before anyone is asked who he is.
 */
#ifndef APP_ROUTE_H
#define APP_ROUTE_H

#include "fcgi-app/api/api.h"
#include "fcgi-app/policy/auth.h"

/* Short routes are always served; long ones take a place in the bulkhead first. */
enum route_length { ROUTE_SHORT, ROUTE_LONG };

struct route {
	const char *method, *pattern;      /* GET answers HEAD, too */
	enum auth_class auth;
	enum route_length length;
	size_t body_max;                   /* where struct config has it; 0 = no body is read */
	handler *handle;
};

/*
 * Sets req->route and req->resource.  A path with one slash too many has a route of its own.
 * TOO_LARGE by the length a request declares, even for an unknown path;
 * NOT_FOUND; METHOD, with Allow in res.
 */
const struct route *route_find(const struct config *c, struct request *req, struct response *res,
                               struct error *err);
const char *const *route_patterns(void);   /* of every line; ends with NULL */
size_t route_body_max(const struct route *route, const struct config *c);

#endif
