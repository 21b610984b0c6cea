# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# expressions.py: all PromQL that docs/metrics.md, the rules and the dashboard
# tell people to use, as (where, expression); what Grafana fills in has a value.
import json
import os
import re

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
DOCS = "docs/metrics.md"
RULES = ("contrib/prometheus/pfstat.rules.yml", "contrib/prometheus/pfstat.alerts.yml")
DASHBOARD = "contrib/grafana/pfstat.json"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def of_docs():
    """Each paragraph of a ```promql block."""
    for block in re.findall(r"^```promql\n(.*?)^```", read(DOCS), re.M | re.S):
        for part in re.split(r"\n\s*\n", block):
            yield DOCS, part.strip()


def of_rules():
    for path in RULES:
        for group in yaml.safe_load(read(path))["groups"]:
            for rule in group["rules"]:
                yield path, rule["expr"].strip()


def fill_in(expression, variables):
    expression = expression.replace("$__rate_interval", "5m")
    return re.sub(r"\$(\w+)", lambda m: ".*" if m.group(1) in variables else m.group(0), expression)


def of_dashboard():
    board = json.loads(read(DASHBOARD))
    templates = board["templating"]["list"]
    variables = {t["name"] for t in templates}
    found = [t["expr"] for p in board["panels"] for t in p.get("targets", [])]
    found += [a["expr"] for a in board["annotations"]["list"]]
    # label_values(SELECTOR, LABEL)
    found += [re.match(r"label_values\((.*), *\w+\)$", t["definition"]).group(1)
              for t in templates if t["type"] == "query"]
    for expression in found:
        yield DASHBOARD, fill_in(expression, variables)


def everything():
    return [*of_docs(), *of_rules(), *of_dashboard()]


def metrics_of(expression):
    """The names of pfstat's own metrics in it; recorded ones, with colons, are not."""
    bare = re.sub(r"#.*", "", re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression))
    return set(re.findall(r"(?<![\w:])pfstat_\w+(?![\w:])", re.sub(r"\{[^}]*\}", "", bare)))
