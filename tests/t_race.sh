# SPDX-License-Identifier: BSD-2-Clause
#
# The race: no synchronization, both outcomes, and which came when.

# Checks a JSON report in the file out: both outcomes in at least one trial of
# twenty, no violation, and numbers that agree with each other.
fair() {
	atf_check -o inline:"true\n" jq '.trials as $n |
	    .counts.credentials / $n >= 0.05 and
	    .counts.credentials / $n <= 0.95' out
	consistent
}

consistent() {
	atf_check -o inline:"0 0\n" jq -r '"\(.violations) \(.mismatches)"' out
	atf_check -o inline:"true\n" jq '.trials as $n |
	    ([.counts[]] | add) == $n and
	    ([.classes[].trials] | add) == $n and
	    ([.classes[].counts[]] | add) == $n and
	    ([.histogram[].counts[]] | add) == $n and
	    all(.classes[]; ([.counts[]] | add) == .trials)' out
	atf_check -o inline:"true\n" jq '
	    .classes.before.trials == .classes.before.counts.credentials and
	    .classes.after.counts.credentials == 0' out
}

atf_test_case both
both_head() {
	atf_set descr "Both outcomes show, in one trial of twenty at least," \
	    "over every transport and type, and the rule holds"
	atf_set require.progs "jq"
}
both_body() {
	require_mechanism
	for type in stream seqpacket dgram; do
		for path in "" "--path sock"; do
			atf_check -o save:out "$credcheck" --race --json \
			    --count 2000 --type $type $path
			fair
			atf_check -o inline:"true\n" jq \
			    '.classes | .before.trials > 0 and
			    .after.trials > 0' out
		done
	done
}

atf_test_case default
default_head() {
	atf_set descr "By default it is 10000 trials, or what a second holds"
	atf_set require.progs "jq"
}
default_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --race --json
	fair
	atf_check -o inline:"true\n" \
	    jq '.trials == 10000 or (.trials < 10000 and .elapsed_s >= 1)' out
	atf_check -o inline:"20\n" jq .spread_us out
}

atf_test_case one_processor
one_processor_head() {
	atf_set descr "Both outcomes show on a single processor"
	atf_set require.progs "jq taskset"
}
one_processor_body() {
	require_mechanism
	atf_check -o save:out taskset -c 0 "$credcheck" --race --json \
	    --count 2000
	fair
}

atf_test_case loaded
loaded_head() {
	atf_set descr "Both outcomes show on a loaded machine"
	atf_set require.progs "jq"
}
loaded_body() {
	require_mechanism
	for _ in 1 2 3 4; do
		timeout 60 sh -c 'while :; do :; done' &
	done
	# Who gets the processors is not ours to say: one of ten runs has to
	# be fair, and all of them true.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		atf_check -o save:out "$credcheck" --race --json --count 5000
		consistent
		share=$(jq '.counts.credentials * 100 / .trials | floor' out)
		[ $share -lt 5 ] || [ $share -ge 95 ] || break
	done
	kill $(jobs -p)
	fair
}

atf_test_case delays
delays_head() {
	atf_set descr "The delays are within --spread, and each run and each" \
	    "side draws its own: two runs differ in what came when, and one" \
	    "side comes well before the other as often as it should"
	atf_set require.progs "jq"
}
delays_body() {
	require_mechanism
	for spread in 1 20 300; do
		for n in 1 2; do
			atf_check -o save:out "$credcheck" --race --json \
			    --count 300 --spread $spread
			atf_check -o inline:"$spread\n" jq .spread_us out
			jq -c .histogram out >histogram.$n
		done
	done
	# With 1 us, or on a busy machine with 20, all are in the outer bins.
	! cmp -s histogram.1 histogram.2 || atf_fail "the same twice"
	# In 56 of 100 trials, by a quarter of the longest delay.
	atf_check -o inline:"true\n" jq '.trials * 0.3 <
	    ([.histogram[] | select(.from_ns == null or .to_ns == null or
	    .from_ns >= 75000 or .to_ns <= -75000) | .counts[]] | add)' out
}

