/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/config.h"

#include "fcgi-app/policy/stray.h"
#include "tests/unit/mint.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;
static struct buf problems = BUF_INIT(65536);
static struct config config;
static const char *top;
static char path[] = "/tmp/test-config-XXXXXX";

/* NAME=value pairs, ended by NULL, are the whole environment. */
static bool load(const char *const *environment, const char *env_file)
{
	clearenv();
	for (; *environment != NULL; environment++)
		putenv(arena_strdup(&arena, *environment));
	buf_reset(&problems);
	return config_load(&config, &arena, env_file, &problems);
}

#define LOAD(...) load((const char *const[]){ __VA_ARGS__, NULL }, NULL)

/* The same, and all conditions between the settings. */
#define CHECK(...) (LOAD(__VA_ARGS__) && config_check(&config, &problems))

static bool told(const char *text)
{
	return problems.len > 0 && strstr(problems.data, text) != NULL;
}

static const char *file(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void an_empty_environment_gives_the_defaults(void)
{
	CU_ASSERT_FATAL(LOAD("HOME=/"));
	CU_ASSERT_STRING_EQUAL(config.app_env, "production");
	CU_ASSERT(config.require_auth);
	CU_ASSERT_FALSE(config.public_beta_mode);
	CU_ASSERT_EQUAL(config.default_timeout, 30);
	CU_ASSERT_EQUAL(config.sandbox_mem_limit, 512 << 20);
	CU_ASSERT_EQUAL(config.redis_socket_timeout, 5000);
	CU_ASSERT_STRING_EQUAL(config.redis_url, "redis://127.0.0.1:6379/0");
	CU_ASSERT_EQUAL(config_workers(&config), 30);
}

static void blank_is_unset(void)
{
	CU_ASSERT_FATAL(LOAD("REQUIRE_AUTH=", "DEFAULT_TIMEOUT=  ", "LOG_LEVEL=", "SANDBOX_MEM_LIMIT="));
	CU_ASSERT(config.require_auth);
	CU_ASSERT_EQUAL(config.default_timeout, 30);
	CU_ASSERT_STRING_EQUAL(config.log_level, "INFO");
}

static void every_kind_reads_its_value(void)
{
	CU_ASSERT_FATAL(LOAD("APP_ENV=development", "DEFAULT_TIMEOUT= 7 ", "SANDBOX_MEM_LIMIT=1g", "LOG_LEVEL=debug",
	                     "REDIS_SOCKET_TIMEOUT=0.25", "SANDBOX_READ_ONLY_ROOTFS=off", "API_KEYS=a:b"));
	CU_ASSERT_EQUAL(config.default_timeout, 7);
	CU_ASSERT_EQUAL(config.sandbox_mem_limit, 1 << 30);
	CU_ASSERT_STRING_EQUAL(config.log_level, "debug");
	CU_ASSERT_EQUAL(config.redis_socket_timeout, 250);
	CU_ASSERT_FALSE(config.sandbox_read_only_rootfs);
	CU_ASSERT_STRING_EQUAL(config.api_keys, "a:b");
	CU_ASSERT_FALSE(config.require_auth);
}

static void all_problems_are_told_at_once(void)
{
	CU_ASSERT_FALSE(LOAD("DEFAULT_TIMEOUT=soon", "MAX_TIMEOUT=0", "SANDBOX_MEM_LIMIT=1x", "REQUIRE_AUTH=ture",
	                     "TIMEOUT_ACTION=explode", "REDIS_SOCKET_TIMEOUT=-1"));
	CU_ASSERT(told("DEFAULT_TIMEOUT is \"soon\", must be a whole number from 1 to 86400\n"));
	CU_ASSERT(told("MAX_TIMEOUT is \"0\""));
	CU_ASSERT(told("SANDBOX_MEM_LIMIT is \"1x\""));
	CU_ASSERT(told("REQUIRE_AUTH is \"ture\", must be true or false\n"));
	CU_ASSERT(told("TIMEOUT_ACTION is \"explode\", must be one of remove|keep\n"));
	CU_ASSERT(told("REDIS_SOCKET_TIMEOUT is \"-1\""));
	CU_ASSERT_FALSE(LOAD("MAX_TIMEOUT=1\n\x1b[2J"));
	CU_ASSERT(told("MAX_TIMEOUT is \"1??[2J\", must be"));
}

static void an_alias_counts_when_the_name_is_absent(void)
{
	CU_ASSERT(LOAD("API_KEY=old", "GATEWAY_DOCKER_HOST=tcp://a:1"));
	CU_ASSERT_STRING_EQUAL(config.api_keys, "old");
	CU_ASSERT_STRING_EQUAL(config.docker_host, "tcp://a:1");
	CU_ASSERT(LOAD("API_KEY=old", "API_KEYS=new"));
	CU_ASSERT_STRING_EQUAL(config.api_keys, "new");
}

static void of_two_names_one_is_told_to_be_unheard(void)
{
	const char *const environment[] = { "API_KEY=a:b", "API_KEYS=a:c", "MAX_SLIDES=7", NULL };

	CU_ASSERT(load(environment, file("MAX_SLIDES=8\nRENDER_MAX_SLIDES=7\nMAX_RENDER_SLIDES=7\n"
	                                 "MAX_ASSET_BYTES=5000\nMAX_RENDER_ASSET_BYTES=6000\n")));
	CU_ASSERT_STRING_EQUAL(config.strays,
	                       "API_KEYS is set, so API_KEY (environment) is not heard\n"
	                       "RENDER_MAX_SLIDES is set, so MAX_SLIDES (env file, line 1) is not heard\n"
	                       "MAX_RENDER_ASSET_BYTES is set, so MAX_ASSET_BYTES (env file, line 4) is not heard\n");
}

static void a_list_of_commas_is_blank(void)
{
	CU_ASSERT_FATAL(LOAD("STRONG_SANDBOX_RUNTIMES= , ", "CORS_ALLOW_METHODS=,,"));
	CU_ASSERT_PTR_NOT_NULL(strstr(config.strong_sandbox_runtimes, "runsc,"));
	CU_ASSERT_PTR_NOT_NULL(strstr(config.cors_allow_methods, "GET,"));
	CU_ASSERT_FALSE(config_is_told(&config, "CORS_ALLOW_METHODS"));
}

static void a_secret_comes_from_a_file(void)
{
	file("local:secret\n");
	CU_ASSERT(LOAD(arena_printf(&arena, "API_KEYS_FILE=%s", path)));
	CU_ASSERT_STRING_EQUAL(config.api_keys, "local:secret");

	CU_ASSERT_FALSE(LOAD(arena_printf(&arena, "API_KEYS_FILE=%s", path), "API_KEYS=a:b"));
	CU_ASSERT(told("API_KEYS_FILE and API_KEYS are both set"));

	CU_ASSERT_FALSE(LOAD("API_KEYS_FILE=/nonexistent"));
	CU_ASSERT(told("API_KEYS_FILE names \"/nonexistent\": No such file"));
}

static void a_secret_file_has_a_ceiling(void)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
	for (int i = 0; i < 65537; i++)
		CU_ASSERT_EQUAL(write(fd, "x", 1), 1);
	close(fd);
	CU_ASSERT_FALSE(LOAD(arena_printf(&arena, "REDIS_URL_FILE=%s", path)));
	CU_ASSERT(told("REDIS_URL_FILE"));
	CU_ASSERT(truncate(path, 65536) == 0);
	CU_ASSERT(LOAD(arena_printf(&arena, "REDIS_URL_FILE=%s", path)));
	CU_ASSERT_EQUAL(strlen(config.redis_url), 65536);
}

