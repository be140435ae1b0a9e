# SPDX-License-Identifier: BSD-2-Clause
#
# The socket types, over a pair and over a path, and the names that a path has.

atf_test_case each
each_head() {
	atf_set descr "Synchronized, every type brings the client's true" \
	    "credentials over every transport; late, none does"
	atf_set require.progs "jq"
}
each_body() {
	require_mechanism
	for type in stream seqpacket dgram; do
		for path in "" "--path sock"; do
			atf_check -o save:out "$credcheck" --json \
			    --type $type $path
			atf_check -o inline:"$type credentials true 1\n" jq -r \
			    '"\(.type) \(.outcome) \(.match) \(.bytes)"' out
			atf_check -s exit:1 -o save:out "$credcheck" --json \
			    --late --type $type $path
			atf_check -o inline:"$type $lost null\n" jq -r \
			    '"\(.type) \(.outcome) \(.match)"' out
			atf_check test ! -e sock -a ! -e sock.c
		done
	done
}

atf_test_case count
count_head() {
	atf_set descr "Counted, each datagram trial has a new client address" \
	    "and an option that was off in between"
}
count_body() {
	require_mechanism
	for type in seqpacket dgram; do
		for path in "" "--path sock"; do
			atf_check -o inline:"1000 trials: 1000 credentials\n" \
			    "$credcheck" --type $type $path --count 1000
			atf_check -s exit:1 \
			    -o inline:"1000 trials: 1000 $lost\n" \
			    "$credcheck" --late --type $type $path --count 1000
		done
	done
}

atf_test_case dgram_peer
dgram_peer_head() {
	atf_set descr "A named datagram socket has no peer, and nothing is" \
	    "reported of one"
	atf_set require.progs "jq"
}
dgram_peer_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json --type dgram --path sock
	atf_check -o inline:'{"pid":null,"euid":null,"egid":null,"groups":null}\n' \
	    jq -c .peer out
	if [ "$(uname -s)" = Linux ]; then
		atf_check -o match:"^EUID: -$" -o match:"^Supp.*: -$" \
		    "$credcheck" --type dgram --path sock
	fi
}

atf_test_case named_client
named_client_head() {
	atf_set descr "Where datagram clients are not named by the kernel the" \
	    "client's name is PATH.c, and it is removed; one that exists is not"
	atf_set require.progs "jq"
}
named_client_body() {
	generic=$(atf_get_srcdir)/h_generic
	atf_check -s exit:2 -o save:out "$generic" --json --type dgram \
	    --path sock
	atf_check -o inline:"unsupported 1\n" \
	    jq -r '"\(.outcome) \(.bytes)"' out
	atf_check test ! -e sock -a ! -e sock.c
	atf_check -s exit:2 -o inline:"100 trials: 100 unsupported\n" \
	    "$generic" --type dgram --path sock --count 100
	echo precious >sock.c
	atf_check -s exit:2 -e match:"client: sock.c: $(words EADDRINUSE)" \
	    "$generic" --type dgram --path sock
	atf_check -o inline:"precious\n" cat sock.c
	atf_check test ! -e sock
}

atf_test_case named_client_killed
named_client_killed_head() {
	atf_set descr "A signal removes the client's name along with the" \
	    "server's"
}
named_client_killed_body() {
	start "$(atf_get_srcdir)/h_generic" --type dgram --path sock \
	    --count 1000000000
	wait_until '[ -S sock.c ]'
	kill -TERM $pid
	wait $pid
	atf_check_equal 2 $?		# unsupported, as far as it came
	atf_check test ! -e sock -a ! -e sock.c
}

atf_test_case abstract
abstract_head() {
	atf_set descr "On Linux a leading @ is the abstract namespace: no file," \
	    "no permissions, and an address in use is said"
	atf_set require.progs "jq"
}
abstract_body() {
	require_linux
	name=@credcheck-test-$$
	for type in stream seqpacket dgram; do
		atf_check -o save:out "$credcheck" --json --path $name \
		    --type $type
		atf_check -o inline:"$name true\n" \
		    jq -r '"\(.path) \(.match)"' out
	done
	atf_check test ! -e "$name"
	atf_check -s exit:2 -e match:"--mode means nothing to an abstract" \
	    "$credcheck" --path $name --mode 0600
	start "$credcheck" --count 1000000000 --path $name
	wait_until 'grep -q "$name" /proc/net/unix'
	atf_check -s exit:2 \
	    -e inline:"credcheck: $name: exists already: an abstract socket\n" \
	    "$credcheck" --path $name
	kill $pid
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case each
	atf_add_test_case count
	atf_add_test_case dgram_peer
	atf_add_test_case named_client
	atf_add_test_case named_client_killed
	atf_add_test_case abstract
}
