// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_perf_event.c: the attributes of the events that are opened, with an invented kernel.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "probe/probe_perf_event.h"

static struct perf_event_attr opened;
static int opened_pid, opened_cpu, calls, refusal, ioctl_errno;
static unsigned long ioctl_request;
static const char *type_file; /* the text of the PMU's file; NULL: there is none */

long __wrap_syscall(long number, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
FILE *__wrap_fopen(const char *path, const char *mode);

long __wrap_syscall(long number, ...)
{
	va_list args;

	assert_int_equal(number, SYS_perf_event_open);
	va_start(args, number);
	opened = *va_arg(args, struct perf_event_attr *);
	opened_pid = va_arg(args, int);
	opened_cpu = va_arg(args, int);
	assert_int_equal(va_arg(args, int), -1);
	assert_int_equal(va_arg(args, int), PERF_FLAG_FD_CLOEXEC);
	va_end(args);
	calls++;
	errno = refusal;
	return refusal ? -1 : 42;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	assert_int_equal(fd, 42);
	ioctl_request = request;
	errno = ioctl_errno;
	return ioctl_errno ? -1 : 0;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	assert_string_equal(path, "/sys/bus/event_source/devices/kprobe/type");
	errno = ENOENT;
	return type_file ? fmemopen((void *)(uintptr_t)type_file, 2, mode) : NULL;
}

static int reset_kernel(void **state)
{
	(void)state;
	calls = refusal = ioctl_errno = 0;
	type_file = "6\n";
	return 0;
}

static void a_software_event_fires_at_each_event(void **state)
{
	(void)state;
	assert_int_equal(perf_event_open_software(PERF_COUNT_SW_PAGE_FAULTS_MIN, 123, -1, true),
			 42);
	assert_int_equal(opened.type, PERF_TYPE_SOFTWARE);
	assert_int_equal(opened.size, sizeof(opened));
	assert_int_equal(opened.config, PERF_COUNT_SW_PAGE_FAULTS_MIN);
	assert_int_equal(opened.sample_period, 1);
	assert_int_equal(opened.sample_type, 0);
	assert_true(opened.disabled);
	assert_true(opened.inherit);
	assert_int_equal(opened_pid, 123);
	assert_int_equal(opened_cpu, -1);
	assert_int_equal(perf_event_open_software(PERF_COUNT_SW_PAGE_FAULTS_MAJ, -1, 5, false), 42);
	assert_false(opened.inherit);
	assert_int_equal(opened_cpu, 5);
}

static void a_kprobe_names_its_function(void **state)
{
	const char *function = "do_wp_page";

	(void)state;
	assert_int_equal(perf_event_open_kprobe(function), 42);
	assert_int_equal(opened.type, 6);
	assert_int_equal(opened.size, sizeof(opened));
	assert_ptr_equal((void *)(uintptr_t)opened.config1, function);
	assert_int_equal(opened.config2, 0);
	assert_int_equal(opened_pid, -1);
	assert_int_equal(opened_cpu, 0);
}

static void refusals_are_negative_errnos(void **state)
{
	(void)state;
	refusal = EACCES;
	assert_int_equal(perf_event_open_software(0, 0, -1, false), -EACCES);
	refusal = ENOENT;
	assert_int_equal(perf_event_open_kprobe("no_such_function"), -ENOENT);
	assert_int_equal(calls, 2);
	type_file = NULL;
	assert_int_equal(perf_event_open_kprobe("do_wp_page"), -EOPNOTSUPP);
	type_file = "x\n";
	assert_int_equal(perf_event_open_kprobe("do_wp_page"), -EINVAL);
	assert_int_equal(calls, 2);
}

static void a_program_is_attached(void **state)
{
	(void)state;
	assert_int_equal(perf_event_attach(42, 9), 0);
	assert_int_equal(ioctl_request, PERF_EVENT_IOC_SET_BPF);
	ioctl_errno = EEXIST;
	assert_int_equal(perf_event_attach(42, 9), -EEXIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_software_event_fires_at_each_event, reset_kernel),
		cmocka_unit_test_setup(a_kprobe_names_its_function, reset_kernel),
		cmocka_unit_test_setup(refusals_are_negative_errnos, reset_kernel),
		cmocka_unit_test_setup(a_program_is_attached, reset_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
