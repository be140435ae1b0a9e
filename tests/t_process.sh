# SPDX-License-Identifier: BSD-2-Clause
#
# Two processes: how they end, and what they leave behind, which is nothing.

# Starts a single conversation, whose client stops before it connects.
start_waiting() {
	start -f connect:signal=STOP "$credcheck" --inherit --path sock \
	    --timeout 60
	wait_until 'grep -q " connect$" faults 2>/dev/null'
	child=$(child_of $pid)
}

# Ends such a run by signal $1; nothing may be left, and it has to die of it.
dies_of() {
	start_waiting
	kill -$1 $pid
	wait $pid
	echo "$1: $? $(ls sock 2>/dev/null)" >>ended
	alive $child && echo "$1: the client lives on" >>ended
	atf_check cat stdout stderr
	rm faults
}

atf_test_case each_signal
each_signal_head() {
	atf_set descr "Every signal that ends a process ends both, the socket" \
	    "goes, and it has died of that signal"
}
each_signal_body() {
	require_faults
	ulimit -c 0
	signals="HUP INT QUIT ABRT ALRM TERM USR1 USR2 VTALRM PROF XCPU"
	[ "$(uname -s)" != Linux ] || signals="$signals IO PWR STKFLT"
	for signal in $signals; do
		dies_of $signal
		echo "$signal: $((128 + $(number_of $signal))) " >>wanted
	done
	# Below are those of glibc's own, which nobody else may handle.
	[ "$(uname -s)" != Linux ] || for number in $(seq 34 64); do
		dies_of $number
		echo "$number: $((128 + number)) " >>wanted
	done
	atf_check -o file:wanted cat ended
}

