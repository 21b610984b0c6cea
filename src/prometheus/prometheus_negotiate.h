/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * prometheus/prometheus_negotiate.h: what a scraper takes, from its Accept and Accept-Encoding
 * headers (RFC 9110, sections 12.5.1 and 12.5.3). Pure; any bytes may come in.
 */
#ifndef PFSTAT_PROMETHEUS_PROMETHEUS_NEGOTIATE_H
#define PFSTAT_PROMETHEUS_PROMETHEUS_NEGOTIATE_H

#include "prometheus.h"

/*
 * The format that accept wants most (by q, then by order in the header), of
 * those that pfstat has. NULL, empty, unknown or malformed: text 0.0.4, as
 * every exporter does, never 406.
 */
enum exposition_format negotiate_format(const char *accept);

/* May the body be gzip? NULL: no. "gzip;q=0" and a bare "*;q=0": no. */
bool negotiate_gzip(const char *accept_encoding);

#endif
