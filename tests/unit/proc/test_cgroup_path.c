// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_cgroup_path.c: paths as the runtimes and their drivers make them, paths
 * that only look so, and paths that nobody makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proc/container_id.h"

#define NR(a)       (sizeof(a) / sizeof((a)[0]))
#define ID          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OUTER       "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define UID         "8dbc5577-d0e2-4706-8787-57d52c03ddf2"
#define UNDERSCORED "8dbc5577_d0e2_4706_8787_57d52c03ddf2"
#define HASH        "c7b1e6b7fd9d9ba5ff0df2cbc7a9e7a1"
#define OUTER_UID   "11111111-2222-3333-4444-555555555555"

struct path_case {
	const char *path, *runtime, *id, *uid;
};

static void expect_names(const struct path_case *cases, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct cgroup_names names;

		memset(&names, 'x', sizeof(names));
		container_id_parse(&names, cases[i].path);
		if (strcmp(names.runtime, cases[i].runtime) ||
		    strcmp(names.container_id, cases[i].id) || strcmp(names.pod_uid, cases[i].uid))
			fail_msg("\"%s\": \"%s\" \"%s\" \"%s\"", cases[i].path, names.runtime,
				 names.container_id, names.pod_uid);
	}
}

static void systemd_driver(void **state)
{
	static const struct path_case cases[] = {
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UNDERSCORED
		  ".slice/cri-containerd-" ID ".scope",
		  "containerd", ID, UID },
		{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UNDERSCORED
		  ".slice/crio-" ID ".scope",
		  "cri-o", ID, UID },
		{ "/kubepods.slice/kubepods-pod" UNDERSCORED ".slice/docker-" ID ".scope", "docker",
		  ID, UID },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" HASH
		  ".slice/cri-containerd-" ID ".scope",
		  "containerd", ID, HASH },
		{ "/system.slice/docker-" ID ".scope", "docker", ID, "" },
		{ "/machine.slice/libpod-" ID ".scope", "podman", ID, "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
		  ".scope/container",
		  "podman", ID, "" },
		{ "/system.slice/nerdctl-" ID ".scope", "containerd", ID, "" },
	};

	(void)state;
	expect_names(cases, NR(cases));
}

static void cgroupfs_driver(void **state)
{
	static const struct path_case cases[] = {
		{ "/kubepods/burstable/pod" UID "/" ID, "", ID, UID },
		{ "/kubepods/pod" UID "/crio-" ID, "cri-o", ID, UID },
		{ "/kubepods/besteffort/pod" HASH "/" ID, "", ID, HASH },
		{ "/docker/" ID, "docker", ID, "" },
		{ "/libpod_parent/libpod-" ID, "podman", ID, "" },
		{ "/system.slice/containerd.service/kubepods-burstable-pod" UNDERSCORED
		  ".slice:cri-containerd:" ID,
		  "containerd", ID, UID },
		{ "/system.slice:docker:" ID, "docker", ID, "" },
		{ "/default/" ID, "", ID, "" },
	};

	(void)state;
	expect_names(cases, NR(cases));
}

static void the_innermost_wins(void **state)
{
	static const struct path_case cases[] = {
		/* kind: a cluster in Docker. */
		{ "/docker/" OUTER
		  "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UNDERSCORED
		  ".slice/cri-containerd-" ID ".scope",
		  "containerd", ID, UID },
		/* The pod itself is in no container of it. */
		{ "/docker/" OUTER "/kubelet/kubepods/burstable/pod" UID, "", "", UID },
		/* Docker in a pod. */
		{ "/kubepods/pod" UID "/" OUTER "/docker/" ID, "docker", ID, UID },
		{ "/kubepods/pod" OUTER_UID "/" OUTER "/kubepods/pod" UID "/" ID, "", ID, UID },
		/* What a container makes inside stays its own. */
		{ "/system.slice/docker-" ID ".scope/init.scope", "docker", ID, "" },
		{ "/docker/" ID "/system.slice/cron.service", "docker", ID, "" },
	};

	(void)state;
	expect_names(cases, NR(cases));
}

static void no_containers(void **state)
{
	static const struct path_case cases[] = {
		{ "/", "", "", "" },
		{ "", "", "", "" },
		{ "/system.slice/docker.service", "", "", "" },
		{ "/kubepods.slice/kubepods-burstable.slice", "", "", "" },
		{ "/kubepods.slice/kubepods-pod" UNDERSCORED ".slice", "", "", UID },
		{ "/kubepods.slice/kubepods-pod" UNDERSCORED ".slice/crio-conmon-" ID ".scope", "",
		  "", UID },
		{ "/machine.slice/libpod-conmon-" ID ".scope", "", "", "" },
		{ "/system.slice/other-" ID ".scope", "", "", "" },
		{ "/system.slice/docker" ID ".scope", "", "", "" },
		{ "/system.slice/docker-0" ID ".scope", "", "", "" },
		{ "/system.slice/docker-" ID "0.scope", "", "", "" },
		{ "/system.slice/docker-" ID ".slice", "", "", "" },
		{ "/:" ID, "", "", "" },
		{ "/docker:" ID, "", "", "" },
		{ "/-" ID, "", "", "" },
		{ "/0" ID, "", "", "" },
		/* Upper case, and one digit short. */
		{ "/docker/ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "",
		  "", "" },
		{ "/docker/123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "", "",
		  "" },
		{ "/tripod" UID, "", "", "" },
		{ "/kubepods-tripod" UNDERSCORED ".slice", "", "", "" },
		{ "/pod8dbc5577d-0e2-4706-8787-57d52c03ddf2", "", "", "" },
		{ "/pod" UID "0", "", "", "" },
		{ "/pod", "", "", "" },
	};

	(void)state;
	expect_names(cases, NR(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(systemd_driver),
		cmocka_unit_test(cgroupfs_driver),
		cmocka_unit_test(the_innermost_wins),
		cmocka_unit_test(no_containers),
	};

	return cmocka_run_group_tests_name("cgroup_path", tests, NULL, NULL);
}
