/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/place.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail_os(struct error *err, const char *what, const char *name)
{
	return fail(err, ERR_UNAVAILABLE, "%s %s: %s", what, name, strerror(errno));
}

static bool find_user(const struct config *c, const struct passwd **user, struct error *err)
{
	*user = *c->gateway_user && geteuid() == 0 ? getpwnam(c->gateway_user) : NULL;
	return *user || !*c->gateway_user || geteuid() != 0
	    || fail(err, ERR_UNAVAILABLE, "GATEWAY_USER: no such user: %s", c->gateway_user);
}

static bool make_run_dir(const struct config *c, const struct passwd *user, struct error *err)
{
	if (mkdir(c->run_dir, 0755))
		return errno == EEXIST || fail_os(err, "RUN_DIR: cannot make", c->run_dir);
	return !user || !chown(c->run_dir, user->pw_uid, user->pw_gid)
	    || fail_os(err, "RUN_DIR: cannot give away", c->run_dir);
}

static bool become(const struct passwd *user, struct error *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return fail_os(err, "cannot renounce", "new privileges");
	if (!user)
		return true;
	return (!initgroups(user->pw_name, user->pw_gid) && !setgid(user->pw_gid)
	        && !setuid(user->pw_uid)) || fail_os(err, "cannot become", user->pw_name);
}

/* config_check has seen that it is one. */
static mode_t octal(const char *digits)
{
	mode_t mode = 0;

	for (; *digits; digits++)
		mode = mode * 8 + (mode_t)(*digits - '0');
	return mode;
}

static bool open_socket(const struct config *c, struct listener *l, struct error *err)
{
	const struct listen_options o = {
		.address = c->fastcgi_socket,
		.mode = octal(c->fastcgi_socket_mode),
		.group = c->fastcgi_socket_group,
	};
	struct error why;

	if (*c->fastcgi_socket)
		return listen_open(l, &o, &why)
		    || fail(err, ERR_UNAVAILABLE, "FASTCGI_SOCKET: %s", why.msg);
	return listen_inherit(l, &why)
	    || fail(err, ERR_UNAVAILABLE, "%s; set FASTCGI_SOCKET to a path, or let a web server, "
	            "spawn-fcgi or systemd start code-gateway", why.msg);
}

bool place_take(const struct config *c, struct listener *l, struct error *err)
{
	const struct passwd *user;

	return find_user(c, &user, err)
	    && make_run_dir(c, user, err)
	    && open_socket(c, l, err)
	    && become(user, err);
}
