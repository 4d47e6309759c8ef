/* SPDX-License-Identifier: Apache-2.0 */
/* Where the gateway is on this machine: the user it is, its directory, its socket. */
#ifndef APP_PLACE_H
#define APP_PLACE_H

#include "fcgi-app/policy/config.h"
#include "lib/listen.h"

/* Could it be here?  Each problem begins with a setting; nothing is made or opened. */
bool place_check(const struct config *c, struct buf *problems);
/* Makes the directory, listens, and becomes that user.  err's msg is for the operator. */
bool place_take(const struct config *c, struct listener *l, struct error *err);

#endif