atf_test_case slow_clock
slow_clock_head() {
	atf_set descr "Where a look at the clock takes more than a tenth of" \
	    "the default delays these follow it, and the report says so;" \
	    "those that were asked for do not"
	atf_set require.progs "jq"
}
slow_clock_body() {
	require_mechanism
	require_faults
	[ -z "${UBSAN_OPTIONS-}" ] ||
	    atf_skip "sanitizers look at the clock before there is a fault"
	with_faults clock_gettime:delay=20 --race --count 4
	atf_check -o match:"^Each side waits 0 to [0-9]{3,} us before its step,\
 as one look at the clock$" -o match:"^takes [0-9]{2,} us$" cat stdout
	with_faults clock_gettime:delay=20 --race --count 4 --json
	atf_check -o inline:"true\n" jq '.spread_us >= 200' stdout
	with_faults clock_gettime:delay=20 --race --count 4 --spread 30
	atf_check -o match:"^Each side waits 0 to 30 us before its step$" \
	    cat stdout
}

atf_test_case bare
bare_head() {
	atf_set descr "Without delays whatever happens is reported as it is," \
	    "and the JSON says that no delay was drawn"
	atf_set require.progs "jq"
}
bare_body() {
	require_mechanism
	for args in "" "--type seqpacket" "--type dgram --path sock"; do
		atf_check -o save:out "$credcheck" --race --spread 0 --json \
		    --count 2000 $args
		consistent
		atf_check -o inline:"0 0\n" jq -r \
		    '"\(.spread_us) \(.classes.unaccepted.trials)"' out
	done
	atf_check -o match:"^No delays: the bare race$" \
	    "$credcheck" --race --spread 0 --count 10
}

atf_test_case unaccepted
unaccepted_head() {
	atf_set descr "Over a path a write may begin before accept(2) returns," \
	    "and these trials are a class of their own, beyond the rule"
	atf_set require.progs "jq"
}
unaccepted_body() {
	require_linux
	for type in stream seqpacket; do
		# On one processor such a write is rare, but never missing.
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			atf_check -o save:out "$credcheck" --race --json \
			    --spread 0 --count 5000 --path sock --type $type
			consistent
			n=$(jq .classes.unaccepted.trials out)
			[ $n -eq 0 ] || break
		done
		atf_check test $n -gt 0
		atf_check test $(jq .counts.credentials out) -gt 0
		atf_check -o match:"^Of the writes that began before accept" \
		    -o match:"^begun before accept.2. ended +[1-9]" \
		    "$credcheck" --race --spread 0 --count 20000 --path sock
	done
}

atf_test_case violation
violation_head() {
	atf_set descr "A kernel that breaks the rule, here one that says the" \
	    "option was set and did not, is found out and reported"
	atf_set require.progs "jq"
}
violation_body() {
	require_mechanism
	require_faults
	# 20 ms of delay at most, however slow the log; one in two has the order.
	atf_check -s exit:1 -o save:out -e save:err \
	    "$h_start" -f setsockopt:return=0 "$credcheck" --race --json \
	    --count 100 --spread 20000
	n=$(jq .violations out)
	atf_check test $n -ge 10
	atf_check -o inline:"$n\n" jq .classes.before.trials out
	atf_check -o inline:"10\n" grep -c \
	    "^credcheck: violation in trial [0-9]*: option set before the write, none (ns from accepted: option [0-9]* to [0-9]*, write [0-9]* to [0-9]*)$" \
	    err
	atf_check -s exit:1 -o save:out -e ignore \
	    "$h_start" -f setsockopt:return=0 "$credcheck" --race \
	    --count 100 --spread 20000
	atf_check -o ignore grep "^This kernel broke the rule" out
	atf_check -o ignore grep "^violations of the rule *[1-9]" out
}

atf_test_case unsupported
unsupported_head() {
	atf_set descr "On a system without the mechanism a race is" \
	    "unsupported, breaks no rule, and shows no table"
	atf_set require.progs "jq"
}
unsupported_body() {
	atf_check -s exit:2 -o inline:"20 trials: 20 unsupported\n" \
	    "$(atf_get_srcdir)/h_generic" --race --count 20
	atf_check -s exit:2 -o save:out "$(atf_get_srcdir)/h_generic" --race \
	    --count 20 --json
	atf_check -o inline:"20 0\n" \
	    jq -r '"\(.counts.unsupported) \(.violations)"' out
}

