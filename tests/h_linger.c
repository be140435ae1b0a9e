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
 * A stranger that wants to hold others up: what it sends are descriptors of TCP
 * sockets that linger for a minute when they are closed.
 *
 * usage: h_linger connect|listen path type count [nested]
 *	connect	to path, so many times, and send one on each connection; type
 *		is stream, seqpacket or dgram
 *	listen	there, and send one to each who connects
 *	nested	one in the queue of a socket whose descriptor is sent instead
 * It says "ready" when it listens, or has sent, and stays until it is killed.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A TCP connection to ourselves whose other end will never be read. */
static int
lingering_socket(void)
{
	static char data[65536];
	const struct linger minute = { .l_onoff = 1, .l_linger = 60 };
	const int small = 4096;
	const int server = socket(AF_INET, SOCK_STREAM, 0);
	const int client = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int flags;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (server == -1 || client == -1)
		err(EXIT_FAILURE, "socket");
	(void)setsockopt(server, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	(void)setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	if (bind(server, (struct sockaddr *)&sin, len) == -1 ||
	    listen(server, 1) == -1 ||
	    getsockname(server, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(client, (struct sockaddr *)&sin, len) == -1)
		err(EXIT_FAILURE, "connection to ourselves");
	flags = fcntl(client, F_GETFL);
	(void)fcntl(client, F_SETFL, flags | O_NONBLOCK);
	while (write(client, data, sizeof(data)) > 0)
		continue;
	(void)fcntl(client, F_SETFL, flags);
	if (setsockopt(client, SOL_SOCKET, SO_LINGER, &minute,
	    sizeof(minute)) == -1)
		err(EXIT_FAILURE, "SO_LINGER");
	return client;
}

/* For the signal that ends a wait. */
static void
wake(int signo)
{

	(void)signo;
}

/*
 * What we close is the last of it if the receiver has already dropped its own:
 * then we would be who lingers, but that a signal ends such a wait.
 */
static void
close_without_lingering(int fd)
{
	const struct itimerval ticking = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval stopped = { { 0, 0 }, { 0, 0 } };

	(void)setitimer(ITIMER_REAL, &ticking, NULL);
	(void)close(fd);
	(void)setitimer(ITIMER_REAL, &stopped, NULL);
}

/* Sends the only descriptor of something. */
static void
send_last(int to, int fd)
{
	_Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(fd))];
	struct iovec iov = { .iov_base = (char[]){ "hello" }, .iov_len = 5 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	const struct cmsghdr cm = { .cmsg_level = SOL_SOCKET,
	    .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd)) };

	memset(control, 0, sizeof(control));
	memcpy(control, &cm, sizeof(cm));
	memcpy(control + CMSG_LEN(0), &fd, sizeof(fd));
	if (sendmsg(to, &msg, 0) == -1)
		warn("sendmsg");
	close_without_lingering(fd);
}

static void
send_trouble(int to, int nested)
{
	int pair[2];

	if (!nested) {
		send_last(to, lingering_socket());
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		err(EXIT_FAILURE, "socketpair");
	send_last(pair[0], lingering_socket());
	(void)close(pair[0]);
	send_last(to, pair[1]);
}

static void
say_ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, listener, type, nested;

	if (argc < 5 || strlen(argv[2]) >= sizeof(sun.sun_path))
		errx(EXIT_FAILURE, "usage: h_linger connect|listen path type "
		    "count [nested]");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGALRM, wake);
	strcpy(sun.sun_path, argv[2]);
	type = strcmp(argv[3], "stream") == 0 ? SOCK_STREAM :
	    strcmp(argv[3], "dgram") == 0 ? SOCK_DGRAM : SOCK_SEQPACKET;
	nested = argc > 5;
	if (strcmp(argv[1], "listen") == 0) {
		listener = socket(AF_UNIX, type, 0);
		if (listener == -1 || bind(listener, (struct sockaddr *)&sun,
		    sizeof(sun)) == -1 || listen(listener, 5) == -1)
			err(EXIT_FAILURE, "%s", sun.sun_path);
		say_ready();
		for (;;) {
			fd = accept(listener, NULL, NULL);
			if (fd == -1)
				err(EXIT_FAILURE, "accept");
			send_trouble(fd, nested);
		}
	}
	for (int i = 0; i < atoi(argv[4]); i++) {
		fd = socket(AF_UNIX, type, 0);
		if (fd == -1 || connect(fd, (struct sockaddr *)&sun,
		    sizeof(sun)) == -1)
			err(EXIT_FAILURE, "%s", sun.sun_path);
		send_trouble(fd, nested);
		(void)close(fd);
	}
	say_ready();
	for (;;)
		(void)pause();
}
