/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/shared.h"

#include <stdlib.h>
#include <sys/mman.h>

void *shared_map(size_t size)
{
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		abort();
	return page;
}