static void the_env_file_serves_what_the_environment_lacks(void)
{
	const char *const environment[] = { "MAX_TIMEOUT=50", "LOG_LEVEL=", NULL };

	file("\xef\xbb\xbf# comment\r\n\nexport DEFAULT_TIMEOUT=11\r\nMAX_TIMEOUT=60\nLOG_LEVEL = error # loud\n"
	     "DOCKER_HOST='tcp://a#b:1'\nSANDBOX_IMAGE=\"a \\\"b\\\"\" # c\nAPP_ENV=x#y\nAPI_KEYS=$HOME\n"
	     "MAX_INPUT_FILES=1\nMAX_INPUT_FILES=2");
	CU_ASSERT_FATAL(load(environment, path));
	CU_ASSERT_EQUAL(config.default_timeout, 11);
	CU_ASSERT_EQUAL(config.max_timeout, 50);
	CU_ASSERT_STRING_EQUAL(config.log_level, "error");
	CU_ASSERT_STRING_EQUAL(config.docker_host, "tcp://a#b:1");
	CU_ASSERT_STRING_EQUAL(config.sandbox_image, "a \"b\"");
	CU_ASSERT_STRING_EQUAL(config.app_env, "x#y");
	CU_ASSERT_STRING_EQUAL(config.api_keys, "$HOME");
	CU_ASSERT_EQUAL(config.max_input_files, 2);
}

