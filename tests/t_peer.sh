# SPDX-License-Identifier: BSD-2-Clause
#
# --peer: who listens at a path, without a message.

# Starts $1, which is to listen at sock.
start_daemon() {
	start "$@"
	# bind(2) comes before listen(2).
	wait_until '[ -S sock ] && "$credcheck" --peer sock --quiet 2>/dev/null ||
	    ! alive $pid'
	alive $pid || { cat stderr; atf_fail "did not start: $*"; }
}

# Checks that the peer is process $1 and of user and group $2 $3.
expect_peer() {
	atf_check -o save:out "$credcheck" --peer sock --json
	check_schema out
	atf_check -o inline:"[\"peer\",$1,null,$2,null,$3,null,null,null]\n" \
	    jq -c '[.outcome, .pid, .uid, .euid, .gid, .egid, .bytes, .client,
	    .match]' out
	atf_check -o inline:"[$1,$2,$3]\n" \
	    jq -c '[.peer.pid, .peer.euid, .peer.egid]' out
	# Where there is none, the survey says so as well.
	pidfd=$("$credcheck" --survey --json | jq '[.rows[] | select(.name ==
	    "pidfd_path") | .cells.stream.errno][0] == null')
	[ "$pidfd" = true ] && pidfd=$1 || pidfd=null
	atf_check -o inline:"$pidfd\n" jq .pidfd_pid out
}

# What is to be true of each daemon, besides that it is not disturbed.
check_daemon() {
	require_linux
	start_daemon "$@"
	expect_peer $pid $(id -u) $(id -g)
	atf_check -o match:"^PID: $pid \(SO_PEERCRED\)$" -o match:"^UID: -$" \
	    -o match:"^EUID: $(id -u) \(SO_PEERCRED\)$" -o not-match:"^Got" \
	    "$credcheck" --peer sock
	kill $pid
}

atf_test_case own
own_head() {
	atf_set descr "Our own server, stream and seqpacket, which gets no message"
	atf_set require.progs "jq jsonschema"
}
own_body() {
	require_linux
	for type in stream seqpacket; do
		start "$credcheck" --server sock --type $type --verbose --json
		wait_listening
		expect_peer $pid $(id -u) $(id -g)
		atf_check -o inline:"$type\n" jq -r .type out
		kill -INT $pid
		wait $pid
		part_tally
		atf_check -o inline:'["closed",0]\n' \
		    jq -c '[.outcome, .bytes]' stdout
	done
}

atf_test_case socat
socat_head() {
	atf_set descr "socat's listening socket names socat"
	atf_set require.progs "jq socat jsonschema"
}
socat_body() {
	check_daemon socat UNIX-LISTEN:sock,fork PIPE
}

atf_test_case python
python_head() {
	atf_set descr "A listening socket of Python names its process"
	atf_set require.progs "jq python3 jsonschema"
}
python_body() {
	check_daemon python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("sock")
s.listen()
while True:
    s.accept()'
}

atf_test_case systemd
systemd_head() {
	atf_set descr "A socket that is handed to a daemon names its maker"
	atf_set require.progs "jq systemd-socket-activate jsonschema"
}
systemd_body() {
	require_linux
	start_daemon systemd-socket-activate -l "$PWD/sock" sleep 60
	# The maker has become the daemon since, under the same number.
	expect_peer $pid $(id -u) $(id -g)
	kill $pid
}

atf_test_case handed_over
handed_over_head() {
	atf_set descr "Whose maker has gone it is named still, and the pidfd" \
	    "says that it has"
	atf_set require.progs "jq python3"
}
handed_over_body() {
	require_linux
	start python3 -c 'import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
pid = os.fork()
if pid == 0:
    s.listen()
    os._exit(0)
os.waitpid(pid, 0)
open("maker", "w").write(str(pid) + "\n")
time.sleep(60)'
	wait_until '[ -s maker ]'
	atf_check -o save:out "$credcheck" --peer sock --json
	atf_check -o inline:"$(cat maker)\n" jq .pid out
	case $(uname -r) in
	6.18.*)
		atf_check -o inline:"-1\n" jq .pidfd_pid out
		atf_check -o match:"^Process of the pidfd: gone \\(SO_PEERPIDFD\\)$" \
		    "$credcheck" --peer sock
		;;
	esac
	kill $pid
}

