/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/sandbox.h"

#include "lib/dockerspec.h"
#include "lib/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BYE_MS = 200, GREET_MS = 10000, REMOVE_MS = 10000, END_MS = 10000 };
enum { INODE_BYTES = 16384, BODY_MAX = 256 * 1024 };       /* a seccomp profile is the most of it */

/* Inodes cost kernel memory, so they are counted, too. */
static const char *tmpfs(struct arena *arena, const struct config *c, int64_t uid, int64_t size,
                         const char *more)
{
	return arena_printf(arena, "rw,nosuid,nodev,size=%" PRId64 ",nr_inodes=%" PRId64
	                    ",uid=%" PRId64 ",gid=%" PRId64 ",%s",
	                    size, size / INODE_BYTES, uid, c->sandbox_gid, more);
}

struct sizes {
	int64_t memory, cpu_period_us, cpu_quota_us, pids, tmp, shm, home;
};

static struct sizes sizes_of(const struct config *c, enum sandbox_kind kind)
{
	if (kind == SANDBOX_RENDER)
		return (struct sizes){
			.memory = c->render_sandbox_mem_limit,
			.cpu_period_us = c->render_sandbox_cpu_period,
			.cpu_quota_us = c->render_sandbox_cpu_quota,
			.pids = c->render_sandbox_pids_limit,
			.tmp = c->render_sandbox_tmp_root_size,
			.shm = c->render_sandbox_shm_size,
			.home = c->render_sandbox_home_tmpfs_size,
		};
	return (struct sizes){
		.memory = c->sandbox_mem_limit,
		.cpu_period_us = c->sandbox_cpu_period,
		.cpu_quota_us = c->sandbox_cpu_quota,
		.pids = c->sandbox_pids_limit,
		.tmp = c->sandbox_tmp_root_size,
		.shm = c->sandbox_shm_size,
		.home = c->sandbox_home_tmpfs_size,
	};
}

/* It can hold programs only where pip may bring some: compiled packages are mapped like those. */
static const char *home_mode(const struct config *c, enum sandbox_kind kind)
{
	return kind == SANDBOX_SESSION && c->allow_pip_installs ? "exec,mode=0700"
	                                                         : "noexec,mode=0700";
}

/* Docker wants the profile itself, as its client sends it; Podman takes a path of its own, too. */
static const char *seccomp(struct arena *arena, const struct config *c)
{
	bool by_path = c->seccomp_profile[0] == '\0';

	return arena_printf(arena, "seccomp=%s",
	                    by_path ? c->seccomp_profile_daemon_path : c->seccomp_profile);
}

static void describe(const struct backend *b, struct arena *arena,
                     const struct sandbox_request *want, struct buf *body)
{
	const struct config *c = b->config;
	const struct sizes sizes = sizes_of(c, want->kind);
	const struct docker_spec spec = {
		.image = want->image,
		.user = arena_printf(arena, "%" PRId64 ":%" PRId64, want->uid, c->sandbox_gid),
		.workdir = "/home/sandbox",
		.hostname = "sandbox",
		.cmd = (const char *const[]){
			"--lifetime", arena_printf(arena, "%" PRId64, want->lifetime_s),
			"--idle", arena_printf(arena, "%" PRId64, want->idle_s),
			want->kind == SANDBOX_RENDER ? "--standby" : NULL, NULL,
		},
		.env = (const char *const[]){
			"HOME=/home/sandbox",
			"MPLBACKEND=Agg",
			"PYTHONDONTWRITEBYTECODE=1",
			"PYTHONIOENCODING=utf-8",
			"PYTHONUNBUFFERED=1",
			"TMPDIR=/tmp/misc",
			"XDG_CACHE_HOME=/tmp/.cache",
			NULL,
		},
		.labels = (const struct docker_pair[]){
			{ "managed-by", "code-gateway" },
			{ SANDBOX_LABEL, b->deployment },
			{ NULL, NULL },
		},
		.tmpfs = (const struct docker_pair[]){
			{ "/home/sandbox", tmpfs(arena, c, want->uid, sizes.home,
			                          home_mode(c, want->kind)) },
			{ "/tmp", tmpfs(arena, c, want->uid, sizes.tmp, "noexec,mode=1777") },
			{ NULL, NULL },
		},
		.ulimits = (const struct docker_pair[]){
			{ "core", "0:0" },
			{ "nofile", "1024:4096" },
			{ NULL, NULL },
		},
		.network = want->network ? c->sandbox_network_mode : "none",
		.runtime = c->sandbox_runtime,
		.security_opt = (const char *const[]){
			"no-new-privileges:true",
			c->use_docker_default_seccomp ? NULL : seccomp(arena, c),
			NULL,
		},
		.memory_bytes = sizes.memory,
		.cpu_period_us = sizes.cpu_period_us,
		.cpu_quota_us = sizes.cpu_quota_us,
		.pids = sizes.pids,
		.shm_bytes = sizes.shm,
		.read_only = c->sandbox_read_only_rootfs,
		.open_stdin = true,
		.auto_remove = true,
	};

	dockerspec_print(&spec, body);
}

