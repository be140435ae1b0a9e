# SPDX-License-Identifier: BSD-2-Clause
#
# What a package is made of: an install, a release, recipes, completions.

top=$(atf_get_srcdir)/..

# Makes ./bsd_make, which runs make in the tree with its objects in ./obj, and
# knows nothing of the make that this runs below.
require_bsd_make() {
	bsd_make=$(command -v bmake || case $(uname -s) in
	    *BSD) command -v make ;; esac) || atf_skip "needs bmake"
	mkdir obj
	cat >bsd_make <<-END
		#! /bin/sh
		exec env -u MAKEFLAGS -u MAKELEVEL -u CREDCHECK \\
		    MAKEOBJDIR="$PWD/obj" "$bsd_make" -C "$top" "\$@"
	END
	chmod +x bsd_make
}

# Whether git knows the tree, whoever owns it; then $git runs it there.
require_git() {
	git="git -c safe.directory=* -C $top"
	[ "$($git rev-parse --show-prefix 2>&1)" = "" ] ||
	    atf_skip "the tree is not git's"
}

# Checks that the files below directory $2 are those that file $1 lists.
check_files() {
	(cd "$2" && find . -type f | sed 's,^\./,,' | sort) >found
	atf_check -o file:"$1" cat found
}

atf_test_case install
install_head() {
	atf_set descr "What is built elsewhere is installed whole below a" \
	    "directory with a blank, a quote and a dollar, and not a file more"
	atf_set require.progs "cc"
}
install_body() {
	require_bsd_make
	dest="$PWD/a b'\$c/d"
	atf_check -o ignore -e ignore ./bsd_make COPTS="-std=gnu11 -O0"
	atf_check -o ignore ./bsd_make install "DESTDIR=$(echo "$dest" |
	    sed 's/\$/$$/g')" PREFIX=/opt BINDIR=/opt/sbin STRIPFLAG= STRIP=
	cat >expected <<-END
		opt/sbin/credcheck
		opt/share/bash-completion/completions/credcheck
		opt/share/credcheck/credcheck.schema.json
		opt/share/man/man1/credcheck.1
		opt/share/zsh/site-functions/_credcheck
	END
	check_files expected "$dest"
	atf_check -o inline:"d\n" ls "$PWD/a b'\$c"
	for pair in obj/credcheck:sbin/credcheck \
	    "$top/credcheck.1:share/man/man1/credcheck.1" \
	    "$top/tests/credcheck.schema.json:share/credcheck/credcheck.schema.json"
	do
		atf_check cmp "${pair%:*}" "$dest/opt/${pair#*:}"
	done
	atf_check -o match:'^credcheck [0-9.]+$' "$dest/opt/sbin/credcheck" -V
}

atf_test_case variables
variables_head() {
	atf_set descr "LDFLAGS of the environment reach the link, a packager's" \
	    "INSTALL installs, and STRIP=-s strips"
	atf_set require.progs "cc nm"
}
variables_body() {
	require_bsd_make
	export LDFLAGS="-Wl,-Map=$PWD/map"
	atf_check -o match:' -pie ' -e ignore ./bsd_make COPTS="-std=gnu11 -O0"
	atf_check test -s map
	cat >installer <<-END
		#! /bin/sh
		echo "\$*" >>"$PWD/calls"
		exec install "\$@"
	END
	chmod +x installer
	atf_check -o ignore ./bsd_make install DESTDIR="$PWD/dest" \
	    INSTALL="$PWD/installer" STRIP=-s
	atf_check -o match:'^-s .*/bin/credcheck$' cat calls
	atf_check -o inline:"$(find dest -type f | wc -l)\n" \
	    grep -c -e '-m [67]' calls
	atf_check -o not-empty nm obj/credcheck
	atf_check -o empty -e ignore nm dest/usr/local/bin/credcheck
}

