/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * causegen.h: page faults that are slow for a reason that is known. Each fault that
 * is made on purpose is an access with the clock read before and after it, so that
 * what is printed says where (address, tid) and how long, without any tracer.
 */
#ifndef CAUSEGEN_H
#define CAUSEGEN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_FAULTS 65536
#define HUGE_PAGE  (2ul << 20)

struct options {
	unsigned long count; /* slow faults wanted */
	uint64_t slow_ns; /* what a slow fault is, and the least that one is blocked for */
	unsigned long mib; /* memory that a case works on */
	const char *file; /* what io_file reads, and lock_file makes */
};

struct fault {
	uintptr_t address;
	uint64_t ns;
};

extern struct options opt;

/* The access, timed; noted when it was slow. Returns how long it took. */
uint64_t touch_read(const volatile char *p);
uint64_t touch_write(volatile char *p);
/* A slow fault there was slow for another reason, too. */
void forget(const volatile char *p);
bool enough(void);
/* Slow faults for a test: half of what was wanted. */
bool half_enough(void);

uint64_t now_ns(void);
void sleep_ns(uint64_t ns);
void pin(int cpu);
/* What is slow is then the fault's own work, not that of others on the CPU. */
void go_real_time(int priority);
/* The highest CPU: the one that interrupts and other tasks leave alone most. */
int last_cpu(void);
void *map(size_t len, int flags);
/* Without huge pages, whatever the machine's setting is. */
char *map_small(size_t len);
char *map_huge(size_t len);
/* Writes to each page, a value that is no other page's. */
void populate(char *p, size_t len);
pthread_t start(void *(*thread)(void *), void *arg);

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
/* This machine cannot make that cause. */
__attribute__((noreturn, format(printf, 1, 2))) void skip(const char *fmt, ...);

void case_lock(void);
void case_lock_fork(void);
void case_lock_file(void);
void case_memcg(void);
void case_reclaim(void);
void case_throttle(void);
void case_compaction(void);
void case_io_swap(void);
void case_io_file(void);
void case_uffd_missing(void);
void case_uffd_wp(void);
void case_preempt(void);
void case_clear(void);

#endif
