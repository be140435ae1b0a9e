# SPDX-License-Identifier: BSD-2-Clause
#
# The lost race without luck: the message strictly before the option.

late_text() {
	cat >expected <<-END
	Got 1 byte
	UID: -
	GID: -
	END
	atf_check -o file:expected grep -E '^(Got|UID|GID)' "$1"
	if [ "$(uname -s)" = Linux ]; then
		atf_check -o ignore grep '^PID: [0-9]* (SO_PEERCRED)$' "$1"
		atf_check -o ignore grep \
		    "^EUID: $(id -u) (SO_PEERCRED)\$" "$1"
	fi
}

complaint() {
	if [ $lost = placeholder ]; then
		echo "credcheck: Message did not include credentials:" \
		    "placeholder: the race was lost"
	else
		echo "credcheck: Message did not include credentials:" \
		    "none: the race was lost"
	fi
}

atf_test_case pair
pair_head() {
	atf_set descr "Over a socketpair the message has no credentials, every" \
	    "field that only it could bring is -, and the exit status is 1"
}
pair_body() {
	require_mechanism
	complaint >complaint
	atf_check -s exit:1 -o save:out -e file:complaint "$credcheck" --late
	late_text out
}

atf_test_case path
path_head() {
	atf_set descr "The same over a named socket, which is removed"
}
path_body() {
	require_mechanism
	complaint >complaint
	atf_check -s exit:1 -o save:out -e file:complaint \
	    "$credcheck" --late --path sock
	late_text out
	atf_check test ! -e sock
}

atf_test_case json
json_head() {
	atf_set descr "JSON has the outcome, null for what is not known, and" \
	    "nothing goes to standard error"
	atf_set require.progs "jq jsonschema"
}
json_body() {
	require_mechanism
	atf_check -s exit:1 -o save:out "$credcheck" --late --json
	check_schema out
	atf_check -o inline:"late $lost null null null\n" \
	    jq -r '"\(.mode) \(.outcome) \(.uid) \(.gid) \(.match)"' out
	atf_check -o inline:"null null\n" \
	    jq -r '"\(.source.uid) \(.source.gid)"' out
	# What did arrive has a place of its own.
	if [ $lost = placeholder ]; then
		atf_check -o inline:'{"pid":0,"uid":65534,"gid":65534}\n' \
		    jq -c .placeholder out
	else
		atf_check -o inline:"null\n" jq .placeholder out
	fi
}

atf_test_case always
always_head() {
	atf_set descr "It is no matter of luck: 2000 of 2000 are lost"
}
always_body() {
	require_mechanism
	atf_check -s exit:1 -o inline:"2000 trials: 2000 $lost\n" \
	    "$credcheck" --late --count 2000
}

atf_test_case order
order_head() {
	atf_set descr "The timeline shows the message sent before the option" \
	    "is set"
}
order_body() {
	atf_check -s ignore -o ignore -e save:timeline \
	    "$credcheck" --late --verbose
	grep -E ' (message sent|option set|accepted)$' timeline |
	    sed 's/^ *[0-9.]* *//' >steps
	atf_check -o inline:"accepted\nmessage sent\noption set\n" cat steps
}

atf_test_case overflow_id
overflow_id_head() {
	atf_set descr "The placeholder's IDs are the kernel's overflow IDs," \
	    "whichever they are set to"
	atf_set require.user root
	atf_set require.progs "unshare mount"
}
overflow_id_body() {
	require_linux
	unshare -m true || atf_skip "no mount namespace to be had here"
	echo 4711 >4711
	# Told that they are 4711, it must take 65534 for a user of that ID.
	atf_check -s exit:1 -o match:"^UID: 65534 != 0 .client.$" -e ignore \
	    unshare -m sh -c "mount --bind 4711 /proc/sys/kernel/overflowuid
	    exec '$credcheck' --late"
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case pair
	atf_add_test_case path
	atf_add_test_case json
	atf_add_test_case always
	atf_add_test_case order
	atf_add_test_case overflow_id
}