atf_test_case process_1
process_1_head() {
	atf_set descr "Process 1 of a container, which no signal kills, ends" \
	    "with 128 and the number of the signal, and leaves nothing behind"
	atf_set require.progs "unshare"
}
process_1_body() {
	require_linux
	unshare --pid --fork --mount-proc true 2>/dev/null ||
	    atf_skip "no PID namespace to be had here"
	for signal in QUIT:131 USR1:138 64:192; do
		start unshare --pid --fork --mount-proc "$credcheck" --sync \
		    --path sock --count 1000000000
		wait_until '[ -S sock ]'
		wait_until '[ -n "$(child_of $(child_of $pid))" ]'
		kill -${signal%:*} $(child_of $pid)
		wait $pid
		atf_check_equal ${signal#*:} $?
		atf_check test ! -e sock
	done
}

# A counted run ends at signal $1 with its report, and status $2.
reports_at() {
	signal=$1 status=$2
	kill -$signal $pid
	wait $pid
	atf_check_equal $status $?
	atf_check -o match:"^[1-9][0-9]* trials?: " cat stdout
	atf_check cat stderr
	atf_check test ! -e sock
	alive $child && atf_fail "the client lives on"
	:
}

atf_test_case stops
stops_head() {
	atf_set descr "SIGINT, SIGTERM and SIGHUP end any counted run with a" \
	    "report of what it has, and its exit status"
}
stops_body() {
	require_mechanism
	for signal in INT TERM HUP; do
		for mode in "0 --sync" "1 --late" "0 --inherit" "0 --race"; do
			start "$credcheck" ${mode#* } --count 1000000000 \
			    --path sock
			wait_until '[ -n "$(child_of $pid)" ]'
			child=$(child_of $pid)
			sleep 0.2	# for a trial at least
			reports_at $signal ${mode% *}
		done
	done
}

atf_test_case stops_in_time
stops_in_time_head() {
	atf_set descr "A client that is stopped does not keep a counted run" \
	    "from its report: the timeout is an hour"
}
stops_in_time_body() {
	require_mechanism
	for mode in "--sync" "--race" "--race --path sock"; do
		start "$credcheck" $mode --count 1000000000 --timeout 3600
		wait_until '[ -n "$(child_of $pid)" ]'
		child=$(child_of $pid)
		sleep 0.2
		kill -STOP $child
		sleep 0.2
		reports_at INT 0
	done
}

atf_test_case sigKILL
sigKILL_head() {
	atf_set descr "After SIGKILL of the server no process is left, and the" \
	    "next run says what the socket is"
}
sigKILL_body() {
	start_endless
	kill -KILL $pid
	wait_until '! alive $child'
	atf_check -s exit:2 -e match:"nobody listens; remove it" \
	    "$credcheck" --path sock
}

atf_test_case ignored
ignored_head() {
	atf_set descr "A signal that was ignored at the start stays ignored," \
	    "as nohup(1) wants it"
}
ignored_body() {
	(
		trap '' HUP USR1 ALRM
		exec "$credcheck" --count 1000000000 --path sock
	) >/dev/null 2>&1 &
	pid=$!
	wait_until '[ -S sock ]'
	wait_until '[ -n "$(child_of $pid)" ]'
	kill -HUP $pid
	kill -USR1 $pid
	kill -ALRM $pid
	sleep 0.2
	alive $pid || atf_fail "it has ended"
	kill -USR2 $pid
	wait $pid
	status=$?
	atf_check_equal $((128 + $(number_of USR2))) $status
}

atf_test_case client_blocks
client_blocks_head() {
	atf_set descr "A signal that the client gets as well, as of a" \
	    "terminal's ^C, does not end it before its server"
}
client_blocks_body() {
	require_mechanism
	for mode in "--sync --type seqpacket" "--race --path sock"; do
		start "$credcheck" $mode --count 1000000000
		wait_until '[ -n "$(child_of $pid)" ]'
		child=$(child_of $pid)
		sleep 0.1
		for signal in HUP INT TERM QUIT USR1 USR2 ALRM; do
			kill -$signal $child
		done
		sleep 0.2
		alive $child || atf_fail "$mode: the client has ended"
		kill -INT $child
		reports_at INT 0
	done
}

atf_test_case blocked
blocked_head() {
	atf_set descr "A signal that was blocked at the start stays blocked"
	atf_set require.progs "python3"
}
blocked_body() {
	python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])
os.execv(sys.argv[1], sys.argv[1:])' "$credcheck" --count 1000000000 \
	    --path sock >/dev/null 2>&1 &
	pid=$!
	wait_until '[ -S sock ]'
	wait_until '[ -n "$(child_of $pid)" ]'
	kill -USR1 $pid
	kill -TERM $pid
	sleep 0.2
	alive $pid || atf_fail "it has ended"
	kill -USR2 $pid
	wait $pid
	status=$?
	atf_check_equal $((128 + $(number_of USR2))) $status
	atf_check test ! -e sock
}

atf_test_case alarm
alarm_head() {
	atf_set descr "It dies of an alarm that was set before it was started," \
	    "and of one that is sent, also after it has set some for itself"
	atf_set require.progs "python3"
}
alarm_body() {
	require_mechanism
	ulimit -c 0
	start python3 -c 'import os, signal, sys
signal.setitimer(signal.ITIMER_REAL, 1)
os.execv(sys.argv[1], sys.argv[1:])' "$credcheck" --server sock
	wait_until '! alive $pid'
	wait $pid
	status=$?
	atf_check_equal $((128 + $(number_of ALRM))) $status
	atf_check test ! -e sock
	start "$credcheck" --server sock --verbose --json
	wait_listening
	atf_check "$credcheck" --client sock
	wait_until '[ -s stdout ]'
	# One that meets our timer's on its way is the same one.
	wait_until 'kill -ALRM $pid 2>/dev/null; ! alive $pid'
	wait $pid
	status=$?
	atf_check_equal $((128 + $(number_of ALRM))) $status
	atf_check test ! -e sock
}

