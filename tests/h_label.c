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
 * Loaded into credcheck by LD_PRELOAD, this is Linux with a security module
 * that has labels, each of them that of the file LABEL, as the modules were
 * seen to do:
 *
 * MODULE=selinux	SO_PEERSEC of streams and seqpacket sockets, with a NUL;
 *			a listening socket has the unlabeled one.  SO_PASSSEC,
 *			where a stream without SO_PASSCRED has the unlabeled one.
 * MODULE=apparmor	SO_PEERSEC of each connected socket, without a NUL.
 *			SO_PASSSEC is taken and does nothing.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/param.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SO_PASSSEC		/* of Linux, as nothing here is of others */
#define SO_PASSSEC	34
#define SO_PASSCRED	16
#define SO_PEERSEC	31
#endif
#define SCM_LABEL	3	/* SCM_SECURITY */

static char label[8192];
static size_t length;		/* with the NUL, if it has one */
static bool selinux;

/* The function of the C library, whose name ours has. */
static void
find_real(void *function, const char *name)
{
	void *const real = dlsym(RTLD_NEXT, name);

	if (real == NULL)
		abort();
	memcpy(function, &real, sizeof(real));
}

static void __attribute__((constructor))
begin(void)
{
	const char *module = getenv("MODULE"), *path = getenv("LABEL");
	FILE *fp = fopen(path != NULL ? path : "", "r");

	selinux = module != NULL && strcmp(module, "selinux") == 0;
	if (fp == NULL)
		return;
	length = fread(label, 1, sizeof(label) - 1, fp);
	fclose(fp);
	if (selinux)
		length++;
}

static int
option(int fd, int name)
{
	int (*real)(int, int, int, void *, socklen_t *);
	int value = 0;
	socklen_t len = sizeof(value);

	find_real(&real, "getsockopt");
	return real(fd, SOL_SOCKET, name, &value, &len) == -1 ? 0 : value;
}

static int
copy(const char *text, size_t n, void *value, socklen_t *len)
{
	const bool fits = *len >= n;

	*len = (socklen_t)n;
	if (!fits) {
		errno = ERANGE;
		return -1;
	}
	memcpy(value, text, n);
	return 0;
}

int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	static const char unlabeled[] = "u:r:unlabeled_t";
	int (*real)(int, int, int, void *, socklen_t *);
	struct sockaddr_storage ss;
	socklen_t size = sizeof(ss);

	find_real(&real, "getsockopt");
	if (level != SOL_SOCKET || name != SO_PEERSEC || length == 0)
		return real(fd, level, name, value, len);
	if (selinux && option(fd, SO_TYPE) != SOCK_DGRAM)
		return option(fd, SO_ACCEPTCONN) ?
		    copy(unlabeled, sizeof(unlabeled), value, len) :
		    copy(label, length, value, len);
	if (!selinux && getpeername(fd, (struct sockaddr *)&ss, &size) == 0)
		return copy(label, length, value, len);
	errno = ENOPROTOOPT;
	return -1;
}

/* Appends a label to what came, as far as there is room for it. */
static void
append(struct msghdr *msg, size_t room, const char *text, size_t n)
{
	const size_t at = CMSG_SPACE(msg->msg_controllen) - CMSG_SPACE(0);
	struct cmsghdr cm;

	memset(&cm, 0, sizeof(cm));
	if (at + CMSG_LEN(n) > room)
		msg->msg_flags |= MSG_CTRUNC;
	if (at + CMSG_LEN(0) >= room)
		return;
	n = MIN(n, room - at - CMSG_LEN(0));
	cm.cmsg_level = SOL_SOCKET;
	cm.cmsg_type = SCM_LABEL;
	cm.cmsg_len = CMSG_LEN(n);
	memcpy((char *)msg->msg_control + at, &cm, sizeof(cm));
	memcpy((char *)msg->msg_control + at + CMSG_LEN(0), text, n);
	msg->msg_controllen = MIN(at + CMSG_SPACE(n), room);
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	static const char unlabeled[] = "u:r:unlabeled_t";
	ssize_t (*real)(int, struct msghdr *, int);
	const size_t room = msg->msg_controllen;
	ssize_t n;

	find_real(&real, "recvmsg");
	n = real(fd, msg, flags);
	if (n <= 0 || !selinux || length == 0 || !option(fd, SO_PASSSEC))
		return n;
	if (option(fd, SO_TYPE) == SOCK_STREAM && !option(fd, SO_PASSCRED))
		append(msg, room, unlabeled, sizeof(unlabeled));
	else
		append(msg, room, label, length);
	return n;
}
