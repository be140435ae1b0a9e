# SPDX-License-Identifier: BSD-2-Clause
#
# Notes: why the report is as it is.  Of each a case in which it applies, and one
# close to it in which it must not; the clients are programs (h_sender.c).

h_sender=$(atf_get_srcdir)/h_sender

# Starts a server for one client, behind a command.
serve_behind() {
	rm -f sock
	_behind=$1
	shift
	start $_behind "$credcheck" --server sock --verbose --count 1 "$@"
	wait_listening
}

# Serves a client that does the steps, behind a command.
serve() {
	serve_behind "$behind" $server
	"$h_sender" sock $type "$@" &
	sender=$!
	wait $pid
	status=$?
	kill $sender 2>/dev/null
	wait $sender
}

# The notes on a client that does the steps are named $1.
says() {
	_notes=$1
	shift
	server="$options --json"
	serve "$@"
	atf_check -o inline:"$_notes\n" jq -c .notes stdout
}

# The text on such a client has a line like $1.
text_has() {
	_line=$1
	shift
	server=$options
	serve "$@"
	atf_check -o ignore grep -E "$_line" stdout
}

# The notes on an order between our own two sides are named $1.
order_says() {
	"$credcheck" --json --order "$2" $3 >stdout 2>stderr
	atf_check -o inline:"$1\n" jq -c .notes stdout
}

init() {
	require_linux
	chmod 755 .
	behind= options= type=
}

require_unshare() {
	unshare "$@" true || atf_skip "no such namespaces to be had here"
}

# Kernels before 6.16 do not inherit an option from the end of the queue.
atf_test_case lost_race
lost_race_head() {
	atf_set descr "A message before the option; not one after it, or of an" \
	    "order that sets no option"
	atf_set require.progs "jq"
}
lost_race_body() {
	require_mechanism
	late='ready accept until:write option receive / connect until:accept write'
	good='ready accept option receive / connect until:option write'
	none='ready accept receive / connect write'
	order_says '["lost_race"]' "$late"
	order_says '["lost_race"]' "$late" "-p sock"
	order_says '["lost_race"]' "$late" "-t dgram"
	order_says '["lost_race"]' "$late" "-p sock -t dgram"
	order_says '[]' "$good"
	order_says '[]' "$none"
	atf_check -s exit:1 -e ignore -o match:"before listen.2., as --inherit" \
	    "$credcheck" --late --path sock
	atf_check -s exit:1 -e ignore -o match:"bind.2., or have" \
	    "$credcheck" --late --path sock --type dgram
}

atf_test_case not_inherited
not_inherited_head() {
	atf_set descr "The option on the listener when the client has" \
	    "connected, where it is not inherited then; not if it was set before"
	atf_set require.progs "jq"
}
not_inherited_body() {
	require_linux
	steps='accept receive / connect until:accept write'
	atf_check -o save:late "$credcheck" --survey --json
	case $(jq -r '.rows[] | select(.name == "late_listener") |
	    .cells.stream.outcome' late) in
	none)	late='["not_inherited"]' ;;
	*)	late='[]' ;;
	esac
	order_says "$late" "ready until:connect option $steps" "-p sock"
	order_says '[]' "option ready $steps" "-p sock"
}

atf_test_case not_seen
not_seen_head() {
	atf_set descr "A sender in another PID namespace, and one in another" \
	    "user namespace besides, who looks like a lost race; not a real" \
	    "lost race in such namespaces"
	atf_set require.progs "jq unshare"
	atf_set require.user root
}
not_seen_body() {
	init
	require_unshare -r -p -f --mount-proc
	behind="unshare -r -p -f --mount-proc"
	says '["not_seen"]' connect write await
	text_has "^PID: 0 .not seen from here.$" connect write await
	atf_check -o ignore grep "^PID 0 stands for" stdout
	says '["not_seen"]' user 1000 connect write await
	atf_check_equal 1 $status
	server= serve user 1000 connect write await
	atf_check -o inline:"credcheck: connection 1: Message did not include\
 credentials: placeholder: sender is not seen\n" tail -n 1 stderr
	# The option is no longer known to come first.
	options=--race
	says '["lost_race"]' user 1000 connect write await
	text_has "^Either the message was written" user 1000 connect write await
	# Our own client is seen.
	for args in "" "--path sock" "--path sock --type dgram"; do
		$behind "$credcheck" --json --late $args >stdout
		atf_check -o inline:'["lost_race"]\n' jq -c .notes stdout
	done
	atf_check -s exit:1 -e ignore -o not-match:"Either" unshare -r -p -f \
	    --mount-proc "$credcheck" --late --path sock --type dgram
}

