/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few words of the Docker Engine API (1.41) we speak.  Knows how to say things, not what to
 * ask for.  Ids must have passed id_is_container; names and texts are escaped here.
 */
#ifndef LIB_DOCKER_H
#define LIB_DOCKER_H

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/deadline.h"
#include "lib/error.h"

struct docker;
struct curl;

struct docker_options {
	const char *host;                  /* "" = unix:///var/run/docker.sock; unix:// tcp:// https:// */
	const char *cert_dir;              /* "" = no TLS */
	int64_t timeout_ms;                /* of one call, unless its own deadline is sooner */
};

struct docker_pair {
	const char *key, *value;
};

/* What a create call may ask for; all texts borrowed, lists end with NULL / { NULL }. */
struct docker_spec {
	const char *image, *user, *workdir, *hostname;
	const char *const *cmd;
	const char *const *env;
	const struct docker_pair *labels;
	const struct docker_pair *tmpfs;   /* path, options */
	const struct docker_pair *ulimits; /* name, "soft:hard" */
	const char *network;               /* NetworkMode */
	const char *runtime;               /* "" = the daemon's default */
	const char *const *security_opt;
	int64_t memory_bytes, cpu_period_us, cpu_quota_us, pids, shm_bytes;
	bool read_only;
	bool open_stdin;                   /* OpenStdin, AttachStdin/Stdout/Stderr; StdinOnce stays false */
	bool auto_remove;
	/* Always said: CapDrop ALL, Privileged false, MemorySwap = memory, LogConfig none, */
	/* CgroupnsMode and IpcMode private, RestartPolicy no, Init false, StopSignal SIGKILL, no */
	/* health check. */
};

struct docker_container {
	const char *id;
	const char *name;                  /* without the leading slash */
	bool running;
	int64_t created_s;                 /* told by docker_list only */
};

struct docker *docker_open(const struct docker_options *o, struct error *err);
void docker_close(struct docker **d);
struct curl *docker_curl(struct docker *d);        /* its endpoint, for lib/attach.c; borrowed */

bool docker_ping(struct docker *d, struct deadline deadline, struct error *err);
/* The daemon's ID and Name. */
bool docker_info(struct docker *d, struct arena *arena, struct deadline deadline,
                 const char **id, const char **name, struct error *err);
/* NOT_FOUND when there is none; *id is its immutable "sha256:..." */
bool docker_image(struct docker *d, struct arena *arena, const char *image,
                  struct deadline deadline, const char **id, struct error *err);
/* body: dockerspec_print's.  Never pulls: a missing image is NOT_FOUND. */
bool docker_create(struct docker *d, const char *name, const struct buf *body,
                   struct deadline deadline, char id[static 65], struct error *err);
bool docker_start(struct docker *d, const char *id, struct deadline deadline, struct error *err);
/* NOT_FOUND when there is none. */
bool docker_inspect(struct docker *d, struct arena *arena, const char *id,
                    struct deadline deadline, struct docker_container *out, struct error *err);
enum { DOCKER_HEAD_MAX = 1024 };

/* The request that asks for a container's streams (lib/attach.c sends it); returns its length. */
size_t docker_attach_head(struct docker *d, const char *id, char head[static DOCKER_HEAD_MAX]);
/* Kills and removes; one that is gone, or being removed, counts as removed. */
bool docker_remove(struct docker *d, const char *id, struct deadline deadline, struct error *err);
/* All with the label key=value, running or not; *list ends with id NULL. */
bool docker_list(struct docker *d, struct arena *arena, const struct docker_pair *label,
                 struct deadline deadline, struct docker_container **list, struct error *err);

#endif
