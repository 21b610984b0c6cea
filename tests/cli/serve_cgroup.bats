#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# serve_cgroup.bats: pfstat serve --by cgroup: whose the faults are, what sums up
# to what, and what becomes of cgroups that are removed. Makes its own cgroups
# below one of the hierarchy that accounts memory, and measures only a process
# that it starts there. PFSTAT, FAULTGEN: the programs to test and to test with.

bats_require_minimum_version 1.5.0
load serve

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	ATTACH=${ATTACH:-auto}
	cd "$BATS_TEST_TMPDIR"
	PID= TARGETS=()
	[ "$(id -u)" = 0 ] || skip "not root"
	hierarchy
	TOP=/pfstat-test-$$-$BATS_TEST_NUMBER
	mkdir "$ROOT$TOP" || skip "no cgroup can be made in $ROOT"
}

teardown()
{
	exec 8>&-
	[ -z "$PID" ] || kill $PID 2> /dev/null || true
	[ ${#TARGETS[@]} -eq 0 ] || kill "${TARGETS[@]}" 2> /dev/null || true
	wait
	[ -z "${TOP:-}" ] || wait_for 10 remove_all
}

# rmdir is refused until the last task has really left.
remove_all()
{
	[ ! -d "$ROOT$TOP" ] || find "$ROOT$TOP" -depth -type d -exec rmdir {} + 2> /dev/null
}

# A shell that answers each line of tell(): "enter CGROUP" moves it there, "faults"
# makes 500 faults, so that all of it happens while it is measured.
worker()
{
	mkfifo in
	bash -c 'echo ready
		while read -r what cgroup; do
			case $what in
			enter) echo $$ > "$cgroup/cgroup.procs"; echo entered ;;
			faults) "$1" anon 500 > /dev/null; echo "done" ;;
			esac
		done' bash "$FAULTGEN" < in > out 3>&- &
	TARGETS+=($!)
	exec 8> in
	wait_for 20 said ready out
}

tell()
{
	local n

	n=$(wc -l < out)
	echo "$@" >&8
	wait_for 60 more_lines_than "$n"
}

more_lines_than()
{
	[ "$(wc -l < out)" -gt "$1" ]
}

serve()
{
	start_serve 120 -p "${TARGETS[0]}" --attach="$ATTACH" --by cgroup "$@"
}

scrape()
{
	curl -sf "$URL/metrics" > metrics
}

# value SERIES: of a series' whole name, 0 when it is not there.
value()
{
	awk -v name="$1" 'index($0, name " ") == 1 { n = $NF } END { print n + 0 }' metrics
}

sum()
{
	awk -v re="^$1" '$0 ~ re { n += $NF } END { printf "%d\n", n }' metrics
}

labels()
{
	echo "cgroup=\"$1\",pod_uid=\"${2:-}\",container_id=\"${3:-}\""
}

has_no_series_of()
{
	scrape && ! grep -qF "cgroup=\"$1\"" metrics
}

# What is counted apart and together is the same, also when scraped meanwhile.
sums_are_whole()
{
	local all apart

	scrape
	all=$(sum pfstat_fault_duration_seconds_count)
	apart=$(sum pfstat_cgroup_fault_duration_seconds_count)
	echo "all $all, apart $apart"
	[ "$all" -gt 500 ] && [ "$all" -eq "$apart" ] &&
		[ "$(sum pfstat_faults_total)" -eq "$(sum pfstat_cgroup_faults_total)" ]
}

