// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_expose_buckets.c: buckets and their exemplars, against the histogram that they are
 * made from.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"
#include "samples.h"
#include "shared/hist.h"

static void protobuf_has_classic_buckets_and_exemplars(void **state)
{
	static const double le[] = { 0x1p-20, 0x1p-9, 4, INFINITY };
	static const uint64_t count[] = { 3, 33, 33, 433 };
	struct families f;
	size_t len;
	const char *text = write_all(*state, EXPOSITION_PROTOBUF, false, &len);
	const Wire__Histogram *h;
	const Wire__Exemplar *x;

	unpack(&f, text, len);
	h = f.family[4]->metric[0]->histogram;
	expect_label(f.family[4]->metric[0], 0, "path", "anon");
	assert_int_equal(h->sample_count, 433);
	assert_true(h->sample_sum == 0.000012345);
	assert_int_equal(h->n_bucket, ARRAY_SIZE(le));
	for (size_t b = 0; b < ARRAY_SIZE(le); b++) {
		assert_true(h->bucket[b]->upper_bound == le[b]);
		assert_int_equal(h->bucket[b]->cumulative_count, count[b]);
		assert_int_equal(!!h->bucket[b]->exemplar, b == 0 || b == 3);
	}
	x = h->bucket[0]->exemplar;
	assert_true(x->value == 0.0000009);
	assert_int_equal(x->n_label, 2);
	assert_string_equal(x->label[0]->value, "new");
	assert_string_equal(x->label[1]->name, "pid");
	assert_int_equal(x->timestamp->seconds, 1700000001);
	assert_int_equal(x->timestamp->nanos, 500000000);
	assert_string_equal(h->bucket[3]->exemplar->label[0]->value, "x\xef\xbf\xbd");
	free_families(&f);
}

/* The slots that the native part of a histogram says. */
static void native_slots(const Wire__Histogram *h, uint64_t slots[HIST_SLOTS])
{
	int64_t count = 0;
	size_t d = 0;
	int index = 0;

	assert_int_equal(h->schema, HIST_SCHEMA);
	assert_true(h->zero_threshold == 0x1p-24);
	memset(slots, 0, HIST_SLOTS * sizeof(slots[0]));
	slots[0] = h->zero_count;
	for (size_t i = 0; i < h->n_positive_span; i++) {
		/* Only the first may be negative. */
		assert_true(i == 0 || h->positive_span[i]->offset >= 0);
		index += h->positive_span[i]->offset;
		for (uint32_t n = 0; n < h->positive_span[i]->length; n++, index++) {
			assert_true(d < h->n_positive_delta);
			count += h->positive_delta[d++];
			assert_true(count >= 0 && index > HIST_MIN && index <= HIST_MAX);
			slots[index - HIST_MIN] = (uint64_t)count;
		}
	}
	assert_int_equal(d, h->n_positive_delta);
}

static void expect_native(struct exposition *e, const uint64_t slots[HIST_SLOTS])
{
	struct exposition_histogram h = { .buckets = slots };
	uint64_t got[HIST_SLOTS], sum = 0;
	struct families f;
	const char *text;
	size_t len;

	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, &duration);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(&f, text, len);
	native_slots(f.family[0]->metric[0]->histogram, got);
	assert_memory_equal(got, slots, sizeof(got));
	for (int s = 0; s < HIST_SLOTS; s++)
		sum += slots[s];
	assert_int_equal(f.family[0]->metric[0]->histogram->sample_count, sum);
	free_families(&f);
}

static void native_buckets_are_the_slots(void **state)
{
	uint64_t slots[HIST_SLOTS];

	expect_native(*state, zeros);
	for (int s = 0; s < HIST_SLOTS; s++) {
		memset(slots, 0, sizeof(slots));
		slots[s] = UINT64_MAX >> 2;
		expect_native(*state, slots);
	}
	srand(1);
	for (int round = 0; round < 200; round++) {
		int every = 1 + rand() % 8;

		for (int s = 0; s < HIST_SLOTS; s++)
			slots[s] = rand() % every ? 0 : (uint64_t)rand() << (rand() % 24);
		expect_native(*state, slots);
	}
}

/* One span bridges up to two empty buckets. */
static void far_buckets_begin_a_span(void **state)
{
	uint64_t slots[HIST_SLOTS] = { 0 };
	struct exposition_histogram h = { .buckets = slots };
	struct exposition *e = *state;
	const Wire__Histogram *got;
	struct families f;
	const char *text;
	size_t len;

	slots[10] = slots[13] = slots[17] = 1;
	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, &duration);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(&f, text, len);
	got = f.family[0]->metric[0]->histogram;
	assert_int_equal(got->n_positive_span, 2);
	assert_int_equal(got->positive_span[0]->offset, 10 + HIST_MIN);
	assert_int_equal(got->positive_span[0]->length, 4);
	assert_int_equal(got->positive_span[1]->offset, 3);
	assert_int_equal(got->positive_span[1]->length, 1);
	free_families(&f);
}

/* The cumulative counts by le of a histogram that holds one fault of ns. */
static void cumulate(struct exposition *e, const struct metric_family *family, uint64_t ns,
		     Wire__Histogram **out, struct families *f)
{
	static struct hist_tables tables;
	uint64_t slots[HIST_SLOTS] = { 0 };
	struct exposition_exemplar x = { .ns = ns };
	struct exposition_histogram h = { slots, ns, &x, 1 };
	const char *text;
	size_t len;

	if (!tables.upper[0])
		histogram_fill_tables(&tables);
	slots[hist_slot(&tables, ns)] = 1;
	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, family);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(f, text, len);
	*out = f->family[0]->metric[0]->histogram;
}

