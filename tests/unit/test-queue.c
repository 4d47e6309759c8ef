/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for a session or a slot, and in which order: limit's queue, over many processes. */
#include "lib/cleanup.h"
#include "lib/text.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage s;
static const struct principal *alice;

#define BUSY "Another execution is in progress for this container. Please wait."
#define FULL "Too many concurrent executions. Please try again later."

static const char *new_session(void)
{
	const char *id = stage_session(&s, alice);

	CU_ASSERT_FATAL(id != NULL);
	return id;
}

static const char *fresh_session(void)
{
	stage_unlimited(&s);
	alice = stage_principal(&s, "alice");
	return new_session();
}

static void a_busy_session_is_waited_for(void)
{
	const char *id = fresh_session();
	struct lease first, second;
	int64_t since = now_us();

	s.config.execution_queue_seconds = 1;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &first));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, BUSY));
	CU_ASSERT_EQUAL(s.err.retry_after_s, 1);
	CU_ASSERT(now_us() - since >= 1000000);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "ZCARD cg:{default}:queue:%s", id)), 0);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "HGET cg:{default}:session:%s count", id)), 1);
	limit_release(&s.backend, &first);
	CU_ASSERT(stage_admit(&s, alice, id, &second));
}

static void slots_are_for_all_sessions(void)
{
	const char *id = fresh_session();
	const char *other = new_session();
	struct lease first, second;

	s.config.execution_queue_seconds = 0;
	s.config.max_concurrent_executions = 1;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &first));
	CU_ASSERT_FALSE(stage_admit(&s, alice, other, &second));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, FULL));
	limit_release(&s.backend, &first);
	CU_ASSERT(stage_admit(&s, alice, other, &second));
}

static void a_crowd_is_refused_at_once(void)
{
	const char *id = fresh_session();
	struct lease first, second;
	int64_t since = now_us();

	s.config.max_session_waiters = 0;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &first));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, BUSY));
	CU_ASSERT(now_us() - since < 10000000);
}

static void a_full_bulkhead_ends_waiting(void)
{
	const char *id = fresh_session();
	struct bulkhead *page;
	struct claim claim = { .who = alice, .session_id = id, .worker = 0, .watch = { -1, -1 } };
	struct lease first, second;

	s.config.waiting_workers = 0;
	page = bulkhead_map(&s.config, 2);
	claim.bulkhead = page;
	CU_ASSERT_FATAL(limit_admit(&s.backend, &s.arena, &claim, &first, &s.err));
	CU_ASSERT_FALSE(limit_admit(&s.backend, &s.arena, &claim, &second, &s.err));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, BUSY));
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "ZCARD cg:{default}:queue:%s", id)), 0);
}

static void who_is_told_to_end_waits_no_longer(void)
{
	const char *id = fresh_session();
	auto_close int told = eventfd(1, EFD_CLOEXEC);
	struct claim claim = { .who = alice, .session_id = id, .watch = { -1, told } };
	struct lease first, second;

	s.config.execution_queue_seconds = 120;
	CU_ASSERT_FATAL(limit_admit(&s.backend, &s.arena, &claim, &first, &s.err));
	CU_ASSERT_FALSE(limit_admit(&s.backend, &s.arena, &claim, &second, &s.err));
	CU_ASSERT(stage_failed(&s, ERR_UNAVAILABLE, "The gateway is shutting down. Please retry shortly."));
	CU_ASSERT(s.err.retry_after_s > 0);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "ZCARD cg:{default}:queue:%s", id)), 0);
}

/* One line per event of one process, into a pipe. */
struct event {
	int32_t child;
	int64_t at_us;
};

static pid_t fork_child(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		stage_reconnect(&s);
	return pid;
}

static void reap_all(int n)
{
	int status;

	for (int i = 0; i < n; i++)
		CU_ASSERT(wait(&status) > 0 && status == 0);
}

/* Nobody ever sees another one inside; and nobody is let in beyond the budget. */
static void hammer(const char *id, int out)
{
	struct lease lease;

	for (int i = 0; i < 20; i++) {
		struct event inside = { .child = getpid(), .at_us = 0 };

		if (!stage_admit(&s, alice, id, &lease))
			continue;
		inside.at_us = now_us();
		(void)!write(out, &inside, sizeof inside);
		deadline_sleep_ms(deadline_in_ms(2), 2);
		inside.at_us = -now_us();
		(void)!write(out, &inside, sizeof inside);
		limit_release(&s.backend, &lease);
	}
	_exit(0);
}

static void two_never_hold_one_session(void)
{
	const char *id = fresh_session();
	struct event event;
	int pipe_fds[2], inside = 0, entries = 0;

	s.config.max_executions_per_session = 100;
	s.config.max_session_waiters = 64;
	CU_ASSERT_FATAL(pipe(pipe_fds) == 0);
	for (int i = 0; i < 8; i++)
		if (fork_child() == 0)
			hammer(id, pipe_fds[1]);
	close(pipe_fds[1]);
	while (read(pipe_fds[0], &event, sizeof event) == sizeof event) {
		inside += event.at_us > 0 ? 1 : -1;
		entries += event.at_us > 0;
		CU_ASSERT(inside == 0 || inside == 1);
	}
	close(pipe_fds[0]);
	reap_all(8);
	CU_ASSERT_EQUAL(entries, 100);
}