atf_test_case continued
continued_head() {
	atf_set descr "The time for which it is stopped is no part of a step:" \
	    "what comes in time after that is not too late"
}
continued_body() {
	require_mechanism
	require_faults
	start -f connect:delay=3000000 "$credcheck" --sync --path sock \
	    --timeout 2
	wait_until 'grep -q " connect$" faults'
	kill -STOP $pid
	sleep 2.4
	kill -CONT $pid
	wait $pid
	atf_check_equal 0 $?
	atf_check cat stderr
}

atf_test_case ignored_end
ignored_end_head() {
	atf_set descr "Where SIGCHLD was ignored at the start, it is known" \
	    "all the same how the client has ended"
}
ignored_end_body() {
	(
		trap '' CHLD
		exec "$credcheck" --count 1000000000 --path sock
	) >stdout 2>stderr &
	pid=$!
	wait_until '[ -S sock ]'
	wait_until '[ -n "$(child_of $pid)" ]'
	kill -KILL $(child_of $pid)
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: client died of signal 9 " cat stderr
}

atf_test_case dead_client
dead_client_head() {
	atf_set descr "A client that is killed is noticed at once, and said"
}
dead_client_body() {
	start_endless --timeout 3600
	kill -KILL $child
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: client died of signal 9 .*, waiting for the client" \
	    cat stderr
	atf_check -o inline:"1\n" grep -c . stderr
	atf_check cat stdout
	atf_check test ! -e sock
}

atf_test_case stopped_client
stopped_client_head() {
	atf_set descr "A client that is stopped does not hang the server: the" \
	    "timeout ends it, says the step, and leaves no process"
}
stopped_client_body() {
	start_endless --timeout 1.5
	kill -STOP $child
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: timed out after 1.5 s waiting for the client" \
	    cat stderr
	atf_check cat stdout
	atf_check test ! -e sock
	alive $child && atf_fail "the client lives on"
	:
}

atf_test_case stopped_server
stopped_server_head() {
	atf_set descr "A server that is stopped does not hang the client, and" \
	    "continued it ends as well"
}
stopped_server_body() {
	start_endless --timeout 1.5
	kill -STOP $pid
	wait_until '! alive $child'
	kill -CONT $pid
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: (client: )?timed out after 1.5 s waiting for" \
	    head -n 1 stderr
	atf_check test ! -e sock
}

atf_test_case stopped_orphan
stopped_orphan_head() {
	atf_set descr "A client that is stopped does not outlive its server's" \
	    "SIGKILL, whatever its identity"
}
stopped_orphan_body() {
	require_linux
	chmod 755 .
	identity=
	[ $(id -u) -ne 0 ] || identity="--user 1234:2345"
	for args in "" "$identity"; do
		start_endless $args
		kill -STOP $child
		kill -KILL $pid
		wait_until '! alive $child'
		rm sock
	done
}

atf_test_case not_ours
not_ours_head() {
	atf_set descr "A file that has taken the place of the socket is not" \
	    "removed"
}
not_ours_body() {
	start_endless
	echo precious >file
	mv file sock
	# The client cannot connect to it any more, which ends the run.
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: client: sock: not a socket$" \
	    -o match:"^credcheck: sock: left behind: another file has its name$" \
	    cat stderr
	atf_check -o inline:"precious\n" cat sock
}

atf_test_case closed_output
closed_output_head() {
	atf_set descr "A report that could not be written in full is an error," \
	    "on a closed, a full and a broken standard output alike"
}
closed_output_body() {
	require_mechanism
	for args in "" --json "--count 9" --help --version; do
		atf_check -s exit:2 -e match:"^credcheck: standard output: " \
		    sh -c "exec '$credcheck' $args >&-"
		[ -c /dev/full ] && atf_check -s exit:2 \
		    -e inline:"credcheck: standard output: $(words ENOSPC)\n" \
		    sh -c "exec '$credcheck' $args >/dev/full"
		# The reader has gone when the writer starts.
		{
			wait_until '[ -e gone ]'
			"$credcheck" $args 2>stderr
			echo $? >status
		} | {
			exec <&-
			: >gone
		}
		atf_check -o inline:"2\n" cat status
		atf_check -o inline:"credcheck: standard output:\
 $(words EPIPE)\n" cat stderr
		rm gone
	done
	atf_check sh -c "exec '$credcheck' --quiet >&-"
	# Nobody has to come before that is said.
	atf_check -s exit:2 -e inline:"credcheck: standard output:\
 $(words EBADF)\n" sh -c "exec '$credcheck' --server sock >&-"
	atf_check test ! -e sock
	# A limit of the file's size is no signal to die of, either.
	atf_check -s exit:2 -e match:"^credcheck: standard output: $(words EFBIG)$" \
	    sh -c "ulimit -f 1; exec '$credcheck' --survey --json >file"
}

