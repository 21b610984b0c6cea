#!/usr/bin/python3
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# check.py: what can be said of contrib/ without running any of it. Each function
# is a check; it prints what is wrong, and the exit status is 1 when it printed.
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import yaml

import expressions
from expressions import ROOT, read

PFSTAT = os.environ.get("PFSTAT", os.path.join(ROOT, "build/pfstat"))
wrong = []


def check(condition, text):
    if not condition:
        wrong.append(text)


def rules():
    return [rule for path in expressions.RULES for group in yaml.safe_load(read(path))["groups"]
            for rule in group["rules"]]


# --- Prometheus

def syntax():
    """promtool parses every expression: as rules of a file made for that."""
    found = expressions.everything()
    names = ["test:e%d" % i for i in range(len(found))]
    group = {"name": "all", "rules": [{"record": n, "expr": e} for n, (_, e) in zip(names, found)]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        yaml.safe_dump({"groups": [group]}, f)
        f.flush()
        tool = subprocess.run(["promtool", "check", "rules", f.name], capture_output=True, text=True,
                              timeout=60, check=False)
    for number, text in re.findall(r'rule (\d+), "test:e\d+": (.*)', tool.stderr + tool.stdout):
        where, expression = found[int(number) - 1]
        wrong.append("%s: %s: %s" % (where, text, expression))
    check(tool.returncode == 0 or wrong, tool.stderr)
    for where in {expressions.DOCS, *expressions.RULES, expressions.DASHBOARD}:
        check(any(w == where for w, _ in found), where + " has no expression")


def covered():
    """promtool itself does not say which rules its tests leave out."""
    tests = yaml.safe_load(read("contrib/prometheus/pfstat_test.yml"))["tests"]
    asked = [(t, sample) for test in tests for t in test.get("promql_expr_test", [])
             for sample in t["exp_samples"] or [None]]
    # A firing alert is an expected sample of ALERTS, in a test that also has a time without it.
    fires = {re.search(r'alertname="(\w+)"', s["labels"]).group(1)
             for t, s in asked if t["expr"].startswith("ALERTS") and s}
    with_quiet = {re.search(r'alertname="(\w+)"', s["labels"]).group(1) for test in tests
                  if any(t["expr"].startswith("ALERTS") and not t["exp_samples"]
                         for t in test.get("promql_expr_test", []))
                  for t in test["promql_expr_test"] for s in t["exp_samples"] or []
                  if t["expr"].startswith("ALERTS")}
    recorded = {name for t, s in asked if s for name in re.findall(r"[\w:]+:[\w:]+", t["expr"])}
    for rule in rules():
        if "record" in rule:
            check(rule["record"] in recorded, "no test of " + rule["record"])
        else:
            check(rule["alert"] in fires, "no test in which it fires: " + rule["alert"])
            check(rule["alert"] in with_quiet, "no test in which it does not fire: " + rule["alert"])


def alerts():
    for rule in rules():
        if "alert" not in rule:
            continue
        name = rule["alert"]
        check(re.match(r"Pfstat[A-Z]", name), name + ": the name does not begin with Pfstat")
        check(rule.get("labels", {}).get("severity") in ("critical", "warning", "info"), name + ": no severity")
        for key in "summary", "description", "runbook":
            check(rule["annotations"].get(key), "%s: no %s" % (name, key))
        check("$labels.instance" in rule["annotations"]["summary"], name + ": the summary does not say where")
    for rule in rules():
        for name in re.findall(r"[\w]+:[\w]+:[\w]+", rule["expr"]):
            check(name in {r.get("record") for r in rules()}, name + " is not recorded")


# --- metrics

def documented():
    """{name: type} of the tables of docs/metrics.md."""
    found = {}
    for names, kind in re.findall(r"^\| (`.*?`) \| (\w+) \|", read(expressions.DOCS), re.M):
        found.update((name, kind) for name in re.findall(r"`(\w+)`", names))
    return found


def exported():
    """{name: type} of the table of src/serve/metrics.c, as a scrape of text 0.0.4 has them."""
    suffix = {"COUNTER": "_total", "INFO": "_info", "GAUGE": "", "HISTOGRAM": ""}
    kind = {"COUNTER": "counter", "INFO": "gauge", "GAUGE": "gauge", "HISTOGRAM": "histogram"}
    return {name + suffix[k]: kind[k] for name, k in
            re.findall(r'\{ "((?:pfstat|process)_\w+)", METRIC_(\w+)', read("src/serve/metrics.c"))}


def names():
    """Whatever is asked for is documented."""
    docs = documented()
    known = set(docs)
    for name, kind in docs.items():
        if kind == "histogram":
            known.update(name + suffix for suffix in ("_bucket", "_sum", "_count"))
    for where, expression in expressions.everything():
        for name in expressions.metrics_of(expression) - known:
            wrong.append("%s: %s is not in %s" % (where, name, expressions.DOCS))


def families():
    """The tables of docs/metrics.md are the table of src/metrics.c."""
    docs, source = documented(), exported()
    check(len(source) > 10, "src/serve/metrics.c: %d families found" % len(source))
    for name in sorted(docs.keys() | source.keys()):
        check(docs.get(name) == source.get(name), "%s: %s in %s, %s in src/serve/metrics.c" %
              (name, docs.get(name), expressions.DOCS, source.get(name)))


# --- Grafana

def dashboard():
    board = json.loads(read(expressions.DASHBOARD))
    variables = {t["name"] for t in board["templating"]["list"]}
    panels = board["panels"]
    check(len({p["id"] for p in panels}) == len(panels), "two panels have the same id")
    check({"datasource", "job", "instance"} <= variables, "variables: %s" % sorted(variables))
    used = set(re.findall(r"\$\{?(?!__)(\w+)", json.dumps(panels) + json.dumps(board["annotations"])))
    check(used <= variables, "not a variable: %s" % sorted(used - variables))
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        check(not cells & taken and at["x"] + at["w"] <= 24, "%s is not alone in its place" % panel["title"])
        taken |= cells
        if panel["type"] == "row":
            continue
        check(panel["targets"], "%s asks for nothing" % panel["title"])
        for target in [panel, *panel["targets"]]:
            check(target["datasource"]["uid"] == "${datasource}", "%s: data source" % panel["title"])
        check("unit" in panel["fieldConfig"]["defaults"] or panel["type"] == "heatmap", "%s: no unit" % panel["title"])


# --- Kubernetes and images

def objects(path):
    return list(yaml.safe_load_all(read("contrib/kubernetes/" + path)))


def has_all(wanted, labels):
    return bool(wanted) and wanted.items() <= labels.items()


def kubernetes():
    found = {o["kind"]: o for o in objects("pfstat.yaml")}
    check(set(found) == {"Namespace", "ServiceAccount", "DaemonSet"}, "kinds: %s" % sorted(found))
    for o in found.values():
        check(o["apiVersion"] == ("apps/v1" if o["kind"] == "DaemonSet" else "v1"), o["kind"] + ": apiVersion")
        if o["kind"] != "Namespace":
            check(o["metadata"]["namespace"] == found["Namespace"]["metadata"]["name"], o["kind"] + ": namespace")
    spec = found["DaemonSet"]["spec"]
    template, pod = spec["template"], spec["template"]["spec"]
    check(has_all(spec["selector"]["matchLabels"], template["metadata"]["labels"]), "selector and labels differ")
    check(pod["serviceAccountName"] == found["ServiceAccount"]["metadata"]["name"], "service account")
    for key in "hostPID", "hostNetwork", "hostIPC":
        check(not pod.get(key), key)
    check({"operator": "Exists"} in pod["tolerations"], "not on every node")
    check(len(pod["containers"]) == 1, "more than one container")
    container(pod, pod["containers"][0], template["metadata"]["annotations"])
    monitor = objects("podmonitor.yaml")[0]
    check(has_all(monitor["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]), "PodMonitor: selector")
    check({e["port"] for e in monitor["spec"]["podMetricsEndpoints"]} <=
          {p["name"] for p in pod["containers"][0]["ports"]}, "PodMonitor: port")
    job = yaml.safe_load(read("contrib/kubernetes/scrape.yml"))["scrape_configs"][0]
    check(job["kubernetes_sd_configs"][0]["namespaces"]["names"] == [found["Namespace"]["metadata"]["name"]],
          "scrape.yml: namespace")


def container(pod, box, annotations):
    secure = box["securityContext"]
    check(secure["capabilities"] == {"drop": ["ALL"], "add": ["BPF", "PERFMON"]}, "capabilities")
    check(secure["readOnlyRootFilesystem"] is True and secure["allowPrivilegeEscalation"] is False and
          secure["privileged"] is False, "securityContext")
    port = {p["name"]: p["containerPort"] for p in box["ports"]}
    for probe, path in (("startupProbe", "/-/ready"), ("readinessProbe", "/-/ready"), ("livenessProbe", "/-/healthy")):
        get = box[probe]["httpGet"]
        check(get["path"] == path and get["port"] in port, probe)
    check(annotations == {"prometheus.io/scrape": "true", "prometheus.io/port": str(port["metrics"]),
                          "prometheus.io/path": "/metrics"}, "annotations")
    check("--web.listen-address=:%d" % port["metrics"] in box["args"] and box["args"][0] == "serve", "args")
    check(box["resources"]["requests"] and box["resources"]["limits"]["memory"], "resources")
    volumes = {v["name"]: v["hostPath"]["path"] for v in pod["volumes"]}
    mounts = {m["name"]: m for m in box["volumeMounts"]}
    check(volumes.keys() == mounts.keys(), "volumes and mounts differ")
    for name, mount in mounts.items():
        check(mount.get("readOnly") is True and mount["mountPath"] == volumes[name], "mount " + name)
    check("/sys" in volumes.values(), "/sys is not the host's")


def stages():
    """The packages that each stage of the Containerfile installs."""
    text = read("contrib/kubernetes/Containerfile").replace("\\\n", " ")
    return [set(re.search(r"apt-get install -y --no-install-recommends\s+([\w.+ \t-]*)", s).group(1).split())
            for s in re.split(r"^FROM ", text, flags=re.M)[1:]]


def image():
    """It builds with what the build needs, and runs with the libraries that the program is linked with."""
    build, final = stages()
    lines = (line.partition("#") for line in read("packages.txt").splitlines())
    needed = {name.strip() for name, _, use in lines if name.strip().endswith("-dev") and " tests" not in use}
    for package in sorted(needed - build):
        wrong.append("packages.txt has %s, the first stage has not" % package)
    tool = subprocess.run(["objdump", "-p", PFSTAT], capture_output=True, text=True, timeout=60, check=True)
    for library in re.findall(r"NEEDED\s+(\S+)", tool.stdout):
        owner = subprocess.run(["dpkg", "-S", "*/" + library], capture_output=True, text=True, timeout=60,
                               check=False).stdout
        owners = {line.partition(":")[0] for line in owner.splitlines()}
        # libc6 is in every image.
        check(owners & (final | {"libc6"}), "the last stage lacks %s (%s)" % (library, sorted(owners)))


# --- options

def options():
    """What contrib/ passes to pfstat serve is what it takes."""
    text = subprocess.run([PFSTAT, "serve", "--help"], capture_output=True, text=True, timeout=60, check=False)
    known = set(re.findall(r"--[a-z][a-z.-]+", text.stdout))
    check(text.returncode == 0 and len(known) > 5, "pfstat serve --help says nothing")
    default = read("contrib/systemd/pfstat.default")
    box = [o for o in objects("pfstat.yaml") if o["kind"] == "DaemonSet"][0]["spec"]["template"]["spec"]["containers"][0]
    for where, used in (("pfstat.default", default), ("pfstat.yaml", " ".join(box["args"])),
                        ("pfstat.socket", read("contrib/systemd/pfstat.socket")),
                        ("pfstat.service", read("contrib/systemd/pfstat.service"))):
        # --now is systemctl's.
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z.-]+", used)) - known - {"--now"}:
            wrong.append("%s: pfstat serve has no %s" % (where, option))


CHECKS = {f.__name__: f for f in (syntax, covered, alerts, names, families, dashboard, kubernetes, image, options)}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        print("Usage: check.py %s" % "|".join(CHECKS), file=sys.stderr)
        return 2
    CHECKS[sys.argv[1]]()
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
