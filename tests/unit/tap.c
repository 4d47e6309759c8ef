/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tap.h"

#include <CUnit/TestRun.h>
#include <stdio.h>

static int number;

static void print_result(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failed)
{
	printf("%sok %d - %s: %s\n", failed ? "not " : "", ++number, suite->pName, test->pName);
	for (CU_pFailureRecord f = failed; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
	fflush(stdout);
}

int tap_run(const char *suite, const struct tap_test *tests)
{
	int planned = 0;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 99;

	CU_pSuite s = CU_add_suite(suite, NULL, NULL);

	for (; s && tests[planned].name; planned++)
		if (!CU_add_test(s, tests[planned].name, tests[planned].run))
			return 99;
	printf("1..%d\n", planned);
	fflush(stdout);
	CU_set_test_complete_handler(print_result);
	CU_run_all_tests();

	unsigned failures = CU_get_number_of_failures();

	CU_cleanup_registry();
	return failures > 0;
}
