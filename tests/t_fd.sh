# SPDX-License-Identifier: BSD-2-Clause
#
# --fd: a socket that somebody else has made, and that we were given.

# A parent in python, who makes a pair of $1, has a message written to one end
# and gives credcheck the other.  It prints what is left on that: the option and
# whether its flags are the same.
parent='import fcntl, os, socket, subprocess, sys
kind, program = sys.argv[1], sys.argv[2]
a, b = socket.socketpair(socket.AF_UNIX, getattr(socket, "SOCK_" + kind))
before = os.environ.get("OPTION")
if before:
    a.setsockopt(socket.SOL_SOCKET, 16, int(before))
b.send(b"hello")
flags = fcntl.fcntl(a, fcntl.F_GETFL)
fd = a.fileno()
status = subprocess.run([program, "--fd", str(fd)] + sys.argv[3:],
    pass_fds=[fd]).returncode
with open("left", "w") as f:
    print(a.getsockopt(socket.SOL_SOCKET, 16),
        fcntl.fcntl(a, fcntl.F_GETFL) == flags, file=f)
b.send(b"!")			# which a descriptor that is open still gets
a.recv(1)
sys.exit(status)'

# Starts a listening socket's owner: socket, type, and what it runs on it.
activate() {
	rm -f sock
	start systemd-socket-activate "$@"
	wait_until '[ -S sock ]'
}

# Sends $1 to sock, and waits for its end.
say() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect("sock")
s.send(sys.argv[1].encode())
print(s.recv(1000).decode(), end="")' "$1"
}

# Each line of $1 is of our schema.
check_lines() {
	while read -r line; do
		echo "$line" >line
		check_schema line
	done <"$1"
}

atf_test_case pair
pair_head() {
	atf_set descr "One end of a pair that a parent made, of each type: the" \
	    "message from before the option is a placeholder, the peer is the" \
	    "parent, and the option is not left set"
	atf_set require.progs "jq jsonschema python3"
}
pair_body() {
	require_linux
	for type in STREAM SEQPACKET DGRAM; do
		atf_check -s exit:1 -o save:out \
		    python3 -c "$parent" $type "$credcheck" --json
		check_schema out
		atf_check -o inline:'["fd","descriptor","placeholder",5,false,false]\n' \
		    jq -c '[.mode, .transport, .outcome, .bytes,
		    .descriptor.had_option, .descriptor.listening]' out
		atf_check -o inline:"[$(id -u),$(id -g)]\n" \
		    jq -c '[.peer.euid, .peer.egid]' out
		atf_check -o inline:"0 True\n" cat left
	done
	atf_check -o inline:'["lost_race"]\n' jq -c .notes out
	atf_check -s exit:1 -o match:"^SO_PASSCRED: was not set on descriptor" \
	    -o match:"systemd: PassCredentials=yes" \
	    -e match:"placeholder: the race was lost" \
	    python3 -c "$parent" STREAM "$credcheck"
	atf_check -s exit:1 python3 -c "$parent" STREAM "$credcheck" --quiet
}

atf_test_case set_before
set_before_head() {
	atf_set descr "An option that was set stays, and brings credentials"
	atf_set require.progs "jq jsonschema python3"
}
set_before_body() {
	require_linux
	for type in STREAM SEQPACKET DGRAM; do
		atf_check -o save:out env OPTION=1 \
		    python3 -c "$parent" $type "$credcheck" --json
		check_schema out
		atf_check -o inline:"[\"credentials\",$(id -ru),true,[]]\n" \
		    jq -c '[.outcome, .uid, .descriptor.had_option, .notes]' out
		atf_check -o inline:"1 True\n" cat left
	done
	atf_check -o match:"^SO_PASSCRED: was set on descriptor [0-9]+$" \
	    -o not-match:"^Connection" env OPTION=1 \
	    python3 -c "$parent" STREAM "$credcheck"
}

