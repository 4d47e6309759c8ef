/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions between settings: what no single range can say (contract 8.3).  Each problem begins
 * with the name of a setting, whose verdict it is.
 */
#include "fcgi-app/policy/auth.h"
#include "fcgi-app/policy/guard.h"
#include "fcgi-app/policy/setting.h"
#include "lib/jsonscan.h"
#include "lib/text.h"
#include "lib/wire/path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	PRELOAD_MAX = 512,
	ENV_TARGET_MAX = 160,              /* so that PID 1 can name it whole */
};

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS_AND_SMALL "0123456789abcdefghijklmnopqrstuvwxyz"

static bool has_only(const char *s, const char *allowed)
{
	return strspn(s, allowed) == strlen(s);
}

/* Numbers that must not be above others; those of milliseconds, above others' seconds. */
static const struct {
	const char *less, *more;
	int64_t units;
} orders[] = {
	{ "DEFAULT_TIMEOUT", "MAX_TIMEOUT", 1 },
	{ "SESSION_TIMEOUT_SECONDS", "MAX_SESSION_LIFETIME_SECONDS", 1 },
	{ "MAX_INPUT_FILE_SIZE", "MAX_INPUT_TOTAL_SIZE", 1 },
	{ "MAX_INPUT_TOTAL_SIZE", "MAX_REQUEST_BODY_SIZE", 1 },
	{ "MAX_REQUEST_BODY_SIZE", "MAX_INFLIGHT_BODY_BYTES", 1 },
	{ "MAX_OUTPUT_FILE_SIZE", "MAX_OUTPUT_TOTAL_SIZE", 1 },
	{ "PAGE_LOAD_TIMEOUT_MS", "RENDER_TIMEOUT_SECONDS", 1000 },
	{ "RENDER_QUEUE_TIMEOUT_MS", "RENDER_TIMEOUT_SECONDS", 1000 },
	{ "RENDER_MAX_HTML_CHARS", "RENDER_MAX_REQUEST_BODY_BYTES", 1 },
	{ "RENDER_MAX_TOTAL_ASSET_BYTES", "RENDER_MAX_REQUEST_BODY_BYTES", 1 },
	{ "RENDER_MAX_ASSET_BYTES", "RENDER_MAX_TOTAL_ASSET_BYTES", 1 },
	{ "RENDER_MAX_ASSET_BYTES", "RENDER_MAX_OUTPUT_BYTES", 1 },
	{ "LATEX_MAX_ASSET_BYTES", "LATEX_MAX_TOTAL_ASSET_BYTES", 1 },
	{ "LATEX_MAX_ASSET_BYTES", "LATEX_MAX_OUTPUT_BYTES", 1 },
};

static int64_t number_of(const struct config *c, const char *name)
{
	return setting_number(c, setting_find(name));
}

static void check_numbers(const struct config *c, struct buf *problems)
{
	for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
		tell_unless(problems,
		            number_of(c, orders[i].less)
		            <= number_of(c, orders[i].more) * orders[i].units,
		            "%s is above %s", orders[i].less, orders[i].more);
	tell_unless(problems,
	            config_workers(c) >= c->max_concurrent_executions + c->reserved_workers,
	            "WORKERS is below MAX_CONCURRENT_EXECUTIONS + RESERVED_WORKERS");
	tell_unless(problems, c->sandbox_uid <= INT32_MAX - c->sandbox_uid_range,
	            "SANDBOX_UID + SANDBOX_UID_RANGE is above 2147483647");
	tell_unless(problems, config_latex_body(c) >= 1024,
	            "LATEX_RENDER_MAX_REQUEST_BODY_BYTES is below 1024 and not 0");
}

/* It stands between quotes in a script. */
static bool is_pip_index(const char *url)
{
	return *url == '\0'
	    || ((text_starts_with(url, "http://") || text_starts_with(url, "https://"))
	        && text_is_visible(text_slice(url)) && strpbrk(url, "'\"`\\") == NULL);
}

static bool is_below_home(const char *path)
{
	static const char home[] = "/home/sandbox/";
	const char *name = path + sizeof home - 1;

	return text_starts_with(path, home) && strlen(name) <= ENV_TARGET_MAX
	    && path_is_safe(name, strlen(name));
}

static void check_texts(const struct config *c, struct buf *problems)
{
	size_t id = strlen(c->deployment_id);
	size_t mode = strlen(c->fastcgi_socket_mode);

	tell_unless(problems,
	            id >= 1 && id <= 32
	            && has_only(c->deployment_id, "abcdefghijklmnopqrstuvwxyz0123456789-"),
	            "DEPLOYMENT_ID must be 1 to 32 characters of a-z, 0-9 and -");
	tell_unless(problems,
	            mode >= 3 && mode <= 4 && has_only(c->fastcgi_socket_mode, "01234567"),
	            "FASTCGI_SOCKET_MODE must be an octal mode such as 0660");
	tell_unless(problems, c->run_dir[0] == '/', "RUN_DIR must be an absolute path");
	tell_unless(problems, strlen(c->sandbox_preload) <= PRELOAD_MAX,
	            "SANDBOX_PRELOAD is too long (max %d)", PRELOAD_MAX);
	tell_unless(problems, has_only(c->sandbox_preload, LETTERS DIGITS_AND_SMALL "_., "),
	            "SANDBOX_PRELOAD must be auto, none, or names of modules");
	tell_unless(problems, has_only(c->sandbox_image, LETTERS DIGITS_AND_SMALL "._-/:@"),
	            "SANDBOX_IMAGE must be the name of an image, such as code-sandbox:1.2");
	tell_unless(problems, is_pip_index(c->pip_index_url),
	            "PIP_INDEX_URL must be an http:// or https:// address without blanks "
	            "and quotes");
	tell_unless(problems, c->sandbox_env_source_path[0] == '/',
	            "SANDBOX_ENV_SOURCE_PATH must be an absolute path");
	tell_unless(problems, is_below_home(c->sandbox_env_target_path),
	            "SANDBOX_ENV_TARGET_PATH must be a short path below /home/sandbox");
}

