/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox-init: PID 1 of every sandbox container.
 *
 * Theory of operation
 *
 * The gateway attaches to our standard input and output and speaks frames (lib/wire).  Per run it
 * sends the source, the input files and RUN; it gets the program's output while it is written,
 * then the files the program made, then EXIT.  Between runs we wait.  One loop does all of it:
 *
 *	poll -> run_step       children that died, output that came, the run's own deadline
 *	     -> session_receive   frames: they start, cancel and abort runs (session.c)
 *	     -> session_tick   lease, idle time, lifetime
 *	     -> link_send      what is queued, as far as somebody reads it
 *
 * User code has our uid and lives in our process namespace.  What keeps it from us: we are not
 * dumpable (no ptrace, no /proc/1/mem), and a seccomp filter denies it every call that could
 * signal, stop, limit or trace us (filter.c).  It gets none of our descriptors.  The warm
 * interpreter (warm.c) is protected in the same way; it forks one child per run and tells us how
 * the child ended.  What that child claims itself is a hint and decides nothing (note.h).
 *
 * With --standby a renderer is started at once and waits for the first run (standby.h).
 *
 * When a run's process has ended, the number of tasks in our control group says whether it left
 * others behind.  If so, and always where that number cannot be read, everybody but us is killed
 * and waited for until the kernel says that no child is left.  So the next run starts in an empty
 * sandbox; of the last one remain files in HOME and in /tmp.
 *
 * There is no heap: every buffer is static and bounded, and what is large is touched only when it
 * is used.  Whatever cannot be put right ends the process, which ends the sandbox: the kernel
 * kills the whole namespace with us.  exit.h names the reasons.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/init/clock.h"
#include "sandbox/init/exit.h"
#include "sandbox/init/session.h"
#include "sandbox/init/standby.h"

extern char **environ;

enum {
	DEFAULT_WARM_MS = 60000,           /* until the first SYNC says otherwise */
	MAX_SECONDS = 1000000,
	FIRST_FD = 3,
};

struct options {
	uint32_t lifetime_s, idle_s;
	bool standby;
};

static _Noreturn void refuse(const char *why)
{
	dprintf(2, "sandbox-init: %s\n", why);
	_exit(EXIT_PREFLIGHT);
}

static bool parse_seconds(const char *text, uint32_t *seconds)
{
	uint32_t n = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || n > MAX_SECONDS)
			return false;
		n = n * 10 + (uint32_t)(*p - '0');
	}
	*seconds = n;
	return n > 0 && n <= MAX_SECONDS;
}

static bool parse_options(char **argv, struct options *o)
{
	for (argv++; argv[0]; argv++) {
		if (strcmp(argv[0], "--standby") == 0) {
			o->standby = true;
			continue;
		}

		uint32_t *to = strcmp(argv[0], "--lifetime") == 0 ? &o->lifetime_s
		             : strcmp(argv[0], "--idle") == 0     ? &o->idle_s
		                                                  : NULL;

		if (!to || !*++argv || !parse_seconds(*argv, to))
			return false;
	}
	return o->lifetime_s > 0;
}

static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) != 0)
		return true;
	return caps[0].effective | caps[0].permitted | caps[0].inheritable |
	       caps[1].effective | caps[1].permitted | caps[1].inheritable;
}

/* kill(-1) outside of a namespace of our own would end the machine. */
static void check_surroundings(void)
{
	if (getpid() != 1)
		refuse("must be process 1 of a sandbox");
	if (getuid() == 0 || geteuid() == 0 || getuid() != geteuid())
		refuse("must not run as root");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		refuse("needs no_new_privs");
	if (has_capabilities())
		refuse("must not have capabilities");
}

/* PID 1 gets no signal it has no handler for; where that is not so (gVisor), they are ignored. */
static int take_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	for (int s = 1; s < NSIG; s++)
		if (s != SIGCHLD)
			sigaction(s, &ignore, NULL);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The stream moves to descriptors that no child can have; /dev/null takes its place. */
static bool take_stdio(int *in, int *out)
{
	*in = fcntl(0, F_DUPFD_CLOEXEC, FIRST_FD);
	*out = fcntl(1, F_DUPFD_CLOEXEC, FIRST_FD);

	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (*in < 0 || *out < 0 || null < 0)
		return false;
	for (int fd = 0; fd < FIRST_FD; fd++)
		if (dup2(null, fd) < 0)
			return false;
	close(null);
	return fcntl(*in, F_SETFL, O_NONBLOCK) == 0 &&
	       fcntl(*out, F_SETFL, fcntl(*out, F_GETFL) | O_NONBLOCK) == 0;
}

static int open_directory(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);

	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

