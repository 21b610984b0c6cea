// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/duty.c: when the windows of --duty open and close, and what happened in them.
 */
#include "run_duty.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "util/clock.h"

#define DEFAULT_PERIOD_NS 1000000000
/* To attach and to detach takes some 0.1 ms. */
#define MIN_WINDOW_NS 1000000
/* How long the ends stay for faults that are open, and the first and longest pause between looks.
 */
#define DRAIN_NS    100000000
#define MIN_LOOK_NS 100000
#define MAX_LOOK_NS 5000000
/* Between attaching and a window, at most. */
#define MAX_LEAD_NS 50000000

enum duty_state {
	DUTY_DETACHED,
	DUTY_READY, /* all is attached but the begin */
	DUTY_MEASURING,
	DUTY_DRAINING, /* as DUTY_READY, for the faults that are open */
};

struct duty {
	struct duty_options options;
	enum duty_state state;
	int timer;
	uint64_t period_at; /* when the period began */
	uint64_t start_ns, window_ns; /* of the window of this period */
	uint64_t started_ns; /* of it: measured, or going to be */
	int64_t owed_ns; /* windows so far were too short by this */
	uint64_t piece_ns; /* to measure from begin_at on */
	uint64_t begin_at, end_at; /* of a window; when they are due */
	uint64_t open_at; /* since when it measures */
	uint64_t period_open_ns; /* measured before that, in this period */
	uint64_t drain_at, look_ns; /* since when it drains, and the pause before the next look */
	bool told_failure; /* once is enough */
	struct duty_totals totals;
};

/* --- the option */

static bool parse_percent(const char *text, size_t len, double *percent)
{
	char number[24] = "";
	char *stop;

	if (!len || len >= sizeof(number) || strspn(text, "0123456789.") < len)
		return false;
	memcpy(number, text, len);
	*percent = strtod(number, &stop);
	return !*stop && stop != number && *percent > 0 && *percent <= 100;
}

int duty_parse(void *field, const char *text, struct error *error)
{
	struct duty_options *duty = field;
	const size_t len = strcspn(text, "/");
	uint64_t period_ns = DEFAULT_PERIOD_NS;
	double percent;

	if (!parse_percent(text, len, &percent))
		return error_set(error, -EINVAL, "PERCENT is not a number above 0 and up to 100");
	if (text[len] && !option_parse_time(text + len + 1, &period_ns))
		return error_set(error, -EINVAL,
				 "PERIOD is not a time with a unit, as 500ms or 2s");
	*duty = (struct duty_options){ .period_ns = period_ns,
				       .window_ns = llround((double)period_ns * percent / 100) };
	if (duty->window_ns < MIN_WINDOW_NS)
		return error_set(error, -EINVAL,
				 "a window of less than 1 ms: give a longer PERIOD");
	/* Nothing to estimate. */
	if (percent >= 100)
		*duty = (struct duty_options){ 0 };
	return 0;
}

/* --- when */

uint64_t duty_due(uint64_t period_ns, uint64_t start_ns, uint64_t window_ns, uint64_t at_ns,
		  uint64_t *next_ns)
{
	const uint64_t end_ns = start_ns + window_ns;
	/* This part of the window is at the begin of the period instead. */
	const uint64_t wrapped_ns = end_ns > period_ns ? end_ns - period_ns : 0;

	*next_ns = at_ns < start_ns ? start_ns : period_ns;
	return at_ns < start_ns ? wrapped_ns : window_ns;
}

/* Uniform below limit. */
static uint64_t draw_below(uint64_t limit)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = clock_ns(CLOCK_MONOTONIC) * 0x9e3779b97f4a7c15ull;
	return (uint64_t)(((unsigned __int128)random * limit) >> 64);
}

/* Timers are late; so the next window makes up for the one before. */
static void draw_window(struct duty *duty, uint64_t period_at)
{
	const int64_t most = (int64_t)duty->options.window_ns / 2;
	const int64_t change = duty->owed_ns < -most ? -most :
			       duty->owed_ns > most  ? most :
						       duty->owed_ns;

	duty->period_at = period_at;
	duty->period_open_ns = duty->started_ns = 0;
	duty->start_ns = draw_below(duty->options.period_ns);
	duty->window_ns = duty->options.window_ns + change;
	if (duty->window_ns > duty->options.period_ns)
		duty->window_ns = duty->options.period_ns;
}