# Fills the pipe that is descriptor 3 to its last byte.
fill_pipe() {
	atf_check python3 -c 'import os
os.set_blocking(3, False)
for size in 4096, 1:
    try:
        while True:
            os.write(3, b"x" * size)
    except BlockingIOError:
        pass
os.set_blocking(3, True)'
}

# Ends a run, whose report nobody reads, by one signal; it left with $1 and
# said the rest.
ends_unread() {
	kill $pid
	wait_until '! alive $pid'
	wait $pid
	atf_check_equal $1 $?
	shift
	atf_check -o inline:"$*" cat stderr
	atf_check test ! -e sock
}

atf_test_case full_output
full_output_head() {
	atf_set descr "One signal ends a run whose report nobody reads: as an" \
	    "error, if it would have made it report; and the socket goes"
	atf_set require.progs "python3"
}
full_output_body() {
	require_mechanism
	mkfifo fifo
	exec 3<>fifo
	fill_pipe
	lost="credcheck: standard output: nobody reads the report\n"
	for format in --json --verbose; do
		rm -f stderr		# the last one was ready, too
		"$h_start" "$credcheck" --server sock --verbose $format >&3 \
		    2>stderr &
		pid=$!
		wait_listening
		# Its client does not wait for that.
		atf_check python3 -c 'import socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect("sock")
s.send(b"!")
assert s.recv(1) == b""'
		ends_unread 2 "Listening on sock\n$lost"
	done
	"$h_start" "$credcheck" --race --path sock --count 1000000000 >&3 \
	    2>stderr &
	pid=$!
	wait_until '[ -S sock ]'
	ends_unread 2 "$lost"
	for mode in --sync --survey; do
		"$h_start" "$credcheck" $mode >&3 2>stderr &
		pid=$!
		sleep 1		# it is done, but for its report
		ends_unread 143
	done
}

atf_test_case full_error
full_error_head() {
	atf_set descr "Nor does a standard error that nobody reads keep it," \
	    "when a signal ends it and there is something to say"
	atf_set require.progs "python3"
}
full_error_body() {
	require_faults
	mkfifo fifo
	exec 3<>fifo
	fill_pipe
	"$h_start" -f unlinkat:error=EACCES,listen:signal=TERM "$credcheck" \
	    --path sock 2>&3 &
	pid=$!
	wait_until '! alive $pid'
	wait $pid
	atf_check_equal 143 $?
	atf_check rm sock
}

atf_test_case slow_output
slow_output_head() {
	atf_set descr "A standard output that is non-blocking is waited for," \
	    "and is non-blocking again in the end"
	atf_set require.progs "python3"
}
slow_output_body() {
	atf_check -o save:whole -s ignore "$credcheck" --survey --json
	atf_check -o file:whole -s ignore python3 -c 'import os, select
import subprocess, sys, time
r, w = os.pipe()
os.set_blocking(w, False)
try:
    while True:			# so that there is no room for it
        os.write(w, b" ")
except BlockingIOError:
    pass
p = subprocess.Popen(sys.argv[1:], stdout=w)
time.sleep(1)
text = b""
while p.poll() is None or select.select([r], [], [], 0)[0]:
    if select.select([r], [], [], 0.1)[0]:
        text += os.read(r, 1000)
assert not os.get_blocking(w)
sys.stdout.write(text.decode().lstrip(" "))' "$credcheck" --survey --json
}

