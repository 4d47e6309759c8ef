/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/response.h"

#include "lib/json.h"
#include "lib/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_MAX = 16 * 1024, PIECE = 64 * 1024 };

/* RFC 9110's words for the statuses we send. */
static const char *reason(unsigned status)
{
	switch (status) {
	case 200: return "OK";
	case 204: return "No Content";
	case 307: return "Temporary Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 413: return "Content Too Large";
	case 422: return "Unprocessable Content";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	}
	return "Status";
}

static bool is_one_line(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 32 || *s == 127)
			return false;
	return true;
}

void response_init(struct response *res, size_t max_body)
{
	*res = (struct response){
		.status = 200,
		.content_type = "application/json",
		.body = BUF_INIT(max_body),
	};
}

void response_file(struct response *res, const char *content_type, int fd, size_t len)
{
	res->content_type = content_type;
	res->file = fd;
	res->file_len = len;
}

void response_header(struct response *res, const char *name, const char *value)
{
	if (res->n_headers == RESPONSE_HEADERS || !is_one_line(value))
		return;
	res->headers[res->n_headers].name = name;
	res->headers[res->n_headers++].value = value;
}

void response_fail(struct response *res, struct request *req, const struct error *err)
{
	struct json_out o = { .to = &res->body };

	res->status = error_status(err->kind);
	if (err->kind == ERR_UNAUTHENTICATED)
		response_header(res, "WWW-Authenticate", "Bearer");
	if (err->kind == ERR_LIMITED || err->kind == ERR_UNAVAILABLE)
		response_header(res, "Retry-After",
		                arena_printf(&req->arena, "%u",
		                             err->retry_after_s ? err->retry_after_s : 1));
	if ((err->kind == ERR_UNPROCESSABLE || err->kind == ERR_INVALID) && res->body.len > 0)
		return;
	buf_reset(&res->body);
	res->content_type = "application/json";
	json_begin(&o, '{');
	json_key_str(&o, "detail", err->msg);
	json_end(&o, '}');
}

static bool has_body(const struct response *res)
{
	return res->status != 204 && res->status != 304;
}

static void drop_file(struct response *res)
{
	if (res->file_len > 0)
		close(res->file);
	res->file_len = 0;
}

static size_t body_len(const struct response *res)
{
	return res->file_len > 0 ? res->file_len : res->body.len;
}

static bool has_header(const struct response *res, const char *name)
{
	for (unsigned i = 0; i < res->n_headers; i++)
		if (text_equals_nocase(res->headers[i].name, name))
			return true;
	return false;
}

static void put_head(const struct response *res, const struct request *req, struct buf *head)
{
	buf_printf(head, "Status: %u %s\r\n", res->status, reason(res->status));
	if (has_body(res) && body_len(res) > 0)
		buf_printf(head, "Content-Type: %s\r\n", res->content_type);
	if (has_body(res))
		buf_printf(head, "Content-Length: %zu\r\n", body_len(res));
	buf_printf(head, "X-Request-ID: %s\r\n", req->id);
	buf_puts(head, "X-Code-Execution-Version: " PACKAGE_VERSION "\r\n"
	               "X-Code-Execution-Version-Tag: v" PACKAGE_VERSION "\r\n"
	               "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if ((res->status == 429 || res->status == 503) && !has_header(res, "Retry-After"))
		buf_puts(head, "Retry-After: 1\r\n");
	for (unsigned i = 0; i < res->n_headers; i++)
		buf_printf(head, "%s: %s\r\n", res->headers[i].name, res->headers[i].value);
	buf_puts(head, "\r\n");
}

/* What did not fit would be sent cut, and a client could not tell. */
static void replace_overfull(struct response *res, struct request *req, struct buf *head)
{
	struct error err = { .kind = ERR_NONE };

	if (!res->body.full && !head->full)
		return;
	fail_hidden(&err, ERR_INTERNAL, "an answer too large");
	res->n_headers = 0;
	drop_file(res);
	response_fail(res, req, &err);
	buf_reset(head);
	put_head(res, req, head);
}

/* Piece by piece: a file may be larger than a worker should be. */
static bool send_file(const struct response *res)
{
	char piece[PIECE];

	for (size_t at = 0; at < res->file_len;) {
		size_t left = res->file_len - at;
		ssize_t n = pread(res->file, piece, left < PIECE ? left : PIECE, (off_t)at);

		if (n <= 0 || !request_write(piece, (size_t)n))
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool send_body(const struct response *res)
{
	return res->file_len > 0 ? send_file(res) : request_write(res->body.data, res->body.len);
}

bool response_send(struct response *res, struct request *req)
{
	auto_buf head = BUF_INIT(HEAD_MAX);

	put_head(res, req, &head);
	replace_overfull(res, req, &head);

	bool body = has_body(res) && strcmp(req->method, "HEAD") != 0;

	return request_write(head.data, head.len)
	    && (!body || send_body(res))
	    && request_end(req);
}

void response_finish(struct response *res)
{
	buf_finish(&res->body);
	drop_file(res);
}
