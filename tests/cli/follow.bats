#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# follow.bats: a measured task stays measured whatever becomes of it, to the last fault.
# PFSTAT, FAULTGEN: the programs to test and to test with; ATTACH: the mode.

bats_require_minimum_version 1.5.0
load common

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	IOWORKER=${IOWORKER:-${PFSTAT%/*}/ioworker}
	VHOSTWORKER=${VHOSTWORKER:-${PFSTAT%/*}/vhostworker}
	ATTACH=${ATTACH:-auto}
	cd "$BATS_TEST_TMPDIR"
	[ "$(id -u)" = 0 ] || skip "not root"
}

teardown()
{
	[ -z "${DIR:-}" ] || rm -r "$DIR"
}

# measure ARG...: into the file json, checked; it must succeed.
measure()
{
	timeout 120 "$PFSTAT" --attach="$ATTACH" --json --check -o json "$@" > out 2> err || {
		cat err out json
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

# --- vhost: the worker is a kernel thread up to 6.3, then a thread of the process

# has_vhost: else the test is skipped.
has_vhost()
{
	modprobe -q tun || :
	modprobe -q vhost_net || :
	"$VHOSTWORKER" 64 > said 2>&1 || {
		[ $? != 77 ] || skip "$(cat said) (modules tun and vhost_net)"
		cat said
		return 1
	}
}

# worker_counted REPORT TID FAULTS: no fault of the worker is missing, and none is there twice: by its
# own counters, and, but for those that were not timed, by the count of the perf events.
worker_counted()
{
	python3 - "$@" <<-'EOF'
		import json, sys
		report, (tid, faults) = json.load(open(sys.argv[1])), map(int, sys.argv[2:])
		groups = [g for g in report["groups"] if g["thread"]["tid"] == tid]
		lost = report["lost"]
		assert all(g["thread"]["comm"].startswith("vhost-") for g in groups), groups
		# The last one of a worker without events has no end.
		found = sum(g["count"] for g in groups) + (lost.get("in_flight", 0) if "kernel_thread" in lost else 0)
		assert found == faults, (found, faults, groups, lost)
		assert sum(g["untimed"] for g in groups) == lost.get("kernel_thread", 0) == lost.get("unresolved", 0), lost
		assert not lost.keys() - {"kernel_thread", "unresolved", "in_flight"}, lost
		rows = {(r["book"], r["counter"]): r for r in report["check"]["rows"]}
		events, tasks = rows["perf", "events"], rows["tasks", "faults"]
		assert events["verdict"] == "equal" and events["pfstat"] >= faults - lost.get("kernel_thread", 0) - 1, events
		assert tasks["verdict"] in ("equal", "explained"), tasks
	EOF
}

# timed_worker REPORT: nearly all of its 256 faults are timed.
timed_worker()
{
	python3 -c '
import json, sys
sys.exit(json.load(open(sys.argv[1]))["lost"].get("kernel_thread", 0) > 25)' "$1"
}

# vhost_command ARG...: of a command that makes its worker while it is measured.
vhost_command()
{
	local worker

	has_vhost
	measure --by thread "$@" -- "$VHOSTWORKER" 256
	worker=($(sed -n 's/^worker //p' out))
	[ "${#worker[@]}" = 2 ] && [ "${worker[1]}" = 256 ] || {
		cat out err
		return 1
	}
	worker_counted json "${worker[@]}"
}

# vhost_process ARG...: of a process that has its worker when pfstat comes.
vhost_process()
{
	local worker pid line

	has_vhost
	coproc "$VHOSTWORKER" --pause "$@" 256 2> said
	pid=$COPROC_PID
	read -r line <&"${COPROC[0]}"
	[ "$line" = ready ]
	timeout 120 "$PFSTAT" --attach="$ATTACH" --json --check --by thread -o json -p "$pid" 2> err &
	wait_for 60 said ^Measuring err
	echo >&"${COPROC[1]}"
	read -r line <&"${COPROC[0]}"
	echo >&"${COPROC[1]}"
	wait $! || {
		cat err json
		return 1
	}
	worker=(${line#worker })
	[ "${#worker[@]}" = 2 ] && [ "${worker[1]}" = 256 ]
	worker_counted json "${worker[@]}"
}

@test "follow: all faults of a vhost worker are the process's" {
	local run

	for run in $(seq 5); do
		vhost_command
		! timed_worker json || return 0
	done
	return 1
}

@test "follow: --no-inherit leaves out children, not a vhost worker" {
	vhost_command --no-inherit
}

@test "follow: -p finds the vhost worker that there is" {
	vhost_process
	timed_worker json
}

# Its name has the ID of a thread that is not there: from 6.4 on it is in /proc/PID/task all the same.
@test "follow: a vhost worker without its maker is recognised by the memory that it has borrowed" {
	vhost_process --thread
}

# --- privileged exec: the kernel removes the task's perf events

# env: setpriv itself keeps its permitted capabilities until it executes something, so a program
# that it executes gains none, and may be read.
ORDINARY="setpriv --reuid=65534 --regid=65534 --clear-groups env"

# privileged MODE PROGRAM: a copy that an ordinary user may start, in DIR.
privileged()
{
	DIR=$(mktemp -d /var/tmp/pfstat-follow.XXXXXX)
	chmod 755 "$DIR"
	install -m "$1" "$2" "$DIR/program"
	cp "$FAULTGEN" "$DIR/faultgen"
	chmod 755 "$DIR/faultgen"
	! findmnt -n -T "$DIR" -o OPTIONS | grep -qw nosuid || skip "$DIR is on a file system mounted nosuid"
}

# Each fault is there, those of the gap under their name. The gap may be empty: without new events
# (a broken build) nearly all faults would be in it.
counted()
{
	local faults=$(($(total count anon user) + $(total count unresolved user)))

	[ "$faults" -ge "$1" ] && [ "$(lost privileged_exec)" = "$(lost unresolved)" ] && [ "$(lost missed)" = 0 ] || {
		cat json err
		return 1
	}
}

# timed N COMMAND...: nearly all of N faults are timed in one of ten runs: events come back.
# On a busy machine the reader may be late for a program that ends within a millisecond.
timed()
{
	local n=$1 run

	shift
	for run in $(seq 10); do
		measure -- $ORDINARY "$@"
		counted "$n"
		[ "$(total count anon user)" -lt $((n * 9 / 10)) ] || return 0
		echo "run $run: $(total count anon user) of $n timed"
	done
	return 1
}

@test "follow: a set-user-ID program is counted to the last fault, and timed again" {
	privileged 4755 "$FAULTGEN"
	timed 20000 "$DIR/program" anon 20000
}

@test "follow: a set-group-ID program is counted to the last fault, and timed again" {
	privileged 2755 "$FAULTGEN"
	timed 20000 "$DIR/program" anon 20000
}

@test "follow: a program that may not be read is counted to the last fault, and timed again" {
	privileged 0711 "$FAULTGEN"
	timed 20000 "$DIR/program" anon 20000
}

@test "follow: a program with file capabilities is counted to the last fault, and timed again" {
	[ -x /sbin/setcap ] || skip "setcap is not installed (Debian package libcap2-bin)"
	privileged 0755 "$FAULTGEN"
	/sbin/setcap cap_net_raw+ep "$DIR/program" || skip "no file capabilities on $DIR"
	timed 20000 "$DIR/program" anon 20000
}

@test "follow: a privileged program's children, and what it executes, are counted and timed" {
	privileged 4755 /usr/bin/env
	timed 30000 "$DIR/program" sh -p -c "$DIR/faultgen anon 20000; $DIR/faultgen anon 10000"
}

@test "follow: short privileged programs one after the other lose no fault" {
	privileged 4755 "$FAULTGEN"
	measure -- $ORDINARY \
		sh -c "for i in \$(seq 40); do $DIR/program anon 50; done"
	counted 2000
}
