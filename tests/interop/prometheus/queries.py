# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# queries.py: every expression that pfstat's documentation, rules and dashboard
# tell people to use is answered by a real Prometheus, and names metrics that are.
import glob
import json
import os
import re

import exposition
import harness
from harness import Fail, check, note, until
from setup import LIMIT, Faultgen, Prometheus, Serve, scratch

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
DOCS = "docs/metrics.md"
RULES = "contrib/prometheus/pfstat.*.yml"
DASHBOARD = "contrib/grafana/pfstat.json"
# Grafana's own variables.
BUILT_IN = {"__rate_interval": "5s", "__interval": "5s", "__range": "5m", "__range_s": "300",
            "__interval_ms": "5000"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def of_docs(text):
    """Each paragraph of a ```promql block is an expression; comments stay, PromQL has them."""
    found = []
    for block in re.findall(r"^ *```promql\n(.*?)^ *```", text, re.M | re.S):
        parts = re.split(r"\n\s*\n", block)
        found += [p.strip() for p in parts if re.sub(r"#.*", "", p).strip()]
    return found


def of_rules(text):
    import yaml
    return [str(rule["expr"]) for group in (yaml.safe_load(text) or {}).get("groups", [])
            for rule in group["rules"]]


def of_dashboard(text):
    """Targets of panels, queries of variables and of annotations, with all variables given a value."""
    board = json.loads(text)
    values = dict(BUILT_IN)
    for variable in board.get("templating", {}).get("list", []):
        values[variable["name"]] = variable_value(variable)
    found = []

    def look(node):
        if isinstance(node, list):
            for item in node:
                look(item)
        elif isinstance(node, dict):
            if isinstance(node.get("expr"), str):
                found.append(node["expr"])
            for item in node.values():
                look(item)

    look(board)
    for variable in board.get("templating", {}).get("list", []):
        query = variable.get("query", "")
        query = query.get("query", "") if isinstance(query, dict) else query
        if variable.get("type") == "query":
            found.append(variable_query(query))
    expressions = [substitute(e, values) for e in found]
    for e in expressions:
        check("$" not in re.sub(r'"[^"]*"', '""', e), "a variable without a value: " + e)
    return expressions


def variable_value(variable):
    value = variable.get("current", {}).get("value")
    if isinstance(value, list):
        value = value[0] if value else None
    if value in (None, "", "$__all"):
        value = variable.get("allValue") or ".*"
    return str(value)


def variable_query(query):
    """label_values(METRIC, LABEL), query_result(EXPRESSION) and so on: what Prometheus is asked for."""
    match = re.match(r"\s*(label_values|query_result|metrics)\((.*)\)\s*$", query, re.S)
    if not match:
        return query
    inner = match.group(2)
    return re.sub(r",\s*\w+\s*$", "", inner) if match.group(1) == "label_values" else inner


def substitute(expression, values):
    for name in sorted(values, key=len, reverse=True):
        expression = re.sub(r"\$\{%s(:\w+)?\}|\$%s\b|\[\[%s\]\]" % (name, name, name),
                            lambda _, n=name: values[n], expression)
    return expression


def metric_names():
    """All that the source can write: some are there only with an option, or on some kernels."""
    names = set()
    rows = re.findall(r'\{ "((?:pfstat|process)_\w+)", METRIC_(\w+)', read("src/serve/metrics.c"))
    check(len(rows) > 10, "src/serve/metrics.c: %d families found" % len(rows))
    for name, kind in rows:
        suffixes = {"COUNTER": ["_total"], "INFO": ["_info"], "GAUGE": [""],
                    "HISTOGRAM": ["", "_bucket", "_sum", "_count"]}[kind]
        names.update(name + suffix for suffix in suffixes)
    return names


def check_names(expression, names):
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', re.sub(r"#.*", "", expression))
    # Not in {}, where labels are: pfstat_x{...}. Recorded names have colons.
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    for name in re.findall(r"(?<![\w:])pfstat_\w+(?![\w:])", bare):
        check(name in names, "there is no metric %s: %s" % (name, expression))


def collect():
    """[(where, expression)]; a file with none, or none of the files, is a failure of its own."""
    found = []
    rules = sorted(glob.glob(os.path.join(ROOT, RULES)))
    for path, take in ([(DOCS, of_docs)] + [(os.path.relpath(r, ROOT), of_rules) for r in rules] +
                       [(DASHBOARD, of_dashboard)]):
        if not os.path.exists(os.path.join(ROOT, path)):
            raise Fail("%s is missing" % path)
        part = take(read(path))
        check(part, "%s has no expression" % path)
        note("%s: %d expressions" % (path, len(part)))
        found += [(path, e) for e in part]
    check(rules, "no " + RULES)
    return found, rules


def promql():
    expressions, rules = collect()
    names = metric_names()
    for path in rules:
        harness.run(["promtool", "check", "rules", path], 0, LIMIT)
    loads = [Faultgen("anon", 5000), Faultgen("anon", 5000), Faultgen("file_around", 500)]
    with scratch() as folder:
        serve = Serve([load.pid for load in loads], more=["--by=cgroup"])
        native = Prometheus(folder, "native", serve, native=True, rules=rules)
        classic = Prometheus(folder, "classic", serve, rules=rules)
        missing = {k[0] for k in exposition.of_text(serve.get())} - names
        check(not missing, "not found in src/serve/metrics.c: %s" % sorted(missing))
        for load in loads:
            for prometheus in native, classic:
                prometheus.wait_scraped()
            load.run()
        for prometheus in native, classic:
            prometheus.wait_scraped()
        failures, empty = [], 0
        for path, expression in expressions:
            try:
                check_names(expression, names)
                # The classic histograms' expressions have data in one, the native ones' in the other.
                if not (classic.query(expression) + native.query(expression)):
                    empty += 1
            except Fail as error:
                failures.append("%s: %s" % (path, error))
        check(not failures, "%d fail:\n%s" % (len(failures), "\n".join(failures)))
        note("%d expressions; %d have no data here" % (len(expressions), empty))
        if rules:
            check_rules(native)
            check_rules(classic)
        serve.stop()


def check_rules(prometheus):
    def rows():
        return [rule for group in prometheus.ask("/api/v1/rules")["data"]["groups"]
                for rule in group["rules"]]

    until(lambda: all(rule["health"] != "unknown" for rule in rows()), "all rules evaluated", LIMIT)
    bad = ["%s: %s" % (rule["name"], rule.get("lastError")) for rule in rows() if rule["health"] != "ok"]
    check(not bad, "rules fail:\n" + "\n".join(bad))


TESTS = [("promql", promql)]
