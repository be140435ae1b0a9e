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
 * A client of whom a server is to say something: does its steps in their order.
 *
 * usage: h_sender path [dgram | seqpacket] step ...
 *
 *	connect			to the path
 *	write			a byte
 *	attach pid uid gid	a byte with these credentials; . is its own
 *	rights n		a byte with so many descriptors
 *	user id			sets all three user IDs, and group IDs before
 *	real id			sets the real user ID alone
 *	group id		sets the effective group ID alone
 *	give-up id		sets the effective user ID alone
 *	groups n		has the supplementary groups 1 to n
 *	fork			the rest is done by a child, for which it waits
 *	await			the end of file, which is when the server is done
 *	hold			until a signal
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_RIGHTS	64
#define MOST_GROUPS	64

static struct sockaddr_un server = { .sun_family = AF_UNIX };
static int s = -1;

/* A byte, and a control message of that type with it, unless len is 0. */
static void
send_with(int type, const void *data, size_t len)
{
	union {
		struct cmsghdr align;
		unsigned char room[CMSG_SPACE(MOST_RIGHTS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (char[]){ '!' }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	memset(&control, 0, sizeof(control));
	if (len > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(len);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = type;
		cm->cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(cm), data, len);
	}
	if (sendmsg(s, &msg, 0) == -1)
		err(1, "sendmsg");
}

static void
do_connect(char *const *args)
{
	(void)args;
	if (connect(s, (struct sockaddr *)&server, sizeof(server)) == -1)
		err(1, "connect: %s", server.sun_path);
}

static void
do_write(char *const *args)
{
	(void)args;
	send_with(0, NULL, 0);
}

static unsigned
id_or(const char *arg, unsigned own)
{
	return strcmp(arg, ".") == 0 ? own : (unsigned)strtoul(arg, NULL, 10);
}

static void
do_attach(char *const *args)
{
#ifdef SCM_CREDENTIALS
	const struct ucred cr = {
	    .pid = (pid_t)id_or(args[0], (unsigned)getpid()),
	    .uid = id_or(args[1], getuid()), .gid = id_or(args[2], getgid()) };

	send_with(SCM_CREDENTIALS, &cr, sizeof(cr));
#else
	errx(1, "attach: %s: not on this system", args[0]);
#endif
}

static void
do_rights(char *const *args)
{
	const size_t n = strtoul(args[0], NULL, 10);
	int fds[MOST_RIGHTS] = { 0 };

	if (n > MOST_RIGHTS)
		errx(1, "rights: %s", args[0]);
	send_with(SCM_RIGHTS, fds, n * sizeof(int));
}

static void
do_user(char *const *args)
{
	const unsigned id = id_or(args[0], 0);

	if (setgid(id) == -1 || setuid(id) == -1)
		err(1, "user: %s", args[0]);
}

static void
do_real(char *const *args)
{
	if (setreuid(id_or(args[0], 0), (uid_t)-1) == -1)
		err(1, "real: %s", args[0]);
}

static void
do_group(char *const *args)
{
	if (setegid(id_or(args[0], 0)) == -1)
		err(1, "group: %s", args[0]);
}

static void
do_give_up(char *const *args)
{
	if (seteuid(id_or(args[0], 0)) == -1)
		err(1, "give-up: %s", args[0]);
}

static void
do_groups(char *const *args)
{
	const unsigned n = id_or(args[0], 0);
	gid_t groups[MOST_GROUPS];

	if (n > MOST_GROUPS)
		errx(1, "groups: %s", args[0]);
	/* FreeBSD takes the effective one from there. */
	groups[0] = getegid();
	for (unsigned i = 1; i < n; i++)
		groups[i] = i + 1;
	if (setgroups(n, groups) == -1)
		err(1, "groups: %s", args[0]);
}

static void
do_fork(char *const *args)
{
	int status = 1;
	const pid_t child = fork();

	(void)args;
	if (child == -1)
		err(1, "fork");
	if (child == 0)
		return;
	(void)waitpid(child, &status, 0);
	_exit(status != 0);
}

static void
do_await(char *const *args)
{
	char c;

	(void)args;
	while (read(s, &c, 1) > 0)
		continue;
}

static void
do_hold(char *const *args)
{
	(void)args;
	(void)alarm(60);
	(void)pause();
}

static const struct {
	const char *name;
	int nargs;
	void (*take)(char *const *);
} steps[] = {
	{ "connect", 0, do_connect }, { "write", 0, do_write },
	{ "attach", 3, do_attach }, { "rights", 1, do_rights },
	{ "user", 1, do_user }, { "real", 1, do_real },
	{ "group", 1, do_group }, { "give-up", 1, do_give_up },
	{ "groups", 1, do_groups },
	{ "fork", 0, do_fork },
	{ "await", 0, do_await }, { "hold", 0, do_hold },
};
#define NSTEPS	(sizeof(steps) / sizeof(steps[0]))

int
main(int argc, char **argv)
{
	int type = SOCK_STREAM;
	size_t i;

	if (argc < 3 || strlen(argv[1]) >= sizeof(server.sun_path))
		errx(1, "usage: h_sender path [dgram | seqpacket] step ...");
	strcpy(server.sun_path, argv[1]);
	argv += 2;
	if (strcmp(*argv, "dgram") == 0)
		type = SOCK_DGRAM;
	else if (strcmp(*argv, "seqpacket") == 0)
		type = SOCK_SEQPACKET;
	if (type != SOCK_STREAM)
		argv++;
	if ((s = socket(AF_UNIX, type, 0)) == -1)
		err(1, "socket");
	for (; *argv != NULL; argv += 1 + steps[i].nargs) {
		for (i = 0; i < NSTEPS && strcmp(*argv, steps[i].name) != 0;)
			i++;
		if (i == NSTEPS || argv + steps[i].nargs >= argv + argc)
			errx(1, "no such step: %s", *argv);
		steps[i].take(argv + 1);
	}
	return 0;
}
