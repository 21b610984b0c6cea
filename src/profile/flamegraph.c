// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/flamegraph.c: a flame graph in one file: the outermost frames at the top, as wide
 * as their weight, the heaviest on the left. Each frame is an svg of its own whose
 * place is in percent, so that it scales with the window and clips its text also
 * where no script runs; profile/flamegraph.js adds zoom and search.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/array.h"
#include "util/buffer.h"
#include "profile_stacks.h"
#include "run/run.h"

enum { TOP = 112, ROW = 19, FOOT = 36, MARGIN = 16, PATH_COLOURS = 6 };

/* What is narrower than this part of the whole, by time and by count, is not drawn. */
static const uint64_t PARTS = 4000;

static const char style[] =
#include "profile/flamegraph.css.inc"
	;
static const char script[] =
#include "profile/flamegraph.js.inc"
	;

/* Frames of one name under one parent. */
struct node_key {
	uint32_t parent; /* number + 1; 0: the root */
	uint32_t name, module, kind;
};

struct node {
	struct stack_weight weight;
	uint32_t shown; /* place in the document */
	uint32_t level;
	double x; /* where its next child begins, in weight */
};

/* A node among the children of its parent. */
struct ranked {
	uint64_t parent; /* as in its key; first: see array_count_up_to() */
	uint64_t weight;
	const char *name;
	uint32_t node;
};

struct graph {
	const struct stacks *s;
	const struct profile_run *run;
	FILE *f;
	struct intern keys; /* number of a node */
	struct node *nodes;
	uint32_t nr_nodes, cap_nodes;
	struct node root; /* "all" */
	struct ranked *ranked; /* all nodes, sorted */
	uint32_t *todo; /* a stack of nodes to be drawn */
	uint32_t nr_shown, nr_left_out;
	struct intern paths; /* as they appear: the first have colours of their own */
	struct buffer valid; /* a text with its UTF-8 made valid */
};

static const struct node_key *key_of(const struct graph *g, uint32_t i)
{
	return interned(&g->keys, i);
}

/* --- the tree */

static int add_frame(struct graph *g, const struct node_key *key, uint32_t level,
		     const struct stack_weight *w)
{
	int64_t number = intern(&g->keys, key, sizeof(*key));

	if (number == g->nr_nodes) {
		if (array_reserve(g->nodes, g->cap_nodes, g->nr_nodes + 1ul))
			return -ENOMEM;
		g->nodes[g->nr_nodes++] = (struct node){ .level = level };
	}
	if (number >= 0) {
		g->nodes[number].weight.count += w->count;
		g->nodes[number].weight.sum_ns += w->sum_ns;
	}
	return (int)number;
}

static int add_line(struct graph *g, const struct stack_line *line, const struct stack_weight *w)
{
	struct node_key key = { 0 };

	for (uint32_t i = 0; i < line->nr; i++) {
		const struct stack_frame *frame = stacks_frame(g->s, line->frames[i]);
		int number;

		key.name = frame->name;
		key.module = frame->module;
		key.kind = frame->kind;
		number = add_frame(g, &key, i + 1, w);
		if (number < 0)
			return number;
		key.parent = (uint32_t)number + 1;
	}
	return 0;
}

/* Children of one parent together, the heaviest last. */
static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int order = compare_u64(x->parent, y->parent);

	order = order ?: compare_u64(x->weight, y->weight);
	order = order ?: strcmp(y->name, x->name);
	return order ?: compare_u64(y->node, x->node);
}

static int build_tree(struct graph *g)
{
	int err = 0;

	for (uint32_t i = 0; i < g->s->lines.nr && !err; i++)
		err = add_line(g, stacks_line(g->s, i), &g->s->weights[i]);
	if (err)
		return err;
	g->ranked = calloc(g->nr_nodes + 1ul, sizeof(*g->ranked));
	g->todo = calloc(g->nr_nodes + 1ul, sizeof(*g->todo));
	if (!g->ranked || !g->todo)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		g->ranked[i] = (struct ranked){ .parent = key_of(g, i)->parent,
						.weight = stack_weigh(g->run, &g->nodes[i].weight),
						.name = stacks_text(g->s, key_of(g, i)->name),
						.node = i };
	qsort(g->ranked, g->nr_nodes, sizeof(*g->ranked), by_rank);
	return 0;
}

