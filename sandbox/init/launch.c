/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/init/filter.h"

enum {
	EXIT_CONFINE = 125,                /* the child could not be confined, so it did not start */
	EXIT_EXEC = 127,
	HIGH_FD = 64,                      /* above every target descriptor */
};

static const char *const constant[] = {
	"PATH=/usr/local/bin:/usr/bin:/bin:" HOME_PATH "/.local/bin",
	"HOME=" HOME_PATH,
	"LANG=C.UTF-8",
	"TMPDIR=" TMP_PATH "/misc",
	"XDG_CACHE_HOME=" TMP_PATH "/.cache",
	"MPLBACKEND=Agg",
	"PYTHONDONTWRITEBYTECODE=1",
	"PYTHONIOENCODING=utf-8",
	"PYTHONUNBUFFERED=1",
};

static const char *const from_image[] = {
	"MPLCONFIGDIR=", "PLAYWRIGHT_BROWSERS_PATH=", "NODE_PATH=",
};

/* A second thread under a quota of one processor only waits for the next period. */
static const char *const thread_counts[] = {
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
};

#define LENGTH(a) (sizeof(a) / sizeof *(a))

_Static_assert(LENGTH(constant) + LENGTH(from_image) + LENGTH(thread_counts) <= ENVIRONMENT_MAX,
               "struct environment has too little room");

void environment_set_cpus(struct environment *e, unsigned cpus)
{
	e->cpus = cpus;
	for (size_t i = 0; i < LENGTH(thread_counts); i++)
		snprintf(e->threads[i], sizeof e->threads[i], "%s=%u", thread_counts[i], cpus);
}

void environment_init(struct environment *e, char *const *passed, unsigned cpus)
{
	unsigned n = 0;

	for (size_t i = 0; i < LENGTH(constant); i++)
		e->list[n++] = constant[i];
	for (size_t i = 0; i < LENGTH(from_image); i++)
		for (char *const *p = passed; *p; p++)
			if (strncmp(*p, from_image[i], strlen(from_image[i])) == 0) {
				e->list[n++] = *p;
				break;
			}
	for (size_t i = 0; i < LENGTH(thread_counts); i++)
		e->list[n++] = e->threads[i];
	e->list[n] = NULL;
	environment_set_cpus(e, cpus);
}

/*
 * Ours are all ignored and blocked, and both would survive execve.  The kernel is asked directly:
 * the C library keeps signals 32 and 33 to itself, and whoever started us may have ignored them.
 */
static void reset_signals(void)
{
	static const struct {
		uint64_t handler, flags, restorer, mask;
	} plain;
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		syscall(SYS_rt_sigaction, s, &plain, NULL, sizeof plain.mask);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* All our descriptors are close-on-exec, so only those that dup2 makes here survive. */
static bool place_fds(const struct launch *what)
{
	int high[8];

	for (unsigned i = 0; i < what->n_fds; i++)
		if ((high[i] = fcntl(what->fds[i], F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
			return false;
	for (unsigned i = 0; i < what->n_fds; i++)
		if (dup2(high[i], (int)i) < 0)
			return false;
	return true;
}

static bool limit(__rlimit_resource_t what, rlim_t soft, rlim_t hard)
{
	struct rlimit now, want;

	if (getrlimit(what, &now) != 0)
		return false;
	want.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
	want.rlim_cur = soft < want.rlim_max ? soft : want.rlim_max;
	return setrlimit(what, &want) == 0;
}

/*
 * Memory, processor and the number of processes are the control group's business.  File size
 * bounds what no tmpfs bounds, memfds; a whole thread's stack is reserved from STACK's soft limit.
 */
static bool set_limits(void)
{
	const rlim_t mib = 1 << 20;

	return limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NOFILE, 1024, 1024) &&
	       limit(RLIMIT_FSIZE, 4096 * mib, 4096 * mib) &&
	       limit(RLIMIT_STACK, 8 * mib, 64 * mib);
}

/* We are not dumpable, so /proc/self belongs to root; execve makes the program dumpable anyway. */
static bool set_oom_score(int score)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d", score);

	prctl(PR_SET_DUMPABLE, 1);

	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool confine(const struct launch *what)
{
	struct filter filter;

	filter_build(&filter, what->is_interpreter ? getpid() : what->interpreter);
	umask(022);
	if (chdir(what->cwd) != 0 && chdir("/") != 0)
		return false;
	return setsid() > 0 && place_fds(what) && set_oom_score(what->oom_score_adj) &&
	       set_limits() && filter_install(&filter);
}

pid_t launch(const struct launch *what)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	reset_signals();
	if (!confine(what))
		_exit(EXIT_CONFINE);
	execve(what->argv[0], (char *const *)(uintptr_t)what->argv,
	       (char *const *)(uintptr_t)what->env->list);
	_exit(EXIT_EXEC);
}
