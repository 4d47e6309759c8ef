/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/listen.h"

#include "lib/cleanup.h"
#include "tests/unit/tap.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static char directory[] = "/tmp/test-listen-XXXXXX";
static char path[64];
static struct error err;

static bool listen_at(struct listener *l, const char *address)
{
	const struct listen_options o = { .address = address, .mode = 0640, .group = "" };

	err = (struct error){ .kind = ERR_NONE };
	return listen_open(l, &o, &err);
}

static bool answers(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, path, strlen(path));
	return connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
}

static void a_path_has_its_mode_and_goes_with_its_owner(void)
{
	struct listener l;
	struct stat st;

	CU_ASSERT_FATAL(listen_at(&l, path));
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
	CU_ASSERT(answers());
	listen_close(&l);
	CU_ASSERT_EQUAL(access(path, F_OK), -1);
}

static void a_living_socket_is_not_taken(void)
{
	struct listener first, second;

	CU_ASSERT_FATAL(listen_at(&first, path));
	CU_ASSERT_FALSE(listen_at(&second, path));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "in use by another process"));
	CU_ASSERT(answers());
	listen_close(&first);
}

static void a_dead_socket_is_replaced(void)
{
	struct listener dead, next;

	CU_ASSERT_FATAL(listen_at(&dead, path));
	close(dead.fd);
	CU_ASSERT_FALSE(answers());
	CU_ASSERT_FATAL(listen_at(&next, path));
	CU_ASSERT(answers());
	dead.fd = -1;
	listen_close(&dead);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	listen_close(&next);
}

static void what_is_no_socket_stays(void)
{
	struct listener l;

	close(open(path, O_CREAT | O_WRONLY, 0600));
	CU_ASSERT_FALSE(listen_at(&l, path));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "is no socket"));
	CU_ASSERT_EQUAL(unlink(path), 0);
}

static void a_port_is_on_the_loopback(void)
{
	static const char *const refused[] = {
		"0.0.0.0:9000", "10.1.2.3:9000", "[::]:9000", ":9000", "9000", "127.0.0.1", "127.0.0.1:0",
		"127.0.0.1:70000", "localhost:9000", "[::1:9000", "",
	};
	struct sockaddr_in a;
	socklen_t size = sizeof a;
	struct listener l;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		CU_ASSERT_FALSE(listen_at(&l, refused[i]) || listen_check(refused[i], &err));
	CU_ASSERT(listen_check("127.0.0.1:48123", &err));
	CU_ASSERT_FATAL(listen_at(&l, "127.0.0.1:48123"));
	CU_ASSERT_EQUAL(getsockname(l.fd, (struct sockaddr *)&a, &size), 0);
	CU_ASSERT_EQUAL(ntohs(a.sin_port), 48123);
	listen_close(&l);
}

static void a_path_may_be_too_long(void)
{
	struct listener l;
	char name[200];

	memset(name, 'x', sizeof name - 1);
	name[0] = '/';
	name[sizeof name - 1] = '\0';
	CU_ASSERT_FALSE(listen_at(&l, name));
	CU_ASSERT_FALSE(listen_check(name, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "longer than the 107 bytes"));
}

static void what_is_given_must_be_a_local_listening_socket(void)
{
	int saved = dup(STDIN_FILENO), fd = open("/dev/null", O_RDONLY);
	struct listener l, mine;

	dup2(fd, STDIN_FILENO);
	CU_ASSERT_FALSE(listen_inherit(&l, &err));
	CU_ASSERT_FATAL(listen_at(&mine, path));
	dup2(mine.fd, STDIN_FILENO);
	CU_ASSERT(listen_inherit(&l, &err));
	CU_ASSERT_EQUAL(l.fd, STDIN_FILENO);
	CU_ASSERT_PTR_NULL(l.path);
	listen_close(&mine);
	close(fd);

	struct sockaddr_in any = { .sin_family = AF_INET };

	fd = socket(AF_INET, SOCK_STREAM, 0);
	CU_ASSERT(bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && listen(fd, 1) == 0);
	dup2(fd, STDIN_FILENO);
	CU_ASSERT_FALSE(listen_inherit(&l, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "listens on the network"));
	dup2(saved, STDIN_FILENO);
	close(fd);
	close(saved);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a path has its mode, and goes with its owner", a_path_has_its_mode_and_goes_with_its_owner },
		{ "a living socket is not taken", a_living_socket_is_not_taken },
		{ "a dead socket is replaced", a_dead_socket_is_replaced },
		{ "what is no socket stays", what_is_no_socket_stays },
		{ "a port is on the loopback", a_port_is_on_the_loopback },
		{ "a path may be too long", a_path_may_be_too_long },
		{ "what is given must be a local listening socket", what_is_given_must_be_a_local_listening_socket },
		{ NULL, NULL },
	};
	int status;

	if (!mkdtemp(directory))
		return 99;
	(void)snprintf(path, sizeof path, "%s/socket", directory);
	status = tap_run("listen", tests);
	rmdir(directory);
	return status;
}
