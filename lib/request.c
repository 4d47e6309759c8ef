/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/request.h"

#include "lib/params.h"
#include "lib/spool.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PIECE = 64 * 1024,
	IO_TIMEOUT_S = 10,                 /* for one read or write on the connection to move */
	HEAD_TIMEOUT_S = 10,               /* for all of the parameters, however they trickle */
	FIRST_BYTE_MS = 500,               /* a web server connects because it has a request to send */
	QUIET_MS = 200, LINGER_MS = 1000,  /* close_gently's patience: with silence, and with bytes */
	PATIENCE_US = 30 * 1000 * 1000,    /* an answer may wait so long for its reader, */
	PACE_US = 30,                      /* and so long for each byte that was taken: 33 KB/s */
	LOOK_MS = 1000,
	PAUSE_MS = 100,                    /* after EMFILE and its kin */
};

static struct {
	FCGX_Request fcgx;
	struct request_options options;
	int epoll_fd;                      /* the listening socket and stop_fd */
	volatile sig_atomic_t head_fd;     /* whose parameters are being read; -1: nobody's */
	int64_t answered, waited_us;       /* bytes of the answer so far, time spent writing them */
} worker = { .epoll_fd = -1, .head_fd = -1 };

/* libfcgi has no deadline, but it sees the end of a connection. */
static void end_head(int number)
{
	int saved = errno;

	(void)number;
	if (worker.head_fd >= 0)
		(void)shutdown(worker.head_fd, SHUT_RDWR);
	errno = saved;
}

