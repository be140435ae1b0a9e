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

atf_test_case failing_for_good
failing_for_good_head() {
	atf_set descr "A call that goes on failing, as if interrupted or not" \
	    "ready, ends at the deadline: one line names the step, and" \
	    "nothing is left behind"
	atf_set require.progs "strace"
}
failing_for_good_body() {
	require_strace
	require_mechanism
	for error in EAGAIN EINTR; do
		for call in recvmsg recvfrom sendto accept sendmsg connect; do
			for args in --sync "--sync --path sock" --race \
			    "--race --path sock"; do
				case "$call $args" in
				*sock|recvmsg*|sendmsg*|*"o --sync")
					;;
				*)	continue ;;	# does without it
				esac
				tampered "$call:error=$error:when=1+" \
				    --timeout 0.1 $args
				status=$?
				echo "$call $error $args: $status $(cat stderr)"
				atf_check_equal 2 $status
				atf_check -o match:"^credcheck: (client: )?timed out after 0.1 s waiting for [a-z\"]" \
				    grep -v "not our client, and closed" stderr
				atf_check -o inline:"1\n" \
				    grep -c "timed out" stderr
				atf_check cat stdout
				nothing_left
			done
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

atf_test_case stopped_early
stopped_early_head() {
	atf_set descr "A client that is stopped or killed before it has its" \
	    "identity is waited for no longer than the timeout, and leaves" \
	    "nothing behind"
	atf_set require.progs "strace"
	atf_set require.user "root"
}
stopped_early_body() {
	require_strace
	chmod 755 .
	for call in setgroups setregid setreuid; do
		while IFS='|' read -r signal line; do
			tampered "$call:signal=$signal:when=1" --path sock \
			    --timeout 0.3 --user 1234:2345
			status=$?
			echo "$call $signal: $status $(cat stderr)"
			atf_check_equal 2 $status
			atf_check -o match:"^credcheck: $line" cat stderr
			atf_check -o inline:"1\n" grep -c . stderr
			atf_check cat stdout
			nothing_left
		done <<-'END'
		STOP|timed out after 0.3 s waiting for the client to connect$
		KILL|client died of signal 9 \(Killed\), waiting for the client
		END
	done
}

atf_test_case left_behind
left_behind_head() {
	atf_set descr "A socket and a directory that cannot be removed are" \
	    "said to be left behind; exit status 2, unless it is 1"
	atf_set require.progs "strace"
}
left_behind_body() {
	require_strace
	unlink="?unlink,?unlinkat:error=EACCES"
	tampered "$unlink" --path sock
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: sock: left behind: Permission denied\n" \
	    cat stderr
	atf_check -o match:"^UID: $(id -ru)$" cat stdout
	atf_check rm sock
	tampered "$unlink" --path sock --late --json
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: sock: left behind: " cat stderr
	atf_check rm sock
	tampered "?rmdir,?unlinkat:error=EACCES" --survey --json
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: .*/credcheck\.[^/]*: left behind: Permission denied$" \
	    cat stderr
	atf_check -o not-empty cat stdout
	# A signal's handler may not ask what the error is called.
	strace -f -o trace -e inject="$unlink" -e inject=listen:signal=TERM \
	    "$credcheck" --path sock >stdout 2>stderr
	atf_check_equal 143 $?
	atf_check -o inline:"credcheck: sock: left behind\n" cat stderr
	atf_check rm sock
}

# Each of the texts that are not ours, on standard error.
say_all() {
	"$credcheck" "-$1"
	"$credcheck" "--$1"
	"$credcheck" "$1"
	"$credcheck" --path "@a$1" --mode 600
	"$credcheck" --path "none$1/sock"
	"$credcheck" --path "sock$1$(printf '%200s' "$1")"
	"$credcheck" --client "none$1"
	for option in --count --effective --mode --spread --timeout --type \
	    --user; do
		"$credcheck" $option "$1"
	done
	"$credcheck" --user "$(id -un):$1"
	TMPDIR=$PWD/none$1 "$credcheck" --survey
	TMPDIR=$(printf '%5000s' "$1") "$credcheck" --survey
}

atf_test_case control_bytes
control_bytes_head() {
	atf_set descr "What a terminal would act on does not come to it by a" \
	    "name or an argument: no C0, no DEL, no C1 raw or as UTF-8"
}
control_bytes_body() {
	for bytes in '\033[31m' '\r\007\t' '\177' '\233' '\302\233' '\303' \
	    '\355\240\200' '\364\220\200\200'; do
		text=$(printf "$bytes")
		say_all "$text" >stdout 2>stderr
		atf_check cat stdout
		atf_check -o inline:"17\n" grep -ac "^credcheck: .*?" stderr
		# All of the rest is ASCII.
		atf_check sh -c "LC_ALL=C tr -d '\n\040-\176' <stderr"
		start "$credcheck" --server "sock$text" --verbose
		wait_until 'grep -aq "^Listening on sock?" stderr'
		kill $pid
		wait $pid
		atf_check sh -c "LC_ALL=C tr -d '\n\040-\176' <stderr"
	done
	# Readable text stays so.
	text=$(printf 'caf\303\251 \342\202\254 \360\237\220\247')
	atf_check -s exit:2 -e match:"^credcheck: .*: $text \(--help" \
	    "$credcheck" "$text"
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
	atf_add_test_case failing_for_good
	atf_add_test_case killed_client
	atf_add_test_case signals
	atf_add_test_case stopped_early
	atf_add_test_case left_behind
	atf_add_test_case control_bytes
	atf_add_test_case few_descriptors
}