atf_test_case nothing
nothing_head() {
	atf_set descr "A connection on which nothing comes is a timeout, one" \
	    "that ends is closed, and the option goes with a signal, too"
	atf_set require.progs "jq python3"
}
nothing_body() {
	require_linux
	cat >silent.py <<-'END'
	import os, signal, socket, subprocess, sys, time
	a, b = socket.socketpair()
	if sys.argv[2] == "close":
	    b.close()
	p = subprocess.Popen([sys.argv[1], "--fd", str(a.fileno())] +
	    sys.argv[3:], pass_fds=[a.fileno()])
	if sys.argv[2] == "signal":
	    while a.getsockopt(socket.SOL_SOCKET, 16) == 0:
	        time.sleep(0.01)
	    p.send_signal(signal.SIGTERM)
	status = p.wait()
	print(a.getsockopt(socket.SOL_SOCKET, 16), file=sys.stderr)
	sys.exit(-status if status < 0 else status)
	END
	atf_check -s exit:1 -o save:out -e inline:"0\n" python3 silent.py \
	    "$credcheck" wait --json --timeout 0.2
	atf_check -o inline:'["timeout",0]\n' jq -c '[.outcome, .bytes]' out
	atf_check -s exit:1 -o save:out -e inline:"0\n" python3 silent.py \
	    "$credcheck" close --json
	atf_check -o inline:'"closed"\n' jq .outcome out
	atf_check -s exit:15 -e inline:"0\n" python3 silent.py \
	    "$credcheck" signal --json --timeout 60
}

atf_test_case activated
activated_head() {
	atf_set descr "Under systemd-socket-activate a listening socket is" \
	    "served, with credentials also of who came before, and a tally"
	atf_set require.progs "jq jsonschema python3 systemd-socket-activate"
}
activated_body() {
	require_linux
	for type in "" --seqpacket; do
		activate $type -l "$PWD/sock" "$credcheck" --fd 3 --count 2 \
		    --json --verbose
		python3 -c 'import socket, sys
t = socket.SOCK_SEQPACKET if sys.argv[1:] else socket.SOCK_STREAM
for i in range(2):
    s = socket.socket(socket.AF_UNIX, t)
    s.connect("sock")
    s.send(b"hello")
    s.recv(1)' $type
		wait $pid
		atf_check_equal 0 $?
		check_lines stdout
		part_tally
		atf_check -o inline:'["fd",2,2,3,true]\n' jq -c '[.mode,
		    .trials, .counts.credentials, .descriptor.number,
		    .descriptor.listening]' tally
		atf_check -o inline:"[1,\"credentials\",$(id -ru),5,true,false]
[2,\"credentials\",$(id -ru),5,true,false]\n" jq -c '[.connection, .outcome,
		    .uid, .bytes, .descriptor.listening, .descriptor.had_option]' \
		    stdout
		atf_check -o ignore grep -x "Listening on $PWD/sock" stderr
	done
	activate -l "$PWD/sock" "$credcheck" --fd 3 --count 1
	say hello
	wait $pid
	atf_check_equal 0 $?
	atf_check -o match:"^Connection 1$" -o match:"^1 connection: 1 with cred" \
	    -o match:"^SO_PASSCRED: was not set on descriptor 3$" cat stdout
}

atf_test_case activated_datagrams
activated_datagrams_head() {
	atf_set descr "A datagram socket is served, each datagram a report"
	atf_set require.progs "jq jsonschema python3 systemd-socket-activate"
}
activated_datagrams_body() {
	require_linux
	activate --datagram -l "$PWD/sock" "$credcheck" --fd 3 --count 2 --json
	python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("sock")
s.send(b"one")
s.send(b"three")'
	# The first one, for which we were started, came before the option.
	wait $pid
	atf_check_equal 1 $?
	check_lines stdout
	part_tally
	atf_check -o inline:"2 2\n" \
	    jq -r '"\(.trials) \([.counts[]] | add)"' tally
	atf_check -o inline:'["dgram",3]\n["dgram",5]\n' \
	    jq -c '[.type, .bytes]' stdout
	atf_check -o inline:'["lost_race"]\n' \
	    sh -c 'jq -c .notes stdout | head -n 1'
}

