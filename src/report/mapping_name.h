/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/mapping_name.h: names of the mappings that faults are in.
 */
#ifndef PFSTAT_REPORT_MAPPING_NAME_H
#define PFSTAT_REPORT_MAPPING_NAME_H

#include <stddef.h>

#include "shared/mapping.h"

/* "file", "heap" and so on; "unknown". */
const char *mapping_kind_name(unsigned int kind);

/*
 * The mapping as /proc/PID/maps would name it, in buf (len bytes): the path, followed by
 * " (deleted)" when the file is; "[heap]", "[stack]", "[anon]", "[anon:name]", "[vdso]".
 * Names that are cut, or have no room, begin with "...". NULL: unknown, or no mapping.
 * Control characters become \ooo, as in /proc/PID/maps. MAPPING_NAME_LEN bytes are always
 * enough.
 */
#define MAPPING_NAME_LEN (4 * MAPPING_NAMES + 32)
const char *mapping_name(const struct fault_mapping *mapping, char *buf, size_t len);

#endif
