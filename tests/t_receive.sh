# SPDX-License-Identifier: BSD-2-Clause
#
# The code that the manual offers to a daemon's author, taken from there.

literal=$(atf_get_srcdir)/literal

# The code as a reader takes it: receive.c, and what sets the option.
take_code() {
	atf_check -o save:receive.c "$literal" "RECEIVING CREDENTIALS" 1
	atf_check -o match:'^receive_credentials\(int' cat receive.c
	atf_check -o save:option.c "$literal" "RECEIVING CREDENTIALS" 2
	atf_check -o match:'^	if \(setsockopt\(s, CRED_LEVEL' cat option.c
}

# Compiles $2 to $1, with options.
compile() {
	program=$1 source=$(atf_get_srcdir)/$2
	shift 2
	command -v ${cc:-cc} >/dev/null || atf_skip "no compiler: ${cc:-cc}"
	atf_check ${cc:-cc} -std=c11 -I. "$@" -o $program "$source"
}

# Starts the daemon for one message of a type of socket, then runs a client,
# whose process number is in $client, and leaves what the daemon said of it in
# ours.
by_ours() {
	start ${limited-} ./h_receive "$1" sock 1 ${words-}
	shift
	run_client "$@"
	sed "s/^credentials $client /credentials client /" stdout >ours
	mv stderr stderr.ours
}

# The same by credcheck, in theirs; what did not come with the message does
# not count.
by_theirs() {
	start ${limited-} "$credcheck" --server sock --verbose --count 1 \
	    --json --type "$1"
	shift
	run_client "$@"
	jq -r '. as $r | .outcome as $o |
	    {placeholder: "nobody", none: "nobody", truncated: "nobody"} as $n |
	    def field(f): if $o == "credentials" and $r.source[f] == $r.message
	    then $r[f] elif f == "pid" then 0 else -1 end;
	    "\($n[$o] // $o) \(field("pid")) \(field("uid")) \(field("euid"))" +
	    " \(field("gid")) \(field("egid")) \(.bytes) 0"' stdout |
	    sed "s/^credentials $client /credentials client /" >theirs
}

run_client() {
	wait_listening
	"$@" &
	client=$!
	wait $client
	atf_check_equal 0 $?
	wait $pid
	rm -f sock
}

# The daemon says of a client what credcheck says, and matches $1.
both() {
	said=$1
	shift
	by_theirs "$@"
	by_ours "$@"
	atf_check -o file:theirs cat ours
	atf_check -o match:"$said" cat ours
}

# A client in python, on the connected socket s.
python_client() {
	{
		echo "import array, os, socket, struct, sys, time"
		echo "s = socket.socket(socket.AF_UNIX, getattr(socket," \
		    "'SOCK_$1'.upper()))"
		echo "s.connect('sock')"
		cat
	} >client.py
}

ours_is() {
	credentials="credentials client $(id -ru) -?[0-9]+ $(id -rg) -?[0-9]+"
}

check_types() {
	ours_is
	for type in stream seqpacket dgram; do
		both "^$credentials 1 0$" $type \
		    "$credcheck" --client sock --type $type
	done
}

check_end() {
	for type in stream seqpacket; do
		python_client $type <<-END
		s.close()
		END
		both '^closed 0 -1 -1 -1 -1 0 0$' $type python3 client.py
	done
}

check_empty() {
	ours_is
	for type in seqpacket dgram; do
		python_client $type <<-END
		s.send(b"")
		END
		both "^$credentials 0 0$" $type python3 client.py
	done
}

check_late() {
	ours_is
	python_client stream <<-END
	time.sleep(0.5)
	s.send(b"late")
	END
	both "^$credentials 4 0$" stream python3 client.py
	atf_check -o match:'^[1-9][0-9]* interruptions$' tail -n 1 stderr.ours
}

