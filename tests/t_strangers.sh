# SPDX-License-Identifier: BSD-2-Clause
#
# What a stranger sends, or refuses to read, holds nobody up.

. "$(atf_get_srcdir)/common.subr"

# A stranger with h_linger's arguments, which has done all that it does.
start_stranger() {
	rm -f stranger
	"$(atf_get_srcdir)/h_linger" "$@" >stranger 2>stranger.err &
	stranger=$!
	wait_until 'grep -qs ready stranger || ! alive $stranger' 60
	if ! grep -qs ready stranger; then
		cat stranger.err
		atf_fail "no stranger"
	fi
}

end_stranger() {
	kill -KILL $stranger
	wait $stranger || :
}

# How many descriptors process $1 has open.
open_descriptors() {
	ls "/proc/$1/fd" | wc -l
}

atf_test_case lingering
lingering_head() {
	atf_set descr "200 strangers who each send a descriptor that lingers" \
	    "for a minute when it is closed, also in the queue of another, do" \
	    "not put off the line of a client that says nothing"
	atf_set require.progs "jq python3"
}
lingering_body() {
	require_mechanism
	for nested in "" nested; do
		start "$credcheck" --server sock --json --verbose --count 201 \
		    --timeout 1
		wait_listening
		python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect("sock")
time.sleep(60)' &
		silent=$!
		start_stranger connect sock stream 200 $nested
		wait_until 'grep -q "\"trials\":201," stdout' 60
		wait $pid
		kill $silent
		atf_check -o inline:"200\n" grep -c '"credentials","bytes":5' \
		    stdout
		atf_check -o inline:"1\n" grep -c '"outcome":"timeout"' stdout
		end_stranger
	done
}

atf_test_case turned_away
turned_away_head() {
	atf_set descr "A stranger who connects to the socket of our own client" \
	    "is turned away without waiting for what it has sent"
	atf_set require.progs "jq"
}
turned_away_body() {
	require_mechanism
	start_endless --json --timeout 10
	for nested in "" nested; do
		start_stranger connect sock stream 5 $nested
		wait_until '[ $(grep -c "not our client" stderr) -ge 5 ]'
		end_stranger
	done
	kill -INT $pid
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"true\n" jq ".trials > 0" stdout
}

atf_test_case listener
listener_head() {
	atf_set descr "A listener who sends such a descriptor to each client" \
	    "does not keep --peer or --client"
}
listener_body() {
	start_stranger listen sock stream 0
	for args in "--peer sock" "--client sock" "--client sock --sync"; do
		start "$credcheck" $args --timeout 10
		wait_until '! alive $pid'
		wait $pid
		atf_check_equal 0 $?
	done
	end_stranger
}

atf_test_case datagrams
datagrams_head() {
	atf_set descr "Descriptors that come in strangers' datagrams are" \
	    "closed: the server has as many open after 500 of them as before"
	atf_set require.progs "python3"
}
datagrams_body() {
	require_linux
	start_endless --type dgram --json
	before=$(open_descriptors $pid)
	python3 -c 'import array, os, socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("sock")
fds = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 3)
for _ in range(500):
    s.sendmsg([b"stranger"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])'
	wait_until '[ $(open_descriptors $pid) -le $((before + 2)) ]'
	kill -INT $pid
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"0\n" jq .mismatches stdout
}

atf_test_case flat
flat_head() {
	atf_set descr "3,000 connections that bring descriptors leave the" \
	    "server's descriptors and memory as they were"
	atf_set require.progs "python3"
}
flat_body() {
	require_linux
	start "$credcheck" --server sock --json --verbose
	wait_listening
	connect='import array, os, socket, sys
fds = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 100)
for _ in range(int(sys.argv[1])):
    s = socket.socket(socket.AF_UNIX)
    s.connect("sock")
    s.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    s.recv(1)'
	python3 -c "$connect" 500
	descriptors=$(open_descriptors $pid)
	memory=$(awk '/^VmData/ { print $2 }' /proc/$pid/status)
	python3 -c "$connect" 2500
	atf_check_equal $descriptors $(open_descriptors $pid)
	# A sanitizer's own memory grows by some pages; 400 bytes of each
	# connection would be a megabyte.
	more=$(awk '/^VmData/ { print $2 }' /proc/$pid/status)
	atf_check test $((more - memory)) -lt 1000
	kill -INT $pid
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"3000\n" grep -c '"outcome":"credentials"' stdout
}

atf_init_test_cases() {
	atf_add_test_case lingering
	atf_add_test_case turned_away
	atf_add_test_case listener
	atf_add_test_case datagrams
	atf_add_test_case flat
}
