# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# cgroups.py: the faults of 2,000 pods, each in a cgroup of its own: nothing is
# lost between the series, and what a scrape of so many costs.
import collections
import contextlib
import hashlib
import os
import re
import sys
import time
import uuid

import exposition
import harness
from harness import Proc, Skip, check, note
from load import sum_of
from setup import LIMIT, Serve, scratch

PODS = 2000
SCRAPES = 20

# Enters each cgroup and faults there: 16 new pages, and a file's first page and a copy of another.
WORKER = """
import mmap, sys
home, data, groups = sys.argv[1], sys.argv[2], sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
with open(data, "r+b") as f:
    for group in open(groups).read().split():
        with open(group + "/cgroup.procs", "w") as procs:
            procs.write("0")
        with mmap.mmap(-1, 16 * 4096) as memory:
            memory[::4096] = b"x" * 16
        with mmap.mmap(f.fileno(), 4 * 4096, mmap.MAP_PRIVATE) as memory:
            memory[0]
            memory[4096] = 1
with open(home + "/cgroup.procs", "w") as procs:
    procs.write("0")
print("done", flush=True)
sys.stdin.readline()
"""


def hierarchy():
    """Where the hierarchy that accounts memory is mounted, and this process' cgroup there."""
    unified = None
    with open("/proc/self/mounts") as mounts:
        for _, where, kind, how, *_ in map(str.split, mounts):
            if kind == "cgroup" and "memory" in how.split(","):
                return where
            if kind == "cgroup2":
                unified = where
    if not unified:
        raise Skip("no cgroup hierarchy is mounted")
    return unified


def own_cgroup(root):
    kind = ":memory:" if os.path.exists(root + "/memory.limit_in_bytes") else "0::"
    with open("/proc/self/cgroup") as lines:
        return root + next(line.partition(kind)[2].strip() for line in lines if kind in line)


@contextlib.contextmanager
def pods(root):
    """As the kubelet's systemd driver names them: the longest names there are."""
    top = "%s/pfstat-test-%d.slice" % (root, os.getpid())
    made = []
    try:
        os.mkdir(top)
        made.append(top)
        for i in range(PODS):
            uid = str(uuid.UUID(int=int(hashlib.md5(b"pod%d" % i).hexdigest(), 16)))
            pod = "%s/kubepods-burstable-pod%s.slice" % (top, uid.replace("-", "_"))
            for group in pod, "%s/cri-containerd-%s.scope" % (pod, hashlib.sha256(b"%d" % i).hexdigest()):
                os.mkdir(group)
                made.append(group)
        yield made[2::2]
    except PermissionError as error:
        raise Skip("no cgroup can be made: %s" % error) from error
    finally:
        harness.end_all()
        for group in reversed(made):
            remove(group)


def remove(group):
    """It is refused until the last task has really left."""
    end = time.monotonic() + LIMIT
    while True:
        try:
            return os.rmdir(group)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def many():
    root = hierarchy()
    with scratch() as folder, pods(root) as groups:
        with open(folder + "/groups", "w") as f:
            f.write("\n".join(groups))
        with open(folder + "/data", "wb") as f:
            f.write(b"x" * 4 * 4096)
        worker = Proc([sys.executable, "-c", WORKER, own_cgroup(root), folder + "/data", folder + "/groups"])
        worker.line("out", "^ready", LIMIT)
        serve = Serve([worker.pid], more=["--by", "cgroup"])
        worker.write("\n")
        worker.line("out", "^done", 4 * LIMIT)
        client = serve.client()
        check_sums(exposition.raw(client.get()), groups, root)
        for name, accept, coding in (("plain", exposition.TEXT, None), ("gzip", exposition.TEXT, "gzip"),
                                     ("protobuf, gzip", exposition.PROTOBUF, "gzip")):
            client.get(accept, coding)
            before = serve.cpu_ns()
            for _ in range(SCRAPES):
                client.get(accept, coding)
            note("%d cgroups, %s: %d KiB, %.1f ms of CPU per scrape" %
                 (PODS, name, client.size // 1024, (serve.cpu_ns() - before) / SCRAPES / 1e6))
        client.close()
        serve.stop()


def check_sums(samples, groups, root):
    faults = collections.Counter()
    for series, value in samples.items():
        if series.startswith("pfstat_cgroup_faults_total{"):
            faults[re.search(r'[{,]cgroup="([^"]*)"', series).group(1)] += value
    for group in groups:
        check(faults[group[len(root):]] >= 18, "%d faults in %s" % (faults[group[len(root):]], group))
    whole = sum_of(samples, "pfstat_fault_duration_seconds_count") + sum_of(samples, "pfstat_untimed_faults_total")
    check(sum(faults.values()) == whole, "%d faults by cgroup, %d in all" % (sum(faults.values()), whole))
    check(faults["other"] == 0, "%d faults in other" % faults["other"])


TESTS = [("cgroups", many)]
