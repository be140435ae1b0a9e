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
 * What no run shows at will: a side that is killed while it says why it failed,
 * a kernel that answers getsockopt(2) with less than was asked for, and one with
 * labels of any length.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/param.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static int refusals;		/* of the next calls of send(2) */

static ssize_t
refused_send(int fd, const void *data, size_t len, int flags)
{
	static const int errors[] = { ENOBUFS, ENOMEM, EINTR };

	if (refusals == 0)
		return send(fd, data, len, flags);
	errno = errors[--refusals % 3];
	return -1;
}

static socklen_t answered;	/* so many bytes, all of them 1 */
static const char *answered_label;	/* instead, in that room or ERANGE */
static bool is_told;		/* how much it needs */
static unsigned answers;	/* so often */

static int
answer(int fd, int level, int name, void *data, socklen_t *len)
{
	(void)fd;
	(void)level;
	(void)name;
	answers++;
	if (answered_label != NULL && *len < answered) {
		if (is_told)
			*len = answered;
		errno = ERANGE;
		return -1;
	}
	*len = MIN(*len, answered);
	if (answered_label != NULL) {
		memcpy(data, answered_label, *len);
		return 0;
	}
	memset(data, 1, *len);
	return 0;
}

#define getsockopt	answer
#define send	refused_send
#include "unit.h"
#undef send

/* What the server says, and its status, whose client's end has state failed. */
static int
server_fails(int failed)
{
	static char what[] = "the client's message";
	int pair[2];
	pid_t server;
	int status;

	set_up(&sync_schedule, ROLE_BOTH);
	conv.shared = mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	ATF_REQUIRE(conv.shared != MAP_FAILED);
	conv.shared->failed = failed;
	capture(stderr);
	server = fork();
	ATF_REQUIRE(server != -1);
	if (server == 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
			_exit(99);
		conv.other.wake = pair[0];
		conv.waiting_for = what;
		conv.other.pid = fork();
		if (conv.other.pid == 0) {
			(void)raise(SIGKILL);
			_exit(99);
		}
		(void)close(pair[1]);
		other_exited(&conv);
	}
	ATF_REQUIRE_EQ(waitpid(server, &status, 0), server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

ATF_TC(unsaid);
ATF_TC_HEAD(unsaid, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client that is killed when it was "
	    "about to say why it failed leaves that to the server; once it "
	    "was said, it is not said again");
}
ATF_TC_BODY(unsaid, tc)
{
	static const char *const part = ": client died of signal 9 (";

	ATF_CHECK_EQ(server_fails(NOT_FAILED), EXIT_TROUBLE);
	check_part(part);
	ATF_CHECK_EQ(server_fails(BEING_SAID), EXIT_TROUBLE);
	check_part(part);
	ATF_CHECK_EQ(server_fails(SAID), EXIT_TROUBLE);
	check_text("");
}

ATF_TC(go_on);
ATF_TC_HEAD(go_on, tc)
{
	atf_tc_set_md_var(tc, "descr", "\"Go on\" is the word that was agreed "
	    "upon, all of it and nothing else, and of datagrams that of the "
	    "server's socket");
}
ATF_TC_BODY(go_on, tc)
{
	static const uint64_t word = UINT64_C(0x0102030405060708);
	struct message *m = &conv.message;

	set_up(&sync_schedule, ROLE_BOTH);
	conv.other.wake = 0;
	shared.go_on = word;
	memcpy(m->data, &word, sizeof(word));
	for (m->bytes = 0; m->bytes < 12; m->bytes++)
		ATF_CHECK_EQ(is_go_on(&conv), m->bytes == sizeof(word));
	m->bytes = sizeof(word);
	options.path = "sock";
	options.type = 2;
	ATF_REQUIRE(is_named_dgram(&options));
	conv.server_address.len = sizeof(conv.server_address.sun);
	strcpy(conv.server_address.sun.sun_path, "sock");
	ATF_CHECK(!is_go_on(&conv));
	strcpy(m->from.sun_path, "sock");
	ATF_CHECK(is_go_on(&conv));
	strcpy(m->from.sun_path, "./sock");
	ATF_CHECK(!is_go_on(&conv));
	options.path = NULL;
	m->data[7]++;
	ATF_CHECK(!is_go_on(&conv));
}

ATF_TC(sent);
ATF_TC_HEAD(sent, tc)
{
	atf_tc_set_md_var(tc, "descr", "What was sent counts in bytes and "
	    "in messages");
}
ATF_TC_BODY(sent, tc)
{
	set_up(&sync_schedule, ROLE_BOTH);
	note_sent(&conv, 5);
	note_sent(&conv, 7);
	ATF_CHECK_EQ(shared.sent.bytes, 12);
	ATF_CHECK_EQ(shared.sent.messages, 2);
}

ATF_TC(woken);
ATF_TC_HEAD(woken, tc)
{
	atf_tc_set_md_var(tc, "descr", "What wakes the other side is tried "
	    "again, with a deadline of its own, and has taken its time");
}
ATF_TC_BODY(woken, tc)
{
	static char what[] = "its message";
	int pair[2];
	char byte;
	jmp_buf broken;

	set_up(&sync_schedule, ROLE_SURVEY);
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	conv.other.wake = pair[0];
	conv.broken = &broken;
	conv.waiting_for = what;
	options.timeout = 10 * SECOND;
	conv.time = now() - SECOND;
	conv.deadline = 1;
	refusals = 6;
	if (setjmp(broken) == 0)
		wake_other(&conv);
	ATF_CHECK_STREQ(shared.failure, "");
	ATF_CHECK_EQ(refusals, 0);
	ATF_CHECK_EQ(recv(pair[1], &byte, 1, MSG_DONTWAIT), 1);
	conv.time = now() - SECOND;
	wake_other(&conv);
	ATF_CHECK(conv.time > now() - SECOND / 2);
}

ATF_TC(orphan);
ATF_TC_HEAD(orphan, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client whose server has gone leaves, "
	    "with 1 and without a word, also if it was sending it something");
}
ATF_TC_BODY(orphan, tc)
{
	static const int errors[] = { EPIPE, ECONNRESET };
	int control[2], wake[2], status;
	pid_t client;

	for (size_t i = 0; i < nitems(errors); i++) {
		set_up(&sync_schedule, ROLE_BOTH);
		ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, control), 0);
		ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, wake), 0);
		conv.side = CLIENT;
		conv.other.control = control[0];
		conv.other.wake = wake[0];
		(void)close(control[1]);
		(void)close(wake[1]);
		capture(stderr);
		client = fork();
		ATF_REQUIRE(client != -1);
		if (client == 0) {
			errno = errors[i];
			retry(&conv, control[0], POLLOUT, "sendmsg");
			_exit(99);
		}
		ATF_REQUIRE_EQ(waitpid(client, &status, 0), client);
		ATF_CHECK_EQ(status, EXIT_MISSING << 8);
		check_text("");
	}
}

