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
 * What is wrong has to show: results, times and tallies that no kernel here
 * will produce, and what the report and the exit status make of them.
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <sys/socket.h>

#include <atf-c.h>
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

int credcheck_main(int, char **);
#define main	credcheck_main
#define recvmsg	fake_recvmsg
#include "../credcheck.c"
#undef main
#undef recvmsg

static struct shared shared;
static struct options options;
static struct conv run;
static gid_t ours[] = { 5, 6, 7 }, others[] = { 5, 6, 8 };

static void
set_up(const struct schedule *schedule, enum role role)
{
	memset(&shared, 0, sizeof(shared));
	options = (struct options){ .schedule = schedule, .role = role,
	    .count = 1, .spread = 20 * MICROSECOND };
	run = (struct conv){ .options = &options, .schedule = schedule,
	    .mechanism = mechanisms, .shared = &shared, .trial = 1,
	    .listener = -1, .connection = -1,
	    .other = { .wake = -1 } };
	shared.client = (struct cred){ .id = { 11, 22, 33, 44, 55 },
	    .groups = ours, .ngroups = nitems(ours) };
	for (enum field f = PID; f < NFIELDS; f++)
		shared.client.source[f] = "CLIENT";
}

/* What there is to say of it, in the run that was set up. */
static const struct report *
reported(const struct result *r)
{
	static struct report report;

	report = report_of(&run);
	report.result = r;
	return &report;
}

/* A result that is true: three fields of the message, four of the peer. */
static struct result
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

/* Has a stream write to a file, and begins that anew. */
static void
capture(FILE *stream)
{
	ATF_REQUIRE(freopen(stream == stdout ? "out" : "err", "w+", stream) !=
	    NULL);
}

static const char *
written(FILE *stream)
{
	static char text[65536];
	size_t n;

	rewind(stream);
	n = fread(text, 1, sizeof(text) - 1, stream);
	text[n] = '\0';
	capture(stream);
	return text;
}

static void
require_text(FILE *stream, const char *wanted)
{
	const char *text = written(stream);

	ATF_CHECK_MSG(strcmp(text, wanted) == 0, "not %s but %s", wanted, text);
}

/* What was written has wanted in it. */
static void
require_part(FILE *stream, const char *wanted)
{
	const char *text = written(stream);

	ATF_CHECK_MSG(strstr(text, wanted) != NULL, "no %s in %s", wanted,
	    text);
}

ATF_TC(no_match);
ATF_TC_HEAD(no_match, tc)
{
	atf_tc_set_md_var(tc, "descr", "A field that is not the client's shows "
	    "in the text beside the client's, makes match false in JSON, and "
	    "is counted");
}
ATF_TC_BODY(no_match, tc)
{
	static const char *const lines[NFIELDS][2] = {
		{ "PID: 11\n", "PID: 12 != 11 (client) != 11 (PEER)\n" },
		{ "UID: 22\n", "UID: 23 != 22 (client)\n" },
		{ "EUID: 33 (PEER)\n", "EUID: 34 (PEER) != 33 (client)\n" },
		{ "GID: 44\n", "GID: 45 != 44 (client)\n" },
		{ "EGID: 55 (PEER)\n", "EGID: 56 (PEER) != 55 (client)\n" },
		{ "Supplementary groups: 5 6 7 (PEER)\n",
		    "Supplementary groups: 5 6 8 (PEER) != 5 6 7 (client)\n" },
	};
	char wanted[512];
	struct tally t;
	struct result r;

	capture(stdout);
	/* The last time nothing is wrong. */
	for (enum field wrong = PID; wrong <= NFIELDS; wrong++) {
		set_up(&sync_schedule, ROLE_BOTH);
		t = (struct tally){ .trials = 0 };
		r = true_result();
		if (wrong == GROUPS)
			r.peer.groups = others;
		else if (wrong < GROUPS)
			(r.message.source[wrong] != NULL ? &r.message :
			    &r.peer)->id[wrong]++;
		strcpy(wanted, "Got 1 byte\n");
		for (enum field f = PID; f < NFIELDS; f++)
			strcat(wanted, lines[f][f == wrong]);
		text_result(reported(&r));
		require_text(stdout, wanted);
		json_result(reported(&r));
		require_part(stdout, wrong == NFIELDS ? ",\"match\":true," :
		    ",\"match\":false,");
		count_result(&t, reported(&r));
		ATF_CHECK_EQ(t.mismatches, wrong != NFIELDS);
		ATF_CHECK_EQ(t.trials, 1);
		ATF_CHECK_EQ(t.counts[CREDENTIALS], 1);
	}
}

