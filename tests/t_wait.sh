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

atf_test_case no_buffers
no_buffers_head() {
	atf_set descr "What has no buffers is tried again some times, and not" \
	    "as often as a processor can"
}
no_buffers_body() {
	require_mechanism
	require_faults
	for error in ENOBUFS ETOOMANYREFS; do
		with_faults sendmsg:error=$error --timeout 0.4
		atf_check_equal 2 $?
		# Either side can be the first to say so, beside other work.
		atf_check -o match:"^credcheck: (client: timed out after 0.4 s\
 waiting for the server to accept|timed out after 0.4 s waiting for the client to\
 connect)$" cat stderr
		atf_check test $(grep -c " sendmsg$" faults) -lt 2000
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

# The atomic operations of the function that begins with "$2" in file $1, each
# with the member that it is about, and the parts of a wait, in their order.
# What weakens the model is left out.
operations() {
	parts="check_deadline|spin|new_events|sleep_on|wake_other|set_deadline"
	awk -v start="$2" -v call="(atomic_[a-z_]+|$parts)[(][^,)]*" '
	index($0, start) == 1 {
		inside = 1
		next
	}
	inside && /^}/ {
		exit
	}
	!inside {
		next
	}
	/^#if/ {
		weak[++depth] = $2 ~ /^W_/
		off[depth] = weak[depth] && /^#ifdef/
		next
	}
	/^#else/ {
		off[depth] = weak[depth] && !off[depth]
		next
	}
	/^#endif/ {
		depth--
		next
	}
	{
		for (i = 1; i <= depth; i++)
			if (off[i])
				next
		gsub(/\/\*[^*]*\*\//, "")
		while (match($0, call)) {
			word = what = substr($0, RSTART, RLENGTH)
			$0 = substr($0, RSTART + RLENGTH)
			sub(/\(.*/, "", word)
			sub(/\[.*/, "", what)
			sub(/.*[^a-z_]/, "", what)
			print word, word ~ /^atomic/ ? what : ""
		}
	}' "$1"
}

atf_test_case model
model_head() {
	atf_set descr "The model of the waiting that tests/prove looks at" \
	    "does the same as credcheck.c, in the same order"
}
model_body() {
	tests=$(atf_get_srcdir)
	for f in new_events sleep_on retry wait_once wake_other \
	    note_refusal publish; do
		operations "$tests/../credcheck.c" "$f(" >code
		operations "$tests/prove.d/wait.pml" \
		    "inline $f(" >model
		atf_check test -s code
		atf_check -o file:code cat model
	done
	# Nothing that is atomic is anywhere else, but for who says why.
	awk '/^[a-z_]+\(/ { name = $0; sub(/\(.*/, "", name) }
	    /atomic_(load|store|exchange|fetch|compare)/ { print name }' \
	    "$tests/../credcheck.c" | sort -u >names
	printf '%s\n' claim_failure new_events publish wait_once >known
	atf_check -o file:known cat names
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case starved
	atf_add_test_case refused
	atf_add_test_case refused_for_good
	atf_add_test_case no_buffers
	atf_add_test_case client_done
	atf_add_test_case model
}
