/* SPDX-License-Identifier: Apache-2.0 */
/* What is allowed but may surprise; each line begins with the name it is about. */
#include "fcgi-app/policy/setting.h"

#include <string.h>

enum { MEMORY_RESERVE = 64 << 20, FIRST_USER = 1000 };

void config_warn(const struct config *c, struct buf *warnings)
{
	int64_t tmpfs = c->sandbox_tmp_root_size + c->sandbox_home_tmpfs_size + c->sandbox_shm_size;
	bool has_profile = c->seccomp_profile[0] != '\0'
	                || c->seccomp_profile_daemon_path[0] != '\0';

	buf_puts(warnings, c->strays);
	tell_unless(warnings, tmpfs + MEMORY_RESERVE <= c->sandbox_mem_limit,
	            "SANDBOX_TMP_ROOT_SIZE + SANDBOX_HOME_TMPFS_SIZE + SANDBOX_SHM_SIZE "
	            "leave less than 64m "
	            "of SANDBOX_MEM_LIMIT: a session that fills them is lost");
	tell_unless(warnings, c->max_active_sessions <= c->sandbox_uid_range,
	            "MAX_ACTIVE_SESSIONS is above SANDBOX_UID_RANGE: one daemon has no uid "
	            "for each");
	tell_unless(warnings, c->sandbox_uid >= FIRST_USER,
	            "SANDBOX_UID is below %d: the host may know such a user", FIRST_USER);
	tell_unless(warnings, c->require_auth,
	            "REQUIRE_AUTH is false: every caller is the same one and may use every "
	            "session");
	tell_unless(warnings, !config_names_beta(c) || c->public_beta_mode,
	            "PUBLIC_BETA_MODE is false, so APP_ENV=%.64s stands for nothing", c->app_env);
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