# Sends $2 descriptors.
descriptor_client() {
	python_client $1 <<-END
	fds = array.array("i", $2 * [0])
	s.sendmsg([b"take these"],
	    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
	END
}

check_descriptors() {
	ours_is
	for type in stream seqpacket dgram; do
		for n in 1 3 253; do
			descriptor_client $type $n
			words=rights
			both "^$credentials 10 0$" $type python3 client.py
		done
	done
	words=
}

# A message that is longer than the buffer; a stream has no such thing.
check_cut() {
	ours_is
	for type in stream seqpacket dgram; do
		said="^cut 0 -1 -1 -1 -1 4 0$"
		[ $type != stream ] || said="^$credentials 4 0$"
		words=short
		for bytes in 5 5000; do
			python_client $type <<-END
			s.send($bytes * b"x")
			END
			by_ours $type python3 client.py
			atf_check -o match:"$said" cat ours
		done
		python_client $type <<-END
		s.send(b"room")
		END
		by_ours $type python3 client.py
		atf_check -o match:"^$credentials 4 0$" cat ours
	done
	words=
}

check_lost() {
	for type in stream seqpacket dgram; do
		atf_check -o save:out ./h_receive $type
		atf_check -o inline:"nobody 0 -1 -1 -1 -1 4 0\n" head -n 1 out
		atf_check -o match:"^credentials [0-9]+ $(id -ru) .* 7 0$" \
		    sed -n 2p out
		[ $type = dgram ] ||
			atf_check -o inline:"closed 0 -1 -1 -1 -1 0 0\n" \
			    sed -n 3p out
	done
	atf_check -o match:"^$(words EAGAIN) 0 -1 -1 -1 -1 0 0$" \
	    -o match:"^$(words EBADF) 0 -1 -1 -1 -1 0 0$" ./h_receive
}

atf_test_case warnings
warnings_head() {
	atf_set descr "Taken out of the manual the code compiles with every" \
	    "warning an error"
}
warnings_body() {
	make=$(command -v bmake || command -v make) || atf_skip "needs make"
	eval "set -- $($make -C "$(atf_get_srcdir)/.." -V WARNINGS)"
	atf_check test $# -gt 10
	take_code
	atf_check -s exit:1 "$literal" "RECEIVING CREDENTIALS" 3
	for cc in gcc clang; do
		command -v $cc >/dev/null || continue
		compile h_receive h_receive.c "$@"
		[ "$(uname -s)" != Linux ] || for s in LINUX NETBSD FREEBSD; do
			compile h_replay h_replay.c "$@" -Wno-unused-macros \
			    -DEMULATE_$s -idirafter "$(atf_get_srcdir)/emulate"
		done
		# As on a system that has no such thing.
		compile h_receive h_receive.c "$@" -U__linux__ -ULOCAL_OCREDS
		[ "$(uname -s)" != Linux ] || atf_check -s exit:1 \
		    -e inline:"h_receive: no such option on this system\n" \
		    ./h_receive
	done
}

atf_test_case rendered
rendered_head() {
	atf_set descr "What is on the screen is the same code"
	atf_set require.progs "mandoc col"
}
rendered_body() {
	take_code
	manual=$(atf_get_srcdir)/../credcheck.1
	for how in "mandoc -Tascii" "mandoc -Tutf8" "groff -mdoc -Tutf8"; do
		command -v ${how%% *} >/dev/null || continue
		$how "$manual" | sed 's/.\[[0-9;]*m//g' | col -bx |
		    sed -n '/^ *#ifdef __linux__/,/^ *The option is set/p' |
		    sed '$d' | tr -s ' \n' '  ' >shown
		tr -s ' \t\n' '   ' <receive.c | sed 's/^/ /' >wanted
		atf_check -o file:wanted cat shown
	done
}

# One test case for each check, and one for all of them with sanitizers.
atf_test_case types
types_head() {
	atf_set descr "A client of ours, over each type of socket, is to the" \
	    "code who it is to credcheck"
	atf_set require.progs "jq"
}
types_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	check_types
}

atf_test_case another_user
another_user_head() {
	atf_set descr "Another user, and one with effective IDs of its own"
	atf_set require.progs "jq"
	atf_set require.user "root"
}
another_user_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	chmod 755 .
	umask 0		# any user may connect
	# LeakSanitizer cannot look into who has become another user.
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	both '^credentials client 1234 (-1|1234) 2345 (-1|2345) 1 0$' stream \
	    "$credcheck" --client sock --user 1234:2345
	both '^credentials client 1234 (-1|3456) 2345 (-1|4567) 1 0$' stream \
	    "$credcheck" --client sock --user 1234:2345 --effective 3456:4567
	# Whom a placeholder looks like.
	both '^credentials client 65534 -?[0-9]+ 65534 -?[0-9]+ 1 0$' stream \
	    "$credcheck" --client sock --user 65534:65534
}