atf_test_case listener_not_seen
listener_not_seen_head() {
	atf_set descr "--peer of a listener in another PID namespace; not in" \
	    "ours"
	atf_set require.progs "jq unshare"
	atf_set require.user root
}
listener_not_seen_body() {
	init
	require_unshare -p -f --mount-proc
	for behind in "" "unshare -p -f --mount-proc"; do
		serve_behind ""
		$behind "$credcheck" --peer sock --json >peer
		wait $pid
		if [ -n "$behind" ]; then
			atf_check -o inline:'["not_seen"]\n' jq -c .notes peer
		else
			atf_check -o inline:'[]\n' jq -c .notes peer
		fi
	done
}

atf_test_case unmapped
unmapped_head() {
	atf_set descr "The overflow ID where not every user has one, and as an" \
	    "effective one; not of a real nobody where all have, nor of root"
	atf_set require.progs "jq unshare"
	atf_set require.user root
}
unmapped_body() {
	init
	require_unshare -r
	says '[]' user 65534 connect write await
	behind="unshare -r"
	says '["unmapped"]' user 1000 connect write await
	text_has "^ID 65534 stands for every user" user 1000 connect write await
	atf_check -o ignore grep "userns=host), or run the receiver out" stdout
	says '[]' connect write await
	# The connection's alone.
	says '["unmapped","set_user_id"]' give-up 1000 connect write await
}

atf_test_case handed_over
handed_over_head() {
	atf_set descr "A child writes to what its parent has connected, or" \
	    "another's PID is attached; not what the connector wrote"
	atf_set require.progs "jq"
	atf_set require.user root
}
handed_over_body() {
	init
	says '["handed_over"]' connect fork write await
	says '["handed_over"]' connect attach $$ 0 0 await
	says '[]' fork connect write await
	says '[]' connect attach . . . await
}

atf_test_case set_user_id
set_user_id_head() {
	atf_set descr "Real and effective IDs that differ, users' or groups';" \
	    "not those of one user, nor those that were changed since"
	atf_set require.progs "jq"
	atf_set require.user root
}
set_user_id_body() {
	init
	says '["set_user_id"]' real 1000 connect write await
	says '["set_user_id"]' group 5 connect write await
	says '[]' user 1000 connect write await
	text_has "^Real and effective IDs differ: the client" group 5 connect \
	    write await
}

atf_test_case changed
changed_head() {
	atf_set descr "IDs changed since the client connected, for good or for" \
	    "now; not before that, nor those of a set-group-ID program"
	atf_set require.progs "jq"
	atf_set require.user root
}
changed_body() {
	init
	says '["changed"]' connect user 1000 write await
	text_has "^The client has changed its IDs since it" connect user 1000 \
	    write await
	says '["changed"]' real 1000 connect give-up 1000 write await
	text_has "it can take them back" real 1000 connect give-up 1000 write \
	    await
	says '[]' user 1000 connect write await
	# The group alone, as it was.
	says '["set_user_id"]' group 5 connect write await
}

atf_test_case attached
attached_head() {
	atf_set descr "IDs that are not the process's, over a connection and in" \
	    "a datagram; not its own, attached or not"
	atf_set require.progs "jq"
	atf_set require.user root
}
attached_body() {
	init
	says '["attached"]' connect attach . 1 1 await
	says '[]' connect attach . . . await
	type=dgram options="--type dgram"
	says '["attached"]' connect attach . 1 1 hold
	# What logger --id=1 does.
	says '["attached"]' connect attach 1 0 5 hold
	text_has "^Process 1 has other real IDs than the message" connect \
	    attach 1 0 5 hold
	says '[]' connect attach . . . hold
	says '[]' connect write hold
	says '[]' real 1000 connect write hold
}

