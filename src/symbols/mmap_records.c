// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/mmap_records.c: see symbols/symbols_mmap_records.h.
 */
#include "symbols_mmap_records.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "util/array.h"

/* 256 KiB: some 2,000 mmaps, those of about 50 starts of programs. */
enum { RING_PAGES = 64 };

struct ring {
	int fd; /* -1: no ring for this CPU */
	struct perf_event_mmap_page *page;
	size_t size; /* of the data behind the page */
};

struct mmap_records {
	struct ring *rings; /* by CPU */
	int nr_cpus;
	int *others; /* events of further threads, whose records go to the ring of their CPU */
	unsigned int nr_others, cap_others;
	int epoll_fd;
	bool no_build_ids;
	/* The records of one read: bytes, and where each begins. */
	char *bytes;
	size_t len, cap;
	struct at {
		uint64_t time;
		size_t offset;
	} * order;
	size_t nr, cap_order;
};

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* attr.build_id is known from 5.12 on; a kernel says EINVAL to a bit that it does not know. */
static int open_event(struct mmap_records *r, int tid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_period = 1,
		.inherit = tid >= 0,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.sample_id_all = 1,
		.exclude_kernel = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = RING_PAGES * page_size() / 4,
		.build_id = !r->no_build_ids,
	};
	int fd = syscall(__NR_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EINVAL || errno == E2BIG) && !r->no_build_ids) {
		r->no_build_ids = true;
		return open_event(r, tid, cpu);
	}
	return fd < 0 ? -errno : fd;
}

/* Without CAP_IPC_LOCK the kernel gives each user little: then a smaller ring. */
static int map_ring(struct ring *ring, int fd)
{
	size_t pages = RING_PAGES;
	void *at;

	do {
		at = mmap(NULL, (pages + 1) * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  0);
	} while (at == MAP_FAILED && errno == EPERM && (pages /= 2));
	if (at == MAP_FAILED)
		return -errno;
	ring->page = at;
	ring->size = pages * page_size();
	ring->fd = fd;
	return 0;
}

static int begin_ring(struct mmap_records *r, int cpu, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	int err = map_ring(&r->rings[cpu], fd);

	if (!err && epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		err = -errno;
	return err;
}

/* The event of a further thread writes into the ring of its CPU. */
static int join_ring(struct mmap_records *r, int cpu, int fd)
{
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->rings[cpu].fd))
		return -errno;
	if (array_reserve(r->others, r->cap_others, r->nr_others + 1))
		return -ENOMEM;
	r->others[r->nr_others++] = fd;
	return 0;
}

static int add(struct mmap_records *r, int tid, int cpu)
{
	int fd = open_event(r, tid, cpu);
	bool first = r->rings[cpu].fd < 0;
	int err;

	if (fd < 0)
		return fd;
	err = first ? begin_ring(r, cpu, fd) : join_ring(r, cpu, fd);
	if (err && r->rings[cpu].fd != fd)
		close(fd);
	return err;
}

static void close_ring(struct ring *ring)
{
	if (ring->page)
		munmap(ring->page, ring->size + page_size());
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = (struct ring){ .fd = -1 };
}

int mmap_records_add_cpu(struct mmap_records *r, int cpu)
{
	if (cpu < 0 || cpu >= r->nr_cpus)
		return -EINVAL;
	close_ring(&r->rings[cpu]);
	return add(r, -1, cpu);
}

int mmap_records_add_thread(struct mmap_records *r, int tid, int cpu)
{
	return cpu < 0 || cpu >= r->nr_cpus ? -EINVAL : add(r, tid, cpu);
}

bool mmap_records_has_cpu(const struct mmap_records *r, int cpu)
{
	return cpu >= 0 && cpu < r->nr_cpus && r->rings[cpu].fd >= 0;
}

/* A thread on all CPUs: an event of a thread that is inherited can be mapped only for one CPU. */
static int add_thread(struct mmap_records *r, int tid)
{
	int cpu, err = 0;

	for (cpu = 0; cpu < r->nr_cpus && !err; cpu++) {
		err = add(r, tid, cpu);
		if (err == -ENODEV || err == -ESRCH)
			err = 0; /* offline; ended meanwhile */
	}
	return err;
}

