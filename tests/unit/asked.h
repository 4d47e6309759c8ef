/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of policy: notes what it is asked for, and does nothing. */
#ifndef TESTS_UNIT_ASKED_H
#define TESTS_UNIT_ASKED_H

#include "fcgi-app/policy/execute.h"

enum { ASKED_MAX = 400 };

/*
 * "container python bytes-of-code timeout name=base64...", or "network=0", or "slides 180
 * index.html=... assets/name=base64...", or "latex 120 job.json=... tex/main.tex=...".
 */
extern char asked[ASKED_MAX];
extern struct execution asked_run;         /* the last; as long as its request */

/* What a rendering is to come to; NULL: to nothing, for it was only asked for. */
struct asked_rendering {
	struct run_exit exit;
	const char *says, *complains;      /* on stdout, on stderr; NULL = nothing */
	struct { const char *name, *bytes, *error; } files[6];     /* no bytes: only the error came */
	enum err_kind lost;                /* not 0: it has no end but this, with that text: */
	const char *how;
};

extern const struct asked_rendering *asked_rendering;

#endif
