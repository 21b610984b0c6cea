/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * mapping.bpf.h: the VMA of an address, and its name, as in /proc/PID/maps. Read here, as
 * the process may have exited before user space could read that file.
 */
#ifndef PFSTAT_BPF_MAPPING_BPF_H
#define PFSTAT_BPF_MAPPING_BPF_H

#include "shared/mapping.h"
#include "vma.bpf.h"

/* include/linux/fs.h: a file under a stacked file system: bit 25 from 6.7, bit 24 from 6.14 on. */
#define FMODE_BACKING (1u << 24 | 1u << 25)

/* Names of a path at most: components, and mount points. */
#define MAPPING_DEPTH 40

/*
 * Each of the two bits has another meaning in the other kernels, so the memory behind the
 * file is checked: only in a backing file it is a path: a mount and a dentry of one file system.
 */
static __always_inline bool is_backing(struct file *file)
{
	struct backing_file *backing = (void *)file;
	struct super_block *sb;

	if (!bpf_core_type_exists(struct backing_file) ||
	    !bpf_core_field_exists(backing->user_path) ||
	    !(BPF_CORE_READ(file, f_mode) & FMODE_BACKING))
		return false;
	sb = BPF_CORE_READ(backing, user_path.mnt, mnt_sb);
	return sb && sb == BPF_CORE_READ(backing, user_path.dentry, d_sb);
}

/*
 * The path that the process opened. In a stacked file system f_path is the path of the lower
 * file since 6.8; the opened one follows it (struct backing_file, fs/file_table.c).
 */
static __always_inline struct path *file_path(struct file *file)
{
	struct backing_file *backing = (void *)file;

	if (is_backing(file))
		return __builtin_preserve_access_index(&backing->user_path);
	return __builtin_preserve_access_index(&file->f_path);
}

/* By the rules of show_map_vma() and get_vma_name() (fs/proc/task_mmu.c). */
static __always_inline enum mapping_kind vma_kind(struct vm_area_struct *vma)
{
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	u64 start = BPF_CORE_READ(vma, vm_start), end = BPF_CORE_READ(vma, vm_end);

	if (BPF_CORE_READ(vma, vm_file))
		return MAPPING_FILE;
	if (BPF_CORE_READ(vma, vm_ops))
		return MAPPING_SPECIAL;
	if (start <= BPF_CORE_READ(mm, brk) && end >= BPF_CORE_READ(mm, start_brk))
		return MAPPING_HEAP;
	if (start <= BPF_CORE_READ(mm, start_stack) && end >= BPF_CORE_READ(mm, start_stack))
		return MAPPING_STACK;
	return MAPPING_ANON;
}

static __always_inline enum mapping_kind mapping_kind(u64 address, struct vm_area_struct *vma)
{
	if (is_of_other(address))
		return MAPPING_OTHER;
	return vma ? vma_kind(vma) : MAPPING_NONE;
}

/* The device and inode of a VMA's file; the device in the kernel's encoding. */
static __always_inline u32 file_inode(struct vm_area_struct *vma, u64 *ino)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct inode *inode = BPF_CORE_READ(file_path(file), dentry, d_inode);

	*ino = BPF_CORE_READ(inode, i_ino);
	return BPF_CORE_READ(inode, i_sb, s_dev);
}

/* Adds a name at len; the new length, or 0 when there is no room. */
static __always_inline u64 mapping_add_name(struct fault_mapping *p, u64 len, const void *name)
{
	long n;

	/* The verifier must see the bound on the register that is used. */
	asm volatile("" : "+r"(len));
	if (len > MAPPING_NAMES / 2)
		return 0;
	n = bpf_probe_read_kernel_str(p->names + len, MAPPING_NAMES / 2, name);
	if (n <= 0)
		return 0;
	/*
	 * All lengths are one state to the verifier then; else each iteration multiplies them.
	 */
	len += n;
	asm volatile("%0 &= 0x3ff" : "+r"(len));
	return len;
}

/*
 * The names of a path, from the file up. A file that is in no directory (memfd, shared
 * anonymous memory) is its own parent, and not the root of its mount.
 */
static __always_inline void mapping_path(struct fault_mapping *p, struct path *path)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
	u64 len = 0;
	int i;

	if (!BPF_CORE_READ(dentry, d_hash.pprev))
		p->flags |= MAPPING_DELETED;
	for (i = 0; i < MAPPING_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				break;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		len = mapping_add_name(p, len, BPF_CORE_READ(dentry, d_name.name));
		if (!len) {
			p->flags |= MAPPING_CUT;
			break;
		}
		p->names_len = len;
		if (parent == dentry)
			break;
		dentry = parent;
	}
	if (i == MAPPING_DEPTH)
		p->flags |= MAPPING_CUT;
}

/* The name that PR_SET_VMA_ANON_NAME gave (5.17, CONFIG_ANON_VMA_NAME), or NULL. */
static __always_inline const char *vma_anon_name(struct vm_area_struct *vma)
{
	struct anon_vma_name *name;

	if (!bpf_core_field_exists(vma->anon_name))
		return NULL;
	name = BPF_CORE_READ(vma, anon_name);
	return name ? __builtin_preserve_access_index(&name->name[0]) : NULL;
}

static __always_inline void mapping_fill_name(struct fault_mapping *p, struct vm_area_struct *vma)
{
	const char *name = p->kind == MAPPING_ANON ? vma_anon_name(vma) : NULL;

	if (p->kind == MAPPING_FILE)
		mapping_path(p, file_path(BPF_CORE_READ(vma, vm_file)));
	else if (name)
		p->names_len = mapping_add_name(p, 0, name);
}

/*
 * Fills all of p. vma_pointer: the result of fault_vma(), as a number: the caller may be the
 * sixth nested function of a program, and 5.10 allows 512 bytes of stack for all of them.
 */
static __noinline int mapping_fill(struct fault_mapping *p, u64 address, u64 vma_pointer)
{
	struct vm_area_struct *vma = (void *)vma_pointer;

	p->start = p->end = p->offset = p->vm_flags = p->ino = 0;
	p->dev = 0;
	p->kind = mapping_kind(address, vma);
	p->flags = 0;
	p->names_len = 0;
	if (!vma)
		return 0;
	p->start = BPF_CORE_READ(vma, vm_start);
	p->end = BPF_CORE_READ(vma, vm_end);
	p->vm_flags = BPF_CORE_READ(vma, vm_flags);
	p->offset = (BPF_CORE_READ(vma, vm_pgoff) << 12) + (address - p->start);
	if (p->kind == MAPPING_FILE)
		p->dev = file_inode(vma, &p->ino);
	mapping_fill_name(p, vma);
	return 0;
}

#endif
