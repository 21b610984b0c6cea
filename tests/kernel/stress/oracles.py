# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# oracles.py: pfstat against programs that we did not write: perf stat counts,
# stress-ng makes the faults.
import json
import shutil

import harness
from harness import Skip, check, note, paused, release, run, shell

# Small sizes and few operations: an emulated machine is slow.
STRESSORS = {
    "fault": "--fault 1 --fault-ops 200",
    "userfaultfd": "--userfaultfd 1 --userfaultfd-ops 200 --userfaultfd-bytes 1m",
    "mmap": "--mmap 1 --mmap-ops 2 --mmap-bytes 2m",
    "fork": "--fork 1 --fork-ops 30",
    "vm": "--vm 1 --vm-ops 200 --vm-bytes 2m",
    "swap": "--swap 1 --swap-ops 2",
    "numa": "--numa 1 --numa-ops 1 --timeout 4",
    "memfd": "--memfd 1 --memfd-ops 2 --memfd-bytes 2m",
}

def coarser():
    """Lost, but not faults: they are in the table, with a coarser path or none at all."""
    return ("vma_busy", "unclassified", "unresolved") + \
        (("marker_missed", "end_without_begin") if harness.preemptible() else ())


def check_no_loss(m):
    """Each fault had a slot; 5.10 claims one without an atomic exchange. A mark may still have been skipped."""
    lost = set(m.report.lost) - ({"marker_missed", "unclassified"} if harness.preemptible() else set())
    check(not lost or harness.release() < 512, "lost: %s" % m.report.lost)


def faultgen(*args):
    return [harness.OPTIONS.faultgen, "--pause", "--json", "--dir=" + harness.OPTIONS.dir, *args]


def kinds(way):
    """Each kind of fault, and the setups between them: all that one process does."""
    listed = run([harness.OPTIONS.faultgen, "--list", "--json"], 0)
    last = json.loads(listed.text["out"])[-1]["kind"]
    m = paused(way, faultgen("all", 60, 2), last='"kind":"%s"' % last)
    # Open: accesses of kernel mode that failed where no hook says so.
    m.check_sums(coarser() + ("in_flight",))
    m.check_failed()


def mix(way):
    """Exact in three ways: perf, getrusage, and faultgen's own plan."""
    m = paused(way, faultgen("mix", 600, 4))
    m.check_sums(coarser())
    m.check_failed()
    gup = sum(p["count"] for p in m.result["parts"] if p["origin"] == "gup")
    m.check_usage(gup)


def gup(way):
    """With --gup nothing is left out of getrusage."""
    m = paused(way, faultgen("mix", 600, 4), more=["--gup"])
    m.check_sums(coarser())
    m.check_usage(m.report.sum("count", origin="gup"))


def need_stressng():
    if not shutil.which("stress-ng"):
        raise Skip("stress-ng is not installed (Debian package stress-ng)")


def stressng(way, names):
    need_stressng()
    command = "stress-ng --temp-path %s %s" % (harness.OPTIONS.dir,
                                               " ".join(STRESSORS[name] for name in names))
    m, status, load = shell(way, command)
    if "skipped" in load.text["err"] + load.text["out"] and "passed: 0" in load.text["err"]:
        raise Skip("stress-ng: " + load.text["err"][-200:])
    # 4: what it wants is not there; 3: no resources.
    check(status in (0, 3, 4), "stress-ng: status %d: %s" % (status, load.text["err"][-400:]))
    if status:
        note("stress-ng ended with status %d: %s" % (status, load.text["err"][-300:]))
    m.check_sums(coarser())
    check(sum(m.usage) >= m.minor + m.major, "getrusage has fewer faults than perf stat")


def stressng_gup(way):
    """get_user_pages faults are what getrusage has and perf has not."""
    need_stressng()
    command = "stress-ng --temp-path %s %s" % (harness.OPTIONS.dir,
                                               " ".join(STRESSORS[n] for n in ("vm", "mmap", "fork")))
    m, status, load = shell(way, command, more=["--gup"])
    check(status == 0, "stress-ng: status %d: %s" % (status, load.text["err"][-400:]))
    m.check_sums(coarser() + ("gup_nested",))
    m.check_usage(m.report.sum("minor", origin="gup") + m.report.sum("major", origin="gup"))


def tests(ways, full):
    for way in ways:
        yield "perf/kinds/" + way, kinds, way
        yield "perf/mix/" + way, mix, way
        # At once; one by one takes a minute more for each way, and numa minutes by itself.
        yield "stress-ng/all/" + way, stressng, way, [n for n in STRESSORS if n != "numa"]
        for name in STRESSORS if full else ():
            yield "stress-ng/%s/%s" % (name, way), stressng, way, [name]
    if "fentry" in ways:
        yield "perf/gup/fentry", gup, "fentry"
        yield "stress-ng/gup/fentry", stressng_gup, "fentry"
