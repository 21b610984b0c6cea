// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/address_space.c: see symbols/symbols_address_space.h.
 */
#include "symbols_space_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "proc/procfs.h"
#include "symbols_mmap_records.h"
#include "util/array.h"

enum {
	MAX_MAPPINGS = 16384, /* of one space */
	MAX_DEPTH = 16, /* of parents */
};

/* --- files */

static bool same_file(const struct mapped_file *a, const struct mapped_file *b)
{
	return a->dev == b->dev && a->inode == b->inode && a->generation == b->generation &&
	       a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len) && !strcmp(a->path, b->path);
}

static struct file **file_bucket(struct address_spaces *a, const struct mapped_file *key)
{
	uint32_t hash = 5381 + key->inode;
	const char *c;

	for (c = key->path; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return &a->files[hash % SPACE_BUCKETS];
}

/* One more reference to it; NULL: out of memory. */
static struct file *file_get(struct address_spaces *a, const struct mapped_file *key)
{
	struct file **bucket = file_bucket(a, key), *file;

	for (file = *bucket; file && !same_file(&file->public, key); file = file->next)
		;
	if (!file) {
		file = calloc(1, sizeof(*file));
		if (!file)
			return NULL;
		file->public = *key;
		file->public.path = strdup(key->path);
		if (!file->public.path) {
			free(file);
			return NULL;
		}
		file->next = *bucket;
		*bucket = file;
	}
	file->refs++;
	return file;
}

static void file_put(struct address_spaces *a, struct file *file)
{
	struct file **at = file_bucket(a, &file->public);

	if (--file->refs)
		return;
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	free((char *)file->public.path);
	free(file);
}

/* --- spaces */

static void space_put(struct address_spaces *a, struct space *s)
{
	while (s && !--s->refs) {
		struct space *parent = s->parent;
		unsigned int i;

		for (i = 0; i < s->nr; i++)
			file_put(a, s->ranges[i].file);
		free(s->ranges);
		free(s);
		s = parent;
	}
}

static void unlink_space(struct address_spaces *a, struct space *s)
{
	struct space **at = space_bucket(a, s->pid);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	a->totals.spaces--;
	space_put(a, s);
}

struct space *space_at(struct address_spaces *a, int pid, uint64_t when_ns)
{
	struct space *s;

