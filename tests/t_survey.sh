# SPDX-License-Identifier: BSD-2-Clause
#
# The survey: what this kernel does, in one table.

survey() {
	atf_check -o save:out "$credcheck" --survey --json "$@"
}

# What row $1 is for the three types: the outcome, errno, or - for none.
row() {
	jq -r --arg row "$1" '.rows[] | select(.name == $row) | .cells |
	    [.stream, .seqpacket, .dgram] | map(.outcome // .errno // "-") |
	    join(" ")' out
}

# What is known of Linux with pidfds, and of one without.
pidfd_rows() {
	if [ "$(row pidfd_first | cut -d " " -f 1)" = ENOPROTOOPT ]; then
		e=ENOPROTOOPT
		for name in first late both gone pair; do
			echo pidfd_$name $e $e $e
		done
		for name in listener path peer_gone; do
			echo pidfd_$name $e $e -
		done
		return
	fi
	cat <<-END
	pidfd_first credentials credentials credentials
	pidfd_late none none none
	pidfd_listener credentials credentials -
	pidfd_both credentials credentials credentials
	pidfd_gone placeholder placeholder placeholder
	pidfd_pair credentials credentials credentials
	pidfd_path credentials credentials -
	pidfd_peer_gone placeholder placeholder -
	END
}

# What is known of Linux with AppArmor, with SELinux, whose policy has a name for
# what has no label, and without labels.
label_rows() {
	alone=none kind=none
	case $(row label_pair) in
	"credentials credentials credentials")
		pair="credentials credentials credentials"
		;;
	"credentials credentials none")
		alone=$(row label_first | cut -d " " -f 1)
		[ $alone = none ] || alone=placeholder
		kind=credentials
		pair="credentials credentials none"
		;;
	*)	pair="none none none" ;;
	esac
	for name in first late; do
		echo label_$name $alone $kind $kind
	done
	echo label_listener $alone $kind -
	for name in both both_late; do
		echo label_$name $kind $kind $kind
	done
	echo label_both_listener $kind $kind -
	echo label_pair $pair
	echo label_path ${pair% *} -
}

# Each row against what is known of Linux; $1 is the row of the late listener.
linux_rows() {
	while read -r name expected; do
		[ "$(row $name)" = "$expected" ] || {
			echo "$name: $(row $name), not $expected"
			echo $name >>wrong
		}
	done <<-END
	option_first credentials credentials credentials
	message_first placeholder placeholder placeholder
	after_lost credentials credentials credentials
	after_good credentials credentials credentials
	set_again credentials credentials credentials
	on_listener credentials credentials -
	late_listener $1
	before_accept credentials credentials -
	end_of_file closed closed -
	empty_message closed credentials credentials
	empty_first timeout placeholder placeholder
	claimed credentials credentials credentials
	claimed_alone none none none
	claimed_again credentials credentials credentials
	client_option credentials credentials credentials
	forged EPERM EPERM EPERM
	small_buffer truncated truncated truncated
	with_descriptor credentials credentials credentials
	beside_descriptor credentials credentials credentials
	two_writers credentials credentials credentials
	no_room credentials credentials credentials
	after_no_room credentials credentials credentials
	nearly_full EAGAIN EAGAIN EAGAIN
	after_refused credentials credentials credentials
	senders_closed - - credentials
	senders_open - - credentials
	spliced_from credentials credentials credentials
	by_sendmsg credentials credentials credentials
	peer_pair credentials credentials credentials
	peer_path credentials credentials none
	peer_server credentials credentials none
	peer_listener credentials credentials -
	peer_closed credentials credentials -
	wrong_level EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP
	$(pidfd_rows)
	$(label_rows)
	END
}

