/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of POST requests: what policy is asked for, or the exact 422. */
#include "fcgi-app/api/api.h"
#include "tests/unit/asked.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config config = {
	.max_timeout = 120, .max_file_name_length = 128, .max_input_files = 2,
	.max_pip_packages = 3, .max_pip_package_name_length = 8,
	.run_dir = "/tmp", .slide_rendering_version = "v1", .render_timeout_seconds = 9,
	.render_max_html_chars = 40, .render_max_input_files = 2, .render_max_asset_bytes = 4,
	.render_max_total_asset_bytes = 6, .latex_render_timeout_seconds = 8,
	.latex_max_tex_chars = 20, .latex_max_input_files = 2, .latex_max_asset_bytes = 4,
	.latex_max_total_asset_bytes = 6, .latex_max_output_bytes = 7,
};
static struct error err;
static char answer[1 << 20];

/* What policy was asked for, or what the client is told. */
static const char *send_typed(handler *handle, const char *type, const char *body, size_t len)
{
	struct app app = { .config = &config, .backend = { .config = &config } };
	struct request req = { .content_type = type, .body_len = len };
	struct response res = { .body = BUF_INIT(sizeof answer - 1) };

	*asked = '\0';
	err = (struct error){ .kind = ERR_NONE };
	req.body = arena_strndup(&req.arena, body, len);
	handle(&app, &req, &res, &err);
	(void)snprintf(answer, sizeof answer, "%s", res.body.data ? res.body.data : "");
	buf_finish(&res.body);
	arena_finish(&req.arena);
	return *asked ? asked : err.kind == ERR_UNPROCESSABLE ? answer : err.msg;
}

static const char *send_json(handler *handle, const char *body)
{
	return send_typed(handle, "application/json", body, strlen(body));
}

struct row {
	const char *body, *expected;       /* '...' of the only fault in the list, or what was asked */
};

#define FAULT(fault) "{\"detail\":[{" fault "}]}"

static void check_rows(handler *handle, const struct row *rows)
{
	for (; rows->body; rows++) {
		const char *got = send_json(handle, rows->body);

		if (strcmp(got, rows->expected))
			printf("# %s\n#   got      %s\n#   expected %s\n", rows->body, got, rows->expected);
		CU_ASSERT_STRING_EQUAL(got, rows->expected);
	}
}

/* A body that is right but for what is added. */
#define WITH(more) "{\"container_id\":\"c\",\"code\":\"x\"" more "}"
#define WITHOUT_ID(more) "{\"code\":\"x\"" more "}"

static void a_sound_body_asks_for_a_run(void)
{
	check_rows(api_execute, (const struct row[]){
		{ WITH(""), "c python 1 0" },
		{ WITH(",\"language\":\"bash\",\"timeout\":5"), "c bash 1 5" },
		{ WITH(",\"unknown\":[1]"), "c python 1 0" },
		{ WITH(",\"enable_network\":null,\"pip_packages\":null,\"timeout\":null"), "c python 1 0" },
		{ WITH(",\"enable_network\":true,\"pip_packages\":[],\"files\":[]"), "c python 1 0" },
		{ WITH(",\"files\":[{\"name\":\" a/b.txt \",\"content\":\"aGk=\",\"more\":1},"
		       "{\"name\":\"c\",\"content\":\"\"}]"), "c python 1 0 a/b.txt=aGk= c=" },
		{ "{\"container_id\":\"\",\"code\":\"\\u0000\\u00e9\"}", " python 3 0" },
		{ "{\"container_id\":\"c\\u0000d\",\"code\":\"x\"}", " python 1 0" },
		{ "\xef\xbb\xbf" WITH(""), "c python 1 0" },
		{ NULL, NULL },
	});
}

