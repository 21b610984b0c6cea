# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# common.bash: what the tests that wait for something share; for bats' load.

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# said TEXT FILE
said()
{
	grep -q -- "$1" "$2"
}

# ROOT: the hierarchy that accounts memory; the unified one also when it is nowhere.
hierarchy()
{
	local mount

	ROOT=$(findmnt -rn -t cgroup -O memory -o TARGET | head -1)
	for mount in $(findmnt -rn -t cgroup2 -o TARGET); do
		if [ -z "$ROOT" ] || grep -qw memory "$mount/cgroup.controllers"; then
			ROOT=$mount
		fi
	done
	[ -n "$ROOT" ] || skip "no cgroup hierarchy is mounted"
}