ATF_TC(two_processes);
ATF_TC_HEAD(two_processes, tc)
{
	atf_tc_set_md_var(tc, "descr", "A pidfd of another process than the "
	    "connection's process ID says so, and one of nobody is gone");
}
ATF_TC_BODY(two_processes, tc)
{
	static const struct {
		intmax_t pid;
		const char *text;
	} cases[] = {
		{ 11, "Process of the pidfd: 11 (PIDFD)\n" },
		{ 12, "Process of the pidfd: 12 (PIDFD)\n"
		    "PID and pidfd name different processes\n" },
		{ -1, "Process of the pidfd: gone (PIDFD)\n" },
		{ 13, "Process of the pidfd: 13 (PIDFD)\n" },
	};
	struct result r;
	char *text;

	capture(stdout);
	set_up(&sync_schedule, ROLE_BOTH);
	for (size_t i = 0; i < nitems(cases); i++) {
		r = true_result();
		r.peer.pidfd = (struct pidfd){ .source = "PIDFD", .fd = 3,
		    .pid = cases[i].pid };
		if (cases[i].pid == 13)		/* with no other to compare */
			r.peer.source[PID] = NULL;
		text_result(reported(&r));
		text = strstr(written(stdout), "Process");
		ATF_REQUIRE(text != NULL);
		ATF_CHECK_STREQ(text, cases[i].text);
	}
}

ATF_TC(groups);
ATF_TC_HEAD(groups, tc)
{
	atf_tc_set_md_var(tc, "descr", "Groups too many or too few are no "
	    "match, in any order; only credentials are counted as mismatches");
}
ATF_TC_BODY(groups, tc)
{
	gid_t turned[] = { 7, 6, 5 };
	struct tally t = { .trials = 0 };
	struct result r;

	set_up(&sync_schedule, ROLE_BOTH);
	r = true_result();
	r.peer.groups = turned;
	ATF_CHECK_EQ(matches(reported(&r)), true);
	r.peer.ngroups = 2;
	ATF_CHECK_EQ(matches(reported(&r)), false);
	count_result(&t, reported(&r));
	ATF_CHECK_EQ(t.mismatches, 1);
	r.outcome = NONE;
	count_result(&t, reported(&r));
	ATF_CHECK_EQ(t.mismatches, 1);
	r.outcome = CREDENTIALS;
	r.peer.ngroups = 3;
	shared.client.ngroups = 2;
	ATF_CHECK_EQ(matches(reported(&r)), false);
}

ATF_TC(json_values);
ATF_TC_HEAD(json_values, tc)
{
	atf_tc_set_md_var(tc, "descr", "JSON has each value in its own place; "
	    "where there is nothing to compare match is null");
}
ATF_TC_BODY(json_values, tc)
{
	struct result r;

	capture(stdout);
	set_up(&sync_schedule, ROLE_BOTH);
	r = true_result();
	r.message.id[UID]++;
	r.ctrunc = true;
	json_result(reported(&r));
	require_part(stdout, ",\"outcome\":\"credentials\",\"bytes\":1,"
	    "\"ctrunc\":true,\"pid\":11,\"uid\":23,\"euid\":33,\"gid\":44,"
	    "\"egid\":55,\"groups\":[5,6,7],\"source\":{\"pid\":\"MSG\","
	    "\"uid\":\"MSG\",\"euid\":\"PEER\",\"gid\":\"MSG\",\"egid\":"
	    "\"PEER\",\"groups\":\"PEER\"},\"peer\":{\"pid\":11,\"euid\":33,"
	    "\"egid\":55,\"groups\":[5,6,7]},\"client\":{\"pid\":11,\"uid\":22,"
	    "\"euid\":33,\"gid\":44,\"egid\":55,\"groups\":[5,6,7]},"
	    "\"match\":false,\"trunc\":false,\"placeholder\":null}\n");
	r.outcome = PLACEHOLDER;
	r.ctrunc = false;
	r.trunc = true;
	r.message.source[PID] = NULL;
	r.message.id[PID] = 0;
	json_result(reported(&r));
	require_part(stdout, ",\"match\":null,\"trunc\":true,\"placeholder\":"
	    "{\"pid\":0,\"uid\":23,\"gid\":44}}\n");
	json_result(reported(&r));
	require_part(stdout, ",\"ctrunc\":false,\"pid\":11,\"uid\":null,"
	    "\"euid\":33,\"gid\":null,");
	text_result(reported(&r));
	require_part(stdout, "Got 1 byte of a longer message\nPID: 11 (PEER)\n"
	    "UID: -\nEUID: 33 (PEER)\nGID: -\n");
	set_up(&inherit_schedule, ROLE_SERVER);
	r = true_result();
	json_result(reported(&r));
	require_part(stdout, ",\"client\":null,\"match\":null,");
}

