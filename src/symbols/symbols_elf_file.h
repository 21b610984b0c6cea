/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_elf_file.h: build-id, segments and functions of an ELF file. Files may contain
 * anything. They are read, not mapped: truncating a mapped file would kill the reader.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_ELF_FILE_H
#define PFSTAT_SYMBOLS_SYMBOLS_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols_address_space.h"
#include "util/buffer.h"

struct elf_symbol {
	uint64_t value, size;
	uint32_t name; /* offset in names */
	uint8_t rank; /* of several at one address the highest is shown */
};

struct elf_segment {
	uint64_t offset, size, address;
};

struct elf_file {
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_len; /* 0: none */
	char *debug_link; /* file name; NULL: none */
	uint32_t debug_crc;
	bool has_symtab; /* all functions, not only those that are exported */
	struct elf_segment *segments;
	unsigned int nr_segments;
	struct elf_symbol *symbols; /* by value, after elf_file_sort() */
	size_t nr_symbols, cap_symbols;
	struct buffer names;
};

/* Reads fd, which stays open. 0, -ENOEXEC: not an ELF file, or another negative errno. */
int elf_file_read(struct elf_file *file, int fd);
/* From memory. */
int elf_file_read_memory(struct elf_file *file, char *bytes, size_t len);
/* Only the build-id: its length, 0 if there is none, or a negative errno. */
int elf_file_build_id(int fd, uint8_t build_id[BUILD_ID_MAX]);
/* Adds the symbols of a debug file. 0 or a negative errno. */
int elf_file_add_symbols(struct elf_file *file, int fd);

void elf_file_sort(struct elf_file *file);
/* From an offset in the file to the address in its symbols; false: in no segment. */
bool elf_file_address(const struct elf_file *file, uint64_t offset, uint64_t *address);
/* The function at an address of the symbols, or NULL. */
const struct elf_symbol *elf_file_symbol(const struct elf_file *file, uint64_t address);

void elf_file_free(struct elf_file *file);

#endif
