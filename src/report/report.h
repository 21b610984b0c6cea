/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/report.h: the face of report/: snapshots of the counters, and the rows, names and
 * texts that are made of them.
 */
#ifndef PFSTAT_REPORT_REPORT_H
#define PFSTAT_REPORT_REPORT_H

#include "group_report.h"
#include "mapping_name.h"
#include "report_estimate.h"
#include "report_format.h"
#include "report_histogram.h"
#include "report_rows.h"

#endif
