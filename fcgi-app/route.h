/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the line of route.def a request asks for: exact paths, one {id} at most. */
#ifndef APP_ROUTE_H
#define APP_ROUTE_H

#include "fcgi-app/api/api.h"
#include "fcgi-app/policy/auth.h"

/* Short routes are always served; long ones take a place in the bulkhead first. */
enum route_length { ROUTE_SHORT, ROUTE_LONG };

struct route {
	const char *method, *pattern;      /* the pattern is the metrics label, too */
	enum auth_class auth;
	enum route_length length;
	size_t body_max;                   /* 0 = no body is read; else a setting's value */
	handler *handle;
};

#endif
