# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# scrapes.py: what is scraped is right: formats against each other and against
# other people's parsers; Prometheus' quantiles against pfstat's own; over TLS; and
# after pfstat was killed.
import base64
import http.client
import math
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import exposition
import harness
from harness import Fail, check, note, run, until
from setup import LIMIT, Client, Faultgen, Prometheus, Serve, faults_of, scratch

HISTOGRAM = "pfstat_fault_duration_seconds"
# Of pfstat itself: they change from scrape to scrape while nothing faults.
RESTLESS = re.compile(r"process_(cpu|resident|virtual|open)|pfstat_(scrape_duration|http_requests|bpf_program)_")
SILENT = 20
QUANTILES = (0.5, 0.9, 0.99)


def promtool_check(data):
    check_ = subprocess.run(["promtool", "check", "metrics"], input=data, capture_output=True,
                            timeout=LIMIT, check=False)
    check(check_.returncode == 0 and not check_.stderr,
          "promtool: %s" % check_.stderr.decode()[-600:])


def same(a, b, what):
    a = {k: v for k, v in a.items() if not RESTLESS.match(k[0])}
    b = {k: v for k, v in b.items() if not RESTLESS.match(k[0])}
    check(a.keys() == b.keys(), "%s: only in one: %s" % (what, sorted(map(str, a.keys() ^ b.keys()))[:5]))
    different = ["%s %r, %r" % (k, a[k], b[k]) for k in a if a[k] != b[k]]
    check(not different, "%s: %d values differ: %s" % (what, len(different), different[:5]))


def has_type(client, wanted):
    got = client.headers["Content-Type"]
    check(got.startswith(wanted), "Content-Type %s" % got)


def formats():
    loads = [Faultgen("anon", 20000), Faultgen("file_around", 2000),
             Faultgen("uffd_missing", 20, more=["--delay=20000000"]), Faultgen("bad_address", 50)]
    with scratch():
        serve = Serve([load.pid for load in loads])
        wanted = [load.run() for load in loads]
        client = serve.client()
        text = client.get(exposition.TEXT)
        has_type(client, "text/plain; version=0.0.4")
        check(client.get(exposition.TEXT, coding="gzip").startswith(b"# HELP"), "gzip is not the text")
        check(client.headers["Content-Encoding"] == "gzip", "not compressed")
        openmetrics = client.get(exposition.OPENMETRICS)
        has_type(client, "application/openmetrics-text; version=1.0.0")
        protobuf = client.get(exposition.PROTOBUF)
        has_type(client, "application/vnd.google.protobuf")
        promtool_check(text)
        check(b' # {tid="' in openmetrics, "no exemplar of faults of 20 ms")
        plain = exposition.of_text(text)
        same(plain, exposition.of_openmetrics(openmetrics), "text and OpenMetrics")
        wire, natives = exposition.of_protobuf(protobuf)
        same(plain, wire, "text and protobuf")
        check(len(natives) == sum(k[0].endswith("_sum") for k in plain), "a histogram is not native")
        check({n.schema for n in natives.values()} == {3}, "schema is not 3")
        check_counts(plain, wanted)
        note("%d samples, %d native histograms" % (len(plain), len(natives)))
        serve.stop()


def check_counts(plain, results):
    for result in results:
        got = sum(v for (name, labels), v in plain.items()
                  if name == HISTOGRAM + "_count" and ("path", result["path"]) in labels)
        want = faults_of(result) or result["count"]
        check(got == want, "%s: %d faults, %d made" % (result["path"], got, want))


def bucket_of(seconds, per_doubling):
    return math.ceil(math.log2(seconds) * per_doubling - 1e-9)