atf_test_case linux
linux_head() {
	atf_set descr "Each row is what is known of Linux, by its release"
	atf_set require.progs "jq"
}
linux_body() {
	require_linux
	survey
	release=$(uname -r)
	minor=${release#*.}
	minor=${minor%%[!0-9]*}
	if [ ${release%%.*} -gt 6 ] ||
	    { [ ${release%%.*} -eq 6 ] && [ $minor -ge 16 ]; }; then
		late="none none -"
	else
		# There the option was copied at accept(2).
		late="credentials credentials -"
	fi
	linux_rows "$late"
	[ ! -e wrong ] || case $release in
	6.18.*)	atf_fail "not what is known of $release: $(cat wrong)" ;;
	*)	echo "$release is not known to us; see above" ;;
	esac
}

atf_test_case linux_ids
linux_ids_head() {
	atf_set descr "On Linux a placeholder is 65534, end of file UID 0, and" \
	    "what comes with credentials is the client's"
	atf_set require.progs "jq"
}
linux_ids_body() {
	require_linux
	survey
	cells() {
		jq -c --arg row "$1" --arg type "$2" '.rows[] |
		    select(.name == $row) | .cells[$type] |
		    [.uid, .euid, .gid, .egid, .whose, .ctrunc]' out
	}
	u=$(id -ru) g=$(id -rg)
	atf_check_equal "[$u,null,$g,null,\"client\",false]" \
	    "$(cells option_first stream)"
	atf_check_equal "[65534,null,65534,null,null,false]" \
	    "$(cells message_first dgram)"
	atf_check_equal "[0,null,0,null,null,false]" \
	    "$(cells end_of_file stream)"
	atf_check_equal "[null,null,null,null,null,false]" \
	    "$(cells end_of_file seqpacket)"
	atf_check_equal "[$u,null,$g,null,\"client\",true]" \
	    "$(cells with_descriptor stream)"
	atf_check_equal "[null,$(id -u),null,$(id -g),\"client\",false]" \
	    "$(cells peer_pair seqpacket)"
	atf_check_equal "[null,$(id -u),null,$(id -g),\"server\",false]" \
	    "$(cells peer_server stream)"
	atf_check_equal "[null,$(id -u),null,$(id -g),\"server\",false]" \
	    "$(cells peer_listener stream)"
	atf_check_equal "[null,$(id -u),null,$(id -g),\"client\",false]" \
	    "$(cells peer_closed seqpacket)"
}

atf_test_case shown
shown_head() {
	atf_set descr "Whose a spliced message is, what comes first of two" \
	    "control messages, and which datagram is read first: in a cell" \
	    "of the text, and of the JSON"
	atf_set require.progs "jq"
}
shown_body() {
	require_linux
	atf_check \
	    -o match:"^spliced from a pipe of another's +client +client +client$" \
	    -o match:"^credentials beside a descriptor +first +first +first$" \
	    -o match:"^datagrams of two sockets, in order +- +- +in order$" \
	    "$credcheck" --survey
	survey
	cell() {
		jq -c --arg row "$1" '.rows[] | select(.name == $row) |
		    .cells.dgram | [.whose, .first, .bytes]' out
	}
	atf_check_equal '["client","SCM_CREDENTIALS",1]' "$(cell spliced_from)"
	atf_check_equal '["client","SCM_CREDENTIALS",1]' \
	    "$(cell beside_descriptor)"
	atf_check_equal '["child","SCM_CREDENTIALS",2]' "$(cell senders_open)"
	atf_check_equal '["child","SCM_CREDENTIALS",1]' "$(cell senders_closed)"
	atf_check_equal '[null,null,1]' "$(cell claimed_alone)"
}

