/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard alphabet, padding required, nothing else between.  Bits left over in the last group
 * need not be zero ("aGl=" is "hi"), as the contract's clients rely on.
 */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include "lib/buf.h"

/* The decoded size of a well-formed text, without decoding; false when it is not well-formed. */
bool base64_size(struct slice text, size_t *size);
/*
 * Decodes the next piece of *text into out, advancing it; room >= 3.  Returns the bytes written,
 * 0 at the end.  Call base64_size first: this one trusts the text.
 */
size_t base64_next(struct slice *text, void *out, size_t room);
/*
 * The alphabet of URLs, no padding, and one text for the same bytes: bits left over are zero.
 * out has room for 3 bytes where the text has 4.
 */
bool base64_url_decode(struct slice text, char *out, size_t *len);
bool base64_encode(struct buf *to, const void *bytes, size_t len);

#endif
