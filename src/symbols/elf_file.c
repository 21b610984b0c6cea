// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/elf_file.c: reads ELF files by libelf.
 */
#include "symbols_elf_file.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include <elfutils/libdwelf.h>

#include "util/array.h"

/* Of a symbol table; those of the largest browsers are a quarter of it. */
static const uint64_t MAX_SECTION = 512ul << 20;

/* How many functions back a function that surrounds others is searched. */
enum { MAX_NESTED = 16 };

static int read_build_id(struct elf_file *file, Elf *elf)
{
	const void *id;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &id);

	if (len > 0) {
		file->build_id_len = len < BUILD_ID_MAX ? len : BUILD_ID_MAX;
		memcpy(file->build_id, id, file->build_id_len);
	}
	return 0;
}

static int read_segments(struct elf_file *file, Elf *elf)
{
	size_t nr, i;

	if (elf_getphdrnum(elf, &nr) || nr > 65535)
		return -ENOEXEC;
	file->segments = calloc(nr + 1, sizeof(*file->segments));
	if (!file->segments)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD)
			continue;
		file->segments[file->nr_segments++] = (struct elf_segment){
			.offset = phdr.p_offset, .size = phdr.p_filesz, .address = phdr.p_vaddr
		};
	}
	return 0;
}

/*
 * Functions before labels, "printf" before "_IO_printf", exported before weak before static ones.
 */
static uint8_t rank_symbol(const GElf_Sym *sym, const char *name)
{
	uint8_t rank = sym->st_size ? 8 : 0;

	if (name[0] != '_')
		rank += 4;
	switch (GELF_ST_BIND(sym->st_info)) {
	case STB_GLOBAL:
		return rank + 2;
	case STB_WEAK:
		return rank + 1;
	}
	return rank;
}

static int add_symbol(struct elf_file *file, const GElf_Sym *sym, const char *name)
{
	struct elf_symbol *s;

	if (array_reserve(file->symbols, file->cap_symbols, file->nr_symbols + 1))
		return -ENOMEM;
	s = &file->symbols[file->nr_symbols++];
	s->value = sym->st_value;
	s->size = sym->st_size;
	s->name = file->names.len;
	s->rank = rank_symbol(sym, name);
	put(&file->names, name, strlen(name) + 1);
	return file->names.failed || file->names.len > UINT32_MAX ? -ENOMEM : 0;
}

/* $x, $a and the like mark code and data on arm. */
static bool is_function(const GElf_Sym *sym, const char *name)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	if (sym->st_shndx == SHN_UNDEF || !sym->st_value || !name || !name[0] || name[0] == '$')
		return false;
	return type == STT_FUNC || type == STT_GNU_IFUNC ||
	       (type == STT_NOTYPE && sym->st_shndx < SHN_LORESERVE &&
		GELF_ST_BIND(sym->st_info) != STB_LOCAL);
}

static int read_symbol_table(struct elf_file *file, Elf *elf, Elf_Scn *section,
			     const GElf_Shdr *shdr)
{
	Elf_Data *data;
	size_t i, nr;
	int err = 0;

	if (shdr->sh_size > MAX_SECTION || !shdr->sh_entsize)
		return 0;
	data = elf_getdata(section, NULL);
	if (!data)
		return 0;
	nr = data->d_size / shdr->sh_entsize;
	for (i = 0; i < nr && !err; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		name = elf_strptr(elf, shdr->sh_link, sym.st_name);
		if (is_function(&sym, name))
			err = add_symbol(file, &sym, name);
	}
	return err;
}

