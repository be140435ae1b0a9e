# SPDX-License-Identifier: BSD-2-Clause
#
# JSON for scripts.

atf_test_case schema
schema_head() {
	atf_set descr "Every kind of report is one line of JSON and follows" \
	    "the schema"
	atf_set require.progs "jq jsonschema"
}
schema_body() {
	for args in "" "--late" "--path sock" "--count 20" \
	    "--late --count 20 --path sock" "--race --count 20" --survey \
	    "--race --count 1 --path sock --spread 0"; do
		atf_check -s ignore -o save:out "$credcheck" --json $args
		atf_check -o match:'^ *1 ' wc -l out
		check_schema out
	done
	atf_check -s exit:2 -o save:out "$(atf_get_srcdir)/h_generic" --json
	check_schema out
}

atf_test_case schema_is_strict
schema_is_strict_head() {
	atf_set descr "The schema itself refuses an unknown key, a missing" \
	    "one and a number in a string"
	atf_set require.progs "jq jsonschema"
}
schema_is_strict_body() {
	atf_check -s ignore -o save:out "$credcheck" --json
	for change in '.more = 1' 'del(.uid)' '.uid = "0"' '.format = 2' \
	    '.outcome = "good"' '.peer.uid = 1'; do
		atf_check -o save:changed jq "$change" out
		atf_check -s not-exit:0 -o ignore -e ignore \
		    jsonschema -i changed "$schema"
	done
}

atf_test_case keys
keys_head() {
	atf_set descr "The keys come in the order in which they are documented"
	atf_set require.progs "jq"
}
keys_body() {
	atf_check -s ignore -o save:out "$credcheck" --json
	for key in format version system release mode role transport path \
	    type option message outcome bytes ctrunc pid uid euid gid egid groups source \
	    peer client match trunc placeholder notes label control data message_label; do
		echo "$key"
	done >expected
	atf_check -o file:expected jq -r 'keys_unsorted[]' out
}

atf_test_case truth
truth_head() {
	atf_set descr "What was delivered is what the client says of itself," \
	    "and each source is the one of this system"
	atf_set require.progs "jq"
}
truth_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json
	atf_check -o inline:"true\n" jq '[.uid,.euid,.gid,.egid] ==
	    (.client | [.uid,.euid,.gid,.egid])' out
	atf_check -o inline:"$(id -ru) $(id -u) $(id -rg) $(id -g)\n" \
	    jq -r '.client | "\(.uid) \(.euid) \(.gid) \(.egid)"' out
	atf_check -o inline:"$option $message $message $message\n" \
	    jq -r '"\(.option) \(.message) \(.source.uid) \(.source.gid)"' out
	if [ "$(uname -s)" = Linux ]; then
		atf_check -o inline:"true\n" \
		    jq '.pid == .client.pid and .peer.pid == .pid' out
		atf_check -o inline:"SO_PEERCRED SO_PEERGROUPS\n" \
		    jq -r '"\(.source.euid) \(.source.groups)"' out
	fi
}

atf_test_case bad_utf8
bad_utf8_head() {
	atf_set descr "Bytes of a path that are not UTF-8 become U+FFFD, and" \
	    "control characters and quotes are escaped"
	atf_set require.progs "iconv jq"
}
bad_utf8_body() {
	require_mechanism
	# Valid: e-acute, euro, an emoji; not: a lone continuation, an overlong
	# slash, the first and last surrogate, a cut sequence at the end.
	name=$(printf 'a\303\251\342\202\254\360\237\230\200"\\\t\177|\200|\300\257|\355\240\200|\355\277\277\356\200\200|\342\202')
	atf_check -o save:out "$credcheck" --json --path "$name"
	atf_check -o inline:'[97,233,8364,128512,34,92,9,127,124,65533,124,65533,65533,124,65533,65533,65533,124,65533,65533,65533,57344,124,65533,65533]\n' \
	    jq -c '.path | explode' out
	# jq repairs what is wrong, so look at the bytes as well.
	atf_check -o save:utf16 iconv -f UTF-8 -t UTF-16 out
	atf_check -o match:'\\u0009\\u007f' grep -a path out
	atf_check test ! -e "$name"
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case schema
	atf_add_test_case schema_is_strict
	atf_add_test_case keys
	atf_add_test_case truth
	atf_add_test_case bad_utf8
}
