// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * threads/main.c: processes whose threads do what few programs do. Each mode prints an ID when it
 * is ready, and goes on at a byte, or the end, of its standard input.
 *
 *   threads many N               N threads; then each writes to one fresh page
 *   threads exec COMMAND ARG...  prints the ID of a second thread, which then executes COMMAND
 *   threads leader PAGES         the first thread has exited; then a second one writes to PAGES
 *                                fresh pages
 *   threads last PAGES           prints the ID of a second thread, which writes to PAGES fresh
 *                                pages and exits; the first one goes on until a second byte
 *
 * Exit status: 0, 1 with a message.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u

static pthread_barrier_t all_wait, all_go;
static char **command;
static unsigned int number;

static int fail(const char *what, int err)
{
	fprintf(stderr, "threads: %s: %s\n", what, strerror(err));
	exit(1);
}

static void say_ready(long id)
{
	printf("%ld\n", id);
	fflush(stdout);
}

static void wait_for_input(void)
{
	char byte;

	if (read(0, &byte, 1) < 0)
		fail("standard input", errno);
}

static char *fresh_memory(unsigned int pages)
{
	char *memory = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap", errno);
	madvise(memory, (size_t)pages * PAGE, MADV_NOHUGEPAGE);
	return memory;
}

static void touch_pages(char *memory, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		*(volatile char *)(memory + (size_t)i * PAGE) = 1;
}

static void start_thread(pthread_t *thread, void *(*work)(void *), void *arg)
{
	pthread_attr_t small;
	int err;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	err = pthread_create(thread, &small, work, arg);
	if (err)
		fail("pthread_create", err);
}

static void *touch_one_page(void *page)
{
	pthread_barrier_wait(&all_wait);
	pthread_barrier_wait(&all_go);
	touch_pages(page, 1);
	return NULL;
}

static void run_many(void)
{
	pthread_t *threads = calloc(number, sizeof(*threads));
	char *memory = fresh_memory(number);

	if (!threads)
		fail("threads", ENOMEM);
	pthread_barrier_init(&all_wait, NULL, number + 1);
	pthread_barrier_init(&all_go, NULL, number + 1);
	for (unsigned int i = 0; i < number; i++)
		start_thread(&threads[i], touch_one_page, memory + (size_t)i * PAGE);
	pthread_barrier_wait(&all_wait);
	say_ready(getpid());
	wait_for_input();
	pthread_barrier_wait(&all_go);
	for (unsigned int i = 0; i < number; i++)
		pthread_join(threads[i], NULL);
}

static void *execute(void *unused)
{
	say_ready(syscall(SYS_gettid));
	wait_for_input();
	execvp(command[0], command);
	fail(command[0], errno);
	return unused;
}

static void run_exec(void)
{
	pthread_t thread;

	start_thread(&thread, execute, NULL);
	pthread_join(thread, NULL);
}

/* State Z: it has exited and the process has not. */
static int leader_has_exited(void)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	f = fopen(path, "re");
	if (!f || fscanf(f, "%*d %*s %c", &state) != 1)
		fail(path, errno);
	fclose(f);
	return state == 'Z';
}

static void *touch_after_leader(void *memory)
{
	while (!leader_has_exited())
		usleep(1000);
	say_ready(getpid());
	wait_for_input();
	touch_pages(memory, number);
	exit(0);
}

static void run_leader(void)
{
	pthread_t thread;

	start_thread(&thread, touch_after_leader, fresh_memory(number));
	pthread_exit(NULL);
}

static void *touch_and_exit(void *memory)
{
	say_ready(syscall(SYS_gettid));
	wait_for_input();
	touch_pages(memory, number);
	return NULL;
}

static void run_last(void)
{
	pthread_t thread;

	start_thread(&thread, touch_and_exit, fresh_memory(number));
	pthread_join(thread, NULL);
	wait_for_input();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	command = argv + 2;
	number = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	if (!strcmp(mode, "many") && number)
		run_many();
	else if (!strcmp(mode, "exec"))
		run_exec();
	else if (!strcmp(mode, "leader") && number)
		run_leader();
	else if (!strcmp(mode, "last") && number)
		run_last();
	else {
		fputs("Usage: threads many N | exec COMMAND ARG... | leader PAGES | last PAGES\n",
		      stderr);
		return 2;
	}
	return 0;
}
