// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/symbols.c: opens and closes what names need, and makes frames of addresses.
 */
#include "symbols.h"

#include <string.h>

int symbols_open(struct symbols *p, const int *tids, unsigned int nr_tids, int *events)
{
	const struct address_spaces_options options = { .tids = tids, .nr_tids = nr_tids };
	int err;

	memset(p, 0, sizeof(*p));
	err = address_spaces_open(&p->spaces, &options, events);
	err = err ?: symbols_user_open(&p->user, p->spaces);
	err = err ?: symbols_kernel_open(&p->kernel);
	if (err)
		symbols_close(p);
	return err;
}

int symbols_fd(const struct symbols *p)
{
	return address_spaces_fd(p->spaces);
}

void symbols_read(struct symbols *p)
{
	address_spaces_read(p->spaces);
}

int symbols_add_cpu(struct symbols *p, int cpu)
{
	return address_spaces_add_cpu(p->spaces, cpu);
}

uint64_t symbols_exited(const struct symbols *p)
{
	struct address_spaces_totals totals;

	address_spaces_totals(p->spaces, &totals);
	return totals.exited;
}

void symbols_frame_user(struct symbols *p, int pid, uint64_t address, uint64_t when_ns,
			struct symbol_frame *out)
{
	struct user_symbol symbol;

	symbols_user_find(p->user, pid, address, when_ns, &symbol);
	*out = (struct symbol_frame){ .address = address,
				      .symbol = symbol.name,
				      .symbol_offset = symbol.offset,
				      .module = symbol.module,
				      .module_offset = symbol.module_offset };
}

void symbols_frame_kernel(struct symbols *p, uint64_t address, struct symbol_frame *out)
{
	struct kernel_symbol symbol;

	*out = (struct symbol_frame){ .address = address };
	if (symbols_kernel_find(p->kernel, address, &symbol))
		return;
	out->symbol = symbol.name;
	out->symbol_offset = symbol.offset;
	out->module = symbol.module;
}

void symbols_trim(struct symbols *p)
{
	symbols_user_trim(p->user);
}

void symbols_close(struct symbols *p)
{
	symbols_kernel_close(p->kernel);
	symbols_user_close(p->user);
	address_spaces_close(p->spaces);
	memset(p, 0, sizeof(*p));
}
