/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/api/result.h"

#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

static const struct config config = {
	.max_output_chars = 1000, .max_error_chars = 256, .max_output_files = 3,
	.max_output_total_size = 3000,
};

/* The answer's body; the caller's to free. */
static char *encoded(const struct result *r)
{
	struct response res = { .body = BUF_INIT(result_max(&config)) };

	result_put(&res, &config, r);
	CU_ASSERT_FALSE(res.body.full);
	return res.body.data;
}

static struct result ended_well(void)
{
	return (struct result){
		.id = "2106b39d-c2c",
		.stdout_text = BUF_INIT(100000), .stderr_text = BUF_INIT(100000),
		.content = BUF_INIT(100000),
		.execution_time_s = 0.03124,
		.exit = { .outcome = RUN_EXITED, .cpu_us = 12345, .wall_us = 31240, .peak_bytes = 4096 },
	};
}

static void finish(struct result *r)
{
	buf_finish(&r->stdout_text);
	buf_finish(&r->stderr_text);
	buf_finish(&r->content);
}

static void known_members_come_first_and_in_order(void)
{
	struct result r = ended_well();
	char *got;

	buf_puts(&r.stdout_text, "hé\"\n");
	got = encoded(&r);
	CU_ASSERT_STRING_EQUAL(got,
		"{\"execution_id\":\"2106b39d-c2c\",\"stdout\":\"hé\\\"\\n\",\"stderr\":\"\","
		"\"error\":null,\"error_type\":null,\"files\":[],\"execution_time\":0.0312,"
		"\"install_time\":null,\"timed_out\":false,\"outcome\":\"ok\",\"exit_code\":0,"
		"\"signal\":null,\"usage\":{\"cpu_ms\":12,\"wall_ms\":31,\"max_rss_bytes\":4096},"
		"\"truncated\":{\"stdout\":false,\"stderr\":false},\"files_skipped\":0}");
	free(got);
	finish(&r);
}

static void an_install_has_its_time(void)
{
	struct result r = ended_well();
	char *got;

	r.installed = true;
	r.install_time_s = 1.23456;
	got = encoded(&r);
	CU_ASSERT_PTR_NOT_NULL(strstr(got, ",\"install_time\":1.23,\"timed_out\":"));
	free(got);
	finish(&r);
}

static void a_signal_has_its_name(void)
{
	struct result r = ended_well();
	char *got;

	r.outcome = OUTCOME_SIGNAL;
	r.error = "Python process terminated by SIGKILL";
	r.error_type = "ProcessSignalError";
	r.signal = "SIGKILL";
	r.exit = (struct run_exit){ .outcome = RUN_SIGNALED, .status = 9, .stderr_chars = 1001 };
	got = encoded(&r);
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"error\":\"Python process terminated by SIGKILL\","
	                                   "\"error_type\":\"ProcessSignalError\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"outcome\":\"signal\",\"exit_code\":null,\"signal\":\"SIGKILL\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"truncated\":{\"stdout\":false,\"stderr\":true}"));
	free(got);
	finish(&r);
}

static void what_nobody_told_is_null(void)
{
	struct result r = ended_well();
	char *got;

	r.outcome = OUTCOME_SESSION_LOST;
	r.exit = (struct run_exit){ .wall_us = 1500000 };
	got = encoded(&r);
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"outcome\":\"session_lost\",\"exit_code\":null,\"signal\":null,"
	                                   "\"usage\":{\"cpu_ms\":null,\"wall_ms\":1500,\"max_rss_bytes\":null}"));
	free(got);
	finish(&r);
}

static void files_carry_their_bytes_or_a_reason(void)
{
	struct result r = ended_well();
	struct output_file files[] = {
		{ .name = { "a\xff.txt", 6 }, .size = 2, .mime_type = "text/plain", .at = 1, .len = 2 },
		{ .name = { "b", 1 }, .size = 99, .mime_type = "application/octet-stream",
		  .error = "Total file size limit exceeded" },
		{ .name = { "c", 1 }, .mime_type = "application/octet-stream" },
	};
	char *got;

	buf_puts(&r.content, "-hi");
	r.files = files;
	r.n_files = 3;
	got = encoded(&r);
	CU_ASSERT_PTR_NOT_NULL(strstr(got, "\"files\":["
		"{\"name\":\"a\xef\xbf\xbd.txt\",\"content\":\"aGk=\",\"mime_type\":\"text/plain\","
		"\"size\":2,\"error\":null},"
		"{\"name\":\"b\",\"content\":null,\"mime_type\":\"application/octet-stream\",\"size\":99,"
		"\"error\":\"Total file size limit exceeded\"},"
		"{\"name\":\"c\",\"content\":\"\",\"mime_type\":\"application/octet-stream\",\"size\":0,"
		"\"error\":null}]"));
	free(got);
	finish(&r);
}

/* NULs are longest as JSON, and every name may be full of them, too. */
static void the_largest_result_fits(void)
{
	static char zeros[4096];
	struct result r = ended_well();
	struct output_file files[] = {
		{ .name = { zeros, WIRE_NAME_MAX }, .mime_type = "x", .len = 2998 },
		{ .name = { zeros, WIRE_NAME_MAX }, .mime_type = "x", .len = 1 },
		{ .name = { zeros, WIRE_NAME_MAX }, .mime_type = "x", .len = 1 },
	};

	buf_append(&r.content, zeros, 3000);
	buf_append(&r.stdout_text, zeros, 1000);
	buf_append(&r.stderr_text, zeros, 1000);
	r.files = files;
	r.n_files = 3;
	free(encoded(&r));
	finish(&r);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "known members come first, and in order", known_members_come_first_and_in_order },
		{ "an install has its time", an_install_has_its_time },
		{ "a signal has its name", a_signal_has_its_name },
		{ "what nobody told is null", what_nobody_told_is_null },
		{ "files carry their bytes, or a reason", files_carry_their_bytes_or_a_reason },
		{ "the largest result fits", the_largest_result_fits },
		{ NULL, NULL },
	};

	return tap_run("result", tests);
}