bool request_init(const struct request_options *o, struct error *err)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = o->listen_fd };
	const struct sigaction on_alarm = { .sa_handler = end_head };
	int flags = fcntl(o->listen_fd, F_GETFL);

	if (sigaction(SIGALRM, &on_alarm, NULL) < 0)
		return fail_errno(err, ERR_INTERNAL, "SIGALRM");
	worker.options = *o;
	/* When a connection's first records are bad, libfcgi waits so many ms for its end. */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 1);
	/* And then it would accept the next one by itself, so it is given no socket to do that on. */
	if (FCGX_Init() != 0 || FCGX_InitRequest(&worker.fcgx, -1, 0) != 0)
		return fail_hidden(err, ERR_INTERNAL, "libfcgi cannot be initialised");
	if (flags < 0 || fcntl(o->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return fail_errno(err, ERR_INTERNAL, "the listening socket");
	worker.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (worker.epoll_fd < 0 || epoll_ctl(worker.epoll_fd, EPOLL_CTL_ADD, o->listen_fd, &e) < 0)
		return fail_errno(err, ERR_INTERNAL, "epoll");
	return true;
}

/*
 * A connection, waking one idle worker for it, not all.  Should that one die before it accepts,
 * nobody else would be told: so all look once in LOOK_MS.
 */
static enum arrival next_connection(int stop_fd, int *fd)
{
	struct epoll_event e = { .data.fd = -1 };

	if (epoll_wait(worker.epoll_fd, &e, 1, LOOK_MS) < 0 && errno != EINTR)
		return ARRIVAL_STOP;

	bool stop = e.data.fd == stop_fd;

	*fd = stop && !worker.options.queue_ends
	      ? -1 : accept4(worker.options.listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (*fd >= 0)
		return ARRIVAL_REQUEST;
	if (stop)
		return ARRIVAL_STOP;
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		deadline_sleep_ms(deadline_in_ms(PAUSE_MS), PAUSE_MS);
	return ARRIVAL_NONE;
}

/* The parameters; whoever sends them byte by byte holds this worker no longer than others do. */
static bool read_head(int fd)
{
	worker.head_fd = fd;
	(void)alarm(HEAD_TIMEOUT_S);

	bool whole = FCGX_Accept_r(&worker.fcgx) == 0;

	(void)alarm(0);
	worker.head_fd = -1;
	return whole;
}

/*
 * libfcgi accepts and then reads without a limit of time.  So we accept, bound each read and
 * write, and hand it the connection as one that is kept from a request before.
 */
static bool begin_on(int fd)
{
	const struct timeval limit = { .tv_sec = IO_TIMEOUT_S };
	struct pollfd first = { .fd = fd, .events = POLLIN };

	if (deadline_poll(&first, 1, deadline_in_ms(FIRST_BYTE_MS)) <= 0) {
		close(fd);
		return false;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	worker.fcgx.ipcFd = fd;
	worker.fcgx.keepConnection = 1;
	if (!read_head(fd))
		return false;
	if (FCGX_GetError(worker.fcgx.in) == 0)
		return true;
	FCGX_Finish_r(&worker.fcgx);       /* the parameters broke off between two of them */
	return false;
}

enum arrival request_accept(struct request *req, int stop_fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = stop_fd };
	struct arena arena = req->arena;
	enum arrival arrival;
	int fd;

	if (epoll_ctl(worker.epoll_fd, EPOLL_CTL_ADD, stop_fd, &e) < 0 && errno != EEXIST)
		return ARRIVAL_STOP;
	arena_reset(&arena);
	*req = (struct request){ .arena = arena };
	arrival = next_connection(stop_fd, &fd);
	if (arrival != ARRIVAL_REQUEST)
		return arrival;
	if (!begin_on(fd))
		return ARRIVAL_NONE;
	req->started_us = now_us();
	worker.answered = worker.waited_us = 0;
	params_read(req, worker.fcgx.envp);
	return ARRIVAL_REQUEST;
}

/* Some bytes of the body: those libfcgi has, reading once if it has none.  0 at its end. */
static size_t read_some(char *to, size_t room)
{
	FCGX_Stream *in = worker.fcgx.in;
	int c = FCGX_GetChar(in);

	if (c < 0)
		return 0;
	to[0] = (char)c;

	size_t ready = (size_t)(in->stop - in->rdNext);
	size_t n = ready < room - 1 ? ready : room - 1;

	return 1 + (n ? (size_t)FCGX_GetStr(to + 1, (int)n, in) : 0);
}

static bool too_large(struct error *err, size_t max)
{
	return fail(err, ERR_TOO_LARGE, "Request body too large. Maximum size is %zu bytes.", max);
}

static bool take_body(struct spool *body, size_t max, int64_t announced, struct error *err)
{
	struct deadline deadline = deadline_in_ms(worker.options.body_timeout_ms);
	char piece[PIECE];
	size_t n;

	while ((n = read_some(piece, sizeof piece)) > 0) {
		if (n > max - body->len)
			return too_large(err, max);
		if (!spool_append(body, piece, n, err))
			return false;
		if (deadline_passed(deadline))
			return fail(err, ERR_INVALID, "The request body took too long to arrive.");
	}
	if (FCGX_GetError(worker.fcgx.in) || (announced >= 0 && body->len < (size_t)announced))
		return fail(err, ERR_INVALID, "The request body ended early.");
	return true;
}

bool request_read_body(struct request *req, size_t max, struct error *err)
{
	auto_spool body = SPOOL_INIT(worker.options.spool_dir);

	if (max == 0)
		return true;
	if (req->length > 0 && (uint64_t)req->length > max)
		return too_large(err, max);
	if (!take_body(&body, max, req->length, err)
	    || !spool_take(&body, &req->arena, &req->body, &req->spooled, err))
		return false;
	req->body_len = body.len;
	return true;
}

/* False: it could not be sent, or those who wait for this worker have waited long enough. */
static bool put(const char *at, int n)
{
	int64_t start = now_us();
	bool sent = FCGX_PutStr(at, n, worker.fcgx.out) == n;

	worker.waited_us += now_us() - start;
	worker.answered += n;
	return sent && worker.waited_us < PATIENCE_US + worker.answered * PACE_US;
}

bool request_write(const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		int n = len < PIECE ? (int)len : PIECE;

		if (!put(at, n)) {
			/* libfcgi would send its buffer again, in the middle of a record. */
			shutdown(worker.fcgx.ipcFd, SHUT_RDWR);
			return false;
		}
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool request_is_gone(const struct request *req)
{
	struct pollfd p = { .fd = request_fd(req), .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

int request_fd(const struct request *req)
{
	(void)req;
	return worker.fcgx.ipcFd;
}

/*
 * The web server may still be sending a body nobody wants.  Were the connection closed at once,
 * it might not look at the answer; were it read to its end, one client could hold this worker.
 */
static void close_gently(int fd)
{
	struct deadline end = deadline_in_ms(LINGER_MS);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char trash[PIECE];

	if (shutdown(fd, SHUT_WR) == 0)
		while (deadline_poll(&p, 1, deadline_first(end, deadline_in_ms(QUIET_MS))) > 0
		       && recv(fd, trash, sizeof trash, MSG_DONTWAIT) > 0)
			;
	close(fd);
}

bool request_end(struct request *req)
{
	(void)req;
	/* Both streams, stdout last: then its end and the request's are in the same write. */
	return FCGX_FClose(worker.fcgx.err) == 0 && FCGX_FClose(worker.fcgx.out) == 0;
}

bool request_finish(struct request *req)
{
	FCGX_Request *r = &worker.fcgx;
	int fd = r->ipcFd;
	bool sent = request_end(req);

	/* One connection carries one request: a kept one would pin this worker to one client. */
	if (FCGX_HasSeenEOF(r->in))
		close(fd);
	else
		close_gently(fd);
	r->ipcFd = -1;
	FCGX_Finish_r(r);
	if (req->spooled)
		munmap(req->body, req->spooled);
	req->body = NULL;
	req->spooled = 0;
	return sent;
}