static void strings_are_strings(void)
{
	check_rows(api_execute, (const struct row[]){
		{ WITHOUT_ID(""), FAULT("\"type\":\"missing\",\"loc\":[\"body\",\"container_id\"],"
		  "\"msg\":\"Field required\",\"input\":{\"code\":\"x\"}") },
		{ WITHOUT_ID(",\"container_id\":5"), FAULT("\"type\":\"string_type\","
		  "\"loc\":[\"body\",\"container_id\"],\"msg\":\"Input should be a valid string\","
		  "\"input\":5") },
		{ WITHOUT_ID(",\"container_id\":null"), FAULT("\"type\":\"string_type\","
		  "\"loc\":[\"body\",\"container_id\"],\"msg\":\"Input should be a valid string\","
		  "\"input\":null") },
		{ "{\"container_id\":\"c\",\"code\":\"\"}", FAULT("\"type\":\"string_too_short\","
		  "\"loc\":[\"body\",\"code\"],\"msg\":\"String should have at least 1 character\","
		  "\"input\":\"\",\"ctx\":{\"min_length\":1}") },
		{ WITH(",\"language\":\"Python\""), FAULT("\"type\":\"literal_error\","
		  "\"loc\":[\"body\",\"language\"],\"msg\":\"Input should be 'python' or 'bash'\","
		  "\"input\":\"Python\",\"ctx\":{\"expected\":\"'python' or 'bash'\"}") },
		{ WITH(",\"language\":null"), FAULT("\"type\":\"literal_error\","
		  "\"loc\":[\"body\",\"language\"],\"msg\":\"Input should be 'python' or 'bash'\","
		  "\"input\":null,\"ctx\":{\"expected\":\"'python' or 'bash'\"}") },
		{ NULL, NULL },
	});
}

static void code_is_counted_in_characters(void)
{
	enum { MAX = 100000, FOUR = 4 };
	static const char start[] = "{\"container_id\":\"c\",\"code\":\"";
	char *body = malloc(FOUR * MAX + sizeof start + 10);
	char *at = stpcpy(body, start);

	for (int i = 0; i < MAX; i++, at += FOUR)
		memcpy(at, "\xf0\x9f\x98\x80", FOUR);
	(void)stpcpy(at, "\"}");
	CU_ASSERT_STRING_EQUAL(send_json(api_execute, body), "c python 400000 0");
	(void)stpcpy(at, "x\"}");
	CU_ASSERT_PTR_NOT_NULL(strstr(send_json(api_execute, body),
		"{\"detail\":[{\"type\":\"string_too_long\",\"loc\":[\"body\",\"code\"],"
		"\"msg\":\"String should have at most 100000 characters\",\"input\":\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(answer, "...\",\"ctx\":{\"max_length\":100000}}]}"));
	CU_ASSERT(strlen(answer) < 2000);
	free(body);
}

#define TIMEOUT(type, msg, input, ctx) FAULT("\"type\":\"" type "\",\"loc\":[\"body\",\"timeout\"]," \
	"\"msg\":\"Input should be " msg "\",\"input\":" input ctx)
#define INTEGER "a valid integer"
#define UNPARSABLE INTEGER ", unable to parse string as an integer"
#define GE ",\"ctx\":{\"ge\":1}"
#define LE ",\"ctx\":{\"le\":120}"

static void a_timeout_is_coerced_then_bounded(void)
{
	check_rows(api_execute, (const struct row[]){
		{ WITH(",\"timeout\":30.0"), "c python 1 30" },
		{ WITH(",\"timeout\":1e1"), "c python 1 10" },
		{ WITH(",\"timeout\":\" +1_0.00 \""), "c python 1 10" },
		{ WITH(",\"timeout\":\"\\u2009 5\\u00a0\""), "c python 1 5" },
		{ WITH(",\"timeout\":true"), "c python 1 1" },
		{ WITH(",\"timeout\":120"), "c python 1 120" },
		{ WITH(",\"timeout\":0"), TIMEOUT("greater_than_equal", "greater than or equal to 1", "0", GE) },
		{ WITH(",\"timeout\":false"), TIMEOUT("greater_than_equal", "greater than or equal to 1", "false", GE) },
		{ WITH(",\"timeout\":\"-5\""), TIMEOUT("greater_than_equal", "greater than or equal to 1", "\"-5\"", GE) },
		{ WITH(",\"timeout\":121"), TIMEOUT("less_than_equal", "less than or equal to 120", "121", LE) },
		{ WITH(",\"timeout\":\"99999999999999999999\""),
		  TIMEOUT("less_than_equal", "less than or equal to 120", "\"99999999999999999999\"", LE) },
		{ WITH(",\"timeout\":99999999999999999999"),
		  TIMEOUT("less_than_equal", "less than or equal to 120", "99999999999999999999", LE) },
		{ WITH(",\"timeout\":30.5"), TIMEOUT("int_from_float",
		  INTEGER ", got a number with a fractional part", "30.5", "") },
		{ WITH(",\"timeout\":\"abc\""), TIMEOUT("int_parsing", UNPARSABLE, "\"abc\"", "") },
		{ WITH(",\"timeout\":\"\""), TIMEOUT("int_parsing", UNPARSABLE, "\"\"", "") },
		{ WITH(",\"timeout\":\"30.5\""), TIMEOUT("int_parsing", UNPARSABLE, "\"30.5\"", "") },
		{ WITH(",\"timeout\":\"1e2\""), TIMEOUT("int_parsing", UNPARSABLE, "\"1e2\"", "") },
		{ WITH(",\"timeout\":\"3.\""), TIMEOUT("int_parsing", UNPARSABLE, "\"3.\"", "") },
		{ WITH(",\"timeout\":\"1__0\""), TIMEOUT("int_parsing", UNPARSABLE, "\"1__0\"", "") },
		{ WITH(",\"timeout\":\"_1\""), TIMEOUT("int_parsing", UNPARSABLE, "\"_1\"", "") },
		{ WITH(",\"timeout\":[]"), TIMEOUT("int_type", INTEGER, "[]", "") },
		{ WITH(",\"timeout\":{}"), TIMEOUT("int_type", INTEGER, "{}", "") },
		{ NULL, NULL },
	});
	CU_ASSERT_PTR_NOT_NULL(strstr(send_json(api_execute, WITH(",\"timeout\":1e400")), "finite_number"));
}