atf_test_case set_id_program
set_id_program_head() {
	atf_set descr "A set-user-ID and a set-group-ID program, which are one" \
	    "user's; nothing of their datagrams, whose IDs are the real ones," \
	    "or once they have given that up for good"
	atf_set require.progs "jq setpriv"
	atf_set require.user root
}
set_id_program_body() {
	init
	chmod 777 .
	as_user="setpriv --reuid=1000 --regid=1000 --clear-groups"
	own=$h_sender
	for set in "0:0 4755" "1000:5 2755"; do
		cp "$own" sender
		cp "$(command -v id)" id
		chown ${set% *} sender id
		chmod ${set#* } sender id
		[ "$($as_user ./id)" != "$($as_user id)" ] ||
		    atf_skip "no such programs in this file system"
		# A program by its path, behind a command.
		h_sender="./behind"
		printf '#! /bin/sh\nexec %s ./sender "$@"\n' "$as_user" >behind
		chmod +x behind
		says '["set_user_id"]' connect write await
		text_has "^Real and effective IDs differ: the client is a set-u" \
		    connect write await
		type=dgram options="--type dgram"
		says '[]' connect write hold
		type= options=
	done
	h_sender="./behind"
	chown 0:1000 sender
	chmod 4755 sender
	says '[]' user 1000 connect write await
	says '["changed"]' connect user 1000 write await
}

atf_test_case pair
pair_head() {
	atf_set descr "A pair rightly names its maker, whatever that has become:" \
	    "another program, or ourselves; but a child of the maker's is" \
	    "another process"
	atf_set require.progs "jq python3"
}
pair_body() {
	require_linux
	cat >pair.py <<-'END'
	import os, socket, sys
	a, b = socket.socketpair()
	a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
	reader = [sys.argv[2], "--fd", str(a.fileno()), "--json"]
	writer = ["sh", "-c", "echo hello >&9; read x <&9"]
	a.set_inheritable(True)
	if sys.argv[1] == "alone":
	    b.send(b"hello")
	    os.execv(reader[0], reader)
	if (os.fork() == 0) == (sys.argv[1] == "reader"):
	    b.close()
	    os.execv(reader[0], reader)
	os.dup2(b.fileno(), 9)
	b.close()
	a.close()
	os.execvp(writer[0], writer)
	END
	while read -r child notes; do
		rm -f out
		python3 pair.py $child "$credcheck" >out
		wait_until 'grep -q notes out'
		atf_check -o inline:"$notes\n" jq -c .notes out
	done <<-END
	reader []
	alone []
	writer ["handed_over"]
	END
}

atf_test_case own_ids
own_ids_head() {
	atf_set descr "A kernel that names whoever asks: of a connection, and to" \
	    "--peer, which leaves them out; not of a pair, where that is so by" \
	    "rights, nor where the kernel names the other side"
	atf_set require.progs "jq"
}
own_ids_body() {
	init
	asker="env ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
	    LD_PRELOAD=$(atf_get_srcdir)/h_asker"
	behind=$asker
	says '["own_ids"]' connect write await
	atf_check_equal 0 $status
	atf_check -o inline:'[null,null,null]\n' \
	    jq -c '[.peer.pid, .peer.euid, .peer.egid]' stdout
	text_has "^This kernel names whoever asks" connect write await
	behind=
	says '[]' connect write await
	atf_check -o save:out $asker "$credcheck" --json
	atf_check -o inline:'[]\n' jq -c .notes out
	serve_behind ""
	atf_check -s exit:1 -o save:out $asker "$credcheck" --peer sock --json
	atf_check -o inline:'["own_ids"] null null none\n' \
	    jq -r '"\(.notes) \(.pid) \(.euid) \(.outcome)"' out
	wait $pid
	serve_behind ""
	atf_check -o save:out "$credcheck" --peer sock --json
	atf_check -o inline:"[] $pid\n" jq -r '"\(.notes) \(.pid)"' out
}

atf_test_case once
once_head() {
	atf_set descr "A second message without credentials, where they come" \
	    "with the first alone; nothing where they come with each"
	atf_set require.progs "jq"
}
once_body() {
	require_mechanism
	serve_behind "" --all --json --type seqpacket
	atf_check "$h_sender" sock seqpacket connect write write
	wait $pid
	second='[]'
	case "$(uname -s) $(uname -r)" in
	NetBSD*|"FreeBSD 12"*)	second='["once"]' ;;
	esac
	atf_check -o inline:"[[],$second]\n" jq -cs 'map(.notes)' stdout
}

