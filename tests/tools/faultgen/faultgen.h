/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * faultgen - makes an exact number of page faults of one kind.
 *
 * A job is one run of one kind. Its count is split over workers (threads), and
 * a worker's share is a part: a private mapping and a position in it. A part
 * is armed in setup and makes its faults in the measured phase, which may use
 * only memory that was touched before (see pretouch.c).
 */
#ifndef FAULTGEN_H
#define FAULTGEN_H

/* Included first everywhere, so that the build needs no flag for it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MAX_COUNT     10000000000ull
#define MAX_THREADS   1024
#define MAX_PARTS     16 /* kinds within mix */
#define UPFRONT_LIMIT 262144 /* pages that a kind which cannot re-arm may hold: 1 GiB */
#define HUGE_IN_ALL   16 /* huge pages, or processes, per kind in "all" */
#define PROCESS_LIMIT 1000 /* processes that a kind may use up */

enum exit_code {
	EXIT_EXACT = 0,
	EXIT_INEXACT = 1,
	EXIT_USAGE = 2,
	EXIT_SKIP = 77,
};

/*
 * What getrusage must say. EITHER: the kernel's version or device decides, only the sum is fixed.
 */
enum severity {
	SEV_MINOR,
	SEV_MAJOR,
	SEV_EITHER,
	SEV_NONE,
};

enum kind_flag {
	KIND_HUGE = 1 << 0, /* its unit is a huge page */
	KIND_THP = 1 << 1, /* wants transparent huge pages */
	KIND_UPFRONT = 1 << 2, /* cannot re-arm in the phase: holds COUNT pages */
	KIND_MIX = 1 << 3, /* may be a part of mix */
	KIND_COMPOUND = 1 << 4, /* is mix itself */
	KIND_CACHED = 1 << 5, /* its file must stay in the page cache */
	KIND_ANY = 1 << 8, /* COUNT faults or more, of which one at least is on its path */
	KIND_SOME = 1 << 7, /* COUNT faults of its path, and others that no one promises */
	KIND_PROCESS = 1 << 10, /* its unit is the life of a process */
};

struct job;
struct part;
struct mover;

/* What was in a file of /proc or /sys before a kind changed it. */
struct setting {
	char file[112];
	char old[48];
};

/*
 * The row that is a kind. setup maps one part; arm, once per job and after
 * every setup, brings the parts into the state that must fault; run makes the
 * next n faults of a part; check, after the phase, counts the faults that took
 * another path than promised; disarm undoes arm. setup and arm return 0,
 * job_skip() or job_fail().
 */
struct kind {
	const char *name;
	const char *path;
	const char *origin;
	const char *also_path; /* each unit makes one fault of this path as well, */
	const char *also_origin; /* from there */
	const char *desc;
	const char *remedy; /* what to do when a run was not exact */
	enum severity severity;
	unsigned int flags;
	int (*setup)(struct part *p);
	int (*arm)(struct job *job, const struct kind *kind);
	int (*run)(struct part *p, uint64_t n);
	uint64_t (*check)(struct part *p);
	void (*disarm)(struct job *job);
};

struct part {
	const struct kind *kind;
	struct job *job;
	unsigned int worker;
	uint64_t count;
	char *map; /* the reservation, with a guard page at both ends */
	size_t map_len;
	char *base; /* the first unit in it */
	size_t unit; /* bytes from one fault to the next */
	uint64_t slots; /* units that fault before the part is re-armed */
	uint64_t pos;
	off_t offset; /* of base in the job's file */
	int file; /* of its own, for the kinds that need one */
	uint64_t *pfns; /* page frames before the phase, for check */
	int sig; /* the signal that its accesses end in, */
	int code; /* and its si_code */
	uint64_t wrong; /* units that ended otherwise, for check */
	int (*rearm)(struct part *p);
};

struct worker {
	struct job *job;
	unsigned int index;
	pthread_t thread;
	bool started;
	uint64_t begin_ns;
	uint64_t end_ns;
	int err;
};

struct options {
	const char *kind;
	const char *dir;
	uint64_t count;
	uint64_t delay_ns;
	unsigned int threads;
	bool json;
	bool pause;
	bool spawn;
	bool list;
};

struct result {
	uint64_t minflt;
	uint64_t majflt;
	uint64_t want_min;
	uint64_t want_maj;
	uint64_t elapsed_ns;
	uint64_t wrong; /* faults that check found on another path */
	bool exact;
};

struct job {
	const struct options *opts;
	const struct kind *kind;
	uint64_t count;
	unsigned int threads;
	bool pause;
	size_t page;

	const struct kind *kinds[MAX_PARTS]; /* the parts of each worker, in this order */
	uint64_t kind_count[MAX_PARTS];
	unsigned int nkinds;
	unsigned int armed;
	struct part *parts; /* [worker * nkinds + kind] */

	struct worker *workers;
	char *stacks;
	size_t stacks_len;
	pthread_barrier_t barrier;
	bool live; /* the round is the phase, not a rehearsal */
	bool quit;

