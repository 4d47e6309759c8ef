/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that a process and those it forks have in common. */
#ifndef LIB_SHARED_H
#define LIB_SHARED_H

#include <stddef.h>

/* Zeroed, for as long as there are processes.  Aborts when there is none. */
void *shared_map(size_t size);

#endif