ATF_TC(server_warnings);
ATF_TC_HEAD(server_warnings, tc)
{
	atf_tc_set_md_var(tc, "descr", "A server says of a client that it is "
	    "set-user-ID, set-group-ID alone, or two processes, and else "
	    "nothing");
}
ATF_TC_BODY(server_warnings, tc)
{
	static const char ids[] = "Real and effective IDs differ\n";
	static const char pids[] =
	    "Message and connection name different processes\n";
	static const struct {
		intmax_t pid, euid, egid;
		const char *says;
	} cases[] = {
		{ 11, 22, 44, NULL }, { 11, 33, 44, ids }, { 11, 22, 55, ids },
		{ 11, 33, 55, ids }, { 12, 22, 44, pids },
	};
	const char *text;
	struct result r;

	capture(stdout);
	set_up(&inherit_schedule, ROLE_SERVER);
	for (size_t i = 0; i < nitems(cases); i++) {
		r = true_result();
		r.peer.id[PID] = cases[i].pid;
		r.peer.id[EUID] = cases[i].euid;
		r.peer.id[EGID] = cases[i].egid;
		text_result(reported(&r));
		text = written(stdout);
		ATF_CHECK_EQ_MSG(strstr(text, ids) != NULL,
		    cases[i].says == ids, "case %zu: %s", i, text);
		ATF_CHECK_EQ_MSG(strstr(text, pids) != NULL,
		    cases[i].says == pids, "case %zu: %s", i, text);
		ATF_CHECK_EQ(strstr(text, "PID: 11 != 12 (PEER)\n") != NULL,
		    cases[i].says == pids);
	}
}

ATF_TC(reasons);
ATF_TC_HEAD(reasons, tc)
{
	atf_tc_set_md_var(tc, "descr", "Standard error has the reason why "
	    "there are no credentials, if not JSON does, or --quiet was said");
}
ATF_TC_BODY(reasons, tc)
{
#define MISSING		"Message did not include credentials"
	static const char *const wanted[NOUTCOMES] = {
		[PLACEHOLDER] = MISSING ": placeholder (PID 11, UID 22, GID "
		    "44)\n",
		[NONE] = MISSING "\n",
		[TRUNCATED] = MISSING ": truncated (they did not fit)\n",
		[CLOSED] = MISSING ": closed (end of file)\n",
		[TIMEOUT] = MISSING ": timeout (no message came)\n",
		[UNSUPPORTED] = MISSING ": unsupported (this system has no "
		    "option for it)\n",
	};
	struct result r;

	set_up(&sync_schedule, ROLE_BOTH);
	r = true_result();
	capture(stderr);
	explain(reported(&r));
	require_text(stderr, "");
	for (r.outcome = NONE; r.outcome < NOUTCOMES; r.outcome++) {
		if (r.outcome == CREDENTIALS)
			continue;
		options.json = options.quiet = false;
		explain(reported(&r));
		require_part(stderr, wanted[r.outcome]);
		options.quiet = true;
		explain(reported(&r));
		ATF_CHECK_EQ(written(stderr)[0] == '\0',
		    r.outcome != UNSUPPORTED);
		options.json = true;
		explain(reported(&r));
		require_text(stderr, "");
	}
}

