#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# duty.bats: --duty: what it refuses, and windows on the running kernel.
# PFSTAT, FAULTGEN: the programs to test and to test with.

bats_require_minimum_version 1.5.0

load common

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	PACED=${PACED:-${PFSTAT%/*}/paced}
	cd "$BATS_TEST_TMPDIR"
}

teardown()
{
	[ -z "${SERVER:-}" ] || kill "$SERVER" || :
	[ -z "${LOAD:-}" ] || kill "$LOAD" || :
}

needs_root()
{
	[ "$(id -u)" = 0 ] || skip "not root"
}

# refused WORDS ARG...: status 2, and the message has the words.
refused()
{
	run -2 "$PFSTAT" "${@:2}"
	[[ $output = *"$1"* ]] || {
		echo "$output"
		return 1
	}
}

# get EXPRESSION: of the last report in the file json, as r; d is its object duty.
get()
{
	python3 -c '
import json, sys
r = json.loads(open("json").read().splitlines()[-1])
d = r["duty"]
print(eval(sys.argv[1]))' "$1"
}

@test "duty: bad values are status 2, with the reason" {
	refused "PERCENT is not a number above 0 and up to 100" --duty=0 -- true
	refused "PERCENT is not a number above 0 and up to 100" --duty=101 -- true
	refused "PERCENT is not a number above 0 and up to 100" --duty=ten -- true
	refused "PERCENT is not a number above 0 and up to 100" serve --duty=0
	refused "PERIOD is not a time with a unit" --duty=10/1 -- true
	refused "a window of less than 1 ms" --duty=1/50ms -- true
}

@test "duty: options that need all faults are status 2, with the reason" {
	refused "--check compares all faults" --duty=10 --check -- true
	refused "--gup cannot be combined" --duty=10 --gup -- true
	refused "functions take milliseconds" --duty=10 --attach=fentry -- true
	refused "functions take milliseconds" serve --duty=10 --attach=kprobe
	refused "--by cannot be combined" --duty=10 --by process -- true
	refused "--by cgroup cannot be combined" serve --duty=10 --by cgroup
	refused "INTERVAL is shorter than the PERIOD" --duty=10/2s 1
	refused "unrecognized option" trace --duty=10
	refused "unrecognized option" profile --duty=10
}

@test "duty: counts are estimates with errors, and the kernel's counts stand beside" {
	needs_root
	timeout 60 "$PFSTAT" --duty=20/100ms --json -o json -- "$PACED" 3 20000 > made
	read -r all _ < made
	[ "$(get 'r["estimate"]')" = True ]
	[ "$(get 'd["windows"] >= 10 and d["periods"] >= 10 and d["windows_failed"] == 0')" = True ]
	[ "$(get 'd["max_of"]')" = windows ]
	[ "$(get 'abs(d["open_ns"] / r["duration_ns"] - 0.2) < 0.1')" = True ]
	[ "$(get 'd["count_se"] > 0 and {p["path"] for p in r["paths"]} >= {"anon", "anon_zero"}')" = True ]
	# A factor of 5 was applied, on a machine that may be busy.
	[ "$(get "$all / 3 < d['count'] < $all * 3")" = True ]
	[ "$(get "abs(d['kernel'][0]['count'] - $all) < 1000 and d['kernel'][0]['source']")" = wait4 ]
	[ "$(get '"end_without_begin" in r["lost"]')" = False ]
}

@test "duty: the table names estimates, the maximum of the windows, and both counts" {
	needs_root
	timeout 60 "$PFSTAT" --duty=20/100ms -- "$PACED" 1 20000 > /dev/null 2> out
	timeout 60 "$PFSTAT" --duty=20/100ms -o table -- "$PACED" 1 20000 > /dev/null
	said "W_MAX" table
	said "^Estimates from [0-9]* windows" table
	said "^Counted by the kernel: [0-9]* minor (wait4: the command" table
}

# Of 12 faults one begins in a window, but for 1 run in 4096. While the wait for it goes on, the
# next window begins: so it is measured to its end.
@test "duty: a fault that is longer than its window is measured, or cut with its age" {
	needs_root
	timeout 60 "$PFSTAT" --duty=50/100ms --json -o json -- "$FAULTGEN" --delay=400000000 uffd_missing 12 > said || {
		[ $? != 77 ] || skip "$(cat said)"
		false
	}
	[ "$(get 'max(p["max_ns"] for p in r["paths"]) >= 400000000 or d["cut"] > 0')" = True ]
	# Here the next window is too late.
	timeout 60 "$PFSTAT" --duty=5/2s --json -o json -- "$FAULTGEN" --delay=1500000000 uffd_missing 6 > said
	[ "$(get 'd["cut"] == 0 or d["cut_oldest_ns"] >= 100000000')" = True ]
	[ "$(get '"unresolved" in r["lost"]')" = False ]
}

@test "duty: nothing is attached between windows" {
	needs_root
	"$PACED" 20 1000 > made & LOAD=$!
	timeout 30 "$PFSTAT" --duty=1/1s -p "$LOAD" -d 6 2> said > table & SERVER=$!
	wait_for 20 grep -q Measuring said
	# perf events of CPUs, and links: of windows that last 10 ms of 1000, most looks find none.
	idle=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.1
		events=$(find "/proc/$SERVER/fd" -lname 'anon_inode:*perf_event*' 2> fd | wc -l)
		[ "$events" != 0 ] || idle=$((idle + 1))
	done
	[ "$idle" -ge 5 ]
	wait "$SERVER"
	SERVER=
	said "^Estimates from" table
}

@test "duty: serve scales its counters, and exports the windows and their errors" {
	needs_root
	"$PACED" 30 20000 > made & LOAD=$!
	"$PFSTAT" serve --duty=20/100ms -p "$LOAD" --web.listen-address=127.0.0.1:18437 2> said & SERVER=$!
	wait_for 20 grep -q Listening said
	sleep 2
	curl -s http://127.0.0.1:18437/metrics > metrics
	said '^pfstat_duty_ratio 0.2$' metrics
	python3 - <<'PY'
import re
values = dict(re.findall(r"^(\S+) (\S+)$", open("metrics").read(), re.M))
assert float(values["pfstat_duty_windows_total"]) >= 10
assert float(values["pfstat_duty_failed_windows_total"]) == 0
assert 0.1 < float(values["pfstat_duty_open_seconds_total"]) < 3
count = float(values['pfstat_faults_total{origin="user",access="write",outcome="ok"}'])
assert count > 0 and count % 5 == 0, count
assert float(values['pfstat_duty_faults_variance_total{path="anon"}']) > 0
assert 'pfstat_lost_faults_total{reason="end_without_begin"}' not in values
PY
}
