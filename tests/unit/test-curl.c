/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS on loopback: a child that wants a client's certificate and answers, or echoes.  What plain
 * connections do is in test-docker.c.
 */
#include "lib/curl.h"

#include "tests/unit/tap.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/test-curl-XXXXXX";
static char ours[64], theirs[64], nobodys[64];     /* directories of certificates */
static unsigned port;
static pid_t child;

/* ---- certificates */

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);

	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);

	X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

/* names: "IP:127.0.0.1"; NULL for an authority, which signs itself. */
static struct identity issue(const char *names, const struct identity *by)
{
	static long serial;
	struct identity i = { EVP_EC_gen("P-256"), X509_new() };
	X509_NAME *name = X509_get_subject_name(i.cert);
	const struct identity *issuer = by ? by : &i;

	X509_set_version(i.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(i.cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(i.cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(i.cert), 3600);
	X509_set_pubkey(i.cert, i.key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                           (const uint8_t *)(names ? names : "authority"), -1, -1, 0);
	X509_set_issuer_name(i.cert, X509_get_subject_name(issuer->cert));
	if (names)
		add_extension(i.cert, issuer->cert, NID_subject_alt_name, names);
	else
		add_extension(i.cert, i.cert, NID_basic_constraints, "critical,CA:TRUE");
	X509_sign(i.cert, issuer->key, EVP_sha256());
	return i;
}

static FILE *create(const char *in, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", in, name);

	FILE *f = fopen(path, "w");

	if (!f)
		exit(99);
	return f;
}

/* The three files of Docker's clients. */
static void store(char *in, size_t room, const char *name, const struct identity *by,
                  const struct identity *who)
{
	(void)snprintf(in, room, "%s/%s", dir, name);
	mkdir(in, 0700);

	FILE *ca = create(in, "ca.pem"), *cert = create(in, "cert.pem"), *key = create(in, "key.pem");

	PEM_write_X509(ca, by->cert);
	PEM_write_X509(cert, who->cert);
	PEM_write_PrivateKey(key, who->key, NULL, NULL, 0, NULL, NULL);
	fclose(ca);
	fclose(cert);
	fclose(key);
}

static void forget(const char *in)
{
	static const char *const names[] = { "ca.pem", "cert.pem", "key.pem" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", in, names[i]);
		unlink(path);
	}
	rmdir(in);
}

/* ---- the server */

/* Reachable to the end, so that nothing has to free them. */
static struct identity authority, stranger, server, client, other;

static void answer(SSL *ssl)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	static char bytes[65536];
	int n = SSL_read(ssl, bytes, sizeof bytes);

	if (n > 4 && memcmp(bytes, "GET ", 4) == 0) {
		SSL_write(ssl, text, sizeof text - 1);
		return;
	}
	for (; n > 0; n = SSL_read(ssl, bytes, sizeof bytes))
		SSL_write(ssl, bytes, n);
}

static void serve(int listen_fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	SSL_CTX_use_certificate(ctx, server.cert);
	SSL_CTX_use_PrivateKey(ctx, server.key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority.cert);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_id_context(ctx, (const uint8_t *)"t", 1);
	for (;;) {
		int fd = accept(listen_fd, NULL, NULL);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			answer(ssl);
		SSL_shutdown(ssl);
		SSL_free(ssl);
		close(fd);
	}
}

static void start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!mkdtemp(dir) || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0
	    || getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		exit(99);
	port = ntohs(at.sin_port);
	authority = issue(NULL, NULL);
	stranger = issue(NULL, NULL);
	server = issue("IP:127.0.0.1", &authority);
	client = issue("DNS:client", &authority);
	other = issue("DNS:other", &stranger);
	store(ours, sizeof ours, "ours", &authority, &client);
	store(theirs, sizeof theirs, "theirs", &stranger, &client);
	store(nobodys, sizeof nobodys, "nobodys", &authority, &other);
	child = fork();
	if (child == 0)
		serve(fd);
	close(fd);
}

static void stop(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	forget(ours);
	forget(theirs);
	forget(nobodys);
	rmdir(dir);
}

/* ---- what is asked */

static struct curl *open_with(const char *scheme, const char *name, const char *cert_dir)
{
	char endpoint[64];
	const struct curl_options o = {
		.endpoint = endpoint, .cert_dir = cert_dir, .connect_timeout_ms = 2000,
	};
	struct error err;

