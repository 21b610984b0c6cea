#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# by.bats: pfstat --by and the filters: whose faults they are, under which names, and
# that nothing is lost or counted twice. Measures only what it starts.
# PFSTAT, FAULTGEN: the programs to test and to test with; ATTACH: the way.

bats_require_minimum_version 1.5.0
load common

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	ATTACH=${ATTACH:-auto}
	BY=$BATS_TEST_DIRNAME/by.py
	cd "$BATS_TEST_TMPDIR"
	PIDS=() CGROUP=
	[ "$(id -u)" = 0 ] || skip "not root"
}

teardown()
{
	exec 8>&- 9>&-
	[ ${#PIDS[@]} -eq 0 ] || kill "${PIDS[@]}" 2> /dev/null || true
	wait
	[ -z "$CGROUP" ] || wait_for 10 remove_cgroup
}

# rmdir is refused until the last task has really left.
remove_cgroup()
{
	[ ! -d "$CGROUP" ] || find "$CGROUP" -depth -type d -exec rmdir {} + 2> /dev/null
}

pfstat()
{
	timeout 120 "$PFSTAT" --attach="$ATTACH" "$@" 2> err || {
		cat err
		return 1
	}
}

# start NAME ARG...: pfstat in the background; when it measures. Its output is in NAME.
start()
{
	local name=$1

	shift
	timeout 120 "$PFSTAT" --attach="$ATTACH" "$@" > "$name" 2> "$name.err" 3>&- 9>&- &
	PIDS+=($!)
	wait_for 30 said '^Measuring' "$name.err" || {
		cat "$name.err"
		return 1
	}
}

# worker COMMAND...: a process that waits for a line on descriptor 9; its output is in said.
worker()
{
	mkfifo in
	"$@" < in > said 2>&1 3>&- &
	WORKER=$!
	PIDS+=("$WORKER")
	exec 9> in
}

tell()
{
	echo go >&9
}

ended()
{
	! kill -0 "$1" 2> /dev/null
}

# Waits for all that was started; it ends when the worker has.
finish()
{
	exec 9>&-
	local pid

	for pid in "${PIDS[@]}"; do
		wait_for 60 ended "$pid"
	done
	PIDS=()
}

# Faults of many kinds, and of two names.
mixed()
{
	worker bash -c "read -r; ls -R /proc/self > /dev/null 2>&1; '$FAULTGEN' anon 500;
		'$FAULTGEN' shmem_write 100; '$FAULTGEN' anon_zero 50; head -c 300000 /dev/zero | md5sum;
		:"
}

make_cgroups()
{
	hierarchy
	TOP=/pfstat-by-$$-$BATS_TEST_NUMBER
	CGROUP=$ROOT$TOP
	mkdir -p "$CGROUP/inner" "$ROOT$TOP/beside" || skip "no cgroup can be made in $ROOT"
}

# count NAME FILE: of the rows of that name.
count()
{
	"$BY" rows "$2" | awk -v name="$1" '{ n = $NF; sub(/ [0-9]+$/, "") } $0 == name { s += n } END { print s + 0 }'
}

@test "the rows of each dimension add up to the paths" {
	local by

	for by in process thread comm cgroup mapping file cpu node path process,path thread,comm \
		cpu,node mapping,file comm,mapping cgroup,path; do
		if [[ $by == *cgroup* ]] && ! findmnt -t cgroup,cgroup2 > /dev/null; then continue; fi
		pfstat --by "$by" --json -- bash -c "'$FAULTGEN' anon 200 2; '$FAULTGEN' anon 100; :" \
			| grep '^{"schema"' > out
		"$BY" whole out
	done
}

@test "process: a row each, with its pid and its name" {
	pfstat --by process,path -o out --json -- \
		bash -c "'$FAULTGEN' anon 300 & echo \$! > one; '$FAULTGEN' anon 500 & echo \$! > two; wait"
	"$BY" whole out
	run python3 - out "$(cat one)" "$(cat two)" <<- 'EOT'
		import json, sys
		rows = json.loads(open(sys.argv[1]).read())["groups"]
		for pid, least in zip(sys.argv[2:], (300, 500)):
		    mine = [r for r in rows if r["process"]["pid"] == int(pid)]
		    anon = [r["count"] for r in mine if r["path"] == "anon" and r["process"]["comm"] == "faultgen"]
		    assert len(anon) == 1 and least <= anon[0] < least + 200, anon
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "thread: all of a process' threads" {
	worker "$FAULTGEN" --pause anon 400 4
	wait_for 10 said ready said
	start out --by thread --json -p "$WORKER"
	ls "/proc/$WORKER/task" > tids
	tell
	finish
	"$BY" whole out
	run python3 - out tids <<- 'EOT'
		import json, sys
		rows = {r["thread"]["tid"]: r["count"] for r in json.loads(open(sys.argv[1]).read())["groups"]}
		tids = {int(line) for line in open(sys.argv[2])}
		assert set(rows) <= tids, (rows, tids)
		assert sorted(rows.values())[-4:] == [100] * 4, rows
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "comm and cpu" {
	pfstat --by comm --json -o out -- bash -c "'$FAULTGEN' anon 300; :"
	[ "$(count faultgen out)" -ge 300 ]
	[ "$(count bash out)" -gt 0 ]
	pfstat --by cpu --json -o out -- taskset -c 0 "$FAULTGEN" anon 300
	[ "$(count 0 out)" -ge 300 ]
}

# A private mount namespace takes the overlay with it.
start_places()
{
	mkdir -p overlay lower upper work fs files
	worker unshare -m bash -c "mount -t tmpfs tmpfs fs && mkdir fs/lower fs/upper fs/work fs/merged &&
		mount -t overlay -o lowerdir=fs/lower,upperdir=fs/upper,workdir=fs/work overlay fs/merged &&
		exec '$BY' worker files fs/merged; exec '$BY' worker files"
	wait_for 20 said ready said
	said by-overlay said || echo "# no overlay can be mounted here" >&3
	said 'by name' said || echo "# this kernel has no names for anonymous memory" >&3
}

@test "mapping and file: names of files, deleted ones, memfd, overlayfs, heap, stack, named memory" {
	local part parts

	start_places
	start mappings --by mapping --json -p "$WORKER"
	start files.out --by file --json -p "$WORKER"
	start table --by mapping -n 0 -p "$WORKER"
	tell
	wait_for 20 said '^done' said
	finish
	"$BY" whole mappings files.out
	"$BY" rows mappings
	sed -n 's/^part //p' said > parts
	[ "$(wc -l < parts)" -ge 3 ]
	while read -r part; do
		echo "looking for $part"
		[ "$(count "$part" mappings)" -eq 40 ]
		grep -qF -- "$part" table
		case $part in
		\[*) [ "$(count "$part" files.out)" -eq 0 ] ;;
		*) [ "$(count "$part" files.out)" -eq 40 ] ;;
		esac
	done < parts
	[ "$(count '[heap]' mappings)" -ge 40 ]
	# What has no file is one row.
	[ "$(count None files.out)" -ge $((40 + $(grep -c '^\[' parts) * 40)) ]
	pfstat --by mapping --json -o out -- bash -c :
	[ "$(count '[stack]' out)" -ge 1 ]
}

@test "cgroup: the path of each, and the id of one that is gone" {
	make_cgroups
	worker bash -c "for cgroup in inner beside; do read -r; echo \$\$ > '$CGROUP'/\$cgroup/cgroup.procs;
		'$FAULTGEN' anon 200; done; echo \$\$ > '$ROOT/cgroup.procs'; :"
	start out --by cgroup,comm --json -p "$WORKER"
	tell
	tell
	finish
	"$BY" whole out
	"$BY" rows out
	[ "$(count "$TOP/inner faultgen" out)" -ge 200 ]
	[ "$(count "$TOP/beside faultgen" out)" -ge 200 ]
	pfstat --by cgroup -- bash -c "mkdir '$CGROUP/gone'; echo \$\$ > '$CGROUP/gone/cgroup.procs'; ls > /dev/null
		echo \$\$ > '$ROOT/cgroup.procs'; until rmdir '$CGROUP/gone'; do :; done" > out
	cat out
	grep -q '(id [0-9]*)$' out
}

@test "-c: a cgroup and those below it, by path and by id" {
	local id

	make_cgroups
	id=$(stat -c %i "$CGROUP")
	worker bash -c "read -r; for cgroup in . inner; do echo \$\$ > '$CGROUP'/\$cgroup/cgroup.procs;
		'$FAULTGEN' anon 100; done; echo \$\$ > '$ROOT/cgroup.procs'; '$FAULTGEN' anon 1000; :"
	start all --by cgroup,path --json -p "$WORKER"
	start top -c "$TOP" --by cgroup,path --json -p "$WORKER"
	start id -c "$id" --json -p "$WORKER"
	start inner -c "$CGROUP/inner" --json -p "$WORKER"
	start beside -c "$TOP/beside" --json -p "$WORKER"
	tell
	finish
	"$BY" whole all top
	run python3 - "$TOP" all top id inner beside <<- 'EOT'
		import json, sys
		top, *names = sys.argv[1:]
		total = {name: json.loads(open(name).read()) for name in names}
		def paths(name):
		    return sum(r["count"] for r in total[name]["paths"])
		def groups(name, below):
		    return sum(r["count"] for r in total[name]["groups"] if (r["cgroup"]["path"] or "").startswith(below))
		assert paths("top") == paths("id") == groups("all", top) == groups("top", top) >= 200, total["top"]
		assert paths("inner") == groups("all", top + "/inner") >= 100
		assert paths("beside") == 0 and paths("all") > 1000 + paths("top")
		assert all("missed" not in t["lost"] for t in total.values())
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "-c: what is no cgroup is a usage error" {
	hierarchy
	run -2 "$PFSTAT" -c /no-such-cgroup -- true
	[[ "$output" == *"-c /no-such-cgroup: no such cgroup, by path or by id"* ]]
	run -2 "$PFSTAT" -c 999999999 -- true
}

@test "--path, --origin, --major, -C: what the unfiltered report says of that subset" {
	mixed
	start all --json -p "$WORKER"
	start one_path --path=anon --json -p "$WORKER"
	start two_paths --path=anon,anon_zero,wp_copy --json -p "$WORKER"
	start kernel --origin=kernel --json -p "$WORKER"
	start both --origin=user --path=wp_copy,shared_write --json -p "$WORKER"
	start by_comm --by comm --json -p "$WORKER"
	start faultgen -C faultgen --json -p "$WORKER"
	start faultgen_anon -C faultgen --path=anon --by process,path --json -p "$WORKER"
	start major --major --json -p "$WORKER"
	tell
	finish
	"$BY" subset all one_path path=anon
	"$BY" subset all two_paths path=anon,anon_zero,wp_copy
	"$BY" subset all kernel origin=kernel
	"$BY" subset all both origin=user path=wp_copy,shared_write
	"$BY" whole by_comm faultgen_anon
	run python3 - <<- 'EOT'
		import json
		def total(name):
		    return json.loads(open(name).read())
		def count(rows):
		    return sum(r["count"] for r in rows)
		comms = {r["comm"]: r["count"] for r in total("by_comm")["groups"]}
		assert count(total("faultgen")["paths"]) == comms["faultgen"] > 600, comms
		anon = total("faultgen_anon")
		assert {r["path"] for r in anon["groups"]} == {"anon"} and len(anon["groups"]) == 3
		assert count(total("major")["paths"]) == sum(r["major"] for r in total("all")["paths"])
		for name in ("faultgen", "faultgen_anon", "major"):
		    assert not {"missed", "end_without_begin"} & set(total(name)["lost"]), total(name)["lost"]
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "--min-latency: those that take so long" {
	worker "$FAULTGEN" --pause anon 500
	wait_for 10 said ready said
	start all --min-latency=1ns --json -p "$WORKER"
	start none --min-latency=3600s --json -p "$WORKER"
	start some --min-latency=954ns --by process --json -p "$WORKER"
	tell
	finish
	run python3 - <<- 'EOT'
		import json
		every, none, some = (json.loads(open(name).read()) for name in ("all", "none", "some"))
		assert sum(r["count"] for r in every["paths"]) == 500 and not none["paths"], every
		# 953.67 ns is the bound between buckets -160 and -159.
		assert min((b for r in some["paths"] for b, n in r["buckets"]), default=0) >= -159, some
		assert not {"missed", "end_without_begin"} & set(some["lost"] | none["lost"]), some["lost"]
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a full table: the others are one row, and the sums are whole" {
	pfstat --by process --by-limit 4 --json -o out -- bash -c 'for i in {1..50}; do (:); done'
	"$BY" whole out
	run python3 - <<- 'EOT'
		import json
		total = json.loads(open("out").read())
		assert len(total["groups"]) == 4, len(total["groups"])
		assert total["groups_other"]["count"] > 47 * 5, total["groups_other"]
	EOT
	[ "$status" -eq 0 ]
	pfstat --by process --by-limit 4 -n 2 -- bash -c 'for i in {1..50}; do (:); done' > table
	cat table
	grep -q '(2 more)' table
	grep -q '(other)' table
	# What the table shows adds up.
	awk '$1 ~ /^[0-9]+$/ || /\(/ { gsub(/\(2 more\)/, "more"); sum += $1 ~ /^[0-9]+$/ ? $3 : $2 }
		$1 == "total" { total = $2 } END { print sum, total; exit sum != total }' table
}

@test "10,000 processes: the total is exact, the memory bounded" {
	run python3 - "$PFSTAT" "$ATTACH" <<- 'EOT'
		import resource, subprocess, sys
		subprocess.run([sys.argv[1], "--attach=" + sys.argv[2], "--by=process", "--json", "-o", "out", "--",
		                "bash", "-c", "for i in {1..10000}; do (:); done"], check=True,
		               stderr=subprocess.DEVNULL, timeout=400)
		print("peak_kib", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
	"$BY" whole out
	# AddressSanitizer keeps much more: then only the rows are checked.
	run python3 - "${output#peak_kib }" "${ASAN_OPTIONS:+sanitized}" <<- 'EOT'
		import json, sys
		total = json.loads(open("out").read())
		assert len(total["groups"]) == 10001, len(total["groups"])
		assert total["groups_other"]["count"] == 0
		# The 36 MiB of the table, as much for the rows, and the program.
		assert sys.argv[2] or int(sys.argv[1]) < 112 << 10, sys.argv[1]
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "intervals: what has exited is reported once, then its row is free again" {
	# More processes than rows, in several intervals.
	pfstat --by process --by-limit 8 --json -o out 0.4 -- \
		bash -c "for i in {1..16}; do '$FAULTGEN' anon 200; sleep 0.2; done > /dev/null"
	"$BY" whole out
	run python3 - <<- 'EOT'
		import collections, json
		*intervals, total = map(json.loads, open("out"))
		seen = collections.Counter(r["process"]["pid"] for line in intervals for r in line["groups"]
		                           if r["process"]["comm"] == "faultgen")
		late = {r["process"]["pid"] for r in total["groups"]}
		# One may go on over the end of an interval; none comes back later.
		assert len(seen) >= 14 and max(seen.values()) <= 2, seen
		assert sum(n == 2 for n in seen.values()) <= len(seen) // 2, seen
		assert total["groups_exited"]["count"] >= 200 * 10, total["groups_exited"]["count"]
		assert total["groups_other"]["count"] == 0, total["groups_other"]
		assert len(total["groups"]) <= 8
		rows = sum(r["count"] for line in intervals for r in line["groups"] + [line["groups_other"], line["groups_exited"]])
		assert rows <= sum(r["count"] for r in total["paths"]), rows
	EOT
	echo "$output"
	[ "$status" -eq 0 ]
}
