// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_histogram.c: a bar chart per path (-H). The buckets are the report's; how many of
 * them one bar has is a question of the terminal's size.
 */
#include <inttypes.h>
#include <string.h>

#include "stat_formats.h"

#define BAR_WIDTH  40
#define BARS_MAX   24
#define BARS_LIMIT (HIST_SLOTS / 2 + 1)

/* Bars of `per` buckets each. Bar b ends at bucket index b * per + HIST_MIN. */
struct chart {
	uint64_t bars[BARS_LIMIT];
	unsigned int per;
	unsigned int first, last;
	uint64_t most;
};

/*
 * Bars of a quarter, a half or one doubling: the finest that fits a terminal page.
 * HIST_MIN is a multiple of 8, so every bar ends where a doubling does or halves it.
 */
static void chart_fill(struct chart *c, const struct report_row *row)
{
	unsigned int low = 0, high = HIST_SLOTS - 1;

	while (low < high && !row->buckets[low])
		low++;
	while (high > low && !row->buckets[high])
		high--;
	*c = (struct chart){ .per = 2 };
	while (c->per < 8 && (high + c->per - 1) / c->per - (low + c->per - 1) / c->per >= BARS_MAX)
		c->per *= 2;
	for (unsigned int s = low; s <= high; s++)
		c->bars[(s + c->per - 1) / c->per] += row->buckets[s];
	c->first = (low + c->per - 1) / c->per;
	c->last = (high + c->per - 1) / c->per;
	for (unsigned int b = c->first; b <= c->last; b++)
		if (c->bars[b] > c->most)
			c->most = c->bars[b];
}

/* "954ns - 1.91us": from one bar's bound to the next; the last has no end. */
static void print_range(FILE *f, const struct chart *c, unsigned int bar)
{
	unsigned int end = bar * c->per;
	char from[FORMAT_TIME_LEN], to[FORMAT_TIME_LEN];

	format_time(from, bar ? histogram_upper(end - c->per) : 0);
	fprintf(f, "%8s - %-8s", from,
		end < HIST_SLOTS - 1 ? format_time(to, histogram_upper(end)) : "more");
}

/* The share up to here, rounded down, so that only all faults are 100 %. */
static void print_up_to(FILE *f, uint64_t sum, uint64_t all)
{
	unsigned int parts = (unsigned int)((unsigned __int128)sum * 10000 / all);

	fprintf(f, " %3u.%02u%%", parts / 100, parts % 100);
}

static void print_bar(FILE *f, uint64_t n, uint64_t most)
{
	static const char full[BAR_WIDTH + 1] = "****************************************";
	int length = (int)((double)n / (double)most * BAR_WIDTH);
	/* Too few for a star, but the tail matters. */
	const char *trace = n && !length ? "." : "";

	fprintf(f, " |%.*s%s%*s|\n", length, full, trace, BAR_WIDTH - length - (int)strlen(trace),
		"");
}

/* The number of empty bars from this one on. */
static unsigned int chart_gap(const struct chart *c, unsigned int bar)
{
	unsigned int end = bar;

	while (end <= c->last && !c->bars[end])
		end++;
	return end - bar;
}

static void print_chart(FILE *f, const struct chart *c, uint64_t all)
{
	uint64_t sum = 0;

	for (unsigned int b = c->first; b <= c->last; b++) {
		unsigned int gap = chart_gap(c, b);

		/* One outlier would push all other bars off the screen. */
		if (gap > 2) {
			fprintf(f, "%8s\n", "...");
			b += gap - 1;
			continue;
		}
		sum += c->bars[b];
		print_range(f, c, b);
		fprintf(f, " %10" PRIu64, c->bars[b]);
		print_up_to(f, sum, all);
		print_bar(f, c->bars[b], c->most);
	}
}

static void print_histogram(const struct output *out, const struct report_row *row)
{
	struct chart c;

	chart_fill(&c, row);
	fprintf(out->file, "\n%s%s%s %s: %" PRIu64 " faults%s\n", out->colour ? BOLD : "",
		row->path, row->inferred ? "~" : "", row->origin, row->timed,
		out->colour ? PLAIN : "");
	fprintf(out->file, "%8s   %-8s %10s %7s\n", "FROM", "TO", "COUNT", "CUM");
	print_chart(out->file, &c, row->timed);
}

void table_histograms(const struct output *out, const struct report *r)
{
	for (unsigned int i = 0; i < r->nr_rows; i++)
		if (r->rows[i].timed)
			print_histogram(out, &r->rows[i]);
}
