# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# serve.bash: what the tests of pfstat serve share; for bats' load.

# LeakSanitizer stops all threads with ptrace(2), which the sandbox refuses: it would never end.
[ -z "${ASAN_OPTIONS:-}" ] || export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
load common

# start_serve SECONDS OPTION...: measures as the options say, on a port of its own,
# for SECONDS at most: PID, URL, and err in the current folder.
start_serve()
{
	local limit=$1

	shift
	: > err
	timeout "$limit" "$PFSTAT" serve --web.listen-address=127.0.0.1:0 "$@" 2> err 3>&- 8>&- &
	wait_for 60 said '^Listening on ' err || { cat err; return 1; }
	# The child of timeout.
	PID=$(pgrep -P $!)
	URL=$(sed -n 's/^Listening on //p' err | head -1)
}
