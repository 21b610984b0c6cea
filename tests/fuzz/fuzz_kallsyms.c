// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_kallsyms.c: any bytes as /proc/kallsyms. What is found is a string, at or
 * before the address.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *f = size ? fmemopen((void *)data, size, "r") : NULL;
	struct symbols_kernel *k;
	uint64_t address = 1;
	int bit;

	if (!f)
		return 0;
	if (symbols_kernel_read(&k, f))
		abort();
	for (bit = 0; bit < 64; bit++, address = address << 1 | 1) {
		struct kernel_symbol s;

		if (symbols_kernel_find(k, address, &s))
			continue;
		if (!s.name[0] || !s.module[0] || s.offset > address)
			abort();
	}
	symbols_kernel_close(k);
	fclose(f);
	return 0;
}
