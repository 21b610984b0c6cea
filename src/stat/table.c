// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table.c: what a person reads: a table, then what was lost, then a bar
 * chart per path.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "stat_causes.h"
#include "stat_groups.h"

#define BOLD       "\033[1m"
#define DIM        "\033[2m"
#define PLAIN      "\033[0m"

#define CELL_LEN   24
#define NR_COLUMNS 12

/* The least width of each: a stream of reports keeps its columns where they are. */
static const struct column {
	const char *title;
	int width;
	bool left;
} columns[NR_COLUMNS] = {
	{ "PATH", 13, true },  { "ORIGIN", 6, true }, { "COUNT", 9, false }, { "RATE/s", 8, false },
	{ "MAJOR", 6, false }, { "AVG", 6, false },   { "P50", 6, false },   { "P90", 6, false },
	{ "P99", 6, false },   { "MAX", 6, false },   { "TOTAL", 6, false }, { "SHARE", 6, false },
};

struct line {
	char cell[NR_COLUMNS][CELL_LEN];
};

static uint64_t divide_round(uint64_t v, uint64_t by)
{
	return v / by + (v % by >= by / 2);
}

const char *render_time(char buf[RENDER_TIME_LEN], uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	uint64_t hundredths, tenths;
	unsigned int u = 0;

	if (ns < 1000) {
		snprintf(buf, RENDER_TIME_LEN, "%" PRIu64 "ns", ns);
		return buf;
	}
	/* Compared after rounding: 999,600 ns are 1.00ms, not 1000us. */
	while (u < 2 && divide_round(ns, units[u].ns) >= 1000)
		u++;
	hundredths = divide_round(ns, units[u].ns / 100);
	tenths = divide_round(ns, units[u].ns / 10);
	if (hundredths < 1000)
		snprintf(buf, RENDER_TIME_LEN, "%" PRIu64 ".%02" PRIu64 "%s", hundredths / 100,
			 hundredths % 100, units[u].name);
	else if (tenths < 1000)
		snprintf(buf, RENDER_TIME_LEN, "%" PRIu64 ".%" PRIu64 "%s", tenths / 10,
			 tenths % 10, units[u].name);
	else
		snprintf(buf, RENDER_TIME_LEN, "%" PRIu64 "%s", divide_round(ns, units[u].ns),
			 units[u].name);
	return buf;
}

static bool is_inferred(const struct report_row *row)
{
	return !strcmp(row->exactness, exactness_name(INFERRED));
}

static uint64_t timed(const struct report_row *row)
{
	return row->count - row->untimed;
}

static void fill_titles(struct line *l)
{
	for (int c = 0; c < NR_COLUMNS; c++)
		snprintf(l->cell[c], CELL_LEN, "%s", columns[c].title);
}

const char *render_rate(char buf[RENDER_RATE_LEN], double rate)
{
	int decimals = rate >= 100 ? 0 : rate >= 1 ? 1 : 2;

	/* Not 0.00, as there was one. Reports of no duration have no rate. */
	if (rate > 0 && rate < 0.005)
		snprintf(buf, RENDER_RATE_LEN, "<0.01");
	else
		snprintf(buf, RENDER_RATE_LEN, "%.*f", decimals, rate);
	return buf;
}

static void fill_times(struct line *l, int first, const struct report_row *row)
{
	const uint64_t times[] = { row->avg_ns, row->p50_ns, row->p90_ns,
				   row->p99_ns, row->max_ns, row->sum_ns };
	char buf[RENDER_TIME_LEN];

	for (unsigned int i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		snprintf(l->cell[first + i], CELL_LEN, "%s",
			 timed(row) ? render_time(buf, times[i]) : "-");
}

static void fill_row(struct line *l, const struct report_row *row)
{
	int c = 0;

	snprintf(l->cell[c++], CELL_LEN, "%s%s", row->path, is_inferred(row) ? "~" : "");
	snprintf(l->cell[c++], CELL_LEN, "%s", row->origin);
	snprintf(l->cell[c++], CELL_LEN, "%" PRIu64, row->count);
	render_rate(l->cell[c++], row->rate);
	snprintf(l->cell[c++], CELL_LEN, "%" PRIu64, row->major);
	fill_times(l, c, row);
	if (timed(row))
		snprintf(l->cell[NR_COLUMNS - 1], CELL_LEN, "%.1f%%", row->share * 100);
	else
		snprintf(l->cell[NR_COLUMNS - 1], CELL_LEN, "-");
}

static void print_line(FILE *f, const struct line *l, const int widths[NR_COLUMNS],
		       const char *colour)
{
	fputs(colour, f);
	for (int c = 0; c < NR_COLUMNS; c++)
		fprintf(f, "%s%*s", c ? " " : "", columns[c].left ? -widths[c] : widths[c],
			l->cell[c]);
	fputs(*colour ? PLAIN "\n" : "\n", f);
}

/* Titles, rows, total: all cells first, so that the widest decides its column. */
static void print_table(FILE *f, const struct report *r, const struct render_style *style)
{
	struct line lines[REPORT_MAX_ROWS + 2];
	unsigned int nr = 0;
	int widths[NR_COLUMNS];

	fill_titles(&lines[nr++]);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		fill_row(&lines[nr++], &r->rows[i]);
	fill_row(&lines[nr++], &r->total);

	for (int c = 0; c < NR_COLUMNS; c++) {
		widths[c] = columns[c].width;
		for (unsigned int i = 0; i < nr; i++)
			if ((int)strlen(lines[i].cell[c]) > widths[c])
				widths[c] = (int)strlen(lines[i].cell[c]);
	}
	for (unsigned int i = 0; i < nr; i++) {
		const char *colour = "";

		if (style->colour && i == 0)
			colour = BOLD;
		else if (style->colour && i <= r->nr_rows && is_inferred(&r->rows[i - 1]))
			colour = DIM;
		print_line(f, &lines[i], widths, colour);
	}
}

static void print_legend(FILE *f, const struct report *r)
{
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		if (is_inferred(&r->rows[i])) {
			fputs("~ inferred: no hook saw this path itself (pfstat doctor says why)\n",
			      f);
			return;
		}
	}
}

