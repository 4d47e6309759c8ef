/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cleanup.h"
#include "lib/text.h"
#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stage s;
static const struct principal *alice, *bob;

#define BUSY "Another execution is in progress for this container. Please wait."
#define FULL "Too many concurrent executions. Please try again later."
#define GONE "Container session not found, or it was shut down due to inactivity."

static const char *session_of(const struct principal *who)
{
	const char *id = stage_session(&s, who);

	CU_ASSERT_FATAL(id != NULL);
	return id;
}

static const char *fresh_session(void)
{
	stage_reset(&s);
	s.config.rate_limit_requests_per_window = 0;
	s.config.container_rate_limit_requests_per_window = 0;
	alice = stage_principal(&s, "alice");
	bob = stage_principal(&s, "bob");
	return session_of(alice);
}

/* As if seconds had passed since the scores of that sorted set were written. */
static void grow_old(const char *set, int seconds)
{
	stage_redis(&s, arena_printf(&s.arena, "EVAL for\t_,m\tin\tipairs(redis.call('ZRANGE',KEYS[1],0,-1))"
	                             "do\tredis.call('ZINCRBY',KEYS[1],ARGV[1],m)end 1 cg:{default}:%s -%d000",
	                             set, seconds));
}

/* And since that session's lease was given. */
static void let_lease_grow_old(const char *id, int seconds)
{
	stage_redis(&s, arena_printf(&s.arena, "HINCRBY cg:{default}:session:%s until -%d000", id, seconds));
	grow_old("slots", seconds);
}

static void an_owner_is_admitted_again_and_again(void)
{
	const char *id = fresh_session();
	struct lease lease;

	for (unsigned i = 1; i <= 3; i++) {
		CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
		CU_ASSERT_EQUAL(lease.session.executions, i);
		CU_ASSERT_EQUAL(lease.session.epoch, i);
		CU_ASSERT_STRING_EQUAL(lease.session.id, id);
		CU_ASSERT_EQUAL(lease.session.expires_ms - lease.session.created_ms, 3600000);
		CU_ASSERT(lease.expires_us > now_us());
		limit_release(&s.backend, &lease);
	}
	CU_ASSERT_EQUAL(stage_redis(&s, "ZCARD cg:{default}:slots"), 0);
}

static void strangers_are_refused(void)
{
	const char *id = fresh_session();
	struct principal other = *alice;
	struct lease lease;

	CU_ASSERT_FALSE(stage_admit(&s, bob, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another principal"));
	other.tenant = "t";
	CU_ASSERT_FALSE(stage_admit(&s, &other, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another tenant"));
	other = *alice;
	other.kind = PRINCIPAL_JWT;
	CU_ASSERT_FALSE(stage_admit(&s, &other, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_FORBIDDEN, "Container session belongs to another principal"));
	CU_ASSERT(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_EQUAL(lease.session.executions, 1);
}

static void an_empty_tenant_is_not_none(void)
{
	const char *id = fresh_session();
	struct principal other = *alice;
	struct lease lease;

	other.tenant = "";
	CU_ASSERT_FALSE(stage_admit(&s, &other, id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_FORBIDDEN);
}

static void ids_are_whole_or_unknown(void)
{
	const char *id = fresh_session();
	struct lease lease;

	CU_ASSERT_FALSE(stage_admit(&s, alice, arena_strndup(&s.arena, id, 12), &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT_FALSE(stage_admit(&s, alice, "", &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, "../images/x", &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, arena_printf(&s.arena, "%.63sx", id), &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, arena_printf(&s.arena, "%s\n", id), &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
}

static void another_daemon_is_a_conflict(void)
{
	const char *id = fresh_session();
	struct lease lease;

	(void)snprintf(s.backend.daemon_id, sizeof s.backend.daemon_id, "DAEMON:TWO");
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_CONFLICT);
	CU_ASSERT(strstr(s.err.msg, "is attached to a different execution node.") != NULL);
}

static void a_lifetime_ends(void)
{
	const char *id;
	struct lease lease;

	fresh_session();
	s.config.max_session_lifetime_seconds = 0;
	id = session_of(alice);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, "Container session expired after reaching its maximum lifetime."));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
}

static void a_budget_is_spent(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.max_executions_per_session = 2;
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
		limit_release(&s.backend, &lease);
	}
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, "Container session reached its maximum number of executions."));
	CU_ASSERT(s.err.retry_after_s > 0);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
}

static void the_last_run_of_a_budget_is_not_disturbed(void)
{
	const char *id = fresh_session();
	struct lease lease, second;

	s.config.max_executions_per_session = 1;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT_EQUAL(s.err.kind, ERR_LIMITED);
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
}

static void a_rate_has_a_window(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.rate_limit_requests_per_window = 2;
	s.config.rate_limit_window_seconds = 100;
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
		limit_release(&s.backend, &lease);
	}
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, "Rate limit exceeded for this principal. Please slow down."));
	CU_ASSERT(s.err.retry_after_s > 50 && s.err.retry_after_s <= 100);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "HGET cg:{default}:session:%s count", id)), 2);
	grow_old(arena_printf(&s.arena, "rate:execute:%s", alice->scope), 40);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(s.err.retry_after_s > 10 && s.err.retry_after_s <= 60);
	grow_old(arena_printf(&s.arena, "rate:execute:%s", alice->scope), 60);
	CU_ASSERT(stage_admit(&s, alice, id, &lease));
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
	const char *other = session_of(alice);
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

