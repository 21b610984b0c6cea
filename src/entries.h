/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * entries.h: gives entries of an array that programs claim (bpf/entries.h) back, without
 * a call of bpf(2) that would make the kernel skip programs of ours.
 */
#ifndef PFSTAT_USER_ENTRIES_H
#define PFSTAT_USER_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "../bpf/entries.h"

/* 0 or a negative errno. program_fd: of the one that does what request says. */
int entries_unhook(int program_fd, struct entry_return *request, const unsigned int *entries,
		   unsigned int nr);
/* After entries_wait(), and when they are zeroed: who takes one writes its key at once. */
int entries_free(int program_fd, struct entry_return *request, const unsigned int *entries,
		 unsigned int nr);

/* Until no program is at work that had found an entry before. */
void entries_wait(void);

/* The length of an array as mmap wants it. */
size_t entries_bytes(size_t each, size_t nr);

#endif
