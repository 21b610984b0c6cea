#!/usr/bin/env bats
# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# serve.bats: pfstat serve as its administrator meets it: messages, exit statuses,
# pages, privileges, signals, systemd. Measures only a process that it starts.
# The metrics themselves: tests/interop/prometheus. PFSTAT: the program to test.

bats_require_minimum_version 1.5.0
load serve

setup()
{
	PFSTAT=${PFSTAT:-$BATS_TEST_DIRNAME/../../build/pfstat}
	cd "$BATS_TEST_TMPDIR"
	[ "$(id -u)" = 0 ] || skip "not root"
	sleep 300 3>&- &
	TARGET=$!
	PID=
}

teardown()
{
	kill $PID $TARGET 2> /dev/null || true
	wait $PID $TARGET 2> /dev/null || true
}

serve()
{
	start_serve 60 -p $TARGET "$@"
}

@test "serve: usage errors are 2, before anything else" {
	run -2 "$PFSTAT" serve --no-such-option
	run -2 "$PFSTAT" serve 1
	run -2 --separate-stderr "$PFSTAT" serve --web.listen-address=nonsense
	[[ "$stderr" == *nonsense* ]]
	echo 'unknown_key: 1' > web.yml
	run -2 --separate-stderr "$PFSTAT" serve --web.config.file=web.yml
	[[ "$stderr" == *web.yml:1:*unknown_key* ]]
}

@test "serve: an address in use is 1, and is named" {
	serve
	run -1 --separate-stderr "$PFSTAT" serve -p $TARGET --web.listen-address="${URL#http://}"
	[[ "$stderr" == *"${URL#http://}"* ]]
}

@test "serve: its pages, and nothing else" {
	serve
	[[ "$(curl -sf "$URL/")" == *'href="/metrics"'* ]]
	curl -sf "$URL/-/healthy"
	curl -sf "$URL/-/ready"
	curl -sf "$URL/metrics" | grep -q '^pfstat_build_info{'
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$URL/nothing")" = 404 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$URL/metrics")" = 405 ]
	[ "$(curl -s -o /dev/null -w '%{http_code} %{size_download}' -I "$URL/metrics")" = "200 0" ]
}

@test "serve: gives up its privileges, in every thread" {
	serve
	said '^Privileges dropped; kept: ' err
	for status in /proc/$PID/task/*/status; do
		grep -q '^NoNewPrivs:.*1$' $status
		grep -q '^Seccomp:.*2$' $status
		# CAP_SYS_ADMIN is bit 21; of all there are at most CAP_PERFMON and CAP_BPF left.
		permitted=0x$(sed -n 's/^CapPrm:[[:space:]]*//p' $status)
		[ $((permitted & ~(3 << 38))) -eq 0 ]
	done
}

@test "serve: all of it without privileges is 4" {
	run -4 --separate-stderr setpriv --reuid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		"$PFSTAT" serve --web.listen-address=127.0.0.1:0
	[[ "$stderr" =~ CAP_ ]]
}

@test "serve: SIGTERM and SIGINT end it with 0, and the kernel is left clean" {
	for signal in TERM INT; do
		before=$(bpftool prog show 2> /dev/null | grep -c '^[0-9]' || :)
		serve
		kill -$signal $PID
		wait_for 20 gone $PID
		wait_for 20 programs_are "$before"
	done
}

gone()
{
	[ ! -e /proc/$1 ]
}

programs_are()
{
	[ "$(bpftool prog show 2> /dev/null | grep -c '^[0-9]')" = "$1" ]
}

@test "serve: SIGHUP reads the web configuration again; a broken one changes nothing" {
	printf 'http_server_config:\n  headers:\n    X-Frame-Options: deny\n' > web.yml
	serve --web.config.file=web.yml
	curl -sfi "$URL/-/healthy" | grep -qi '^x-frame-options: deny'
	sed -i 's/deny/sameorigin/' web.yml
	kill -HUP $PID
	wait_for 10 said '^Web configuration read again' err
	curl -sfi "$URL/-/healthy" | grep -qi '^x-frame-options: sameorigin'
	echo 'basic_auth_users: 7' > web.yml
	kill -HUP $PID
	wait_for 10 said 'web configuration not reloaded, keeping the previous one' err
	curl -sfi "$URL/-/healthy" | grep -qi '^x-frame-options: sameorigin'
}

