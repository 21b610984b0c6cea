// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace_events.c: see trace_events.h.
 */
#include "trace_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull
/* 2024-03-09 16:00:00 UTC */
#define WALL_START (1710000000 * SECOND)
#define MONO_START (5000 * SECOND)
#define NR(array)  (sizeof(array) / sizeof((array)[0]))

/* Of a literal: its own NUL ends the last name. */
#define NAMES(literal) literal, sizeof(literal)

struct teller {
	const struct output *out;
	struct trace_record record;
	struct trace_event event;
};

void trace_set_names(struct fault_mapping *mapping, const char *names, size_t len)
{
	memset(mapping->names, 0, sizeof(mapping->names));
	if (len)
		memcpy(mapping->names, names, len);
	mapping->names_len = (unsigned short)len;
}

static void new_fault(struct teller *t, uint64_t at, uint64_t ns, unsigned int path)
{
	t->record = (struct trace_record){
		.end_ns = MONO_START + at,
		.ns = ns,
		.path = path,
		.address = 0x7f12a4c01238,
		.ip = 0x55d0c0de1234,
		.cgroup = 4242,
		.pid = 1234,
		.tid = 1234,
		.cpu = 3,
		.parts = { [CAUSE_ON_CPU] = ns },
		.comm = "postgres",
		.mapping = { .start = 0x7f12a4c00000, .end = 0x7f12a4e00000, .vm_flags = 0x3 },
	};
	t->event = (struct trace_event){
		.record = &t->record,
		.wall_ns = WALL_START + at,
		.cgroup = "/system.slice/postgresql.service",
		.ip = { .address = 0x55d0c0de1234,
			.symbol = "hash_search",
			.symbol_offset = 0x84,
			.module = "/usr/lib/postgresql/15/bin/postgres" },
	};
}

static void set_part(struct teller *t, unsigned int cause, uint64_t ns)
{
	t->record.parts[cause] = ns;
	t->record.parts[CAUSE_ON_CPU] -= ns;
}

static void set_mapping(struct teller *t, unsigned int kind, const char *names, size_t len)
{
	t->record.mapping.kind = kind;
	trace_set_names(&t->record.mapping, names, len);
}

static void tell(struct teller *t)
{
	char name[MAPPING_NAME_LEN];

	t->event.mapping = mapping_name(&t->record.mapping, name, sizeof(name));
	t->out->format->record(t->out, &t->event);
}

static void tell_places(struct teller *t)
{
	new_fault(t, 250000000, 49993210, PATH_SWAP);
	set_part(t, CAUSE_LOCK, 49780001);
	set_part(t, CAUSE_IO, 3210);
	t->record.flags = TRACE_MAJOR | TRACE_MMAP_LOCK;
	t->record.retries = 1;
	set_mapping(t, MAPPING_ANON, NULL, 0);
	tell(t);

	new_fault(t, 300000000, 31000000, PATH_UFFD_MISSING);
	set_part(t, CAUSE_UFFD, 30900000);
	t->record.tid = 1240;
	set_mapping(t, MAPPING_ANON, NAMES("guest memory"));
	tell(t);

	new_fault(t, 310000001, 1500000, PATH_FILE_READ);
	set_part(t, CAUSE_IO, 1100000);
	set_part(t, CAUSE_OFF_CPU, 250000);
	set_part(t, CAUSE_RECLAIM, 100000);
	t->record.access = ACCESS_EXEC;
	t->record.flags = TRACE_MAJOR;
	set_mapping(t, MAPPING_FILE, NAMES("libc.so.6\0x86_64-linux-gnu\0lib\0usr"));
	t->record.mapping.offset = 0x1c4238;
	t->record.mapping.dev = 8 << 20 | 1;
	t->record.mapping.ino = 9876543;
	t->record.mapping.vm_flags = 0x5;
	tell(t);

	new_fault(t, 320000000, 2000000, PATH_ANON);
	set_part(t, CAUSE_MEMCG, 1900000);
	set_mapping(t, MAPPING_HEAP, NULL, 0);
	t->record.access = ACCESS_WRITE;
	tell(t);

	new_fault(t, 330000000, 1000000, PATH_THP);
	set_part(t, CAUSE_COMPACTION, 1000000);
	set_mapping(t, MAPPING_STACK, NULL, 0);
	t->record.access = ACCESS_WRITE;
	t->record.flags = TRACE_STACK_GREW;
	tell(t);

	new_fault(t, 340000000, 999999, PATH_PFN);
	set_mapping(t, MAPPING_SPECIAL, NULL, 0);
	t->record.mapping.vm_flags = 0x5;
	tell(t);
	set_mapping(t, MAPPING_SPECIAL, NULL, 0);
	t->record.end_ns += 1000000;
	t->record.mapping.vm_flags = 0x1;
	tell(t);
}

