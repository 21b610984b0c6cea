// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_trace.c: names of mappings and frames, hostile strings in lines of text, and what
 * must hold for each fault in each format: slices nest, parts add up, nothing is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "util/escape.h"
#include "trace/trace_event.h"
#include "../../golden/trace_events.c"

static const char *name_of(unsigned int kind, unsigned int flags, const char *names, size_t len,
			   size_t room)
{
	static char buf[MAPPING_NAME_LEN];
	struct fault_mapping mapping = { .kind = kind, .flags = flags };

	assert_true(room <= sizeof(buf));
	trace_set_names(&mapping, names, len);
	return mapping_name(&mapping, buf, room);
}

static void test_place_names(void **state)
{
	static const struct {
		unsigned int kind, flags;
		const char *names;
		size_t len;
		const char *expected;
	} cases[] = {
		{ MAPPING_UNKNOWN, 0, NULL, 0, NULL },
		{ MAPPING_NONE, 0, NULL, 0, NULL },
		{ 77, 0, NULL, 0, NULL },
		{ MAPPING_ANON, 0, NULL, 0, "[anon]" },
		{ MAPPING_ANON, 0, NAMES(""), "[anon]" },
		{ MAPPING_ANON, 0, NAMES("js gc\n"), "[anon:js gc\\012]" },
		{ MAPPING_HEAP, 0, NULL, 0, "[heap]" },
		{ MAPPING_STACK, 0, NULL, 0, "[stack]" },
		{ MAPPING_SPECIAL, 0, NULL, 0, "[vvar]" },
		{ MAPPING_FILE, 0, NULL, 0, "/" },
		{ MAPPING_FILE, 0, NAMES("a"), "/a" },
		{ MAPPING_FILE, 0, NAMES("c\0b\0a"), "/a/b/c" },
		{ MAPPING_FILE, MAPPING_DELETED, NAMES("c\0a"), "/a/c (deleted)" },
		{ MAPPING_FILE, MAPPING_CUT, NAMES("c\0b"), ".../b/c" },
		{ MAPPING_FILE, MAPPING_CUT | MAPPING_DELETED, NAMES("c"), ".../c (deleted)" },
		{ MAPPING_FILE, 0, NAMES("\033c\x7f\xff\0\n"), "/\\012/\\033c\\177\xff" },
		/* Without the last NUL: what the kernel's side could not finish. */
		{ MAPPING_FILE, 0, "c\0b", 3, "/b/c" },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		const char *name = name_of(cases[i].kind, cases[i].flags, cases[i].names,
					   cases[i].len, MAPPING_NAME_LEN);

		if (cases[i].expected)
			assert_string_equal(name, cases[i].expected);
		else
			assert_null(name);
	}
}

/* Whatever is in names, MAPPING_NAME_LEN is enough; whatever the room, it ends within. */
static void test_place_names_fit(void **state)
{
	char names[MAPPING_NAMES], *tight;
	struct fault_mapping mapping = { .kind = MAPPING_FILE, .flags = MAPPING_DELETED };
	const char *name;

	(void)state;
	memset(names, '\n', sizeof(names));
	name = name_of(MAPPING_FILE, MAPPING_DELETED | MAPPING_CUT, names, sizeof(names),
		       MAPPING_NAME_LEN);
	assert_int_equal(strlen(name), 3 + 1 + 4 * MAPPING_NAMES + strlen(" (deleted)"));

	memset(mapping.names, 'x', sizeof(mapping.names));
	/* Not what the kernel's side writes, but not to be believed either. */
	mapping.names_len = 60000;
	for (size_t room = 16; room < 64; room++) {
		tight = malloc(room);
		assert_non_null(tight);
		name = mapping_name(&mapping, tight, room);
		assert_true(name >= tight && name + strlen(name) < tight + room);
		assert_memory_equal(name, "...", 3);
		free(tight);
	}
	assert_string_equal(name_of(MAPPING_FILE, 0, NAMES("longer\0dir"), 13), "...ir/longer");
}