ATF_TC(left_by_err);
ATF_TC_HEAD(left_by_err, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client that has left with 2 has said "
	    "why, but in a survey, where its cell says that it left");
}
ATF_TC_BODY(left_by_err, tc)
{
	static char what[] = "its message";
	volatile int survey;
	volatile pid_t server;
	jmp_buf broken;

	for (survey = 0; survey < 2; survey++) {
		set_up(&sync_schedule, survey ? ROLE_SURVEY : ROLE_BOTH);
		conv.broken = survey ? &broken : NULL;
		conv.waiting_for = what;
		capture(stderr);
		server = survey ? 0 : fork();
		ATF_REQUIRE(server != -1);
		if (server == 0) {
			conv.other.pid = fork();
			if (conv.other.pid == 0)
				_exit(EXIT_TROUBLE);
			if (setjmp(broken) == 0)
				other_exited(&conv);
		}
		while (wait(NULL) != -1)
			continue;
		check_text("");
	}
	ATF_CHECK_STREQ(shared.failure,
	    "client left with status 2, waiting for its message");
}

ATF_TC(being_said);
ATF_TC_HEAD(being_said, tc)
{
	atf_tc_set_md_var(tc, "descr", "A server that fails while its client "
	    "says why it has failed waits for that, and says nothing");
}
ATF_TC_BODY(being_said, tc)
{
	int pair[2];

	set_up(&sync_schedule, ROLE_BOTH);
	conv.shared = mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	ATF_REQUIRE(conv.shared != MAP_FAILED);
	conv.shared->failed = BEING_SAID;
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	conv.other.pid = fork();
	ATF_REQUIRE(conv.other.pid != -1);
	if (conv.other.pid == 0) {
		(void)close(pair[0]);
		(void)poll(NULL, 0, 200);
		conv.shared->failed = SAID;
		_exit(EXIT_TROUBLE);
	}
	(void)close(pair[1]);
	conv.other.wake = pair[0];
	ATF_CHECK(!claim_failure(&conv));
	ATF_CHECK(!claim_failure(&conv));
}

ATF_TC(client_says);
ATF_TC_HEAD(client_says, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client that fails says so, notes that "
	    "it has, and leaves with 2, also in a survey, where it says "
	    "nothing and does not go on with the next cell");
}
ATF_TC_BODY(client_says, tc)
{
	jmp_buf broken;
	int status;
	pid_t client;

	for (int survey = 0; survey < 2; survey++) {
		set_up(&sync_schedule, survey ? ROLE_SURVEY : ROLE_BOTH);
		conv.side = CLIENT;
		conv.broken = survey ? &broken : NULL;
		conv.shared = mmap(NULL, sizeof(shared), PROT_READ |
		    PROT_WRITE, MAP_ANON | MAP_SHARED, -1, 0);
		ATF_REQUIRE(conv.shared != MAP_FAILED);
		capture(stderr);
		client = fork();
		ATF_REQUIRE(client != -1);
		if (client == 0) {
			if (setjmp(broken) == 0)
				fail(&conv, ENOENT, "a step");
			_exit(99);
		}
		ATF_REQUIRE_EQ(waitpid(client, &status, 0), client);
		ATF_CHECK_EQ(status, EXIT_TROUBLE << 8);
		ATF_CHECK_EQ(conv.shared->failed, SAID);
		ATF_CHECK(strncmp(conv.shared->failure, "client: a step: ",
		    strlen("client: a step: ")) == 0);
		if (survey)
			check_text("");
		else
			check_part("client: a step: ");
	}
}

