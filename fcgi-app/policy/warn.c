/* SPDX-License-Identifier: Apache-2.0 */
/* What is allowed but may surprise; each line begins with the name it is about. */
#include "fcgi-app/policy/setting.h"

#include "fcgi-app/policy/stray.h"
#include "lib/text.h"

#include <string.h>

enum { MEMORY_RESERVE = 64 << 20, FIRST_USER = 1000 };

/* A place that was meant to be guarded, and is not. */
static void warn_of_place(const struct config *c, struct buf *warnings)
{
	static const char *const guarded[] = {
		"production", "prod", "public_beta", "public-beta", "beta",
	};

	for (size_t i = 0; !config_is_guarded(c) && i < sizeof guarded / sizeof guarded[0]; i++) {
		unsigned steps = stray_distance(c->app_env, guarded[i]);

		if (!tell_unless(warnings, steps == 0 || steps > (strlen(guarded[i]) < 8 ? 1U : 2U),
		                 "APP_ENV is \"%.64s\", a slip away from %s: nothing of that is "
		                 "demanded", c->app_env, guarded[i]))
			return;
	}
	tell_unless(warnings, !config_names_beta(c) || c->public_beta_mode,
	            "PUBLIC_BETA_MODE is false, so APP_ENV=%.64s stands for nothing", c->app_env);
}

static bool has_item(const char *list, struct slice wanted)
{
	struct slice rest = text_slice(list), item;

	while (text_next_item(&rest, ',', &item))
		if (item.len == wanted.len && memcmp(item.at, wanted.at, item.len) == 0)
			return true;
	return false;
}

/* As browsers send it: no upper case, nothing behind host and port. */
static bool is_origin(struct slice s)
{
	const char *colon = memchr(s.at, ':', s.len);
	size_t scheme = colon != NULL ? (size_t)(colon - s.at) : 0;

	if (s.len == 1 && *s.at == '*')
		return true;
	if (scheme == 0 || s.len <= scheme + 3 || memcmp(colon, "://", 3) != 0)
		return false;
	for (size_t i = scheme + 3; i < s.len; i++)
		if (s.at[i] == '/' || s.at[i] == '*' || (s.at[i] >= 'A' && s.at[i] <= 'Z'))
			return false;
	return true;
}

static void warn_of_cors(const struct config *c, struct buf *warnings)
{
	struct slice origins = text_slice(c->cors_allow_origins), item;
	struct slice methods = text_slice(c->cors_allow_methods);

	while (c->enable_cors && text_next_item(&origins, ',', &item))
		tell_unless(warnings, is_origin(item),
		            "CORS_ALLOW_ORIGINS names \"%.*s\", which no browser sends: an origin is "
		            "scheme://host[:port]", item.len < 64 ? (int)item.len : 64, item.at);
	while (c->enable_cors && text_next_item(&methods, ',', &item))
		tell_unless(warnings, has_item("*,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT", item),
		            "CORS_ALLOW_METHODS names \"%.*s\", which is no method",
		            item.len < 64 ? (int)item.len : 64, item.at);
}

static void warn_of_level(const struct config *c, struct buf *warnings)
{
	static const char *const levels[] = {
		"DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL",
	};
	bool known = false;

	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		known = known || text_equals_nocase(c->log_level, levels[i]);
	tell_unless(warnings, known, "LOG_LEVEL is \"%.64s\", which is no level: INFO counts",
	            c->log_level);
}

static void warn_of_keys(const struct config *c, struct buf *warnings)
{
	struct slice keys = text_slice(c->api_keys), item;

	for (unsigned n = 1; text_next_item(&keys, ',', &item); n++)
		tell_unless(warnings, memchr(item.at, ':', item.len) != item.at + item.len - 1,
		            "API_KEYS: entry %u has no secret and lets nobody in", n);
}

/* As config.def says it: a copy of .env.example tells every setting, and means nothing by it. */
static bool is_default_size(const struct config *c, const char *name)
{
	const struct setting *s = setting_find(name);
	int64_t standard;

	return text_size(s->standard, &standard) && setting_number(c, s) == standard;
}

static void warn_of_memory(const struct config *c, bool asked, struct buf *warnings)
{
	int64_t tmpfs = c->sandbox_tmp_root_size + c->sandbox_home_tmpfs_size + c->sandbox_shm_size;
	bool as_usual = is_default_size(c, "SANDBOX_TMP_ROOT_SIZE")
	             && is_default_size(c, "SANDBOX_HOME_TMPFS_SIZE")
	             && is_default_size(c, "SANDBOX_SHM_SIZE")
	             && is_default_size(c, "SANDBOX_MEM_LIMIT");

	tell_unless(warnings,
	            (as_usual && !asked) || tmpfs + MEMORY_RESERVE <= c->sandbox_mem_limit,
	            "SANDBOX_TMP_ROOT_SIZE + SANDBOX_HOME_TMPFS_SIZE + SANDBOX_SHM_SIZE leave less "
	            "than 64m of SANDBOX_MEM_LIMIT: a session that fills them is lost");
}

void config_warn(const struct config *c, bool asked, struct buf *warnings)
{
	bool has_profile = c->seccomp_profile[0] != '\0'
	                || c->seccomp_profile_daemon_path[0] != '\0';

	buf_puts(warnings, c->strays);
	warn_of_place(c, warnings);
	warn_of_level(c, warnings);
	warn_of_keys(c, warnings);
	warn_of_cors(c, warnings);
	warn_of_memory(c, asked, warnings);
	tell_unless(warnings, c->max_active_sessions <= c->sandbox_uid_range,
	            "MAX_ACTIVE_SESSIONS is above SANDBOX_UID_RANGE: one daemon has no uid "
	            "for each");
	tell_unless(warnings, c->sandbox_uid >= FIRST_USER,
	            "SANDBOX_UID is below %d: the host may know such a user", FIRST_USER);
	tell_unless(warnings, c->require_auth,
	            "REQUIRE_AUTH is false: every caller is the same one and may use every "
	            "session");
	tell_unless(warnings, !c->use_docker_default_seccomp || !has_profile,
	            "USE_DOCKER_DEFAULT_SECCOMP is true, so the profile that is set does nothing");
	tell_unless(warnings, strcmp(c->sandbox_network_mode, "none") == 0,
	            "SANDBOX_NETWORK_MODE is %s: see README.md for what of the host and "
	            "its networks "
	            "is open to a session that asks for one", c->sandbox_network_mode);
	tell_unless(warnings,
	            !c->allow_pip_installs || strcmp(c->sandbox_network_mode, "none") != 0,
	            "ALLOW_PIP_INSTALLS is true, but with SANDBOX_NETWORK_MODE=none pip "
	            "reaches no index");
}
