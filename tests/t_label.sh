# SPDX-License-Identifier: BSD-2-Clause
#
# The labels of security modules: where there are some, and where not.

atf_test_case here
here_head() {
	atf_set descr "On this kernel the label is the one that /proc has of" \
	    "the process, and where there is none nothing is said of it"
	atf_set require.progs "jq jsonschema"
}
here_body() {
	require_mechanism
	atf_check -o save:text "$credcheck"
	atf_check -o save:out "$credcheck" --json
	check_schema out
	label=$(sed -n 's/^Label: \(.*\) (SO_PEERSEC)$/\1/p' text)
	atf_check_equal "$(grep -c ^Label text)" "$(echo $label | grep -c .)"
	atf_check -o inline:"${label:-null}\n" jq -r .label out
	[ -z "$label" ] || atf_check_equal \
	    "$(tr -d '\0\n' </proc/self/attr/current)" "$label"
}

atf_test_case modes
modes_head() {
	atf_set descr "Whom a connection names is told with his label, in each" \
	    "mode, in text and in JSON; a counted run and a datagram have none"
	atf_set require.progs "jq jsonschema"
}
modes_body() {
	require_linux
	for module in selinux apparmor; do
		with_labels $module u:r:t:s0
		line="^Label: u:r:t:s0 \\(SO_PEERSEC\\)$"
		for args in --sync "--late --path sock" \
		    "--inherit --path sock --type seqpacket"; do
			"$credcheck" $args >text 2>err
			atf_check -o match:"$line" cat text
			"$credcheck" $args --json >out
			check_schema out
			atf_check -o inline:"u:r:t:s0 null\n" \
			    jq -r '"\(.label) \(.message_label)"' out
		done
		# A pair of datagram sockets has one with AppArmor alone.
		[ $module = selinux ] && pair=null || pair=u:r:t:s0
		atf_check -o save:out "$credcheck" --json --type dgram
		atf_check -o inline:"$pair\n" jq -r .label out
		atf_check -o save:out "$credcheck" --json --type dgram \
		    --path sock
		atf_check -o inline:"null\n" jq -r .label out
		atf_check -o not-match:Label "$credcheck" --count 2

		start "$credcheck" --server sock --verbose --count 2
		wait_listening
		atf_check "$real" --client sock
		atf_check -o match:"$line" "$credcheck" --peer sock
		wait $pid
		atf_check -o inline:"2\n" grep -Ec "$line" stdout
		start "$credcheck" --server sock --verbose --json --count 2
		wait_listening
		atf_check "$real" --client sock
		atf_check -o save:out "$credcheck" --peer sock --json
		wait $pid
		check_schema out
		atf_check -o inline:"u:r:t:s0\n" jq -r .label out
		sed -n 1p stdout >out
		check_schema out
		atf_check -o inline:"u:r:t:s0\n" jq -r .label out
	done
}

atf_test_case descriptors
descriptors_head() {
	atf_set descr "So it is of a socket that was given, and of another" \
	    "process's; a listening one has nobody's label"
	atf_set require.progs "jq jsonschema python3"
}
descriptors_body() {
	require_linux
	with_labels selinux u:r:t
	cat >given.py <<-'END'
	import socket, subprocess, sys
	a, b = socket.socketpair()
	for name in sys.argv[2:]:	# what its maker has set
	    a.setsockopt(socket.SOL_SOCKET, {"PASSSEC": 34, "PASSCRED":
	        16}[name], 1)
	b.send(b"hello")
	subprocess.run([sys.argv[1], "--fd", "0", "--json"], stdin=a)
	END
	for options in "" PASSSEC "PASSSEC PASSCRED"; do
		atf_check -o save:out python3 given.py "$credcheck" $options
		check_schema out
		# Ours is set as well, and then a stream has the right one.
		message=null
		[ -z "$options" ] || message=u:r:t
		atf_check -o inline:"u:r:t $message\n" \
		    jq -r '"\(.label) \(.message_label)"' out
	done
	cat >owner.py <<-'END'
	import os, socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.bind("owned")
	s.listen()
	c = socket.socket(socket.AF_UNIX)
	c.connect("owned")
	a, _ = s.accept()
	with open("fds", "w") as f:
	    f.write(f"{s.fileno()} {a.fileno()}\n")
	os.rename("fds", "numbers")
	time.sleep(60)
	END
	start python3 owner.py
	wait_until '[ -s numbers ]'
	read -r listener connection <numbers
	"$real" --fd $pid:$connection >text 2>&1 ||
	    atf_skip "no copy to be had here: $(cat text)"
	atf_check -o match:"^Label: u:r:t \\(SO_PEERSEC\\)$" \
	    "$credcheck" --fd $pid:$connection
	atf_check -o save:text "$credcheck" --fd $pid:$listener
	atf_check -s exit:1 grep Label text
	atf_check -o save:out "$credcheck" --fd $pid:$listener --json
	check_schema out
	atf_check -o inline:"null\n" jq -r .label out
}

