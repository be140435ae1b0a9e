# SPDX-License-Identifier: BSD-2-Clause
#
# The synchronized handshake, which always brings credentials.

atf_test_case pair
pair_head() {
	atf_set descr "Over a socketpair the text has every field of the" \
	    "client, each that did not come with the message with its source"
}
pair_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --sync
	{
		echo "Got 1 byte"
		echo "PID:"
		echo "UID: $(id -ru)"
		echo "EUID: $(id -u)"
		echo "GID: $(id -rg)"
		echo "EGID: $(id -g)"
		echo "Supplementary groups:"
	} >expected
	atf_check -o file:expected sed -e 's/^PID: .*/PID:/' \
	    -e 's/^\(Supplementary groups:\).*/\1/' \
	    -e 's/ (SO_PEERCRED)$//' out
	if [ "$(uname -s)" = Linux ]; then
		atf_check -o inline:"3\n" grep -c ' (SO_PEER' out
		atf_check -o ignore grep '^EUID: [0-9]* (SO_PEERCRED)$' out
		atf_check -o ignore grep '^EGID: [0-9]* (SO_PEERCRED)$' out
		atf_check -o ignore grep '^Supp.* (SO_PEERGROUPS)$' out
	fi
}

atf_test_case default
default_head() {
	atf_set descr "Without a mode it is --sync"
	atf_set require.progs "jq"
}
default_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json
	atf_check -o inline:"sync credentials true\n" \
	    jq -r '"\(.mode) \(.outcome) \(.match)"' out
}

atf_test_case path
path_head() {
	atf_set descr "Over a named socket they are true as well, and the" \
	    "socket is gone afterwards"
	atf_set require.progs "jq"
}
path_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --sync --path sock --json
	atf_check -o inline:"path sock credentials true\n" \
	    jq -r '"\(.transport) \(.path) \(.outcome) \(.match)"' out
	atf_check test ! -e sock
}

atf_test_case groups
groups_head() {
	atf_set descr "The groups are those of the process, as id(1) has them"
	atf_set require.progs "jq"
}
groups_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json
	jq -r '.groups | unique[]' out | sort >groups
	# id -G adds the effective group, whether it is in the list or not.
	jq -r '.groups + [.egid] | unique[]' out | sort >with_egid
	id -G | tr ' ' '\n' | sort -u >expected
	atf_check -o file:expected cat with_egid
	atf_check -o inline:"true\n" jq '.groups - .client.groups == []' out
}

atf_test_case quiet
quiet_head() {
	atf_set descr "With --quiet only the exit status tells"
}
quiet_body() {
	require_mechanism
	atf_check "$credcheck" --sync --quiet
	atf_check -s exit:1 "$credcheck" --late --quiet
}

atf_test_case verbose
verbose_head() {
	atf_set descr "The timeline has both sides' steps in their order"
}
verbose_body() {
	atf_check -s ignore -o ignore -e save:timeline \
	    "$credcheck" --sync --verbose --path sock
	for step in "ready for the client" "option set" 'sent "go on"' \
	    'got "go on"' "message sent" "received"; do
		echo "$step"
	done >expected
	# The kernel lets either side see the connection first.
	sed -e '/^credcheck:/d' -e '1d' -e 's/^ *[0-9.]*  *//' \
	    -e '/^connected$/d' -e '/^accepted$/d' timeline >steps
	atf_check -o file:expected cat steps
	atf_check -o inline:"1\n" grep -c ' connected$' timeline
	atf_check -o inline:"1\n" grep -c ' accepted$' timeline
}

atf_test_case unsupported
unsupported_head() {
	atf_set descr "A system without the mechanism says so, shows the" \
	    "peer credentials that it has, and exits 2"
	atf_set require.progs "jq"
}
unsupported_body() {
	euid=$(id -u) egid=$(id -g) source=" (getpeereid)"
	case "$(uname -s) $(uname -r)" in
	"NetBSD "[78].*)	;;
	"NetBSD "*)	euid= egid= source= ;;	# not of a pair
	esac
	cat >expected <<-END
	Got 1 byte
	PID: -
	UID: -
	EUID: ${euid:--}$source
	GID: -
	EGID: ${egid:--}$source
	Supplementary groups: -
	END
	atf_check -s exit:2 -o file:expected \
	    -e match:"^[a-z_]*: .* unsupported .*has no option" \
	    "$(atf_get_srcdir)/h_generic"
	atf_check -s exit:2 -o save:out "$(atf_get_srcdir)/h_generic" --json
	atf_check -o inline:"unsupported null null ${euid:-null}\n" \
	    jq -r '"\(.outcome) \(.option) \(.match) \(.peer.euid)"' out
	atf_check -s exit:2 -o inline:"20 trials: 20 unsupported\n" \
	    "$(atf_get_srcdir)/h_generic" --count 20
}

atf_test_case handed_over
handed_over_head() {
	atf_set descr "A client has connected before the server has its end of" \
	    "the pair, however long that takes"
}
handed_over_body() {
	require_faults
	"$h_start" -f sendmsg:delay=100000 "$credcheck" --sync --verbose \
	    >stdout 2>timeline
	atf_check -o ignore grep " sendmsg$" faults
	awk '/ connected$/ { from = $1 } / accepted$/ { to = $1 }
	    END { exit !(to - from >= 90000) }' timeline ||
	    atf_fail "$(cat timeline)"
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case pair
	atf_add_test_case default
	atf_add_test_case path
	atf_add_test_case groups
	atf_add_test_case quiet
	atf_add_test_case verbose
	atf_add_test_case handed_over
	atf_add_test_case unsupported
}
