/* SPDX-License-Identifier: Apache-2.0 */
#include "fcgi-app/policy/scrape.h"

#include "fcgi-app/policy/script.h"
#include "lib/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD_MAX = 1 << 22 };

/* KEYS sum, page; ARGV "count series\n" of each */
static struct redis_script flush_script = { .text =
	"local told, flat = {}, redis.call('HGETALL', KEYS[2])\n"
	"for i = 1, #flat, 2 do told[flat[i]] = tonumber(flat[i + 1]) end\n"
	"for n, name in string.gmatch(ARGV[1], '(%d+) ([^\\n]+)\\n') do\n"
	"  n = tonumber(n)\n"
	"  if n > (told[name] or -1) then\n"
	"    redis.call('HINCRBY', KEYS[1], name, n - (told[name] or 0))\n"
	"    redis.call('HSET', KEYS[2], name, n)\n"
	"  end\n"
	"end\n"
	"redis.call('PEXPIRE', KEYS[1], 2592000000)\n"
	"redis.call('PEXPIRE', KEYS[2], 86400000)\n"
	"return 1\n"
};

bool scrape_flush(struct backend *b, struct error *err)
{
	auto_buf told = BUF_INIT(TOLD_MAX);
	struct call c = { 0 };

	if (b->metrics == NULL)
		return true;
	metrics_put(b->metrics, &told);
	call_key(&c, b, "metrics", "");
	call_key(&c, b, "metrics", metrics_id(b->metrics));
	call_text(&c, told.data);

	auto_reply reply = call_run(&c, b, &flush_script, err);

	return reply != NULL;
}

/* The series, flat, and behind them a number for each further key.  KEYS sum, sorted sets */
static struct redis_script read_script = { .text =
	LUA_NOW
	"local found = {redis.call('HGETALL', KEYS[1])}\n"
	"for i = 2, #KEYS do found[i] = redis.call('ZCOUNT', KEYS[i], '(' .. now, '+inf') end\n"
	"return found\n"
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct metric_cell *)a)->name, ((const struct metric_cell *)b)->name);
}

static void read_cells(const struct redisReply *flat, struct arena *arena, struct metrics_view *out)
{
	out->n_cells = reply_count(flat) / 2;
	out->cells = arena_alloc(arena, (out->n_cells + 1) * sizeof *out->cells);
	for (size_t i = 0; i < out->n_cells; i++) {
		out->cells[i].name = arena_copy(arena, reply_text(reply_item(flat, 2 * i))).at;
		out->cells[i].n = reply_int(reply_item(flat, 2 * i + 1));
	}
	qsort(out->cells, out->n_cells, sizeof *out->cells, by_name);
}

bool scrape_read(struct backend *b, struct arena *arena, struct metrics_view *out,
                 struct error *err)
{
	struct call c = { 0 };
	size_t item = 1;

	if (!scrape_flush(b, err))
		return false;
	call_key(&c, b, "metrics", "");
	for (int i = 0; i < METRICS; i++)
		if (metric_families[i].kind == METRIC_GAUGE)
			call_key(&c, b, metric_families[i].key, "");

	auto_reply reply = call_run(&c, b, &read_script, err);

	if (reply == NULL)
		return false;
	if (reply_count(reply) != c.n_keys)
		return fail_hidden(err, ERR_UNAVAILABLE, "Redis tells no metrics");
	*out = (struct metrics_view){ .n_cells = 0 };
	read_cells(reply_item(reply, 0), arena, out);
	for (int i = 0; i < METRICS; i++)
		if (metric_families[i].kind == METRIC_GAUGE)
			out->gauges[i] = reply_int(reply_item(reply, item++));
	return true;
}

int64_t scrape_value(const struct metrics_view *v, const char *series)
{
	const struct metric_cell wanted = { .name = series };
	const struct metric_cell *found = v->n_cells == 0 ? NULL
		: bsearch(&wanted, v->cells, v->n_cells, sizeof *v->cells, by_name);

	return found != NULL ? found->n : 0;
}

/* ---- text */

/* What is behind the family's name: "", "{labels}", and the cell; NULL for another family. */
static const char *behind(const struct metric_cell *cell, const char *family)
{
	size_t len = strlen(family);
	bool ours = strncmp(cell->name, family, len) == 0 && strchr("{ ", cell->name[len]) != NULL;

	return ours ? cell->name + len : NULL;
}

/* labels: with braces, or empty. */
static void put_histogram(const char *family, struct slice labels, const int64_t *cells,
                          struct buf *out)
{
	int inner = labels.len > 2 ? (int)labels.len - 2 : 0;
	int64_t sum_us = cells[METRIC_BUCKETS], below = 0;

	for (int i = 0; i < METRIC_BUCKETS; i++) {
		below += cells[i];
		buf_printf(out, "%s_bucket{%.*s%sle=\"%s\"} %" PRId64 "\n", family, inner,
		           inner ? labels.at + 1 : "", inner ? "," : "", metric_bounds[i], below);
	}
	buf_printf(out, "%s_sum%.*s %" PRId64 ".%06" PRId64 "\n", family, (int)labels.len,
	           labels.at, sum_us / 1000000, sum_us % 1000000);
	buf_printf(out, "%s_count%.*s %" PRId64 "\n", family, (int)labels.len, labels.at, below);
}

/* Cells of one series stand together, for they are sorted. */
static void put_histograms(const struct metrics_view *v, const char *family, struct buf *out)
{
	int64_t cells[METRIC_CELLS] = { 0 };
	struct slice labels = { NULL, 0 };

	for (size_t i = 0; i < v->n_cells; i++) {
		const char *rest = behind(&v->cells[i], family);
		const char *blank = rest != NULL ? strrchr(rest, ' ') : NULL;
		int64_t number;

		if (blank == NULL || !text_int(blank + 1, &number) || number < 0
		    || number >= METRIC_CELLS)
			continue;
		if (labels.at != NULL && (labels.len != (size_t)(blank - rest)
		                          || memcmp(labels.at, rest, labels.len) != 0)) {
			put_histogram(family, labels, cells, out);
			memset(cells, 0, sizeof cells);
		}
		labels = (struct slice){ rest, (size_t)(blank - rest) };
		cells[number] = v->cells[i].n;
	}
	if (labels.at != NULL)
		put_histogram(family, labels, cells, out);
}

static void put_counters(const struct metrics_view *v, const char *family, struct buf *out)
{
	for (size_t i = 0; i < v->n_cells; i++)
		if (behind(&v->cells[i], family) != NULL)
			buf_printf(out, "%s %" PRId64 "\n", v->cells[i].name, v->cells[i].n);
}

void scrape_put_text(const struct metrics_view *v, struct buf *out)
{
	static const char *const words[] = { "counter", "histogram", "gauge" };

	for (int i = 0; i < METRICS; i++) {
		const struct metric_family *f = &metric_families[i];

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
		           words[f->kind]);
		switch (f->kind) {
		case METRIC_COUNTER:
			put_counters(v, f->name, out);
			break;
		case METRIC_HISTOGRAM:
			put_histograms(v, f->name, out);
			break;
		case METRIC_GAUGE:
			buf_printf(out, "%s %" PRId64 "\n", f->name, v->gauges[i]);
			break;
		}
	}
}
