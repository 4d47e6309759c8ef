/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/metrics.h"

#include "lib/shared.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

enum label { BY_NOTHING, BY_METHOD, BY_PATH, BY_STATUS, BY_OUTCOME, BY_CLAIM, LABELS };
enum { LABELS_EACH = 3 };

const struct metric_family metric_families[METRICS] = {
#define COUNTER(id, name, a, b, c, help) { METRIC_COUNTER, name, help, NULL },
#define HISTOGRAM(id, name, a, b, c, help) { METRIC_HISTOGRAM, name, help, NULL },
#define GAUGE(id, name, key, help) { METRIC_GAUGE, name, help, key },
#include "fcgi-app/policy/metrics.def"
};

static const enum label labels[METRICS][LABELS_EACH] = {
#define COUNTER(id, name, a, b, c, help) { a, b, c },
#define HISTOGRAM(id, name, a, b, c, help) { a, b, c },
#define GAUGE(id, name, key, help) { BY_NOTHING },
#include "fcgi-app/policy/metrics.def"
};

const char *const metric_bounds[METRIC_BUCKETS] = {
	"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5",
	"5.0", "7.5", "10.0", "30.0", "60.0", "120.0", "180.0", "300.0", "+Inf",
};

static const int64_t bounds_us[METRIC_BUCKETS] = {
	5000, 10000, 25000, 50000, 75000, 100000, 250000, 500000, 750000, 1000000, 2500000,
	5000000, 7500000, 10000000, 30000000, 60000000, 120000000, 180000000, 300000000, INT64_MAX,
};

/* What a client makes up must not make series: the last of these stands for all others. */
static const char *const methods[] = {
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other", NULL,
};
static const char *const statuses[] = {
	"200", "204", "307",
#define ERR(kind, status, slug) #status,
#include "lib/error.def"
	"other", NULL,
};
static const char *const outcomes[] = { "successful", "failed", "timed_out", "rejected", NULL };
static const char *const claims[] = { "hit", "miss", NULL };
static const char *const no_values[] = { "", NULL };
static const char unmatched[] = "__unmatched__";

struct metrics {
	char id[ID_TOKEN];
	struct { const char *name; const char *const *values; size_t n; } dims[LABELS];
	size_t first[METRICS + 1];         /* each one's first cell */
	atomic_int_least64_t *cells;       /* shared */
};

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	return n;
}

static void describe(struct metrics *m, enum label label, const char *name,
                     const char *const *values)
{
	m->dims[label].name = name;
	m->dims[label].values = values;
	m->dims[label].n = count(values);
}

static size_t cells_of(enum metric metric)
{
	switch (metric_families[metric].kind) {
	case METRIC_COUNTER: return 1;
	case METRIC_HISTOGRAM: return METRIC_CELLS;
	case METRIC_GAUGE: return 0;
	}
	return 0;
}

struct metrics *metrics_map(const char *const *paths)
{
	struct metrics *m = shared_map(sizeof *m);

	id_token(m->id);
	describe(m, BY_NOTHING, "", no_values);
	describe(m, BY_METHOD, "method", methods);
	describe(m, BY_PATH, "path", paths);
	m->dims[BY_PATH].n++;              /* none of them */
	describe(m, BY_STATUS, "status_code", statuses);
	describe(m, BY_OUTCOME, "outcome", outcomes);
	describe(m, BY_CLAIM, "result", claims);
	for (int i = 0; i < METRICS; i++) {
		size_t series = 1;

		for (int l = 0; l < LABELS_EACH; l++)
			series *= m->dims[labels[i][l]].n;
		m->first[i + 1] = m->first[i] + series * cells_of((enum metric)i);
	}
	m->cells = shared_map(m->first[METRICS] * sizeof *m->cells);
	return m;
}

const char *metrics_id(const struct metrics *m)
{
	return m->id;
}

/* ---- counting */

/* The place of value in the list, or that of its end. */
static size_t place(const char *const *list, const char *value)
{
	size_t i = 0;

	while (list[i] != NULL && strcmp(list[i], value) != 0)
		i++;
	return i;
}

static size_t known(const char *const *list, const char *value)
{
	size_t i = place(list, value);

	return list[i] != NULL ? i : i - 1;
}

