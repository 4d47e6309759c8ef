/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/bulkhead.h"

#include "lib/deadline.h"
#include "lib/shared.h"

#include <assert.h>
#include <stdatomic.h>

enum { CACHE_LINE = 64, ANSWER_US = 50000 };

static const int64_t never = INT64_MAX;

/* One worker's; only it writes there, but the master after its death. */
struct line {
	_Alignas(CACHE_LINE) atomic_int_least64_t bytes;   /* of the body it may hold */
	atomic_int_least64_t inside_from;                  /* now_us(); never = it is outside */
	atomic_bool waiting;
};

struct bulkhead {
	int64_t workers, places, waiters, bytes;           /* the last three: most of each */
	struct line lines[];
};

struct bulkhead *bulkhead_map(const struct config *c, int64_t workers)
{
	size_t size = sizeof(struct bulkhead) + (size_t)workers * sizeof(struct line);
	struct bulkhead *b = shared_map(size);

	b->workers = workers;
	b->places = workers > c->reserved_workers ? workers - c->reserved_workers : 1;
	b->waiters = c->waiting_workers;
	b->bytes = c->max_inflight_body_bytes;
	for (int64_t i = 0; i < workers; i++)
		bulkhead_clear(b, i);
	return b;
}

void bulkhead_clear(struct bulkhead *b, int64_t worker)
{
	struct line *line = &b->lines[worker];

	assert(worker >= 0 && worker < b->workers);
	atomic_store(&line->waiting, false);
	atomic_store(&line->bytes, 0);
	atomic_store(&line->inside_from, never);
}

struct sums {
	int64_t inside, waiting, bytes;
};

static struct sums add_up(struct bulkhead *b)
{
	struct sums sums = { 0 };
	int64_t now = now_us();

	for (int64_t i = 0; i < b->workers; i++) {
		sums.inside += atomic_load(&b->lines[i].inside_from) <= now;
		sums.waiting += atomic_load(&b->lines[i].waiting);
		sums.bytes += atomic_load(&b->lines[i].bytes);
	}
	return sums;
}

/* Said first, counted afterwards: two that come at once may both be refused, never both be let in. */
bool bulkhead_enter(struct bulkhead *b, int64_t worker, int64_t body_bytes, struct error *err)
{
	struct line *line = &b->lines[worker];

	assert(worker >= 0 && worker < b->workers);
	atomic_store(&line->bytes, body_bytes);
	atomic_store(&line->inside_from, 0);

	struct sums sums = add_up(b);

	if (sums.inside <= b->places && sums.bytes <= b->bytes)
		return true;
	bulkhead_clear(b, worker);
	fail(err, ERR_UNAVAILABLE, "The gateway is busy. Please retry shortly.");
	err->retry_after_s = 1;
	return false;
}

void bulkhead_answer(struct bulkhead *b, int64_t worker)
{
	assert(worker >= 0 && worker < b->workers);
	if (atomic_load(&b->lines[worker].inside_from) != never)
		atomic_store(&b->lines[worker].inside_from, now_us() + ANSWER_US);
}

void bulkhead_leave(struct bulkhead *b, int64_t worker)
{
	bulkhead_clear(b, worker);
}

bool bulkhead_wait(struct bulkhead *b, int64_t worker, struct error *err)
{
	assert(worker >= 0 && worker < b->workers);
	atomic_store(&b->lines[worker].waiting, true);
	if (add_up(b).waiting <= b->waiters)
		return true;
	bulkhead_go_on(b, worker);
	fail(err, ERR_LIMITED, "Too many concurrent executions. Please try again later.");
	err->retry_after_s = 1;
	return false;
}

void bulkhead_go_on(struct bulkhead *b, int64_t worker)
{
	atomic_store(&b->lines[worker].waiting, false);
}