static void set_timer(struct duty *duty, uint64_t at_ns)
{
	const struct itimerspec spec = {
		.it_value = { (time_t)(at_ns / 1000000000), (long)(at_ns % 1000000000) },
	};

	timerfd_settime(duty->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* --- windows */

/*
 * On a machine with too few CPUs the scheduler takes the time that attaching took from tasks of the
 * same group as pfstat, as a command is. So the window begins as much later.
 */
static int prepare_window(struct run *run)
{
	struct duty *duty = run->duty;
	const uint64_t before = clock_ns(CLOCK_MONOTONIC);
	int err = session_open_window(run->session);
	const uint64_t after = clock_ns(CLOCK_MONOTONIC), took = after - before;

	if (err)
		return err;
	duty->totals.attach_ns += took;
	duty->begin_at = after + (took < MAX_LEAD_NS ? took : MAX_LEAD_NS);
	duty->state = DUTY_READY;
	return 0;
}

/* When the begin was attached or detached, to half of what that took. */
static uint64_t begin_change(struct run *run)
{
	uint64_t change[2], half;

	session_begin_change(run->session, change);
	half = (change[1] - change[0]) / 2;
	run->duty->totals.unsure_ns += half;
	return change[0] + half;
}

static int begin_window(struct run *run)
{
	struct duty *duty = run->duty;
	const uint64_t before = clock_ns(CLOCK_MONOTONIC);
	int err = session_start(run->session);
	const uint64_t after = clock_ns(CLOCK_MONOTONIC);

	if (err) {
		session_close_window(run->session, &(struct open_faults){ .count = 1 });
		duty->state = DUTY_DETACHED;
		return err;
	}
	if (duty->state == DUTY_DRAINING)
		duty->totals.drain_ns += before - duty->drain_at;
	duty->totals.attach_ns += after - before;
	duty->totals.windows++;
	duty->open_at = begin_change(run);
	duty->end_at = duty->open_at + duty->piece_ns;
	duty->state = DUTY_MEASURING;
	return 0;
}

static void note_failure(struct duty *duty, int err)
{
	if (!err)
		return;
	duty->totals.failed++;
	if (!duty->told_failure)
		fprintf(stderr,
			"pfstat: --duty: cannot attach, and leaves out a window (and maybe others): %s\n",
			strerror(-err));
	duty->told_failure = true;
}

/* Measured time up to now belongs to this period. */
static void settle_open(struct duty *duty, uint64_t now)
{
	const uint64_t ns = snapshot_grown(duty->open_at, now);

	duty->period_open_ns += ns;
	duty->totals.open_ns += ns;
	duty->open_at = now;
}

static void end_window(struct run *run)
{
	struct duty *duty = run->duty;
	const uint64_t before = clock_ns(CLOCK_MONOTONIC);
	uint64_t after;

	session_end_window(run->session);
	after = clock_ns(CLOCK_MONOTONIC);
	settle_open(duty, begin_change(run));
	duty->totals.detach_ns += after - before;
	duty->state = DUTY_DRAINING;
	duty->drain_at = after;
	duty->look_ns = MIN_LOOK_NS;
}

/* Detaches the rest once no fault is open, or after a while. */
static void look_for_open_faults(struct run *run)
{
	struct duty *duty = run->duty;
	struct open_faults open;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	session_open_faults(run->session, now, &open);
	now = clock_ns(CLOCK_MONOTONIC);
	duty->look_ns = duty->look_ns < MAX_LOOK_NS ? 2 * duty->look_ns : MAX_LOOK_NS;
	if (open.count && now - duty->drain_at < DRAIN_NS)
		return;
	duty->totals.drain_ns += now - duty->drain_at;
	session_close_window(run->session, &open);
	duty->totals.detach_ns += clock_ns(CLOCK_MONOTONIC) - now;
	duty->totals.cut += open.count;
	duty->totals.cut_ns += open.sum_ns;
	if (open.oldest_ns > duty->totals.oldest_cut_ns)
		duty->totals.oldest_cut_ns = open.oldest_ns;
	duty->state = DUTY_DETACHED;
}

/* --- periods */

static void end_period(struct run *run, uint64_t now)
{
	struct duty *duty = run->duty;
	const struct duty_period period = { duty->period_open_ns, now - duty->period_at };

	duty->owed_ns += (int64_t)(duty->options.window_ns) - (int64_t)duty->period_open_ns;
	if (run->request.duty_period)
		run->request.duty_period(run->request.arg, &period);
}

/* Periods follow each other without a gap; those that were slept through are one. */
static void next_period(struct run *run, uint64_t now)
{
	struct duty *duty = run->duty;
	const uint64_t period_ns = duty->options.period_ns;
	const uint64_t passed = (now - duty->period_at) / period_ns;
	const uint64_t period_at = duty->period_at + passed * period_ns;

	if (duty->state == DUTY_MEASURING)
		settle_open(duty, now);
	end_period(run, period_at);
	draw_window(duty, period_at);
}

/* More of the window is due: measures it, from now on or in addition. */
static void start_piece(struct run *run, uint64_t ns)
{
	struct duty *duty = run->duty;

	duty->started_ns += ns;
	if (duty->state == DUTY_MEASURING) {
		duty->end_at += ns;
	} else if (duty->state == DUTY_READY) {
		duty->piece_ns += ns;
	} else {
		duty->piece_ns = ns;
		note_failure(duty, duty->state == DUTY_DRAINING ? begin_window(run) :
								  prepare_window(run));
	}
}

/* When there is something to do, at the latest at next. */
static uint64_t next_step(const struct duty *duty, uint64_t now, uint64_t next)
{
	const uint64_t step[] = {
		[DUTY_DETACHED] = next,
		[DUTY_READY] = duty->begin_at,
		[DUTY_MEASURING] = duty->end_at,
		[DUTY_DRAINING] = now + duty->look_ns,
	};

	return step[duty->state] < next ? step[duty->state] : next;
}

static void step(struct run *run)
{
	struct duty *duty = run->duty;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), due, next;

	if (now - duty->period_at >= duty->options.period_ns)
		next_period(run, now);
	due = duty_due(duty->options.period_ns, duty->start_ns, duty->window_ns,
		       now - duty->period_at, &next);
	if (due > duty->started_ns)
		start_piece(run, due - duty->started_ns);
	now = clock_ns(CLOCK_MONOTONIC);
	if (duty->state == DUTY_READY && now >= duty->begin_at)
		note_failure(duty, begin_window(run));
	else if (duty->state == DUTY_MEASURING && now >= duty->end_at)
		end_window(run);
	if (duty->state == DUTY_DRAINING)
		look_for_open_faults(run);
	set_timer(duty, next_step(duty, clock_ns(CLOCK_MONOTONIC), duty->period_at + next));
}

static void handle_timer(void *arg)
{
	struct run *run = arg;
	uint64_t expirations;

	if (read(run->duty->timer, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	if (run->request.lock)
		pthread_mutex_lock(run->request.lock);
	step(run);
	if (run->request.lock)
		pthread_mutex_unlock(run->request.lock);
}

/* --- the run */

int duty_try(struct run *run)
{
	struct open_faults none = { 0 };
	int err = session_open_window(run->session);

	if (err)
		return fail_errno(exit_code_of(err), "--duty: cannot attach for a window", err);
	session_close_window(run->session, &none);
	return 0;
}

int duty_start(struct run *run)
{
	struct duty *duty = calloc(1, sizeof(*duty));

	if (!duty)
		return -ENOMEM;
	run->duty = duty;
	duty->options = run->options->duty;
	duty->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (duty->timer < 0)
		return -errno;
	draw_window(duty, clock_ns(CLOCK_MONOTONIC));
	set_timer(duty, duty->period_at);
	return run_watch(run, duty->timer, handle_timer, run);
}

void duty_stop(struct run *run)
{
	struct duty *duty = run->duty;

	if (duty->state == DUTY_MEASURING)
		end_window(run);
	if (duty->state == DUTY_READY) {
		duty->state = DUTY_DRAINING;
		duty->drain_at = clock_ns(CLOCK_MONOTONIC);
	}
	while (duty->state == DUTY_DRAINING) {
		const struct timespec pause = { .tv_nsec = (long)duty->look_ns };

		look_for_open_faults(run);
		if (duty->state == DUTY_DRAINING)
			nanosleep(&pause, NULL);
	}
	end_period(run, clock_ns(CLOCK_MONOTONIC));
}

void duty_read(struct run *run, struct duty_totals *totals)
{
	struct duty *duty = run->duty;

	if (duty->state == DUTY_MEASURING)
		settle_open(duty, clock_ns(CLOCK_MONOTONIC));
	*totals = duty->totals;
	duty->totals.oldest_cut_ns = 0;
}

void duty_close(struct duty *duty)
{
	if (duty && duty->timer >= 0)
		close(duty->timer);
	free(duty);
}
