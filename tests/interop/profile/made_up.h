/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * made_up.h: stacks of a made-up machine, with names that are hard to show, for the
 * tests of the outputs of pfstat profile.
 */
#ifndef MADE_UP_H
#define MADE_UP_H

#include <errno.h>
#include <string.h>

#include "profile/profile_stacks.h"

#define SERVER "/usr/bin/server"
#define LIBC   "/usr/lib/x86_64-linux-gnu/libc.so.6"

static const struct {
	uint64_t address;
	const char *name, *module;
} made_up_user[] = {
	{ 0x401000, "_start", SERVER },
	{ 0x402000, "main", SERVER },
	{ 0x403000, "serve_request", SERVER },
	{ 0x404000, "std::map<int, std::string>::operator[]", SERVER },
	{ 0x405000, "</text><script>alert(1)</script>&\"';", SERVER },
	{ 0x406000, "\xff\x01\xef\xbf\xbe broken ]]> name", SERVER },
	{ 0x407000, "load_index", SERVER },
	{ 0x408000, "parse_row", SERVER },
	{ 0x409000, "a_function_with_a_very_long_name_that_does_not_fit_anywhere_and_must_be_cut",
	  SERVER },
	{ 0x7f0000001000, NULL, LIBC },
	{ 0x7f0000002000, "memcpy", LIBC },
	{ 0x7f0000003000, "malloc", LIBC },
};

static const struct {
	uint64_t address;
	const char *name, *module;
} made_up_kernel[] = {
	{ 0xffffffff81001000, "asm_exc_page_fault", "[kernel.kallsyms]" },
	{ 0xffffffff81002000, "exc_page_fault", "[kernel.kallsyms]" },
	{ 0xffffffff81003000, "handle_mm_fault", "[kernel.kallsyms]" },
	{ 0xffffffffc0001000, "xfs_filemap_fault", "[xfs]" },
};

/* Addresses of callers are looked up one lower. */
static int made_up_user_name(void *context, int pid, uint64_t address, uint64_t when_ns,
			     struct user_symbol *out)
{
	size_t i;

	(void)context;
	(void)pid;
	(void)when_ns;
	for (i = 0; i < sizeof(made_up_user) / sizeof(made_up_user[0]); i++) {
		uint64_t begin = made_up_user[i].address - 0x800;

		if (address - begin >= 0x1000)
			continue;
		out->name = made_up_user[i].name;
		out->module = made_up_user[i].module;
		out->offset = address - begin;
		out->start = address > 0x7f0000000000 ? 0x7f0000000000 : 0x400000;
		out->end = out->start + 0x100000;
		out->module_offset = address - out->start;
		out->build_id_len = 20;
		memset(out->build_id, address > 0x7f0000000000 ? 0xcc : 0xaa, 20);
		return out->name ? 0 : -ENOENT;
	}
	return -ENOENT;
}

int __wrap_symbols_user_find(struct symbols_user *u, int pid, uint64_t address, uint64_t when_ns,
			     struct user_symbol *out);
int __wrap_symbols_kernel_find(struct symbols_kernel *k, uint64_t address,
			       struct kernel_symbol *out);

/* In place of the functions of the wing symbols: see the linker's --wrap. */
static const struct symbols made_up_symbols;
static int (*find_user_name)(void *context, int pid, uint64_t address, uint64_t when_ns,
			     struct user_symbol *out) = made_up_user_name;

int __wrap_symbols_user_find(struct symbols_user *u, int pid, uint64_t address, uint64_t when_ns,
			     struct user_symbol *out)
{
	return find_user_name(u, pid, address, when_ns, out);
}

int __wrap_symbols_kernel_find(struct symbols_kernel *k, uint64_t address,
			       struct kernel_symbol *out)
{
	size_t i;

	(void)k;
	for (i = 0; i < sizeof(made_up_kernel) / sizeof(made_up_kernel[0]); i++) {
		uint64_t begin = made_up_kernel[i].address - 0x800;

		if (address - begin >= 0x1000)
			continue;
		out->name = made_up_kernel[i].name;
		out->module = made_up_kernel[i].module;
		out->offset = address - begin;
		return 0;
	}
	return -ENOENT;
}

#define STACK(...)                                                                                 \
	(const uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)
#define FAULT STACK(0xffffffff81003000, 0xffffffff81002000, 0xffffffff81001000)

struct made_up_sample {
	int pid;
	const char *comm, *path;
	uint64_t count, sum_ns;
	const uint64_t *kernel;
	size_t nr_kernel;
	const uint64_t *user;
	size_t nr_user;
	int kernel_error, user_error;
};

/* clang-format off */
static const struct made_up_sample made_up_samples[] = {
	{ 100, "server", "anon", 4000, 8000000, FAULT, STACK(0x7f0000002000, 0x404000, 0x403000, 0x402000, 0x401000), 0, 0 },
	{ 100, "server", "anon", 1500, 4500000, FAULT, STACK(0x7f0000003000, 0x403000, 0x402000, 0x401000), 0, 0 },
	{ 101, "server", "anon", 500, 1500000, FAULT, STACK(0x7f0000003000, 0x403000, 0x402000, 0x401000), 0, 0 },
	{ 100, "server", "file_read", 40, 22000000,
	  STACK(0xffffffffc0001000, 0xffffffff81003000, 0xffffffff81002000, 0xffffffff81001000),
	  STACK(0x408000, 0x407000, 0x402000, 0x7f0000001000), 0, 0 },
	{ 100, "server", "swap", 9, 5000000, FAULT, STACK(0x409000, 0x407000, 0x402000), 0, 0 },
	{ 100, "server", "wp_copy", 300, 900000, FAULT, STACK(0x405000, 0x403000, 0x402000, 0x401000), 0, 0 },
	{ 100, "server", "wp_copy", 100, 400000, FAULT, STACK(0x406000, 0x403000), 0, 0 },
	{ 200, "a;b \n<c>", "anon", 50, 150000, FAULT, STACK(0x7f0000002000, 0x7f0000001000), 0, 0 },
	{ 300, "worker", "anon", 20, 60000, FAULT, NULL, 0, 0, -EFAULT },
	{ 300, "worker", "anon", 10, 30000, NULL, 0, STACK(0x402000, 0x401000), -E2BIG, 0 },
	{ 300, "worker", "thp", 2, 3000000, FAULT, STACK(0x123, 0x402000, 0x401000), 0, 0 },
};
/* clang-format on */

static int make_up(struct stacks *s)
{
	size_t i;
	int err = 0;

	stacks_init(s, &made_up_symbols, 127);
	for (i = 0; i < sizeof(made_up_samples) / sizeof(made_up_samples[0]) && !err; i++) {
		const struct made_up_sample *m = &made_up_samples[i];
		struct stack_sample sample = { .pid = m->pid,
					       .comm = m->comm,
					       .path = m->path,
					       .count = m->count,
					       .sum_ns = m->sum_ns,
					       .when_ns = UINT64_MAX,
					       .kernel = m->kernel,
					       .nr_kernel = m->nr_kernel,
					       .user = m->user,
					       .nr_user = m->nr_user,
					       .kernel_error = m->kernel_error,
					       .user_error = m->user_error };

		err = stacks_add(s, &sample);
	}
	return err;
}

#endif
