/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/guard.h"

#include "fcgi-app/policy/setting.h"
#include "lib/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	    && text_has_item(c->strong_sandbox_runtimes, c->sandbox_runtime);
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

static void check_docker_host(const struct config *c, struct buf *problems)
{
	const char *url = c->docker_host, *port;
	struct slice host = host_of(url, &port);
	bool tcp = text_starts_with(url, "tcp://");
	long number = strtol(port, NULL, 10);

	tell_unless(problems, tcp, "DOCKER_HOST must be a tcp:// address of another machine");
	tell_unless(problems, !tcp || (number != 0 && number != 2375),
	            "DOCKER_HOST is the plain-text port 2375; use TLS on another");
	tell_unless(problems, !tcp || c->docker_tls_verify,
	            "DOCKER_HOST tcp:// needs DOCKER_TLS_VERIFY and DOCKER_CERT_PATH");
	tell_unless(problems,
	            !is_local(host), "DOCKER_HOST must not be %.*s", (int)host.len, host.at);
}

/* Production and public beta. */
static void check_guarded(const struct config *c, struct buf *problems)
{
	tell_unless(problems, is_pinned(c->sandbox_image),
	            "SANDBOX_IMAGE must be pinned: a digest, or a tag other than latest");
	tell_unless(problems, c->sandbox_read_only_rootfs, "SANDBOX_READ_ONLY_ROOTFS must be true");
	tell_unless(problems, !c->enable_docs, "ENABLE_DOCS must be false");
	tell_unless(problems,
	            !c->enable_cors
	            || (config_is_told(c, "CORS_ALLOW_ORIGINS")
	                && !text_has_item(c->cors_allow_origins, "*")),
	            "CORS_ALLOW_ORIGINS must name each origin, or ENABLE_CORS be false");
	check_docker_host(c, problems);
}

static void check_public_beta(const struct config *c, struct buf *problems)
{
	tell_unless(problems, c->require_auth, "REQUIRE_AUTH must be true in a public beta");
	tell_unless(problems, strcmp(c->sandbox_network_mode, "none") == 0,
	            "SANDBOX_NETWORK_MODE must be none in a public beta");
	tell_unless(problems, !c->allow_pip_installs,
	            "ALLOW_PIP_INSTALLS must be false in a public beta");
	tell_unless(problems, !c->allow_sandbox_env_injection,
	            "ALLOW_SANDBOX_ENV_INJECTION must be false in a public beta");
	tell_unless(problems, is_strong(c),
	            "SANDBOX_RUNTIME must be one of STRONG_SANDBOX_RUNTIMES in a public beta");
}

void guard_check(const struct config *c, struct buf *problems)
{
	tell_unless(problems, !c->require_strong_sandbox_isolation || is_strong(c),
	            "REQUIRE_STRONG_SANDBOX_ISOLATION needs a SANDBOX_RUNTIME of "
	            "STRONG_SANDBOX_RUNTIMES");
	if (config_is_guarded(c))
		check_guarded(c, problems);
	if (c->public_beta_mode)
		check_public_beta(c, problems);
}
