/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/id.h"
#include "tests/unit/tap.h"

#include <string.h>

static void a_uuid_is_version_4(void)
{
	char a[ID_UUID], b[ID_UUID];

	id_uuid(a);
	id_uuid(b);
	CU_ASSERT_EQUAL(strlen(a), 36);
	CU_ASSERT_EQUAL(strspn(a, "0123456789abcdef-"), 36);
	CU_ASSERT(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
	CU_ASSERT_EQUAL(a[14], '4');
	CU_ASSERT_PTR_NOT_NULL(strchr("89ab", a[19]));
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
}

static void a_short_one_is_its_beginning(void)
{
	char s[ID_SHORT];

	id_short(s);
	CU_ASSERT_EQUAL(strlen(s), 12);
	CU_ASSERT_EQUAL(s[8], '-');
}

static void a_token_is_32_digits(void)
{
	char a[ID_TOKEN], b[ID_TOKEN];

	id_token(a);
	id_token(b);
	CU_ASSERT_EQUAL(strspn(a, "0123456789abcdef"), 32);
	CU_ASSERT_EQUAL(a[32], '\0');
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
}

static void hex_is_lower_case(void)
{
	char out[7];

	id_hex(out, (const uint8_t[]){ 0x00, 0xaf, 0x5f }, 3);
	CU_ASSERT_STRING_EQUAL(out, "00af5f");
}

static void a_container_id_is_64_digits(void)
{
	char s[66];

	memset(s, 'a', sizeof s);
	s[65] = '\0';
	CU_ASSERT_FALSE(id_is_container(s));
	s[64] = '\0';
	CU_ASSERT(id_is_container(s));
	s[63] = 'A';
	CU_ASSERT_FALSE(id_is_container(s));
	s[63] = '\0';
	CU_ASSERT_FALSE(id_is_container(s));
	CU_ASSERT_FALSE(id_is_container("../../images/json"));
}

static void a_request_id_is_plain_and_short(void)
{
	char s[130];

	memset(s, 'x', sizeof s);
	s[128] = '\0';
	CU_ASSERT(id_is_request(s));
	s[128] = 'x';
	s[129] = '\0';
	CU_ASSERT_FALSE(id_is_request(s));
	CU_ASSERT(id_is_request("Az09._-"));
	CU_ASSERT_FALSE(id_is_request(""));
	CU_ASSERT_FALSE(id_is_request("a b"));
	CU_ASSERT_FALSE(id_is_request("a\r\n"));
	CU_ASSERT_FALSE(id_is_request("\xc3\xa9"));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "a UUID is version 4", a_uuid_is_version_4 },
		{ "a short one is its beginning", a_short_one_is_its_beginning },
		{ "a token is 32 digits", a_token_is_32_digits },
		{ "hex is lower case", hex_is_lower_case },
		{ "a container id is 64 digits", a_container_id_is_64_digits },
		{ "a request id is plain and short", a_request_id_is_plain_and_short },
		{ NULL, NULL },
	};

	return tap_run("id", tests);
}
