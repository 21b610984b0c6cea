/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * mapped_open.h: opens the very file that a process has or had mapped, its debug
 * file, and what its JIT compiler wrote: in the process's own root while it lives.
 * Other people name these files, so only regular ones are opened, symbolic links
 * end in that root, and a file that is not proven to be the one is refused.
 */
#ifndef PFSTAT_MAPPED_OPEN_H
#define PFSTAT_MAPPED_OPEN_H

#include "address_spaces_find.h"
#include "elf_file.h"

/*
 * A descriptor or a negative errno; -ESTALE: another file has the name now.
 * began_ns: CLOCK_MONOTONIC when mappings without a time were seen.
 */
int mapped_open(const struct mapping *mapping, uint64_t began_ns);

/* The separate debug file by build-id or debug link; checked by build-id or checksum. */
int mapped_open_debug(const struct mapping *mapping, const struct elf_file *file);

/* /tmp/perf-PID.map of the mapping's process, of its own pid namespace. */
int mapped_open_perf_map(const struct mapping *mapping);

#endif
