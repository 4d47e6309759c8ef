/* SPDX-License-Identifier: Apache-2.0 */
/* Where the gateway is on this machine: the user it is, its directory, its socket. */
#ifndef APP_PLACE_H
#define APP_PLACE_H

#include "fcgi-app/policy/config.h"
#include "lib/listen.h"

/* Makes the directory, listens, and becomes that user.  err's msg is for the operator. */
bool place_take(const struct config *c, struct listener *l, struct error *err);

#endif