/* Nobody but us is alive yet, so a count that says otherwise is not ours. */
static void find_counters(struct counters *c)
{
	char self[4096];
	uint64_t tasks;
	int root = open_directory("/sys/fs/cgroup");

	read_text("/proc/self/cgroup", self, sizeof self);
	counters_open(c, root, self);
	if (root >= 0)
		close(root);
	if (c->tasks >= 0 && (!counters_tasks(c, &tasks) || tasks != 1)) {
		close(c->tasks);
		c->tasks = -1;
	}
}

/* A page that has been touched needs no memory when there is none left. */
static void touch(volatile uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 4096)
		bytes[i] = 0;
}

static void touch_pages(struct link *l)
{
	uint8_t stack[32768];

	touch(stack, sizeof stack);
	touch(l->tx, FRAME_MAX_IN);
}

static void init_parts(const struct parts *p)
{
	warm_init(p->warm);
	preload_init(p->preload);
	standby_init(p->standby);
}

static void wait_for_events(const struct session *s, int signals, int64_t now_us)
{
	const struct link *l = s->link;
	const struct runner *r = s->runner;
	int64_t due_us = clock_earlier(session_due(s), run_due(r));
	bool blocked = link_is_blocked(l, now_us);

	if (!blocked)
		due_us = clock_earlier(due_us, link_due(l));

	struct pollfd fds[] = {
		{ .fd = l->in, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = r->with.warm->control, .events = POLLIN },
		{ .fd = r->with.preload->next.control, .events = POLLIN },
		{ .fd = pump_wants(&r->pump.out, l) ? r->pump.out.fd : -1, .events = POLLIN },
		{ .fd = pump_wants(&r->pump.err, l) ? r->pump.err.fd : -1, .events = POLLIN },
		{ .fd = blocked ? l->out : -1, .events = POLLOUT },
	};
	int64_t left_us = due_us > now_us ? due_us - now_us : 0;
	struct timespec left = {
		.tv_sec = (time_t)(left_us / 1000000),
		.tv_nsec = (long)(left_us % 1000000) * 1000,
	};
	struct signalfd_siginfo info;

	ppoll(fds, sizeof fds / sizeof fds[0], due_us == CLOCK_NEVER ? NULL : &left, NULL);
	while (read(signals, &info, sizeof info) == sizeof info)
		;
}

static _Noreturn void serve(struct session *s, int signals)
{
	for (;;) {
		int64_t now_us = clock_us();

		run_step(s->runner, now_us);
		session_receive(s, now_us);
		session_tick(s, now_us);
		run_step(s->runner, now_us);
		if (!link_send(s->link, clock_us()))
			_exit(EXIT_PROTOCOL);
		wait_for_events(s, signals, clock_us());
	}
}

/* No process of our user may look into this one, nor into what a crash would leave. */
static void hide(void)
{
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	umask(022);
}

int main(int argc, char **argv)
{
	static struct link link;
	static struct warm warm;
	static struct preload preload;
	static struct standby standby;
	static struct counters counters;
	static struct environment env;
	static struct inbox inbox;
	static struct runner runner;
	struct options options = { 0 };
	int in = -1, out = -1;

	hide();
	if (argc < 1 || !parse_options(argv, &options))
		refuse("usage: sandbox-init --lifetime SECONDS [--idle SECONDS] [--standby]");
	check_surroundings();
	syscall(SYS_close_range, FIRST_FD, ~0u, 0);

	int home = open_directory(HOME_PATH), tmp = open_directory(TMP_PATH);

	if (home < 0 || tmp < 0)
		refuse("needs " HOME_PATH " and " TMP_PATH);

	const struct parts parts = {
		.link = &link,
		.warm = &warm,
		.preload = &preload,
		.standby = &standby,
		.counters = &counters,
		.env = &env,
		.dirs = { tmp, open_directory("/dev/shm"), open_directory("/dev/mqueue") },
	};
	int64_t now_us = clock_us();
	struct session session = {
		.link = &link,
		.runner = &runner,
		.inbox = &inbox,
		.env = &env,
		.idle_ms = options.idle_s * 1000,
		.warm_ms = DEFAULT_WARM_MS,
		.lease_us = CLOCK_NEVER,
		.lifetime_us = CLOCK_NEVER,
		.hard_us = now_us + (int64_t)options.lifetime_s * 1000000,
		.active_us = now_us,
	};

	find_counters(&counters);
	environment_init(&env, environ, 1);
	init_parts(&parts);
	inbox_init(&inbox, home);

	int signals = take_signals();

	if (!run_init(&runner, &parts, options.standby))
		refuse("cannot write to " TMP_PATH);
	if (signals < 0 || !take_stdio(&in, &out))
		refuse("cannot take over standard input and output");
	link_init(&link, in, out);
	touch_pages(&link);
	serve(&session, signals);
}
