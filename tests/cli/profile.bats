#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# profile.bats: pfstat profile as a user types it: options, sums, outputs. What the stacks
# are is tests/kernel/trace/run's. Measures only processes that it starts.
# PFSTAT, FAULTGEN, KNOWN: the programs to test and to test with.

bats_require_minimum_version 1.5.0
load lines

setup()
{
	setup_lines
}

teardown()
{
	teardown_lines
}

# The sum of the weights of lines that have the pattern.
weight()
{
	awk -v want="$1" '$0 ~ want { sum += $NF } END { printf "%d\n", sum }' "${2:-folded}"
}

profile()
{
	pfstat profile -o folded "$@"
}

@test "profile: bad input: 2, and a line that says what is wrong" {
	refused "--weight x: not time or count" profile --weight x
	refused "--format svg: not folded or pprof" profile --format svg
	refused "--stack-limit 0: not a number of 1 to 1048576" profile --stack-limit 0
	refused "--stack-limit 1048577: not a number" profile --stack-limit 1048577
	refused "now: profile takes no argument" profile now
	refused "there is no nope" profile --path nope
	refused "no COMMAND" profile --
	refused "exclude each other" profile -p $$ -- true
}

@test "profile: --help has each option" {
	local option

	run --separate-stderr -0 pfstat profile --help
	for option in -c -C -d --gup --no-inherit -p -t --major --min-latency --origin --path --format \
		-o --stack-limit --svg --weight --attach -v; do
		grep -q -- " $option" <<< "$output" || { echo "not mentioned: $option"; return 1; }
	done
}