atf_test_case attached
attached_head() {
	atf_set descr "On Linux a sender may attach its saved IDs itself"
	atf_set require.progs "jq python3"
	atf_set require.user "root"
}
attached_body() {
	require_linux
	take_code
	compile h_receive h_receive.c
	python_client stream <<-END
	os.setresgid(201, 202, 203)
	os.setresuid(101, 102, 103)
	s.sendmsg([b"me"], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS,
	    struct.pack("iII", os.getpid(), 103, 203))])
	END
	both '^credentials client 103 -1 203 -1 2 0$' stream python3 client.py
}

atf_test_case end
end_head() {
	atf_set descr "A client that ends without a message, and messages of" \
	    "no bytes, which are none's end"
	atf_set require.progs "jq python3"
}
end_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	check_end
	check_empty
}

atf_test_case late
late_head() {
	atf_set descr "A client that takes its time; signals do not disturb"
	atf_set require.progs "jq python3"
}
late_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	check_late
}

atf_test_case descriptors
descriptors_head() {
	atf_set descr "Descriptors that come along, as many as can, are closed"
	atf_set require.progs "jq python3"
}
descriptors_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	check_descriptors
}

atf_test_case ctrunc
ctrunc_head() {
	atf_set descr "With MSG_CTRUNC, as more descriptors come than the" \
	    "process may have, credentials are whole and none stays open"
	atf_set require.progs "jq python3"
}
ctrunc_body() {
	require_linux
	take_code
	compile h_receive h_receive.c
	cat >limited <<-'END'
	#! /bin/sh
	ulimit -n 30 && exec "$@"
	END
	chmod +x limited
	limited=./limited words=rights
	ours_is
	descriptor_client stream 253
	both "^$credentials 10 0$" stream python3 client.py
	by_theirs stream python3 client.py
	atf_check -o inline:"true\n" jq .ctrunc stdout
}

atf_test_case lost
lost_head() {
	atf_set descr "A message from before the option is nobody's, with no" \
	    "ID that could be taken for one; and errors"
}
lost_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	check_lost
}

atf_test_case cut
cut_head() {
	atf_set descr "A seqpacket or datagram message that was longer than" \
	    "the buffer is an error, and nobody's"
	atf_set require.progs "python3"
}
cut_body() {
	require_mechanism
	take_code
	compile h_receive h_receive.c
	check_cut
}

# SO_PASSRIGHTS, by its number where the system has not got the name yet.
knows_passrights() {
	python3 -c "import socket
socket.socket(socket.AF_UNIX).setsockopt(socket.SOL_SOCKET, 83, 0)" 2>/dev/null
}

atf_test_case refused
refused_head() {
	atf_set descr "Where the listening socket can refuse descriptors, who" \
	    "sends one gets EPERM, and who sends none is heard"
	atf_set require.progs "python3"
}
refused_body() {
	require_linux
	knows_passrights || atf_skip "no SO_PASSRIGHTS before Linux 6.16"
	take_code
	compile h_receive h_receive.c
	ours_is
	for type in stream seqpacket dgram; do
		python_client $type <<-END
		null = array.array("i", [os.open("/dev/null", os.O_RDONLY)])
		try:
		    s.sendmsg([b"with"],
		        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, null)])
		    sys.exit("sent")
		except PermissionError:
		    s.send(b"without")
		END
		by_ours $type python3 client.py
		atf_check -o match:"^$credentials 7 0$" cat ours
	done
}

# A client that has the kernel wait a minute for whoever drops or closes what
# it sends, unless a signal comes: TCP sockets that linger, whose data nobody
# reads.  The daemon is stopped until nobody else has them open.
#	plain	one, in the only message
#	unread	one, in a message behind one of which four bytes are read
#	nested	three, in the queue of a socket of which the message brings one end
lingering_client() {
	python_client stream <<-END
	import signal
	listener = socket.socket()
	listener.bind(("127.0.0.1", 0))
	listener.listen(3)
	unread = []
	def lingering():
	    sender = socket.create_connection(listener.getsockname())
	    unread.append(listener.accept()[0])
	    sender.setblocking(False)
	    try:
	        while True:
	            sender.send(bytes(65536))
	    except BlockingIOError:
	        pass
	    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
	        struct.pack("ii", 1, 60))
	    return sender
	def give(over, what):
	    over.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
	        array.array("i", [what.fileno()]))])
	    what.close()
	os.kill($pid, signal.SIGSTOP)
	if "$1" == "unread":
	    s.send(b"first")
	if "$1" == "nested":
	    pair = socket.socketpair()
	    for i in range(3):
	        give(pair[0], lingering())
	    pair[0].close()
	    give(s, pair[1])
	else:
	    give(s, lingering())
	s.close()
	os.kill($pid, signal.SIGCONT)
	print("sent", flush=True)
	time.sleep(60)
	END
}

