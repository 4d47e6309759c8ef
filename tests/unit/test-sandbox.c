/* SPDX-License-Identifier: Apache-2.0 */
/* What the container of a session is made of: sandbox's part of a creation. */
#include "fcgi-app/policy/session.h"

#include "tests/unit/engine.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>

static struct stage s;
static struct engine engine;
static const struct principal *alice;

static void fresh(void)
{
	engine_fresh(&engine, &s);
	alice = stage_principal(&s, "alice");
}

static bool create(const struct principal *who, struct session *out)
{
	return session_create(&s.backend, &s.arena, who, (struct session_options){ 0 }, out, &s.err);
}

static bool body_has(const char *text)
{
	bool has = strstr(engine.state->body, text) != NULL;

	if (!has)
		printf("# not asked for: %s\n", text);
	return has;
}

static void its_container_is_hardened(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT(body_has(arena_printf(&s.arena, "\"User\":\"%lld:10001\"", (long long)made.uid)));
	CU_ASSERT(body_has("\"Image\":\"code-sandbox:latest\""));
	CU_ASSERT(body_has("\"Hostname\":\"sandbox\""));
	CU_ASSERT(body_has("\"Cmd\":[\"--lifetime\",\"3780\",\"--idle\",\"1260\"]"));
	CU_ASSERT(body_has("\"Env\":[\"HOME=/home/sandbox\",\"MPLBACKEND=Agg\",\"PYTHONDONTWRITEBYTECODE=1\","
	                   "\"PYTHONIOENCODING=utf-8\",\"PYTHONUNBUFFERED=1\",\"TMPDIR=/tmp/misc\","
	                   "\"XDG_CACHE_HOME=/tmp/.cache\"]"));
	CU_ASSERT(body_has(arena_printf(&s.arena, "\"Labels\":{\"managed-by\":\"code-gateway\",\"deployment\":\"%s\"}",
	                                s.backend.deployment)));
	CU_ASSERT(body_has(arena_printf(&s.arena, "\"/home/sandbox\":\"rw,nosuid,nodev,size=268435456,"
	                                "nr_inodes=16384,uid=%lld,gid=10001,noexec,mode=0700\"", (long long)made.uid)));
	CU_ASSERT(body_has(arena_printf(&s.arena, "\"/tmp\":\"rw,nosuid,nodev,size=536870912,"
	                                "nr_inodes=32768,uid=%lld,gid=10001,noexec,mode=1777\"", (long long)made.uid)));
	CU_ASSERT(body_has("\"SecurityOpt\":[\"no-new-privileges:true\"]"));
	CU_ASSERT(body_has("\"NetworkMode\":\"none\""));
	CU_ASSERT(body_has("\"Memory\":536870912"));
	CU_ASSERT(body_has("\"PidsLimit\":256"));
	CU_ASSERT(body_has("\"ShmSize\":134217728"));
	CU_ASSERT(body_has("\"ReadonlyRootfs\":true"));
	CU_ASSERT(body_has("\"AutoRemove\":true"));
	CU_ASSERT(body_has("{\"Name\":\"core\",\"Soft\":0,\"Hard\":0}"));
	CU_ASSERT(strstr(engine.state->body, "alice") == NULL);
	CU_ASSERT_EQUAL(strncmp(engine.state->containers[0].name, "sandbox-", 8), 0);
	CU_ASSERT_EQUAL(strlen(engine.state->containers[0].name), 20);
}

static void a_profile_is_sent_or_named(void)
{
	struct session made;

	fresh();
	s.config.use_docker_default_seccomp = false;
	s.config.seccomp_profile_daemon_path = "/etc/profile.json";
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT(body_has("\"SecurityOpt\":[\"no-new-privileges:true\",\"seccomp=/etc/profile.json\"]"));
	s.config.seccomp_profile = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT(body_has("\"seccomp={\\\"defaultAction\\\": \\\"SCMP_ACT_ALLOW\\\"}\"]"));
}

static void a_network_is_what_the_settings_give(void)
{
	struct session made;

	fresh();
	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ .network = true }, &made, &s.err));
	CU_ASSERT_FALSE(made.network);
	CU_ASSERT(body_has("\"NetworkMode\":\"none\""));
	s.config.sandbox_network_mode = "bridge";
	CU_ASSERT_FATAL(session_create(&s.backend, &s.arena, alice, (struct session_options){ .network = true }, &made, &s.err));
	CU_ASSERT(made.network);
	CU_ASSERT(body_has("\"NetworkMode\":\"bridge\""));
}

static void home_holds_programs_where_pip_may_bring_some(void)
{
	struct session made;

	fresh();
	s.config.allow_pip_installs = true;
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT(body_has("gid=10001,exec,mode=0700\""));
	CU_ASSERT(body_has("gid=10001,noexec,mode=1777\""));
	CU_ASSERT(body_has("\"Cmd\":[\"--lifetime\",\"3900\",\"--idle\",\"1260\"]"));
}

static bool create_with_env(const char *source)
{
	struct session made;

	s.config.sandbox_env_source_path = source;
	s.err = (struct error){ 0 };
	return session_create(&s.backend, &s.arena, alice, (struct session_options){ .inject_env = true }, &made, &s.err)
	    && made.inject_env;
}

#define NO_SOURCE "Sandbox env injection was requested, but no readable env source file is configured."

static void an_env_file_must_be_allowed_and_there(void)
{
	struct session made;

	fresh();
	s.config.container_rate_limit_requests_per_window = 1;
	CU_ASSERT_FALSE(create_with_env("/proc/version"));
	CU_ASSERT(stage_failed(&s, ERR_INVALID, "Sandbox env injection is disabled."));
	s.config.allow_sandbox_env_injection = true;
	CU_ASSERT_FALSE(create_with_env("/nonexistent"));
	CU_ASSERT(stage_failed(&s, ERR_INVALID, NO_SOURCE));
	CU_ASSERT_FALSE(create_with_env("/proc"));
	CU_ASSERT(stage_failed(&s, ERR_INVALID, NO_SOURCE));
	CU_ASSERT_FALSE(create_with_env("/dev/zero"));
	CU_ASSERT(stage_failed(&s, ERR_INVALID, NO_SOURCE));
	CU_ASSERT(create_with_env("/proc/version"));
	s.config.container_rate_limit_requests_per_window = 0;
	CU_ASSERT_FATAL(create(alice, &made));
	CU_ASSERT_FALSE(made.inject_env);
}

static void each_has_a_uid_of_its_own(void)
{
	struct session made;
	int64_t seen[16];

	fresh();
	s.config.max_containers_per_principal = 100;
	s.config.sandbox_uid_range = 16;
	for (int i = 0; i < 16; i++) {
		CU_ASSERT_FATAL(create(alice, &made));
		seen[i] = made.uid;
		for (int j = 0; j < i; j++)
			CU_ASSERT(seen[j] != seen[i]);
	}
	CU_ASSERT_FALSE(create(alice, &made));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(engine.state->creates, 16);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "its container is hardened", its_container_is_hardened },
		{ "a profile is sent or named", a_profile_is_sent_or_named },
		{ "a network is what the settings give", a_network_is_what_the_settings_give },
		{ "HOME holds programs where pip may bring some", home_holds_programs_where_pip_may_bring_some },
		{ "an env file must be allowed and there", an_env_file_must_be_allowed_and_there },
		{ "each has a uid of its own", each_has_a_uid_of_its_own },
		{ NULL, NULL },
	};

	engine_start(&engine, peer_polite);
	stage_open(&s);

	int status = tap_run("session", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
