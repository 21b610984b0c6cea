// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/flamegraph.c: writes a flame graph in one file: the outermost frames at the top, as
 * wide as their weight, the heaviest on the left. Each frame is a nested svg with its position
 * in percent, so that it scales with the window and clips its text also without scripts;
 * profile/flamegraph.js adds zoom and search.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/buffer.h"
#include "profile_stacks.h"
#include "run/run.h"

enum { TOP = 112, ROW = 19, FOOT = 36, MARGIN = 16, PATH_COLOURS = 6 };

/* Frames with a smaller part of the total, by time and by count, are not drawn. */
static const uint64_t PARTS = 4000;

static const char style[] =
#include "profile/flamegraph.css.inc"
	;
static const char script[] =
#include "profile/flamegraph.js.inc"
	;

/* Frames with the same name and parent. */
struct node_key {
	uint32_t parent; /* number + 1; 0: the root */
	uint32_t name, module, kind;
};

struct node {
	struct stack_weight weight;
	uint32_t shown; /* position in the document */
	uint32_t level;
	double x; /* start of its next child, in weight */
};

struct graph {
	const struct stacks *s;
	const struct profile_run *run;
	struct intern keys; /* number of a node */
	struct node *nodes;
	uint32_t *order; /* as drawn */
	uint32_t nr_shown, nr_left_out, depth;
	struct intern
		paths; /* in the order of their first use: the first ones have a colour each */
	struct buffer out;
};

static const struct node_key *node_key_of(const struct graph *g, uint32_t i)
{
	return interned(&g->keys, i);
}

/* --- the tree */

/* The number of nodes is at most that of frames in all lines. */
static size_t count_frames(const struct stacks *s)
{
	size_t sum = 0;
	uint32_t i;

	for (i = 0; i < s->lines.nr; i++)
		sum += stacks_line(s, i)->nr;
	return sum;
}

static int add_stack_line(struct graph *g, const struct stack_line *line,
			  const struct stack_weight *w)
{
	struct node_key key = { 0 };
	uint32_t i;

	for (i = 0; i < line->nr; i++) {
		const struct stack_frame *frame = stacks_frame(g->s, line->frames[i]);
		int64_t number;

		key.name = frame->name;
		key.module = frame->module;
		key.kind = frame->kind;
		number = intern(&g->keys, &key, sizeof(key));
		if (number < 0)
			return (int)number;
		g->nodes[number].weight.count += w->count;
		g->nodes[number].weight.sum_ns += w->sum_ns;
		g->nodes[number].level = i + 1;
		key.parent = (uint32_t)number + 1;
	}
	return 0;
}

struct ranked {
	uint32_t parent, node;
	uint64_t weight;
	const char *name;
};

