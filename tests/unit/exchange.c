/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/exchange.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORD_MAX = 65535, SENT_MAX = 8 << 20, GOT_MAX = 64 << 20, READ_S = 15 };

static char dir[] = "/tmp/test-exchange-XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static pid_t child;
static int stop[2], words[2];

/* ---- the child */

static void serve(int listen_fd, void (*answer)(struct request *req))
{
	const struct request_options o = {
		.listen_fd = listen_fd, .spool_dir = dir, .body_timeout_ms = 5000,
	};
	struct request req = { .body = NULL };
	struct error err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!request_init(&o, &err))
		_exit(99);
	for (enum arrival a; (a = request_accept(&req, stop[0])) != ARRIVAL_STOP;)
		if (a == ARRIVAL_REQUEST)
			answer(&req);
	arena_finish(&req.arena);
	exit(0);
}

void exchange_serve(void (*answer)(struct request *req))
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir) || pipe(stop) < 0 || pipe(words) < 0)
		exit(99);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", dir);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
		exit(99);
	child = fork();
	if (child == 0) {
		close(stop[1]);
		serve(fd, answer);
	}
	close(fd);
}

int exchange_stop(void)
{
	int status = -1;

	close(stop[1]);
	waitpid(child, &status, 0);
	unlink(address.sun_path);
	rmdir(dir);
	return status;
}

void exchange_tell(const char *word)
{
	(void)!write(words[1], word, strlen(word));
}

bool exchange_told(const char *word, int64_t ms)
{
	struct pollfd p = { .fd = words[0], .events = POLLIN };
	char text[64] = "";

	return deadline_poll(&p, 1, deadline_in_ms(ms)) > 0
	    && read(words[0], text, sizeof text - 1) > 0 && strcmp(text, word) == 0;
}

/* ---- the web server */

void exchange_put(struct exchange *x, int type, const void *content, size_t len)
{
	const uint8_t head[8] = { 1, (uint8_t)type, 0, 1, (uint8_t)(len >> 8), (uint8_t)len, 0, 0 };

	buf_append(&x->sent, head, sizeof head);
	buf_append(&x->sent, content, len);
}

static void put_param(struct buf *to, const char *name, const char *value)
{
	buf_putc(to, (char)strlen(name));
	buf_putc(to, (char)strlen(value));
	buf_puts(to, name);
	buf_puts(to, value);
}

void exchange_begin(struct exchange *x, const char *const *pairs)
{
	auto_buf params = BUF_INIT(8192);

	buf_finish(&x->sent);
	buf_finish(&x->got);
	*x = (struct exchange){ .sent = BUF_INIT(SENT_MAX), .got = BUF_INIT(GOT_MAX) };
	exchange_put(x, BEGIN_REQUEST, "\0\1\0\0\0\0\0\0", 8);
	for (; *pairs; pairs += 2)
		put_param(&params, pairs[0], pairs[1]);
	exchange_put(x, PARAMS, params.data, params.len);
	exchange_put(x, PARAMS, "", 0);
}

void exchange_body(struct exchange *x, const char *bytes, size_t len, size_t step)
{
	if (step > RECORD_MAX)
		step = RECORD_MAX;
	for (size_t at = 0; at < len; at += step)
		exchange_put(x, STDIN, bytes + at, len - at < step ? len - at : step);
	exchange_put(x, STDIN, "", 0);
}

int exchange_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = { .tv_sec = READ_S };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		exit(99);
	return fd;
}

/* Moves what stdout's records hold to the front of what came. */
static const char *unpack(struct buf *got)
{
	size_t at = 0, n = 0;

	buf_putc(got, '\0');
	while (at + 8 < got->len) {
		const uint8_t *h = (const uint8_t *)got->data + at;
		size_t len = (size_t)h[4] << 8 | h[5], end = at + 8 + len + h[6];

		if (h[1] == 6 && at + 8 + len < got->len) {
			memmove(got->data + n, h + 8, len);
			n += len;
		}
		at = end;
	}
	got->len = n;
	got->data[n] = '\0';
	return got->data;
}

const char *exchange_read(struct exchange *x, int fd)
{
	char piece[65536];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0)
		buf_append(&x->got, piece, (size_t)n);
	close(fd);
	buf_finish(&x->sent);
	return unpack(&x->got);
}

const char *exchange_finish(struct exchange *x, size_t step)
{
	int fd = exchange_connect();

	for (size_t at = 0; at < x->sent.len; at += step) {
		size_t len = x->sent.len - at < step ? x->sent.len - at : step;

		if (send(fd, x->sent.data + at, len, MSG_NOSIGNAL) < 0)
			break;
	}
	return exchange_read(x, fd);
}
