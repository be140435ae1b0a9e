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
 * load path n	connect n times, each time write a byte and wait for the end
 * server path	accept, recvmsg, close, and one line printed, for ever
 *
 * All but the last print how many a second.
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
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
load(const char *path, unsigned long n)
{
	const double start = seconds();
	struct sockaddr_un sun;
	char byte;
	int fd;

	for (unsigned long i = 0; i < n; i++) {
		fd = path_socket(path, &sun);
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
			err(2, "connect: %s", path);
		if (write(fd, "!", 1) != 1 || shutdown(fd, SHUT_WR) == -1)
			err(2, "write");
		while (read(fd, &byte, 1) > 0)
			continue;
		close(fd);
	}
	printf("%.0f\n", (double)n / (seconds() - start));
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

int
main(int argc, char **argv)
{
	void (*one)(void) = argc == 2 && strcmp(argv[1], "pairs") == 0 ?
	    one_pair : argc == 2 && strcmp(argv[1], "forks") == 0 ?
	    one_fork : NULL;
	unsigned long n = 0;
	double start, elapsed;

	if (argc == 4 && strcmp(argv[1], "load") == 0)
		return load(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "server") == 0)
		return server(argv[2]);
	if (one == NULL)
		errx(2, "usage: h_floor pairs | forks | load path n | "
		    "server path");
	start = seconds();
	do {
		one();
		n++;
	} while ((elapsed = seconds() - start) < 1);
	printf("%.0f\n", (double)n / elapsed);
	return 0;
}
