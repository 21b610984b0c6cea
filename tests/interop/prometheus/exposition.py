# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# exposition.py: what a scrape says, as {(name, labels): value} whatever its
# format was, so that formats and times can be compared. The protobuf reader knows
# the wire format and the field numbers of io.prometheus.client, nothing of pfstat.
import math
import re
import struct

from prometheus_client.openmetrics.parser import text_string_to_metric_families

PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
TEXT = "text/plain;version=0.0.4"

SERIES = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def key(name, labels):
    return name, tuple(sorted(labels.items()))


def number(text):
    return float(text)


def of_text(data):
    """Text 0.0.4, and what OpenMetrics has in common with it."""
    samples = {}
    for line in data.decode().splitlines():
        if not line or line.startswith("#"):
            continue
        match = SERIES.match(line.split(" # ")[0])
        if not match:
            raise ValueError("not a sample: " + line)
        labels = {name: re.sub(r'\\[\\"n]', lambda m: ESCAPES[m.group()], value)
                  for name, value in LABEL.findall(match.group(2) or "")}
        if "le" in labels:
            labels["le"] = float(labels["le"])
        series = key(match.group(1), labels)
        if series in samples:
            raise ValueError("twice: " + line)
        samples[series] = number(match.group(3))
    return samples


def raw(data):
    """Text 0.0.4 by whole series, for many scrapes: a tenth of of_text()'s time."""
    return {series: float(value) for series, _, value in
            (line.rpartition(" ") for line in data.decode().splitlines() if line[:1] != "#")}


def of_openmetrics(data):
    """prometheus_client's parser, which is strict."""
    samples = {}
    for family in text_string_to_metric_families(data.decode()):
        for sample in family.samples:
            labels = dict(sample.labels)
            if "le" in labels:
                labels["le"] = float(labels["le"])
            samples[key(sample.name, labels)] = float(sample.value)
    return samples


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """All (number, value) of a message: int for varints, bytes for the rest."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 2:
            size, at = varint(data, at)
            if at + size > len(data):
                raise ValueError("a field is longer than its message")
            value, at = data[at:at + size], at + size
        else:
            raise ValueError("wire type %d" % kind)
        yield tag >> 3, value


def message(data):
    found = {}
    for field, value in fields(data):
        found.setdefault(field, []).append(value)
    return found


def double(value):
    return struct.unpack("<d", value)[0]


def zigzag(value):
    return value >> 1 ^ -(value & 1)


def packed(values):
    numbers = []
    for value in values:
        at = 0
        while at < len(value):
            one, at = varint(value, at)
            numbers.append(zigzag(one))
    return numbers


class Native:
    """A native histogram: schema, the count of each index; checked against its own classic buckets."""

    def __init__(self, found, name):
        self.schema = zigzag(found[5][0])
        self.count, self.sum = found[1][0], double(found[2][0])
        self.zero = found.get(7, [0])[0]
        deltas = packed(found.get(13, []))
        self.buckets = {}
        index, count, used = 0, 0, 0
        for span in found.get(12, []):
            span = message(span)
            index += zigzag(span[1][0])
            for _ in range(span[2][0]):
                count += deltas[used]
                used += 1
                self.buckets[index] = count
                index += 1
        if used != len(deltas):
            raise ValueError("%s: spans for %d buckets, deltas of %d" % (name, used, len(deltas)))
        if sum(self.buckets.values()) + self.zero != self.count:
            raise ValueError("%s: native buckets and sample_count differ" % name)

    def up_to(self, bound):
        """How many are at most bound, a power of two: all buckets of schema 0 to 8 end at these."""
        last = round(math.log2(bound) * 2 ** self.schema)
        return self.zero + sum(n for i, n in self.buckets.items() if i <= last)


def of_histogram(samples, natives, name, labels, found):
    native = natives[key(name, labels)] = Native(found, name)
    samples[key(name + "_count", labels)] = float(native.count)
    samples[key(name + "_sum", labels)] = native.sum
    # The protocol leaves out +Inf, which is the count.
    samples[key(name + "_bucket", dict(labels, le=math.inf))] = float(native.count)
    for bucket in found.get(3, []):
        bucket = message(bucket)
        bound, count = double(bucket[2][0]), bucket[1][0]
        samples[key(name + "_bucket", dict(labels, le=bound))] = float(count)
        if not math.isinf(bound) and native.up_to(bound) != count:
            raise ValueError("%s %s: %d up to %g, native buckets say %d" %
                             (name, labels, count, bound, native.up_to(bound)))


def of_protobuf(data):
    """Length-delimited MetricFamily: samples, and the native histogram of each histogram."""
    samples, natives, at = {}, {}, 0
    while at < len(data):
        size, at = varint(data, at)
        family = message(data[at:at + size])
        at += size
        name = family[1][0].decode()
        for metric in family.get(4, []):
            metric = message(metric)
            labels = {}
            for pair in metric.get(1, []):
                pair = message(pair)
                labels[pair[1][0].decode()] = pair[2][0].decode()
            if 7 in metric:
                of_histogram(samples, natives, name, labels, message(metric[7][0]))
            else:  # gauge or counter
                value = message((metric.get(2) or metric[3])[0])
                samples[key(name, labels)] = double(value[1][0])
    return samples, natives


def is_counter(series):
    """All that may never go back while its series lives."""
    name = series.partition("{")[0]
    return name.endswith(("_total", "_bucket", "_count", "_sum"))