static int add_machine(struct mmap_records *r)
{
	int cpu, err = 0;

	for (cpu = 0; cpu < r->nr_cpus && !err; cpu++) {
		err = mmap_records_add_cpu(r, cpu);
		if (err == -ENODEV)
			err = 0;
	}
	return err;
}

int mmap_records_open(struct mmap_records **out, const int *tids, unsigned int nr_tids)
{
	struct mmap_records *r = calloc(1, sizeof(*r));
	unsigned int i;
	int err = 0;

	if (!r)
		return -ENOMEM;
	r->nr_cpus = libbpf_num_possible_cpus();
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->rings = r->nr_cpus > 0 ? calloc(r->nr_cpus, sizeof(*r->rings)) : NULL;
	if (r->epoll_fd < 0 || !r->rings)
		err = -ENOMEM;
	for (i = 0; r->rings && i < (unsigned int)r->nr_cpus; i++)
		r->rings[i].fd = -1;
	if (!err && !tids)
		err = add_machine(r);
	for (i = 0; !err && i < nr_tids; i++)
		err = add_thread(r, tids[i]);
	if (err) {
		mmap_records_close(r);
		return err;
	}
	*out = r;
	return 0;
}

int mmap_records_fd(const struct mmap_records *r)
{
	return r->epoll_fd;
}

static void copy_out(const struct ring *ring, uint64_t at, void *to, size_t len)
{
	const char *data = (const char *)ring->page + page_size();
	size_t from = at & (ring->size - 1);
	size_t first = len < ring->size - from ? len : ring->size - from;

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, len - first);
}

static int keep(struct mmap_records *r, const struct ring *ring, uint64_t at, uint16_t size)
{
	struct perf_record_id id;

	if (array_reserve(r->bytes, r->cap, r->len + size) ||
	    array_reserve(r->order, r->cap_order, r->nr + 1))
		return -ENOMEM;
	copy_out(ring, at, r->bytes + r->len, size);
	memset(&id, 0, sizeof(id));
	if (size >= sizeof(struct perf_event_header) + sizeof(id))
		memcpy(&id, r->bytes + r->len + size - sizeof(id), sizeof(id));
	r->order[r->nr++] = (struct at){ .time = id.time, .offset = r->len };
	r->len += size;
	return 0;
}

static int drain(struct mmap_records *r, struct ring *ring)
{
	/* Paired with the kernel's barriers around data_head and data_tail. */
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	struct perf_event_header header;
	int err = 0;

	while (tail < head && !err) {
		copy_out(ring, tail, &header, sizeof(header));
		if (header.size < sizeof(header))
			return -EIO;
		err = keep(r, ring, tail, header.size);
		if (!err)
			tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
	return err;
}

/* Threads that ended leave an event that hangs up for ever. */
static void forget_hung_up(struct mmap_records *r)
{
	struct epoll_event events[16];
	int i, nr = epoll_wait(r->epoll_fd, events, 16, 0);

	for (i = 0; i < nr; i++)
		if (events[i].events & (EPOLLHUP | EPOLLERR))
			epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, events[i].data.fd, NULL);
}

static int by_time(const void *a, const void *b)
{
	const struct at *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int mmap_records_read(struct mmap_records *r,
		      int (*take)(void *context, const void *record, size_t len), void *context)
{
	int cpu, err = 0;
	size_t i;

	forget_hung_up(r);
	r->len = r->nr = 0;
	for (cpu = 0; cpu < r->nr_cpus && !err; cpu++)
		if (r->rings[cpu].fd >= 0)
			err = drain(r, &r->rings[cpu]);
	if (r->nr)
		qsort(r->order, r->nr, sizeof(*r->order), by_time);
	for (i = 0; i < r->nr; i++) {
		struct perf_event_header header;
		int failed;

		memcpy(&header, r->bytes + r->order[i].offset, sizeof(header));
		failed = take(context, r->bytes + r->order[i].offset, header.size);
		err = err ? err : failed;
	}
	return err ? err : (int)r->nr;
}

void mmap_records_close(struct mmap_records *r)
{
	unsigned int i;
	int cpu;

	if (!r)
		return;
	for (i = 0; i < r->nr_others; i++)
		close(r->others[i]);
	for (cpu = 0; r->rings && cpu < r->nr_cpus; cpu++)
		close_ring(&r->rings[cpu]);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r->rings);
	free(r->others);
	free(r->bytes);
	free(r->order);
	free(r);
}