/* A trial of the race whose option and write took these microseconds. */
static enum class
count_times(struct tally *t, enum outcome o, int64_t option,
    int64_t option_ended, int64_t written_at, int64_t write_ended)
{
	struct times *s = times_of(&run, SERVER), *w = times_of(&run, CLIENT);
	const struct result r = { .outcome = o };
	uintmax_t before[NCLASSES];
	enum class k = BEFORE;

	s->ended[ACCEPT] = SECOND;
	s->begun[OPTION] = SECOND + option * MICROSECOND;
	s->ended[OPTION] = SECOND + option_ended * MICROSECOND;
	w->begun[WRITE] = SECOND + written_at * MICROSECOND;
	w->ended[WRITE] = SECOND + write_ended * MICROSECOND;
	for (k = BEFORE; k < NCLASSES; k++)
		before[k] = t->classes[k][o];
	count_race(t, &run, &r);
	for (k = BEFORE; k < NCLASSES && t->classes[k][o] == before[k]; k++)
		continue;
	return k;
}

ATF_TC(classes);
ATF_TC_HEAD(classes, tc)
{
	atf_tc_set_md_var(tc, "descr", "A trial falls into the class that its "
	    "readings say, and breaks the rule in either of its halves only");
}
ATF_TC_BODY(classes, tc)
{
	static const struct {
		int64_t option, option_ended, write, write_ended;
		enum class class;
		const char *path;
	} cases[] = {
		{ 1, 2, 3, 4, BEFORE, NULL },
		{ 1, 2, 2, 3, OVERLAP, NULL },
		{ 1, 4, 2, 3, OVERLAP, NULL },
		{ 2, 3, 1, 4, OVERLAP, NULL },
		{ 2, 3, 1, 2, OVERLAP, NULL },
		{ 3, 4, 1, 2, AFTER, NULL },
		{ -4, -3, -2, -1, BEFORE, NULL },
		{ 1, 2, 0, 4, OVERLAP, "sock" },
		{ 3, 4, -1, 2, UNACCEPTED, "sock" },
		{ -4, -3, -2, -1, UNACCEPTED, "sock" },
		{ 3, 4, 0, 2, AFTER, "sock" },
	};
	struct tally t = { .trials = 0 };
	uintmax_t violations = 0;
	enum class k;

	set_up(&race_schedule, ROLE_BOTH);
	for (size_t i = 0; i < nitems(cases); i++)
		for (enum outcome o = NONE; o <= PLACEHOLDER; o++) {
			options.path = cases[i].path;
			k = count_times(&t, o, cases[i].option,
			    cases[i].option_ended, cases[i].write,
			    cases[i].write_ended);
			ATF_CHECK_EQ_MSG(k, cases[i].class,
			    "case %zu: class %d", i, (int)k);
			violations += cases[i].class == BEFORE ?
			    o != CREDENTIALS : cases[i].class == AFTER ?
			    o == CREDENTIALS : 0;
			ATF_CHECK_EQ_MSG(t.violations, violations,
			    "case %zu, %s", i, outcomes[o]);
		}
}

ATF_TC(violations);
ATF_TC_HEAD(violations, tc)
{
	atf_tc_set_md_var(tc, "descr", "Which half of the rule was broken is "
	    "said with the readings, of ten trials at most");
}
ATF_TC_BODY(violations, tc)
{
	struct tally t = { .trials = 0 };
	const char *text;
	int lines = 0;

	set_up(&race_schedule, ROLE_BOTH);
	run.trial = 42;
	capture(stderr);
	(void)count_times(&t, CREDENTIALS, 3, 4, 1, 2);
	require_part(stderr, "violation in trial 42: option set after the "
	    "write, credentials (ns from accepted: option 3000 to 4000, write "
	    "1000 to 2000)\n");
	(void)count_times(&t, PLACEHOLDER, 1, 2, 3, 4);
	require_part(stderr, "violation in trial 42: option set before the "
	    "write, placeholder (ns from accepted: option 1000 to 2000, write "
	    "3000 to 4000)\n");
	for (int i = 0; i < 20; i++)
		(void)count_times(&t, NONE, 1, 2, 3, 4);
	for (text = written(stderr); *text != '\0'; text++)
		lines += *text == '\n';
	ATF_CHECK_EQ(lines, 8);
	ATF_CHECK_EQ(t.violations, 22);
}

