/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * vmlinux.h: the kernel types that pfstat's BPF programs read, and no others.
 *
 * Kept by hand, so that the build needs no running kernel's BTF and a reader
 * sees at a glance what the tool depends on. Offsets written here mean nothing:
 * preserve_access_index makes libbpf look each field up in the BTF of the kernel
 * that it loads into. A field that a kernel may lack is asked for with
 * bpf_core_field_exists() first; the comment says where it exists.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__


#include <linux/types.h>
#include <stdbool.h>
#include <linux/bpf.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vm_operations_struct;
struct userfaultfd_ctx;

/* 6.1 and later; the nodes of two types, by their layout. */
struct maple_tree {
	void *ma_root;
};

struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};

struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};

struct rw_semaphore {
	unsigned long owner;
};

struct mm_struct {
	int map_count;
	struct maple_tree mm_mt;
	struct rw_semaphore mmap_lock;
	unsigned long start_brk;
	unsigned long brk;
	unsigned long start_stack;
	struct task_struct *owner; /* CONFIG_MEMCG: a task of the process; NULL: they have exited */
};

struct page {
	void *mapping;
};

/* CONFIG_USERFAULTFD; empty without. */
struct vm_userfaultfd_ctx {
	struct userfaultfd_ctx *ctx;
};

struct super_block {
	unsigned int s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

/* fs/mount.h */
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	struct path f_path;
};

/* fs/file_table.c; user_path since 6.8. */
struct backing_file {
	struct file file;
	struct path user_path;
};

/* 5.17, CONFIG_ANON_VMA_NAME */
struct anon_vma_name {
	char name[1];
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	unsigned long vm_pgoff;
	struct vm_userfaultfd_ctx vm_userfaultfd_ctx;
	struct file *vm_file;
	struct anon_vma_name *anon_name;
};

typedef struct {
	unsigned long pte;
} pte_t;

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	pte_t orig_pte;
	struct page *page;
};

/* Up to 6.1: counts not yet folded into mm->rss_stat (mm/memory.c, SPLIT_RSS_COUNTING). */
struct task_rss_stat {
	int events;
	int count[4];
};

/* Up to 6.0: the last VMAs that find_vma() gave this task (mm/vmacache.c). */
struct vmacache {
	struct vm_area_struct *vmas[4];
};

/* The members' numbers depend on the kernel's build; asked for by name. */
enum cgroup_subsys_id {
	memory_cgrp_id = 4,
};

struct kernfs_node {
	u64 id;
};

/* Of itself and those above it, by level: ids up to 6.0, pointers since 6.1. */
struct cgroup {
	struct kernfs_node *kn;
	int level;
	u64 ancestor_ids[1];
	struct cgroup *ancestors[1];
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	int pagefault_disabled;
	void *stack;
	struct mm_struct *mm;
	unsigned long min_flt;
	unsigned long maj_flt;
	struct task_rss_stat rss_stat;
	struct vmacache vmacache;
	int exit_code;
	struct css_set *cgroups;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	const struct cred *cred;
	u64 start_boottime;
	char comm[16];
	unsigned int in_execve : 1;
	unsigned int in_iowait : 1;
	struct perf_event_context *perf_event_ctxp; /* from 6.2 on */
	/* CONFIG_NUMA_BALANCING: pages of hints, remote, local and failed (kernel/sched/fair.c). */
	unsigned long numa_faults_locality[3];
};

/* Up to 6.1: one context of hardware events, one of software events. */
struct task_struct___contexts {
	struct perf_event_context *perf_event_ctxp[2];
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct user_namespace {
	struct user_namespace *parent;
	kuid_t owner;
};

struct cred {
	kuid_t uid;
	struct user_namespace *user_ns;
};

/* The ID of a task in one pid namespace, and all of a task's. */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* level + 1 of them */
};

/* The context of iter/task; task is NULL after the last one. */
struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

union __sifields {
	struct {
		void *_addr;
	} _sigfault;
};

struct kernel_siginfo {
	int si_signo;
	int si_code;
	union __sifields _sifields;
};

#pragma clang attribute pop

/*
 * Registers are a fixed ABI of each architecture; not relocated. Only the
 * context of perf_event programs and the kprobe arguments read them.
 */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
typedef struct pt_regs bpf_user_pt_regs_t;
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
};
struct pt_regs {
	struct user_pt_regs user_regs;
};
typedef struct user_pt_regs bpf_user_pt_regs_t;
#else
#error "vmlinux.h: no register layout for this architecture"
#endif

/* include/uapi/linux/bpf_perf_event.h */
struct bpf_perf_event_data {
	bpf_user_pt_regs_t regs;
	u64 sample_period;
	u64 addr;
};

#endif
