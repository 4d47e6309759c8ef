/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions between settings: what no single range can say (contract 8.3).  Each problem begins
 * with the name of a setting, whose verdict it is.
 */
#include "fcgi-app/policy/auth.h"
#include "fcgi-app/policy/setting.h"
#include "lib/jsonscan.h"
#include "lib/text.h"
#include "lib/wire/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { GUARDED_SECRET_MIN = 32, PRELOAD_MAX = 512, MEMORY_RESERVE = 64 << 20, FIRST_USER = 1000 };

enum { ENV_TARGET_MAX = 160 };               /* so that PID 1 can name it whole */

struct check {
	const struct config *config;
	struct buf *problems;
	bool ok;
};

__attribute__((format(printf, 3, 4)))
static void demand(struct check *k, bool holds, const char *fmt, ...)
{
	char text[320];
	va_list args;

	if (holds)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	buf_printf(k->problems, "%s\n", text_on_one_line(text));
	k->ok = false;
}

static bool has_only(const char *s, const char *allowed)
{
	return strspn(s, allowed) == strlen(s);
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
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

static int64_t number_of(const struct check *k, const char *name)
{
	return setting_number(k->config, setting_find(name));
}

static void check_numbers(struct check *k)
{
	const struct config *c = k->config;

	for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
		demand(k, number_of(k, orders[i].less) <= number_of(k, orders[i].more) * orders[i].units,
		       "%s is above %s", orders[i].less, orders[i].more);
	demand(k, config_workers(c) >= c->max_concurrent_executions + c->reserved_workers,
	       "WORKERS is below MAX_CONCURRENT_EXECUTIONS + RESERVED_WORKERS");
	demand(k, c->sandbox_uid <= INT32_MAX - c->sandbox_uid_range,
	       "SANDBOX_UID + SANDBOX_UID_RANGE is above 2147483647");
	demand(k, config_latex_body(c) >= 1024,
	       "LATEX_RENDER_MAX_REQUEST_BODY_BYTES is below 1024 and not 0");
}

/* A token is visible ASCII without commas: the list could not hold one, a header would not. */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return true;
}

/* It stands between quotes in a script. */
static bool is_pip_index(const char *url)
{
	return *url == '\0'
	    || ((starts_with(url, "http://") || starts_with(url, "https://"))
	        && is_token(text_slice(url)) && strpbrk(url, "'\"`\\") == NULL);
}

static bool is_below_home(const char *path)
{
	static const char home[] = "/home/sandbox/";
	const char *name = path + sizeof home - 1;

	return starts_with(path, home) && strlen(name) <= ENV_TARGET_MAX
	    && path_is_safe(name, strlen(name));
}

static void check_texts(struct check *k)
{
	const struct config *c = k->config;
	size_t id = strlen(c->deployment_id);
	size_t mode = strlen(c->fastcgi_socket_mode);

	demand(k,
	       id >= 1 && id <= 32
	       && has_only(c->deployment_id, "abcdefghijklmnopqrstuvwxyz0123456789-"),
	       "DEPLOYMENT_ID must be 1 to 32 characters of a-z, 0-9 and -");
	demand(k, mode >= 3 && mode <= 4 && has_only(c->fastcgi_socket_mode, "01234567"),
	       "FASTCGI_SOCKET_MODE must be an octal mode such as 0660");
	demand(k, c->run_dir[0] == '/', "RUN_DIR must be an absolute path");
	demand(k, strlen(c->sandbox_preload) <= PRELOAD_MAX,
	       "SANDBOX_PRELOAD is too long (max %d)", PRELOAD_MAX);
	demand(k, is_pip_index(c->pip_index_url),
	       "PIP_INDEX_URL must be an http:// or https:// address without blanks and quotes");
	demand(k, c->sandbox_env_source_path[0] == '/',
	       "SANDBOX_ENV_SOURCE_PATH must be an absolute path");
	demand(k, is_below_home(c->sandbox_env_target_path),
	       "SANDBOX_ENV_TARGET_PATH must be a short path below /home/sandbox");
}

static void check_seccomp(struct check *k)
{
	const struct config *c = k->config;
	struct slice profile = text_slice(c->seccomp_profile);
	struct json_fault fault = { "it is no object", 0 };
	bool by_path = c->seccomp_profile_daemon_path[0] != '\0';
	bool sound = profile.len == 0
	          || (text_trim(profile).at[0] == '{' && json_scan(profile, true, &fault));

	demand(k, sound, "SECCOMP_PROFILE is no profile: %s (at %zu)", fault.text, fault.offset);
	if (c->use_docker_default_seccomp)
		return;
	demand(k, profile.len > 0 || by_path,
	       "USE_DOCKER_DEFAULT_SECCOMP=false needs SECCOMP_PROFILE_FILE or "
	       "SECCOMP_PROFILE_DAEMON_PATH");
	demand(k, profile.len == 0 || !by_path,
	       "SECCOMP_PROFILE and SECCOMP_PROFILE_DAEMON_PATH are both set: keep one");
	demand(k, !by_path || c->seccomp_profile_daemon_path[0] == '/',
	       "SECCOMP_PROFILE_DAEMON_PATH must be an absolute path");
}