@test "serve --by cgroup: the faults of a cgroup are in its series, and sums are whole" {
	pod=8dbc5577-d0e2-4706-8787-57d52c03ddf2
	id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	name=$TOP/kubepods-pod${pod//-/_}.slice/cri-containerd-$id.scope
	mkdir -p "$ROOT$name" "$ROOT$TOP/b"
	worker
	serve
	tell enter "$ROOT$name"
	tell faults
	tell enter "$ROOT$TOP/b"
	tell faults
	tell faults
	sums_are_whole
	a=$(value "pfstat_cgroup_faults_total{$(labels "$name" $pod $id),path=\"anon\",severity=\"minor\"}")
	b=$(value "pfstat_cgroup_faults_total{$(labels "$TOP/b"),path=\"anon\",severity=\"minor\"}")
	echo "a $a, b $b"
	[ "$a" -ge 500 ] && [ "$a" -lt 1000 ]
	[ "$b" -ge 1000 ] && [ "$b" -lt 2000 ]
	[ "$(value "pfstat_cgroup_fault_duration_seconds_count{$(labels "$TOP/b")}")" -ge "$b" ]
	grep -qF "pfstat_cgroup_fault_seconds_total{$(labels "$TOP/b"),path=\"anon\"} 0." metrics
	[ "$(value pfstat_cgroups)" -ge 2 ]
	[ "$(value pfstat_cgroup_limit)" = 4096 ]
	promtool=$(command -v promtool) || return 0
	# What it has to say is about counters of others; a series twice is an error.
	run "$promtool" check metrics < metrics
	[[ "$output" != *error* && "$output" != *duplicate* ]]
}

@test "serve --by cgroup: beyond the limit all is other" {
	mkdir "$ROOT$TOP/a" "$ROOT$TOP/b"
	worker
	serve --cgroup-limit=1
	# Whatever it was in before may come first: then that one has the place.
	tell enter "$ROOT$TOP/a"
	tell faults
	tell enter "$ROOT$TOP/b"
	tell faults
	sums_are_whole
	[ "$(value pfstat_cgroups)" = 1 ]
	run -1 grep -F "cgroup=\"$TOP/b\"" metrics
	[ "$(value "pfstat_cgroup_faults_total{$(labels other),path=\"anon\",severity=\"minor\"}")" -ge 500 ]
}

@test "serve --by cgroup: a removed one's series end after its last counts" {
	mkdir "$ROOT$TOP/a" "$ROOT$TOP/b"
	worker
	serve
	tell enter "$ROOT$TOP/a"
	tell faults
	scrape
	tell faults
	tell enter "$ROOT$TOP/b"
	tell faults
	wait_for 20 rmdir "$ROOT$TOP/a"
	scrape
	[ "$(value "pfstat_cgroup_faults_total{$(labels "$TOP/a"),path=\"anon\",severity=\"minor\"}")" -ge 1000 ]
	ended=$(value "pfstat_cgroup_fault_duration_seconds_count{$(labels "$TOP/a")}")
	has_no_series_of "$TOP/a"
	apart=$(sum pfstat_cgroup_fault_duration_seconds_count)
	[ $((apart + ended)) -eq "$(sum pfstat_fault_duration_seconds_count)" ]
	# The name again is another cgroup, which begins at 0.
	mkdir "$ROOT$TOP/a"
	tell enter "$ROOT$TOP/a"
	tell faults
	scrape
	again=$(value "pfstat_cgroup_faults_total{$(labels "$TOP/a"),path=\"anon\",severity=\"minor\"}")
	[ "$again" -ge 500 ] && [ "$again" -lt 1000 ]
}

@test "serve --by cgroup: one that came and went between scrapes is in other" {
	mkdir "$ROOT$TOP/b"
	worker
	serve
	tell enter "$ROOT$TOP/b"
	scrape
	# After the scrape, which has seen all cgroups that there were.
	mkdir "$ROOT$TOP/a"
	other=$(value "pfstat_cgroup_faults_total{$(labels other),path=\"anon\",severity=\"minor\"}")
	tell enter "$ROOT$TOP/a"
	tell faults
	tell enter "$ROOT$TOP/b"
	wait_for 20 rmdir "$ROOT$TOP/a"
	# Once it is counted in other it stays there, also when its place is given back.
	for _ in 1 2 3; do
		sums_are_whole
		run -1 grep -F "cgroup=\"$TOP/a\"" metrics
		now=$(value "pfstat_cgroup_faults_total{$(labels other),path=\"anon\",severity=\"minor\"}")
		[ "$now" -ge $((other + 500)) ] && [ "$now" -lt $((other + 1000)) ]
	done
}

@test "serve --by cgroup: a name that another cgroup has taken is there once" {
	mkdir "$ROOT$TOP/a" "$ROOT$TOP/b"
	worker
	serve
	tell enter "$ROOT$TOP/a"
	tell faults
	scrape
	tell enter "$ROOT$TOP/b"
	wait_for 20 rmdir "$ROOT$TOP/a"
	mkdir "$ROOT$TOP/a"
	tell enter "$ROOT$TOP/a"
	tell faults
	scrape
	[ "$(grep -cF "pfstat_cgroup_fault_duration_seconds_count{$(labels "$TOP/a")}" metrics)" = 1 ]
}

@test "serve --by cgroup: places of removed ones are free again" {
	mkdir "$ROOT$TOP/rest"
	worker
	serve --cgroup-limit=4
	for i in 1 2 3 4 5 6 7 8; do
		mkdir "$ROOT$TOP/$i"
		tell enter "$ROOT$TOP/$i"
		tell faults
		scrape
		[ "$(value "pfstat_cgroup_faults_total{$(labels "$TOP/$i"),path=\"anon\",severity=\"minor\"}")" -ge 500 ]
		tell enter "$ROOT$TOP/rest"
		wait_for 20 rmdir "$ROOT$TOP/$i"
		scrape
	done
}
