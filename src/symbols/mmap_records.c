// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/mmap_records.c: opens perf events and reads their ring buffers.
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

/* 256 KiB: 2,000 mmaps, as of 50 programs that start. */
enum { RING_PAGES = 64 };

struct ring {
	int fd; /* -1: no ring for this CPU */
	struct perf_event_mmap_page *page;
	size_t size; /* of the data behind the page */
};

struct mmap_records {
	struct ring *rings; /* by CPU */
	int nr_cpus;
	int *joined; /* events of further threads; they write into the ring of their CPU */
	unsigned int nr_joined, cap_joined;
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

static size_t ring_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* Kernels before 5.12 return EINVAL for attr.build_id. */
static int open_mmap_event(struct mmap_records *r, int tid, int cpu)
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
		.wakeup_watermark = RING_PAGES * ring_page_size() / 4,
		.build_id = !r->no_build_ids,
	};
	int fd = syscall(__NR_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EINVAL || errno == E2BIG) && !r->no_build_ids) {
		r->no_build_ids = true;
		return open_mmap_event(r, tid, cpu);
	}
	return fd < 0 ? -errno : fd;
}

/* Without CAP_IPC_LOCK memory is limited by user: then a smaller ring. */
static int map_ring(struct ring *ring, int fd)
{
	size_t pages = RING_PAGES;
	void *at;

	do {
		at = mmap(NULL, (pages + 1) * ring_page_size(), PROT_READ | PROT_WRITE, MAP_SHARED,
			  fd, 0);
	} while (at == MAP_FAILED && errno == EPERM && (pages /= 2));
	if (at == MAP_FAILED)
		return -errno;
	ring->page = at;
	ring->size = pages * ring_page_size();
	ring->fd = fd;
	return 0;
}

static int open_mmap_ring(struct mmap_records *r, int cpu, int fd)
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
	if (array_reserve(r->joined, r->cap_joined, r->nr_joined + 1))
		return -ENOMEM;
	r->joined[r->nr_joined++] = fd;
	return 0;
}

static int add_event(struct mmap_records *r, int tid, int cpu)
{
	int fd = open_mmap_event(r, tid, cpu);
	bool first = r->rings[cpu].fd < 0;
	int err;

	if (fd < 0)
		return fd;
	err = first ? open_mmap_ring(r, cpu, fd) : join_ring(r, cpu, fd);
	if (err && r->rings[cpu].fd != fd)
		close(fd);
	return err;
}

static void close_mmap_ring(struct ring *ring)
{
	if (ring->page)
		munmap(ring->page, ring->size + ring_page_size());
	if (ring->fd >= 0)
		close(ring->fd);
	*ring = (struct ring){ .fd = -1 };
}

int mmap_records_add_cpu(struct mmap_records *r, int cpu)
{
	if (cpu < 0 || cpu >= r->nr_cpus)
		return -EINVAL;
	close_mmap_ring(&r->rings[cpu]);
	return add_event(r, -1, cpu);
}

int mmap_records_add_thread(struct mmap_records *r, int tid, int cpu)
{
	return cpu < 0 || cpu >= r->nr_cpus ? -EINVAL : add_event(r, tid, cpu);
}

bool mmap_records_has_cpu(const struct mmap_records *r, int cpu)
{
	return cpu >= 0 && cpu < r->nr_cpus && r->rings[cpu].fd >= 0;
}

/*
 * tid -1: all. On each CPU, because an inherited event can only be mapped when it is bound to a
 * CPU.
 */
static int add_on_cpus(struct mmap_records *r, int tid)
{
	int cpu, err = 0;

	for (cpu = 0; cpu < r->nr_cpus && !err; cpu++) {
		err = add_event(r, tid, cpu);
		if (err == -ENODEV || err == -ESRCH)
			err = 0; /* offline; ended meanwhile */
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
		err = add_on_cpus(r, -1);
	for (i = 0; !err && i < nr_tids; i++)
		err = add_on_cpus(r, tids[i]);
	if (err)
		mmap_records_close(r);
	else
		*out = r;
	return err;
}

int mmap_records_fd(const struct mmap_records *r)
{
	return r->epoll_fd;
}

static void copy_from_ring(const struct ring *ring, uint64_t at, void *to, size_t len)
{
	const char *data = (const char *)ring->page + ring_page_size();
	size_t from = at & (ring->size - 1);
	size_t first = len < ring->size - from ? len : ring->size - from;

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, len - first);
}

static int keep_record(struct mmap_records *r, const struct ring *ring, uint64_t at, uint16_t size)
{
	struct perf_record_id id;

	if (array_reserve(r->bytes, r->cap, r->len + size) ||
	    array_reserve(r->order, r->cap_order, r->nr + 1))
		return -ENOMEM;
	copy_from_ring(ring, at, r->bytes + r->len, size);
	memset(&id, 0, sizeof(id));
	if (size >= sizeof(struct perf_event_header) + sizeof(id))
		memcpy(&id, r->bytes + r->len + size - sizeof(id), sizeof(id));
	r->order[r->nr++] = (struct at){ .time = id.time, .offset = r->len };
	r->len += size;
	return 0;
}

static int drain_ring(struct mmap_records *r, struct ring *ring)
{
	/* Paired with the kernel's barriers around data_head and data_tail. */
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	struct perf_event_header header;
	int err = 0;

	while (tail < head && !err) {
		copy_from_ring(ring, tail, &header, sizeof(header));
		if (header.size < sizeof(header))
			return -EIO;
		err = keep_record(r, ring, tail, header.size);
		if (!err)
			tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
	return err;
}

/* The event of an exited thread reports EPOLLHUP for ever. */
static void forget_exited_threads(struct mmap_records *r)
{
	struct epoll_event events[16];
	int i, nr = epoll_wait(r->epoll_fd, events, 16, 0);

	for (i = 0; i < nr; i++)
		if (events[i].events & (EPOLLHUP | EPOLLERR))
			epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, events[i].data.fd, NULL);
}

static int compare_times(const void *a, const void *b)
{
	const struct at *x = a, *y = b;

	return compare_u64(x->time, y->time) ?: compare_u64(x->offset, y->offset);
}

int mmap_records_read(struct mmap_records *r,
		      int (*visit)(void *context, const void *record, size_t len), void *context)
{
	int cpu, err = 0;
	size_t i;

	forget_exited_threads(r);
	r->len = r->nr = 0;
	for (cpu = 0; cpu < r->nr_cpus && !err; cpu++)
		if (r->rings[cpu].fd >= 0)
			err = drain_ring(r, &r->rings[cpu]);
	if (r->nr)
		qsort(r->order, r->nr, sizeof(*r->order), compare_times);
	for (i = 0; i < r->nr; i++) {
		struct perf_event_header header;
		int failed;

		memcpy(&header, r->bytes + r->order[i].offset, sizeof(header));
		failed = visit(context, r->bytes + r->order[i].offset, header.size);
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
	for (i = 0; i < r->nr_joined; i++)
		close(r->joined[i]);
	for (cpu = 0; r->rings && cpu < r->nr_cpus; cpu++)
		close_mmap_ring(&r->rings[cpu]);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r->rings);
	free(r->joined);
	free(r->bytes);
	free(r->order);
	free(r);
}
