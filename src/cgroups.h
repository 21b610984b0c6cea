/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * cgroups.h: from the id of a cgroup, as the kernel has it, to its path.
 *
 * The id is the inode number of the cgroup's directory, in the hierarchy that
 * accounts memory: the unified one, or v1's memory controller. An id that is
 * not known is looked for by walking the hierarchy; one that is not found there
 * either is not looked for again for a while.
 */
#ifndef PFSTAT_CGROUPS_H
#define PFSTAT_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup_path.h"

struct cgroups;

struct cgroup_entry {
	uint64_t id;
	char *path; /* from the hierarchy's root, "/" for the root itself */
	struct cgroup_names names;
};

/*
 * root: the mount point; NULL: found in /proc/self/mountinfo (v2 when the memory
 * controller is there, else v1's). 0, or -ENOENT when no hierarchy is mounted.
 */
int cgroups_open(struct cgroups **out, const char *root);
/* Is it version 2? */
bool cgroups_unified(const struct cgroups *c);
/* NULL: there is no such cgroup (any more). now_ns: CLOCK_MONOTONIC. */
const struct cgroup_entry *cgroups_find(struct cgroups *c, uint64_t id, uint64_t now_ns);
/* Is its directory still there? false: forgotten, entries of it are invalid. */
bool cgroups_exists(struct cgroups *c, uint64_t id);
void cgroups_close(struct cgroups *c);

#endif