/* Children of one parent together, the heaviest first. */
static int compare_ranks(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool is_too_narrow(const struct graph *g, const struct node *node)
{
	const struct stack_weight *all = &g->s->totals.all;

	return node->weight.count < all->count / PARTS && node->weight.sum_ns < all->sum_ns / PARTS;
}

static const struct ranked *first_child(const struct ranked *ranked, uint32_t nr, uint32_t parent)
{
	uint32_t low = 0, high = nr;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ranked[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return ranked + low;
}

/* Depth first, with a stack of nodes instead of recursion. */
static int order_nodes(struct graph *g, const struct ranked *ranked)
{
	uint32_t nr = g->keys.nr, parent = 0, top = 0;
	uint32_t *todo = calloc(nr + 1ul, sizeof(*todo));

	if (!todo)
		return -ENOMEM;
	for (;;) {
		const struct ranked *first = first_child(ranked, nr, parent), *r = first;
		uint32_t begin = top;

		for (; r < ranked + nr && r->parent == parent; r++) {
			if (is_too_narrow(g, &g->nodes[r->node]))
				g->nr_left_out++;
			else
				todo[top++] = r->node;
		}
		/* The heaviest comes out first. */
		for (uint32_t i = 0; i < (top - begin) / 2; i++) {
			uint32_t other = todo[begin + i];

			todo[begin + i] = todo[top - 1 - i];
			todo[top - 1 - i] = other;
		}
		if (!top)
			break;
		g->order[g->nr_shown] = todo[--top];
		g->nodes[todo[top]].shown = ++g->nr_shown; /* the root is at 0 */
		parent = todo[top] + 1;
	}
	free(todo);
	return 0;
}

static int rank_nodes(struct graph *g)
{
	struct ranked *ranked = calloc(g->keys.nr + 1ul, sizeof(*ranked));
	uint32_t i;
	int err;

	if (!ranked)
		return -ENOMEM;
	for (i = 0; i < g->keys.nr; i++)
		ranked[i] = (struct ranked){ .parent = node_key_of(g, i)->parent,
					     .node = i,
					     .weight = stack_weigh(g->run, &g->nodes[i].weight),
					     .name = stacks_text(g->s, node_key_of(g, i)->name) };
	qsort(ranked, g->keys.nr, sizeof(*ranked), compare_ranks);
	err = order_nodes(g, ranked);
	free(ranked);
	return err;
}

static int build_tree(struct graph *g)
{
	size_t max = count_frames(g->s) + 1;
	uint32_t i;
	int err = 0;

	g->nodes = calloc(max, sizeof(*g->nodes));
	g->order = calloc(max, sizeof(*g->order));
	if (!g->nodes || !g->order)
		return -ENOMEM;
	for (i = 0; i < g->s->lines.nr && !err; i++)
		err = add_stack_line(g, stacks_line(g->s, i), &g->s->weights[i]);
	return err ? err : rank_nodes(g);
}

/* --- words */

/* As text and in attributes; characters that XML does not allow become U+FFFD. */
static void put_xml(struct buffer *out, const char *words)
{
	struct buffer valid = { 0 };
	size_t i;

	put_utf8(&valid, words);
	for (i = 0; i < valid.len; i++) {
		unsigned char c = valid.data[i];

		if (c == '<')
			put_text(out, "&lt;");
		else if (c == '>')
			put_text(out, "&gt;");
		else if (c == '&')
			put_text(out, "&amp;");
		else if (c == '"')
			put_text(out, "&quot;");
		else if (c < ' ' || c == 0x7f)
			put_text(out, "\xef\xbf\xbd");
		else if (c == 0xef && i + 2 < valid.len &&
			 (unsigned char)valid.data[i + 1] == 0xbf &&
			 (unsigned char)valid.data[i + 2] >= 0xbe)
			valid.data[i + 2] = (char)0xbd, put_char(out, (char)c); /* U+FFFE, U+FFFF */
		else
			put_char(out, (char)c);
	}
	out->failed = out->failed || valid.failed;
	buffer_free(&valid);
}

static void put_number(struct buffer *out, uint64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value), i;

	for (i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			put_char(out, ',');
		put_char(out, digits[i]);
	}
}

static void put_time(struct buffer *out, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000, " s" }, { 1000000, " ms" }, { 1000, " \xc2\xb5s" } };
	char words[40];
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns < units[i].ns)
			continue;
		snprintf(words, sizeof(words), "%.*f%s", ns >= 100 * units[i].ns ? 0 : 2,
			 (double)ns / (double)units[i].ns, units[i].name);
		put_text(out, words);
		return;
	}
	snprintf(words, sizeof(words), "%" PRIu64 " ns", ns);
	put_text(out, words);
}

__attribute__((format(printf, 2, 3))) static void put_format(struct buffer *out, const char *format,
							     ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	put_text(out, words);
}

/* --- the picture */

static unsigned int module_shade(const char *words)
{
	unsigned int hash = 5381;

	while (*words)
		hash = hash * 33 + (unsigned char)*words++;
	return hash ^ hash >> 7;
}

static int64_t path_colour(struct graph *g, const char *path)
{
	int64_t number = intern_text(&g->paths, path);

	return number < 0 || number > PATH_COLOURS ? PATH_COLOURS : number;
}

/* Functions of one module have one shade, each path has its own colour. */
static void put_class(struct graph *g, const struct node_key *key)
{
	const char *name = stacks_text(g->s, key->name);

	put_text(&g->out, "f ");
	switch (key->kind) {
	case FRAME_PROCESS:
		put_text(&g->out, "r0");
		break;
	case FRAME_USER:
		put_format(&g->out, "u%u", module_shade(stacks_text(g->s, key->module)) % 3);
		break;
	case FRAME_KERNEL:
		put_format(&g->out, "k%u", module_shade(name) % 3);
		break;
	case FRAME_NOTE:
		put_text(&g->out, "n0");
		break;
	case FRAME_PATH:
		put_format(&g->out, "p%d", (int)path_colour(g, name));
		break;
	}
}

