#!/usr/bin/env python3
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
"""
What by.bats needs beside a shell: a worker, and questions to pfstat's JSON.

worker DIR [OVERLAY]  says "ready", waits for a line, then writes to PAGES pages each of several
                      mappings that it says first, waits for another line, and ends
whole FILE...         the groups of each line add up to its paths (interval: of the total only)
rows FILE             prints "NAME... COUNT" of each group of the last line
subset ALL PART FIELD=VALUE[,VALUE]...  the paths of PART are those of ALL that have the values
"""
import collections
import ctypes
import json
import mmap
import os
import sys

PAGE = 4096
PAGES = 40
SUMS = ("count", "major", "sum_ns", "untimed")


# --- the worker

def advise_small(memory):
    memory.madvise(mmap.MADV_NOHUGEPAGE)


def file_mapping(path, unlink=False):
    """A private mapping of a file whose pages are in the page cache."""
    with open(path, "w+b") as file:
        file.write(b"x" * PAGE * PAGES)
        file.flush()
        memory = mmap.mmap(file.fileno(), PAGE * PAGES, flags=mmap.MAP_PRIVATE,
                           prot=mmap.PROT_READ | mmap.PROT_WRITE)
    if unlink:
        os.unlink(path)
    return memory


def memfd_mapping():
    fd = os.memfd_create("by-memfd")
    os.ftruncate(fd, PAGE * PAGES)
    return mmap.mmap(fd, PAGE * PAGES, flags=mmap.MAP_SHARED)


def named_mapping(libc):
    """None where the kernel has no names (before 5.17, or not configured)."""
    memory = mmap.mmap(-1, PAGE * PAGES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    advise_small(memory)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    set_vma, anon_name = 0x53564d41, 0
    done = libc.prctl(set_vma, ctypes.c_ulong(anon_name), ctypes.c_ulong(address),
                      ctypes.c_ulong(PAGE * PAGES), b"by name")
    return memory if done == 0 else None


def touch(memory):
    for page in range(PAGES):
        memory[page * PAGE] = 1


def touch_heap(libc):
    libc.sbrk.restype = ctypes.c_void_p
    start = libc.sbrk(ctypes.c_long(PAGE * (PAGES + 1)))
    for page in range(PAGES):
        ctypes.memset(start + PAGE * (page + 1) - 1, 1, 1)


def worker(directory, overlay=None):
    libc = ctypes.CDLL(None)
    here = os.path.realpath(directory)
    parts = {
        "/memfd:by-memfd (deleted)": memfd_mapping(),
        f"{here}/by-file": file_mapping(f"{here}/by-file"),
        f"{here}/by-deleted (deleted)": file_mapping(f"{here}/by-deleted", unlink=True),
    }
    if overlay:
        parts[f"{os.path.realpath(overlay)}/by-overlay"] = file_mapping(f"{overlay}/by-overlay")
    named = named_mapping(libc)
    if named:
        parts["[anon:by name]"] = named
    for name in parts:
        print("part", name)
    print("ready", flush=True)
    sys.stdin.readline()
    for memory in parts.values():
        touch(memory)
    touch_heap(libc)
    print("done", flush=True)
    sys.stdin.readline()


# --- questions

def lines(path):
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file]


def add(rows):
    total = dict.fromkeys(SUMS, 0)
    buckets = collections.Counter()
    for row in rows:
        for field in SUMS:
            total[field] += row[field]
        buckets.update(dict(row["buckets"]))
    return total, buckets, max((row["max_ns"] for row in rows), default=0)


def rests(line):
    return [line["groups_other"], line["groups_exited"]]


def whole(*paths):
    for path in paths:
        total = lines(path)[-1]
        groups, by_path = add(total["groups"] + rests(total)), add(total["paths"])
        assert total["kind"] == "total" and by_path[0]["count"], f"{path}: no faults"
        assert groups == by_path, f"{path}: groups {groups}, paths {by_path}"
        assert "missed" not in total["lost"], f"{path}: lost {total['lost']}"


def name(value):
    if not isinstance(value, dict):
        return str(value)
    for key in ("name", "path", "comm"):
        if key in value:
            return str(value[key])
    raise ValueError(value)


def rows(path):
    line = lines(path)[-1]
    for row in line["groups"]:
        print(*(name(row[dim]) for dim in line["by"]), row["count"])


def subset(all_path, part_path, *conditions):
    wanted = dict(condition.split("=") for condition in conditions)

    def chosen(row):
        return all(row[field] in values.split(",") for field, values in wanted.items()
                   if field != "major")

    def count(row):
        return row["major"] if "major" in wanted else row["count"]

    full, part = lines(all_path)[-1], lines(part_path)[-1]
    expected = {(r["path"], r["origin"]): count(r) for r in full["paths"] if chosen(r) and count(r)}
    got = {(r["path"], r["origin"]): r["count"] for r in part["paths"]}
    assert expected, f"{all_path}: nothing like {conditions}"
    assert got == expected, f"{part_path}: {got}, not {expected}"
    for line in full, part:
        assert "missed" not in line["lost"], line["lost"]


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
