# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# lines.bash: what the tests of pfstat trace and profile share; for bats' load.
load common

setup_lines()
{
	SOURCE="$BATS_TEST_DIRNAME/../.."
	export PFSTAT=${PFSTAT:-$SOURCE/build/pfstat}
	export FAULTGEN=${FAULTGEN:-$SOURCE/build/faultgen}
	export KNOWN=${KNOWN:-$SOURCE/build/known}
	PID= TARGET=
	cd "$BATS_TEST_TMPDIR"
}

teardown_lines()
{
	exec 7>&-
	[ -z "$TARGET" ] || kill "$TARGET" 2> /dev/null || true
	[ -z "$PID" ] || kill "$PID" 2> /dev/null || true
	wait
}

needs_measuring()
{
	[ "$(id -u)" = 0 ] && [ -r /sys/kernel/btf/vmlinux ] && [ "$(uname -m)" = x86_64 ] ||
		skip "needs root, kernel BTF and x86"
}

# Nothing here takes long; what hangs is ended, with 124.
pfstat()
{
	timeout 60 "$PFSTAT" "$@"
}

# refused TEXT ARGS...: bad input: 2, nothing on stdout, one line with TEXT on stderr.
refused()
{
	local text=$1

	shift
	run --separate-stderr -2 pfstat "$@"
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *"$text"* ]] || { echo "says: $stderr"; return 1; }
}

# start ARGS...: until it measures: PID, files out and err.
start()
{
	: > err
	"$PFSTAT" "$@" > out 2> err 3>&- 7>&- &
	PID=$!
	wait_for 60 said '^Measuring' err || { cat err; return 1; }
}

# finish STATUS: waits for its end.
finish()
{
	local status=0

	wait "$PID" || status=$?
	PID=
	[ "$status" -eq "$1" ] || { echo "status $status"; cat err; return 1; }
}

# stop STATUS [SIGNAL]
stop()
{
	kill -"${2:-INT}" "$PID"
	finish "$1"
}

# target KIND COUNT [THREADS]: a faultgen that waits for make_faults: TARGET.
target()
{
	rm -f in
	mkfifo in
	: > made
	"$FAULTGEN" --pause --json "$@" < in > made 3>&- &
	TARGET=$!
	exec 7> in
	wait_for 20 said '^ready' made
}

# Its faults, until it has made them.
make_faults()
{
	echo >&7
	wait_for 20 said '^{' made
}
