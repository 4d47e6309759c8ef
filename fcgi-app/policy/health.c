/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/health.h"

#include "lib/shared.h"

#include <stdatomic.h>

/* Longer than it may take, so that it is over when the one who asked has died. */
enum { ASKING_MS = 2 * HEALTH_MS };

enum { DOCKER = 1, IMAGE = 2, REDIS = 4, KNOWN = 8, BITS = 4 };

struct health {
	atomic_int_least64_t answer;       /* bits, and before them the microsecond it is good until */
	atomic_int_least64_t asking_us;    /* somebody asks until then */
};

struct health *health_map(void)
{
	return shared_map(sizeof(struct health));
}

static int64_t ask(struct backend *b)
{
	struct backend_health found;

	backend_probe(b, deadline_in_ms(HEALTH_MS), &found);

	int64_t until_us = now_us() + b->config->health_cache_seconds * 1000000;

	return until_us << BITS | KNOWN | (found.docker ? DOCKER : 0) | (found.image ? IMAGE : 0)
	     | (found.redis ? REDIS : 0);
}

/* The first worker of all asks, and each one before there is any answer. */
static bool is_mine_to_ask(struct health *h, int64_t answer)
{
	int64_t asking = atomic_load(&h->asking_us), now = now_us();

	if (now < answer >> BITS)
		return false;
	return (now >= asking
	        && atomic_compare_exchange_strong(&h->asking_us, &asking, now + ASKING_MS * 1000))
	    || !(answer & KNOWN);
}

struct backend_health health_look(struct health *h, struct backend *b)
{
	int64_t answer = atomic_load(&h->answer);

	if (is_mine_to_ask(h, answer)) {
		answer = ask(b);
		atomic_store(&h->answer, answer);
		atomic_store(&h->asking_us, 0);
	}
	return (struct backend_health){ answer & DOCKER, answer & IMAGE, answer & REDIS };
}
