/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/scrape.h"

#include "tests/unit/stage.h"
#include "tests/unit/tap.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const paths[] = { "/livez", "/containers/{container_id}", NULL };

static struct stage s;
static struct metrics_view view;

#define REQUESTS(method, path, status) \
	"gateway_http_requests_total{method=\"" method "\",path=\"" path "\",status_code=\"" status "\"}"
#define EXECUTIONS(outcome) "gateway_executions_total{outcome=\"" outcome "\"}"

static struct metrics *fresh(void)
{
	stage_reset(&s);
	s.backend.metrics = metrics_map(paths);
	return s.backend.metrics;
}

static int64_t value(const char *series)
{
	CU_ASSERT_FATAL(scrape_read(&s.backend, &s.arena, &view, &s.err));
	return scrape_value(&view, series);
}

static const char *text(void)
{
	struct buf out = BUF_INIT(1 << 20);

	CU_ASSERT_FATAL(scrape_read(&s.backend, &s.arena, &view, &s.err));
	scrape_put_text(&view, &out);

	const char *copy = arena_copy(&s.arena, buf_slice(&out)).at;

	buf_finish(&out);
	return copy;
}

static bool has(const char *all, const char *lines)
{
	bool found = strstr(all, lines) != NULL;

	if (!found)
		printf("# no\n# %s in\n%s\n", lines, all);
	return found;
}

static void every_outcome_begins_with_zero(void)
{
	static const char *const series[] = {
		EXECUTIONS("successful"), EXECUTIONS("failed"), EXECUTIONS("timed_out"),
		EXECUTIONS("rejected"), "gateway_slide_renders_total{outcome=\"rejected\"}",
		"gateway_session_pool_claims_total{result=\"hit\"}",
		"gateway_session_pool_claims_total{result=\"miss\"}",
		"gateway_execution_duration_seconds_count", "gateway_execution_duration_seconds_sum",
		"gateway_slide_render_duration_seconds_bucket{le=\"+Inf\"}",
		"gateway_active_executions", "gateway_queued_executions", "gateway_active_sessions",
		"gateway_session_pool_size",
	};

	fresh();
	for (size_t i = 0; i < sizeof series / sizeof *series; i++)
		CU_ASSERT(has(text(), arena_printf(&s.arena, "\n%s 0", series[i])));
	CU_ASSERT(strstr(text(), "gateway_http_requests_total{") == NULL);
	CU_ASSERT(strstr(text(), "_created") == NULL);
}

static void requests_are_told_apart(void)
{
	struct metrics *m = fresh();

	metrics_http(m, "GET", paths[0], 200, 1000);
	metrics_http(m, "GET", paths[0], 200, 1000);
	metrics_http(m, "HEAD", paths[0], 200, 1000);
	metrics_http(m, "DELETE", paths[1], 404, 1000);
	metrics_http(m, "GET", NULL, 404, 1000);
	CU_ASSERT_EQUAL(value(REQUESTS("GET", "/livez", "200")), 2);
	CU_ASSERT_EQUAL(value(REQUESTS("HEAD", "/livez", "200")), 1);
	CU_ASSERT_EQUAL(value(REQUESTS("DELETE", "/containers/{container_id}", "404")), 1);
	CU_ASSERT_EQUAL(value(REQUESTS("GET", "__unmatched__", "404")), 1);
}

static void what_clients_make_up_makes_no_series(void)
{
	struct metrics *m = fresh();

	metrics_http(m, "BREW\"}", NULL, 404, 1);
	metrics_http(m, "get", "/nowhere", 418, 1);
	CU_ASSERT_EQUAL(value(REQUESTS("other", "__unmatched__", "404")), 1);
	CU_ASSERT_EQUAL(value(REQUESTS("other", "__unmatched__", "other")), 1);
}