atf_test_case pidfds
pidfds_head() {
	atf_set descr "Whose a pidfd is, each is closed, and a number that is" \
	    "an errno is not; without them each cell says so"
	atf_set require.progs "jq strace"
}
pidfds_body() {
	require_linux
	whose() {
		jq -c --arg row "$1" '.rows[] | select(.name == $row) |
		    .cells.stream | [.whose, .descriptor, .errno]' out
	}
	survey
	if [ "$(row pidfd_first | cut -d " " -f 1)" = credentials ]; then
		for name in first listener both pair path; do
			atf_check_equal '["client",null,null]' \
			    "$(whose pidfd_$name)"
		done
		atf_check_equal '["nobody",null,null]' "$(whose pidfd_gone)"
		atf_check -o match:"^pidfd option, then message +client +client +client$" \
		    -o match:"^pidfd of a writer that has gone +nobody " \
		    "$credcheck" --survey
	fi
	require_strace
	# 76 is SO_PASSPIDFD, and 77 SO_PEERPIDFD.
	atf_check -o save:out strace -f -o trace -y "$credcheck" --survey --json
	atf_check -s exit:1 grep 'close(-[2-9]' trace
	received=$(grep -c "cmsg_type=SCM_PIDFD\|cmsg_type=0x4\b" trace)
	closed=$(grep -c "close([0-9]*<anon_inode:\[\?pidfd\]\?>\|close([0-9]*<pid:" trace)
	echo "$received received, $closed closed"
	if [ "$(row pidfd_first | cut -d " " -f 1)" = credentials ]; then
		atf_check test "$received" -gt 0
		atf_check test "$closed" -ge "$received"
	fi
}

atf_test_case findings
findings_head() {
	atf_set descr "Cures and traps are those that the cells bear out"
	atf_set require.progs "jq"
}
findings_body() {
	require_linux
	survey
	atf_check -o inline:'["synchronize","on_listener","claimed","client_option"]\n' \
	    jq -c .cures out
	traps='["placeholder","accept","late_listener","end_of_file","empty_message","small_buffer","ctrunc","peer_listener","pidfd_lost"]'
	[ "$(row pidfd_first | cut -c 1)" = c ] ||
	    traps=$(echo "$traps" | sed 's/,"pidfd_lost"//')
	[ "$(row late_listener)" = "none none -" ] ||
	    traps=$(echo "$traps" | sed 's/"late_listener",//')
	case $(row label_pair) in
	none*)	;;
	*none)	traps=$(echo "$traps" | sed 's/]$/,"label_alone"]/') ;;
	*)	traps=$(echo "$traps" | sed 's/]$/,"label_never"]/') ;;
	esac
	atf_check -o inline:"$traps\n" jq -c .traps out
}

atf_test_case derived
derived_head() {
	atf_set descr "They are derived from what was measured: a kernel whose" \
	    "option does nothing has no cure, and others of the traps"
	atf_set require.progs "jq"
}
derived_body() {
	require_linux
	require_faults
	atf_check -o save:out "$h_start" -f setsockopt:return=0 \
	    "$credcheck" --survey --json
	atf_check_equal "none none none" "$(row option_first)"
	atf_check_equal "none none none" "$(row wrong_level)"
	atf_check -o inline:'[]\n' jq -c .cures out
	atf_check -o inline:'["wrong_level"]\n' \
	    jq -c '[.traps[] | select(. == "wrong_level" or . == "placeholder" or
	    . == "end_of_file")]' out
}

atf_test_case failed
failed_head() {
	atf_set descr "A cell whose conversation breaks off is failed, with" \
	    "its reason in JSON and under --verbose; the rest of the table is" \
	    "there, and the status is 2"
	atf_set require.progs "jq jsonschema"
}
failed_body() {
	require_mechanism
	require_faults
	mkdir tmp
	TMPDIR=$PWD/tmp with_faults accept:error=EMFILE --survey --json
	atf_check_equal 2 $?
	mv stdout out
	check_schema out
	atf_check_equal "credentials credentials credentials" \
	    "$(row option_first)"
	reason="accept: $(words EMFILE)"
	atf_check -o inline:"null $reason\n" jq -r \
	    '.rows[] | select(.name == "on_listener") | .cells.stream |
	    "\(.outcome) \(.failed)"' out
	TMPDIR=$PWD/tmp with_faults accept:error=EMFILE --survey --verbose
	atf_check_equal 2 $?
	atf_check -o ignore grep \
	    "^option on the listening socket *failed *failed *-$" stdout
	atf_check -o ignore grep -x \
	    "option on the listening socket, stream: $reason" stderr
	atf_check rmdir tmp
}

