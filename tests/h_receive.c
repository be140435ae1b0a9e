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
 * A daemon of the manual's code: says what it makes of each message.
 *
 * usage: h_receive [type [path count [word ...]]]
 *
 * The words are
 *	rights	leave SO_PASSRIGHTS as it is where that is not known
 *	pidfd	ask for a descriptor of the sender's process as well
 *	short	have room for four bytes
 *	timer	have the manual's timer end what waits, instead of ours
 *	locked	hold a lock of the file "locked", and say if it is still there
 */
#include "receive.c"		/* first: it has to have all that it needs */

#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef CRED_OPTION
static volatile sig_atomic_t interruptions;

static void
count_interruption(int signo)
{
	(void)signo;
	if (++interruptions > 1500)	/* half a minute: nobody comes */
		_exit(1);
}

/* Every system call that waits is to be interrupted. */
static void
interrupt_often(void)
{
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = count_interruption;
	if (sigaction(SIGALRM, &sa, NULL) == -1 ||
	    setitimer(ITIMER_REAL, &often, NULL) == -1)
		err(1, "setitimer");
}

static struct {
	bool rights, pidfd, small, timer, locked;
} how;

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static intmax_t
id(uint32_t value)
{
	return value == UINT32_MAX ? -1 : (intmax_t)value;
}

/* What came, the fields, the bytes, and how many descriptors stayed open. */
static int
report(int s)
{
	char buf[4096];
	size_t len = how.small ? 4 : sizeof(buf);
	struct credentials cr;
	const int before = open_descriptors();
	const int result = receive_credentials(s, buf, &len, &cr);
	const char *what = result == 1 ? "credentials" :
	    result == 0 ? "closed" :
	    errno == EACCES ? "nobody" :
	    errno == EMSGSIZE ? "cut" : strerror(errno);

	printf("%s %jd %jd %jd %jd %jd %zu %d\n", what, (intmax_t)cr.pid,
	    id(cr.uid), id(cr.euid), id(cr.gid), id(cr.egid), len,
	    open_descriptors() - before);
	return result;
}

static void
set_option(int s)
{
#include "option.c"
	/* As on a kernel that does not know it. */
#ifdef SO_PASSRIGHTS
	if (how.rights)
		(void)setsockopt(s, SOL_SOCKET, SO_PASSRIGHTS, &on, sizeof(on));
#endif
#ifdef __linux__
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif
	if (how.pidfd &&
	    setsockopt(s, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)) == -1)
		err(1, "SO_PASSPIDFD");
#endif
}

static void
set_timer(int on)
{
	if (how.timer && interrupt_calls(on) == -1)
		err(1, "interrupt_calls");
}

static void
lock(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const int fd = open("locked", O_RDWR | O_CREAT, 0600);

	if (fd == -1 || fcntl(fd, F_SETLK, &fl) == -1)
		err(1, "locked");
}

/* Only another process sees it. */
static void
report_lock(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const pid_t pid = fork();
	int fd, status;

	if (pid == 0) {
		if ((fd = open("locked", O_RDWR)) == -1 ||
		    fcntl(fd, F_GETLK, &fl) == -1)
			_exit(2);
		_exit(fl.l_type == F_UNLCK || fl.l_pid != getppid());
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		err(1, "fork");
	printf("%s\n", status == 0 ? "locked" : "not locked");
}

static void
serve(const char *path, int type, int count)
{
	struct sockaddr_un sun;
	int s, c;

	if (how.locked)
		lock();

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if ((s = socket(AF_UNIX, type, 0)) == -1)
		err(1, "socket");
	set_option(s);
	if (bind(s, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    (type != SOCK_DGRAM && listen(s, 8) == -1))
		err(1, "%s", path);
	fprintf(stderr, "Listening on %s\n", path);
	while (count-- > 0) {
		c = s;
		if (type != SOCK_DGRAM)
			while ((c = accept(s, NULL, NULL)) == -1)
				if (errno != EINTR)
					err(1, "accept");
		set_timer(1);
		(void)report(c);
		if (c != s)
			(void)close(c);
		set_timer(0);
		if (how.locked)
			report_lock();
	}
	(void)unlink(path);
}

/* A message before the option, one after it, and the end. */
static void
late_option(int type)
{
	int pair[2];

	if (socketpair(AF_UNIX, type, 0, pair) == -1)
		err(1, "socketpair");
	if (write(pair[1], "late", 4) == -1)
		err(1, "write");
	set_option(pair[0]);
	(void)report(pair[0]);
	if (write(pair[1], "in time", 7) == -1)
		err(1, "write");
	(void)report(pair[0]);
	(void)close(pair[1]);
	if (type != SOCK_DGRAM)
		(void)report(pair[0]);
}

/* Neither a socket nor a message. */
static void
trouble(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 ||
	    fcntl(pair[0], F_SETFL, O_NONBLOCK) == -1)
		err(1, "socketpair");
	(void)report(pair[0]);
	(void)close(pair[0]);
	(void)report(pair[0]);
}

static void
take_word(const char *word)
{
	const struct {
		const char *word;
		bool *flag;
	} words[] = {
		{ "rights", &how.rights },
		{ "pidfd", &how.pidfd },
		{ "short", &how.small },
		{ "timer", &how.timer },
		{ "locked", &how.locked },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0) {
			*words[i].flag = true;
			return;
		}
	errx(1, "%s: no such word", word);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const int type = strcmp(name, "dgram") == 0 ? SOCK_DGRAM :
	    strcmp(name, "seqpacket") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;

	for (int i = 4; i < argc; i++)
		take_word(argv[i]);
	if (argc > 3) {
		if (!how.timer && !how.locked)
			interrupt_often();
		serve(argv[2], type, atoi(argv[3]));
		fprintf(stderr, "%d interruptions\n", (int)interruptions);
	} else if (argc > 1)
		late_option(type);
	else
		trouble();
	return 0;
}

#else

int
main(void)
{
	errx(1, "no such option on this system");
}
#endif