#define NETWORK(type, more, input) FAULT("\"type\":\"" type "\",\"loc\":[\"body\",\"enable_network\"]," \
	"\"msg\":\"Input should be a valid boolean" more "\",\"input\":" input)
#define UNCLEAR ", unable to interpret input"

static void a_truth_value_has_many_names(void)
{
	check_rows(api_session_create, (const struct row[]){
		{ "{\"enable_network\":true}", "network=1" },
		{ "{\"enable_network\":1}", "network=1" },
		{ "{\"enable_network\":1.0}", "network=1" },
		{ "{\"enable_network\":\"Yes\"}", "network=1" },
		{ "{\"enable_network\":\"off\"}", "network=0" },
		{ "{\"enable_network\":0}", "network=0" },
		{ "{}", "network=0" },
		{ "{\"enable_network\":2}", NETWORK("bool_parsing", UNCLEAR, "2") },
		{ "{\"enable_network\":\" on\"}", NETWORK("bool_parsing", UNCLEAR, "\" on\"") },
		{ "{\"enable_network\":1.5}", NETWORK("bool_type", "", "1.5") },
		{ "{\"enable_network\":[]}", NETWORK("bool_type", "", "[]") },
		{ "{\"enable_network\":null}", NETWORK("bool_type", "", "null") },
		{ "{\"inject_sandbox_env\":true}", "network=0 env" },
		{ NULL, NULL },
	});
}

#define LIST(field) FAULT("\"type\":\"list_type\",\"loc\":[\"body\",\"" field "\"]," \
	"\"msg\":\"Input should be a valid list\",\"input\":null")
#define NAME(input, wrong) { WITH(",\"files\":[{\"name\":\"" input "\",\"content\":\"\"}]"), \
	FAULT("\"type\":\"value_error\",\"loc\":[\"body\",\"files\",0,\"name\"]," \
	"\"msg\":\"Value error, " wrong "\",\"input\":\"" input "\",\"ctx\":{\"error\":{}}") }
#define SEGMENTS "File name contains invalid path segments"
#define COMPONENTS "File name contains invalid components"
#define TEN "0123456789"

static void file_names_stay_below_home(void)
{
	check_rows(api_execute, (const struct row[]){
		NAME("  ", "File name cannot be empty"),
		NAME("\u3000\u00a0", "File name cannot be empty"),
		NAME(TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "123456789",
		     "File name too long (max 128 chars)"),
		NAME("a..b", SEGMENTS), NAME("/a", SEGMENTS), NAME("a\\\\b", SEGMENTS),
		NAME("a//b", COMPONENTS), NAME("a/", COMPONENTS), NAME("./a", COMPONENTS),
		NAME("a\\u0000b", COMPONENTS), NAME("a\\nb", COMPONENTS),
		{ NULL, NULL },
	});
}