static void every_status_has_a_label(void)
{
	struct metrics *m = fresh();
	static const unsigned statuses[] = {
		200, 204, 307, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 504,
	};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		metrics_http(m, "POST", paths[0], statuses[i], 1);
		CU_ASSERT_EQUAL(value(arena_printf(&s.arena, REQUESTS("POST", "/livez", "%u"),
		                                   statuses[i])), 1);
	}
}

static void buckets_add_up(void)
{
	struct metrics *m = fresh();

	metrics_execution(m, METRIC_SUCCESSFUL, 5000);
	metrics_execution(m, METRIC_FAILED, 5001);
	metrics_execution(m, METRIC_TIMED_OUT, 120500000);
	metrics_execution(m, METRIC_SUCCESSFUL, 900000000);
	metrics_execution(m, METRIC_REJECTED, 1);
	CU_ASSERT(has(text(),
	              "# TYPE gateway_execution_duration_seconds histogram\n"
	              "gateway_execution_duration_seconds_bucket{le=\"0.005\"} 1\n"
	              "gateway_execution_duration_seconds_bucket{le=\"0.01\"} 2\n"));
	CU_ASSERT(has(text(),
	              "gateway_execution_duration_seconds_bucket{le=\"120.0\"} 2\n"
	              "gateway_execution_duration_seconds_bucket{le=\"180.0\"} 3\n"
	              "gateway_execution_duration_seconds_bucket{le=\"300.0\"} 3\n"
	              "gateway_execution_duration_seconds_bucket{le=\"+Inf\"} 4\n"
	              "gateway_execution_duration_seconds_sum 1020.510001\n"
	              "gateway_execution_duration_seconds_count 4\n"));
	CU_ASSERT_EQUAL(value(EXECUTIONS("rejected")), 1);
}

static void series_do_not_mix(void)
{
	struct metrics *m = fresh();

	metrics_http(m, "GET", paths[0], 200, 8000);
	metrics_http(m, "GET", paths[1], 200, 400000000);
	CU_ASSERT(has(text(),
	              "_bucket{method=\"GET\",path=\"/livez\",le=\"0.005\"} 0\n"));
	CU_ASSERT(has(text(), "_count{method=\"GET\",path=\"/livez\"} 1\n"));
	CU_ASSERT(has(text(),
	              "_bucket{method=\"GET\",path=\"/containers/{container_id}\",le=\"300.0\"} 0\n"));
	CU_ASSERT(has(text(),
	              "_sum{method=\"GET\",path=\"/containers/{container_id}\"} 400.000000\n"));
}

static void renders_that_fail_have_no_time(void)
{
	struct metrics *m = fresh();

	metrics_render(m, METRIC_SUCCESSFUL, 2000000);
	metrics_render(m, METRIC_FAILED, 2000000);
	CU_ASSERT(has(text(), "gateway_slide_render_duration_seconds_count 1\n"));
	CU_ASSERT_EQUAL(value("gateway_slide_renders_total{outcome=\"failed\"}"), 1);
}

static void claims_of_the_pool_are_counted(void)
{
	struct metrics *m = fresh();

	metrics_pool_claim(m, METRIC_POOL_CLAIMS, true);
	metrics_pool_claim(m, METRIC_POOL_CLAIMS, false);
	metrics_pool_claim(m, METRIC_POOL_CLAIMS, false);
	CU_ASSERT_EQUAL(value("gateway_session_pool_claims_total{result=\"hit\"}"), 1);
	CU_ASSERT_EQUAL(value("gateway_session_pool_claims_total{result=\"miss\"}"), 2);
}

static void what_dies_leaves_its_counts(void)
{
	struct metrics *m = fresh();
	int status;

	fflush(NULL);
	for (int child = 0; child < 4; child++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < 10000; i++)
			metrics_execution(m, METRIC_FAILED, 1);
		kill(getpid(), SIGKILL);
	}
	for (int child = 0; child < 4; child++)
		CU_ASSERT(wait(&status) > 0 && WIFSIGNALED(status));
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 40000);
}

