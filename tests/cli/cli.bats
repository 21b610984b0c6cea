#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# cli.bats: pfstat as a user types it: messages, exit statuses, privileges,
# pipes. Measures only processes that it starts. PFSTAT: the program to test.

bats_require_minimum_version 1.5.0

# As large as the kernel's limit of pids, so never one.
NO_SUCH_PID=4194304

setup_file()
{
	export SOURCE="$BATS_TEST_DIRNAME/../.."
	export PFSTAT=${PFSTAT:-$SOURCE/build/pfstat}
	# Where a user without privileges can run it from: bats' own directory is closed.
	PUBLIC=$(mktemp -d)
	export PUBLIC
	chmod 755 "$PUBLIC"
	install -m 755 "$PFSTAT" "$PUBLIC/pfstat"
	# Found out apart from pfstat: if it breaks, tests fail instead of being skipped.
	MEASURES=no
	if has_sys_admin && [ -r /sys/kernel/btf/vmlinux ] && [ "$(uname -m)" = x86_64 ]; then
		MEASURES=yes
	fi
	export MEASURES
}

has_sys_admin()
{
	local effective

	effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	[ $((0x$effective >> 21 & 1)) -eq 1 ]
}

teardown_file()
{
	rm -rf "$PUBLIC"
}

setup()
{
	TO_KILL=
}

teardown()
{
	if [ -n "$TO_KILL" ]; then
		kill "$TO_KILL" 2> /dev/null || true
		wait "$TO_KILL" 2> /dev/null || true
	fi
}

# Nothing here takes long; what hangs is ended, with 124.
pfstat()
{
	timeout 60 "$PFSTAT" "$@"
}

# Starts it and waits until it measures: PID, and out and err in BATS_TEST_TMPDIR.
pfstat_in_background()
{
	local line

	rm -f "$BATS_TEST_TMPDIR/err"
	mkfifo "$BATS_TEST_TMPDIR/err"
	timeout 20 "$PFSTAT" "$@" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" 3>&- &
	PID=$!
	exec 9< "$BATS_TEST_TMPDIR/err"
	while read -r -u 9 line; do
		[[ "$line" != Measuring* ]] || return 0
	done
	return 1
}

needs_measuring()
{
	[ "$MEASURES" = yes ] || skip "needs CAP_SYS_ADMIN, kernel BTF and x86"
}

needs_root()
{
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# as_nobody [CAP,...] -- COMMAND...: with these capabilities and no others.
as_nobody()
{
	local caps=-all cap

	while [ "$1" != -- ]; do
		caps=$caps,+$1
		shift
	done
	shift
	timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps="$caps" --ambient-caps="$caps" "$@"
}

needs_nobody_with()
{
	needs_root
	as_nobody "$@" -- true 2> /dev/null || skip "setpriv cannot give: ${*:-nothing}"
}

# Every line of stderr is pfstat's own or announces.
own_words_only()
{
	local line

	for line in "${stderr_lines[@]}"; do
		case $line in
		pfstat:* | Measuring*) ;;
		*)
			echo "on stderr: $line"
			return 1
			;;
		esac
	done
}

# refused STATUS TEXT ARGS...: that exit status, nothing on stdout, TEXT on stderr.
refused()
{
	local status_wanted=$1 text=$2

	shift 2
	run --separate-stderr "-$status_wanted" pfstat "$@"
	[ -z "$output" ]
	if [[ "$stderr" != *"$text"* ]]; then
		echo "says: $stderr"
		return 1
	fi
	[[ "$stderr" != *libbpf* ]]
}

is_json_line()
{
	python3 -c 'import json, sys; json.loads(sys.argv[1])' "$1"
}

# The names of paths or functions in the second or first place of X(...) rows.
names_in()
{
	sed -n "$2" "$SOURCE/$1"
}

paths()
{
	names_in bpf/shared/paths.h 's/^\tX([A-Z_]*, "\([a-z_]*\)", \(DONE\|FAILED\|UNTIMED\),.*/\1/p'
}

