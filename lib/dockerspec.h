/* SPDX-License-Identifier: Apache-2.0 */
/* A create body from a struct docker_spec: the one place that spells HostConfig. */
#ifndef LIB_DOCKERSPEC_H
#define LIB_DOCKERSPEC_H

#include "lib/buf.h"
#include "lib/docker.h"

void dockerspec_print(const struct docker_spec *spec, struct buf *to);

#endif