static void test_frame_names(void **state)
{
	static const struct {
		struct symbol_frame frame;
		const char *expected;
	} cases[] = {
		{ { .address = 5, .symbol = "f", .symbol_offset = 16, .module = "/a/b" },
		  "f+0x10" },
		{ { .address = 5, .module = "/a/b.so", .module_offset = 255 }, "b.so+0xff" },
		{ { .address = 5, .module = "[vdso]", .module_offset = 0 }, "[vdso]+0x0" },
		{ { .address = 0x1000 }, "0x1000" },
		{ { .address = 0 }, "-" },
		{ { .address = 5, .symbol = "a\033b" }, "a\\033b+0x0" },
	};
	static char longest[2000];
	struct symbol_frame frame = { .symbol = longest, .symbol_offset = UINT64_MAX };
	char buf[TRACE_FRAME_LEN];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++)
		assert_string_equal(trace_frame_name(buf, &cases[i].frame), cases[i].expected);
	memset(longest, '\n', sizeof(longest) - 1);
	trace_frame_name(buf, &frame);
	assert_non_null(strstr(buf, "\\012+0xffffffffffffffff"));
}

static void test_clean_text(void **state)
{
	static const struct {
		const char *in, *also, *out;
	} cases[] = {
		{ "", "", "" },
		{ "a b\\c", "", "a b\\c" },
		{ "a b(c)", " (", "a\\040b\\050c)" },
		{ "\x1b[31m\n\x7f", "", "\\033[31m\\012\\177" },
		{ "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x90\xa7", "",
		  "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x90\xa7" },
		{ "\xc2\x9b"
		  "31m",
		  "", "\\302\\23331m" }, /* the C1 form of ESC [ */
		{ "\xc2\xa0"
		  "1",
		  "", "\\302\\2401" }, /* no-break space */
		{ "\xe2\x80\xae"
		  "x",
		  "", "\\342\\200\\256x" }, /* right-to-left override */
		{ "\xe2\x81\xa9", "", "\\342\\201\\251" },
		{ "\xe3\x80\x80", "", "\\343\\200\\200" }, /* ideographic space */
		{ "\xe2\x80\x94", "", "\xe2\x80\x94" }, /* a dash stays */
		{ "\xff\xc3", "", "\\377\\303" },
	};
	char buf[64], small[6];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++)
		assert_string_equal(escape_text(buf, sizeof(buf), cases[i].in, cases[i].also),
				    cases[i].out);
	/* Never half of a sequence. */
	assert_string_equal(escape_text(small, sizeof(small), "abc\ndef", ""), "abc");
	assert_string_equal(escape_text(small, sizeof(small), "abcd\xc3\xa9", ""), "abcd");
	assert_string_equal(escape_text(small, sizeof(small), "abcde", ""), "abcde");
}

static char *print(const struct format *to, const struct trace_story *story)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	trace_tell(f, to, story);
	fclose(f);
	assert_int_equal(strlen(text), size);
	return text;
}

/* Lines of text: nothing but what a terminal shows, whoever chose the names. */
static void test_text_is_harmless(void **state)
{
	static const struct format *const formats[] = { &trace_text, &trace_perf_script };

	(void)state;
	for (size_t i = 0; i < NR(formats); i++) {
		char *text = print(formats[i], &trace_story_all);

		for (const unsigned char *s = (unsigned char *)text; *s; s += utf8_length(s)) {
			assert_int_not_equal(utf8_length(s), 0);
			assert_true(*s >= 0x20 || *s == '\n' || *s == '\t');
			assert_int_not_equal(*s, 0x7f);
		}
		free(text);
	}
}

/* A line per fault, whatever the names hold, and one for the titles. */
static void test_text_lines(void **state)
{
	char *text = print(&trace_text, &trace_story_many);
	unsigned int lines = 0;

	(void)state;
	for (const char *s = text; (s = strchr(s, '\n')); s++)
		lines++;
	assert_int_equal(lines, 1 + trace_story_many.nr);
	free(text);
}

static void test_json_parts_add_up(void **state)
{
	char *text = print(&trace_json, &trace_story_many), *rest = text, *line;
	unsigned int faults = 0;
	json_t *object = NULL;

	(void)state;
	while ((line = strsep(&rest, "\n")) && *line) {
		json_int_t sum = 0;
		const char *cause;
		json_t *part;

		json_decref(object);
		object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(object);
		if (strcmp(json_string_value(json_object_get(object, "kind")), "fault"))
			continue;
		json_object_foreach(json_object_get(object, "parts"), cause, part) sum +=
			json_integer_value(part);
		assert_int_equal(json_object_size(json_object_get(object, "parts")), CAUSE_NR);
		assert_int_equal(sum, json_integer_value(json_object_get(object, "latency_ns")));
		faults++;
	}
	assert_int_equal(faults, trace_story_many.nr);
	assert_string_equal(json_string_value(json_object_get(object, "kind")), "trace_end");
	json_decref(object);
	free(text);
}