/* One line; the words only once, in the total, as they would fill every interval. */
static void print_lost(FILE *f, const struct report *r)
{
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		const struct report_loss *lost = &r->lost[i];

		fprintf(f, "%s%s %" PRIu64, i ? ", " : "Lost or unsure: ", lost->reason,
			lost->count);
		if (r->is_total)
			fprintf(f, " (%s)", lost->text);
	}
	if (r->nr_lost)
		fputc('\n', f);
}

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
 * Quarters, halves or whole doublings: the finest that fits a terminal page.
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
	char from[RENDER_TIME_LEN], to[RENDER_TIME_LEN];

	render_time(from, bar ? histogram_upper(end - c->per) : 0);
	if (end < HIST_SLOTS - 1)
		fprintf(f, "%8s - %-8s", from, render_time(to, histogram_upper(end)));
	else
		fprintf(f, "%8s - %-8s", from, "more");
}

/* Up to here, of all; rounded down, so that 100 % is said only of all. */
static void print_up_to(FILE *f, uint64_t sum, uint64_t all)
{
	unsigned int parts = (unsigned int)((unsigned __int128)sum * 10000 / all);

	fprintf(f, " %3u.%02u%%", parts / 100, parts % 100);
}

static void print_bar(FILE *f, uint64_t n, uint64_t most)
{
	static const char full[BAR_WIDTH + 1] = "****************************************";
	int length = (int)((double)n / (double)most * BAR_WIDTH);
	/* Too few for a star, but the tail is what one looks for. */
	const char *trace = n && !length ? "." : "";

	fprintf(f, " |%.*s%s%*s|\n", length, full, trace, BAR_WIDTH - length - (int)strlen(trace),
		"");
}

/* How many empty bars there are from this one on. */
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

		/* A lone outlier would push everything else off the screen. */
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

static void print_histogram(FILE *f, const struct report_row *row, const struct render_style *style)
{
	struct chart c;

	chart_fill(&c, row);
	fprintf(f, "\n%s%s%s %s: %" PRIu64 " faults%s\n", style->colour ? BOLD : "", row->path,
		is_inferred(row) ? "~" : "", row->origin, timed(row), style->colour ? PLAIN : "");
	fprintf(f, "%8s   %-8s %10s %7s\n", "FROM", "TO", "COUNT", "CUM");
	print_chart(f, &c, timed(row));
}

static void print_histograms(FILE *f, const struct report *r, const struct render_style *style)
{
	for (unsigned int i = 0; i < r->nr_rows; i++)
		if (timed(&r->rows[i]))
			print_histogram(f, &r->rows[i], style);
}

/* What is counted beside the paths: a line each, when there is any. */
static void print_notes(FILE *f, const struct report *r)
{
	const struct report_row *total = &r->total;
	const char *lead = "anon folios: ";

	if (total->mmap_locks)
		fprintf(f,
			"mmap_lock: taken by %" PRIu64
			" faults, for which the VMA's lock did not do\n",
			total->mmap_locks);
	if (total->stack_growths)
		fprintf(f, "stack: grown by %" PRIu64 " faults\n", total->stack_growths);
	for (unsigned int i = 0; i < MAX_ORDER_NOTED; i++) {
		if (!total->orders[i])
			continue;
		fprintf(f, "%sorder %u: %" PRIu64, lead, i + 1, total->orders[i]);
		lead = ", ";
	}
	if (*lead == ',')
		fputc('\n', f);
}

static void print_heading(FILE *f, const struct report *r, const struct render_style *style)
{
	time_t seconds = (time_t)(r->wall_ns / 1000000000);
	char hhmmss[sizeof("HH:MM:SS")], duration[RENDER_TIME_LEN];
	struct tm tm;

	if (style->timestamp && localtime_r(&seconds, &tm) &&
	    strftime(hhmmss, sizeof(hhmmss), "%H:%M:%S", &tm))
		fprintf(f, "%s\n", hhmmss);
	if (r->is_total)
		fprintf(f, "Total of %s, attached by %s\n", render_time(duration, r->duration_ns),
			r->attach);
}

static void table_report(FILE *f, const struct report *r, const struct render_style *style)
{
	char duration[RENDER_TIME_LEN];

	print_heading(f, r, style);
	if (r->groups && r->groups->total.count) {
		render_groups_table(f, r->groups, style);
	} else if (r->nr_rows && !r->groups) {
		print_table(f, r, style);
		print_legend(f, r);
		print_notes(f, r);
		if (r->causes)
			render_causes_table(f, r, style);
	} else {
		fprintf(f, "No page faults in %s\n", render_time(duration, r->duration_ns));
	}
	if (r->filtered)
		fprintf(f, "Filtered out: %" PRIu64 " faults\n", r->filtered);
	print_lost(f, r);
	if (style->histogram)
		print_histograms(f, r, style);
	/* Sets an interval apart from what follows it; nothing follows the total. */
	if (!r->is_total)
		fputc('\n', f);
	fflush(f);
}

const struct renderer render_table = {
	.name = "table",
	.report = table_report,
};