atf_test_case other_user
other_user_head() {
	atf_set descr "A daemon of another user's: its effective IDs and its groups"
	atf_set require.user root
	atf_set require.progs "jq setpriv socat jsonschema"
}
other_user_body() {
	require_linux
	mkdir dir
	chmod 777 dir
	cd dir
	start_daemon setpriv --reuid=4711 --regid=4712 --groups=4713 \
	    socat UNIX-LISTEN:sock,fork PIPE
	expect_peer $pid 4711 4712
	atf_check -o inline:"[4713]\n" jq -c .groups out
	kill $pid
}

atf_test_case refused
refused_head() {
	atf_set descr "Where nobody can be asked: one clear line each, status 2"
}
refused_body() {
	mkdir directory
	: >file
	refuse() {
		atf_check -s exit:2 -e inline:"credcheck: $2\n" \
		    "$credcheck" --peer $1
	}
	refuse nowhere "connect: nowhere: $(words ENOENT)"
	refuse file "file: not a socket"
	refuse directory "directory: not a socket"
	refuse "$(printf %0200d 0)" \
	    "path is 200 bytes long, $path_max at most: $(printf %0200d 0)"
	refuse "sock --type dgram" "--peer means nothing with --type dgram"
	refuse "sock --count 2" "--count means nothing with --peer"
	refuse "sock --server s" "--peer and --server exclude each other"
	refuse "sock --sync" "--sync means nothing with --peer"
	start "$credcheck" --server sock --type dgram --verbose
	wait_listening
	refuse sock "sock: no stream or seqpacket socket"
	refuse "sock --type seqpacket" "sock: not a seqpacket socket (--type)"
	kill -KILL $pid
	wait $pid
	refuse sock "connect: sock: $(words ECONNREFUSED)"
	rm sock
	start "$credcheck" --server sock --type seqpacket --verbose
	wait_listening
	refuse "sock --type stream" "sock: not a stream socket (--type)"
	kill $pid
}

atf_test_case no_permission
no_permission_head() {
	atf_set descr "Without permission to connect nobody is asked"
	atf_set require.user unprivileged
}
no_permission_body() {
	start "$credcheck" --server sock --mode 0 --verbose
	wait_listening
	atf_check -s exit:2 \
	    -e inline:"credcheck: connect: sock: $(words EACCES)\n" \
	    "$credcheck" --peer sock
	kill $pid
}

atf_test_case forms
forms_head() {
	atf_set descr "Quiet, with names, and with the timeline"
}
forms_body() {
	require_linux
	start "$credcheck" --server sock --verbose --quiet
	wait_listening
	atf_check "$credcheck" --peer sock --quiet
	atf_check -o match:"^EUID: $(id -u)\($(id -un)\) \(SO_PEERCRED\)$" \
	    "$credcheck" --peer sock --names
	atf_check -o ignore -e match:"  connected$" \
	    -e match:"  asked for the peer$" \
	    "$credcheck" --peer sock --verbose
	kill $pid
}

atf_test_case unknown
unknown_head() {
	atf_set descr "Where the kernel tells nothing, or names whoever asks, it" \
	    "says so and exits with 1"
	atf_set require.progs "jq"
}
unknown_body() {
	require_faults
	start "$credcheck" --server sock --verbose --quiet
	wait_listening
	nothing=getsockopt:error=ENOPROTOOPT
	atf_check -s exit:1 -o match:"^PID: -$" -o match:"^EUID: -$" \
	    -e inline:"credcheck: the connection knows nothing of its listener\n" \
	    "$h_start" -f $nothing "$credcheck" --peer sock
	atf_check -s exit:1 -o save:out \
	    "$h_start" -f $nothing "$credcheck" --peer sock --json
	atf_check -o inline:'["none",null]\n' jq -c '[.outcome, .pid]' out
	kill $pid
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	path_max=107
	[ "$(uname -s)" = Linux ] || path_max=103
	atf_add_test_case own
	atf_add_test_case socat
	atf_add_test_case python
	atf_add_test_case systemd
	atf_add_test_case handed_over
	atf_add_test_case other_user
	atf_add_test_case refused
	atf_add_test_case no_permission
	atf_add_test_case forms
	atf_add_test_case unknown
}