# Starts the daemon with words, and has such a client send it something.
held_up() {
	variant=$1
	shift
	start ./h_receive stream sock 1 rights short "$@"
	wait_listening
	lingering_client $variant
	rm -f sent
	python3 client.py >sent 2>client.stderr &
	client=$!
	wait_until '[ -s sent ] || ! alive $client'
	atf_check -o inline:"sent\n" cat sent
}

let_go() {
	kill -KILL $client
	wait $client
	rm -f sock
}

atf_test_case lingering
lingering_head() {
	atf_set descr "Where descriptors cannot be refused, a client that sends" \
	    "sockets that linger does not hold up who has the timer"
	atf_set require.progs "python3"
}
lingering_body() {
	require_linux
	take_code
	compile h_receive h_receive.c
	ours_is
	for variant in plain unread nested; do
		held_up $variant timer
		wait_until '! alive $pid'
		atf_check -o match:"^credentials [0-9]+ $(id -ru) .* [14] 0$" \
		    cat stdout
		let_go
		# Without a signal it would be held up.
		held_up $variant locked
		sleep 1
		alive $pid || atf_fail "nothing held it up"
		kill -KILL $pid
		let_go
	done
}

atf_test_case locks
locks_head() {
	atf_set descr "On Linux a descriptor that comes along releases no lock" \
	    "of the daemon's on the same file"
	atf_set require.progs "python3"
}
locks_body() {
	require_linux
	take_code
	compile h_receive h_receive.c
	words="rights locked"
	for type in stream seqpacket dgram; do
		python_client $type <<-END
		fds = array.array("i", 3 * [os.open("locked", os.O_RDWR)])
		s.sendmsg([b"yours"],
		    [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
		END
		by_ours $type python3 client.py
		atf_check -o match:"^credentials .* 5 0$" -o match:"^locked$" \
		    cat ours
	done
}

atf_test_case pidfd
pidfd_head() {
	atf_set descr "On a socket that asks for a descriptor of the sender's" \
	    "process none stays open"
	atf_set require.progs "python3"
}
pidfd_body() {
	require_linux
	python3 -c "import socket
socket.socket(socket.AF_UNIX).setsockopt(socket.SOL_SOCKET, 76, 1)" ||
		atf_skip "no SO_PASSPIDFD before Linux 6.5"
	take_code
	compile h_receive h_receive.c
	ours_is
	words="rights pidfd"
	for type in stream seqpacket dgram; do
		python_client $type <<-END
		s.send(b"me")
		END
		by_ours $type python3 client.py
		atf_check -o match:"^$credentials 2 0$" cat ours
		descriptor_client $type 3
		by_ours $type python3 client.py
		atf_check -o match:"^$credentials 10 0$" cat ours
	done
}

atf_test_case unmapped
unmapped_head() {
	atf_set descr "In a user namespace a user who has no ID there is not" \
	    "known, nor is such a group"
	atf_set require.progs "unshare"
	atf_set require.user "root"
}
unmapped_body() {
	require_linux
	# A client that was told its user has kept that one's name.
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	unshare -U --map-root-user true || atf_skip "no user namespaces here"
	take_code
	compile h_receive h_receive.c
	chmod 755 .
	umask 0		# any user may connect
	cat >limited <<-'END'
	#! /bin/sh
	exec unshare -U --map-root-user "$@"
	END
	chmod +x limited
	limited=./limited
	while read -r user said; do
		by_ours stream "$credcheck" --client sock --user $user
		atf_check -o inline:"$said\n" cat ours
	done <<-END
	0:0 credentials client 0 -1 0 -1 1 0
	1234:2345 nobody 0 -1 -1 -1 -1 1 0
	1234:0 nobody 0 -1 -1 -1 -1 1 0
	65534:65534 nobody 0 -1 -1 -1 -1 1 0
	0:2345 credentials client 0 -1 -1 -1 1 0
	END
}

atf_test_case sanitized
sanitized_head() {
	atf_set descr "All that, under the sanitizers"
	atf_set require.progs "jq python3"
}
sanitized_body() {
	require_mechanism
	take_code
	set -- -g -fsanitize=address,undefined -fno-sanitize-recover=all
	echo 'int main(void) { return 0; }' >empty.c
	cc "$@" -o empty empty.c 2>/dev/null && ./empty ||
		atf_skip "no sanitizers here"
	compile h_receive h_receive.c "$@"
	check_types
	check_end
	check_empty
	check_late
	check_descriptors
	check_cut
	check_lost
}

# Each recorded message of $1, whole and cut at every length, and what the
# code has to make of it, from the line alone: in lines and expected.
expect_recorded() {
	awk -v kernel="$1" '
	BEGIN {
		linux = kernel == "Linux"
		fixed = linux ? 12 : kernel == "NetBSD" ? 24 : 28
	}
	/^#/ || / errno=/ {
		next
	}
	{
		delete v
		for (i = 1; i <= NF; i++) {
			eq = index($i, "=")
			v[substr($i, 1, eq - 1)] = substr($i, eq + 1)
		}
		# NetBSD takes 16 groups: who was to have 17 stayed root.
		if (kernel == "NetBSD" && split(v["groups"], g, ",") > 16)
			v["uid"] = v["euid"] = v["gid"] = v["egid"] = 0
		if (linux)
			v["euid"] = v["egid"] = -1
		before = 0
		if (kernel == "NetBSD" && v["case"] ~ /^descriptor/)
			before = 24
		carried = kernel == "FreeBSD" ? v["case"] == "persistent" : \
		    !linux || v["case"] !~ /message_first/
		for (n = v["controllen"] + 0; n >= 0; n--) {
			print v["type"], v["bytes"], n, v["control"] >"lines"
			if (v["bytes"] == 0 && v["type"] != "dgram" &&
			    (n == 0 || (linux && v["type"] == "stream" &&
			    n >= 28)))
				print "closed 0 -1 -1 -1 -1 0" >"expected"
			else if (!carried || n < before + 16 + fixed)
				print "nobody 0 -1 -1 -1 -1",
				    v["bytes"] >"expected"
			else
				print "credentials", v["pid"], v["uid"],
				    v["euid"], v["gid"], v["egid"],
				    v["bytes"] >"expected"
		}
	}' "$2"
}

# What Linux has in /proc: an overflow ID, and a map of the rest of the lines.
proc_says() {
	mkdir -p proc
	echo $1 | tee proc/overflowuid >proc/overflowgid
	shift
	printf '%10s %10s %10s\n' "$@" | tee proc/uid_map >proc/gid_map
	export REPLAY_PROC=$PWD/proc
}

replay() {
	[ "$(uname -sm)" = "Linux x86_64" ] || atf_skip "needs x86_64 Linux"
	take_code
	compile h_replay h_replay.c -g -DEMULATE_$1 \
	    -idirafter "$(atf_get_srcdir)/emulate"
	for f in "$(atf_get_srcdir)"/recorded/$2*; do
		expect_recorded ${2%%-*} "$f"
		atf_check test "$(grep -c . lines)" -gt 1000
		atf_check -o match:"^credentials" cat expected
		atf_check -o file:expected sh -c "./h_replay <lines"
	done
}

atf_test_case netbsd
netbsd_head() {
	atf_set descr "Compiled as on NetBSD it reads what four kernels have" \
	    "sent, whole or cut, and nothing behind msg_controllen"
}
netbsd_body() {
	replay NETBSD NetBSD
	# As many descriptors as a message of NetBSD can have, 508, come first.
	awk '/ control=/ {
		sub(/.* control=/, "")
		data = sprintf("%01016d", 0)
		printf "stream 1 %d ", 16 + 508 * 4 + length($0) / 2
		print "00080000ffff00000100000000000000" data data data data $0
		exit
	}' "$(atf_get_srcdir)"/recorded/NetBSD-10* >lines
	atf_check -o inline:"credentials 102 101 102 201 202 1\n" \
	    sh -c "./h_replay <lines"
}