static void lists_tell_of_each_item_then_of_themselves(void)
{
	check_rows(api_execute, (const struct row[]){
		{ WITH(",\"files\":null"), LIST("files") },
		{ WITH(",\"files\":[7]"), FAULT("\"type\":\"model_attributes_type\",\"loc\":[\"body\",\"files\",0],"
		  "\"msg\":\"Input should be a valid dictionary or object to extract fields from\",\"input\":7") },
		{ WITH(",\"files\":[{\"name\":1},{\"content\":\"\"}]"), "{\"detail\":["
		  "{\"type\":\"string_type\",\"loc\":[\"body\",\"files\",0,\"name\"],"
		  "\"msg\":\"Input should be a valid string\",\"input\":1},"
		  "{\"type\":\"missing\",\"loc\":[\"body\",\"files\",0,\"content\"],"
		  "\"msg\":\"Field required\",\"input\":{\"name\":1}},"
		  "{\"type\":\"missing\",\"loc\":[\"body\",\"files\",1,\"name\"],"
		  "\"msg\":\"Field required\",\"input\":{\"content\":\"\"}}]}" },
		{ WITH(",\"files\":[{\"name\":\"a\",\"content\":\"\"},{\"name\":\"b\",\"content\":\"\"},"
		       "{\"name\":\"c\",\"content\":\"\"}]"),
		  FAULT("\"type\":\"value_error\",\"loc\":[\"body\",\"files\"],"
		  "\"msg\":\"Value error, Too many input files (max 2)\",\"input\":["
		  "{\"name\":\"a\",\"content\":\"\"},{\"name\":\"b\",\"content\":\"\"},"
		  "{\"name\":\"c\",\"content\":\"\"}],\"ctx\":{\"error\":{}}") },
		{ WITH(",\"pip_packages\":[1]"), FAULT("\"type\":\"string_type\","
		  "\"loc\":[\"body\",\"pip_packages\",0],\"msg\":\"Input should be a valid string\",\"input\":1") },
		{ WITH(",\"pip_packages\":[\"numpy\"]"), FAULT("\"type\":\"value_error\","
		  "\"loc\":[\"body\",\"pip_packages\"],\"msg\":\"Value error, Pip installations are disabled\","
		  "\"input\":[\"numpy\"],\"ctx\":{\"error\":{}}") },
		{ NULL, NULL },
	});
}

#define PIP(packages) WITH(",\"pip_packages\":" packages)
#define PIP_FAULT(packages, text) { PIP(packages), FAULT("\"type\":\"value_error\"," \
	"\"loc\":[\"body\",\"pip_packages\"],\"msg\":\"Value error, " text "\"," \
	"\"input\":" packages ",\"ctx\":{\"error\":{}}") }

static void packages_are_plain_short_and_few(void)
{
	const struct row rows[] = {
		PIP_FAULT("[\"a\",\" \"]", "Package name cannot be empty"),
		PIP_FAULT("[\"\"]", "Package name cannot be empty"),
		PIP_FAULT("[\"abcdefghi\",\"\"]", "Package name too long (max 8 chars)"),
		PIP_FAULT("[\"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\"]", "Package name too long (max 8 chars)"),
		PIP_FAULT("[\"\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\"]", "Package name contains invalid characters"),
		PIP_FAULT("[\"a\",\"--pre\",\"\"]", "Package name contains invalid characters"),
		PIP_FAULT("[\"a b\"]", "Package name contains invalid characters"),
		PIP_FAULT("[\"a\",\"b\",\"c\",\"-d\"]", "Package name contains invalid characters"),
		{ NULL, NULL },
	};

	check_rows(api_execute, rows);
	config.allow_pip_installs = true;
	check_rows(api_execute, rows);
	check_rows(api_execute, (const struct row[]){
		PIP_FAULT("[\"a\",\"b\",\"c\",\"d\"]", "Too many pip packages (max 3)"),
		{ PIP("[\" a[b]==1 \",\"c<2,>=1\",\"\\td\\n\"]"), "c python 1 0 a[b]==1 c<2,>=1 d" },
		{ PIP("[\"abcdefgh\"],\"language\":\"bash\""), "c bash 1 0 abcdefgh" },
		{ PIP("[]"), "c python 1 0" },
		{ NULL, NULL },
	});
	config.allow_pip_installs = false;
	check_rows(api_execute, (const struct row[]){
		PIP_FAULT("[\"a\",\"b\",\"c\",\"d\"]", "Pip installations are disabled"),
		{ NULL, NULL },
	});
}

