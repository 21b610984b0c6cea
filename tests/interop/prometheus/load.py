# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# load.py: a thousand scrapes while faults go on, and what a scrape costs.
import time

import exposition
from harness import check, note
from setup import Faultgen, Serve, faults_of, scratch

SCRAPES = 1000
WARM = 100
GROWTH = 256 * 1024
# So that one faults at any time: the next begins when one has ended.
LOADS, COUNT, THREADS = 20, 400000, 2
MAX_PLAIN, MAX_GZIP = 120 * 1024, 12 * 1024
FIGURES = 300
COUNT_OF = "pfstat_fault_duration_seconds_count"


def sum_of(samples, name):
    return sum(v for k, v in samples.items() if k.startswith(name + "{"))


def check_forward(last, now):
    for series, value in last.items():
        if exposition.is_counter(series):
            check(series in now, "%s is gone" % series)
            check(now[series] >= value, "%s went back: %r, then %r" % (series, value, now[series]))


def storm():
    with scratch():
        loads = [Faultgen("anon", COUNT, THREADS) for _ in range(LOADS)]
        serve = Serve([load.pid for load in loads])
        client = serve.client()
        first = last = exposition.raw(client.get())
        begin, longest, current, idle, resident = time.monotonic(), 0.0, -1, 0, {}
        for nr in range(1, SCRAPES + 1):
            if current < 0 or loads[current].done():
                check(current + 1 < LOADS, "faultgen was done at scrape %d" % nr)
                current += 1
                loads[current].go()
            start = time.monotonic()
            now = exposition.raw(client.get(exposition.TEXT, coding="gzip" if nr % 2 else None))
            longest = max(longest, time.monotonic() - start)
            check_forward(last, now)
            idle += sum_of(now, COUNT_OF) == sum_of(last, COUNT_OF)
            last = now
            if nr in (WARM, SCRAPES):
                resident[nr] = serve.resident()
        seconds = time.monotonic() - begin
        results = [loads[i].result or loads[i].finish() for i in range(current + 1)]
        note("%d scrapes in %.1f s, the longest %.1f ms; %d with no new fault" %
             (SCRAPES, seconds, longest * 1e3, idle))
        # On a busy machine faultgen does not get the CPU between any two.
        check(idle < SCRAPES * 9 // 10, "%d scrapes saw no new fault: no storm" % idle)
        check_totals(first, exposition.raw(client.get()), results)
        note("resident: %d KiB, %+d KiB since scrape %d" %
             (resident[SCRAPES] // 1024, (resident[SCRAPES] - resident[WARM]) // 1024, WARM))
        check(resident[SCRAPES] - resident[WARM] <= GROWTH, "resident memory grew by %d bytes" %
              (resident[SCRAPES] - resident[WARM]))
        serve.stop()


def check_totals(first, end, results):
    made = sum(faults_of(r) for r in results)
    elapsed = sum(r["elapsed_ns"] for r in results) / 1e9
    for name in COUNT_OF, "pfstat_faults_total":
        got = sum_of(end, name) - sum_of(first, name)
        check(got == made, "%s grew by %d, faultgen made %d" % (name, got, made))
    for result in results:
        check(result["exact"], "faultgen was not exact: %s" % result)
    note("%d faults at %.0f a second while scraped, all of them counted" % (made, made / elapsed))


def figures():
    with scratch():
        loads = [Faultgen("anon", 20000), Faultgen("file_around", 2000)]
        serve = Serve([load.pid for load in loads])
        for load in loads:
            load.run()
        sizes = {}
        for name, accept, coding in (("plain", exposition.TEXT, None), ("gzip", exposition.TEXT, "gzip"),
                                     ("OpenMetrics", exposition.OPENMETRICS, None),
                                     ("protobuf", exposition.PROTOBUF, None),
                                     ("protobuf, gzip", exposition.PROTOBUF, "gzip")):
            client = serve.client()
            client.get(accept, coding)
            sizes[name] = client.size
            before = serve.cpu_ns()
            for _ in range(FIGURES):
                client.get(accept, coding)
            note("%s: %d bytes, %.0f us of CPU per scrape" %
                 (name, sizes[name], (serve.cpu_ns() - before) / FIGURES / 1e3))
            client.close()
        check(sizes["plain"] <= MAX_PLAIN, "plain: %d bytes" % sizes["plain"])
        check(sizes["gzip"] <= MAX_GZIP, "gzip: %d bytes" % sizes["gzip"])
        check(sizes["protobuf"] < sizes["plain"], "protobuf is larger than plain")
        check(sizes["protobuf, gzip"] <= MAX_GZIP, "protobuf, gzip: %d bytes" % sizes["protobuf, gzip"])
        serve.stop()


TESTS = [("storm", storm), ("figures", figures)]
