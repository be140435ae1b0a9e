/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The credcheck authors
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions
 * are met:
 * 1. Redistributions of source code must retain the above copyright
 *    notice, this list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright
 *    notice, this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 *
 * THIS SOFTWARE IS PROVIDED BY THE AUTHORS AND CONTRIBUTORS ``AS IS'' AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
 * IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
 * ARE DISCLAIMED.  IN NO EVENT SHALL THE AUTHORS OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS
 * OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION)
 * HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT
 * LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY
 * OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF
 * SUCH DAMAGE.
 */

/*
 * Becomes another program, as if started by hand: with the default action of
 * each signal and none blocked, which a shell without job control does not give
 * to what it starts in the background.
 *
 * usage: h_start [-f faults] program [argument ...]
 *	  h_start -e error
 *
 * With -f some calls of libc's do what h_fault.c says, which the file `faults'
 * in the current directory then has a line of.  With -e it prints what libc
 * calls an error of that name.
 */
#ifdef __linux__
#define _DEFAULT_SOURCE
#endif

#include <sys/types.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"

#ifndef NSIG
#define NSIG	65
#endif
#define LOG	"faults"

static void
reset_signals(void)
{
	sigset_t none;

	/* Of some numbers libc says no: they are its own. */
	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL);
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		err(127, "sigprocmask");
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) == -1)
		err(127, "setenv");
}

/* Any user's process may write to it. */
static void
make_log(void)
{
	char path[PATH_MAX];
	int fd = open(LOG, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd == -1 || fchmod(fd, 0666) == -1 || close(fd) == -1 ||
	    getcwd(path, sizeof(path) - sizeof("/" LOG)) == NULL)
		err(127, "%s", LOG);
	strcat(path, "/" LOG);
	set("FAULT_LOG", path);
}

/* The object stands beside this program. */
static void
preload(const char *self)
{
	const char *slash = strrchr(self, '/');
	char path[PATH_MAX];

	if (slash == NULL)
		errx(127, "not started by its path: %s", self);
	(void)snprintf(path, sizeof(path), "%.*s/h_fault", (int)(slash - self),
	    self);
	if (access(path, R_OK) == -1)
		err(127, "%s", path);
	set("LD_PRELOAD", path);
}

/* An AddressSanitizer that is a library wants to be the first of them. */
static void
reconcile_sanitizer(void)
{
	const char *old = getenv("ASAN_OPTIONS");
	char options[1024];

	(void)snprintf(options, sizeof(options), "%s:verify_asan_link_order=0",
	    old == NULL ? "" : old);
	set("ASAN_OPTIONS", options);
}

static void
print_error(const char *text)
{
	const struct name *n = find_name(errors, text);

	if (n == NULL)
		errx(127, "not in names.h: %s", text);
	puts(strerror(n->number));
}

int
main(int argc, char **argv)
{
	const char *self = argv[0];

	if (argc == 3 && strcmp(argv[1], "-e") == 0) {
		print_error(argv[2]);
		return 0;
	}
	if (argc > 2 && strcmp(argv[1], "-f") == 0) {
		set("FAULTS", argv[2]);
		make_log();
		reconcile_sanitizer();
		preload(self);
		argv += 2;
		argc -= 2;
	}
	if (argc < 2)
		errx(127, "usage: h_start [-e error | "
		    "[-f faults] program [argument ...]]");
	reset_signals();
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