atf_test_case each_activated
each_activated_head() {
	atf_set descr "With Accept=yes, one process a connection"
	atf_set require.progs "jq jsonschema python3 systemd-socket-activate"
}
each_activated_body() {
	require_linux
	activate --accept -l "$PWD/sock" "$credcheck" --fd 3 --json
	say hello
	say hello
	wait_until '[ "$(wc -l <stdout)" -eq 2 ]'
	check_lines stdout
	# It may have come before the option.
	atf_check -o inline:"[5,false,true]\n[5,false,true]\n" jq -c '[.bytes,
	    .descriptor.listening, .outcome == "credentials" or
	    .notes == ["lost_race"]]' stdout
	kill $pid
}

atf_test_case inetd
inetd_head() {
	atf_set descr "As descriptor 0 and 1, as inetd has it: the report goes" \
	    "to standard error, and the client gets nothing"
	atf_set require.progs "jq python3 socat"
}
inetd_body() {
	require_linux
	start socat UNIX-LISTEN:sock,fork EXEC:"$credcheck --fd 0 --json"
	wait_until '[ -S sock ]'
	wait_until 'say hello 2>/dev/null >answer'
	atf_check cat answer
	wait_until 'grep -q "^{.*}$" stderr'	# beside what socat says
	atf_check -o inline:"5\n" sh -c 'grep "^{" stderr | head -n 1 | jq .bytes'
	kill $pid
}

atf_test_case s6
s6_head() {
	atf_set descr "Below s6-ipcserver"
	atf_set require.progs "jq python3 s6-ipcserver"
}
s6_body() {
	require_linux
	start s6-ipcserver sock "$credcheck" --fd 0 --json
	wait_until '[ -S sock ]'
	wait_until 'say hello 2>/dev/null >answer'
	atf_check cat answer
	wait_until 'grep -q "^{" stderr'
	atf_check -o inline:"5\n" sh -c 'grep "^{" stderr | jq .bytes'
	kill $pid
}

atf_test_case output
output_head() {
	atf_set descr "Standard output that is the socket leaves the report to" \
	    "standard error; if that is the socket, too, it is refused"
	atf_set require.progs "jq python3"
}
output_body() {
	require_linux
	cat >output.py <<-'END'
	import socket, subprocess, sys
	a, b = socket.socketpair()
	b.send(b"hello")
	p = subprocess.run([sys.argv[1], "--fd", sys.argv[2]], stdin=a,
	    stdout=a, stderr=a if sys.argv[3:] else subprocess.PIPE)
	b.settimeout(0.05)
	try:
	    print("its other side got", b.recv(1000))
	except TimeoutError:
	    pass
	print(p.returncode, (p.stderr or b"").decode().split("\n")[0])
	END
	for fd in 0 1; do
		atf_check -o inline:"1 Got 5 bytes\n" \
		    python3 output.py "$credcheck" $fd
		atf_check -o match:"got b'credcheck: --fd $fd: standard error" \
		    -o match:"^2 " python3 output.py "$credcheck" $fd too
	done
	# Another socket is no reason.
	atf_check -s exit:1 -o save:out python3 -c "$parent" STREAM \
	    "$credcheck" --json
}

