/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/stage.h"

#include "lib/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_backend(struct stage *s)
{
	if (!backend_open(&s->backend, &s->config, &s->err)) {
		printf("Bail out! backend: %s %s\n", s->err.msg, s->err.detail);
		exit(99);
	}
	(void)snprintf(s->backend.daemon_id, sizeof s->backend.daemon_id, "DAEMON:ONE");
}

static void load_defaults(struct stage *s)
{
	struct buf problems = BUF_INIT(65536);
	const char *url = s->server.url;

	clearenv();
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("REDIS_URL", url, 1);
	setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock", 1);
	setenv("APP_ENV", "test", 1);
	setenv("SANDBOX_POOL_SIZE", "0", 1);
	if (!config_load(&s->config, &s->arena, NULL, &problems)) {
		printf("Bail out! config: %s\n", problems.data);
		exit(99);
	}
	buf_finish(&problems);
}

void stage_open(struct stage *s)
{
	server_start(&s->server);
	load_defaults(s);
	open_backend(s);
}

void stage_reconnect(struct stage *s)
{
	backend_close(&s->backend);
	open_backend(s);
}

void stage_reset(struct stage *s)
{
	load_defaults(s);
	stage_reconnect(s);
	stage_redis(s, "FLUSHALL");
	(void)backend_identify(&s->backend, deadline_in_ms(1000), &s->err);
}

void stage_unlimited(struct stage *s)
{
	stage_reset(s);
	s->config.rate_limit_requests_per_window = 0;
	s->config.container_rate_limit_requests_per_window = 0;
}

void stage_close(struct stage *s)
{
	backend_close(&s->backend);
	server_finish(&s->server);
	arena_finish(&s->arena);
}

const struct principal *stage_principal(struct stage *s, const char *name)
{
	struct config keys = { .require_auth = true, .api_keys = arena_printf(&s->arena, "%s:%s", name, name) };
	struct auth auth = { .config = &keys };
	struct credentials given = { .authorization = arena_printf(&s->arena, "Bearer %s", name) };

	return auth_check(&auth, &s->arena, AUTH_API, given, &s->err);
}

const char *stage_session(struct stage *s, const struct principal *who)
{
	struct session session;
	struct reservation held;
	char half[ID_TOKEN], other[ID_TOKEN];

	id_token(half);
	id_token(other);
	if (!reserve(&s->backend, &s->arena, who, (struct session_options){ 0 }, &held, &s->err))
		return NULL;
	if (!reserve_commit(&s->backend, &s->arena, &held, arena_printf(&s->arena, "%s%s", half, other),
	                    &session, &s->err))
		return NULL;
	return session.id;
}

bool stage_admit(struct stage *s, const struct principal *who, const char *id, struct lease *out)
{
	struct claim claim = { .who = who, .session_id = id, .watch = { -1, -1 } };

	return limit_admit(&s->backend, &s->arena, &claim, out, &s->err);
}

bool stage_failed(const struct stage *s, enum err_kind kind, const char *msg)
{
	bool same = s->err.kind == kind && strcmp(s->err.msg, msg) == 0;

	if (!same)
		printf("# %s: %s (%s)\n", error_slug(s->err.kind), s->err.msg, s->err.detail);
	return same;
}

int64_t stage_redis(struct stage *s, const char *words)
{
	struct slice list = text_slice(words), argv[16];
	size_t argc = 0;

	while (argc < 16 && text_next_item(&list, ' ', &argv[argc]))
		argc++;

	auto_reply reply = redis_command(s->backend.redis, &s->err, argc, argv);

	return reply_int(reply);
}
