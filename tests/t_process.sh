# SPDX-License-Identifier: BSD-2-Clause
#
# Two processes: how they end, and what they leave behind, which is nothing.

# Ends a run by signal $1; nothing may be left, and it has to die of it.
dies_of() {
	start_endless
	kill -$1 $pid
	wait $pid
	status=$?
	atf_check_equal $((128 + $2)) $status
	atf_check test ! -e sock
	alive $child && atf_fail "the client lives on"
	atf_check cat stdout stderr
}

for signal in HUP:1 INT:2 QUIT:3 ALRM:14 TERM:15; do
	name=${signal%:*}
	number=${signal#*:}
	atf_test_case sig$name
	eval "sig${name}_head() {
		atf_set descr 'SIG$name ends both processes, and the socket goes'
	}
	sig${name}_body() {
		ulimit -c 0
		dies_of $name $number
	}"
done

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
		trap '' HUP
		exec "$credcheck" --count 1000000000 --path sock
	) >/dev/null 2>&1 &
	pid=$!
	wait_until '[ -S sock ]'
	wait_until '[ -n "$(child_of $pid)" ]'
	kill -HUP $pid
	kill -TERM $pid
	wait $pid
	atf_check_equal 143 $?
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
	start_endless --timeout 0.3
	kill -STOP $child
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: timed out after 0.3 s waiting for the client" \
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
	start_endless --timeout 0.3
	kill -STOP $pid
	wait_until '! alive $child'
	kill -CONT $pid
	wait $pid
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: (client: )?timed out after 0.3 s waiting for" \
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
		"$h_start" "$credcheck" --server sock --verbose $format >&3 \
		    2>stderr &
		pid=$!
		wait_listening
		atf_check "$credcheck" --client sock
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
	atf_add_test_case sigHUP
	atf_add_test_case sigINT
	atf_add_test_case sigQUIT
	atf_add_test_case sigALRM
	atf_add_test_case sigTERM
	atf_add_test_case sigKILL
	atf_add_test_case ignored
	atf_add_test_case dead_client
	atf_add_test_case stopped_client
	atf_add_test_case stopped_server
	atf_add_test_case stopped_orphan
	atf_add_test_case not_ours
	atf_add_test_case closed_output
	atf_add_test_case full_output
	atf_add_test_case closed_standard_fds
}