hooks()
{
	names_in bpf/shared/hook_rows.h 's/^\tX(\([a-z_]*\), .*/\1/p'
	echo handle_mm_fault
}

# Bad input: 2.

@test "an unknown option is refused" {
	refused 2 "no-such" --no-such
	refused 2 "'x'" -x
}

@test "-p takes a list of process IDs only" {
	refused 2 "-p abc: " -p abc
	refused 2 "-p 0: " -p 0
	refused 2 "-p 1,: " -p 1,
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "-p of a process that does not exist: one line" {
	refused 2 "no such process: $NO_SUCH_PID" -p $NO_SUCH_PID
	[ "$stderr" = "pfstat: no such process: $NO_SUCH_PID" ]
}

@test "-t of a thread that does not exist: one line" {
	refused 2 "no such thread: $NO_SUCH_PID" -t $NO_SUCH_PID
	[ "$stderr" = "pfstat: no such thread: $NO_SUCH_PID" ]
}

@test "an interval is a number of seconds over 0" {
	refused 2 "interval 0: " 0
	refused 2 "interval 1x: " 1x
	refused 2 "'1'" -1
	refused 2 "count 0: " 1 0
	refused 2 "-d 0: " -d 0
}

@test "an unknown way to attach is refused" {
	refused 2 "--attach magic: " --attach=magic
	[[ "$stderr" == *fentry*kprobe*tracepoint* ]]
}

@test "-- with nothing behind it is refused" {
	refused 2 "no COMMAND" --
}

@test "contradictions are refused" {
	refused 2 "exclude" --json --csv -- true
	refused 2 "exclude" -p $$ -- true
	refused 2 "exclude" -p $$ -t $$
	refused 2 "-H" -H --json -- true
	refused 2 "no argument" doctor now
}

# Help.

@test "--help mentions every option" {
	local option

	run --separate-stderr -0 pfstat --help
	[ -z "$stderr" ]
	for option in -p -t -d -H -T -o -v -V --json --csv --attach --dry-run --no-inherit --gup --help \
		--pid --tid --duration --histogram --timestamp --output --verbose --version doctor \
		COMMAND INTERVAL COUNT; do
		if ! grep -q -- "$option" <<< "$output"; then
			echo "not mentioned: $option"
			return 1
		fi
	done
}

@test "-V prints the version" {
	run --separate-stderr -0 pfstat -V
	[ "$output" = "pfstat $(cat "$SOURCE/VERSION")" ]
	[ -z "$stderr" ]
}

@test "doctor --help is doctor's" {
	run --separate-stderr -0 pfstat doctor --help
	[[ "$output" == *"pfstat doctor"* ]]
}

# doctor

@test "doctor mentions each path and says that measuring is possible" {
	local path

	needs_measuring
	run --separate-stderr -0 pfstat doctor
	[ -z "$stderr" ]
	[[ "$output" == *"Measuring is possible"* ]]
	[ "$(paths | wc -l)" -ge 19 ]
	for path in $(paths); do
		if ! grep -Eq "^ +$path +(exact|inferred|not_visible) " <<< "$output"; then
			echo "not mentioned: $path"
			return 1
		fi
	done
}

@test "doctor -v mentions each hook" {
	local hook

	needs_measuring
	run --separate-stderr -0 pfstat doctor -v
	for hook in $(hooks); do
		grep -Eq "^ +$hook +" <<< "$output" || { echo "not mentioned: $hook"; return 1; }
	done
}

# --dry-run

@test "--dry-run prints one line per hook, and starts nothing" {
	local hook expected methods="(none|unneeded|fentry|kprobe|tracepoint)"

	needs_measuring
	run --separate-stderr -0 pfstat --dry-run -- touch "$BATS_TEST_TMPDIR/started"
	own_words_only
	[ ! -e "$BATS_TEST_TMPDIR/started" ]
	[[ "$stderr" != *Measuring* ]]
	for hook in $(hooks); do
		if [ "$(grep -Ec "^$hook +$methods( \(|$)" <<< "$output")" -ne 1 ]; then
			echo "not one line: $hook"
			return 1
		fi
	done
	# And the lines about the way, the methods and those that are not used, and each path.
	[ "$(grep -Ec '^(attach|begin|end|record): |^  not [a-z_]+: ' <<< "$output")" -eq 6 ]
	expected=$(($(hooks | wc -l) + 6 + $(grep -c '^path ' <<< "$output")))
	[ "$(grep -Ec '^path [a-z_]+ +user: [a-z_]+ kernel: [a-z_]+ gup: [a-z_]+$' <<< "$output")" -gt 30 ]
	[ "${#lines[@]}" -eq "$expected" ]
}

@test "--dry-run names what was asked for" {
	needs_measuring
	run --separate-stderr -0 pfstat --dry-run --attach=tracepoint -- true
	[ "${lines[0]}" = "attach: tracepoint" ]
	! grep -Eq '^[a-z_]+ +(fentry|kprobe)' <<< "$output"
}

@test "a way that the kernel refuses: 3 and the remedy" {
	local way refused_one=no

	needs_measuring
	for way in fentry kprobe; do
		pfstat --dry-run --attach=$way -- true > /dev/null 2>&1 && continue
		refused 3 "--attach=auto" --attach=$way -- true
		refused_one=yes
	done
	[ $refused_one = yes ] || skip "this kernel refuses none"
}

@test "--gup needs fentry or kprobes: 2 with another way, 3 where the kernel refuses it" {
	refused 2 "--gup needs --attach=auto, fentry or kprobe" --gup --attach=tracepoint -- true
	needs_measuring
	! pfstat --dry-run --attach=fentry -- true > /dev/null 2>&1 ||
		skip "this kernel allows fentry"
	refused 3 "--gup needs fentry" --gup -- true
}

# -- COMMAND

@test "the exit status of the command is pfstat's" {
	needs_measuring
	run --separate-stderr -0 pfstat -- true
	run --separate-stderr -1 pfstat -- false
	run --separate-stderr -42 pfstat -- sh -c 'exit 42'
	run --separate-stderr -137 pfstat -- sh -c 'kill -9 $$'
}

@test "COMMAND not found: 127" {
	needs_measuring
	run --separate-stderr -127 pfstat -- /no/such/command
	[[ "$stderr" == *"/no/such/command: command not found"* ]]
	run --separate-stderr -127 pfstat -- no-such-command
	[ -z "$output" ]
	own_words_only
}

@test "COMMAND that cannot be executed: 126" {
	needs_measuring
	echo text > "$BATS_TEST_TMPDIR/text"
	run --separate-stderr -126 pfstat -- "$BATS_TEST_TMPDIR/text"
	[[ "$stderr" == *"Permission denied"* ]]
}

@test "options behind -- are the command's" {
	needs_measuring
	run --separate-stderr -0 pfstat -o "$BATS_TEST_TMPDIR/out" -- echo -p --json --
	[ "$output" = "-p --json --" ]
	grep -q '^total ' "$BATS_TEST_TMPDIR/out"
}

@test "the command is announced before it starts" {
	needs_measuring
	run --separate-stderr -0 pfstat -- true
	[[ "${stderr_lines[-1]}" == "Measuring true "* ]]
	own_words_only
}

# Output

@test "an output file that cannot be written: 1, and nothing is started" {
	needs_measuring
	refused 1 "/no/such/directory/file: " -o /no/such/directory/file -- \
		touch "$BATS_TEST_TMPDIR/started"
	[ ! -e "$BATS_TEST_TMPDIR/started" ]
}

@test "a full disk is an error" {
	needs_measuring
	[ -w /dev/full ] || skip "no /dev/full"
	refused 1 "No space left on device" -o /dev/full -- true
	run --separate-stderr -1 bash -c '"$PFSTAT" -- true > /dev/full'
}

@test "--json: the last line is the total" {
	local line

	needs_measuring
	run --separate-stderr -0 pfstat --json -- true
	for line in "${lines[@]}"; do
		is_json_line "$line"
	done
	python3 - "${lines[-1]}" <<- 'CHECK'
		import json, sys
		total = json.loads(sys.argv[1])
		assert total["kind"] == "total" and total["schema"] == 1, total
		assert total["paths"] and total["duration_ns"] > 0, total
		assert sum(p["count"] for p in total["paths"]) > 10, total
		for p in total["paths"]:
		    assert sum(n for _, n in p["buckets"]) == p["count"] - p["untimed"], p
	CHECK
}

@test "--json with INTERVAL and COUNT: so many intervals, then the total" {
	needs_measuring
	run --separate-stderr -0 pfstat --json 0.02 3 -- sleep 50
	[ "${#lines[@]}" -eq 4 ]
	[[ "${lines[0]}" == *'"kind":"interval"'* ]]
	[[ "${lines[2]}" == *'"kind":"interval"'* ]]
	[[ "${lines[3]}" == *'"kind":"total"'* ]]
}

@test "--csv: a header, and as many columns in each line" {
	local line columns

	needs_measuring
	run --separate-stderr -0 pfstat --csv -- true
	[[ "${lines[0]}" == kind,time_ns,duration_ns,attach,path,origin,exactness,count,* ]]
	[ "${#lines[@]}" -gt 1 ]
	columns=${lines[0]//[^,]/}
	for line in "${lines[@]:1}"; do
		[[ "$line" == total,* ]]
		[ "${line//[^,]/}" = "$columns" ]
	done
}

@test "-T: the time of day" {
	needs_measuring
	run --separate-stderr -0 pfstat -T -- true
	[[ "${lines[0]}" =~ ^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]$ ]]
	run --separate-stderr -0 pfstat -- true
	[[ ! "${lines[0]}" =~ ^[0-9][0-9]: ]]
}

@test "-H: a bar for each bucket" {
	needs_measuring
	run --separate-stderr -0 pfstat -- true
	local without=${#lines[@]}
	run --separate-stderr -0 pfstat -H -- true
	[ "${#lines[@]}" -gt "$without" ]
}

@test "no colour but on a terminal" {
	needs_measuring
	run --separate-stderr -0 pfstat -- true
	[[ "$output" != *$'\e'* ]]
}

@test "the header of CSV is written with the first rows" {
	needs_measuring
	run --separate-stderr -0 pfstat --csv -- echo from the command
	[ "${lines[0]}" = "from the command" ]
	[[ "${lines[1]}" == kind,* ]]
	[[ "${lines[2]}" == total,* ]]
	run --separate-stderr bash -c '"$PFSTAT" --csv -- sh -c "sleep 0.2; echo ended >&2" | true
		exit ${PIPESTATUS[0]}'
	[ "$status" -eq 0 ]
	[[ "$stderr" == *ended* ]]
}

@test "a closed pipe ends it quietly" {
	needs_measuring
	export COMMAND_PID="$BATS_TEST_TMPDIR/pid"
	run --separate-stderr bash -c '
		timeout 30 "$PFSTAT" 0.01 -- sh -c "echo \$\$ > $COMMAND_PID; exec sleep 50" | head -1
		exit ${PIPESTATUS[0]}'
	[ "${#lines[@]}" -eq 1 ]
	own_words_only
	[[ "$stderr" != *[Pp]ipe* ]]
	# Ended, not by timeout, and the command is not left behind.
	[ "$status" -ne 124 ]
	TO_KILL=$(cat "$COMMAND_PID")
	run ! kill -0 "$TO_KILL"
	TO_KILL=
	run --separate-stderr bash -c '"$PFSTAT" doctor | head -1'
	[ -z "$stderr" ]
}

@test "libbpf is quiet without -v" {
	needs_measuring
	run --separate-stderr -0 pfstat -- true
	[[ "$stderr" != *libbpf* ]]
	run --separate-stderr -0 pfstat doctor
	[[ "$stderr" != *libbpf* ]]
}

@test "-v says how each hook is attached" {
	local hook

	needs_measuring
	run --separate-stderr -0 pfstat -v -- true
	for hook in $(hooks); do
		grep -Eq "^$hook +" <<< "$stderr" || { echo "not mentioned: $hook"; return 1; }
	done
}

# --check

@test "--check: the kernel's counters of a command, and of what it waited for" {
	needs_measuring
	run --separate-stderr -0 pfstat --check -- sh -c 'ls / > /dev/null; true'
	[[ "$output" == *"Check: the kernel's own counters agree"* ]]
	grep -q '^perf  *events .* equal' <<< "$output"
	grep -q '^tasks  *faults ' <<< "$output"
	grep -q '^wait4  *faults ' <<< "$output"
	! grep -q unexplained <<< "$output"
	own_words_only
}

@test "--check leaves the command's status alone" {
	needs_measuring
	run --separate-stderr -7 pfstat --check -- sh -c 'exit 7'
}

@test "--check -p: a process that was there before" {
	needs_measuring
	sleep 60 3>&- &
	TO_KILL=$!
	run --separate-stderr -0 pfstat --check -d 0.05 -p $TO_KILL
	grep -q '^tasks  *faults ' <<< "$output"
	! grep -q '^wait4' <<< "$output"
}

@test "--check --json: a field of the total, which stays the last line" {
	needs_measuring
	run --separate-stderr -0 pfstat --check --json -- true
	[[ "${lines[-1]}" == '{"schema":1,"kind":"total",'*'"check":{"ok":true,"error":"","rows":[{'* ]]
}

@test "--check --csv: on stderr, the table alone on stdout" {
	needs_measuring
	run --separate-stderr -0 pfstat --check --csv -- true
	[[ "$stderr" == *"Check: "* ]]
	! grep -q '^Check' <<< "$output"
}

@test "--check without /proc: 1, and which book is missing" {
	needs_measuring
	needs_root
	unshare -m true 2> /dev/null || skip "no mount namespaces"
	run --separate-stderr -1 timeout 60 unshare -m sh -c \
		'mount -t tmpfs none /proc && exec "$0" --check -- true' "$PFSTAT"
	[[ "$output" == *"Check: the kernel's counters could not be read: /proc/"* ]]
}

# Processes

@test "-p measures a process until -d ends it" {
	needs_measuring
	sleep 60 3>&- &
	TO_KILL=$!
	run --separate-stderr -0 pfstat --json -d 0.05 -p $TO_KILL
	[[ "${lines[-1]}" == *'"kind":"total"'* ]]
	kill -0 $TO_KILL
}

@test "-p ends with the process" {
	needs_measuring
	mkfifo "$BATS_TEST_TMPDIR/go"
	# A builtin only, so that this is one process.
	bash -c 'read -r _ < "$1"' - "$BATS_TEST_TMPDIR/go" 3>&- &
	TO_KILL=$!
	pfstat_in_background --json -p $TO_KILL
	echo > "$BATS_TEST_TMPDIR/go"
	wait $PID
	[[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" == *'"kind":"total"'* ]]
}

@test "-t ends with the thread" {
	needs_measuring
	mkfifo "$BATS_TEST_TMPDIR/go"
	bash -c 'read -r _ < "$1"' - "$BATS_TEST_TMPDIR/go" 3>&- &
	TO_KILL=$!
	pfstat_in_background --json -t $TO_KILL
	echo > "$BATS_TEST_TMPDIR/go"
	wait $PID
	[[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" == *'"kind":"total"'* ]]
}

@test "a process named twice is measured once" {
	needs_measuring
	sleep 60 3>&- &
	TO_KILL=$!
	run --separate-stderr -0 pfstat --json -d 0.05 -p $TO_KILL,$TO_KILL
	[[ "${lines[-1]}" == *'"kind":"total"'* ]]
}

@test "SIGINT and SIGTERM end it with the total" {
	local signal

	needs_measuring
	sleep 60 3>&- &
	TO_KILL=$!
	for signal in INT TERM; do
		pfstat_in_background --json -p $TO_KILL
		kill -$signal $PID
		wait $PID
		[[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" == *'"kind":"total"'* ]]
	done
}

# Privileges: 4.

@test "without privileges: 4, and what is missing" {
	needs_nobody_with
	run --separate-stderr -4 as_nobody -- "$PUBLIC/pfstat" -- true
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *CAP_BPF*CAP_PERFMON* ]]
	[[ "$stderr" != *libbpf* ]]
	run --separate-stderr -4 as_nobody -- "$PUBLIC/pfstat" --dry-run -- true
	[[ "$stderr" == *CAP_BPF* ]]
}

@test "doctor without privileges: 4, what is missing, and the sysctls" {
	needs_nobody_with
	run --separate-stderr -4 as_nobody -- "$PUBLIC/pfstat" doctor
	[ -z "$stderr" ]
	[[ "$output" == *"Measuring is not possible"*CAP_BPF*CAP_PERFMON* ]]
	[[ "$output" == *kernel.perf_event_paranoid* ]]
	[[ "$output" =~ cap_bpf\ +no ]]
	[[ "$output" =~ cap_perfmon\ +no ]]
	[[ "$output" =~ cap_sys_admin\ +no ]]
}

@test "usage errors come before privileges" {
	needs_nobody_with
	run --separate-stderr -2 as_nobody -- "$PUBLIC/pfstat" -p abc
	run --separate-stderr -0 as_nobody -- "$PUBLIC/pfstat" --help
}

@test "the command is not started without privileges" {
	needs_nobody_with
	mkdir -m 777 "$PUBLIC/open"
	run --separate-stderr -4 as_nobody -- "$PUBLIC/pfstat" -- touch "$PUBLIC/open/started"
	[ ! -e "$PUBLIC/open/started" ]
}

@test "libbpf speaks with -v" {
	needs_nobody_with
	run --separate-stderr -4 as_nobody -- "$PUBLIC/pfstat" -v -- true
	[[ "$stderr" == *libbpf:* ]]
}

@test "CAP_BPF alone: 4, and CAP_PERFMON is named" {
	needs_nobody_with bpf
	run --separate-stderr -4 as_nobody bpf -- "$PUBLIC/pfstat" -- true
	[[ "$stderr" == *CAP_PERFMON* ]]
	run --separate-stderr -4 as_nobody bpf -- "$PUBLIC/pfstat" doctor
	[[ "$output" =~ cap_bpf\ +yes ]]
	[[ "$output" =~ cap_perfmon\ +no ]]
}

@test "CAP_BPF and CAP_PERFMON: measures, or says what else" {
	needs_nobody_with bpf perfmon
	run --separate-stderr as_nobody bpf perfmon -- "$PUBLIC/pfstat" --json -- true
	case $status in
	0)
		[[ "${lines[-1]}" == *'"kind":"total"'* ]]
		own_words_only
		;;
	4)
		[[ "$stderr" =~ CAP_|perf_event_paranoid|RLIMIT_MEMLOCK ]]
		;;
	*)
		echo "status $status: $stderr"
		return 1
		;;
	esac
}

@test "perf events refused: fexit is said, or 4" {
	needs_nobody_with bpf perfmon
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 2 ] ||
		skip "kernel.perf_event_paranoid is at most 2"
	run --separate-stderr as_nobody bpf perfmon -- "$PUBLIC/pfstat" -- true
	[ "$status" -eq 0 ] || [ "$status" -eq 4 ]
	[[ "$stderr" == *perf_event_paranoid* ]]
}

@test "the demo measures faults of every kind" {
	[ "$(id -u)" = 0 ] || skip "it sets up swap, which takes root"
	run "$BATS_TEST_DIRNAME/../demo" "$(dirname "$PFSTAT")"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Total of "*"anon"* ]]
}
