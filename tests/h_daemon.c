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
 * A daemon as there are many: it serves one client after the other, and counts
 * those whose credentials it did not get.
 *
 * usage: h_daemon listener | accepted
 *
 * It listens on `sock' in the current directory, and sets the option on the
 * listening socket, or on each one that it has accepted.  At SIGTERM it prints
 * how many clients there were, and how many of them it has lost.
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef SO_PASSCRED
#define LEVEL		SOL_SOCKET
#define OPTION		SO_PASSCRED
#elif defined(LOCAL_CREDS_PERSISTENT)
#define LEVEL		0
#define OPTION		LOCAL_CREDS_PERSISTENT
#elif defined(LOCAL_CREDS)
#define LEVEL		0
#define OPTION		LOCAL_CREDS
#else
#define LEVEL		0
#define OPTION		-1	/* there is none, and every client is lost */
#endif

static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

/* Whether what came has credentials of a process, as a daemon looks at them. */
static bool
has_credentials(const struct msghdr *msg)
{
	const struct cmsghdr *cm = CMSG_FIRSTHDR(msg);
#ifdef SO_PASSCRED
	struct ucred cred;

	if (cm == NULL || cm->cmsg_type != SCM_CREDENTIALS)
		return false;
	memcpy(&cred, CMSG_DATA(cm), sizeof(cred));
	return cred.pid != 0;
#else
	return cm != NULL;
#endif
}

static void
set_option(int fd)
{
	(void)setsockopt(fd, LEVEL, OPTION, &(int){ 1 }, sizeof(int));
}

/* Serves a client; returns whether its credentials were lost. */
static bool
serve(int fd)
{
	_Alignas(struct cmsghdr) char control[1024];
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof(control) };
	const ssize_t n = recvmsg(fd, &msg, 0);

	return n != 1 || !has_credentials(&msg);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "sock" };
	const struct sigaction sa = { .sa_handler = on_signal };
	const bool late = argc > 1 && strcmp(argv[1], "accepted") == 0;
	const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	unsigned clients = 0, lost = 0;
	int fd;

	(void)sigaction(SIGTERM, &sa, NULL);
	if (!late)
		set_option(listener);
	if (bind(listener, (const struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(listener, SOMAXCONN) == -1)
		err(1, "sock");
	while (!ended) {
		fd = accept(listener, NULL, NULL);
		if (fd == -1)
			continue;
		if (late)
			set_option(fd);
		clients++;
		if (serve(fd))
			lost++;
		(void)close(fd);
	}
	(void)unlink("sock");
	printf("%u clients, %u lost\n", clients, lost);
	return 0;
}
