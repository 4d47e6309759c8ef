/* SPDX-License-Identifier: Apache-2.0 */
/* What ends mean (contract 5.5, 5.6), what bytes become, and which type a file has. */
#include "fcgi-app/policy/output.h"
#include "lib/text.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static const struct config config = {
	.max_output_chars = 100, .max_error_chars = 10, .max_output_files = 10,
	.max_output_total_size = 1000, .max_output_file_size = 1000, .sandbox_max_output_bytes = 5000,
};

struct row {
	enum run_language language;
	struct run_exit exit;
	const char *err_text;
	enum outcome outcome;
	const char *error, *error_type;
	const char *signal;
};

static bool is(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static void check(const struct row *row)
{
	const struct execution what = { .language = row->language };
	struct result r = { 0 };
	struct collector k;

	collector_init(&k, &config, &arena, &r);
	decoded_append(&k.err, (const uint8_t *)row->err_text, strlen(row->err_text));
	r.exit = row->exit;
	r.exit.type = arena_copy(&arena, row->exit.type);
	collector_finish(&k);
	result_conclude(&k, &what, 5, false);
	CU_ASSERT_EQUAL(r.outcome, row->outcome);
	CU_ASSERT(is(r.error, row->error));
	CU_ASSERT(is(r.error_type, row->error_type));
	CU_ASSERT(is(r.signal, row->signal));
	if (!is(r.error, row->error) || !is(r.error_type, row->error_type))
		printf("# %s / %s\n", r.error, r.error_type);
	collector_end(&k);
	result_finish(&r);
}

#define EXITED(n) { .outcome = RUN_EXITED, .status = (n) }
#define SIGNALED(n) { .outcome = RUN_SIGNALED, .status = (n) }
#define RAISED(name) { .outcome = RUN_EXITED, .status = 1, .raised = RAISED_EXCEPTION, .type = { name, sizeof(name) - 1 } }

static void python_ends(void)
{
	static const struct row rows[] = {
		{ RUN_PYTHON, EXITED(0), "warning", OUTCOME_OK, NULL, NULL, NULL },
		{ RUN_PYTHON, EXITED(3), " \n", OUTCOME_EXIT, "Python process exited with code 3", "SystemExit", NULL },
		{ RUN_PYTHON, EXITED(3), "warn here\n", OUTCOME_EXIT, "warn here", "PythonExitError", NULL },
		{ RUN_PYTHON, RAISED("KeyError"), "KeyError\n", OUTCOME_ERROR, "KeyError", "KeyError", NULL },
		{ RUN_PYTHON, RAISED("MyErr"), "x: a\nb: c\n", OUTCOME_ERROR, "x: a\nb: c", "MyErr", NULL },
		{ RUN_PYTHON, RAISED("E"), "0123456789abcdef\n", OUTCOME_ERROR, "6789abcdef", "E", NULL },
		{ RUN_PYTHON, RAISED("E"), "", OUTCOME_ERROR, "Python process exited with code 1", "E", NULL },
		{ RUN_PYTHON, RAISED("a\nb"), "x", OUTCOME_EXIT, "x", "PythonExitError", NULL },
		{ RUN_PYTHON, RAISED("\xff"), "x", OUTCOME_EXIT, "x", "PythonExitError", NULL },
		{ RUN_PYTHON, { .outcome = RUN_EXITED, .status = 1, .raised = RAISED_EXIT }, "Oops: bad\n", OUTCOME_EXIT, "Oops: bad", "PythonExitError", NULL },
		{ RUN_PYTHON, SIGNALED(9), "", OUTCOME_SIGNAL, "Python process terminated by SIGKILL", "ProcessSignalError", "SIGKILL" },
		{ RUN_PYTHON, SIGNALED(11), "", OUTCOME_SIGNAL, "Python process terminated by SIGSEGV", "ProcessSignalError", "SIGSEGV" },
		{ RUN_PYTHON, SIGNALED(29), "", OUTCOME_SIGNAL, "Python process terminated by SIGIO", "ProcessSignalError", "SIGIO" },
		{ RUN_PYTHON, SIGNALED(34), "", OUTCOME_SIGNAL, "Python process terminated by SIGRTMIN", "ProcessSignalError", "SIGRTMIN" },
		{ RUN_PYTHON, SIGNALED(40), "", OUTCOME_SIGNAL, "Python process terminated by signal 40", "ProcessSignalError", "signal 40" },
		{ RUN_PYTHON, { .outcome = RUN_SIGNALED, .status = 9, .oom = true }, "", OUTCOME_OOM, "Python process terminated by SIGKILL", "ProcessSignalError", "SIGKILL" },
		{ RUN_PYTHON, { .outcome = RUN_SIGNALED, .status = 11, .oom = true }, "", OUTCOME_SIGNAL, "Python process terminated by SIGSEGV", "ProcessSignalError", "SIGSEGV" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check(&rows[i]);
}

static void bash_ends(void)
{
	static const struct row rows[] = {
		{ RUN_BASH, EXITED(0), "x", OUTCOME_OK, NULL, NULL, NULL },
		{ RUN_BASH, EXITED(127), "x", OUTCOME_EXIT, "Bash script exited with code 127", "BashExitError", NULL },
		{ RUN_BASH, SIGNALED(9), "", OUTCOME_SIGNAL, "Bash script exited with code -9", "BashExitError", "SIGKILL" },
		{ RUN_BASH, { .outcome = RUN_SIGNALED, .status = 9, .oom = true }, "", OUTCOME_OOM, "Bash script exited with code -9", "BashExitError", "SIGKILL" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check(&rows[i]);
}

static void other_ends(void)
{
	static const struct row rows[] = {
		{ RUN_BASH, { .outcome = RUN_TIMED_OUT }, "", OUTCOME_TIMEOUT, "Execution timed out after 5 seconds.", "TimeoutError", NULL },
		{ RUN_BASH, { .outcome = RUN_OUTPUT_LIMIT }, "", OUTCOME_OUTPUT_LIMIT, "Execution wrote more than 5000 bytes and was stopped", "OutputLimitError", NULL },
		{ RUN_BASH, { .outcome = RUN_CANCELLED }, "", OUTCOME_CANCELLED, "Execution was cancelled", "CancelledError", NULL },
		{ RUN_BASH, { .outcome = RUN_NO_FILES, .reason = { "no room", 7 } }, "", OUTCOME_ERROR, "Failed to copy input files to container: no room", "FileUploadError", NULL },
		{ RUN_BASH, { .outcome = RUN_NO_START }, "", OUTCOME_INFRA, "Execution failed due to an infrastructure error", "GatewayError", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check(&rows[i]);
}

static bool decodes(const char *in, size_t len, const char *out)
{
	struct buf whole = BUF_INIT(1000), pieces = BUF_INIT(1000);
	struct decoded a = { .to = &whole, .max = 100 }, b = { .to = &pieces, .max = 100 };
	bool same;

	decoded_append(&a, (const uint8_t *)in, len);
	decoded_finish(&a);
	for (size_t i = 0; i < len; i++)
		decoded_append(&b, (const uint8_t *)in + i, 1);
	decoded_finish(&b);
	same = slice_equals(buf_slice(&whole), out) && slice_equals(buf_slice(&pieces), out);
	buf_finish(&whole);
	buf_finish(&pieces);
	return same;
}

static void bytes_become_characters(void)
{
	CU_ASSERT(decodes("plain", 5, "plain"));
	CU_ASSERT(decodes("a\xffz", 3, "a\xef\xbf\xbdz"));
	CU_ASSERT(decodes("\xe2\x82", 2, "\xef\xbf\xbd"));
	CU_ASSERT(decodes("\xe2\x82z", 3, "\xef\xbf\xbdz"));
	CU_ASSERT(decodes("\xe2\x82\xac", 3, "\xe2\x82\xac"));
	CU_ASSERT(decodes("\xf0\x9f\x98\x80\r\n", 6, "\xf0\x9f\x98\x80\r\n"));
	CU_ASSERT(decodes("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
}

static void characters_are_counted_not_bytes(void)
{
	struct buf to = BUF_INIT(1000);
	struct decoded d = { .to = &to, .max = 3 };

	decoded_append(&d, (const uint8_t *)"\xc3\xa9\xff\xc3\xa9\xc3\xa9", 7);
	decoded_finish(&d);
	CU_ASSERT(slice_equals(buf_slice(&to), "\xc3\xa9\xef\xbf\xbd\xc3\xa9"));
	buf_finish(&to);
}

static bool type(const char *name, const char *expected)
{
	const char *found = mime_type_of(text_slice(name));

	if (strcmp(found, expected) != 0)
		printf("# %s: %s\n", name, found);
	return strcmp(found, expected) == 0;
}

static void types_are_those_of_the_contract(void)
{
	static const char *const rows[][2] = {
		{ "a.txt", "text/plain" }, { "a.csv", "text/csv" }, { "a.tsv", "text/tab-separated-values" },
		{ "a.md", "text/markdown" }, { "a.html", "text/html" }, { "a.py", "text/x-python" }, { "a.c", "text/x-csrc" },
		{ "a.sh", "text/x-sh" }, { "a.js", "text/javascript" }, { "a.json", "application/json" },
		{ "a.xml", "application/xml" }, { "a.sql", "application/sql" }, { "a.png", "image/png" },
		{ "a.svg", "image/svg+xml" }, { "a.webp", "image/webp" }, { "a.avif", "image/avif" }, { "a.mp4", "video/mp4" },
		{ "a.ttf", "font/ttf" }, { "a.wasm", "application/wasm" }, { "a.pdf", "application/pdf" },
		{ "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
		{ "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
		{ "a.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
		{ "a.tar.gz", "application/x-tar" }, { "a.tgz", "application/x-tar" }, { "a.csv.xz", "text/csv" },
		{ "d/UP.PNG", "image/png" }, { "a.log", "application/octet-stream" }, { "a.ipynb", "application/octet-stream" },
		{ "a.parquet", "application/octet-stream" }, { "a.yaml", "application/octet-stream" },
		{ "a.toml", "application/octet-stream" }, { ".txt", "application/octet-stream" },
		{ "d/.txt", "application/octet-stream" }, { "d.txt/a", "application/octet-stream" },
		{ "a.gz", "application/octet-stream" }, { "txt", "application/octet-stream" },
		{ "a.", "application/octet-stream" }, { "", "application/octet-stream" }, { "a b", "application/octet-stream" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CU_ASSERT(type(rows[i][0], rows[i][1]));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "Python ends", python_ends },
		{ "Bash ends", bash_ends },
		{ "other ends", other_ends },
		{ "bytes become characters", bytes_become_characters },
		{ "characters are counted, not bytes", characters_are_counted_not_bytes },
		{ "types are those of the contract", types_are_those_of_the_contract },
		{ NULL, NULL },
	};
	int status = tap_run("outcome", tests);

	arena_finish(&arena);
	return status;
}
