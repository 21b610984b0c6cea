#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# threads.bats: processes with many threads, and threads that do what few do.
# PFSTAT, FAULTGEN, THREADS: the programs to test and to test with; ATTACH: the mode.

bats_require_minimum_version 1.5.0
load common

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	THREADS=${THREADS:-${PFSTAT%/*}/threads}
	ATTACH=${ATTACH:-auto}
	# An ordinary root: it may not raise its hard limits.
	LIMITED="setpriv --bounding-set=-sys_resource prlimit"
	cd "$BATS_TEST_TMPDIR"
	[ "$(id -u)" = 0 ] || skip "not root"
}

teardown()
{
	exec 9>&-
	[ -z "${TARGET:-}" ] || kill "$TARGET" 2>/dev/null || :
	[ -z "${MEASURING:-}" ] || kill "$MEASURING" 2>/dev/null || :
	wait
}

# start MODE ARG...: the process TARGET, which has printed ID and goes on at go.
start()
{
	mkfifo input
	"$THREADS" "$@" < input > id 2> said 3>&- &
	TARGET=$!
	exec 9> input
	wait_for 60 test -s id || {
		cat said
		return 1
	}
	ID=$(cat id)
}

go()
{
	echo >&9
}

# measure ARG...: of what was started: into the files json and err.
measure()
{
	"$PFSTAT" --attach="$ATTACH" --json --check -o json "$@" > out 2> err 3>&- 9>&- &
	MEASURING=$!
	wait_for 60 said ^Measuring err || {
		cat err
		return 1
	}
}

# ended: pfstat ends by itself, with status 0.
ended()
{
	local status=0

	wait_for 30 exited "$MEASURING" || {
		echo "pfstat goes on"
		return 1
	}
	wait "$MEASURING" || status=$?
	MEASURING=
	[ $status = 0 ] || {
		cat err json
		return 1
	}
}

exited()
{
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.*Z' "/proc/$1/status"
}

# anon: faults of user mode on fresh memory, in the file json. Nothing may be lost.
anon()
{
	python3 -c '
import json
report = json.load(open("json"))
lost = {reason: n for reason, n in report["lost"].items() if n and reason in
        ("missed", "end_without_begin", "unresolved", "in_flight")}
assert not lost, lost
print(sum(p["count"] for p in report["paths"] if (p["path"], p["origin"]) == ("anon", "user")))'
}

# --- open files: two for each thread

@test "threads: all of a process with many are measured, with more open files than the soft limit" {
	start many 400
	ulimit -S -n 100
	measure -p "$ID"
	go
	ended
	[ "$(anon)" -ge 400 ]
}

# too_few COMMAND ARG...: fails with one line; the number that it names is sufficient.
too_few()
{
	local status=0 needed

	$LIMITED --nofile=500:500 "$PFSTAT" "$@" > out 2> err 9>&- || status=$?
	needed=$(sed -n 's/^pfstat: .* (401 threads): \([0-9]*\) open files are needed, and the limit is 500:.*(ulimit -n \1).*/\1/p' err)
	[ $status = 1 ] && [ -n "$needed" ] && [ "$(grep -c "open files" err)" = 1 ] || {
		echo "status $status"
		cat out err
		return 1
	}
	timeout 60 $LIMITED --nofile="$needed:$needed" "$PFSTAT" "$@" > out 2> err 9>&- || {
		echo "$needed are not sufficient"
		cat err
		return 1
	}
}

@test "threads: with too few open files the message has the number that is sufficient" {
	start many 400
	too_few -p "$ID" -d 0.1
	too_few --check --causes -p "$ID" -d 0.1
}

@test "threads: trace and profile count the open files of their names, too" {
	start many 400
	too_few trace -p "$ID" -d 0.1
	too_few profile -p "$ID" -d 0.1
}

@test "threads: root may have more open files than its hard limit" {
	[ "$(prlimit --nofile=500:500 prlimit --nofile=501:501 echo yes 2>/dev/null)" = yes ] ||
		skip "this root may not raise its hard limit (CAP_SYS_RESOURCE)"
	start many 400
	timeout 60 prlimit --nofile=500:500 "$PFSTAT" -p "$ID" -d 0.1 9>&-
}

@test "threads: with very many, names need one event for each CPU" {
	local cpus nr

	cpus=$(getconf _NPROCESSORS_CONF)
	nr=$((4096 / cpus + 1))
	[ $nr -le 2100 ] || skip "needs $nr threads"
	[ "$(ulimit -H -n)" -ge $((2 * nr + 500)) ] || skip "the hard limit of open files is $(ulimit -H -n)"
	start many $nr
	"$PFSTAT" profile --attach="$ATTACH" --weight=count -p "$ID" > out 2> err 3>&- 9>&- &
	MEASURING=$!
	wait_for 60 said ^Measuring err
	[ "$(ls "/proc/$MEASURING/fd" | wc -l)" -lt $((2 * nr + 4 * cpus + 200)) ]
	go
	ended
	[ "$(awk '/;touch_one_page;/ { n += $NF } END { print n + 0 }' out)" -ge $nr ] || {
		cat err out
		return 1
	}
}

# --- exec by a thread that is not the first one: it gets the process's ID

@test "threads: -t of a thread that executes a program counts all its faults, to its end" {
	start exec "$FAULTGEN" anon 3000
	[ "$ID" != "$TARGET" ]
	measure -t "$ID" -d 60
	go
	# Before 6.9 the end of such a thread is not seen.
	wait_for 30 exited "$TARGET"
	[ -s json ] || sleep 1
	[ -s json ] || kill "$MEASURING"
	ended
	[ "$(anon)" -ge 3000 ]
}

@test "threads: -t of a thread that exits ends, though another one goes on" {
	[ "$(printf '%s\n' 6.9 "$(uname -r)" | sort -V | head -1)" = 6.9 ] ||
		skip "before 6.9 the end of such a thread is not seen"
	start last 500
	measure -t "$ID" -d 60
	go
	ended
	! exited "$TARGET"
	[ "$(anon)" -ge 500 ]
}

# --- the first thread has exited, the process has not

@test "threads: -p of a process whose first thread has exited counts the others, to their end" {
	start leader 2000
	measure -p "$ID"
	go
	ended
	[ "$(anon)" -ge 2000 ]
}

@test "threads: -p of a process goes on after its first thread has exited" {
	"$THREADS" leader 2000 < <(sleep 2) > id &
	TARGET=$!
	measure -p "$TARGET"
	ended
	[ "$(anon)" -ge 2000 ]
}

@test "threads: a command goes on after its first thread has exited" {
	timeout 60 "$PFSTAT" --attach="$ATTACH" --json --check -o json -- "$THREADS" leader 2000 < /dev/null
	[ "$(anon)" -ge 2000 ]
}
