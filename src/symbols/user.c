// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/user.c: functions of programs. Processes that map the same file share its symbols.
 */
#include "symbols_user.h"

#include <errno.h>
#include <libiberty/demangle.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols_elf_file.h"
#include "symbols_dso_open.h"
#include "symbols_perf_map.h"
#include "util/clock.h"
#include "util/intern.h"

enum {
	MAX_OBJECTS = 1024,
	MAX_JITS = 64,
	MAX_MANGLED = 4096, /* the demangler's stack grows with the name */
};
static const size_t MAX_BYTES = 512ul << 20;
static const size_t MAX_PERF_MAP = 64ul << 20;
/* How often the map of a JIT compiler is read, at most: it grows all the time. */
static const uint64_t REREAD_JIT_NS = 1000000000;

struct object {
	struct mapped_file_entry entry; /* first */
	bool loaded; /* elf */
	int tried_pid; /* the process of the last try; another one may reach the file */
	struct elf_file elf;
	char **demangled; /* by symbol; NULL before the first mangled name */
};

struct jit {
	int pid;
	bool exited; /* a younger process can have the same pid */
	struct timespec modified;
	off_t size;
	struct perf_map map;
	uint64_t read_ns;
};

struct symbols_user {
	struct address_spaces *spaces;
	uint64_t began_ns;
	struct hash objects;
	size_t bytes;
	struct jit jits[MAX_JITS];
	unsigned int next_jit;
	struct intern jit_names; /* those that were returned: their maps may be read again */
	struct user_symbol thread_start; /* only build_id and module_offset */
};

/* --- objects */

static void object_free(struct object *o)
{
	size_t i;

	for (i = 0; o->demangled && i < o->elf.nr_symbols; i++)
		free(o->demangled[i]);
	free(o->demangled);
	elf_file_free(&o->elf);
	free((char *)o->entry.file.path);
	free(o);
}

/* All 64-bit programs have the same one, so that of this process is read. */
static int load_vdso(struct elf_file *elf)
{
	char *base = (char *)getauxval(AT_SYSINFO_EHDR);
	size_t page = sysconf(_SC_PAGESIZE), len;
	Elf64_Ehdr header;

	if (!base || sizeof(void *) != 8)
		return -ENOENT;
	memcpy(&header, base, sizeof(header));
	len = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
	return elf_file_read_memory(elf, base, (len + page - 1) / page * page);
}

/* With a .symtab no debug file is needed. */
static void add_debug_symbols(struct object *o, const struct mapping *mapping)
{
	int fd = o->elf.has_symtab ? -ENOENT : dso_open_debug(mapping, &o->elf);

	if (fd < 0)
		return;
	elf_file_add_symbols(&o->elf, fd);
	close(fd);
}

static int load_file(struct symbols_user *u, struct object *o, const struct mapping *mapping)
{
	int fd = dso_open(mapping, u->began_ns), err;

	if (fd < 0)
		return fd;
	err = elf_file_read(&o->elf, fd);
	close(fd);
	if (!err)
		add_debug_symbols(o, mapping);
	return err;
}

/* Memory that is no ELF file: its code was written by the program itself. */
static bool may_be_jit(const struct mapped_file *file)
{
	static const char *const names[] = { "//anon",  "[anon",     "[heap]", "[stack",
					     "/memfd:", "/dev/zero", "/SYSV",  "/dev/shm/" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(file->path, names[i], strlen(names[i])))
			return true;
	return false;
}

static void load_object(struct symbols_user *u, struct object *o, const struct mapping *mapping)
{
	bool vdso = !strcmp(mapping->file->path, "[vdso]");

	if (o->loaded || (o->tried_pid && (mapping->exited || o->tried_pid == mapping->pid)))
		return;
	o->tried_pid = mapping->pid;
	o->loaded = !(vdso ? load_vdso(&o->elf) : load_file(u, o, mapping));
	if (!o->loaded)
		return;
	elf_file_sort(&o->elf);
	u->bytes += o->elf.cap_symbols * sizeof(*o->elf.symbols) + o->elf.names.cap;
}

static const char *symbol_name(struct object *o, const struct elf_symbol *symbol)
{
	size_t i = symbol - o->elf.symbols;
	const char *raw = o->elf.names.data + symbol->name;

	if (strncmp(raw, "_Z", 2) && strncmp(raw, "_R", 2))
		return raw;
	if (!o->demangled)
		o->demangled = calloc(o->elf.nr_symbols, sizeof(*o->demangled));
	if (o->demangled && !o->demangled[i] && strlen(raw) <= MAX_MANGLED)
		o->demangled[i] = cplus_demangle(raw, DMGL_AUTO);
	return o->demangled && o->demangled[i] ? o->demangled[i] : raw;
}

/* --- JIT */

/* Sets len to the number of bytes that could be read. */
static char *read_jit_map(int fd, size_t *len)
{
	char *text = malloc(*len + 1);
	size_t have = 0;
	ssize_t n;

	while (text && have < *len && (n = pread(fd, text + have, *len - have, have)) > 0)
		have += n;
	*len = have;
	return text;
}

static void read_jit(struct jit *jit, const struct mapping *mapping)
{
	int fd = dso_open_perf_map(mapping);
	struct stat st;
	char *text;
	size_t len;

	jit->read_ns = clock_ns(CLOCK_MONOTONIC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) ||
	    (st.st_size == jit->size && st.st_mtim.tv_sec == jit->modified.tv_sec &&
	     st.st_mtim.tv_nsec == jit->modified.tv_nsec)) {
		close(fd);
		return;
	}
	len = st.st_size;
	text = len <= MAX_PERF_MAP ? read_jit_map(fd, &len) : NULL;
	close(fd);
	if (!text)
		return;
	perf_map_free(&jit->map);
	perf_map_parse(&jit->map, text, len);
	jit->size = st.st_size;
	jit->modified = st.st_mtim;
	free(text);
}

