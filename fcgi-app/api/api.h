/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in, policy called, JSON out: one file per resource.  Every handler by name. */
#ifndef API_API_H
#define API_API_H

#include "fcgi-app/policy/auth.h"
#include "fcgi-app/policy/backend.h"
#include "fcgi-app/policy/bulkhead.h"
#include "fcgi-app/policy/health.h"
#include "lib/request.h"
#include "lib/response.h"

struct app {
	const struct config *config;
	struct auth auth;
	struct backend backend;
	struct bulkhead *bulkhead;
	int64_t worker;                    /* this process' number, from 0 */
	int cancel_fd;                     /* readable: runs are not waited for any longer; -1 = never */
	struct health *health;
};

/* Fills res, or err.  A 422 writes its list into res->body and fails with ERR_UNPROCESSABLE. */
typedef bool handler(struct app *app, struct request *req, struct response *res,
                     struct error *err);

handler api_index;
handler api_version;
handler api_alive;
handler api_health;
handler api_health_details;
handler api_metrics;
handler api_metrics_json;
handler api_key_check;
handler api_session_create;
handler api_session_inspect;
handler api_session_delete;
handler api_execute;
handler api_render;
handler api_latex;
handler api_docs;
handler api_openapi;

#endif
