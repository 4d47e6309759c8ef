/* SPDX-License-Identifier: Apache-2.0 */
/* The container of a session, every hardening flag in one struct literal; and its end. */
#ifndef POLICY_SANDBOX_H
#define POLICY_SANDBOX_H

#include "fcgi-app/policy/talk.h"

#include "lib/digest.h"

#define SANDBOX_LABEL "deployment"         /* = backend.deployment, on each of ours */

/* What it is for: a session, or one rendering, with a renderer that stands by. */
enum sandbox_kind { SANDBOX_SESSION, SANDBOX_RENDER };

struct sandbox_request {
	enum sandbox_kind kind;
	const char *name;
	const char *image;
	int64_t uid;
	bool network;
	int64_t lifetime_s, idle_s;        /* until PID 1 ends it, whatever happens; with nothing to do */
};

/*
 * Creates and starts one.  id: the container's.  Never pulls an image: NOT_FOUND when it is
 * missing.  After a failure no container is left, unless Docker does not answer.
 */
bool sandbox_start(struct backend *b, const struct sandbox_request *want,
                   struct deadline deadline, char id[static 65], struct error *err);

/* Equal for two sandboxes that differ in nothing but name, image and uid, and our protocol. */
void sandbox_digest(struct backend *b, const struct sandbox_request *want,
                    char hex[static DIGEST_HEX]);

/* True once it has said that it speaks our protocol; from then on terms are its limits. */
bool sandbox_greet(struct backend *b, const struct terms *terms, struct error *err);

/* BYE, or after 200 ms a forced removal.  A container that is gone counts as ended. */
bool sandbox_end(struct backend *b, const char *id, uint64_t epoch, struct error *err);

#endif
