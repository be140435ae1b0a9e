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
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which someone listens( \(--peer tells who\))?$" \
	    "$credcheck" --path sock
	atf_check test -S sock
	kill -KILL $pid
	wait_until '! alive $child'
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which nobody listens; remove it$" \
	    "$credcheck" --path sock
	atf_check test -S sock
	rm sock
	start_endless --type dgram
	atf_check -s exit:2 -e inline:"credcheck: sock: exists already: a\
 socket on which someone listens\n" "$credcheck" --path sock
	kill $pid
	wait $pid || :
	mkfifo fifo
	atf_check -s exit:2 -e inline:"credcheck: fifo: exists already:\
 something that is no socket\n" "$credcheck" --path fifo
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
	atf_check -s exit:2 \
	    -e inline:"credcheck: /: exists already: a directory\n" \
	    "$h_start" -f bind:error=EISDIR "$credcheck" --path /
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

atf_test_case endless
endless_head() {
	atf_set descr "Strangers who come without end do not put off the" \
	    "deadline of a client that does not come"
	atf_set require.progs "python3"
}
endless_body() {
	require_mechanism
	require_faults
	for type in STREAM DGRAM; do
		# A server that is slower than they are.
		call=connect for="client to connect" slow=send:delay=20000
		[ $type = STREAM ] || call=write for="client.s message" \
		    slow=recvmsg:delay=20000
		start -f $call:delay=60000000:in=child,$slow:in=parent \
		    "$credcheck" --path sock --timeout 1 \
		    --type $(echo $type | tr A-Z a-z)
		wait_until 'grep -q " $call$" faults'
		python3 -c 'import socket, sys, time
begun = time.time()
while time.time() < begun + 300:
    s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + sys.argv[1]))
    try:
        s.connect("sock")
        while sys.argv[1] == "DGRAM" and time.time() < begun + 300:
            s.send(b"stranger")
    except FileNotFoundError:
        break
    except OSError:
        time.sleep(0.001)' $type &
		strangers=$!
		wait_until '! alive $pid'
		wait $pid
		atf_check_equal 2 $?
		kill $strangers 2>/dev/null
		atf_check -o match:"^credcheck: timed out after 1 s waiting for the $for$" \
		    cat stderr
		atf_check test ! -e sock
		rm faults
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
	atf_check -s exit:2 -e match:"a socket on which someone listens( \(--peer tells who\))?$" \
	    "$credcheck" --path sock
	atf_check -s exit:2 \
	    -e match:"^credcheck: client: timed out after 0.1 s waiting for the server to accept$" \
	    "$credcheck" --client sock --timeout 0.1
	kill $listener
}

atf_test_case link_to_nowhere
link_to_nowhere_head() {
	atf_set descr "A symbolic link that leads nowhere is left alone, also" \
	    "where bind(2) would follow it: it is not called"
}
link_to_nowhere_body() {
	require_faults
	ln -s nowhere link
	with_faults bind --path link
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: link: exists already: a symbolic link\n" \
	    cat stderr
	atf_check -s exit:1 grep " bind$" faults
	atf_check test -L link -a ! -e nowhere
}

# Starts a run with its socket in the directory place; it stops itself, as
# bind:$1 says.
start_in_place() {
	mkdir place other
	start -f bind:$1=STOP "$credcheck" --path place/sock --timeout 5
	wait_until '[ -s faults ]'
	wait_until 'case $(ps -o stat= -p $pid) in T*) ;; *) false ;; esac'
}

atf_test_case exchanged
exchanged_head() {
	atf_set descr "What is removed is the socket that was made, when its" \
	    "directory has given its name to another one"
	atf_set require.progs "python3"
}
exchanged_body() {
	require_faults
	start_in_place after
	mv place ours
	ln -s other place
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("place/sock")'
	kill -CONT $pid
	wait $pid
	# The client finds nobody who listens there.
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: client: connect: place/sock: $(words ECONNREFUSED)\n" \
	    cat stderr
	atf_check test -S other/sock -a ! -e ours/sock
}

atf_test_case exchanged_before
exchanged_before_head() {
	atf_set descr "A socket that was made in another directory, which has" \
	    "taken the name in that moment, is said to be left behind"
}
exchanged_before_body() {
	require_faults
	for file in "" ours/sock; do
		start_in_place signal
		mv place ours
		ln -s other place
		[ -z "$file" ] || : >$file
		kill -CONT $pid
		wait $pid
		atf_check_equal 2 $?
		atf_check -o match:"^credcheck: place/sock: left behind, as it was not found after bind" \
		    cat stderr
		atf_check -o inline:"1\n" grep -c . stderr
		atf_check test -S other/sock -a ! -S ours/sock
		[ -z "$file" ] || atf_check rm $file
		rm -r place ours other faults
	done
}

