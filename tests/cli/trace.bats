#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# trace.bats: pfstat trace as a user types it: options, filters, outputs, ends. What the
# lines say is tests/kernel/trace/run's. Measures only processes that it starts.
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
	[ -z "${GROUP:-}" ] || wait_for 10 remove_group
}

remove_group()
{
	[ ! -d "$GROUP" ] || find "$GROUP" -depth -type d -exec rmdir {} + 2> /dev/null
}

# check FILE EXPRESSION...: each is true of faults, the list of its faults, and end.
check()
{
	python3 - "$@" <<- 'CHECK'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
		faults, end = lines[:-1], lines[-1]
		assert end["kind"] == "trace_end", end
		assert all(f["kind"] == "fault" for f in faults)
		assert end["printed"] == len(faults), end
		paths = [f["path"] for f in faults]
		for words in sys.argv[2:]:
		    assert eval(words), (words, end, {p: paths.count(p) for p in paths})
	CHECK
}

trace()
{
	pfstat trace --format=json -o trace "$@"
}

@test "trace: bad input: 2, and a line that says what is wrong" {
	refused "--slower x: not a time" trace --slower x
	refused "--sample 0: not a number" trace --sample 0
	refused "-m x: not a number of pages" trace -m x
	refused "-m 16T: not a number of pages" trace -m 16T
	refused "-m 3M: not a power of two" trace -m 3M
	refused "-m 2G: not from one page" trace --mmap-pages=2G
	refused "--format xml: not text, json, perf-script or chrome" trace --format=xml
	refused "another format already" trace --json --format=chrome
	refused "now: trace takes no argument" trace now
	refused "there is no nope" trace --path anon,nope
	refused "there is no empty name" trace --path anon,
	refused "--origin" trace --origin mars
	refused "--origin gup needs --gup" trace --origin gup
	refused "--min-latency 5: not a time" trace --min-latency 5
	refused "-d 0: " trace -d 0
	refused "--attach magic: not auto, fentry, kprobe or tracepoint" trace --attach=magic
	refused "exclude each other" trace -p $$ -t $$
	refused "no such process: 4194304" trace -p 4194304
	refused "no such thread: 4194304" trace -t 4194304
	refused "-C : an empty name" trace -C ""
	refused "-c : an empty path" trace -c ""
	refused "no COMMAND" trace --
	run --separate-stderr -2 pfstat trace --no-such
	[[ "$stderr" == *no-such* ]]
}

@test "trace: a cgroup that is not there is named" {
	needs_measuring
	run --separate-stderr -2 pfstat trace -c /no/such/cgroup -- true
	[[ "$stderr" == *"/no/such/cgroup: no such cgroup"* ]]
}

@test "trace: --help has each option, and --dry-run is not one" {
	local option

	run --separate-stderr -0 pfstat trace --help
	for option in -c -C -d --gup --no-inherit -p -t --major --min-latency --origin --path --format \
		-g --json -m -o --sample --slower --attach -v; do
		grep -q -- " $option" <<< "$output" || { echo "not mentioned: $option"; return 1; }
	done
	run --separate-stderr -2 pfstat trace --dry-run
}

@test "trace: as many lines as pfstat counts, of each path" {
	local kind

	needs_measuring
	for kind in anon file_read sigbus bad_address; do
		target $kind 30
		start trace --slower 0 --json -p $TARGET
		make_faults
		stop 0
		check out 'end["lost"] == 0' 'len(faults) == end["faults"]' \
			"paths.count('$(sed -n 's/.*"path":"\([a-z_]*\)".*/\1/p' made)') >= 30"
		mv out trace
		target $kind 30
		start --json -p $TARGET
		make_faults
		stop 0
		python3 - <<- 'CHECK'
			import collections, json
			faults = [json.loads(line) for line in open("trace")][:-1]
			traced = collections.Counter((f["path"], f["origin"]) for f in faults)
			total = json.loads(open("out").read().splitlines()[-1])
			counted = {(p["path"], p["origin"]): p["count"] for p in total["paths"]}
			assert traced == counted, (traced, counted)
		CHECK
	done
}

@test "trace: the default is faults over 1 ms, --slower another threshold" {
	needs_measuring
	run --separate-stderr -0 trace -- "$FAULTGEN" --delay=3000000 uffd_missing 4
	check trace 'end["slower_ns"] == 1000000' 'paths.count("uffd_missing") == 4' \
		'all(f["latency_ns"] >= 1000000 for f in faults)' 'end["faults"] > len(faults)'
	run --separate-stderr -0 trace --slower 1s -- "$FAULTGEN" --delay=3000000 uffd_missing 4
	check trace 'not faults' 'end["faults"] >= 4' 'end["slower_ns"] == 10**9'
}

