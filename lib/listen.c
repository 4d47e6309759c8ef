/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/listen.h"

#include "lib/cleanup.h"
#include "lib/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_SYSTEMD_FD = 3 };

union address {
	struct sockaddr any;
	struct sockaddr_un path;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Fails with errno's text in msg: it is the operator who reads it. */
static bool fail_os(struct error *err, const char *what, const char *address)
{
	return fail(err, ERR_UNAVAILABLE, "%s %s: %s", what, address, strerror(errno));
}

static bool is_path(const char *address)
{
	return strchr(address, '/');
}

static bool is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return a->any.sa_family == AF_UNIX;
}

/* ---- a path */

static bool answers(const union address *a)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd >= 0 && (!connect(fd, &a->any, sizeof a->path) || errno == EAGAIN);
}

/* Of two that start at once, the second then finds the first's socket. */
static bool lock_directory(const char *path, int *lock, struct error *err)
{
	int len = (int)(strrchr(path, '/') - path);
	char directory[sizeof(struct sockaddr_un)];

	(void)snprintf(directory, sizeof directory, "%.*s", len ? len : 1, path);
	*lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (*lock >= 0 && !flock(*lock, LOCK_EX)) || fail_os(err, "cannot use", directory);
}

static bool clear_path(const union address *a, struct error *err)
{
	const char *path = a->path.sun_path;
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT || fail_os(err, "cannot look at", path);
	if (!S_ISSOCK(st.st_mode))
		return fail(err, ERR_UNAVAILABLE, "%s exists and is no socket", path);
	if (answers(a))
		return fail(err, ERR_UNAVAILABLE, "%s is in use by another process", path);
	return !unlink(path) || fail_os(err, "cannot remove the stale socket", path);
}

static bool bind_path(int fd, const union address *a)
{
	mode_t mask = umask(0777);         /* nobody connects before owner and mode are right */
	bool bound = fd >= 0 && !bind(fd, &a->any, sizeof a->path);

	umask(mask);
	return bound && !listen(fd, SOMAXCONN);
}

static bool give_path(const struct listen_options *o, struct error *err)
{
	const struct group *group = *o->group ? getgrnam(o->group) : NULL;

	if (*o->group && !group)
		return fail(err, ERR_UNAVAILABLE, "no such group: %s", o->group);
	if (group && chown(o->address, (uid_t)-1, group->gr_gid))
		return fail_os(err, "cannot change the group of", o->address);
	return !chmod(o->address, o->mode) || fail_os(err, "cannot change the mode of", o->address);
}

static bool parse_path(const char *text, union address *a, struct error *err)
{
	if (strlen(text) >= sizeof a->path.sun_path)
		return fail(err, ERR_UNAVAILABLE, "longer than the %zu bytes of a socket path: %s",
		            sizeof a->path.sun_path - 1, text);
	*a = (union address){ .path = { .sun_family = AF_UNIX } };
	memcpy(a->path.sun_path, text, strlen(text));
	return true;
}

static bool open_path(struct listener *l, const struct listen_options *o, struct error *err)
{
	union address a;
	auto_close int lock = -1;
	struct stat st;

	if (!parse_path(o->address, &a, err))
		return false;
	if (!lock_directory(o->address, &lock, err) || !clear_path(&a, err))
		return false;

	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!bind_path(fd, &a))
		return fail_os(err, "cannot listen on", o->address);
	if (!give_path(o, err))
		return false;
	if (lstat(o->address, &st))
		return fail_os(err, "cannot look at", o->address);
	*l = (struct listener){ steal_fd(&fd), o->address, st.st_dev, st.st_ino, st.st_ctim };
	return true;
}

/* ---- a port */

/* Numbers only: 127.0.0.1:9000, [::1]:9000. */
static bool parse_port(const char *text, union address *a)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	int64_t port;

	if (!colon || !text_int(colon + 1, &port) || port < 1 || port > 65535)
		return false;
	(void)snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	if (*host != '[') {
		a->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
		return inet_pton(AF_INET, host, &a->v4.sin_addr) == 1;
	}
	if (host[strlen(host) - 1] != ']')
		return false;
	host[strlen(host) - 1] = '\0';
	a->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	return inet_pton(AF_INET6, host + 1, &a->v6.sin6_addr) == 1;
}

static bool parse_loopback(const char *text, union address *a, struct error *err)
{
	return (parse_port(text, a) && is_loopback(a))
	    || fail(err, ERR_UNAVAILABLE, "neither a path nor a loopback address with a port "
	            "(/run/gateway.sock, 127.0.0.1:9000, [::1]:9000): %s", text);
}

static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_UNIX ? sizeof a->path
	     : a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
}

static bool open_port(struct listener *l, const char *address, struct error *err)
{
	union address a = { 0 };
	const int on = 1;

	if (!parse_loopback(address, &a, err))
		return false;

	auto_close int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
	    || bind(fd, &a.any, size_of(&a)) || listen(fd, SOMAXCONN))
		return fail_os(err, "cannot listen on", address);
	*l = (struct listener){ .fd = steal_fd(&fd) };
	return true;
}

static bool parse(const char *text, union address *a, struct error *err)
{
	return is_path(text) ? parse_path(text, a, err) : parse_loopback(text, a, err);
}

bool listen_check(const char *address, struct error *err)
{
	union address a = { 0 };

	return parse(address, &a, err);
}

bool listen_open(struct listener *l, const struct listen_options *o, struct error *err)
{
	return is_path(o->address) ? open_path(l, o, err) : open_port(l, o->address, err);
}

/* ---- the other side */

/* A connection that was begun: errno tells why there is none. */
static bool is_connected(int fd, struct deadline deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int ready = deadline_poll(&p, 1, deadline);
	socklen_t len = sizeof errno;

	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 && !getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &len) && errno == 0;
}

int listen_connect(const char *address, struct deadline deadline, struct error *err)
{
	union address a = { 0 };

	if (!parse(address, &a, err))
		return -1;

	auto_close int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (!connect(fd, &a.any, size_of(&a))
	                || (errno == EINPROGRESS && is_connected(fd, deadline))))
		return steal_fd(&fd);
	fail_os(err, "cannot connect to", address);
	return -1;
}

/* ---- given */

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof listening;

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening;
}

bool listen_inherit(struct listener *l, struct error *err)
{
	int fd = is_listening(STDIN_FILENO) ? STDIN_FILENO : FIRST_SYSTEMD_FD;
	socklen_t size = sizeof(union address);
	union address a = { 0 };

	if (!is_listening(fd))
		return fail(err, ERR_UNAVAILABLE, "descriptor 0 is no listening socket");
	if (getsockname(fd, &a.any, &size) || !is_loopback(&a))
		return fail(err, ERR_UNAVAILABLE, "descriptor %d listens on the network, where "
		            "anyone who connects is trusted: give it a path or a loopback "
		            "address", fd);
	*l = (struct listener){ .fd = fd };
	return true;
}

static bool is_same_file(const struct listener *l)
{
	struct stat st;

	return !lstat(l->path, &st) && st.st_dev == l->device && st.st_ino == l->inode
	    && st.st_ctim.tv_sec == l->changed.tv_sec && st.st_ctim.tv_nsec == l->changed.tv_nsec;
}

void listen_close(struct listener *l)
{
	if (l->path && is_same_file(l))
		unlink(l->path);
	cleanup_close(&l->fd);
	l->fd = -1;
}
