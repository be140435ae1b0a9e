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
 * How a client connects where a listener's full queue refuses it, and sends
 * where datagrams vanish when their sender closes: credcheck.c as on FreeBSD.
 */
#define EMULATE_FREEBSD

#include "emulate.h"

#if HERE

static long refusals;		/* so many calls of connect(2) are refused */

static int
refusing_connect(int fd, const struct sockaddr *a, socklen_t len)
{
	if (refusals > 0 && a->sa_family == AF_UNIX) {
		refusals--;
		errno = ECONNREFUSED;
		return -1;
	}
	return connect(fd, a, len);
}

#define connect	refusing_connect
#include "unit.h"
#undef connect

/* A server's socket called sock. */
static int
listen_at(int type)
{
	const struct sockaddr_un sun = { .sun_family = AF_UNIX,
	    .sun_path = "sock" };
	const int fd = socket(AF_UNIX, type, 0);

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	if (type != SOCK_DGRAM)
		ATF_REQUIRE_EQ(listen(fd, 5), 0);
	return fd;
}

/* A client of its own of that server. */
static void
open_client(const char *type)
{
	options = (struct options){ .role = ROLE_CLIENT, .path = "sock",
	    .schedule = &inherit_schedule, .count = 2,
	    .timeout = SECOND / 5 };
	ATF_REQUIRE(set_type(&options, type) == NULL);
	open_conv(&conv, &options, NULL);
	set_deadline(&conv, "the server to accept");
}

/*
 * The status of a client, in a process of its own, whose connect(2) is refused
 * so often; what it says is captured.
 */
static int
connect_refused(uint64_t trial, long times)
{
	pid_t child;
	int status;

	open_client("stream");
	conv.trial = trial;
	refusals = times;
	capture(stderr);
	child = fork();
	ATF_REQUIRE(child != -1);
	if (child == 0) {
		connect_server(&conv);
		_exit(refusals == 0 ? 0 : 99);
	}
	ATF_REQUIRE_EQ(waitpid(child, &status, 0), child);
	free_conv(&conv);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

ATF_TC(full_queue);
ATF_TC_HEAD(full_queue, tc)
{
	atf_tc_set_md_var(tc, "descr", "A connection that is refused is tried "
	    "again until the deadline, if somebody is known to listen, and "
	    "then said to be refused; the first one to a stranger is not");
}
ATF_TC_BODY(full_queue, tc)
{
	char refused[128];
	int64_t start;

	snprintf(refused, sizeof(refused), "connect: sock: %s\n",
	    strerror(ECONNREFUSED));
	(void)listen_at(SOCK_STREAM);
	ATF_CHECK_EQ(connect_refused(2, 3), 0);
	check_text("");
	start = now();
	ATF_CHECK_EQ(connect_refused(2, LONG_MAX), EXIT_TROUBLE);
	ATF_CHECK(now() - start > SECOND / 5);
	check_part(refused);
	ATF_CHECK_EQ(connect_refused(1, 1), EXIT_TROUBLE);
	check_part(refused);
	ATF_CHECK_EQ(connect_refused(1, 0), 0);
	check_text("");
}

ATF_TC(known_listener);
ATF_TC_HEAD(known_listener, tc)
{
	atf_tc_set_md_var(tc, "descr", "Our own server is known to listen from "
	    "the first trial on, a stranger from the second one on");
}
ATF_TC_BODY(known_listener, tc)
{
	set_up(&inherit_schedule, ROLE_BOTH);
	ATF_CHECK(!is_queue_full(&conv, ECONNREFUSED));
	conv.trial = 2;
	ATF_CHECK(is_queue_full(&conv, ECONNREFUSED));
	ATF_CHECK(!is_queue_full(&conv, ENOENT));
	conv.trial = 1;
	conv.other.wake = STDIN_FILENO;		/* there is another side */
	ATF_CHECK(is_queue_full(&conv, ECONNREFUSED));
	ATF_CHECK(!is_queue_full(&conv, ENOENT));
}

ATF_TC(datagrams);
ATF_TC_HEAD(datagrams, tc)
{
	atf_tc_set_md_var(tc, "descr", "Each step that sends a datagram sends "
	    "it to the server's address, from a socket that is not connected, "
	    "and each is there when its sender has closed");
}
ATF_TC_BODY(datagrams, tc)
{
	static const enum step sends[] = { WRITE, BY_ANOTHER, SENDMSG,
	    DESCRIPTOR, EMPTY, NEARLY };
	const int server = listen_at(SOCK_DGRAM);
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	char byte;

	for (size_t i = 0; i < nitems(sends); i++) {
		open_client("dgram");
		connect_server(&conv);
		ATF_CHECK_ERRNO(ENOTCONN, getpeername(conv.connection,
		    (struct sockaddr *)&sun, &len) == -1);
		steps[sends[i]].take(&conv);
		ATF_CHECK_EQ_MSG(conv.shared->sent.messages, 1, "%s",
		    steps[sends[i]].word);
		(void)close(conv.connection);
		free_conv(&conv);
	}
	for (size_t i = 0; i < nitems(sends); i++)
		ATF_CHECK_EQ_MSG(recv(server, &byte, 1, MSG_DONTWAIT),
		    sends[i] != EMPTY, "%s: errno %d", steps[sends[i]].word,
		    errno);
	ATF_CHECK_ERRNO(EAGAIN, recv(server, &byte, 1, MSG_DONTWAIT) == -1);
}

ATF_TC(no_server);
ATF_TC_HEAD(no_server, tc)
{
	atf_tc_set_md_var(tc, "descr", "That nobody has the name is said when "
	    "a datagram client connects, and not of its message");
}
ATF_TC_BODY(no_server, tc)
{
	char text[128];
	pid_t child;
	int status;

	open_client("dgram");
	capture(stderr);
	child = fork();
	ATF_REQUIRE(child != -1);
	if (child == 0) {
		connect_server(&conv);
		_exit(99);
	}
	ATF_REQUIRE_EQ(waitpid(child, &status, 0), child);
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_TROUBLE);
	snprintf(text, sizeof(text), "connect: sock: %s\n", strerror(ENOENT));
	check_part(text);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, full_queue);
	ATF_TP_ADD_TC(tp, known_listener);
	ATF_TP_ADD_TC(tp, datagrams);
	ATF_TP_ADD_TC(tp, no_server);
	return atf_no_error();
}

#else	/* not HERE */

#include "not_here.h"

#endif