atf_test_case truncated_groups
truncated_groups_head() {
	atf_set descr "As many groups as the BSDs deliver at most; not three," \
	    "and not on Linux, which delivers them all"
	atf_set require.progs "jq"
	atf_set require.user root
}
truncated_groups_body() {
	require_mechanism
	behind= options= type=
	says '[]' groups 3 connect write await
	most='["truncated_groups"]'
	[ "$(uname -s)" != Linux ] || most='[]'
	says "$most" groups 16 connect write await
}

atf_test_case names
names_head() {
	atf_set descr "--names adds the program of a PID, or that it has gone;" \
	    "not of the /proc of another PID namespace"
	atf_set require.progs "unshare"
	atf_set require.user root
}
names_body() {
	init
	options=--names
	text_has "^PID: [0-9]+\(h_sender\)$" connect write await
	cp "$h_sender" "$(printf 'a\033b')"
	h_sender="./$(printf 'a\033b')"
	text_has "^PID: [0-9]+\(a\?b\)$" connect write await
	h_sender=$(atf_get_srcdir)/h_sender
	serve_behind "" --names
	kill -STOP $pid
	"$h_sender" sock connect write
	kill -CONT $pid
	wait $pid
	atf_check -o ignore grep -E "^PID: [0-9]+\(gone\)$" stdout
	atf_check -o match:"^PID: [0-9]+.credcheck.$" "$credcheck" --names
	require_unshare -p -f
	atf_check -o match:"^PID: [0-9]+.credcheck. .SO_PEERCRED.$|^PID: [0-9]+$" \
	    unshare -p -f "$credcheck" --names
}

# Serves a client that has gone before the server reads.
gone_says() {
	_notes=$1
	shift
	serve_behind "$behind" $server
	kill -STOP $pid
	"$h_sender" sock $type "$@"
	kill -CONT $pid
	wait $pid
	atf_check -o inline:"$_notes\n" jq -c .notes stdout
}

atf_test_case gone
gone_head() {
	atf_set descr "A sender that has left, of a datagram and of a connection" \
	    "whose IDs differ; not one that waits, nor one that is hidden"
	atf_set require.progs "jq"
	atf_set require.user root
}
gone_body() {
	init
	server=--json
	gone_says '["ids_differ","gone"]' connect user 1000 write
	# What it costs to know is not spent on what does not differ.
	gone_says '[]' connect write
	type=dgram server="--json --type dgram"
	gone_says '["gone"]' connect write
	options="--type dgram"
	says '[]' connect write hold
}

