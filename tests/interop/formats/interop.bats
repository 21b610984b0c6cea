#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# interop.bats: the formats of pfstat trace, read by the programs that they are for.
# GOLDEN: the program that prints made-up faults.

bats_require_minimum_version 1.5.0

setup()
{
	cd "$BATS_TEST_DIRNAME/../../.."
	golden=${GOLDEN:-build/tests/golden}
}

needs()
{
	command -v "$1" > /dev/null || skip "$1 is not installed (Debian package $2)"
}

speedscope() # FORMAT GOLDEN
{
	needs node nodejs
	local package
	package=$(tests/interop/formats/fetch 2> "$BATS_TEST_TMPDIR/why") || skip "$(cat "$BATS_TEST_TMPDIR/why")"
	"$golden" --trace "$1" > "$BATS_TEST_TMPDIR/trace"
	"$golden" --trace json > "$BATS_TEST_TMPDIR/json"
	node tests/interop/formats/speedscope.js "$package" "$1" "$BATS_TEST_TMPDIR/trace" "$BATS_TEST_TMPDIR/json"
	# Hostile names, and all that can be missing.
	node tests/interop/formats/speedscope.js "$package" "$1" "tests/golden/$2" tests/golden/trace_all.json
}

@test "interop: speedscope reads chrome: each fault a slice of its length, each cause in it" {
	speedscope chrome trace_all_chrome.json
}

@test "interop: speedscope reads perf-script: each fault a sample, of all paths" {
	speedscope perf-script trace_all_perf.txt
}

@test "interop: perf-script is what perf script prints, by a check that perf's own text passes" {
	needs perf linux-perf
	cd "$BATS_TEST_TMPDIR"
	perf record -q -e page-faults:u -c 1 -g --sample-cpu -o data -- true > why 2>&1 ||
		skip "perf cannot record here: $(head -n 1 why)"
	perf script --ns -i data -F comm,pid,tid,cpu,time,period,event,ip,sym,symoff,dso > perf.txt
	"$OLDPWD/tests/interop/formats/perf_script.py" perf.txt
	cd "$OLDPWD"

	for format in perf-script json; do
		"$golden" --trace $format > "$BATS_TEST_TMPDIR/$format"
	done
	tests/interop/formats/perf_script.py "$BATS_TEST_TMPDIR/perf-script" "$BATS_TEST_TMPDIR/json"
	# Hostile names, and stacks.
	tests/interop/formats/perf_script.py tests/golden/trace_all_perf.txt tests/golden/trace_all.json
	tests/interop/formats/perf_script.py tests/golden/trace_stacks_perf.txt tests/golden/trace_stacks.json
}
