/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/hist_schema.h: the latency histogram.
 *
 * Base-2 exponential, schema 3 (8 buckets per doubling), bounds in seconds:
 * bucket i holds every latency in (2^((i-1)/8), 2^(i/8)] seconds. These are
 * exactly the buckets of a Prometheus native histogram of schema 3 and of an
 * OpenTelemetry exponential histogram of scale 3, so the CLI, the exporter and
 * a fleet-wide merge agree bucket for bucket.
 *
 * Kept are indexes HIST_MIN (everything up to 2^-24 s, 59.6 ns) to HIST_MAX
 * (everything over 2^(62/8) s, 215 s); slot = index - HIST_MIN. Any value
 * taken from a bucket is within 2^(1/8) = 9.05 % of the sample; count, sum and
 * max are separate and exact. Memory: 2 KiB per histogram.
 */
#ifndef PFSTAT_BPF_SHARED_HIST_SCHEMA_H
#define PFSTAT_BPF_SHARED_HIST_SCHEMA_H

#define HIST_SCHEMA 3
#define HIST_MIN    (-192)
#define HIST_MAX    63
#define HIST_SLOTS  256

#endif
