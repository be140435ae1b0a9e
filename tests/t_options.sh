# SPDX-License-Identifier: BSD-2-Clause
#
# The command line, and what is said of a wrong one.

# Checks that credcheck "$@" is refused with the line in $line alone.
refused() {
	echo "credcheck: $line" >expected
	atf_check -s exit:2 -e file:expected "$credcheck" "$@"
}

atf_test_case unknown
unknown_head() {
	atf_set descr "An option, argument or operand that is not known is" \
	    "named"
}
unknown_body() {
	hint="(--help lists them)"
	line="no such option: -x $hint";	refused -x
	line="no such option: -x $hint";	refused -jx
	line="no such option: -x $hint";	refused --json -xq
	line="no such option: --no-such $hint"; refused --no-such
	line="option takes no argument: --json=1"; refused --json=1
	line="option takes no argument: --js=";	refused --js=
	line="option needs an argument: --count"; refused --count
	line="option needs an argument: -c";	refused -c
	hint="(--help lists the options)"
	line="unexpected operand: sock $hint";	refused sock
	line="unexpected operand: --json $hint"; refused -- --json
	line="unexpected operand: a?b?[31m $hint"
	refused "$(printf 'a\nb\033[31m')"
}

atf_test_case nearest
nearest_head() {
	atf_set descr "A long option that could be several lists those, and" \
	    "one that is none names the nearest, if one is near"
}
nearest_body() {
	line="--s could be --server, --survey, --sync or --spread"
	refused --s
	line="--s=x could be --server, --survey, --sync or --spread"
	refused --s=x
	line="--ver could be --version or --verbose";	refused --ver
	nearest="no such option: %s; the nearest is %s"
	while read -r word option; do
		line=$(printf "$nearest" $word $option)
		refused $word
	done <<-'END'
	--servr		--server
	--sevrer	--server
	--servr=sock	--server
	--timout	--timeout
	--jsn		--json
	--raec		--race
	--counts	--count
	END
	hint="(--help lists them)"
	for word in --q1 --x=count --xyz --verification-of-all-options; do
		line="no such option: $word $hint"
		refused $word
	done
}

atf_test_case other_getopt
other_getopt_head() {
	atf_set descr "Where getopt_long(3) answers ':' to an argument too" \
	    "many, as the BSDs' does, it is still none that is missing"
}
other_getopt_body() {
	require_faults
	for arg in --json=1 --js=; do
		atf_check -s exit:2 \
		    -e inline:"credcheck: option takes no argument: $arg\n" \
		    "$h_start" -f getopt_long:answer=58 "$credcheck" $arg
	done
	atf_check -s exit:2 \
	    -e inline:"credcheck: option needs an argument: --count\n" \
	    "$h_start" -f getopt_long:answer=58 "$credcheck" --count
}

atf_test_case values
values_head() {
	atf_set descr "A value that is none or out of its range is refused" \
	    "with the range"
}
values_body() {
	range="a number from 1 to 1000000000"
	for n in 0 -1 1000000001 99999999999999999999 ten 1x " 1" +1 1.0; do
		line="--count $n: $range";	refused --count "$n"
		line="--count=$n: $range";	refused --count="$n"
		line="--cou $n: $range";	refused --cou "$n"
		line="-c $n: $range";		refused -c "$n"
		line="-c $n: $range";		refused -rc"$n"
	done
	line="--count \"\": $range";	refused --count ""
	line="--count=: $range";	refused --count=
	for n in -1 1000001 x 1.5; do
		line="--spread $n: a number from 0 to 1000000"
		refused --race --spread "$n"
	done
	range="a number of seconds from 0.001 to 86400"
	for n in 0 0.0009 86401 -1 1e3 0x5 inf nan five 5s " 1" . 1.2.3; do
		line="--timeout $n: $range";	refused --timeout "$n"
	done
	for n in 8 0o666 1000 07777 -1 rw-rw-rw- " 6"; do
		line="-m $n: an octal number from 0 to 777"
		refused --path sock -m "$n"
	done
	for n in raw STREAM str; do
		line="--type $n: stream, seqpacket or dgram"
		refused --type "$n"
	done
	line="--type a?b: stream, seqpacket or dgram"
	refused --type "$(printf 'a\nb')"
}

