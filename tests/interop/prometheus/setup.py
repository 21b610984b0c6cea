# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# setup.py: the programs that a test needs, on loopback only: faultgen, pfstat
# serve, Prometheus. harness.end_all() ends them.
import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import tempfile
import time
import urllib.parse

import harness
from harness import Proc, check, until

LIMIT = 30


@contextlib.contextmanager
def scratch():
    folder = tempfile.mkdtemp(prefix="pfstat-prometheus-")
    try:
        yield folder
    finally:
        harness.end_all()
        shutil.rmtree(folder, ignore_errors=True)


class Faultgen:
    """Waits for go(); result is what it says then; lives until the test ends."""

    def __init__(self, kind, count, threads=1, more=()):
        self.proc = Proc([harness.OPTIONS.faultgen, "--pause", "--json", *more, kind, count, threads])
        self.proc.line("out", "^ready ", LIMIT)
        self.pid = self.proc.pid
        self.result = None

    def go(self):
        self.proc.write("\n")

    def done(self):
        """Has it said its result? Does not wait."""
        if self.result is None:
            while self.proc._read(0) and self.proc.fds:
                pass
            if re.search(r"^\{.*\n", self.proc.text["out"], re.M):
                self.finish()
        return self.result is not None

    def finish(self, limit=LIMIT):
        self.result = json.loads(self.proc.line("out", "^{", limit))
        check("minor" in self.result, "faultgen: %s" % self.result)
        return self.result

    def run(self):
        self.go()
        return self.finish()


def faults_of(result):
    return result["minor"] + result["major"]


class Serve:
    def __init__(self, pids, address="127.0.0.1:0", more=()):
        self.proc = Proc([harness.OPTIONS.pfstat, "serve", "-p", ",".join(map(str, pids)),
                          "--web.listen-address=" + address, *more])
        self.url = self.proc.line("err", "^Listening on ", LIMIT).split()[-1]
        self.pid = self.proc.pid
        parts = urllib.parse.urlsplit(self.url)
        self.scheme, self.host, self.port = parts.scheme, parts.hostname, parts.port
        self.address = "%s:%d" % (self.host, self.port)

    def stop(self):
        self.proc.kill(signal.SIGTERM)
        check(self.proc.wait(LIMIT) == 0, "pfstat serve: status %s: %s" %
              (self.proc.status, self.proc.text["err"][-400:]))

    def cpu_ns(self):
        """Of all its threads, as the scheduler counts it: exact to the nanosecond."""
        folder = "/proc/%d/task" % self.pid
        return sum(int(harness.get("%s/%s/schedstat" % (folder, tid)).split()[0])
                   for tid in os.listdir(folder))

    def resident(self):
        return int(re.search(r"VmRSS:\s*(\d+)", harness.get("/proc/%d/status" % self.pid)).group(1)) * 1024

    def client(self, context=None):
        return Client(self, context)

    def get(self, accept=None, **more):
        client = self.client()
        try:
            return client.get(accept, **more)
        finally:
            client.close()


class Client:
    """One connection, kept as Prometheus keeps it."""

    def __init__(self, serve, context=None, timeout=LIMIT):
        make = http.client.HTTPSConnection if context else http.client.HTTPConnection
        more = {"context": context} if context else {}
        self.connection = make(serve.host, serve.port, timeout=timeout, **more)
        self.status, self.headers, self.size = None, {}, 0

    def get(self, accept=None, coding=None, headers=(), path="/metrics", status=200):
        headers = dict(headers)
        if accept:
            headers["Accept"] = accept
        headers["Accept-Encoding"] = coding or "identity"
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        self.status, self.headers, self.size = answer.status, answer.headers, len(body)
        check(answer.status == status, "%s: status %d, not %d" % (path, answer.status, status))
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return body

    def close(self):
        self.connection.close()


CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
%s
scrape_configs:
- job_name: pfstat
  scheme: %s
%s
  static_configs:
  - targets: ["%s"]
"""


class Prometheus:
    """Scrapes one pfstat serve every second; native: asks for protobuf, keeps native histograms."""

    def __init__(self, folder, name, serve, native=False, more="", rules=()):
        home = os.path.join(folder, name)
        os.mkdir(home)
        config = os.path.join(home, "prometheus.yml")
        files = "rule_files:\n%s" % "".join("- %s\n" % os.path.abspath(r) for r in rules) if rules else ""
        harness.put(config, CONFIG % (files, serve.scheme, more, serve.address))
        harness.run(["promtool", "check", "config", config], 0, LIMIT)
        argv = ["prometheus", "--config.file=" + config, "--storage.tsdb.path=" + home + "/data",
                "--web.listen-address=127.0.0.1:0", "--log.level=info"]
        if native:
            argv.append("--enable-feature=native-histograms")
        self.proc = Proc(argv, env=dict(os.environ, GOMAXPROCS="1"))
        said = self.proc.line("err", r'msg="Listening on" address=', LIMIT)
        self.address = re.search(r'address=(\S+)', said).group(1)
        until(lambda: self.ask("/-/ready", raw=True)[0] == 200, name + " ready", LIMIT)

    def ask(self, path, raw=False, **query):
        connection = http.client.HTTPConnection(self.address, timeout=LIMIT)
        try:
            body = urllib.parse.urlencode(query)
            # POST, as an expression can be long.
            connection.request("POST" if query else "GET", path, body or None,
                               {"Content-Type": "application/x-www-form-urlencoded"} if query else {})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        # Asked for again and again: what it says about the reading is read, too.
        while self.proc.fds and self.proc._read(0):
            pass
        return (answer.status, data) if raw else json.loads(data)

    def query(self, expression):
        answer = self.ask("/api/v1/query", query=expression)
        check(answer["status"] == "success", "%s: %s" % (expression, answer.get("error")))
        check(not answer.get("warnings"), "%s: %s" % (expression, answer.get("warnings")))
        return answer["data"]["result"]

    def vector(self, expression, *labels):
        """{labels' values: value}; a bare value for one label."""
        rows = {}
        for row in self.query(expression):
            values = tuple(row["metric"].get(label) for label in labels)
            rows[values[0] if len(values) == 1 else values] = float(row["value"][1])
        return rows

    def target(self):
        """None: Prometheus hands out its targets every 5 s, so not at once."""
        targets = self.ask("/api/v1/targets?state=active")["data"]["activeTargets"]
        return targets[0] if targets else None

    def wait_scraped(self, since=None):
        """Until a scrape that began after since (now) can be queried; a failed one is a failure."""
        since = time.time() if since is None else since
        until(lambda: self.scraped("up", since), "a scrape", LIMIT)
        up = self.vector("up", "job")["pfstat"]
        check(up == 1, "the scrape failed: %s" % (self.target() or {}).get("lastError"))

    def scraped(self, expression, since):
        # Prometheus may move the time of a scrape by 2 ms.
        return self.vector("timestamp(%s)" % expression, "job").get("pfstat", 0) > since + 0.01
