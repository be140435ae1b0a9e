# SPDX-License-Identifier: BSD-2-Clause
#
# The manual.

atf_test_case lint
lint_head() {
	atf_set descr "mandoc has nothing to say"
	atf_set require.progs "mandoc"
}
lint_body() {
	atf_check mandoc -Tlint -Wwarning "$(atf_get_srcdir)/../credcheck.1"
}

atf_test_case keys
keys_head() {
	atf_set descr "Every key and outcome of JSON is in the manual, and in" \
	    "the manual is no other"
	atf_set require.progs "jq"
}
keys_body() {
	{
		for args in "" "--race --count 1" --survey; do
			"$credcheck" --json $args 2>/dev/null | jq -r 'keys[]'
		done
		"$credcheck" --json --order 'ready accept receive /
		    connect write' 2>/dev/null | jq -r 'keys[]'
		echo connection		# of a server
		echo number		# with --all
		echo time
		echo pidfd_pid		# of --peer
		echo descriptor		# of --fd
	} | sort -u >keys
	manual=$(atf_get_srcdir)/../credcheck.1
	sed -n '/^\.Sh JSON/,/^\.Sh SYS/p' "$manual" |
	    sed -n 's/^\.It Va //p' | sed -e 's/, Va//g' -e 's/,//g' |
	    tr -s ' ' '\n' | sort -u >documented
	atf_check test -s keys
	atf_check -o file:keys cat documented
	"$credcheck" --json --count 2 2>/dev/null | jq -r '.counts | keys[]' |
	    sort >outcomes
	sed -n '/^\.Ss Outcomes/,/^\.Sh/s/^\.It Cm //p' "$manual" |
	    sort >documented
	atf_check -o file:outcomes cat documented
}

atf_test_case synopsis
synopsis_head() {
	atf_set descr "The usage has the words of the manual's synopsis, in" \
	    "lines that are filled, and each option a line of help"
	atf_set require.progs "mandoc"
}
synopsis_body() {
	"$credcheck" --help | sed '/^$/,$d' >usage
	"$credcheck" --help | sed -e '1,/^$/d' -e '/^Exit/,$d' |
	    grep -v -e '^$' -e '^[A-Z].*:$' >options
	mandoc -Tascii "$(atf_get_srcdir)/../credcheck.1" |
	    sed -e "s/.$(printf '\b')//g" -e '1,/^SYNOPSIS/d' |
	    sed -e '/^DESCRIPTION/,$d' -e 's/-c count/-c n/' \
	    -e '/-h | -V/d' >synopsis
	for f in usage synopsis; do
		sed 's/^usage://' $f | tr -s ' \n' '\n' | grep . >words.$f
	done
	atf_check test -s words.usage
	atf_check -o file:words.synopsis cat words.usage
	# A line goes on below the first option, if it has no room for more.
	atf_check -o inline:"usage: credcheck\n       credcheck\n" \
	    sh -c "grep credcheck usage | cut -c 1-16 | uniq"
	atf_check awk '
	{ blanks = match($0, /[^ ]/) - 1 }
	length > 79 || blanks != 17 && !/credcheck/ { print }
	blanks == 17 && width + index(substr($0, 18) " [", " [") <= 79
	{ width = length }' usage
	atf_check test -s options
	atf_check awk '!/^  -[A-Za-z], --[a-z]+ [^ ]* +[^ ]/ ||
	    substr($0, 31, 2) != "  " || substr($0, 33, 1) == " "' options
}

atf_test_case survey
survey_head() {
	atf_set descr "Every row of the survey is explained, and the table is" \
	    "the one that Linux 6.18 has"
	atf_set require.progs "jq"
}
survey_body() {
	manual=$(atf_get_srcdir)/../credcheck.1
	[ "$(uname -s)" = Linux ] || atf_skip "the table is of Linux"
	"$credcheck" --survey --json | jq -r '.rows[].title' >titles
	atf_check test -s titles
	sed -n '/^\.Ss The survey/,/^\.Sh/s/^\.It //p' "$manual" >explained
	atf_check -o file:titles cat explained
	case $(uname -r) in
	6.18.*)	;;
	*)	atf_skip "the table is of Linux 6.18" ;;
	esac
	"$credcheck" --survey | sed -e 1d -e '/^Run in:/d' >table
	awk '/^SCM_CREDENTIALS has/ { on = 1 }
	    traps && !/^  / { exit }
	    /^Traps that/ { traps = on }
	    on' "$manual" >shown
	atf_check -o file:table cat shown
	# README leaves lines out.
	sed -n '/--survey$/,/^[^ ]/s/^    //p' \
	    "$(atf_get_srcdir)/../README" | sed '1,/^Linux/d' |
	    grep -vx '\.\.\.' >shown
	atf_check test "$(wc -l <shown)" -gt 2
	atf_check -s exit:1 grep -vxFf table shown
}

atf_test_case sections
sections_head() {
	atf_set descr "It has the sections that a BSD reader expects, in order," \
	    "and what a daemon shows before the options"
}
sections_body() {
	for s in NAME SYNOPSIS DESCRIPTION SYMPTOMS OPTIONS REPORT MODES JSON \
	    SYSTEMS ENVIRONMENT FILES "EXIT STATUS" EXAMPLES \
	    "RECEIVING CREDENTIALS" "SEE ALSO" HISTORY CAVEATS \
	    "SECURITY CONSIDERATIONS"; do
		echo "$s"
	done >expected
	atf_check -o file:expected \
	    sed -n 's/^\.Sh //p' "$(atf_get_srcdir)/../credcheck.1"
}

atf_test_case titles
titles_head() {
	atf_set descr "No word of a symptom's title is taken for a macro"
	atf_set require.progs "mandoc col"
}
titles_body() {
	manual=$(atf_get_srcdir)/../credcheck.1
	sed -n '/^\.Sh SYMPTOMS/,/^\.S[hs] [^S]/s/^\.It //p' "$manual" |
	    sed 's/^\\&//' >titles
	atf_check test "$(wc -l <titles)" -gt 5
	mandoc -Tascii "$manual" | col -bx | sed 's/^ *//' >shown
	while read -r title; do
		atf_check -o ignore grep -Fx "$title" shown
	done <titles
}

atf_test_case version
version_head() {
	atf_set descr "HISTORY has the version that the program says"
}
version_body() {
	version=$("$credcheck" --version)
	sed -n '/^\.Sh HISTORY/,/^\.Sh C/p' "$(atf_get_srcdir)/../credcheck.1" \
	    >history
	atf_check -o ignore grep -Fx ".It ${version#credcheck }" history
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case lint
	atf_add_test_case keys
	atf_add_test_case synopsis
	atf_add_test_case survey
	atf_add_test_case sections
	atf_add_test_case titles
	atf_add_test_case version
}