	(void)snprintf(endpoint, sizeof endpoint, "%s://%s:%u", scheme, name, port);
	return curl_open(&o, &err);
}

/* True when the answer is what the server says. */
static bool asks(struct curl *c, struct error *err)
{
	struct curl_answer answer = { .body = BUF_INIT(100) };
	bool answered = curl_exchange(c, &(struct curl_request){ "GET", "/", NULL },
	                              deadline_in_ms(2000), &answer, err);

	answered = answered && answer.status == 200 && strcmp(answer.body.data, "hello") == 0;
	buf_finish(&answer.body);
	return answered;
}

static void both_sides_show_certificates(void)
{
	static const char *const schemes[] = { "tcp", "https" };

	for (size_t i = 0; i < 2; i++) {
		auto_curl c = open_with(schemes[i], "127.0.0.1", ours);
		struct error err;

		CU_ASSERT(asks(c, &err));
		CU_ASSERT(asks(c, &err));
	}
}

static void a_server_is_refused_unless_it_is_the_one(void)
{
	/* at_once: the connection is not even made; whom TLS 1.3 turns away learns it later. */
	static const struct { const char *scheme, *host, *certs; bool at_once; } rows[] = {
		{ "tcp", "localhost", ours, true },        /* its certificate is for 127.0.0.1 */
		{ "tcp", "127.0.0.1", theirs, true },      /* signed by nobody we know */
		{ "https", "127.0.0.1", NULL, true },      /* nor the system knows */
		{ "tcp", "127.0.0.1", nobodys, false },    /* it does not know us */
		{ "tcp", "127.0.0.1", NULL, false },       /* no TLS at all */
		{ "tcp", "127.0.0.1", "/nowhere", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		auto_curl c = open_with(rows[i].scheme, rows[i].host, rows[i].certs);
		struct error err = { .kind = ERR_NONE };

		CU_ASSERT_FALSE(asks(c, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);

		auto_curl_raw raw = curl_raw_open(c, deadline_in_ms(2000), &err);

		CU_ASSERT(!rows[i].at_once || !raw);
	}
}

/* Reads in pieces of some bytes; a piece that waits in TLS must not wait for poll. */
static bool reads_back(struct curl_raw *raw, const char *bytes, size_t len, size_t step)
{
	char piece[20000];
	size_t at = 0, got;
	struct error err;

	while (at < len) {
		if (!curl_raw_read(raw, piece, step, &got, deadline_in_ms(2000), &err) || got == 0
		    || memcmp(piece, bytes + at, got) != 0)
			return false;
		at += got;
	}
	return true;
}

static void a_raw_connection_carries_any_bytes(void)
{
	static const size_t steps[] = { 1, 1000, 20000 };
	static char bytes[60000];
	auto_curl c = open_with("tcp", "127.0.0.1", ours);
	struct error err;
	auto_curl_raw raw = curl_raw_open(c, deadline_in_ms(2000), &err);

	CU_ASSERT_FATAL(raw != NULL);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		CU_ASSERT(curl_raw_write(raw, bytes, sizeof bytes, deadline_in_ms(2000), &err));
		CU_ASSERT(reads_back(raw, bytes, sizeof bytes, steps[i]));
	}
}

static void a_raw_connection_ends_at_the_deadline(void)
{
	auto_curl c = open_with("tcp", "127.0.0.1", ours);
	struct error err;
	auto_curl_raw raw = curl_raw_open(c, deadline_in_ms(2000), &err);
	char byte;
	size_t got;

	CU_ASSERT_FATAL(raw != NULL);
	CU_ASSERT_FALSE(curl_raw_read(raw, &byte, 1, &got, deadline_in_ms(50), &err));
	CU_ASSERT_EQUAL(err.kind, ERR_TIMEOUT);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "both sides show certificates", both_sides_show_certificates },
		{ "a server is refused unless it is the one", a_server_is_refused_unless_it_is_the_one },
		{ "a raw connection carries any bytes", a_raw_connection_carries_any_bytes },
		{ "a raw connection ends at the deadline", a_raw_connection_ends_at_the_deadline },
		{ NULL, NULL },
	};

	signal(SIGPIPE, SIG_IGN);
	start();

	int status = tap_run("curl", tests);

	stop();
	return status;
}