static bool is_file_there(const char *directory, const char *name)
{
	char path[4096];

	return snprintf(path, sizeof path, "%s/%s", directory, name) < (int)sizeof path
	    && access(path, F_OK) == 0;
}

static void check_tls(struct check *k)
{
	static const char *const files[] = { "ca.pem", "cert.pem", "key.pem" };
	const struct config *c = k->config;

	if (!c->docker_tls_verify)
		return;
	demand(k, c->docker_cert_path[0] != '\0', "DOCKER_TLS_VERIFY needs DOCKER_CERT_PATH");
	for (size_t i = 0; i < 3 && c->docker_cert_path[0] != '\0'; i++)
		demand(k, is_file_there(c->docker_cert_path, files[i]), "DOCKER_CERT_PATH has no %s",
		       files[i]);
}

static bool has_item(const char *list, const char *wanted)
{
	struct slice rest = text_slice(list), item;

	while (text_next_item(&rest, ',', &item))
		if (slice_equals(item, wanted))
			return true;
	return false;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS_AND_SMALL "0123456789abcdefghijklmnopqrstuvwxyz"

/* The web server answers; what it could not say, or should not, is refused here, too. */
static void check_cors(struct check *k)
{
	const struct config *c = k->config;

	if (!c->enable_cors)
		return;
	demand(k, has_only(c->cors_allow_origins, LETTERS DIGITS_AND_SMALL ":/._*, -"),
	       "CORS_ALLOW_ORIGINS must be origins such as https://example.org:8443, or *");
	demand(k, has_only(c->cors_allow_methods, LETTERS "*, "),
	       "CORS_ALLOW_METHODS must be methods such as GET,POST, or *");
	demand(k, has_only(c->cors_allow_headers, LETTERS DIGITS_AND_SMALL "*, -"),
	       "CORS_ALLOW_HEADERS must be names of headers, or *");
	demand(k, !has_item(c->cors_allow_origins, "*") || !c->cors_allow_credentials,
	       "CORS_ALLOW_ORIGINS=* needs CORS_ALLOW_CREDENTIALS=false");
	if (!config_is_guarded(c))
		return;
	demand(k, config_is_told(c, "CORS_ALLOW_ORIGINS") && !has_item(c->cors_allow_origins, "*"),
	       "CORS_ALLOW_ORIGINS must name each origin, or ENABLE_CORS be false");
}

static void check_keys(struct check *k)
{
	struct slice list = text_slice(k->config->api_keys);
	struct static_key key;
	unsigned position = 0, keys = 0;

	for (; auth_next_key(&list, &position, &key); keys++) {
		demand(k, is_token(key.secret),
		       "API_KEYS: the secret of \"%.*s\" holds a blank or a character beyond ASCII",
		       (int)key.id.len, key.id.at);
		demand(k, key.secret.len >= GUARDED_SECRET_MIN || !config_is_guarded(k->config),
		       "API_KEYS: the secret of \"%.*s\" is shorter than %d characters",
		       (int)key.id.len, key.id.at, GUARDED_SECRET_MIN);
	}
	demand(k, keys > 0 || !k->config->require_auth || k->config->jwt_secret[0] != '\0',
	       "REQUIRE_AUTH needs at least one key with a secret in API_KEYS, or JWT_SECRET");
}

static void check_tokens(struct check *k)
{
	struct auth auth;

	k->ok = auth_open(&auth, k->config, k->problems) && k->ok;
	auth_close(&auth);
}

/* By digest, or by a tag that does not move. */
static bool is_pinned(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *tag = strchr(slash != NULL ? slash : image, ':');

	return strstr(image, "@sha256:") != NULL
	    || (tag != NULL && tag[1] != '\0' && strcmp(tag, ":latest") != 0);
}

static bool is_strong(const struct config *c)
{
	return c->sandbox_runtime[0] != '\0'
	    && has_item(c->strong_sandbox_runtimes, c->sandbox_runtime);
}

/* The part of scheme://host[:port] that names the machine, brackets of IPv6 taken off. */
static struct slice host_of(const char *url, const char **port)
{
	const char *at = strstr(url, "://");

	at = at != NULL ? at + 3 : url;
	if (*at == '[') {
		size_t len = strcspn(++at, "]");

		*port = at[len] == ']' && at[len + 1] == ':' ? at + len + 2 : "";
		return (struct slice){ at, len };
	}

	size_t len = strcspn(at, ":/");

	*port = at[len] == ':' ? at + len + 1 : "";
	return (struct slice){ at, len };
}

/* This machine, or the proxy beside us, as the names go; a dot at the end is no other name. */
static bool is_local(struct slice host)
{
	static const char *const names[] = {
		"docker-proxy", "localhost", "0.0.0.0", "::1", "::", "host.docker.internal",
	};
	size_t len = host.len > 0 && host.at[host.len - 1] == '.' ? host.len - 1 : host.len;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == len && strncasecmp(names[i], host.at, len) == 0)
			return true;
	return len >= 4 && strncmp(host.at, "127.", 4) == 0;
}