atf_test_case hanging
hanging_head() {
	atf_set descr "A cell that hangs has failed after its deadline, which" \
	    "is --timeout if that is below a second"
	atf_set require.progs "jq"
}
hanging_body() {
	require_mechanism
	require_faults
	# Each client believes that its first message was written.
	with_faults write:return=1:when=1 --survey --json --timeout 0.05
	atf_check_equal 2 $?
	atf_check -o save:failed jq -r '.rows[0].cells.dgram.failed' stdout
	atf_check -o not-match:null cat failed
	# Elsewhere a datagram socket tells that the other end was closed.
	[ "$(uname -s)" != Linux ] || atf_check -o inline:"client left with\
 status 0, waiting for the client's message\n" cat failed
	atf_check -o ignore jq -e '[.rows[].cells[].failed | strings |
	    select(test("timed out after 0.05 s"))] | length > 0' stdout
}

atf_test_case repeatable
repeatable_head() {
	atf_set descr "Two runs are the same to the byte, in JSON and in text"
}
repeatable_body() {
	for args in "" --json; do
		"$credcheck" --survey $args >one
		"$credcheck" --survey $args >two
		atf_check test -s one
		atf_check cmp one two
	done
}

atf_test_case text
text_head() {
	atf_set descr "The table fits 80 columns and has no control" \
	    "characters, every row and the lines above and below it"
	atf_set require.progs "jq"
}
text_body() {
	require_mechanism
	survey
	atf_check -o save:text "$credcheck" --survey
	atf_check -o not-match:".{81}" -o not-match:"[^ -~]" \
	    -o match:"^$(uname -s) $(uname -r): $option, $message$" \
	    -o match:"^$message has: .*UID" \
	    -o match:"^  +stream +seqpacket +dgram$" \
	    -o match:"^What cures the race here:$" \
	    -o match:"^  synchronize: " \
	    -o match:"^Traps that this kernel has shown:$" cat text
	jq -r '.rows[].title' out | while read -r title; do
		grep -qF "$title" text || echo "$title"
	done >missing
	atf_check cat missing
	# A title leaves a gap before the columns.
	atf_check -o inline:"true\n" jq 'all(.rows[]; .title | length <= 34)' out
	# All columns begin where the first row has them.
	atf_check -o inline:"1\n" sh -c \
	    "sed -n '/^option, then/,/^$/p' text | grep . | cut -c 37 |
	    sort -u | grep -c '^ $'"
}

atf_test_case reasons
reasons_head() {
	atf_set descr "What does not exist is -, with the reason under --verbose"
}
reasons_body() {
	require_mechanism
	atf_check -o save:text -e save:err "$credcheck" --survey --verbose
	atf_check -o inline:"$(grep -c ' -$' text)\n" \
	    grep -c "dgram: a datagram socket is not connected$" err
}

atf_test_case nothing_left
nothing_left_head() {
	atf_set descr "The directory of the named sockets is under TMPDIR, or" \
	    "/tmp without it, and gone afterwards, also after a signal"
}
nothing_left_body() {
	mkdir tmp
	# Not exported, as atf-check has its own files there.
	TMPDIR=$PWD/tmp "$credcheck" --survey --quiet
	atf_check rmdir tmp
	atf_check -s exit:2 \
	    -e match:"^credcheck: .*/tmp/credcheck.*: $(words ENOENT)$" \
	    env TMPDIR=$PWD/tmp "$credcheck" --survey
	require_faults
	for set in "unset TMPDIR" TMPDIR=; do
		# What cannot be removed is named.
		(eval "$set"; with_faults unlinkat:error=EACCES --survey)
		made=$(sed -n "s/^credcheck: \(.*\): left behind: .*/\1/p" \
		    stderr | grep -v '/sock$')
		atf_check -o match:"^/tmp/credcheck\.[^/]*$" echo "$made"
		atf_check rm "$made/sock"
		atf_check rmdir "$made"
		(eval "$set"; with_faults mkdtemp,unlinkat --survey)
		atf_check cat stderr
		atf_check -o match:" mkdtemp$" -o match:" unlinkat$" cat faults
	done
	mkdir tmp
	for call in mkdtemp bind listen accept recvmsg; do
		TMPDIR=$PWD/tmp with_faults $call:after=TERM:when=1 --survey
		atf_check_equal 143 $?
		atf_check cat stdout
		atf_check test -d tmp
		atf_check ls tmp
	done
}

