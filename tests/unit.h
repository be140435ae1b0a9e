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
 * What the C tests share: credcheck.c as a part of the test program, what its
 * functions print, and a conversation that they can report of.
 */
int credcheck_main(int, char **);
#define main	credcheck_main
#include "../credcheck.c"
#undef main

#include <atf-c.h>

/* What a stream is given goes to a file, from capture() to captured(). */
static struct {
	FILE *stream, *file;
	int saved;			/* where the stream went before */
} capturing;

static inline void
capture(FILE *stream)
{
	capturing.stream = stream;
	capturing.file = tmpfile();
	ATF_REQUIRE(capturing.file != NULL);
	ATF_REQUIRE_EQ(fflush(stream), 0);
	capturing.saved = dup(fileno(stream));
	ATF_REQUIRE(capturing.saved != -1);
	ATF_REQUIRE(dup2(fileno(capturing.file), fileno(stream)) != -1);
}

static inline const char *
captured(void)
{
	static char text[65536];
	const int fd = fileno(capturing.stream);
	size_t n;

	ATF_REQUIRE_EQ(fflush(capturing.stream), 0);
	ATF_REQUIRE(dup2(capturing.saved, fd) != -1);
	ATF_REQUIRE_EQ(close(capturing.saved), 0);
	rewind(capturing.file);
	n = fread(text, 1, sizeof(text) - 1, capturing.file);
	text[n] = '\0';
	fclose(capturing.file);
	return text;
}

/* What was printed is this, and nothing else. */
static inline void
check_text(const char *wanted)
{
	const char *text = captured();

	ATF_CHECK_MSG(strcmp(text, wanted) == 0, "not %s but %s", wanted, text);
}

/* What was printed has this in it. */
static inline void
check_part(const char *wanted)
{
	const char *text = captured();

	ATF_CHECK_MSG(strstr(text, wanted) != NULL, "no %s in %s", wanted,
	    text);
}

/*
 * The timer that guards a close(2) of what a stranger has sent goes on after it,
 * and would end a test that took longer than a millisecond.
 */
static inline void
handle_timer(void)
{
	if (!signals.timed)
		catch_alarm(false);
}

/* A conversation of the server's, whose client has told who it is. */
static struct shared shared;
static struct options options;
static struct conv conv;

static inline void
set_up(const struct schedule *schedule, enum role role)
{
	static gid_t groups[] = { 5, 6, 7 };

	handle_alarm(SA_RESTART, NULL);	/* else our timer ends the test */
	memset(&shared, 0, sizeof(shared));
	options = (struct options){ .schedule = schedule, .role = role,
	    .count = 1, .spread = 20 * MICROSECOND };
	conv = (struct conv){ .options = &options, .schedule = schedule,
	    .mechanism = mechanisms, .self = getpid(), .shared = &shared,
	    .trial = 1, .listener = -1, .connection = -1, .other_socket = -1,
	    .other = { .wake = -1 } };
	shared.client = (struct cred){ .id = { 11, 22, 33, 44, 55 },
	    .groups = groups, .ngroups = nitems(groups) };
	for (enum field f = PID; f < NFIELDS; f++)
		shared.client.source[f] = "CLIENT";
	handle_timer();
}

/* What there is to say of a result of that conversation. */
static inline const struct report *
reported(const struct result *r)
{
	static struct result result;	/* it outlives the case's own */
	static struct report report;

	report = report_of(&conv);
	report.facts = (struct facts){ .option_first = true, .inherited = true,
	    .view = { .all_users = true, .all_groups = true,
	    .all_processes = true }, .overflow = { 65534, 65534 } };
	report.result = NULL;
	if (r != NULL) {
		result = *r;
		report.result = &result;
	}
	return &report;
}

/* A result that is true: three fields of the message, four of the peer. */
static inline struct result
true_result(void)
{
	struct result r = { .outcome = CREDENTIALS, .bytes = 1 };

	r.message = r.peer = shared.client;
	cred_forget(&r.message);
	cred_forget(&r.peer);
	r.message.source[PID] = r.message.source[UID] =
	    r.message.source[GID] = "MSG";
	r.peer.source[PID] = r.peer.source[EUID] = r.peer.source[EGID] =
	    r.peer.source[GROUPS] = "PEER";
	return r;
}

/* The same, but one field is not the client's; with NFIELDS each is. */
static inline struct result
wrong_result(enum field wrong)
{
	static gid_t others[] = { 5, 6, 8 };
	struct result r = true_result();

	if (wrong == GROUPS)
		r.peer.groups = others;
	else if (wrong < GROUPS && r.message.source[wrong] != NULL)
		r.message.id[wrong]++;
	else if (wrong < GROUPS)
		r.peer.id[wrong]++;
	return r;
}
