# SPDX-License-Identifier: BSD-2-Clause
#
# Two programs: --server, --client and --inherit.

# Starts a server on the socket sock, with its output in stdout and stderr.
start_server() {
	start "$credcheck" --server sock --verbose "$@"
	wait_listening
}

# Waits for it, checks its exit status and that its socket is gone, and parts
# its results from their tally.
server_ends() {
	wait $pid
	atf_check_equal $1 $?
	atf_check test ! -e sock
	part_tally
}

# A client in python, on the connected socket s.
client() {
	{
		echo "import os, socket, sys, time"
		echo "t = os.environ.get('TYPE', 'STREAM')"
		echo "s = socket.socket(socket.AF_UNIX," \
		    "getattr(socket, 'SOCK_' + t))"
		cat <<-'END'
		# The BSDs refuse who comes while others wait to be accepted.
		def join(s):
		    for _ in range(1000):
		        try:
		            return s.connect("sock")
		        except ConnectionRefusedError:
		            time.sleep(0.01)
		    sys.exit("never accepted")
		join(s)
		END
		cat
	} >client.py
	python3 client.py "$@"
}

lines() {
	atf_check -o inline:"$1\n" grep -c . stdout
}

atf_test_case inherit
inherit_head() {
	atf_set descr "--inherit sets the option on the listening socket, which" \
	    "wins the race without a word to the client: 5000 of 5000"
	atf_set require.progs "jq"
}
inherit_body() {
	require_mechanism
	for type in stream seqpacket; do
		atf_check -o save:out "$credcheck" --inherit --path sock \
		    --json --type $type
		atf_check -o inline:"inherit credentials true\n" \
		    jq -r '"\(.mode) \(.outcome) \(.match)"' out
		atf_check -o inline:"5000 trials: 5000 credentials\n" \
		    "$credcheck" --inherit --path sock --count 5000 --type $type
	done
	atf_check -o ignore -e save:err "$credcheck" --inherit --path sock -v
	atf_check -o match:"0.0  option set$" sed -n 2p err
}

atf_test_case two_programs
two_programs_head() {
	atf_set descr "A server reports on each client as text, and ends with a" \
	    "summary after --count"
}
two_programs_body() {
	require_mechanism
	start_server --count 2
	atf_check "$credcheck" --client sock
	atf_check "$credcheck" --client sock
	server_ends 0
	atf_check -o inline:"Listening on sock\n" cat stderr
	cat >expected <<-END
	Connection 1
	Got 1 byte
	UID: $(id -ru)
	GID: $(id -rg)

	Connection 2
	Got 1 byte
	UID: $(id -ru)
	GID: $(id -rg)

	2 connections: 2 credentials
	END
	atf_check -o file:expected \
	    grep -Ev '^(PID|EUID|EGID|Supplementary groups): ' stdout
	atf_check -o inline:"8\n" \
	    grep -cE '^(PID|EUID|EGID|Supplementary groups): ' stdout
}

atf_test_case json
json_head() {
	atf_set descr "JSON is one line a connection, of the schema, with null" \
	    "for the truth that there is not"
	atf_set require.progs "jq jsonschema"
}
json_body() {
	require_mechanism
	start_server --count 3 --json
	atf_check "$credcheck" --client sock --count 3
	server_ends 0
	lines 3
	atf_check -o inline:"1 inherit credentials null null
2 inherit credentials null null
3 inherit credentials null null\n" jq -r \
	    '"\(.connection) \(.mode) \(.outcome) \(.client) \(.match)"' stdout
	head -n 1 stdout >line
	check_schema line
}

atf_test_case tally
tally_head() {
	atf_set descr "The last line of JSON is a tally, after --count" \
	    "connections and after a signal, also if nobody came; with" \
	    "--count 1 there is the one result alone, or none"
	atf_set require.progs "jq jsonschema"
}
tally_body() {
	require_mechanism
	start_server --json --count 3
	"$(atf_get_srcdir)/h_sender" sock connect
	atf_check "$credcheck" --client sock --count 2
	server_ends 1
	lines 3
	check_schema tally
	atf_check -o inline:"3 2 1 0\n" jq -r '"\(.trials)" + " " +
	    "\(.counts.credentials) \(.counts.closed) \(.mismatches)"' tally
	atf_check -o inline:"inherit server null true true\n" jq -r \
	    '"\(.mode) \(.role) \(.outcome) " + "\(.elapsed_s > 0) " +
	    "\(.trials_per_second > 0)"' tally
	for signal in INT TERM HUP; do
		start_server --json
		atf_check "$credcheck" --client sock
		wait_until 'grep -q connection stdout'
		kill -$signal $pid
		server_ends 0
		lines 1
		atf_check -o inline:"1 1\n" jq -r \
		    '"\(.trials) \(.counts.credentials)"' tally
	done
	start_server --json --type dgram
	kill -TERM $pid
	server_ends 1
	atf_check cat stdout
	check_schema tally
	atf_check -o inline:'["server",0,0]\n' jq -c \
	    '[.mode, .trials, ([.counts[]] | add)]' tally
	start_server --json --count 1
	atf_check "$credcheck" --client sock
	server_ends 0
	lines 1
	atf_check cat tally
	start_server --json --count 1
	kill -TERM $pid
	server_ends 1
	atf_check cat stdout tally
}