static void all_faults_are_told_in_the_order_of_the_fields(void)
{
	const char *got = send_json(api_execute, "{\"files\":1,\"timeout\":0,\"language\":1}");
	static const char *const order[] = {
		"container_id", "language", "\"code\"", "timeout", "files",
	};

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		got = strstr(got, order[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	}
}

static void a_body_may_be_missing(void)
{
	static const char missing[] = FAULT("\"type\":\"missing\",\"loc\":[\"body\"],"
		"\"msg\":\"Field required\",\"input\":null");

	CU_ASSERT_STRING_EQUAL(send_json(api_execute, ""), missing);
	CU_ASSERT_STRING_EQUAL(send_json(api_execute, "null"), missing);
	CU_ASSERT_STRING_EQUAL(send_typed(api_execute, NULL, "", 0), missing);
	CU_ASSERT_STRING_EQUAL(send_json(api_session_create, ""), "network=0");
	CU_ASSERT_STRING_EQUAL(send_json(api_session_create, " null "), "network=0");
	CU_ASSERT_STRING_EQUAL(send_typed(api_session_create, "text/plain", "", 0), "network=0");
}

#define NO_OBJECT(input) FAULT("\"type\":\"model_attributes_type\",\"loc\":[\"body\"]," \
	"\"msg\":\"Input should be a valid dictionary or object to extract fields from\"," \
	"\"input\":" input)

static void a_body_of_another_type_is_one_text(void)
{
	static const char *const json[] = {
		"application/json", "Application/JSON; charset=latin1", "application/vnd.x+json",
		"application/json ;a=b",
	};
	static const char *const other[] = {
		NULL, "", "text/plain", "application/jsonp", "application/xjson", "text/json",
	};

	for (size_t i = 0; i < sizeof json / sizeof *json; i++)
		CU_ASSERT_STRING_EQUAL(send_typed(api_session_create, json[i], "{}", 2), "network=0");
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		CU_ASSERT_STRING_EQUAL(send_typed(api_session_create, other[i], "{\"a\":1}", 7),
		                       NO_OBJECT("\"{\\\"a\\\":1}\""));
	CU_ASSERT_STRING_EQUAL(send_json(api_execute, "[]"), NO_OBJECT("[]"));

	/* 1024 bytes of input, quotes and dots included, and no half character. */
	enum { KEPT = (1024 - 5) / 2 * 2 };
	char text[2001];

	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = "\xc3\xa9"[i % 2];
	text[sizeof text - 1] = '\0';

	const char *got = send_typed(api_execute, "text/plain", text, sizeof text - 1);
	const char *input = strstr(got, "\"input\":\"");

	CU_ASSERT_FATAL(input != NULL);
	CU_ASSERT(strncmp(input + 9, text, KEPT) == 0 && strcmp(input + 9 + KEPT, "...\"}]}") == 0);
	CU_ASSERT_STRING_EQUAL(send_json(api_execute, "\"x\""), NO_OBJECT("\"x\""));
}

#define INVALID(offset, text) FAULT("\"type\":\"json_invalid\",\"loc\":[\"body\"," offset "]," \
	"\"msg\":\"JSON decode error\",\"input\":{},\"ctx\":{\"error\":\"" text "\"}")

static void broken_json_is_told_where_it_breaks(void)
{
	check_rows(api_execute, (const struct row[]){
		{ "   ", INVALID("3", "Expecting value") },
		{ "{bad", INVALID("1", "Expecting property name enclosed in double quotes") },
		{ "{\"a\":1} x", INVALID("8", "Extra data") },
		{ "{\"a\":NaN}", INVALID("5", "Expecting value") },
		{ "{\"a\":1,\"a\":2}", INVALID("7", "Duplicate key") },
		{ "{\"a\":\"\xff\"}", "There was an error parsing the body" },
		{ "\xff\xfe{", "There was an error parsing the body" },
		{ "{\"a\":\xe2\x82}", "There was an error parsing the body" },
		{ "{\"a\":\xe2\x82\xac}", INVALID("5", "Expecting value") },
		{ NULL, NULL },
	});
}

