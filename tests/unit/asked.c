/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/asked.h"

#include "fcgi-app/policy/session.h"
#include "lib/request.h"

#include <stdio.h>

char asked[ASKED_MAX];
struct execution asked_run;

bool execute_run(struct backend *b, struct arena *arena, const struct claim *claim,
                 const struct execution *what, struct result *out, struct error *err)
{
	int used = snprintf(asked, ASKED_MAX, "%s %s %zu %lld", claim->session_id,
	                    what->language == RUN_BASH ? "bash" : "python", what->code.len,
	                    (long long)what->timeout_s);

	(void)b;
	(void)arena;
	(void)out;
	asked_run = *what;
	for (size_t i = 0; i < what->n_files && i < 3; i++)
		used += snprintf(asked + used, ASKED_MAX - (size_t)used, " %.*s=%.*s",
		                 (int)what->files[i].name.len, what->files[i].name.at,
		                 (int)what->files[i].base64.len, what->files[i].base64.at);
	for (size_t i = 0; i < what->n_packages && i < 3; i++)
		used += snprintf(asked + used, ASKED_MAX - (size_t)used, " %.*s", (int)what->packages[i].len,
		                 what->packages[i].at);
	return fail(err, ERR_NOT_FOUND, "asked");
}

void result_finish(struct result *r)
{
	(void)r;
}

bool session_create(struct backend *b, struct arena *arena, const struct principal *who,
                    struct session_options want, struct session *out, struct error *err)
{
	(void)b;
	(void)arena;
	(void)who;
	(void)out;
	(void)snprintf(asked, ASKED_MAX, "network=%d%s", want.network,
	               want.inject_env ? " env" : "");
	return fail(err, ERR_NOT_FOUND, "asked");
}

bool session_inspect(struct backend *b, struct arena *arena, const struct principal *who,
                     const char *id, struct session *out, struct error *err)
{
	(void)b;
	(void)arena;
	(void)who;
	(void)id;
	(void)out;
	return fail(err, ERR_NOT_FOUND, "asked");
}

bool session_delete(struct backend *b, struct arena *arena, const struct principal *who,
                    const char *id, struct error *err)
{
	(void)b;
	(void)arena;
	(void)who;
	(void)id;
	return fail(err, ERR_NOT_FOUND, "asked");
}

int request_fd(const struct request *r)
{
	(void)r;
	return -1;
}
