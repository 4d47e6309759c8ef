/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef INTERPRETER
#define INTERPRETER "/usr/bin/python3"
#endif
#ifndef INTERPRETER_MAIN
#define INTERPRETER_MAIN "/usr/libexec/code-gateway/python/main.py"
#endif

enum {
	PARENT_OOM_SCORE = 500,            /* its children add to it: they die first */
	MESSAGE = 1 + 4 + 4 + 8 + 8,
	SAY_SPARE = 1, SAY_ENDED, SAY_SAFE,
	REQUEST_MAX = 8 + WIRE_ARGV_MAX * (WIRE_ARG_MAX + 1),
};

void warm_init(struct warm *w)
{
	*w = (struct warm){ .control = -1, .runs = -1 };
}

static bool start(struct warm *w, const int sockets[2][2], const struct environment *env,
                  const char *preload)
{
	const char *argv[] = { INTERPRETER, "-I", "-B", "-u", INTERPRETER_MAIN, preload, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[] = { null, null, null, sockets[0][1], sockets[1][1] };

	if (null < 0)
		return false;
	w->pid = launch(&(struct launch){
		.argv = argv,
		.env = env,
		.cwd = "/",
		.fds = fds,
		.n_fds = sizeof fds / sizeof fds[0],
		.oom_score_adj = PARENT_OOM_SCORE,
		.is_interpreter = true,
	});
	close(null);
	return w->pid > 0;
}

bool warm_start(struct warm *w, const struct environment *env, const char *preload)
{
	int sockets[2][2] = { { -1, -1 }, { -1, -1 } };

	warm_init(w);
	for (int i = 0; i < 2; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets[i]) == 0)
			fcntl(sockets[i][0], F_SETFL, O_NONBLOCK);
	if (sockets[1][0] < 0 || !start(w, sockets, env, preload))
		w->pid = 0;
	w->control = sockets[0][0];
	w->runs = sockets[1][0];
	w->asked = true;
	snprintf(w->preload, sizeof w->preload, "%s", preload);
	for (int i = 0; i < 2; i++)
		if (sockets[i][1] >= 0)
			close(sockets[i][1]);
	if (w->pid <= 0)
		warm_forget(w);
	return w->pid > 0;
}

void warm_ask(struct warm *w)
{
	if (!w->asked && !w->child && send(w->control, "", 1, MSG_NOSIGNAL) == 1)
		w->asked = true;
}

/* Number of processors and arguments, joined by NUL. */
static size_t put_request(char out[static REQUEST_MAX], const struct run *run, unsigned cpus)
{
	size_t n = (size_t)snprintf(out, 8, "%u", cpus % 65536);

	for (unsigned i = 0; i < run->argc; i++) {
		out[n++] = 0;
		memcpy(out + n, run->argv[i].at, run->argv[i].len);
		n += run->argv[i].len;
	}
	return n;
}

bool warm_send(struct warm *w, const struct run *run, unsigned cpus, const int fds[WARM_FDS])
{
	char text[REQUEST_MAX];
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(WARM_FDS * sizeof(int))] = { 0 };
	struct iovec part = { .iov_base = text, .iov_len = put_request(text, run, cpus) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = sizeof room,
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(WARM_FDS * sizeof(int));
	memcpy(CMSG_DATA(c), fds, WARM_FDS * sizeof(int));
	if (w->spare)
		kill(w->spare, SIGCONT);   /* an earlier script may have stopped it */
	return sendmsg(w->runs, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

bool warm_was_taken(const struct warm *w)
{
	int unread = 0;

	return ioctl(w->runs, SIOCOUTQ, &unread) != 0 || unread == 0;
}

/* False: there is nothing.  An end, or too few bytes, is the message that nobody knows. */
static bool receive(struct warm *w, unsigned *kind, struct death *d)
{
	uint8_t bytes[MESSAGE];
	ssize_t n = w->control < 0 ? -1 : recv(w->control, bytes, sizeof bytes, 0);

	*kind = 0;
	if (n != sizeof bytes)
		return n >= 0;

	struct cursor c = cursor_read(bytes, sizeof bytes);

	*kind = cursor_get_u8(&c);
	d->pid = (pid_t)cursor_get_u32(&c);
	d->status = (int)cursor_get_u32(&c);
	d->cpu_us = cursor_get_u64(&c);
	d->peak_bytes = cursor_get_u64(&c);
	return true;
}

enum warm_event warm_read(struct warm *w, struct death *d)
{
	unsigned kind;

	if (!receive(w, &kind, d))
		return WARM_NOTHING;
	if (kind == SAY_SAFE && !w->safe) {
		w->safe = true;
		return warm_read(w, d);
	}
	if (kind == SAY_SPARE && w->safe && w->asked && !w->child && d->pid > 1) {
		w->child = w->spare = d->pid;
		w->asked = false;
		return WARM_SPARE;
	}
	if (kind == SAY_ENDED && w->child && d->pid == w->child) {
		w->child = w->spare = 0;
		return WARM_ENDED;
	}
	return WARM_LIED;
}

/* Nobody but the interpreter itself can have children that are its own: see filter.def. */
static bool spare_waits(const struct warm *w)
{
	char path[32], text[512];

	if (w->spare <= 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/stat", w->spare);

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;

	const char *at = strrchr(text, ')');   /* the name before it may hold anything */

	return at && at[1] == ' ' && !strchr("ZXx", at[2]) && at[3] == ' ' &&
	       strtol(at + 4, NULL, 10) == w->pid;
}

unsigned warm_tasks(const struct warm *w)
{
	return (w->pid > 0 ? 1u : 0u) + (spare_waits(w) ? 1u : 0u);
}

static void hang_up(struct warm *w)
{
	if (w->control >= 0)
		close(w->control);
	if (w->runs >= 0)
		close(w->runs);
	w->control = w->runs = -1;
}

void warm_kill(struct warm *w)
{
	if (w->pid > 0)
		kill(w->pid, SIGKILL);
	if (w->spare > 0)
		kill(w->spare, SIGKILL);
	hang_up(w);
}

void warm_stop(struct warm *w)
{
	warm_kill(w);
	warm_init(w);
}

void warm_forget(struct warm *w)
{
	hang_up(w);
	warm_init(w);
}