static void tell_files(struct teller *t)
{
	new_fault(t, 400000000, 1200000, PATH_FILE_COW);
	set_mapping(t, MAPPING_FILE, NAMES("old build.so\0app dir\0srv"));
	t->record.mapping.flags = MAPPING_DELETED;
	t->record.mapping.offset = 0x1000;
	tell(t);

	new_fault(t, 410000000, 1200000, PATH_SHARED_WRITE);
	set_mapping(t, MAPPING_FILE, NAMES("memfd:pool"));
	t->record.mapping.flags = MAPPING_DELETED;
	t->record.mapping.vm_flags = 0xb;
	tell(t);

	new_fault(t, 420000000, 1200000, PATH_FILE_AROUND);
	set_mapping(t, MAPPING_FILE, NAMES("data.bin\0deep\0deeper"));
	t->record.mapping.flags = MAPPING_CUT;
	tell(t);

	/* The root of a file system, on its own. */
	new_fault(t, 430000000, 1200000, PATH_FILE_AROUND);
	set_mapping(t, MAPPING_FILE, NULL, 0);
	tell(t);
}

/* Without causes, without a mapping, of the kernel, of nobody: what can be missing. */
static void tell_missing(struct teller *t)
{
	new_fault(t, 500000000, 1700000, PATH_ANON);
	t->record.flags = TRACE_NO_PARTS;
	memset(t->record.parts, 0, sizeof(t->record.parts));
	t->record.mapping = (struct fault_mapping){ .kind = MAPPING_UNKNOWN };
	t->event.cgroup = NULL;
	t->record.cgroup = 0;
	tell(t);

	new_fault(t, 510000000, 1600000, PATH_BAD_ADDRESS);
	t->record.address = 0x10;
	t->record.mapping = (struct fault_mapping){ .kind = MAPPING_NONE };
	t->event.ip.symbol = NULL;
	t->event.ip.module_offset = 0x7a234;
	tell(t);

	new_fault(t, 520000000, 1600000, PATH_KERN_ADDR);
	t->record.address = 0xffffffffff600000;
	t->record.origin = ORIGIN_KERNEL;
	t->record.ip = 0xffffffff81a01234;
	t->event.ip = (struct symbol_frame){ .address = 0xffffffff81a01234,
					     .symbol = "rep_movs_alternative",
					     .symbol_offset = 0x4a,
					     .module = "[kernel.kallsyms]" };
	t->record.mapping = (struct fault_mapping){ .kind = MAPPING_NONE };
	tell(t);

	new_fault(t, 530000000, 2100 * SECOND, PATH_ANON);
	t->record.origin = ORIGIN_GUP;
	t->record.tid = 1300;
	t->record.ip = 0;
	t->event.ip = (struct symbol_frame){ 0 };
	set_mapping(t, MAPPING_ANON, NULL, 0);
	tell(t);

	new_fault(t, 540000000, 1600000, PATH_ANON);
	t->event.ip = (struct symbol_frame){ .address = 0x55d0c0de1234 };
	set_mapping(t, MAPPING_ANON, NULL, 0);
	memset(t->record.comm, 0, sizeof(t->record.comm));
	t->record.pid = 4194303;
	t->record.tid = 4194304;
	tell(t);
}

