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
 * What Frama-C's Eva proves of the parser and of peer_cred(): see parse.sh.
 * The kernel is any that leaves FIRST to LAST bytes of control messages,
 * whatever they are; or, with PROVE_PEER, that answers getsockopt(2) with any
 * bytes.  /proc says anything, or is not there.
 */
#include "emulate.h"

#include <sys/ioctl.h>

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
    requires \initialized((const char *)from + (0 .. n - 1));
    requires \valid((char *)to + (0 .. n - 1));
    assigns ((char *)to)[0 .. n - 1], \result
      \from ((const char *)from)[0 .. n - 1], to;
    ensures \result == to; */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
/*@ requires \valid((char *)to + (0 .. n - 1));
    assigns ((char *)to)[0 .. n - 1], \result \from c, to;
    ensures \result == to; */
void *memset(void *to, int c, size_t n);
/*@ allocates \result; assigns \result \from n;
    ensures \fresh(\result, n); */
void *malloc(size_t n);
/*@ assigns \nothing; */
void free(void *p);
/*@ assigns \result \from s[0 ..]; */
size_t strlen(const char *s);
/*@ assigns \result \from s, s[0 ..], c; */
char *strchr(const char *s, int c);
/*@ requires \valid_read(s + (0 .. n - 1));
    requires \initialized(s + (0 .. n - 1));
    assigns \result \from s[0 .. n - 1], n;
    ensures 0 <= \result <= n; */
size_t strnlen(const char *s, size_t n);

static int
any_close(int fd)
{
	/*@ assert descriptor: fd >= 0; */
	return Frama_C_interval(-1, 0);
}

/* The only one is PIDFD_GET_INFO's ioctl(2). */
static int
any_syscall(long number, int fd, long request, void *answer)
{
	(void)number, (void)fd;
	if (Frama_C_nondet(0, 1))
		return -1;
	Frama_C_make_unknown(answer, _IOC_SIZE((unsigned long)request));
	return 0;
}

static ssize_t
any_readlink(const char *path, char *text, size_t size)
{
	const ssize_t len = Frama_C_interval(-1, 100);

	(void)path;
	if (len <= 0 || (size_t)len > size)
		return -1;
	Frama_C_make_unknown(text, (size_t)len);
	return len;
}

/* What it looks at has to end; the number may end anywhere before that. */
static intmax_t
any_number(const char *text, char **end)
{
	intmax_t n;
	int len = 0;

	/*@ loop unroll 100; */
	while (text[len] != '\0')
		len++;
	if (end != NULL)
		*end = (char *)text + Frama_C_interval(0, len);
	Frama_C_make_unknown((char *)&n, sizeof(n));
	return n;
}

static int
any_open(const char *path, int flags)
{
	(void)path, (void)flags;
	return Frama_C_interval(-1, 1000);
}

static ssize_t
any_read(int fd, void *text, size_t size)
{
	const int len = Frama_C_interval(-1, 100);

	/*@ assert descriptor: fd >= 0; */
	/*@ assert room: \valid((char *)text + (0 .. size - 1)); */
	(void)fd;
	if (len <= 0 || (size_t)len > size)
		return len < 0 ? -1 : 0;
	Frama_C_make_unknown(text, (size_t)len);
	return len;
}

static FILE any_file;

static FILE *
any_fopen(const char *path, const char *mode)
{
	(void)path, (void)mode;
	return Frama_C_nondet(0, 1) ? &any_file : NULL;
}

static int
any_fclose(FILE *fp)
{
	/*@ assert file: fp == &any_file; */
	return fp == &any_file ? 0 : -1;
}

/* One number, which is written only if it was there. */
static int
any_fscanf(FILE *fp, const char *fmt, intmax_t *value)
{
	(void)fmt;
	/*@ assert file: fp == &any_file; */
	if (fp != &any_file || Frama_C_nondet(0, 1))
		return Frama_C_interval(-1, 0);
	Frama_C_make_unknown((char *)value, sizeof(*value));
	return 1;
}

static int
any_snprintf(char *text, size_t size, const char *fmt, ...)
{
	(void)fmt;
	/*@ assert room: \valid(text + (0 .. size - 1)) && size >= 32; */
	text[0] = '\0';
	return 0;
}