def compare(prometheus, expression, per_doubling, entries, name):
    """Quantiles by path within one bucket of those that pfstat --json printed."""
    for q in QUANTILES:
        got = prometheus.vector("histogram_quantile(%g, %s)" % (q, expression), "path")
        for entry in entries:
            path = entry["path"]
            check(path in got, "%s: nothing of %s" % (name, path))
            mine = entry["p%g_ns" % (q * 100)] / 1e9
            note("%s: %s p%g: %.3f us, pfstat --json %.3f us" %
                 (name, path, q * 100, got[path] * 1e6, mine * 1e6))
            away = bucket_of(got[path], per_doubling) - bucket_of(mine, per_doubling)
            check(abs(away) <= 1, "%s: %s p%g: %d buckets away" % (name, path, q * 100, away))


def compare_own(prometheus, natives):
    """The same quantiles from the very buckets that pfstat serve says: in the same bucket, always."""
    for q in QUANTILES:
        rows = prometheus.vector("histogram_quantile(%g, %s)" % (q, HISTOGRAM), "path", "severity")
        for (_, labels), native in natives.items():
            labels, rank, index = dict(labels), q * native.count, None
            if not native.count:
                continue
            for index in sorted(native.buckets):
                rank -= native.buckets[index]
                if rank <= 0:
                    break
            got = rows[(labels["path"], labels["severity"])]
            check(bucket_of(got, 8) == index, "%s p%g: %g s, in bucket %d, not %d" %
                  (labels, q * 100, got, bucket_of(got, 8), index))


def scrape_and_compare(folder, serve, loads, more="", headers=(), context=None):
    """loads fault; what both kinds of Prometheus store is what pfstat --json says of them."""
    classic = Prometheus(folder, "classic", serve, more=more)
    native = Prometheus(folder, "native", serve, native=True, more=more)
    measured = harness.Pfstat("auto", ",".join(str(load.pid) for load in loads))
    wanted = [load.run() for load in loads]
    report = measured.stop()
    now = time.time()
    for prometheus in classic, native:
        prometheus.wait_scraped(now)
    rows = [e for e in report.paths if e["path"] in {w["path"] for w in wanted}]
    check(len(rows) == len({w["path"] for w in wanted}), "pfstat --json: " + report.text())
    compare_counts(classic, native, rows)
    client = serve.client(context)
    compare_own(native, exposition.of_protobuf(client.get(exposition.PROTOBUF, headers=headers))[1])
    client.close()
    compare(classic, "sum by (le, path) (%s_bucket)" % HISTOGRAM, 1, rows, "classic")
    # The two measure each other's programs, too: more than a bucket of a fault of a few us.
    compare(native, "sum by (path) (%s)" % HISTOGRAM, 8,
            [e for e in rows if e["path"].startswith("uffd")], "native")
    check(not native.query("%s_bucket" % HISTOGRAM), "native: classic buckets were stored")


def compare_counts(classic, native, entries):
    by_path = classic.vector("sum by (path) (%s_count)" % HISTOGRAM, "path")
    by_native = native.vector("sum by (path) (histogram_count(%s))" % HISTOGRAM, "path")
    for entry in entries:
        path, timed = entry["path"], entry["count"] - entry["untimed"]
        check(by_path[path] == timed == by_native[path], "%s: classic %s, native %s, pfstat --json %d" %
              (path, by_path[path], by_native[path], timed))


def uffd_loads():
    """p50, p90 and p99 lie in three humps, far from their edges."""
    return [Faultgen("uffd_missing", count, more=["--delay=%d" % (ms * 1000000)])
            for count, ms in ((70, 1), (26, 5), (4, 20))]


def scrape():
    loads = [Faultgen("anon", 100000), Faultgen("file_around", 10000)] + uffd_loads()
    with scratch() as folder:
        serve = Serve([load.pid for load in loads])
        scrape_and_compare(folder, serve, loads)
        serve.stop()


WEB = """\
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
basic_auth_users:
  %s
"""
CLIENT = """\
  tls_config:
    ca_file: %s/cert.pem
  basic_auth:
    username: prometheus
    password: %s
"""


