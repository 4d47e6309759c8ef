/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fastcgi.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum { BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMS = 4, STDIN = 5, STDOUT = 6 };
enum { VERSION_1 = 1, REQUEST_ID = 1, HEADER = 8, REQUEST_MAX = 4096, SHORT_MAX = 127 };

static void put_header(struct buf *b, int type, size_t len)
{
	const char header[HEADER] = {
		VERSION_1, (char)type, 0, REQUEST_ID, (char)(len >> 8 & 0xff), (char)(len & 0xff), 0, 0,
	};

	buf_append(b, header, sizeof header);
}

/* Names and values of up to 127 bytes have a length of one byte. */
static void put_pair(struct buf *b, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strnlen(value, SHORT_MAX);

	buf_putc(b, (char)name_len);
	buf_putc(b, (char)value_len);
	buf_append(b, name, name_len);
	buf_append(b, value, value_len);
}

static void put_request(struct buf *b, const char *path)
{
	static const char responder[HEADER] = { 0, 1, 0, 0, 0, 0, 0, 0 };
	auto_buf pairs = BUF_INIT(REQUEST_MAX);

	put_pair(&pairs, "REQUEST_METHOD", "GET");
	put_pair(&pairs, "SCRIPT_NAME", "");
	put_pair(&pairs, "PATH_INFO", path);
	put_pair(&pairs, "QUERY_STRING", "");
	put_pair(&pairs, "CONTENT_LENGTH", "0");
	put_pair(&pairs, "REMOTE_ADDR", "127.0.0.1");
	put_pair(&pairs, "SERVER_PROTOCOL", "HTTP/1.1");
	put_header(b, BEGIN_REQUEST, sizeof responder);
	buf_append(b, responder, sizeof responder);
	put_header(b, PARAMS, pairs.len);
	buf_append(b, pairs.data, pairs.len);
	put_header(b, PARAMS, 0);
	put_header(b, STDIN, 0);
}

static bool failed(struct error *err, const char *what)
{
	return fail(err, ERR_UNAVAILABLE, "%s: %s", what, strerror(errno));
}

static bool wait_for(int fd, short events, struct deadline deadline, struct error *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	int ready = deadline_poll(&p, 1, deadline);

	if (ready == 0)
		return fail(err, ERR_TIMEOUT, "no answer in time");
	return ready > 0 || failed(err, "cannot wait");
}

static bool send_all(int fd, struct slice s, struct deadline deadline, struct error *err)
{
	while (s.len > 0) {
		ssize_t n = send(fd, s.at, s.len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return failed(err, "cannot send");
		if (n < 0 && !wait_for(fd, POLLOUT, deadline, err))
			return false;
		s.at += n > 0 ? n : 0;
		s.len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool receive(int fd, void *to, size_t len, struct deadline deadline, struct error *err)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = recv(fd, (char *)to + got, len - got, 0);

		if (n == 0)
			return fail(err, ERR_UNAVAILABLE, "closed without an answer");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return failed(err, "cannot receive");
		if (n < 0 && !wait_for(fd, POLLIN, deadline, err))
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Records until the one that ends the request; what stdout says is kept. */
static bool receive_all(int fd, struct deadline deadline, struct buf *room, struct error *err)
{
	uint8_t h[HEADER], content[UINT16_MAX + UINT8_MAX];

	do {
		if (!receive(fd, h, sizeof h, deadline, err))
			return false;

		size_t len = (size_t)h[4] << 8 | h[5];

		if (h[0] != VERSION_1)
			return fail(err, ERR_UNAVAILABLE, "what answers is no FastCGI");
		if (!receive(fd, content, len + h[6], deadline, err))
			return false;
		if (h[1] == STDOUT && len > 0 && !buf_append(room, content, len))
			return fail(err, ERR_UNAVAILABLE, "an answer too large");
	} while (h[1] != END_REQUEST);
	return true;
}

/* "Status: 200 OK" first, as we send it; then other headers, and the body behind an empty line. */
static bool parse(const struct buf *room, struct fastcgi_answer *out, struct error *err)
{
	static const char status[] = "Status: ";
	const char *text = room->len > 0 ? room->data : "";
	const char *body = strstr(text, "\r\n\r\n"), *digits = text + strlen(status);

	if (body == NULL || strncmp(text, status, strlen(status)) != 0
	    || strspn(digits, "0123456789") != 3)
		return fail(err, ERR_UNAVAILABLE, "an answer without a status");
	body += 4;
	out->status = (unsigned)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
	out->body = (struct slice){ body, room->len - (size_t)(body - text) };
	return true;
}

bool fastcgi_get(int fd, const char *path, struct deadline deadline, struct buf *room,
                 struct fastcgi_answer *out, struct error *err)
{
	auto_buf request = BUF_INIT(REQUEST_MAX);

	put_request(&request, path);
	return send_all(fd, buf_slice(&request), deadline, err)
	    && receive_all(fd, deadline, room, err)
	    && parse(room, out, err);
}
