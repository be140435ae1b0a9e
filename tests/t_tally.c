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
 * Many results: how they are counted, the race's classes and its rule, and what
 * the report and the exit status make of that.
 */
#include "unit.h"

#define COUNTS(won, lost) \
	{ [CREDENTIALS] = (won), [PLACEHOLDER] = (lost) }
#define CLASS(k, won, lost)	.classes[k] = COUNTS(won, lost)

ATF_TC(mismatches);
ATF_TC_HEAD(mismatches, tc)
{
	atf_tc_set_md_var(tc, "descr", "Credentials of which a field is not the "
	    "client's are counted as such, and what is no credentials is not");
}
ATF_TC_BODY(mismatches, tc)
{
	struct tally t;
	struct result r;

	set_up(&sync_schedule, ROLE_BOTH);
	/* The last time nothing is wrong. */
	for (enum field wrong = PID; wrong <= NFIELDS; wrong++) {
		t = (struct tally){ .trials = 0 };
		r = wrong_result(wrong);
		count_result(&t, reported(&r));
		ATF_CHECK_EQ(t.mismatches, wrong != NFIELDS);
		ATF_CHECK_EQ(t.trials, 1);
		ATF_CHECK_EQ(t.counts[CREDENTIALS], 1);
	}
	r.peer.ngroups = 2;
	count_result(&t, reported(&r));
	ATF_CHECK_EQ(t.mismatches, 1);
	r.outcome = NONE;
	count_result(&t, reported(&r));
	ATF_CHECK_EQ(t.mismatches, 1);
}

/* A trial of the race whose option and write took these microseconds. */
static enum class
count_times(struct tally *t, enum outcome o, int64_t option,
    int64_t option_ended, int64_t written_at, int64_t write_ended)
{
	struct span *setting = span_of(&conv, SERVER, OPTION);
	struct span *writing = span_of(&conv, CLIENT, WRITE);
	const struct result r = { .outcome = o };
	uintmax_t before[NCLASSES];
	enum class k;

	span_of(&conv, SERVER, ACCEPT)->ended = SECOND;
	setting->begun = SECOND + option * MICROSECOND;
	setting->ended = SECOND + option_ended * MICROSECOND;
	writing->begun = SECOND + written_at * MICROSECOND;
	writing->ended = SECOND + write_ended * MICROSECOND;
	for (k = BEFORE; k < NCLASSES; k++)
		before[k] = t->classes[k][o];
	count_race(t, &conv, &r);
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
	conv.trial = 42;
	capture(stderr);
	(void)count_times(&t, CREDENTIALS, 3, 4, 1, 2);
	check_part("violation in trial 42: option set after the "
	    "write, credentials (ns from accepted: option 3000 to 4000, write "
	    "1000 to 2000)\n");
	capture(stderr);
	(void)count_times(&t, PLACEHOLDER, 1, 2, 3, 4);
	check_part("violation in trial 42: option set before the "
	    "write, placeholder (ns from accepted: option 1000 to 2000, write "
	    "3000 to 4000)\n");
	capture(stderr);
	for (int i = 0; i < 20; i++)
		(void)count_times(&t, NONE, 1, 2, 3, 4);
	for (text = captured(); *text != '\0'; text++)
		lines += *text == '\n';
	ATF_CHECK_EQ(lines, 8);
	ATF_CHECK_EQ(t.violations, 22);
}

/* A trial, counted as run_trials() does. */
static void
count_trial(struct tally *t, const struct result *r)
{
	const struct report *report = reported(r);

	count_result(t, report);
	if (is_race(report) && r->outcome != UNSUPPORTED)
		count_race(t, &conv, r);
}

/* By the times of this one the option was set, and then the message written. */
static void
count_won(struct tally *t, const struct result *r)
{
	struct span *setting = span_of(&conv, SERVER, OPTION);
	struct span *writing = span_of(&conv, CLIENT, WRITE);

	setting->begun = 1;
	setting->ended = 2;
	writing->begun = 3;
	writing->ended = 4;
	count_trial(t, r);
}