atf_test_case all
all_head() {
	atf_set descr "--all reports each message of a connection to its end," \
	    "by its number, and of each that a listening socket has; without" \
	    "it one is read, and the rest stays"
	atf_set require.progs "jq jsonschema python3"
}
all_body() {
	require_linux
	cat >all.py <<-'END'
	import socket, subprocess, sys
	a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
	for text in b"one", b"two", b"three":
	    b.send(text)
	b.close()
	status = subprocess.run([sys.argv[1], "--fd", "0", "--json"] +
	    sys.argv[2:], stdin=a).returncode
	print(a.recv(100), file=sys.stderr)
	sys.exit(status)
	END
	atf_check -o save:out -e inline:"b''\n" \
	    python3 all.py "$credcheck" --all
	check_lines out
	atf_check -o inline:'[1,"credentials",3,null,[]]
[2,"credentials",3,null,[]]\n[3,"credentials",5,null,[]]\n' jq -c \
	    '[.number, .outcome, .bytes, .connection, .notes]' out
	atf_check -o save:out -e inline:"b'two'\n" python3 all.py "$credcheck"
	atf_check -o inline:'[null,"credentials",3,null,[]]\n' jq -c \
	    '[.number, .outcome, .bytes, .connection, .notes]' out
	# One that does not end: a timeout is the last line.
	cat >silent.py <<-'END'
	import socket, subprocess, sys
	a, b = socket.socketpair()
	b.send(b"one")
	sys.exit(subprocess.run([sys.argv[1], "--fd", "0", "--all",
	    "--timeout", "0.2"], stdin=a).returncode)
	END
	atf_check -s exit:1 -o save:out -e ignore \
	    python3 silent.py "$credcheck"
	atf_check -o inline:"Message 1\nMessage 2\n" grep ^Message out
	start python3 -c 'import socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("sock")
s.listen()
sys.exit(subprocess.run([sys.argv[1], "--fd", "0", "--all", "--json",
    "--count", "2"], stdin=s).returncode)' "$credcheck"
	wait_until '[ -S sock ]'
	h_sender=$(atf_get_srcdir)/h_sender
	wait_until '"$h_sender" sock seqpacket connect write write 2>connect'
	atf_check "$h_sender" sock seqpacket connect write
	wait $pid
	atf_check_equal 0 $?
	check_lines stdout
	part_tally
	# Each connection's in their order; which is read first is not promised.
	jq -r '"\(.connection) \(.number) \(.descriptor.listening)"' stdout |
	    sort -s -n -k 1,1 >numbers
	atf_check -o inline:"1 1 true\n1 2 true\n2 1 true\n" cat numbers
	atf_check -o inline:"3\n" jq .trials tally
}

atf_test_case refused
refused_head() {
	atf_set descr "What is no such socket: one line each, status 2"
	atf_set require.progs "python3"
}
refused_body() {
	: >file
	refuse() {
		atf_check -s exit:2 -e inline:"credcheck: $1\n" \
		    "$credcheck" --fd $2
	}
	refuse "--fd 97: not open" 97
	refuse "--fd 0: not a socket" 0 <file
	atf_check -s exit:2 -e inline:"credcheck: --fd 0: not open\n" \
	    sh -c "exec \"$credcheck\" --fd 0 <&-"
	number="the number of a descriptor, as 3, or pid:fd"
	for word in x -1 3x "" 3: 3:x; do
		atf_check -s exit:2 \
		    -e inline:"credcheck: --fd ${word:-\"\"}: $number\n" \
		    "$credcheck" --fd "$word"
	done
	number="a process's number, a colon and a descriptor's"
	refuse "--fd :3: $number" :3
	refuse "--fd 0:3: $number" 0:3
	refuse "--type means nothing with --fd" "3 --type dgram"
	refuse "--fd and --peer exclude each other" "3 --peer sock"
	cat >give.py <<-'END'
	import socket, subprocess, sys
	s = {
	    "inet": lambda: socket.socket(),
	    "alone": lambda: socket.socket(socket.AF_UNIX),
	    "pair": lambda: socket.socketpair()[0],
	}[sys.argv[1]]()
	sys.exit(subprocess.run([sys.argv[2], "--fd", "0"] + sys.argv[3:],
	    stdin=s).returncode)
	END
	give() {
		atf_check -s exit:2 -e inline:"credcheck: $1\n" \
		    python3 give.py $2 "$credcheck" $3 $4
	}
	give "--fd 0: not a UNIX-domain socket" inet
	give "--fd 0: neither listening nor connected" alone
	give "--count means nothing with --fd 0, which is one connection" \
	    pair --count 2
}