/* Its holder died: nobody renews, nobody releases. */
static void a_lease_expires_when_its_holder_dies(void)
{
	const char *id = fresh_session();
	struct lease dead, next;

	s.config.run_lease_seconds = 100;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &dead));
	let_lease_grow_old(id, 100);
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &next));
	CU_ASSERT_EQUAL(next.session.epoch, dead.session.epoch + 1);
	CU_ASSERT_FALSE(limit_renew(&s.backend, &dead, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_CONFLICT);
	limit_release(&s.backend, &dead);
	CU_ASSERT(limit_renew(&s.backend, &next, &s.err));
	CU_ASSERT_EQUAL(stage_redis(&s, "ZCARD cg:{default}:slots"), 1);
}

static void a_renewed_lease_lasts(void)
{
	const char *id = fresh_session();
	struct lease lease, second;
	int64_t before;

	s.config.run_lease_seconds = 100;
	s.config.execution_queue_seconds = 0;
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	before = lease.expires_us;
	for (int i = 0; i < 4; i++) {
		let_lease_grow_old(id, 60);
		CU_ASSERT_FATAL(limit_renew(&s.backend, &lease, &s.err));
	}
	CU_ASSERT(lease.expires_us > before);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT(stage_failed(&s, ERR_LIMITED, BUSY));
}

static void a_run_outlives_the_loss_of_redis_data(void)
{
	const char *id = fresh_session();
	struct lease lease, second;

	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, "FLUSHALL");
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	limit_release(&s.backend, &lease);
	CU_ASSERT_EQUAL(stage_redis(&s, arena_printf(&s.arena, "EXISTS cg:{default}:session:%s", id)), 0);
}

static void every_key_expires(void)
{
	const char *id = fresh_session();
	struct lease first, second;

	s.config.execution_queue_seconds = 0;
	s.config.rate_limit_requests_per_window = 5;
	s.config.container_rate_limit_requests_per_window = 5;
	session_of(alice);
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &first));
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &second));
	stage_redis(&s, "DEL cg:{default}:slots");
	CU_ASSERT(limit_renew(&s.backend, &first, &s.err));

	auto_reply keys = redis_command(s.backend.redis, &s.err, 2, (struct slice[]){ { "KEYS", 4 }, { "*", 1 } });

	CU_ASSERT(reply_count(keys) > 8);
	for (size_t i = 0; i < reply_count(keys); i++) {
		struct slice key = reply_text(reply_item(keys, i));
		auto_reply ttl = redis_command(s.backend.redis, &s.err, 2, (struct slice[]){ { "TTL", 3 }, key });

		CU_ASSERT(reply_int(ttl) > 0);
		CU_ASSERT_EQUAL(strncmp(key.at, "cg:{default}:", 13), 0);
	}
}