atf_test_case order
order_head() {
	atf_set descr "A message's own label is told, and a stream's that came" \
	    "without credentials beside the connection's"
	atf_set require.progs "jq jsonschema"
}
order_body() {
	require_linux
	with_labels selinux u:r:t
	order="ready accept label-option receive / connect until:label-option write"
	"$credcheck" --order "$order" >text 2>err
	atf_check -o ignore grep -x \
	    "Label: u:r:unlabeled_t != u:r:t (SO_PEERSEC)" text
	"$credcheck" --order "$order" --json >out
	check_schema out
	atf_check -o inline:"u:r:t u:r:unlabeled_t\n" \
	    jq -r '"\(.label) \(.message_label)"' out
	atf_check -o inline:"SCM_SECURITY\n" jq -r '.control[].name' out
	# A message's alone needs no source.
	"$credcheck" --order "$order" --type dgram >text 2>err
	atf_check -o ignore grep -x "Label: u:r:t" text
	# A server has room for it.
	start "$credcheck" --server sock --verbose --json --count 1 \
	    --order "ready accept option label-option receive"
	wait_listening
	atf_check "$real" --client sock
	wait $pid
	atf_check_equal 0 $?
	atf_check -o inline:"credentials u:r:t false\n" \
	    jq -r '"\(.outcome) \(.message_label) \(.ctrunc)"' stdout
}

atf_test_case hostile
hostile_head() {
	atf_set descr "A label does nothing to a terminal or to JSON, and is as" \
	    "long as it is"
	atf_set require.progs "jq jsonschema"
}
hostile_body() {
	require_linux
	with_labels apparmor "$(printf 'a\033[2J\nUID: 0 "\\\377')"
	LC_ALL=C "$credcheck" --server sock --verbose --count 1 >text &
	wait_until '[ -S sock ]'
	"$real" --client sock
	wait $!
	atf_check -o inline:'Label: a?[2J?UID: 0 "\? (SO_PEERSEC)\n' \
	    grep ^Label text
	atf_check -o save:out "$credcheck" --json
	check_schema out
	atf_check -o inline:'"a\\u001b[2J\\nUID: 0 \\"\\\\�"\n' jq .label out
	for n in 255 256 257 8000; do
		with_labels selinux $(printf '%0*d' $n 1)
		atf_check -o save:text "$credcheck"
		atf_check_equal $((n + 21)) \
		    $(sed -n '/^Label: 0*1 (SO_PEERSEC)$/p' text | wc -c)
	done
}

# The rows of labels in a survey, as words.
label_rows() {
	"$credcheck" --survey --json >out
	check_schema out
	jq -r '.rows[] | select(.name | test("^label_")) | .cells |
	    [.stream, .seqpacket, .dgram] | map(if .missing != null then "-"
	    elif .label == null then .outcome
	    elif .outcome == "placeholder" then "unlabeled"
	    elif .outcome == "credentials" then "label"
	    else .outcome end) | join(" ")' out >rows
}

atf_test_case survey
survey_head() {
	atf_set descr "A survey's cells say what label arrived, and its traps" \
	    "that none does, or the wrong one, where the connection has one"
	atf_set require.progs "jq jsonschema"
}
survey_body() {
	require_linux
	traps() {
		jq -c '[.traps[] | select(test("label"))]' out
	}
	for n in 1 2 3 4 5 6 7 8; do
		case $n in
		3|6|8)	echo "none none -" ;;
		*)	echo "none none none" ;;
		esac
	done >none
	label_rows
	if ! grep -q label rows; then
		atf_check -o file:none cat rows
		atf_check_equal "[]" "$(traps)"
		atf_check -o match:"^label of a pair's peer  * none  * none " \
		    "$credcheck" --survey
	fi
	with_labels apparmor unconfined
	sed -e '7s/none/label/g' -e '8s/none/label/g' none >expected
	label_rows
	atf_check -o file:expected cat rows
	atf_check_equal '["label_never"]' "$(traps)"
	with_labels selinux u:r:t
	cat >expected <<-END
	unlabeled label label
	unlabeled label label
	unlabeled label -
	label label label
	label label label
	label label -
	label label none
	label label -
	END
	label_rows
	atf_check -o file:expected cat rows
	atf_check_equal '["label_alone"]' "$(traps)"
	atf_check -o save:text "$credcheck" --survey
	atf_check -o ignore grep -x \
	    "label option, then message  *unlabeled  *label  *label" text
	atf_check -o ignore grep -x \
	    "  the label option alone brings no label, or unlabeled; stream" text
	# No cell of another row is other than without a label.
	"$real" --survey >real
	diff real text | grep '^[<>]' >changed
	atf_check -s exit:1 grep -v label changed
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case here
	atf_add_test_case modes
	atf_add_test_case descriptors
	atf_add_test_case order
	atf_add_test_case hostile
	atf_add_test_case survey
}