static void use_slot(const char *id, int out)
{
	struct event event = { 0 };
	struct lease lease;

	for (int i = 0; i < 10; i++) {
		if (!stage_admit(&s, alice, id, &lease))
			_exit(1);
		event.at_us = 1;
		(void)!write(out, &event, sizeof event);
		deadline_sleep_ms(deadline_in_ms(3), 3);
		event.at_us = -1;
		(void)!write(out, &event, sizeof event);
		limit_release(&s.backend, &lease);
	}
	_exit(0);
}

static void slots_are_never_overshot(void)
{
	struct event event;
	int pipe_fds[2], inside = 0, most = 0;

	fresh_session();
	s.config.max_concurrent_executions = 3;
	s.config.max_containers_per_principal = 100;
	CU_ASSERT_FATAL(pipe(pipe_fds) == 0);
	for (int i = 0; i < 8; i++) {
		const char *id = new_session();

		if (fork_child() == 0)
			use_slot(id, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	while (read(pipe_fds[0], &event, sizeof event) == sizeof event) {
		inside += event.at_us > 0 ? 1 : -1;
		most = inside > most ? inside : most;
	}
	close(pipe_fds[0]);
	reap_all(8);
	CU_ASSERT_EQUAL(most, 3);
}

static void await_tickets(size_t n)
{
	const struct slice keys[] = { text_slice("KEYS"), text_slice("cg:{default}:ticket:*") };
	struct deadline deadline = deadline_in_ms(30000);
	size_t found = 0;

	while (found < n && !deadline_passed(deadline)) {
		auto_reply reply = redis_command(s.backend.redis, &s.err, 2, keys);

		found = reply_count(reply);
		deadline_sleep_ms(deadline, 2);
	}
	CU_ASSERT_FATAL(found >= n);
}

/* They come one by one and must leave in that order, whatever they wait for. */
static void the_oldest_ticket_goes_first(const char *const *ids)
{
	struct lease holder, lease;
	int32_t child;
	int pipe_fds[2];

	CU_ASSERT_FATAL(stage_admit(&s, alice, ids[0], &holder));
	CU_ASSERT_FATAL(pipe(pipe_fds) == 0);
	for (child = 0; child < 4; child++) {
		if (fork_child() == 0) {
			if (!stage_admit(&s, alice, ids[child + 1], &lease))
				_exit(1);
			(void)!write(pipe_fds[1], &child, sizeof child);
			deadline_sleep_ms(deadline_in_ms(5), 5);
			limit_release(&s.backend, &lease);
			_exit(0);
		}
		await_tickets((size_t)child + 1);
	}
	close(pipe_fds[1]);
	limit_release(&s.backend, &holder);
	for (int32_t i = 0; i < 4; i++)
		CU_ASSERT(read(pipe_fds[0], &child, sizeof child) == sizeof child && child == i);
	close(pipe_fds[0]);
	reap_all(4);
}

static void a_session_is_given_to_the_oldest(void)
{
	const char *id = fresh_session();

	the_oldest_ticket_goes_first((const char *const[]){ id, id, id, id, id });
}

static void a_slot_is_given_to_the_oldest(void)
{
	const char *ids[5];

	fresh_session();
	s.config.max_concurrent_executions = 1;
	s.config.max_containers_per_principal = 100;
	for (int i = 0; i < 5; i++)
		ids[i] = new_session();
	the_oldest_ticket_goes_first(ids);
}

static void a_dead_waiter_holds_up_nobody(void)
{
	const char *id = fresh_session();
	struct lease holder, lease;
	pid_t pid;

	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &holder));
	pid = fork_child();
	if (pid == 0) {
		stage_admit(&s, alice, id, &lease);
		_exit(1);
	}
	await_tickets(1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	limit_release(&s.backend, &holder);
	CU_ASSERT(stage_admit(&s, alice, id, &lease));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a busy session is waited for", a_busy_session_is_waited_for },
		{ "slots are for all sessions", slots_are_for_all_sessions },
		{ "a crowd is refused at once", a_crowd_is_refused_at_once },
		{ "a full bulkhead ends waiting", a_full_bulkhead_ends_waiting },
		{ "who is told to end waits no longer", who_is_told_to_end_waits_no_longer },
		{ "two never hold one session", two_never_hold_one_session },
		{ "slots are never overshot", slots_are_never_overshot },
		{ "a session is given to the oldest", a_session_is_given_to_the_oldest },
		{ "a slot is given to the oldest", a_slot_is_given_to_the_oldest },
		{ "a dead waiter holds up nobody", a_dead_waiter_holds_up_nobody },
		{ NULL, NULL },
	};

	stage_open(&s);

	int status = tap_run("limit", tests);

	stage_close(&s);
	return status;
}