atf_test_case every_type
every_type_head() {
	atf_set descr "Seqpacket and datagram clients are served as well; each" \
	    "datagram is one report, and their server has a mode of its own"
	atf_set require.progs "jq jsonschema"
}
every_type_body() {
	require_mechanism
	for type in stream seqpacket dgram; do
		start_server --json --count 2 --type $type
		atf_check "$credcheck" --client sock --type $type --count 2
		server_ends 0
		mode=inherit
		[ $type != dgram ] || mode=server
		line="$mode $type credentials 1"
		atf_check -o inline:"$line\n$line\n" \
		    jq -r '"\(.mode) \(.type) \(.outcome) \(.bytes)"' stdout
		head -n 1 stdout >line
		check_schema line
	done
}

atf_test_case senders_gone
senders_gone_head() {
	atf_set descr "Datagrams whose senders have closed before any was read" \
	    "are all reported on"
}
senders_gone_body() {
	require_mechanism
	start_server --type dgram --count 5
	kill -STOP $pid
	wait_until 'ps -o stat= -p $pid | grep -q T'
	for n in 1 2 3 4 5; do
		atf_check "$credcheck" --client sock --type dgram
	done
	kill -CONT $pid
	server_ends 0
	atf_check -o inline:"5 connections: 5 credentials\n" \
	    sed -n '$p' stdout
}

atf_test_case unannounced
unannounced_head() {
	atf_set descr "A message that poll(2) does not announce is read at the" \
	    "deadline"
}
unannounced_body() {
	require_mechanism
	require_faults
	start -f poll:delay=10000:return=0 "$credcheck" --server sock \
	    --verbose --timeout 1 --count 1
	wait_listening
	# After it was accepted, as there was nothing to read then.
	atf_check "$credcheck" --client sock --order 'connect delay write' \
	    --spread 300000
	server_ends 0
	atf_check -o inline:"1 connection: 1 with credentials\n" sed -n '$p' stdout
}

atf_test_case sync
sync_head() {
	atf_set descr "A synchronizing server and client understand each other"
	atf_set require.progs "jq"
}
sync_body() {
	require_mechanism
	start_server --sync --json --count 3
	atf_check "$credcheck" --client sock --sync --count 3
	server_ends 0
	atf_check -o inline:"sync credentials\n" \
	    sh -c "jq -r '\"\(.mode) \(.outcome)\"' stdout | sort -u"
}

atf_test_case race
race_head() {
	atf_set descr "A server that sets the option after accept(2) gets" \
	    "credentials of a client that takes its time"
	atf_set require.progs "jq python3"
}
race_body() {
	require_mechanism
	start_server --race --json --count 1
	client <<-'END'
	time.sleep(0.2)
	s.send(b"late enough")
	END
	server_ends 0
	atf_check -o inline:"race credentials 11\n" \
	    jq -r '"\(.mode) \(.outcome) \(.bytes)"' stdout
}

atf_test_case identity
identity_head() {
	atf_set descr "The server of root sees who its clients are, and says" \
	    "where real and effective IDs differ"
	atf_set require.user root
	atf_set require.progs "jq"
}
identity_body() {
	require_mechanism
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	chmod 755 .
	start_server --json --count 2
	atf_check "$credcheck" --client sock --user 1234:2345
	atf_check "$credcheck" --client sock --user 1234:2345 \
	    --effective 3456:4567
	server_ends 0
	atf_check -o inline:"1234 1234 2345 2345\n1234 3456 2345 4567\n" \
	    jq -r '"\(.uid) \(.euid) \(.gid) \(.egid)"' stdout
	start_server --count 2
	atf_check "$credcheck" --client sock --user 1234:2345
	atf_check "$credcheck" --client sock --effective 1:1
	server_ends 0
	# Which of the two, depends on whether it had gone.
	atf_check -o inline:"1\n" grep -c -e "^Real and effective IDs differ" \
	    -e "^The message's IDs are not the connection's" stdout
}

atf_test_case handed_over
handed_over_head() {
	atf_set descr "A connection that another process writes to than made it" \
	    "shows both PIDs"
	atf_set require.progs "jq python3"
}
handed_over_body() {
	require_linux
	write_as_child='
if os.fork() == 0:
    s.send(b"!")
    print(os.getpid(), os.getppid(), flush=True)
    os._exit(0)
os.wait()'
	start_server --json --count 1
	pids=$(echo "$write_as_child" | client)
	server_ends 0
	atf_check -o inline:"$pids\n" jq -r '"\(.pid) \(.peer.pid)"' stdout
	start_server --count 1
	pids=$(echo "$write_as_child" | client)
	server_ends 0
	atf_check -o match:"^PID: ${pids% *} != ${pids#* } .SO_PEERCRED.$" \
	    -o match:"^Message and connection name different processes: " cat stdout
}

atf_test_case all
all_head() {
	atf_set descr "--all reports each message of a connection, by its" \
	    "number, until its end, which is no message; --count is of" \
	    "connections, and a silent one holds nobody up"
	atf_set require.progs "jq jsonschema"
}
all_body() {
	require_mechanism
	h_sender=$(atf_get_srcdir)/h_sender
	start_server --all --json --type seqpacket --count 2 --timeout 1
	atf_check "$h_sender" sock seqpacket connect write write write
	# Another one while the first is awaited.
	"$h_sender" sock seqpacket connect write hold &
	silent=$!
	server_ends 1
	kill $silent
	while read -r line; do
		echo "$line" >line
		check_schema line
	done <stdout
	# Each connection's in their order; which is read first is not promised.
	jq -r '"\(.connection) \(.number)"' stdout | sort -s -n -k 1,1 >numbers
	atf_check -o inline:"1 1\n1 2\n1 3\n2 1\n2 2\n" cat numbers
	atf_check -o inline:"timeout\n" sh -c 'tail -n 1 stdout | jq -r .outcome'
	# Which counts messages.
	atf_check -o inline:"5 4\n" jq -r \
	    '"\(.trials) \(.counts.credentials)"' tally
	start_server --all --count 1
	atf_check "$h_sender" sock connect
	server_ends 1
	atf_check -o inline:"1 message: 1 closed\n" tail -n 1 stdout
	start_server --all --count 2 --timeout 60
	"$h_sender" sock connect hold &
	silent=$!
	atf_check "$h_sender" sock connect write
	wait_until 'grep -q "^Connection [12], message 1$" stdout'
	kill $silent
	wait $pid
	atf_check -s exit:2 -e match:"all means nothing with --type dgram" \
	    "$credcheck" --server sock --all --type dgram
}

