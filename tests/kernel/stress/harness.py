# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# harness.py: TAP, child processes that are waited for with a limit, and what
# pfstat, perf and getrusage say of the same process.
import glob
import json
import os
import re
import select
import signal
import subprocess
import sys
import time

LIMIT = 180  # seconds for anything that is waited for

OPTIONS = None  # of the command line; set by guest


class Skip(Exception):
    pass


class Fail(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Fail(text)


class Tap:
    """Runs tests and prints their results; comments carry the test's name, as tests/summary wants."""

    def __init__(self):
        self.nr = 0
        self.name = ""
        self.failed = 0

    def note(self, text):
        for line in str(text).splitlines():
            print("# %s: %s" % (self.name, line), flush=True)

    def run(self, name, test, *args):
        self.name = name
        self.nr += 1
        begin = time.monotonic()
        word, tail = "ok", ""
        try:
            test(*args)
        except Skip as reason:
            tail = " # SKIP %s" % reason
        except Exception as error:
            self.note("FAIL: %s" % error if isinstance(error, Fail) else "FAIL: %r" % error)
            word = "not ok"
            self.failed += 1
        finally:
            end_all()
        if word == "ok" and not tail:
            self.note("%.1f s" % (time.monotonic() - begin))
        print("%s %d - %s%s" % (word, self.nr, name, tail), flush=True)


TAP = Tap()


def note(text):
    TAP.note(text)


running = []


class Proc:
    """A child process with all three streams as pipes."""

    def __init__(self, argv, **more):
        self.argv = [str(a) for a in argv]
        self.child = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, start_new_session=True, **more)
        self.pid = self.child.pid
        self.text = {"out": "", "err": ""}
        self.fds = {self.child.stdout.fileno(): "out", self.child.stderr.fileno(): "err"}
        self.taken = {"out": 0, "err": 0}
        self.status = self.usage = None
        running.append(self)

    def _read(self, seconds):
        ready, _, _ = select.select(list(self.fds), [], [], seconds)
        for fd in ready:
            data = os.read(fd, 65536)
            if data:
                self.text[self.fds[fd]] += data.decode("utf-8", "replace")
            else:
                del self.fds[fd]
        return bool(ready)

    def line(self, stream, pattern, limit=LIMIT):
        """The next line of the stream that has the pattern; those before it are skipped."""
        end = time.monotonic() + limit
        while True:
            text, at = self.text[stream], self.taken[stream]
            stop = text.find("\n", at)
            if stop >= 0:
                self.taken[stream] = stop + 1
                if re.search(pattern, text[at:stop]):
                    return text[at:stop]
                continue
            if stream not in self.fds.values():
                raise Fail("%s ended and did not say '%s': status %s, %s" %
                           (self.argv[0], pattern, self.wait(), self.text["err"][-800:]))
            if time.monotonic() > end:
                raise Fail("%s did not say '%s' in %d s" % (self.argv[0], pattern, limit))
            self._read(1)

    def write(self, text):
        try:
            self.child.stdin.write(text.encode())
            self.child.stdin.flush()
        except BrokenPipeError:
            raise Fail("%s has ended: %s" % (self.argv[0], self.text["err"][-800:]))

    def close(self):
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass

    def kill(self, number):
        if self.status is None:
            os.kill(self.pid, number)

    def wait(self, limit=LIMIT):
        """Its status, as a shell's $?; what it used is in usage."""
        end = time.monotonic() + limit
        while self.status is None:
            if self.fds:
                self._read(0.2)
            else:
                time.sleep(0.02)
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                while self.fds and self._read(0):
                    pass
                code = os.waitstatus_to_exitcode(status)
                self.status, self.usage = code if code >= 0 else 128 - code, usage
                self.child.returncode = self.status
            elif time.monotonic() > end:
                raise Fail("%s did not end in %d s" % (self.argv[0], limit))
        return self.status

    def end(self):
        if self.status is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.wait()
        for stream in self.child.stdin, self.child.stdout, self.child.stderr:
            try:
                stream.close()
            except BrokenPipeError:
                pass


