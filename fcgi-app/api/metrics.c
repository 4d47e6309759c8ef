/* SPDX-License-Identifier: Apache-2.0 */
/* What all gateways together have counted: as Prometheus reads it, and as JSON (contract 7.4, 7.5). */
#include "fcgi-app/api/metrics.h"

#include "fcgi-app/api/api.h"

#include <stdio.h>

#define NOTE "counters of all gateways that share the Redis; use /metrics (Prometheus) for durations " \
	"and requests"

bool api_metrics(struct app *app, struct request *req, struct response *res, struct error *err)
{
	struct metrics_view view;

	if (!scrape_read(&app->backend, &req->arena, &view, err))
		return false;
	res->content_type = "text/plain; version=0.0.4; charset=utf-8";
	scrape_put_text(&view, &res->body);
	return true;
}

static void put(struct json_out *o, const char *key, const struct metrics_view *v, int64_t n)
{
	json_key(o, key);
	if (v != NULL)
		json_put_int(o, n);
	else
		json_put_null(o);
}

static int64_t count(const struct metrics_view *v, enum metric metric, const char *outcome)
{
	char series[128];

	(void)snprintf(series, sizeof series, "%s{outcome=\"%s\"}", metric_families[metric].name,
	               outcome);
	return v != NULL ? scrape_value(v, series) : 0;
}

/* what: "executions" or "renders".  Those that were refused are in the total only. */
static void put_runs(struct json_out *o, const struct metrics_view *v, enum metric metric,
                     const char *what)
{
	static const char *const outcomes[] = { "successful", "failed", "timed_out" };
	int64_t total = count(v, metric, "rejected");
	char key[64];

	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		total += count(v, metric, outcomes[i]);
	(void)snprintf(key, sizeof key, "total_%s", what);
	put(o, key, v, total);
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		(void)snprintf(key, sizeof key, "%s_%s", outcomes[i], what);
		put(o, key, v, count(v, metric, outcomes[i]));
	}
}

void metrics_put_members(struct json_out *o, const struct metrics_view *v)
{
	put_runs(o, v, METRIC_EXECUTIONS, "executions");
	put(o, "active_executions", v, v != NULL ? v->gauges[METRIC_EXECUTIONS_ACTIVE] : 0);
	put_runs(o, v, METRIC_RENDERS, "renders");
	put(o, "active_renders", v, v != NULL ? v->gauges[METRIC_RENDERS_ACTIVE] : 0);
}

bool api_metrics_json(struct app *app, struct request *req, struct response *res, struct error *err)
{
	struct json_out o = { .to = &res->body };
	struct metrics_view view;

	if (!scrape_read(&app->backend, &req->arena, &view, err))
		return false;
	json_begin(&o, '{');
	json_key_str(&o, "_note", NOTE);
	metrics_put_members(&o, &view);
	json_end(&o, '}');
	return true;
}