atf_test_case listener_gone
listener_gone_head() {
	atf_set descr "--peer of a listener who has left its socket to a child;" \
	    "not of one that is there"
	atf_set require.progs "jq python3"
}
listener_gone_body() {
	require_linux
	# A kernel before 6.16 has no pidfd of a process that has gone.
	atf_check -o save:out "$credcheck" --survey --json
	[ "$(jq -r '.rows[] | select(.name == "pidfd_peer_gone") |
	    .cells.stream.whose' out)" = nobody ] ||
	    atf_skip "this kernel does not tell"
	start python3 -c 'import os, socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
child = os.fork()
if child == 0:
    s.listen()
    os.kill(os.getpid(), 19)	# SIGSTOP
    os._exit(0)
os.waitpid(child, os.WUNTRACED)
print(child, flush=True)
os.waitpid(child, 0)
print("gone", flush=True)
time.sleep(60)'
	wait_until '[ -s stdout ]'
	atf_check -o save:out "$credcheck" --peer sock --json
	atf_check -o inline:'[]\n' jq -c .notes out
	kill -CONT $(cat stdout)
	wait_until 'grep -q gone stdout'
	atf_check -o save:out "$credcheck" --peer sock --json
	atf_check -o inline:'["gone"]\n' jq -c .notes out
	atf_check -o match:"^The process has gone: " "$credcheck" --peer sock
}

atf_test_case hidden
hidden_head() {
	atf_set descr "A process that /proc hides has not gone, and one of" \
	    "another PID namespace's /proc is not taken for the sender"
	atf_set require.progs "jq unshare setpriv mount"
	atf_set require.user root
}
hidden_body() {
	init
	chmod 777 .
	require_unshare -m
	cat >hide <<-END
	#! /bin/sh
	mount -t proc -o hidepid=2 proc /proc || exit 1
	exec setpriv --reuid=65534 --regid=65534 --clear-groups "\$@"
	END
	chmod +x hide
	unshare -m ./hide true || atf_skip "no hidepid to be had here"
	behind="unshare -m ./hide"
	says '["ids_differ"]' real 1000 connect write await
	says '[]' connect write await
	type=dgram options="--type dgram"
	says '[]' connect write hold
	# Process 2 of the /proc that is there is not the client.
	type= options= behind=
	unshare -p -f true || atf_skip "no PID namespace to be had here"
	cat >inside <<-END
	"$credcheck" --server sock --json --verbose --count 1 >out 2>stderr &
	while ! grep -q Listening stderr; do sleep 0.01; done
	"$h_sender" sock real 1000 connect write await
	wait
	END
	rm -f sock stderr
	: >stderr
	atf_check unshare -p -f sh inside
	atf_check -o inline:'["ids_differ"]\n' jq -c .notes out
}

atf_test_case descriptors
descriptors_head() {
	atf_set descr "Descriptors that came and were closed; not those that" \
	    "were dropped"
	atf_set require.progs "jq"
}
descriptors_body() {
	require_mechanism
	steps='ready accept option receive / connect until:option'
	order_says '["descriptors"]' "$steps descriptor"
	order_says '[]' "$steps write"
	atf_check -o match:'^Descriptors that came .* closed: 1.$' \
	    "$credcheck" --order "$steps descriptor"
}

atf_test_case cut
cut_head() {
	atf_set descr "Descriptors that were dropped beside whole credentials," \
	    "credentials cut themselves; not a message with nothing else"
	atf_set require.progs "jq"
}
cut_body() {
	init
	says '["cut"]' connect rights 3 await
	text_has "^The credentials are whole, but more came" \
	    connect rights 3 await
	says '[]' connect write await
	steps='ready accept option receive-small / connect until:option write'
	order_says '["cut"]' "$steps"
	atf_check -s exit:1 -e ignore -o match:"no whole" \
	    "$credcheck" --order "$steps"
}

atf_test_case width
width_head() {
	atf_set descr "The text of a note fills lines of 80 columns, and the one" \
	    "line of a missing message has its cause in as many"
	atf_set require.user root
}
width_body() {
	init
	for steps in "attach . 1 1" "fork write" "user 1000 write" \
	    "rights 1"; do
		text_has "^  " connect $steps await
		atf_check awk 'length > 80' stdout
	done
	for args in "" "--path sock" "--type dgram" "--type seqpacket"; do
		atf_check -s exit:1 -o ignore -e save:line  	    \
	    "$credcheck" --late $args
		atf_check -o inline:"1\n" grep -c . line
		atf_check awk 'length > 80' line
	done
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case lost_race
	atf_add_test_case not_inherited
	atf_add_test_case not_seen
	atf_add_test_case listener_not_seen
	atf_add_test_case unmapped
	atf_add_test_case handed_over
	atf_add_test_case set_user_id
	atf_add_test_case changed
	atf_add_test_case attached
	atf_add_test_case set_id_program
	atf_add_test_case pair
	atf_add_test_case own_ids
	atf_add_test_case once
	atf_add_test_case truncated_groups
	atf_add_test_case names
	atf_add_test_case gone
	atf_add_test_case listener_gone
	atf_add_test_case hidden
	atf_add_test_case descriptors
	atf_add_test_case cut
	atf_add_test_case width
}
