/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engine.h"

#include "lib/buf.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct exchange {
	int fd;
	struct engine_state *state;
	peer_talk *talk;
	char head[16384];
	size_t body_at, body_len;
};

/* ---- PID 1 */

bool peer_next(struct peer *p, struct frame *f)
{
	for (;;) {
		if (p->len > 0 && frame_decode(&p->decoder, &p->at, &p->len, f) == FRAME_WHOLE)
			break;

		ssize_t got = read(p->fd, p->bytes, sizeof p->bytes);

		if (got <= 0)
			return false;
		p->at = p->bytes;
		p->len = (size_t)got;
	}
	if (f->type == FRAME_SYNC)
		(void)sync_get(f->payload, f->length, &p->sync);
	return true;
}

/* One piece of stdout in Docker's framing. */
void peer_write(struct peer *p, const void *bytes, size_t len)
{
	uint8_t head[8] = { 1, 0, 0, 0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len };

	(void)!send(p->fd, head, sizeof head, MSG_NOSIGNAL);
	for (const char *at = bytes; len > 0;) {
		ssize_t sent = send(p->fd, at, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		at += sent;
		len -= (size_t)sent;
	}
}

void peer_put(struct peer *p, enum frame_type type, const void *payload, size_t len)
{
	uint8_t frame[FRAME_HEADER + FRAME_MAX_OUT];

	frame_put_header(frame, type, (uint32_t)len);
	if (len > 0)
		memcpy(frame + FRAME_HEADER, payload, len);
	peer_write(p, frame, FRAME_HEADER + len);
}

static void say_ready(struct peer *p)
{
	struct ready ready = { .protocol = WIRE_PROTOCOL };
	uint8_t bytes[64];

	memcpy(ready.nonce, p->sync.nonce, sizeof ready.nonce);
	peer_put(p, FRAME_READY, bytes, ready_put(bytes, sizeof bytes, &ready));
}

bool peer_await(struct peer *p, enum frame_type type)
{
	struct frame f;

	while (peer_next(p, &f)) {
		if (f.type == FRAME_SYNC)
			say_ready(p);
		if (f.type == type)
			return true;
	}
	return false;
}

void peer_exit(struct peer *p, const struct run_exit *e)
{
	uint8_t bytes[1024];

	peer_put(p, FRAME_EXIT, bytes, run_exit_put(bytes, sizeof bytes, e));
}

void peer_polite(struct peer *p)
{
	if (peer_await(p, FRAME_BYE))
		peer_put(p, FRAME_BYE, NULL, 0);
}

/* ---- the engine */

static void answer(struct exchange *x, const char *status, const char *body)
{
	char text[65536];
	int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
	                   "Content-Length: %zu\r\n\r\n%s", status, strlen(body), body);

	(void)!send(x->fd, text, (size_t)len, MSG_NOSIGNAL);
}

static struct engine_container *find(struct engine_state *s, const char *id)
{
	for (int i = 0; i < s->n; i++)
		if (s->containers[i].there && strncmp(s->containers[i].id, id, 64) == 0)
			return &s->containers[i];
	return NULL;
}

static struct engine_container *add(struct engine_state *s, const char *id, const char *name)
{
	struct engine_container *c = &s->containers[atomic_fetch_add(&s->n, 1)];

	(void)snprintf(c->id, sizeof c->id, "%s", id);
	(void)snprintf(c->name, sizeof c->name, "%s", name);
	c->there = true;
	return c;
}

static void create(struct exchange *x, const char *query)
{
	struct engine_state *s = x->state;
	int number = atomic_fetch_add(&s->creates, 1) + 1;
	char id[65], name[64] = "", text[128];

	(void)sscanf(query, "name=%63[^ ]", name);
	(void)snprintf(s->body, sizeof s->body, "%s", x->head + x->body_at);
	if (s->no_image || s->create_fails) {
		answer(x, s->no_image ? "404 Not Found" : "500 Oops", "{\"message\":\"No such image\"}");
		return;
	}
	(void)snprintf(id, sizeof id, "%056x%08x", 0xc0ffee, (unsigned)number);
	add(s, id, name);
	(void)snprintf(text, sizeof text, "{\"Id\":\"%s\",\"Warnings\":[]}", id);
	answer(x, "201 Created", text);
}

static void list(struct exchange *x)
{
	struct engine_state *s = x->state;
	char text[60000] = "[";
	size_t len = 1;

	for (int i = 0; i < s->n; i++)
		if (s->containers[i].there)
			len += (size_t)snprintf(text + len, sizeof text - len,
			                        "%s{\"Id\":\"%s\",\"Names\":[\"/%s\"],\"State\":\"running\",\"Created\":1}",
			                        len > 1 ? "," : "", s->containers[i].id, s->containers[i].name);
	(void)snprintf(text + len, sizeof text - len, "]");
	answer(x, "200 OK", text);
}

static void attach(struct exchange *x)
{
	static const char upgraded[] = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
	                               "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
	static struct peer peer;

	peer.fd = x->fd;
	peer.state = x->state;
	frame_decoder_init(&peer.decoder, peer.room, sizeof peer.room);
	(void)!send(x->fd, upgraded, sizeof upgraded - 1, MSG_NOSIGNAL);
	x->talk(&peer);
	_exit(0);
}