static void telling_twice_counts_once(void)
{
	struct metrics *m = fresh();

	metrics_execution(m, METRIC_FAILED, 1);
	CU_ASSERT(scrape_flush(&s.backend, &s.err) && scrape_flush(&s.backend, &s.err));
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 1);
	metrics_execution(m, METRIC_FAILED, 1);
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 2);
}

static void gateways_add_up_and_stay_when_they_end(void)
{
	metrics_execution(fresh(), METRIC_FAILED, 1);
	CU_ASSERT(scrape_flush(&s.backend, &s.err));
	s.backend.metrics = metrics_map(paths);
	metrics_execution(s.backend.metrics, METRIC_FAILED, 1);
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 2);
}

static void what_redis_lost_is_told_again(void)
{
	struct metrics *m = fresh();

	metrics_execution(m, METRIC_FAILED, 1);
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 1);
	stage_redis(&s, "FLUSHALL");
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 1);
}

static void gauges_are_what_redis_has(void)
{
	int64_t soon = wall_ms() + 60000;

	fresh();
	stage_redis(&s, arena_printf(&s.arena, "ZADD cg:{default}:slots %" PRId64 " a %" PRId64 " b 1 over",
	                             soon, soon));
	stage_redis(&s, arena_printf(&s.arena, "ZADD cg:{default}:sessions %" PRId64 " a", soon));
	CU_ASSERT(has(text(), "\ngateway_active_executions 2\n"));
	CU_ASSERT(has(text(), "\ngateway_active_sessions 1\n"));
}

static void every_key_expires(void)
{
	struct metrics *m = fresh();

	CU_ASSERT(scrape_flush(&s.backend, &s.err));
	CU_ASSERT(stage_redis(&s, "PTTL cg:{default}:metrics") > 0);
	CU_ASSERT(stage_redis(&s, arena_printf(&s.arena, "PTTL cg:{default}:metrics:%s",
	                                       metrics_id(m))) > 0);
}

static void without_redis_it_says_so(void)
{
	struct metrics *m = fresh();

	metrics_execution(m, METRIC_FAILED, 1);
	server_stop(&s.server);
	CU_ASSERT_FALSE(scrape_read(&s.backend, &s.arena, &view, &s.err));
	CU_ASSERT_EQUAL(s.err.kind, ERR_UNAVAILABLE);
	server_start(&s.server);
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 1);
}

static void without_a_page_nothing_is_counted(void)
{
	fresh();
	s.backend.metrics = NULL;
	metrics_http(NULL, "GET", paths[0], 200, 1);
	metrics_execution(NULL, METRIC_FAILED, 1);
	metrics_render(NULL, METRIC_FAILED, 1);
	metrics_pool_claim(NULL, METRIC_POOL_CLAIMS, true);
	CU_ASSERT_EQUAL(value(EXECUTIONS("failed")), 0);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every outcome begins with zero", every_outcome_begins_with_zero },
		{ "requests are told apart", requests_are_told_apart },
		{ "what clients make up makes no series", what_clients_make_up_makes_no_series },
		{ "every status has a label", every_status_has_a_label },
		{ "buckets add up", buckets_add_up },
		{ "series do not mix", series_do_not_mix },
		{ "renders that fail have no time", renders_that_fail_have_no_time },
		{ "claims of the pool are counted", claims_of_the_pool_are_counted },
		{ "what dies leaves its counts", what_dies_leaves_its_counts },
		{ "telling twice counts once", telling_twice_counts_once },
		{ "gateways add up, and stay when they end", gateways_add_up_and_stay_when_they_end },
		{ "what Redis lost is told again", what_redis_lost_is_told_again },
		{ "gauges are what Redis has", gauges_are_what_redis_has },
		{ "every key expires", every_key_expires },
		{ "without Redis it says so", without_redis_it_says_so },
		{ "without a page nothing is counted", without_a_page_nothing_is_counted },
		{ NULL, NULL },
	};

	stage_open(&s);

	int status = tap_run("metrics", tests);

	stage_close(&s);
	return status;
}