/* No node is wider than its parent. */
static bool is_too_narrow(const struct graph *g, const struct node *node)
{
	const struct stack_weight *all = &g->s->totals.all;

	return node->weight.count < all->count / PARTS && node->weight.sum_ns < all->sum_ns / PARTS;
}

static unsigned int graph_height(const struct graph *g)
{
	uint32_t depth = 0;

	for (uint32_t i = 0; i < g->nr_nodes; i++)
		if (g->nodes[i].level > depth && !is_too_narrow(g, &g->nodes[i]))
			depth = g->nodes[i].level;
	return TOP + (depth + 1) * ROW + FOOT;
}

/* --- words */

/* As text and in attributes; what XML cannot hold becomes U+FFFD. */
static void print_xml(struct graph *g, const char *words)
{
	static const char special[] = "<>&\"";
	static const char *const escapes[] = { "&lt;", "&gt;", "&amp;", "&quot;" };

	g->valid.len = 0;
	put_utf8(&g->valid, words);
	put_char(&g->valid, '\0');
	for (const char *c = g->valid.failed ? "" : g->valid.data; *c; c++) {
		const char *found = strchr(special, *c);
		/* U+FFFE and U+FFFF. */
		bool none = !strncmp(c, "\xef\xbf\xbe", 3) || !strncmp(c, "\xef\xbf\xbf", 3);

		if (found)
			fputs(escapes[found - special], g->f);
		else if (none || (unsigned char)*c < ' ' || *c == 0x7f)
			fputs("\xef\xbf\xbd", g->f);
		else
			fputc(*c, g->f);
		c += none ? 2 : 0;
	}
}

static void print_time(FILE *f, uint64_t ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "\xc2\xb5s" } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ns >= units[i].ns) {
			fprintf(f, "%.*f %s", ns >= 100 * units[i].ns ? 0 : 2,
				(double)ns / (double)units[i].ns, units[i].name);
			return;
		}
	fprintf(f, "%" PRIu64 " ns", ns);
}

/* "1.50 ms in 1,234 faults". */
static void print_weight(FILE *f, const struct stack_weight *w, const char *between)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, w->count);

	print_time(f, w->sum_ns);
	fputs(between, f);
	for (int i = 0; i < len; i++)
		fprintf(f, "%s%c", i && (len - i) % 3 == 0 ? "," : "", digits[i]);
	fputs(w->count == 1 ? " fault" : " faults", f);
}

/* --- the picture */

static unsigned int shade(const char *words)
{
	unsigned int hash = 5381;

	while (*words)
		hash = hash * 33 + (unsigned char)*words++;
	return (hash ^ hash >> 7) % 3;
}

static unsigned int path_colour(struct graph *g, const char *path)
{
	int64_t number = intern_text(&g->paths, path);

	return number < 0 || number > PATH_COLOURS ? PATH_COLOURS : (unsigned int)number;
}

/* Functions of one module have one shade, each path has its own colour. */
static unsigned int frame_colour(struct graph *g, const struct node_key *key)
{
	switch (key->kind) {
	case FRAME_USER:
		return shade(stacks_text(g->s, key->module));
	case FRAME_KERNEL:
		return shade(stacks_text(g->s, key->name));
	case FRAME_PATH:
		return path_colour(g, stacks_text(g->s, key->name));
	default:
		return 0;
	}
}

