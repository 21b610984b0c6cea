/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/cgroups.h: from the id of a cgroup, as the kernel has it, to its path.
 *
 * The id is the inode number of the cgroup's directory, in the hierarchy that accounts memory:
 * the unified one, or v1's memory controller. An unknown id is searched by walking the
 * hierarchy; one that is not found is not searched again for a while.
 */
#ifndef PFSTAT_PROC_CGROUPS_H
#define PFSTAT_PROC_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "container_id.h"

struct cgroups;

struct cgroup_entry {
	uint64_t id;
	char *path; /* from the hierarchy's root, "/" for the root itself */
	struct cgroup_names names;
};

/* The state of the path of a cgroup. */
enum cgroup_fate {
	CGROUP_LIVES,
	CGROUP_REMOVED,
	CGROUP_REPLACED, /* another cgroup of the same name */
};

/*
 * root: the mount point; NULL: found in /proc/self/mountinfo (v2 when the memory
 * controller is there or nowhere, else v1's). 0, or a negative errno: -ENOENT
 * when no hierarchy is mounted.
 */
int cgroups_open(struct cgroups **out, const char *root);
/*
 * The id of a cgroup from user input: a path from the hierarchy's root, that path with the mount
 * point, or an id. -ENOENT: no such cgroup.
 */
int cgroups_id_of(struct cgroups *c, const char *text, unsigned long long *id);
/* Whether it is version 2. */
bool cgroups_unified(const struct cgroups *c);
/*
 * NULL: no such cgroup, not visible from here, or out of memory. now_ns: CLOCK_MONOTONIC; with
 * the same now_ns there is at most one walk. The entry is valid until cgroups_trim().
 */
const struct cgroup_entry *cgroups_find(struct cgroups *c, uint64_t id, uint64_t now_ns);
/* The path of its entry, now; NULL: as above, or c is NULL, or id is 0. */
const char *cgroups_path(struct cgroups *c, uint64_t id);
/* By the file system. */
enum cgroup_fate cgroups_fate(const struct cgroups *c, const struct cgroup_entry *entry);
/* Forgets the cgroups that the last walk did not find. */
void cgroups_trim(struct cgroups *c);
void cgroups_close(struct cgroups *c);

#endif
