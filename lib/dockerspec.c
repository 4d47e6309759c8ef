/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dockerspec.h"

#include "lib/json.h"
#include "lib/text.h"

#include <string.h>

static void put_member(struct json_out *o, const char *key, const char *value)
{
	json_key(o, key);
	json_put_str(o, value);
}

static void put_number(struct json_out *o, const char *key, int64_t value)
{
	json_key(o, key);
	json_put_int(o, value);
}

static void put_flag(struct json_out *o, const char *key, bool value)
{
	json_key(o, key);
	json_put_bool(o, value);
}

static void put_list(struct json_out *o, const char *key, const char *const *list)
{
	json_key(o, key);
	json_begin(o, '[');
	for (; list && *list; list++)
		json_put_str(o, *list);
	json_end(o, ']');
}

static void put_map(struct json_out *o, const char *key, const struct docker_pair *pairs)
{
	json_key(o, key);
	json_begin(o, '{');
	for (; pairs && pairs->key; pairs++)
		put_member(o, pairs->key, pairs->value);
	json_end(o, '}');
}

/* "soft:hard"; one number stands for both. */
static void put_ulimit(struct json_out *o, const struct docker_pair *limit)
{
	struct slice rest = text_slice(limit->value);
	struct slice soft = rest, hard = rest;
	char number[32];
	int64_t n = 0;

	if (text_next_item(&rest, ':', &soft) && !text_next_item(&rest, ':', &hard))
		hard = soft;
	json_begin(o, '{');
	put_member(o, "Name", limit->key);
	for (int i = 0; i < 2; i++) {
		struct slice s = i ? hard : soft;
		size_t len = s.len < sizeof number - 1 ? s.len : sizeof number - 1;

		memcpy(number, s.at, len);
		number[len] = '\0';
		put_number(o, i ? "Hard" : "Soft", text_int(number, &n) ? n : 0);
	}
	json_end(o, '}');
}

/* What every container of ours gets, whatever was asked for. */
static void put_always(struct json_out *o)
{
	static const char *const all[] = { "ALL", NULL };

	put_list(o, "CapDrop", all);
	put_flag(o, "Privileged", false);
	put_flag(o, "OomKillDisable", false);
	put_flag(o, "Init", false);
	put_flag(o, "PublishAllPorts", false);
	put_member(o, "CgroupnsMode", "private");
	put_member(o, "IpcMode", "private");
	json_key(o, "LogConfig");
	json_begin(o, '{');
	put_member(o, "Type", "none");
	json_end(o, '}');
	json_key(o, "RestartPolicy");
	json_begin(o, '{');
	put_member(o, "Name", "no");
	json_end(o, '}');
}

static void put_host_config(struct json_out *o, const struct docker_spec *s)
{
	json_key(o, "HostConfig");
	json_begin(o, '{');
	put_always(o);
	put_number(o, "Memory", s->memory_bytes);
	put_number(o, "MemorySwap", s->memory_bytes);
	put_number(o, "CpuPeriod", s->cpu_period_us);
	put_number(o, "CpuQuota", s->cpu_quota_us);
	put_number(o, "PidsLimit", s->pids);
	put_number(o, "ShmSize", s->shm_bytes);
	put_member(o, "NetworkMode", s->network);
	put_flag(o, "ReadonlyRootfs", s->read_only);
	put_flag(o, "AutoRemove", s->auto_remove);
	put_list(o, "SecurityOpt", s->security_opt);
	put_map(o, "Tmpfs", s->tmpfs);
	json_key(o, "Ulimits");
	json_begin(o, '[');
	for (const struct docker_pair *l = s->ulimits; l && l->key; l++)
		put_ulimit(o, l);
	json_end(o, ']');
	if (s->runtime && *s->runtime)
		put_member(o, "Runtime", s->runtime);
	json_end(o, '}');
}

/* An image's own would be run by Docker, beside our PID 1. */
static void put_no_health_check(struct json_out *o)
{
	static const char *const none[] = { "NONE", NULL };

	json_key(o, "Healthcheck");
	json_begin(o, '{');
	put_list(o, "Test", none);
	json_end(o, '}');
}

void dockerspec_print(const struct docker_spec *s, struct buf *to)
{
	struct json_out o = { .to = to };

	json_begin(&o, '{');
	put_member(&o, "Image", s->image);
	put_member(&o, "User", s->user);
	put_member(&o, "WorkingDir", s->workdir);
	put_member(&o, "Hostname", s->hostname);
	put_list(&o, "Cmd", s->cmd);
	put_list(&o, "Env", s->env);
	put_map(&o, "Labels", s->labels);
	put_flag(&o, "Tty", false);
	put_flag(&o, "OpenStdin", s->open_stdin);
	put_flag(&o, "StdinOnce", false);
	put_flag(&o, "AttachStdin", s->open_stdin);
	put_flag(&o, "AttachStdout", s->open_stdin);
	put_flag(&o, "AttachStderr", s->open_stdin);
	put_member(&o, "StopSignal", "SIGKILL");
	put_no_health_check(&o);
	put_host_config(&o, s);
	json_end(&o, '}');
}
