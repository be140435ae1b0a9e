# SPDX-License-Identifier: BSD-2-Clause
#
# Who the client is: real and effective, groups, names.

# Makes ./with_groups, which runs a command with $1 supplementary groups.
make_with_groups() {
	cat >with_groups <<-'END'
	#!/usr/bin/env python3
	import os, sys
	os.setgroups(range(1000, 1000 + int(sys.argv[1])))
	os.execv(sys.argv[2], sys.argv[2:])
	END
	chmod +x with_groups
}

atf_test_case four_ids
four_ids_head() {
	atf_set descr "Four different IDs are never mixed up, over a pair and" \
	    "a path, and all of them are the client's"
	atf_set require.user root
	atf_set require.progs "jq"
}
four_ids_body() {
	require_mechanism
	group=2345
	# There the first of the groups is the effective one.
	case "$(uname -s) $(uname -r)" in
	"FreeBSD "1[234].*)	group=4567 ;;
	esac
	for args in "" "--path sock" "--type seqpacket --path sock" \
	    "--type dgram" "--count 1 --type seqpacket"; do
		atf_check -o save:out "$credcheck" --json --user 1234:2345 \
		    --effective 3456:4567 $args
		atf_check -o inline:"1234 3456 2345 4567 true\n" jq -r \
		    '"\(.uid) \(.euid) \(.gid) \(.egid) \(.match)"' out
		atf_check -o inline:"1234 3456 2345 4567 [$group]\n" jq -r \
		    '.client | "\(.uid) \(.euid) \(.gid) \(.egid) \(.groups)"' \
		    out
		atf_check -o inline:"[$group]\n" jq -c .groups out
	done
}

# Those of $gid and 4711 that a system may have or not have among the groups are
# left out; $gid is the primary one.
group_set() {
	case $(uname -s) in
	FreeBSD)	sort -nu | grep -vx -e $gid -e 4711 ;;
	*)		sort -nu ;;
	esac | tr '\n' ' '
}

atf_test_case user
user_head() {
	atf_set descr "A user by name or number has the group and groups of" \
	    "the databases; an explicit group replaces the primary one alone"
	atf_set require.user root
	atf_set require.progs "jq"
}
user_body() {
	require_mechanism
	user=daemon
	uid=$(id -u $user)
	gid=$(id -g $user)
	groups=$(id -G $user | tr ' ' '\n' | group_set)
	for name in $user $uid; do
		atf_check -o save:out "$credcheck" --json --user $name
		atf_check -o inline:"$uid $uid $gid $gid true\n" jq -r \
		    '"\(.uid) \(.euid) \(.gid) \(.egid) \(.match)"' out
		atf_check_equal "$groups" "$(jq '.groups[]' out | group_set)"
		atf_check -o save:out "$credcheck" --json --user $name:4711
		atf_check -o inline:"$uid 4711 4711 true\n" jq -r \
		    '"\(.uid) \(.gid) \(.egid) \(.match)"' out
		atf_check_equal "$groups" "$(jq '.groups[]' out | group_set)"
	done
}

atf_test_case effective
effective_head() {
	atf_set descr "--effective alone changes the effective IDs alone, to a" \
	    "group by number or name"
	atf_set require.user root
	atf_set require.progs "jq"
}
effective_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json --effective 3456:4567
	atf_check -o inline:"0 3456 $(id -rg) 4567 true\n" jq -r \
	    '"\(.uid) \(.euid) \(.gid) \(.egid) \(.match)"' out
	group=$(id -gn daemon)
	atf_check -o save:out "$credcheck" --json --effective "3456:$group"
	atf_check -o inline:"3456 $(id -g daemon)\n" \
	    jq -r '"\(.euid) \(.egid)"' out
}

atf_test_case bad
bad_head() {
	atf_set descr "An unknown user, group or number is named, before" \
	    "anything was made"
}
bad_body() {
	while read -r arg what; do
		for option in --user --effective; do
			echo "credcheck: $option $arg: no such $what" >expected
			atf_check -s exit:2 -e file:expected "$credcheck" \
			    $option "$arg" --path sock
			atf_check test ! -e sock
		done
	done <<-'END'
	nosuchuser user: nosuchuser
	nosuchuser: user: nosuchuser
	nosuchuser:daemon user: nosuchuser
	daemon:nosuchgroup group: nosuchgroup
	daemon: group: ""
	: user: ""
	-1:5 user: -1
	4294967295:5 user: 4294967295
	4711:4294967295 group: 4294967295
	99999999999:1 user: 99999999999
	4711: group: ""
	END
	for option in --user --effective; do
		atf_check -s exit:2 -e inline:"credcheck: $option \"\": no such\
 user: \"\"\n" "$credcheck" $option ""
		atf_check -s exit:2 -e inline:"credcheck: $option 4711: a user\
 ID without an entry needs a group, as 4711:100\n" "$credcheck" $option 4711
	done
}

