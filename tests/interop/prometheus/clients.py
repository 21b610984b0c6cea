# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# clients.py: many, slow and wrong clients; none of them keeps a scrape waiting.
import os
import select
import socket
import time

import exposition
from harness import Fail, check, note
from setup import LIMIT, Faultgen, Serve, scratch

MANY, SLOW, DRIP = 200, 50, 0.5
# Slow clients are cut after 10 s: one that were waited for would be seen.
SCRAPES, SCRAPE_LIMIT = 20, 5.0
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: pfstat\r\nConnection: close\r\n\r\n"


def connect(serve):
    sock = socket.create_connection((serve.host, serve.port), timeout=LIMIT)
    sock.setblocking(False)
    return sock


def read_all(socks, limit=LIMIT):
    """{socket: all that it was sent until it was closed}, of all at once."""
    got, open_ = {sock: b"" for sock in socks}, set(socks)
    end = time.monotonic() + limit
    while open_:
        ready, _, _ = select.select(list(open_), [], [], 1)
        check(time.monotonic() < end, "%d of %d connections are open after %d s" %
              (len(open_), len(got), limit))
        for sock in ready:
            try:
                data = sock.recv(1 << 20)
            except ConnectionResetError:
                data = b""
            got[sock] += data
            if not data:
                open_.discard(sock)
    return got


def still_answers(serve):
    begin = time.monotonic()
    data = serve.get(exposition.TEXT)
    seconds = time.monotonic() - begin
    check(b"pfstat_build_info{" in data, "the scrape is not whole")
    check(seconds < SCRAPE_LIMIT, "a scrape took %.1f s" % seconds)
    return seconds


def many(serve):
    begin = time.monotonic()
    socks = [connect(serve) for _ in range(MANY)]
    try:
        for sock in socks:
            sock.send(REQUEST)
        answers = read_all(socks).values()
    finally:
        for sock in socks:
            sock.close()
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        check(head.startswith(b"HTTP/1.1 200 "), "one of %d at once: %s" % (MANY, head[:60] or "closed"))
        check(b"\npfstat_build_info{" in body and body.endswith(b"\n") and is_whole(head, body),
              "an answer is not whole")
    note("%d clients at once: %.0f ms for all" % (MANY, (time.monotonic() - begin) * 1e3))


def is_whole(head, body):
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n")
               if line.startswith(b"content-length:")]
    return len(lengths) == 1 and int(lengths[0]) == len(body)


def drip(sock, byte):
    try:
        sock.send(byte)
    except OSError:
        pass


def slow(serve):
    socks = [connect(serve) for _ in range(SLOW)]
    try:
        for sock in socks:
            sock.send(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        begin, longest = time.monotonic(), 0.0
        for nr in range(SCRAPES):
            if nr % 2 == 0:
                for sock in socks:
                    drip(sock, b"x")
            longest = max(longest, still_answers(serve))
            time.sleep(max(0, begin + (nr + 1) * DRIP / 2 - time.monotonic()))
        note("%d clients that drip headers: the longest scrape %.1f ms" % (SLOW, longest * 1e3))
    finally:
        for sock in socks:
            sock.close()


def leave_early(serve):
    """A client that has sent a part of a request, and no more will come, is let go at once."""
    socks = [connect(serve) for _ in range(SLOW)]
    try:
        for sock in socks:
            sock.send(REQUEST[:-5])
            sock.shutdown(socket.SHUT_WR)
        begin = time.monotonic()
        read_all(socks, SCRAPE_LIMIT)
        note("%d clients that leave early: %.0f ms for all" % (SLOW, (time.monotonic() - begin) * 1e3))
    finally:
        for sock in socks:
            sock.close()


def send_wrong(serve, data, what):
    """Refused with 4xx, or closed; never a 200, never left hanging."""
    sock = socket.create_connection((serve.host, serve.port), timeout=LIMIT)
    try:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        sock.setblocking(False)
        answer = read_all([sock])[sock]
    finally:
        sock.close()
    check(not answer or answer[:10] in (b"HTTP/1.1 4", b"HTTP/1.0 4"), "%s: answered %r" % (what, answer[:80]))
    note("%s: %s" % (what, answer.split(b"\r\n")[0].decode("latin-1") or "closed"))
    still_answers(serve)


def hostile():
    with scratch():
        load = Faultgen("anon", 100)
        serve = Serve([load.pid])
        files = len(os.listdir("/proc/%d/fd" % serve.pid))
        many(serve)
        slow(serve)
        leave_early(serve)
        send_wrong(serve, os.urandom(4096) + b"\r\n\r\n", "random bytes")
        send_wrong(serve, b"\x00" * 1000, "zeros")
        send_wrong(serve, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500), "TLS's hello")
        send_wrong(serve, b"GET\r\n\r\n", "no path")
        send_wrong(serve, b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
                   "a header of 70 kB")
        send_wrong(serve, b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", "a path of 70 kB")
        check(load.run()["exact"], "faultgen was disturbed")
        count = exposition.raw(serve.get())['pfstat_fault_duration_seconds_count{path="anon",severity="minor"}']
        check(count == 100, "%d faults of 100" % count)
        wait_closed(serve, files)
        serve.stop()


def wait_closed(serve, files):
    """No descriptor is kept for those who have gone; one scrape's may still be closing."""
    end = time.monotonic() + LIMIT
    while len(os.listdir("/proc/%d/fd" % serve.pid)) > files:
        if time.monotonic() > end:
            raise Fail("%d descriptors, %d before" % (len(os.listdir("/proc/%d/fd" % serve.pid)), files))
        time.sleep(0.05)


TESTS = [("clients", hostile)]
