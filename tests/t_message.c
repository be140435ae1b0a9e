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
 * How a message is read: the second look behind an end of file, the end itself,
 * and what takes several reads.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/socket.h>

#include <errno.h>

/* What the next calls do instead, up to -1: end of file, or an error. */
static int script[4] = { -1 };
static size_t script_at;
static unsigned bare;		/* which reads lose control messages, by bit */

static ssize_t
fake_recvmsg(int fd, struct msghdr *msg, int flags)
{
	const int now = script[script_at];
	ssize_t n;

	if (now == -1) {
		n = recvmsg(fd, msg, flags);
		if ((bare & 1) != 0)
			msg->msg_controllen = 0;
		bare >>= 1;
		return n;
	}
	script_at++;
	if (now != 0) {
		errno = now;
		return -1;
	}
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	return 0;
}

#define recvmsg	fake_recvmsg
#include "unit.h"
#undef recvmsg

static void
set_usual(int fd)
{
	ATF_REQUIRE_EQ(setsockopt(fd, OPTION_LEVEL, mechanisms[USUAL].name,
	    &(int){ 1 }, sizeof(int)), 0);
}

/* Has so many bytes fit between two ends. */
static void
make_room(int from, int to, int bytes)
{
	ATF_REQUIRE_EQ(setsockopt(from, SOL_SOCKET, SO_SNDBUF, &bytes,
	    sizeof(bytes)), 0);
	ATF_REQUIRE_EQ(setsockopt(to, SOL_SOCKET, SO_RCVBUF, &bytes,
	    sizeof(bytes)), 0);
}

/* A connection with the option set; returns the end to send at. */
static int
connect_run(int type)
{
	int fds[2];

	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	set_up(&sync_schedule, ROLE_BOTH);
	ATF_REQUIRE(socketpair(AF_UNIX, type, 0, fds) == 0);
	set_usual(fds[0]);
	conv.connection = fds[0];
	conv.message.socktype = type;
	return fds[1];
}

/*
 * Has a byte sent, with a descriptor, if there is to be a message, and read
 * while recvmsg(2) does as the script says.
 */
static struct result
receive_by(int type, bool message, int first, int second)
{
	struct result r = { .outcome = NONE };
	const int sender = connect_run(type), lowest = dup(STDIN_FILENO);
	ssize_t n;

	(void)close(lowest);
	if (message)
		ATF_REQUIRE_EQ(send_with(sender, NULL, SCM_RIGHTS,
		    &(int){ STDIN_FILENO }, sizeof(int)), 1);
	script[0] = first;
	script[1] = second;
	script[2] = -1;
	script_at = 0;
	conv.message.empty = true;		/* the last one was */
	n = receive_now(&conv, CONTROL_ROOM / 2);	/* not DATA_ROOM */
	if (type != SOCK_DGRAM)
		ATF_CHECK_MSG(n != -1, "errno %d", errno);
	else if (n == -1)
		ATF_CHECK_EQ(errno, second > 0 ? second : EAGAIN);
	ATF_CHECK_EQ(conv.message.iov.iov_len, DATA_ROOM);
	ATF_CHECK_EQ(conv.message.bytes, (size_t)MAX(n, 0));
	parse(&conv.message, &r);
	close_rights(&conv.message);
	ATF_CHECK_EQ_MSG(dup(STDIN_FILENO), lowest, "a descriptor is left");
	(void)close(lowest);
	(void)close(conv.connection);
	(void)close(sender);
	cred_free(&r.message);
	return r;
}

