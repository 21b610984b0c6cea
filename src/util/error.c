// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/error.c: fills a struct error.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}