@test "serve: tells systemd when it is ready, and feeds the watchdog" {
	python3 - "$PFSTAT" $TARGET <<'EOT'
import os, socket, subprocess, sys
name = os.path.abspath("notify")
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(name)
sock.settimeout(20)
env = dict(os.environ, NOTIFY_SOCKET=name, WATCHDOG_USEC="200000")
serve = subprocess.Popen([sys.argv[1], "serve", "-p", sys.argv[2],
                          "--web.listen-address=127.0.0.1:0"], env=env,
                         stderr=subprocess.DEVNULL)
try:
    assert b"READY=1" in sock.recv(4096)
    for _ in range(3):
        assert b"WATCHDOG=1" in sock.recv(4096)
    serve.terminate()
    while b"STOPPING=1" not in sock.recv(4096):
        pass
    assert serve.wait(20) == 0
finally:
    serve.kill()
EOT
}

@test "serve: takes its sockets from systemd" {
	python3 - "$PFSTAT" $TARGET <<'EOT'
import os, socket, subprocess, sys, urllib.request
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
sock.listen()
url = "http://127.0.0.1:%d/-/ready" % sock.getsockname()[1]

def as_systemd():
    os.dup2(sock.fileno(), 3)
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = "1"
    os.execv(sys.argv[1], [sys.argv[1], "serve", "-p", sys.argv[2], "--web.systemd-socket"])

pid = os.fork()
if not pid:
    as_systemd()
try:
    # The kernel keeps the connection until pfstat takes it.
    assert urllib.request.urlopen(url, timeout=20).status == 200
finally:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
EOT
	run -2 --separate-stderr "$PFSTAT" serve -p $TARGET --web.systemd-socket
	[[ "$stderr" == *systemd* ]]
}

@test "serve: the format follows Accept, gzip Accept-Encoding" {
	serve
	type=$(curl -s -o /dev/null -w '%{content_type}' "$URL/metrics")
	[[ "$type" == text/plain*version=0.0.4* ]]
	type=$(curl -s -o om -w '%{content_type}' -H 'Accept: application/openmetrics-text;version=1.0.0' "$URL/metrics")
	[[ "$type" == application/openmetrics-text*version=1.0.0* ]]
	[ "$(tail -1 om)" = '# EOF' ]
	type=$(curl -s -o proto -w '%{content_type}' \
		-H 'Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' "$URL/metrics")
	[[ "$type" == application/vnd.google.protobuf*delimited* ]]
	curl -sf -H 'Accept-Encoding: gzip' "$URL/metrics" | gunzip | grep -q '^pfstat_build_info{'
}

# A target that makes COUNT faults of KIND when it is told: go.
make_faults_later() # KIND COUNT
{
	FAULTGEN=${FAULTGEN:-$BATS_TEST_DIRNAME/../../build/faultgen}
	kill $TARGET
	mkfifo in
	: > out
	"$FAULTGEN" --pause --json "$1" "$2" < in > out 3>&- &
	TARGET=$!
	exec 8> in
	wait_for 20 said ^ready out
}

go()
{
	echo >&8
	wait_for 60 said '^{' out
}

@test "serve: every fault is in the histogram, slow ones have an exemplar" {
	make_faults_later anon 500
	serve --slower=1ns
	go
	curl -sf -H 'Accept: application/openmetrics-text;version=1.0.0' "$URL/metrics" > om
	[ "$(sed -n 's/^pfstat_fault_duration_seconds_count{path="anon",severity="minor"} //p' om)" -ge 500 ]
	[ "$(sed -n 's/^pfstat_slow_faults_total{path="anon",severity="minor"} //p' om)" -ge 500 ]
	grep -q "^pfstat_slow_fault_threshold_seconds 0.000000001$" om
	grep -qE "^pfstat_fault_duration_seconds_bucket\{path=\"anon\".* # \{tid=\"$TARGET\",comm=\"faultgen\"\} " om
	exec 8>&-
}

@test "serve: --slower=0: no slow faults, no threshold" {
	serve --slower=0
	curl -sf "$URL/metrics" > metrics
	run -1 grep slow metrics
}
