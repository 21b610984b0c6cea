# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# storms.py: loads that are hard to keep up with. Afterwards every fault is in
# pfstat's table or in its lost counters.
import contextlib
import json
import os
import select
import signal

import harness
from harness import (LIMIT, Fail, Perf, Pfstat, Proc, Report, Skip, check, check_nothing_left, get,
                     in_guest, note, paused, preemptible, put, run, until)
from oracles import check_no_loss, coarser, faultgen

SLOTS = 16384  # NR_INFLIGHT of bpf/shared/inflight.h


def load(*args):
    return [harness.OPTIONS.load, "--pause", *args]


def scaled(quick, full):
    return full if harness.OPTIONS.full else quick


@contextlib.contextmanager
def setting(path, value):
    """A machine-wide setting, until the end of the block."""
    in_guest()
    old = get(path)
    put(path, value)
    try:
        yield
    finally:
        put(path, old)


def pid_max(value):
    return setting("/proc/sys/kernel/pid_max", value)


def no_gup(m):
    m.check_sums(coarser())
    m.check_usage(0)


def thrash(way):
    """Swap-ins, and the swap cache, while the same pages are on their way out."""
    if len(get("/proc/swaps").splitlines()) < 2:
        raise Skip("there is no swap")
    m = paused(way, load("thrash", scaled(2000, 40000)))
    no_gup(m)
    check(m.report.sum("count", "swap") > 0, "no swap-in")


@contextlib.contextmanager
def memory_limit(mib):
    """A cgroup for this process and those that it starts."""
    in_guest()
    path = "/sys/fs/cgroup/pfstat-stress"
    os.makedirs(path, exist_ok=True)
    if not os.path.exists(path + "/memory.max"):
        os.rmdir(path)
        raise Skip("there is no memory controller in cgroup v2")
    try:
        yield path
    finally:
        until(lambda: not get(path + "/cgroup.procs"), "the cgroup empty")
        os.rmdir(path)


def reclaim(way):
    """More memory than there is: faults that reclaim memory themselves."""
    with memory_limit(4) as path:
        child = Proc(["sh", "-c", 'echo $$ >%s/cgroup.procs; echo 4M >%s/memory.max; echo here; '
                      'exec "$@"' % (path, path), "sh", *load("thrash", scaled(1000, 20000))])
        child.line("out", "^here")
        child.line("out", "^ready")
        counter = Perf(child.pid)
        pfstat = Pfstat(way, child.pid)
        child.write("\n")
        result = json.loads(child.line("out", "^{", 7200 if harness.OPTIONS.full else 600))
        m = harness.Measured(None, counter.stop(), (result["minflt"], result["majflt"]), result)
        m.report = pfstat.stop()
        child.write("\n")
        child.wait()
        no_gup(m)


def races(way):
    """mprotect, munmap and mmap below threads that fault: each SIGSEGV is one that pfstat has."""
    m = paused(way, load("races", scaled(100, 10000)))
    m.check_sums(coarser())
    m.check_usage(0)
    bad = sum(m.report.sum("count", path, "user")
              for path in ("bad_address", "bad_access", "guard_page"))
    check(bad == m.result["segv"], "%d SIGSEGVs, %d in the report" % (m.result["segv"], bad))
    m.check_failed()


def vmstat(name):
    return int(dict(line.split() for line in get("/proc/vmstat").splitlines())[name])


NUMA = "/proc/sys/kernel/numa_balancing"
SCAN = (("scan_delay_ms", 1), ("scan_period_min_ms", 10), ("scan_period_max_ms", 100))


@contextlib.contextmanager
def balancing():
    """NUMA balancing between two nodes, in a hurry. 5.10 has the same numbers as sysctls."""
    if not os.path.exists(NUMA) or not os.path.exists("/sys/devices/system/node/node1"):
        raise Skip("this machine has no two memory nodes to balance")
    debugfs = "/sys/kernel/debug/sched/numa_balancing/"
    where = debugfs if os.path.exists(debugfs) else NUMA + "_"
    with contextlib.ExitStack() as stack:
        for name, value in SCAN:
            stack.enter_context(setting(where + name, value))
        stack.enter_context(setting(NUMA, 1))
        yield


def hints(way):
    """NUMA hints as they come on a machine with two nodes: never more than the kernel has."""
    with balancing():
        before = vmstat("numa_hint_faults")
        m = paused(way, load("hints", scaled(1000, 20000)))
        kernel = vmstat("numa_hint_faults") - before
    no_gup(m)
    got = sum(m.report.sum("count", path, "user") for path in ("numa", "thp_numa"))
    note("%d hints, the kernel counted %d" % (got, kernel))
    check(kernel, "the kernel made no hints")
    # Balancing was on when pfstat began, so tracepoints show them as well.
    check(0 < got <= kernel, "%d hints, the kernel counted %d" % (got, kernel))


