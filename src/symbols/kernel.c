// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/kernel.c: functions of the kernel, sorted by address.
 */
#include "symbols_kernel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proc/kallsyms.h"
#include "util/array.h"
#include "util/buffer.h"

#define KERNEL "[kernel.kallsyms]"

/* kallsyms has no sizes: an address this far behind a function is in none. */
static const uint64_t FAR = 1 << 20;

struct kernel_entry {
	uint64_t address;
	uint32_t name, module; /* offsets in names; module 0: the kernel itself */
};

struct symbols_kernel {
	bool loaded;
	int err; /* of loading */
	struct kernel_entry *entries; /* by address */
	size_t nr, cap;
	struct buffer names; /* each ended by '\0' */
};

int symbols_kernel_open(struct symbols_kernel **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static uint32_t keep_kernel_name(struct symbols_kernel *k, const char *name)
{
	uint32_t at = k->names.len;

	put(&k->names, name, strlen(name) + 1);
	return at;
}

/* Symbols of a module follow each other, so the last module is often the same. */
static uint32_t keep_module(struct symbols_kernel *k, const char *module)
{
	uint32_t last = k->nr ? k->entries[k->nr - 1].module : 0;

	if (last && !strcmp(k->names.data + last, module))
		return last;
	return keep_kernel_name(k, module);
}

static int add_function(void *symbols, const struct kallsym *symbol)
{
	struct symbols_kernel *k = symbols;
	struct kernel_entry *kernel_entry;

	if (!symbol->address || !strchr("tTwW", symbol->type))
		return 0;
	if (array_reserve(k->entries, k->cap, k->nr + 1))
		return -ENOMEM;
	kernel_entry = &k->entries[k->nr];
	kernel_entry->address = symbol->address;
	kernel_entry->name = keep_kernel_name(k, symbol->name);
	kernel_entry->module = symbol->module[0] ? keep_module(k, symbol->module) : 0;
	k->nr++;
	return k->names.failed || k->names.len > UINT32_MAX ? -ENOMEM : 0;
}

/* Of several names of an address the first in kallsyms comes last, so it is found. */
static int compare_addresses(const void *a, const void *b)
{
	const struct kernel_entry *x = a, *y = b;

	return compare_u64(x->address, y->address) ?: compare_u64(y->name, x->name);
}

static int load_kallsyms(struct symbols_kernel *k, FILE *f)
{
	int err;

	k->loaded = true;
	put_char(&k->names, '\0'); /* so that no module is at 0 */
	err = kallsyms_read(f, add_function, k);
	if (err)
		return err;
	if (!k->nr)
		return -EACCES; /* the addresses are zeros */
	qsort(k->entries, k->nr, sizeof(*k->entries), compare_addresses);
	return 0;
}

static void load_kallsyms_once(struct symbols_kernel *k)
{
	if (!k->loaded)
		k->err = load_kallsyms(k, NULL);
}

int symbols_kernel_read(struct symbols_kernel **out, FILE *f)
{
	int err = symbols_kernel_open(out);

	if (!err)
		(*out)->err = load_kallsyms(*out, f);
	return err;
}

int symbols_kernel_find(struct symbols_kernel *k, uint64_t address, struct kernel_symbol *out)
{
	const struct kernel_entry *kernel_entry;
	size_t nr;

	load_kallsyms_once(k);
	if (k->err)
		return k->err;
	nr = array_count_up_to(k->entries, k->nr, sizeof(*k->entries), address);
	if (!nr || address - k->entries[nr - 1].address >= FAR)
		return -ENOENT;
	kernel_entry = &k->entries[nr - 1];
	out->name = k->names.data + kernel_entry->name;
	out->offset = address - kernel_entry->address;
	out->module = kernel_entry->module ? k->names.data + kernel_entry->module : KERNEL;
	return 0;
}

const char *symbols_kernel_problem(struct symbols_kernel *k)
{
	load_kallsyms_once(k);
	switch (k->err) {
	case 0:
		return "";
	case -EACCES:
	case -EPERM:
		return "/proc/kallsyms hides the kernel's addresses: run as root, and with "
		       "sysctl kernel.kptr_restrict=1 or 0";
	case -ENOENT:
		return "/proc/kallsyms is not there: the kernel is built without CONFIG_KALLSYMS";
	case -ENOMEM:
		return "out of memory while reading /proc/kallsyms";
	}
	return "/proc/kallsyms cannot be read";
}

void symbols_kernel_close(struct symbols_kernel *k)
{
	if (!k)
		return;
	free(k->entries);
	buffer_free(&k->names);
	free(k);
}
