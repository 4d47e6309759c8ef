/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/place.h"

#include "fcgi-app/policy/setting.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* As that user: in a process of its own, for there is no way back. */
static bool can_write(const char *directory, const struct passwd *user)
{
	struct error ignored;
	int status = -1;
	pid_t pid = user ? fork() : 0;

	if (!user)
		return access(directory, W_OK | X_OK) == 0;
	if (pid == 0)
		_exit(!become(user, &ignored) || access(directory, W_OK | X_OK) != 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* What does not exist is made, and given to the user. */
static void check_run_dir(const struct config *c, const struct passwd *user, struct buf *problems)
{
	const char *slash = strrchr(c->run_dir, '/');
	char above[4096];
	struct stat st;

	if (!slash)                        /* it is refused already */
		return;
	if (stat(c->run_dir, &st) == 0) {
		tell_unless(problems, S_ISDIR(st.st_mode) && can_write(c->run_dir, user),
		            "RUN_DIR is no directory that %s can write to: %s",
		            user ? user->pw_name : "this user", c->run_dir);
		return;
	}
	(void)snprintf(above, sizeof above, "%.*s",
	               slash > c->run_dir ? (int)(slash - c->run_dir) : 1, c->run_dir);
	tell_unless(problems, errno == ENOENT && can_write(above, NULL),
	            "RUN_DIR cannot be made: %s", c->run_dir);
}

bool place_check(const struct config *c, struct buf *problems)
{
	const struct passwd *user = NULL;
	size_t before = problems->len;
	struct error err = { .kind = ERR_NONE };

	tell_unless(problems, !*c->fastcgi_socket || listen_check(c->fastcgi_socket, &err),
	            "FASTCGI_SOCKET: %s", err.msg);
	tell_unless(problems, !*c->fastcgi_socket_group || getgrnam(c->fastcgi_socket_group),
	            "FASTCGI_SOCKET_GROUP: no such group: %s", c->fastcgi_socket_group);
	if (tell_unless(problems, !*c->gateway_user || getpwnam(c->gateway_user),
	                "GATEWAY_USER: no such user: %s", c->gateway_user)
	    && find_user(c, &user, &err))
		check_run_dir(c, user, problems);
	return problems->len == before;
}

bool place_take(const struct config *c, struct listener *l, struct error *err)
{
	const struct passwd *user;

	return find_user(c, &user, err)
	    && make_run_dir(c, user, err)
	    && open_socket(c, l, err)
	    && become(user, err);
}