ATF_TC(second_look);
ATF_TC_HEAD(second_look, tc)
{
	atf_tc_set_md_var(tc, "descr", "An end of file that is none hides no "
	    "message, nor does an error of the connection; and where nothing "
	    "is behind it, it was an empty message or the end");
}
ATF_TC_BODY(second_look, tc)
{
	static const struct {
		bool message;
		int first, second;
		enum outcome outcome;
	} cases[] = {
		{ true, -1, -1, CREDENTIALS },
		{ true, 0, -1, CREDENTIALS },
		{ true, ECONNRESET, -1, CREDENTIALS },
		{ false, 0, -1, NONE },
		{ false, 0, EAGAIN, NONE },
		{ false, 0, 0, CLOSED },
		{ false, 0, ECONNRESET, CLOSED },
		{ false, ECONNRESET, EAGAIN, CLOSED },
		{ false, ECONNRESET, ECONNRESET, CLOSED },
		{ false, ECONNRESET, 0, CLOSED },
	};
	/* A datagram of no bytes is one, and no error is its socket's end. */
	static const enum outcome dgram[nitems(cases)] = { CREDENTIALS, NONE,
	    CREDENTIALS, NONE, NONE, NONE, NONE, TIMEOUT, TIMEOUT, NONE };
	enum outcome wanted;
	struct result r;

	for (size_t i = 0; i < nitems(cases); i++)
		for (size_t t = 0; t < nitems(types); t++) {
			r = receive_by(types[t].type, cases[i].message,
			    cases[i].first, cases[i].second);
			wanted = types[t].type == SOCK_DGRAM ? dgram[i] :
			    cases[i].outcome;
			ATF_CHECK_STREQ_MSG(outcomes[r.outcome],
			    outcomes[wanted], "%s, case %zu: %s",
			    types[t].name, i, outcomes[r.outcome]);
			ATF_CHECK_EQ(r.bytes, wanted == CREDENTIALS);
			ATF_CHECK_EQ(r.has_ids, wanted == CREDENTIALS);
		}
}

ATF_TC(ends);
ATF_TC_HEAD(ends, tc)
{
	atf_tc_set_md_var(tc, "descr", "No bytes are the end of file if there "
	    "was no control message either, nor one that was cut");
}
ATF_TC_BODY(ends, tc)
{
	const bool ids = EOF_HAS_IDS;
	const struct {
		int type;
		size_t bytes;
		socklen_t controllen;
		int flags;
		bool end;
	} cases[] = {
		{ SOCK_STREAM, 0, 0, 0, true },
		{ SOCK_STREAM, 0, 0, MSG_CTRUNC, ids },
		{ SOCK_STREAM, 0, 32, 0, ids },
		{ SOCK_STREAM, 1, 0, 0, false },
		{ SOCK_SEQPACKET, 0, 0, 0, true },
		{ SOCK_SEQPACKET, 0, 0, MSG_TRUNC, true },
		{ SOCK_SEQPACKET, 0, 0, MSG_CTRUNC, false },
		{ SOCK_SEQPACKET, 0, 32, 0, false },
		{ SOCK_DGRAM, 0, 0, 0, false },
	};
	struct message *m = &conv.message;

	for (size_t i = 0; i < nitems(cases); i++) {
		m->socktype = cases[i].type;
		m->bytes = cases[i].bytes;
		m->msg.msg_controllen = cases[i].controllen;
		m->msg.msg_flags = cases[i].flags;
		ATF_CHECK_EQ_MSG(is_end(m), cases[i].end, "case %zu", i);
	}
}

ATF_TC(last_look);
ATF_TC_HEAD(last_look, tc)
{
	atf_tc_set_md_var(tc, "descr", "Reading what is there keeps the last "
	    "message as it came, and nothing of the read in vain behind it");
}
ATF_TC_BODY(last_look, tc)
{
	struct result r = { .outcome = NONE };
	int sender;

	for (size_t t = 0; t < nitems(types); t++) {
		sender = connect_run(types[t].type);
		drain(&conv);
		r = conv.result;
		ATF_CHECK_STREQ(outcomes[r.outcome], "timeout");
		ATF_CHECK(!r.has_ids);
		ATF_REQUIRE_EQ(write(sender, "!", 1), 1);
		shared.sent.bytes = shared.sent.messages = 1;
		drain(&conv);
		r = conv.result;
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], "credentials", "%s",
		    types[t].name);
		ATF_CHECK_EQ(r.bytes, 1);
		ATF_CHECK_MSG(r.message.source[PID] == NULL ?
		    mechanisms[USUAL].at[PID] == 0 :
		    r.message.id[PID] == getpid(), "%s: PID %jd",
		    types[t].name, r.message.id[PID]);
		(void)close(conv.connection);
		(void)close(sender);
		cred_free(&r.message);
	}
}