atf_test_case text
text_head() {
	atf_set descr "The text says how the delays were drawn, has the table," \
	    "the picture and the lesson, and fits 80 columns"
}
text_body() {
	require_mechanism
	atf_check -o match:"^Each side waits 0 to [0-9]+ us before its step$" \
	    "$credcheck" --race --count 100
	# Long enough to be seen by a slow clock.
	atf_check -o save:out "$credcheck" --race --spread 400 --count 2000
	atf_check -o match:"^Each side waits 0 to 400 us before its step$" \
	    -o match:"^option set before the write +[0-9]+ +[0-9]+ +0$" \
	    -o match:"^option set after the write +[0-9]+ +0 +[0-9]+$" \
	    -o match:"^violations of the rule +0  .before: credentials; after: none.$" \
	    -o match:"^ +-[0-9.]+ \.\.\. +-[0-9.]+ +[1-9][0-9]* +\.+ \| " \
	    -o match:" \| #+ +[1-9][0-9]*$" \
	    -o match:"^If the option is set before the client writes, " \
	    -o not-match:".{81}" -o not-match:"[^ -~]" cat out
	# The turning point: no credentials well before it, all well after it.
	awk '/\.\.\./ && $3 == "..." || $2 == "..." {
	    split($0, half, "|"); n = split(half[1], l, " ")
	    if ($1 >= 100 && $1 < 300 && l[4] > 0.1 * $NF) bad = 1 }
	    END { exit bad }' out || atf_fail "no turning point"
	awk '/\|$/ && / [0-9]+ +\| *$/ { exit 1 }' out ||
	    atf_fail "a bar without its number"
}

atf_test_case verbose
verbose_head() {
	atf_set descr "--verbose has the timeline of one trial of each outcome"
}
verbose_body() {
	require_mechanism
	atf_check -o ignore -e save:err "$credcheck" --race --verbose \
	    --count 1000
	atf_check -o inline:"1\n" grep -c "^Trial [0-9]*: credentials$" err
	atf_check -o inline:"1\n" grep -c "^Trial [0-9]*: $lost$" err
	atf_check -o inline:"2\n" grep -c "message sent" err
}

atf_test_case interrupted
interrupted_head() {
	atf_set descr "SIGINT, SIGTERM and SIGHUP end it early with a true" \
	    "report of the trials done, and status 0; nothing is left"
	atf_set require.progs "jq"
}
interrupted_body() {
	require_mechanism
	for signal in INT TERM HUP; do
		start "$credcheck" --race --json --count 1000000000 --path sock
		wait_until '[ -n "$(child_of $pid)" ]'
		child=$(child_of $pid)
		sleep 0.3
		kill -$signal $pid
		wait $pid
		atf_check_equal 0 $?
		atf_check cat stderr
		mv stdout out
		atf_check -o inline:"true\n" \
		    jq '.trials > 0 and .trials < 1000000000' out
		consistent
		alive $child && atf_fail "the client lives on"
		atf_check test ! -e sock
	done
	start "$credcheck" --race --count 1000000000 --path sock
	wait_until '[ -S sock ]'
	ulimit -c 0
	kill -QUIT $pid
	wait $pid
	atf_check_equal 131 $?
	atf_check test ! -e sock
}

atf_test_case progress
progress_head() {
	atf_set descr "A run of over a second shows progress on a terminal," \
	    "and nothing of it elsewhere"
	atf_set require.progs "python3"
}
progress_body() {
	require_mechanism
	python3 -c 'import pty; pty.openpty()' 2>/dev/null ||
	    atf_skip "no pseudo-terminal to be had here"
	on_terminal
	# 400 trials of 5 ms at least, on any machine.
	args="--race --count 400 --spread 10000"
	atf_check -o match:"[0-9]+ of 400 trials, [0-9]+ a second, [0-9]+ s left" \
	    python3 on_terminal.py 0 "$credcheck" $args
	atf_check -o ignore "$credcheck" $args
	atf_check python3 on_terminal.py 0 "$credcheck" --quiet $args
}

