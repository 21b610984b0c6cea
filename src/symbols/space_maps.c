// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/space_maps.c: mappings from /proc/PID/maps, and what is or was mapped at an address.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "symbols_space_store.h"
#include "proc/procfs.h"
#include "util/clock.h"
#include "util/escape.h"

enum {
	CHECK_NS = 10000000, /* between two checks of the program of a process */
	REREAD_NS = 1000000000, /* between two reads of maps for addresses that are not found */
};

/* --- /proc/PID/maps */

/* "start-end perms offset major:minor inode   path" */
static bool parse_maps_line(char *line, struct range *range, struct mapped_file *key)
{
	unsigned int major, minor;
	char perms[5];
	int path = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %n", &range->start, &range->end, perms,
		   &range->offset, &major, &minor, &key->inode, &path) != 7 ||
	    !path)
		return false;
	if (perms[2] != 'x')
		return false;
	unescape_octal(line + path);
	key->path = line[path] ? line + path : "//anon";
	key->dev = makedev(major, minor);
	return true;
}

static bool stat_program(const struct space *s, struct stat *st)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", s->pid);
	return !stat(path, st);
}

static int read_maps(struct address_spaces *a, struct space *s, uint64_t since_ns)
{
	char path[32], *line = NULL;
	size_t len = 0;
	struct stat st;
	int err = 0;
	FILE *f;

	s->read_ns = clock_ns(CLOCK_MONOTONIC);
	if (stat_program(s, &st)) {
		s->exe_dev = st.st_dev;
		s->exe_inode = st.st_ino;
	}
	snprintf(path, sizeof(path), "/proc/%d/maps", s->pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && getline(&line, &len, f) > 0) {
		struct range range = { .since_ns = since_ns };
		struct mapped_file key = { 0 };

		if (parse_maps_line(line, &range, &key))
			err = space_add_range(a, s, &range, &key);
	}
	if (!err && ferror(f))
		err = -ESRCH; /* it has exited */
	free(line);
	fclose(f);
	return err;
}

/* Without records: whether the process executes another program than when its maps were read. */
static bool program_changed(struct space *s)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct stat st;

	if (now - s->checked_ns < CHECK_NS)
		return false;
	s->checked_ns = now;
	return stat_program(s, &st) &&
	       (s->exited || st.st_dev != s->exe_dev || st.st_ino != s->exe_inode);
}

static void drop_exited_spaces(struct address_spaces *a)
{
	struct space *s, *next;

	if (a->records || a->spaces.nr < a->sweep_at)
		return;
	for (s = space_next_living(a, NULL); s; s = next) {
		/* space_exits() frees only exited spaces. */
		next = space_next_living(a, s);
		if (kill(s->pid, 0) && errno == ESRCH)
			space_exits(a, s);
	}
	a->sweep_at = 2 * a->spaces.nr + a->max_exited;
}

int address_spaces_add_process(struct address_spaces *a, int pid)
{
	struct space *s = space_at(a, pid, UINT64_MAX);
	uint64_t since_ns = 0;

	int err;

	/* If the pid had been used again, there would be records of it. */
	if (s && (a->records || !program_changed(s)))
		return 0;
	if (s)
		since_ns = clock_ns(CLOCK_MONOTONIC);
	drop_exited_spaces(a);
	s = space_begin(a, pid, since_ns);
	if (!s)
		return -ENOMEM;
	err = read_maps(a, s, since_ns);
	/* Remembered like other exited ones, so that it is not read again soon. */
	if (err == -ESRCH)
		space_exits(a, s);
	return err;
}

/* Processes that have exited, or of other users, are left out. */
static int add_present_process(void *spaces, int pid)
{
	return address_spaces_add_process(spaces, pid) == -ENOMEM ? -ENOMEM : 0;
}

int spaces_add_present(struct address_spaces *a, const struct address_spaces_options *options)
{
	unsigned int i;
	int err = 0;

	if (!options->tids)
		return procfs_each_process(add_present_process, a);
	for (i = 0; i < options->nr_tids && !err; i++) {
		/* A thread's faults have the pid of its process. */
		int pid = procfs_tgid(options->tids[i]);

		err = pid ? add_present_process(a, pid) : 0;
	}
	return err;
}

/* --- what is mapped at an address */

/*
 * The youngest mapping of address at when_ns. tolerate: also a later one, as with VMA locks (6.4)
 * a fault can come before the record of its mapping.
 */
static const struct range *range_at(const struct space *s, uint64_t address, uint64_t when_ns,
				    bool tolerate)
{
	const struct range *later = NULL;
	unsigned int i;

	for (i = s->nr; i--;) {
		const struct range *r = &s->ranges[i];

		if (address < r->start || address >= r->end)
			continue;
		if (r->since_ns <= when_ns)
			return r;
		later = r;
	}
	return tolerate ? later : NULL;
}

static const struct range *range_or_inherited(const struct space *s, uint64_t address,
					      uint64_t when_ns)
{
	const struct range *r = range_at(s, address, when_ns, true);

	while (!r && s->parent) {
		when_ns = s->forked_ns < when_ns ? s->forked_ns : when_ns;
		s = s->parent;
		r = range_at(s, address, when_ns, false);
	}
	return r;
}

/* Without a time: in the youngest space that has the address. */
static const struct range *find_in_youngest(struct address_spaces *a, int pid, uint64_t address,
					    struct space **found)
{
	struct space *s;

	for (s = space_youngest(a, pid); s; s = space_older(s)) {
		const struct range *r = range_or_inherited(s, address, UINT64_MAX);

		*found = s;
		if (r)
			return r;
	}
	return NULL;
}

static const struct range *range_of_address(struct address_spaces *a, int pid, uint64_t address,
					    uint64_t when_ns, struct space **found)
{
	struct space *s;

	if (when_ns == UINT64_MAX)
		return find_in_youngest(a, pid, address, found);
	s = space_at(a, pid, when_ns);
	*found = s;
	return s ? range_or_inherited(s, address, when_ns) : NULL;
}

int address_spaces_find(struct address_spaces *a, int pid, uint64_t address, uint64_t when_ns,
			struct mapping *out)
{
	struct space *s, *newest = space_at(a, pid, UINT64_MAX);
	const struct range *r;

	if (!newest)
		return -ESRCH;
	r = range_of_address(a, pid, address, when_ns, &s);
	/* Records are missing. */
	if (!r && !newest->exited && (!a->records || a->incomplete) &&
	    clock_ns(CLOCK_MONOTONIC) - newest->read_ns > REREAD_NS) {
		read_maps(a, newest, clock_ns(CLOCK_MONOTONIC));
		r = range_of_address(a, pid, address, when_ns, &s);
	}
	if (!r)
		return -ENOENT;
	*out = (struct mapping){
		.start = r->start,
		.end = r->end,
		.offset = r->offset,
		.since_ns = r->since_ns,
		.file = &r->file->entry.file,
		.pid = pid,
		.exited = s->exited || s != newest,
	};
	return 0;
}
