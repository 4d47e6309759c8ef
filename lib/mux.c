/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/mux.h"

#include <string.h>

static bool header_is_valid(const struct mux *m)
{
	const uint8_t *h = m->header;

	return h[0] >= 1 && h[0] <= 2 && !h[1] && !h[2] && !h[3];
}

/* Completes the header from *in; false while it is not whole. */
static bool take_header(struct mux *m, struct slice *in)
{
	size_t want = sizeof m->header - m->have;
	size_t n = want < in->len ? want : in->len;

	if (n)
		memcpy(m->header + m->have, in->at, n);
	m->have = (uint8_t)(m->have + n);
	in->at += n;
	in->len -= n;
	return n == want;
}

bool mux_next(struct mux *m, struct slice *in, unsigned *stream, struct slice *piece)
{
	while (!m->broken && m->left == 0) {
		if (!take_header(m, in))
			return false;

		const uint8_t *h = m->header;

		m->broken = !header_is_valid(m);
		m->left = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
		m->have = 0;
	}
	if (m->broken || in->len == 0)
		return false;

	size_t n = m->left < in->len ? m->left : in->len;

	*stream = m->header[0];
	*piece = (struct slice){ in->at, n };
	m->left -= (uint32_t)n;
	in->at += n;
	in->len -= n;
	return true;
}
