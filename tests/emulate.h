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
 * Lets credcheck.c be compiled on Linux as another system would compile it,
 * with that system's names and layouts.  The kernel below stays Linux: what
 * this tests is our reading of a control message, not who sends it.
 *
 * EMULATED is defined unless it runs natively; HERE is 0 where neither is
 * possible.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#ifdef __linux__
#define setprogname(name)	((void)(name))	/* the BSDs have it */
#include <sys/random.h>
#endif

#include <sys/param.h>
#include <sys/types.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__	/* musl has not what glibc has from 2.36 on */
#define arc4random_buf(p, n)	((void)getrandom(p, n, 0))
#endif

#if defined(EMULATE_NETBSD) && defined(__NetBSD__)
#define HERE		1
#elif defined(EMULATE_FREEBSD) && defined(__FreeBSD__)
#define HERE		1
#elif defined(EMULATE_LINUX) && defined(__linux__)
#define HERE		1
#elif defined(EMULATE_NETBSD) && defined(__linux__)
#define HERE		1
#define EMULATED	1
#undef __linux__
#define __NetBSD__	1
#define MSG_NBIO	0		/* MSG_DONTWAIT is enough on Linux */

/* <sys/un.h> and <sys/socket.h> of NetBSD 8 to 10. */
#define LOCAL_OCREDS	0x0001
#define LOCAL_PEEREID	0x0003
#define LOCAL_CREDS	0x0004
#define SCM_CREDS	0x10

struct sockcred {
	pid_t sc_pid;
	uid_t sc_uid, sc_euid;
	gid_t sc_gid, sc_egid;
	int sc_ngroups;
	gid_t sc_groups[1];
};
#define SOCKCREDSIZE(n) \
	(sizeof(struct sockcred) + sizeof(gid_t) * ((n) - 1))

struct unpcbid {
	pid_t unp_pid;
	uid_t unp_euid;
	gid_t unp_egid;
};
#elif defined(EMULATE_FREEBSD) && defined(__linux__)
#define HERE		1
#define EMULATED	1
#undef __linux__
#define __FreeBSD__	13
#define __FreeBSD_version 1300139

/* <sys/un.h>, <sys/socket.h> and <sys/ucred.h> of FreeBSD 13. */
#define LOCAL_PEERCRED	1
#define LOCAL_CREDS	2
#define LOCAL_CREDS_PERSISTENT	3
#define SCM_CREDS	0x03
#define SCM_CREDS2	0x08
#define CMGROUP_MAX	16

struct sockcred {
	uid_t sc_uid, sc_euid;
	gid_t sc_gid, sc_egid;
	int sc_ngroups;
	gid_t sc_groups[1];
};
#define SOCKCREDSIZE(n) \
	(sizeof(struct sockcred) + sizeof(gid_t) * ((n) - 1))

struct sockcred2 {
	int sc_version;
	pid_t sc_pid;
	uid_t sc_uid, sc_euid;
	gid_t sc_gid, sc_egid;
	int sc_ngroups;
	gid_t sc_groups[1];
};
#define SOCKCRED2SIZE(n) \
	(sizeof(struct sockcred2) + sizeof(gid_t) * ((n) - 1))

struct cmsgcred {
	pid_t cmcred_pid;
	uid_t cmcred_uid, cmcred_euid;
	gid_t cmcred_gid;
	short cmcred_ngroups;
	gid_t cmcred_groups[CMGROUP_MAX];
};
#elif defined(EMULATE_NOTHING)
#define HERE		1
#ifdef __linux__	/* glibc has no getpeereid(3) */
static int
getpeereid(int fd, uid_t *euid, gid_t *egid)
{
	struct ucred uc;
	socklen_t len = sizeof(uc);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &len) == -1)
		return -1;
	*euid = uc.uid;
	*egid = uc.gid;
	return 0;
}
#endif
#undef __linux__
#undef __NetBSD__
#undef __FreeBSD__
#else
#define HERE		0
#endif
