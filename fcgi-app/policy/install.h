/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Python run wants installed before it (contract 5.11): pip as one more turn under the
 * run's lease, with a deadline of its own, confined as user code is.  A failure stops nothing.
 */
#ifndef POLICY_INSTALL_H
#define POLICY_INSTALL_H

#include "fcgi-app/policy/exchange.h"

/*
 * Installs, and brings the files of `next`, the turn to follow, which are sent then.  What came of
 * it is in *out.  True in *over: the run has ended in this turn, with out->exit; there is no next.
 */
bool install_run(struct exchange *x, const struct execution *what, struct turn *next,
                 struct result *out, bool *over, struct error *err);
/* Tells of a failure in front of what the run itself said. */
void install_tell(struct result *out);

#endif
