/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions live on: a Redis, a Docker daemon, and the names both go by.  One per process;
 * nothing else survives a request.
 */
#ifndef POLICY_BACKEND_H
#define POLICY_BACKEND_H

#include "fcgi-app/policy/config.h"
#include "lib/deadline.h"
#include "lib/docker.h"
#include "lib/redis.h"

struct metrics;
struct daemon_page;

struct backend {
	const struct config *config;
	struct redis *redis;
	struct docker *docker;
	char daemon_id[128];               /* of the Docker daemon; "" until it was asked */
	char daemon_name[128];
	struct daemon_page *page;          /* where one process tells the others; NULL: each asks */
	struct metrics *metrics;           /* where it is counted; NULL: nowhere */
	char deployment[33];               /* label of our containers; "" until read from Redis */
	/* What the request before left to be done once it is answered: session_tend. */
	struct {
		char name[32], scope[65];
	} doubt;                           /* of a reservation */
	bool pool_is_short, render_pool_is_short;
};

struct daemon_page *backend_map(void);     /* before the fork; aborts without memory */
/* Opens nothing yet: the first use connects. */
bool backend_open(struct backend *b, const struct config *config, struct error *err);
/* Could it?  What is wrong with the addresses goes to *problems; nothing is connected. */
bool backend_check(const struct config *config, struct buf *problems);
void backend_close(struct backend *b);
enum { IDENTIFY_MS = 5000 };               /* who has a client waiting gives it so long */
/* Fills the names, once they can be had.  UNAVAILABLE while Docker or Redis does not answer. */
bool backend_identify(struct backend *b, struct deadline deadline, struct error *err);
/* Asks Redis again, and restores the label there should it have lost it. */
bool backend_relabel(struct backend *b, struct error *err);

struct backend_health {
	bool docker, image, redis;
};

/* Asks all three, Redis first, for it has the shortest way; answers what it found in time. */
void backend_probe(struct backend *b, struct deadline deadline, struct backend_health *out);

#endif
