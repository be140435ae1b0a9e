# SPDX-License-Identifier: BSD-2-Clause
#
# Any conversation: the lists of steps of --order.

# Checks that an order is refused with the line in $line alone.
refused() {
	echo "credcheck: $line" >expected
	atf_check -s exit:2 -e file:expected "$credcheck" --order "$@"
}

atf_test_case words
words_head() {
	atf_set descr "A word that is no step of its side is named with the" \
	    "nearest ones and its place"
}
words_body() {
	line="--order: no such step: recieve (step 4 of the server); the nearest is receive"
	refused "ready accept option recieve / connect write"
	line="--order: no such step: until:writ (step 3 of the server); the nearest is write"
	refused "ready accept until:writ receive / connect write"
	line="--order: no such step: clam (step 2 of the client); the nearest is claim"
	refused "ready accept receive / connect clam"
	line="--order: no such step: ha?hi (step 1 of the server); the nearest is"
	"$credcheck" --order "$(printf 'ha\007hi / connect')" 2>stderr
	atf_check -o ignore grep "^credcheck: $line" stderr
	line="--order: write (step 3 of the server): write is the client's"
	refused "ready accept write receive / connect write"
	line="--order: until:option (step 3 of the server): option is the server's"
	refused "ready accept until:option receive / connect write"
	line="--order: done (step 3 of the client): a list is done at its end"
	refused "ready accept receive / connect write done"
}

atf_test_case lists
lists_head() {
	atf_set descr "Lists that cannot be are refused before anything is" \
	    "made: of no steps, too many, without a connection, or one twice"
}
lists_body() {
	two="two lists, with a / between the server's and the client's"
	line="--order \"\": $two";	refused ""
	line="--order ready accept receive: $two"
	refused "ready accept receive"
	line="--order: no steps of the server"; refused " / connect"
	line="--order: no steps of the client"; refused "ready accept receive /"
	line="--order: more than 16 steps of the server"
	refused "ready accept option option option option option option option
	    option option option option option option option receive / connect"
	line="--order: no ready in the server's list"
	refused "accept receive / connect write"
	line="--order: accept (step 1 of the server): the server is not ready"
	refused "accept ready receive / connect write"
	line="--order: no accept in the server's list"
	refused "ready / connect write"
	line="--order: ready (step 2 of the server): once is enough"
	refused "ready ready accept receive / connect write"
	line="--order: no connect in the client's list"
	refused "ready accept receive / awake"
	line="--order: connect (step 2 of the client): once is enough"
	refused "ready accept receive / connect connect write"
	line="--order: no receive or drain in the server's list"
	refused "ready accept option / connect write"
	line="--order: receive (step 2 of the server): there is no connection"
	refused "ready receive accept / connect write"
	line="--order: write (step 1 of the client): there is no connection"
	refused "ready accept receive / write connect"
	line="--order: write (step 3 of the client): there is no connection"
	refused "ready accept receive / connect close write"
	line="--order: option (step 1 of the server): before accept it needs --path"
	refused "option ready accept receive / connect write"
	line="--order: connect-gone (step 1 of the client): it needs --path"
	refused "ready accept receive / connect-gone write"
	line="--order: read (step 3 of the client): a datagram socket is not connected"
	refused "ready accept receive close / connect write read" --type dgram
	atf_check test ! -e sock
}

atf_test_case waits
waits_head() {
	atf_set descr "Lists of which a side would wait for ever are refused," \
	    "with the step, its place, and what the other side does"
}
waits_body() {
	line="--order: hear-go-on (step 2 of the client): the server has no go-on"
	refused "ready accept receive / connect hear-go-on write"
	line="--order: until:claim (step 3 of the server): the client has no claim"
	refused "ready accept until:claim receive / connect write"
	line="--order: read (step 3 of the client): the server has no close"
	refused "ready accept receive / connect write read"
	line="--order: until:option (step 2 of the client): the server would wait as well, at until:write (step 3)"
	refused "ready accept until:write option receive /
	    connect until:option write"
	line="--order: until:receive (step 4 of the client): the server would wait as well, at receive (step 4)"
	refused "ready accept receive receive /
	    connect write until:receive until:receive"
	line="--order: receive (step 4 of the server): the client is done by then"
	refused "ready accept receive receive / connect write" --type dgram
}