/* .symtab has all symbols of .dynsym. */
static int read_elf_symbols(struct elf_file *file, Elf *elf)
{
	Elf_Scn *section = NULL, *tables[2] = { NULL, NULL };
	GElf_Shdr shdrs[2], shdr;
	int full;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr))
			continue;
		if (shdr.sh_type != SHT_SYMTAB && shdr.sh_type != SHT_DYNSYM)
			continue;
		full = shdr.sh_type == SHT_SYMTAB;
		tables[full] = section;
		shdrs[full] = shdr;
	}
	full = !!tables[1];
	file->has_symtab = file->has_symtab || full;
	return tables[full] ? read_symbol_table(file, elf, tables[full], &shdrs[full]) : 0;
}

static int read_elf(struct elf_file *file, Elf *elf)
{
	const char *link;
	GElf_Word crc;
	int err;

	read_build_id(file, elf);
	link = dwelf_elf_gnu_debuglink(elf, &crc);
	if (link && !strchr(link, '/')) {
		file->debug_link = strdup(link);
		file->debug_crc = crc;
	}
	err = read_segments(file, elf);
	err = err ?: read_elf_symbols(file, elf);
	if (err)
		elf_file_free(file);
	return err;
}

static Elf *begin_elf(int fd)
{
	elf_version(EV_CURRENT);
	return elf_begin(fd, ELF_C_READ, NULL);
}

/* Ends elf, which may be NULL. */
static int read_and_end(struct elf_file *file, Elf *elf, int (*read)(struct elf_file *, Elf *))
{
	int err = elf_kind(elf) == ELF_K_ELF ? read(file, elf) : -ENOEXEC;

	elf_end(elf);
	return err;
}

int elf_file_read(struct elf_file *file, int fd)
{
	memset(file, 0, sizeof(*file));
	return read_and_end(file, begin_elf(fd), read_elf);
}

int elf_file_read_memory(struct elf_file *file, char *bytes, size_t len)
{
	memset(file, 0, sizeof(*file));
	elf_version(EV_CURRENT);
	return read_and_end(file, elf_memory(bytes, len), read_elf);
}

int elf_file_build_id(int fd, uint8_t build_id[BUILD_ID_MAX])
{
	struct elf_file file = { 0 };
	int err = read_and_end(&file, begin_elf(fd), read_build_id);

	memcpy(build_id, file.build_id, sizeof(file.build_id));
	return err ? err : file.build_id_len;
}

int elf_file_add_symbols(struct elf_file *file, int fd)
{
	return read_and_end(file, begin_elf(fd), read_elf_symbols);
}

/* Of several at one address the one to show comes last. */
static int compare_symbols(const void *a, const void *b)
{
	const struct elf_symbol *x = a, *y = b;
	int order = compare_u64(x->value, y->value);

	order = order ?: compare_u64(x->rank, y->rank);
	return order ?: compare_u64(y->name, x->name);
}

void elf_file_sort(struct elf_file *file)
{
	if (file->nr_symbols)
		qsort(file->symbols, file->nr_symbols, sizeof(*file->symbols), compare_symbols);
}

bool elf_file_address(const struct elf_file *file, uint64_t offset, uint64_t *address)
{
	unsigned int i;

	for (i = 0; i < file->nr_segments; i++) {
		const struct elf_segment *s = &file->segments[i];

		if (offset >= s->offset && offset - s->offset < s->size) {
			*address = s->address + (offset - s->offset);
			return true;
		}
	}
	return false;
}

const struct elf_symbol *elf_file_symbol(const struct elf_file *file, uint64_t address)
{
	size_t nr =
		array_count_up_to(file->symbols, file->nr_symbols, sizeof(*file->symbols), address);
	size_t i;

	for (i = nr; i && nr - i < MAX_NESTED; i--) {
		const struct elf_symbol *s = &file->symbols[i - 1];

		if (address - s->value < s->size)
			return s;
		/* Assembly without a size reaches to the next symbol. */
		if (!s->size && i == nr)
			return s;
	}
	return NULL;
}

void elf_file_free(struct elf_file *file)
{
	free(file->debug_link);
	free(file->segments);
	free(file->symbols);
	buffer_free(&file->names);
	memset(file, 0, sizeof(*file));
}
