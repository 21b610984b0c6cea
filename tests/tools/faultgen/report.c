/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Owns what is printed. Everything goes through one buffer on the stack and
 * write(2): with --pause, results are printed while somebody measures, so
 * printing takes no fault either.
 */
#include "faultgen.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

struct text {
	size_t len;
	char buf[8192];
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, sizeof(t->buf) - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < sizeof(t->buf) - t->len ? (size_t)n :
								sizeof(t->buf) - t->len - 1;
}

/* A directory's name may hold anything: what is not plain ASCII becomes an escape of its byte. */
static void add_string(struct text *t, const char *s)
{
	add(t, "\"");
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			add(t, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			add(t, "\\u%04x", c);
		else
			add(t, "%c", c);
	}
	add(t, "\"");
}

static void flush(struct text *t, int fd)
{
	print_all(fd, t->buf, t->len);
	t->len = 0;
}

void report_ready(void)
{
	struct text t = { 0 };

	add(&t, "ready %d\n", (int)getpid());
	flush(&t, STDOUT_FILENO);
}

static void add_part(struct text *t, const struct kind *kind, const char *path, const char *origin,
		     uint64_t count)
{
	add(t, "{\"kind\":\"%s\",\"path\":\"%s\",\"origin\":\"%s\",\"count\":%" PRIu64 "}",
	    kind->name, path, origin, count);
}

/* What a compound is made of, or both faults of a kind whose unit is two. */
static void add_parts(struct text *t, const struct job *job)
{
	unsigned int i;

	add(t, ",\"parts\":[");
	for (i = 0; i < job->nkinds; i++) {
		const struct kind *k = job->kinds[i];

		add(t, "%s", i ? "," : "");
		add_part(t, k, k->path, k->origin, job->kind_count[i]);
		if (!k->also_path)
			continue;
		add(t, ",");
		add_part(t, k, k->also_path, k->also_origin, job->kind_count[i]);
	}
	add(t, "]");
}

static void result_json(const struct job *job, struct text *t)
{
	const struct result *r = &job->res;

	add(t,
	    "{\"kind\":\"%s\",\"count\":%" PRIu64
	    ",\"threads\":%u,\"pid\":%d,\"path\":\"%s\",\"origin\":\"%s\"",
	    job->kind->name, job->count, job->threads, (int)getpid(), job->kind->path,
	    job->kind->origin);
	add(t,
	    ",\"minor\":%" PRIu64 ",\"major\":%" PRIu64 ",\"minflt\":%" PRIu64
	    ",\"majflt\":%" PRIu64,
	    r->want_min, r->want_maj, r->minflt, r->majflt);
	add(t, ",\"wrong_path\":%" PRIu64 ",\"exact\":%s,\"elapsed_ns\":%" PRIu64, r->wrong,
	    r->exact ? "true" : "false", r->elapsed_ns);
	if (job->kind->flags & KIND_COMPOUND || job->kind->also_path)
		add_parts(t, job);
	add(t, "}\n");
}

static void result_text(const struct job *job, struct text *t)
{
	const struct result *r = &job->res;

	add(t,
	    "%-15s %8" PRIu64 " faults in %u thread%s: %" PRIu64 " minor, %" PRIu64
	    " major, %" PRIu64 " us, %s\n",
	    job->kind->name, job->count, job->threads, job->threads == 1 ? "" : "s", r->minflt,
	    r->majflt, r->elapsed_ns / 1000, r->exact ? "exact" : "NOT EXACT");
}

static void complain(const struct job *job)
{
	const struct result *r = &job->res;
	struct text t = { 0 };

	add(&t, "faultgen: %s: wanted %" PRIu64 " minor and %" PRIu64 " major faults",
	    job->kind->name, r->want_min, r->want_maj);
	add(&t, ", made %+" PRId64 " minor and %+" PRId64 " major against that",
	    (int64_t)(r->minflt - r->want_min), (int64_t)(r->majflt - r->want_maj));
	if (r->wrong)
		add(&t, ", %" PRIu64 " %s", r->wrong,
		    job->kind->flags & KIND_ANY ? "threads without any on its path" :
						  "on another path");
	add(&t, "; %s\n",
	    job->opts->spawn  ? "--spawn adds the faults of starting threads" :
	    job->kind->remedy ? job->kind->remedy :
				"run it again on an idle machine");
	flush(&t, STDERR_FILENO);
}

void report_result(const struct job *job)
{
	struct text t = { 0 };

	if (job->opts->json)
		result_json(job, &t);
	else
		result_text(job, &t);
	flush(&t, STDOUT_FILENO);
	if (!job->res.exact)
		complain(job);
}

void report_skip(const struct job *job)
{
	struct text t = { 0 };

	add(&t, "faultgen: %s: %s\n", job->kind->name, job->reason);
	flush(&t, STDERR_FILENO);
	if (!job->opts->json)
		return;
	add(&t, "{\"kind\":\"%s\",\"skip\":", job->kind->name);
	add_string(&t, job->reason);
	add(&t, "}\n");
	flush(&t, STDOUT_FILENO);
}

/* How far the count can be trusted. */
static const char *nature(const struct kind *k)
{
	if (k->flags & KIND_SOME)
		return "some";
	return k->flags & KIND_ANY ? "any" : "exact";
}

static void list_json(struct text *t, const struct kind *k, const char *severity)
{
	add(t,
	    "{\"kind\":\"%s\",\"path\":\"%s\",\"origin\":\"%s\",\"severity\":\"%s\",\"description\":\"%s\"",
	    k->name, k->path, k->origin, severity, k->desc);
	add(t, ",\"nature\":\"%s\",\"unit\":\"%s\"", nature(k),
	    k->flags & KIND_PROCESS ? "process" :
	    k->flags & KIND_HUGE    ? "huge page" :
				      "page");
	if (k->also_path)
		add(t,
		    ",\"parts\":[{\"path\":\"%s\",\"origin\":\"%s\"},{\"path\":\"%s\",\"origin\":\"%s\"}]",
		    k->path, k->origin, k->also_path, k->also_origin);
	add(t, "}");
}

static void list_text(struct text *t, const char *name, const char *path, const char *origin,
		      const char *severity, const char *nature_, const char *desc)
{
	add(t, "%-15s %-13s %-7s %-7s %-7s %s\n", name, path, origin, severity, nature_, desc);
}

void report_list(bool json)
{
	static const char *const severity[] = {
		[SEV_MINOR] = "minor",
		[SEV_MAJOR] = "major",
		[SEV_EITHER] = "either",
		[SEV_NONE] = "none",
	};
	struct text t = { 0 };
	unsigned int i;

	for (i = 0; i < kinds_nr; i++) {
		const struct kind *k = &kinds[i];

		if (json) {
			add(&t, "%s", i ? "," : "[");
			list_json(&t, k, severity[k->severity]);
		} else {
			list_text(&t, k->name, k->path, k->origin, severity[k->severity], nature(k),
				  k->desc);
		}
		flush(&t, STDOUT_FILENO);
	}
	if (json)
		add(&t, "]\n");
	else
		list_text(&t, "all", "-", "-", "-", "-",
			  "every kind above that this machine can make");
	flush(&t, STDOUT_FILENO);
}