atf_test_case not_root
not_root_head() {
	atf_set descr "Without root an identity is refused in one line"
	atf_set require.user unprivileged
}
not_root_body() {
	for option in --user --effective; do
		atf_check -s exit:2 \
		    -e match:"^credcheck: $option 0:0 needs root: set" \
		    -e not-match:"client left" \
		    "$credcheck" $option 0:0 --path sock
		atf_check test ! -e sock
	done
}

atf_test_case refused
refused_head() {
	atf_set descr "Each call by which the client becomes who it is to be" \
	    "ends the run in one line if it fails; and without an option the" \
	    "client is who it was, also if its IDs differ"
	atf_set require.user root
	atf_set require.progs "jq python3"
}
refused_body() {
	require_mechanism
	require_faults
	chmod 755 .
	for call in setgroups setregid setreuid; do
		with_faults $call:error=EPERM --user 1234:2345
		atf_check_equal 2 $?
		atf_check -o inline:"credcheck: --user 1234:2345 needs root:\
 $call: $(words EPERM)\n" cat stderr
		atf_check cat stdout
	done
	# LeakSanitizer cannot look at who has changed its IDs, or be told so.
	[ -z "${UBSAN_OPTIONS-}" ] || return 0
	cp "$credcheck" copy		# root's own directories are closed
	chmod 755 copy
	atf_check -o save:out python3 -c 'import os, sys
os.setegid(2345)
os.seteuid(1234)
os.execv(sys.argv[1], sys.argv[1:])' ./copy --json
	atf_check -o inline:"0 1234 2345 true\n" \
	    jq -r '"\(.uid) \(.euid) \(.egid) \(.match)"' out
}

atf_test_case real_65534
real_65534_head() {
	atf_set descr "A true user 65534 is no placeholder"
	atf_set require.user root
	atf_set require.progs "jq"
}
real_65534_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json --user 65534:65534
	atf_check -o inline:"credentials 65534 65534 true\n" \
	    jq -r '"\(.outcome) \(.uid) \(.gid) \(.match)"' out
}

atf_test_case many_groups
many_groups_head() {
	atf_set descr "60000 supplementary groups are all reported and match"
	atf_set require.user root
	atf_set require.progs "jq python3"
}
many_groups_body() {
	require_linux
	make_with_groups
	atf_check -o save:out ./with_groups 60000 "$credcheck" --json
	atf_check -o inline:"60000 true\n" \
	    jq -r '"\(.groups | length) \(.match)"' out
	atf_check -o inline:"true\n" \
	    jq '.groups == [range(1000; 61000)]' out
	atf_check -o save:text ./with_groups 60000 "$credcheck" --path sock
	# The words are the label's two, the groups and the source.
	atf_check -o match:"^60003\$" sh -c "grep ^Supp text | wc -w"
}

atf_test_case no_groups
no_groups_head() {
	atf_set descr "No groups are none in the text and [] in JSON"
	atf_set require.user root
	atf_set require.progs "jq python3"
}
no_groups_body() {
	require_linux
	make_with_groups
	atf_check -o match:"^Supplementary groups: none .SO_PEERGROUPS.$" \
	    ./with_groups 0 "$credcheck"
	atf_check -o save:out ./with_groups 0 "$credcheck" --json
	atf_check -o inline:"[]\n" jq -c .groups out
}

atf_test_case names
names_head() {
	atf_set descr "--names adds names to the text as id(1) has them, where" \
	    "there is one"
	atf_set require.user root
}
names_body() {
	require_mechanism
	atf_check -o match:"^UID: 1\($(id -un 1)\)$" \
	    -o match:"^EUID: 0\(root\)" -o match:"^GID: 4711$" \
	    -o match:"^EGID: 0\($(id -gn)\)" \
	    "$credcheck" --names --user 1:4711 --effective root
}

atf_test_case pid_of_fork
pid_of_fork_head() {
	atf_set descr "The client's PID is what fork(2) returned, also if the" \
	    "client itself has another one, in a PID namespace of its own"
	atf_set require.progs "jq unshare"
}
pid_of_fork_body() {
	require_linux
	unshare --pid true 2>/dev/null ||
	    atf_skip "no PID namespace to be had here"
	for args in "" "--path sock" "--type dgram" "--count 1 --inherit --path s"; do
		atf_check -o save:out unshare --pid "$credcheck" --json $args
		atf_check -o inline:"true true\n" jq -r \
		    '"\(.match) \(.pid == .client.pid and .pid > 1)"' out
	done
}

atf_init_test_cases() {
	# LeakSanitizer cannot look into a process that changed its IDs.
	export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case four_ids
	atf_add_test_case user
	atf_add_test_case effective
	atf_add_test_case bad
	atf_add_test_case not_root
	atf_add_test_case refused
	atf_add_test_case real_65534
	atf_add_test_case many_groups
	atf_add_test_case no_groups
	atf_add_test_case names
	atf_add_test_case pid_of_fork
}
