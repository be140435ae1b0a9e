# SPDX-License-Identifier: BSD-2-Clause
#
# Programs that others wrote, as they are, at our server's socket.

# Starts a server for $1 connections, JSON, and options.
serve() {
	count=$1
	shift
	start "$credcheck" --server sock --json --verbose --count $count "$@"
	wait_listening
}

# Each connection brought our credentials, in $1 bytes (of the first).
served() {
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"Listening on sock\n" cat stderr
	atf_check -o inline:"credentials $(id -ru) $(id -rg)\n" sh -c \
	    "jq -r '\"\(.outcome) \(.uid) \(.gid)\"' stdout | sort -u"
	atf_check -o inline:"$1\n" sh -c "jq .bytes stdout | head -n 1"
	atf_check -o inline:"[]\n" jq -cs \
	    '[.[] | select(.peer.pid != null and .peer.pid != .pid)]' stdout
}

atf_test_case nc
nc_head() {
	atf_set descr "nc(1)"
	atf_set require.progs "jq nc"
}
nc_body() {
	require_mechanism
	nc -h 2>&1 | grep -q -e '-U' || atf_skip "this nc has no -U"
	serve 1
	echo hello | nc -U sock
	served 6
}

atf_test_case socat
socat_head() {
	atf_set descr "socat, over a stream and over seqpacket"
	atf_set require.progs "jq socat"
}
socat_body() {
	require_mechanism
	serve 1
	echo hello | socat -u - UNIX-CONNECT:sock
	served 6
	serve 1 --type seqpacket
	echo hello | socat -u - UNIX-CONNECT:sock,type=5
	served 6
}

atf_test_case dbus_send
dbus_send_head() {
	atf_set descr "dbus-send, whose first byte is the message that carries" \
	    "credentials"
	atf_set require.progs "jq dbus-send"
}
dbus_send_body() {
	require_mechanism
	serve 1
	# We are no bus, so that it fails in the end.
	DBUS_SESSION_BUS_ADDRESS=unix:path=$PWD/sock \
	    dbus-send --session --dest=a.b / a.b.c 2>/dev/null
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"credentials $(id -ru) true\n" \
	    jq -r '"\(.outcome) \(.uid) \(.bytes >= 1)"' stdout
}

atf_test_case curl
curl_head() {
	atf_set descr "curl --unix-socket"
	atf_set require.progs "jq curl"
}
curl_body() {
	require_mechanism
	serve 1
	curl -s --unix-socket sock http://localhost/ -o ignored
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"credentials $(id -ru) true\n" \
	    jq -r '"\(.outcome) \(.uid) \(.bytes > 16)"' stdout
}

atf_test_case systemd_notify
systemd_notify_head() {
	atf_set descr "systemd-notify, over datagrams: two reports, and a" \
	    "descriptor for whose closing it waits"
	atf_set require.progs "jq systemd-notify"
}
systemd_notify_body() {
	require_mechanism
	serve 2 --type dgram
	NOTIFY_SOCKET=$PWD/sock systemd-notify --ready
	atf_check_equal 0 $?
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"Listening on sock\n" cat stderr
	part_tally
	# READY=1 and BARRIER=1; it ends only when the descriptor is closed.
	atf_check -o inline:"credentials 7\ncredentials 9\n" \
	    jq -r '"\(.outcome) \(.bytes)"' stdout
	atf_check -o inline:"$(id -ru)\n" sh -c "jq .uid stdout | sort -u"
}

atf_test_case python
python_head() {
	atf_set descr "A client in python, over each type"
	atf_set require.progs "jq python3"
}
python_body() {
	require_mechanism
	for type in stream seqpacket dgram; do
		serve 1 --type $type
		atf_check python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[1]))
s.connect("sock")
s.send(b"hello")' $(echo $type | tr a-z A-Z)
		served 5
	done
}

atf_test_case perl
perl_head() {
	atf_set descr "A client in perl"
	atf_set require.progs "jq perl"
}
perl_body() {
	require_mechanism
	serve 1
	atf_check perl -MIO::Socket::UNIX -e \
	    'my $s = IO::Socket::UNIX->new("sock") or die;
	    print $s "hello"; close $s'
	served 5
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case nc
	atf_add_test_case socat
	atf_add_test_case dbus_send
	atf_add_test_case curl
	atf_add_test_case systemd_notify
	atf_add_test_case python
	atf_add_test_case perl
}
