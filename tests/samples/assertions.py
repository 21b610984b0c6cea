# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# assertions.py: the toys, and what each must do in a built tree. tree(NAME) is a file of it.
import dataclasses
import json
import os
import re
import signal
import subprocess
import tempfile
import urllib.request

from harness import LIMIT, Proc, check, run, until

COMMANDS = ("stat", "trace", "profile", "serve", "doctor")


@dataclasses.dataclass
class Toy:
    name: str  # of the patch
    row: str  # of CONTRIBUTING.md
    test: object
    command: str = None  # COMMAND in that row
    builds: tuple = ()  # besides pfstat


def pfstat(tree, *args):
    """Its standard output."""
    return run([tree("build/pfstat"), *args], 0).text["out"]


def refused(tree, *args):
    """Standard error of a command line that is wrong."""
    return run([tree("build/pfstat"), *args], 2).text["err"]


def total(tree, *args, kind="anon", count=100):
    """The total of faults that faultgen makes."""
    out = pfstat(tree, "--json", *args, "--", tree("build/faultgen"), kind, str(count))
    found = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return found[-1]


def unit(tree, name):
    """A unit test of the tree passes."""
    path = tree("build/tests/" + name)
    check(os.path.exists(path), "no " + name)
    done = subprocess.run([path], cwd=tree.path, capture_output=True, text=True, timeout=LIMIT, check=False)
    check(done.returncode == 0, "%s: %s" % (name, (done.stdout + done.stderr)[-1500:]))


def script(tree, *argv):
    """A script of the tree passes."""
    done = subprocess.run([tree(argv[0]), *argv[1:]], cwd=tree.path, capture_output=True, text=True, timeout=LIMIT,
                          check=False)
    check(done.returncode == 0, "%s: %s" % (argv[0], (done.stdout + done.stderr)[-1500:]))
    return done.stdout


def planned(tree, *args):
    """{hook: how it is attached} of --dry-run."""
    out = pfstat(tree, *args, "--dry-run", "--", "true")
    return dict(re.findall(r"^(\w+) +(\S+)", out, re.M))


def counts(rows):
    return sum(row["count"] for row in rows)


# --- the toys

def test_command(tree):
    check(pfstat(tree, "toy") == "a toy\n", "pfstat toy printed something else")
    check(pfstat(tree, "toy", "-v") == "a toy, in detail\n", "pfstat toy -v printed something else")
    check("toy" in refused(tree, "toy", "--nonsense"), "the message does not name the command")
    check(re.search(r"^ +pfstat toy +print one line", pfstat(tree, "--help"), re.M), "--help does not have it")
    script(tree, "tests/layers")


def test_dimension(tree):
    for by in "toy", "toy,path", "comm,toy":
        found = total(tree, "--by", by, "-n", "0")
        rows = found["groups"]
        check(rows and all(row["toy"] in (0, 1) for row in rows), "--by %s: %s" % (by, rows))
        parts = rows + [found["groups_other"], found["groups_exited"]]
        for field in "count", "major", "sum_ns", "untimed":
            have, want = (sum(row[field] for row in part) for part in (parts, found["paths"]))
            check(have == want, "--by %s: %s of the rows is %d, not %d" % (by, field, have, want))
        check(counts(rows) >= 100, "--by %s: the rows have %d faults" % (by, counts(rows)))
    check("TOY" in pfstat(tree, "--by", "toy", "--", tree("build/faultgen"), "anon", "10"), "no column TOY")
    # The header comes with the first rows, behind what faultgen prints.
    csv = pfstat(tree, "--csv", "--by", "toy", "--", tree("build/faultgen"), "anon", "10")
    header = next((line for line in csv.splitlines() if line.startswith("kind,")), "")
    check("toy" in header.split(","), "no column in the CSV: " + csv)


def test_path(tree):
    check(re.search(r"^ +toy +\w+ .*filemap_map_pages mapped$", pfstat(tree, "doctor"), re.M),
          "doctor does not have it")
    found = total(tree, "--attach=tracepoint", "--path", "toy")["paths"]
    check({row["path"] for row in found} <= {"toy"}, "--path toy: %s" % found)
    hooks = planned(tree, "--attach=tracepoint")
    # Up to 6.1 the kernel does not have the first, and the task's counts are compared instead of the second.
    if hooks["mm_filemap_map_pages"] == hooks["rss_stat"] == "tracepoint":
        check(counts(found) >= 5, "%d faults of the path" % counts(found))
    unit(tree, "test_classify")
    unit(tree, "test_evidence_rows")
    script(tree, "tests/paths-doc")


