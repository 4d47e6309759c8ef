/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/master.h"

#include "fcgi-app/policy/janitor.h"
#include "fcgi-app/route.h"
#include "fcgi-app/worker.h"
#include "lib/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t tick_ms = 1000;
static const int64_t pause_first_ms = 100, pause_max_ms = 5000;
static const int64_t cancel_max_ms = 5000;
static const int64_t lived_well_ms = 10000;        /* then the next start is not held back */

struct child {
	pid_t pid;                         /* 0: none now */
	int64_t started_us, start_at_us;
	int64_t pause_ms;
};

struct master {
	const struct config *config;
	struct listener *listener;
	struct bulkhead *bulkhead;
	struct metrics *metrics;
	struct daemon_page *page;
	struct health *health;
	int stop_fd, cancel_fd;
	int end_fd;                        /* readable: no worker is left */
	sigset_t signals;
	struct child *children;            /* the workers, and behind them the janitor */
	int64_t n_workers;
};

/* ---- children */

/*
 * What the master blocks stays blocked: a signal to the whole process group (a terminal's ^C, a
 * service manager's TERM) must not end a request.  They end by stop_fd, or with the master.
 */
static void settle_child(const char *name, pid_t master)
{
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	if (getppid() != master)
		_exit(EXIT_FAILURE);
}

static int run_child(const struct master *m, int64_t number)
{
	const struct worker worker = {
		.config = m->config, .bulkhead = m->bulkhead, .metrics = m->metrics,
		.health = m->health, .page = m->page, .number = number,
		.listener = m->listener,
		.stop_fd = m->stop_fd, .cancel_fd = m->cancel_fd,
	};
	const struct janitor janitor = {
		.config = m->config, .metrics = m->metrics, .page = m->page,
		.stop_fd = m->stop_fd, .end_fd = m->end_fd,
	};

	if (number < m->n_workers)
		return worker_run(&worker);
	janitor_run(&janitor);
	return EXIT_SUCCESS;
}

static void start(struct master *m, int64_t number)
{
	struct child *c = &m->children[number];
	pid_t self = getpid(), pid = fork();

	if (pid == 0) {
		settle_child(number < m->n_workers ? "gateway-worker" : "gateway-janitor", self);
		exit(run_child(m, number));
	}
	c->started_us = now_us();
	c->start_at_us = c->started_us + pause_max_ms * 1000;
	if (pid > 0)
		c->pid = pid;
	else
		log_text(LOG_ERROR, "master", "cannot fork: %s", strerror(errno));
}

static void start_due(struct master *m)
{
	for (int64_t i = 0; i <= m->n_workers; i++)
		if (!m->children[i].pid && m->children[i].start_at_us <= now_us())
			start(m, i);
}

static void note_end(struct master *m, int64_t number, int status)
{
	struct child *c = &m->children[number];
	bool lived_well = now_us() - c->started_us > lived_well_ms * 1000;
	int64_t longer = c->pause_ms ? 2 * c->pause_ms : pause_first_ms;

	if (WIFSIGNALED(status) || WEXITSTATUS(status))
		log_text(LOG_ERROR, "master", "%s %d ended: %s %d",
		         number < m->n_workers ? "worker" : "janitor", c->pid,
		         WIFSIGNALED(status) ? "signal" : "status",
		         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	c->pid = 0;
	c->pause_ms = lived_well ? 0 : longer < pause_max_ms ? longer : pause_max_ms;
	c->start_at_us = now_us() + c->pause_ms * 1000;
	if (number < m->n_workers)
		bulkhead_clear(m->bulkhead, number);
}

static void reap(struct master *m)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (int64_t i = 0; i <= m->n_workers; i++)
			if (m->children[i].pid == pid)
				note_end(m, i, status);
}

/* Of the first n children. */
static bool is_anyone_left(const struct master *m, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (m->children[i].pid)
			return true;
	return false;
}

