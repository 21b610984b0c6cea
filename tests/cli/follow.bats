#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# follow.bats: a measured task stays measured whatever becomes of it, to the last fault.
# PFSTAT, FAULTGEN: the programs to test and to test with; ATTACH: the mode.

bats_require_minimum_version 1.5.0

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	IOWORKER=${IOWORKER:-${PFSTAT%/*}/ioworker}
	ATTACH=${ATTACH:-auto}
	cd "$BATS_TEST_TMPDIR"
	[ "$(id -u)" = 0 ] || skip "not root"
}

# measure ARG...: into the file json, checked; it must succeed.
measure()
{
	timeout 120 "$PFSTAT" --attach="$ATTACH" --json --check "$@" > json 2> err || {
		cat err json
		return 1
	}
}

# total FIELD PATH ORIGIN: of the report in the file json.
total()
{
	python3 -c '
import json, sys
rows = [p for p in json.load(open("json"))["paths"] if (p["path"], p["origin"]) == tuple(sys.argv[2:])]
print(sum(row[sys.argv[1]] for row in rows))' "$@"
}

# lost REASON: of the report in the file json.
lost()
{
	python3 -c 'import json, sys; print(json.load(open("json"))["lost"].get(sys.argv[1], 0))' "$1"
}

# The first fault of the worker must be there, too: sched_process_fork does not announce it.
io_worker()
{
	head -c 1638400 /dev/zero > data
	"$IOWORKER" data 400 2> said || {
		[ $? != 77 ] || skip "$(cat said)"
		cat said
		return 1
	}
	measure "$@" -- "$IOWORKER" data 400
	[ "$(total count anon kernel)" -ge 400 ] && [ "$(lost end_without_begin)" = 0 ] || {
		cat json
		return 1
	}
}

@test "follow: all faults of an io_uring worker are the process's" {
	io_worker
}

@test "follow: --no-inherit leaves out children, not an io_uring worker" {
	io_worker --no-inherit
}
