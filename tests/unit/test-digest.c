/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest.h"
#include "lib/text.h"
#include "tests/unit/tap.h"

static void parts_hash_like_their_sum(void)
{
	struct slice parts[] = { text_slice("a"), text_slice(""), text_slice("bc") };
	char hex[DIGEST_HEX];

	digest_hex(hex, parts, 3);
	CU_ASSERT_STRING_EQUAL(hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_hex(hex, NULL, 0);
	CU_ASSERT_STRING_EQUAL(hex,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void scripts_are_named_by_sha1(void)
{
	char hex[41];

	digest_sha1_hex(hex, text_slice("return 1"));
	CU_ASSERT_STRING_EQUAL(hex, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

static void equal_means_every_byte(void)
{
	CU_ASSERT(digest_equal(text_slice("secret"), text_slice("secret")));
	CU_ASSERT(digest_equal(text_slice(""), (struct slice){ NULL, 0 }));
	CU_ASSERT_FALSE(digest_equal(text_slice("secret"), text_slice("secres")));
	CU_ASSERT_FALSE(digest_equal(text_slice("secret"), text_slice("secre")));
	CU_ASSERT_FALSE(digest_equal((struct slice){ "a\0b", 3 }, (struct slice){ "a\0c", 3 }));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "parts hash like their sum", parts_hash_like_their_sum },
		{ "scripts are named by SHA-1", scripts_are_named_by_sha1 },
		{ "equal means every byte", equal_means_every_byte },
		{ NULL, NULL },
	};

	return tap_run("digest", tests);
}