ATF_TC(long_message);
ATF_TC_HEAD(long_message, tc)
{
	atf_tc_set_md_var(tc, "descr", "A message that takes several reads is "
	    "what its first read had, where the rest brings no credentials");
}
ATF_TC_BODY(long_message, tc)
{
	static const struct {
		size_t bytes[2], wanted;	/* sent, and of the one kept */
		unsigned bare;
	} cases[] = {
		{ { 2 * DATA_ROOM, 0 }, DATA_ROOM, 2 },
		{ { 3 * DATA_ROOM - 1, 0 }, DATA_ROOM, 6 },
		{ { DATA_ROOM, 1 }, 1, 1 },
		{ { DATA_ROOM - 1, 0 }, DATA_ROOM - 1, 0 },
	};
	static char data[3 * DATA_ROOM];
	struct result r = { .outcome = NONE };
	int sender;

	for (size_t i = 0; i < nitems(cases); i++) {
		sender = connect_run(SOCK_STREAM);
		shared.sent.bytes = cases[i].bytes[0] + cases[i].bytes[1];
		make_room(sender, conv.connection, 4 * (int)sizeof(data));
		for (size_t j = 0; j < 2 && cases[i].bytes[j] > 0; j++) {
			set_usual(conv.connection);	/* it may be used up */
			ATF_REQUIRE_EQ(send(sender, data, cases[i].bytes[j],
			    MSG_DONTWAIT), (ssize_t)cases[i].bytes[j]);
		}
		bare = cases[i].bare;
		drain(&conv);
		r = conv.result;
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], "credentials",
		    "case %zu: %s", i, outcomes[r.outcome]);
		ATF_CHECK_EQ(r.bytes, cases[i].wanted);
		(void)close(conv.connection);
		(void)close(sender);
		cred_free(&r.message);
	}
}

ATF_TC(lost_message);
ATF_TC_HEAD(lost_message, tc)
{
	atf_tc_set_md_var(tc, "descr", "That the last message was lost is told "
	    "by the bytes where a seqpacket socket keeps no boundaries, and by "
	    "the number of messages where one was cut off");
}
ATF_TC_BODY(lost_message, tc)
{
	static const struct {
		int type;		/* STREAM: without boundaries */
		size_t bytes;		/* of the message before the last */
		bool lost;
	} cases[] = {
		{ SOCK_STREAM, 1, false }, { SOCK_STREAM, 1, true },
		{ SOCK_STREAM, 2 * DATA_ROOM, false },
		{ SOCK_STREAM, 2 * DATA_ROOM, true },
		{ SOCK_SEQPACKET, 1, false }, { SOCK_SEQPACKET, 1, true },
		{ SOCK_SEQPACKET, 2 * DATA_ROOM, false },
		{ SOCK_SEQPACKET, 2 * DATA_ROOM, true },
	};
	static char data[2 * DATA_ROOM];
	int sender;

	for (size_t i = 0; i < nitems(cases); i++) {
		sender = connect_run(cases[i].type);
		conv.message.socktype = SOCK_SEQPACKET;
		make_room(sender, conv.connection, 4 * (int)sizeof(data));
		shared.sent.bytes = cases[i].bytes + 1;
		shared.sent.messages = 2;
		ATF_REQUIRE_EQ(send(sender, data, cases[i].bytes,
		    MSG_DONTWAIT), (ssize_t)cases[i].bytes);
		if (!cases[i].lost)
			ATF_REQUIRE_EQ(send(sender, "!", 1, MSG_DONTWAIT), 1);
		drain(&conv);
		ATF_CHECK_EQ_MSG(conv.result.outcome == TIMEOUT, cases[i].lost,
		    "case %zu: %s", i, outcomes[conv.result.outcome]);
		ATF_CHECK_EQ(shared.sent.messages, 0);
		(void)close(conv.connection);
		(void)close(sender);
		cred_free(&conv.result.message);
	}
}

ATF_TC(not_connected);
ATF_TC_HEAD(not_connected, tc)
{
	atf_tc_set_md_var(tc, "descr", "An error that says nothing of a "
	    "connection is no end of one");
}
ATF_TC_BODY(not_connected, tc)
{
	static struct conv c;
	char byte;
	int error;

	for (size_t t = 0; t < nitems(types); t++) {
		c.connection = socket(AF_UNIX, types[t].type, 0);
		ATF_REQUIRE(c.connection != -1);
		c.message.socktype = types[t].type;
		ATF_REQUIRE_EQ(recv(c.connection, &byte, 1, MSG_DONTWAIT), -1);
		error = errno;
		ATF_CHECK_ERRNO(error, receive_now(&c, CONTROL_ROOM) == -1);
		(void)close(c.connection);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, second_look);
	ATF_TP_ADD_TC(tp, ends);
	ATF_TP_ADD_TC(tp, last_look);
	ATF_TP_ADD_TC(tp, long_message);
	ATF_TP_ADD_TC(tp, lost_message);
	ATF_TP_ADD_TC(tp, not_connected);
	return atf_no_error();
}
