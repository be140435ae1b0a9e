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
 * Loaded into credcheck by LD_PRELOAD, this has SO_PEERCRED name whoever asks,
 * as gVisor has it, which knows no other option of a connection's peer.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#define SO_PEERPIDFD_	77		/* which headers can lack, */
#define SO_PEERGROUPS_	59		/* and these are of most machines */

static int
ask(int s, int level, int option, void *value, socklen_t *len)
{
	int (*real)(int, int, int, void *, socklen_t *);
	void *const address = dlsym(RTLD_NEXT, "getsockopt");

	if (address == NULL)
		abort();
	memcpy(&real, &address, sizeof(real));
	return real(s, level, option, value, len);
}

int
getsockopt(int s, int level, int option, void *value, socklen_t *len)
{
	const struct ucred own = { .pid = getpid(), .uid = geteuid(),
	    .gid = getegid() };

	if (level == SOL_SOCKET && (option == SO_PEERPIDFD_ ||
	    option == SO_PEERGROUPS_)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (level != SOL_SOCKET || option != SO_PEERCRED || *len < sizeof(own))
		return ask(s, level, option, value, len);
	memcpy(value, &own, sizeof(own));
	*len = sizeof(own);
	return 0;
}
#endif