atf_test_case removed
removed_head() {
	atf_set descr "A socket that somebody has removed, also in the moment" \
	    "in which it is to go, is nothing to complain of"
}
removed_body() {
	require_mechanism
	require_faults
	start "$credcheck" --server sock --verbose
	wait_listening
	atf_check "$credcheck" --client sock
	rm sock
	kill -TERM $pid
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"Listening on sock\n" cat stderr
	with_faults unlinkat:error=ENOENT --path sock
	atf_check_equal 0 $?
	atf_check cat stderr
	atf_check rm sock
}

atf_test_case not_seen
not_seen_head() {
	atf_set descr "A file that cannot be looked at is not removed, but said" \
	    "to be left behind"
}
not_seen_body() {
	require_faults
	atf_check "$credcheck" --quiet --path sock
	with_faults fstatat:error=EIO:when=2 --path sock
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: sock: left behind, as it was not found after bind: $(words EIO)\n" \
	    cat stderr
	atf_check rm sock
	with_faults fstatat:error=EIO:when=3 --path sock
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: sock: left behind: $(words EIO)\n" \
	    cat stderr
	atf_check rm sock
}

atf_test_case client_left_behind
client_left_behind_head() {
	atf_set descr "A name that the client cannot remove is removed by the" \
	    "server, or said to be left behind"
}
client_left_behind_body() {
	require_faults
	# Its datagram client has a name on every system.
	credcheck=$(atf_get_srcdir)/h_generic
	with_faults none --type dgram --path sock
	atf_check_equal 2 $?
	without=$(cat stderr)
	with_faults unlinkat:error=EACCES:when=1 --type dgram --path sock
	atf_check_equal 2 $?
	atf_check grep -q "^[0-9]* unlinkat$" faults
	left=$(ls sock* 2>/dev/null | grep -v "^sock$")
	atf_check_equal "" "$left"
	rm -f sock
	with_faults unlinkat:error=EACCES --type dgram --path sock
	atf_check_equal 2 $?
	atf_check -o match:": sock: left behind: " \
	    -o match:": sock.c: left behind: " cat stderr
	atf_check rm sock sock.c
}

atf_test_case early_go_on
early_go_on_head() {
	atf_set descr "What a stranger has sent to the datagram client before" \
	    "it was connected is no \"go on\""
	atf_set require.progs "python3"
}
early_go_on_body() {
	require_linux
	require_faults
	start -f connect:signal=STOP,setsockopt:delay=300000 "$credcheck" \
	    --sync --type dgram --path ./sock
	wait_until 'grep -q " connect$" faults'
	child=$(sed -n "s/ connect$//p" faults)
	mkdir elsewhere
	# By the same name as the server's, too.
	atf_check sh -c "cd elsewhere && python3 -c 'import socket, sys
name, = (l.split()[-1] for l in open(\"/proc/net/unix\")
    if \"@credcheck.$pid.\" in l)
assert len(name.rstrip(\"@\").split(\".\")[-1]) > 8, name	# which nobody guesses
for own in None, \"./sock\":
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if own:
        s.bind(own)
    for text in b\"G\", b\"G\" * 8, bytes(8):
        s.sendto(text, name.replace(\"@\", \"\\0\"))'"
	kill -CONT $child
	wait $pid
	atf_check_equal 0 $?
	atf_check -o match:"^UID: $(id -ru)$" cat stdout
	atf_check cat stderr
}

atf_test_case relayed
relayed_head() {
	atf_set descr "Who sends our client what the server has sent another" \
	    "one, does not become our client by that"
	atf_set require.progs "python3"
}
relayed_body() {
	require_faults
	: >faults
	cat >relay.py <<-'END'
import os, re, signal, socket, time
print("there", flush=True)
child = None
while not child:		# one that has stopped as it connects
    time.sleep(0.01)
    child = re.search("([0-9]+) connect\n", open("faults").read())
os.rename("sock", "behind")
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
s.listen(1)
os.kill(int(child.group(1)), signal.SIGCONT)
c, _ = s.accept()
c.send(b"?G")
relay = socket.socket(socket.AF_UNIX)
relay.connect("behind")
relay.send(b"!")
while relay.recv(64):		# until the server hangs up
    pass
	END
	python3 relay.py >relay.out 2>&1 &
	relay=$!
	wait_until 'grep -q there relay.out'
	start -f connect:signal=STOP "$credcheck" --sync --path sock \
	    --timeout 1
	wait $relay
	wait $pid
	atf_check_equal 2 $?
	atf_check cat stdout
	atf_check -o match:"^credcheck: not our client, and closed" cat stderr
	rm -f sock behind
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
	atf_add_test_case endless
	atf_add_test_case full_backlog
	atf_add_test_case link_to_nowhere
	atf_add_test_case exchanged
	atf_add_test_case exchanged_before
	atf_add_test_case removed
	atf_add_test_case not_seen
	atf_add_test_case client_left_behind
	atf_add_test_case early_go_on
	atf_add_test_case relayed
}