atf_test_case freebsd
freebsd_head() {
	atf_set descr "Compiled as on FreeBSD it reads what a kernel has" \
	    "sent, and believes nothing that a sender attached"
}
freebsd_body() {
	replay FREEBSD "FreeBSD-1[3-9]"
}

atf_test_case linux
linux_head() {
	atf_set descr "It reads what Linux has sent, whole or cut"
}
linux_body() {
	proc_says 65534 0 0 4294967295
	replay LINUX Linux
}

# A number as in the memory of x86_64.
four_bytes() {
	printf %08x $1 | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/'
}

# What the code makes of a PID, a UID and a GID from Linux.
linux_ids() {
	echo stream 1 32 1c000000000000000100000002000000$(four_bytes \
	    $1)$(four_bytes $2)$(four_bytes $3)00000000 >lines
	atf_check -o inline:"$4\n" sh -c "./h_replay <lines"
}

atf_test_case overflow
overflow_head() {
	atf_set descr "The overflow ID is what the kernel says it is, and a" \
	    "user only where every ID is mapped"
}
overflow_body() {
	[ "$(uname -sm)" = "Linux x86_64" ] || atf_skip "needs x86_64 Linux"
	take_code
	compile h_replay h_replay.c -DEMULATE_LINUX
	nobody="nobody 0 -1 -1 -1 -1 1"

	proc_says 65534 0 0 4294967295
	linux_ids 7 65534 65534 "credentials 7 65534 -1 65534 -1 1"
	linux_ids 0 65534 65534 "$nobody"
	linux_ids 0 0 0 "credentials 0 0 -1 0 -1 1"
	linux_ids 0 1000 65534 "credentials 0 1000 -1 -1 -1 1"

	proc_says 12345 0 0 4294967295
	linux_ids 0 12345 12345 "$nobody"
	linux_ids 7 12345 12345 "credentials 7 12345 -1 12345 -1 1"
	linux_ids 0 65534 65534 "credentials 0 65534 -1 65534 -1 1"

	# Every ID, in two parts.
	proc_says 65534 0 0 1000 1000 1000 4294966295
	linux_ids 7 65534 65534 "credentials 7 65534 -1 65534 -1 1"

	# Not every one: 65534 may be its user, or any without an ID.
	proc_says 65534 0 100000 65536
	linux_ids 7 65534 65534 "$nobody"
	linux_ids 7 65534 0 "$nobody"
	linux_ids 7 0 65534 "credentials 7 0 -1 -1 -1 1"
	linux_ids 7 0 0 "credentials 7 0 -1 0 -1 1"
	linux_ids 0 0 0 "credentials 0 0 -1 0 -1 1"

	proc_says 12345 0 1000 1
	linux_ids 7 12345 12345 "$nobody"
	linux_ids 7 0 0 "credentials 7 0 -1 0 -1 1"

	# It cannot be read, or has no number.
	echo >proc/overflowuid
	linux_ids 7 0 0 "$nobody"
	rm proc/overflowuid
	linux_ids 7 0 0 "$nobody"
	proc_says 65534 0 0 4294967295
	rm proc/uid_map
	linux_ids 7 0 0 "credentials 7 0 -1 0 -1 1"
	linux_ids 7 65534 65534 "$nobody"
	rm -r proc
	linux_ids 7 0 0 "$nobody"
}

