# SPDX-License-Identifier: BSD-2-Clause
#
# The named socket.

atf_test_case mode
mode_head() {
	atf_set descr "The socket has the permissions of --mode, 0666 by" \
	    "default, whatever the umask"
}
mode_body() {
	umask 0077
	for mode in "" 0600 622 200 777; do
		start_endless ${mode:+--mode $mode}
		[ -n "$mode" ] || mode=0666
		ls -l sock >listed
		kill -INT $pid
		wait $pid
		case $mode in
		0666)	bits=srw-rw-rw- ;;
		0600)	bits=srw------- ;;
		622)	bits=srw--w--w- ;;
		200)	bits=s-w------- ;;
		777)	bits=srwxrwxrwx ;;
		esac
		atf_check -o match:"^$bits" cat listed
		atf_check test ! -e sock
	done
}

atf_test_case exists
exists_head() {
	atf_set descr "A path that exists is left alone, and the message says" \
	    "what is there"
}
exists_body() {
	echo precious >file
	mkdir directory
	ln -s nowhere link
	for path in file directory link; do
		case $path in
		file)		what="a file" ;;
		directory)	what="a directory" ;;
		link)		what="a symbolic link" ;;
		esac
		atf_check -s exit:2 -e inline:"credcheck: $path: exists already: $what\n" \
		    "$credcheck" --path $path
		atf_check test -e $path -o -L $path
	done
	atf_check -o inline:"precious\n" cat file
	# A mount point has an error of its own on some systems.
	atf_check -s exit:2 \
	    -e inline:"credcheck: /: exists already: a directory\n" \
	    "$credcheck" --path /
}

atf_test_case exists_socket
exists_socket_head() {
	atf_set descr "Of a socket that exists it says whether anyone listens"
}
exists_socket_body() {
	start_endless
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which someone listens$" \
	    "$credcheck" --path sock
	atf_check test -S sock
	kill -KILL $pid
	wait_until '! alive $child'
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which nobody listens; remove it$" \
	    "$credcheck" --path sock
	atf_check test -S sock
}

atf_test_case other_errors
other_errors_head() {
	atf_set descr "What is there is said also where bind(2) says EISDIR of" \
	    "a directory, and connect(2) ENOTSOCK of a file"
}
other_errors_body() {
	require_faults
	mkdir directory
	: >file
	atf_check -s exit:2 \
	    -e inline:"credcheck: directory: exists already: a directory\n" \
	    "$h_start" -f bind:error=EISDIR "$credcheck" --path directory
	atf_check -s exit:2 -e inline:"credcheck: client: file: not a socket\n" \
	    "$h_start" -f connect:error=ENOTSOCK "$credcheck" --client file
	atf_check -s exit:2 -e inline:"credcheck: file: not a socket\n" \
	    "$h_start" -f connect:error=ENOTSOCK "$credcheck" --peer file
}

atf_test_case too_long
too_long_head() {
	atf_set descr "A path that is too long is refused with the limit, and" \
	    "the longest is not"
}
too_long_body() {
	max=103
	[ "$(uname -s)" = Linux ] && max=107
	long=$(printf "%0${max}d" 0)
	atf_check -s exit:2 \
	    -e inline:"credcheck: path is $((max + 1)) bytes long, $max at most: ${long}0\n" \
	    "$credcheck" --path "${long}0"
	atf_check -s ignore -o ignore -e not-match:"too long|at most" \
	    "$credcheck" --path "$long"
	atf_check test ! -e "$long"
}

atf_test_case no_directory
no_directory_head() {
	atf_set descr "A directory that is missing is named, and so is an" \
	    "empty path"
}
no_directory_body() {
	atf_check -s exit:2 \
	    -e inline:"credcheck: missing/sock: $(words ENOENT)\n" \
	    "$credcheck" --path missing/sock
	atf_check -s exit:2 -e match:"^credcheck: an empty path" \
	    "$credcheck" --path ""
}

atf_test_case not_writable
not_writable_head() {
	atf_set descr "A directory that cannot be written is named"
	atf_set require.user unprivileged
}
not_writable_body() {
	mkdir closed
	chmod 500 closed
	atf_check -s exit:2 \
	    -e inline:"credcheck: closed/sock: $(words EACCES)\n" \
	    "$credcheck" --path closed/sock
}

atf_test_case strangers
strangers_head() {
	atf_set descr "Others who connect or send to our socket are turned" \
	    "away, and no trial is taken for another"
	atf_set require.progs "jq python3"
}
strangers_body() {
	require_linux
	for type in stream seqpacket dgram; do
		start "$credcheck" --race --json --count 1000000000 \
		    --path sock --type $type
		wait_until '[ -n "$(child_of $pid)" ]'
		python3 -c 'import socket, sys, time
for i in range(50):
    s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[1]))
    s.connect("sock")
    try:
        s.send(b"stranger")
        while sys.argv[1] != "DGRAM" and s.recv(1) != b"":
            pass
    except OSError:
        pass
    s.close()' $(echo $type | tr a-z A-Z)
		kill -INT $pid
		wait $pid
		atf_check_equal 0 $?
		atf_check -o inline:"0 0 0\n" jq -r \
		    '"\(.violations) \(.mismatches) \(.counts.closed)"' stdout
		[ $type != dgram ] || continue
		# The first ten by name, and their number.
		atf_check -o inline:"10\n" grep -c \
		    "^credcheck: not our client, and closed: process [0-9]*$" \
		    stderr
		atf_check -o ignore grep -x \
		    "credcheck: not our client, and closed: 50 in all" stderr
	done
}

atf_test_case full_backlog
full_backlog_head() {
	atf_set descr "A socket whose listener accepts nobody is said to be" \
	    "one, without waiting for it"
	atf_set require.progs "python3"
}
full_backlog_body() {
	require_linux
	python3 -c 'import socket, time
l = socket.socket(socket.AF_UNIX)
l.bind("sock")
l.listen(0)
waiting = []
for i in range(9):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect("sock")
    except BlockingIOError:
        break
    waiting.append(s)
open("full", "w").close()
time.sleep(60)' &
	listener=$!
	wait_until '[ -e full ]'
	atf_check -s exit:2 -e match:"a socket on which someone listens$" \
	    "$credcheck" --path sock
	atf_check -s exit:2 \
	    -e match:"^credcheck: client: timed out after 0.1 s waiting for the server to accept$" \
	    "$credcheck" --client sock --timeout 0.1
	kill $listener
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case mode
	atf_add_test_case exists
	atf_add_test_case exists_socket
	atf_add_test_case other_errors
	atf_add_test_case too_long
	atf_add_test_case no_directory
	atf_add_test_case not_writable
	atf_add_test_case strangers
	atf_add_test_case full_backlog
}
