// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/plan_text.c: prints a plan. tests/kernel/vm/plans holds the text for each kernel.
 */
#include "probe_plan.h"

#include <string.h>

unsigned int plan_method(const struct plan *plan, enum step step)
{
	const unsigned int rows[STEP_NR] = { plan->begin, plan->end, plan->record };

	return rows[step];
}

const char *plan_unused_reason(const struct plan *plan, enum step step, unsigned int row)
{
	int error = plan->unused[step][row].error;
	const char *why = plan->unused[step][row].why;

	return error ? strerror(-error) : why ?: "another row is cheaper";
}

void plan_describe_methods(const struct plan *plan, struct report_method methods[STEP_NR])
{
	_Static_assert(STEP_NR == REPORT_METHODS && METHODS_MAX == REPORT_UNUSED, "one size");

	memset(methods, 0, STEP_NR * sizeof(*methods));
	for (int step = 0; step < STEP_NR; step++) {
		struct report_method *out = &methods[step];
		const struct method_row *row;
		unsigned int used = plan_method(plan, step), nr = 0;

		out->step = step_name(step);
		for (unsigned int i = 0; (row = method_row(step, i)); i++) {
			if (i == used) {
				out->row = row->name;
				out->proof = row->proof;
				continue;
			}
			out->unused[nr].row = row->name;
			out->unused[nr++].reason = plan_unused_reason(plan, step, i);
		}
	}
}

static void print_method(const struct report_method *method, const char *text, FILE *f)
{
	fprintf(f, "%s: %s (%s); proof: %s\n", method->step, text, method->row, method->proof);
	for (int i = 0; i < REPORT_UNUSED && method->unused[i].row; i++)
		fprintf(f, "  not %s: %s\n", method->unused[i].row, method->unused[i].reason);
}

void plan_print(const struct plan *plan, FILE *f)
{
	struct report_method methods[STEP_NR];
	unsigned int path, origin;
	int h;

	fprintf(f, "attach: %s\n", plan->attach);
	plan_describe_methods(plan, methods);
	for (int step = 0; step < STEP_NR; step++)
		print_method(&methods[step], method_row(step, plan_method(plan, step))->text, f);
	for (h = 0; h < HOOK_NR; h++) {
		fprintf(f, "%-28s %s", hook_rows[h].name, method_name(plan->hook[h].method));
		if (plan->hook[h].error)
			fprintf(f, " (%s)", strerror(-plan->hook[h].error));
		fputc('\n', f);
	}
	for (path = 0; path < PATH_NR; path++) {
		fprintf(f, "path %-23s", path_name(path));
		for (origin = 0; origin < ORIGIN_NR; origin++)
			fprintf(f, " %s: %s", origin_name(origin),
				exactness_name(plan->exact[path][origin]));
		fputc('\n', f);
	}
}