static void tell_hostile(struct teller *t)
{
	static const char *const comms[] = {
		"\033[2J\033]0;x\a",
		"a\nb\tc",
		"x 1 2/3 [0] 4.5:",
		"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac",
		"\xff\xc3(\xc2\x9b[31m",
		"\xe2\x80\xaegnp",
		"#!",
		"a",
		"\"'\\%s%n{}",
		"  lead",
	};

	for (size_t i = 0; i < NR(comms); i++) {
		new_fault(t, 600000000 + i * 10000000, 3000000 + i, PATH_WP_COPY);
		memset(t->record.comm, 0, sizeof(t->record.comm));
		memcpy(t->record.comm, comms[i], strlen(comms[i]));
		t->record.pid = t->record.tid = 2000 + (unsigned int)i;
		set_mapping(t, MAPPING_ANON, comms[i], strlen(comms[i]) + 1);
		tell(t);
	}
	new_fault(t, 800000000, 3000000, PATH_FILE_READ);
	set_mapping(t, MAPPING_FILE, NAMES("\033[31m\nred\xff \xe2\x80\xae\0a (b)\0tmp"));
	t->event.cgroup = "/x\n\033[0m/\xff";
	t->event.ip.symbol = "operator()(int, char const*)\n\033[5m";
	t->event.ip.module = "/tmp/a (b)/\n\xff.so";
	tell(t);
}

static void tell_all(const struct output *out, unsigned int nr)
{
	struct teller t = { .out = out };

	(void)nr;
	tell_places(&t);
	tell_files(&t);
	tell_missing(&t);
	tell_hostile(&t);
}

/* clang-format off */
static const struct symbol_frame kernel_frames[] = {
	{ .address = 0xffffffff81412345, .symbol = "mm_account_fault", .symbol_offset = 0xa5,
	  .module = "[kernel.kallsyms]" },
	{ .address = 0xffffffff81414000, .symbol = "handle_mm_fault", .symbol_offset = 0x2c0,
	  .module = "[kernel.kallsyms]" },
	{ .address = 0xffffffffc0001000, .symbol = NULL, .module = "[xfs]", .module_offset = 0x1000 },
};
/* clang-format on */

static const struct symbol_frame user_frames[] = {
	{ .address = 0x55d0c0de1234,
	  .symbol = "hash_search",
	  .symbol_offset = 0x84,
	  .module = "/usr/lib/postgresql/15/bin/postgres" },
	{ .address = 0x7f12a4c01000,
	  .symbol = "std::map<int, char>::find(int const&) const",
	  .symbol_offset = 0x10,
	  .module = "/usr/lib/libx.so (deleted)" },
	{ .address = 0x7f12a4c02000, .module = "/usr/lib/libx.so", .module_offset = 0x2000 },
	{ .address = 0x123456 },
};

static void tell_stacks(const struct output *out, unsigned int nr)
{
	struct teller t = { .out = out };

	(void)nr;
	new_fault(&t, 1000000, 5000000, PATH_SWAP);
	set_part(&t, CAUSE_OFF_CPU, 4990000);
	set_mapping(&t, MAPPING_ANON, NULL, 0);
	t.event.kernel = kernel_frames;
	t.event.nr_kernel = NR(kernel_frames);
	t.event.user = user_frames;
	t.event.nr_user = NR(user_frames);
	tell(&t);

	/* No user stack could be taken. */
	new_fault(&t, 7000000, 5000000, PATH_SWAP);
	set_mapping(&t, MAPPING_ANON, NULL, 0);
	t.event.kernel = kernel_frames;
	t.event.nr_kernel = NR(kernel_frames);
	t.record.user_stack = -EFAULT;
	tell(&t);

	/* Of the kernel for a task without a user stack. */
	new_fault(&t, 13000000, 5000000, PATH_WP_COPY);
	t.record.origin = ORIGIN_KERNEL;
	t.record.kernel_stack = -EEXIST;
	t.event.user = user_frames;
	t.event.nr_user = 1;
	set_mapping(&t, MAPPING_ANON, NULL, 0);
	tell(&t);
}