def end_all():
    while running:
        running.pop().end()


def run(argv, status=None, limit=LIMIT, **more):
    """Runs a command to its end."""
    proc = Proc(argv, **more)
    proc.close()
    got = proc.wait(limit)
    if status is not None:
        check(got == status, "%s: status %d, not %d: %s" %
              (" ".join(proc.argv), got, status, proc.text["err"][-800:]))
    return proc


def until(condition, what, limit=LIMIT):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise Fail("%s: not in %d s" % (what, limit))
        time.sleep(0.05)


def put(path, text):
    with open(path, "w") as f:
        f.write(str(text))


def get(path):
    with open(path) as f:
        return f.read().strip()


def release():
    """6.12 as 612"""
    major, minor = re.match(r"(\d+)\.(\d+)", os.uname().release).groups()
    return int(major) * 100 + int(minor)


def preemptible():
    try:
        mode = get("/sys/kernel/debug/sched/preempt")
        return "(full)" in mode or "(lazy)" in mode
    except OSError:
        return False


def in_guest():
    if not os.environ.get("PFSTAT_VM"):
        raise Skip("it changes the whole machine: only in a guest (tests/kernel/stress/run)")


class Report:
    """The last line of pfstat --json."""

    def __init__(self, text):
        lines = [l for l in text.splitlines() if l.startswith('{"schema":')]
        check(lines, "pfstat printed no report")
        self.total = json.loads(lines[-1])
        check(self.total["kind"] == "total", "the last line is not the total")
        self.paths = self.total["paths"]
        self.lost = self.total["lost"]

    def sum(self, key, path=None, origin=None):
        return sum(e[key] for e in self.paths if path in (None, e["path"])
                   and origin in (None, e["origin"]))

    def exceptions(self, key):
        """minor, major: of faults with an exception, so without get_user_pages."""
        return self.sum(key) - self.sum(key, origin="gup")

    @staticmethod
    def failed(entry):
        """Is it one that the kernel accounts neither as minor nor as major?"""
        return entry["outcome"] != "ok" or entry["path"] == "vsyscall"

    def check_rows(self):
        for e in self.paths:
            row = "%s/%s" % (e["path"], e["origin"])
            timed = sum(n for _, n in e["buckets"])
            check(e["count"] == timed + e["untimed"], row + ": buckets and count differ")
            check(e["count"] == e["read"] + e["write"] + e["exec"], row + ": access and count differ")
            if self.failed(e):
                check(e["minor"] + e["major"] == 0, row + ": a failed fault has a severity")
            else:
                check(e["count"] == e["minor"] + e["major"], row + ": severity and count differ")
            check(e["sum_ns"] <= e["max_ns"] * timed, row + ": sum and maximum differ")

    def text(self):
        return "%s; lost %s" % (" ".join("%s/%s=%d" % (e["path"], e["origin"], e["count"])
                                         for e in self.paths), self.lost)


class Pfstat:
    """pfstat -p of a process, or of the whole machine (None), until stop()."""

    def __init__(self, way, pid=None, more=(), program=None):
        argv = [program or OPTIONS.pfstat, "--json", "--attach=" + way, *more]
        if pid:
            argv += ["-p", pid]
        self.proc = Proc(argv)
        self.proc.line("err", "^Measuring")

    def stop(self, number=signal.SIGINT):
        if number:
            self.proc.kill(number)
        status = self.proc.wait()
        check(status == 0, "pfstat: status %d: %s" % (status, self.proc.text["err"][-800:]))
        report = Report(self.proc.text["out"])
        report.check_rows()
        return report


