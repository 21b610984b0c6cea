/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_user.h: functions of programs by address: ELF symbols (also of separate
 * debug files), the vDSO, and the maps that JIT compilers write. C++ and Rust
 * names are demangled. Nothing is looked up over the network.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_USER_H
#define PFSTAT_SYMBOLS_SYMBOLS_USER_H

#include "symbols_address_space.h"
#include "symbols_kernel.h"

struct symbols_user;

struct user_symbol {
	const char *name; /* NULL: unknown */
	uint64_t offset; /* of the address in it */
	const char *module; /* file, "[vdso]", "[jit]"; NULL: nothing is mapped there */
	uint64_t module_offset; /* of the address in the file */
	uint64_t start, end, file_offset; /* of the mapping; module set */
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_len; /* 0: unknown */
	bool starts_thread; /* it is libc's function that calls the function of a thread */
};

/* 0 or a negative errno. spaces must outlive it. */
int symbols_user_open(struct symbols_user **out, struct address_spaces *spaces);

/*
 * 0, -ESRCH: process unknown, -ENOENT: no name; out has what is known. when_ns: see
 * address_spaces_find(). The strings live until symbols_user_trim().
 */
int symbols_user_find(struct symbols_user *u, int pid, uint64_t address, uint64_t when_ns,
		      struct user_symbol *out);

/* Frees memory when much of it is used; between two events or reports. */
void symbols_user_trim(struct symbols_user *u);

void symbols_user_close(struct symbols_user *u);

#endif
