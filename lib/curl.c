/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/curl.h"

#include "lib/cleanup.h"

#include <curl/curl.h>
#include <string.h>

enum { MAX_ENDPOINT = 512 };

struct curl {
	CURL *easy;                        /* of curl_exchange; keeps its connection alive */
	CURLSH *share;                     /* names and TLS sessions, for raw connections too */
	struct curl_slist *headers;
	bool tls;
	char socket[MAX_ENDPOINT];         /* path of a unix socket, else "" */
	char base[MAX_ENDPOINT + 8];       /* "http://localhost", "https://host:port" */
	char ca[MAX_ENDPOINT], cert[MAX_ENDPOINT], key[MAX_ENDPOINT];
	int64_t connect_timeout_ms;
	char words[CURL_ERROR_SIZE];
};

struct curl_raw {
	CURL *easy;
	int fd;
	char words[CURL_ERROR_SIZE];
};

static bool put(char *to, size_t room, const char *a, const char *b)
{
	int n = snprintf(to, room, "%s%s", a, b);

	return n >= 0 && (size_t)n < room;
}

/* The rest of s behind prefix; NULL when it does not start so. */
static const char *behind(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* A host and perhaps a port; no path, no credentials, nothing that ends a URL's host early. */
static bool is_authority(const char *s)
{
	return *s && !s[strcspn(s, "/?#@\\ \t\r\n")];
}

static bool parse_endpoint(struct curl *c, const struct curl_options *o)
{
	const char *path = behind(o->endpoint, "unix://");
	const char *tcp = behind(o->endpoint, "tcp://");
	const char *http = behind(o->endpoint, "http://");
	const char *https = behind(o->endpoint, "https://");
	const char *host = tcp ? tcp : http ? http : https;

	c->tls = https || (tcp && o->cert_dir);
	if (path)
		return path[0] == '/' && put(c->socket, sizeof c->socket, path, "")
		    && put(c->base, sizeof c->base, "http://localhost", "");
	return host && is_authority(host)
	    && put(c->base, sizeof c->base, c->tls ? "https://" : "http://", host);
}

static bool name_certificates(struct curl *c, const char *dir)
{
	return !dir || (put(c->ca, sizeof c->ca, dir, "/ca.pem")
	             && put(c->cert, sizeof c->cert, dir, "/cert.pem")
	             && put(c->key, sizeof c->key, dir, "/key.pem"));
}

static void set_tls(const struct curl *c, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (!c->ca[0])
		return;
	curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, c->cert);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, c->key);
}

/* What both uses have in common: this endpoint, nothing else, no detour. */
static CURL *new_handle(const struct curl *c, char *words)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		abort();
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SHARE, c->share);
	if (c->socket[0])
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	else
		curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (c->tls)
		set_tls(c, easy);
	return easy;
}

/* At least 1: 0 would mean no limit to libcurl. */
static long milliseconds(int64_t ms)
{
	return ms < 1 ? 1 : ms > 86400000 ? 86400000 : (long)ms;
}

/* libcurl would name a host and a port even where the endpoint is a path. */
static bool no_connection(const struct curl *c, CURL *easy, struct error *err)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	return fail_hidden(err, ERR_UNAVAILABLE, "cannot connect to %s: %s",
	                   c->socket[0] ? c->socket : c->base,
	                   number ? strerror((int)number) : "no answer");
}

static bool failed(CURLcode code, const char *words, struct error *err)
{
	return fail_hidden(err, ERR_UNAVAILABLE, "%s%s%s", curl_easy_strerror(code),
	                   words[0] ? ": " : "", words);
}

static bool no_endpoint(const char *endpoint, struct error *err)
{
	if (behind(endpoint, "ssh://"))
		return fail(err, ERR_INVALID, "ssh:// is not supported: use tcp:// with TLS, or "
		            "forward the socket with ssh -L and name it with unix://");
	return fail(err, ERR_INVALID,
	            "an endpoint is unix:///path, tcp://host:port or https://host:port");
}

static void prepare(struct curl *c)
{
	struct curl_slist *first = curl_slist_append(NULL, "Content-Type: application/json");

	/* Or libcurl would wait for a "100 Continue" before it sends a large body. */
	c->headers = curl_slist_append(first, "Expect:");
	c->share = curl_share_init();
	if (!first || !c->headers || !c->share)
		abort();
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
	curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	c->easy = new_handle(c, c->words);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

struct curl *curl_open(const struct curl_options *o, struct error *err)
{
	auto_curl c = calloc(1, sizeof *c);

	if (!c)
		abort();
	c->connect_timeout_ms = o->connect_timeout_ms;
	if (!parse_endpoint(c, o) || !name_certificates(c, o->cert_dir)) {
		no_endpoint(o->endpoint, err);
		return NULL;
	}
	prepare(c);
	return steal_ptr(&c);
}

void curl_close(struct curl **c)
{
	if (!*c)
		return;
	curl_easy_cleanup((*c)->easy);
	curl_share_cleanup((*c)->share);
	curl_slist_free_all((*c)->headers);
	free(*c);
	*c = NULL;
}

static size_t collect(char *bytes, size_t size, size_t n, void *to)
{
	return buf_append(to, bytes, size * n) ? size * n : 0;
}

static void set_body(CURL *easy, const char *method, const char *json)
{
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (json)
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, json);
	else if (strcmp(method, "POST") == 0)
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "");
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

