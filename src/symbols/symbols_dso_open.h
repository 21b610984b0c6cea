/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_dso_open.h: opens the very file that a process has or had mapped, its debug
 * file, and what its JIT compiler wrote: in the process's own root while it lives.
 * Other people name these files, so only regular ones are opened, symbolic links
 * end in that root, and a file that is not proven to be the one is refused.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_DSO_OPEN_H
#define PFSTAT_SYMBOLS_SYMBOLS_DSO_OPEN_H

#include "symbols_space_maps.h"
#include "symbols_elf_file.h"

/*
 * A descriptor or a negative errno; -ESTALE: another file has the name now.
 * began_ns: CLOCK_MONOTONIC when mappings without a time were seen.
 */
int dso_open(const struct mapping *mapping, uint64_t began_ns);

/* The separate debug file by build-id or debug link; checked by build-id or checksum. */
int dso_open_debug(const struct mapping *mapping, const struct elf_file *file);

/* /tmp/perf-PID.map of the mapping's process, of its own pid namespace. */
int dso_open_perf_map(const struct mapping *mapping);

#endif