static void a_bad_env_file_is_told_by_line(void)
{
	const char *const environment[] = { NULL };

	CU_ASSERT_FALSE(load(environment, file("A=1\nnonsense\n=x\nB='open\nC=\"a\" b\n1A=2\n")));
	CU_ASSERT(told("line 2 of the env file is not NAME=value\n"));
	CU_ASSERT(told("line 3 of"));
	CU_ASSERT(told("line 4 of the env file has a quote that is not closed"));
	CU_ASSERT(told("line 5 of"));
	CU_ASSERT(told("line 6 of"));
	CU_ASSERT_FALSE(told("line 1 of"));
	CU_ASSERT_FALSE(load(environment, "/nonexistent"));
}

static void what_is_printed_loads_as_the_defaults(void)
{
	struct buf out = BUF_INIT(65536);
	const char *const environment[] = { NULL };

	config_print_env(&out);
	CU_ASSERT_FATAL(load(environment, file(out.data)));
	CU_ASSERT_STRING_EQUAL(config.app_env, "development");
	CU_ASSERT(config.require_auth);
	CU_ASSERT_EQUAL(config.max_session_lifetime_seconds, 3600);
	CU_ASSERT_EQUAL(config.sandbox_max_output_bytes, 1 << 30);
	CU_ASSERT(strstr(out.data, "\nDEFAULT_TIMEOUT=30\n") != NULL);
	CU_ASSERT(strstr(out.data, "\n#API_KEYS_FILE=\n") != NULL);
	buf_finish(&out);
}

/* What --check prints of this environment. */
static const char *checked(const char *const *environment, const char *env_file)
{
	static struct buf out = BUF_INIT(65536), warnings = BUF_INIT(65536);

	buf_reset(&out);
	buf_reset(&warnings);
	(void)load(environment, env_file);
	(void)config_check(&config, &problems);
	config_warn(&config, true, &warnings);
	config_print_check(&config, &problems, &warnings, &out);
	return out.data;
}

#define CHECKED(...) checked((const char *const[]){ __VA_ARGS__, NULL }, NULL)

static void every_setting_has_a_value_a_source_and_a_verdict(void)
{
	const char *const environment[] = { "MAX_TIMEOUT=9", "API_KEY=a:hunter2", NULL };
	const char *text = checked(environment, file("\nDEFAULT_TIMEOUT=10\nGATEWAY_DOCKER_HOST=tcp://x\n"
	                                             "LOG_LEVEL=loud\"\nSANDBOX_PRELOAD=\"a\\nb\"\n"));

	CU_ASSERT(strstr(text, "\nMAX_TIMEOUT=9\t(environment)\tok\n") != NULL);
	CU_ASSERT(strstr(text, "\nAPI_KEYS=(set)\t(environment, as API_KEY)\tunfit\n") != NULL);
	CU_ASSERT(strstr(text, "\nDEFAULT_TIMEOUT=10\t(env file, line 2)\tunfit\n") != NULL);
	CU_ASSERT(strstr(text, "\nDOCKER_HOST=tcp://x\t(env file, line 3, as GATEWAY_DOCKER_HOST)\tunfit\n") != NULL);
	CU_ASSERT(strstr(text, "\nREDIS_SOCKET_TIMEOUT=5\t(default)\tok\n") != NULL);
	CU_ASSERT(strstr(text, "\nLOG_LEVEL=loud\"\t(env file, line 4)\twarning\n") != NULL);
	CU_ASSERT(strstr(text, "\nSANDBOX_PRELOAD=a?b\t") != NULL);
	CU_ASSERT(strstr(text, "\nSANDBOX_TMP_ROOT_SIZE=536870912\t(default)\twarning\n") != NULL);
	CU_ASSERT(strstr(text, "\nwarning: SANDBOX_TMP_ROOT_SIZE + ") != NULL);
	CU_ASSERT(strstr(text, "\nunfit: DEFAULT_TIMEOUT is above MAX_TIMEOUT\n") != NULL);
}