atf_test_case data
data_head() {
	atf_set descr "--data shows the head of the message, escaped, and" \
	    "nothing else does"
	atf_set require.progs "jq python3"
}
data_body() {
	require_mechanism
	for args in "" --data; do
		start_server --count 1 $args
		echo 's.send(b"\0AUTH 30\r\n\x001\"\\\xff\x1b" + b"x" * 99)' |
		    client
		wait $pid
		cp stdout text$args
		start_server --json --count 1 $args
		echo 's.send(b"\0AUTH 30\r\n\x001\"\\\xff\x1b" + b"x" * 99)' |
		    client
		wait $pid
		cp stdout json$args
	done
	head=$(printf 'x%.0s' $(seq 1 48))
	printf '%s\n' 'Data: "\0AUTH 30\r\n\0001\"\\\377\33'$head'"...' >expected
	atf_check -o file:expected grep Data text--data
	atf_check -s exit:1 grep -e Data -e xxx text
	atf_check -o inline:"null\n" jq .data json
	atf_check -o inline:"true\n" jq --arg head "$head" \
	    '.data == "\\0AUTH 30\\r\\n\\0001\\\"\\\\\\377\\33" + $head' \
	    json--data
	atf_check -o inline:"$message\n" jq -r '.control[].name' json
}

atf_test_case each_timeout
each_timeout_head() {
	atf_set descr "With --all the timeout is of each message: one who" \
	    "writes every second is read for longer than two"
	atf_set require.progs "jq python3"
}
each_timeout_body() {
	require_mechanism
	start_server --all --json --type seqpacket --count 1 --timeout 2.5
	export TYPE=SEQPACKET
	client <<-'END'
	for _ in range(4):
	    s.send(b"!")
	    time.sleep(1)
	END
	server_ends 0
	lines 4
}

atf_test_case timeout
timeout_head() {
	atf_set descr "A client that says nothing is one line of its own after" \
	    "the timeout, and trouble for nobody"
	atf_set require.progs "jq python3"
}
timeout_body() {
	require_mechanism
	start_server --timeout 1.5 --count 2 --json
	client <<-'END'
	other = socket.socket(socket.AF_UNIX)
	other.connect("sock")
	other.send(b"!")
	sys.exit(s.recv(1) != b"")
	END
	atf_check_equal 0 $?
	server_ends 1
	atf_check -o inline:"credentials 1\ntimeout 0\n" \
	    jq -r '"\(.outcome) \(.bytes)"' stdout
	start_server --timeout 0.1 --count 1
	client <<-'END'
	s.recv(1)
	END
	server_ends 1
	atf_check -o inline:"credcheck: connection 1: No message came within\
 0.1 s\n" sed 1d stderr
	atf_check -o match:"^1 connection: 1 timeout$" cat stdout
}

atf_test_case many
many_head() {
	atf_set descr "300 clients that never write do not delay one that does," \
	    "are nobody's report until their timeout, and are let go at a" \
	    "signal"
	atf_set require.progs "jq python3"
}
many_body() {
	require_mechanism
	[ "$(ulimit -n)" -ge 400 ] || ulimit -n 400 ||
	    atf_skip "needs 400 descriptors"
	start_server --timeout 3600 --json
	# The writer hears its end while all the others are still there.
	client $pid <<-'END'
	silent = [s] + [socket.socket(socket.AF_UNIX) for _ in range(300)]
	for t in silent[1:]:
	    join(t)
	s = socket.socket(socket.AF_UNIX)
	join(s)
	s.send(b"!")
	bad = s.recv(1) != b""
	os.kill(int(sys.argv[1]), 15)
	sys.exit(bad or any([t.recv(1) != b"" for t in silent]))
	END
	atf_check_equal 0 $?
	server_ends 0
	lines 1
	atf_check -o inline:"credentials 1\n" \
	    jq -r '"\(.outcome) \(.bytes)"' stdout
}

atf_test_case crowd
crowd_head() {
	atf_set descr "Datagrams without end do not keep a server from a signal"
}
crowd_body() {
	require_mechanism
	require_faults
	# Slower than its client, so that there is always one more.
	start -f recvmsg:delay=20000 "$credcheck" --server sock --verbose \
	    --type dgram --json
	wait_listening
	"$credcheck" --client sock --type dgram --count 1000000000 2>/dev/null &
	client=$!
	wait_until '[ $(grep -c . stdout) -gt 20 ]'
	kill -TERM $pid
	server_ends 0
	kill $client 2>/dev/null
	atf_check -o inline:"Listening on sock\n" cat stderr
}

