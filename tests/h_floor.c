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
 * The floors that tests/bench measures credcheck against:
 *
 * pairs	make a socketpair and close both ends, in one process, for a
 *		second
 * forks	the race without delays, and a fork for each trial, likewise
 * load path n k
 *		connect n times, k clients at once: each writes a byte, and each
 *		waits until it is let go
 * delay path n silent
 *		with so many silent clients connected, n times: connect, write a
 *		byte, and wait for a line of the server's, which comes on
 *		standard input
 * server path	accept, recvmsg, close, and one line printed, for ever
 *
 * delay prints the median in microseconds, the first three how many a second.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef LOCAL_CREDS
#define OPTION_LEVEL	0
#define OPTION		LOCAL_CREDS
#else
#define OPTION_LEVEL	SOL_SOCKET
#define OPTION		SO_PASSCRED
#endif

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
make_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		err(2, "socketpair");
}

static void
one_pair(void)
{
	int pair[2];

	make_pair(pair);
	close(pair[0]);
	close(pair[1]);
}

static void
one_fork(void)
{
	char control[256], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	const int on = 1;
	int pair[2];

	make_pair(pair);
	switch (fork()) {
	case -1:
		err(2, "fork");
	case 0:
		_exit(write(pair[1], "!", 1) == 1 ? 0 : 2);
	}
	if (setsockopt(pair[0], OPTION_LEVEL, OPTION, &on, sizeof(on)) == -1)
		err(2, "setsockopt");
	if (recvmsg(pair[0], &msg, 0) != 1)
		err(2, "recvmsg");
	wait(NULL);
	close(pair[0]);
	close(pair[1]);
}

static int
path_socket(const char *path, struct sockaddr_un *sun)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd == -1)
		err(2, "socket");
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun->sun_path))
		errx(2, "path is too long: %s", path);
	memcpy(sun->sun_path, path, strlen(path));
	return fd;
}

static int
connect_to(const char *path)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct sockaddr_un sun;
	const int fd = path_socket(path, &sun);

	/* The BSDs refuse whom they have no room for in the backlog. */
	for (int try = 0; connect(fd, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1; try++) {
		if (errno != ECONNREFUSED || try == 1000)
			err(2, "connect: %s", path);
		nanosleep(&moment, NULL);
	}
	return fd;
}

/* A server may have let us go unheard: it need not read to know who we are. */
static void
say(int fd)
{
	if (write(fd, "!", 1) == -1 && errno != EPIPE && errno != ECONNRESET)
		err(2, "write");
	(void)shutdown(fd, SHUT_WR);
}

static int
load(const char *path, size_t n, size_t k)
{
	const double start = seconds();
	int *fds = calloc(k, sizeof(*fds));
	char byte;

	if (fds == NULL)
		err(2, "calloc");
	for (size_t done = 0; done < n; done += k) {
		for (size_t i = 0; i < k; i++)
			say(fds[i] = connect_to(path));
		for (size_t i = 0; i < k; i++) {
			while (read(fds[i], &byte, 1) > 0)
				continue;
			close(fds[i]);
		}
	}
	printf("%.0f\n", (double)((n + k - 1) / k * k) / (seconds() - start));
	free(fds);
	return 0;
}

static void
read_lines(size_t n)
{
	char text[4096];
	ssize_t len;

	while (n > 0) {
		if ((len = read(STDIN_FILENO, text, sizeof(text))) <= 0)
			errx(2, "%zu lines of the server's are missing", n);
		for (ssize_t i = 0; i < len && n > 0; i++)
			n -= text[i] == '\n';
	}
}

static double
one_delay(const char *path)
{
	const double start = seconds();
	const int fd = connect_to(path);

	say(fd);
	read_lines(1);
	close(fd);
	return seconds() - start;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The silent ones have their lines when they leave. */
static int
delay(const char *path, size_t n, size_t silent)
{
	double *delays = calloc(n, sizeof(*delays));
	int *fds = calloc(silent + 1, sizeof(*fds));

	if (delays == NULL || fds == NULL)
		err(2, "calloc");
	for (size_t i = 0; i < silent; i++)
		fds[i] = connect_to(path);
	(void)one_delay(path);		/* by then all have been accepted */
	for (size_t i = 0; i < n; i++)
		delays[i] = one_delay(path);
	qsort(delays, n, sizeof(*delays), compare);
	printf("%.1f\n", delays[n / 2] * 1e6);
	for (size_t i = 0; i < silent; i++)
		close(fds[i]);
	read_lines(silent);
	free(fds);
	free(delays);
	return 0;
}

static int
server(const char *path)
{
	char control[256], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct sockaddr_un sun;
	const int on = 1, listener = path_socket(path, &sun);
	int fd;

	if (setsockopt(listener, OPTION_LEVEL, OPTION, &on, sizeof(on)) == -1 ||
	    bind(listener, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(listener, SOMAXCONN) == -1)
		err(2, "%s", path);
	for (;;) {
		if ((fd = accept(listener, NULL, NULL)) == -1)
			err(2, "accept");
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		printf("%zd bytes\n", recvmsg(fd, &msg, 0));
		fflush(stdout);
		close(fd);
	}
}

static int
repeat(void (*one)(void))
{
	const double start = seconds();
	double elapsed;
	unsigned long n = 0;

	do {
		one();
		n++;
	} while ((elapsed = seconds() - start) < 1);
	printf("%.0f\n", (double)n / elapsed);
	return 0;
}

static size_t
number(const char *s)
{
	const size_t n = strtoul(s, NULL, 10);

	if (n > 1000000 || (n == 0 && strcmp(s, "0") != 0))
		errx(2, "no number up to 1000000: %s", s);
	return n;
}

int
main(int argc, char **argv)
{
	const char *what = argc < 2 ? "" : argv[1];

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(what, "pairs") == 0)
		return repeat(one_pair);
	if (argc == 2 && strcmp(what, "forks") == 0)
		return repeat(one_fork);
	if (argc == 3 && strcmp(what, "server") == 0)
		return server(argv[2]);
	if (argc == 5 && strcmp(what, "load") == 0 && number(argv[4]) > 0)
		return load(argv[2], number(argv[3]), number(argv[4]));
	if (argc == 5 && strcmp(what, "delay") == 0 && number(argv[3]) > 0)
		return delay(argv[2], number(argv[3]), number(argv[4]));
	errx(2, "usage: h_floor pairs | forks | server path | load path n k | "
	    "delay path n silent");
}