#define SHOWS(more) "{\"html\":\"h\"" more "}"
#define BRINGS(file) SHOWS(",\"input_files\":[" file "]")
#define ONE(name, content) "{\"file_name\":\"" name "\",\"base64_content\":\"" content "\"}"
#define ALIAS(name, content) "{\"file_name\":\"" name "\",\"base64\":\"" content "\"}"
#define AT(place) "\"loc\":[\"body\",\"input_files\",0,\"" place "\"],"
#define MISSING(place, input) "\"type\":\"missing\"," AT(place) "\"msg\":\"Field required\"," \
	"\"input\":" input
#define EXTRA(where, input) "\"type\":\"extra_forbidden\"," where \
	"\"msg\":\"Extra inputs are not permitted\",\"input\":" input

static void a_member_may_have_another_name(void)
{
	check_rows(api_render, (const struct row[]){
		{ SHOWS(""), "slides 9 index.html=h" },
		{ BRINGS(ONE("a.png", "aGk=")), "slides 9 index.html=h assets/a.png=aGk=" },
		{ BRINGS(ALIAS("a.png", "aGk=")), "slides 9 index.html=h assets/a.png=aGk=" },
		{ BRINGS("{\"base64\":\"aGk=\",\"file_name\":\"a\"}"), "slides 9 index.html=h assets/a=aGk=" },
		{ BRINGS("{\"file_name\":\"a\"}"),
		  FAULT(MISSING("base64_content", "{\"file_name\":\"a\"}")) },
		{ BRINGS("{\"file_name\":\"a\",\"base64_content\":\"aGk=\",\"base64\":\"aA==\"}"),
		  FAULT(EXTRA(AT("base64"), "\"aA==\"")) },
		{ BRINGS(ALIAS("a", "")), FAULT("\"type\":\"string_too_short\"," AT("base64")
		  "\"msg\":\"String should have at least 1 character\",\"input\":\"\","
		  "\"ctx\":{\"min_length\":1}") },
		{ BRINGS("{\"file_name\":\"a\",\"base64\":null}"), FAULT("\"type\":\"string_type\","
		  AT("base64") "\"msg\":\"Input should be a valid string\",\"input\":null") },
		{ NULL, NULL },
	});
}

static void a_closed_object_takes_nothing_else(void)
{
	check_rows(api_render, (const struct row[]){
		{ SHOWS(",\"a\":1"), FAULT(EXTRA("\"loc\":[\"body\",\"a\"],", "1")) },
		{ "{\"b\":[],\"html\":\"\",\"a\":null}", "{\"detail\":[{\"type\":\"string_too_short\","
		  "\"loc\":[\"body\",\"html\"],\"msg\":\"String should have at least 1 character\","
		  "\"input\":\"\",\"ctx\":{\"min_length\":1}},{"
		  EXTRA("\"loc\":[\"body\",\"b\"],", "[]") "},{"
		  EXTRA("\"loc\":[\"body\",\"a\"],", "null") "}]}" },
		{ SHOWS(",\"rendering_version\":\"v2\""),
		  FAULT(EXTRA("\"loc\":[\"body\",\"rendering_version\"],", "\"v2\"")) },
		{ BRINGS("{\"file_name\":\"a\",\"base64\":\"aA==\",\"x\":1}"), FAULT(EXTRA(AT("x"), "1")) },
		{ NULL, NULL },
	});
	check_rows(api_latex, (const struct row[]){
		{ "{\"tex\":\"t\",\"engine\":1}", FAULT(EXTRA("\"loc\":[\"body\",\"engine\"],", "1")) },
		{ NULL, NULL },
	});
}

#define TWICE(body, name) FAULT("\"type\":\"value_error\",\"loc\":[\"body\"]," \
	"\"msg\":\"Value error, duplicate input file name: " name "\",\"input\":" body "," \
	"\"ctx\":{\"error\":{}}")
#define TWO_OF(first, second) "\"input_files\":[" ONE(first, "aA==") "," ONE(second, "aA==") "]}"