	for (s = *space_bucket(a, pid); s; s = s->next)
		if (s->pid == pid && s->born_ns <= when_ns)
			return s;
	return NULL;
}

void space_exits(struct address_spaces *a, struct space *s)
{
	if (s->exited)
		return;
	s->exited = true;
	s->exited_next = NULL;
	a->totals.exited++;
	if (a->newest_exited)
		a->newest_exited->exited_next = s;
	else
		a->oldest_exited = s;
	a->newest_exited = s;
	if (++a->nr_exited <= a->max_exited)
		return;
	s = a->oldest_exited;
	a->oldest_exited = s->exited_next;
	if (!a->oldest_exited)
		a->newest_exited = NULL;
	a->nr_exited--;
	a->totals.spaces_dropped++;
	unlink_space(a, s);
}

struct space *space_begin(struct address_spaces *a, int pid, uint64_t born_ns)
{
	struct space *before = space_at(a, pid, born_ns), **at = space_bucket(a, pid), *s;

	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->pid = pid;
	s->born_ns = born_ns;
	s->refs = 1;
	while (*at && !((*at)->pid == pid && (*at)->born_ns <= born_ns))
		at = &(*at)->next;
	/* Were there younger ones, their records came earlier. */
	s->next = *at;
	*at = s;
	a->totals.spaces++;
	if (before)
		space_exits(a, before);
	return s;
}

/* --- what is mapped */

/* Keeps the order of since_ns; takes the reference of file. */
static int insert_range(struct address_spaces *a, struct space *s, const struct range *range)
{
	unsigned int at;

	if (s->nr == MAX_MAPPINGS) {
		file_put(a, s->ranges[0].file);
		memmove(s->ranges, s->ranges + 1, --s->nr * sizeof(*s->ranges));
		a->totals.mappings_dropped++;
	}
	if (array_reserve(s->ranges, s->cap, s->nr + 1)) {
		file_put(a, range->file);
		return -ENOMEM;
	}
	for (at = s->nr; at && s->ranges[at - 1].since_ns > range->since_ns; at--)
		s->ranges[at] = s->ranges[at - 1];
	s->ranges[at] = *range;
	s->nr++;
	return 0;
}

/* Memory that is mapped again and again, as by a JIT compiler, is there once. */
static bool is_known(const struct space *s, const struct range *range)
{
	unsigned int i;

	for (i = s->nr; i--;) {
		const struct range *r = &s->ranges[i];

		if (r->end <= range->start || r->start >= range->end)
			continue;
		return r->start <= range->start && r->end >= range->end && r->file == range->file &&
		       r->offset + (range->start - r->start) == range->offset &&
		       r->since_ns <= range->since_ns;
	}
	return false;
}

int space_add_range(struct address_spaces *a, struct space *s, struct range *range,
		    const struct mapped_file *key)
{
	range->file = file_get(a, key);
	if (!range->file)
		return -ENOMEM;
	if (is_known(s, range)) {
		file_put(a, range->file);
		return 0;
	}
	return insert_range(a, s, range);
}

/* --- records */

static int take_mmap(struct address_spaces *a, const char *body, size_t len, uint16_t misc,
		     uint64_t time)
{
	struct {
		uint32_t pid, tid;
		uint64_t addr, len, pgoff;
		union {
			struct {
				uint32_t maj, min;
				uint64_t ino, generation;
			};
			struct {
				uint8_t build_id_size, reserved[3];
				uint8_t build_id[BUILD_ID_MAX];
			};
		};
		uint32_t prot, flags;
	} m;
	struct mapped_file key = { 0 };
	struct range range;
	struct space *s;

	if (len <= sizeof(m) || !memchr(body + sizeof(m), '\0', len - sizeof(m)))
		return -EINVAL;
	memcpy(&m, body, sizeof(m));
	key.path = body + sizeof(m);
	if (misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		key.build_id_len = m.build_id_size < BUILD_ID_MAX ? m.build_id_size : BUILD_ID_MAX;
		memcpy(key.build_id, m.build_id, key.build_id_len);
	} else {
		key.dev = makedev(m.maj, m.min);
		key.inode = m.ino;
		key.generation = m.generation;
	}
	range = (struct range){
		.start = m.addr, .end = m.addr + m.len, .offset = m.pgoff, .since_ns = time
	};
	s = space_at(a, (int)m.pid, time);
	if (!s)
		s = space_begin(a, (int)m.pid, 0);
	return s ? space_add_range(a, s, &range, &key) : -ENOMEM;
}

/* All that s can see becomes its own: a chain of parents has an end. */
static int flatten(struct address_spaces *a, struct space *s)
{
	const struct space *from;
	uint64_t when_ns = s->forked_ns;
	int err = 0;

	for (from = s->parent; from && !err; from = from->parent) {
		unsigned int i;

		for (i = 0; i < from->nr && !err; i++) {
			struct range range = from->ranges[i];

			if (range.since_ns > when_ns)
				continue;
			range.file->refs++;
			err = insert_range(a, s, &range);
		}
		when_ns = from->forked_ns < when_ns ? from->forked_ns : when_ns;
	}
	space_put(a, s->parent);
	s->parent = NULL;
	s->depth = 0;
	return err;
}

static int take_fork(struct address_spaces *a, int pid, int parent_pid, uint64_t time)
{
	struct space *parent, *s;

	if (pid == parent_pid)
		return 0; /* a thread */
	parent = space_at(a, parent_pid, time);
	/* At once: the new one could push it out of those that are remembered. */
	if (parent)
		parent->refs++;
	s = space_begin(a, pid, time);
	if (!s) {
		space_put(a, parent);
		return -ENOMEM;
	}
	s->forked_ns = time;
	if (!parent)
		return 0;
	s->parent = parent;
	s->depth = parent->depth + 1;
	return s->depth > MAX_DEPTH ? flatten(a, s) : 0;
}

static int take_exit(struct address_spaces *a, int pid, int tid, uint64_t time)
{
	struct space *s = pid == tid ? space_at(a, pid, time) : NULL;

	if (s)
		space_exits(a, s);
	return 0;
}

int address_spaces_record(struct address_spaces *a, const void *record, size_t len)
{
	const char *body = (const char *)record + sizeof(struct perf_event_header);
	struct perf_event_header header;
	struct perf_record_id id;
	uint32_t words[4] = { 0 };
	uint64_t lost;
	size_t rest;

	if (len < sizeof(header) + sizeof(id) + sizeof(words))
		return -EINVAL;
	memcpy(&header, record, sizeof(header));
	memcpy(&id, (const char *)record + len - sizeof(id), sizeof(id));
	rest = len - sizeof(header) - sizeof(id);
	memcpy(words, body, sizeof(words));
	switch (header.type) {
	case PERF_RECORD_MMAP2:
		return take_mmap(a, body, rest, header.misc, id.time);
	case PERF_RECORD_COMM:
		if (!(header.misc & PERF_RECORD_MISC_COMM_EXEC))
			return 0;
		return space_begin(a, (int)words[0], id.time) ? 0 : -ENOMEM;
	case PERF_RECORD_FORK:
		return take_fork(a, (int)words[0], (int)words[1], id.time);
	case PERF_RECORD_EXIT:
		return take_exit(a, (int)words[0], (int)words[2], id.time);
	case PERF_RECORD_LOST:
		memcpy(&lost, body + sizeof(uint64_t), sizeof(lost));
		a->totals.lost += lost;
		a->incomplete = true;
		return 0;
	}
	return 0;
}

static int take(void *context, const void *record, size_t len)
{
	return address_spaces_record(context, record, len);
}

/* --- the whole */

int address_spaces_open(struct address_spaces **out, const struct address_spaces_options *options,
			int *events)
{
	struct address_spaces *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	/* Some 100 bytes each, and 48 for each mapping. */
	a->max_exited = options->max_exited ? options->max_exited : EXITED_REMEMBERED;
	a->sweep_at = a->max_exited;
	a->machine = !options->tids;
	*events = options->no_events ?
			  -EOPNOTSUPP :
			  mmap_records_open(&a->records, options->tids, options->nr_tids);
	/* Records first, then what is there: what comes in between is known twice, not never. */
	err = spaces_see_present(a, options);
	if (err) {
		address_spaces_close(a);
		return err;
	}
	*out = a;
	return 0;
}

struct cpu_to_add {
	struct mmap_records *records;
	int cpu;
};

static int add_cpu_of_thread(void *context, int tid)
{
	const struct cpu_to_add *to_add = context;
	int err = mmap_records_add_thread(to_add->records, tid, to_add->cpu);

	return err == -ESRCH ? 0 : err; /* ended meanwhile */
}

/* The followed threads and their children: events of threads are inherited, but per CPU. */
static int add_cpu_of_threads(struct address_spaces *a, int cpu)
{
	struct cpu_to_add to_add = { a->records, cpu };
	const struct space *s;
	unsigned int i;
	int err = 0;

	if (mmap_records_has_cpu(a->records, cpu))
		return 0;
	for (i = 0; i < SPACE_BUCKETS && !err; i++)
		for (s = a->spaces[i]; s && !err; s = s->next) {
			err = s->exited ? 0 :
					  procfs_each_thread(s->pid, add_cpu_of_thread, &to_add);
			if (err == -ESRCH)
				err = 0;
		}
	return err;
}

int address_spaces_add_cpu(struct address_spaces *a, int cpu)
{
	int err;

	if (!a->records)
		return 0;
	err = address_spaces_read(a);
	if (err < 0)
		return err;
	a->incomplete = true; /* programs have run there already */
	return a->machine ? mmap_records_add_cpu(a->records, cpu) : add_cpu_of_threads(a, cpu);
}

int address_spaces_fd(const struct address_spaces *a)
{
	return a->records ? mmap_records_fd(a->records) : -1;
}

int address_spaces_read(struct address_spaces *a)
{
	return a->records ? mmap_records_read(a->records, take, a) : 0;
}

void address_spaces_totals(const struct address_spaces *a, struct address_spaces_totals *totals)
{
	*totals = a->totals;
}

void address_spaces_close(struct address_spaces *a)
{
	unsigned int i;

	if (!a)
		return;
	for (i = 0; i < SPACE_BUCKETS; i++)
		while (a->spaces[i])
			unlink_space(a, a->spaces[i]);
	mmap_records_close(a->records);
	free(a);
}
