/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols.h: names of functions, of the kernel and of the processes that are measured.
 * The mappings of the processes are recorded from symbols_open() on, so that functions of
 * processes that have exited have names, too.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_H
#define PFSTAT_SYMBOLS_SYMBOLS_H

#include "symbols_kernel.h"
#include "symbols_user.h"

struct symbols {
	struct address_spaces *spaces;
	struct symbols_user *user;
	struct symbols_kernel *kernel;
};

/* One frame of a stack. */
struct symbol_frame {
	uint64_t address;
	const char *symbol; /* NULL: unknown */
	uint64_t symbol_offset; /* of address in the symbol */
	const char *module; /* file, "[kernel.kallsyms]", "[vdso]"; NULL: unknown */
	uint64_t module_offset; /* of address in the file, when there is no symbol */
};

/*
 * tids: the threads to follow, with what they create; NULL: the complete machine. 0 or a
 * negative errno. *events: 0, or the negative errno with which the kernel refused perf events;
 * then functions of processes that exit during the measurement have no names.
 */
int symbols_open(struct symbols *p, const int *tids, unsigned int nr_tids, int *events);

/* Readable when symbols_read() should be called; -1 without perf events. */
int symbols_fd(const struct symbols *p);

/* Reads the records of mappings: before symbols are asked for. */
void symbols_read(struct symbols *p);

/* Records the mappings that are made on a CPU that came online. 0 or a negative errno. */
int symbols_add_cpu(struct symbols *p, int cpu);

/* Processes that have exited so far. At least the last EXITED_REMEMBERED still have symbols. */
uint64_t symbols_exited(const struct symbols *p);

/* As far as the frame is known. The strings live until symbols_trim(). */
void symbols_frame_user(struct symbols *p, int pid, uint64_t address, uint64_t when_ns,
			struct symbol_frame *out);
void symbols_frame_kernel(struct symbols *p, uint64_t address, struct symbol_frame *out);

/* Frees memory when much of it is used. Names that were returned before are not valid any more. */
void symbols_trim(struct symbols *p);

void symbols_close(struct symbols *p);

#endif