static void print_box(struct graph *g, const char *name, const struct node *node, double x)
{
	double whole = (double)stack_weigh(g->run, &g->s->totals.all);
	double percent = whole > 0 ? 100 * (double)stack_weigh(g->run, &node->weight) / whole : 0;

	fprintf(g->f,
		"\" x=\"%.5f%%\" y=\"%u\" width=\"%.5f%%\" height=\"%d\" role=\"treeitem\""
		" data-t=\"%" PRIu64 "\" data-n=\"%" PRIu64 "\"><title>",
		100 * x / (whole > 0 ? whole : 1), node->level * ROW, percent, ROW,
		node->weight.sum_ns, node->weight.count);
	print_xml(g, name);
	fputs(": ", g->f);
	print_weight(g->f, &node->weight, ", ");
	fprintf(g->f,
		", %.2f %%</title><rect width=\"100%%\" height=\"%d\" rx=\"2\"/>"
		"<text x=\"4\" y=\"13\">",
		percent, ROW - 1);
	print_xml(g, name);
	fputs("</text></svg>\n", g->f);
}

static void print_node(struct graph *g, uint32_t number)
{
	static const struct {
		const char *name;
		char class;
	} kinds[] = { [FRAME_PROCESS] = { "process", 'r' },
		      [FRAME_USER] = { "user", 'u' },
		      [FRAME_KERNEL] = { "kernel", 'k' },
		      [FRAME_NOTE] = { "note", 'n' },
		      [FRAME_PATH] = { "path", 'p' } };
	const struct node_key *key = key_of(g, number);
	struct node *node = &g->nodes[number];
	struct node *parent = key->parent ? &g->nodes[key->parent - 1] : &g->root;

	node->shown = ++g->nr_shown; /* the whole is at 0 */
	node->x = parent->x;
	parent->x += (double)stack_weigh(g->run, &node->weight);
	fprintf(g->f, "<svg class=\"f %c%u\" data-k=\"%s\" data-p=\"%u\" data-m=\"",
		kinds[key->kind].class, frame_colour(g, key), kinds[key->kind].name, parent->shown);
	print_xml(g, stacks_text(g->s, key->module));
	print_box(g, stacks_text(g->s, key->name), node, node->x);
}

/* Depth first, without recursion; the heaviest child comes off the stack first. */
static void print_nodes(struct graph *g)
{
	const struct ranked *end = g->ranked + g->nr_nodes;
	uint32_t parent = 0, top = 0;

	for (;;) {
		const struct ranked *r = g->ranked;

		if (parent)
			r += array_count_up_to(r, g->nr_nodes, sizeof(*r), parent - 1);
		for (; r < end && r->parent == parent; r++) {
			if (is_too_narrow(g, &g->nodes[r->node]))
				g->nr_left_out++;
			else
				g->todo[top++] = r->node;
		}
		if (!top)
			return;
		print_node(g, g->todo[--top]);
		parent = g->todo[top] + 1;
	}
}

static void print_frames(struct graph *g)
{
	/* The script makes the right margin as wide as the left one. */
	fprintf(g->f,
		"<svg id=\"frames\" role=\"tree\" "
		"aria-label=\"Stacks, outermost frames first\" x=\"%d\" y=\"%d\" "
		"width=\"97.5%%\" overflow=\"visible\">\n"
		"<svg class=\"f r0\" data-k=\"process\" data-p=\"0\" data-m=\"",
		MARGIN, TOP);
	g->root.weight = g->s->totals.all;
	print_box(g, "all", &g->root, 0);
	print_nodes(g);
	fputs("</svg>\n", g->f);
}

static void print_subtitle(struct graph *g)
{
	time_t began = (time_t)(g->run->began_ns / 1000000000);
	char date[32] = "";
	struct tm tm;

	if (began && gmtime_r(&began, &tm))
		strftime(date, sizeof(date), ", %Y-%m-%d %H:%M UTC", &tm);
	fprintf(g->f, "<text id=\"subtitle\" x=\"%d\" y=\"51\">", MARGIN);
	print_xml(g, g->run->title);
	fputs(": ", g->f);
	print_weight(g->f, &g->s->totals.all, " in ");
	if (g->run->duration_ns) {
		fputs(", measured for ", g->f);
		print_time(g->f, g->run->duration_ns);
	}
	fprintf(g->f, "%s</text>\n", date);
}

