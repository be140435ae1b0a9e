# SPDX-License-Identifier: BSD-2-Clause
#
# System calls that fail, and signals at each step, by way of h_fault.

# None of the processes, and no socket.
nothing_left() {
	atf_check test ! -e sock -a ! -e sock.c
	for p in $(cut -d ' ' -f 1 faults | sort -u); do
		alive $p && atf_fail "process $p is left"
	done
	:
}

atf_test_case failing
failing_head() {
	atf_set descr "Each system call that fails is one line that names it," \
	    "exit status 2, no report, and nothing left behind"
}
failing_body() {
	require_mechanism
	require_faults
	while IFS='|' read -r fault args line; do
		with_faults "$fault" $args
		status=$?
		echo "$fault $args: $status $(cat stderr)"
		atf_check_equal 2 $status
		error=${fault#*error=}
		atf_check -o match:"^credcheck: $line: $(words ${error%:*})$" \
		    cat stderr
		atf_check -o inline:"1\n" grep -c . stderr
		atf_check cat stdout
		nothing_left
	done <<-END
	socketpair:error=EMFILE:when=1||(client: )?socketpair
	socketpair:error=EMFILE:in=child||client: socketpair
	fork:error=EAGAIN|--path sock|fork
	setsockopt:error=ENOBUFS|--path sock|setsockopt: $option
	recvmsg:error=EIO|--path sock|recvmsg
	recvmsg:error=EIO|--late|recvmsg
	accept:error=EMFILE|--path sock|accept
	bind:error=EACCES|--path sock|sock
	listen:error=EOPNOTSUPP|--path sock|listen
	connect:error=EPERM|--path sock|client: connect: sock
	connect:error=EPERM|--path sock --type dgram|client: connect: sock
	socket:error=EMFILE|--path sock|socket
	getgroups:error=EINVAL|--path sock|client: getgroups
	sendmsg:error=EIO||client: sendmsg
	END
}

atf_test_case retried
retried_head() {
	atf_set descr "An interrupted call and one that would block are tried" \
	    "again, and the report is the same"
}
retried_body() {
	require_faults
	for fault in recvmsg:error=EINTR:when=1..3 \
	    recvmsg:error=EAGAIN:when=1..3 recv:error=EINTR:when=1 \
	    poll:error=EINTR:when=1..2 send:error=EINTR:when=1 \
	    sendmsg:error=EAGAIN:when=1 sendmsg:error=ETOOMANYREFS:when=1..3 \
	    sendmsg:error=ENOBUFS:when=1..3 \
	    accept:error=ECONNABORTED:when=1 connect:error=EAGAIN:when=1..3 \
	    connect:error=EINTR:when=1..3 recv:delay=100000:in=parent \
	    sendto:error=EAGAIN:when=1; do
		for args in "" "--path sock" "--path sock --type dgram"; do
			case "$fault $args" in
			connect:*dgram)	continue ;;	# does not wait
			esac
			echo "$fault $args"
			with_faults $fault $args ||
			    atf_fail "$fault $args: $(cat stderr)"
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
}
failing_for_good_body() {
	require_faults
	require_mechanism
	for error in EAGAIN EINTR; do
		for call in recvmsg recv send accept sendmsg connect; do
			for args in --sync "--sync --path sock" --race \
			    "--race --path sock"; do
				case "$call $args" in
				*sock|recvmsg*|sendmsg*|*"o --sync")
					;;
				*)	continue ;;	# does without it
				esac
				with_faults "$call:error=$error:when=1+" \
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
}
killed_client_body() {
	require_faults
	for step in "sendmsg|" "getgroups|--path sock" "connect|--path sock" \
	    "getgroups|--late" "sendmsg|--type seqpacket" \
	    "getgroups|--path sock --type dgram" "write:in=child|--late"; do
		with_faults "${step%|*}:signal=KILL:when=1" --timeout 3600 \
		    ${step#*|}
		status=$?
		echo "$step: $status $(cat stderr)"
		atf_check_equal 2 $status
		atf_check -o match:"^credcheck: client died of signal 9 \(.*\), waiting for " \
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
}
signals_body() {
	require_faults
	for signal in INT:2 TERM:15 HUP:1; do
		for call in socket umask bind listen socketpair fork accept \
		    setsockopt send recvmsg getsockopt shutdown unlinkat; do
			for when in signal after; do
				raises $call $when ${signal%:*} ${signal#*:}
			done
		done
	done
	# The steps of the handshake were among those that it did reach.
	for call in bind listen fork accept setsockopt send recvmsg; do
		atf_check -o inline:"6\n" grep -cx $call reached
	done
}

# One signal, as the first such call begins or ends, unless there is none.
raises() {
	with_faults "$1:$2=$3:when=1" --path sock
	status=$?
	grep -q " $1\$" faults || return 0
	echo "$*: $status"
	atf_check_equal $((128 + $4)) $status
	atf_check cat stdout stderr
	nothing_left
	echo "$1" >>reached
}

atf_test_case stopped_early
stopped_early_head() {
	atf_set descr "A client that is stopped or killed before it has its" \
	    "identity is waited for no longer than the timeout, and leaves" \
	    "nothing behind"
	atf_set require.user "root"
}
stopped_early_body() {
	require_faults
	chmod 755 .
	for call in setgroups setregid setreuid; do
		while IFS='|' read -r signal line; do
			with_faults "$call:signal=$signal:when=1" --path sock \
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
		KILL|client died of signal 9 \(.*\), waiting for the client
		END
	done
}

atf_test_case left_behind
left_behind_head() {
	atf_set descr "A socket and a directory that cannot be removed are" \
	    "said to be left behind; exit status 2, unless it is 1"
}
left_behind_body() {
	require_faults
	unlink=unlinkat:error=EACCES
	with_faults "$unlink" --path sock
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: sock: left behind: $(words EACCES)\n" \
	    cat stderr
	atf_check -o match:"^UID: $(id -ru)$" cat stdout
	atf_check rm sock
	with_faults "$unlink" --path sock --late --json
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: sock: left behind: " cat stderr
	atf_check rm sock
	TMPDIR=. with_faults $unlink --survey --json
	atf_check_equal 2 $?
	atf_check -o match:"^credcheck: .*/credcheck\.[^/]*: left behind: $(words EACCES)$" \
	    cat stderr
	# The sockets in it are left behind as well.
	atf_check -o inline:"1\n" grep -c "/credcheck[^/]*: left behind" stderr
	atf_check -o not-empty cat stdout
	text=$(printf 'so\033ck')
	with_faults "$unlink" --path "$text"
	atf_check_equal 2 $?
	atf_check -o inline:"credcheck: so?ck: left behind: $(words EACCES)\n" \
	    cat stderr
	atf_check rm "$text"
	# A signal's handler may not ask what the error is called.
	with_faults "$unlink,listen:signal=TERM" --path sock
	atf_check_equal 143 $?
	atf_check -o inline:"credcheck: sock: left behind\n" cat stderr
	atf_check rm sock
}

# Each of the texts that are not ours, on standard error.
say_all() {
	"$credcheck" "-$1"
	"$credcheck" "--$1"
	"$credcheck" "$1"
	"$credcheck" --path "@a$1/none" --mode 600
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
	    "name or an argument: no C0, no DEL, no C1 raw or as UTF-8, none" \
	    "that turns a text's direction, and where it takes no UTF-8, none"
}
control_bytes_body() {
	export LC_ALL=C.UTF-8
	for bytes in '\033[31m' '\r\007\t' '\177' '\233' '\302\233' '\303' \
	    '\355\240\200' '\364\220\200\200' '\342\200\256' \
	    '\342\201\246' '\330\234'; do
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
	for locale in LC_ALL=C "LC_ALL= LC_CTYPE=C LANG=C.UTF-8" \
	    "LC_ALL= LC_CTYPE= LANG=xx_XX.ISO8859-1"; do
		atf_check -s exit:2 -e match:"^credcheck: .*: caf.. ... .... \(--help" \
		    env $locale "$credcheck" "$text"
	done
	# Nor does the name that it was started by.
	ln -s "$credcheck" "$(printf 'x\033[31m')"
	atf_check -s exit:2 -e match:"^credcheck: no such option" \
	    "./$(printf 'x\033[31m')" --bogus
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
			# What the dynamic linker says has another name.
			! grep -v "^credcheck: " stderr || continue
			case "$status $args" in
			"0 "*|"1 --late")
				succeeded=$((succeeded + 1))
				;;
			"2 "*)
				atf_check cat stdout
				atf_check -o match:"$(words EMFILE)|no descriptors" \
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
	# LeakSanitizer does not work without descriptors.
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