static struct jit *jit_get(struct symbols_user *u, const struct mapping *mapping)
{
	struct jit *jit;
	unsigned int i;

	for (i = 0; i < MAX_JITS; i++)
		if (u->jits[i].pid == mapping->pid && u->jits[i].exited == mapping->exited)
			return &u->jits[i];
	jit = &u->jits[u->next_jit++ % MAX_JITS];
	perf_map_free(&jit->map);
	*jit = (struct jit){ .pid = mapping->pid, .exited = mapping->exited };
	return jit;
}

static void find_jit(struct symbols_user *u, const struct mapping *mapping, uint64_t address,
		     struct user_symbol *out)
{
	struct jit *jit = jit_get(u, mapping);
	const struct perf_map_entry *entry;
	int64_t kept;

	if (clock_ns(CLOCK_MONOTONIC) - jit->read_ns > REREAD_JIT_NS)
		read_jit(jit, mapping);
	entry = perf_map_find(&jit->map, address);
	if (!entry)
		return;
	kept = intern_text(&u->jit_names, jit->map.names.data + entry->name);
	out->name = kept < 0 ? NULL : interned(&u->jit_names, kept);
	out->offset = address - entry->start;
	out->module = "[jit]";
	out->module_offset = address - mapping->start;
}

/* --- outermost functions of threads */

static void *store_caller(void *result)
{
	*(void **)result = __builtin_return_address(0);
	return NULL;
}

/*
 * Distributions strip the name of the libc function that calls the function of a thread. A
 * thread of this process finds its address, which is the same in all processes with this libc.
 */
static void find_thread_start(struct symbols_user *u)
{
	void *caller = NULL;
	pthread_t thread;

	if (pthread_create(&thread, NULL, store_caller, &caller))
		return;
	pthread_join(thread, NULL);
	if (caller)
		symbols_user_find(u, getpid(), (uint64_t)(uintptr_t)caller - 1, UINT64_MAX,
				  &u->thread_start);
}

static bool is_thread_start(const struct symbols_user *u, const struct user_symbol *symbol)
{
	const struct user_symbol *start = &u->thread_start;

	return start->build_id_len && symbol->build_id_len == start->build_id_len &&
	       symbol->module_offset == start->module_offset &&
	       !memcmp(symbol->build_id, start->build_id, start->build_id_len);
}

/* --- opening, finding, closing */

int symbols_user_open(struct symbols_user **out, struct address_spaces *spaces)
{
	struct symbols_user *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	if (hash_open(&u->objects, 0)) {
		free(u);
		return -ENOMEM;
	}
	u->spaces = spaces;
	u->began_ns = clock_ns(CLOCK_MONOTONIC);
	find_thread_start(u);
	*out = u;
	return 0;
}

static void find_in_file(struct symbols_user *u, const struct mapping *mapping,
			 struct user_symbol *out)
{
	struct object *o = mapped_file_get(&u->objects, mapping->file, sizeof(*o));
	const struct elf_symbol *symbol;
	uint64_t own;

	if (!o)
		return;
	load_object(u, o, mapping);
	out->module = o->entry.file.path;
	if (!o->loaded)
		return;
	memcpy(out->build_id, o->elf.build_id, sizeof(out->build_id));
	out->build_id_len = o->elf.build_id_len;
	if (!elf_file_address(&o->elf, out->module_offset, &own))
		return;
	symbol = elf_file_symbol(&o->elf, own);
	if (!symbol)
		return;
	out->name = symbol_name(o, symbol);
	out->offset = own - symbol->value;
}

int symbols_user_find(struct symbols_user *u, int pid, uint64_t address, uint64_t when_ns,
		      struct user_symbol *out)
{
	struct mapping mapping;
	int err;

	memset(out, 0, sizeof(*out));
	address_spaces_add_process(u->spaces, pid);
	err = address_spaces_find(u->spaces, pid, address, when_ns, &mapping);
	if (err)
		return err;
	out->module_offset = address - mapping.start + mapping.offset;
	out->start = mapping.start;
	out->end = mapping.end;
	out->file_offset = mapping.offset;
	memcpy(out->build_id, mapping.file->build_id, sizeof(out->build_id));
	out->build_id_len = mapping.file->build_id_len;
	find_in_file(u, &mapping, out);
	out->starts_thread = is_thread_start(u, out);
	if (!out->name && may_be_jit(mapping.file))
		find_jit(u, &mapping, address, out);
	return out->name ? 0 : -ENOENT;
}

static void free_objects(struct symbols_user *u)
{
	struct hash_link *link, *next;

	hash_each(&u->objects, link, next) object_free(hash_entry(link, struct object, entry.link));
	hash_clear(&u->objects);
	u->bytes = 0;
}

/* All at once: files that are still needed are read again. */
void symbols_user_trim(struct symbols_user *u)
{
	intern_free(&u->jit_names);
	if (u->objects.nr > MAX_OBJECTS || u->bytes > MAX_BYTES)
		free_objects(u);
}

void symbols_user_close(struct symbols_user *u)
{
	unsigned int i;

	if (!u)
		return;
	intern_free(&u->jit_names);
	free_objects(u);
	hash_close(&u->objects);
	for (i = 0; i < MAX_JITS; i++)
		perf_map_free(&u->jits[i].map);
	free(u);
}
