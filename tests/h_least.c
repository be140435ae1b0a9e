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
 * The least program that does what credcheck --sync does, and checks nothing:
 * a socketpair, a child that hears "go on" and sends a byte, the option, the
 * message with its credentials, and what the connection knows besides.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <unistd.h>

#ifdef SCM_CREDENTIALS

static void
client(int fd)
{
	char byte;

	_exit(read(fd, &byte, 1) != 1 || write(fd, "!", 1) != 1);
}

static void
report(int fd, ssize_t n, const struct ucred *uc)
{
	static gid_t groups[65536];
	socklen_t len = sizeof(groups);
	struct ucred peer;

	printf("Got %zd byte\nPID: %d\nUID: %u\n", n, (int)uc->pid, uc->uid);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		err(2, "SO_PEERGROUPS");
	n = (ssize_t)(len / sizeof(groups[0]));
	len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		err(2, "SO_PEERCRED");
	printf("EUID: %u (SO_PEERCRED)\nGID: %u\nEGID: %u (SO_PEERCRED)\n",
	    peer.uid, uc->gid, peer.gid);
	printf("Supplementary groups:");
	for (ssize_t i = 0; i < n; i++)
		printf(" %u", groups[i]);
	printf(" (SO_PEERGROUPS)\n");
}

int
main(void)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	const int on = 1;
	int pair[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		err(2, "socketpair");
	switch (fork()) {
	case -1:
		err(2, "fork");
	case 0:
		client(pair[1]);
	}
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on,
	    sizeof(on)) == -1 || write(pair[0], "G", 1) != 1 ||
	    (n = recvmsg(pair[0], &msg, 0)) == -1)
		err(2, "the conversation");
	report(pair[0], n, (struct ucred *)(void *)CMSG_DATA(&control.header));
	wait(NULL);
	return 0;
}

#else

int
main(void)
{
	errx(2, "written for Linux alone");
}

#endif