/* Exactly at a bound a fault belongs to it, one nanosecond above to the next. */
static void expect_buckets(struct exposition *e, const struct metric_family *family, uint64_t ns)
{
	bool seen = false;
	Wire__Histogram *h;
	struct families f;

	cumulate(e, family, ns, &h, &f);
	for (size_t b = 0; b < h->n_bucket; b++) {
		/* long double holds ns and 10^9 * 2^k exactly. */
		bool in = (long double)ns <= 1e9L * h->bucket[b]->upper_bound;

		if (h->bucket[b]->cumulative_count != in)
			fail_msg("%" PRIu64 " ns: le %g says %d", ns, h->bucket[b]->upper_bound,
				 !in);
		/* The exemplar is in the smallest one. */
		assert_int_equal(!!h->bucket[b]->exemplar, in && !seen);
		seen |= in;
	}
	assert_true(seen);
	free_families(&f);
}

static void buckets_hold_what_is_at_most_le(void **state)
{
	struct metric_family family = duration;

	for (family.le_step = 1; family.le_step <= 5; family.le_step++) {
		family.le_min = -24;
		family.le_max = 7;
		expect_buckets(*state, &family, 0);
		expect_buckets(*state, &family, UINT64_MAX);
		for (int k = -24; k <= 7; k++) {
			uint64_t ns = (uint64_t)floorl(ldexpl(1e9L, k));

			for (uint64_t by = 0; by <= 2; by++) {
				expect_buckets(*state, &family, ns - by);
				/* The last slot ends nowhere: it is over every le. */
				expect_buckets(*state, &family, ns + by);
			}
		}
	}
}

static void le_is_the_shortest_float(void **state)
{
	/* Python's repr(2.0 ** k). */
	static const char *const want[] = {
		"5.960464477539063e-08",
		"1.1920928955078125e-07",
		"2.384185791015625e-07",
		"4.76837158203125e-07",
		"9.5367431640625e-07",
		"1.9073486328125e-06",
		"3.814697265625e-06",
		"7.62939453125e-06",
		"1.52587890625e-05",
		"3.0517578125e-05",
		"6.103515625e-05",
		"0.0001220703125",
		"0.000244140625",
		"0.00048828125",
		"0.0009765625",
		"0.001953125",
		"0.00390625",
		"0.0078125",
		"0.015625",
		"0.03125",
		"0.0625",
		"0.125",
		"0.25",
		"0.5",
		"1.0",
		"2.0",
		"4.0",
		"8.0",
		"16.0",
		"32.0",
		"64.0",
		"128.0",
	};
	struct metric_family family = duration;
	struct exposition *e = *state;

	family.le_min = -100;
	family.le_max = 100;
	family.le_step = 1;
	exposition_begin(e, EXPOSITION_TEXT);
	exposition_family(e, &family);
	assert_int_equal(e->nr_bounds, ARRAY_SIZE(want) + 1);
	for (size_t b = 0; b < ARRAY_SIZE(want); b++) {
		expect_text(e->bounds[b].text, e->bounds[b].text_len, want[b]);
		assert_true(e->bounds[b].le == ldexp(1, (int)b - 24));
	}
	expect_text(e->bounds[ARRAY_SIZE(want)].text, e->bounds[ARRAY_SIZE(want)].text_len, "+Inf");
}

static void exemplar_labels_fit_128_characters(void **state)
{
	char long_value[300];
	struct exposition_exemplar x = {
		.labels = { { "a", long_value }, { "bb", "123456" }, { "c", "x" } },
		.nr_labels = 3,
	};

	(void)state;
	memset(long_value, 'x', sizeof(long_value));
	long_value[127] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	long_value[126] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	long_value[125] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1 | 4);
	long_value[117] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1 | 2 | 4);
	memset(long_value, 'x', 128);
	long_value[128] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 2 | 4);
	/* Characters count, not bytes; and what is no UTF-8 as what it becomes. */
	for (int i = 0; i < 127; i++)
		memcpy(long_value + 2 * i, "\xc3\xa9", 2);
	long_value[254] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	memset(long_value, 0xff, 128);
	long_value[127] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	long_value[127] = (char)0xff;
	long_value[128] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 2 | 4);
}

static void exemplars_with_no_labels_are_valid(void **state)
{
	struct exposition_exemplar x = { .ns = 1, .wall_ns = 2 };
	struct exposition_histogram h = { zeros, 0, &x, 1 };
	struct exposition *e = *state;
	const char *text;
	size_t len;

	exposition_begin(e, EXPOSITION_OPENMETRICS);
	exposition_family(e, &duration);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	assert_non_null(memmem(text, len, " 0 # {} 0.000000001 0.000000002\n", 32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(protobuf_has_classic_buckets_and_exemplars, setup,
						teardown),
		cmocka_unit_test_setup_teardown(native_buckets_are_the_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(far_buckets_begin_a_span, setup, teardown),
		cmocka_unit_test_setup_teardown(buckets_hold_what_is_at_most_le, setup, teardown),
		cmocka_unit_test_setup_teardown(le_is_the_shortest_float, setup, teardown),
		cmocka_unit_test_setup_teardown(exemplar_labels_fit_128_characters, setup,
						teardown),
		cmocka_unit_test_setup_teardown(exemplars_with_no_labels_are_valid, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("expose_buckets", tests, NULL, NULL);
}
