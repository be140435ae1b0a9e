# System calls that fail, and signals at each step, by way of strace(1).

# Runs credcheck with one system call tampered with; its output goes to files.
tampered() {
	tamper=$1
	shift
	strace -f -o trace -e inject="$tamper" "$credcheck" "$@" \
	    >stdout 2>stderr
}

require_strace() {
	require_linux
	strace -o trace true 2>/dev/null || atf_skip "strace cannot trace here"
}

# No process that the trace has seen, and no socket.
nothing_left() {
	atf_check test ! -e sock -a ! -e sock.c
	for p in $(cut -d ' ' -f 1 trace | sort -u); do
		alive $p && atf_fail "process $p is left"
	done
	:
}

atf_test_case failing
failing_head() {
	atf_set descr "Each system call that fails is one line that names it," \
	    "exit status 2, no report, and nothing left behind"
	atf_set require.progs "strace"
}
failing_body() {
	require_strace
	while IFS='|' read -r tamper args line; do
		tampered "$tamper" $args
		status=$?
		echo "$tamper $args: $status $(cat stderr)"
		atf_check_equal 2 $status
		atf_check -o match:"^credcheck: $line" cat stderr
		atf_check -o inline:"1\n" grep -c . stderr
		atf_check cat stdout
		nothing_left
	done <<-'END'
	socketpair:error=EMFILE:when=1||(client: )?socketpair: Too many open files$
	clone:error=EAGAIN|--path sock|fork: Resource temporarily unavailable$
	setsockopt:error=ENOBUFS|--path sock|setsockopt: SO_PASSCRED: No buffer space available$
	recvmsg:error=EIO|--path sock|recvmsg: Input/output error$
	recvmsg:error=EIO|--late|recvmsg: Input/output error$
	accept:error=EMFILE|--path sock|accept: Too many open files$
	bind:error=EACCES|--path sock|sock: Permission denied$
	listen:error=EOPNOTSUPP|--path sock|listen: Operation not supported$
	connect:error=EPERM|--path sock|client: connect: sock: Operation not permitted$
	connect:error=EPERM|--path sock --type dgram|client: connect: sock: Operation not permitted$
	socket:error=EMFILE|--path sock|socket: Too many open files$
	getgroups:error=EINVAL|--path sock|client: getgroups: Invalid argument$
	sendmsg:error=EIO||client: sendmsg: Input/output error$
	END
}

atf_test_case retried
retried_head() {
	atf_set descr "An interrupted call and one that would block are tried" \
	    "again, and the report is the same"
	atf_set require.progs "strace"
}
retried_body() {
	require_strace
	for tamper in recvmsg:error=EINTR:when=1..3 \
	    recvmsg:error=EAGAIN:when=1..3 recvfrom:error=EINTR:when=1 \
	    poll:error=EINTR:when=1..2 sendto:error=EINTR:when=1 \
	    sendmsg:error=EAGAIN:when=1 sendmsg:error=ETOOMANYREFS:when=1..3 \
	    accept:error=ECONNABORTED:when=1 connect:error=EAGAIN:when=1..3; do
		for args in "" "--path sock" "--path sock --type dgram"; do
			case "$tamper $args" in
			connect:*dgram)	continue ;;	# does not wait
			esac
			echo "$tamper $args"
			tampered $tamper $args ||
			    atf_fail "$tamper $args: $(cat stderr)"
			atf_check -o match:"^UID: $(id -ru)$" cat stdout
			nothing_left
		done
	done
}

atf_test_case killed_client
killed_client_head() {
	atf_set descr "A client that is killed in any of its steps is said to" \
	    "have been, at once, and nothing is left"
	atf_set require.progs "strace"
}
killed_client_body() {
	require_strace
	for step in "sendmsg|" "getgroups|--path sock" "connect|--path sock" \
	    "getgroups|--late" "sendmsg|--type seqpacket" \
	    "getgroups|--path sock --type dgram"; do
		tampered "${step%|*}:signal=KILL:when=1" --timeout 3600 \
		    ${step#*|}
		status=$?
		echo "$step: $status $(cat stderr)"
		atf_check_equal 2 $status
		atf_check -o match:"^credcheck: client died of signal 9 \(Killed\), waiting for " \
		    cat stderr
		atf_check -o inline:"1\n" grep -c . stderr
		atf_check cat stdout
		nothing_left
	done
}

atf_test_case signals
signals_head() {
	atf_set descr "SIGINT, SIGTERM and SIGHUP in each step of the server" \
	    "end it by that signal, without a report and with nothing left"
	atf_set require.progs "strace"
}
signals_body() {
	require_strace
	for signal in INT:2 TERM:15 HUP:1; do
		for call in socket umask bind listen socketpair clone accept \
		    setsockopt sendto recvmsg getsockopt shutdown unlink; do
			tampered "$call:signal=${signal%:*}:when=1" \
			    --path sock
			status=$?
			grep -q -e "--- SIG${signal%:*} " trace || continue
			echo "$call $signal: $status"
			atf_check_equal $((128 + ${signal#*:})) $status
			atf_check cat stdout stderr
			nothing_left
			echo "$call" >>reached
		done
	done
	# The steps of the handshake were among those that it did reach.
	for call in bind listen clone accept setsockopt sendto recvmsg; do
		atf_check -o inline:"3\n" grep -cx $call reached
	done
}

atf_test_case few_descriptors
few_descriptors_head() {
	atf_set descr "With too few descriptors it says so, and never hangs"
}
few_descriptors_body() {
	require_mechanism
	succeeded=0
	for n in 3 4 5 6 7 8 9 10 11 12; do
		for args in "" "--path sock" "--late" "--type dgram"; do
			sh -c "ulimit -n $n; exec '$credcheck' $args" \
			    >stdout 2>stderr
			status=$?
			case "$status $args" in
			127\ *)	continue ;;	# ld.so had none left
			"0 "*|"1 --late")
				succeeded=$((succeeded + 1))
				;;
			"2 "*)
				atf_check cat stdout
				atf_check -o match:"Too many open files|no descriptors" \
				    cat stderr
				;;
			*)
				atf_fail "$n $args: $status $(cat stderr)"
				;;
			esac
			atf_check test ! -e sock
		done
	done
	atf_check test $succeeded -ge 4
}

atf_init_test_cases() {
	# LeakSanitizer works neither below strace nor without descriptors.
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case failing
	atf_add_test_case retried
	atf_add_test_case killed_client
	atf_add_test_case signals
	atf_add_test_case few_descriptors
}