def test_hook(tree):
    check("next_uptodate_folio" in planned(tree), "--dry-run does not have it")
    check(re.search(r"^ +next_uptodate_folio ", pfstat(tree, "doctor", "-v"), re.M), "doctor does not have it")
    unit(tree, "test_hooks")
    script(tree, "tests/paths-doc")


def test_fact(tree):
    check("finish_fault" in planned(tree), "--dry-run does not have its hook")
    unit(tree, "test_toy")
    unit(tree, "test_hooks")
    script(tree, "tests/paths-doc")


def test_tracepoint(tree):
    check(planned(tree).get("sched_process_fork") == "tracepoint", "--dry-run does not attach it")
    check(re.search(r"^sched_process_fork +unneeded", pfstat(tree, "--dry-run"), re.M), "the whole machine needs it")
    check(counts(total(tree)["paths"]) >= 100, "nothing is measured with it")
    unit(tree, "test_hooks")
    script(tree, "tests/paths-doc")


def test_end(tree):
    check(re.search(r"^ +end +toy +a toy: ", pfstat(tree, "doctor"), re.M), "doctor does not have it")
    found = total(tree, "--attach=end=toy", "--check")
    check(found["methods"]["end"] == "toy", "%s" % found["methods"])
    check(counts(found["paths"]) >= 100 and found["check"]["ok"], "%s" % found)
    check("toy" in refused(tree, "--attach=end=nonsense", "--", "true"), "the message does not list it")
    unit(tree, "test_plan")


def test_loss(tree):
    out = pfstat(tree, "--json", "--", "sh", "-c", "for i in 1 2 3; do /bin/true; done; exit 0")
    lost = json.loads(out.splitlines()[-1])["lost"]
    check(lost.get("toy") == 3, "3 tasks were created: %s" % lost)
    check("toy" not in total(tree)["lost"], "no task was created")
    unit(tree, "test_hooks")


def test_check(tree):
    measured = Proc([tree("build/pfstat"), "--json", "--check", "-d", "0.5"])
    run([tree("build/faultgen"), "anon", "2000"], 0)
    check(measured.wait(LIMIT) in (0, 1), "--check: status %s" % measured.status)
    found = json.loads(measured.text["out"].splitlines()[-1])["check"]["rows"]
    rows = [row for row in found if row["counter"] == "pgfree"]
    check(len(rows) == 1 and rows[0]["book"] == "vmstat" and rows[0]["verdict"] == "information", "%s" % found)
    check(rows[0]["kernel_high"] > 0, "the kernel freed no page: %s" % rows)


def test_option(tree):
    check("print the total N more times" in pfstat(tree, "stat", "--help"), "--help does not have it")
    for value in "0", "10", "-1", "x", "1x", "":
        check("--toy" in refused(tree, "--toy=" + value, "--", "true"), "the message does not name the option")
    for value in 1, 9:
        out = pfstat(tree, "--json", "--toy", str(value), "--", "true")
        check(len(out.splitlines()) == value + 1, "--toy %d: %d lines" % (value, len(out.splitlines())))