@test "trace: --sample N: every Nth of each CPU" {
	needs_measuring
	run --separate-stderr -0 trace --sample 7 -- "$FAULTGEN" anon 1000 2
	# Of each CPU the first, the eighth, and so on.
	check trace 'end["sample"] == 7 and end["lost"] == 0' 'end["slower_ns"] == 0' \
		"end['faults'] / 7 <= len(faults) < end['faults'] / 7 + $(nproc --all)"
	run --separate-stderr -0 trace --sample 1000000000 -- taskset -c 0 true
	check trace "1 <= len(faults) <= $(nproc --all)"
}

@test "trace: --path, --origin, --min-latency, --major" {
	needs_measuring
	run --separate-stderr -0 trace --slower 0 --path sigbus,anon -- "$FAULTGEN" sigbus 12
	check trace 'set(paths) == {"sigbus", "anon"}' 'paths.count("sigbus") == 12' \
		'end["faults"] == len(faults)'
	run --separate-stderr -0 trace --slower 0 --origin kernel -- "$FAULTGEN" kernel 12
	check trace 'len(faults) >= 12' 'all(f["origin"] == "kernel" for f in faults)'
	run --separate-stderr -0 trace --slower 0 --min-latency 2ms -- "$FAULTGEN" --delay=3000000 uffd_missing 3
	check trace 'len(faults) >= 3' 'all(f["latency_ns"] >= 2000000 for f in faults)' \
		'end["faults"] == len(faults)'
	dd if=/dev/zero of=file bs=4k count=1 2> why && sync file
	run --separate-stderr trace --slower 0 --major -- "$FAULTGEN" --dir="$BATS_TEST_TMPDIR" file_major 5
	[ "$status" -ne 77 ] || skip "no faults of a disk can be made in $BATS_TEST_TMPDIR"
	check trace 'paths.count("file_read") >= 5' 'all(f["major"] for f in faults)'
}

@test "trace: -C takes tasks of that name only" {
	needs_measuring
	run --separate-stderr -0 trace --slower 0 -C faultgen -- sh -c "cat /dev/null; '$FAULTGEN' anon 50"
	check trace 'paths.count("anon") >= 50' '{f["comm"] for f in faults} == {"faultgen"}'
}

@test "trace: -c takes tasks of a cgroup and of those below it" {
	local root path

	needs_measuring
	root=$(findmnt -rn -t cgroup -O memory -o TARGET | head -1)
	[ -n "$root" ] || root=$(findmnt -rn -t cgroup2 -o TARGET | head -1)
	GROUP=$root/pfstat-trace-$$
	mkdir "$GROUP" 2> why || skip "no cgroup can be made: $(cat why)"
	mkdir "$GROUP/inner" "$GROUP/other"
	for path in inner other; do
		cat > $path <<- 'RUN'
			echo $$ > "$1/cgroup.procs"
			exec "$2" anon 40
		RUN
	done
	# The shell enters it; only what it does behind that counts.
	for path in "/pfstat-trace-$$" "/pfstat-trace-$$/inner"; do
		run --separate-stderr -0 trace --slower 0 -c "$path" -- sh -c "sh inner $GROUP/inner '$FAULTGEN'
			sh other $GROUP/other '$FAULTGEN'"
		case $path in
		*/inner)
			check trace 'paths.count("anon") >= 40' \
				"{f['cgroup'] for f in faults} == {'$path'}"
			;;
		*)
			check trace 'paths.count("anon") >= 80' \
				"{f['cgroup'] for f in faults} == {'$path/inner', '$path/other'}"
			;;
		esac
	done
}

@test "trace: -p takes all threads of a process, -t one" {
	needs_measuring
	target anon 200 4
	start trace --slower 0 --json -p $TARGET
	make_faults
	stop 0
	check out 'paths.count("anon") == 200' 'len({f["tid"] for f in faults}) == 4' \
		"{f['pid'] for f in faults} == {$TARGET}"
	target anon 200 4
	local thread
	thread=$(ls "/proc/$TARGET/task" | tail -1)
	start trace --slower 0 --json -t "$thread"
	make_faults
	stop 0
	check out 'paths.count("anon") == 50' "{f['tid'] for f in faults} == {$thread}"
}

@test "trace: it ends with the process, with -d, and by SIGINT and SIGTERM with the last line" {
	local signal

	needs_measuring
	target anon 20
	start trace --slower 0 --json -p $TARGET
	make_faults
	echo >&7
	finish 0
	check out 'len(faults) >= 20'
	for signal in INT TERM; do
		target anon 20
		start trace --slower 0 --json -p $TARGET
		make_faults
		stop 0 $signal
		check out 'len(faults) >= 20' 'end["lost"] == 0'
	done
	run --separate-stderr -0 trace -d 0.05 -p $TARGET
	check trace 'end["printed"] == 0'
}

@test "trace: lines are there while it runs" {
	needs_measuring
	target anon 20
	start trace --slower 0 --json -p $TARGET
	make_faults
	wait_for 20 said '"path":"anon"' out
	! said trace_end out
	stop 0
}