static void a_rule_may_be_of_the_whole_body(void)
{
	check_rows(api_render, (const struct row[]){
		{ "{\"html\":\"h\"," TWO_OF("a", "A"), "slides 9 index.html=h assets/a=aA== assets/A=aA==" },
		{ "{\"html\":\"h\"," TWO_OF("a", "a"),
		  TWICE("{\"html\":\"h\"," TWO_OF("a", "a"), "a") },
		{ "{\"html\":\"\"," TWO_OF("a", "a"), FAULT("\"type\":\"string_too_short\","
		  "\"loc\":[\"body\",\"html\"],\"msg\":\"String should have at least 1 character\","
		  "\"input\":\"\",\"ctx\":{\"min_length\":1}") },
		{ NULL, NULL },
	});
	check_rows(api_latex, (const struct row[]){
		{ "{\"tex\":\"t\"," TWO_OF("a b", " a b\\t"),
		  TWICE("{\"tex\":\"t\"," TWO_OF("a b", " a b\\t"), "a b") },
		{ NULL, NULL },
	});
}

#define CALLED(name, wrong) { BRINGS(ALIAS(name, "aA==")), FAULT("\"type\":\"value_error\"," \
	AT("file_name") "\"msg\":\"Value error, " wrong "\",\"input\":\"" name "\"," \
	"\"ctx\":{\"error\":{}}") }
#define SEPARATORS "file_name must not contain path separators"
#define LETTERS "file_name may only contain letters, numbers, dots, underscores and hyphens"

static void assets_have_plain_names(void)
{
	check_rows(api_render, (const struct row[]){
		{ BRINGS(ALIAS("A-z_0.9", "aA==")), "slides 9 index.html=h assets/A-z_0.9=aA==" },
		{ BRINGS(ALIAS("...", "aA==")), "slides 9 index.html=h assets/...=aA==" },
		CALLED("a b/c", SEPARATORS), CALLED("a\\\\b", SEPARATORS), CALLED("a b", LETTERS),
		CALLED("a\\n", LETTERS), CALLED("a\\u0000", LETTERS), CALLED("\u00e9", LETTERS),
		CALLED(".", "invalid file_name"), CALLED("..", "invalid file_name"),
		{ NULL, NULL },
	});
}

#define TEX(more) "{\"tex\":\"t\"" more "}"
#define BESIDE(name) TEX(",\"input_files\":[" ALIAS(name, "aA==") "]")
#define LIES(name, wrong) { BESIDE(name), FAULT("\"type\":\"value_error\"," AT("file_name") \
	"\"msg\":\"Value error, " wrong "\",\"input\":\"" name "\",\"ctx\":{\"error\":{}}") }
#define JOB "latex 8 job.json={\"compiler\":\"pdflatex\",\"timeout_ms\":8000," \
	"\"max_output_bytes\":7} tex/main.tex=t"

static void what_lies_beside_a_document_is_called_what_it_likes(void)
{
	check_rows(api_latex, (const struct row[]){
		{ BESIDE(" (a) \u00e9 "), JOB " tex/(a) \u00e9=aA==" },
		LIES(" \\t ", "file_name cannot be empty"),
		LIES("a/b", "file_name must be a same-directory asset name"),
		LIES("a\\\\b", "file_name must be a same-directory asset name"),
		LIES(" . ", "invalid file_name"), LIES("..", "invalid file_name"),
		LIES("a\\u001fb", "file_name must not contain control characters"),
		LIES("a\\u0000b", "file_name must not contain control characters"),
		LIES("main.tex", "file_name main.tex is the document's own"),
		{ NULL, NULL },
	});
}

static void a_document_names_its_compiler(void)
{
	check_rows(api_latex, (const struct row[]){
		{ TEX(""), JOB }, { TEX(",\"compiler\":\"pdflatex\""), JOB },
		{ TEX(",\"compiler\":\"lualatex\""), "latex 8 job.json={\"compiler\":\"lualatex\","
		  "\"timeout_ms\":8000,\"max_output_bytes\":7} tex/main.tex=t" },
		{ TEX(",\"compiler\":\"latex\""), FAULT("\"type\":\"literal_error\","
		  "\"loc\":[\"body\",\"compiler\"],"
		  "\"msg\":\"Input should be 'pdflatex', 'xelatex' or 'lualatex'\",\"input\":\"latex\","
		  "\"ctx\":{\"expected\":\"'pdflatex', 'xelatex' or 'lualatex'\"}") },
		{ "{\"tex\":\"123456789012345678901\"}", FAULT("\"type\":\"string_too_long\","
		  "\"loc\":[\"body\",\"tex\"],\"msg\":\"String should have at most 20 characters\","
		  "\"input\":\"123456789012345678901\",\"ctx\":{\"max_length\":20}") },
		{ NULL, NULL },
	});
}

