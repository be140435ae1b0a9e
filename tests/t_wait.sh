# SPDX-License-Identifier: BSD-2-Clause
#
# How a process waits for the other one, where something comes late, is refused,
# or has gone.

# Runs credcheck with tests/h_starve, which is set to "$1", until that says
# "$2"; the report is to be there each time.
starve() {
	setting=$1 mark=$2
	shift 2
	for _i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		env LD_PRELOAD="$(atf_get_srcdir)/h_starve" $setting \
		    "$credcheck" "$@" >stdout 2>stderr
		status=$?
		echo "$setting $*: $status $(cat stderr)"
		atf_check test $status -le 1
		atf_check -o match:"^UID: |^[0-9]+ trials?:? " cat stdout
		atf_check test ! -e sock -a ! -e sock.c
		if grep -q "^$mark$" stderr; then
			return
		fi
	done
	atf_skip "it was never $mark"
}

atf_test_case starved
starved_head() {
	atf_set descr "A message that came in time is not missed by a server" \
	    "that does not get the processor until the deadline is over"
}
starved_body() {
	require_mechanism
	for args in --sync --late "--sync --type seqpacket" \
	    "--sync --type dgram" "--sync --path sock" "--late --path sock" \
	    "--inherit --path sock" "--sync --path sock --type dgram" \
	    "--race --count 1" "--race --path sock --count 1"; do
		starve LATE=2200 late --timeout 1.5 $args
	done
}

atf_test_case refused
refused_head() {
	atf_set descr "What wakes the other process up is sent again if it is" \
	    "refused: no step times out for want of it"
}
refused_body() {
	require_mechanism
	# ENOBUFS, and ENOMEM.
	[ "$(uname -s)" = Linux ] && enobufs=105 || enobufs=55
	for error in $enobufs 12; do
		for args in --sync --late "--sync --path sock" \
		    "--sync --type dgram" "--sync --count 50" \
		    "--race --count 50" "--race --path sock --count 50"; do
			starve REFUSE=$error refused --timeout 2 $args
		done
	done
}

atf_test_case refused_for_good
refused_for_good_head() {
	atf_set descr "What can not be sent at all ends at the deadline: one" \
	    "line names the step, and nothing is left behind"
}
refused_for_good_body() {
	require_mechanism
	require_faults
	for args in --sync "--sync --type dgram" "--sync --path sock"; do
		atf_check -s exit:2 -o empty -e save:stderr "$h_start" \
		    -f send:error=ENOBUFS,sendto:error=ENOBUFS \
		    "$credcheck" --timeout 0.2 $args
		atf_check -o match:"^credcheck: (client: )?timed out after 0.2 s waiting for [a-z\"]" \
		    cat stderr
		atf_check -o inline:"1\n" grep -c . stderr
		atf_check test ! -e sock
	done
}

atf_test_case client_done
client_done_head() {
	atf_set descr "A client that has sent its message and left is not" \
	    "missed while what the server sends is refused"
}
client_done_body() {
	require_mechanism
	require_faults
	# The server's calls alone: of what it sends to know its client by.
	for args in "" "--type seqpacket"; do
		atf_check -o match:"^UID: $(id -ru)$" \
		    "$h_start" -f send:error=ENOBUFS:in=parent:when=1..200 \
		    "$credcheck" --inherit --path sock $args
		atf_check -o match:" send$" cat faults
	done
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case starved
	atf_add_test_case refused
	atf_add_test_case refused_for_good
	atf_add_test_case client_done
}
