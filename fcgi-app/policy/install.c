/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/install.h"

#include "lib/text.h"

#include <inttypes.h>
#include <string.h>

enum { TELL_MAX = 256 };

/* host[:port] of a plain-text index, which pip would refuse unless told to trust it; "" of others. */
static struct slice trusted_host(const char *url)
{
	static const char plain[] = "http://";
	struct slice host = { "", 0 };

	if (strncmp(url, plain, sizeof plain - 1) != 0)
		return host;
	host.at = url + sizeof plain - 1;
	host.len = strcspn(host.at, "/?#");

	const char *user = memrchr(host.at, '@', host.len);

	return user == NULL ? host
	     : (struct slice){ user + 1, host.len - (size_t)(user + 1 - host.at) };
}

/* -P: a file in HOME that is called like a module of pip's is none. */
static const char *script(struct arena *arena, const char *index)
{
	struct slice host = trusted_host(index);
	const char *from = *index == '\0' ? "" : arena_printf(arena,
		"export PIP_INDEX_URL='%s' PIP_TRUSTED_HOST='%.*s'\n", index, (int)host.len, host.at);

	return arena_printf(arena,
		"export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1\n%s"
		"exec python3 -P -m pip install --user --no-cache-dir --quiet -- \"$@\"\n", from);
}

static struct turn turn_before(const struct exchange *x, const struct execution *what,
                               const struct turn *next)
{
	struct turn turn = *next;

	turn.run.language = RUN_BASH;
	turn.run.limits.max_files = 0;
	turn.code = text_slice(script(x->arena, x->b->config->pip_index_url));
	for (; turn.run.argc < what->n_packages && turn.run.argc < WIRE_ARGV_MAX; turn.run.argc++)
		turn.run.argv[turn.run.argc] = what->packages[turn.run.argc];
	return turn;
}

static const char *said(struct collector *k)
{
	const char *text = collector_error_text(k);

	return *text != '\0' ? text : collector_end_of(k, buf_slice(&k->result->stdout_text));
}

/* What is told of it; NULL when all is installed. */
static const char *failure(struct collector *k, int64_t timeout_s)
{
	const struct run_exit *e = &k->result->exit;

	switch (e->outcome) {
	case RUN_EXITED:
	case RUN_SIGNALED:
		if (e->outcome == RUN_EXITED && e->status == 0)
			return NULL;
		return arena_printf(k->arena, "Pip install failed with code %s%" PRIu32 ":\n%s",
		                    e->outcome == RUN_SIGNALED ? "-" : "", e->status, said(k));
	case RUN_TIMED_OUT:
		return arena_printf(k->arena, "Pip install timed out after %" PRId64 " seconds",
		                    timeout_s);
	case RUN_OUTPUT_LIMIT:
		return "Pip install exception: it wrote too much";
	case RUN_NO_START:
		return arena_printf(k->arena, "Pip install exception: %.*s", (int)e->reason.len,
		                    e->reason.at);
	case RUN_NO_FILES:
	case RUN_CANCELLED:
		break;
	}
	return NULL;
}

bool install_run(struct exchange *x, const struct execution *what, struct turn *next,
                 struct result *out, bool *over, struct error *err)
{
	struct turn turn = turn_before(x, what, next);
	struct result own = { 0 };
	struct collector in;

	collector_init(&in, x->b->config, x->arena, &own);

	bool finished = exchange_turn(x, &turn, &in, err);

	collector_finish(&in);
	next->sent = turn.sent;
	next->n_files = 0;
	if (finished && x->cancelled)      /* even if that came too late for pip */
		own.exit.outcome = RUN_CANCELLED;
	*over = own.exit.outcome == RUN_NO_FILES || own.exit.outcome == RUN_CANCELLED;
	if (*over)
		out->exit = own.exit;
	out->installed = finished && own.exit.outcome != RUN_NO_FILES;
	out->install_time_s = (double)own.exit.wall_us / 1e6;
	if (finished)
		out->install_failure = failure(&in, next->run.limits.timeout_ms / 1000);
	collector_end(&in);
	result_finish(&own);
	return finished;
}

void install_tell(struct result *out)
{
	const char *text = out->install_failure;

	if (text == NULL)
		return;

	struct buf told = BUF_INIT(strlen(text) + TELL_MAX + out->stderr_text.len);

	buf_printf(&told, "--- PIP INSTALL ERROR ---\n%s\n------------------------\n", text);
	buf_append(&told, out->stderr_text.data, out->stderr_text.len);
	buf_finish(&out->stderr_text);
	out->stderr_text = told;
	if (out->error != NULL)
		return;
	out->outcome = OUTCOME_ERROR;
	out->error = "Pip installation failed";
	out->error_type = "InstallationError";
}