ATF_TC(no_race);
ATF_TC_HEAD(no_race, tc)
{
	atf_tc_set_md_var(tc, "descr", "Only a race between our own two sides "
	    "is held to its rule, on a system with the mechanism");
}
ATF_TC_BODY(no_race, tc)
{
	struct result r = { .outcome = PLACEHOLDER };
	struct tally t = { .trials = 0 };

	set_up(&sync_schedule, ROLE_BOTH);
	count_won(&t, &r);
	options.role = ROLE_SERVER;
	conv.schedule = &bare_schedule;
	count_won(&t, &r);
	ATF_CHECK_EQ(t.counts[PLACEHOLDER], 2);
	ATF_CHECK_EQ(t.violations, 0);
	options.role = ROLE_BOTH;
	r.outcome = UNSUPPORTED;
	count_won(&t, &r);
	ATF_CHECK_EQ(t.violations, 0);
	r.outcome = PLACEHOLDER;
	count_won(&t, &r);
	ATF_CHECK_EQ(t.violations, 1);
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

ATF_TC(bars);
ATF_TC_HEAD(bars, tc)
{
	atf_tc_set_md_var(tc, "descr", "A bar is in proportion, and what there "
	    "is has one");
}
ATF_TC_BODY(bars, tc)
{
	ATF_CHECK_EQ(bar(0, 1000), 0);
	ATF_CHECK_EQ(bar(1, 1000), 1);
	ATF_CHECK_EQ(bar(500, 1000), BAR / 2);
	ATF_CHECK_EQ(bar(1000, 1000), BAR);
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
	check_text("1 connection: 1 with credentials\n");
	for (size_t i = 0; i < NOUTCOMES; i++)
		t.counts[tally_order[i]] = i + 1;
	t.trials = 28;
	capture(stdout);
	text_tally("trial", &t);
	check_text("28 trials: 1 with credentials, 2 "
	    "placeholder, 3 none, 4 truncated, 5 closed, 6 timeout, "
	    "7 unsupported\n");
	t = (struct tally){ .trials = 10, .mismatches = 2,
	    .counts = { [CREDENTIALS] = 9, [NONE] = 1 } };
	capture(stdout);
	text_tally("trial", &t);
	check_text("10 trials: 9 credentials, 1 none, 2 "
	    "not the client's\n");
	t = (struct tally){ .trials = 0 };
	capture(stdout);
	text_tally("connection", &t);
	check_text("0 connections\n");
}

ATF_TC(lesson);
ATF_TC_HEAD(lesson, tc)
{
	atf_tc_set_md_var(tc, "descr", "The lesson is of what was measured");
}
ATF_TC_BODY(lesson, tc)
{
#define SHOWS		"; --spread 20 shows both ends.\n"
	static const struct {
		int64_t spread;
		struct tally tally;
		const char *text;
	} cases[] = {
		{ 20, { .trials = 2, .counts = COUNTS(1, 1),
		    CLASS(BEFORE, 1, 0), CLASS(AFTER, 0, 1) },
		    "\nIf the option is set before the client writes, its "
		    "credentials always\ncome; if it is set after, they never "
		    "do.  Have the client wait until it\nis set, as --sync "
		    "does, or set it on the listening socket before\n"
		    "listen(2), as --inherit does.\n" },
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

	for (size_t i = 0; i < nitems(cases); i++) {
		options.spread = cases[i].spread * MICROSECOND;
		capture(stdout);
		text_lesson(&options, &cases[i].tally);
		check_text(cases[i].text);
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
	check_text("6 trials: 2 credentials, 4 none, 1 not "
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
	capture(stdout);
	json_tally(reported(NULL), &t);
	check_part(",\"mismatches\":1,\"elapsed_s\":1.500000,"
	    "\"trials_per_second\":4.0,\"spread_us\":20,\"classes\":{"
	    "\"before\":{\"trials\":4,\"counts\":{\"credentials\":1,"
	    "\"placeholder\":0,\"none\":3,");
	capture(stdout);
	json_tally(reported(NULL), &t);
	check_part("},\"violations\":3,\"histogram\":[{\"from_ns\":"
	    "null,\"to_ns\":-20000,");
	capture(stdout);
	json_tally(reported(NULL), &t);
	check_part("{\"from_ns\":-2500,\"to_ns\":0,\"counts\":{"
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
	for (size_t i = 0; i < nitems(cases); i++)
		for (size_t j = 0; j < nitems(cases[i].text); j++) {
			options.spread = cases[i].spread;
			capture(stdout);
			text_trials(reported(NULL), &t);
			check_part(cases[i].text[j]);
		}
	t = (struct tally){ .elapsed = 1 };
	capture(stdout);
	text_trials(reported(NULL), &t);
	check_text("0 trials\n");
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

/* The exit status of a mode by what it counted. */
static int
status_of(enum role role, const struct schedule *schedule,
    const struct tally *t)
{
	const struct options o = { .role = role };
	const struct report report = { .options = &o, .schedule = schedule };

	return exit_status(&report, t);
}

ATF_TC(status);
ATF_TC_HEAD(status, tc)
{
	atf_tc_set_md_var(tc, "descr", "The exit status is 0 if every message "
	    "had its client's credentials, in a race if the rule was kept, and "
	    "2 without the mechanism");
}
ATF_TC_BODY(status, tc)
{
	static const struct {
		struct tally tally;
		int status, race;
	} cases[] = {
		{ { .trials = 0 }, 1, 0 },
		{ { .trials = 3, .counts = COUNTS(3, 0) }, 0, 0 },
		{ { .trials = 2, .counts = COUNTS(1, 1) }, 1, 0 },
		{ { .trials = 3, .counts = COUNTS(2, 1) }, 1, 0 },
		{ { .trials = 3, .counts = { [CREDENTIALS] = 2,
		    [TIMEOUT] = 1 } }, 1, 0 },
		{ { .trials = 3, .counts = { [NONE] = 3 } }, 1, 0 },
		{ { .trials = 3, .counts = COUNTS(3, 0), .mismatches = 1 },
		    1, 1 },
		{ { .trials = 3, .counts = COUNTS(3, 0), .violations = 1 },
		    1, 1 },
		{ { .trials = 2, .counts = { [CREDENTIALS] = 1,
		    [UNSUPPORTED] = 1 } }, 2, 2 },
		{ { .trials = 3, .counts = { [UNSUPPORTED] = 3 } }, 2, 2 },
	};

	for (size_t i = 0; i < nitems(cases); i++) {
		const struct tally *t = &cases[i].tally;

		ATF_CHECK_EQ_MSG(status_of(ROLE_BOTH, &sync_schedule, t),
		    cases[i].status, "case %zu", i);
		ATF_CHECK_EQ_MSG(status_of(ROLE_BOTH, &race_schedule, t),
		    cases[i].race, "case %zu as a race", i);
		ATF_CHECK_EQ_MSG(status_of(ROLE_BOTH, &bare_schedule, t),
		    cases[i].race, "case %zu as a race without delays", i);
		/* A server's clients are nobody's race of ours. */
		ATF_CHECK_EQ_MSG(status_of(ROLE_SERVER, &bare_schedule, t),
		    cases[i].status, "case %zu of a server", i);
	}
}

ATF_TC(left);
ATF_TC_HEAD(left, tc)
{
	atf_tc_set_md_var(tc, "descr", "The time left is that of the trials or "
	    "of the run's own limit, if that is less, and never below nothing");
}
ATF_TC_BODY(left, tc)
{
	struct options o = { .count = 100 };

	ATF_CHECK_EQ(time_left(&o, 50, 2), 2);
	o.limit = SECOND;
	ATF_CHECK_EQ(time_left(&o, 50, 0.5), 0.5);
	ATF_CHECK_EQ(time_left(&o, 10, 0.5), 0.5);
	ATF_CHECK_EQ(time_left(&o, 80, 0.5), 0.125);
	ATF_CHECK_EQ(time_left(&o, 50, 1.5), 0);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, mismatches);
	ATF_TP_ADD_TC(tp, classes);
	ATF_TP_ADD_TC(tp, violations);
	ATF_TP_ADD_TC(tp, no_race);
	ATF_TP_ADD_TC(tp, bins);
	ATF_TP_ADD_TC(tp, bars);
	ATF_TP_ADD_TC(tp, tally_text);
	ATF_TP_ADD_TC(tp, lesson);
	ATF_TP_ADD_TC(tp, race_report);
	ATF_TP_ADD_TC(tp, histogram_ends);
	ATF_TP_ADD_TC(tp, elapsed);
	ATF_TP_ADD_TC(tp, status);
	ATF_TP_ADD_TC(tp, left);
	return atf_no_error();
}
