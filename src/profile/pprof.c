// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/pprof.c: pprof's profile/profile.proto, in gzip. The fault's path and the
 * process are labels, so that the leaf is the code that faulted.
 */
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>

#include "profile/profile.pb-c.h"
#include "profile_stacks.h"
#include "run/run.h"
#include "util/message.h"

/* Numbers of the profile's repeated fields, which come before its others. */
enum { SAMPLE_TYPE = 1, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING, NR_FIELDS };

struct builder {
	const struct stacks *s;
	struct buffer fields[NR_FIELDS]; /* packed */
	struct buffer ids; /* of a sample's locations */
	struct buffer valid; /* a text with its UTF-8 made valid */
	struct intern strings, functions;
	struct intern kernel_modules; /* texts; their mappings come behind those of files */
	uint64_t *location_of; /* by frame; 0: none */
	bool *nameless; /* by mapping: a frame in it has no name */
	Pfstat__Pprof__Profile profile; /* its other fields */
	bool failed;
};

static void add_message(struct builder *b, unsigned int field, const ProtobufCMessage *message)
{
	put_message_field(&b->fields[field], field, message);
}

static uint32_t check_number(struct builder *b, int64_t interned_as)
{
	if (interned_as < 0)
		b->failed = true;
	return interned_as < 0 ? 0 : (uint32_t)interned_as;
}

/* Strings of protobuf are UTF-8; names of functions are any bytes. */
static int64_t string_number(struct builder *b, const char *text)
{
	b->valid.len = 0;
	put_utf8(&b->valid, text);
	return check_number(b,
			    intern(&b->strings, b->valid.len ? b->valid.data : "", b->valid.len));
}

static int64_t text_number(struct builder *b, uint32_t text)
{
	return string_number(b, stacks_text(b->s, text));
}

static int64_t hex_number(struct builder *b, const uint8_t *id, unsigned int len)
{
	char digits[2 * BUILD_ID_MAX + 1] = "";

	for (unsigned int i = 0; i < len; i++)
		snprintf(digits + 2 * i, 3, "%02x", id[i]);
	return string_number(b, digits);
}

static void add_value_types(struct builder *b, bool by_count)
{
	static const char *const types[][2] = { { "faults", "count" },
						{ "fault_time", "nanoseconds" } };

	for (int i = 0; i < 2; i++) {
		Pfstat__Pprof__ValueType value = PFSTAT__PPROF__VALUE_TYPE__INIT;

		value.has_type = value.has_unit = 1;
		value.type = string_number(b, types[i][0]);
		value.unit = string_number(b, types[i][1]);
		add_message(b, SAMPLE_TYPE, &value.base);
	}
	b->profile.has_default_sample_type = 1;
	b->profile.default_sample_type = string_number(b, types[by_count ? 0 : 1][0]);
}

static void add_file_mapping(struct builder *b, uint32_t i, Pfstat__Pprof__Mapping *m)
{
	const struct stack_mapping *from = interned(&b->s->mappings, i);

	m->has_memory_start = m->has_memory_limit = m->has_file_offset = 1;
	m->memory_start = b->s->starts[i];
	m->memory_limit = m->memory_start + from->len;
	m->file_offset = from->offset;
	m->filename = text_number(b, from->file);
	m->has_build_id = from->build_id_len > 0;
	m->build_id = hex_number(b, from->build_id, from->build_id_len);
	/* Where all frames have names, a reader need not look for them in files. */
	m->has_functions = !b->nameless[i];
}

static void add_mappings(struct builder *b)
{
	uint32_t nr_files = b->s->mappings.nr;

	for (uint32_t i = 0; i < nr_files + b->kernel_modules.nr; i++) {
		Pfstat__Pprof__Mapping m = PFSTAT__PPROF__MAPPING__INIT;

		m.has_id = m.has_filename = m.has_has_functions = 1;
		m.id = i + 1ul;
		if (i < nr_files) {
			add_file_mapping(b, i, &m);
		} else {
			m.filename = string_number(b, interned(&b->kernel_modules, i - nr_files));
			m.has_functions = 1;
		}
		add_message(b, MAPPING, &m.base);
	}
}

static uint64_t mapping_id(struct builder *b, const struct stack_frame *frame)
{
	if (frame->kind == FRAME_USER)
		return frame->mapping;
	if (frame->kind != FRAME_KERNEL)
		return 0;
	return b->s->mappings.nr + 1ul +
	       check_number(b, intern_text(&b->kernel_modules, stacks_text(b->s, frame->module)));
}

/* One line, of a function by name and file; an address without a name stays without one. */
static void add_location(struct builder *b, const struct stack_frame *frame, uint64_t id)
{
	const uint32_t key[2] = { frame->name, frame->module };
	Pfstat__Pprof__Location location = PFSTAT__PPROF__LOCATION__INIT;
	Pfstat__Pprof__Line line = PFSTAT__PPROF__LINE__INIT, *lines = &line;

	location.has_id = location.has_address = location.has_mapping_id = 1;
	location.id = id;
	location.address = frame->address;
	location.mapping_id = mapping_id(b, frame);
	if (frame->named || frame->kind == FRAME_NOTE || !frame->mapping) {
		line.has_function_id = 1;
		line.function_id = check_number(b, intern(&b->functions, key, sizeof(key))) + 1ul;
		location.line = &lines;
		location.n_line = 1;
	} else if (frame->kind == FRAME_USER) {
		b->nameless[frame->mapping - 1] = true;
	}
	add_message(b, LOCATION, &location.base);
}