ATF_TC(bins);
ATF_TC_HEAD(bins, tc)
{
	atf_tc_set_md_var(tc, "descr", "A trial falls into the bin of its "
	    "lead, from middle to middle, up to and without the upper end");
}
ATF_TC_BODY(bins, tc)
{
	static const struct {
		int64_t spread, lead;	/* in microseconds */
		int bin;
	} cases[] = {
		{ 20, -1000, 0 }, { 20, -21, 0 }, { 20, -20, 1 },
		{ 20, -18, 1 }, { 20, -17, 2 }, { 20, -1, 8 }, { 20, 0, 9 },
		{ 20, 2, 9 }, { 20, 3, 10 }, { 20, 5, 11 }, { 20, 19, 16 },
		{ 20, 20, 17 }, { 20, 1000, 17 }, { 0, -21, 0 }, { 0, 19, 16 },
		{ 800, -801, 0 }, { 800, -800, 1 }, { 800, 99, 9 },
		{ 800, 100, 10 }, { 800, 799, 16 }, { 800, 800, 17 },
	};
	struct tally t;

	set_up(&race_schedule, ROLE_BOTH);
	for (size_t i = 0; i < nitems(cases); i++) {
		t = (struct tally){ .trials = 0 };
		options.spread = cases[i].spread * MICROSECOND;
		/* The option's middle is at 3, the write's at lead + 3. */
		(void)count_times(&t, NONE, 0, 6, cases[i].lead,
		    cases[i].lead + 6);
		ATF_CHECK_EQ_MSG(t.bins[cases[i].bin][NONE], 1, "lead %" PRId64
		    " us is not in bin %d", cases[i].lead, cases[i].bin);
	}
}

ATF_TC(tally_text);
ATF_TC_HEAD(tally_text, tc)
{
	atf_tc_set_md_var(tc, "descr", "The line of a counted run has each "
	    "outcome that there was, in words that fit its number");
}
ATF_TC_BODY(tally_text, tc)
{
	struct tally t = { .trials = 1, .counts = { [CREDENTIALS] = 1 } };

	capture(stdout);
	text_tally("connection", &t);
	require_text(stdout, "1 connection: 1 with credentials\n");
	for (size_t i = 0; i < NOUTCOMES; i++)
		t.counts[tally_order[i]] = i + 1;
	t.trials = 28;
	text_tally("trial", &t);
	require_text(stdout, "28 trials: 1 with credentials, 2 "
	    "placeholder, 3 none, 4 truncated, 5 closed, 6 timeout, "
	    "7 unsupported\n");
	t = (struct tally){ .trials = 10, .mismatches = 2,
	    .counts = { [CREDENTIALS] = 9, [NONE] = 1 } };
	text_tally("trial", &t);
	require_text(stdout, "10 trials: 9 credentials, 1 none, 2 "
	    "not the client's\n");
	t = (struct tally){ .trials = 0 };
	text_tally("connection", &t);
	require_text(stdout, "0 connections\n");
}