/* The cells of a series; at: the place of each of its labels' values. */
static atomic_int_least64_t *series(struct metrics *m, enum metric metric,
                                    const size_t at[LABELS_EACH])
{
	size_t number = 0;

	for (int l = 0; l < LABELS_EACH; l++)
		number = number * m->dims[labels[metric][l]].n + at[l];
	return m->cells + m->first[metric] + number * cells_of(metric);
}

static void add(atomic_int_least64_t *cell, int64_t n)
{
	atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static void observe(atomic_int_least64_t *cells, int64_t us)
{
	size_t bucket = 0;

	while (us > bounds_us[bucket])
		bucket++;
	add(&cells[bucket], 1);
	add(&cells[METRIC_BUCKETS], us);
}

void metrics_http(struct metrics *m, const char *method, const char *path, unsigned status,
                  int64_t us)
{
	char digits[] = { (char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
	                  (char)('0' + status % 10), '\0' };

	if (m == NULL)
		return;

	const char *const *paths = m->dims[BY_PATH].values;
	const size_t at[] = {
		known(methods, method),
		path != NULL ? place(paths, path) : m->dims[BY_PATH].n - 1,
		known(statuses, digits),
	};

	add(series(m, METRIC_HTTP_REQUESTS, at), 1);
	observe(series(m, METRIC_HTTP_DURATION, (size_t[]){ at[0], at[1], 0 }), us);
}

static void count_run(struct metrics *m, enum metric runs, enum metric_outcome outcome)
{
	add(series(m, runs, (size_t[]){ outcome, 0, 0 }), 1);
}

void metrics_execution(struct metrics *m, enum metric_outcome outcome, int64_t us)
{
	if (m == NULL)
		return;
	count_run(m, METRIC_EXECUTIONS, outcome);
	if (outcome != METRIC_REJECTED)
		observe(m->cells + m->first[METRIC_EXECUTION_DURATION], us);
}

void metrics_render(struct metrics *m, enum metric_outcome outcome, int64_t us)
{
	if (m == NULL)
		return;
	count_run(m, METRIC_RENDERS, outcome);
	if (outcome == METRIC_SUCCESSFUL)
		observe(m->cells + m->first[METRIC_RENDER_DURATION], us);
}

void metrics_pool_claim(struct metrics *m, enum metric which, bool hit)
{
	if (m != NULL)
		add(series(m, which, (size_t[]){ !hit, 0, 0 }), 1);
}

/* ---- telling */

static const char *value_at(const struct metrics *m, enum label label, size_t i)
{
	const char *value = m->dims[label].values[i];

	return value != NULL ? value : unmatched;
}

static void put_labels(const struct metrics *m, enum metric metric, size_t number, struct buf *out)
{
	size_t at[LABELS_EACH] = { 0 };
	char before = '{';

	for (int l = LABELS_EACH - 1; l >= 0; l--) {
		at[l] = number % m->dims[labels[metric][l]].n;
		number /= m->dims[labels[metric][l]].n;
	}
	for (int l = 0; l < LABELS_EACH && labels[metric][l] != BY_NOTHING; l++) {
		enum label label = labels[metric][l];

		buf_printf(out, "%c%s=\"%s\"", before, m->dims[label].name,
		           value_at(m, label, at[l]));
		before = ',';
	}
	if (before == ',')
		buf_putc(out, '}');
}

/* Few, and worth a zero: a graph of refusals should not begin with the first of them. */
static bool is_there_from_the_start(enum metric metric)
{
	return labels[metric][0] == BY_NOTHING || labels[metric][0] == BY_OUTCOME
	    || labels[metric][0] == BY_CLAIM;
}

static void put_family(const struct metrics *m, enum metric metric, struct buf *out)
{
	size_t each = cells_of(metric);
	bool from_start = is_there_from_the_start(metric);

	for (size_t i = m->first[metric]; i < m->first[metric + 1]; i++) {
		size_t number = (i - m->first[metric]) / each, cell = (i - m->first[metric]) % each;
		int64_t n = atomic_load_explicit(&m->cells[i], memory_order_relaxed);

		if (n == 0 && (!from_start || cell != 0))
			continue;
		buf_printf(out, "%" PRId64 " %s", n, metric_families[metric].name);
		put_labels(m, metric, number, out);
		if (each > 1)
			buf_printf(out, " %02zu", cell);
		buf_putc(out, '\n');
	}
}

void metrics_put(const struct metrics *m, struct buf *out)
{
	for (int i = 0; i < METRICS; i++)
		if (cells_of((enum metric)i) > 0)
			put_family(m, (enum metric)i, out);
}
