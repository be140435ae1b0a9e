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
#	install		to ${DESTDIR}${PREFIX}, after all; any user's own will do
#	clean

PROG=		credcheck
MAN=		credcheck.1
MANTARGET=	man		# no formatted page is made, or left by clean
NOHTML=		yes
NOGCCERROR=	yes		# a newer compiler's warning is no user's error

PREFIX?=	/usr/local
BINDIR?=	${PREFIX}/bin
MANDIR?=	${PREFIX}/share/man

COPTS?=		-std=gnu11 -O2 -Wall -Wextra -fPIE -fstack-protector-strong \
		-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS+=	-pie -Wl,-z,relro -Wl,-z,now

TESTS_SH=	t_compare t_count t_files t_foreign t_identity t_json t_late \
		t_manual t_options t_path t_peer t_process t_race t_receive \
		t_server t_survey t_sync t_trouble t_type t_wait
TESTS_C=	t_freebsd t_linux t_netbsd t_report t_values
TESTS=		${TESTS_SH:S,^,tests/,} ${TESTS_C:S,^,tests/,}
HELPERS=	tests/h_floor tests/h_generic tests/h_least tests/h_starve.so \
		tests/h_time
CLEANFILES+=	${TESTS} ${HELPERS} ${TESTS_C:S/$/.d/} ${HELPERS:T:S/$/.d/} \
		credcheck.full credcheck.debug tests/h_before

# CFLAGS has CPPFLAGS or not, as the system pleases; nothing here needs them.
TEST_CC=	${CC} ${CFLAGS} ${LDFLAGS} -o ${.TARGET}

all: ${PROG}

# Not all: a DESTDIR means to the BSDs that its headers are to be built with.
install:
	@test -x ${PROG} || { echo "install: build ${PROG} first" >&2; exit 1; }
	install -d ${DESTDIR}${BINDIR} ${DESTDIR}${MANDIR}/man1
	install -m 755 ${PROG} ${DESTDIR}${BINDIR}/${PROG}
	install -m 644 ${MAN} ${DESTDIR}${MANDIR}/man1/${MAN}

.for t in ${TESTS_SH}
tests/${t}: tests/${t}.sh
	@sh=$$(PATH=$$PATH:/usr/libexec:/usr/local/bin command -v atf-sh) || \
	    { echo "atf-sh not found: README names the test tools" >&2; \
	    exit 1; }; \
	{ echo "#! $$sh"; cat tests/${t}.sh; } >${.TARGET}
	@chmod +x ${.TARGET}
.endfor

.for t in ${TESTS_C}
tests/${t}: tests/${t}.c tests/emulate.h tests/parse.h credcheck.c
	${TEST_CC} -idirafter tests/emulate tests/${t}.c -latf-c
.endfor

tests/h_generic: tests/h_generic.c tests/emulate.h credcheck.c
	${TEST_CC} tests/h_generic.c

FLOORS=		h_floor h_least h_time
.for t in ${FLOORS}
tests/${t}: tests/${t}.c
	${TEST_CC} tests/${t}.c
.endfor

# Loaded into the program, which may be one with sanitizers.
tests/h_starve.so: tests/h_starve.c
	${CC} -std=gnu11 -O2 -fPIC -shared -o ${.TARGET} tests/h_starve.c

# Static, as what is to fail are not the calls of a dynamic loader.
tests/h_before: tests/h_before.c
	${CC} -std=gnu11 -O2 -static -o ${.TARGET} tests/h_before.c

bench: ${PROG} ${FLOORS:S,^,tests/,}
	tests/bench

tests: ${PROG} ${TESTS} ${HELPERS}

coverage:
	tests/coverage

faults: ${PROG} tests/h_before
	tests/faults
	tests/faults signals

fuzz:
	tests/fuzz

kernels: ${PROG}
	tests/kernels

mutants: tests
	tests/mutants

KYUA?=		kyua
test: tests
	${KYUA} test
	@kyua report | sed -n '/^===> Summary/,$$p'

WARNINGS=	-std=c11 -pedantic -O2 -Wall -Wextra -Werror -Wcast-align \
		-Wcast-qual -Wconversion -Wformat=2 -Wmissing-prototypes \
		-Wpointer-arith -Wshadow -Wstrict-prototypes -Wundef \
		-Wunused-macros -Wvla -Wwrite-strings

check-warnings:
.for cc in gcc clang
	${cc} ${WARNINGS} -c -o /dev/null credcheck.c
	${cc} ${WARNINGS} -c -o /dev/null tests/headers.c
.for t in ${TESTS_C} ${FLOORS} h_before h_generic h_starve
	${cc} ${WARNINGS} -Wno-unused-macros -idirafter tests/emulate \
	    -c -o /dev/null tests/${t}.c
.endfor
.for s in LINUX NETBSD FREEBSD
	${cc} ${WARNINGS} -Wno-unused-macros -DEMULATE_${s} \
	    -idirafter tests/emulate -c -o /dev/null tests/fuzz.c
.endfor
.endfor

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

.PHONY: all bench check-warnings coverage cross faults fuzz install kernels \
	mutants test tests

.include <bsd.prog.mk>
