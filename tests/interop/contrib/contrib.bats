#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# contrib.bats: what can be checked of contrib/ and docs/metrics.md without root
# and without measuring. tests/interop/prometheus asks the same expressions of a real one.
# PFSTAT: the program whose options and libraries count.

bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_DIRNAME/../../.."
	export PFSTAT=${PFSTAT:-$PWD/build/pfstat}
}

needs()
{
	command -v "$1" > /dev/null || skip "$1 is not installed (Debian package $2)"
}

check()
{
	python3 -c 'import yaml' 2> /dev/null || skip "no module yaml (Debian package python3-yaml)"
	tests/interop/contrib/check.py "$1"
}

@test "contrib: promtool takes the rules and the example configuration" {
	needs promtool prometheus
	promtool check rules contrib/prometheus/pfstat.rules.yml contrib/prometheus/pfstat.alerts.yml
	promtool check config --syntax-only contrib/prometheus/prometheus.yml
}

@test "contrib: the rules record and the alerts fire what pfstat_test.yml says" {
	needs promtool prometheus
	promtool test rules contrib/prometheus/pfstat_test.yml
}

@test "contrib: pfstat_test.yml leaves out no rule and no alert" {
	check covered
}

@test "contrib: each alert says what, where and what to do" {
	check alerts
}

@test "contrib: each expression of docs, rules and dashboard is PromQL" {
	needs promtool prometheus
	check syntax
}

@test "contrib: each metric that is asked for is in docs/metrics.md" {
	check names
}

@test "contrib: docs/metrics.md has the metrics of src/serve/metrics.c, and their types" {
	[ -f src/serve/metrics.c ] || skip "no src/serve/metrics.c"
	check families
}

@test "contrib: the dashboard is whole" {
	check dashboard
}

@test "contrib: the service is confined: at most 2.5 of 10 by systemd-analyze security" {
	needs systemd-analyze systemd
	run systemd-analyze security --offline=yes --threshold=25 --no-pager contrib/systemd/pfstat.service
	echo "${lines[-1]}"
	[ "$status" = 0 ]
	# Silence about a directive is a failure of ours as well.
	for directive in Type=notify DynamicUser=yes NoNewPrivileges=yes LimitMEMLOCK=infinity ProtectSystem=strict \
			ProcSubset=all "AmbientCapabilities=CAP_BPF CAP_PERFMON" "CapabilityBoundingSet=CAP_BPF CAP_PERFMON"; do
		grep -qxF "$directive" contrib/systemd/pfstat.service || { echo "no $directive"; return 1; }
	done
}

@test "contrib: systemd has nothing to say about the units" {
	needs systemd-analyze systemd
	# It wants the program to be there.
	sed "s,^ExecStart=pfstat,ExecStart=$(command -v true)," contrib/systemd/pfstat.service > "$BATS_TEST_TMPDIR/pfstat.service"
	cp contrib/systemd/pfstat.socket "$BATS_TEST_TMPDIR"
	run systemd-analyze verify --man=no --recursive-errors=no "$BATS_TEST_TMPDIR"/pfstat.{service,socket}
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" != *"$BATS_TEST_TMPDIR"* ]]
	[[ "$output" != *pfstat.* ]]
}

@test "contrib: the environment file sets nothing but PFSTAT_OPTIONS" {
	[ "$(grep -vE '^(#|$)' contrib/systemd/pfstat.default)" = 'PFSTAT_OPTIONS=""' ]
	grep -qxF 'EnvironmentFile=-/etc/default/pfstat' contrib/systemd/pfstat.service
	grep -qE '^ExecStart=pfstat serve \$PFSTAT_OPTIONS$' contrib/systemd/pfstat.service
}

@test "contrib: the manifests for Kubernetes fit together" {
	check kubernetes
}

@test "contrib: the image has what the build and the program need" {
	needs objdump binutils
	needs dpkg dpkg
	[ -x "$PFSTAT" ] || skip "no $PFSTAT"
	check image
}

@test "contrib: pfstat serve has the options that are passed to it" {
	[ -f src/serve/cmd.c ] || skip "no src/serve/cmd.c"
	check options
}