atf_test_case cleared
cleared_head() {
	atf_set descr "No progress line stays on the terminal, after a signal" \
	    "that ends the race nor after one that kills another run"
	atf_set require.progs "python3"
}
cleared_body() {
	require_mechanism
	python3 -c 'import pty; pty.openpty()' 2>/dev/null ||
	    atf_skip "no pseudo-terminal to be had here"
	on_terminal
	for run in "0 2 --race" "0 2 --sync" "1 15 --late" "14 14 --sync -p s"; do
		set -- $run
		status=$1 signal=$2
		shift 2
		atf_check -s exit:$status -o save:said python3 on_terminal.py \
		    $signal "$credcheck" "$@" --count 1000000000
		atf_check -o match:"^[0-9]+ of 1000000000 trials, [0-9]+ a " \
		    -o match:"^ {70}$" sh -c 'tr "\r" "\n" <said'
		# The last that the terminal shows is an empty line.
		atf_check -o inline:" \r" sh -c "tail -c 2 said"
	done
	# Nor before a report on the same terminal.
	atf_check -o save:said env BOTH=1 python3 on_terminal.py 2 \
	    "$credcheck" --sync --count 1000000000
	atf_check -o match:"^[0-9]+ trials: " tr "\r" "\n" <said
}

atf_test_case limit
limit_head() {
	atf_set descr "A race without --count ends when its second is over," \
	    "however few trials that held; one with it does not"
	atf_set require.progs "jq"
}
limit_body() {
	require_mechanism
	require_faults
	# 10000 trials of 20 ms at least would be 200 s.
	slow=setsockopt:delay=20000
	atf_check -o save:out "$h_start" -f $slow "$credcheck" --race --json
	atf_check -o inline:"true\n" jq '.trials > 1 and .trials <= 50 and
	    .elapsed_s >= 1 and .elapsed_s < 10' out
	atf_check -o save:out "$h_start" -f $slow "$credcheck" --race --json \
	    --count 80
	atf_check -o inline:"true\n" jq '.trials == 80 and .elapsed_s > 1.6' out
}

atf_test_case nothing_left
nothing_left_head() {
	atf_set descr "100000 trials need no more descriptors than one batch," \
	    "and a limit of 16 only makes it slower"
	atf_set require.progs "jq"
}
nothing_left_body() {
	require_mechanism
	atf_check -o save:out sh -c "ulimit -n 200; exec '$credcheck' --race \
	    --json --spread 0 --count 100000"
	atf_check -o inline:"100000\n" jq .trials out
	consistent
	for path in "" "--path sock"; do
		atf_check -o save:out sh -c "ulimit -n 16; exec '$credcheck' \
		    --race --json --count 3000 $path"
		atf_check -o inline:"3000\n" jq .trials out
		fair
	done
}

atf_test_case histogram
histogram_head() {
	atf_set descr "The bins of JSON join without a gap, and their outer" \
	    "ends are null"
	atf_set require.progs "jq"
}
histogram_body() {
	require_mechanism
	for spread in 0 1 20 1000000; do
		count=50
		[ $spread = 1000000 ] && count=1
		atf_check -o save:out "$credcheck" --race --json \
		    --count $count --spread $spread
		atf_check -o inline:"true\n" jq '.histogram |
		    .[0].from_ns == null and .[-1].to_ns == null and
		    ([.[1:][].from_ns] == [.[:-1][].to_ns]) and
		    ([.[1:][].from_ns] | . == sort and . == unique) and
		    any(.[]; .from_ns == 0)' out
	done
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case both
	atf_add_test_case default
	atf_add_test_case one_processor
	atf_add_test_case loaded
	atf_add_test_case delays
	atf_add_test_case slow_clock
	atf_add_test_case bare
	atf_add_test_case unaccepted
	atf_add_test_case violation
	atf_add_test_case unsupported
	atf_add_test_case text
	atf_add_test_case verbose
	atf_add_test_case interrupted
	atf_add_test_case progress
	atf_add_test_case cleared
	atf_add_test_case limit
	atf_add_test_case nothing_left
	atf_add_test_case histogram
}
