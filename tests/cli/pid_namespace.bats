#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# pid_namespace.bats: pfstat in a pid namespace of its own, as in a container: the IDs that it is
# given and that it prints are those of that namespace.
# PFSTAT, FAULTGEN: the programs to test and to test with; ATTACH: the mode.

bats_require_minimum_version 1.5.0

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	ATTACH=${ATTACH:-auto}
	cd "$BATS_TEST_TMPDIR"
	[ "$(id -u)" = 0 ] || skip "not root"
	unshare -pf --mount-proc true || skip "no pid namespaces here"
	export PFSTAT FAULTGEN ATTACH
}

# inside COMMAND...: in a new pid namespace, with a /proc of its own.
inside()
{
	timeout 120 unshare -pf --mount-proc "$@"
}

# total PATH: of the report in the file json.
total()
{
	python3 -c '
import json, sys
print(sum(p["count"] for p in json.load(open("json"))["paths"] if p["path"] == sys.argv[1]))' "$1"
}

# measures ARG...: from inside; the report in the file json has all of 2,000 faults.
measures()
{
	inside "$@" "$PFSTAT" --attach="$ATTACH" --json --check -o json ${OPTIONS:-} -- "$FAULTGEN" anon 2000 2 > out 2> err &&
		[ "$(total anon)" -ge 2000 ] || {
		cat err out json
		return 1
	}
}

@test "pid namespace: a command is measured" {
	measures
}

@test "pid namespace: --no-inherit measures the command's threads" {
	OPTIONS=--no-inherit measures
}

@test "pid namespace: CAP_BPF and CAP_PERFMON are enough" {
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -le 2 ] || skip "kernel.perf_event_paranoid is above 2"
	chmod 777 .
	measures setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all,+perfmon,+bpf \
		--ambient-caps=-all,+perfmon,+bpf
}

# Run inside: pfstat -p of a process of SPAWN, which starts it in this namespace or below.
cat_script()
{
	cat > script <<-'EOF'
		mkfifo go
		$SPAWN "$FAULTGEN" --pause --json anon 2000 2 < go > said &
		exec 9> go
		for i in $(seq 300); do
			! grep -q ready said || break
			sleep 0.1
		done
		pid=$(pgrep -x faultgen)
		"$PFSTAT" --attach="$ATTACH" --json --check --by process,thread -o json -p $pid 2> err &
		for i in $(seq 300); do
			! grep -q Measuring err || break
			sleep 0.1
		done
		echo >&9
		for i in $(seq 300); do
			! grep -q '^{' said || break
			sleep 0.1
		done
		kill -INT %2
		wait %2
		status=$?
		echo $pid > pid
		exec 9>&-
		wait
		exit $status
	EOF
}

# The faults are in rows of the process, by the IDs that it has inside; its threads have ended.
by_process()
{
	cat_script
	SPAWN=$1 inside bash script > out 2>&1 && python3 - <<-'EOF' || {
		import json
		pid = int(open("pid").read())
		groups = json.load(open("json"))["groups"]
		assert sum(g["count"] for g in groups) >= 2000, groups
		assert {g["process"]["pid"] for g in groups} == {pid}, (pid, groups)
		tids = {g["thread"]["tid"] for g in groups}
		assert len(tids) >= 2 and all(pid <= tid < pid + 100 for tid in tids), (pid, tids)
	EOF
		cat err out json
		return 1
	}
}

@test "pid namespace: -p, and IDs of --by process,thread" {
	by_process ""
}

@test "pid namespace: -p of a process in a namespace below" {
	by_process "unshare -pf"
}

@test "pid namespace: trace has the IDs of the namespace" {
	inside "$PFSTAT" trace --attach="$ATTACH" --json --slower 0 -o json -- sh -c 'echo $$ > pid; exec "$0" anon 100' "$FAULTGEN" 2> err
	python3 - <<-'EOF' || { head -3 json; cat err pid; return 1; }
		import json
		pid = int(open("pid").read())
		faults = [json.loads(line) for line in open("json") if '"path"' in line]
		assert len(faults) >= 100 and {f["pid"] for f in faults} == {pid}
	EOF
}

@test "pid namespace: a privileged program gets its events again" {
	DIR=$(mktemp -d /var/tmp/pfstat-pid.XXXXXX)
	chmod 755 "$DIR"
	install -m 4755 "$FAULTGEN" "$DIR/program"
	! findmnt -n -T "$DIR" -o OPTIONS | grep -qw nosuid || skip "$DIR is on a file system mounted nosuid"
	for run in $(seq 10); do
		inside "$PFSTAT" --attach="$ATTACH" --json --check -o json -- \
			setpriv --reuid=65534 --regid=65534 --clear-groups env "$DIR/program" anon 20000 2> err
		[ "$(total anon)" -lt 18000 ] || break
	done
	rm -r "$DIR"
	[ "$(total anon)" -ge 18000 ] || { cat json err; return 1; }
}

@test "pid namespace: with another namespace's /proc nothing is measured" {
	run -3 timeout 20 unshare -pf "$PFSTAT" -- true
	[[ $output == *"pid namespace"*"--pid=host"* ]]
}

@test "pid namespace: doctor says which" {
	run inside "$PFSTAT" doctor
	[[ $output == *"pid namespace"*"nested"* ]]
	run "$PFSTAT" doctor
	[[ $output == *"pid namespace"* ]]
}
