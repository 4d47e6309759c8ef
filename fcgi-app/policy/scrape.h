/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of all gateways together.  Redis keeps two hashes of series: one with what each page
 * has told (metrics:<its id>), one with the sum (metrics).  A page tells its counts, not what they
 * have grown by, so that it may tell them twice, late, or again after Redis lost them.
 */
#ifndef POLICY_SCRAPE_H
#define POLICY_SCRAPE_H

#include "fcgi-app/policy/backend.h"
#include "fcgi-app/policy/metrics.h"

struct metrics_view {
	struct metric_cell { const char *name; int64_t n; } *cells;    /* sorted by name */
	size_t n_cells;
	int64_t gauges[METRICS];
};

/* Tells Redis what this gateway's page has counted. */
bool scrape_flush(struct backend *b, struct error *err);
/* Flushes, so that the caller's own requests are in it, and reads. */
bool scrape_read(struct backend *b, struct arena *arena, struct metrics_view *out, struct error *err);
/* series: as in the text form, {labels} included; 0 when there is none. */
int64_t scrape_value(const struct metrics_view *v, const char *series);
/* Prometheus' text form, version 0.0.4. */
void scrape_put_text(const struct metrics_view *v, struct buf *out);

#endif