ATF_TC(lesson);
ATF_TC_HEAD(lesson, tc)
{
	atf_tc_set_md_var(tc, "descr", "The lesson is of what was measured");
}
ATF_TC_BODY(lesson, tc)
{
#define COUNTS(won, lost) \
	{ [CREDENTIALS] = (won), [PLACEHOLDER] = (lost) }
#define CLASS(k, won, lost)	.classes[k] = COUNTS(won, lost)
#define SHOWS		"; --spread 20 shows both ends.\n"
	static const struct {
		int64_t spread;
		struct tally tally;
		const char *text;
	} cases[] = {
		{ 20, { .trials = 2, .counts = COUNTS(1, 1),
		    CLASS(BEFORE, 1, 0), CLASS(AFTER, 0, 1) },
		    "\nWith the option set before the client writes its "
		    "credentials always come;\nwith the option set after, "
		    "never: synchronize, as --sync does.\n" },
		{ 20, { .trials = 2, .counts = COUNTS(2, 0),
		    .violations = 1, CLASS(BEFORE, 1, 0),
		    CLASS(AFTER, 1, 0) },
		    "\nThis kernel broke the rule 1 time.\n" },
		{ 0, { .trials = 9, .counts = COUNTS(2, 7),
		    .violations = 7, CLASS(BEFORE, 2, 7) },
		    "\nThis kernel broke the rule 7 times.\n" },
		{ 20, { .trials = 3, .counts = COUNTS(3, 0),
		    CLASS(BEFORE, 3, 0) },
		    "\nThe race was always won this time.\n" },
		{ 20, { .trials = 3, .counts = COUNTS(0, 3),
		    CLASS(AFTER, 0, 3) },
		    "\nThe race was always lost this time.\n" },
		{ 0, { .trials = 3, .counts = COUNTS(1, 2),
		    CLASS(OVERLAP, 1, 2) },
		    "\nThe race was always close this time" SHOWS },
		{ 0, { .trials = 3, .counts = COUNTS(1, 2),
		    CLASS(AFTER, 0, 2), CLASS(UNACCEPTED, 1, 0) },
		    "\nThe race was always close this time" SHOWS
		    "Of the writes that began before accept(2) had returned "
		    "1 of 1\nbrought credentials.\n" },
	};

	capture(stdout);
	for (size_t i = 0; i < nitems(cases); i++) {
		options.spread = cases[i].spread * MICROSECOND;
		text_lesson(&options, &cases[i].tally);
		require_text(stdout, cases[i].text);
	}
}

ATF_TC(race_report);
ATF_TC_HEAD(race_report, tc)
{
	atf_tc_set_md_var(tc, "descr", "A race's report has the time, the "
	    "rate, the counts of each class and bin, and the rule");
}
ATF_TC_BODY(race_report, tc)
{
	const struct tally t = { .trials = 6, .elapsed = 3 * SECOND / 2,
	    .counts = { [CREDENTIALS] = 2, [NONE] = 4 }, .mismatches = 1,
	    .classes = { [BEFORE][CREDENTIALS] = 1, [BEFORE][NONE] = 3,
	    [AFTER][NONE] = 1, [OVERLAP][CREDENTIALS] = 1 }, .violations = 3,
	    .bins = { [8][NONE] = 4, [9][CREDENTIALS] = 2 } };

	set_up(&race_schedule, ROLE_BOTH);
	capture(stdout);
	text_trials(reported(NULL), &t);
	require_text(stdout, "6 trials: 2 credentials, 4 none, 1 not "
	    "the client's\n1.500 s, 4 trials a second\nEach side waits 0 to 20 "
	    "us before its step\n\n                                trials   "
	    "credentials  no credentials\n"
	    "option set before the write          4             1"
	    "               3\n"
	    "option set after the write           1             0"
	    "               1\n"
	    "both at once                         1             1"
	    "               0\n"
	    "violations of the rule               3  (before: credentials; "
	    "after: none)\n\n"
	    "Lead of option                    no credentials | credentials\n"
	    "over write, us                                   |\n"
	    "    -2.5 ...      0.0       4 .................. |"
	    "                    0\n"
	    "     0.0 ...      2.5       0                    | #########"
	    "          2\n\nThis kernel broke the rule 3 times.\n");
	json_tally(reported(NULL), &t);
	require_part(stdout, ",\"mismatches\":1,\"elapsed_s\":1.500000,"
	    "\"trials_per_second\":4.0,\"spread_us\":20,\"classes\":{"
	    "\"before\":{\"trials\":4,\"counts\":{\"credentials\":1,"
	    "\"placeholder\":0,\"none\":3,");
	json_tally(reported(NULL), &t);
	require_part(stdout, "},\"violations\":3,\"histogram\":[{\"from_ns\":"
	    "null,\"to_ns\":-20000,");
	json_tally(reported(NULL), &t);
	require_part(stdout, "{\"from_ns\":-2500,\"to_ns\":0,\"counts\":{"
	    "\"credentials\":0,\"placeholder\":0,\"none\":4,");
}

