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
 * To be preloaded into a program by h_start: some calls of libc's do not do
 * their work, or not it alone, as FAULTS says:
 *
 *	call[:error=name][:return=n][:answer=n][:delay=us][:signal=name]
 *	    [:after=name][:in=parent | child][:when=n[..m | +]][,...]
 *
 * It fails with an error, only returns a number, does its work and returns
 * another number, waits first, raises a signal first, or afterwards; the nth time in its process, to the mth or for good, and always
 * without `when'; and only in the process that was started or in the others.  Each such call, and one of which nothing is said but its
 * name, is a line of the file FAULT_LOG: the process and the name.  A process
 * is in it with the name `start', from the first of its calls at the latest.
 */
#ifdef __linux__
#undef _GNU_SOURCE		/* it has other prototypes */
#define _DEFAULT_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "names.h"

#ifndef RTLD_NEXT
#define RTLD_NEXT	((void *)-1L)	/* glibc's, without _GNU_SOURCE */
#endif

/* What <sys/socket.h> and <time.h> make of the names. */
#ifdef __NetBSD__
#define SOCKET		"__socket30"
#define CLOCK_GETTIME	"__clock_gettime50"
#else
#define SOCKET		"socket"
#define CLOCK_GETTIME	"clock_gettime"
#endif

static const struct name signals[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "KILL", SIGKILL },
	{ "STOP", SIGSTOP }, { "TERM", SIGTERM },
	{ NULL, 0 }
};

struct fault {
	char call[16];
	long first, last;	/* of the calls in a process */
	bool fails, returns, answers;
	int error;
	long value;
	long delay;		/* microseconds */
	int before, after;	/* signals, or 0 */
	bool parent, child;	/* which processes it is for */
};

/* A call, and how often this process has made it. */
struct count {
	pid_t pid;
	long calls;
};

static struct fault faults[16];
static size_t nfaults;
static pid_t started;		/* the first process */
static pid_t process;		/* the last to be noted */

/* The next definition of a function, behind ours. */
static void *
next_of(const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (next == NULL)
		abort();
	return next;
}

/* Appends a line to the log; the program notices nothing. */
static void
note(pid_t pid, const char *call)
{
	const char *path = getenv("FAULT_LOG");
	const int error = errno;
	int fd;

	if (path != NULL && (fd = open(path, O_WRONLY | O_APPEND)) != -1) {
		(void)dprintf(fd, "%ld %s\n", (long)pid, call);
		(void)close(fd);
	}
	errno = error;
}

static void
note_process(void)
{
	if (process == getpid())
		return;
	process = getpid();
	note(process, "start");
}

static _Noreturn void
malformed(const char *text)
{
	fprintf(stderr, "h_fault: cannot do: %s\n", text);
	_exit(99);
}

static int
number_of(const struct name *names, const char *text)
{
	const struct name *n = find_name(names, text);

	if (n == NULL)
		malformed(text);
	return n->number;
}

/* "n", "n..m", "n+" */
static void
read_when(struct fault *f, const char *text)
{
	char *end;

	f->first = f->last = strtol(text, &end, 10);
	if (strcmp(end, "+") == 0)
		f->last = LONG_MAX;
	else if (strncmp(end, "..", 2) == 0)
		f->last = strtol(end + 2, &end, 10);
}

static void
read_part(struct fault *f, char *part)
{
	char *value = strchr(part, '=');

	if (value == NULL)
		malformed(part);
	*value++ = '\0';
	if (strcmp(part, "error") == 0) {
		f->fails = true;
		f->error = number_of(errors, value);
	} else if (strcmp(part, "return") == 0) {
		f->returns = true;
		f->value = strtol(value, NULL, 10);
	} else if (strcmp(part, "answer") == 0) {
		f->answers = true;
		f->value = strtol(value, NULL, 10);
	} else if (strcmp(part, "delay") == 0)
		f->delay = strtol(value, NULL, 10);
	else if (strcmp(part, "signal") == 0)
		f->before = number_of(signals, value);
	else if (strcmp(part, "after") == 0)
		f->after = number_of(signals, value);
	else if (strcmp(part, "in") == 0) {
		f->parent = strcmp(value, "parent") == 0;
		f->child = !f->parent;
	} else if (strcmp(part, "when") == 0)
		read_when(f, value);
	else
		malformed(part);
}

static void
read_fault(struct fault *f, char *text)
{
	char *rest, *part = strtok_r(text, ":", &rest);

	if (part == NULL || strlen(part) >= sizeof(f->call))
		malformed(text);
	strcpy(f->call, part);
	f->first = 1;
	f->last = LONG_MAX;
	f->parent = f->child = true;
	while ((part = strtok_r(NULL, ":", &rest)) != NULL)
		read_part(f, part);
}