static void tell_nothing(const struct output *out, unsigned int nr)
{
	(void)out;
	(void)nr;
}

static uint64_t chance(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Splits what is on the CPU; sometimes to the last ns. */
static void split_by_chance(struct teller *t, uint64_t *x)
{
	unsigned int nr = chance(x) % 5;

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t rest = t->record.parts[CAUSE_ON_CPU];
		unsigned int cause = chance(x) % CAUSE_ON_CPU;

		if (!t->record.parts[cause])
			set_part(t, cause, chance(x) % 4 ? chance(x) % (rest + 1) : rest);
	}
}

#define MANY_THREADS 7

static void tell_many(const struct output *out, unsigned int nr)
{
	static const unsigned char paths[] = { PATH_ANON, PATH_SWAP, PATH_WP_COPY, PATH_FILE_READ };
	struct teller t = { .out = out };
	uint64_t x = 42, last_end[MANY_THREADS] = { 0 };
	/* 40 days, in odd ns. */
	uint64_t now = 40 * 86400 * SECOND + 123456789;

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int thread = chance(&x) % MANY_THREADS;
		uint64_t idle;

		now += 1 + chance(&x) % 100000;
		/* It begins no sooner than the thread's last one ended; sometimes right there. */
		idle = chance(&x) % 3 ? chance(&x) % 1000 : 0;
		if (!last_end[thread])
			idle = now - last_end[thread] - 1 - chance(&x) % 100000;
		if (idle >= now - last_end[thread])
			idle = 0;
		new_fault(&t, now - MONO_START, now - last_end[thread] - idle,
			  paths[chance(&x) % NR(paths)]);
		last_end[thread] = now;
		t.record.pid = 100 + thread / 3;
		t.record.tid = 100 + thread;
		split_by_chance(&t, &x);
		set_mapping(&t, MAPPING_ANON, NULL, 0);
		tell(&t);
	}
}

void trace_tell(FILE *f, const struct format *to, const struct trace_story *story)
{
	struct output out = {
		.file = f,
		.format = to,
		.context = &story->run,
		.state = to->state_size ? calloc(1, to->state_size) : NULL,
		.colour = story->colour,
	};

	if (to->begin)
		to->begin(&out);
	story->tell(&out, story->nr);
	if (to->end)
		to->end(&out, &story->summary);
	free(out.state);
}

/* clang-format off */
const struct trace_story trace_story_all = {
	.run = { .attach = "fentry", .causes = ~0u, .slower_ns = 1000000, .sample = 1,
		 .retries = true },
	.summary = { 27, 0, 123456 },
	.tell = tell_all,
};
/* clang-format on */

/* A kernel that tells neither locks nor userfaultfd. */
/* clang-format off */
const struct trace_story trace_story_stacks = {
	.run = { .attach = "tracepoint", .sample = 100, .stacks = true,
		 .causes = ~(1u << CAUSE_LOCK | 1u << CAUSE_UFFD | 1u << CAUSE_IO) },
	.summary = { 3, 17, 2345 },
	.tell = tell_stacks,
	.colour = true,
};
/* clang-format on */

const struct trace_story trace_story_empty = {
	.run = { .attach = "fentry",
		 .causes = 1u << CAUSE_ON_CPU,
		 .slower_ns = 1000000,
		 .sample = 1 },
	.tell = tell_nothing,
};

const struct trace_story trace_story_many = {
	.run = { .attach = "fentry", .causes = ~0u, .sample = 1 },
	.summary = { 2000, 0, 2000 },
	.tell = tell_many,
	.nr = 2000,
};
