/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's file of settings that sessions with inject_sandbox_env find at home: brought anew
 * for every execution, so that what user code did to it is undone (contract 4.6).
 */
#ifndef POLICY_ENVFILE_H
#define POLICY_ENVFILE_H

#include "fcgi-app/policy/execute.h"

/* INVALID, in the contract's words: the gateway does not do that, or there is no such file. */
bool envfile_check(const struct config *c, struct arena *arena, struct error *err);
/* It and the execution's own files behind it, to *files.  Why that cannot be, or NULL. */
const char *envfile_put_first(const struct config *c, struct arena *arena,
                              const struct execution *what, const struct input_file **files);
/* True: it is the env file that a sandbox could not write, for that reason. */
bool envfile_is_named(const struct config *c, struct slice reason);

#endif
