# SPDX-License-Identifier: BSD-2-Clause
#
# Two kernels compared, by the commands of the manual.

# The commands of the Nth example there, without their prompts, in commands;
# and what they print, in printed.
take_example() {
	atf_check -o save:example "$(atf_get_srcdir)/literal" \
	    "Two kernels compared" $1
	# A command goes on after a backslash and within quotes.
	awk '/^\$ / { command = 1; sub(/^\$ /, "") }
	    { print >(command ? "commands" : "printed") }
	    gsub(/\047/, "&") % 2 { quoted = !quoted }
	    !quoted && !/\\$/ { command = 0 }' example
	touch printed
	atf_check test -s commands
	PATH=$(dirname "$credcheck"):$PATH
}

# Edits a survey of ours to one of a kernel that inherits a late option, and
# one of a kernel that does not, whatever this one does; $5 and $6 are the cells
# of a pidfd of nobody.
edit_json() {
	jq -c --arg release "$2" --arg outcome "$3" --arg whose "$4" '
	    .release = $release |
	    (.rows[] | select(.name == "late_listener") | .cells |
	    .stream, .seqpacket) |= (.outcome = $outcome | .errno = null |
	    .whose = if $whose == "" then null else $whose end) |
	    .rows |= map(select(.name | test("^pidfd_(peer_)?gone$") | not)) |
	    .rows += [{name: "pidfd_gone", cells: ({stream: '"$5"',
	    seqpacket: '"$5"', dgram: '"$5"'})}, {name: "pidfd_peer_gone",
	    cells: {stream: '"$6"', seqpacket: '"$6"', dgram: {}}}]' \
	    "$1" >"$2.json"
}

atf_test_case text
text_head() {
	atf_set descr "diff prints the releases and the row that differs"
}
text_body() {
	require_mechanism
	take_example 1
	sed -n 1p commands >take
	sed -n 2p commands >compare
	atf_check sh take
	row="listener's option after connect  "
	atf_check -o match:"^$row" cat "$(uname -r).txt"
	sed -e '1s/ [^ ]*:/ 6.12.117:/' \
	    -e "s/^$row.*/$row   credentials  credentials  -/" \
	    "$(uname -r).txt" >6.12.117.txt
	sed -e '1s/ [^ ]*:/ 6.18.44:/' \
	    -e "s/^$row.*/$row   none         none         -/" \
	    "$(uname -r).txt" >6.18.44.txt
	atf_check -s exit:1 -o save:out sh compare
	{
		sed -n '1s/^/< /p' 6.12.117.txt
		sed -n '1s/^/> /p' 6.18.44.txt
		sed -n "s/^$row/< &/p" 6.12.117.txt
		sed -n "s/^$row/> &/p" 6.18.44.txt
	} >expected
	atf_check -o file:expected grep '^[<>]' out
	cp 6.12.117.txt 6.18.44.txt
	atf_check sh compare
}

atf_test_case json
json_head() {
	atf_set descr "jq lists the cells that differ, as the manual shows" \
	    "it, and none besides"
	atf_set require.progs "jq"
}
json_body() {
	require_mechanism
	take_example 2
	atf_check test -s printed
	sed 1d commands >compare
	sed -n 1p commands >take
	atf_check sh take
	here=$(uname -r).json
	edit_json "$here" 6.12.117 credentials client '{outcome: "none"}' \
	    '{errno: "EINVAL"}'
	nobody='{outcome: "placeholder", whose: "nobody"}'
	edit_json "$here" 6.18.44 none "" "$nobody" "$nobody"
	atf_check -o file:printed sh compare

	cp 6.12.117.json 6.18.44.json
	atf_check sh compare

	# An error in place of an outcome, who it is, and a row that is new.
	jq -c '(.rows[] | select(.name == "forged") | .cells.dgram) |=
	    (.outcome = null | .whose = null | .errno = "ENEW") |
	    (.rows[] | select(.name == "peer_pair") | .cells.stream.whose) =
	    "server" | .rows += [{name: "new", title: "a new row",
	    cells: {stream: {outcome: "none"}}}]' 6.12.117.json >6.18.44.json
	atf_check -o save:out sh compare
	atf_check -o match:'^forged dgram: .* -> ENEW$' sed -n 1p out
	atf_check -o match:'^peer_pair stream: .* -> .* of server$' \
	    sed -n 2p out
	atf_check -o inline:"new stream: null -> none\n" sed 1,2d out
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case text
	atf_add_test_case json
}
