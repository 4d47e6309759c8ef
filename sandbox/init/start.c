/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/init/start.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sandbox/init/standby.h"

enum { OOM_SCORE = 1000 };

/* Keeps errno: it is the reason of a failure before. */
static void close_both(int a, int b)
{
	int error = errno;

	close(a);
	close(b);
	errno = error;
}

/* The reading ends go to s, the child's to ends. */
static bool open_pipes(struct start *s, int ends[2])
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) != 0)
		return false;
	if (pipe2(err, O_CLOEXEC) != 0) {
		close_both(out[0], out[1]);
		return false;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	*s = (struct start){ .out = out[0], .err = err[0] };
	ends[0] = out[1];
	ends[1] = err[1];
	return true;
}

/* Closes what the child has, and what nobody needs if there is none. */
static bool close_pipes(struct start *s, const int ends[2], bool ok)
{
	close_both(ends[0], ends[1]);
	if (!ok)
		close_both(s->out, s->err);
	return ok;
}

bool start_program(const struct parts *with, const char *const *argv, const int *in,
                   unsigned n_in, struct start *s)
{
	int ends[2];

	if (!with->warm->safe)
		warm_stop(with->warm);     /* the program could still look into it */
	if (!open_pipes(s, ends))
		return false;

	const int fds[] = { in[0], ends[0], ends[1], in[n_in - 1] };

	s->pid = launch(&(struct launch){
		.argv = argv,
		.env = with->env,
		.cwd = HOME_PATH,
		.fds = fds,
		.n_fds = 2 + n_in,
		.oom_score_adj = OOM_SCORE,
		.interpreter = with->warm->pid,
	});
	return close_pipes(s, ends, s->pid > 0);
}

static bool start_bash(const struct parts *with, const struct run *run, int code,
                       struct start *s)
{
	char path[WORKDIR_PATH];
	/* On a full disk a script is the way to empty it again. */
	bool on_disk = workdir_put_script(&with->dirs, run->id.at, code, path);
	const char *argv[WIRE_ARGV_MAX + 3] = { "/bin/bash", on_disk ? path : "/dev/fd/3" };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < run->argc; i++)
		argv[2 + i] = run->argv[i].at;

	bool ok = null >= 0 &&
	          start_program(with, argv, (int[]){ null, code }, on_disk ? 1 : 2, s);

	close_both(null, -1);
	return ok;
}

static bool start_python(const struct parts *with, const struct run *run, const int files[2],
                         struct start *s)
{
	struct warm *w = with->warm;
	int ends[2];

	if (!open_pipes(s, ends))
		return false;

	const int fds[WARM_FDS] = { ends[0], ends[1], files[0], files[1] };
	bool ok = warm_send(w, run, with->env->cpus, fds);

	s->pid = w->spare;
	w->spare = 0;
	return close_pipes(s, ends, ok);
}

bool start_run(const struct parts *with, const struct run *run, const int files[2],
               struct start *s)
{
	switch (run->language) {
	case RUN_BASH:
		return start_bash(with, run, files[0], s);
	case RUN_PYTHON:
		return start_python(with, run, files, s);
	case RUN_RENDER:
		return standby_take(with, files[0], s);
	}
	return false;
}