class Serve:
    def __init__(self, tree, *args):
        self.proc = Proc([tree("build/pfstat"), "serve", "--web.listen-address=127.0.0.1:0", *args])
        self.url = self.proc.line("err", "^Listening on ").split()[-1]

    def samples(self, name):
        """The values of a metric's series."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=LIMIT) as answer:
            text = answer.read().decode()
        return [float(value) for value in re.findall(r"^%s(?:\{.*\})? (\S+)$" % name, text, re.M)]

    def stop(self):
        self.proc.kill(signal.SIGTERM)
        check(self.proc.wait() == 0, "pfstat serve: status %s" % self.proc.status)


def test_metric(tree):
    target = Proc(["sh", "-c", "read line; %s anon 300; read line" % tree("build/faultgen")])
    serve = Serve(tree, "-p", str(target.pid))
    check(serve.samples("pfstat_toy_events_total") == [0], "it does not begin at 0")
    target.write("\n")
    until(lambda: serve.samples("pfstat_toy_events_total")[0] >= 300, "the metric has no 300 faults")
    check(sum(serve.samples("pfstat_faults_total")) >= 300, "the other metrics have no 300 faults")
    serve.stop()
    unit(tree, "test_serve_metrics")


def test_web_key(tree):
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "web.yml")
        for value in "6", "-1", "x":
            with open(config, "w", encoding="utf-8") as f:
                f.write("rate_limit:\n  toy: %s\n" % value)
            said = refused(tree, "serve", "--web.config.file=" + config)
            check("web.yml:2: " in said and "no number from 0 to 5" in said, "%s: %s" % (value, said))
        with open(config, "w", encoding="utf-8") as f:
            f.write("rate_limit:\n  toy: 5\n")
        serve = Serve(tree, "-p", str(os.getpid()), "--web.config.file=" + config)
        check(serve.samples("pfstat_build_info") == [1], "nothing is served")
        serve.stop()
    unit(tree, "test_web_config")


def check_format_names(tree, command, text):
    """--help and the refusal of another name list it."""
    listed = " ".join(pfstat(tree, command, "--help").split())
    check(", toy (%s)" % text in listed, "--help does not have it")
    check("toy" in refused(tree, command, "--format=nonsense", "--", "true"), "the message does not list it")


def test_format(command):
    def test(tree):
        args = (command, "--format=toy", "--", tree("build/faultgen"), "anon", "50")
        lines = [line for line in pfstat(tree, *args).splitlines() if "faults in" not in line]
        check(lines == ["toy " + command], "%s" % lines)
        check_format_names(tree, command, "one word for each record")
    return test


def test_trace_format(tree):
    out = pfstat(tree, "trace", "--format=toy", "--slower", "0", "--", tree("build/faultgen"), "anon", "50")
    lines = [line for line in out.splitlines() if "faults in" not in line]
    check(lines.count("toy anon") >= 50, "%d lines of %d are of anon" % (lines.count("toy anon"), len(lines)))
    check_format_names(tree, "trace", "the path of each fault")


def test_cause(tree):
    state = re.search(r"^ +toy +(\w+) +moved pages", pfstat(tree, "doctor"), re.M)
    check(state, "doctor does not have it")
    hooks = planned(tree, "--causes")
    # Old kernels do not have the first.
    attached = hooks["mm_migrate_pages_start"] == hooks["mm_migrate_pages"] == "tracepoint"
    check((state.group(1) == "available") == attached, "%s, and attached: %s" % (state.group(1), attached))
    found = total(tree, "--causes")["paths"]
    check(all(("toy" in row["causes"]) == attached for row in found), "causes of %s" % found)
    for row in found:
        have = sum(row["causes"].values())
        check(have == row["sum_ns"], "%s: the causes add up to %d, not %d" % (row["path"], have, row["sum_ns"]))
    unit(tree, "test_hooks")
    script(tree, "tests/paths-doc")


def test_kernel(tree):
    names = script(tree, "tests/kernel/vm/fetch", "--list").split()
    check("toy" in names, "fetch --list: %s" % " ".join(names))


TOYS = [
    Toy("command", "a command", test_command),
    Toy("dimension", "a dimension of --by", test_dimension),
    Toy("path", "a path", test_path, builds=("build/tests/test_classify", "build/tests/test_evidence_rows")),
    Toy("hook", "a hook on a function", test_hook, builds=("build/tests/test_hooks",)),
    Toy("fact", "a fact", test_fact, builds=("build/tests/test_toy", "build/tests/test_hooks")),
    Toy("tracepoint", "a tracepoint", test_tracepoint, builds=("build/tests/test_hooks",)),
    Toy("end", "an end of faults", test_end, builds=("build/tests/test_plan",)),
    Toy("loss", "a reason of loss counted in the kernel", test_loss, builds=("build/tests/test_hooks",)),
    Toy("check", "a counter that --check compares", test_check),
    Toy("option", "an option", test_option, command="stat"),
    Toy("metric", "a metric", test_metric, builds=("build/tests/test_serve_metrics",)),
    Toy("web_key", "a key of --web.config.file", test_web_key, builds=("build/tests/test_web_config",)),
    Toy("format_stat", "an output format", test_format("stat"), command="stat"),
    Toy("format_profile", "an output format", test_format("profile"), command="profile"),
    Toy("format_trace", "a format of pfstat trace", test_trace_format),
    Toy("cause", "a cause", test_cause, builds=("build/tests/test_hooks",)),
    Toy("kernel", "a kernel of the VM tests", test_kernel),
]
