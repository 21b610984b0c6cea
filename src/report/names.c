// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/names.c: the words for paths, origins, outcomes, causes and exactness.
 */
#include "report.h"

#include "util/array.h"

enum path_end { END_DONE, END_FAILED, END_UNTIMED };
enum path_flag { PATH_IS_NONE, PATH_IS_DISK, PATH_IS_IN_MM };

static const struct path_info {
	const char *name;
	const char *help;
	enum path_end end;
	enum outcome outcome;
	enum path_flag flag;
} path_infos[PATH_NR] = {
#define PATH_INFO(id, name, end, outcome, flag, vmstat, text)                                      \
	{ name, text, END_##end, OUTCOME_##outcome, PATH_IS_##flag },
	PATHS(PATH_INFO)
#undef PATH_INFO
};

bool path_completes(unsigned int path)
{
	return path < PATH_NR && path_infos[path].end == END_DONE;
}

bool path_is_timed(unsigned int path)
{
	return path < PATH_NR && path_infos[path].end != END_UNTIMED;
}

bool path_reads_disk(unsigned int path)
{
	return path < PATH_NR && path_infos[path].flag == PATH_IS_DISK;
}

bool path_fails_in_mm_fault(unsigned int path)
{
	return path < PATH_NR && path_infos[path].flag == PATH_IS_IN_MM;
}

const char *path_name(unsigned int path)
{
	return path < PATH_NR ? path_infos[path].name : "?";
}

const char *path_help(unsigned int path)
{
	return path < PATH_NR ? path_infos[path].help : "";
}

static const struct {
	const char *name, *help;
} causes[CAUSE_NR] = {
#define CAUSE_ROW(id, name, text) [CAUSE_##id] = { name, text },
	CAUSES(CAUSE_ROW)
#undef CAUSE_ROW
};

const char *cause_name(unsigned int cause)
{
	return cause < CAUSE_NR ? causes[cause].name : "?";
}

const char *cause_help(unsigned int cause)
{
	return cause < CAUSE_NR ? causes[cause].help : "?";
}

const char *origin_name(unsigned int origin)
{
	static const char *const names[ORIGIN_NR] = {
		[ORIGIN_USER] = "user",
		[ORIGIN_KERNEL] = "kernel",
		[ORIGIN_GUP] = "gup",
	};

	return origin < ORIGIN_NR ? names[origin] : "?";
}

const char *access_name(unsigned int access)
{
	static const char *const names[ACCESS_NR] = {
		[ACCESS_READ] = "read",
		[ACCESS_WRITE] = "write",
		[ACCESS_EXEC] = "exec",
	};

	return access < ACCESS_NR ? names[access] : "?";
}

enum outcome outcome_of(unsigned int path, unsigned int origin)
{
	enum outcome outcome = path < PATH_NR ? path_infos[path].outcome : OUTCOME_UNKNOWN;

	if (origin != ORIGIN_USER && (outcome == OUTCOME_SIGSEGV || outcome == OUTCOME_SIGBUS ||
				      outcome == OUTCOME_HWPOISON))
		outcome = OUTCOME_FIXUP;
	return outcome;
}

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[OUTCOME_NR] = {
#define OUTCOME_NAME(id, name) name,
		OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
	};

	return outcome < OUTCOME_NR ? names[outcome] : "?";
}

const char *exactness_name(enum exactness e)
{
	static const char *const names[] = {
		[EXACT] = "exact",
		[INFERRED] = "inferred",
		[NOT_VISIBLE] = "not_visible",
	};

	return e < ARRAY_SIZE(names) ? names[e] : "?";
}
