/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve_options.h: the options of pfstat serve.
 */
#ifndef PFSTAT_SERVE_SERVE_OPTIONS_H
#define PFSTAT_SERVE_SERVE_OPTIONS_H

#include "run/run.h"

struct serve_options {
	struct run_options run;
	uint64_t slow_ns; /* --slower; 0: no fault is slow */
	bool causes; /* --causes */
	bool by_cgroup; /* --by cgroup */
	unsigned int cgroup_limit;
	const char **listen; /* --web.listen-address */
	size_t nr_listen, cap_listen;
	const char *web_config; /* --web.config.file; NULL: none */
	bool systemd_socket; /* --web.systemd-socket */
};

extern const struct option_table serve_option_table;

#endif
