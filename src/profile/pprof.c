// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/pprof.c: writes pprof's profile.proto, compressed by gzip. The fault's path and the
 * process are labels, so that the leaf is the code that faulted.
 */
#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
#include "profile/profile.pb-c.h"
#include "profile_stacks.h"
#include "run/run.h"

typedef Pfstat__Pprof__Profile profile_t;
typedef Pfstat__Pprof__Sample sample_t;
typedef Pfstat__Pprof__Label label_t;
typedef Pfstat__Pprof__Mapping mapping_t;
typedef Pfstat__Pprof__Location location_t;
typedef Pfstat__Pprof__Function function_t;
typedef Pfstat__Pprof__Line line_t;
typedef Pfstat__Pprof__ValueType value_type_t;

struct block {
	struct block *next;
	_Alignas(max_align_t) char bytes[];
};

struct builder {
	const struct stacks *s;
	profile_t profile;
	struct block *blocks; /* memory of the profile */
	struct intern strings, functions;
	struct intern kernel_modules; /* texts; their mappings follow those of files */
	uint64_t *location_of; /* by frame; 0: none */
	bool failed;
};

static void *alloc_block(struct builder *b, size_t nr, size_t each)
{
	struct block *block = calloc(1, sizeof(*block) + nr * each + 1);

	if (!block) {
		b->failed = true;
		return NULL;
	}
	block->next = b->blocks;
	b->blocks = block;
	return block->bytes;
}

static uint32_t intern_number(struct builder *b, int64_t interned_as)
{
	if (interned_as < 0)
		b->failed = true;
	return interned_as < 0 ? 0 : (uint32_t)interned_as;
}

/* Strings of protobuf are UTF-8; names of functions may contain any bytes. */
static int64_t intern_string(struct builder *b, const char *text)
{
	struct buffer valid = { 0 };
	int64_t at;

	put_utf8(&valid, text);
	b->failed = b->failed || valid.failed;
	at = intern_number(b, intern(&b->strings, valid.len ? valid.data : "", valid.len));
	buffer_free(&valid);
	return at;
}

static int64_t intern_stack_text(struct builder *b, uint32_t of)
{
	return intern_string(b, stacks_text(b->s, of));
}

static int64_t intern_hex(struct builder *b, const uint8_t *id, unsigned int len)
{
	char digits[2 * BUILD_ID_MAX + 1] = "";
	unsigned int i;

	for (i = 0; i < len; i++)
		snprintf(digits + 2 * i, 3, "%02x", id[i]);
	return intern_string(b, digits);
}

static void add_value_types(struct builder *b, bool by_count)
{
	static const char *const types[][2] = { { "faults", "count" },
						{ "fault_time", "nanoseconds" } };
	value_type_t **list = alloc_block(b, 2, sizeof(*list));
	value_type_t *values = alloc_block(b, 2, sizeof(*values));
	int i;

	for (i = 0; i < 2 && !b->failed; i++) {
		pfstat__pprof__value_type__init(&values[i]);
		values[i].has_type = values[i].has_unit = 1;
		values[i].type = intern_string(b, types[i][0]);
		values[i].unit = intern_string(b, types[i][1]);
		list[i] = &values[i];
	}
	b->profile.sample_type = list;
	b->profile.n_sample_type = 2;
	b->profile.has_default_sample_type = 1;
	b->profile.default_sample_type = intern_string(b, types[by_count ? 0 : 1][0]);
}

/* When all frames have names, a reader need not symbolize again. */
static void find_nameless(const struct stacks *s, bool *nameless)
{
	uint32_t i;

	for (i = 0; i < s->frames.nr; i++) {
		const struct stack_frame *frame = stacks_frame(s, i);

		if (frame->kind == FRAME_USER && frame->mapping && !frame->named)
			nameless[frame->mapping - 1] = true;
	}
}

static void add_file_mapping(struct builder *b, uint32_t i, mapping_t *m, bool nameless)
{
	const struct stack_mapping *from = interned(&b->s->mappings, i);

	m->has_memory_start = m->has_memory_limit = m->has_file_offset = 1;
	m->memory_start = stacks_mapping_start(b->s, i);
	m->memory_limit = m->memory_start + from->len;
	m->file_offset = from->offset;
	m->filename = intern_stack_text(b, from->file);
	m->has_build_id = from->build_id_len > 0;
	m->build_id = intern_hex(b, from->build_id, from->build_id_len);
	m->has_functions = !nameless;
}