atf_test_case sample
sample_head() {
	atf_set descr "A header of 12 bytes with the credentials right behind" \
	    "it, as the article's sample has it, takes NetBSD's PID for UID"
}
sample_body() {
	# sc_uid is 4 bytes into a struct sockcred.
	sed -n 's/^case=option_first .* pid=\([0-9]*\) .* control=/\1 /p' \
	    "$(atf_get_srcdir)"/recorded/NetBSD-* >lines
	atf_check -o inline:"12\n" sh -c "grep -c . lines"
	while read -r pid control; do
		byte=$(printf %s "$control" | cut -c 33-34)
		atf_check_equal $pid $((0x$byte))
	done <lines
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case warnings
	atf_add_test_case rendered
	atf_add_test_case types
	atf_add_test_case another_user
	atf_add_test_case attached
	atf_add_test_case end
	atf_add_test_case late
	atf_add_test_case descriptors
	atf_add_test_case ctrunc
	atf_add_test_case lost
	atf_add_test_case cut
	atf_add_test_case refused
	atf_add_test_case lingering
	atf_add_test_case locks
	atf_add_test_case pidfd
	atf_add_test_case unmapped
	atf_add_test_case sanitized
	atf_add_test_case netbsd
	atf_add_test_case freebsd
	atf_add_test_case linux
	atf_add_test_case overflow
	atf_add_test_case sample
}