static void check_seccomp(const struct config *c, struct buf *problems)
{
	struct slice profile = text_slice(c->seccomp_profile);
	struct json_fault fault = { "it is no object", 0 };
	bool by_path = c->seccomp_profile_daemon_path[0] != '\0';
	bool sound = profile.len == 0
	          || (text_trim(profile).at[0] == '{' && json_scan(profile, true, &fault));

	tell_unless(problems, sound, "SECCOMP_PROFILE is no profile: %s (at %zu)", fault.text,
	            fault.offset);
	if (c->use_docker_default_seccomp)
		return;
	tell_unless(problems, profile.len > 0 || by_path,
	            "USE_DOCKER_DEFAULT_SECCOMP=false needs SECCOMP_PROFILE_FILE or "
	            "SECCOMP_PROFILE_DAEMON_PATH");
	tell_unless(problems, profile.len == 0 || !by_path,
	            "SECCOMP_PROFILE and SECCOMP_PROFILE_DAEMON_PATH are both set: keep one");
	tell_unless(problems, !by_path || c->seccomp_profile_daemon_path[0] == '/',
	            "SECCOMP_PROFILE_DAEMON_PATH must be an absolute path");
}

static bool is_file_there(const char *directory, const char *name)
{
	char path[4096];

	return snprintf(path, sizeof path, "%s/%s", directory, name) < (int)sizeof path
	    && access(path, F_OK) == 0;
}

static void check_tls(const struct config *c, struct buf *problems)
{
	static const char *const files[] = { "ca.pem", "cert.pem", "key.pem" };

	if (!c->docker_tls_verify)
		return;
	tell_unless(problems,
	            c->docker_cert_path[0] != '\0', "DOCKER_TLS_VERIFY needs DOCKER_CERT_PATH");
	for (size_t i = 0; i < 3 && c->docker_cert_path[0] != '\0'; i++)
		tell_unless(problems, is_file_there(c->docker_cert_path, files[i]),
		            "DOCKER_CERT_PATH has no %s", files[i]);
}

/* The web server answers; what it could not say, or should not, is refused here, too. */
static void check_cors(const struct config *c, struct buf *problems)
{
	if (!c->enable_cors)
		return;
	tell_unless(problems, has_only(c->cors_allow_origins, LETTERS DIGITS_AND_SMALL ":/._*, -"),
	            "CORS_ALLOW_ORIGINS must be origins such as https://example.org:8443, or *");
	tell_unless(problems, has_only(c->cors_allow_methods, LETTERS "*, "),
	            "CORS_ALLOW_METHODS must be methods such as GET,POST, or *");
	tell_unless(problems, has_only(c->cors_allow_headers, LETTERS DIGITS_AND_SMALL "*, -"),
	            "CORS_ALLOW_HEADERS must be names of headers, or *");
	tell_unless(problems,
	            !text_has_item(c->cors_allow_origins, "*") || !c->cors_allow_credentials,
	            "CORS_ALLOW_ORIGINS=* needs CORS_ALLOW_CREDENTIALS=false");
}

static void check_keys(const struct config *c, struct buf *problems)
{
	struct slice list = text_slice(c->api_keys);
	struct static_key key;
	unsigned position = 0, keys = 0;

	for (; auth_next_key(&list, &position, &key); keys++) {
		tell_unless(problems, text_is_visible(key.secret),
		            "API_KEYS: the secret of \"%.*s\" holds a blank or a character beyond "
		            "ASCII",
		            (int)key.id.len, key.id.at);
		tell_unless(problems, key.secret.len >= GUARDED_SECRET_MIN || !config_is_guarded(c),
		            "API_KEYS: the secret of \"%.*s\" is shorter than %d characters",
		            (int)key.id.len, key.id.at, GUARDED_SECRET_MIN);
	}
	tell_unless(problems, keys > 0 || !c->require_auth || c->jwt_secret[0] != '\0',
	            "REQUIRE_AUTH needs at least one key with a secret in API_KEYS, or JWT_SECRET");
}

static void check_tokens(const struct config *c, struct buf *problems)
{
	struct auth auth;

	(void)auth_open(&auth, c, problems);
	auth_close(&auth);
}

bool config_check(const struct config *c, struct buf *problems)
{
	size_t before = problems->len;

	check_numbers(c, problems);
	check_texts(c, problems);
	check_keys(c, problems);
	check_tokens(c, problems);
	check_cors(c, problems);
	check_seccomp(c, problems);
	check_tls(c, problems);
	tell_unless(problems, !c->require_shared_state || config_is_told(c, "REDIS_URL"),
	            "REQUIRE_SHARED_STATE needs REDIS_URL");
	guard_check(c, problems);
	return problems->len == before && !problems->full;
}