static void secrets_are_not_shown(void)
{
	file("a:hunter2hunter2\n");
	CU_ASSERT(strstr(CHECKED("API_KEYS=a:hunter2 b", "REDIS_URL=redis://:hunter2@x"), "hunter2") == NULL);
	CU_ASSERT(strstr(CHECKED("API_KEYS=a:hunter2 b"), "API_KEYS=(set)\t(environment)\tunfit\n") != NULL);

	const char *text = CHECKED(arena_printf(&arena, "API_KEYS_FILE=%s", path));

	CU_ASSERT(strstr(text, "API_KEYS=(set)\t(environment, as API_KEYS_FILE)\tunfit\n") != NULL);
	CU_ASSERT(strstr(text, "hunter2") == NULL);
	CU_ASSERT(strstr(CHECKED("API_KEYS_FILE=/nonexistent"), "API_KEYS=\t(default)\tunfit\n") != NULL);
}

static void a_default_may_be_another_setting(void)
{
	CU_ASSERT_FATAL(LOAD("SANDBOX_CPU_QUOTA=50000", "SANDBOX_HOME_TMPFS_SIZE=1m"));
	CU_ASSERT_EQUAL(config.render_sandbox_cpu_quota, 200000);
	CU_ASSERT_EQUAL(config.render_sandbox_cpu_period, 100000);
	CU_ASSERT_EQUAL(config.render_sandbox_home_tmpfs_size, 1 << 20);
	CU_ASSERT_FATAL(LOAD("SANDBOX_CPU_QUOTA=50000", "RENDER_SANDBOX_CPU_QUOTA=60000"));
	CU_ASSERT_EQUAL(config.render_sandbox_cpu_quota, 60000);
	CU_ASSERT_EQUAL(config_latex_body(&config), 34583336);
	CU_ASSERT_FATAL(LOAD("LATEX_MAX_TOTAL_ASSET_BYTES=10000000", "LATEX_MAX_TEX_CHARS=1000"));
	CU_ASSERT_EQUAL(config_latex_body(&config), 14334336);
}

static void beta_is_an_older_word_for_v2(void)
{
	CU_ASSERT(LOAD("HOME=/"));
	CU_ASSERT_STRING_EQUAL(config.slide_rendering_version, "v1");
	CU_ASSERT(strstr(CHECKED("BETA=true"), "\nSLIDE_RENDERING_VERSION=v2\t(BETA)\tok\n") != NULL);
	CU_ASSERT(LOAD("BETA=true", "ACTIVE_RENDERING_VERSION=V1"));
	CU_ASSERT_STRING_EQUAL(config.slide_rendering_version, "v1");
}

static void a_pip_index_is_an_address(void)
{
	CU_ASSERT(CHECK("APP_ENV=x", "PIP_INDEX_URL=https://user:pass%40@index:8080/simple/"));
	CU_ASSERT(CHECK("APP_ENV=x", "PIP_INDEX_URL=http://[::1]/"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "PIP_INDEX_URL=file:///srv"));
	CU_ASSERT(told("PIP_INDEX_URL must"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "PIP_INDEX_URL=http://x/' --pre '"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "PIP_INDEX_URL=http://x/'"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "PIP_INDEX_URL=http://x/ y"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "PIP_INDEX_URL=http://x/\xc3\xa9"));
}

static void steps_lead_from_name_to_name(void)
{
	CU_ASSERT_EQUAL(stray_distance("WORKERS", "WORKERS"), 0);
	CU_ASSERT_EQUAL(stray_distance("workers", "WORKERS"), 0);
	CU_ASSERT_EQUAL(stray_distance("WORKER", "WORKERS"), 1);
	CU_ASSERT_EQUAL(stray_distance("WROKERS", "WORKERS"), 1);
	CU_ASSERT_EQUAL(stray_distance("WWORKERS", "WORKERS"), 1);
	CU_ASSERT_EQUAL(stray_distance("MARKERS", "WORKERS"), 2);
	CU_ASSERT_EQUAL(stray_distance("", "WORKERS"), 7);
	CU_ASSERT_EQUAL(stray_distance("WORKERS", ""), 7);
	CU_ASSERT(stray_distance(arena_printf(&arena, "%065d", 0), "WORKERS") > 64);
}