atf_test_case not_inherited
not_inherited_head() {
	atf_set descr "A connection that has not got the option from the" \
	    "listener is said to be one, here where no call has set it"
	atf_set require.progs "jq"
}
not_inherited_body() {
	require_linux
	require_faults
	start -f setsockopt:return=0 "$credcheck" --server sock --verbose \
	    --json --count 1
	wait_listening
	atf_check "$credcheck" --client sock
	server_ends 1
	atf_check -o inline:'["not_inherited"]\n' jq -c .notes stdout
}

atf_test_case no_more
no_more_head() {
	atf_set descr "A client beyond --count is not taken, though another" \
	    "one is still awaited, and until then nothing is done"
	atf_set require.progs "jq python3"
}
no_more_body() {
	require_mechanism
	require_faults
	start -f poll "$credcheck" --server sock --verbose --json --count 1
	wait_listening
	client <<-'END'
	time.sleep(0.2)
	t = socket.socket(socket.AF_UNIX)
	join(t)
	t.send(b"?")
	time.sleep(0.5)
	s.send(b"!!")
	s.recv(1)
	END
	server_ends 0
	atf_check -o inline:"1 2\n" jq -r '"\(.connection) \(.bytes)"' stdout
	atf_check test $(grep -c " poll$" faults) -lt 50
}

atf_test_case any_order
any_order_head() {
	atf_set descr "Clients who write in another order than they came in" \
	    "are reported on by their numbers, and each one is let go"
	atf_set require.progs "jq python3"
}
any_order_body() {
	require_mechanism
	start_server --count 6 --json --timeout 60
	client <<-'END'
	all = [s] + [socket.socket(socket.AF_UNIX) for _ in range(5)]
	for t in all[1:]:
	    join(t)
	for i in 2, 0, 4, 5, 1, 3:
	    all[i].settimeout(10)
	    all[i].send(b"!" * (i + 1))
	    if all[i].recv(1) != b"":
	        sys.exit(1)
	END
	atf_check_equal 0 $?
	server_ends 0
	for n in 3 1 5 6 2 4; do
		echo "$n $n credentials"
	done >expected
	atf_check -o file:expected \
	    jq -r '"\(.connection) \(.bytes) \(.outcome)"' stdout
}

atf_test_case few_descriptors
few_descriptors_head() {
	atf_set descr "Out of descriptors, accepting pauses and goes on: 60" \
	    "clients at once are all served with 16, and one warning; but" \
	    "where there is no client to wait for it is an error"
	atf_set require.progs "jq python3"
}
few_descriptors_body() {
	require_mechanism
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	start sh -c 'ulimit -n 16; exec "$@"' sh "$credcheck" --server sock \
	    --json --verbose --count 60
	wait_listening
	client <<-'END'
	all = [socket.socket(socket.AF_UNIX) for _ in range(59)]
	for t in all:
	    join(t)
	time.sleep(0.2)
	for t in all + [s]:
	    t.send(b"!")
	for t in all + [s]:
	    t.recv(1)
	END
	atf_check_equal 0 $?
	server_ends 0
	lines 60
	atf_check -o inline:'"credentials"\n' \
	    sh -c "jq .outcome stdout | sort -u"
	atf_check -o inline:"2\n" grep -c . stderr
	atf_check -o match:"^credcheck: accept: waiting for clients to leave: $(words EMFILE)$" \
	    cat stderr
	require_faults
	start -f accept:error=EMFILE "$credcheck" --server sock --verbose
	wait_listening
	"$credcheck" --client sock
	server_ends 2
	atf_check -o inline:"credcheck: accept: $(words EMFILE)\n" \
	    sed 1d stderr
}

atf_test_case rude
rude_head() {
	atf_set descr "A client that sends a megabyte, a byte at a time," \
	    "nothing, or resets costs one line; client bytes are never printed"
	atf_set require.progs "jq python3"
}
rude_body() {
	require_mechanism
	start_server --count 5
	client <<-'END'
	try:
	    s.sendall(b"\033[31mred\a" * 100000)
	except OSError:
	    pass
	END
	client <<-'END'
	try:
	    for _ in range(100):
	        s.send(b"!")
	except OSError:
	    pass
	END
	echo "" | client
	echo "s.shutdown(socket.SHUT_RDWR)" | client
	client <<-'END'
	import struct
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
	    struct.pack("ii", 1, 0))
	s.close()
	END
	server_ends 1
	atf_check -o inline:"Got 4096 bytes\n" sed -n 2p stdout
	atf_check -o inline:"3\n" grep -c "^Got 0 bytes$" stdout
	atf_check -o match:"^5 connections: 2 credentials, 3 closed$" \
	    tail -n 1 stdout
	atf_check -o inline:"0\n" -s exit:1 sh -c \
	    "cat stdout stderr | LC_ALL=C grep -c '[^ -~]'"
}

atf_test_case longer
longer_head() {
	atf_set descr "A message longer than what was read says so, where it" \
	    "has an end that was cut: on seqpacket and datagram sockets"
	atf_set require.progs "jq python3"
}
longer_body() {
	require_mechanism
	for type in STREAM SEQPACKET DGRAM; do
		export TYPE=$type
		for json in "" --json; do
			start_server $json --count 1 \
			    --type $(echo $type | tr A-Z a-z)
			client <<-'END'
			s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
			s.send(b"x" * 5000)
			END
			server_ends 0
			mv stdout out$json
		done
		cut=true longer=" of a longer message"
		[ $type != STREAM ] || cut=false longer=
		atf_check -o inline:"4096 $cut\n" \
		    jq -r '"\(.bytes) \(.trunc)"' out--json
		atf_check -o inline:"Got 4096 bytes$longer\n" sed -n 2p out
	done
}

