/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json.h"
#include "lib/text.h"
#include "tests/unit/tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

/* Parses a copy of exactly len bytes, so that a sanitizer sees a read behind it. */
struct parsed {
	char *text;
	struct json_doc *doc;
	const struct json *root;
	struct json_fault fault;
};

static struct parsed parse_bytes(const char *text, size_t len)
{
	struct parsed p = { .text = malloc(len ? len : 1) };

	memcpy(p.text, text, len);
	p.doc = json_parse(p.text, len, &p.fault);
	p.root = p.doc ? json_root(p.doc) : NULL;
	return p;
}

static struct parsed parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void drop(struct parsed *p)
{
	json_close(&p->doc);
	free(p->text);
}

#define auto_parsed __attribute__((cleanup(drop))) struct parsed

static bool is_refused(const char *text, size_t len, const char *why, size_t offset)
{
	auto_parsed p = parse_bytes(text, len);

	if (p.doc || strcmp(p.fault.text, why) != 0 || p.fault.offset != offset) {
		printf("# %.60s: %s @ %zu\n", text, p.doc ? "taken" : p.fault.text, p.fault.offset);
		return false;
	}
	return true;
}

static bool is_string(const struct parsed *p, const struct json *node, const char *want, size_t len)
{
	struct slice s = json_string(p->doc, node);

	return json_type(node) == JSON_STRING && s.len == len && memcmp(s.at, want, len + 1) == 0;
}

static bool echoes(const char *text, size_t max, const char *want)
{
	auto_parsed p = parse(text);
	auto_buf b = BUF_INIT(TEXT_MAX);
	struct json_out o = { .to = &b };

	if (!p.doc)
		return false;
	json_put_node(&o, p.doc, p.root, max);
	if (strcmp(b.data, want) != 0)
		printf("# %.60s: %s\n", text, b.data);
	return strcmp(b.data, want) == 0 && b.len <= max;
}