static void add_mappings(struct builder *b)
{
	uint32_t nr_files = b->s->mappings.nr, nr = nr_files + b->kernel_modules.nr, i;
	mapping_t **list = alloc_block(b, nr, sizeof(*list)),
		  *all = alloc_block(b, nr, sizeof(*all));
	bool *nameless = alloc_block(b, nr_files, sizeof(*nameless));

	if (b->failed)
		return;
	find_nameless(b->s, nameless);
	for (i = 0; i < nr; i++) {
		mapping_t *m = list[i] = &all[i];

		pfstat__pprof__mapping__init(m);
		m->has_id = m->has_filename = m->has_has_functions = 1;
		m->id = i + 1ul;
		if (i < nr_files) {
			add_file_mapping(b, i, m, nameless[i]);
		} else {
			m->filename = intern_string(b, interned(&b->kernel_modules, i - nr_files));
			m->has_functions = 1;
		}
	}
	b->profile.mapping = list;
	b->profile.n_mapping = nr;
}

/* One line, of a function by name and file. */
static void name_location(struct builder *b, location_t *location, const struct stack_frame *frame)
{
	const uint32_t key[2] = { frame->name, frame->module };
	line_t **list = alloc_block(b, 1, sizeof(*list)), *line = alloc_block(b, 1, sizeof(*line));

	if (b->failed)
		return;
	pfstat__pprof__line__init(line);
	line->has_function_id = 1;
	line->function_id = intern_number(b, intern(&b->functions, key, sizeof(key))) + 1ul;
	list[0] = line;
	location->line = list;
	location->n_line = 1;
}

static uint64_t mapping_id(struct builder *b, const struct stack_frame *frame)
{
	if (frame->kind == FRAME_USER)
		return frame->mapping;
	if (frame->kind != FRAME_KERNEL)
		return 0;
	return b->s->mappings.nr + 1ul +
	       intern_number(b, intern_text(&b->kernel_modules, stacks_text(b->s, frame->module)));
}

/* Of frames in code, and of notes; an address without a name stays without one. */
static void add_locations(struct builder *b)
{
	uint32_t nr = b->s->frames.nr, i;
	location_t **list = alloc_block(b, nr, sizeof(*list)),
		   *all = alloc_block(b, nr, sizeof(*all));

	b->location_of = alloc_block(b, nr, sizeof(*b->location_of));
	for (i = 0; i < nr && !b->failed; i++) {
		const struct stack_frame *frame = stacks_frame(b->s, i);
		location_t *location = &all[b->profile.n_location];

		if (frame->kind == FRAME_PROCESS || frame->kind == FRAME_PATH)
			continue;
		pfstat__pprof__location__init(location);
		list[b->profile.n_location++] = location;
		location->has_id = location->has_address = location->has_mapping_id = 1;
		location->id = b->location_of[i] = b->profile.n_location;
		location->address = frame->address;
		location->mapping_id = mapping_id(b, frame);
		if (frame->named || frame->kind == FRAME_NOTE || !frame->mapping)
			name_location(b, location, frame);
	}
	b->profile.location = list;
}

static void add_functions(struct builder *b)
{
	uint32_t nr = b->functions.nr, i;
	function_t **list = alloc_block(b, nr, sizeof(*list)),
		   *all = alloc_block(b, nr, sizeof(*all));

	for (i = 0; i < nr && !b->failed; i++) {
		const uint32_t *key = interned(&b->functions, i);
		function_t *function = list[i] = &all[i];

		pfstat__pprof__function__init(function);
		function->has_id = function->has_name = function->has_system_name =
			function->has_filename = 1;
		function->id = i + 1ul;
		function->name = function->system_name = intern_stack_text(b, key[0]);
		function->filename = intern_stack_text(b, key[1]);
	}
	b->profile.function = list;
	b->profile.n_function = nr;
}