atf_test_case stale
stale_head() {
	atf_set descr "A reset connection brings nothing, and in particular not" \
	    "the credentials of the client before it"
	atf_set require.progs "jq python3"
}
stale_body() {
	require_mechanism
	for type in STREAM SEQPACKET; do
		export TYPE=$type
		start_server --sync --json --count 2 \
		    --type $(echo $type | tr A-Z a-z)
		echo 's.recv(1); s.send(b"!"); s.recv(1)' | client
		# It leaves with "go on" unread, which resets the connection.
		echo 'time.sleep(0.1)' | client
		server_ends 1
		atf_check -o inline:"credentials $(id -ru)\nclosed null\n" \
		    jq -r '"\(.outcome) \(.uid)"' stdout
	done
	# Nor what its connection said, where the next one says nothing.
	[ "$(uname -s)" = Linux ] || return 0
	require_faults
	start -f getsockopt:error=EINVAL:when=3+ "$credcheck" --server sock \
	    --verbose --json --count 2
	wait_listening
	atf_check "$credcheck" --client sock --count 2
	server_ends 0
	atf_check -o inline:"$(id -u) $(id -u)\nnull null\n" \
	    jq -r '"\(.euid) \(.peer.euid)"' stdout
}

atf_test_case reset
reset_head() {
	atf_set descr "What a client wrote before it reset the connection is" \
	    "read, also where the error comes first, as on seqpacket sockets"
	atf_set require.progs "jq python3"
}
reset_body() {
	require_mechanism
	for type in STREAM SEQPACKET; do
		export TYPE=$type
		start_server --sync --json --count 1 \
		    --type $(echo $type | tr A-Z a-z)
		# With "go on" unread, and all of it before the server looks.
		client $pid <<-'END'
		import select, signal
		select.select([s], [], [])
		os.kill(int(sys.argv[1]), signal.SIGSTOP)
		time.sleep(0.2)
		s.send(b"last")
		s.close()
		os.kill(int(sys.argv[1]), signal.SIGCONT)
		END
		server_ends 0
		atf_check -o inline:"credentials 4 $(id -ru)\n" \
		    jq -r '"\(.outcome) \(.bytes) \(.uid)"' stdout
	done
}

atf_test_case unreadable
unreadable_head() {
	atf_set descr "A connection that cannot be read is none and no end of" \
	    "file, with a line that has its number and the error, and makes" \
	    "the status 2; the others are served"
	atf_set require.progs "jq"
}
unreadable_body() {
	require_mechanism
	require_faults
	for args in --json --quiet; do
		# The first recvmsg(2) of all, and so of the first client.
		start -f recvmsg:error=ECONNREFUSED:when=1 "$credcheck" \
		    --server sock --verbose --count 2 $args
		wait_listening
		"$credcheck" --client sock	# which can find it closed
		atf_check "$credcheck" --client sock
		server_ends 2
		atf_check -o inline:"credcheck: connection 1: recvmsg:\
 $(words ECONNREFUSED)\n" sed 1d stderr
		[ $args = --quiet ] || mv stdout out
	done
	atf_check cat stdout
	atf_check -o inline:"none 0 null\ncredentials 1 $(id -ru)\n" \
	    jq -r '"\(.outcome) \(.bytes) \(.uid)"' out
	# With --all as well that is the end of it.
	start -f recvmsg:error=ECONNREFUSED:when=1 "$credcheck" \
	    --server sock --verbose --count 1 --json --all
	wait_listening
	"$credcheck" --client sock
	server_ends 2
	lines 1
	# What was interrupted is no error.
	start -f recvmsg:error=EINTR:when=1 "$credcheck" --server sock \
	    --verbose --count 1 --json
	wait_listening
	atf_check "$credcheck" --client sock
	server_ends 0
	atf_check -o inline:"credentials\n" jq -r .outcome stdout
	# A datagram socket is all that its server has.
	start -f recvmsg:error=EIO:when=2 "$credcheck" --server sock \
	    --verbose --type dgram
	wait_listening
	atf_check "$credcheck" --client sock --type dgram
	server_ends 2
	atf_check -o inline:"credcheck: recvmsg: $(words EIO)\n" \
	    sed 1d stderr
}

atf_test_case refused
refused_head() {
	atf_set descr "An option or a \"go on\" that the kernel refuses is its" \
	    "client's line, and status 2; its message is read all the same," \
	    "and the next client is served"
	atf_set require.progs "jq python3 strace"
}
refused_body() {
	require_linux
	strace -o trace true 2>/dev/null || atf_skip "strace cannot trace here"
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	while IFS='|' read -r mode inject outcome line; do
		start strace -o trace -e inject=$inject:when=1 "$credcheck" \
		    --server sock $mode --verbose --json --count 2
		wait_listening
		# It writes when all that was refused has been.
		client <<-'END'
		for _ in range(1000):
		    if "connection 1:" in open("stderr").read():
		        break
		    time.sleep(0.01)
		s.send(b"first")
		while s.recv(1) != b"":
		    pass
		END
		atf_check_equal 0 $?
		sync=$mode
		[ $mode = --sync ] || sync=
		atf_check "$credcheck" --client sock $sync
		server_ends 2
		atf_check -o inline:"credcheck: connection 1: $line\n" \
		    sed 1d stderr
		lines 2
		atf_check -o inline:"$outcome 5\n" jq -r \
		    'select(.connection == 1) | "\(.outcome) \(.bytes)"' stdout
		atf_check -o inline:"1\n" \
		    jq 'select(.connection == 2).bytes' stdout
		# Without "go on" nobody knows which comes first.
		[ $mode = --race ] || atf_check -o inline:"credentials\n" \
		    jq -r 'select(.connection == 2).outcome' stdout
	done <<-END
	--sync|setsockopt:error=EINVAL|none|setsockopt: $option: Invalid argument
	--race|setsockopt:error=ENOBUFS|none|setsockopt: $option: No buffer space available
	--sync|sendto:error=EPERM|credentials|send: Operation not permitted
	END
}