def forks(way):
    no_gup(paused(way, load("forks", scaled(100, 10000))))


def procs(way, n):
    """Many short processes, whose pids come round and round; the same beside, not measured."""
    with pid_max(1000):
        other = Proc(load("procs", 10000000))
        other.line("out", "^ready")
        other.write("\n")
        m = paused(way, load("procs", n))
        other.end()
        no_gup(m)


def collide(way):
    """Tasks whose faults are open at once and want the same slot."""
    n = scaled(24, 200)
    with pid_max(4194304):
        m = paused(way, load("blocked", n, SLOTS))
    no_gup(m)
    # Two faults that begin at the same instant: docs/accounting.md, "before 5.12".
    check_no_loss(m)


def bpftool_missing():
    if run(["sh", "-c", "command -v bpftool"]).status:
        raise Skip("bpftool is not installed")


def attach(ways):
    """Attach and detach under load; nothing may be left in the kernel."""
    bpftool_missing()
    before = harness.bpf_objects()
    n = scaled(12, 200)
    noise = Proc(load("forks", 10000000) if harness.OPTIONS.full else
                 faultgen("anon", 10000000))
    noise.line("out", "^ready")
    noise.write("\n")
    for i in range(n):
        argv = [harness.OPTIONS.pfstat, "--json", "--attach=" + ways[i % len(ways)], "-d", "0.05"]
        if i // len(ways) % 2:
            argv += ["-p", noise.pid]
        proc = run(argv, 0)
        report = Report(proc.text["out"])
        report.check_rows()
        # Faults that had begun before, and those that go on, are all that may be there.
        for reason in report.lost:
            check(reason in coarser() + ("end_without_begin", "in_flight", "missed"),
                  "run %d: lost %s" % (i, report.lost))
    noise.end()
    note("%d runs" % n)
    check_nothing_left(before)


class Recorder:
    """perf record -g of the whole machine: user stacks are walked in its interrupts."""

    def __init__(self):
        self.ack, ack = os.pipe()
        control, self.control = os.pipe()
        self.proc = Proc(["perf", "record", "-q", "-a", "-g", "-F", "499", "-e", "cpu-clock",
                          "-D", "-1", "--control", "fd:%d,%d" % (control, ack),
                          "-o", "/tmp/pfstat-stress.perf"], pass_fds=(control, ack))
        os.close(control)
        os.close(ack)
        os.write(self.control, b"enable\n")
        ready, _, _ = select.select([self.ack], [], [], LIMIT)
        check(ready and b"ack" in os.read(self.ack, 16), "perf record did not start")

    def stop(self):
        self.proc.kill(signal.SIGINT)
        self.proc.wait()
        os.close(self.control)
        os.close(self.ack)
        with contextlib.suppress(FileNotFoundError):
            os.unlink("/tmp/pfstat-stress.perf")


BPFTRACE = """
tracepoint:exceptions:page_fault_user { @[pid] = count(); }
kprobe:handle_mm_fault { @calls = count(); @stacks[ustack(4)] = count(); }
interval:ms:100 { print(@calls); printf("go\\n"); clear(@stacks); }
"""


def neighbours(way):
    """bpftrace at the same functions and perf record with user stacks, at the same time."""
    in_guest()
    recorder = Recorder()
    trace = Proc(["bpftrace", "-e", BPFTRACE])
    trace.line("out", "^go")
    m = paused(way, load("races", scaled(60, 2000)))
    trace.kill(signal.SIGINT)
    trace.wait()
    recorder.stop()
    # bpftrace reads its maps while it runs: on preemptible kernels that skips our end.
    # Its interrupts come in the middle of our programs, and so do their faults.
    m.check_sums(coarser() + ("marker_missed",) + (("missed",) if preemptible() else ()))
    m.check_usage(0)
    # Both walk user stacks in the middle of faults, with page faults disabled.
    check(m.report.sum("count", "fixup", "kernel") > 0, "no walk of a stack came upon a page that is not there")


def tests(ways, full):
    for way in ways if full else ways[:1]:
        yield "storm/neighbours/" + way, neighbours, way
    for way in ways:
        for name, test in (("thrash", thrash), ("races", races), ("hints", hints), ("forks", forks),
                           ("collide", collide)):
            yield "storm/%s/%s" % (name, way), test, way
    for way in ways if full else ways[:1]:
        # The whole number once only: it takes most of an hour in an emulated guest.
        yield "storm/procs/" + way, procs, way, scaled(1500, 100000 if way == ways[0] else 10000)
        yield "storm/reclaim/" + way, reclaim, way
    yield "storm/attach", attach, ways