atf_test_case elsewhere
elsewhere_head() {
	atf_set descr "With objects elsewhere the test suite says in a line" \
	    "what to do, and leaves nothing in the tree"
}
elsewhere_body() {
	require_bsd_make
	atf_check -s not-exit:0 -o ignore \
	    -e match:"CREDCHECK=$PWD/obj/credcheck" ./bsd_make test
	atf_check ls obj
}

atf_test_case preflight
preflight_head() {
	atf_set descr "What would have most of the tests fail is said in one" \
	    "line before them"
}
preflight_body() {
	mkdir "a b" full
	mkdir "a b/tests"
	cp "$top/tests/preflight" "a b/tests"
	refused() {
		atf_check -s exit:1 -e inline:"test: $1\n" env "$2" \
		    "${3:-$top/tests/preflight}" ${4:-sh -v}
	}
	export TMPDIR=/tmp CREDCHECK=
	atf_check "$top/tests/preflight" "sh -v"
	atf_check env CREDCHECK=/bin/sh "$top/tests/preflight" sh
	refused "no kyua-9: README names the test tools" A=a \
	    "$top/tests/preflight" kyua-9
	refused "ATF takes no blank and no sign of the shell's in a path: $PWD/a b" \
	    A=a "a b/tests/preflight"
	refused "TMPDIR is not absolute: full" TMPDIR=full
	refused "TMPDIR is not absolute: " TMPDIR=
	refused "no directory can be made in TMPDIR: /none" TMPDIR=/none
	long=/$(printf %052d 0)
	refused "TMPDIR is 53 bytes long, 52 at most for sockets below it: $long" \
	    TMPDIR="$long"
	refused "CREDCHECK is not absolute: full" CREDCHECK=full
	refused "CREDCHECK is no program: $PWD/full" CREDCHECK="$PWD/full"
	refused "CREDCHECK is no program: /none" CREDCHECK=/none
}

atf_test_case gnu_make
gnu_make_head() {
	atf_set descr "GNU make hands its goals, options and variables to" \
	    "bmake, and its status back; without bmake it says what is missing"
}
gnu_make_body() {
	for gnu_make in gmake make none; do
		"$gnu_make" --version 2>/dev/null | grep -q GNU && break
	done
	[ $gnu_make != none ] || atf_skip "needs GNU make"
	require_bsd_make
	unset MAKEFLAGS MAKELEVEL MFLAGS
	gnu_make=$(command -v $gnu_make)
	cp "$top/GNUmakefile" .
	{
		printf 'all one two:\n\t@echo ${.TARGET} ${V:Q}\n'
		printf 'bad:\n\t@exit 1\n'
	} >Makefile
	atf_check -o inline:"all\n" "$gnu_make"
	atf_check -o inline:"two a b'\"c;\$d\none a b'\"c;\$d\n" \
	    "$gnu_make" two one "V=a b'\"c;\$\$d"
	atf_check -o match:"^echo all" sh -c "'$gnu_make' -n | tail -n 1"
	atf_check -s not-exit:0 -o ignore -e ignore "$gnu_make" bad one
	atf_check -s ignore -o match:'^one' -e ignore "$gnu_make" -k bad one
	mkdir bin
	for p in sh uname; do
		ln -s "$(command -v $p)" bin
	done
	case $(uname -s) in
	*BSD)	return ;;
	esac
	atf_check -s exit:2 -e match:'needs bmake: .*apt-get install bmake' \
	    env PATH="$PWD/bin" "$gnu_make"
	atf_check -o match:'^ *1$' sh -c \
	    "PATH='$PWD/bin' '$gnu_make' 2>&1 | wc -l"
}