static void names_that_are_no_setting_are_told(void)
{
	const char *const environment[] = {
		"MAX_TIMEOUTS=1", "SANDBOX_MEMORY=1", "PATH=/bin", "TERM=x", "RUNDIR=/x", "BIN_DIR=/x", "REDIS_PORT=1",
		"DOCKER_CONFIG=/x", "HOSTNAME=x", "SANDBOX_\n=x", "GATEWAY_BIND=0.0.0.0", "MAX_INPUT_FILES=2", NULL,
	};

	CU_ASSERT(load(environment, file("A=1\nDEFUALT_TIMEOUT=2\napp_env=x\n\nAPI_KEY_FILE=/x\n"
	                                 "PYTHON_BASE_IMAGE=x\nWORKERS=0\nZZ_TOP_ZZ_TOP=1\n")));
	CU_ASSERT_EQUAL(problems.len, 0);
	CU_ASSERT_STRING_EQUAL(config.strays,
	                       "MAX_TIMEOUTS (environment) is no setting; MAX_TIMEOUT is one\n"
	                       "SANDBOX_MEMORY (environment) is no setting\n"
	                       "RUNDIR (environment) is no setting; RUN_DIR is one\n"
	                       "A (env file, line 1) is no setting\n"
	                       "DEFUALT_TIMEOUT (env file, line 2) is no setting; DEFAULT_TIMEOUT is one\n"
	                       "app_env (env file, line 3) is no setting; APP_ENV is one\n"
	                       "API_KEY_FILE (env file, line 5) is no setting; API_KEYS_FILE is one\n"
	                       "ZZ_TOP_ZZ_TOP (env file, line 8) is no setting\n");
	config_warn(&config, false, &problems);
	CU_ASSERT(told("DEFUALT_TIMEOUT (env file, line 2) is no setting; DEFAULT_TIMEOUT is one\n"));
}

static void a_file_of_the_python_service_starts_without_a_complaint(void)
{
	const char *const environment[] = { NULL };

	CU_ASSERT_FATAL(load(environment, arena_printf(&arena, "%s/tests/unit/python.env", top)));
	CU_ASSERT(config_check(&config, &problems));
	CU_ASSERT_EQUAL(problems.len, 0);
	CU_ASSERT_STRING_EQUAL(config.strays, "");
	CU_ASSERT_STRING_EQUAL(config.docker_host, "tcp://docker-proxy:2375");
	CU_ASSERT_EQUAL(config.render_sandbox_cpu_quota, 200000);
	CU_ASSERT_EQUAL(config_latex_body(&config), 34583336);
}

#define LONG "0123456789abcdef0123456789abcdef"

static const char *pem_of(const char *type)
{
	EVP_PKEY *key = *type == 'P' ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", type)
	                             : EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)2048);
	const char *pem = arena_printf(&arena, "JWT_SECRET=%s", mint_pem(&arena, key));

	EVP_PKEY_free(key);
	return pem;
}

static void the_algorithms_of_tokens_are_known(void)
{
	CU_ASSERT(CHECK("APP_ENV=x", "JWT_SECRET=short", "JWT_ALGORITHMS=HS256, HS384,HS512"));
	CU_ASSERT(CHECK("APP_ENV=x", "JWT_ALGORITHMS=RS256"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "JWT_SECRET=s", "JWT_ALGORITHMS=HS256,none,hs384"));
	CU_ASSERT(told("JWT_ALGORITHMS names \"none\", must be one of HS256 "));
	CU_ASSERT(told("JWT_ALGORITHMS names \"hs384\""));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "JWT_ALGORITHMS=XS256"));
	CU_ASSERT(CHECK("APP_ENV=x", "JWT_SECRET=s", "JWT_ALGORITHMS=,"));
	CU_ASSERT_STRING_EQUAL(config.jwt_algorithms, "HS256");
}

