# SPDX-License-Identifier: BSD-2-Clause
#
# The source tree itself.

# The value of a list in tests/Makefile, a word a line.
list_of() {
	sed -e ':join' -e '/\\$/{' -e N -e 's/\\\n//' -e 'b join' -e '}' \
	    "$tests/Makefile" | sed -n "s/^$1=//p" | tr -s ' \t' '\n\n' |
	    grep .
}

# Checks that lists $2... are those of $1, and names what differs.
same_as() {
	sort "$1" >wanted
	atf_check test -s wanted
	shift
	for list; do
		sort "$list" >sorted
		comm -23 wanted sorted | sed "s/^/$list lacks /"
		comm -13 wanted sorted | sed "s/^/$list alone has /"
	done >wrong
	atf_check cat wrong
}

atf_test_case lists
lists_head() {
	atf_set descr "Atffile, Kyuafile and Makefile know the same test" \
	    "programs, and every one in the directory"
}
lists_body() {
	tests=$(atf_get_srcdir)
	sed -n 's/^tp: //p' "$tests/Atffile" >Atffile
	sed -n 's/.*name="\([^"]*\)".*/\1/p' "$tests/Kyuafile" >Kyuafile
	{ list_of TESTS_SH; list_of TESTS_C; } >Makefile
	ls "$tests" | sed -n -e 's/^\(t_.*\)\.c$/\1/p' \
	    -e 's/^\(t_.*\)\.sh$/\1/p' >files
	same_as files Atffile Kyuafile Makefile
	# The manual's code, which has no program of its own, is in two.
	for list in HELPERS PRELOADED FLOORS BEFORE; do
		list_of $list
	done >Makefile
	printf 'h_receive\nh_replay\n' >>Makefile
	ls "$tests" | sed -n 's/^\(h_.*\)\.c$/\1/p' >files
	same_as files Makefile
	atf_check -o inline:"tp: tests\n" grep '^tp' "$tests/../Atffile"
	atf_check -o ignore grep -F 'include("tests/Kyuafile")' \
	    "$tests/../Kyuafile"
}

atf_test_case readme
readme_head() {
	atf_set descr "tests/README says of every file what it is"
}
readme_body() {
	tests=$(atf_get_srcdir)
	tr -s ' \t' '\n\n' <"$tests/README" | sort -u >words
	for f in "$tests"/*; do
		name=${f##*/}
		# Programs that were built are named by their source.
		[ ! -e "$f.c" ] && [ ! -e "$f.sh" ] || continue
		[ ! -d "$f" ] || name=$name/
		case $name in
		README|t_*|*.o|*.d/|__pycache__/)	continue ;;
		h_*)	name=${name%.c} ;;
		esac
		grep -qxF -e "$name" -e "$name," words || echo "$name"
	done >wrong
	atf_check cat wrong
}

atf_test_case cases
cases_head() {
	atf_set descr "Every case that is written is also run"
}
cases_body() {
	for f in "$(atf_get_srcdir)"/t_*.sh; do
		for case in $(sed -n 's/^atf_test_case \([a-z_A-Z0-9]*\)$/\1/p' \
		    "$f"); do
			grep -q "^	atf_add_test_case $case\$" "$f" ||
			    echo "${f##*/} does not add $case"
		done
	done >wrong
	atf_check cat wrong
}

atf_test_case mutants
mutants_head() {
	atf_set descr "tests/mutants names functions, lines and test programs" \
	    "that there are"
	atf_set require.progs "python3"
}
mutants_body() {
	atf_check "$(atf_get_srcdir)/mutants" -c
}

atf_test_case coverage
coverage_head() {
	atf_set descr "tests/coverage gives reasons for lines that there are"
}
coverage_body() {
	atf_check "$(atf_get_srcdir)/coverage" -c
}

atf_test_case prove
prove_head() {
	atf_set descr "tests/prove plants its bugs in lines that there are"
}
prove_body() {
	atf_check "$(atf_get_srcdir)/prove" -c
}

atf_test_case kernels
kernels_head() {
	atf_set descr "tests/kernels expects something of rows that there are"
	atf_set require.progs "jq"
}
kernels_body() {
	[ "$(uname -s)" = Linux ] || atf_skip "has rows that Linux alone has"
	atf_check "$(atf_get_srcdir)/kernels" -c
}

atf_test_case descriptions
descriptions_head() {
	atf_set descr "Every test case says what it proves"
}
descriptions_body() {
	for t in $(sed -n 's/^tp: //p' "$(atf_get_srcdir)/Atffile"); do
		"$(atf_get_srcdir)/$t" -s "$(atf_get_srcdir)" -l 2>/dev/null
	done >list
	atf_check -o inline:"$(grep -c ^ident: list)\n" grep -c ^descr: list
}

atf_test_case macros
macros_head() {
	atf_set descr "It compiles without a warning where _GNU_SOURCE is" \
	    "defined already, and with no other macro than its own"
	atf_set require.progs "cc"
}
macros_body() {
	for macro in -D_GNU_SOURCE -D_GNU_SOURCE= -U_GNU_SOURCE; do
		atf_check cc -std=c11 -pedantic -Wall -Wextra -Werror $macro \
		    -c -o credcheck.o "$(atf_get_srcdir)/../credcheck.c"
	done
}

atf_test_case licence
licence_head() {
	atf_set descr "Every file names the licence, and LICENSE has its" \
	    "text, as credcheck.c has"
	atf_set require.progs "git"
}
licence_body() {
	top=$(atf_get_srcdir)/..
	git="git -c safe.directory=* -C $top"
	[ "$($git rev-parse --show-prefix 2>&1)" = "" ] ||
	    atf_skip "which files there are, git alone knows"
	# Those left out have no room for a comment, or are the licence.
	$git ls-files | grep -vx -e LICENSE -e '.*/debian/copyright' \
	    -e '.*/debian/changelog' -e '.*/debian/source/format' \
	    -e '.*/pkgsrc/DESCR' -e '.*/freebsd/pkg-descr' >files
	atf_check test -s files
	while read -r f; do
		{ head -n 6 "$top/$f"; tail -n 1 "$top/$f"; } | grep -q \
		    "SPDX-License-Identifier: BSD-2-Clause" || echo "$f"
	done <files >without
	atf_check cat without
	sed -n '/^ \* Copyright/,/^ \*\//{/^ \*\//d;s/^ \* \{0,1\}//;p;}' \
	    "$top/credcheck.c" >text
	atf_check -o file:text cat "$top/LICENSE"
}

atf_init_test_cases() {
	atf_add_test_case lists
	atf_add_test_case readme
	atf_add_test_case cases
	atf_add_test_case mutants
	atf_add_test_case coverage
	atf_add_test_case prove
	atf_add_test_case kernels
	atf_add_test_case descriptions
	atf_add_test_case macros
	atf_add_test_case licence
}