atf_test_case frozen_terminal
frozen_terminal_head() {
	atf_set descr "A terminal that was stopped by ^S does not stop a race," \
	    "whose progress it cannot show, nor its end"
	atf_set require.progs "python3"
}
frozen_terminal_body() {
	require_mechanism
	python3 -c 'import pty; pty.openpty()' 2>/dev/null ||
	    atf_skip "no pseudo-terminal to be had here"
	for how in "goes on" "stays"; do
		atf_check -o match:"^[0-9]+ trials: " python3 -c '
import os, pty, signal, subprocess, sys, time
ours, theirs = pty.openpty()
p = subprocess.Popen(sys.argv[2:], stdin=theirs, stderr=theirs)
time.sleep(1.3)
os.write(ours, b"\x13")
time.sleep(4.5)
assert p.poll() is None, os.read(ours, 4096)
if sys.argv[1] == "goes on":
    os.write(ours, b"\x11")
    time.sleep(0.5)
p.send_signal(signal.SIGINT)
assert p.wait(20) == 0' "$how" "$credcheck" --race --count 1000000000 \
		    --timeout 3
	done
}

atf_test_case small_stack
small_stack_head() {
	atf_set descr "A stack of 128 KiB is enough for every mode"
}
small_stack_body() {
	require_mechanism
	sh -c "ulimit -s 128; exec '$credcheck' --version" >/dev/null ||
	    atf_skip "the program does not start with such a stack here"
	for args in --sync "--sync --path sock" --race --survey; do
		atf_check -o ignore sh -c \
		    "ulimit -s 128; exec '$credcheck' $args"
	done
}

atf_test_case lowered_limit
lowered_limit_head() {
	atf_set descr "A server whose limit of open files is lowered below the" \
	    "number of its clients serves them all the same"
	atf_set require.progs "python3"
}
lowered_limit_body() {
	require_linux
	start "$credcheck" --server sock --verbose --timeout 60
	wait_listening
	atf_check python3 -c 'import resource, socket, sys, time
clients = []
for i in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect("sock")
    clients.append(s)
time.sleep(0.5)
resource.prlimit(int(sys.argv[1]), resource.RLIMIT_NOFILE, (20, 20))
for s in clients:
    s.send(b"x")
    while s.recv(1) != b"":	# until it was served, and closed
        pass' $pid
	kill $pid
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"40 connections: 40 credentials\n" \
	    tail -n 1 stdout
}

atf_test_case closed_standard_fds
closed_standard_fds_head() {
	atf_set descr "Closed standard input and error are no sockets of ours:" \
	    "the report is the same"
}
closed_standard_fds_body() {
	require_mechanism
	atf_check -o match:"^UID: $(id -ru)$" \
	    sh -c "exec '$credcheck' <&- 2>&-"
	atf_check -o match:"^UID: $(id -ru)$" \
	    sh -c "exec '$credcheck' --path sock --verbose <&- 2>&-"
	atf_check -s exit:1 -o match:"^UID: -$" \
	    sh -c "exec '$credcheck' --late <&- 2>&-"
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case each_signal
	atf_add_test_case process_1
	atf_add_test_case stops
	atf_add_test_case stops_in_time
	atf_add_test_case sigKILL
	atf_add_test_case ignored
	atf_add_test_case client_blocks
	atf_add_test_case blocked
	atf_add_test_case alarm
	atf_add_test_case continued
	atf_add_test_case ignored_end
	atf_add_test_case dead_client
	atf_add_test_case stopped_client
	atf_add_test_case stopped_server
	atf_add_test_case stopped_orphan
	atf_add_test_case not_ours
	atf_add_test_case closed_output
	atf_add_test_case full_output
	atf_add_test_case full_error
	atf_add_test_case slow_output
	atf_add_test_case frozen_terminal
	atf_add_test_case small_stack
	atf_add_test_case lowered_limit
	atf_add_test_case closed_standard_fds
}
