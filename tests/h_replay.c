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
 * Gives the manual's code control messages that other kernels have sent, and
 * says what it makes of them.  A line of standard input is a type of socket,
 * the number of bytes, msg_controllen, and what is in the control buffer, of
 * which there may be more; what the code has no room for is cut.  REPLAY_PROC
 * in the environment names a directory that is read in place of those in /proc.
 */
#include "emulate.h"

#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

static ssize_t replay(int, struct msghdr *, int);
#define recvmsg replay
#ifdef __linux__
static FILE *open_replayed(const char *, const char *);
#define fopen open_replayed
#endif
#include "receive.c"
#undef fopen

static struct {
	char type[16], control[8192];
	size_t bytes, controllen;
} line;

#ifdef __linux__
static FILE *
open_replayed(const char *path, const char *mode)
{
	const char *dir = getenv("REPLAY_PROC");
	char replayed[PATH_MAX];

	(void)snprintf(replayed, sizeof(replayed), "%s%s",
	    dir == NULL ? "" : dir,
	    dir == NULL ? path : strrchr(path, '/'));
	return fopen(replayed, mode);
}
#endif

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* A header of another system becomes one of this, of the same size. */
static void
copy_header(unsigned char *p)
{
	struct cmsghdr cm;
	uint32_t head[3];

	memcpy(&cm, p, sizeof(cm));
	memcpy(head, p, sizeof(head));
#ifdef EMULATED
	cm.cmsg_len = head[0];
	cm.cmsg_level = head[1] == 0xffff ? SOL_SOCKET : -1;
	cm.cmsg_type = (int)head[2];
	memcpy(p, &cm, sizeof(cm));
#endif
}

/* Descriptors that arrived whole are ours. */
static void
open_some(unsigned char *data, size_t len)
{
	int fd;

	for (; len >= sizeof(fd); data += sizeof(fd), len -= sizeof(fd)) {
		if ((fd = open("/dev/null", O_RDONLY)) == -1)
			err(1, "/dev/null");
		memcpy(data, &fd, sizeof(fd));
	}
}

static ssize_t
replay(int s, struct msghdr *msg, int flags)
{
	unsigned char *buf = msg->msg_control;
	const size_t sent = strlen(line.control) / 2;
	const size_t all = MIN(sent, msg->msg_controllen);
	const size_t whole = MIN(line.controllen, all);
	struct cmsghdr cm;
	size_t len;
	unsigned byte;

	(void)s;
	(void)flags;
	for (size_t i = 0; i < all; i++) {
		(void)sscanf(line.control + 2 * i, "%2x", &byte);
		buf[i] = (unsigned char)byte;
	}
	for (size_t off = 0; off + CMSG_LEN(0) <= all; off += CMSG_SPACE(len)) {
		copy_header(buf + off);
		memcpy(&cm, buf + off, sizeof(cm));
		len = cm.cmsg_len - CMSG_LEN(0);
		if (cm.cmsg_type == SCM_RIGHTS && whole > off + CMSG_LEN(0))
			open_some(buf + off + CMSG_LEN(0),
			    MIN(len, whole - off - CMSG_LEN(0)));
	}
	msg->msg_controllen = (socklen_t)whole;
	msg->msg_flags = whole < sent ? MSG_CTRUNC : 0;
	return (ssize_t)line.bytes;
}

static intmax_t
id(uint32_t value)
{
	return value == UINT32_MAX ? -1 : (intmax_t)value;
}

static void
report(const int *sockets)
{
	const int s = sockets[strcmp(line.type, "stream") == 0 ? 0 :
	    strcmp(line.type, "seqpacket") == 0 ? 1 : 2];
	char buf[4096];
	size_t len = sizeof(buf);
	struct credentials cr;
	const int result = receive_credentials(s, buf, &len, &cr);

	const char *what = result == 1 ? "credentials" :
	    result == 0 ? "closed" :
	    errno == EACCES ? "nobody" : strerror(errno);

	printf("%s %jd %jd %jd %jd %jd %zu\n", what, (intmax_t)cr.pid,
	    id(cr.uid), id(cr.euid), id(cr.gid), id(cr.egid), len);
}

int
main(void)
{
	const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	int sockets[3], before;
	char text[16384];

	for (size_t t = 0; t < 3; t++)
		if ((sockets[t] = socket(AF_UNIX, types[t], 0)) == -1)
			err(1, "socket");
	before = open_descriptors();
	while (fgets(text, sizeof(text), stdin) != NULL) {
		line.control[0] = '\0';
		if (sscanf(text, "%15s %zu %zu %8191s", line.type, &line.bytes,
		    &line.controllen, line.control) < 3)
			errx(1, "%s", text);
		report(sockets);
	}
	if (open_descriptors() != before)
		errx(1, "%d descriptors left open",
		    open_descriptors() - before);
	return 0;
}