atf_test_case no_room
no_room_head() {
	atf_set descr "A \"go on\" for which a client leaves no room holds" \
	    "nobody up: it is that client's line, at once"
}
no_room_body() {
	require_mechanism
	require_faults
	start -f sendto:error=EAGAIN:when=1,sendto:error=EPERM:when=2 \
	    "$credcheck" --server sock --sync --verbose --count 3
	wait_listening
	atf_check "$credcheck" --client sock
	atf_check "$credcheck" --client sock
	atf_check "$credcheck" --client sock --sync
	server_ends 2
	atf_check -o inline:"credcheck: connection 1: send: $(words EAGAIN)
credcheck: connection 2: send: $(words EPERM)\n" \
	    sed -e 1d -e "/: Message did not include/d" stderr
	# Who has left need not be told, and its message is there.
	for error in EPIPE ECONNREFUSED ENOENT; do
		start -f sendto:error=$error:when=1 "$credcheck" --server sock \
		    --sync --verbose --count 1
		wait_listening
		atf_check "$credcheck" --client sock
		wait $pid
		# The client does not wait for the option, and may lose.
		atf_check -o inline:"Listening on sock\n" \
		    sed "/: Message did not include/d" stderr
	done
}

atf_test_case accept_errors
accept_errors_head() {
	atf_set descr "A want of descriptors or memory is waited out, without" \
	    "asking as often as a processor can, what a client or a signal" \
	    "has undone is nothing, and any other error ends the server"
}
accept_errors_body() {
	require_mechanism
	require_faults
	for error in ENFILE ENOBUFS ENOMEM ECONNABORTED EAGAIN EINTR; do
		start -f accept:error=$error:when=1 "$credcheck" \
		    --server sock --verbose --count 1
		wait_listening
		atf_check "$credcheck" --client sock
		server_ends 0
		atf_check -o match:"^1 connection: 1 with" tail -n 1 stdout
	done
	start -f accept:error=ENFILE "$credcheck" --server sock --verbose
	wait_listening
	atf_check "$credcheck" --client sock
	sleep 1
	kill -TERM $pid
	server_ends 1
	atf_check -o inline:"credcheck: accept: waiting for clients to leave:\
 $(words ENFILE)\n" sed 1d stderr
	atf_check test $(grep -c " accept$" faults) -lt 40
	start -f accept:error=EPERM "$credcheck" --server sock --verbose
	wait_listening
	"$credcheck" --client sock
	server_ends 2
	atf_check -o inline:"credcheck: accept: $(words EPERM)\n" sed 1d stderr
}

atf_test_case which
which_head() {
	atf_set descr "Each line on standard error about a connection says" \
	    "which it is"
	atf_set require.progs "python3"
}
which_body() {
	require_mechanism
	start_server --count 3
	echo "" | client
	atf_check "$credcheck" --client sock
	echo "" | client
	server_ends 1
	missing="End of file came instead of a message"
	atf_check -o inline:"credcheck: connection 1: $missing
credcheck: connection 3: $missing\n" sed 1d stderr
}

atf_test_case first
first_head() {
	atf_set descr "On a listening socket, and on a datagram server's, the" \
	    "option is set before anyone can send: before bind(2)"
}
first_body() {
	require_mechanism
	require_faults
	calls=setsockopt,bind,listen,accept
	atf_check -o ignore "$h_start" -f $calls "$credcheck" --inherit \
	    --path sock
	mv faults stream.inherit
	for type in stream dgram; do
		start -f $calls "$credcheck" --server sock --verbose \
		    --count 1 --type $type
		wait_listening
		atf_check "$credcheck" --client sock --type $type
		server_ends 0
		mv faults $type.server
	done
	for log in stream.inherit stream.server dgram.server; do
		order="setsockopt bind listen accept"
		[ ${log%.*} = stream ] || order="setsockopt bind"
		for call in $order; do
			echo $call
		done >expected
		atf_check -o file:expected sh -c "sed -n '/start/!s/.* //p' \
		    $log | awk '!seen[\$0]++'"
	done
}

atf_test_case nothing_stays
nothing_stays_head() {
	atf_set descr "What a test case has started ends with it where a check" \
	    "fails, also below a program in between: of the tests themselves"
}
nothing_stays_body() {
	mkdir tests
	ln -s "$credcheck" credcheck
	cp "$(atf_get_srcdir)/common.subr" "$h_start" tests
	{
		sed 1q "$(atf_get_srcdir)/t_server"
		cat <<-'END'
		atf_test_case fails
		fails_head() { :; }
		fails_body() {
			start "$credcheck" --server one
			echo $pid >pids
			start sh -c '"$@"; exit' sh "$credcheck" --server two
			wait_until '[ -S one -a -S two ]'
			echo "$pid $(child_of $pid)" >>pids
			atf_check false
		}
		atf_init_test_cases() {
			. "$(atf_get_srcdir)/common.subr"
			atf_add_test_case fails
		}
		END
	} >tests/fails
	chmod +x tests/fails
	atf_check -s exit:1 -o ignore -e ignore tests/fails \
	    -s "$PWD/tests" fails
	atf_check -o match:"^[0-9]+ [0-9]+$" cat pids
	left=
	for p in $(cat pids); do
		alive $p && kill -KILL $p && left="$left $p"
	done
	[ -z "$left" ] || atf_fail "left:$left"
}