# A daemon in python, which has taken one connection; its process and the two
# descriptors are in $pid, $listener and $connection, its client in $client.
start_daemon() {
	rm -f sock numbers
	start "$@" python3 -c 'import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
s.listen()
a = s.accept()[0]
with open("numbers.new", "w") as f:
    print(s.fileno(), a.fileno(), file=f)
os.rename("numbers.new", "numbers")
time.sleep(0.5)
print(a.recv(100), flush=True)
time.sleep(60)'
	daemon=$pid
	wait_until '[ -S sock ]'
	"$h_start" python3 -c 'import socket, time
while True:
    try:
        s = socket.socket(socket.AF_UNIX)
        s.connect("sock")
        break
    except ConnectionRefusedError:
        time.sleep(0.01)
s.send(b"for the daemon")
time.sleep(60)' &
	client=$!
	wait_until '[ -s numbers ]'
	read -r listener connection <numbers
}

# A copy is asked: who is at the other end, or who listens.
expect_copy() {
	atf_check -o save:out "$credcheck" --fd $1 --json
	check_schema out
	atf_check -o inline:"[\"peer\",$2,$(id -u),null,$3,\"sock\"]\n" jq -c \
	    '[.outcome, .pid, .euid, .bytes, .descriptor.listening, .path]' out
}

atf_test_case process
process_head() {
	atf_set descr "A copy of another process's descriptor: its peer, or" \
	    "its listener; the message stays the daemon's"
	atf_set require.progs "jq jsonschema python3"
}
process_body() {
	require_linux
	start_daemon
	"$credcheck" --fd $daemon:$listener >out 2>stderr.copy
	grep -Eq "no pidfd_open|pidfd_getfd: Function not" stderr.copy &&
	    atf_skip "no pidfd_getfd(2) here"
	expect_copy $daemon:$listener $daemon true
	expect_copy $daemon:$connection $client false
	atf_check -o match:"^PID: $client \(SO_PEERCRED\)$" \
	    -o match:"^SO_PASSCRED: was not set on descriptor $connection of p" \
	    -o not-match:"^Got" "$credcheck" --fd $daemon:$connection
	refuse() {
		atf_check -s exit:2 -e inline:"credcheck: $1\n" \
		    "$credcheck" --fd $2 $3 $4
	}
	refuse "--fd $daemon:97: not open there" $daemon:97
	refuse "--fd $daemon:0: not a socket" $daemon:0
	refuse "--count means nothing with --fd $daemon:$listener, which is \
one connection" $daemon:$listener --count 2
	for option in all data; do
		refuse "--$option means nothing with --fd $daemon:$listener, \
of which nothing is read" $daemon:$listener --$option
	done
	atf_check -s exit:2 -e match:": a thread, not a process$" \
	    python3 -c 'import os, sys, threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
thread = threading.enumerate()[1].native_id
os._exit(os.spawnv(os.P_WAIT, sys.argv[1],
    [sys.argv[1], "--fd", str(thread) + ":3"]))' "$credcheck"
	sh -c 'echo $$' >gone
	refuse "--fd $(cat gone):3: pidfd_open: $(words ESRCH)" $(cat gone):3
	wait_until 'grep -q "for the daemon" stdout || [ -s stderr ]'
	atf_check -o inline:"b'for the daemon'\n" cat stdout
	kill $daemon $client
}

atf_test_case abstract
abstract_head() {
	atf_set descr "A listening socket with an abstract name has that, with" \
	    "@ for each byte that is 0, and its client is reported"
	atf_set require.progs "jq python3"
}
abstract_body() {
	require_linux
	atf_check -o save:out python3 -c 'import os, socket, sys
name = "\0credcheck." + str(os.getpid()) + "\0x"
a = socket.socket(socket.AF_UNIX)
a.bind(name)
a.listen()
b = socket.socket(socket.AF_UNIX)
b.connect(name)
b.send(b"!")
os.set_inheritable(a.fileno(), True)
os._exit(os.spawnv(os.P_WAIT, sys.argv[1],
    [sys.argv[1], "--fd", str(a.fileno()), "--json", "--count", "1"]))' \
	    "$credcheck"
	atf_check -o match:"^@credcheck\.[0-9]+@x credentials$" \
	    jq -r '"\(.path) \(.outcome)"' out
}

