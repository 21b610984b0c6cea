// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/dso_open.c: opens files of other processes, and checks that they are the right ones.
 */
#include "symbols_dso_open.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/procfs.h"
#include "util/clock.h"

#define DELETED " (deleted)"

/* Closes fd unless it is the right file. */
static int keep_if(int fd, bool right)
{
	if (right)
		return fd;
	close(fd);
	return -ESTALE;
}

/* path_fd: of O_PATH, so that devices and pipes, on which open() has effects, stay closed. */
static int open_regular(int path_fd)
{
	char path[32];
	struct stat st;
	int fd;

	if (path_fd < 0)
		return path_fd;
	if (fstat(path_fd, &st) || !S_ISREG(st.st_mode)) {
		close(path_fd);
		return -EINVAL;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	fd = fd < 0 ? -errno : fd;
	close(path_fd);
	return fd;
}

/* The root of pid, or of this process for 0. A descriptor or a negative errno. */
static int open_root(int pid)
{
	char path[32] = "/";
	int fd;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/root", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Symbolic links do not leave the root. */
static int open_in_root(int root_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = syscall(__NR_openat2, root_fd, path, &how, sizeof(how));

	return open_regular(fd < 0 ? -errno : fd);
}

static int open_in_root_of(int pid, const char *path)
{
	int root_fd = open_root(pid), fd;

	if (root_fd < 0)
		return root_fd;
	fd = open_in_root(root_fd, path);
	close(root_fd);
	return fd;
}

static bool same_build_id(int fd, const uint8_t *build_id, int len)
{
	uint8_t id[BUILD_ID_MAX];

	return elf_file_build_id(fd, id) == len && !memcmp(id, build_id, len);
}

/*
 * Whether the last change of the file or its inode was before since_ns. File times are those of
 * the last tick, so a change within a tick of since_ns counts as later.
 */
static bool changed_before(const struct stat *st, uint64_t since_ns)
{
	int64_t since = since_ns + clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC), changed;
	struct timespec tick;

	clock_getres(CLOCK_REALTIME_COARSE, &tick);
	changed = st->st_ctim.tv_sec * 1000000000ll + st->st_ctim.tv_nsec + tick.tv_nsec;
	return changed <= since;
}

/*
 * A living process holds the inode, so no other file has its number. After the exit the number
 * can be used again.
 */
static bool is_mapped_file(int fd, const struct mapping *mapping, uint64_t began_ns)
{
	const struct mapped_file *file = mapping->file;
	struct stat st;

	if (file->build_id_len)
		return same_build_id(fd, file->build_id, file->build_id_len);
	if (!file->inode || fstat(fd, &st) || st.st_dev != file->dev || st.st_ino != file->inode)
		return false;
	return !mapping->exited ||
	       changed_before(&st, mapping->since_ns ? mapping->since_ns : began_ns);
}

/*
 * By the link to the mapped file, which works for deleted files, too. On overlayfs and btrfs the
 * inode numbers of mappings and of stat(2) differ: there the target of the link decides.
 */
static int open_map_files_link(const struct mapping *mapping, uint64_t began_ns)
{
	const struct mapped_file *file = mapping->file;
	char path[80], target[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", mapping->pid,
		 (unsigned long)mapping->start, (unsigned long)mapping->end);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	fd = open(path, O_PATH | O_CLOEXEC);
	fd = open_regular(fd < 0 ? -errno : fd);
	return fd < 0 ? fd :
			keep_if(fd, is_mapped_file(fd, mapping, began_ns) ||
					    (!file->build_id_len && !strcmp(target, file->path) &&
					     !strstr(target, DELETED)));
}

static int check_mapped_file(int fd, const struct mapping *mapping, uint64_t began_ns)
{
	return fd < 0 ? fd : keep_if(fd, is_mapped_file(fd, mapping, began_ns));
}

int dso_open(const struct mapping *mapping, uint64_t began_ns)
{
	const char *path = mapping->file->path;
	int fd = -ENOENT, stale = 0;

	if (path[0] != '/' || path[1] == '/')
		return -ENOENT;
	if (!mapping->exited) {
		fd = open_map_files_link(mapping, began_ns);
		stale = fd;
		if (fd < 0)
			fd = check_mapped_file(open_in_root_of(mapping->pid, path), mapping,
					       began_ns);
	}
	if (fd < 0) {
		stale = fd == -ESTALE ? fd : stale;
		fd = check_mapped_file(open_in_root_of(0, path), mapping, began_ns);
	}
	return fd < 0 && stale == -ESTALE ? stale : fd;
}

/* --- debug files */

static bool same_checksum(int fd, uint32_t want)
{
	static const size_t CHUNK = 1 << 20;
	char *chunk = malloc(CHUNK);
	uint32_t crc = 0;
	ssize_t n = 0;

	while (chunk && (n = read(fd, chunk, CHUNK)) > 0)
		crc = libdeflate_crc32(crc, chunk, n);
	free(chunk);
	return chunk && !n && crc == want && lseek(fd, 0, SEEK_SET) == 0;
}

static int open_debug_at(int root_fd, const char *path, const struct elf_file *file, bool link)
{
	int fd = open_in_root(root_fd, path);

	if (fd < 0)
		return fd;
	return keep_if(fd, file->build_id_len ?
				   same_build_id(fd, file->build_id, file->build_id_len) :
				   link && same_checksum(fd, file->debug_crc));
}

static int open_by_build_id(int root_fd, const struct elf_file *file)
{
	char path[96] = "/usr/lib/debug/.build-id/";
	size_t at = strlen(path);
	unsigned int i;

	if (file->build_id_len < 2)
		return -ENOENT;
	for (i = 0; i < file->build_id_len; i++)
		at += snprintf(path + at, sizeof(path) - at, i == 1 ? "/%02x" : "%02x",
			       file->build_id[i]);
	snprintf(path + at, sizeof(path) - at, ".debug");
	return open_debug_at(root_fd, path, file, false);
}

/* As debuggers do: next to the file, in .debug there, and under /usr/lib/debug. */
static int open_by_link(int root_fd, const char *module, const struct elf_file *file)
{
	static const char *const forms[][2] = { { "", "/" },
						{ "", "/.debug/" },
						{ "/usr/lib/debug", "/" } };
	const char *slash = strrchr(module, '/');
	int fd = -ENOENT;
	unsigned int i;

	if (!file->debug_link || !slash)
		return fd;
	for (i = 0; i < 3 && fd < 0; i++) {
		char path[4096];
		int len = snprintf(path, sizeof(path), "%s%.*s%s%s", forms[i][0],
				   (int)(slash - module), module, forms[i][1], file->debug_link);

		if (len < (int)sizeof(path))
			fd = open_debug_at(root_fd, path, file, true);
	}
	return fd;
}

static int open_debug_of(int pid, const char *module, const struct elf_file *file)
{
	int root_fd = open_root(pid), fd;

	if (root_fd < 0)
		return root_fd;
	fd = open_by_build_id(root_fd, file);
	if (fd < 0)
		fd = open_by_link(root_fd, module, file);
	close(root_fd);
	return fd;
}

int dso_open_debug(const struct mapping *mapping, const struct elf_file *file)
{
	const char *module = mapping->file->path;
	int fd = -ENOENT;

	if (!mapping->exited)
		fd = open_debug_of(mapping->pid, module, file);
	return fd < 0 ? open_debug_of(0, module, file) : fd;
}

/* --- JIT compilers */

/* In its own pid namespace: the last of "NSpid:	1234	1". */
static int namespace_pid(int pid)
{
	char pids[512], *last;
	int own;

	if (procfs_status(pid, "NSpid", pids, sizeof(pids)))
		return pid;
	last = strrchr(pids, '\t');
	own = atoi(last ? last + 1 : pids);
	return own > 0 ? own : pid;
}

/*
 * A file that was changed before an exited process started is not its own; the start is known
 * only from a record.
 */
int dso_open_perf_map(const struct mapping *mapping)
{
	char path[48];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map",
		 mapping->exited ? mapping->pid : namespace_pid(mapping->pid));
	fd = open_in_root_of(mapping->exited ? 0 : mapping->pid, path);
	if (fd < 0 || !mapping->exited)
		return fd;
	return keep_if(fd, !fstat(fd, &st) && mapping->since_ns &&
				   !changed_before(&st, mapping->since_ns));
}
