# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# faults.py: the kernel refuses something, or something is missing or full. No
# hooks in pfstat: what fails, fails for real.
import errno
import os
import signal

import harness
from harness import (Pfstat, Proc, Report, Skip, bpf_objects, check, check_nothing_left, get,
                     in_guest, note, paused, preemptible, put, release, run, until)
from oracles import check_no_loss, coarser, faultgen
from storms import bpftool_missing, load, pid_max, scaled, setting

PREEMPT = "/sys/kernel/debug/sched/preempt"


def table(way):
    """A build with 64 slots and room for 4 collisions, and 40 tasks for one slot."""
    with pid_max(4194304):
        m = paused(way, load("blocked", 40, 64), program=harness.OPTIONS.small)
    m.check_sums(coarser() + ("table_full", "unclassified"))
    m.check_usage(0)
    full = m.report.lost.get("table_full", 0)
    check(full >= 35, "table_full %d" % full)
    check(m.report.sum("count", "unclassified") >= full, "each fault without a slot is counted")


def table_room(way):
    """The same build, and no more than it has room for: nothing is lost."""
    with pid_max(4194304):
        m = paused(way, load("blocked", 4, 64), program=harness.OPTIONS.small)
    m.check_sums(coarser())
    m.check_usage(0)
    check_no_loss(m)


def clear_message(proc, status, *words):
    """It fails with that status, and says why in words, in one line or two."""
    text = proc.text["err"]
    note("status %d: %s" % (proc.status, text.strip()))
    check(proc.status in status, "status %d" % proc.status)
    check(not proc.text["out"].strip(), "it printed a report")
    check("pfstat: " in text, "no message")
    for word in words:
        check(word.lower() in text.lower(), "the message does not say '%s'" % word)


def pfstat(*more):
    return [harness.OPTIONS.pfstat, "--json", "-d", "0.1", *more]


def perf_denied(number):
    """perf_event_open(2) fails on one CPU of a run over the whole machine."""
    if os.cpu_count() < 2:
        raise Skip("one CPU")
    before = bpf_objects()
    proc = run([harness.OPTIONS.load, "deny", 1, number, *pfstat("--attach=end=perf_event")])
    clear_message(proc, (1, 4), "perf event", os.strerror(number))
    check_nothing_left(before)


def perf_fds(pid):
    found = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            if "perf_event" in os.readlink("/proc/%d/fd/%s" % (pid, fd)):
                found.add(fd)
        except FileNotFoundError:
            pass
    return found


def hotplug(way):
    """A CPU goes and comes back: its events are opened again, and count. A function needs none."""
    hotplug_with(way + ",end=perf_event", True)
    if way == "fentry":
        hotplug_with(way, False)


def hotplug_with(way, has_events):
    in_guest()
    count = 30000
    gen = Proc(["taskset", "-c", "1", *faultgen("anon", count)])
    gen.line("out", "^ready")
    gen.end()
    pfstat = Pfstat(way)
    old = perf_fds(pfstat.proc.pid)
    with setting("/sys/devices/system/cpu/cpu1/online", 0):
        pass
    if has_events:
        until(lambda: perf_fds(pfstat.proc.pid) - old, "events of the CPU opened again")
    run(["taskset", "-c", "1", harness.OPTIONS.faultgen, "anon", count], 0)
    report = pfstat.stop()
    note(report.text())
    anon = report.sum("count", "anon", "user")
    check(count <= anon < 2 * count, "%d anon faults, %d on the CPU that came back" % (anon, count))
    check(not set(report.lost) - set(coarser()) - {"end_without_begin", "in_flight", "missed"},
          "lost: %s" % report.lost)


def updater(way):
    """Another program in bpf(2) map calls: the kernel skips ends, and pfstat says how many."""
    in_guest()
    if not os.path.exists(PREEMPT):
        raise Skip("this kernel cannot be made preemptible")
    old = get(PREEMPT)
    old = old[old.index("(") + 1:old.index(")")]
    put(PREEMPT, "full")
    try:
        other = Proc([harness.OPTIONS.load, "updater"])
        other.line("out", "^ready")
        m = paused(way, load("forks", scaled(300, 5000)))
        other.close()
        other.wait()
    finally:
        put(PREEMPT, old)
    m.check_sums(coarser() + ("missed", "marker_missed", "end_without_begin", "in_flight"))
    m.check_usage(0)
    check(m.report.lost.get("missed", 0) > 0, "nothing was missed")


