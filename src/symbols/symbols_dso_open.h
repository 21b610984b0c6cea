/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_dso_open.h: opens the file that a process has or had mapped, its debug file, and
 * the map of its JIT compiler: in the root of the process while it lives. Users choose the names of
 * these files, so only regular files are opened, symbolic links do not leave the root, and a
 * file is refused unless it is proven to be the mapped one.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_DSO_OPEN_H
#define PFSTAT_SYMBOLS_SYMBOLS_DSO_OPEN_H

#include "symbols_address_space.h"
#include "symbols_elf_file.h"

/*
 * A descriptor or a negative errno; -ESTALE: another file has the name now.
 * began_ns: CLOCK_MONOTONIC at which mappings without a time were read.
 */
int dso_open(const struct mapping *mapping, uint64_t began_ns);

/* The separate debug file by build-id or debug link; checked by build-id or checksum. */
int dso_open_debug(const struct mapping *mapping, const struct elf_file *file);

/* /tmp/perf-PID.map of the process, PID in its pid namespace. */
int dso_open_perf_map(const struct mapping *mapping);

#endif
