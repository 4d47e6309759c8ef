/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a gateway how it is, the way a web server does, so that a container needs neither curl nor
 * a web server beside it to be watched.
 */
#include "fcgi-app/healthcheck.h"

#include "fcgi-app/policy/config.h"
#include "lib/cleanup.h"
#include "lib/fastcgi.h"
#include "lib/listen.h"

#include <stdio.h>
#include <sysexits.h>

enum { CHECK_MS = 5000, ANSWER_MAX = 1 << 16, PROBLEMS_MAX = 1 << 20 };

static int unhealthy(const char *socket, const char *why)
{
	(void)fprintf(stderr, "unhealthy: %s: %s\n", socket, why);
	return EXIT_FAILURE;
}

static int judge(const char *socket, const struct fastcgi_answer *answer)
{
	int len = (int)answer->body.len;

	if (answer->status == 200)
		return printf("healthy: %s\n", socket) < 0;
	(void)fprintf(stderr, "unhealthy: %s: status %u: %.*s\n", socket, answer->status, len,
	              answer->body.at);
	return EXIT_FAILURE;
}

static int ask(const char *socket)
{
	struct deadline deadline = deadline_in_ms(CHECK_MS);
	auto_buf room = BUF_INIT(ANSWER_MAX);
	struct fastcgi_answer answer;
	struct error err = { .kind = ERR_NONE };
	auto_close int fd = listen_connect(socket, deadline, &err);

	if (fd < 0 || !fastcgi_get(fd, "/healthz", deadline, &room, &answer, &err))
		return unhealthy(socket, err.msg);
	return judge(socket, &answer);
}

/* Settings that no gateway would start with are its business: here one of them counts. */
int healthcheck(struct arena *arena, const char *env_file)
{
	auto_buf problems = BUF_INIT(PROBLEMS_MAX);
	struct config config;

	if (!config_load(&config, arena, env_file, &problems)) {
		(void)fprintf(stderr, "%s", problems.data);
		return EX_CONFIG;
	}
	if (*config.fastcgi_socket == '\0')
		return unhealthy("FASTCGI_SOCKET", "is not set, and the socket of another process "
		                 "cannot be known");
	return ask(config.fastcgi_socket);
}
