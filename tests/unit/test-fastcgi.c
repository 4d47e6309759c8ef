/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fastcgi.h"

#include "tests/unit/tap.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct error err;
static struct fastcgi_answer answer;
static struct buf room;

#define RECORD(type, len) "\1" type "\0\1\0" len "\0\0"
#define END RECORD("\3", "\10") "\0\0\0\0\0\0\0\0"
#define SAYS(bytes) says(bytes, sizeof bytes - 1)

/* What is on the wire of the other side; *asked is what it has got. */
static bool get(const char *bytes, size_t len, bool stays, char *asked, size_t *n)
{
	int pair[2];
	bool ok;

	buf_finish(&room);
	room = (struct buf)BUF_INIT(4096);
	err = (struct error){ .kind = ERR_NONE };
	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	CU_ASSERT(write(pair[1], bytes, len) == (ssize_t)len);
	if (!stays)
		shutdown(pair[1], SHUT_WR);
	ok = fastcgi_get(pair[0], "/healthz", deadline_in_ms(stays ? 100 : 20000), &room, &answer, &err);
	if (asked)
		*n = (size_t)read(pair[1], asked, *n);
	close(pair[0]);
	close(pair[1]);
	return ok;
}

static bool says(const char *bytes, size_t len)
{
	return get(bytes, len, false, NULL, NULL);
}

static void it_asks_as_a_web_server_does(void)
{
	char asked[512];
	size_t n = sizeof asked;

	CU_ASSERT(get(RECORD("\6", "\23") "Status: 200\r\n\r\nok\r\n" END, 8 + 19 + 16, false, asked, &n));
	CU_ASSERT_FATAL(n > 16 && n < sizeof asked);
	CU_ASSERT(memcmp(asked, "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1", 20) == 0);
	CU_ASSERT_PTR_NOT_NULL(memmem(asked, n, "\16\3REQUEST_METHODGET", 19));
	CU_ASSERT_PTR_NOT_NULL(memmem(asked, n, "\11\10PATH_INFO/healthz", 19));
	CU_ASSERT(memcmp(asked + n - 16, "\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0", 16) == 0);
}

static void an_answer_may_come_in_records(void)
{
	CU_ASSERT(SAYS(RECORD("\6", "\12") "Status: 50" RECORD("\7", "\3") "log"
	               RECORD("\6", "\7") "3 X\r\nA:" RECORD("\6", "\11") " b\r\n\r\nbod"
	               "\1\6\0\1\0\1\2\0y??" END));
	CU_ASSERT_EQUAL(answer.status, 503);
	CU_ASSERT_EQUAL(answer.body.len, 4);
	CU_ASSERT(memcmp(answer.body.at, "body", 4) == 0);
}

static void what_is_no_answer_is_refused(void)
{
	CU_ASSERT_FALSE(SAYS(""));
	CU_ASSERT_STRING_EQUAL(err.msg, "closed without an answer");
	CU_ASSERT_FALSE(SAYS(RECORD("\6", "\12") "Stat"));
	CU_ASSERT_STRING_EQUAL(err.msg, "closed without an answer");
	CU_ASSERT_FALSE(SAYS("HTTP/1.1 400 Bad Request\r\n\r\n"));
	CU_ASSERT_STRING_EQUAL(err.msg, "what answers is no FastCGI");
	CU_ASSERT_FALSE(SAYS(END));
	CU_ASSERT_STRING_EQUAL(err.msg, "an answer without a status");
	CU_ASSERT_FALSE(SAYS(RECORD("\6", "\17") "Status: x\r\n\r\nok" END));
	CU_ASSERT_STRING_EQUAL(err.msg, "an answer without a status");
}

static void no_more_is_kept_than_there_is_room(void)
{
	static char much[8 + 8192] = "\1\6\0\1\40\0\0";

	CU_ASSERT_FALSE(get(much, sizeof much, false, NULL, NULL));
	CU_ASSERT_STRING_EQUAL(err.msg, "an answer too large");
}

static void silence_ends_at_the_deadline(void)
{
	CU_ASSERT_FALSE(get("", 0, true, NULL, NULL));
	CU_ASSERT_EQUAL(err.kind, ERR_TIMEOUT);
	CU_ASSERT_STRING_EQUAL(err.msg, "no answer in time");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "it asks as a web server does", it_asks_as_a_web_server_does },
		{ "an answer may come in records", an_answer_may_come_in_records },
		{ "what is no answer is refused", what_is_no_answer_is_refused },
		{ "no more is kept than there is room", no_more_is_kept_than_there_is_room },
		{ "silence ends at the deadline", silence_ends_at_the_deadline },
		{ NULL, NULL },
	};

	return tap_run("fastcgi", tests);
}
