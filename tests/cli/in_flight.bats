#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# in_flight.bats: many faults in flight at once. The build in build/small has room for 64, one for
# each thread ID modulo 64, and for 8 more, of which one user has at most 4.
# SMALL, PFSTAT, FAULTGEN, SLEEPERS: the programs to test and to test with; ATTACH: the mode.

bats_require_minimum_version 1.5.0

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	SMALL=${SMALL:-${PFSTAT%/*}/small/pfstat}
	FAULTGEN=${FAULTGEN:-${PFSTAT%/*}/faultgen}
	SLEEPERS=${SLEEPERS:-${PFSTAT%/*}/sleepers}
	ATTACH=${ATTACH:-auto}
	cd "$BATS_TEST_TMPDIR"
	[ "$(id -u)" = 0 ] || skip "not root"
	[ -x "$SMALL" ] || skip "no $SMALL"
	DIR=$(mktemp -d /var/tmp/pfstat-sleepers.XXXXXX)
	chmod 755 "$DIR"
	install -m 755 "$SLEEPERS" "$DIR/sleepers"
	true | as_nobody "$DIR/sleepers" 1 > said 2>&1 || {
		[ $? != 77 ] || skip "$(cat said)"
		cat said
		return 1
	}
}

teardown()
{
	[ -z "${DIR:-}" ] || rm -r "$DIR"
}

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# The sleepers take all there is for their user; the rest is for faultgen, started by root.
beside_sleepers()
{
	cat > script <<-'EOF'
		mkfifo go
		setpriv --reuid=65534 --regid=65534 --clear-groups "$1/sleepers" "$2" < go > said &
		exec 9> go
		for i in $(seq 600); do
			! grep -q ready said || break
			sleep 0.1
		done
		"$3" anon 2000
		"$3" anon 2000 2
		exec 9>&-
		wait
	EOF
	timeout 120 "$SMALL" --attach="$ATTACH" --json --check --by comm -o json -- \
		sh script "$DIR" "$1" "$FAULTGEN" > out 2> err || {
		cat out err json
		return 1
	}
}

@test "in flight: one user's sleeping threads leave room for the others" {
	beside_sleepers 200
	python3 - <<-'EOF' || { cat json err; return 1; }
		import json
		r = json.load(open("json"))
		group = next(g for g in r["groups"] if g["comm"] == "faultgen")
		timed = sum(n for _, n in group["buckets"])
		assert group["count"] >= 4000 and timed >= 0.99 * group["count"], (group["count"], timed)
		assert "end_without_begin" not in r["lost"], r["lost"]
	EOF
}

# The sleepers are killed in their faults: 68 have a record, 132 not.
@test "in flight: a fault that found no room is counted" {
	beside_sleepers 200
	python3 - <<-'EOF' || { cat json err; return 1; }
		import json
		r = json.load(open("json"))
		killed = sum(p["count"] for p in r["paths"] if p["path"] == "killed")
		completed = sum(p["count"] for p in r["paths"] if p["path"] == "unclassified")
		assert killed == 200, killed
		# Of the program that the sleepers' user started.
		assert completed == r["lost"]["table_full"] > 0, (completed, r["lost"])
	EOF
}
