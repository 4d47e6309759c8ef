/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule of contract 8.3: settings that trip it, and what is said then; settings that pass. */
#include "fcgi-app/policy/setting.h"

#include "tests/unit/tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTINGS_MAX = 5 };

struct row {
	const char *unfit[SETTINGS_MAX];   /* on top of the base, which they replace where they meet */
	const char *told;                  /* all of it */
	const char *fit[SETTINGS_MAX];
};

static struct arena arena;
static struct buf problems = BUF_INIT(65536);
static struct config config;
static char certificates[] = "/tmp/test-safety-XXXXXX";

static void set(const char *setting)
{
	putenv(arena_strdup(&arena, setting));
}

static bool check(const char *const *base, const char *const *more)
{
	clearenv();
	for (; *base != NULL; base++)
		set(*base);
	set(arena_printf(&arena, "DOCKER_CERT_PATH=%s", certificates));
	for (int i = 0; i < SETTINGS_MAX && more[i] != NULL; i++)
		set(more[i]);
	buf_reset(&problems);

	bool read = config_load(&config, &arena, NULL, &problems);

	return config_check(&config, &problems) && read;
}

/* A failure is told by its row. */
static void must(bool holds, const char *setting, const char *got)
{
	const char *text = arena_printf(&arena, "%s: %s", setting != NULL ? setting : "", got);

	CU_assertImplementation(holds, 0, text, "row", "", CU_FALSE);
}