static void what_comes_along_is_little(void)
{
	check_rows(api_render, (const struct row[]){
		{ "{\"html\":\"1234567890123456789012345678901234567890x\"}", "html is too large (>40 characters)" },
		{ "{\"html\":\"123456789012345678901234567890123456789\u00e9\"}",
		  "slides 9 index.html=123456789012345678901234567890123456789\u00e9" },
		{ BRINGS(ONE("a", "?") "," ONE("b", "aA==") "," ONE("c", "aA==")), "too many input_files (max 2)" },
		{ BRINGS(ONE("a", "aGk")), "input file 'a' has invalid base64 content" },
		{ BRINGS(ONE("a", "data:,aGk=")), "slides 9 index.html=h assets/a=aGk=" },
		{ BRINGS(ONE("a", "data:aGk=")), "input file 'a' has invalid base64 content" },
		{ BRINGS(ONE("a", "MTIzNDU=")), "input file 'a' exceeds max size of 4 bytes" },
		{ BRINGS(ONE("a", "MTIzNA==") "," ONE("b", "MTIz")), "input_files exceed max combined size of 6 bytes" },
		{ NULL, NULL },
	});
	check_rows(api_latex, (const struct row[]){
		{ TEX(",\"input_files\":[" ONE("a", "?") "," ONE("b", "aA==") "," ONE("c", "aA==") "]"),
		  "too many input_files (max 2)" },
		{ TEX(",\"input_files\":[" ONE("a b", "data:,aGk=") "]"), "invalid base64 for a b" },
		{ TEX(",\"input_files\":[" ONE("a", "MTIzNDU=") "]"), "input file a is too large" },
		{ TEX(",\"input_files\":[" ONE("a", "MTIzNA==") "," ONE("b", "MTIz") "]"),
		  "input files exceed total size limit" },
		{ NULL, NULL },
	});
}

static void a_list_of_faults_ends_somewhere(void)
{
	auto_buf body = BUF_INIT(1 << 20);
	size_t n = 0;

	buf_puts(&body, "{\"container_id\":\"c\",\"code\":\"x\",\"pip_packages\":[1");
	for (int i = 0; i < 5000; i++)
		buf_puts(&body, ",1");
	buf_puts(&body, "]}");
	send_json(api_execute, body.data);
	for (const char *at = answer; (at = strstr(at, "string_type")); at++)
		n++;
	CU_ASSERT_EQUAL(n, 100);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a sound body asks for a run", a_sound_body_asks_for_a_run },
		{ "strings are strings", strings_are_strings },
		{ "code is counted in characters", code_is_counted_in_characters },
		{ "a timeout is coerced, then bounded", a_timeout_is_coerced_then_bounded },
		{ "a truth value has many names", a_truth_value_has_many_names },
		{ "file names stay below HOME", file_names_stay_below_home },
		{ "lists tell of each item, then of themselves", lists_tell_of_each_item_then_of_themselves },
		{ "packages are plain, short and few", packages_are_plain_short_and_few },
		{ "all faults are told in the order of the fields", all_faults_are_told_in_the_order_of_the_fields },
		{ "a body may be missing", a_body_may_be_missing },
		{ "a body of another type is one text", a_body_of_another_type_is_one_text },
		{ "broken JSON is told where it breaks", broken_json_is_told_where_it_breaks },
		{ "a member may have another name", a_member_may_have_another_name },
		{ "a closed object takes nothing else", a_closed_object_takes_nothing_else },
		{ "a rule may be of the whole body", a_rule_may_be_of_the_whole_body },
		{ "assets have plain names", assets_have_plain_names },
		{ "what lies beside a document is called what it likes", what_lies_beside_a_document_is_called_what_it_likes },
		{ "a document names its compiler", a_document_names_its_compiler },
		{ "what comes along is little", what_comes_along_is_little },
		{ "a list of faults ends somewhere", a_list_of_faults_ends_somewhere },
		{ NULL, NULL },
	};

	return tap_run("check", tests);
}