static void inspect(struct exchange *x, const struct engine_container *c)
{
	char text[256];

	x->state->inspects++;
	(void)snprintf(text, sizeof text, "{\"Id\":\"%s\",\"Name\":\"/%s\",\"State\":{\"Running\":%s}}", c->id, c->name,
	               c->running ? "true" : "false");
	answer(x, "200 OK", text);
}

static void of_container(struct exchange *x, const char *method, const char *path)
{
	struct engine_state *s = x->state;
	struct engine_container *c = find(s, path);
	const char *what = strlen(path) > 64 ? path + 64 : "";

	if (c == NULL) {
		answer(x, "404 Not Found", "{\"message\":\"No such container\"}");
	} else if (strcmp(method, "DELETE") == 0) {
		s->removes++;
		c->there = s->remove_fails;
		answer(x, s->remove_fails ? "500 Oops" : "204 No Content", "");
	} else if (strncmp(what, "/start", 6) == 0) {
		s->starts++;
		c->running = !s->start_fails;
		answer(x, s->start_fails ? "500 Oops" : "204 No Content", "");
	} else if (strncmp(what, "/attach", 7) == 0) {
		s->attaches++;
		if (s->attach_fails)
			answer(x, "500 Oops", "");
		else
			attach(x);
	} else {
		inspect(x, c);
	}
}

static void dispatch(struct exchange *x)
{
	char method[16], path[4096];

	if (sscanf(x->head, "%15s %4095s", method, path) != 2)
		_exit(1);
	while (x->state->silent)
		pause();
	if (strncmp(path, "/v1.41/containers/create?", 25) == 0)
		create(x, path + 25);
	else if (strncmp(path, "/v1.41/containers/json", 22) == 0)
		list(x);
	else if (strncmp(path, "/v1.41/containers/", 18) == 0)
		of_container(x, method, path + 18);
	else if (strncmp(path, "/v1.41/info", 11) == 0)
		answer(x, "200 OK", "{\"ID\":\"DAEMON:ONE\",\"Name\":\"one\"}");
	else if (strncmp(path, "/v1.41/images/", 14) == 0)
		answer(x, x->state->no_image ? "404 Not Found" : "200 OK", "{\"Id\":\"sha256:1\"}");
	else
		answer(x, "200 OK", "{}");
}

/* Reads one request, body included; false at the end. */
static bool read_request(struct exchange *x)
{
	size_t have = 0;
	const char *end = NULL, *length;

	memset(x->head, 0, sizeof x->head);
	do {
		size_t room = sizeof x->head - 1 - have;
		ssize_t got = have < sizeof x->head - 1 ? read(x->fd, x->head + have, room) : 0;

		if (got <= 0)
			return false;
		have += (size_t)got;
		end = strstr(x->head, "\r\n\r\n");
		x->body_at = end != NULL ? (size_t)(end + 4 - x->head) : 0;
		length = strcasestr(x->head, "\r\nContent-Length:");
		x->body_len = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
	} while (end == NULL || have < x->body_at + x->body_len);
	return true;
}

static void serve(struct engine *e, int fd, peer_talk *talk)
{
	static struct exchange x;

	x = (struct exchange){ .fd = fd, .state = e->state, .talk = talk };
	while (read_request(&x))
		dispatch(&x);
	_exit(0);
}

static void serve_all(struct engine *e, int listener, peer_talk *talk)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpgid(0, 0);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(listener);
			serve(e, fd, talk);
		}
		close(fd);
	}
}

void engine_start(struct engine *e, peer_talk *talk)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(e->dir, sizeof e->dir, "/tmp/test-engine-XXXXXX");
	if (mkdtemp(e->dir) == NULL)
		abort();
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s/docker.sock", e->dir);
	(void)snprintf(e->host, sizeof e->host, "unix://%s/docker.sock", e->dir);
	e->state = mmap(NULL, sizeof *e->state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (e->state == MAP_FAILED || bind(listener, (struct sockaddr *)&address, sizeof address) != 0
	    || listen(listener, 64) != 0)
		abort();
	fflush(NULL);
	e->pid = fork();
	if (e->pid == 0)
		serve_all(e, listener, talk);
	(void)setpgid(e->pid, e->pid);
	close(listener);
}

void engine_stop(struct engine *e)
{
	char path[96];

	(void)kill(-e->pid, SIGKILL);
	(void)waitpid(e->pid, NULL, 0);
	(void)munmap(e->state, sizeof *e->state);
	(void)snprintf(path, sizeof path, "%s/docker.sock", e->dir);
	(void)unlink(path);
	(void)rmdir(e->dir);
}

void engine_fresh(struct engine *e, struct stage *s)
{
	stage_reset(s);
	memset(e->state, 0, sizeof *e->state);
	s->config.docker_host = e->host;
	s->config.docker_client_timeout = 1;
	s->config.container_rate_limit_requests_per_window = 0;
	stage_reconnect(s);
}

int engine_there(const struct engine *e)
{
	int there = 0;

	for (int i = 0; i < e->state->n; i++)
		there += e->state->containers[i].there;
	return there;
}

struct engine_container *engine_find(const struct engine *e, const char *id)
{
	return find(e->state, id);
}

void engine_add(struct engine *e, const char *id, const char *name)
{
	add(e->state, id, name)->running = true;
}
