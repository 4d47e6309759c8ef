/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are no setting's, but were meant to be: a setting that is misspelt is not heard. */
#ifndef POLICY_STRAY_H
#define POLICY_STRAY_H

#include "lib/buf.h"

#include <stdbool.h>

/* Steps from a to b: a letter more, less or other, or two swapped; case counts for nothing. */
unsigned stray_distance(const char *a, const char *b);

/*
 * A line on name, which `where` holds, and on the nearest name we know; nothing when it is known,
 * or, in a place that is not `ours` alone, looks like none of ours.
 */
void stray_print(const char *name, const char *where, bool ours, struct buf *out);

#endif