/* Of frames in code, and of notes. */
static void add_locations(struct builder *b)
{
	uint64_t id = 0;

	for (uint32_t i = 0; i < b->s->frames.nr; i++) {
		const struct stack_frame *frame = stacks_frame(b->s, i);

		if (frame->kind == FRAME_PROCESS || frame->kind == FRAME_PATH)
			continue;
		b->location_of[i] = ++id;
		add_location(b, frame, id);
	}
}

static void add_functions(struct builder *b)
{
	for (uint32_t i = 0; i < b->functions.nr; i++) {
		const uint32_t *key = interned(&b->functions, i);
		Pfstat__Pprof__Function function = PFSTAT__PPROF__FUNCTION__INIT;

		function.has_id = function.has_name = function.has_system_name =
			function.has_filename = 1;
		function.id = i + 1ul;
		function.name = function.system_name = text_number(b, key[0]);
		function.filename = text_number(b, key[1]);
		add_message(b, FUNCTION, &function.base);
	}
}

static Pfstat__Pprof__Label text_label(struct builder *b, const char *key, uint32_t text)
{
	Pfstat__Pprof__Label label = PFSTAT__PPROF__LABEL__INIT;

	label.has_key = label.has_str = 1;
	label.key = string_number(b, key);
	label.str = text_number(b, text);
	return label;
}

static void add_sample(struct builder *b, uint32_t i)
{
	const struct stack_line *line = stacks_line(b->s, i);
	const struct stack_weight *weight = &b->s->weights[i];
	Pfstat__Pprof__Label path = text_label(b, "path", line->path),
			     comm = text_label(b, "comm", line->comm);
	Pfstat__Pprof__Label pid = PFSTAT__PPROF__LABEL__INIT, *labels[] = { &path, &comm, &pid };
	Pfstat__Pprof__Sample sample = PFSTAT__PPROF__SAMPLE__INIT;

	if (line->pid) {
		pid.has_key = pid.has_num = 1;
		pid.key = string_number(b, "pid");
		pid.num = line->pid;
	}
	sample.label = labels;
	sample.n_label = line->pid ? 3 : 2;
	sample.value = (int64_t[]){ (int64_t)weight->count, (int64_t)weight->sum_ns };
	sample.n_value = 2;
	b->ids.len = 0;
	for (uint32_t frame = line->nr; frame--;) {
		uint64_t id = b->location_of[line->frames[frame]];

		if (id)
			put(&b->ids, &id, sizeof(id));
	}
	sample.location_id = (uint64_t *)b->ids.data;
	sample.n_location_id = b->ids.len / sizeof(uint64_t);
	add_message(b, SAMPLE, &sample.base);
}

static void add_strings(struct builder *b)
{
	for (uint32_t i = 0; i < b->strings.nr; i++) {
		const char *string = interned(&b->strings, i);

		put_field_header(&b->fields[STRING], STRING, strlen(string));
		put_text(&b->fields[STRING], string);
	}
}

/* Appends the profile to out. The string 0 must be the empty one; their table comes last. */
static void build_profile(struct builder *b, const struct profile_run *run, struct buffer *out)
{
	int64_t comment;

	string_number(b, "");
	add_value_types(b, run->by_count);
	add_locations(b);
	add_functions(b);
	add_mappings(b);
	for (uint32_t i = 0; i < b->s->lines.nr; i++)
		add_sample(b, i);
	b->profile.has_time_nanos = b->profile.has_duration_nanos = 1;
	b->profile.time_nanos = (int64_t)run->began_ns;
	b->profile.duration_nanos = (int64_t)run->duration_ns;
	comment = string_number(b, run->title);
	b->profile.comment = &comment;
	b->profile.n_comment = 1;
	add_strings(b);
	for (int field = 0; field < NR_FIELDS; field++) {
		put(out, b->fields[field].data, b->fields[field].len);
		b->failed |= b->fields[field].failed;
		buffer_free(&b->fields[field]);
	}
	put_message(out, &b->profile.base);
	b->failed |= out->failed || b->ids.failed || b->valid.failed;
}

static int write_gzip(const struct buffer *profile, FILE *f)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t bound = libdeflate_gzip_compress_bound(c, profile->len);
	void *small = malloc(bound);
	int err = c && small ? 0 : -ENOMEM;

	if (!err)
		fwrite(small,
		       libdeflate_gzip_compress(c, profile->data, profile->len, small, bound), 1,
		       f);
	libdeflate_free_compressor(c);
	free(small);
	return err;
}

static int pprof_record(const struct output *out, const void *record)
{
	const struct profile_run *run = out->context;
	const struct stacks *s = record;
	struct builder b = { .s = s, .profile = PFSTAT__PPROF__PROFILE__INIT };
	struct buffer profile = { 0 };
	int err = -ENOMEM;

	b.location_of = calloc(s->frames.nr + 1ul, sizeof(*b.location_of));
	b.nameless = calloc(s->mappings.nr + 1ul, sizeof(*b.nameless));
	if (b.location_of && b.nameless)
		build_profile(&b, run, &profile);
	if (profile.len && !b.failed)
		err = write_gzip(&profile, out->file);
	buffer_free(&profile);
	buffer_free(&b.ids);
	buffer_free(&b.valid);
	intern_free(&b.strings);
	intern_free(&b.functions);
	intern_free(&b.kernel_modules);
	free(b.location_of);
	free(b.nameless);
	return err;
}

const struct format profile_pprof = {
	.name = "pprof",
	.help = "pprof's protobuf, gzip'ed",
	.record = pprof_record,
};
