// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/exit_status.c: from errors to exit statuses.
 */
#include "exit_status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int fail_errno(int code, const char *what, int err)
{
	fprintf(stderr, "pfstat: %s: %s\n", what, strerror(-err));
	return code;
}

int fail_with(int code, const char *text)
{
	fprintf(stderr, "pfstat: %s\n", text);
	return code;
}

int exit_code_of(int err)
{
	return err == -EPERM || err == -EACCES ? EXIT_PRIVILEGE : EXIT_FAILED;
}