@test "trace: -m: what a small ring has no room for is counted, with the remedy; a larger one has it" {
	needs_measuring
	run --separate-stderr -0 trace --slower 0 -g -m 1 -- "$FAULTGEN" anon 2000
	check trace 'end["lost"] > 0' 'end["printed"] > 0' \
		'end["printed"] + end["lost"] + end["untimed"] == end["faults"]'
	[[ "$stderr" == *trace_lost*--mmap-pages* ]]
	run --separate-stderr -0 pfstat trace --slower 0 -m 4K -- "$FAULTGEN" anon 2000
	[[ "$output" == *"Lost "*": the ring buffer was full (-m makes it larger); printed "* ]]
	run --separate-stderr -0 trace --slower 0 -g -- "$FAULTGEN" anon 4000
	check trace 'end["lost"] == 0' 'paths.count("anon") >= 4000'
	[[ "$stderr" != *trace_lost* ]]
}

@test "trace: the status is the command's" {
	needs_measuring
	run --separate-stderr -42 trace -- sh -c 'exit 42'
	run --separate-stderr -127 trace -- /no/such/command
	[[ "$stderr" == *"/no/such/command: command not found"* ]]
}

@test "trace: a full disk: 1, and said" {
	needs_measuring
	[ -w /dev/full ] || skip "no /dev/full"
	run --separate-stderr -1 pfstat trace --slower 0 -o /dev/full -- "$FAULTGEN" anon 1000
	[[ "$stderr" == *"/dev/full: No space left on device"* ]]
	run --separate-stderr -1 bash -c '"$PFSTAT" trace --slower 0 -- true > /dev/full'
	[[ "$stderr" == *"standard output: No space left on device"* ]]
	# At the first line, though there are no faults.
	sleep 60 3>&- &
	TARGET=$!
	run --separate-stderr -1 timeout 30 "$PFSTAT" trace -o /dev/full -p "$TARGET"
	[[ "$stderr" == *"/dev/full: No space left on device"* ]]
	run --separate-stderr -1 pfstat trace -o /no/such/folder/file -- touch started
	[[ "$stderr" == *"/no/such/folder/file: No such file"* ]]
	[ ! -e started ]
}

@test "trace: a closed pipe ends it quietly" {
	needs_measuring
	run --separate-stderr bash -c 'timeout 30 "$PFSTAT" trace --slower 0 -- \
		sh -c "while :; do /bin/true; done" | head -3; exit ${PIPESTATUS[0]}'
	[ "$status" -ne 124 ]
	[ "${#lines[@]}" -eq 3 ]
	[[ "$stderr" != *[Pp]ipe* ]]
}

@test "trace: text: a line per fault, and stacks with -g" {
	needs_measuring
	run --separate-stderr -0 pfstat trace --slower 0 --path sigbus -- "$FAULTGEN" sigbus 5
	[ "$(grep -c ' sigbus ' <<< "$output")" -eq 5 ]
	[[ "$output" != *$'\e'* ]]
	run --separate-stderr -0 pfstat trace --slower 0 --path anon -g -- "$KNOWN" chain 3 2 1
	[ "$(grep -c 'leaf_a+0x' <<< "$output")" -ge 3 ]
	grep -q 'outer+0x' <<< "$output"
}

# The same faults in another format and as JSON: there is only one run, of text in both.
interop()
{
	needs_measuring
	run --separate-stderr -0 pfstat trace --slower 0 --format="$1" -o trace "${@:2}" -- \
		"$FAULTGEN" --delay=2000000 uffd_missing 5
}

@test "trace: perf-script of a real run is read by the check that perf's own text passes" {
	interop perf-script
	"$SOURCE/tests/interop/formats/perf_script.py" trace
	[ "$(grep -c 'fault:uffd_missing' trace)" -eq 5 ]
	interop perf-script -g
	"$SOURCE/tests/interop/formats/perf_script.py" trace
	[ "$(grep -c 'fault:uffd_missing' trace)" -eq 5 ]
}

@test "trace: chrome of a real run: slices nest, causes within their faults" {
	interop chrome
	python3 - <<- 'CHECK'
		import collections, json
		events = json.load(open("trace"))
		events = events["traceEvents"] if isinstance(events, dict) else events
		open_, faults = collections.defaultdict(list), collections.Counter()
		for e in events:
		    stack = open_[e.get("tid")]
		    if e["ph"] == "B":
		        assert not stack or e["ts"] >= stack[-1]["ts"], e
		        stack.append(e)
		        faults[e["name"]] += len(stack) == 1
		        assert len(stack) <= 2, stack
		    elif e["ph"] == "E":
		        assert e["ts"] >= stack.pop()["ts"], e
		assert not any(open_.values()), open_
		assert faults["uffd_missing"] == 5, faults
	CHECK
}