atf_test_case other_control
other_control_head() {
	atf_set descr "A control message that the program does not know, as a" \
	    "timestamp that the daemon has asked for, stands in the JSON with" \
	    "its numbers"
	atf_set require.progs "jq python3"
}
other_control_body() {
	require_linux
	atf_check -o save:out python3 -c 'import os, socket, sys
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.setsockopt(socket.SOL_SOCKET, 63, 1)	# SO_TIMESTAMP_NEW
a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
b.send(b"!")
os.set_inheritable(a.fileno(), True)
os._exit(os.spawnv(os.P_WAIT, sys.argv[1],
    [sys.argv[1], "--fd", str(a.fileno()), "--json"]))' "$credcheck"
	atf_check -o inline:"[1,63,null]\n" jq -c \
	    '.control[] | select(.name == null) | [.level, .type, .name]' out
	atf_check -o inline:"credentials\n" jq -r .outcome out
}

atf_test_case not_permitted
not_permitted_head() {
	atf_set descr "A copy that the kernel refuses is one line that says why"
	atf_set require.user root
	atf_set require.progs "jq python3 setpriv"
}
not_permitted_body() {
	require_linux
	chmod 777 .
	as() {
		setpriv --reuid=$1 --regid=$1 --clear-groups "$credcheck" \
		    --fd $daemon:$listener
	}
	start_daemon
	as 4711 >out 2>stderr.copy
	grep -Eq "no pidfd_open|Function not implemented" stderr.copy &&
	    atf_skip "no pidfd_getfd(2) here"
	end=": $(words EPERM)"
	line="credcheck: --fd $daemon:$listener"
	atf_check -s exit:2 -e inline:"$line: another user's process, and no\
 CAP_SYS_PTRACE$end\n" "$h_start" setpriv --reuid=4711 --regid=4711 \
	    --clear-groups "$credcheck" --fd $daemon:$listener
	kill $daemon $client
	# Who runs as a user from the start can be asked by that user.
	rm sock
	start setpriv --reuid=4711 --regid=4711 --clear-groups \
	    "$credcheck" --server sock --verbose
	wait_listening
	daemon=$pid listener=0
	until "$credcheck" --fd $daemon:$listener --quiet 2>/dev/null; do
		listener=$((listener + 1))
		[ $listener -lt 20 ] || atf_fail "its listening socket"
	done
	if as 4711 >out 2>stderr.copy; then
		atf_check -o match:"^EUID: 4711 " cat out
	else
		atf_check -o match:"Yama|security module" cat stderr.copy
	fi
	kill $daemon
	# One that has changed its IDs itself, and executed nothing since, not.
	start python3 -c 'import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("own")
os.setgroups([])
os.setresgid(4711, 4711, 4711)
os.setresuid(4711, 4711, 4711)
with open("ready", "w") as f:
    print(s.fileno(), file=f)
time.sleep(60)'
	wait_until '[ -s ready ]'
	daemon=$pid listener=$(cat ready)
	atf_check -s exit:2 -e inline:"credcheck: --fd $daemon:$listener: not\
 dumpable: it has changed its IDs, or asked for that$end\n" \
	    setpriv --reuid=4711 --regid=4711 --clear-groups "$credcheck" \
	    --fd $daemon:$listener
	kill $daemon
}