bool curl_exchange(struct curl *c, const struct curl_request *ask, struct deadline deadline,
                   struct curl_answer *answer, struct error *err)
{
	char url[MAX_ENDPOINT + 2048];
	long status = 0;

	if (!put(url, sizeof url, c->base, ask->path_query))
		return fail_hidden(err, ERR_INTERNAL, "a path of %zu bytes",
		                   strlen(ask->path_query));
	buf_reset(&answer->body);
	c->words[0] = '\0';
	set_body(c->easy, ask->method, ask->json);
	curl_easy_setopt(c->easy, CURLOPT_URL, url);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &answer->body);
	curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(c->connect_timeout_ms));
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, milliseconds(deadline_left_ms(deadline)));

	CURLcode code = curl_easy_perform(c->easy);

	if (answer->body.full)
		return fail_hidden(err, ERR_UNAVAILABLE, "an answer above %zu bytes",
		                   answer->body.max);
	if (code == CURLE_COULDNT_CONNECT)
		return no_connection(c, c->easy, err);
	if (code != CURLE_OK)
		return failed(code, c->words, err);
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (unsigned)status;
	return true;
}

const char *curl_host(const struct curl *c)
{
	return strstr(c->base, "://") + 3;
}

struct curl_raw *curl_raw_open(struct curl *c, struct deadline deadline, struct error *err)
{
	auto_curl_raw raw = calloc(1, sizeof *raw);

	if (!raw)
		abort();
	raw->easy = new_handle(c, raw->words);
	curl_easy_setopt(raw->easy, CURLOPT_URL, c->base);
	curl_easy_setopt(raw->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(raw->easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(c->connect_timeout_ms));
	curl_easy_setopt(raw->easy, CURLOPT_TIMEOUT_MS, milliseconds(deadline_left_ms(deadline)));

	CURLcode code = curl_easy_perform(raw->easy);
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (code == CURLE_OK)
		code = curl_easy_getinfo(raw->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (code == CURLE_COULDNT_CONNECT) {
		no_connection(c, raw->easy, err);
		return NULL;
	}
	if (code != CURLE_OK || fd == CURL_SOCKET_BAD) {
		failed(code, raw->words, err);
		return NULL;
	}
	raw->fd = fd;
	return steal_ptr(&raw);
}

void curl_raw_close(struct curl_raw **raw)
{
	if (!*raw)
		return;
	if ((*raw)->easy)
		curl_easy_cleanup((*raw)->easy);
	free(*raw);
	*raw = NULL;
}

int curl_raw_fd(const struct curl_raw *raw)
{
	return raw->fd;
}

static bool wait_for(const struct curl_raw *raw, short events, struct deadline deadline,
                     struct error *err)
{
	struct pollfd p = { .fd = raw->fd, .events = events };
	int n = deadline_poll(&p, 1, deadline);

	if (n > 0)
		return true;
	return n == 0 ? fail_hidden(err, ERR_TIMEOUT, "the stream did not move in time")
	              : fail_errno(err, ERR_INTERNAL, "poll");
}

bool curl_raw_write(struct curl_raw *raw, const void *bytes, size_t len, struct deadline deadline,
                    struct error *err)
{
	const char *at = bytes;

	while (len > 0) {
		size_t n = 0;
		CURLcode code = curl_easy_send(raw->easy, at, len, &n);

		if (code != CURLE_OK && code != CURLE_AGAIN)
			return failed(code, raw->words, err);
		at += n;
		len -= n;
		if (code == CURLE_AGAIN && !wait_for(raw, POLLOUT, deadline, err))
			return false;
	}
	return true;
}

bool curl_raw_read(struct curl_raw *raw, void *room, size_t size, size_t *got,
                   struct deadline deadline, struct error *err)
{
	for (;;) {
		CURLcode code = curl_easy_recv(raw->easy, room, size, got);

		if (code == CURLE_OK)
			return true;
		if (code != CURLE_AGAIN)
			return failed(code, raw->words, err);
		if (!wait_for(raw, POLLIN, deadline, err))
			return false;
	}
}