static void add_labels(struct builder *b, sample_t *sample, const struct stack_line *line)
{
	label_t **list = alloc_block(b, 3, sizeof(*list)), *all = alloc_block(b, 3, sizeof(*all));
	const int nr = line->pid ? 3 : 2;
	int i;

	for (i = 0; i < nr && !b->failed; i++) {
		pfstat__pprof__label__init(&all[i]);
		all[i].has_key = 1;
		list[i] = &all[i];
	}
	if (b->failed)
		return;
	all[0].key = intern_string(b, "path");
	all[0].has_str = 1;
	all[0].str = intern_stack_text(b, line->path);
	all[1].key = intern_string(b, "comm");
	all[1].has_str = 1;
	all[1].str = intern_stack_text(b, line->comm);
	if (line->pid) {
		all[2].key = intern_string(b, "pid");
		all[2].has_num = 1;
		all[2].num = line->pid;
	}
	sample->label = list;
	sample->n_label = nr;
}

static void add_pprof_sample(struct builder *b, uint32_t i, sample_t *sample)
{
	const struct stack_line *line = stacks_line(b->s, i);
	int64_t *values = alloc_block(b, 2, sizeof(*values));
	uint64_t *ids = alloc_block(b, line->nr, sizeof(*ids));
	uint32_t frame;

	if (b->failed)
		return;
	pfstat__pprof__sample__init(sample);
	values[0] = (int64_t)b->s->weights[i].count;
	values[1] = (int64_t)b->s->weights[i].sum_ns;
	sample->value = values;
	sample->n_value = 2;
	sample->location_id = ids;
	for (frame = line->nr; frame--;) {
		uint64_t id = b->location_of[line->frames[frame]];

		if (id)
			ids[sample->n_location_id++] = id;
	}
	add_labels(b, sample, line);
}

static void add_samples(struct builder *b)
{
	uint32_t nr = b->s->lines.nr, i;
	sample_t **list = alloc_block(b, nr, sizeof(*list)),
		 *all = alloc_block(b, nr, sizeof(*all));

	for (i = 0; i < nr && !b->failed; i++) {
		list[i] = &all[i];
		add_pprof_sample(b, i, &all[i]);
	}
	b->profile.sample = list;
	b->profile.n_sample = nr;
}

static void add_strings(struct builder *b)
{
	char **list = alloc_block(b, b->strings.nr, sizeof(*list));
	uint32_t i;

	for (i = 0; i < b->strings.nr && !b->failed; i++)
		list[i] = b->strings.items[i]->bytes;
	b->profile.string_table = list;
	b->profile.n_string_table = b->strings.nr;
}

/* String 0 must be empty; the table of strings comes last. */
static void build_profile(struct builder *b, const struct profile_run *run)
{
	int64_t *comments = alloc_block(b, 1, sizeof(*comments));

	pfstat__pprof__profile__init(&b->profile);
	intern_string(b, "");
	add_value_types(b, run->by_count);
	add_locations(b);
	add_functions(b);
	add_mappings(b);
	add_samples(b);
	b->profile.has_time_nanos = b->profile.has_duration_nanos = 1;
	b->profile.time_nanos = (int64_t)run->began_ns;
	b->profile.duration_nanos = (int64_t)run->duration_ns;
	if (comments) {
		comments[0] = intern_string(b, run->title);
		b->profile.comment = comments;
		b->profile.n_comment = 1;
	}
	add_strings(b);
}

static int write_gzip(const profile_t *profile, FILE *f)
{
	size_t len = pfstat__pprof__profile__get_packed_size(profile), bound = 0;
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	uint8_t *packed = malloc(len + 1), *small = NULL;
	int err = -ENOMEM;

	if (c && packed) {
		pfstat__pprof__profile__pack(profile, packed);
		bound = libdeflate_gzip_compress_bound(c, len);
		small = malloc(bound);
	}
	if (small) {
		fwrite(small, libdeflate_gzip_compress(c, packed, len, small, bound), 1, f);
		err = 0;
	}
	libdeflate_free_compressor(c);
	free(packed);
	free(small);
	return err;
}

static int pprof_record(const struct output *out, const void *record)
{
	const struct profile_run *run = out->context;
	const struct stacks *s = record;
	struct builder b = { .s = s };
	int err;

	build_profile(&b, run);
	err = b.failed ? -ENOMEM : write_gzip(&b.profile, out->file);
	while (b.blocks) {
		struct block *next = b.blocks->next;

		free(b.blocks);
		b.blocks = next;
	}
	intern_free(&b.strings);
	intern_free(&b.functions);
	intern_free(&b.kernel_modules);
	return err;
}

const struct format profile_pprof = {
	.name = "pprof",
	.help = "pprof's protobuf, gzip'ed",
	.record = pprof_record,
};