atf_test_case limits
limits_head() {
	atf_set descr "The limits of a value are themselves accepted"
}
limits_body() {
	require_mechanism
	for args in "-c 1" "-w 0.001 -c 1 -V" "-w 86400" "-w 1." "-w .5" \
	    "-p sock -m 777"; do
		atf_check -o ignore "$credcheck" $args
	done
}

atf_test_case modes
modes_head() {
	atf_set descr "Modes that exclude each other are both named, in" \
	    "whatever order"
}
modes_body() {
	line="--sync and --late exclude each other";	refused -s -L
	line="--late and --sync exclude each other";	refused -L -s
	line="--late and --sync exclude each other";	refused --late -js
	line="--race and --late exclude each other";	refused -r -L
	line="--quiet and --json exclude each other";	refused -q -j
	line="--quiet and --names exclude each other";	refused -qn
	line="--json and --names exclude each other";	refused -s -j -n
	line="--json and --quiet exclude each other";	refused -S -j -q
	line="--json and --quiet exclude each other";	refused -l sock -jq
	require_mechanism
	atf_check -o ignore "$credcheck" -s --sync
}

atf_test_case meaningless
meaningless_head() {
	atf_set descr "An option that means nothing with the others is refused"
}
meaningless_body() {
	line="--mode needs --path";	refused --mode 0600
	line="--inherit needs --path";	refused --inherit
	line="--names means nothing with --count";	refused -n -c 5
	line="--names means nothing with --race";	refused -rn
	line="--data means nothing with --count";	refused --data -c 2
	line="--data and --quiet exclude each other";	refused --data -q
	line="--spread 20000 us is longer than --timeout 0.01 s"
	refused --race --spread 20000 --timeout 0.01
	for mode in sync late; do
		line="--spread means nothing with --$mode"
		refused --$mode --spread 1
	done
	# A mode that was not typed is not named.
	line="--spread needs --race, --order or --client"
	refused --spread 1
}

atf_test_case help
help_head() {
	atf_set descr "--help and --version go to standard output"
}
help_body() {
	atf_check -o match:"^usage: credcheck " -o match:"--timeout seconds" \
	    "$credcheck" --help
	atf_check -o match:"^credcheck [0-9.]+$" "$credcheck" --version
	atf_check -o not-match:".{80}" "$credcheck" --help
	"$credcheck" --help | sed -n 's/^\([A-Z].*\):$/\1/p' >headings
	atf_check -o inline:"Modes\nWhat is asked for\nThe report\n\
About credcheck\nExit status\n" cat headings
	"$credcheck" --help | sed '1,/^Exit/d' | cut -c 1-5 >statuses
	atf_check -o inline:"  0  \n  1  \n  2  \n" cat statuses
}

atf_test_case documented
documented_head() {
	atf_set descr "The manual, its synopsis, --help, its usage and the" \
	    "program know the same options"
}
documented_body() {
	manual=$(atf_get_srcdir)/../credcheck.1
	sed -n 's/^\.It Fl \(.\) , Fl Fl \([a-z]*\).*/\1 \2/p' "$manual" |
	    sort >manual
	"$credcheck" --help | sed -n 's/^  -\(.\), --\([a-z]*\) .*/\1 \2/p' |
	    sort >help
	atf_check test -s help
	atf_check -o file:help cat manual
	while read -r letter name; do
		# With an operand too many a known option is not the complaint.
		for option in -$letter --$name; do
			"$credcheck" $option 2>&1 </dev/null |
			    grep "no such option" && atf_fail "$option"
		done
		case $name in
		help|version)	continue ;;
		esac
		sed -n '/^\.Sh SYN/,/^\.Sh DES/p' "$manual" |
		    grep -qE "^\.(Op )?Fl (.*\| (Fl )?)?[a-zA-Z]*$letter" ||
		    atf_fail "-$letter is not in the manual's synopsis"
		"$credcheck" --help | sed -n '/^usage/,/^$/p' |
		    grep -qE -- "(-|\| )[a-zA-Z]*$letter" ||
		    atf_fail "-$letter is not in the usage"
	done <help
	for letter in $(printf '%s\n' a b c d e f g h \
	    i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O \
	    P Q R S T U V W X Y Z); do
		"$credcheck" -$letter 2>&1 </dev/null |
		    grep -q "no such option" || echo $letter
	done | grep . | sort >known
	cut -d ' ' -f 1 help | sort >listed
	atf_check -o file:listed cat known
}