atf_test_case full_pipe
full_pipe_head() {
	atf_set descr "A signal while a report waits for its reader does not" \
	    "cut it short"
	atf_set require.progs "jq python3"
}
full_pipe_body() {
	require_mechanism
	mkfifo pipe
	"$credcheck" --server sock --json --verbose >pipe 2>stderr &
	pid=$!
	exec 3<pipe
	wait_listening
	# More lines than a pipe holds, so that the server is stuck in one.
	"$credcheck" --client sock --count 400 &
	client=$!
	sleep 0.5
	kill -TERM $pid
	sleep 0.1
	cat <&3 >lines
	wait $pid
	atf_check_equal 0 $?
	kill $client 2>/dev/null
	atf_check -o inline:"Listening on sock\n" cat stderr
	atf_check test $(grep -c . lines) -gt 50
	atf_check -o inline:'"credentials"\n' \
	    sh -c "jq 'select(.outcome).outcome' lines | sort -u"
	atf_check -o inline:"true\n" jq -s \
	    'last.trials == length - 1' lines
}

atf_test_case descriptors
descriptors_head() {
	atf_set descr "Descriptors that clients send are closed at once: 40" \
	    "times 50 fit into a limit of 80"
	atf_set require.progs "jq python3"
}
descriptors_body() {
	require_mechanism
	start sh -c 'ulimit -n 80; exec "$@"' sh "$credcheck" --server sock \
	    --json --verbose --count 40
	wait_listening
	client <<-'END'
	import array
	fds = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 50)
	for i in range(40):
	    s.sendmsg([b"!"],
	        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
	    s.recv(1)
	    s.close()
	    if i < 39:
	        s = socket.socket(socket.AF_UNIX)
	        s.connect("sock")
	END
	server_ends 0
	lines 40
	# Where the kernel puts credentials first, descriptors find no room.
	cut=true
	[ "$(uname -s)" != NetBSD ] || cut=false
	atf_check -o inline:"credentials $cut\n" \
	    sh -c "jq -r '\"\(.outcome) \(.ctrunc)\"' stdout | sort -u"
	atf_check -o inline:"Listening on sock\n" cat stderr
}

atf_test_case at_once
at_once_head() {
	atf_set descr "Each line is there as its connection happens, also in a" \
	    "pipe"
	atf_set require.progs "jq"
}
at_once_body() {
	require_mechanism
	mkfifo pipe
	"$credcheck" --server sock --json --verbose --count 2 >pipe \
	    2>stderr &
	pid=$!
	exec 3<pipe
	wait_listening
	for n in 1 2; do
		atf_check "$credcheck" --client sock
		read -r line <&3
		atf_check_equal $n "$(echo "$line" | jq .connection)"
	done
	wait $pid
	atf_check_equal 0 $?
}

atf_test_case reader_gone
reader_gone_head() {
	atf_set descr "A reader that went away ends the server with status 2," \
	    "and its socket is removed; at a signal without a word"
}
reader_gone_body() {
	require_mechanism
	mkfifo pipe
	"$credcheck" --server sock --json --verbose >pipe 2>stderr &
	pid=$!
	exec 3<pipe
	wait_listening
	exec 3<&-
	"$credcheck" --client sock
	server_ends 2
	atf_check -o inline:"credcheck: standard output: $(words EPIPE)\n" \
	    sed 1d stderr
	# A signal that has ended the reader as well is no news.
	for args in "" --json; do
		"$credcheck" --server sock $args --verbose >pipe 2>stderr &
		pid=$!
		exec 3<pipe
		wait_listening
		exec 3<&-
		kill -TERM $pid
		server_ends 2
		atf_check -o inline:"Listening on sock\n" cat stderr
	done
}

atf_test_case stopped
stopped_head() {
	atf_set descr "SIGINT, SIGTERM and SIGHUP end a server with its report:" \
	    "status 0 if every client brought credentials, 1 if nobody came"
	atf_set require.progs "python3"
}
stopped_body() {
	require_mechanism
	for signal in INT TERM HUP; do
		start_server
		kill -$signal $pid
		server_ends 1
		atf_check -o inline:"0 connections\n" cat stdout
		start_server
		atf_check "$credcheck" --client sock
		wait_until 'grep -q "^Supp" stdout'
		kill -$signal $pid
		server_ends 0
		atf_check -o inline:"1 connection: 1 with credentials\n" \
		    tail -n 1 stdout
	done
	start_server
	ulimit -c 0
	kill -QUIT $pid
	server_ends 131
}

atf_test_case quiet
quiet_head() {
	atf_set descr "--quiet leaves the exit status"
	atf_set require.progs "python3"
}
quiet_body() {
	require_mechanism
	start_server --quiet --count 1
	atf_check "$credcheck" --client sock
	server_ends 0
	start_server --quiet --count 1
	echo "" | client
	server_ends 1
	atf_check -o inline:"Listening on sock\n" cat stdout stderr
}

