/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of policy: notes what it is asked for, and does nothing. */
#ifndef TESTS_UNIT_ASKED_H
#define TESTS_UNIT_ASKED_H

#include "fcgi-app/policy/execute.h"

enum { ASKED_MAX = 400 };

/* "container python bytes-of-code timeout name=base64...", or "network=0". */
extern char asked[ASKED_MAX];
extern struct execution asked_run;         /* the last; as long as its request */

#endif
