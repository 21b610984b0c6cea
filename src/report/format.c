// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/format.c: times and rates with a few digits; causes that are not distinguished.
 */
#include "report_format.h"

#include <inttypes.h>

#include "report_rows.h"

static uint64_t divide_round(uint64_t v, uint64_t by)
{
	return v / by + (v % by >= by / 2);
}

const char *format_time(char buf[FORMAT_TIME_LEN], uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	static const unsigned int scales[] = { 1, 10, 100 };
	unsigned int u = 0, decimals = 2;

	if (ns < 1000) {
		snprintf(buf, FORMAT_TIME_LEN, "%" PRIu64 "ns", ns);
		return buf;
	}
	/* Compared after rounding: 999,600 ns are 1.00ms, not 1000us. */
	while (u < 2 && divide_round(ns, units[u].ns) >= 1000)
		u++;
	while (decimals && divide_round(ns, units[u].ns / scales[decimals]) >= 1000)
		decimals--;
	ns = divide_round(ns, units[u].ns / scales[decimals]);
	snprintf(buf, FORMAT_TIME_LEN, "%.*f%s", (int)decimals, (double)ns / scales[decimals],
		 units[u].name);
	return buf;
}

const char *format_rate(char buf[FORMAT_RATE_LEN], double rate)
{
	int decimals = rate >= 100 ? 0 : rate >= 1 ? 1 : 2;

	/* Not 0.00, as there was one. Reports of no duration have no rate. */
	if (rate > 0 && rate < 0.005)
		snprintf(buf, FORMAT_RATE_LEN, "<0.01");
	else
		snprintf(buf, FORMAT_RATE_LEN, "%.*f", decimals, rate);
	return buf;
}

bool format_merged_causes(FILE *f, uint32_t causes)
{
	const char *lead = "Not distinguished here: ";

	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (causes & 1u << c)
			continue;
		fprintf(f, "%s%s", lead, cause_name(c));
		lead = ", ";
	}
	return *lead == ',';
}
