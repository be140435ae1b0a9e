# SPDX-License-Identifier: BSD-2-Clause
#
# Counted runs.

atf_test_case never_lost
never_lost_head() {
	atf_set descr "Synchronized, 100000 of 100000 messages bring the" \
	    "client's credentials"
}
never_lost_body() {
	require_mechanism
	atf_check -o inline:"100000 trials: 100000 credentials\n" \
	    "$credcheck" --sync --count 100000
}

atf_test_case path
path_head() {
	atf_set descr "Over a named socket each trial is a connection of its own"
	atf_set require.progs "jq"
}
path_body() {
	require_mechanism
	atf_check -o save:out "$credcheck" --json --count 3000 --path sock
	atf_check -o inline:"3000 3000 0\n" \
	    jq -r '"\(.trials) \(.counts.credentials) \(.mismatches)"' out
	atf_check -o inline:"3000\n" jq '[.counts[]] | add' out
	atf_check -o inline:"true\n" \
	    jq '.elapsed_s > 0 and .trials_per_second > 0' out
}

atf_test_case few_descriptors
few_descriptors_head() {
	atf_set descr "A low limit of descriptors only makes it slower, and" \
	    "none is left behind by 10000 trials"
}
few_descriptors_body() {
	require_mechanism
	atf_check -o inline:"10000 trials: 10000 credentials\n" \
	    sh -c "ulimit -n 16; exec '$credcheck' --count 10000"
	atf_check -o inline:"10000 trials: 10000 credentials\n" \
	    sh -c "ulimit -n 16; exec '$credcheck' --count 10000 --path sock"
}

atf_test_case quiet
quiet_head() {
	atf_set descr "The exit status is 1 unless every trial brought" \
	    "credentials"
}
quiet_body() {
	require_mechanism
	atf_check "$credcheck" --count 50 --quiet
	atf_check -s exit:1 "$credcheck" --late --count 50 --quiet
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case never_lost
	atf_add_test_case path
	atf_add_test_case few_descriptors
	atf_add_test_case quiet
}
