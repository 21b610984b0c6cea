// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * vhostworker/main.c: page faults that a worker of vhost takes in this process's memory.
 *
 *   vhostworker [--pause] [--thread] PAGES
 *
 * Receives PAGES frames of a tap interface into as many pages of fresh memory. The worker copies
 * them there: PAGES faults of kernel mode. PAGES is a power of two, at most 1024.
 *
 * Up to 6.3 the worker is a kernel thread that borrows this process's memory
 * (kthread_use_mm()), from 6.4 on it is a thread of this process. --pause: prints "ready" when
 * there is a worker, goes on with the next line of stdin, and ends with the one after it.
 * --thread: the thread that the worker has its name of has ended by then. Prints
 * "worker TID FAULTS": its min_flt and maj_flt at the end.
 *
 * Exit status: 0, 1 with a message, 77 without /dev/vhost-net or /dev/net/tun.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE       4096u
#define FRAME_LEN  60
#define TIMEOUT_MS 20000

static const char interface[] = "vhostworker";

static void fail(int status, const char *what)
{
	fprintf(stderr, "vhostworker: %s: %s\n", what, strerror(errno));
	exit(status);
}

static int checked(int result, const char *what)
{
	if (result < 0)
		fail(1, what);
	return result;
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail(errno == ENOENT || errno == ENODEV || errno == ENXIO ? 77 : 1, path);
	return fd;
}

/* Zeroed memory in place, but for that of the frames: the worker's first write is a fault. */
static void *new_memory(size_t size, bool touched)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | (touched ? MAP_POPULATE : 0), -1, 0);

	if (memory == MAP_FAILED)
		fail(1, "mmap");
	/* Else one fault may map many pages. */
	if (!touched)
		madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

/* A tap interface that is up, without traffic of its own. */
static int open_tap(void)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int header_len = sizeof(struct virtio_net_hdr_v1);
	int tap = open_device("/dev/net/tun");
	int fd = checked(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	strcpy(request.ifr_name, interface);
	checked(ioctl(tap, TUNSETIFF, &request), "TUNSETIFF");
	checked(ioctl(tap, TUNSETVNETHDRSZ, &header_len), "TUNSETVNETHDRSZ");
	request.ifr_flags = IFF_UP | IFF_NOARP;
	checked(ioctl(fd, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
	close(fd);
	return tap;
}

/* The queue by which a guest would receive. */
struct queue {
	struct vring ring;
	char *frames;
	unsigned int pages;
};

static void set_up_memory(int vhost)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} memory = {
		.head = { .nregions = 1 },
		/* Addresses of the guest are those of this process. */
		.region = { .guest_phys_addr = PAGE,
			    .userspace_addr = PAGE,
			    .memory_size = (1ull << 47) - 2 * PAGE },
	};

	checked(ioctl(vhost, VHOST_SET_MEM_TABLE, &memory), "VHOST_SET_MEM_TABLE");
}

static void make_queue(struct queue *queue, unsigned int pages)
{
	queue->pages = pages;
	queue->frames = new_memory((size_t)pages * PAGE, false);
	vring_init(&queue->ring, pages, new_memory(vring_size(pages, PAGE), true), PAGE);
	for (unsigned int i = 0; i < pages; i++) {
		queue->ring.desc[i] = (struct vring_desc){
			.addr = (unsigned long)(queue->frames + (size_t)i * PAGE),
			.len = PAGE,
			.flags = VRING_DESC_F_WRITE,
		};
		queue->ring.avail->ring[i] = i;
	}
	queue->ring.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	__atomic_store_n(&queue->ring.avail->idx, pages, __ATOMIC_RELEASE);
}

static void set_up_queue(int vhost, const struct queue *queue)
{
	struct vhost_vring_state size = { .num = queue->pages }, base = { 0 };
	struct vhost_vring_addr address = {
		.desc_user_addr = (unsigned long)queue->ring.desc,
		.avail_user_addr = (unsigned long)queue->ring.avail,
		.used_user_addr = (unsigned long)queue->ring.used,
	};
	struct vhost_vring_file kick = { .fd = checked(eventfd(0, EFD_CLOEXEC), "eventfd") };

	checked(ioctl(vhost, VHOST_SET_VRING_NUM, &size), "VHOST_SET_VRING_NUM");
	checked(ioctl(vhost, VHOST_SET_VRING_BASE, &base), "VHOST_SET_VRING_BASE");
	checked(ioctl(vhost, VHOST_SET_VRING_ADDR, &address), "VHOST_SET_VRING_ADDR");
	checked(ioctl(vhost, VHOST_SET_VRING_KICK, &kick), "VHOST_SET_VRING_KICK");
}

