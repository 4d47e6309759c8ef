/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container engine that is none: a process answers the calls of lib/docker on a unix socket,
 * keeps a list of containers that do not exist, and lets a test's function speak for their PID 1.
 */
#ifndef TESTS_UNIT_ENGINE_H
#define TESTS_UNIT_ENGINE_H

#include "lib/wire/frame.h"
#include "lib/wire/message.h"
#include "tests/unit/stage.h"

#include <stdatomic.h>
#include <sys/types.h>

enum { ENGINE_CONTAINERS = 256, ENGINE_BODY = 8192 };

/* Shared with the process: a test reads what happened and says what is to go wrong. */
struct engine_state {
	atomic_int creates, starts, attaches, inspects, removes;
	atomic_int act;                    /* for the talk: a test says which */
	atomic_bool no_image, create_fails, start_fails, attach_fails, remove_fails, silent;
	char body[ENGINE_BODY];            /* of the last create */
	atomic_int n;
	struct engine_container {
		char id[65], name[64];
		atomic_bool there, running;
	} containers[ENGINE_CONTAINERS];
};

/* PID 1's side of one attach. */
struct peer {
	int fd;
	struct engine_state *state;
	struct frame_decoder decoder;
	uint8_t room[FRAME_MAX_IN], bytes[65536];
	const uint8_t *at;
	size_t len;
	struct sync sync;                  /* the last one */
};

typedef void peer_talk(struct peer *p);

struct engine {
	char dir[64], host[96];
	struct engine_state *state;
	pid_t pid;
};

void engine_start(struct engine *e, peer_talk *talk);
void engine_stop(struct engine *e);
/* Empty it and Redis; default settings, no rate of creations, and this engine for a daemon. */
void engine_fresh(struct engine *e, struct stage *s);
int engine_there(const struct engine *e);          /* containers that exist */
struct engine_container *engine_find(const struct engine *e, const char *id);
void engine_add(struct engine *e, const char *id, const char *name);   /* nobody created it */

/* False when the gateway has gone. */
bool peer_next(struct peer *p, struct frame *f);
void peer_put(struct peer *p, enum frame_type type, const void *payload, size_t len);
void peer_write(struct peer *p, const void *bytes, size_t len);    /* not a frame */
/* Takes frames up to and with this one, answering SYNC with READY on the way. */
bool peer_await(struct peer *p, enum frame_type type);
void peer_exit(struct peer *p, const struct run_exit *e);
/* Says READY to SYNC and BYE to BYE. */
void peer_polite(struct peer *p);

#endif