static void check_docker_host(struct check *k)
{
	const char *url = k->config->docker_host, *port;
	struct slice host = host_of(url, &port);
	bool tcp = starts_with(url, "tcp://");
	long number = strtol(port, NULL, 10);

	demand(k, tcp, "DOCKER_HOST must be a tcp:// address of another machine");
	demand(k, !tcp || (number != 0 && number != 2375),
	       "DOCKER_HOST is the plain-text port 2375; use TLS on another");
	demand(k, !tcp || k->config->docker_tls_verify,
	       "DOCKER_HOST tcp:// needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH");
	demand(k, !is_local(host), "DOCKER_HOST must not be %.*s", (int)host.len, host.at);
}

/* Production and public beta. */
static void check_guarded(struct check *k)
{
	const struct config *c = k->config;

	demand(k, is_pinned(c->sandbox_image),
	       "SANDBOX_IMAGE must be pinned: a digest, or a tag other than latest");
	demand(k, c->sandbox_read_only_rootfs, "SANDBOX_READ_ONLY_ROOTFS must be true");
	demand(k, !c->enable_docs, "ENABLE_DOCS must be false");
	check_docker_host(k);
}

static void check_public_beta(struct check *k)
{
	const struct config *c = k->config;

	demand(k, c->require_auth, "REQUIRE_AUTH must be true in a public beta");
	demand(k, strcmp(c->sandbox_network_mode, "none") == 0,
	       "SANDBOX_NETWORK_MODE must be none in a public beta");
	demand(k, !c->allow_pip_installs, "ALLOW_PIP_INSTALLS must be false in a public beta");
	demand(k, !c->allow_sandbox_env_injection,
	       "ALLOW_SANDBOX_ENV_INJECTION must be false in a public beta");
	demand(k, is_strong(c),
	       "SANDBOX_RUNTIME must be one of STRONG_SANDBOX_RUNTIMES in a public beta");
}

bool config_check(const struct config *c, struct buf *problems)
{
	struct check k = { .config = c, .problems = problems, .ok = true };

	check_numbers(&k);
	check_texts(&k);
	check_keys(&k);
	check_tokens(&k);
	check_cors(&k);
	check_seccomp(&k);
	check_tls(&k);
	demand(&k, !c->require_strong_sandbox_isolation || is_strong(c),
	       "REQUIRE_STRONG_SANDBOX_ISOLATION needs a SANDBOX_RUNTIME of STRONG_SANDBOX_RUNTIMES");
	demand(&k, !c->require_shared_state || config_is_told(c, "REDIS_URL"),
	       "REQUIRE_SHARED_STATE needs REDIS_URL");
	if (config_is_guarded(c))
		check_guarded(&k);
	if (c->public_beta_mode)
		check_public_beta(&k);
	return k.ok;
}

__attribute__((format(printf, 3, 4)))
static void warn(struct buf *warnings, bool unusual, const char *fmt, ...)
{
	char text[320];
	va_list args;

	if (!unusual)
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	buf_printf(warnings, "%s\n", text_on_one_line(text));
}

void config_warn(const struct config *c, struct buf *warnings)
{
	int64_t tmpfs = c->sandbox_tmp_root_size + c->sandbox_home_tmpfs_size + c->sandbox_shm_size;
	bool has_profile = c->seccomp_profile[0] != '\0' || c->seccomp_profile_daemon_path[0] != '\0';

	buf_puts(warnings, c->strays);
	warn(warnings, tmpfs + MEMORY_RESERVE > c->sandbox_mem_limit,
	     "SANDBOX_TMP_ROOT_SIZE + SANDBOX_HOME_TMPFS_SIZE + SANDBOX_SHM_SIZE leave less than 64m "
	     "of SANDBOX_MEM_LIMIT: a session that fills them is lost");
	warn(warnings, c->max_active_sessions > c->sandbox_uid_range,
	     "MAX_ACTIVE_SESSIONS is above SANDBOX_UID_RANGE: one daemon has no uid for each");
	warn(warnings, c->sandbox_uid < FIRST_USER,
	     "SANDBOX_UID is below %d: the host may know such a user", FIRST_USER);
	warn(warnings, !c->require_auth,
	     "REQUIRE_AUTH is false: every caller is the same one and may use every session");
	warn(warnings, config_names_beta(c) && !c->public_beta_mode,
	     "PUBLIC_BETA_MODE is false, so APP_ENV=%.64s stands for nothing", c->app_env);
	warn(warnings, c->use_docker_default_seccomp && has_profile,
	     "USE_DOCKER_DEFAULT_SECCOMP is true, so the profile that is set does nothing");
	warn(warnings, strcmp(c->sandbox_network_mode, "none") != 0,
	     "SANDBOX_NETWORK_MODE is %s: see README.md for what of the host and its networks "
	     "is open to a session that asks for one", c->sandbox_network_mode);
	warn(warnings, c->allow_pip_installs && strcmp(c->sandbox_network_mode, "none") == 0,
	     "ALLOW_PIP_INSTALLS is true, but with SANDBOX_NETWORK_MODE=none pip reaches no index");
}
