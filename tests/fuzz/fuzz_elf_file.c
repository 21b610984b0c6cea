// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_elf_file.c: any bytes as an ELF file. What is found is a string, and its
 * function has the address.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols_elf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file file;
	char *bytes = malloc(size + 1);
	size_t i;

	if (!bytes)
		abort();
	if (size)
		memcpy(bytes, data, size);
	if (!elf_file_read_memory(&file, bytes, size)) {
		elf_file_sort(&file);
		for (i = 0; i < file.nr_symbols; i++) {
			const struct elf_symbol *s = elf_file_symbol(&file, file.symbols[i].value);

			if (s && (s->value > file.symbols[i].value || s->name >= file.names.len))
				abort();
		}
		elf_file_free(&file);
	}
	free(bytes);
	return 0;
}