/* The texts and offsets of Python 3.12's json.loads. */
static void faults_have_pythons_words(void)
{
	static const char value[] = "Expecting value",
		name[] = "Expecting property name enclosed in double quotes",
		comma[] = "Expecting ',' delimiter", colon[] = "Expecting ':' delimiter",
		extra[] = "Extra data", open[] = "Unterminated string starting at",
		control[] = "Invalid control character at", escape[] = "Invalid \\escape",
		unicode[] = "Invalid \\uXXXX escape";
	static const struct {
		const char *text, *why;
		size_t offset;
	} cases[] = {
		{ "", value, 0 }, { "   ", value, 3 }, { "{", name, 1 }, { "{bad", name, 1 },
		{ "{\"a\"", colon, 4 }, { "{\"a\":", value, 5 }, { "{\"a\":1", comma, 6 },
		{ "{\"a\":1,}", name, 7 }, { "{\"a\":1} x", extra, 8 }, { "\"abc", open, 0 },
		{ "\"a\nb\"", control, 2 }, { "\"\\x\"", escape, 1 }, { "\"\\u12\"", unicode, 2 },
		{ "01", extra, 1 }, { "1.", extra, 1 }, { "-01", extra, 2 }, { "1e", extra, 1 },
		{ "1e+", extra, 1 }, { ".5", value, 0 }, { "tru", value, 0 }, { "-", value, 0 },
		{ "+1", value, 0 }, { "nul", value, 0 }, { "[1 2]", comma, 3 }, { "[", value, 1 },
		{ "[1,]", value, 3 }, { "[,1]", value, 1 }, { "[1", comma, 2 }, { "{,}", name, 1 },
		{ "{\"a\":1 \"b\":2}", comma, 7 }, { "[\"\xc3\xa9\xe2\x82\xac\" 1]", comma, 6 },
		{ "\xef\xbb\xbf[", value, 1 }, { "\"\\", open, 0 }, { "\"\\u1234", unicode, 2 },
		{ "\"\\u12g4\"", unicode, 2 }, { "NaN", value, 0 }, { "[Infinity]", value, 1 },
		{ "-Infinity", value, 0 }, { "{\"a\":NaN}", value, 5 }, { "{1:2}", name, 1 },
		{ "{\"a\" 1}", colon, 5 }, { "'a'", value, 0 }, { "1 2", extra, 2 }, { "]", value, 0 },
		{ "truex", extra, 4 }, { "0x10", extra, 1 }, { "//", value, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CU_ASSERT(is_refused(cases[i].text, strlen(cases[i].text), cases[i].why, cases[i].offset));
}

static void raw_nul_is_no_end(void)
{
	CU_ASSERT(is_refused("1\0", 2, "Extra data", 1));
	CU_ASSERT(is_refused("\"a\0\"", 4, "Invalid control character at", 2));
	CU_ASSERT(is_refused("\"\\\0\"", 4, "Invalid \\escape", 1));
}

static void ill_formed_utf8_is_refused(void)
{
	static const char *const bad[] = {
		"\"\xff\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"", "\"\x80\"", "\"\xe2\x82",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT(is_refused(bad[i], strlen(bad[i]), "Invalid UTF-8", 1));
}

static void lone_surrogates_are_refused(void)
{
	static const char *const bad[] = {
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"",
		"\"\\ud800\\n12345\"", "\"\\uDBFF\\uE000\"",
	};
	auto_parsed p = parse("\"\\ud83d\\uDE00\"");

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT(is_refused(bad[i], strlen(bad[i]), "Lone surrogate escape", 1));
	CU_ASSERT(is_string(&p, p.root, "\xf0\x9f\x98\x80", 4));
}

static void duplicate_keys_are_refused(void)
{
	static const char escaped[] = "{\"ab\":1,\"x\":2,\"\\u0061\\u0062\":3}";
	auto_parsed p = parse("[{\"a\":{\"a\":1}},{\"a\":1,\"A\":2,\"\":3}]");

	CU_ASSERT(is_refused("{\"a\":1,\"a\":2}", 13, "Duplicate key", 7));
	CU_ASSERT(is_refused(escaped, sizeof escaped - 1, "Duplicate key", 14));
	CU_ASSERT_PTR_NOT_NULL(p.doc);
}

static void a_name_cannot_be_cut_by_nul(void)
{
	CU_ASSERT(is_refused("{\"code\\u0000x\":1}", 17, "Invalid control character at", 1));
}

static void depth_has_a_ceiling(void)
{
	auto_buf b = BUF_INIT(TEXT_MAX);

	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_puts(&b, i % 2 ? "{\"a\":" : "[");
	CU_ASSERT(is_refused(b.data, b.len, "Expecting value", b.len));
	buf_putc(&b, '[');
	CU_ASSERT(is_refused(b.data, b.len, "Maximum nesting depth exceeded", b.len - 1));
}

static void values_have_a_ceiling(void)
{
	auto_buf b = BUF_INIT(TEXT_MAX);

	buf_puts(&b, "[1");
	for (int i = 2; i < JSON_NODES_MAX; i++)
		buf_puts(&b, ",1");
	buf_putc(&b, ']');

	auto_parsed p = parse_bytes(b.data, b.len);

	CU_ASSERT_EQUAL(json_count(p.root), JSON_NODES_MAX - 1);
	b.len--;
	buf_puts(&b, ",1]");
	CU_ASSERT(is_refused(b.data, b.len, "Too many values", b.len - 2));
}

static void keys_have_a_ceiling(void)
{
	auto_buf b = BUF_INIT(TEXT_MAX);

	for (int i = 0; i < JSON_KEYS_MAX; i++)
		buf_printf(&b, "%s\"k%02d\":1", i ? "," : "{", i);
	buf_putc(&b, '}');

	auto_parsed p = parse_bytes(b.data, b.len);

	CU_ASSERT_EQUAL(json_count(p.root), JSON_KEYS_MAX);
	b.len--;
	buf_puts(&b, ",\"\":1}");
	CU_ASSERT(is_refused(b.data, b.len, "Too many keys", b.len - 5));
}

/* Docker's inspect has more keys in one object than we take of a client. */
static void a_peer_may_have_more_of_both(void)
{
	auto_buf b = BUF_INIT(TEXT_MAX);
	struct json_fault fault;

	for (int i = 0; i < 2 * JSON_KEYS_MAX; i++)
		buf_printf(&b, "%s\"k%d\":1", i ? "," : "{", i);
	buf_puts(&b, ",\"list\":[1");
	for (int i = 0; i < JSON_NODES_MAX; i++)
		buf_puts(&b, ",1");
	buf_puts(&b, "]}");

	auto_json doc = json_parse_peer(b.data, b.len, &fault);

	CU_ASSERT_FATAL(doc != NULL);
	CU_ASSERT_EQUAL(json_count(json_root(doc)), 2 * JSON_KEYS_MAX + 1);
	CU_ASSERT_EQUAL(json_count(json_member(json_root(doc), "list")), JSON_NODES_MAX + 1);
}

static void long_names_and_numbers_are_refused(void)
{
	auto_buf b = BUF_INIT(TEXT_MAX);

	buf_printf(&b, "{\"%0*d\":1}", JSON_KEY_MAX + 1, 1);
	CU_ASSERT(is_refused(b.data, b.len, "Key too long", 1));
	buf_reset(&b);
	buf_printf(&b, "[1%0*d]", JSON_NUMBER_MAX, 1);
	CU_ASSERT(is_refused(b.data, b.len, "Number too long", 1));
}

static void members_are_found_by_exact_name(void)
{
	auto_parsed p = parse(" { \"Code\" : 1, \"c\\u006fde\" : [ true, null, { } ], \"z\":\"\" } ");
	const struct json *code = json_member(p.root, "code");

	CU_ASSERT_EQUAL(json_type(p.root), JSON_OBJECT);
	CU_ASSERT_EQUAL(json_count(p.root), 3);
	CU_ASSERT_PTR_EQUAL(json_next(json_first(p.root)), code);
	CU_ASSERT_STRING_EQUAL(json_name(code), "code");
	CU_ASSERT_EQUAL(json_type(code), JSON_ARRAY);
	CU_ASSERT_EQUAL(json_type(json_item(code, 0)), JSON_BOOL);
	CU_ASSERT(json_true(json_item(code, 0)));
	CU_ASSERT_EQUAL(json_type(json_item(code, 1)), JSON_NULL);
	CU_ASSERT_EQUAL(json_type(json_item(code, 2)), JSON_OBJECT);
	CU_ASSERT_PTR_NULL(json_item(code, 3));
	CU_ASSERT(is_string(&p, json_member(p.root, "z"), "", 0));
	CU_ASSERT_PTR_NULL(json_member(p.root, "CODE"));
	CU_ASSERT_PTR_NULL(json_member(NULL, "code"));
	CU_ASSERT_PTR_NULL(json_member(code, "code"));
}

static void strings_keep_every_byte(void)
{
	auto_parsed p = parse("[\"a\\u0000b\", \"$5 5\", \"#1\", \"\\\"\\\\\\/\\b\\f\\n\\r\\t\","
	                      "\"\\u00e9\\u20AC\xc3\xa9\", \"\\u0001\", \"\\\\u0000\"]");

	CU_ASSERT(is_string(&p, json_item(p.root, 0), "a\0b", 3));
	CU_ASSERT(is_string(&p, json_item(p.root, 1), "$5 5", 4));
	CU_ASSERT(is_string(&p, json_item(p.root, 2), "#1", 2));
	CU_ASSERT(is_string(&p, json_item(p.root, 3), "\"\\/\b\f\n\r\t", 8));
	CU_ASSERT(is_string(&p, json_item(p.root, 4), "\xc3\xa9\xe2\x82\xac\xc3\xa9", 7));
	CU_ASSERT(is_string(&p, json_item(p.root, 5), "\1", 1));
	CU_ASSERT(is_string(&p, json_item(p.root, 6), "\\u0000", 6));
}

static void a_bom_is_skipped(void)
{
	auto_parsed p = parse("\xef\xbb\xbf\"x\"");

	CU_ASSERT(is_string(&p, p.root, "x", 1));
}

static void long_base64_with_escaped_slashes_works(void)
{
	auto_buf b = BUF_INIT(TEXT_MAX);

	buf_puts(&b, "{\"content\":\"");
	for (int i = 0; i < 100000; i++)
		buf_puts(&b, "Zm9v\\/");
	buf_puts(&b, "\"}");

	auto_parsed p = parse_bytes(b.data, b.len);
	struct slice s = json_string(p.doc, json_member(p.root, "content"));

	CU_ASSERT_EQUAL(s.len, 500000);
	CU_ASSERT_EQUAL(memcmp(s.at + s.len - 10, "Zm9v/Zm9v/", 11), 0);
}

static void integers_are_told_from_fractions(void)
{
	auto_parsed p = parse("[30, 30.0, 1e1, -0, 999999999999999, 9223372036854775807,"
	                      "99999999999999999999, 1e400, -1e400, true]");
	int64_t n = 0;

	CU_ASSERT(json_integer(json_item(p.root, 0), &n) && n == 30);
	CU_ASSERT_FALSE(json_integer(json_item(p.root, 1), &n));
	CU_ASSERT(json_double(json_item(p.root, 1)) == 30);
	CU_ASSERT_FALSE(json_integer(json_item(p.root, 2), &n));
	CU_ASSERT(json_double(json_item(p.root, 2)) == 10);
	CU_ASSERT(json_integer(json_item(p.root, 3), &n) && n == 0);
	CU_ASSERT(json_integer(json_item(p.root, 4), &n) && n == 999999999999999);
	CU_ASSERT(json_integer(json_item(p.root, 5), &n) && n == INT64_MAX);
	CU_ASSERT_FALSE(json_integer(json_item(p.root, 6), &n));
	CU_ASSERT(json_double(json_item(p.root, 6)) == 1e20);
	CU_ASSERT(json_double(json_item(p.root, 7)) == (double)INFINITY);
	CU_ASSERT(json_double(json_item(p.root, 8)) == -(double)INFINITY);
	for (size_t i = 0; i < 9; i++)
		CU_ASSERT_EQUAL(json_type(json_item(p.root, i)), JSON_NUMBER);
	CU_ASSERT_FALSE(json_integer(json_item(p.root, 9), &n));
	CU_ASSERT(json_double(json_item(p.root, 9)) == 0);
}

static void nodes_echo_like_python(void)
{
	static const char *const pairs[][2] = {
		{ "30", "30" }, { "30.5", "30.5" }, { "30.0", "30.0" }, { "30.50", "30.5" },
		{ "1e1", "10.0" }, { "-0", "0" }, { "-0.0", "-0.0" }, { "1e16", "1e+16" },
		{ "123456789012345678", "123456789012345678" }, { "1e15", "1000000000000000.0" },
		{ "99999999999999999999", "99999999999999999999" }, { "0.0001", "0.0001" },
		{ "0.00001", "1e-05" }, { "0.1", "0.1" }, { "1.5E-7", "1.5e-07" }, { "1e400", "1e400" },
		{ "5e-324", "5e-324" }, { "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "9007199254740993.0", "9007199254740992.0" }, { "0.30000000000000004", "0.30000000000000004" },
		{ "\"a\\u00e9\\/\\u0000\"", "\"a\xc3\xa9/\\u0000\"" },
		{ " { \"a\" : [ 1 , { } , [ ] , null , true ] , \"b\\\"\" : \"x\" } ",
		  "{\"a\":[1,{},[],null,true],\"b\\\"\":\"x\"}" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		CU_ASSERT(echoes(pairs[i][0], 1024, pairs[i][1]));
}

static void an_echo_is_cut(void)
{
	CU_ASSERT(echoes("\"0123456789\"", 12, "\"0123456789\""));
	CU_ASSERT(echoes("\"0123456789\"", 11, "\"012345...\""));
	CU_ASSERT(echoes("\"\\n\\n\\n\\n\\n\\n\"", 10, "\"\\n\\n...\""));
	CU_ASSERT(echoes("\"\xc3\xa9\xc3\xa9\xc3\xa9\"", 7, "\"\xc3\xa9...\""));
	CU_ASSERT(echoes("\"\xc3\xa9\xc3\xa9\xc3\xa9\"", 6, "\"...\""));
	CU_ASSERT(echoes("\"012345678901\"", 5, "\"...\""));
	CU_ASSERT(echoes("\"0123456789\"", 4, "null"));
	CU_ASSERT(echoes("[1,2,3]", 7, "[1,2,3]"));
	CU_ASSERT(echoes("[1,2,3]", 6, "null"));
	CU_ASSERT(echoes("{\"a\":\"0123456789\"}", 17, "null"));
	CU_ASSERT(echoes("[\"a\",1.25]", SIZE_MAX, "[\"a\",1.25]"));
}

static void the_writer_sets_commas(void)
{
	auto_buf b = BUF_INIT(1000);
	struct json_out o = { .to = &b };

	json_begin(&o, '{');
	json_key(&o, "a\n");
	json_begin(&o, '[');
	json_put_int(&o, INT64_MIN);
	json_put_bool(&o, false);
	json_put_str(&o, NULL);
	json_begin(&o, '{');
	json_end(&o, '}');
	json_end(&o, ']');
	json_key(&o, "b");
	json_put_base64(&o, "fo", 2);
	json_key(&o, "c");
	json_put_node(&o, NULL, NULL, 10);
	json_end(&o, '}');
	CU_ASSERT_STRING_EQUAL(b.data,
		"{\"a\\n\":[-9223372036854775808,false,null,{}],\"b\":\"Zm8=\",\"c\":null}");
}

static void texts_are_escaped_and_made_utf8(void)
{
	auto_buf b = BUF_INIT(1000);
	struct json_out o = { .to = &b };

	json_put_text(&o, (struct slice){ "\0\x1f\"\\\b\f\n\r\t\x7f/\xc3\xa9", 13 });
	json_put_text(&o, (struct slice){ "a\xff" "b\xe2\x82", 5 });
	json_put_text(&o, (struct slice){ "\xe2\x82\xf0\x9f\x98\x80\xed\xa0\x80", 9 });
	CU_ASSERT_STRING_EQUAL(b.data, "\"\\u0000\\u001f\\\"\\\\\\b\\f\\n\\r\\t\x7f/\xc3\xa9\","
		"\"a\xef\xbf\xbd" "b\xef\xbf\xbd\","
		"\"\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void fixed_numbers_are_trimmed(void)
{
	auto_buf b = BUF_INIT(1000);
	struct json_out o = { .to = &b };

	json_begin(&o, '[');
	json_put_fixed(&o, 2, 4);
	json_put_fixed(&o, 0.0312, 4);
	json_put_fixed(&o, 0.25, 1);
	json_put_fixed(&o, 100, 0);
	json_put_fixed(&o, 0.00001, 4);
	json_put_fixed(&o, (double)NAN, 4);
	json_end(&o, ']');
	CU_ASSERT_STRING_EQUAL(b.data, "[2.0,0.0312,0.2,100.0,0.0,null]");
}

/* Any bytes as a string, written and read again in any surroundings: the same bytes. */
static void strings_survive_both_ways(void)
{
	static const char alphabet[] = "ab\"\\/\n\t\1$#\xc3\xa9";

	srandom(4);
	for (int round = 0; round < 3000; round++) {
		auto_buf b = BUF_INIT(TEXT_MAX);
		struct json_out o = { .to = &b };
		char s[200];
		size_t len = (size_t)random() % (sizeof s - 1), n = 0;

		while (n < len) {
			size_t pick = (size_t)random() % (sizeof alphabet - 2);

			s[n++] = pick == 0 ? '\0' : alphabet[pick];
			if (s[n - 1] == '\xc3')
				s[n++] = '\xa9';
		}
		json_begin(&o, '[');
		json_put_int(&o, round);
		json_put_text(&o, (struct slice){ s, n });
		json_put_text(&o, (struct slice){ s, n });
		json_end(&o, ']');

		auto_parsed p = parse_bytes(b.data, b.len);

		for (size_t i = 1; i <= 2; i++) {
			struct slice got = json_string(p.doc, json_item(p.root, i));

			CU_ASSERT(got.len == n && memcmp(got.at, s, n) == 0);
		}
	}
}

/* A text cut anywhere is refused, and nothing behind it is read. */
static void every_beginning_is_refused(void)
{
	static const char text[] = "{\"a\":[1.5e3,true,false,null,\"\\ud83d\\ude00\xe2\x82\xac\\n\"],"
	                           "\"b\":{\"c\":-0.25}}";

	for (size_t len = 0; len < sizeof text - 1; len++) {
		auto_parsed p = parse_bytes(text, len);

		CU_ASSERT_PTR_NULL(p.doc);
	}
	auto_parsed whole = parse(text);

	CU_ASSERT_PTR_NOT_NULL(whole.doc);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "faults have Python's words", faults_have_pythons_words },
		{ "a raw NUL is no end", raw_nul_is_no_end },
		{ "ill-formed UTF-8 is refused", ill_formed_utf8_is_refused },
		{ "lone surrogates are refused", lone_surrogates_are_refused },
		{ "duplicate keys are refused", duplicate_keys_are_refused },
		{ "a name cannot be cut by NUL", a_name_cannot_be_cut_by_nul },
		{ "depth has a ceiling", depth_has_a_ceiling },
		{ "values have a ceiling", values_have_a_ceiling },
		{ "keys have a ceiling", keys_have_a_ceiling },
		{ "a peer may have more of both", a_peer_may_have_more_of_both },
		{ "long names and numbers are refused", long_names_and_numbers_are_refused },
		{ "members are found by exact name", members_are_found_by_exact_name },
		{ "strings keep every byte", strings_keep_every_byte },
		{ "a BOM is skipped", a_bom_is_skipped },
		{ "long base64 with escaped slashes works", long_base64_with_escaped_slashes_works },
		{ "integers are told from fractions", integers_are_told_from_fractions },
		{ "nodes echo like Python", nodes_echo_like_python },
		{ "an echo is cut", an_echo_is_cut },
		{ "the writer sets commas", the_writer_sets_commas },
		{ "texts are escaped and made UTF-8", texts_are_escaped_and_made_utf8 },
		{ "fixed numbers are trimmed", fixed_numbers_are_trimmed },
		{ "strings survive both ways", strings_survive_both_ways },
		{ "every beginning is refused", every_beginning_is_refused },
		{ NULL, NULL },
	};

	return tap_run("json", tests);
}