static void put_figures(struct graph *g, const struct stack_weight *w)
{
	const struct stack_weight *all = &g->s->totals.all;
	uint64_t total = stack_weigh(g->run, all);

	put_time(&g->out, w->sum_ns);
	put_text(&g->out, ", ");
	put_number(&g->out, w->count);
	put_format(&g->out, w->count == 1 ? " fault, %.2f %%" : " faults, %.2f %%",
		   total ? 100.0 * (double)stack_weigh(g->run, w) / (double)total : 0);
}

static void put_box(struct graph *g, const char *name, const struct stack_weight *w, double x,
		    unsigned int level)
{
	double total = (double)stack_weigh(g->run, &g->s->totals.all);

	total = total > 0 ? total : 1;
	put_format(&g->out, "\" x=\"%.5f%%\" y=\"%u\" width=\"%.5f%%\" height=\"%d\"",
		   100 * x / total, level * ROW, 100 * (double)stack_weigh(g->run, w) / total, ROW);
	put_format(&g->out, " role=\"treeitem\" data-t=\"%" PRIu64 "\" data-n=\"%" PRIu64 "\"",
		   w->sum_ns, w->count);
	put_text(&g->out, "><title>");
	put_xml(&g->out, name);
	put_text(&g->out, ": ");
	put_figures(g, w);
	put_format(&g->out,
		   "</title><rect width=\"100%%\" height=\"%d\" rx=\"2\"/>"
		   "<text x=\"4\" y=\"13\">",
		   ROW - 1);
	put_xml(&g->out, name);
	put_text(&g->out, "</text></svg>\n");
}

static void put_node(struct graph *g, uint32_t number, double *root_x)
{
	static const char *const kinds[] = { [FRAME_PROCESS] = "process",
					     [FRAME_USER] = "user",
					     [FRAME_KERNEL] = "kernel",
					     [FRAME_NOTE] = "note",
					     [FRAME_PATH] = "path" };
	const struct node_key *key = node_key_of(g, number);
	struct node *node = &g->nodes[number];
	struct node *parent = key->parent ? &g->nodes[key->parent - 1] : NULL;
	double *x = parent ? &parent->x : root_x;

	node->x = *x;
	*x += (double)stack_weigh(g->run, &node->weight);
	g->depth = node->level > g->depth ? node->level : g->depth;
	put_text(&g->out, "<svg class=\"");
	put_class(g, key);
	put_format(&g->out, "\" data-k=\"%s\" data-p=\"%u\" data-m=\"", kinds[key->kind],
		   parent ? parent->shown : 0);
	put_xml(&g->out, stacks_text(g->s, key->module));
	put_box(g, stacks_text(g->s, key->name), &node->weight, node->x, node->level);
}

static void put_frames(struct graph *g)
{
	double x = 0;
	uint32_t i;

	/* The script makes the right margin as wide as the left one. */
	put_format(&g->out,
		   "<svg id=\"frames\" role=\"tree\" "
		   "aria-label=\"Stacks, outermost frames first\" x=\"%d\" y=\"%d\" "
		   "width=\"97.5%%\" overflow=\"visible\">\n",
		   MARGIN, TOP);
	put_text(&g->out, "<svg class=\"f r0\" data-k=\"process\" data-p=\"0\" data-m=\"");
	put_box(g, "all", &g->s->totals.all, 0, 0);
	for (i = 0; i < g->nr_shown; i++)
		put_node(g, g->order[i], &x);
	put_text(&g->out, "</svg>\n");
}

static void put_subtitle(struct graph *g)
{
	const struct stack_weight *all = &g->s->totals.all;
	time_t began = (time_t)(g->run->began_ns / 1000000000);
	char date[32] = "";
	struct tm tm;

	if (began && gmtime_r(&began, &tm))
		strftime(date, sizeof(date), ", %Y-%m-%d %H:%M UTC", &tm);
	put_xml(&g->out, g->run->title);
	put_text(&g->out, ": ");
	put_time(&g->out, all->sum_ns);
	put_text(&g->out, " in ");
	put_number(&g->out, all->count);
	put_text(&g->out, all->count == 1 ? " fault" : " faults");
	if (g->run->duration_ns) {
		put_text(&g->out, ", measured for ");
		put_time(&g->out, g->run->duration_ns);
	}
	put_text(&g->out, date);
}

static void put_legend_entry(struct buffer *out, const char *colour, const char *words)
{
	put_format(out, "<span><i class=\"%s\"></i>", colour);
	put_xml(out, words);
	put_text(out, "</span>");
}