/* Each line begins with a setting, which has the verdict. */
static void must_name_settings(const char *said)
{
	while (*said != '\0') {
		size_t len = strspn(said, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		const char *name = arena_strndup(&arena, said, len);

		must(setting_find(name) != NULL, name, said);
		said = strchr(said, '\n') + 1;
	}
}

static void check_rows(const char *const *base, const struct row *row)
{
	for (; row->told != NULL; row++) {
		bool refused = !check(base, row->unfit);
		const char *said = problems.len > 0 ? problems.data : "";

		must(refused && strcmp(said, row->told) == 0, row->unfit[0], said);
		must_name_settings(row->told);
		must(check(base, row->fit), row->fit[0], problems.len > 0 ? problems.data : "");
	}
}

#define SECRET "0123456789abcdef0123456789abcdef"

static const char *const trial[] = { "APP_ENV=development", NULL };
static const char *const production[] = {
	"API_KEYS=a:" SECRET, "DOCKER_HOST=tcp://engine:2376", "DOCKER_TLS_VERIFY=1",
	"SANDBOX_IMAGE=code-sandbox:1.2", "CORS_ALLOW_ORIGINS=https://chat.example.org",
	"REDIS_URL=redis://state:6379/0", NULL,
};
static const char *const beta[] = {
	"APP_ENV=public_beta", "SANDBOX_RUNTIME=runsc",
	"API_KEYS=a:" SECRET, "DOCKER_HOST=tcp://engine:2376", "DOCKER_TLS_VERIFY=1",
	"SANDBOX_IMAGE=code-sandbox:1.2", "CORS_ALLOW_ORIGINS=https://chat.example.org",
	"REDIS_URL=redis://state:6379/0", NULL,
};

static void numbers_have_ranges(void)
{
	static const struct row rows[] = {
		{ { "DOCKER_CLIENT_TIMEOUT=0" }, "DOCKER_CLIENT_TIMEOUT is \"0\", must be a whole number from 1 to 86400\n", { "DOCKER_CLIENT_TIMEOUT=1" } },
		{ { "MAX_REQUEST_BODY_SIZE=0" }, "MAX_REQUEST_BODY_SIZE is \"0\", must be a size such as 1048576 or 512m, from 1 to 1g\n", { "MAX_REQUEST_BODY_SIZE=1", "MAX_INPUT_FILE_SIZE=1", "MAX_INPUT_TOTAL_SIZE=1" } },
		{ { "SLIDE_RENDERING_VERSION=v3" }, "SLIDE_RENDERING_VERSION is \"v3\", must be one of v1|v2\n", { "SLIDE_RENDERING_VERSION=V2" } },
		{ { "RENDER_TIMEOUT_SECONDS=4" }, "RENDER_TIMEOUT_SECONDS is \"4\", must be a whole number from 5 to 3600\n", { "RENDER_TIMEOUT_SECONDS=5", "PAGE_LOAD_TIMEOUT_MS=5000" } },
		{ { "LATEX_RENDER_TIMEOUT_SECONDS=4" }, "LATEX_RENDER_TIMEOUT_SECONDS is \"4\", must be a whole number from 5 to 3600\n", { "LATEX_TIMEOUT_SECONDS=5" } },
		{ { "SESSION_TIMEOUT_SECONDS=0" }, "SESSION_TIMEOUT_SECONDS is \"0\", must be a whole number from 1 to 604800\n", { "SESSION_TIMEOUT_SECONDS=1" } },
		{ { "MAX_EXECUTIONS_PER_SESSION=0" }, "MAX_EXECUTIONS_PER_SESSION is \"0\", must be a whole number from 1 to 1000000\n", { "MAX_EXECUTIONS_PER_SESSION=1" } },
		{ { "MAX_CONTAINERS_PER_PRINCIPAL=0" }, "MAX_CONTAINERS_PER_PRINCIPAL is \"0\", must be a whole number from 1 to 100000\n", { "MAX_CONTAINERS_PER_PRINCIPAL=1" } },
		{ { "MAX_ACTIVE_SESSIONS=0" }, "MAX_ACTIVE_SESSIONS is \"0\", must be a whole number from 1 to 100000\n", { "MAX_ACTIVE_SESSIONS=1" } },
		{ { "CONTAINER_CREATE_GUARD_TIMEOUT=0" }, "CONTAINER_CREATE_GUARD_TIMEOUT is \"0\", must be a whole number from 1 to 86400\n", { "CONTAINER_CREATE_GUARD_TIMEOUT=1" } },
		{ { "SANDBOX_UID=0" }, "SANDBOX_UID is \"0\", must be a whole number from 1 to 2147483647\n", { "SANDBOX_UID=1" } },
		{ { "SANDBOX_GID=0" }, "SANDBOX_GID is \"0\", must be a whole number from 1 to 2147483647\n", { "SANDBOX_GID=1" } },
		{ { "SANDBOX_UID=2147483647" }, "SANDBOX_UID + SANDBOX_UID_RANGE is above 2147483647\n", { "SANDBOX_UID=2147482623" } },
		{ { "SANDBOX_NETWORK_MODE=host" }, "SANDBOX_NETWORK_MODE is \"host\", must be one of none|bridge\n", { "SANDBOX_NETWORK_MODE=bridge" } },
		{ { "REQUIRE_AUTH=ture" }, "REQUIRE_AUTH is \"ture\", must be true or false\n", { "REQUIRE_AUTH=Off" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(trial, rows);
}

/* Contract 8.2 gives none of them an upper bound, and -1 has always been "no limit". */
static void what_the_python_service_took_is_taken(void)
{
	static const char *const taken[] = {
		"MAX_TIMEOUT=86400", "DOCKER_CLIENT_TIMEOUT=3600", "MAX_CONCURRENT_EXECUTIONS=1024",
		"SANDBOX_MEM_LIMIT=16m", "SANDBOX_MEM_LIMIT=0.5g", "RATE_LIMIT_REQUESTS_PER_WINDOW=-30",
		"CONTAINER_RATE_LIMIT_REQUESTS_PER_WINDOW=-1", "RATE_LIMIT_WINDOW_SECONDS=604800",
		"LOG_LEVEL=verbose", "REDIS_SOCKET_TIMEOUT=0.05", "FILE_PROVISION_TIMEOUT=900",
	};

	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
		must(check(trial, (const char *const[SETTINGS_MAX]){ taken[i] }), taken[i],
		     problems.len > 0 ? problems.data : "");
	CU_ASSERT(check(trial, (const char *const[SETTINGS_MAX]){ "SANDBOX_MEM_LIMIT=0.5g" }));
	CU_ASSERT_EQUAL(config.sandbox_mem_limit, 512 << 20);
}

static void executions_fit_their_limits(void)
{
	static const struct row rows[] = {
		{ { "DEFAULT_TIMEOUT=121" }, "DEFAULT_TIMEOUT is above MAX_TIMEOUT\n", { "DEFAULT_TIMEOUT=120" } },
		{ { "MAX_SESSION_LIFETIME_SECONDS=1199" }, "SESSION_TIMEOUT_SECONDS is above MAX_SESSION_LIFETIME_SECONDS\n", { "MAX_SESSION_LIFETIME_SECONDS=1200" } },
		{ { "MAX_INPUT_FILE_SIZE=20971521" }, "MAX_INPUT_FILE_SIZE is above MAX_INPUT_TOTAL_SIZE\n", { "MAX_INPUT_FILE_SIZE=20971520" } },
		{ { "MAX_INPUT_TOTAL_SIZE=33554433" }, "MAX_INPUT_TOTAL_SIZE is above MAX_REQUEST_BODY_SIZE\n", { "MAX_INPUT_TOTAL_SIZE=33554432" } },
		{ { "MAX_REQUEST_BODY_SIZE=65m", "MAX_INFLIGHT_BODY_BYTES=64m" }, "MAX_REQUEST_BODY_SIZE is above MAX_INFLIGHT_BODY_BYTES\n", { "MAX_REQUEST_BODY_SIZE=64m", "MAX_INFLIGHT_BODY_BYTES=64m" } },
		{ { "MAX_OUTPUT_FILE_SIZE=26214401" }, "MAX_OUTPUT_FILE_SIZE is above MAX_OUTPUT_TOTAL_SIZE\n", { "MAX_OUTPUT_FILE_SIZE=26214400" } },
		{ { "WORKERS=13" }, "WORKERS is below MAX_CONCURRENT_EXECUTIONS + RESERVED_WORKERS\n", { "WORKERS=14" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(trial, rows);
}

static void renderings_fit_their_limits(void)
{
	static const struct row rows[] = {
		{ { "PAGE_LOAD_TIMEOUT_MS=180001" }, "PAGE_LOAD_TIMEOUT_MS is above RENDER_TIMEOUT_SECONDS\n", { "PAGE_LOAD_TIMEOUT_MS=180000" } },
		{ { "RENDER_QUEUE_TIMEOUT_MS=180001" }, "RENDER_QUEUE_TIMEOUT_MS is above RENDER_TIMEOUT_SECONDS\n", { "RENDER_QUEUE_TIMEOUT_MS=180000" } },
		{ { "MAX_HTML_CHARS=180000001" }, "RENDER_MAX_HTML_CHARS is above RENDER_MAX_REQUEST_BODY_BYTES\n", { "MAX_RENDER_HTML_CHARS=180000000" } },
		{ { "MAX_TOTAL_ASSET_BYTES=180000001" }, "RENDER_MAX_TOTAL_ASSET_BYTES is above RENDER_MAX_REQUEST_BODY_BYTES\n", { "MAX_RENDER_TOTAL_ASSET_BYTES=180000000" } },
		{ { "MAX_ASSET_BYTES=120000001" }, "RENDER_MAX_ASSET_BYTES is above RENDER_MAX_TOTAL_ASSET_BYTES\n", { "MAX_RENDER_ASSET_BYTES=120000000" } },
		{ { "MAX_RENDER_OUTPUT_BYTES=24999999" }, "RENDER_MAX_ASSET_BYTES is above RENDER_MAX_OUTPUT_BYTES\n", { "RENDER_MAX_OUTPUT_BYTES=25000000" } },
		{ { "LATEX_MAX_TOTAL_ASSET_BYTES=9999999" }, "LATEX_MAX_ASSET_BYTES is above LATEX_MAX_TOTAL_ASSET_BYTES\n", { "LATEX_MAX_TOTAL_ASSET_BYTES=10000000" } },
		{ { "LATEX_MAX_OUTPUT_BYTES=9999999" }, "LATEX_MAX_ASSET_BYTES is above LATEX_MAX_OUTPUT_BYTES\n", { "LATEX_MAX_OUTPUT_BYTES=10000000" } },
		{ { "MAX_LATEX_RENDER_REQUEST_BODY_BYTES=1023" }, "LATEX_RENDER_MAX_REQUEST_BODY_BYTES is below 1024 and not 0\n", { "LATEX_RENDER_MAX_REQUEST_BODY_BYTES=1024" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(trial, rows);
}

static void keys_and_state_are_there_where_demanded(void)
{
	static const struct row rows[] = {
		{ { "REQUIRE_AUTH=1" }, "REQUIRE_AUTH needs at least one key with a secret in API_KEYS, or JWT_SECRET\n", { "REQUIRE_AUTH=1", "API_KEY=x" } },
		{ { "REQUIRE_AUTH=1", "API_KEYS=local:" }, "REQUIRE_AUTH needs at least one key with a secret in API_KEYS, or JWT_SECRET\n", { "API_KEYS=local:" } },
		{ { "API_KEYS=a:b c" }, "API_KEYS: the secret of \"a\" holds a blank or a character beyond ASCII\n", { "API_KEYS=a:b-c" } },
		{ { "REQUIRE_SHARED_STATE=1" }, "REQUIRE_SHARED_STATE needs REDIS_URL\n", { "REQUIRE_SHARED_STATE=1", "REDIS_URL=redis://x" } },
		{ { "DEPLOYMENT_ID=A" }, "DEPLOYMENT_ID must be 1 to 32 characters of a-z, 0-9 and -\n", { "DEPLOYMENT_ID=a-1" } },
		{ { "FASTCGI_SOCKET_MODE=rw" }, "FASTCGI_SOCKET_MODE must be an octal mode such as 0660\n", { "FASTCGI_SOCKET_MODE=600" } },
		{ { "SANDBOX_ENV_SOURCE_PATH=.env_sandbox" }, "SANDBOX_ENV_SOURCE_PATH must be an absolute path\n", { "SANDBOX_ENV_SOURCE_PATH=/a" } },
		{ { "SANDBOX_ENV_TARGET_PATH=/tmp/.env" }, "SANDBOX_ENV_TARGET_PATH must be a short path below /home/sandbox\n", { "SANDBOX_ENV_TARGET_PATH=/home/sandbox/a/b" } },
		{ { "SANDBOX_ENV_TARGET_PATH=/home/sandbox/../.env" }, "SANDBOX_ENV_TARGET_PATH must be a short path below /home/sandbox\n", { "SANDBOX_ENV_TARGET_PATH=/home/sandbox/..env" } },
		{ { "SANDBOX_ENV_TARGET_PATH=/home/sandbox/" }, "SANDBOX_ENV_TARGET_PATH must be a short path below /home/sandbox\n", { "SANDBOX_ENV_TARGET_PATH=" } },
		{ { "SANDBOX_IMAGE=a b" }, "SANDBOX_IMAGE must be the name of an image, such as code-sandbox:1.2\n", { "SANDBOX_IMAGE=r.example:5000/a_b/c-d:1@sha256:0f" } },
		{ { "SANDBOX_PRELOAD=os;rm" }, "SANDBOX_PRELOAD must be auto, none, or names of modules\n", { "SANDBOX_PRELOAD=numpy, matplotlib.pyplot" } },
		{ { "RUN_DIR=run" }, "RUN_DIR must be an absolute path\n", { "RUN_DIR=/run" } },
		{ { "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" }, "DOCKER_TLS_VERIFY needs DOCKER_CERT_PATH\n", { "DOCKER_TLS_VERIFY=0", "DOCKER_CERT_PATH=" } },
		{ { "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/" }, "DOCKER_CERT_PATH has no ca.pem\nDOCKER_CERT_PATH has no cert.pem\nDOCKER_CERT_PATH has no key.pem\n", { "DOCKER_TLS_VERIFY=1" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(trial, rows);
}

#define CUSTOM "USE_DOCKER_DEFAULT_SECCOMP=false"

static void a_sandbox_is_confined_as_demanded(void)
{
	static const struct row rows[] = {
		{ { "REQUIRE_STRONG_SANDBOX_ISOLATION=1", "SANDBOX_RUNTIME=runc" }, "REQUIRE_STRONG_SANDBOX_ISOLATION needs a SANDBOX_RUNTIME of STRONG_SANDBOX_RUNTIMES\n", { "REQUIRE_STRONG_SANDBOX_ISOLATION=1", "SANDBOX_RUNTIME=mine", "STRONG_SANDBOX_RUNTIMES=kata, mine" } },
		{ { CUSTOM }, "USE_DOCKER_DEFAULT_SECCOMP=false needs SECCOMP_PROFILE_FILE or SECCOMP_PROFILE_DAEMON_PATH\n", { CUSTOM, "SECCOMP_PROFILE_PATH=/profile.json" } },
		{ { CUSTOM, "SECCOMP_PROFILE_DAEMON_PATH=profile.json" }, "SECCOMP_PROFILE_DAEMON_PATH must be an absolute path\n", { "SECCOMP_PROFILE_DAEMON_PATH=profile.json" } },
		{ { CUSTOM, "SECCOMP_PROFILE={}", "SECCOMP_PROFILE_PATH=/x" }, "SECCOMP_PROFILE and SECCOMP_PROFILE_DAEMON_PATH are both set: keep one\n", { CUSTOM, "SECCOMP_PROFILE={}" } },
		{ { "SECCOMP_PROFILE={\"a\":}" }, "SECCOMP_PROFILE is no profile: Expecting value (at 5)\n", { "SECCOMP_PROFILE={\"a\":1}" } },
		{ { "SECCOMP_PROFILE=/x.json" }, "SECCOMP_PROFILE is no profile: it is no object (at 0)\n", { "SECCOMP_PROFILE=" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(trial, rows);
}

static void origins_are_named(void)
{
	static const struct row rows[] = {
		{ { "CORS_ALLOW_ORIGINS=*" }, "CORS_ALLOW_ORIGINS=* needs CORS_ALLOW_CREDENTIALS=false\n", { "CORS_ALLOW_ORIGINS=*", "CORS_ALLOW_CREDENTIALS=0" } },
		{ { "CORS_ALLOW_ORIGINS=https://a, *" }, "CORS_ALLOW_ORIGINS=* needs CORS_ALLOW_CREDENTIALS=false\n", { "CORS_ALLOW_ORIGINS=*", "ENABLE_CORS=0" } },
		{ { "CORS_ALLOW_ORIGINS=https://a\"b" }, "CORS_ALLOW_ORIGINS must be origins such as https://example.org:8443, or *\n", { "CORS_ALLOW_ORIGINS=https://a.b:1, http://c" } },
		{ { "CORS_ALLOW_METHODS=get" }, "CORS_ALLOW_METHODS must be methods such as GET,POST, or *\n", { "CORS_ALLOW_METHODS=GET, POST" } },
		{ { "CORS_ALLOW_HEADERS=X_Y" }, "CORS_ALLOW_HEADERS must be names of headers, or *\n", { "CORS_ALLOW_HEADERS=*" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(trial, rows);
}

#define NAMED "CORS_ALLOW_ORIGINS must name each origin, or ENABLE_CORS be false\n"
#define PLAIN "DOCKER_HOST is the plain-text port 2375; use TLS on another\n"
#define REMOTE "DOCKER_HOST must be a tcp:// address of another machine\n"

/* Of production, and of a public beta in the same words. */
static const struct row guarded[] = {
	{ { "API_KEYS=a:short,b:" SECRET }, "API_KEYS: the secret of \"a\" is shorter than 32 characters\n", { "API_KEYS=a:" SECRET ",b:x" SECRET } },
	{ { "API_KEYS=" }, "REQUIRE_AUTH needs at least one key with a secret in API_KEYS, or JWT_SECRET\n", { "API_KEY=" SECRET } },
	{ { "API_KEYS=", "JWT_SECRET=short" }, "JWT_SECRET is shorter than 32 characters\n", { "API_KEYS=", "JWT_SECRET=" SECRET } },
	{ { "CORS_ALLOW_ORIGINS=" }, NAMED, { "CORS_ALLOW_ORIGINS=", "ENABLE_CORS=false" } },
	{ { "CORS_ALLOW_ORIGINS=*", "CORS_ALLOW_CREDENTIALS=0" }, NAMED, { "CORS_ALLOW_ORIGINS=https://a" } },
	{ { "REDIS_URL=" }, "REQUIRE_SHARED_STATE needs REDIS_URL\n", { "REDIS_URL=", "REQUIRE_SHARED_STATE=false" } },
	{ { "ENABLE_DOCS=1" }, "ENABLE_DOCS must be false\n", { "ENABLE_DOCS=0" } },
	{ { "SANDBOX_READ_ONLY_ROOTFS=0" }, "SANDBOX_READ_ONLY_ROOTFS must be true\n", { "SANDBOX_READ_ONLY_ROOTFS=1" } },
	{ { "SANDBOX_IMAGE=x" }, "SANDBOX_IMAGE must be pinned: a digest, or a tag other than latest\n", { "SANDBOX_IMAGE=x@sha256:ab" } },
	{ { "SANDBOX_IMAGE=x:latest" }, "SANDBOX_IMAGE must be pinned: a digest, or a tag other than latest\n", { "SANDBOX_IMAGE=x:1" } },
	{ { "SANDBOX_IMAGE=registry:5000/x" }, "SANDBOX_IMAGE must be pinned: a digest, or a tag other than latest\n", { "SANDBOX_IMAGE=registry:5000/x:1.2.3" } },
	{ { "DOCKER_HOST=" }, REMOTE, { "DOCKER_HOST=tcp://engine:2376" } },
	{ { "DOCKER_HOST=unix:///var/run/docker.sock" }, REMOTE, { "DOCKER_HOST=tcp://10.0.0.9:2376" } },
	{ { "DOCKER_HOST=ssh://ops@engine" }, REMOTE, { "DOCKER_HOST=tcp://ops:2376" } },
	{ { "DOCKER_HOST=tcp://engine:2375" }, PLAIN, { "DOCKER_HOST=tcp://engine:2376" } },
	{ { "DOCKER_HOST=tcp://engine" }, PLAIN, { "DOCKER_HOST=tcp://[fd00::1]:2376" } },
	{ { "DOCKER_HOST=tcp://10.0.0.9/" }, PLAIN, { "DOCKER_HOST=tcp://10.0.0.9:2376" } },
	{ { "DOCKER_TLS_VERIFY=" }, "DOCKER_HOST tcp:// needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH\n", { "DOCKER_TLS_VERIFY=yes" } },
	{ { "DOCKER_HOST=tcp://docker-proxy:2376" }, "DOCKER_HOST must not be docker-proxy\n", { "DOCKER_HOST=tcp://docker-proxy.example.org:2376" } },
	{ { "DOCKER_HOST=tcp://localhost:2376" }, "DOCKER_HOST must not be localhost\n", { "DOCKER_HOST=tcp://localhost.example.org:2376" } },
	{ { "DOCKER_HOST=tcp://127.0.0.1:2376" }, "DOCKER_HOST must not be 127.0.0.1\n", { "DOCKER_HOST=tcp://128.0.0.1:2376" } },
	{ { "DOCKER_HOST=tcp://[::1]:2376" }, "DOCKER_HOST must not be ::1\n", { "DOCKER_HOST=tcp://[::2]:2376" } },
	{ { "DOCKER_HOST=tcp://LocalHost.:2376" }, "DOCKER_HOST must not be LocalHost.\n", { "DOCKER_HOST=tcp://engine:2376/" } },
	{ { "DOCKER_HOST=tcp://127.8.0.2:2376" }, "DOCKER_HOST must not be 127.8.0.2\n", { "DOCKER_HOST=tcp://12.7.0.2:2376" } },
	{ { "DOCKER_HOST=tcp://0.0.0.0:2376" }, "DOCKER_HOST must not be 0.0.0.0\n", { "DOCKER_HOST=tcp://1.0.0.0:2376" } },
	{ { "DOCKER_HOST=tcp://host.docker.internal:2376" }, "DOCKER_HOST must not be host.docker.internal\n", { "DOCKER_HOST=tcp://host.docker:2376" } },
	{ { NULL }, NULL, { NULL } },
};

static void production_is_guarded(void)
{
	check_rows(production, guarded);
	CU_ASSERT(config.require_auth && config.metrics_auth_required && config.require_shared_state);
}

static void a_public_beta_is_guarded_alike(void)
{
	check_rows(beta, guarded);
	CU_ASSERT(config.require_auth && config.metrics_auth_required && config.require_shared_state);
	CU_ASSERT(config.require_strong_sandbox_isolation);
}

static void a_public_beta_is_guarded_more(void)
{
	static const struct row rows[] = {
		{ { "REQUIRE_AUTH=0" }, "REQUIRE_AUTH must be true in a public beta\n", { "REQUIRE_AUTH=1" } },
		{ { "SANDBOX_NETWORK_MODE=bridge" }, "SANDBOX_NETWORK_MODE must be none in a public beta\n", { "SANDBOX_NETWORK_MODE=none" } },
		{ { "ALLOW_SANDBOX_ENV_INJECTION=1" }, "ALLOW_SANDBOX_ENV_INJECTION must be false in a public beta\n", { "ALLOW_SANDBOX_ENV_INJECTION=0" } },
		{ { "ALLOW_PIP_INSTALLS=1" }, "ALLOW_PIP_INSTALLS must be false in a public beta\n", { "ALLOW_PIP_INSTALLS=0" } },
		{ { "SANDBOX_RUNTIME=runc", "REQUIRE_STRONG_SANDBOX_ISOLATION=0" }, "SANDBOX_RUNTIME must be one of STRONG_SANDBOX_RUNTIMES in a public beta\n", { "SANDBOX_RUNTIME=kata", "REQUIRE_STRONG_SANDBOX_ISOLATION=0" } },
		{ { "SANDBOX_RUNTIME=" }, "REQUIRE_STRONG_SANDBOX_ISOLATION needs a SANDBOX_RUNTIME of STRONG_SANDBOX_RUNTIMES\nSANDBOX_RUNTIME must be one of STRONG_SANDBOX_RUNTIMES in a public beta\n", { "SANDBOX_RUNTIME=io.containerd.runsc.v1" } },
		{ { NULL }, NULL, { NULL } },
	};

	check_rows(beta, rows);
}

static void a_place_is_guarded_by_any_of_its_names(void)
{
	static const char *const names[] = {
		"APP_ENV=prod", "APP_ENV=PRODUCTION", "APP_ENV=beta", "APP_ENV=public-beta", "APP_ENV=Public_Beta",
		"PUBLIC_BETA_MODE=yes",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		must(!check(trial, (const char *const[SETTINGS_MAX]){ names[i] }), names[i], "guarded");
	CU_ASSERT(check(trial, (const char *const[SETTINGS_MAX]){ "APP_ENV=staging" }));
	CU_ASSERT(check(trial, (const char *const[SETTINGS_MAX]){ "APP_ENV=beta", "PUBLIC_BETA_MODE=0" }));
}

static bool warned_when(bool asked, const char *text, const char *setting)
{
	static struct buf warnings = BUF_INIT(65536);

	CU_ASSERT(check(trial, (const char *const[SETTINGS_MAX]){ "SANDBOX_MEM_LIMIT=2g", setting }));
	buf_reset(&warnings);
	config_warn(&config, asked, &warnings);
	return warnings.len > 0 && strstr(warnings.data, text) != NULL;
}

static bool warned(const char *text, const char *setting)
{
	return warned_when(false, text, setting);
}

static void what_may_surprise_is_warned_about(void)
{
	CU_ASSERT(warned("leave less than 64m of SANDBOX_MEM_LIMIT", "SANDBOX_MEM_LIMIT=511m"));
	CU_ASSERT_FALSE(warned("leave less than 64m of SANDBOX_MEM_LIMIT", "SANDBOX_MEM_LIMIT=1g"));
	CU_ASSERT_FALSE(warned("leave less than 64m of SANDBOX_MEM_LIMIT", "SANDBOX_MEM_LIMIT=512m"));
	CU_ASSERT(warned_when(true, "leave less than 64m of SANDBOX_MEM_LIMIT", "SANDBOX_MEM_LIMIT=512m"));
	CU_ASSERT(warned("MAX_ACTIVE_SESSIONS is above SANDBOX_UID_RANGE", "MAX_ACTIVE_SESSIONS=1025"));
	CU_ASSERT_FALSE(warned("MAX_ACTIVE_SESSIONS", "MAX_ACTIVE_SESSIONS=1024"));
	CU_ASSERT(warned("SANDBOX_UID is below 1000", "SANDBOX_UID=999"));
	CU_ASSERT_FALSE(warned("SANDBOX_UID is", "SANDBOX_UID=1000"));
	CU_ASSERT(warned("REQUIRE_AUTH is false", "REQUIRE_AUTH=0"));
	CU_ASSERT(warned("LOG_LEVEL is \"verbose\", which is no level", "LOG_LEVEL=verbose"));
	CU_ASSERT_FALSE(warned("LOG_LEVEL", "LOG_LEVEL=Warn"));
	CU_ASSERT_FALSE(warned("PUBLIC_BETA_MODE is false", "PUBLIC_BETA_MODE=0"));
	CU_ASSERT(warned("USE_DOCKER_DEFAULT_SECCOMP is true", "SECCOMP_PROFILE={}"));
	CU_ASSERT(warned("SANDBOX_NETWORK_MODE is bridge", "SANDBOX_NETWORK_MODE=bridge"));
	CU_ASSERT_FALSE(warned("SANDBOX_NETWORK_MODE is", "SANDBOX_NETWORK_MODE=none"));
	CU_ASSERT(warned("pip reaches no index", "ALLOW_PIP_INSTALLS=1"));
	CU_ASSERT_FALSE(warned("pip reaches no index", "ALLOW_PIP_INSTALLS=0"));
}

static void a_word_that_is_nearly_one_is_warned_about(void)
{
	CU_ASSERT(warned("APP_ENV is \"prodution\", a slip away from production: ", "APP_ENV=prodution"));
	CU_ASSERT(warned("a slip away from prod: ", "APP_ENV=prd"));
	CU_ASSERT(warned("a slip away from beta: ", "APP_ENV=Btea"));
	CU_ASSERT(warned("a slip away from public_beta: ", "APP_ENV=publicbeta"));
	CU_ASSERT_FALSE(warned("a slip away", "APP_ENV=development"));
	CU_ASSERT_FALSE(warned("a slip away", "APP_ENV=staging"));
	CU_ASSERT_FALSE(warned("a slip away", "APP_ENV=test"));
	CU_ASSERT(warned("API_KEYS: entry 2 has no secret", "API_KEYS=a:x:,y:,z"));
	CU_ASSERT_FALSE(warned("API_KEYS: entry", "API_KEYS=a:x,z"));
}

static void what_no_browser_sends_is_warned_about(void)
{
	static const char *const never[] = {
		"https://a.b/", "https://a.b/c", "a.b", "https://", "https://A.b", "https://*.a.b", "http:/a",
	};

	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		must(warned(arena_printf(&arena, "CORS_ALLOW_ORIGINS names \"%s\"", never[i]),
		            arena_printf(&arena, "CORS_ALLOW_ORIGINS=http://x:1,%s", never[i])), never[i], "");
	CU_ASSERT_FALSE(warned("CORS_", "CORS_ALLOW_ORIGINS=http://a.b:8443, https://c"));
	CU_ASSERT(warned("CORS_ALLOW_METHODS names \"GIT\"", "CORS_ALLOW_METHODS=GET,GIT"));
	CU_ASSERT_FALSE(warned("CORS_", "CORS_ALLOW_METHODS=*"));
}

static bool make_certificates(void)
{
	static const char *const names[] = { "ca.pem", "cert.pem", "key.pem" };

	if (mkdtemp(certificates) == NULL)
		return false;
	for (int i = 0; i < 3; i++) {
		int fd = open(arena_printf(&arena, "%s/%s", certificates, names[i]), O_CREAT | O_WRONLY, 0600);

		if (fd < 0)
			return false;
		close(fd);
	}
	return true;
}

static void remove_certificates(void)
{
	static const char *const names[] = { "ca.pem", "cert.pem", "key.pem" };

	for (int i = 0; i < 3; i++)
		(void)unlink(arena_printf(&arena, "%s/%s", certificates, names[i]));
	(void)rmdir(certificates);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "numbers have ranges", numbers_have_ranges },
		{ "what the Python service took is taken", what_the_python_service_took_is_taken },
		{ "executions fit their limits", executions_fit_their_limits },
		{ "renderings fit their limits", renderings_fit_their_limits },
		{ "keys and state are there where demanded", keys_and_state_are_there_where_demanded },
		{ "a sandbox is confined as demanded", a_sandbox_is_confined_as_demanded },
		{ "origins are named", origins_are_named },
		{ "production is guarded", production_is_guarded },
		{ "a public beta is guarded alike", a_public_beta_is_guarded_alike },
		{ "a public beta is guarded more", a_public_beta_is_guarded_more },
		{ "a place is guarded by any of its names", a_place_is_guarded_by_any_of_its_names },
		{ "what may surprise is warned about", what_may_surprise_is_warned_about },
		{ "a word that is nearly one is warned about", a_word_that_is_nearly_one_is_warned_about },
		{ "what no browser sends is warned about", what_no_browser_sends_is_warned_about },
		{ NULL, NULL },
	};

	if (!make_certificates())
		return 1;

	int status = tap_run("safety", tests);

	remove_certificates();
	arena_finish(&arena);
	buf_finish(&problems);
	return status;
}