atf_test_case permissions
permissions_head() {
	atf_set descr "The socket has the permissions of --mode when it is" \
	    "there, and a path that exists is refused"
}
permissions_body() {
	require_mechanism
	umask 0
	start_server --mode 0640
	atf_check -o match:"^srw-r-----" ls -l sock
	atf_check -s exit:2 -e match:"^credcheck: sock: exists already: a socket on which someone listens \(--peer tells who\)$" \
	    "$credcheck" --server sock
	kill $pid
	server_ends 1
	require_faults
	# From the first moment: no chmod comes after.
	start -f umask,chmod,fchmod "$credcheck" --server sock --mode 0640 \
	    --verbose
	wait_listening
	kill $pid
	server_ends 1
	atf_check -o match:umask -o not-match:chmod cat faults
}

atf_test_case lonely_client
lonely_client_head() {
	atf_set descr "A client prints nothing, connects once, and says why it" \
	    "could not"
	atf_set require.progs "python3"
}
lonely_client_body() {
	require_mechanism
	atf_check -s exit:2 -e inline:"credcheck: client: connect: sock: $(words ENOENT)\n" \
	    "$credcheck" --client sock
	start_server --timeout 3600
	atf_check -s exit:2 -e inline:"credcheck: client: timed out after 0.1 s waiting for \"go on\"\n" \
	    "$credcheck" --client sock --sync --timeout 0.1
	for type in seqpacket dgram; do
		atf_check -s exit:2 -e inline:"credcheck: client: sock: not a\
 $type socket (--type)\n" "$credcheck" --client sock --type $type
	done
	kill -KILL $pid
	wait $pid
	atf_check -s exit:2 -e inline:"credcheck: client: connect: sock: $(words ECONNREFUSED)\n" \
	    "$credcheck" --client sock
	rm sock
	cat >server.py <<-'END'
	import os, socket
	s = socket.socket(socket.AF_UNIX)
	s.bind("bound")
	s.listen()
	os.rename("bound", "sock")
	s.accept()[0].close()
	END
	start python3 server.py
	wait_until '[ -S sock ]'
	atf_check -s exit:2 -e inline:"credcheck: client: the server closed the connection instead of sending \"go on\"\n" \
	    "$credcheck" --client sock --sync
	wait $pid
}

atf_test_case options
options_head() {
	atf_set descr "What means nothing to one half is refused with the name" \
	    "of the half"
}
options_body() {
	while IFS='|' read -r args line; do
		echo "credcheck: $line" >expected
		atf_check -s exit:2 -e file:expected "$credcheck" $args
		atf_check test ! -e sock
	done <<-'END'
	--server sock --client sock|--server and --client exclude each other
	--client sock --json|--json means nothing with --client
	--client sock --quiet|--quiet means nothing with --client
	--client sock --inherit|--inherit means nothing with --client
	--client sock --race|--race means nothing with --client
	--client sock --mode 0600|--mode means nothing with --client
	--server sock --late|--late means nothing with --server
	--server sock --user 1:1|--user means nothing with --server
	--server sock --path sock|--path means nothing with --server
	--server sock --race --spread 1|--spread means nothing with --server
	--server sock --sync --race|--sync and --race exclude each other
	--server sock --sync --type dgram|--sync means nothing with --type dgram between two programs
	--server sock --race --type dgram|--race means nothing with --type dgram between two programs
	--client sock --sync --type dgram|--sync means nothing with --type dgram between two programs
	--inherit|--inherit needs --path
	--inherit --path sock --type dgram|--inherit means nothing with --type dgram
	END
}

atf_test_case terminal
terminal_head() {
	atf_set descr "On a terminal a server says that it listens, and how to" \
	    "end it; elsewhere only with --verbose"
	atf_set require.progs "python3"
}
terminal_body() {
	require_mechanism
	python3 -c 'import pty; pty.openpty()' 2>/dev/null ||
	    atf_skip "no pseudo-terminal to be had here"
	on_terminal
	atf_check -s exit:1 -o inline:"Listening on sock; ^C ends it\r\n" \
	    python3 on_terminal.py 2 "$credcheck" --server sock
	start "$credcheck" --server sock
	wait_until '"$credcheck" --client sock 2>/dev/null'
	kill -TERM $pid
	wait $pid
	atf_check cat stderr
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case inherit
	atf_add_test_case two_programs
	atf_add_test_case json
	atf_add_test_case tally
	atf_add_test_case every_type
	atf_add_test_case senders_gone
	atf_add_test_case unannounced
	atf_add_test_case sync
	atf_add_test_case race
	atf_add_test_case identity
	atf_add_test_case handed_over
	atf_add_test_case all
	atf_add_test_case data
	atf_add_test_case each_timeout
	atf_add_test_case timeout
	atf_add_test_case many
	atf_add_test_case crowd
	atf_add_test_case not_inherited
	atf_add_test_case no_more
	atf_add_test_case any_order
	atf_add_test_case few_descriptors
	atf_add_test_case rude
	atf_add_test_case longer
	atf_add_test_case stale
	atf_add_test_case reset
	atf_add_test_case unreadable
	atf_add_test_case refused
	atf_add_test_case no_room
	atf_add_test_case accept_errors
	atf_add_test_case which
	atf_add_test_case first
	atf_add_test_case nothing_stays
	atf_add_test_case full_pipe
	atf_add_test_case descriptors
	atf_add_test_case at_once
	atf_add_test_case reader_gone
	atf_add_test_case stopped
	atf_add_test_case quiet
	atf_add_test_case permissions
	atf_add_test_case lonely_client
	atf_add_test_case options
	atf_add_test_case terminal
}
