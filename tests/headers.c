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
 * What the recorded messages in tests/recorded and the emulations in
 * tests/emulate.h take for granted of a system's headers: compiled, not run.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/param.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <stddef.h>

#define AT(type, member, offset) \
	_Static_assert(offsetof(struct type, member) == (offset), \
	    #type "." #member)
#define SIZE(type, size) \
	_Static_assert(sizeof(struct type) == (size), #type)

SIZE(iovec, 2 * sizeof(void *));	/* of any system */
AT(iovec, iov_base, 0);
_Static_assert(sizeof(pid_t) == 4 && sizeof(uid_t) == 4 && sizeof(gid_t) == 4,
    "every ID in every layout is of four bytes");

#if defined(__linux__)
AT(ucred, pid, 0);
AT(ucred, uid, 4);
AT(ucred, gid, 8);
SIZE(ucred, 12);
#elif defined(__NetBSD__)
#ifdef LOCAL_OCREDS		/* came together with sc_pid, in NetBSD 8 */
_Static_assert(LOCAL_OCREDS == 0x0001 && LOCAL_PEEREID == 0x0003 &&
    LOCAL_CREDS == 0x0004 && SCM_CREDS == 0x10, "sys/un.h, sys/socket.h");
AT(sockcred, sc_pid, 0);
AT(sockcred, sc_uid, 4);
AT(sockcred, sc_euid, 8);
AT(sockcred, sc_gid, 12);
AT(sockcred, sc_egid, 16);
AT(sockcred, sc_ngroups, 20);
AT(sockcred, sc_groups, 24);
_Static_assert(SOCKCREDSIZE(1) == 28 && SOCKCREDSIZE(16) == 88, "SOCKCREDSIZE");
AT(unpcbid, unp_pid, 0);
AT(unpcbid, unp_euid, 4);
AT(unpcbid, unp_egid, 8);
SIZE(unpcbid, 12);
#endif
#elif defined(__FreeBSD__)
#include <sys/ucred.h>
_Static_assert(LOCAL_PEERCRED == 1 && LOCAL_CREDS == 2 && SCM_CREDS == 3 &&
    CMGROUP_MAX == 16 && XU_NGROUPS == 16, "sys/un.h, sys/socket.h");
AT(sockcred, sc_uid, 0);
AT(sockcred, sc_euid, 4);
AT(sockcred, sc_gid, 8);
AT(sockcred, sc_egid, 12);
AT(sockcred, sc_ngroups, 16);
AT(sockcred, sc_groups, 20);
_Static_assert(SOCKCREDSIZE(1) == 24 && SOCKCREDSIZE(16) == 84, "SOCKCREDSIZE");
AT(cmsgcred, cmcred_pid, 0);
AT(cmsgcred, cmcred_uid, 4);
AT(cmsgcred, cmcred_euid, 8);
AT(cmsgcred, cmcred_gid, 12);
AT(cmsgcred, cmcred_ngroups, 16);
AT(cmsgcred, cmcred_groups, 20);
SIZE(cmsgcred, 84);		/* as a sockcred with 16 groups has */
AT(xucred, cr_version, 0);
AT(xucred, cr_uid, 4);
AT(xucred, cr_ngroups, 8);
AT(xucred, cr_groups, 12);
#ifdef LOCAL_CREDS_PERSISTENT	/* FreeBSD 13 */
_Static_assert(LOCAL_CREDS_PERSISTENT == 3 && SCM_CREDS2 == 8, "sys/un.h");
AT(sockcred2, sc_version, 0);
AT(sockcred2, sc_pid, 4);
AT(sockcred2, sc_uid, 8);
AT(sockcred2, sc_euid, 12);
AT(sockcred2, sc_gid, 16);
AT(sockcred2, sc_egid, 20);
AT(sockcred2, sc_ngroups, 24);
AT(sockcred2, sc_groups, 28);
_Static_assert(SOCKCRED2SIZE(1) == 32 && SOCKCRED2SIZE(16) == 92,
    "SOCKCRED2SIZE");
#endif
#endif

int
main(void)
{
	return 0;
}