atf_test_case others_accept
others_accept_head() {
	atf_set descr "A listening socket that blocks, and whose connections" \
	    "others take, does not hold us up, and keeps its flags"
	atf_set require.progs "python3"
}
others_accept_body() {
	require_linux
	require_faults
	cat >shared.py <<-'END'
	import fcntl, os, signal, socket, subprocess, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.bind("sock")
	s.listen()
	flags = fcntl.fcntl(s, fcntl.F_GETFL)
	# poll(2) says that one has come, where there is none.
	p = subprocess.Popen([sys.argv[1], "-f", "poll:answer=1",
	    sys.argv[2], "--fd", str(s.fileno()), "--quiet"],
	    pass_fds=[s.fileno()])
	while s.getsockopt(socket.SOL_SOCKET, 16) == 0:
	    time.sleep(0.01)
	time.sleep(0.2)
	p.send_signal(signal.SIGTERM)
	print(p.wait(), fcntl.fcntl(s, fcntl.F_GETFL) == flags,
	    s.getsockopt(socket.SOL_SOCKET, 16))
	END
	atf_check -o inline:"1 True 0\n" python3 shared.py "$h_start" \
	    "$credcheck"
}

atf_test_case extras
extras_head() {
	atf_set descr "What other options of the socket bring does not take" \
	    "the room of the credentials, and is closed"
	atf_set require.progs "jq python3"
}
extras_body() {
	require_linux
	cat >extras.py <<-'END'
	import os, socket, subprocess, sys
	kind = getattr(socket, "SOCK_" + sys.argv[2])
	a, b = socket.socketpair(socket.AF_UNIX, kind)
	for option in 16, 29, 34, 76:	# SO_TIMESTAMP, PASSSEC, PASSPIDFD
	    try:
	        a.setsockopt(socket.SOL_SOCKET, option, 1)
	    except OSError:
	        pass
	r, w = os.pipe()
	socket.send_fds(b, [b"hello"], [w] * 20)
	os.close(w)
	p = subprocess.run([sys.argv[1], "--fd", "0", "--json"], stdin=a)
	assert os.read(r, 1) == b""
	sys.exit(p.returncode)
	END
	for type in STREAM SEQPACKET DGRAM; do
		atf_check -o save:out timeout 20 python3 extras.py \
		    "$credcheck" $type
		atf_check -o inline:"[\"credentials\",$(id -ru)]\n" \
		    jq -c '[.outcome, .uid]' out
	done
}

atf_test_case lingering
lingering_head() {
	atf_set descr "Descriptors that linger do not hold us up, or our end"
	atf_set require.progs "python3"
}
lingering_body() {
	require_linux
	cat >lingering.py <<-'END'
	import os, socket, struct, subprocess, sys, time
	def lingering():
	    l = socket.socket()
	    l.bind(("127.0.0.1", 0))
	    l.listen()
	    s = socket.socket()
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
	    s.connect(l.getsockname())
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
	        struct.pack("ii", 1, 30))
	    s.setblocking(False)
	    try:
	        while True:
	            s.send(bytes(65536))
	    except BlockingIOError:
	        pass
	    return l, s
	a, b = socket.socketpair()
	pairs = [lingering() for i in range(3)]
	for l, s in pairs:
	    socket.send_fds(b, [b"hello"], [s.fileno()])
	    s.close()
	b.close()
	# It is not to be the last to close the socket, or would linger itself.
	r, w = os.pipe()
	p = subprocess.Popen(["sh", "-c", 'read x <&%d; exec "$0" "$@"' % r,
	    sys.argv[1], "--fd", "0", "--quiet"], stdin=a, pass_fds=[r])
	a.close()
	start = time.monotonic()
	os.write(w, b"\n")
	p.wait()
	print("slow" if time.monotonic() - start > 8 else "", end="")
	END
	atf_check timeout 50 python3 lingering.py "$credcheck"
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case pair
	atf_add_test_case set_before
	atf_add_test_case nothing
	atf_add_test_case activated
	atf_add_test_case activated_datagrams
	atf_add_test_case each_activated
	atf_add_test_case inetd
	atf_add_test_case s6
	atf_add_test_case output
	atf_add_test_case all
	atf_add_test_case refused
	atf_add_test_case process
	atf_add_test_case abstract
	atf_add_test_case other_control
	atf_add_test_case not_permitted
	atf_add_test_case others_accept
	atf_add_test_case extras
	atf_add_test_case lingering
}
