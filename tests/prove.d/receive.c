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
 * What Frama-C's Eva proves of the manual's receive_credentials(): see
 * receive.sh.  The kernel is any that leaves FIRST to LAST bytes in the control
 * buffer, whatever they are; on Linux /proc says that OVERFLOW stands for those
 * who have no ID here, and whether that is nobody.
 */
#include "emulate.h"
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

enum { OVERFLOW = 65534, ROOM = 16 };

extern int Frama_C_entropy;
/*@ requires \valid(p + (0 .. l - 1));
    assigns p[0 .. l - 1], Frama_C_entropy \from Frama_C_entropy;
    ensures \initialized(p + (0 .. l - 1)); */
void Frama_C_make_unknown(char *p, size_t l);
/*@ assigns \result, Frama_C_entropy \from a, b, Frama_C_entropy;
    ensures \result == a || \result == b; */
int Frama_C_nondet(int a, int b);
/*@ requires min <= max;
    assigns \result, Frama_C_entropy \from min, max, Frama_C_entropy;
    ensures min <= \result <= max; */
int Frama_C_interval(int min, int max);

/*@ requires \valid_read((const char *)from + (0 .. n - 1));
    requires \valid((char *)to + (0 .. n - 1));
    assigns ((char *)to)[0 .. n - 1], \result
      \from ((const char *)from)[0 .. n - 1], to;
    ensures \result == to; */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
/*@ allocates \result; assigns \result \from n;
    ensures \fresh(\result, n); */
void *malloc(size_t n);

static int error;

int *
__errno_location(void)
{
	return &error;
}

/* What the kernel has in store, and how much of it was taken. */
static size_t total;
static size_t length;
static int cut;
static int mapped;
static size_t received;

static int
any_close(int fd)
{
	/*@ assert descriptor: fd >= 0; */
	return fd < 0 ? -1 : Frama_C_interval(-1, 0);
}

static int
any_getsockopt(int s, int level, int name, void *value, socklen_t *len)
{
	(void)s, (void)level, (void)name;
	/*@ assert room: \valid((char *)value + (0 .. 3)) && *len == 4; */
	if (Frama_C_nondet(0, 1))
		return -1;
	*(int *)value = Frama_C_interval(1, 5);
	*len = 4;
	return 0;
}

static ssize_t
any_recvmsg(int s, struct msghdr *msg, int flags)
{
	const size_t left = total < msg->msg_controllen ? total :
	    msg->msg_controllen;

	(void)s, (void)flags;
	/*@ assert room: \valid((char *)msg->msg_control +
	      (0 .. msg->msg_controllen - 1)); */
	/*@ assert buffer: \valid((char *)msg->msg_iov->iov_base +
	      (0 .. msg->msg_iov->iov_len - 1)); */
	if (Frama_C_nondet(0, 1)) {
		error = Frama_C_interval(1, 4000);
		return -1;
	}
	if (left > 0)
		Frama_C_make_unknown((char *)msg->msg_control, left);
	msg->msg_controllen = left;
	msg->msg_flags = Frama_C_nondet(0, MSG_CTRUNC);
	if (cut)
		msg->msg_flags |= MSG_TRUNC;
	received = length;
	return (ssize_t)received;
}

#ifdef __linux__
/* An overflow ID and a map: how many lines are left of what is open. */
static FILE files[2];
static int lines;

static FILE *
any_fopen(const char *path, const char *mode)
{
	/* /proc/self/..., not /proc/sys/... */
	const int map = path[sizeof("/proc/s") - 1] == 'e';

	(void)mode;
	if (Frama_C_nondet(0, 1))
		return NULL;
	lines = map ? 2 : 1;
	return &files[map];
}

static int
any_fclose(FILE *f)
{
	/*@ assert open: f == &files[0] || f == &files[1]; */
	lines = 0;
	return f == &files[0] ? 0 : Frama_C_interval(-1, 0);
}

/*
 * Any read can fail.  A map of everyone has two lines, and all that another has
 * do not add up to as many IDs.
 */
static int
any_fscanf(FILE *f, const char *format, unsigned long long *value)
{
	(void)format;
	if (lines == 0 || Frama_C_nondet(0, 1))
		return EOF;
	lines--;
	if (f == &files[0])
		*value = OVERFLOW;
	else if (mapped)
		*value = lines == 1 ? 1000 : 0xffffffff - 1000;
	else
		*value = (unsigned)Frama_C_interval(0, 0x3fffffff);
	return 1;
}
#define fopen		any_fopen
#define fclose		any_fclose
#define fscanf		any_fscanf
#endif

#define close		any_close
#define getsockopt	any_getsockopt
#define recvmsg		any_recvmsg
#include "annotated.c"

static void
check_control(size_t bytes)
{
	unsigned char *exact = malloc(bytes);

	if (bytes > 0)
		Frama_C_make_unknown((char *)exact, bytes);
	(void)read_control(exact, bytes);	/* alone: of exactly so many */
}

static void
check_result(void)
{
	static char buf[ROOM];
	size_t len = sizeof(buf);
	struct credentials cr;
	int result;

	received = 0;
	result = receive_credentials(3, buf, &len, &cr);
	/*@ assert result == 0 || result == 1 || result == -1; */
	/*@ assert bytes: len == received; */
	/*@ assert nothing: result != 1 ==> cr.pid == 0 &&
	      cr.uid == (uid_t)-1 && cr.euid == (uid_t)-1 &&
	      cr.gid == (gid_t)-1 && cr.egid == (gid_t)-1; */
	/*@ assert someone: result == 1 ==> cr.uid != (uid_t)-1; */
	/*@ assert whole: result == 1 ==> cut == 0; */
#ifdef __linux__
	/*@ assert user: result == 1 && cr.uid == OVERFLOW ==>
	      mapped == 1 && cr.pid != 0; */
	/*@ assert group: result == 1 && cr.gid == OVERFLOW ==>
	      mapped == 1 && cr.pid != 0; */
#endif
}

int
main(void)
{
	const size_t lengths[] = { 0, 1, ROOM };

	(void)interrupt_calls;
	/*@ loop unroll 5000; */
	for (total = FIRST; total <= LAST; total++) {
		check_control(total);
		/*@ loop unroll 12; */
		for (int i = 0; i < 12; i++) {
			cut = i % 2;
			mapped = i / 2 % 2;
			length = lengths[i / 4];
			check_result();
		}
	}
	return 0;
}
