// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/option_values.c: numbers, times and names as users write them.
 */
#include "run_command.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

int option_find_name(option_name *name, const void *context, const char *text, size_t len)
{
	const char *found;

	for (unsigned int i = 0; (found = name(context, i)); i++)
		if (strlen(found) == len && !strncmp(found, text, len))
			return (int)i;
	return -1;
}

int option_refuse_name(option_name *name, const void *context, const char *what,
		       struct error *error)
{
	char list[400] = "";

	for (unsigned int i = 0; name(context, i); i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s",
			 !i                   ? "" :
			 name(context, i + 1) ? ", " :
						" or ",
			 name(context, i));
	}
	return error_set(error, -EINVAL, "%snot %s", what, list);
}

bool option_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &stop, 10);
	return !errno && !*stop && *value >= min && *value <= max;
}

bool option_parse_seconds(const char *text, uint64_t *ns)
{
	double seconds;
	char *stop;

	/* strtod() takes more: signs, hexadecimal, exponents, nan. */
	if (text[strspn(text, "0123456789.")])
		return false;
	errno = 0;
	seconds = strtod(text, &stop);
	/* A year is more than anybody waits for, and far below the overflow. */
	if (errno || *stop || stop == text || !(seconds >= 1e-3) || seconds > 366 * 86400.0)
		return false;
	*ns = llround(seconds * 1e9);
	return true;
}

bool option_parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	size_t digits = strspn(text, "0123456789."), i;
	double value;
	char *stop;

	value = strtod(text, &stop);
	if (!digits || stop != text + digits)
		return false;
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		double t = value * units[i].ns;

		if (strcmp(stop, units[i].name))
			continue;
		*ns = t >= 1 && t <= 3600e9 ? llround(t) : 0;
		return *ns;
	}
	return false;
}