/* The set is empty for a moment when the only session takes its reservation's place. */
static void the_only_session_expires_too(void)
{
	fresh_session();
	CU_ASSERT(stage_redis(&s, "PTTL cg:{default}:sessions") > 0);
	CU_ASSERT(stage_redis(&s, arena_printf(&s.arena, "PTTL cg:{default}:own:%s", alice->scope)) > 0);
}

static void deployments_know_nothing_of_each_other(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.max_active_sessions = 1;
	CU_ASSERT(stage_session(&s, bob) == NULL);
	s.config.deployment_id = "other";
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT(stage_failed(&s, ERR_NOT_FOUND, GONE));
	CU_ASSERT(stage_session(&s, bob) != NULL);
}

static void scripts_that_redis_forgot_are_sent_again(void)
{
	const char *id = fresh_session();
	struct lease lease;

	stage_redis(&s, "SCRIPT FLUSH");
	CU_ASSERT_FATAL(stage_admit(&s, alice, id, &lease));
	stage_redis(&s, "SCRIPT FLUSH");
	CU_ASSERT(limit_renew(&s.backend, &lease, &s.err));
}

static void without_redis_nobody_is_admitted(void)
{
	const char *id = fresh_session();
	struct lease lease;

	s.config.redis_url = "unix:///nonexistent.sock";
	stage_reconnect(&s);
	CU_ASSERT_FALSE(stage_admit(&s, alice, id, &lease));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
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
		const char *id = session_of(alice);

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
	struct deadline deadline = deadline_in_ms(5000);

	for (size_t found = 0; found < n && !deadline_passed(deadline);) {
		auto_reply reply = redis_command(s.backend.redis, &s.err, 2, keys);

		found = reply_count(reply);
		deadline_sleep_ms(deadline, 2);
	}
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
		ids[i] = session_of(alice);
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
		{ "an owner is admitted again and again", an_owner_is_admitted_again_and_again },
		{ "strangers are refused", strangers_are_refused },
		{ "an empty tenant is not none", an_empty_tenant_is_not_none },
		{ "ids are whole or unknown", ids_are_whole_or_unknown },
		{ "another daemon is a conflict", another_daemon_is_a_conflict },
		{ "a lifetime ends", a_lifetime_ends },
		{ "a budget is spent", a_budget_is_spent },
		{ "the last run of a budget is not disturbed", the_last_run_of_a_budget_is_not_disturbed },
		{ "a rate has a window", a_rate_has_a_window },
		{ "a busy session is waited for", a_busy_session_is_waited_for },
		{ "slots are for all sessions", slots_are_for_all_sessions },
		{ "a crowd is refused at once", a_crowd_is_refused_at_once },
		{ "a full bulkhead ends waiting", a_full_bulkhead_ends_waiting },
		{ "who is told to end waits no longer", who_is_told_to_end_waits_no_longer },
		{ "a lease expires when its holder dies", a_lease_expires_when_its_holder_dies },
		{ "a renewed lease lasts", a_renewed_lease_lasts },
		{ "a run outlives the loss of Redis' data", a_run_outlives_the_loss_of_redis_data },
		{ "every key expires", every_key_expires },
		{ "the only session expires, too", the_only_session_expires_too },
		{ "deployments know nothing of each other", deployments_know_nothing_of_each_other },
		{ "scripts that Redis forgot are sent again", scripts_that_redis_forgot_are_sent_again },
		{ "without Redis nobody is admitted", without_redis_nobody_is_admitted },
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
