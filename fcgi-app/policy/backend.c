/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/backend.h"

#include "fcgi-app/policy/script.h"
#include "lib/id.h"
#include "lib/shared.h"
#include "lib/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* The name our containers are labelled with: the first one stored wins, for a month of use. */
static struct redis_script label_script = { .text =
	"redis.call('SET', KEYS[1], ARGV[1], 'NX')\n"
	"redis.call('PEXPIRE', KEYS[1], 2592000000)\n"
	"return redis.call('GET', KEYS[1])\n"
};

static bool identify_deployment(struct backend *b, struct error *err)
{
	struct call c = { 0 };
	char fresh[ID_TOKEN];

	id_token(fresh);
	call_key(&c, b, "label", "");
	call_text(&c, b->deployment[0] != '\0' ? b->deployment : fresh);

	auto_reply reply = call_run(&c, b, &label_script, err);
	struct slice label = reply_text(reply);

	if (reply == NULL)
		return false;
	if (label.len == 0 || label.len >= sizeof b->deployment)
		return fail_hidden(err, ERR_UNAVAILABLE,
		                   "the deployment's label in Redis is %zu bytes", label.len);
	memcpy(b->deployment, label.at, label.len);
	b->deployment[label.len] = '\0';
	return true;
}

/* The first who is told them writes the names: a daemon keeps its own for life. */
enum { PAGE_EMPTY, PAGE_BEING_WRITTEN, PAGE_WRITTEN };

struct daemon_page {
	atomic_int state;
	char id[128], name[128];
};

struct daemon_page *backend_map(void)
{
	return shared_map(sizeof(struct daemon_page));
}

static bool read_page(struct backend *b)
{
	if (b->page == NULL || b->page->state != PAGE_WRITTEN)
		return false;
	memcpy(b->daemon_id, b->page->id, sizeof b->daemon_id);
	memcpy(b->daemon_name, b->page->name, sizeof b->daemon_name);
	return true;
}

static void write_page(const struct backend *b)
{
	int empty = PAGE_EMPTY;

	if (b->page == NULL
	    || !atomic_compare_exchange_strong(&b->page->state, &empty, PAGE_BEING_WRITTEN))
		return;
	memcpy(b->page->id, b->daemon_id, sizeof b->page->id);
	memcpy(b->page->name, b->daemon_name, sizeof b->page->name);
	b->page->state = PAGE_WRITTEN;
}

static bool identify_daemon(struct backend *b, struct deadline deadline, struct error *err)
{
	struct arena arena = { 0 };
	const char *id = "", *name = "";
	bool ok = docker_info(b->docker, &arena, deadline, &id, &name, err);

	if (ok && (*id == '\0' || strlen(id) >= sizeof b->daemon_id))
		ok = fail_hidden(err, ERR_UNAVAILABLE, "the Docker daemon tells no usable id");
	if (ok) {
		(void)snprintf(b->daemon_id, sizeof b->daemon_id, "%s", id);
		(void)snprintf(b->daemon_name, sizeof b->daemon_name, "%s", name);
		write_page(b);
	}
	arena_finish(&arena);
	return ok;
}

static struct redis *connect_redis(const struct config *config, struct error *err)
{
	const struct redis_options o = {
		.url = config->redis_url,
		.connect_timeout_ms = config->redis_socket_connect_timeout,
		.timeout_ms = config->redis_socket_timeout,
	};

	return redis_open(&o, err);
}

static struct docker *connect_docker(const struct config *config, struct error *err)
{
	const struct docker_options o = {
		.host = config->docker_host,
		.cert_dir = config->docker_tls_verify ? config->docker_cert_path : "",
		.timeout_ms = config->docker_client_timeout * 1000,
	};

	return docker_open(&o, err);
}

bool backend_open(struct backend *b, const struct config *config, struct error *err)
{
	*b = (struct backend){ .config = config };
	b->redis = connect_redis(config, err);
	if (b->redis == NULL)
		return false;
	b->docker = connect_docker(config, err);
	if (b->docker != NULL)
		return true;
	redis_close(&b->redis);
	return false;
}

static bool told(struct buf *problems, const char *name, struct error *err)
{
	buf_printf(problems, "%s: %s%s%s\n", name, err->msg, *err->detail != '\0' ? ": " : "",
	           text_on_one_line(err->detail));
	return false;
}

bool backend_check(const struct config *config, struct buf *problems)
{
	struct error err = { 0 };
	struct redis *redis = connect_redis(config, &err);
	bool sound = redis != NULL || told(problems, "REDIS_URL", &err);
	struct docker *docker = connect_docker(config, &err);

	sound = (docker != NULL || told(problems, "DOCKER_HOST", &err)) && sound;
	redis_close(&redis);
	docker_close(&docker);
	return sound;
}

void backend_close(struct backend *b)
{
	docker_close(&b->docker);
	redis_close(&b->redis);
}

bool backend_identify(struct backend *b, struct deadline deadline, struct error *err)
{
	if (b->daemon_id[0] == '\0' && !read_page(b) && !identify_daemon(b, deadline, err))
		return false;
	return b->deployment[0] != '\0' || identify_deployment(b, err);
}

bool backend_relabel(struct backend *b, struct error *err)
{
	return identify_deployment(b, err);
}

void backend_probe(struct backend *b, struct deadline deadline, struct backend_health *out)
{
	struct arena arena = { 0 };
	struct error ignored = { 0 };
	const char *id;

	out->redis = redis_ping_by(b->redis, deadline, &ignored);
	out->docker = docker_ping(b->docker, deadline, &ignored);
	out->image = out->docker
	    && docker_image(b->docker, &arena, b->config->sandbox_image, deadline, &id, &ignored);
	arena_finish(&arena);
}
