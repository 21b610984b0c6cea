# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# serve.py: pfstat serve of the whole machine, by cgroup: with two capabilities
# and no more, where perf events are refused, while a CPU goes and comes, while
# the kernel counts what programs take, and when it is killed. What a cgroup's
# series say is what the kernel counted; and how large a scrape is.
import contextlib
import gzip
import os
import re
import signal
import urllib.request

import harness
from faults import perf_fds, setting
from harness import (Proc, Skip, before_exec, bpf_objects, check, check_nothing_left, get,
                     in_guest, note, put, until)

CGROUPS = "/sys/fs/cgroup"
PARANOID = "/proc/sys/kernel/perf_event_paranoid"
RUN_TIME = "/proc/sys/kernel/bpf_stats_enabled"
NOBODY = 65534
# CAP_PERFMON and CAP_BPF, include/uapi/linux/capability.h
CAPABILITIES = 1 << 38 | 1 << 39
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
# Of the default metrics.
MAX_PLAIN, MAX_GZIP = 120 * 1024, 12 * 1024


class Serve:
    def __init__(self, way, unprivileged=False, more=("--by", "cgroup", "--cgroup-limit=64")):
        argv = [harness.OPTIONS.pfstat, "serve", "--attach=" + way, "--web.listen-address=127.0.0.1:0", *more]
        if unprivileged:
            argv = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups",
                    "--inh-caps=-all,+bpf,+perfmon", "--ambient-caps=-all,+bpf,+perfmon",
                    "--bounding-set=-all,+bpf,+perfmon", "--"] + argv
        # Up to 5.10 maps count as locked memory; contrib/systemd has LimitMEMLOCK for it.
        self.proc = Proc(["prlimit", "--memlock=unlimited", "--", *argv])
        self.pid = self.proc.pid

    def started(self):
        self.url = self.proc.line("err", "^Listening on ").split()[-1] + "/metrics"
        for line in self.proc.text["err"].splitlines():
            note(line)
        return self

    def status(self, field):
        return re.search(r"^%s:\s*(\S+)" % field, get("/proc/%d/status" % self.pid), re.M).group(1)

    def get(self, **headers):
        request = urllib.request.Request(self.url, headers={k.replace("_", "-"): v for k, v in headers.items()})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def scrape(self):
        lines = self.get().decode().splitlines()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def stop(self):
        self.proc.kill(signal.SIGTERM)
        check(self.proc.wait() == 0, "pfstat serve: status %d: %s" %
              (self.proc.status, self.proc.text["err"][-800:]))


def total(samples, name):
    return sum(value for series, value in samples.items() if series.startswith(name))


@contextlib.contextmanager
def cgroup():
    path = "%s/pfstat-serve-%d" % (CGROUPS, os.getpid())
    if not os.path.exists(CGROUPS + "/cgroup.procs"):
        raise Skip("no cgroup2 on " + CGROUPS)
    os.mkdir(path)

    def removed():
        try:
            os.rmdir(path)
        except OSError:
            return False
        return True

    try:
        yield path
    finally:
        harness.end_all()
        until(removed, "rmdir " + path)


def check_faults(serve, path, cpu=None):
    """A process makes faults in the cgroup: they are its series, to the last one."""
    argv = [harness.OPTIONS.faultgen, "--pause", "--json", "anon", 2000, 2]
    load = Proc(argv if cpu is None else ["taskset", "-c", cpu, *argv])
    load.line("out", "^ready ")
    put(path + "/cgroup.procs", load.pid)
    series = 'pfstat_cgroup_faults_total{cgroup="%s"' % path[len(CGROUPS):]
    begin, first = sum(before_exec(load.pid)), serve.scrape()
    load.write("\n")
    load.line("out", "^{")
    until(lambda: "S" == get("/proc/%d/stat" % load.pid).rpartition(")")[2].split()[0], "faultgen waits")
    kernel = sum(before_exec(load.pid)) - begin
    last = serve.scrape()
    got = total(last, series) - total(first, series)
    lost = {name: value for name, value in last.items() if name.startswith("pfstat_lost_faults_total") and value}
    note("%d faults in the series of the cgroup, the kernel counted %d; lost: %s" % (got, kernel, lost))
    check(kernel >= 2000 and got == kernel, "%d faults, not %d" % (got, kernel))
    load.write("\n")
    load.wait()


def check_confined(serve):
    check(serve.status("NoNewPrivs") == "1" and serve.status("Seccomp") == "2", "it is not confined")
    for field in "CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh":
        has = int(serve.status(field), 16)
        check(not has & ~CAPABILITIES, "%s is %x" % (field, has))
    check(int(serve.status("CapBnd"), 16) == CAPABILITIES, "the bounding set was changed without CAP_SETPCAP")


def unprivileged(way):
    in_guest()
    with setting(PARANOID, 2), cgroup() as path:
        serve = Serve(way, unprivileged=True).started()
        check(serve.status("Uid") == str(NOBODY), "it is not nobody's")
        check_confined(serve)
        check_faults(serve, path)
        serve.stop()