static void put_legend(struct graph *g)
{
	uint32_t i;

	put_text(&g->out, "<div id=\"legend\">");
	put_legend_entry(&g->out, "u0", "program");
	put_legend_entry(&g->out, "k0", "kernel");
	put_legend_entry(&g->out, "n0", "not known");
	for (i = 0; i < g->paths.nr && i < PATH_COLOURS; i++) {
		char colour[8];

		snprintf(colour, sizeof(colour), "p%u", i);
		put_legend_entry(&g->out, colour, interned(&g->paths, i));
	}
	if (g->paths.nr > PATH_COLOURS)
		put_legend_entry(&g->out, "p6", "other paths");
	put_text(&g->out, "</div>");
}

static void put_controls(struct graph *g)
{
	put_text(&g->out,
		 "<foreignObject id=\"controls\" x=\"0\" y=\"62\" width=\"100%\" height=\"46\">"
		 "<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"html\" id=\"bar\">");
	put_legend(g);
	put_text(&g->out,
		 "<span id=\"matched\" role=\"status\"></span>"
		 "<input id=\"search\" type=\"search\" placeholder=\"Search (/)\" "
		 "aria-label=\"Search functions, files and paths; regular expression\"/>"
		 "<div id=\"metric\" role=\"group\" aria-label=\"Width of the frames\">"
		 "<button id=\"by-time\" type=\"button\">Time</button>"
		 "<button id=\"by-count\" type=\"button\">Count</button></div>"
		 "<button id=\"reset\" type=\"button\" disabled=\"disabled\">Reset</button>"
		 "<span id=\"live\" role=\"status\"></span></div></foreignObject>\n");
}

static void put_foot(struct graph *g, unsigned int height)
{
	put_format(&g->out, "<text id=\"foot\" x=\"%d\" y=\"%u\">", MARGIN, height - 12);
	put_text(&g->out,
		 "pfstat profile. Click or Enter: zoom; Esc: reset; /: search; arrows: move.");
	if (g->nr_left_out)
		put_format(&g->out, " Not drawn: %u frames narrower than %.3f %%.", g->nr_left_out,
			   100.0 / (double)PARTS);
	put_text(&g->out, "</text>\n");
}

/* Written after the frames, which determine the height. */
static void put_head(struct graph *g, struct buffer *head, unsigned int height)
{
	put_text(head, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	put_format(head,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%u\" "
		   "data-metric=\"%s\" style=\"min-width:480px\">\n",
		   height, g->run->by_count ? "n" : "t");
	put_text(head, "<title>pfstat: page faults by stack</title>\n<style><![CDATA[\n");
	put_text(head, style);
	put_text(head, "]]></style>\n<rect id=\"page\" width=\"100%\" height=\"100%\"/>\n");
	put_format(head, "<text id=\"title\" x=\"%d\" y=\"30\">Page faults by stack</text>\n",
		   MARGIN);
}

static int draw_graph(struct graph *g, FILE *f)
{
	struct buffer head = { 0 };
	unsigned int height;
	int err = -ENOMEM;

	put_format(&g->out, "<text id=\"subtitle\" x=\"%d\" y=\"51\">", MARGIN);
	put_subtitle(g);
	put_text(&g->out, "</text>\n");
	put_frames(g);
	put_controls(g); /* after the frames, as its legend has their paths */
	height = TOP + (g->depth + 1) * ROW + FOOT;
	put_foot(g, height);
	put_text(&g->out,
		 "<foreignObject width=\"100%\" height=\"100%\" style=\"pointer-events:none\" "
		 "aria-hidden=\"true\"><div xmlns=\"http://www.w3.org/1999/xhtml\" id=\"tip\" "
		 "class=\"html\"></div></foreignObject>\n<script><![CDATA[\n");
	put_text(&g->out, script);
	put_text(&g->out, "]]></script>\n</svg>\n");
	put_head(g, &head, height);
	if (!head.failed && !g->out.failed) {
		fwrite(head.data, head.len, 1, f);
		fwrite(g->out.data, g->out.len, 1, f);
		err = 0;
	}
	buffer_free(&head);
	return err;
}

static int flamegraph_record(const struct output *out, const void *record)
{
	const struct profile_run *run = out->context;
	const struct stacks *s = record;
	struct graph g = { .s = s, .run = run };
	int err = build_tree(&g);

	if (!err)
		err = draw_graph(&g, out->file);
	intern_free(&g.keys);
	intern_free(&g.paths);
	free(g.nodes);
	free(g.order);
	buffer_free(&g.out);
	return err;
}

const struct format profile_flamegraph = {
	.name = "svg",
	.help = "an interactive flame graph, SVG",
	.record = flamegraph_record,
};