	int file; /* temporary file, grown on demand */
	uint64_t file_pages;
	char *held; /* the file, locked in the page cache */
	size_t held_len;
	int zero; /* /dev/zero */
	int pagemap;
	uint64_t entries[512];
	pid_t child;
	int child_pipe;
	void *data; /* its kind's own */

	struct result res;
	char reason[512];
	char maps[16384]; /* pretouch reads /proc/self/maps into it */
	struct setting settings[8];
	unsigned int nsettings;
	struct mover *mover;
};

/* kinds.c */
extern const struct kind kinds[];
extern const unsigned int kinds_nr;
const struct kind *kind_find(const char *name);

/* job.c */
int job_run(struct job *job);
struct job *job_new(const struct options *opts, const struct kind *kind, uint64_t count);
void job_free(struct job *job);
int job_skip(struct job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int job_fail(struct job *job, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Every part of a kind that has work, in order: pass NULL first. */
struct part *job_next(struct job *job, const struct kind *kind, struct part *prev);

#define JOB_SKIP 1 /* job_skip()'s answer; job_fail()'s is a negative errno */

/* pretouch.c */
int pretouch(struct job *job);

/* part.c */
int part_reserve(struct part *p, size_t unit, uint64_t slots, size_t align);
int part_map_anon(struct part *p, int flags);
int part_map_file(struct part *p, int flags, uint64_t first_page, uint64_t pages);
uint64_t part_chunk(const struct part *p, uint64_t total);
int part_rearm_dontneed(struct part *p);
int part_rearm_remove(struct part *p);
int part_room(struct part *p);
int part_run_read(struct part *p, uint64_t n);
int part_run_write(struct part *p, uint64_t n);
int part_note_pfns(struct part *p);
uint64_t part_same_pfns(struct part *p);
int part_pagemap(struct part *p, uint64_t slot, uint64_t *entries, unsigned int nr);

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_PFN     ((1ull << 55) - 1)

/* support.c */
int file_grow(struct job *job, uint64_t pages);
void file_hold(struct job *job);
int file_needs_disk(struct job *job, const struct kind *kind);
int child_start(struct job *job, const struct kind *kind,
		void (*first)(struct job *, const struct kind *));
void child_stop(struct job *job);
int child_brief(struct job *job);
int cpu_pin(struct job *job, void *saved, size_t len);
int sysfs_word(const char *file, const char *word);
int sysfs_read(const char *file, char *word, size_t len);
uint64_t now_ns(void);
int wait_line(void);
int print_all(int fd, const char *text, size_t len);

/* machine.c */
int setting_put(struct job *job, const char *file, const char *word);
void settings_restore(struct job *job);
uint64_t vmstat(const char *key);
uint64_t thread_faults(void);
uint64_t part_smaps_kb(const struct part *p, const char *key);
uint64_t part_unit_pfn(struct part *p, uint64_t slot);
int part_note_units(struct part *p);
int64_t part_same_units(struct part *p);

/* mover.c */
int mover_start(struct job *job, int (*move)(char *from, char *to, size_t len));
void mover_stop(struct job *job);
void mover_leave_cpu(struct mover *m);
void mover_begin(struct mover *m, char *from, char *to, size_t len);
bool mover_done(struct mover *m);
int mover_end(struct mover *m);

/* report.c */
void report_ready(void);
void report_result(const struct job *job);
void report_skip(const struct job *job);
void report_list(bool json);

/* kinds_anon.c */
int anon_setup(struct part *p);
int thp_setup(struct part *p);
int thp_allow(struct part *p, bool write);
uint64_t part_touch_small(struct part *p, bool write);
int thp_zero_setup(struct part *p);
uint64_t thp_check_write(struct part *p);
uint64_t thp_check_read(struct part *p);

/* kinds_file.c */
int file_major_setup(struct part *p);
int file_major_arm(struct job *job, const struct kind *kind);
int file_hole_setup(struct part *p);
int file_around_setup(struct part *p);
int file_cow_setup(struct part *p);
int shared_write_setup(struct part *p);

/* kinds_wp.c */
int wp_setup(struct part *p);
int wp_shared_setup(struct part *p);
int wp_file_setup(struct part *p);
int wp_copy_arm(struct job *job, const struct kind *kind);
int wp_reuse_arm(struct job *job, const struct kind *kind);
int wp_read_arm(struct job *job, const struct kind *kind);
uint64_t wp_copy_check(struct part *p);
uint64_t wp_reuse_check(struct part *p);
void flush_batch(struct job *job);

/* kinds_swap.c */
int swap_setup(struct part *p);
int swap_major_arm(struct job *job, const struct kind *kind);
int swap_minor_arm(struct job *job, const struct kind *kind);

/* kinds_hugetlb.c */
int hugetlb_setup(struct part *p);
int hugetlb_map(struct part *p);
uint64_t meminfo(const char *key);

/* kinds_uffd.c */
int uffd_wp_setup(struct part *p);
int uffd_minor_setup(struct part *p);
int uffd_sigbus_setup(struct part *p);
int uffd_missing_arm(struct job *job, const struct kind *kind);
int uffd_wp_arm(struct job *job, const struct kind *kind);
int uffd_minor_arm(struct job *job, const struct kind *kind);
int uffd_sigbus_arm(struct job *job, const struct kind *kind);
int interrupted_arm(struct job *job, const struct kind *kind);
int killed_arm(struct job *job, const struct kind *kind);
int killed_setup(struct part *p);
int killed_run(struct part *p, uint64_t n);
uint64_t uffd_check(struct part *p);
int interrupted_run(struct part *p, uint64_t n);
void uffd_disarm(struct job *job);
void uffd_sigbus_disarm(struct job *job);
void interrupted_disarm(struct job *job);

/* kinds_bad.c */
int bad_address_setup(struct part *p);
int bad_access_setup(struct part *p);
int prot_none_setup(struct part *p);
int kern_addr_setup(struct part *p);
int guard_page_setup(struct part *p);
int hwpoison_setup(struct part *p);
int sigbus_setup(struct part *p);
int bad_arm(struct job *job, const struct kind *kind);
int bad_run_read(struct part *p, uint64_t n);
int bad_run_write(struct part *p, uint64_t n);
int bad_run_exec(struct part *p, uint64_t n);
uint64_t wrong_check(struct part *p);
void bad_disarm(struct job *job);

/* kinds_kernel.c */
int kernel_setup(struct part *p);
int kernel_run(struct part *p, uint64_t n);
int gup_setup(struct part *p);
int gup_run(struct part *p, uint64_t n);
int efault_run(struct part *p, uint64_t n);
int nofault_setup(struct part *p);
int nofault_gup_setup(struct part *p);
int nofault_run(struct part *p, uint64_t n);
int nofault_gup_run(struct part *p, uint64_t n);
int kern_addr_read_setup(struct part *p);
int kern_addr_read_run(struct part *p, uint64_t n);

/* kinds_gup.c */
int gup_file_setup(struct part *p);
int gup_mem_arm(struct job *job, const struct kind *kind);
int gup_direct_setup(struct part *p);
int gup_direct_arm(struct job *job, const struct kind *kind);
int gup_uring_arm(struct job *job, const struct kind *kind);
int gup_populate_run(struct part *p, uint64_t n);
int gup_vm_readv_run(struct part *p, uint64_t n);
int gup_vm_writev_run(struct part *p, uint64_t n);
int gup_uring_run(struct part *p, uint64_t n);
int gup_mem_run(struct part *p, uint64_t n);
int gup_direct_run(struct part *p, uint64_t n);
void gup_disarm(struct job *job);

/* kinds_vsyscall.c */
int vsyscall_setup(struct part *p);
int vsyscall_nested_setup(struct part *p);
int vsyscall_run(struct part *p, uint64_t n);
int vsyscall_nested_run(struct part *p, uint64_t n);

/* kinds_oom.c */
#define OOM_CHILD "faultgen-oom" /* argv[0] of the program that is such a child */

int oom_setup(struct part *p);
int oom_arm(struct job *job, const struct kind *kind);
int oom_run(struct part *p, uint64_t n);
void oom_disarm(struct job *job);
int oom_child(void);

/* kinds_huge.c */
int populate_huge(struct job *job, const struct kind *kind, bool write);
int thp_wp_setup(struct part *p);
int thp_wp_zero_setup(struct part *p);
int thp_wp_copy_arm(struct job *job, const struct kind *kind);
int thp_wp_reuse_arm(struct job *job, const struct kind *kind);
int thp_wp_zero_arm(struct job *job, const struct kind *kind);
uint64_t thp_wp_copy_check(struct part *p);
uint64_t thp_wp_reuse_check(struct part *p);
int hugetlb_wp_setup(struct part *p);
int hugetlb_wp_arm(struct job *job, const struct kind *kind);
int file_huge_setup(struct part *p);
uint64_t file_huge_check(struct part *p);

/* kinds_mthp.c */
int mthp_setup(struct part *p);
int mthp_arm(struct job *job, const struct kind *kind);
uint64_t mthp_check(struct part *p);

/* kinds_ksm.c */
int ksm_setup(struct part *p);
int ksm_arm(struct job *job, const struct kind *kind);
uint64_t ksm_check(struct part *p);

/* kinds_stack.c */
int stack_setup(struct part *p);
int stack_run(struct part *p, uint64_t n);

/* kinds_numa.c */
int numa_setup(struct part *p);
int numa_arm(struct job *job, const struct kind *kind);
int thp_numa_arm(struct job *job, const struct kind *kind);
uint64_t thp_numa_check(struct part *p);
void numa_disarm(struct job *job);

/* kinds_spurious.c */
int spurious_setup(struct part *p);
int spurious_arm(struct job *job, const struct kind *kind);
int spurious_run_read(struct part *p, uint64_t n);
int spurious_run_write(struct part *p, uint64_t n);

/* kinds_pfn.c */
int pfn_setup(struct part *p);
int device_setup(struct part *p);
int pfn_arm(struct job *job, const struct kind *kind);
int pfn_run(struct part *p, uint64_t n);

/* kinds_migration.c */
int migration_setup(struct part *p);
int migration_arm(struct job *job, const struct kind *kind);
int migration_run(struct part *p, uint64_t n);
uint64_t migration_check(struct part *p);

#endif
