/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/server.h"

#include "lib/deadline.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000 };

static void bail_out(const char *why)
{
	printf("Bail out! redis-server: %s\n", why);
	exit(99);
}

static void exec_server(const char *socket, const char *dir)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen("/dev/null", "w", stdout))
		_exit(127);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir,
	       "--save", "", "--appendonly", "no", "--enable-debug-command", "yes", (char *)NULL);
	_exit(127);
}

static bool listens(const char *socket_path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s", socket_path);

	bool answered = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;

	close(fd);
	return answered;
}

void server_start(struct server *s)
{
	char socket_path[96];
	struct deadline deadline = deadline_in_ms(START_MS);

	if (!s->dir[0]) {
		(void)snprintf(s->dir, sizeof s->dir, "/tmp/test-redis-XXXXXX");
		if (!mkdtemp(s->dir))
			bail_out("no temporary directory");
	}
	(void)snprintf(socket_path, sizeof socket_path, "%s/redis.sock", s->dir);
	(void)snprintf(s->url, sizeof s->url, "unix://%s", socket_path);
	s->pid = fork();
	if (s->pid == 0)
		exec_server(socket_path, s->dir);
	while (!listens(socket_path)) {
		if (waitpid(s->pid, NULL, WNOHANG) != 0)
			bail_out("it is not installed, or ended at once");
		if (deadline_passed(deadline))
			bail_out("it does not listen");
		deadline_sleep_ms(deadline, 10);
	}
}

void server_stop(struct server *s)
{
	char path[96];

	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
	(void)snprintf(path, sizeof path, "%s/redis.sock", s->dir);
	unlink(path);
}

void server_finish(struct server *s)
{
	server_stop(s);
	rmdir(s->dir);
	s->dir[0] = '\0';
}