static void print_legend_entry(struct graph *g, char class, uint32_t colour, const char *words)
{
	fprintf(g->f, "<span><i class=\"%c%u\"></i>", class, colour);
	print_xml(g, words);
	fputs("</span>", g->f);
}

static void print_legend(struct graph *g)
{
	fputs("<div id=\"legend\">", g->f);
	print_legend_entry(g, 'u', 0, "program");
	print_legend_entry(g, 'k', 0, "kernel");
	print_legend_entry(g, 'n', 0, "not known");
	for (uint32_t i = 0; i < g->paths.nr && i < PATH_COLOURS; i++)
		print_legend_entry(g, 'p', i, interned(&g->paths, i));
	if (g->paths.nr > PATH_COLOURS)
		print_legend_entry(g, 'p', PATH_COLOURS, "other paths");
	fputs("</div>", g->f);
}

static void print_controls(struct graph *g)
{
	fputs("<foreignObject id=\"controls\" x=\"0\" y=\"62\" width=\"100%\" height=\"46\">"
	      "<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"html\" id=\"bar\">",
	      g->f);
	print_legend(g);
	fputs("<span id=\"matched\" role=\"status\"></span>"
	      "<input id=\"search\" type=\"search\" placeholder=\"Search (/)\" "
	      "aria-label=\"Search functions, files and paths; regular expression\"/>"
	      "<div id=\"metric\" role=\"group\" aria-label=\"Width of the frames\">"
	      "<button id=\"by-time\" type=\"button\">Time</button>"
	      "<button id=\"by-count\" type=\"button\">Count</button></div>"
	      "<button id=\"reset\" type=\"button\" disabled=\"disabled\">Reset</button>"
	      "<span id=\"live\" role=\"status\"></span></div></foreignObject>\n",
	      g->f);
}

static void print_foot(struct graph *g, unsigned int height)
{
	fprintf(g->f,
		"<text id=\"foot\" x=\"%d\" y=\"%u\">"
		"pfstat profile. Click or Enter: zoom; Esc: reset; /: search; arrows: move.",
		MARGIN, height - 12);
	if (g->nr_left_out)
		fprintf(g->f, " Not drawn: %u frames narrower than %.3f %%.", g->nr_left_out,
			100.0 / (double)PARTS);
	fprintf(g->f,
		"</text>\n"
		"<foreignObject width=\"100%%\" height=\"100%%\" style=\"pointer-events:none\" "
		"aria-hidden=\"true\"><div xmlns=\"http://www.w3.org/1999/xhtml\" id=\"tip\" "
		"class=\"html\"></div></foreignObject>\n<script><![CDATA[\n%s]]></script>\n</svg>\n",
		script);
}

static void print_head(struct graph *g, unsigned int height)
{
	fprintf(g->f,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%u\" "
		"data-metric=\"%s\" style=\"min-width:480px\">\n"
		"<title>pfstat: page faults by stack</title>\n<style><![CDATA[\n%s]]></style>\n"
		"<rect id=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
		"<text id=\"title\" x=\"%d\" y=\"30\">Page faults by stack</text>\n",
		height, g->run->by_count ? "n" : "t", style, MARGIN);
}

static int draw_graph(struct graph *g)
{
	unsigned int height = graph_height(g);

	print_head(g, height);
	print_subtitle(g);
	print_frames(g);
	print_controls(g); /* whose legend has the paths of the frames */
	print_foot(g, height);
	return g->valid.failed ? -ENOMEM : 0;
}

static int flamegraph_record(const struct output *out, const void *record)
{
	struct graph g = { .s = record, .run = out->context, .f = out->file };
	int err = build_tree(&g);

	err = err ?: draw_graph(&g);
	intern_free(&g.keys);
	intern_free(&g.paths);
	free(g.nodes);
	free(g.ranked);
	free(g.todo);
	buffer_free(&g.valid);
	return err;
}

const struct format profile_flamegraph = {
	.name = "svg",
	.help = "an interactive flame graph, SVG",
	.record = flamegraph_record,
};
