/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in, policy called, JSON out: one file per resource.  Every handler by name. */
#ifndef API_API_H
#define API_API_H

#include "fcgi-app/policy/auth.h"
#include "fcgi-app/policy/backend.h"
#include "fcgi-app/policy/bulkhead.h"
#include "lib/request.h"
#include "lib/response.h"

struct app {
	const struct config *config;
	struct auth auth;
	struct backend backend;
	struct bulkhead *bulkhead;
	int64_t worker;                    /* this process' number, from 0 */
	int cancel_fd;                     /* readable: runs are not waited for any longer; -1 = never */
	struct {
		struct backend_health health;
		int64_t until_us;          /* asked again after that */
	} health_cache;
};

/* Fills res, or err.  A 422 writes its list into res->body and fails with ERR_UNPROCESSABLE. */
typedef bool handler(struct app *app, struct request *req, struct response *res,
                     struct error *err);

handler api_index;
handler api_version;
handler api_alive;
handler api_health;
handler api_key_check;
handler api_session_create;
handler api_session_inspect;
handler api_session_delete;
handler api_execute;

#endif
