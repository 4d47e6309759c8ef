/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted, in one page that the master maps before it forks: an atomic add each, no round
 * trip, and nothing lost with a worker.  scrape.h adds the pages of all gateways together, in
 * Redis.  Every function takes a NULL page for one where nothing is counted.
 */
#ifndef POLICY_METRICS_H
#define POLICY_METRICS_H

#include "lib/buf.h"
#include "lib/id.h"

#include <stdint.h>

enum metric {
#define COUNTER(id, name, a, b, c, help) METRIC_##id,
#define HISTOGRAM(id, name, a, b, c, help) METRIC_##id,
#define GAUGE(id, name, key, help) METRIC_##id,
#include "fcgi-app/policy/metrics.def"
	METRICS
};

enum metric_kind { METRIC_COUNTER, METRIC_HISTOGRAM, METRIC_GAUGE };
enum metric_outcome { METRIC_SUCCESSFUL, METRIC_FAILED, METRIC_TIMED_OUT, METRIC_REJECTED };
enum { METRIC_BUCKETS = 20, METRIC_CELLS = METRIC_BUCKETS + 1 };   /* of a histogram: its buckets, its sum */

struct metrics;

/* paths: what the path label may say, ends with NULL, outlives the page.  Aborts without memory. */
struct metrics *metrics_map(const char *const *paths);

/* path: NULL when none of them fits. */
void metrics_http(struct metrics *m, const char *method, const char *path, unsigned status, int64_t us);
void metrics_execution(struct metrics *m, enum metric_outcome outcome, int64_t us);
void metrics_render(struct metrics *m, enum metric_outcome outcome, int64_t us);
/* One was wanted that a pool could give; hit = it had one.  METRIC_POOL_CLAIMS, METRIC_RENDER_POOL_CLAIMS. */
void metrics_pool_claim(struct metrics *m, enum metric which, bool hit);

/* ---- for scrape.c: a series has a name and labels; a histogram's has cells, numbered behind it */

struct metric_family {
	enum metric_kind kind;
	const char *name, *help;
	const char *key;                   /* of a gauge */
};

extern const struct metric_family metric_families[METRICS];
extern const char *const metric_bounds[METRIC_BUCKETS];    /* the le of each bucket */

/* "<count> <series>[ <cell>]\n" of all that was counted or is to be there from the start. */
void metrics_put(const struct metrics *m, struct buf *out);
const char *metrics_id(const struct metrics *m);           /* of this page, among all there ever were */

#endif
