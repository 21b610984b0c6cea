// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * main.c: picks the command. Only here, in stat/cmd.c and in serve/cmd.c errors become exit codes.
 */
#include <stdio.h>

#include <bpf/libbpf.h>

#include "doctor/doctor.h"
#include "run/run_options.h"
#include "stat/stat.h"
#include "serve/serve.h"

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level <= LIBBPF_INFO ? vfprintf(stderr, format, args) : 0;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int main(int argc, char **argv)
{
	struct opts opts;
	int code;

	opts_parse(&opts, argc, argv);
	libbpf_set_print(opts.verbose ? print_libbpf : print_nothing);
	switch (opts.command) {
	case COMMAND_DOCTOR:
		code = doctor_run(&opts, stdout);
		break;
	case COMMAND_SERVE:
		code = serve_run(&opts);
		break;
	case COMMAND_TRACE:
		code = run_trace(&opts);
		break;
	case COMMAND_PROFILE:
		code = run_profile(&opts);
		break;
	default:
		code = run_stat(&opts);
	}
	opts_free(&opts);
	return code;
}
