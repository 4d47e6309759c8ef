/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/requirement.h"
#include "tests/unit/tap.h"

#include <stdio.h>
#include <string.h>

static bool plain(const char *text)
{
	return requirement_is_plain((struct slice){ text, strlen(text) });
}

static void all_are(bool expected, const char *const *texts)
{
	for (; *texts; texts++) {
		if (plain(*texts) != expected)
			printf("# \"%s\" is %s\n", *texts, expected ? "refused" : "accepted");
		CU_ASSERT_EQUAL(plain(*texts), expected);
	}
}

static void names_extras_and_versions_are_plain(void)
{
	all_are(true, (const char *const[]){
		"numpy", "1a", "a", "A.B_c-d", "zope.interface", "ruamel.yaml.clib",
		"numpy==1.26.4", "a>=1,<2", "a~=1.0", "a!=1", "a==1.*", "a<1", "a>1", "a<=1",
		"a===1.0", "a===2.0.dev1+deadbeef", "torch==2.2.0+cu121", "a==1!2.0", "a>=1.0rc1",
		"a==1.0-1", "a==1.0.post1", "a>=1,!=1.5,<2",
		"requests[security]>=2.0", "a[b]", "a[b,c]", "a[b,c]==1,<2", "a[]", "a[b.c_d-e]",
		NULL,
	});
}

static void what_leads_elsewhere_is_not(void)
{
	all_are(false, (const char *const[]){
		"-r", "--pre", "-e.", "a,--pre", "a,-r.req", "-a==1", "a -r x", "a --pre",
		"a@http://x/y.whl", "a@file:///x", "http://x/a.whl", "git+https://x/a", "./a", "/a", "a/b", "a\\b",
		"a;python_version>'3'", "a;b", "a==1;python", "a>1;<2", "a==1 ; b", "a[b]@c", "a#b",
		"a$(b)", "a`b`", "a'b", "a\"b", "a|b", "a&b", "a%20b", "a\nb", "a\n", "a\tb", "a b",
		NULL,
	});
}

static void halves_are_not(void)
{
	all_are(false, (const char *const[]){
		"", ".", "-", "_a", "a-", "a.", "a_", ".a", "[a]", "a[", "a]", "a[b", "a[b,", "a[b,]", "a[,b]",
		"a[b][c]", "a[[b]]", "a[-b]", "a[b c]", "a,b", "a,", "a==", "a>=1,", "a>=1,,<2", "a=1", "a==1,b",
		"a!1", "a~1", "a====", "a==1==2", "a>=<1", "==1", "a(>=1)", "a*", "a>1[b]",
		NULL,
	});
}

static void only_ascii_is_plain(void)
{
	all_are(false, (const char *const[]){
		"\xc3\xa9tude", "a\xc3\xa9", "a==1\xc3\xa9", "a[\xc3\xa9]", "\xef\xbc\x8dr", "a\xff", "a\x7f", NULL,
	});
	CU_ASSERT_FALSE(requirement_is_plain((struct slice){ "a\0b", 3 }));
	CU_ASSERT_FALSE(requirement_is_plain((struct slice){ "a\0", 2 }));
	CU_ASSERT_FALSE(requirement_is_plain((struct slice){ "a==1\0", 5 }));
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "names, extras and versions are plain", names_extras_and_versions_are_plain },
		{ "what leads elsewhere is not", what_leads_elsewhere_is_not },
		{ "halves are not", halves_are_not },
		{ "only ASCII is plain", only_ascii_is_plain },
		{ NULL, NULL },
	};

	return tap_run("requirement", tests);
}
