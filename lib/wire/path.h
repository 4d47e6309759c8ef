/* SPDX-License-Identifier: Apache-2.0 */
/* May this name be created below a directory?  Asked by both ends; the sandbox's answer counts. */
#ifndef LIB_WIRE_PATH_H
#define LIB_WIRE_PATH_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_DEPTH_MAX = 32, PATH_COMPONENT_MAX = 255 };

/*
 * True for a relative name of 1 to PATH_DEPTH_MAX components, each 1 to PATH_COMPONENT_MAX bytes,
 * none of them "." or "..", without control characters (below 32, 127) and backslashes.
 */
bool path_is_safe(const char *name, size_t len);

#endif
