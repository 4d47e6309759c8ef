/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dockerspec.h"

#include "lib/json.h"
#include "lib/text.h"

#include <string.h>

static void put_map(struct json_out *o, const char *key, const struct docker_pair *pairs)
{
	json_key(o, key);
	json_begin(o, '{');
	for (; pairs && pairs->key; pairs++)
		json_key_str(o, pairs->key, pairs->value);
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
	json_key_str(o, "Name", limit->key);
	for (int i = 0; i < 2; i++) {
		struct slice s = i ? hard : soft;
		size_t len = s.len < sizeof number - 1 ? s.len : sizeof number - 1;

		memcpy(number, s.at, len);
		number[len] = '\0';
		json_key_int(o, i ? "Hard" : "Soft", text_int(number, &n) ? n : 0);
	}
	json_end(o, '}');
}

/* What every container of ours gets, whatever was asked for. */
static void put_always(struct json_out *o)
{
	static const char *const all[] = { "ALL", NULL };

	json_key_strs(o, "CapDrop", all);
	json_key_bool(o, "Privileged", false);
	json_key_bool(o, "OomKillDisable", false);
	json_key_bool(o, "Init", false);
	json_key_bool(o, "PublishAllPorts", false);
	json_key_str(o, "CgroupnsMode", "private");
	json_key_str(o, "IpcMode", "private");
	json_key(o, "LogConfig");
	json_begin(o, '{');
	json_key_str(o, "Type", "none");
	json_end(o, '}');
	json_key(o, "RestartPolicy");
	json_begin(o, '{');
	json_key_str(o, "Name", "no");
	json_end(o, '}');
}

static void put_host_config(struct json_out *o, const struct docker_spec *s)
{
	json_key(o, "HostConfig");
	json_begin(o, '{');
	put_always(o);
	json_key_int(o, "Memory", s->memory_bytes);
	json_key_int(o, "MemorySwap", s->memory_bytes);
	json_key_int(o, "CpuPeriod", s->cpu_period_us);
	json_key_int(o, "CpuQuota", s->cpu_quota_us);
	json_key_int(o, "PidsLimit", s->pids);
	json_key_int(o, "ShmSize", s->shm_bytes);
	json_key_str(o, "NetworkMode", s->network);
	json_key_bool(o, "ReadonlyRootfs", s->read_only);
	json_key_bool(o, "AutoRemove", s->auto_remove);
	json_key_strs(o, "SecurityOpt", s->security_opt);
	put_map(o, "Tmpfs", s->tmpfs);
	json_key(o, "Ulimits");
	json_begin(o, '[');
	for (const struct docker_pair *l = s->ulimits; l && l->key; l++)
		put_ulimit(o, l);
	json_end(o, ']');
	if (s->runtime && *s->runtime)
		json_key_str(o, "Runtime", s->runtime);
	json_end(o, '}');
}

/* An image's own would be run by Docker, beside our PID 1. */
static void put_no_health_check(struct json_out *o)
{
	static const char *const none[] = { "NONE", NULL };

	json_key(o, "Healthcheck");
	json_begin(o, '{');
	json_key_strs(o, "Test", none);
	json_end(o, '}');
}

void dockerspec_print(const struct docker_spec *s, struct buf *to)
{
	struct json_out o = { .to = to };

	json_begin(&o, '{');
	json_key_str(&o, "Image", s->image);
	json_key_str(&o, "User", s->user);
	json_key_str(&o, "WorkingDir", s->workdir);
	json_key_str(&o, "Hostname", s->hostname);
	json_key_strs(&o, "Cmd", s->cmd);
	json_key_strs(&o, "Env", s->env);
	put_map(&o, "Labels", s->labels);
	json_key_bool(&o, "Tty", false);
	json_key_bool(&o, "OpenStdin", s->open_stdin);
	json_key_bool(&o, "StdinOnce", false);
	json_key_bool(&o, "AttachStdin", s->open_stdin);
	json_key_bool(&o, "AttachStdout", s->open_stdin);
	json_key_bool(&o, "AttachStderr", s->open_stdin);
	json_key_str(&o, "StopSignal", "SIGKILL");
	put_no_health_check(&o);
	put_host_config(&o, s);
	json_end(&o, '}');
}