atf_test_case dist
dist_head() {
	atf_set descr "A release has the files that git has, under the" \
	    "program's version, and is the same to the byte whoever makes it"
	atf_set require.progs "git gzip tar"
}
dist_body() {
	require_bsd_make
	require_git
	version=$($git show HEAD:./credcheck.c |
	    sed -n 's/^#define VERSION[^"]*"\(.*\)"/\1/p')
	name=credcheck-$version
	atf_check -o inline:"$PWD/obj/$name.tar.gz\n" -e ignore ./bsd_make dist
	mv "obj/$name.tar.gz" first
	(
		umask 077
		export TZ=Asia/Tokyo HOME="$PWD" LC_ALL=C
		printf '[tar]\n\tumask = user\n[core]\n\tabbrev = 5\n' >.gitconfig
		sleep 1
		./bsd_make dist >dist.out 2>&1
	)
	atf_check cmp first "obj/$name.tar.gz"
	atf_check tar -xzf first
	atf_check -o inline:"$name\n" ls -d credcheck-*
	$git ls-tree -r --name-only HEAD | sort >expected
	atf_check test -s expected
	check_files expected "$name"
}

atf_test_case versions
versions_head() {
	atf_set descr "Each recipe is of the program's version"
}
versions_body() {
	version=$(sed -n 's/^#define VERSION[^"]*"\(.*\)"/\1/p' "$top/credcheck.c")
	cd "$top/tests/packages"
	atf_check -o inline:"credcheck ($version-1) unstable; urgency=medium\n" \
	    head -n 1 debian/changelog
	atf_check -o inline:"DISTNAME=	credcheck-$version\n" \
	    grep ^DISTNAME pkgsrc/Makefile
	atf_check -o inline:"DISTVERSION=	$version\n" \
	    grep ^DISTVERSION freebsd/Makefile
}

# Checks what make says of variable $2 of recipe $1.
check_recipe() {
	atf_check -o inline:"$3\n" env -u MAKEFLAGS "$bsd_make" -r -m "$PWD/mk" \
	    -C "net/$1" -V "$2"
}

# Checks that the file plist lists what is installed with the variables given.
check_installed() {
	rm -rf dest
	atf_check -o ignore ./bsd_make install DESTDIR="$PWD/dest" PREFIX=/p \
	    STRIP= STRIPFLAG= "$@"
	sort plist >sorted
	check_files sorted dest/p
}

atf_test_case plists
plists_head() {
	atf_set descr "The recipes of pkgsrc and FreeBSD's ports are read by" \
	    "make, and list what is installed"
}
plists_body() {
	require_bsd_make
	# What the recipes include has nothing to say here.
	mkdir mk net
	touch mk/bsd.pkg.mk mk/bsd.port.mk
	cp -R "$top/tests/packages/pkgsrc" "$top/tests/packages/freebsd" net
	printf '#! /bin/sh\n' >obj/credcheck
	chmod +x obj/credcheck
	check_recipe pkgsrc LICENSE 2-clause-bsd
	check_recipe pkgsrc USE_BSD_MAKEFILE yes
	grep -v ^@comment net/pkgsrc/PLIST >plist
	# The variables are those that USE_BSD_MAKEFILE sets.
	check_installed BINDIR=/p/bin MANDIR=/p/man
	check_recipe freebsd LICENSE BSD2CLAUSE
	check_recipe freebsd PORTNAME credcheck
	grep -v ^@comment net/freebsd/pkg-plist |
	    sed -e 's,%%DATADIR%%,share/credcheck,' -e 's/\.1\.gz$/.1/' >plist
	check_installed
}