/* Frama-C does not follow memory whose size it does not know. */
static gid_t groups[LAST / 4 + 2];
static char label[LAST + 1];

static void *
any_realloc(void *ours, size_t room, void *old, size_t size)
{
	/*@ assert ours: old == \null || old == ours; */
	/*@ assert size: 0 < size <= room; */
	return old == NULL || size <= room ? ours : NULL;
}

static void
any_err(int status, const char *fmt, ...)
{
	(void)status, (void)fmt;
	for (;;)
		continue;
}

static int
any_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	const int most = *len < LAST ? (int)*len : LAST;
	const int n = Frama_C_interval(0, most);

	(void)fd, (void)level, (void)name;
	/*@ assert option: name != 0; */
	/*@ assert room: \valid((char *)value + (0 .. *len - 1)); */
	if (Frama_C_nondet(0, 1))
		return -1;
	/*@ split n; */
	*len = (socklen_t)n;
	if (n > 0)
		Frama_C_make_unknown(value, (size_t)n);
	return 0;
}

#define ONE(value, ...)		((intmax_t *)(value))
#define close(fd)		any_close(fd)
#define syscall			any_syscall
#define readlink(path, text, size) any_readlink(path, text, size)
#define strtoimax(text, end, base) any_number(text, end)
#define open(path, flags)	any_open(path, flags)
#define read(fd, text, size)	any_read(fd, text, size)
#define getpid()		Frama_C_interval(1, INT_MAX)
#define fopen(path, mode)	any_fopen(path, mode)
#define fclose(fp)		any_fclose(fp)
#define fscanf(fp, fmt, ...)	any_fscanf(fp, fmt, ONE(__VA_ARGS__, 0))
#define snprintf		any_snprintf
/* Of cr->label.text, or of cr->groups. */
#define realloc(old, size)	(#old[4] == 'l' ? \
	any_realloc(label, sizeof(label), old, size) : \
	any_realloc(groups, sizeof(groups), old, size))
#define err			any_err
#define getsockopt		any_getsockopt

#define main			credcheck_main
int credcheck_main(int, char **);
#include "annotated.c"
#undef main

/* No more groups than there were bytes for. */
static void
check_cred(const struct cred *cr, size_t len)
{
	if (cr->source[GROUPS] != NULL) {
		/*@ assert groups: cr->ngroups * 4 <= len; */
	}
}

#ifdef PROVE_PEER

static struct cred peer;

static void
check(void)
{
	peer_cred(3, &peer);
	check_cred(&peer, LAST);
}

#else

static struct message message;
static struct result result;

static void
check_length(size_t total)
{
	struct message *m = &message;
	struct result *r = &result;
	const size_t most = MOST_CONTROLS;
	unsigned char *room = malloc(total);	/* of exactly so many bytes */

	if (total > 0)
		Frama_C_make_unknown((char *)room, total);
	Frama_C_make_unknown((char *)&m->sender, sizeof(m->sender));
	m->sender.may_claim = Frama_C_nondet(0, 1);
	Frama_C_make_unknown((char *)&m->overflow, sizeof(m->overflow));
	Frama_C_make_unknown((char *)&m->bytes, sizeof(m->bytes));
	m->socktype = Frama_C_interval(1, 5);
	m->msg.msg_flags = Frama_C_interval(INT_MIN, INT_MAX);
	m->nothing = Frama_C_nondet(0, 1);
	m->empty = Frama_C_nondet(0, 1);
	m->nrights = 0;
	m->msg.msg_control = room;
	m->msg.msg_controllen = total;
	r->message.groups = NULL;
	r->message.label.text = NULL;
	parse(m, r);
	/*@ assert outcome: r->outcome < NOUTCOMES; */
	/*@ assert listed: r->ncontrols <= most; */
	/*@ assert descriptors: m->nrights * sizeof(int) <= total; */
	check_cred(&r->message, total);
}

static void
check(void)
{
	/*@ loop unroll 5000; */
	for (size_t total = FIRST; total <= LAST; total++)
		check_length(total);
}

#endif

int
main(void)
{
	check();
	return 0;
}