atf_test_case long_tmpdir
long_tmpdir_head() {
	atf_set descr "A TMPDIR in which no socket can have a name is itself" \
	    "said to be too long, and one that is just short enough is not"
}
long_tmpdir_body() {
	require_linux
	base=$(mktemp -d /tmp/longXXXXXX)
	tmp=$base/$(printf '%0*d' $((85 - 1 - ${#base})) 0)
	mkdir $tmp
	TMPDIR=$tmp "$credcheck" --survey --verbose >out 2>err
	status=$?
	TMPDIR=${tmp}0 "$credcheck" --survey >out.long 2>err.long
	long=$?
	rmdir $tmp $base
	atf_check_equal "0 2" "$status $long"
	atf_check -s exit:1 grep -v -e "datagram socket is not connected$" \
	    -e "connection is one socket's alone$" \
	    -e ": credcheck --order " err
	atf_check cat out.long
	atf_check -o inline:"credcheck: TMPDIR is 86 bytes long, 85 at most for\
 a socket in it: ${tmp}0\n" cat err.long
}

atf_test_case ordinary_user
ordinary_user_head() {
	atf_set descr "An ordinary user sees the same table as root, but for" \
	    "the IDs"
	atf_set require.user root
	atf_set require.progs "jq setpriv"
}
ordinary_user_body() {
	require_linux
	cp "$credcheck" ./copy
	chmod 755 . copy
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	"$credcheck" --survey >root
	TMPDIR=/tmp setpriv --reuid=4711 --regid=4711 --clear-groups \
	    ./copy --survey >user
	atf_check cmp root user
}

atf_test_case unsupported
unsupported_head() {
	atf_set descr "A system without the mechanism has a table as well, and" \
	    "status 2"
}
unsupported_body() {
	atf_check -s exit:2 -o save:text "$(atf_get_srcdir)/h_generic" --survey
	atf_check -o match:"^$(uname -s) .*: no option for credentials$" \
	    -o match:"^option, then message +unsupported" cat text
	# No process IDs there: root's client is told by its user.
	whose=unknown
	[ $(id -u) -ne 0 ] || whose=client
	# NetBSD asks no pair, FreeBSD none for datagrams.
	dgram=$whose
	[ "$(uname -s)" != FreeBSD ] || dgram=none
	[ "$(uname -s)" = NetBSD ] || atf_check -o ignore \
	    grep "^peer of a pair *$whose *$whose *$dgram$" text
	[ $(id -u) -ne 0 ] || whose=server
	atf_check -o ignore grep \
	    "^listener, asked by the client *$whose *$whose " text
}

atf_test_case options
options_head() {
	atf_set descr "What means nothing to a survey is refused"
}
options_body() {
	for option in "--path sock" "--type dgram" "--count 2" "--user 1:1" \
	    --names --sync "--mode 0600"; do
		name=${option%% *}
		atf_check -s exit:2 \
		    -e inline:"credcheck: $name means nothing with --survey\n" \
		    "$credcheck" --survey $option
	done
	atf_check -s exit:2 \
	    -e inline:"credcheck: --server and --survey exclude each other\n" \
	    "$credcheck" --server sock --survey
}

atf_test_case tmpdir_at
tmpdir_at_head() {
	atf_set descr "A TMPDIR that begins with @ is a directory, and no" \
	    "abstract name"
}
tmpdir_at_body() {
	require_strace
	mkdir @x
	atf_check -o ignore env TMPDIR=@x strace -f -o trace -e trace=bind \
	    "$credcheck" --survey
	atf_check -o not-empty grep -F 'sun_path="@x/credcheck.' trace
	atf_check -s exit:1 grep -F 'sun_path=@"x' trace
	atf_check rmdir @x
}

atf_test_case exchanged
exchanged_head() {
	atf_set descr "A directory that has taken the name of the survey's is" \
	    "not used and not removed"
}
exchanged_body() {
	require_faults
	mkdir tmp
	TMPDIR=tmp start -f fstatat:after=STOP:when=1 "$credcheck" --survey
	wait_until '[ -s faults ] && case $(ps -o stat= -p $pid) in
	    T*) ;; *) false ;; esac'
	name=$(ls tmp)
	mv tmp/$name ours
	mkdir tmp/$name
	kill -CONT $pid
	wait $pid
	atf_check_equal 2 $?
	atf_check cat stdout
	atf_check -o inline:"credcheck: TMPDIR: tmp/$name: another has its name
credcheck: tmp/$name: left behind: another file has its name\n" cat stderr
	atf_check rmdir tmp/$name ours
}

atf_test_case roots_directory
roots_directory_head() {
	atf_set descr "The directory stays root's, also where the client becomes" \
	    "an ordinary user who has to reach the socket, and nobody lists it"
	atf_set require.user root
}
roots_directory_body() {
	require_strace
	mkdir tmp
	chmod 755 . tmp
	generic=$(atf_get_srcdir)/h_generic
	TMPDIR=$PWD/tmp strace -f -o trace \
	    -e trace=chown,fchown,lchown,fchownat,chmod,fchmod,fchmodat,setreuid \
	    "$generic" --survey >out
	atf_check -o match:"^peer of a named socket +client +client " cat out
	atf_check -s exit:1 grep chown trace
	# Only for that conversation can others pass through it.
	sed -n 's/.*fchmod(.*, \(0[0-7]*\)).*/\1/p' trace >modes
	atf_check -o inline:"0711\n0700\n" sh -c "uniq modes | head -n 2"
	atf_check -o inline:"0700\n" tail -n 1 modes
	atf_check -o inline:"0700\n0711\n" sort -u modes
	atf_check rmdir tmp
	require_faults
	atf_check -s exit:2 -e match:": TMPDIR: chmod: $(words EPERM)$" \
	    env TMPDIR=. "$h_start" -f fchmod:error=EPERM "$generic" --survey
}

atf_test_case no_fork
no_fork_head() {
	atf_set descr "Where no client can be forked, each cell has failed by" \
	    "that, and leaves no descriptor behind"
	atf_set require.progs "jq"
}
no_fork_body() {
	require_faults
	sh -c 'ulimit -n 24; exec "$0" "$@"' "$h_start" -f fork:error=EAGAIN \
	    "$credcheck" --survey --json >out
	atf_check_equal 2 $?
	atf_check -o inline:"fork: $(words EAGAIN)\n" sh -c \
	    "jq -r '.rows[].cells[].failed | strings' out | sort -u"
	# Nor is a want of descriptors taken for one of sockets.
	atf_check -s exit:1 grep "no such sockets" out
	with_faults socket:error=EMFILE --survey --json
	atf_check -s exit:1 grep "no such sockets" stdout
}

atf_test_case capabilities
capabilities_head() {
	atf_set descr "Who has kept the capabilities to claim any ID is no" \
	    "ordinary user: that row has no cell then, and says why"
	atf_set require.progs "jq setpriv"
	atf_set require.user root
}
capabilities_body() {
	require_linux
	for kept in "--reuid=1234 --regid=1234 --clear-groups" \
	    "--securebits=+no_setuid_fixup"; do
		TMPDIR=/tmp setpriv --inh-caps=+setuid,+setgid,+sys_admin \
		    --ambient-caps=+setuid,+setgid,+sys_admin $kept \
		    "$credcheck" --survey --json >out ||
		    atf_skip "no ambient capabilities here"
		atf_check -o inline:"null no ordinary user here: the client has capabilities\n" \
		    jq -r '.rows[] | select(.name == "forged").cells.stream |
		    "\(.outcome) \(.missing)"' out
	done
	# One of them is enough.
	for cap in setuid setgid; do
		TMPDIR=/tmp setpriv --inh-caps=+$cap --ambient-caps=+$cap \
		    --reuid=1234 --regid=1234 --clear-groups \
		    "$credcheck" --survey --json >out
		atf_check -o match:"the client has capabilities" jq -r \
		    '.rows[] | select(.name == "forged").cells.stream.missing' \
		    out
	done
	# A group 0 is none.
	for as in "setpriv --reuid=1234 --regid=0 --clear-groups" env; do
		atf_check -o save:out env TMPDIR=/tmp $as "$credcheck" \
		    --survey --json
		atf_check -o inline:"null\n" jq -r \
		    '.rows[] | select(.name == "forged").cells.stream.missing' \
		    out
	done
}

atf_test_case other_proc
other_proc_head() {
	atf_set descr "With the /proc of another PID namespace, without one," \
	    "and without a descriptor for it, no process is called two, and" \
	    "what is not known is none"
	atf_set require.progs "jq unshare"
	atf_set require.user root
}
other_proc_body() {
	require_linux
	unshare --pid --mount --fork true || atf_skip "no namespaces here"
	"$credcheck" --survey --json >usual
	for prepare in : "umount -l /proc"; do
		unshare --pid --mount --fork sh -c \
		    "$prepare && exec '$credcheck' --survey --json" >out ||
		    atf_skip "no /proc to be taken away here"
		atf_check -s exit:1 grep '"whose":"two"' out
		# By ioctl(2) the kernel tells, from 6.13 on, or nobody.
		atf_check -o match:'^(client|null)$' jq -r \
		    '.rows[] | select(.name == "pidfd_pair").cells.stream.whose' out
	done
	start "$credcheck" --server sock --verbose --count 9
	wait_listening
	unshare --pid --fork "$credcheck" --peer sock --json >out
	atf_check_equal 0 $?
	atf_check -o inline:"null null\n" jq -r '"\(.pid) \(.pidfd_pid)"' out
	unshare --pid --fork "$credcheck" --peer sock >out
	atf_check -o ignore grep "^PID: 0 (not seen from here)$" out
	atf_check -s exit:1 grep "pidfd: 0" out
	kill -INT $pid
}

atf_test_case run_in
run_in_head() {
	atf_set descr "A survey says that it was run in a user or PID namespace" \
	    "of its own, and nothing elsewhere"
	atf_set require.progs "jq unshare"
	atf_set require.user root
}
run_in_body() {
	require_linux
	unshare -r -p -f --mount-proc true ||
	    atf_skip "no such namespaces to be had here"
	unshare -r -p -f --mount-proc "$credcheck" --survey --json >inside
	atf_check -o inline:'["user_namespace","pid_namespace"]\n' \
	    jq -c .run_in inside
	unshare -r "$credcheck" --survey >inside
	atf_check -o ignore \
	    grep "^Run in: a user namespace without every ID" inside
	grep -q "^ *0 *0 *4294967295$" /proc/self/uid_map ||
	    atf_skip "not every user has an ID here"
	atf_check -o not-match:"user namespace" "$credcheck" --survey
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case run_in
	atf_add_test_case linux
	atf_add_test_case linux_ids
	atf_add_test_case shown
	atf_add_test_case pidfds
	atf_add_test_case findings
	atf_add_test_case derived
	atf_add_test_case failed
	atf_add_test_case hanging
	atf_add_test_case repeatable
	atf_add_test_case text
	atf_add_test_case reasons
	atf_add_test_case nothing_left
	atf_add_test_case long_tmpdir
	atf_add_test_case ordinary_user
	atf_add_test_case unsupported
	atf_add_test_case options
	atf_add_test_case tmpdir_at
	atf_add_test_case exchanged
	atf_add_test_case roots_directory
	atf_add_test_case no_fork
	atf_add_test_case capabilities
	atf_add_test_case other_proc
}