static void the_algorithms_of_tokens_go_with_the_key(void)
{
	const char *rsa = pem_of("RSA"), *p256 = pem_of("P-256");

	CU_ASSERT(CHECK("APP_ENV=x", rsa, "JWT_ALGORITHMS=RS256,PS512"));
	CU_ASSERT(CHECK("APP_ENV=x", p256, "JWT_ALGORITHMS=ES256"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", rsa));
	CU_ASSERT(told("JWT_ALGORITHMS names HS256, which does not go with JWT_SECRET (RSA, 2048 bits)"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", rsa, "JWT_ALGORITHMS=RS256,HS256"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", rsa, "JWT_ALGORITHMS=RS256,ES256"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", p256, "JWT_ALGORITHMS=ES384"));
	CU_ASSERT(told("names ES384, which does not go with JWT_SECRET (EC, 256 bits)"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "JWT_SECRET=s", "JWT_ALGORITHMS=HS256,RS256"));
	CU_ASSERT(told("names RS256, which does not go with JWT_SECRET (a secret, not"));
}

static void the_secret_of_tokens_is_one(void)
{
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "JWT_SECRET=-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"));
	CU_ASSERT(told("JWT_SECRET is PEM, but not of one public key"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", "JWT_SECRET=ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
	CU_ASSERT(told("JWT_SECRET is a key for SSH"));
	CU_ASSERT_FALSE(CHECK("JWT_SECRET=" LONG) || told("JWT_"));
	CU_ASSERT_FALSE(CHECK("JWT_SECRET=short"));
	CU_ASSERT(told("JWT_SECRET is shorter than 32 characters\n"));
	CU_ASSERT_FALSE(CHECK("APP_ENV=beta", "JWT_SECRET=short"));
	CU_ASSERT(told("JWT_SECRET is shorter than 32 characters\n"));
	CU_ASSERT_FALSE(told("short\n"));
	CU_ASSERT_FALSE(CHECK(pem_of("P-256"), "JWT_ALGORITHMS=ES256") || told("JWT_"));
}

static void the_key_of_tokens_comes_from_a_file(void)
{
	file(strchr(pem_of("P-256"), '=') + 1);
	CU_ASSERT(CHECK("APP_ENV=x", arena_printf(&arena, "JWT_SECRET_FILE=%s", path), "JWT_ALGORITHMS=ES256"));
	CU_ASSERT(strstr(config.jwt_secret, "-----END PUBLIC KEY-----") != NULL);
	CU_ASSERT_FALSE(CHECK("APP_ENV=x", arena_printf(&arena, "JWT_SECRET_FILE=%s", path), "JWT_SECRET=x"));
	CU_ASSERT(told("JWT_SECRET_FILE and JWT_SECRET are both set"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "an empty environment gives the defaults", an_empty_environment_gives_the_defaults },
		{ "blank is unset", blank_is_unset },
		{ "every kind reads its value", every_kind_reads_its_value },
		{ "all problems are told at once", all_problems_are_told_at_once },
		{ "an alias counts when the name is absent", an_alias_counts_when_the_name_is_absent },
		{ "of two names one is told to be unheard", of_two_names_one_is_told_to_be_unheard },
		{ "a list of commas is blank", a_list_of_commas_is_blank },
		{ "a secret comes from a file", a_secret_comes_from_a_file },
		{ "a secret file has a ceiling", a_secret_file_has_a_ceiling },
		{ "the env file serves what the environment lacks", the_env_file_serves_what_the_environment_lacks },
		{ "a bad env file is told by line", a_bad_env_file_is_told_by_line },
		{ "what is printed loads as the defaults", what_is_printed_loads_as_the_defaults },
		{ "every setting has a value, a source and a verdict", every_setting_has_a_value_a_source_and_a_verdict },
		{ "secrets are not shown", secrets_are_not_shown },
		{ "a default may be another setting", a_default_may_be_another_setting },
		{ "beta is an older word for v2", beta_is_an_older_word_for_v2 },
		{ "a pip index is an address", a_pip_index_is_an_address },
		{ "steps lead from name to name", steps_lead_from_name_to_name },
		{ "names that are no setting are told", names_that_are_no_setting_are_told },
		{ "a file of the Python service starts without a complaint", a_file_of_the_python_service_starts_without_a_complaint },
		{ "the algorithms of tokens are known", the_algorithms_of_tokens_are_known },
		{ "the algorithms of tokens go with the key", the_algorithms_of_tokens_go_with_the_key },
		{ "the secret of tokens is one", the_secret_of_tokens_is_one },
		{ "the key of tokens comes from a file", the_key_of_tokens_comes_from_a_file },
		{ NULL, NULL },
	};
	const char *given = getenv("top_srcdir");
	int fd = mkstemp(path);

	top = arena_strdup(&arena, given != NULL ? given : ".");

	if (fd < 0)
		return 1;
	close(fd);

	int status = tap_run("config", tests);

	(void)unlink(path);
	arena_finish(&arena);
	buf_finish(&problems);
	return status;
}
