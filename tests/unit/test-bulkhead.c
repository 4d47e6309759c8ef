/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/bulkhead.h"

#include "tests/unit/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct config config = { .reserved_workers = 2, .waiting_workers = 1, .max_inflight_body_bytes = 100 };
static struct error err;

static void some_workers_stay_free(void)
{
	struct bulkhead *b = bulkhead_map(&config, 5);

	CU_ASSERT(bulkhead_enter(b, 0, 0, &err));
	CU_ASSERT(bulkhead_enter(b, 1, 0, &err));
	CU_ASSERT(bulkhead_enter(b, 4, 0, &err));
	CU_ASSERT_FALSE(bulkhead_enter(b, 2, 0, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	CU_ASSERT_EQUAL(err.retry_after_s, 1);
	bulkhead_leave(b, 1);
	CU_ASSERT(bulkhead_enter(b, 2, 0, &err));
}

/* A client has its answer before its worker is done with it, and comes again at once. */
static void an_answer_on_its_way_holds_no_place_for_a_while(void)
{
	struct bulkhead *b = bulkhead_map(&config, 3);

	bool in = false;

	CU_ASSERT(bulkhead_enter(b, 0, 60, &err));
	bulkhead_answer(b, 1);             /* of a short route: it was never inside */
	CU_ASSERT_FALSE(bulkhead_enter(b, 1, 40, &err));
	for (int i = 0; i < 100 && !in; i++) {     /* the machine may be slow */
		bulkhead_answer(b, 0);
		in = bulkhead_enter(b, 1, 40, &err);
	}
	CU_ASSERT(in);
	bulkhead_leave(b, 1);
	bulkhead_answer(b, 0);
	CU_ASSERT_FALSE(bulkhead_enter(b, 1, 60, &err));
	(void)usleep(60000);
	CU_ASSERT_FALSE(bulkhead_enter(b, 1, 0, &err));
	bulkhead_leave(b, 0);
	(void)usleep(60000);
	CU_ASSERT(bulkhead_enter(b, 1, 0, &err));
}

static void bodies_have_a_sum(void)
{
	struct bulkhead *b = bulkhead_map(&config, 5);

	CU_ASSERT(bulkhead_enter(b, 0, 60, &err));
	CU_ASSERT_FALSE(bulkhead_enter(b, 1, 41, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_UNAVAILABLE);
	CU_ASSERT(bulkhead_enter(b, 1, 40, &err));
	bulkhead_leave(b, 0);
	CU_ASSERT(bulkhead_enter(b, 0, 60, &err));
}

static void few_may_wait(void)
{
	struct bulkhead *b = bulkhead_map(&config, 5);

	CU_ASSERT(bulkhead_wait(b, 0, &err));
	CU_ASSERT_FALSE(bulkhead_wait(b, 1, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_LIMITED);
	bulkhead_go_on(b, 0);
	CU_ASSERT(bulkhead_wait(b, 1, &err));
}

static void a_dead_worker_gives_everything_back(void)
{
	struct bulkhead *b = bulkhead_map(&config, 3);

	CU_ASSERT(bulkhead_enter(b, 0, 100, &err));
	CU_ASSERT(bulkhead_wait(b, 0, &err));
	CU_ASSERT_FALSE(bulkhead_enter(b, 1, 0, &err));
	bulkhead_clear(b, 0);
	CU_ASSERT(bulkhead_enter(b, 1, 100, &err));
	CU_ASSERT(bulkhead_wait(b, 1, &err));
}

static void a_lone_worker_may_work(void)
{
	struct bulkhead *b = bulkhead_map(&config, 1);

	CU_ASSERT(bulkhead_enter(b, 0, 0, &err));
}

/* Each worker counts who is inside with it, in a page of the test's own. */
static void processes_never_overshoot(void)
{
	struct bulkhead *b = bulkhead_map(&config, 8);
	_Atomic int *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	for (int worker = 0; worker < 8; worker++) {
		fflush(NULL);
		if (fork() != 0)
			continue;
		for (int i = 0; i < 20000; i++) {
			if (!bulkhead_enter(b, worker, 0, &err))
				continue;
			if (++seen[0] > 6)
				seen[1]++;
			seen[2]++;
			seen[0]--;
			bulkhead_leave(b, worker);
		}
		_exit(0);
	}
	for (int i = 0; i < 8; i++)
		CU_ASSERT(wait(&status) > 0 && status == 0);
	CU_ASSERT_EQUAL(seen[1], 0);
	CU_ASSERT(seen[2] > 1000);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "some workers stay free", some_workers_stay_free },
		{ "an answer on its way holds no place for a while", an_answer_on_its_way_holds_no_place_for_a_while },
		{ "bodies have a sum", bodies_have_a_sum },
		{ "few may wait", few_may_wait },
		{ "a dead worker gives everything back", a_dead_worker_gives_everything_back },
		{ "a lone worker may work", a_lone_worker_may_work },
		{ "processes never overshoot", processes_never_overshoot },
		{ NULL, NULL },
	};

	return tap_run("bulkhead", tests);
}