static void __attribute__((constructor))
read_faults(void)
{
	const char *all = getenv("FAULTS");
	char *copy = strdup(all == NULL ? "" : all);
	char *rest, *one;

	if (copy == NULL)
		abort();
	for (one = strtok_r(copy, ",", &rest); one != NULL;
	    one = strtok_r(NULL, ",", &rest)) {
		if (nfaults == sizeof(faults) / sizeof(faults[0]))
			malformed(one);
		read_fault(&faults[nfaults++], one);
	}
	free(copy);
	started = getpid();
	note_process();
}

static void
wait_for(long microseconds)
{
	struct timespec left;

	left.tv_sec = microseconds / 1000000;
	left.tv_nsec = microseconds % 1000000 * 1000;
	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		continue;
}

/* Counts a call; its fault this time, begun, or NULL. */
static const struct fault *
begin(const char *call, struct count *count)
{
	note_process();
	if (count->pid != process) {
		count->pid = process;
		count->calls = 0;
	}
	count->calls++;
	for (size_t i = 0; i < nfaults; i++) {
		const struct fault *f = &faults[i];

		if (strcmp(f->call, call) != 0 ||
		    count->calls < f->first || count->calls > f->last ||
		    !(process == started ? f->parent : f->child))
			continue;
		note(count->pid, call);
		if (f->delay > 0)
			wait_for(f->delay);
		if (f->before != 0)
			(void)raise(f->before);
		return f;
	}
	return NULL;
}

static void
finish(const struct fault *f)
{
	const int error = errno;

	if (f != NULL && f->after != 0)
		(void)raise(f->after);
	errno = error;
}

/* Defines a function that returns `failed' with an error. */
#define DEFINE(type, failed, call, name, parameters, arguments)		\
type									\
call parameters								\
{									\
	static union {							\
		void *address;						\
		type (*function) parameters;				\
	} next;								\
	static struct count count;					\
	const struct fault *f = begin(#call, &count);			\
	type result;							\
									\
	if (f != NULL && f->fails) {					\
		errno = f->error;					\
		return failed;						\
	}								\
	if (f != NULL && f->returns)					\
		return (type)f->value;					\
	if (next.address == NULL)					\
		next.address = next_of(name);				\
	result = next.function arguments;				\
	finish(f);							\
	return f != NULL && f->answers ? (type)f->value : result;	\
}

#define CALL(type, call, parameters, arguments)				\
	DEFINE(type, -1, call, #call, parameters, arguments)

CALL(int, accept, (int s, struct sockaddr *a, socklen_t *len), (s, a, len))
CALL(int, bind, (int s, const struct sockaddr *a, socklen_t len), (s, a, len))
CALL(int, chmod, (const char *path, mode_t mode), (path, mode))
DEFINE(int, -1, clock_gettime, CLOCK_GETTIME,
    (clockid_t clock, struct timespec *ts), (clock, ts))
CALL(int, connect, (int s, const struct sockaddr *a, socklen_t len),
    (s, a, len))
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(pid_t, fork, (void), ())
CALL(int, fstatat, (int dir, const char *path, struct stat *st, int flags),
    (dir, path, st, flags))
CALL(int, getgroups, (int n, gid_t *groups), (n, groups))
CALL(int, getopt_long, (int argc, char *const *argv, const char *letters,
    const struct option *options, int *at), (argc, argv, letters, options, at))
CALL(int, getsockopt, (int s, int level, int option, void *value,
    socklen_t *len), (s, level, option, value, len))
CALL(int, listen, (int s, int backlog), (s, backlog))
DEFINE(char *, NULL, mkdtemp, "mkdtemp", (char *path), (path))
CALL(int, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms))
CALL(ssize_t, recv, (int s, void *buf, size_t len, int flags),
    (s, buf, len, flags))
CALL(ssize_t, recvmsg, (int s, struct msghdr *msg, int flags), (s, msg, flags))
CALL(int, rmdir, (const char *path), (path))
CALL(ssize_t, send, (int s, const void *buf, size_t len, int flags),
    (s, buf, len, flags))
CALL(ssize_t, sendmsg, (int s, const struct msghdr *msg, int flags),
    (s, msg, flags))
CALL(ssize_t, sendto, (int s, const void *buf, size_t len, int flags,
    const struct sockaddr *a, socklen_t alen), (s, buf, len, flags, a, alen))
#ifdef __linux__
CALL(int, setgroups, (size_t n, const gid_t *groups), (n, groups))
#else
CALL(int, setgroups, (int n, const gid_t *groups), (n, groups))
#endif
CALL(int, setregid, (gid_t real, gid_t effective), (real, effective))
CALL(int, setreuid, (uid_t real, uid_t effective), (real, effective))
CALL(int, setsockopt, (int s, int level, int option, const void *value,
    socklen_t len), (s, level, option, value, len))
CALL(int, shutdown, (int s, int how), (s, how))
DEFINE(int, -1, socket, SOCKET, (int domain, int type, int protocol),
    (domain, type, protocol))
CALL(int, socketpair, (int domain, int type, int protocol, int pair[2]),
    (domain, type, protocol, pair))
DEFINE(mode_t, (mode_t)-1, umask, "umask", (mode_t mask), (mask))
CALL(int, unlink, (const char *path), (path))
CALL(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
CALL(ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len))

