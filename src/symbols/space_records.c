// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/space_records.c: what each record of the kernel changes in address spaces.
 */
#include "symbols_space_store.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "symbols_mmap_records.h"

static int record_mmap(struct address_spaces *a, const char *body, size_t len, uint16_t misc,
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

static int record_exit(struct address_spaces *a, int pid, int tid, uint64_t time)
{
	struct space *s = pid == tid ? space_at(a, pid, time) : NULL;

	if (s)
		space_exits(a, s);
	return 0;
}

int address_spaces_record(void *spaces, const void *record, size_t len)
{
	struct address_spaces *a = spaces;
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
		return record_mmap(a, body, rest, header.misc, id.time);
	case PERF_RECORD_COMM:
		if (!(header.misc & PERF_RECORD_MISC_COMM_EXEC))
			return 0;
		return space_begin(a, (int)words[0], id.time) ? 0 : -ENOMEM;
	case PERF_RECORD_FORK:
		/* The same process: a thread. */
		return words[0] == words[1] ? 0 :
					      space_fork(a, (int)words[0], (int)words[1], id.time);
	case PERF_RECORD_EXIT:
		return record_exit(a, (int)words[0], (int)words[2], id.time);
	case PERF_RECORD_LOST:
		memcpy(&lost, body + sizeof(uint64_t), sizeof(lost));
		a->totals.lost += lost;
		a->incomplete = true;
		return 0;
	}
	return 0;
}
