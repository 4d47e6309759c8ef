/* SPDX-License-Identifier: Apache-2.0 */
/* What a run's end means: outcome, error, error_type (contract 5.5, 5.6, 5.9). */
#include "fcgi-app/policy/output.h"
#include "lib/wire/utf8.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

enum { RTMIN = 34, RTMAX = 64 };           /* the kernel's, as Python names them */

static void say(struct result *r, enum outcome outcome, const char *type, const char *text)
{
	r->outcome = outcome;
	r->error_type = type;
	r->error = text;
}

/* As Python's signal module has them. */
static const char *signal_name(struct arena *arena, uint32_t number)
{
	const char *name = number < NSIG ? sigabbrev_np((int)number) : NULL;

	if (number == SIGPOLL)
		return "SIGIO";
	if (number == RTMIN)
		return "SIGRTMIN";
	if (number == RTMAX)
		return "SIGRTMAX";
	return name != NULL ? arena_printf(arena, "SIG%s", name)
			    : arena_printf(arena, "signal %" PRIu32, number);
}

/* A class name that user code's own process told: any text, so only a plausible one is passed on. */
static bool is_plausible(struct slice type)
{
	for (size_t i = 0; i < type.len; i++)
		if ((uint8_t)type.at[i] <= ' ' || type.at[i] == 127)
			return false;
	return type.len > 0 && utf8_is_valid(type.at, type.len);
}

static void python_exited(struct collector *k)
{
	struct result *r = k->result;
	const struct run_exit *e = &r->exit;
	const char *text = collector_error_text(k);
	bool raised = e->raised == RAISED_EXCEPTION && is_plausible(e->type);
	const char *type = raised ? e->type.at : *text == '\0' ? "SystemExit" : "PythonExitError";

	if (*text == '\0')
		text = arena_printf(k->arena, "Python process exited with code %" PRIu32,
		                    e->status);
	say(r, raised ? OUTCOME_ERROR : OUTCOME_EXIT, type, text);
}

static void exited(struct collector *k, enum run_language language)
{
	uint32_t status = k->result->exit.status;

	if (status == 0)
		say(k->result, OUTCOME_OK, NULL, NULL);
	else if (language == RUN_PYTHON)
		python_exited(k);
	else
		say(k->result, OUTCOME_EXIT, "BashExitError",
		    arena_printf(k->arena, "Bash script exited with code %" PRIu32, status));
}

static void signaled(struct collector *k, enum run_language language)
{
	const struct run_exit *e = &k->result->exit;
	enum outcome outcome = e->oom && e->status == SIGKILL ? OUTCOME_OOM : OUTCOME_SIGNAL;

	k->result->signal = signal_name(k->arena, e->status);
	if (language == RUN_PYTHON)
		say(k->result, outcome, "ProcessSignalError",
		    arena_printf(k->arena, "Python process terminated by %s", k->result->signal));
	else
		say(k->result, outcome, "BashExitError",
		    arena_printf(k->arena, "Bash script exited with code -%" PRIu32, e->status));
}

void result_timed_out(struct collector *k, int64_t timeout_s, bool removed)
{
	say(k->result, OUTCOME_TIMEOUT, "TimeoutError",
	    arena_printf(k->arena, "Execution timed out after %" PRId64 " seconds.%s", timeout_s,
	                 removed ? " Container removed." : ""));
	k->result->timed_out = true;
	k->result->execution_time_s = (double)timeout_s;
}

void result_lost(struct result *r, enum outcome outcome)
{
	say(r, outcome, "GatewayError",
	    outcome == OUTCOME_CANCELLED ? "The session was removed during the execution."
	            : outcome == OUTCOME_SESSION_LOST
	            ? "The sandbox ended during the execution; the session is gone."
	            : "Execution failed due to an infrastructure error");
}

void result_conclude(struct collector *k, const struct execution *what, int64_t timeout_s,
                     bool removed)
{
	struct result *r = k->result;
	const struct run_exit *e = &r->exit;

	r->execution_time_s = (double)e->wall_us / 1e6;
	switch (e->outcome) {
	case RUN_EXITED:
		exited(k, what->language);
		break;
	case RUN_SIGNALED:
		signaled(k, what->language);
		break;
	case RUN_TIMED_OUT:
		result_timed_out(k, timeout_s, removed);
		break;
	case RUN_OUTPUT_LIMIT:
		say(r, OUTCOME_OUTPUT_LIMIT, "OutputLimitError",
		    arena_printf(k->arena,
		                 "Execution wrote more than %" PRId64 " bytes and was stopped",
		                 k->config->sandbox_max_output_bytes));
		break;
	case RUN_CANCELLED:
		say(r, OUTCOME_CANCELLED, "CancelledError", "Execution was cancelled");
		break;
	case RUN_NO_FILES:
		say(r, OUTCOME_ERROR, "FileUploadError",
		    arena_printf(k->arena, "Failed to copy input files to container: %.*s",
		                 (int)e->reason.len, e->reason.at));
		break;
	case RUN_NO_START:
		result_lost(r, e->oom ? OUTCOME_OOM : OUTCOME_INFRA);
		break;
	}
}

void result_finish(struct result *r)
{
	buf_finish(&r->stdout_text);
	buf_finish(&r->stderr_text);
	buf_finish(&r->content);
}
