/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/text.h"
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

static bool decodes_to(const char *text, const char *want)
{
	struct slice s = text_slice(text);
	char out[64];
	size_t size;

	return base64_size(s, &size) && size == strlen(want) &&
	       base64_next(&s, out, sizeof out) == size && memcmp(out, want, size) == 0;
}

static void known_texts_decode(void)
{
	CU_ASSERT(decodes_to("Zg==", "f"));
	CU_ASSERT(decodes_to("Zm8=", "fo"));
	CU_ASSERT(decodes_to("Zm9v", "foo"));
	CU_ASSERT(decodes_to("Zm9vYg==", "foob"));
	CU_ASSERT(decodes_to("+/+/", "\xfb\xff\xbf"));
}

static void left_over_bits_may_be_anything(void)
{
	CU_ASSERT(decodes_to("aGl=", "hi"));
	CU_ASSERT(decodes_to("Zh==", "f"));
}

static void anything_else_is_refused(void)
{
	static const char *const bad[] = {
		"Z", "Zg", "Zm8", "Zg=", "Zg===", "=", "==", "===", "====", "Z===", "Zg==Zg==", "Zm9v\n",
		"Zm 9", " Zm9v", "Zm-_", "Zm9v=", "Z=g=", "Zm9\xc3\xa9", "data:,Zm9v",
	};
	size_t size;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CU_ASSERT_FALSE(base64_size(text_slice(bad[i]), &size));
	for (unsigned c = 0; c < 256; c++) {
		char text[4] = { 'A', (char)c, 'A', 'A' };
		bool digit = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		                         "0123456789+/", (int)c);

		CU_ASSERT_EQUAL(base64_size((struct slice){ text, 4 }, &size), digit);
	}
}

static void nothing_is_well_formed(void)
{
	struct slice s = { NULL, 0 };
	char out[3];
	size_t size = 7;

	CU_ASSERT(base64_size(s, &size));
	CU_ASSERT_EQUAL(size, 0);
	CU_ASSERT_EQUAL(base64_next(&s, out, sizeof out), 0);
}

/* Encode any bytes, decode them in pieces of any size: the same bytes. */
static void bytes_survive_both_ways_in_any_pieces(void)
{
	srandom(3);
	for (int round = 0; round < 2000; round++) {
		auto_buf text = BUF_INIT(4096);
		char in[1000], out[1000 + 3];
		size_t len = (size_t)random() % sizeof in, room = 3 + (size_t)random() % 50;
		size_t size = 0, got = 0, n;

		for (size_t i = 0; i < len; i++)
			in[i] = (char)random();
		CU_ASSERT(base64_encode(&text, in, len));

		struct slice s = buf_slice(&text);

		CU_ASSERT(base64_size(s, &size));
		CU_ASSERT_EQUAL(size, len);
		while ((n = base64_next(&s, out + got, room < len - got + 3 ? room : 3)) > 0)
			got += n;
		CU_ASSERT_EQUAL(got, len);
		CU_ASSERT_EQUAL(memcmp(in, out, len), 0);
	}
}

static void encoding_respects_the_ceiling(void)
{
	auto_buf b = BUF_INIT(7);

	CU_ASSERT_FALSE(base64_encode(&b, "abcd", 4));
	CU_ASSERT_EQUAL(b.len, 0);
	buf_reset(&b);
	CU_ASSERT(base64_encode(&b, "ab", 2));
	CU_ASSERT_STRING_EQUAL(b.data, "YWI=");
	CU_ASSERT_FALSE(base64_encode(&b, b.data, SIZE_MAX));
}

static bool url_gives(const char *text, const char *bytes)
{
	char out[64];
	size_t len = 99;
	struct slice s = { text, strlen(text) };

	return base64_url_decode(s, out, &len) && len == strlen(bytes) && memcmp(out, bytes, len) == 0;
}

static bool url_refuses(const char *text)
{
	char out[64];
	size_t len = 99;

	return !base64_url_decode((struct slice){ text, strlen(text) }, out, &len) && len == 99;
}

static void the_alphabet_of_urls_decodes_without_padding(void)
{
	CU_ASSERT(url_gives("", ""));
	CU_ASSERT(url_gives("Zg", "f"));
	CU_ASSERT(url_gives("Zm8", "fo"));
	CU_ASSERT(url_gives("Zm9v", "foo"));
	CU_ASSERT(url_gives("Zm9vYmFy", "foobar"));
	CU_ASSERT(url_gives("-__-", "\xfb\xff\xfe"));
}

/* Two texts for the same bytes would be two tokens for the same claims. */
static void the_alphabet_of_urls_has_one_text_for_the_same_bytes(void)
{
	CU_ASSERT(url_refuses("Zh"));
	CU_ASSERT(url_refuses("Zm9"));
	CU_ASSERT(url_refuses("Zg=="));
	CU_ASSERT(url_refuses("Zm8="));
	CU_ASSERT(url_refuses("Z"));
	CU_ASSERT(url_refuses("Zm9vY"));
	CU_ASSERT(url_refuses("+//+"));
	CU_ASSERT(url_refuses("Zm 9v"));
	CU_ASSERT(url_refuses("Zm9v\n"));
	CU_ASSERT(url_refuses("Zm9\xc3"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "known texts decode", known_texts_decode },
		{ "left-over bits may be anything", left_over_bits_may_be_anything },
		{ "anything else is refused", anything_else_is_refused },
		{ "nothing is well-formed", nothing_is_well_formed },
		{ "bytes survive both ways in any pieces", bytes_survive_both_ways_in_any_pieces },
		{ "encoding respects the ceiling", encoding_respects_the_ceiling },
		{ "the alphabet of URLs decodes without padding", the_alphabet_of_urls_decodes_without_padding },
		{ "the alphabet of URLs has one text for the same bytes",
		  the_alphabet_of_urls_has_one_text_for_the_same_bytes },
		{ NULL, NULL },
	};

	return tap_run("base64", tests);
}