ATF_TC(short_answer);
ATF_TC_HEAD(short_answer, tc)
{
	atf_tc_set_md_var(tc, "descr", "Nothing is read of an answer of "
	    "getsockopt(2) that is shorter than what was asked for");
}
ATF_TC_BODY(short_answer, tc)
{
	const size_t whole = mechanisms[PEER].fixed;
	struct cred cr = { .groups = NULL };

	if (mechanisms[PEER].option == NULL)
		atf_tc_skip("this system's connection has no credentials");
	answered = (socklen_t)whole;
	peer_cred(-1, &cr);
	ATF_CHECK_EQ(cr.id[EUID], 0x01010101);
	for (answered = 0; answered < whole; answered++) {
		cred_forget(&cr);
		peer_cred(-1, &cr);
		for (enum field f = PID; f < GROUPS; f++)
			ATF_CHECK_MSG(cr.source[f] == NULL, "%s of %zu bytes",
			    fields[f].label, (size_t)answered);
	}
	free(cr.groups);
}

ATF_TC(short_pidfd);
ATF_TC_HEAD(short_pidfd, tc)
{
	atf_tc_set_md_var(tc, "descr", "Nor is an answer that is shorter than a "
	    "descriptor taken for one");
}
ATF_TC_BODY(short_pidfd, tc)
{
	if (mechanisms[PEER_PIDFD].option == NULL)
		atf_tc_skip("this system has no descriptors of processes");
	set_up(&sync_schedule, ROLE_BOTH);
	for (answered = 0; answered < sizeof(int); answered++) {
		ask_pidfd(&conv);
		ATF_CHECK(conv.result.peer.pidfd.source == NULL);
	}
}

ATF_TC(labels);
ATF_TC_HEAD(labels, tc)
{
	atf_tc_set_md_var(tc, "descr", "A label is read whole, with a NUL or "
	    "without, whether the kernel tells its length or only refuses; "
	    "none is one without a character, or beyond all reason");
}
ATF_TC_BODY(labels, tc)
{
	static const size_t lengths[] = { 1, 9, LABEL_ROOM - 1, LABEL_ROOM,
	    LABEL_ROOM + 1, 2 * LABEL_ROOM, 5000, MOST_LABEL - 1, MOST_LABEL };
	static char text[2 * MOST_LABEL];
	struct cred cr = { .groups = NULL };

	if (mechanisms[PEER_LABEL].option == NULL)
		atf_tc_skip("this system has no labels");
	memset(text, 'x', sizeof(text));
	answered_label = text;
	for (size_t i = 0; i < 4 * nitems(lengths); i++) {
		const size_t n = lengths[i / 4] - i % 2;

		is_told = i / 2 % 2 == 0;
		text[n] = i % 2 == 0 ? 'x' : '\0';
		answered = (socklen_t)lengths[i / 4];
		answers = 0;
		peer_label(-1, &cr);
		text[n] = 'x';
		ATF_CHECK_EQ_MSG(cr.label.source != NULL, n > 0,
		    "%zu of %u bytes", n, answered);
		if (cr.label.source == NULL)
			continue;
		ATF_CHECK_EQ_MSG(strlen(cr.label.text), n, "%zu, not %zu",
		    strlen(cr.label.text), n);
		ATF_CHECK_EQ(strspn(cr.label.text, "x"), n);
		if (is_told)
			ATF_CHECK_EQ(answers, answered > LABEL_ROOM ? 2 : 1);
	}
	/* There is none any more: too long a one, and one of no bytes. */
	answered = MOST_LABEL + 1;
	for (int i = 0; i < 3; i++) {
		is_told = i > 0;
		if (i == 2)
			answered = 0;
		read_label(&cr, "old", 3, "old");
		peer_label(-1, &cr);
		ATF_CHECK(cr.label.source == NULL);
	}
	answered_label = NULL;
	cred_free(&cr);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, labels);
	ATF_TP_ADD_TC(tp, unsaid);
	ATF_TP_ADD_TC(tp, go_on);
	ATF_TP_ADD_TC(tp, sent);
	ATF_TP_ADD_TC(tp, woken);
	ATF_TP_ADD_TC(tp, orphan);
	ATF_TP_ADD_TC(tp, left_by_err);
	ATF_TP_ADD_TC(tp, being_said);
	ATF_TP_ADD_TC(tp, client_says);
	ATF_TP_ADD_TC(tp, short_answer);
	ATF_TP_ADD_TC(tp, short_pidfd);
	return atf_no_error();
}
