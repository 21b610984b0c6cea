/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/container_id.h: runtime, container id and pod uid from the path of a cgroup, which may
 * contain anything.
 */
#ifndef PFSTAT_PROC_CONTAINER_ID_H
#define PFSTAT_PROC_CONTAINER_ID_H

/* Empty strings: not in the path. */
struct cgroup_names {
	char runtime[16]; /* "containerd", "docker", "cri-o", "podman" */
	char container_id[65]; /* 64 hexadecimal digits */
	char pod_uid[37]; /* with dashes, also where systemd's driver writes "_"; static pods: 32
			     digits */
};

void container_id_parse(struct cgroup_names *names, const char *path);

#endif