atf_test_case alone
alone_head() {
	atf_set descr "A server takes a list that waits for nobody and ends" \
	    "with its receive, and a client one without until"
}
alone_body() {
	while IFS='|' read -r args order line; do
		refused "$order" $args
	done <<-'END'
	--client none|connect until:accept write|--order: until:accept (step 2 of the client): somebody else's server does not tell
	--client none|ready accept receive / connect|--order ready accept receive / connect: one list, of the client alone
	--server none|ready accept receive / connect|--order ready accept receive / connect: one list, of the server alone
	--server none|ready accept until:write receive|--order: until:write (step 3 of the server): a --server has other clients, who would wait
	--server none|ready accept delay receive|--order: delay (step 3 of the server): a --server has other clients, who would wait
	--server none|ready accept drain|--order: drain (step 3 of the server): a --server has receive
	--server none|ready accept receive option|--order: receive (step 3 of the server): it has to be the last step
	--server none|ready accept option|--order: option (step 3 of the server): the last step has to be receive
	--server none --type dgram|ready accept option receive|--order: option (step 3 of the server): a datagram server has nobody to accept
	END
	line="--spread needs a delay in --order"
	refused "ready accept receive / connect write" --spread 5
	line="--order and --sync exclude each other"
	refused "ready accept receive / connect write" --sync
}

atf_test_case modes
modes_head() {
	atf_set descr "The modes as orders have the outcomes of the modes"
	atf_set require.progs "jq"
}
# The outcome of credcheck "$@".
outcome() {
	"$credcheck" --json "$@" | jq -r .outcome
}
modes_body() {
	require_mechanism
	sync="ready accept option go-on receive /
	    connect until:accept hear-go-on write"
	late="ready accept until:write option receive /
	    connect until:accept write"
	inherit="option ready accept receive / until:ready connect write"
	for type in stream seqpacket dgram; do
		for path in "" "--path sock"; do
			args="--type $type $path"
			atf_check_equal credentials \
			    "$(outcome $args --order "$sync")"
			atf_check_equal $lost \
			    "$(outcome $args --order "$late")"
		done
	done
	for type in stream seqpacket; do
		atf_check_equal credentials \
		    "$(outcome --type $type --path sock --order "$inherit")"
	done
	# The client reads nothing before the server knows that it is its own.
	atf_check -o match:"^200 trials: 200 credentials$" "$credcheck" \
	    --path sock --count 200 --order "ready accept option go-on receive /
	    connect hear-go-on write"
	atf_check test ! -e sock
}