static void kill_all(const struct master *m)
{
	for (int64_t i = 0; i <= m->n_workers; i++)
		if (m->children[i].pid)
			kill(m->children[i].pid, SIGKILL);
}

/* ---- the master itself */

/* Until a signal comes or ms have passed; true when it was one that tells us to end. */
static bool is_told_to_end(const struct master *m, int64_t ms)
{
	const struct timespec wait = { ms / 1000, ms % 1000 * 1000000 };
	int signal = sigtimedwait(&m->signals, NULL, &wait);

	return signal > 0 && signal != SIGCHLD;
}

static int64_t until_next_start_ms(const struct master *m)
{
	int64_t next = now_us() + tick_ms * 1000;

	for (int64_t i = 0; i <= m->n_workers; i++)
		if (!m->children[i].pid && m->children[i].start_at_us < next)
			next = m->children[i].start_at_us;
	return next > now_us() ? (next - now_us()) / 1000 + 1 : 0;
}

static void tell(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof one) != sizeof one)
		log_text(LOG_ERROR, "master", "cannot tell the others: %s", strerror(errno));
}

/* Waits for it, the janitor behind the workers; false at the deadline, or when told again. */
static bool have_all_ended(struct master *m, struct deadline deadline)
{
	int64_t all = m->n_workers + 1;
	bool again = false;

	for (reap(m); is_anyone_left(m, all) && !again && !deadline_passed(deadline); reap(m)) {
		int64_t left = deadline_left_ms(deadline);

		if (!is_anyone_left(m, m->n_workers))
			tell(m->end_fd);
		again = is_told_to_end(m, left < tick_ms ? left : tick_ms);
	}
	return !is_anyone_left(m, all);
}

/*
 * Who still runs shortly before DRAIN_SECONDS have passed, or when told to end again, cancels and
 * answers; who cannot even do that is killed.
 */
static int drain(struct master *m)
{
	int64_t all_ms = m->config->drain_seconds * 1000;
	int64_t cancel_ms = all_ms / 2 < cancel_max_ms ? all_ms / 2 : cancel_max_ms;

	log_text(LOG_INFO, "master", "draining");
	listen_close(m->listener);
	tell(m->stop_fd);
	if (have_all_ended(m, deadline_in_ms(all_ms - cancel_ms)))
		return EXIT_SUCCESS;
	log_text(LOG_WARNING, "master", "draining: cancelling what still runs");
	tell(m->cancel_fd);
	if (have_all_ended(m, deadline_in_ms(cancel_ms)))
		return EXIT_SUCCESS;
	log_text(LOG_WARNING, "master", "draining: killing who still runs");
	kill_all(m);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return EXIT_FAILURE;
}

static void block_signals(struct master *m)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGCHLD };

	sigemptyset(&m->signals);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&m->signals, numbers[i]);
	sigprocmask(SIG_BLOCK, &m->signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int master_run(const struct config *c, struct listener *listener)
{
	struct master m = { .config = c, .listener = listener, .n_workers = config_workers(c) };
	struct arena arena = { 0 };
	int status;

	m.children = arena_alloc(&arena, sizeof *m.children * (size_t)(m.n_workers + 1));
	m.bulkhead = bulkhead_map(c, m.n_workers);
	m.metrics = metrics_map(route_patterns());
	m.health = health_map();
	m.page = backend_map();
	m.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m.end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m.stop_fd < 0 || m.cancel_fd < 0 || m.end_fd < 0) {
		log_text(LOG_ERROR, "master", "cannot make an eventfd: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	block_signals(&m);
	log_text(LOG_INFO, "master", "version %s with %lld workers", PACKAGE_VERSION,
	         (long long)m.n_workers);
	do {
		reap(&m);
		start_due(&m);
	} while (!is_told_to_end(&m, until_next_start_ms(&m)));
	status = drain(&m);
	log_text(LOG_INFO, "master", "stopped");
	arena_finish(&arena);
	return status;
}