static bool start(struct backend *b, const char *id, struct deadline deadline, struct error *err)
{
	struct error ignored = { 0 };

	if (docker_start(b->docker, id, deadline, err))
		return true;
	docker_remove(b->docker, id, deadline_in_ms(REMOVE_MS), &ignored);
	if (err->kind == ERR_NOT_FOUND)    /* not the image: that is what NOT_FOUND says of create */
		err->kind = ERR_INTERNAL;
	return false;
}

bool sandbox_start(struct backend *b, const struct sandbox_request *want,
                   struct deadline deadline, char id[static 65], struct error *err)
{
	auto_buf body = BUF_INIT(BODY_MAX);
	struct arena arena = { 0 };

	describe(b, &arena, want, &body);
	arena_finish(&arena);
	return docker_create(b->docker, want->name, &body, deadline, id, err)
	    && start(b, id, deadline, err);
}

void sandbox_digest(struct backend *b, const struct sandbox_request *want,
                    char hex[static DIGEST_HEX])
{
	auto_buf body = BUF_INIT(BODY_MAX);
	struct sandbox_request any = *want;
	struct arena arena = { 0 };

	any.image = "";
	any.uid = 0;
	describe(b, &arena, &any, &body);

	const struct slice parts[] = {
		buf_slice(&body),
		text_slice(arena_printf(&arena, " %d", WIRE_PROTOCOL)),
	};

	digest_hex(hex, parts, sizeof parts / sizeof *parts);
	arena_finish(&arena);
}

bool sandbox_greet(struct backend *b, const struct terms *terms, struct error *err)
{
	struct deadline deadline = deadline_in_ms(GREET_MS);
	auto_talk talk;

	return talk_begin(&talk, b, terms, deadline, err) && talk_wait(&talk, deadline, err);
}

/* True: it has ended. */
static bool say_bye(struct backend *b, const char *id, uint64_t epoch)
{
	struct deadline deadline = deadline_in_ms(BYE_MS);
	struct terms terms = { .id = id, .epoch = epoch, .idle_ms = END_MS, .lifetime_ms = END_MS };
	struct error err = { 0 };
	auto_talk talk;

	if (!talk_begin(&talk, b, &terms, deadline, &err))
		return err.kind == ERR_NOT_FOUND;
	return talk_bye(&talk, deadline, &err) || (err.kind == ERR_NOT_FOUND && !talk.foreign);
}

bool sandbox_end(struct backend *b, const char *id, uint64_t epoch, struct error *err)
{
	struct error cause = { 0 };

	if (say_bye(b, id, epoch)
	    || docker_remove(b->docker, id, deadline_in_ms(REMOVE_MS), &cause))
		return true;
	fail(err, ERR_UNAVAILABLE, "The sandbox could not be removed yet. Please retry shortly.");
	err->retry_after_s = 1;
	(void)snprintf(err->detail, sizeof err->detail, "%.239s", error_reason(&cause));
	return false;
}