class Perf:
    """perf stat -p of the same process: page faults as another program counts them."""

    EVENTS = ("minor-faults", "major-faults", "page-faults")

    def __init__(self, pid):
        if not any(os.access(d + "/perf", os.X_OK) for d in os.environ["PATH"].split(":")):
            raise Skip("perf is not installed (Debian package linux-perf)")
        self.ack, ack = os.pipe()
        control, self.control = os.pipe()
        self.proc = Proc(["perf", "stat", "-x,", "-D", "-1",
                          "--control", "fd:%d,%d" % (control, ack),
                          "-e", ",".join(self.EVENTS), "-p", pid], pass_fds=(control, ack))
        os.close(control)
        os.close(ack)
        self.say("enable")

    def say(self, word):
        os.write(self.control, (word + "\n").encode())
        ready, _, _ = select.select([self.ack], [], [], LIMIT)
        check(ready and b"ack" in os.read(self.ack, 16), "perf stat did not " + word)

    def stop(self):
        self.proc.kill(signal.SIGINT)
        self.proc.wait()
        os.close(self.control)
        os.close(self.ack)
        found = dict(re.findall(r"^(\d+),,([a-z-]+)", self.proc.text["err"], re.M)[i][::-1]
                     for i in range(len(self.EVENTS))) if "," in self.proc.text["err"] else {}
        check(len(found) == len(self.EVENTS), "perf stat said: " + self.proc.text["err"][-400:])
        return [int(found[event]) for event in self.EVENTS]


class Measured:
    """What all of them say of one process, its threads and children."""

    def __init__(self, report, perf, rusage, result):
        self.report, self.result = report, result
        self.minor, self.major, self.all = perf
        self.usage = rusage  # minor, major, or None

    def note(self):
        note("perf: minor %d, major %d, page-faults %d; getrusage: %s" %
             (self.minor, self.major, self.all,
              "minor %d, major %d" % tuple(self.usage) if self.usage else "none"))
        note("pfstat: " + self.report.text())

    def check_sums(self, allowed=()):
        """docs/accounting.md: sum 1, with perf's own events in the place of pfstat's."""
        r, lost = self.report, self.report.lost
        self.note()
        dropped = lost.get("end_without_begin", 0) + lost.get("missed", 0)
        got = r.exceptions("minor") + r.exceptions("major")
        check(got + dropped == self.minor + self.major,
              "pfstat has %d faults and lost %d, perf stat %d" %
              (got, dropped, self.minor + self.major))
        if not dropped:
            check((r.exceptions("minor"), r.exceptions("major")) == (self.minor, self.major),
                  "pfstat: %d minor, %d major; perf stat: %d, %d" %
                  (r.exceptions("minor"), r.exceptions("major"), self.minor, self.major))
        for reason in lost:
            check(reason in allowed, "lost: %s %d" % (reason, lost[reason]))
        # A child whose birth the kernel did not show is known by its first fault's end.
        unborn = lost.get("end_without_begin", 0)
        check(unborn <= lost.get("marker_missed", 0), "%d ends without a begin, and no reason" % unborn)
        coarse = lost.get("vma_busy", 0) + lost.get("marker_missed", 0) + lost.get("table_full", 0)
        check(lost.get("unclassified", 0) <= coarse, "%d unclassified faults, and only %d marks or "
              "VMAs not seen" % (lost.get("unclassified", 0), coarse))

    def check_failed(self):
        """page-faults counts each exception that looks for a VMA; min and maj those that succeed."""
        r = self.report
        perf = self.all - self.minor - self.major
        low = sum(e["count"] for e in r.paths
                  if r.failed(e) and e["path"] not in ("kern_addr", "fixup"))
        # Of the fixups those with page faults disabled look for none; an open one may have failed.
        high = low + r.sum("count", "fixup", "kernel") + r.lost.get("in_flight", 0)
        check(low <= perf <= high, "pfstat has %d to %d failed faults, perf stat %d" %
              (low, high, perf))

    def check_usage(self, gup=0):
        """getrusage counts get_user_pages faults as well."""
        check(sum(self.usage) == self.minor + self.major + gup,
              "getrusage has %d faults, perf stat %d, get_user_pages %d" %
              (sum(self.usage), self.minor + self.major, gup))


