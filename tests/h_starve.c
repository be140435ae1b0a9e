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
 * Loaded into credcheck by LD_PRELOAD, this has a process be late, or refuses
 * what wakes the other one up.  Each says on standard error that it took place.
 *
 * LATE=ms	the client's message is sent while the server sleeps in poll(2),
 *		which returns that much later, as in a process that is starved
 * REFUSE=errno	the first two bytes of zero by send(2) of each process, which
 *		wake the other one up, are refused
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/mman.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	_Atomic int asleep;		/* the server, in poll(2) */
	_Atomic int written;		/* the client has come to its message */
} *shared;
static pid_t server;			/* who was started */
static int refused;

static int
number(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? 0 : atoi(value);
}

static void
say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

static void
nap(int ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	(void)nanosleep(&ts, NULL);
}

static void __attribute__((constructor))
begin(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	server = getpid();
}

/* The function of the C library, whose name ours has. */
static void
find_real(void *function, const char *name)
{
	void *const real = dlsym(RTLD_NEXT, name);

	if (real == NULL)
		abort();
	memcpy(function, &real, sizeof(real));
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int (*real)(struct pollfd *, nfds_t, int);
	int ready, error;

	find_real(&real, "poll");
	if (getpid() != server || number("LATE") == 0)
		return real(fds, n, timeout);
	shared->asleep = 1;
	ready = real(fds, n, timeout);
	error = errno;
	shared->asleep = 0;
	if (ready > 0 && shared->written == 1) {
		shared->written = 2;	/* late once */
		nap(number("LATE"));
		say("late\n");
	}
	errno = error;
	return ready;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t (*real)(int, const void *, size_t);

	find_real(&real, "write");
	if (getpid() != server && len == 1 && memcmp(data, "!", 1) == 0 &&
	    number("LATE") != 0) {
		for (int i = 0; i < 2000 && !shared->asleep; i++)
			nap(1);
		shared->written = 1;
	}
	return real(fd, data, len);
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int);

	find_real(&real, "send");
	if (number("REFUSE") != 0 && len == 1 && memcmp(data, "", 1) == 0 &&
	    refused++ < 2) {
		say("refused\n");
		errno = number("REFUSE");
		return -1;
	}
	return real(fd, data, len, flags);
}
