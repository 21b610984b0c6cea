#!/usr/bin/env python3
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
"""perf_script.py FILE [JSON]: FILE is what perf script prints, line for line; the same
check for perf's own text and for pfstat's. With JSON, the same faults as JSON Lines: the
weights are their latencies, the innermost frames their paths."""

import json
import re
import sys

# perf script --ns -F comm,pid,tid,cpu,time,period,event,ip,sym,symoff,dso
SAMPLE = re.compile(r"(?P<comm>\S+) +(?P<pid>\d+)/(?P<tid>\d+) +\[(?P<cpu>\d{3,})\] +"
                    r"(?P<time>\d+\.\d{9}): +(?P<weight>\d+) (?P<event>\S+): ")
FRAME = re.compile(r"\t *(?P<ip>[0-9a-f]{1,16}) (?P<symbol>\[unknown\]|.+\+0x[0-9a-f]+|fault:\w+)"
                   r" \((?P<module>\S+)\)")


def parse(text):
    samples = []
    for number, stanza in enumerate(text.rstrip("\n").split("\n\n")):
        head, *frames = [line for line in stanza.split("\n") if not line.startswith("#")] or [""]
        if not head:
            continue
        sample = SAMPLE.fullmatch(head)
        if not sample:
            sys.exit(f"sample {number}: {head!r}")
        stack = [FRAME.fullmatch(line) for line in frames]
        if None in stack or not stack:
            sys.exit(f"a frame of sample {number}: {frames!r}")
        samples.append((sample, stack))
    return samples


def check_same(samples, faults):
    found = [(int(s["tid"]), int(s["weight"]), stack[0]["symbol"])
             for s, stack in samples]
    wanted = [(f["tid"], f["latency_ns"], "fault:" + f["path"]) for f in faults]
    if found != wanted:
        sys.exit(f"{len(found)} samples are not the {len(wanted)} faults")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        samples = parse(f.read())
    if not samples:
        sys.exit("no samples")
    if len({s["event"] for s, _ in samples}) != 1:
        sys.exit("more than one event: readers drop all but the first")
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        check_same(samples, [line for line in lines if line["kind"] == "fault"])


main()