/* The worker has the name vhost-MAKER. */
static int maker;

static void *make_worker(void *vhost)
{
	maker = syscall(SYS_gettid);
	checked(ioctl(*(int *)vhost, VHOST_SET_OWNER), "VHOST_SET_OWNER");
	return NULL;
}

static int open_vhost(const struct queue *queue, bool by_thread)
{
	unsigned long long features = 1ull << VIRTIO_F_VERSION_1;
	int vhost = open_device("/dev/vhost-net");
	pthread_t thread;

	if (!by_thread)
		make_worker(&vhost);
	else if (pthread_create(&thread, NULL, make_worker, &vhost) || pthread_join(thread, NULL))
		fail(1, "a thread");
	checked(ioctl(vhost, VHOST_SET_FEATURES, &features), "VHOST_SET_FEATURES");
	set_up_memory(vhost);
	set_up_queue(vhost, queue);
	return vhost;
}

static unsigned int received(const struct queue *queue)
{
	return __atomic_load_n((unsigned short *)&queue->ring.used->idx, __ATOMIC_ACQUIRE);
}

/* Other frames of the interface fill pages as well: their number is what counts. */
static void send_until_full(const struct queue *queue)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(interface),
		.sll_halen = 6,
	};
	/* To nobody, in the protocol for local experiments. */
	char frame[FRAME_LEN] = { [12] = (char)0x88, [13] = (char)0xb5 };
	int fd = checked(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "an AF_PACKET socket");
	int ms;

	for (ms = 0; received(queue) < queue->pages && ms < TIMEOUT_MS; ms++) {
		for (unsigned int i = received(queue); i < queue->pages; i++)
			sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
		nanosleep(&pause, NULL);
	}
	close(fd);
	if (received(queue) == queue->pages)
		return;
	errno = ETIMEDOUT;
	fail(1, "the frames");
}

/* Of a line of /proc/TID/stat: if it is of the thread name, prints its faults. */
static bool print_faults(const char *line, const char *name)
{
	unsigned long minor, major;
	const char *begin = strchr(line, '('), *end = strrchr(line, ')');

	if (!begin || !end || strncmp(begin + 1, name, end - begin - 1) || name[end - begin - 1])
		return false;
	if (sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %lu %*u %lu", &minor, &major) != 2)
		return false;
	printf("worker %d %lu\n", atoi(line), minor + major);
	fflush(stdout);
	return true;
}

static bool print_worker(const char *directory)
{
	char name[32], path[300], line[512];
	bool found = false;
	struct dirent *entry;
	DIR *dir = opendir(directory);

	snprintf(name, sizeof(name), "vhost-%d", maker);
	while (dir && !found && (entry = readdir(dir))) {
		FILE *f;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "%s/%s/stat", directory, entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		found = fgets(line, sizeof(line), f) && print_faults(line, name);
		fclose(f);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void pause_for_line(const char *say)
{
	if (say)
		puts(say);
	fflush(stdout);
	while (getchar() > '\n')
		;
}

int main(int argc, char **argv)
{
	bool pauses = false, by_thread = false;
	struct vhost_vring_file backend;
	unsigned int pages;
	struct queue queue;
	int vhost, i;

	for (i = 1; i < argc - 1; i++) {
		pauses |= !strcmp(argv[i], "--pause");
		by_thread |= !strcmp(argv[i], "--thread");
	}
	pages = argc > 1 ? strtoul(argv[argc - 1], NULL, 10) : 0;
	if (!pages || pages > 1024 || pages & (pages - 1) || argc != 2 + pauses + by_thread) {
		fputs("Usage: vhostworker [--pause] [--thread] PAGES\n", stderr);
		return 2;
	}
	make_queue(&queue, pages);
	backend = (struct vhost_vring_file){ .fd = open_tap() };
	vhost = open_vhost(&queue, by_thread);
	if (pauses)
		pause_for_line("ready");
	checked(ioctl(vhost, VHOST_NET_SET_BACKEND, &backend), "VHOST_NET_SET_BACKEND");
	send_until_full(&queue);
	if (!print_worker("/proc/self/task") && !print_worker("/proc")) {
		errno = ESRCH;
		fail(1, "the worker");
	}
	if (pauses)
		pause_for_line(NULL);
	return 0;
}
