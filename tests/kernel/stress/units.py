# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# units.py: the units of contrib/systemd under a real systemd: with all that they
# take away from it pfstat begins, measures, reads its configuration again, sees
# CPUs come, gets its sockets, and is started anew when it was killed.
import contextlib
import os
import shutil
import signal
import subprocess
import urllib.request

import harness
from faults import perf_fds, setting
from harness import Proc, Skip, check, in_guest, note, put, until
from serve import PARANOID, Serve, cgroup, check_confined, check_faults, total, wait_for_cpu

SYSTEMD = "/lib/systemd/systemd"
UNITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../contrib/systemd")
FOLDER = "/run/systemd/system"
OPTIONS = "/etc/default/pfstat"
CONFIG = "/etc/pfstat/web.yml"
URL = "http://127.0.0.1:10240/metrics"


def put_new(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    put(path, text)


class Systemd:
    """One that starts nothing by itself; of a PID namespace, as the guest has a first process."""

    def __init__(self):
        shutil.copy(harness.OPTIONS.pfstat, "/usr/local/sbin/pfstat")
        os.makedirs(FOLDER, exist_ok=True)
        for unit in "pfstat.service", "pfstat.socket":
            shutil.copy(os.path.join(UNITS, unit), FOLDER)
        put(FOLDER + "/nothing.target", "[Unit]\nDefaultDependencies=no\n")
        # systemd-tmpfiles empties /tmp at boot, where the programs of the test are.
        put_new("/etc/tmpfiles.d/tmp.conf", "")
        self.outer = Proc(["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
                           "env", "container=pfstat-test", SYSTEMD, "--unit=nothing.target", "--log-target=kmsg"])
        self.pid = 0
        until(self.answers, "systemd answers")

    def answers(self):
        if not self.pid:
            found = subprocess.run(["pgrep", "-P", str(self.outer.pid)], capture_output=True, text=True, check=False)
            self.pid = int(found.stdout or 0)
        return self.pid and self.run("systemctl", "show").returncode == 0

    def run(self, *argv):
        """It speaks only to those of its namespace."""
        return subprocess.run(["nsenter", "--target=%d" % self.pid, "--pid", "--mount", *argv],
                              capture_output=True, text=True, timeout=harness.LIMIT, check=False)

    def journal(self):
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit=pfstat.service").stdout

    def do(self, *argv):
        done = self.run("systemctl", *argv)
        check(done.returncode == 0, "systemctl %s: %s%s" % (" ".join(argv), done.stderr, self.journal()[-1500:]))

    def state(self, unit="pfstat.service"):
        return self.run("systemctl", "show", "--value", "--property=ActiveState", unit).stdout.strip()


@contextlib.contextmanager
def systemd(options):
    in_guest()
    if not os.path.exists(SYSTEMD):
        raise Skip("no systemd (Debian package systemd)")
    put_new(OPTIONS, 'PFSTAT_OPTIONS="--by cgroup %s"\n' % options)
    with setting(PARANOID, 2), cgroup() as path:
        first = Systemd()
        try:
            yield first, path
        finally:
            first.outer.kill(signal.SIGKILL)
            first.outer.wait()
            until(lambda: not os.path.exists("/proc/%d" % first.pid), "all of its namespace ends")


class Unit(Serve):
    """The pfstat that systemd has started, as pfstat serve is elsewhere."""

    url = URL

    def __init__(self):
        # MainPID is that in systemd's namespace.
        found = subprocess.run(["pgrep", "-x", "pfstat"], capture_output=True, text=True, check=False).stdout.split()
        check(len(found) == 1, "processes: %s" % found)
        self.pid = int(found[0])


def web(frames):
    return "http_server_config:\n  headers:\n    X-Frame-Options: %s\n" % frames


def check_hotplug(unit):
    with setting("/sys/devices/system/cpu/cpu1/online", 0):
        old = perf_fds(unit.pid)
    wait_for_cpu(unit, old)
    check(total(unit.scrape(), "pfstat_unmeasured_cpus") == 0, "a CPU is not measured")


def service():
    with systemd("--web.listen-address=127.0.0.1:10240 --web.config.file=" + CONFIG) as (first, path):
        put_new(CONFIG, web("deny"))
        first.do("start", "pfstat.service")
        unit = Unit()
        for line in first.journal().splitlines():
            note(line)
        # systemd's range for dynamic users begins there.
        check(int(unit.status("Uid")) >= 61184, "its user is %s, not a dynamic one" % unit.status("Uid"))
        check_confined(unit)
        check("perf events are refused" not in first.journal(), "the end is the last resort")
        check_faults(unit, path)
        put(CONFIG, web("sameorigin"))
        first.do("reload", "pfstat.service")
        until(lambda: "Web configuration read again" in first.journal(), "the configuration read again")
        check_hotplug(unit)
        os.kill(unit.pid, signal.SIGKILL)
        until(lambda: first.state() != "active", "systemd sees that it was killed")
        until(lambda: first.state() == "active", "it is started again")
        check_faults(Unit(), path)
        first.do("stop", "pfstat.service")
        check(first.state() == "inactive", "stopped, it is %s" % first.state())


def socket():
    with systemd("--web.systemd-socket") as (first, path):
        first.do("start", "pfstat.socket")
        check(first.state() == "inactive", "it is %s before anybody asks" % first.state())
        # The connection waits until it serves.
        with urllib.request.urlopen(URL, timeout=harness.LIMIT) as answer:
            check(b"\npfstat_build_info{" in answer.read(), "the first scrape is not whole")
        check_faults(Unit(), path)
        first.do("restart", "pfstat.service")
        check_faults(Unit(), path)
        first.do("stop", "pfstat.socket", "pfstat.service")


def tests(_ways, _full):
    yield "units/service", service
    yield "units/socket", socket