def paranoid(way):
    """3 is Debian's default: perf events, and so kprobes, are for CAP_SYS_ADMIN."""
    in_guest()
    with setting(PARANOID, 3), cgroup() as path:
        serve = Serve(way, unprivileged=True)
        if way == "kprobe":
            check(serve.proc.wait() == 4, "status %d" % serve.proc.status)
            said = serve.proc.text["err"]
            note(said)
            check("perf_event_paranoid" in said, "it does not say why")
            return
        serve.started()
        check(total(serve.scrape(), 'pfstat_attach_info{attach="%s",end="fexit"}' % way) == 1, "the end is not fexit")
        check_faults(serve, path)
        serve.stop()


def killed():
    in_guest()
    with cgroup() as path:
        before = bpf_objects()
        serve = Serve("auto").started()
        check_faults(serve, path)
        serve.proc.kill(signal.SIGKILL)
        serve.proc.wait()
        check_nothing_left(before)
        # Prometheus takes a smaller count for a restart.
        serve = Serve("auto").started()
        check(total(serve.scrape(), "pfstat_cgroup_faults_total{cgroup=\"/pfstat-serve") == 0, "it counts on")
        check_faults(serve, path)
        serve.stop()


def wait_for_cpu(serve, old):
    """Its events are opened, where the end is an event of each CPU."""
    if any(series.startswith("pfstat_attach_info{") and 'end="perf"' in series for series in serve.scrape()):
        until(lambda: perf_fds(serve.pid) - old, "events of the CPU opened")


def hotplug():
    in_guest()
    with setting(PARANOID, 2), cgroup() as path:
        serve = Serve("auto", unprivileged=True).started()
        with setting("/sys/devices/system/cpu/cpu1/online", 0):
            old = perf_fds(serve.pid)
            check_faults(serve, path)
        wait_for_cpu(serve, old)
        check_faults(serve, path, cpu=1)
        check(total(serve.scrape(), "pfstat_unmeasured_cpus") == 0, "a CPU is not measured")
        serve.stop()


def late_cpu():
    """A CPU that was offline when pfstat started comes online."""
    in_guest()
    with setting(PARANOID, 2), cgroup() as path:
        with setting("/sys/devices/system/cpu/cpu1/online", 0):
            serve = Serve("auto", unprivileged=True).started()
            old = perf_fds(serve.pid)
        wait_for_cpu(serve, old)
        check_faults(serve, path, cpu=1)
        check(total(serve.scrape(), "pfstat_unmeasured_cpus") == 0, "a CPU is not measured")
        serve.stop()


def run_time():
    """What the programs take is there when the kernel counts it, also without privileges."""
    in_guest()
    runs, seconds = "pfstat_bpf_program_runs_total{", "pfstat_bpf_program_run_seconds_total{"
    with setting(PARANOID, 2), cgroup() as path:
        serve = Serve("auto", unprivileged=True).started()
        check(not total(serve.scrape(), runs), "there are runs that nobody counts")
        with setting(RUN_TIME, 1):
            check_faults(serve, path)
        last = serve.scrape()
        note("%d runs, %.0f us" % (total(last, runs), total(last, seconds) * 1e6))
        # Two for each of the faults, at least: its begin and its end.
        check(total(last, runs) >= 4000, "%d runs" % total(last, runs))
        check(0 < total(last, seconds) < 60, "%g s" % total(last, seconds))
        names = {re.search('"(.*)"', series).group(1) for series in last if series.startswith((runs, seconds))}
        check(any(name.startswith("begin_user") for name in names), "programs: %s" % sorted(names))
        serve.stop()


def figures(way):
    """A scrape's size when there were faults of every kind."""
    in_guest()
    serve = Serve(way, more=()).started()
    harness.run([harness.OPTIONS.faultgen, "--dir=" + harness.OPTIONS.dir, "all", 60, 2])
    plain, packed = serve.get(), serve.get(Accept_Encoding="gzip")
    protobuf, both = serve.get(Accept=PROTOBUF), serve.get(Accept=PROTOBUF, Accept_Encoding="gzip")
    paths = re.findall(rb'^pfstat_fault_duration_seconds_count.* [1-9]', plain, re.M)
    note("%d histograms with faults: %d bytes, gzip %d; protobuf %d, gzip %d" %
         (len(paths), len(plain), len(packed), len(protobuf), len(both)))
    check(len(paths) > 20, "faultgen made faults of %d kinds" % len(paths))
    check(len(gzip.decompress(packed)) > len(plain) // 2, "gzip is not the text")
    check(len(plain) <= MAX_PLAIN, "plain: %d bytes" % len(plain))
    check(len(packed) <= MAX_GZIP, "gzip: %d bytes" % len(packed))
    check(len(protobuf) < len(plain), "protobuf is larger than text")
    check(len(both) <= MAX_GZIP, "protobuf, gzip: %d bytes" % len(both))
    serve.stop()


def tests(ways, _full):
    for way in ways:
        yield "serve/unprivileged/" + way, unprivileged, way
        yield "serve/paranoid3/" + way, paranoid, way
        yield "serve/figures/" + way, figures, way
    yield "serve/run_time", run_time
    yield "serve/killed", killed
    yield "serve/hotplug", hotplug
    yield "serve/late_cpu", late_cpu