ATF_TC(histogram_ends);
ATF_TC_HEAD(histogram_ends, tc)
{
	atf_tc_set_md_var(tc, "descr", "The first bin has no lower edge and "
	    "the last no upper one; edges have a decimal below 10 ms; a race "
	    "without delays, or without a trial, says so");
}
ATF_TC_BODY(histogram_ends, tc)
{
	static const struct {
		int64_t spread;
		const char *text[3];
	} cases[] = {
		{ 20 * MICROSECOND, { "Each side waits 0 to 20 us ",
		    "\n         ...    -20.0       1",
		    "\n    20.0 ...                0" } },
		{ 0, { "\nNo delays: the bare race\n", "\n         ...    -20.0",
		    "\n    20.0 ...         " } },
		{ 5 * MILLISECOND, { "0 to 5000 us ", "\n         ...  -5000.0",
		    "\n  5000.0 ...         " } },
		{ 10 * MILLISECOND, { "0 to 10000 us ",
		    "\n         ...   -10000       1",
		    "\n   10000 ...                0" } },
	};
	struct tally t = { .trials = 2, .elapsed = SECOND,
	    .counts = { [CREDENTIALS] = 1, [NONE] = 1 },
	    .classes = { [BEFORE][CREDENTIALS] = 1, [AFTER][NONE] = 1 },
	    .bins = { [0][NONE] = 1, [NBINS - 1][CREDENTIALS] = 1 } };

	set_up(&race_schedule, ROLE_BOTH);
	capture(stdout);
	for (size_t i = 0; i < nitems(cases); i++)
		for (size_t j = 0; j < nitems(cases[i].text); j++) {
			options.spread = cases[i].spread;
			text_trials(reported(NULL), &t);
			require_part(stdout, cases[i].text[j]);
		}
	t = (struct tally){ .elapsed = 1 };
	text_trials(reported(NULL), &t);
	require_text(stdout, "0 trials\n");
}

ATF_TC(elapsed);
ATF_TC_HEAD(elapsed, tc)
{
	atf_tc_set_md_var(tc, "descr", "A race with a time limit takes that "
	    "time, and reports what it took");
}
ATF_TC_BODY(elapsed, tc)
{
	struct options o = { .count = UINT64_MAX, .counted = true,
	    .limit = SECOND / 4, .timeout = 5 * SECOND,
	    .schedule = &race_schedule };
	struct tally t = { .trials = 0 };
	struct conv c;
	int64_t start;

	open_conv(&c, &o, NULL);
	fork_client(&c);
	start = now();
	run_trials(&c, &t);
	ATF_CHECK_MSG(t.elapsed >= o.limit && t.elapsed <= now() - start,
	    "%" PRId64 " ns", t.elapsed);
	close_conv(&c);
	free_conv(&c);
}