def without(script, more=()):
    """pfstat in a mount namespace of its own, in which script has taken something away."""
    return run(["unshare", "-m", "sh", "-ec", script + '\nexec "$@"', "sh", *pfstat(*more)])


NO_BTF = """
r=$(uname -r)
mount -t tmpfs none /sys/kernel/btf
for f in /boot/vmlinux-$r /lib/modules/$r/vmlinux-$r /lib/modules/$r/build/vmlinux \
    /lib/modules/$r/kernel/vmlinux /usr/lib/debug/boot/vmlinux-$r \
    /usr/lib/debug/boot/vmlinux-$r.debug /usr/lib/debug/lib/modules/$r/vmlinux; do
    [ ! -e $f ] || mount --bind /dev/null $f
done
"""


def no_btf():
    proc = without(NO_BTF)
    clear_message(proc, (3,), "BTF")


def no_tracefs(way):
    """Nothing of pfstat needs tracefs or debugfs."""
    proc = without("mount -t tmpfs none /sys/kernel/debug\n"
                   "[ ! -d /sys/kernel/tracing ] || mount -t tmpfs none /sys/kernel/tracing",
                   ["--attach=" + way])
    check(proc.status == 0, "status %d: %s" % (proc.status, proc.text["err"]))
    Report(proc.text["out"]).check_rows()


def few_fds():
    """Whatever fails for want of descriptors, the message says so."""
    before = bpf_objects()
    silent = []
    for limit in 4, 8, 10, 12, 16, 20:
        proc = run(["prlimit", "--nofile=%d:%d" % (limit, limit), *pfstat()])
        note("%d descriptors: status %d: %s" % (limit, proc.status, proc.text["err"].strip()))
        check(proc.status in (1, 3), "status %d" % proc.status)
        if "open files" not in proc.text["err"]:
            silent.append(limit)
    check_nothing_left(before)
    check(not silent, "with %s descriptors it does not say that they are too few" % silent)


def memlock():
    """The limit counts up to 5.10; root may raise it, and libbpf does."""
    proc = run(["prlimit", "--memlock=65536:65536", *pfstat()])
    check(proc.status == 0, "status %d: %s" % (proc.status, proc.text["err"]))


def memlock_hard():
    """... and one who may not raise it is told, where it counts."""
    before = bpf_objects()
    proc = run(["prlimit", "--memlock=65536:65536", "setpriv", "--bounding-set=-sys_resource",
                "--inh-caps=-sys_resource", *pfstat()])
    if proc.status == 0:
        check(release() > 510, "5.10 ignored the limit")
        Report(proc.text["out"]).check_rows()
        return
    clear_message(proc, (1, 4), "locked memory")
    check_nothing_left(before)


def killed(way):
    """SIGKILL leaves nothing behind either."""
    bpftool_missing()
    before = bpf_objects()
    pfstat = Pfstat(way)
    pfstat.proc.kill(signal.SIGKILL)
    pfstat.proc.wait()
    check_nothing_left(before)


def tests(ways, full):
    for way in ways:
        yield "fail/table/" + way, table, way
    for way in ways if full else ways[:1]:
        yield "fail/updater/" + way, updater, way
        yield "fail/table_room/" + way, table_room, way
        yield "fail/hotplug/" + way, hotplug, way
        yield "fail/no_tracefs/" + way, no_tracefs, way
        yield "fail/killed/" + way, killed, way
    for number in (errno.EMFILE, errno.EACCES) if full else (errno.EMFILE,):
        yield "fail/perf_denied/" + errno.errorcode[number], perf_denied, number
    yield "fail/no_btf", no_btf
    yield "fail/few_fds", few_fds
    yield "fail/memlock", memlock
    yield "fail/memlock_hard", memlock_hard
