# SPDX-License-Identifier: BSD-2-Clause
#
# credcheck: make on NetBSD and FreeBSD, bmake elsewhere; nothing to configure.
#
#	all		the program (default)
#	tests		the test programs
#	test		the test suite, under kyua(1)
#	check-warnings	gcc and clang, with every warning an error
#	bench		the program beside its floors
#	coverage	the lines of the program that the tests do not run
#	faults		each system call that fails, and signals at any moment
#	fuzz		the parser of each system, with libFuzzer
#	cross		compile and link for other systems, with zig cc
#	kernels		the program on every other kernel that Debian packages
#	mutants		would the tests notice a change of the program?
#	prove		the waiting, with spin; the parsers, with Frama-C; texts
#	install		to ${DESTDIR}${PREFIX}, after all; any user's own will do
#	dist		the release as one file, of what git has
#	clean

PROG=		credcheck
MAN=		credcheck.1
MANTARGET=	man		# no formatted page is made, or left by clean
NOHTML=		yes
NOGCCERROR=	yes		# a newer compiler's warning is no user's error
.NOPATH: ${PROG} ${PROG}.o	# with MAKEOBJDIR not those of the tree

PREFIX?=	/usr/local
BINDIR?=	${PREFIX}/bin
MANDIR?=	${PREFIX}/share/man
DATADIR?=	${PREFIX}/share/credcheck
BASHCOMPDIR?=	${PREFIX}/share/bash-completion/completions
ZSHCOMPDIR?=	${PREFIX}/share/zsh/site-functions

COPTS?=		-std=gnu11 -O2 -Wall -Wextra -fPIE -fstack-protector-strong \
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
# The makefiles that bmake has on Linux drop those of the environment.
.if empty(LDFLAGS)
LDFLAGS!=	printf '%s\n' "$$LDFLAGS"
.endif
LDFLAGS+=	-pie -Wl,-z,relro -Wl,-z,now

CLEANFILES+=	credcheck.full credcheck.debug credcheck-*.tar.gz credcheck.d .depend

all: ${PROG}

INSTALL?=	install
# FreeBSD's STRIP is an option of install(1), as is NetBSD's STRIPFLAG.
STRIPPED=	${STRIP:M-*} ${STRIPFLAG}

# Not all: a DESTDIR means to the BSDs that its headers are to be built with.
install:
	@test -x ${PROG} || { echo "install: build ${PROG} first" >&2; exit 1; }
.for dir in ${BINDIR} ${MANDIR}/man1 ${DATADIR} ${BASHCOMPDIR} ${ZSHCOMPDIR}
	${INSTALL} -d ${DESTDIR:Q}${dir}
.endfor
	${INSTALL} ${STRIPPED} -m 755 ${PROG} ${DESTDIR:Q}${BINDIR}/${PROG}
.for file to in ${MAN} ${MANDIR}/man1/${MAN} \
    tests/credcheck.schema.json ${DATADIR}/credcheck.schema.json \
    tests/packages/credcheck.bash ${BASHCOMPDIR}/credcheck \
    tests/packages/credcheck.zsh ${ZSHCOMPDIR}/_credcheck
	${INSTALL} -m 644 ${.CURDIR:Q}/${file} ${DESTDIR:Q}${to}
.endfor

# The times and the order are the commit's, so that its bytes are always the
# same.
dist:
	@set -e; git="git -c safe.directory=* -c tar.umask=0022"; cd ${.CURDIR:Q}; \
	version=$$($$git show HEAD:./credcheck.c | \
	    sed -n 's/^.define VERSION[^"]*"\(.*\)"$$/\1/p'); \
	name=credcheck-$$version; \
	$$git diff --quiet HEAD || \
	    echo "dist: leaves out what is not committed" >&2; \
	$$git archive --prefix=$$name/ HEAD >${.OBJDIR:Q}/$$name.tar; \
	gzip -9nf ${.OBJDIR:Q}/$$name.tar; echo ${.OBJDIR:Q}/$$name.tar.gz

# What follows is of the tree, where kyua looks for the test programs.
bench check-warnings coverage cross faults fuzz kernels mutants prove tests: \
    in_place
in_place:
.if ${.OBJDIR} != ${.CURDIR}
	@echo "not with MAKEOBJDIR, but in the tree; there a test has" \
	    "CREDCHECK=${.OBJDIR}/${PROG} tested" >&2; exit 1
.endif

# The program is CREDCHECK's, an absolute path, or the one of the tree.
.if !empty(CREDCHECK)
.export CREDCHECK
.endif

# tests/Makefile has the lists of them.
tests: ${CREDCHECK:U${PROG}}
	cd tests && ${MAKE} -j 4 all

clean-tests:
	cd ${.CURDIR:Q}/tests && ${MAKE} clean

bench: ${PROG}
	cd tests && ${MAKE} h_floor h_least h_time
	tests/bench

coverage:
	tests/coverage

faults: ${PROG}
	cd tests && ${MAKE} h_before
	tests/faults
	tests/faults signals

fuzz:
	tests/fuzz

kernels: ${PROG}
	tests/kernels

mutants: tests
	tests/mutants

prove:
	tests/prove

KYUA?=		kyua -v parallelism=4
test: tests
	@tests/preflight "${KYUA}"
	${KYUA} test
	@kyua report | sed -n '/^===> Summary/,$$p'

WARNINGS=	-std=c11 -pedantic -O2 -Wall -Wextra -Werror -Wcast-align \
		-Wcast-qual -Wconversion -Wformat=2 -Wmissing-prototypes \
		-Wpointer-arith -Wshadow -Wstrict-prototypes -Wundef \
		-Wunused-macros -Wvla -Wwrite-strings

check-warnings:
.for cc in gcc clang
	${cc} ${WARNINGS} -Wframe-larger-than=32768 -c -o /dev/null credcheck.c
.endfor
	cd tests && ${MAKE} check-warnings WARNINGS="${WARNINGS}"

# Systems that we cannot boot: that it compiles and links there, as the code of
# the manual does, and that the facts which it builds on are those of their
# headers.
ZIG_VERSION=	0.17.0
CROSS=		x86_64-netbsd x86_64-freebsd x86_64-openbsd x86_64-linux-musl \
		aarch64-macos

cross:
	@set -e; out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	if command -v zig >/dev/null; then zig=zig; \
	elif python3 -m ziglang version >/dev/null 2>&1; then \
		zig="python3 -m ziglang"; \
	else \
		echo "cross: no zig; pip install ziglang==${ZIG_VERSION}" >&2; \
		exit 1; \
	fi; \
	echo 'int main(void) { return 0; }' >$$out/empty.c; \
	tests/literal "RECEIVING CREDENTIALS" 1 >$$out/receive.c; \
	tests/literal "RECEIVING CREDENTIALS" 2 >$$out/option.c; \
	for target in ${CROSS}; do \
		if [ $$target = x86_64-openbsd ] && ! $$zig cc -target \
		    $$target -o $$out/a.out $$out/empty.c 2>/dev/null; then \
			echo "$$target: skipped, not in zig $$($$zig version)"; \
			continue; \
		fi; \
		for source in tests/headers.c tests/h_receive.c credcheck.c; \
		do \
			$$zig cc -target $$target ${WARNINGS} -I$$out \
			    -o $$out/a.out $$source; \
		done; \
		echo "$$target: ok"; \
	done

.PHONY: all bench check-warnings clean-tests coverage cross dist faults fuzz \
	in_place install kernels mutants prove test tests

.include <bsd.prog.mk>

# Behind it, as bmake's would have no clean of its own else.
clean: clean-tests
