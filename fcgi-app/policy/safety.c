/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions between settings: what no single range can say (contract 8.3). */
#include "fcgi-app/policy/auth.h"
#include "lib/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GUARDED_SECRET_MIN = 32, PRELOAD_MAX = 512, MEMORY_RESERVE = 64 << 20 };

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
	buf_printf(k->problems, "%s\n", text);
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

static void check_sizes(struct check *k)
{
	const struct config *c = k->config;

	demand(k, c->default_timeout <= c->max_timeout, "DEFAULT_TIMEOUT is above MAX_TIMEOUT");
	demand(k, c->max_session_lifetime_seconds >= c->session_timeout_seconds,
	       "MAX_SESSION_LIFETIME_SECONDS is below SESSION_TIMEOUT_SECONDS");
	demand(k, c->max_input_file_size <= c->max_input_total_size,
	       "MAX_INPUT_FILE_SIZE is above MAX_INPUT_TOTAL_SIZE");
	demand(k, c->max_input_total_size <= c->max_request_body_size,
	       "MAX_INPUT_TOTAL_SIZE is above MAX_REQUEST_BODY_SIZE");
	demand(k, c->max_output_file_size <= c->max_output_total_size,
	       "MAX_OUTPUT_FILE_SIZE is above MAX_OUTPUT_TOTAL_SIZE");
	demand(k, c->max_request_body_size <= c->max_inflight_body_bytes,
	       "MAX_REQUEST_BODY_SIZE is above MAX_INFLIGHT_BODY_BYTES");
	demand(k, config_workers(c) >= c->max_concurrent_executions + c->reserved_workers,
	       "WORKERS is below MAX_CONCURRENT_EXECUTIONS + RESERVED_WORKERS");
	demand(k, c->sandbox_uid <= INT32_MAX - c->sandbox_uid_range,
	       "SANDBOX_UID + SANDBOX_UID_RANGE is above 2147483647");
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
	demand(k, c->use_docker_default_seccomp || c->seccomp_profile_daemon_path[0] == '/',
	       "USE_DOCKER_DEFAULT_SECCOMP=false needs an absolute SECCOMP_PROFILE_DAEMON_PATH");
	demand(k, is_pip_index(c->pip_index_url),
	       "PIP_INDEX_URL must be an http:// or https:// address without blanks and quotes");
	demand(k, !c->docker_tls_verify || c->docker_cert_path[0] != '\0',
	       "DOCKER_TLS_VERIFY needs DOCKER_CERT_PATH");
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
	struct slice list = text_slice(c->strong_sandbox_runtimes), item;

	while (text_next_item(&list, ',', &item))
		if (c->sandbox_runtime[0] != '\0' && slice_equals(item, c->sandbox_runtime))
			return true;
	return false;
}

/* The part of scheme://[user@]host[:port] that names the machine, brackets of IPv6 taken off. */
static struct slice host_of(const char *url, const char **port)
{
	const char *at = strstr(url, "://");
	const char *user;

	at = at != NULL ? at + 3 : url;
	user = strchr(at, '@');
	at = user != NULL ? user + 1 : at;
	if (*at == '[') {
		size_t len = strcspn(++at, "]");

		*port = at[len] == ']' && at[len + 1] == ':' ? at + len + 2 : "";
		return (struct slice){ at, len };
	}

	size_t len = strcspn(at, ":/");

	*port = at[len] == ':' ? at + len + 1 : "";
	return (struct slice){ at, len };
}

static void check_docker_host(struct check *k)
{
	static const char *const local[] = {
		"docker-proxy", "localhost", "127.0.0.1", "::1", "host.docker.internal",
	};
	const char *url = k->config->docker_host, *port;
	struct slice host = host_of(url, &port);
	bool tcp = starts_with(url, "tcp://");
	int64_t number = 0;

	demand(k, tcp || starts_with(url, "ssh://"),
	       "DOCKER_HOST must be a tcp:// or ssh:// address of another machine");
	demand(k, !tcp || (text_int(port, &number) && number != 2375),
	       "DOCKER_HOST is the plain-text port 2375; use TLS on another");
	demand(k, !tcp || k->config->docker_tls_verify,
	       "DOCKER_HOST tcp:// needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH");
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		demand(k, !slice_equals(host, local[i]), "DOCKER_HOST must not be %s", local[i]);
}

/* Production and public beta. */
static void check_guarded(struct check *k)
{
	const struct config *c = k->config;

	demand(k, is_pinned(c->sandbox_image),
	       "SANDBOX_IMAGE must be pinned: a digest, or a tag other than latest");
	demand(k, c->sandbox_read_only_rootfs, "SANDBOX_READ_ONLY_ROOTFS must be true");
	check_docker_host(k);
}

static void check_public_beta(struct check *k)
{
	const struct config *c = k->config;

	demand(k, c->require_auth, "a public beta needs REQUIRE_AUTH");
	demand(k, strcmp(c->sandbox_network_mode, "none") == 0,
	       "a public beta needs SANDBOX_NETWORK_MODE=none");
	demand(k, !c->allow_pip_installs, "a public beta needs ALLOW_PIP_INSTALLS=false");
	demand(k, is_strong(c), "a public beta needs a SANDBOX_RUNTIME of STRONG_SANDBOX_RUNTIMES");
}

bool config_check(const struct config *c, struct buf *problems)
{
	struct check k = { .config = c, .problems = problems, .ok = true };

	check_sizes(&k);
	check_texts(&k);
	check_keys(&k);
	check_tokens(&k);
	demand(&k, !c->require_strong_sandbox_isolation || is_strong(c),
	       "REQUIRE_STRONG_SANDBOX_ISOLATION needs a SANDBOX_RUNTIME of STRONG_SANDBOX_RUNTIMES");
	if (config_is_guarded(c))
		check_guarded(&k);
	if (c->public_beta_mode)
		check_public_beta(&k);
	return k.ok;
}

void config_warn(const struct config *c, struct buf *warnings)
{
	int64_t tmpfs = c->sandbox_tmp_root_size + c->sandbox_home_tmpfs_size + c->sandbox_shm_size;

	if (tmpfs + MEMORY_RESERVE > c->sandbox_mem_limit)
		buf_puts(warnings, "SANDBOX_TMP_ROOT_SIZE + SANDBOX_HOME_TMPFS_SIZE + SANDBOX_SHM_SIZE leave less than "
		         "64m of SANDBOX_MEM_LIMIT: a session that fills them is lost\n");
	if (c->max_active_sessions > c->sandbox_uid_range)
		buf_puts(warnings, "MAX_ACTIVE_SESSIONS is above SANDBOX_UID_RANGE: one daemon has no uid for each\n");
	if (!c->require_auth)
		buf_puts(warnings, "REQUIRE_AUTH is false: every caller is the same one and may use every session\n");
}
