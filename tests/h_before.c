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
 * Makes one system call in vain so many times and becomes another program.
 * strace(1) counts calls in each process: those of the program are then ahead
 * of its children's, so that a fault can be had in a child alone.
 *
 * usage: h_before call times program [argument ...]
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	long number;
} calls[] = {
#define CALL(name)	{ #name, SYS_##name }
	CALL(brk), CALL(close), CALL(connect), CALL(fcntl), CALL(getgroups),
	CALL(getrandom), CALL(getsockopt), CALL(ioctl), CALL(mmap),
	CALL(munmap), CALL(newfstatat), CALL(openat), CALL(prctl), CALL(read),
	CALL(recvfrom), CALL(recvmsg), CALL(rt_sigaction),
	CALL(rt_sigprocmask), CALL(sendmsg), CALL(sendto), CALL(setsockopt),
	CALL(shutdown), CALL(socket), CALL(socketpair), CALL(unlink),
	CALL(write),
#ifdef SYS_poll
	CALL(poll),
#endif
	CALL(ppoll),
};

int
main(int argc, char **argv)
{
	size_t i = 0;
	long times;

	if (argc < 4)
		errx(2, "usage: h_before call times program [argument ...]");
	while (i < sizeof(calls) / sizeof(calls[0]) &&
	    strcmp(calls[i].name, argv[1]) != 0)
		i++;
	if (i == sizeof(calls) / sizeof(calls[0]))
		errx(2, "no such call here: %s", argv[1]);
	/* No descriptor, no address and no length that could be right. */
	for (times = strtol(argv[2], NULL, 10); times > 0; times--)
		(void)syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L);
	execv(argv[3], argv + 3);
	err(2, "%s", argv[3]);
}
