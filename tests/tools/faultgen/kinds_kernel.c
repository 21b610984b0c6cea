/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Faults that the kernel takes for us: while it writes to user memory, with faults disabled,
 * without any exception, or on an address of its own.
 */
#include "faultgen.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Documentation/arch/x86/x86_64/mm.rst: the guard hole before the direct map, never mapped. */
#define KERNEL_HOLE 0xffff800000001000ul

/* /dev/zero clears user memory directly: no nofault attempt first, as file reads make on new
 * kernels. */
int kernel_setup(struct part *p)
{
	if (p->job->zero < 0)
		p->job->zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (p->job->zero < 0)
		return job_fail(p->job, errno, "cannot open /dev/zero");
	return anon_setup(p);
}

int kernel_run(struct part *p, uint64_t n)
{
	const size_t unit = p->unit;
	int err;

	for (; n; n--, p->pos++) {
		err = part_room(p);
		if (err)
			return err;
		if (read(p->job->zero, p->base + p->pos * unit, unit) != (ssize_t)unit)
			return errno ? -errno : -EIO;
	}
	return 0;
}

/* mlock populates what it locks; a locked range refuses MADV_DONTNEED. */
static int gup_rearm(struct part *p)
{
	if (munlock(p->base, p->unit * p->slots))
		return -errno;
	return part_rearm_dontneed(p);
}

/* The limit is the process's: CAP_SYS_RESOURCE may raise it, everyone else shares it among the
 * workers. */
int gup_setup(struct part *p)
{
	struct rlimit want = { RLIM_INFINITY, RLIM_INFINITY }, have;
	uint64_t fit;
	int err;

	if (setrlimit(RLIMIT_MEMLOCK, &want) && !getrlimit(RLIMIT_MEMLOCK, &have) &&
	    have.rlim_cur != RLIM_INFINITY) {
		fit = have.rlim_cur / p->job->page / p->job->threads;
		if (!fit)
			return job_skip(
				p->job,
				"RLIMIT_MEMLOCK is %llu bytes, less than a page per thread; raise it with ulimit -l",
				(unsigned long long)have.rlim_cur);
	} else {
		fit = UINT64_MAX;
	}
	if (fit > part_chunk(p, 0))
		fit = part_chunk(p, 0);
	err = part_reserve(p, p->job->page, fit, p->job->page);
	p->rearm = gup_rearm;
	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

int gup_run(struct part *p, uint64_t n)
{
	uint64_t m;
	int err;

	for (; n; n -= m) {
		err = part_room(p);
		if (err)
			return err;
		m = p->slots - p->pos < n ? p->slots - p->pos : n;
		if (mlock(p->base + p->pos * p->unit, m * p->unit))
			return -errno;
		p->pos += m;
	}
	return 0;
}

/*
 * getcpu writes one word with put_user: one instruction, one exception. Calls
 * that copy more try again byte by byte, and how often depends on the kernel.
 */
int efault_run(struct part *p, uint64_t n)
{
	for (; n; n--)
		if (!syscall(SYS_getcpu, p->base, NULL, NULL) || errno != EFAULT)
			return -EPROTO;
	return 0;
}

static long lock_pi(char *at)
{
	return syscall(SYS_futex, at, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
}

/*
 * A futex operation reads and writes its word under a spinlock, with page faults
 * disabled, and only when that fails does it ask for the page by hand, which
 * finds no mapping here: no fault but the disabled one.
 */
int nofault_setup(struct part *p)
{
	int err = bad_address_setup(p);

	if (!err && lock_pi(p->base) && errno == ENOSYS)
		err = job_skip(p->job,
			       "this kernel has no FUTEX_LOCK_PI; it needs CONFIG_FUTEX_PI");
	return err;
}

int nofault_run(struct part *p, uint64_t n)
{
	for (; n; n--)
		if (!lock_pi(p->base) || errno != EFAULT)
			return -EPROTO;
	return 0;
}

int nofault_gup_setup(struct part *p)
{
	uint32_t word = 0;

	if (lock_pi((char *)&word))
		return job_skip(p->job,
				"this kernel has no FUTEX_LOCK_PI; it needs CONFIG_FUTEX_PI");
	return anon_setup(p);
}

/* The word of a fresh page: the disabled fault, then the page by hand (fixup_user_fault), then the
 * lock is ours. */
int nofault_gup_run(struct part *p, uint64_t n)
{
	int err;

	for (; n; n--, p->pos++) {
		err = part_room(p);
		if (err)
			return err;
		if (lock_pi(p->base + p->pos * p->unit))
			return -errno;
	}
	return 0;
}

/*
 * A BPF program that reads a kernel address by probe_read_kernel, which is
 * copy_from_kernel_nofault, as a tracer does that follows a stale pointer.
 */
int kern_addr_read_setup(struct part *p)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = BPF_REG_1,
		  .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = BPF_REG_3,
		  .imm = (int)KERNEL_HOLE },
		{ .imm = (int)(KERNEL_HOLE >> 32) },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
				.insns = (uintptr_t)insns,
				.insn_cnt = ARRAY_SIZE(insns),
				.license = (uintptr_t) "Dual BSD/GPL" };
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	/* Up to 5.10 programs count as locked memory. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	p->file = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (p->file < 0)
		return job_skip(
			p->job,
			"the kernel refuses a BPF program that reads kernel memory (%s); run as root",
			strerror(errno));
	return 0;
}

int kern_addr_read_run(struct part *p, uint64_t n)
{
	for (; n; n--) {
		union bpf_attr attr = { .test.prog_fd = p->file };

		if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)))
			return -errno;
		if (attr.test.retval != (uint32_t)-EFAULT)
			return -EPROTO;
	}
	return 0;
}