atf_test_case survey
survey_head() {
	atf_set descr "Every cell of the survey as --verbose prints it is a" \
	    "command that reports what the cell has"
	atf_set require.progs "jq"
}
label() {
	jq -r '.errno // if '$1' == null then "none"
	    elif '$1' | test("unlabeled") then "placeholder"
	    else "credentials" end' out
}
# What a report says of what a row of that name is about.
reported() {
	case $1 in
	peer_server)	jq -r 'if .asked.euid == null then "none"
			    else "credentials" end' out ;;
	peer_*)		jq -r 'if .peer.euid == null then "none"
			    else "credentials" end' out ;;
	pidfd_*)	jq -r '(.message_pidfd // .peer_pidfd) as $p |
			    .errno // if $p == null then
			    if .outcome == "credentials" then "none"
			    else .outcome end
			    elif $p.descriptor != null then "none"
			    elif $p.pid == -1 then "placeholder"
			    else "credentials" end' out ;;
	label_p*)	label .label ;;
	label_*)	label .message_label ;;
	*)		jq -r '.errno // .outcome' out ;;
	esac
}
# Of the rows with the word $1 in their titles, if there is one.
check_survey() {
	"$credcheck" --survey --json >survey
	status=$?
	"$credcheck" --survey --verbose 2>&1 >table |
	    grep "^[^:]*${1-}[^:]*: credcheck --order " >commands
	atf_check_equal "$(jq '[.rows[] | select(.title | test("'"${1-}"'"))
	    .cells[] | select(.missing == null)] | length' survey)" \
	    $(grep -c . commands)
	jq -r '.rows[] | .name as $n | .title as $t | .cells | to_entries[] |
	    "\($t), \(.key)|\($n)|\(.value.errno // .value.outcome)"' \
	    survey >cells
	mkdir cell && chmod 777 cell
	while read -r line; do
		title=${line%%: credcheck *} command=${line#*: credcheck }
		cell=$(grep "^$title|" cells)
		wanted=${cell##*|} name=${cell%|*}
		name=${name##*|}
		(cd cell && eval "\"$credcheck\" --json $command") >out 2>err
		got=$(reported $name)
		[ "$got" = "$wanted" ] || echo "$name: $got, not $wanted: $line"
	done <commands >wrong
	atf_check cat wrong
	# The same words are the row's in JSON.
	atf_check -o inline:"$(jq '.rows | length' survey)\n" \
	    jq '[.rows[] | select(.order | test("^[a-z: -]+ / [a-z: -]+$"))] |
	    length' survey
}
survey_body() {
	check_survey
}

atf_test_case labels
labels_head() {
	atf_set descr "So it is where there are labels"
	atf_set require.progs "jq"
}
labels_body() {
	require_linux
	for module in apparmor selinux; do
		with_labels $module u:r:t
		check_survey label
		rm -r cell
	done
	atf_check_equal unlabeled "$(jq -r '.rows[] |
	    select(.name == "label_first").cells.stream.label' survey |
	    sed 's/.*:\(.*\)_t/\1/')"
}

atf_test_case steps
steps_head() {
	atf_set descr "What the kernel refuses ends the conversation, and is" \
	    "named with its error in the text, in JSON and in the timeline"
	atf_set require.progs "jq jsonschema"
}
steps_body() {
	order="ready accept option drain close / connect until:close write"
	atf_check -s exit:1 -o save:text -e save:err \
	    "$credcheck" --verbose --order "$order"
	atf_check -o inline:"Got no message\n" sed -n 1p text
	atf_check -o inline:"Refused: write: $(words EPIPE) (EPIPE)\n" \
	    grep Refused text
	atf_check -o match:"  write: EPIPE$" grep " write" err
	atf_check -s exit:1 -o save:out "$credcheck" --json --order "$order"
	check_schema out
	atf_check -o inline:"order write EPIPE timeout 0\n" jq -r \
	    '"\(.mode) \(.refused) \(.errno) \(.outcome) \(.bytes)"' out
	atf_check -o inline:"$order\n" jq -r .order out
	# The same if it is the server's.
	for order in \
	    "ready accept wrong-option drain / connect until:drain write" \
	    "ready accept wrong-option go-on receive /
	    connect hear-go-on write"; do
		for type in stream dgram; do
			atf_check -s exit:1 -o save:out "$credcheck" --json \
			    --order "$order" --timeout 60 --type $type
			atf_check -o inline:"wrong-option\n" \
			    jq -r .refused out
		done
	done
	atf_check -s exit:1 -o save:out "$credcheck" --json \
	    --order "ready accept drain close / connect until:close by-another"
	atf_check -o inline:"by-another EPIPE\n" \
	    jq -r '"\(.refused) \(.errno)"' out
	# What is read by chance keeps who is at the other end.
	order="ready accept option until:write drain /
	    connect until:option write until:drain"
	atf_check -o save:out "$credcheck" --json --order "$order"
	atf_check -o inline:"credentials $(id -u)\n" \
	    jq -r '"\(.outcome) \(.peer.euid)"' out
	atf_check -o match:"^9 trials: 9 credentials$" "$credcheck" --count 9 \
	    --order "$order"
	order="ready accept option drain close / connect until:close write"
	# Counted, each is refused, and the next one is tried.
	atf_check -s exit:1 -o save:out "$credcheck" --json --order "$order" \
	    --count 100
	check_schema out
	atf_check -o inline:"100 100\n" jq -r '"\(.trials) \(.refused)"' out
	atf_check -s exit:1 -o save:text "$credcheck" --order "$order" \
	    --count 100
	atf_check -o inline:"100 with a step refused\n" \
	    sed -n '1s/.*, //p' text
}

atf_test_case asked
asked_head() {
	atf_set descr "What ask was told of the other side is in the report"
	atf_set require.progs "jq jsonschema"
}
asked_body() {
	require_linux
	order="ready accept option receive / connect ask until:option write"
	start "$credcheck" --path sock --json --order "$order"
	wait $pid
	check_schema stdout
	atf_check -o inline:"$pid $(id -u)\n" jq -r \
	    '"\(.asked.pid) \(.asked.euid)"' stdout
	atf_check -o match:"^Asked: PID [0-9]+ EUID $(id -u) EGID $(id -g) \
\(SO_PEERCRED\)$" "$credcheck" --path sock --order "$order"
}

atf_test_case counted
counted_head() {
	atf_set descr "A counted client that waits for no step of the server's" \
	    "waits for it to be ready, which the report shows"
}
counted_body() {
	require_mechanism
	order="option ready accept receive / connect write"
	atf_check -o inline:"500 trials: 500 credentials\nOrder: option ready\
 accept receive / until:ready connect write\n" "$credcheck" --path sock \
	    --count 500 --order "$order"
	# The option on the listening socket does not last for the next one.
	order="ready until:connect option accept receive /
	    connect until:accept write"
	if [ "$(uname -s)" = Linux ]; then
		"$credcheck" --path sock --count 1 --order "$order" |
		    head -n 3 >one 2>err
		"$credcheck" --path sock --count 50 --order "$order" >many
		grep -q "^UID: -" one &&
		    atf_check -o match:"^50 trials: 50 none$" sed -n 1p many
	fi
	# Nor does a refusal, and descriptors that came are closed.
	require_faults
	order="ready accept option receive /
	    connect until:option descriptor"
	atf_check -s exit:1 -o save:out "$h_start" \
	    -f setsockopt:error=ENOBUFS:when=1 "$credcheck" --json \
	    --count 7 --order "$order"
	atf_check -o inline:"7 1\n" jq -r '"\(.trials) \(.refused)"' out
	atf_check -o match:"^300 trials: 300 credentials$" sh -c "ulimit -n 40
	    exec '$credcheck' --count 300 --order '$order'"
	order="ready accept until:write option receive /
	    connect until:accept write"
	atf_check -s exit:1 -o inline:"500 trials: 500 $lost\n" sh -c \
	    "\"$credcheck\" --count 500 --order '$order' >out; status=\$?
	    sed -n 1p out; exit \$status"
}

# A server in python, of the accepted connection c, at sock.
serve() {
	rm -f sock bound
	{
		cat <<-'END'
		import os, socket, time
		s = socket.socket(socket.AF_UNIX)
		s.bind("bound")
		s.listen()
		os.rename("bound", "sock")
		END
		cat
	} >server.py
	start python3 server.py
	wait_until '[ -S sock ]'
}

atf_test_case answers
answers_head() {
	atf_set descr "A client says how much came in all, and whether the" \
	    "connection was closed or reset; a server that says nothing is" \
	    "waited for, and by one client of many not for long"
	atf_set require.progs "python3"
}
answers_body() {
	require_linux
	order="connect write read"
	serve <<-'END'
	c, _ = s.accept()
	c.send(b"ab")
	time.sleep(0.3)
	c.recv(9)
	c.send(b"cd")
	c.close()
	END
	atf_check -e match:"^The server sent 4 bytes, and closed the connection$" \
	    "$credcheck" --client sock --verbose --order "$order"
	wait $pid
	serve <<-'END'
	c, _ = s.accept()
	time.sleep(0.3)
	c.close()			# with a byte unread
	END
	atf_check -e match:"^The server closed the connection$" \
	    "$credcheck" --client sock --verbose --order "$order"
	wait $pid
	serve <<-'END'
	time.sleep(60)
	END
	atf_check -e match:"^The server sent nothing$" \
	    "$credcheck" --client sock --verbose --order "$order" \
	    --timeout 1
	start "$credcheck" --client sock --order "$order" --timeout 60 --count 5
	wait_until '! alive $pid'
	wait $pid
	atf_check_equal 0 $?
}

atf_test_case proof
proof_head() {
	atf_set descr "What proves who the client is, is not read by it for an" \
	    "answer, and the connection was accepted before it"
	atf_set require.progs "jq"
}
proof_body() {
	require_mechanism
	require_faults
	with_faults recv:delay=150000:in=parent --path sock --json \
	    --order "ready accept drain close / connect read"
	atf_check_equal 1 $?
	atf_check cat stderr
	with_faults recv:delay=150000:in=parent --path sock --json --order \
	    "ready accept option go-on receive / connect hear-go-on write"
	atf_check_equal 0 $?
	atf_check cat stderr
	with_faults recv:delay=150000:in=parent --path sock --sync --verbose
	atf_check_equal 0 $?
	awk '/ connected$/ { from = $1 } / accepted$/ { to = $1 }
	    END { exit !(to - from < 140000) }' stderr ||
	    atf_fail "$(cat stderr)"
}

atf_test_case nothing_comes
nothing_comes_head() {
	atf_set descr "A server that waits for a message which the kernel has" \
	    "refused is told at once, and takes no end of file for one"
	atf_set require.progs "jq"
}
nothing_comes_body() {
	require_mechanism
	require_faults
	for type in stream seqpacket dgram; do
		[ "$(uname -s)" != Linux ] || {
			with_faults getsockopt:error=EINVAL:in=child --json \
			    --type $type --timeout 60 --order \
			    "ready accept drain / connect ask-pidfd write"
			atf_check -o inline:"ask-pidfd EINVAL\n" \
			    jq -r '"\(.refused) \(.errno)"' stdout
		}
		# The first hands the pair over; the server waits by then.
		with_faults sendmsg:error=EPERM:delay=200000:in=child:when=2 \
		    --json --type $type --timeout 60 --order \
		    "ready accept option receive / connect until:option sendmsg"
		atf_check_equal 1 $?
		atf_check -o inline:"sendmsg EPERM none\n" \
		    jq -r '"\(.refused) \(.errno) \(.outcome)"' stdout
	done
}

atf_test_case by_child
by_child_head() {
	atf_set descr "A child that stands for the client and cannot be had," \
	    "is killed, or is refused, ends the run in one line"
}
by_child_body() {
	require_mechanism
	require_faults
	while IFS='|' read -r fault client line; do
		with_faults "$fault:in=child" --path sock --timeout 30 \
		    --order "ready accept drain / connect$client"
		atf_check_equal 2 $?
		atf_check -o inline:"credcheck: client: $line\n" cat stderr
		atf_check test ! -e sock
	done <<-END
	fork:error=EAGAIN| by-another|fork: $(words EAGAIN)
	fork:error=EAGAIN|-gone|fork: $(words EAGAIN)
	connect:signal=KILL|-gone|fork: the child failed
	connect:error=ECONNREFUSED|-gone|connect: sock: $(words ECONNREFUSED)
	END
}

atf_test_case full
full_head() {
	atf_set descr "What finds no room is refused and does not wait, by" \
	    "sendmsg(2) as well"
	atf_set require.progs "jq"
}
full_body() {
	require_linux
	for path in "" "--path sock"; do
		"$credcheck" --order "ready accept until:sendmsg drain / \
		    connect largest sendmsg" --json --timeout 60 $path >out
		atf_check -o inline:"sendmsg EAGAIN\n" \
		    jq -r '"\(.refused) \(.errno)"' out
	done
}

atf_test_case twice
twice_head() {
	atf_set descr "A word may stand twice, and the second until of it is" \
	    "for the second"
	atf_set require.progs "jq"
}
twice_body() {
	require_mechanism
	order="ready accept until:write option receive until:write receive /
	    connect until:accept write until:receive write"
	atf_check -o match:"^100 trials: 100 credentials$" "$credcheck" \
	    --count 100 --type seqpacket --order "$order"
	atf_check -o ignore -e save:err "$credcheck" -v --order "$order"
	atf_check -o inline:"2\n" grep -c " write$" err
	for n in 1 2 3; do
		"$credcheck" --spread 50000 --json --order "ready accept
		    until:write until:write drain /
		    connect write delay write until:drain" >out
		atf_check -o inline:"2\n" jq .bytes out
	done
}

atf_test_case deadline
deadline_head() {
	atf_set descr "What could not be known ends at its deadline, and the" \
	    "step is named as it stands in the order"
}
deadline_body() {
	require_linux
	# The steps that a client has left have each a deadline of its own.
	atf_check -o match:"^UID: $(id -ru)$" "$credcheck" --timeout 1 \
	    --spread 1000000 --order "ready accept option receive /
	    connect until:option write delay delay delay delay delay delay
	    delay delay"
	# Nor is there room in a named socket, which does not block.
	"$credcheck" --timeout 1 --path sock --order "ready accept
	    until:done drain / connect largest write" >out 2>err
	atf_check_equal 2 $?
	# There is no room for the second message, as nobody reads the first.
	"$credcheck" --timeout 1 --order "ready accept until:done drain /
	    connect largest write" >out 2>err
	atf_check_equal 2 $?
	atf_check cat out
	atf_check -o match:"^credcheck: (client: )?timed out after 1 s waiting\
 for (room for the message \(write|the client's message \(until:done), step 3\)$" \
	    cat err
	"$credcheck" --timeout 1 --spread 1000000 --order "ready accept
	    until:write drain / connect delay delay delay delay delay delay
	    delay delay write" >out 2>err
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: timed out after 1 s waiting for the\
 client's message (until:write, step 3)\n" cat err
	# Two messages were one to the first read of a stream.
	"$credcheck" --timeout 1 --order "ready accept until:sendmsg receive
	    receive / connect write sendmsg until:receive until:receive" \
	    >out 2>err
	atf_check_equal 2 $?
	atf_check -o match:", step [45]\)$" cat err
}

atf_test_case timeline
timeline_head() {
	atf_set descr "The timeline of an order has its words"
}
timeline_body() {
	require_mechanism
	atf_check -o ignore -e save:err "$credcheck" -v --order \
	    "ready accept option go-on receive / connect hear-go-on write"
	sed -e 1d -e 's/^ *[0-9.]*  *//' err | sort >words
	atf_check -o inline:"accept\nconnect\ngo-on\nhear-go-on\noption\n\
ready\nreceive\nwrite\n" cat words
}

atf_test_case server
server_head() {
	atf_set descr "A server holds its list with each client"
	atf_set require.progs "jq jsonschema"
}
server_body() {
	require_mechanism
	start "$credcheck" --server sock --verbose --json --count 2 \
	    --order "option ready accept receive"
	wait_listening
	for _i in 1 2; do
		atf_check "$credcheck" --client sock
	done
	wait $pid
	atf_check_equal 0 $?
	while read -r line; do
		echo "$line" >out
		check_schema out
	done <stdout
	part_tally
	atf_check -o inline:"2 0 option ready accept receive\n" \
	    jq -r '"\(.trials) \(.refused) \(.order)"' tally
	atf_check -o inline:"credentials option ready accept receive\n\
credentials option ready accept receive\n" \
	    jq -r '"\(.outcome) \(.order)"' stdout
	atf_check -s exit:2 -e match:"^credcheck: wrong-option: " \
	    "$credcheck" --server sock \
	    --order "wrong-option ready accept receive"
	# What it was refused is said of each connection, and not of others.
	require_faults
	start -f setsockopt:error=ENOBUFS:when=1 "$credcheck" --server sock \
	    --verbose --json --count 2 --order "ready accept option receive"
	wait_listening
	for _i in 1 2; do
		"$credcheck" --client sock
	done
	wait $pid
	part_tally
	atf_check -o inline:"option\nnull\n" jq -r .refused stdout
	start "$credcheck" --server sock --verbose --json --count 2 \
	    --order "ready accept wrong-option receive"
	wait_listening
	for _i in 1 2; do
		"$credcheck" --client sock
	done
	wait $pid
	part_tally
	atf_check -o inline:"wrong-option true\nwrong-option true\n" \
	    jq -r '"\(.refused) \(.errno | type == "string")"' stdout
}

atf_test_case client
client_head() {
	atf_set descr "A client of its own holds its list, and tells with" \
	    "--verbose what the server did then"
}
client_body() {
	require_mechanism
	start "$credcheck" --server sock --verbose --count 4
	wait_listening
	atf_check -e save:err "$credcheck" --client sock --verbose
	atf_check -o inline:"The server closed the connection\n" sed -n '$p' err
	atf_check "$credcheck" --client sock --order "connect sendmsg"
	atf_check -e match:"  sendmsg$" "$credcheck" --client sock -v \
	    --order "connect sendmsg read"
	atf_check -e not-match:"The server" "$credcheck" --client sock -v \
	    --order "connect write close"
	wait $pid
}

atf_test_case client_refused
client_refused_head() {
	atf_set descr "A client of its own names the step that was refused"
	atf_set require.user root
}
client_refused_body() {
	require_linux
	start "$credcheck" --server sock --verbose --count 1
	wait_listening
	atf_check -s exit:1 -e inline:"credcheck: client: forge was refused:\
 $(words EPERM) (EPERM)\n" "$credcheck" --client sock --user 1234:1234 \
	    --order "connect forge"
	wait $pid
	atf_check_equal 1 $?
}

atf_test_case loser
loser_head() {
	atf_set descr "With --spread a client holds as many conversations with" \
	    "somebody else's server, of which one that has the option on its" \
	    "listening socket loses none, ever"
}
loser_body() {
	require_mechanism
	for server in listener accepted; do
		start "$(atf_get_srcdir)/h_daemon" $server
		wait_until '"$credcheck" --client sock 2>/dev/null'
		atf_check "$credcheck" --client sock --spread 20 --count 2000
		kill -TERM $pid
		wait $pid
		cat stdout
		atf_check -o ignore grep "^2001 clients, " stdout
		[ $server = accepted ] ||
		    atf_check -o ignore grep ", 0 lost$" stdout
	done
	atf_check -s exit:2 -e inline:"credcheck: --spread means nothing with\
 --sync\n" "$credcheck" --client sock --sync --spread 5
}

atf_test_case python
python_head() {
	atf_set descr "The same of a server in python"
	atf_set require.progs "python3"
}
python_body() {
	require_linux
	cat >daemon.py <<-'END'
	import signal, socket, struct, sys
	clients = lost = 0
	def end(*_):
	    print(clients, "clients,", lost, "lost", flush=True)
	    sys.exit()
	signal.signal(signal.SIGTERM, end)
	s = socket.socket(socket.AF_UNIX)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
	s.bind("sock")
	s.listen(128)
	while True:
	    c, _ = s.accept()
	    _, control, _, _ = c.recvmsg(1, socket.CMSG_SPACE(12))
	    clients += 1
	    lost += struct.unpack("iII", control[0][2])[0] == 0
	    c.close()
	END
	start python3 daemon.py
	wait_until '"$credcheck" --client sock 2>/dev/null'
	atf_check "$credcheck" --client sock --spread 20 --count 1000
	kill -TERM $pid
	wait_until '[ -s stdout ]'
	atf_check -o inline:"1001 clients, 0 lost\n" cat stdout
}

atf_test_case random
random_head() {
	atf_set descr "Lists of random words are refused in one line, or held" \
	    "and reported on in time, and nothing is left behind"
	atf_set require.progs "python3"
}
random_body() {
	CREDCHECK=$credcheck atf_check -o match:"^300 orders, [0-9]+ held" \
	    python3 "$(atf_get_srcdir)/orders" 300 1
}

atf_test_case refused_between
refused_between_head() {
	atf_set descr "A client that is refused a step before it has waited for" \
	    "the server waits for it then: no trial meets what another left"
}
refused_between_body() {
	require_mechanism
	require_faults
	order="ready until:own-option accept option receive /
	    connect own-option until:option write"
	for path in "" "--path sock"; do
		for when in 3..4 1..18; do
			n=$((${when#*..} - ${when%..*} + 1))
			result="$((20 - n)) credentials, $n none"
			atf_check -s exit:1 \
			    -o match:"^20 trials: $result, $n with a step refused$" \
			    "$h_start" \
			    -f setsockopt:error=ENOPROTOOPT:in=child:when=$when \
			    "$credcheck" $path --count 20 --timeout 10 \
			    --order "$order"
		done
	done
	# A server that is refused one before it has accepted.
	atf_check -s exit:1 \
	    -o match:"^200 trials: 200 none, 200 with a step refused$" \
	    "$h_start" -f setsockopt:error=ENOPROTOOPT:in=parent:when=1..9999 \
	    "$credcheck" --path sock --count 200 --timeout 10 \
	    --order "ready until:connect option accept receive /
	    connect until:accept write"
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case words
	atf_add_test_case lists
	atf_add_test_case waits
	atf_add_test_case alone
	atf_add_test_case modes
	atf_add_test_case survey
	atf_add_test_case labels
	atf_add_test_case steps
	atf_add_test_case asked
	atf_add_test_case counted
	atf_add_test_case answers
	atf_add_test_case proof
	atf_add_test_case nothing_comes
	atf_add_test_case by_child
	atf_add_test_case full
	atf_add_test_case twice
	atf_add_test_case deadline
	atf_add_test_case timeline
	atf_add_test_case server
	atf_add_test_case client
	atf_add_test_case client_refused
	atf_add_test_case loser
	atf_add_test_case python
	atf_add_test_case random
	atf_add_test_case refused_between
}