def secure(folder):
    password = os.urandom(12).hex()
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=pfstat", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"], 0, LIMIT)
    user = run(["htpasswd", "-nbB", "prometheus", password], 0, LIMIT).text["out"].strip()
    harness.put(folder + "/web.yml", WEB % user.replace(":", ": ", 1))
    return password


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode((user + ":" + password).encode()).decode()}


def tls():
    loads = [Faultgen("anon", 20000)] + uffd_loads()
    with scratch() as folder:
        password = secure(folder)
        serve = Serve([load.pid for load in loads], more=["--web.config.file=" + folder + "/web.yml"])
        check(serve.scheme == "https", "it says " + serve.url)
        refuses_plain(serve)
        context = ssl.create_default_context(cafile=folder + "/cert.pem")
        for headers in {}, basic("prometheus", "wrong"), basic("nobody", password):
            client = serve.client(context)
            client.get(headers=headers, status=401)
            check(client.headers["WWW-Authenticate"], "401 without WWW-Authenticate")
            client.close()
        # Who does not even begin with TLS keeps nobody waiting.
        silent = [socket.create_connection((serve.host, serve.port)) for _ in range(SILENT)]
        try:
            scrape_and_compare(folder, serve, loads, CLIENT % (folder, password),
                               basic("prometheus", password), context)
        finally:
            for sock in silent:
                sock.close()
        serve.stop()


def refuses_plain(serve):
    client = Client(serve)
    try:
        answer = client.get()
    except (OSError, http.client.HTTPException, Fail) as error:
        note("plain HTTP on the port of TLS: %s" % (str(error) or repr(error)))
        return
    finally:
        client.close()
    raise Fail("plain HTTP on the port of TLS answers %d bytes" % len(answer))


def restart():
    """Killed, it leaves nothing in the kernel; started again, rate() and increase() go on."""
    before = harness.bpf_objects()
    first, second = Faultgen("anon", 30000), Faultgen("anon", 20000)
    series = HISTOGRAM + '_count{path="anon",severity="minor"}'
    with scratch() as folder:
        serve = Serve([first.pid, second.pid])
        prometheus = Prometheus(folder, "prometheus", serve)
        prometheus.wait_scraped()
        made = faults_of(first.run())
        prometheus.wait_scraped()
        check(prometheus.vector(series, "path") == {"anon": made}, "not %d faults before" % made)
        serve.proc.kill(signal.SIGKILL)
        serve.proc.wait(LIMIT)
        harness.check_nothing_left(before)
        address, serve = serve.address, Serve([first.pid, second.pid], serve.address)
        check(serve.address == address, "started again at %s, not %s" % (serve.address, address))
        check(exposition.raw(serve.get())[series] == 0, "the counter does not begin at 0")
        since = time.time()
        until(lambda: prometheus.scraped("up == 1", since), "a scrape of the new one", LIMIT)
        again = faults_of(second.run())
        prometheus.wait_scraped()
        check_increase(prometheus, series, made, again)
        serve.stop()
    harness.check_nothing_left(before)


def check_increase(prometheus, series, made, again):
    check(prometheus.vector("resets(%s[5m])" % series, "path") == {"anon": 1}, "not one reset")
    values = [float(v) for _, v in prometheus.query(series + "[5m]")[0]["values"]]
    check(values[0] == 0 and max(values) == made and values[-1] == again, "samples %s" % values)
    # Extrapolated to the edges of the range, by up to an interval altogether.
    increase = prometheus.vector("increase(%s[5m])" % series, "path")["anon"]
    most = (made + again) * (len(values) + 1) / (len(values) - 1)
    note("%d and %d faults, increase() %.0f, over %d samples" % (made, again, increase, len(values)))
    check(made + again - 1 <= increase <= most, "increase() %g, made %d" % (increase, made + again))


TESTS = [("formats", formats), ("scrape", scrape), ("tls", tls), ("restart", restart)]