ATF_TC(status);
ATF_TC_HEAD(status, tc)
{
	atf_tc_set_md_var(tc, "descr", "The exit status is that of the tally");
}
ATF_TC_BODY(status, tc)
{
	static const struct {
		struct tally tally;
		int status, race;
	} cases[] = {
		{ { .trials = 0 }, 1, 0 },
		{ { .trials = 3, .counts = { [CREDENTIALS] = 3 } }, 0, 0 },
		{ { .trials = 3, .counts = COUNTS(2, 1) }, 1, 0 },
		{ { .trials = 3, .counts = { [CREDENTIALS] = 2,
		    [TIMEOUT] = 1 } }, 1, 0 },
		{ { .trials = 3, .counts = { [NONE] = 3 } }, 1, 0 },
		{ { .trials = 3, .counts = COUNTS(3, 0), .mismatches = 1 },
		    1, 1 },
		{ { .trials = 3, .counts = COUNTS(3, 0), .violations = 1 },
		    1, 1 },
		{ { .trials = 3, .counts = { [UNSUPPORTED] = 3 } }, 2, 2 },
	};
	const struct options o = { .role = ROLE_BOTH };
	struct report report = { .options = &o };

	for (size_t i = 0; i < nitems(cases); i++) {
		report.schedule = &sync_schedule;
		ATF_CHECK_EQ_MSG(exit_status(&report, &cases[i].tally),
		    cases[i].status, "case %zu", i);
		report.schedule = &race_schedule;
		ATF_CHECK_EQ_MSG(exit_status(&report, &cases[i].tally),
		    cases[i].race, "case %zu as a race", i);
	}
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
	ATF_REQUIRE(setsockopt(fds[0], OPTION_LEVEL, mechanisms[USUAL].name,
	    &(int){ 1 }, sizeof(int)) == 0);
	run.connection = fds[0];
	run.message.socktype = type;
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
		ATF_REQUIRE_EQ(send_with(sender, SCM_RIGHTS,
		    &(int){ STDIN_FILENO }, sizeof(int)), 1);
	script[0] = first;
	script[1] = second;
	script[2] = -1;
	script_at = 0;
	run.message.empty = true;		/* the last one was */
	n = receive_now(&run, CONTROL_ROOM / 2);	/* not DATA_ROOM */
	if (type != SOCK_DGRAM)
		ATF_CHECK_MSG(n != -1, "errno %d", errno);
	else if (n == -1)
		ATF_CHECK_EQ(errno, second > 0 ? second : EAGAIN);
	ATF_CHECK_EQ(run.message.iov.iov_len, DATA_ROOM);
	ATF_CHECK_EQ(run.message.bytes, (size_t)MAX(n, 0));
	parse(&run.message, &r);
	close_rights(&run.message);
	ATF_CHECK_EQ_MSG(dup(STDIN_FILENO), lowest, "a descriptor is left");
	(void)close(lowest);
	(void)close(run.connection);
	(void)close(sender);
	free(r.message.groups);
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
	struct message *m = &run.message;

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
		drain(&run);
		r = run.result;
		ATF_CHECK_STREQ(outcomes[r.outcome], "timeout");
		ATF_CHECK(!r.has_ids);
		ATF_REQUIRE_EQ(write(sender, "!", 1), 1);
		shared.sent = 1;
		drain(&run);
		r = run.result;
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], "credentials", "%s",
		    types[t].name);
		ATF_CHECK_EQ(r.bytes, 1);
		ATF_CHECK_MSG(r.message.source[PID] == NULL ?
		    mechanisms[USUAL].at[PID] == 0 :
		    r.message.id[PID] == getpid(), "%s: PID %jd",
		    types[t].name, r.message.id[PID]);
		(void)close(run.connection);
		(void)close(sender);
		free(r.message.groups);
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
		shared.sent = cases[i].bytes[0] + cases[i].bytes[1];
		for (size_t j = 0; j < 2; j++)
			ATF_REQUIRE_EQ(send(sender, data, cases[i].bytes[j],
			    MSG_DONTWAIT), (ssize_t)cases[i].bytes[j]);
		bare = cases[i].bare;
		drain(&run);
		r = run.result;
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], "credentials",
		    "case %zu: %s", i, outcomes[r.outcome]);
		ATF_CHECK_EQ(r.bytes, cases[i].wanted);
		(void)close(run.connection);
		(void)close(sender);
		free(r.message.groups);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, no_match);
	ATF_TP_ADD_TC(tp, two_processes);
	ATF_TP_ADD_TC(tp, groups);
	ATF_TP_ADD_TC(tp, json_values);
	ATF_TP_ADD_TC(tp, server_warnings);
	ATF_TP_ADD_TC(tp, reasons);
	ATF_TP_ADD_TC(tp, classes);
	ATF_TP_ADD_TC(tp, violations);
	ATF_TP_ADD_TC(tp, bins);
	ATF_TP_ADD_TC(tp, tally_text);
	ATF_TP_ADD_TC(tp, lesson);
	ATF_TP_ADD_TC(tp, race_report);
	ATF_TP_ADD_TC(tp, histogram_ends);
	ATF_TP_ADD_TC(tp, elapsed);
	ATF_TP_ADD_TC(tp, status);
	ATF_TP_ADD_TC(tp, second_look);
	ATF_TP_ADD_TC(tp, ends);
	ATF_TP_ADD_TC(tp, last_look);
	ATF_TP_ADD_TC(tp, long_message);
	return atf_no_error();
}