/* Open slices of a thread, as a reader keeps them. */
struct track {
	struct {
		const char *name;
		double ts;
	} open[3];
	unsigned int depth;
	double end, inside;
};

static void play(struct track *t, char phase, const char *name, double ts)
{
	assert_true(ts >= t->end);
	t->end = ts;
	if (phase == 'B') {
		assert_true(t->depth < 2);
		if (!t->depth)
			t->inside = 0;
		t->open[t->depth].name = name;
		t->open[t->depth++].ts = ts;
		return;
	}
	assert_true(t->depth);
	t->depth--;
	assert_string_equal(t->open[t->depth].name, name);
	if (t->depth)
		t->inside += ts - t->open[t->depth].ts;
	else /* doubles: 40 days in us have 12 bits behind the point */
		assert_true(t->inside - (ts - t->open[0].ts) < 0.01 &&
			    t->inside - (ts - t->open[0].ts) > -0.01);
}

static void test_chrome_slices_nest(void **state)
{
	char *text = print(&trace_chrome, &trace_story_many);
	json_t *file = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *event;
	struct track tracks[200] = { 0 };
	unsigned int faults = 0, names = 0;
	size_t i;

	(void)state;
	assert_non_null(file);
	json_array_foreach(json_object_get(file, "traceEvents"), i, event)
	{
		char phase = *json_string_value(json_object_get(event, "ph"));
		const char *name = json_string_value(json_object_get(event, "name"));
		json_int_t tid = json_integer_value(json_object_get(event, "tid"));

		names += phase == 'M' && !strcmp(name, "thread_name");
		if (phase == 'M')
			continue;
		assert_in_range(tid, 1, NR(tracks) - 1);
		play(&tracks[tid], phase, name, json_number_value(json_object_get(event, "ts")));
		faults += phase == 'E' && !tracks[tid].depth;
	}
	assert_int_equal(faults, trace_story_many.nr);
	/* Once per thread, for there is room for all of them. */
	assert_int_equal(names, MANY_THREADS);
	json_decref(file);
	free(text);
}

/* Without its state it says names again, and is whole. */
static void test_chrome_without_state(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	const struct output out = {
		.file = f,
		.format = &trace_chrome,
		.context = &trace_story_all.run,
	};
	json_t *file;

	(void)state;
	assert_non_null(f);
	trace_chrome.begin(&out);
	trace_story_all.tell(&out, 0);
	trace_chrome.end(&out, &trace_story_all.summary);
	fclose(f);
	file = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(file);
	json_decref(file);
	free(text);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(cause_name(CAUSE_LOCK), "lock");
	assert_string_equal(cause_name(CAUSE_ON_CPU), "on_cpu");
	assert_string_equal(cause_name(CAUSE_NR), "?");
	assert_string_equal(cause_help(CAUSE_LOCK), "waited for mmap_lock");
	assert_string_equal(access_name(ACCESS_EXEC), "exec");
	assert_string_equal(mapping_kind_name(MAPPING_SPECIAL), "special");
	assert_true(trace_has_cause(&trace_story_empty.run, CAUSE_ON_CPU));
	assert_false(trace_has_cause(&trace_story_empty.run, CAUSE_LOCK));
	for (unsigned int i = 0; trace_formats[i]; i++)
		assert_true(*trace_formats[i]->name && *trace_formats[i]->help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_place_names),
		cmocka_unit_test(test_place_names_fit),
		cmocka_unit_test(test_frame_names),
		cmocka_unit_test(test_clean_text),
		cmocka_unit_test(test_text_is_harmless),
		cmocka_unit_test(test_text_lines),
		cmocka_unit_test(test_json_parts_add_up),
		cmocka_unit_test(test_chrome_slices_nest),
		cmocka_unit_test(test_chrome_without_state),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