atf_test_case usage
usage_head() {
	atf_set descr "The usage is the manual's synopsis, and names the" \
	    "options that mean something in each mode, and no others"
	atf_set require.progs "mandoc"
}
# Whether options are refused; -o has its argument in $order.
wrong() {
	_args=$(echo "$*" | sed 's/-o//')
	[ "$_args" = "$*" ] || set -- -o "$order" $_args
	TMPDIR=none "$credcheck" "$@" 2>&1 | grep -qE "nothing|exclude|needs --"
}
usage_body() {
	"$credcheck" --help | sed -e 's/^usage://' -e '/^$/,$d' |
	    tr -s ' \n' ' ' >usage
	mandoc -Tascii "$(atf_get_srcdir)/../credcheck.1" |
	    sed -e "s/.$(printf '\b')//g" \
	    -e '1,/^SYNOPSIS/d' -e '/^DESCRIPTION/,$d' | tr -s ' \n' ' ' |
	    sed 's/ credcheck -h | -V / /' >synopsis
	atf_check -o file:synopsis cat usage
	awk '{ gsub(/ credcheck /, "\n"); print }' usage | sed 1d >modes
	while read -r line; do
		# The path that fails is the last of all to be found out.
		order="ready accept delay receive / connect write"
		case $line in
		-l*)	order="ready accept receive" ;;
		-C*)	order="connect write" ;;
		esac
		case $line in
		-[lCP]*)	modes=${line%% *} path="none/sock" ;;
		-f*)	modes=-f path=99 ;;
		-S*)	modes=-S path= ;;
		*)	modes="-s -L -r -i -o" path="-p none/sock" ;;
		esac
		for option in -a -d -v -j -n -q -i -L -o -r -s "-c 2" "-e 1:1" \
		    "-p none/s" "-t seqpacket" "-u 1:1" "-W 1" "-w 1"; do
			taken=false
			for mode in $modes; do
				wrong $mode $path $option || taken=true
			done
			named=true
			letter=${option%% *}
			# Alone, or with others that take no argument.
			echo "$line" |
			    grep -qE -- "(\[|\| )-[a-z]*${letter#-}" ||
			    named=false
			[ $named = $taken ] || echo "$modes $option"
		done
	done <modes >wrong
	atf_check cat wrong
}

atf_test_case deadlines
deadlines_head() {
	atf_set descr "Each step has a deadline of its own, whose message says" \
	    "what it has waited for"
	atf_set require.progs "python3"
}
deadlines_body() {
	require_mechanism
	require_faults
	while IFS='|' read -r call args line; do
		with_faults $call:delay=500000 --timeout 0.2 $args </dev/null
		status=$?
		echo "$call $args: $status $(cat stderr)"
		atf_check_equal 2 $status
		line="timed out after 0.2 s waiting for $line"
		atf_check -o ignore grep -xE "credcheck: (client: )?$line" \
		    stderr
		atf_check cat stdout
		atf_check test ! -e sock
	done <<-'END'
	sendmsg|--sync|the client to connect
	sendmsg|--path sock|the client to connect
	connect|--path sock --type dgram|the client to connect
	listen|--path sock|the server
	listen|--inherit --path sock|the server
	accept|--late --path sock|the server to accept
	accept|--path sock|(the client to connect|the server to accept)
	recvmsg|--late|the server to accept
	setsockopt|--sync|"go on"
	setsockopt|--path sock --type dgram|"go on"
	write|--sync|the client's message
	write|--late|the client's message
	write|--inherit --path sock|the client's message
	write|--path sock --type dgram|the client's message
	END
	# A client whose server is not ours has nobody who could tell.
	start python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("full")
time.sleep(20)'
	wait_until '[ -S full ]'
	atf_check -s exit:2 -e inline:"credcheck: client: timed out after 0.2 s\
 waiting for room for the message\n" "$credcheck" --client full --timeout 0.2 \
	    --type dgram --count 100000
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case unknown
	atf_add_test_case nearest
	atf_add_test_case other_getopt
	atf_add_test_case values
	atf_add_test_case limits
	atf_add_test_case modes
	atf_add_test_case meaningless
	atf_add_test_case help
	atf_add_test_case documented
	atf_add_test_case usage
	atf_add_test_case deadlines
}