PF_EXITING = 0x4  # include/linux/sched.h


def exiting(pid):
    """Is a thread of the process about to end? One that has ended meanwhile isn't."""
    for path in glob.glob("/proc/%d/task/*/stat" % pid):
        try:
            with open(path, encoding="utf-8", errors="replace") as stat:
                flags = stat.read().rpartition(")")[2].split()[6]
        except OSError:
            continue
        if int(flags) & PF_EXITING:
            return True
    return False


def settle(pid):
    """Waits until no thread is exiting. pthread_join(3) returns before the thread has left its
    events, and up to Linux 5.12 whoever reads an inherited event in between counts that thread
    twice (perf_event_exit_event: sync_child_event, and only then off the list of children)."""
    until(lambda: not exiting(pid), "a thread of %d is still exiting" % pid)


def paused(way, argv, more=(), program=None, perf=True, last="^{"):
    """A program that says "ready PID", waits for a line, prints JSON and waits for another one."""
    load = Proc(argv)
    load.line("out", "^ready ")
    counter = Perf(load.pid) if perf else None
    pfstat = Pfstat(way, load.pid, more, program)
    load.write("\n")
    result = load.line("out", last, 7200 if OPTIONS.full else 600)
    settle(load.pid)
    counts = counter.stop() if perf else (0, 0, 0)
    report = pfstat.stop()
    load.write("\n")
    status = load.wait()
    check(status in (0, 1), "%s: status %d: %s" % (load.argv[0], status, load.text["err"][-400:]))
    result = json.loads(result)
    usage = (result["minflt"], result["majflt"]) if "minflt" in result else None
    return Measured(report, counts, usage, result)


def before_exec(pid):
    """minflt, majflt so far; of its children as well."""
    fields = get("/proc/%d/stat" % pid).rpartition(")")[2].split()
    return int(fields[7]) + int(fields[8]), int(fields[9]) + int(fields[10])


def shell(way, command, more=(), perf=True):
    """A shell that waits for a line and becomes the command; measured to its end."""
    load = Proc(["sh", "-c", "echo ready; read line; exec " + command])
    load.line("out", "^ready")
    counter = Perf(load.pid) if perf else None
    pfstat = Pfstat(way, load.pid, more)
    base = before_exec(load.pid)
    load.write("\n")
    load.close()
    status = load.wait(600)
    report = pfstat.stop(None)
    counts = counter.stop() if perf else (0, 0, 0)
    usage = (load.usage.ru_minflt - base[0], load.usage.ru_majflt - base[1])
    return Measured(report, counts, usage, None), status, load


def way_missing(way):
    """The reason why this kernel does not allow the way, or None."""
    dry = run([OPTIONS.pfstat, "--dry-run", "--attach=" + way])
    if dry.status == 3:
        return dry.text["err"].splitlines()[0]
    check(dry.status == 0, "pfstat --dry-run: " + dry.text["err"])
    return None


def bpf_objects():
    """The ids of all BPF programs, maps and links, and the programs behind perf events."""
    found = {}
    for what in "prog", "map", "link":
        proc = run(["bpftool", "-j", what, "show"])
        if proc.status == 0:
            found[what] = {(o["id"], o.get("name", o.get("type", "")))
                           for o in json.loads(proc.text["out"] or "[]")}
    proc = run(["bpftool", "-j", "perf", "show"])
    if proc.status == 0:
        found["perf"] = {(o["pid"], o["fd"]) for o in json.loads(proc.text["out"] or "[]")}
    return found


def check_nothing_left(before):
    """The kernel frees programs and maps a little after their last user is gone."""
    left = {}

    def gone():
        now = bpf_objects()
        left.clear()
        left.update({k: now[k] - before.get(k, set()) for k in now})
        return not any(left.values())

    try:
        until(gone, "BPF objects gone", 30)
    except Fail:
        raise Fail("left behind: %s" % {k: sorted(v) for k, v in left.items() if v})
