# The source tree itself.

atf_test_case lists
lists_head() {
	atf_set descr "Atffile, Kyuafile and Makefile know the same test" \
	    "programs, and every one in the directory"
}
lists_body() {
	tests=$(atf_get_srcdir)
	sed -n 's/^tp: //p' "$tests/Atffile" | sort >atf
	sed -n 's/.*name="\([^"]*\)".*/\1/p' "$tests/Kyuafile" | sort >kyua
	sed -e ':join' -e '/\\$/{' -e N -e 's/\\\n//' -e 'b join' -e '}' \
	    "$tests/../Makefile" | sed -n 's/^TESTS_[A-Z]*=//p' |
	    tr -s ' \t' '\n' | grep . | sort >make
	ls "$tests" | sed -n 's/^\(t_.*\)\.\(c\|sh\)$/\1/p' | sort >files
	atf_check test -s files
	for list in atf kyua make; do
		atf_check -o file:files cat $list
	done
	atf_check -o inline:"tp: tests\n" grep '^tp' "$tests/../Atffile"
	atf_check -o ignore grep -F 'include("tests/Kyuafile")' \
	    "$tests/../Kyuafile"
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

atf_test_case licence
licence_head() {
	atf_set descr "Each source file has the licence at its head, and" \
	    "README names it"
}
licence_body() {
	top=$(atf_get_srcdir)/..
	for f in "$top"/credcheck.c "$top"/tests/*.c "$top"/tests/*.h; do
		atf_check -o ignore grep -F \
		    "SPDX-License-Identifier: BSD-2-Clause" "$f"
	done
	atf_check -o ignore grep -F "BSD 2-clause" "$top/README"
}

atf_init_test_cases() {
	atf_add_test_case lists
	atf_add_test_case descriptions
	atf_add_test_case licence
}
