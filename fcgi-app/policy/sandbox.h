/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container of a session: every hardening flag in one struct literal, and the conversation
 * with its PID 1 (lib/wire).
 */
#ifndef POLICY_SANDBOX_H
#define POLICY_SANDBOX_H

#include "fcgi-app/policy/backend.h"
#include "lib/attach.h"
#include "lib/wire/frame.h"
#include "lib/wire/message.h"

struct sandbox_request {
	int64_t uid;
	bool network;
	int64_t lifetime_s;                /* until PID 1 ends it, whatever happens */
};

/* Creates and starts one.  id: the container's.  Never pulls an image. */
bool sandbox_start(struct backend *b, const struct sandbox_request *want,
                   struct deadline deadline, char id[static 65], struct error *err);

/* A conversation: attached, synced, READY seen. */
struct talk {
	struct attach *attach;
	struct frame_decoder decoder;
	struct slice input;                /* read but not decoded */
	uint8_t room[FRAME_MAX_OUT];
};

#define auto_talk __attribute__((cleanup(talk_end))) struct talk

/*
 * NOT_FOUND: the container is gone, or speaks another protocol: the session is lost.  epoch
 * fences: a sandbox that has seen a higher one stays silent, which is UNAVAILABLE.
 */
bool talk_begin(struct talk *t, struct backend *b, const char *id, uint64_t epoch,
                struct deadline deadline, struct error *err);
bool talk_send(struct talk *t, enum frame_type type, const void *payload, size_t len,
               struct deadline deadline, struct error *err);
/* The next frame, borrowed until the next call.  NOT_FOUND: the container is gone.  TIMEOUT. */
bool talk_next(struct talk *t, struct frame *out, struct deadline deadline, struct error *err);
void talk_end(struct talk *t);

/* BYE, or after 200 ms a forced removal.  A container that is gone counts as ended. */
bool sandbox_end(struct backend *b, const char *id, uint64_t epoch, struct error *err);

#endif