# The completion of shell $1 that is installed beside the program, or that of
# the tree.
completion() {
	prefix=${credcheck%/bin/*}
	case $1 in
	bash)	set -- "$prefix/share/bash-completion/completions/credcheck" ;;
	zsh)	set -- "$prefix/share/zsh/vendor-completions/_credcheck" \
		    "$prefix/share/zsh/site-functions/_credcheck" \
		    "$top/tests/packages/credcheck.zsh" ;;
	esac
	for f in "$@" "$top/tests/packages/credcheck.bash"; do
		if [ -f "$f" ]; then
			echo "$f"
			return
		fi
	done
}

# The options that --help has, one a line.
long_options() {
	"$credcheck" --help | sed -n 's/^ *-., \(--[a-z-]*\).*/\1/p' | sort
}

atf_test_case bash
bash_head() {
	atf_set descr "bash completes every option that --help has, and the" \
	    "arguments that can be known"
	atf_set require.progs "bash"
}
bash_body() {
	cat >complete <<-'END'
		. "$1" || exit
		credcheck=$2
		shift 2
		# bash gives the command, the word and the one before it.
		COMP_WORDS=(credcheck "$@") COMP_CWORD=$#
		function=$(complete -p credcheck | sed 's/.*-F //;s/ .*//')
		$function "$credcheck" "${!#}" "${COMP_WORDS[$#-1]}"
		printf '%s\n' "${COMPREPLY[@]}" | sort
	END
	file=$(completion bash)
	# Checks that file $1 has the words after which the rest is completed.
	check_words() {
		_words=$1
		shift
		atf_check -o file:"$_words" \
		    bash --norc complete "$file" "$credcheck" "$@"
	}
	long_options >options
	atf_check test -s options
	check_words options ""
	printf 'dgram\nseqpacket\nstream\n' >types
	for before in -t --type -vt "--type ="; do
		check_words types $before ""
	done
	check_words types --type =
	echo seqpacket >seqpacket
	check_words seqpacket --type = seqp
	for before in -p -l -C --peer; do
		check_words seqpacket $before seqp
	done
	id -un >user
	check_words user --user "$(cat user)"
	echo >none
	check_words none --count ""
	# By readline, and a tab.
	ln -s "$credcheck" credcheck
	printf 'credcheck --surv\t --js\t -t seq\t #\n' >typed
	PATH=$PWD:$PATH bash --rcfile "$file" -i <typed >/dev/null 2>screen
	atf_check -o match:'credcheck --survey +--json +-t seqpacket' \
	    cat screen
}

atf_test_case zsh
zsh_head() {
	atf_set descr "zsh completes options and their arguments, as --help" \
	    "has them"
	atf_set require.progs "zsh"
}
zsh_body() {
	mkdir functions
	cp "$(completion zsh)" functions/_credcheck
	cat >complete <<-'END'
		# What a shell on a terminal makes of each line and a tab.
		zmodload zsh/zpty
		zpty shell zsh -f -i
		zpty -w shell 'fpath=($PWD/functions $fpath)
		    PS1= TERM=dumb; unsetopt prompt_cr
		    autoload -Uz compinit; compinit -u -D
		    bindkey "^I" complete-word
		    show() { print -r -- "<<$BUFFER>>"; BUFFER= }
		    zle -N show; bindkey "^X" show; print READ""Y'
		zpty -r -m shell output '*READY*'
		while read -r line; do
			zpty -w -n shell "$line"$'\t\x18'
			zpty -r -m shell output '*<<*>>*'
			print -r -- "${${${output##*<<}%%>>*}% }"
		done
	END
	ln -s "$credcheck" credcheck
	touch sock
	# What is typed, and what becomes of it: "=" where an argument follows.
	"$credcheck" --help | sed -n -e '/ --version /d' \
	    -e 's/^ *-., \(--[a-z-]*\) [^ ].*/\1|\1=/p' \
	    -e 's/^ *-., \(--[a-z-]*\)  .*/\1|\1/p' >lines
	atf_check test -s lines
	cat >>lines <<-'END'
		--type seq|--type seqpacket
		--type=dg|--type=dgram
		-vt st|-vt stream
		--peer so|--peer sock
		--surv|--survey
	END
	sed -e 's/|.*//' -e 's/^/credcheck /' lines >typed
	sed -e 's/.*|//' -e 's/^/credcheck /' lines >expected
	atf_check -o file:expected env PATH="$PWD:$PATH" \
	    timeout 250 zsh -f complete <typed
}

atf_init_test_cases() {
	. "$(atf_get_srcdir)/common.subr"
	atf_add_test_case install
	atf_add_test_case variables
	atf_add_test_case elsewhere
	atf_add_test_case preflight
	atf_add_test_case gnu_make
	atf_add_test_case dist
	atf_add_test_case versions
	atf_add_test_case plists
	atf_add_test_case bash
	atf_add_test_case zsh
}