@test "profile: counts add up to what pfstat counts, times to its sum" {
	local kind

	needs_measuring
	for kind in anon sigbus kernel; do
		target $kind 50
		start profile --weight=count -p $TARGET
		make_faults
		stop 0
		mv out folded
		target $kind 50
		start --json -p $TARGET
		make_faults
		stop 0
		[ "$(weight .)" -eq "$(python3 -c 'import json
print(sum(p["count"] for p in json.loads(open("out").readlines()[-1])["paths"]))')" ]
	done
	# By time: all of it is in the stacks, and more than the faults that waited.
	run --separate-stderr -0 profile -- "$FAULTGEN" --delay=2000000 uffd_missing 5
	[ "$(weight 'uffd_missing')" -ge 10000000 ]
}

# shell_target: a shell that becomes COMMAND... when it gets a line: TARGET.
shell_target()
{
	rm -f in
	mkfifo in
	: > made
	sh -c 'echo ready; read -r _; exec "$@"' sh "$@" < in > made 3>&- &
	TARGET=$!
	exec 7> in
	wait_for 20 said '^ready' made
}

@test "profile: --stack-limit: the sum stays whole, and the loss is said" {
	local counter

	needs_measuring
	shell_target "$KNOWN" chain 60 50 40
	# The same faults counted by another one.
	"$PFSTAT" --json -p $TARGET > counted 2> counter_err 3>&- 7>&- &
	counter=$!
	wait_for 60 said '^Measuring' counter_err
	start profile --weight=count --stack-limit 4 -p $TARGET
	echo >&7
	finish 0
	wait $counter
	grep -q 'stack lost: table full\|no room for the stack' out
	grep -q '^pfstat: stacks_full [0-9]*: ' err
	# But for those of the stack walks, which are nobody's for the one that walks.
	[ "$(weight . out)" -eq "$(python3 -c 'import json
print(sum(p["count"] for p in json.loads(open("counted").readlines()[-1])["paths"] if p["path"] != "fixup"))')" ]
	run --separate-stderr -0 profile -- "$KNOWN" chain 60 50 40
	! grep -q 'table full\|no room' folded
}

@test "profile: processes that end give back their room, and the sum stays whole" {
	local counter

	needs_measuring
	# Some 50 stacks of its own has each: half of the table, then time to make room.
	shell_target sh -c 'i=0
		while [ $i -lt 480 ]; do
			/bin/true
			i=$((i + 1))
			[ $((i % 80)) -ne 0 ] || sleep 0.3
		done
		exec "$0" chain 60 50 40' "$KNOWN"
	"$PFSTAT" --json -p $TARGET > counted 2> counter_err 3>&- 7>&- &
	counter=$!
	wait_for 60 said '^Measuring' counter_err
	start profile --weight=count --stack-limit 8192 --format=pprof -o pb.gz -p $TARGET
	echo >&7
	finish 0
	wait $counter
	! grep -q '^pfstat: stacks_full' err || { cat err; return 1; }
	gzip -dc pb.gz | grep -qa leaf_a
	command -v go > /dev/null || skip "no go tool pprof"
	HOME=/tmp PPROF_BINARY_PATH=/nonexistent go tool pprof -sample_index=faults -raw pb.gz > raw 2> why ||
		{ cat why; return 1; }
	# But for those of the stack walks, which are nobody's for the one that walks.
	[ "$(awk '/^Locations/ { exit } $1 ~ /^[0-9]+$/ && $2 ~ /:$/ { sum += $1 } END { print sum }' raw)" -eq \
		"$(python3 -c 'import json
print(sum(p["count"] for p in json.loads(open("counted").readlines()[-1])["paths"] if p["path"] != "fixup"))')" ]
	# The programs are one, but for the last, and libc is mapped in one place.
	[ "$(grep -A1 'comm:\[true\]' raw | grep -o 'pid:\[[0-9]*' | sort -u | wc -l)" -lt 400 ]
	grep -q 'comm:\[true\] path:\[wp_copy\]$' raw
	[ "$(grep -c 'libc\.so\|libc-' <(sed -n '/^Mappings/,$p' raw))" -le 3 ]
}

@test "profile: --path and -C leave out the others" {
	needs_measuring
	run --separate-stderr -0 profile --weight=count --path anon --origin kernel -C known -- \
		sh -c "'$FAULTGEN' anon 30 >&2; '$KNOWN' chain 3 4 50"
	[ "$(weight ';\[anon\] ')" -eq "$(weight .)" ]
	[ "$(weight '^known;')" -eq "$(weight .)" ]
	[ "$(weight 'leaf_c;')" -eq 50 ]
	[ "$(weight 'leaf_a;')" -eq 0 ]
}

@test "profile: missing frame pointers are said, on stderr and in the stacks" {
	needs_measuring
	run --separate-stderr -0 profile -- "$KNOWN" walk 50
	[[ "$stderr" == *"user stacks that end early"*"-fno-omit-frame-pointer"* ]]
	grep -q '\[no frame pointer: stack ends here\];lost;\[anon\]' folded
}

@test "profile: pprof and the flame graph of a real run are read" {
	needs_measuring
	run --separate-stderr -0 pfstat profile --format=pprof -o pb.gz --svg flames.svg -- "$KNOWN" chain 60 50 40
	python3 - <<- 'CHECK'
		import xml.dom.minidom
		text = open("flames.svg", encoding="utf-8").read()
		xml.dom.minidom.parseString(text.encode())
		assert "leaf_a" in text and "leaf_c" in text
	CHECK
	gzip -t pb.gz
	command -v go > /dev/null || skip "no go tool pprof"
	HOME=/tmp PPROF_BINARY_PATH=/nonexistent go tool pprof -sample_index=faults -top pb.gz > top 2> why ||
		{ cat why; return 1; }
	grep -Eq '^ +60 .* leaf_a$' top
	grep -Eq '^ +50 .* leaf_b$' top
}

@test "profile: it ends by SIGINT and SIGTERM, with the process, and with -d" {
	local signal

	needs_measuring
	for signal in INT TERM; do
		target anon 20
		start profile --weight=count -p $TARGET
		make_faults
		stop 0 $signal
		[ "$(weight '\[anon\]' out)" -ge 20 ]
	done
	target anon 20
	start profile --weight=count -p $TARGET
	make_faults
	echo >&7
	finish 0
	[ "$(weight '\[anon\]' out)" -ge 20 ]
	target anon 20
	run --separate-stderr -0 profile -d 0.05 -p $TARGET
}

@test "profile: the status is the command's" {
	needs_measuring
	run --separate-stderr -42 profile -- sh -c 'exit 42'
}

@test "profile: a full disk: 1, and said; a closed pipe: quietly" {
	needs_measuring
	[ -w /dev/full ] || skip "no /dev/full"
	run --separate-stderr -1 pfstat profile -o /dev/full -- true
	[[ "$stderr" == *"/dev/full: No space left on device"* ]]
	run --separate-stderr -1 pfstat profile -o folded --svg /dev/full -- true
	[[ "$stderr" == *"/dev/full: No space left on device"* ]]
	run --separate-stderr -1 pfstat profile -o /no/such/folder/file -- touch started
	[[ "$stderr" == *"/no/such/folder/file: No such file"* ]]
	[ ! -e started ]
	run --separate-stderr bash -c '"$PFSTAT" profile -- true | true; exit ${PIPESTATUS[0]}'
	[ "$status" -eq 0 ]
	[[ "$stderr" != *[Pp]ipe* ]]
}
