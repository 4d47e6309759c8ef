/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/health.h"

#include "tests/unit/engine.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage s;
static struct engine engine;

static struct health *fresh(int64_t cache_seconds)
{
	stage_reset(&s);
	memset(engine.state, 0, sizeof *engine.state);
	s.config.docker_host = engine.host;
	s.config.health_cache_seconds = cache_seconds;
	stage_reconnect(&s);
	return health_map();
}

static bool is(struct health *h, bool docker, bool image, bool redis)
{
	struct backend_health found = health_look(h, &s.backend);

	return found.docker == docker && found.image == image && found.redis == redis;
}

static void what_works_is_told_apart(void)
{
	struct health *h = fresh(0);

	CU_ASSERT(is(h, true, true, true));
	engine.state->no_image = true;
	CU_ASSERT(is(h, true, false, true));
	server_stop(&s.server);
	CU_ASSERT(is(h, true, false, false));
	server_start(&s.server);
	CU_ASSERT(is(h, true, false, true));
}

static void an_answer_is_kept(void)
{
	struct health *h = fresh(60);

	CU_ASSERT(is(h, true, true, true));
	engine.state->no_image = true;
	CU_ASSERT(is(h, true, true, true));
}

static void a_daemon_that_says_nothing_is_not_awaited(void)
{
	struct health *h = fresh(60);

	s.config.docker_client_timeout = 600;
	stage_reconnect(&s);
	engine.state->silent = true;
	CU_ASSERT(is(h, false, false, true));
	engine.state->silent = false;
}

/* Who asked has heard nothing; the others say what was known before. */
static void one_asks_for_all(void)
{
	struct health *h = fresh(0);
	int gate[2], status, asked = 0;
	char byte;

	CU_ASSERT(is(h, true, true, true));
	engine.state->silent = true;
	CU_ASSERT_FATAL(pipe(gate) == 0);
	fflush(NULL);
	for (int child = 0; child < 8; child++) {
		if (fork() != 0)
			continue;
		close(gate[1]);
		stage_reconnect(&s);
		_exit(read(gate[0], &byte, 1) == 0 && is(h, false, false, true));
	}
	close(gate[0]);
	close(gate[1]);
	for (int child = 0; child < 8; child++) {
		CU_ASSERT(wait(&status) > 0 && WIFEXITED(status));
		asked += WEXITSTATUS(status);
	}
	CU_ASSERT(asked >= 1 && asked < 8);
	engine.state->silent = false;
}

static void who_dies_asking_is_followed(void)
{
	struct health *h = fresh(0);
	int status;

	CU_ASSERT(is(h, true, true, true));
	engine.state->silent = true;
	fflush(NULL);

	pid_t child = fork();

	if (child == 0) {
		stage_reconnect(&s);
		(void)health_look(h, &s.backend);
		_exit(0);
	}
	deadline_sleep_ms(deadline_in_ms(100), 100);
	kill(child, SIGKILL);
	CU_ASSERT(wait(&status) == child);
	engine.state->silent = false;
	engine.state->no_image = true;
	for (struct deadline d = deadline_in_ms(60000); !deadline_passed(d) && is(h, true, true, true);)
		deadline_sleep_ms(d, 50);
	CU_ASSERT(is(h, true, false, true));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "what works is told apart", what_works_is_told_apart },
		{ "an answer is kept", an_answer_is_kept },
		{ "a daemon that says nothing is not awaited", a_daemon_that_says_nothing_is_not_awaited },
		{ "one asks for all", one_asks_for_all },
		{ "who dies asking is followed", who_dies_asking_is_followed },
		{ NULL, NULL },
	};

	engine_start(&engine, peer_polite);
	stage_open(&s);

	int status = tap_run("health", tests);

	stage_close(&s);
	engine_stop(&engine);
	return status;
}
