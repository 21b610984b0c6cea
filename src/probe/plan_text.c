// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/plan_text.c: prints a plan. tests/kernel/vm/plans holds the text for each kernel.
 */
#include "probe_plan.h"

#include <string.h>

void plan_print(const struct plan *plan, FILE *f)
{
	unsigned int path, origin;
	int h;

	fprintf(f, "attach: %s\n", plan->attach);
	fprintf(f, "end: %s\n",
		plan->end == END_PERF ? "perf software events page-faults-min and -maj" :
					"fexit on handle_mm_fault");
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
