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
 * Functions of credcheck.c by their values: what a kernel may deliver, and the
 * one below us does not.
 */
int credcheck_main(int, char **);
#define main credcheck_main
#include "../credcheck.c"
#undef main

#include <atf-c.h>

static int output = -1;		/* the real one, while ours is in a file */

/* What is printed from here on goes to a file, */
static void
begin_output(void)
{
	const int fd = open("output", O_CREAT | O_TRUNC | O_WRONLY, 0666);

	ATF_REQUIRE_EQ(fflush(stdout), 0);
	ATF_REQUIRE(fd != -1 && (output = dup(STDOUT_FILENO)) != -1);
	ATF_REQUIRE(dup2(fd, STDOUT_FILENO) != -1);
	ATF_REQUIRE_EQ(close(fd), 0);
}

/* and this ends that and compares it. */
static void
compare_output(const char *wanted)
{
	static char text[65536];
	FILE *fp = fopen("output", "r");
	size_t n;

	ATF_REQUIRE_EQ(fflush(stdout), 0);
	ATF_REQUIRE(dup2(output, STDOUT_FILENO) != -1);
	ATF_REQUIRE_EQ(close(output), 0);
	ATF_REQUIRE(fp != NULL);
	n = fread(text, 1, sizeof(text) - 1, fp);
	text[n] = '\0';
	fclose(fp);
	ATF_CHECK_STREQ(text, wanted);
}

/* The exit status of a mode by what it counted. */
static int
status_of(enum role role, const struct schedule *schedule, struct tally t)
{
	const struct options o = { .role = role };
	const struct report report = { .options = &o, .schedule = schedule };

	return exit_status(&report, &t);
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
	static const struct schedule *const races[] = { &race_schedule,
	    &bare_schedule };
	const struct tally none = { .trials = 0 };
	const struct tally all = { .trials = 2, .counts[CREDENTIALS] = 2 };
	const struct tally some = { .trials = 2, .counts[CREDENTIALS] = 1,
	    .counts[PLACEHOLDER] = 1 };
	const struct tally false_ = { .trials = 2, .counts[CREDENTIALS] = 2,
	    .mismatches = 1 };
	const struct tally broken = { .trials = 2, .counts[CREDENTIALS] = 2,
	    .violations = 1 };
	const struct tally without = { .trials = 2, .counts[CREDENTIALS] = 1,
	    .counts[UNSUPPORTED] = 1 };

	ATF_CHECK_EQ(status_of(ROLE_BOTH, &sync_schedule, none), EXIT_MISSING);
	ATF_CHECK_EQ(status_of(ROLE_BOTH, &sync_schedule, all), EXIT_SUCCESS);
	ATF_CHECK_EQ(status_of(ROLE_BOTH, &sync_schedule, some), EXIT_MISSING);
	ATF_CHECK_EQ(status_of(ROLE_BOTH, &sync_schedule, false_), EXIT_MISSING);
	ATF_CHECK_EQ(status_of(ROLE_BOTH, &sync_schedule, without), EXIT_TROUBLE);
	ATF_CHECK_EQ(status_of(ROLE_SERVER, &bare_schedule, none), EXIT_MISSING);
	ATF_CHECK_EQ(status_of(ROLE_SERVER, &bare_schedule, some), EXIT_MISSING);
	for (size_t i = 0; i < nitems(races); i++) {
		ATF_CHECK_EQ(status_of(ROLE_BOTH, races[i], none), EXIT_SUCCESS);
		ATF_CHECK_EQ(status_of(ROLE_BOTH, races[i], some), EXIT_SUCCESS);
		ATF_CHECK_EQ(status_of(ROLE_BOTH, races[i], false_), EXIT_MISSING);
		ATF_CHECK_EQ(status_of(ROLE_BOTH, races[i], broken), EXIT_MISSING);
		ATF_CHECK_EQ(status_of(ROLE_BOTH, races[i], without), EXIT_TROUBLE);
	}
}

/* A trial, counted as run_trials() does. */
static void
count_trial(struct tally *t, const struct conv *c, const struct result *r)
{
	struct report report = report_of(c);

	report.result = r;
	count_result(t, &report);
	if (is_race(&report) && r->outcome != UNSUPPORTED)
		count_race(t, c, r);
}

ATF_TC(no_race);
ATF_TC_HEAD(no_race, tc)
{
	atf_tc_set_md_var(tc, "descr", "Only a race between our own two sides "
	    "is held to its rule, on a system with the mechanism");
}
ATF_TC_BODY(no_race, tc)
{
	static struct shared shared;
	struct result r = { .outcome = PLACEHOLDER };
	struct options o = { .role = ROLE_BOTH };
	struct conv c = { .options = &o, .shared = &shared };
	struct tally t = { .trials = 0 };

	/* The option was set, and then the message written. */
	times_of(&c, SERVER)->begun[OPTION] = 1;
	times_of(&c, SERVER)->ended[OPTION] = 2;
	times_of(&c, CLIENT)->begun[WRITE] = 3;
	times_of(&c, CLIENT)->ended[WRITE] = 4;
	c.schedule = &sync_schedule;
	count_trial(&t, &c, &r);
	o.role = ROLE_SERVER;
	c.schedule = &bare_schedule;
	count_trial(&t, &c, &r);
	ATF_CHECK_EQ(t.counts[PLACEHOLDER], 2);
	ATF_CHECK_EQ(t.violations, 0);
	o.role = ROLE_BOTH;
	r.outcome = UNSUPPORTED;
	count_trial(&t, &c, &r);
	ATF_CHECK_EQ(t.violations, 0);
	r.outcome = PLACEHOLDER;
	count_trial(&t, &c, &r);
	ATF_CHECK_EQ(t.violations, 1);
}

ATF_TC(report_lost);
ATF_TC_HEAD(report_lost, tc)
{
	atf_tc_set_md_var(tc, "descr", "A report is an error of which a write "
	    "failed, though the last did not, or only the close");
}
ATF_TC_BODY(report_lost, tc)
{
	static const struct {
		const char *mode;
		bool close;
		int status;
	} cases[] = {
		{ "w", false, EXIT_SUCCESS },
		{ "r", false, EXIT_TROUBLE },	/* which refuses each byte */
		{ "w", true, EXIT_TROUBLE },
	};
	int status;

	for (size_t i = 0; i < nitems(cases); i++) {
		const pid_t child = fork();

		ATF_REQUIRE(child != -1);
		if (child == 0) {
			if (freopen("/dev/null", cases[i].mode, stdout) == NULL)
				_exit(99);
			if (cases[i].close)
				(void)close(fileno(stdout));
			else
				(void)putchar('x');
			finish_report();
			_exit(EXIT_SUCCESS);
		}
		ATF_REQUIRE_EQ(waitpid(child, &status, 0), child);
		ATF_CHECK_EQ_MSG(WEXITSTATUS(status), cases[i].status,
		    "case %zu: %d", i, WEXITSTATUS(status));
	}
}

/* The survey of a kernel of which nothing is known. */
static struct survey *
empty_survey(void)
{
	static struct survey v;

	memset(&v, 0, sizeof(v));
	for (enum row row = 0; row < NROWS; row++)
		for (size_t t = 0; t < nitems(types); t++)
			v.cells[row][t].result.outcome = UNSUPPORTED;
	return &v;
}

static unsigned
found(const struct survey *v, const struct finding *f, size_t n,
    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].name, name) == 0)
			return found_types(v, &f[i]);
	atf_tc_fail("no finding %s", name);
}
#define CURE(name)	found(v, cures, nitems(cures), name)
#define TRAP(name)	found(v, traps, nitems(traps), name)

ATF_TC(conditions);
ATF_TC_HEAD(conditions, tc)
{
	atf_tc_set_md_var(tc, "descr", "A finding is one for the types of "
	    "socket whose cells meet all of its conditions");
}
ATF_TC_BODY(conditions, tc)
{
	struct survey *v = empty_survey();

	for (size_t i = 0; i < nitems(cures); i++)
		ATF_CHECK_EQ(found_types(v, &cures[i]), 0);
	for (size_t i = 0; i < nitems(traps); i++)
		ATF_CHECK_EQ(found_types(v, &traps[i]), 0);
	v->cells[OPTION_FIRST][1].result.outcome = CREDENTIALS;
	v->cells[OPTION_FIRST][2].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(CURE("synchronize"), 6);
	v->cells[OPTION_FIRST][1].missing = "not here";
	ATF_CHECK_EQ(CURE("synchronize"), 4);
	v->cells[OPTION_FIRST][2].failed = (char[]){ "too slow" };
	ATF_CHECK_EQ(CURE("synchronize"), 0);
	/* Two conditions are of the same type. */
	v->cells[BEFORE_ACCEPT][0].result.outcome = CREDENTIALS;
	v->cells[MESSAGE_FIRST][1].result.outcome = NONE;
	ATF_CHECK_EQ(TRAP("accept"), 0);
	v->cells[BEFORE_ACCEPT][1].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("accept"), 2);
	v->cells[MESSAGE_FIRST][0].result.outcome = PLACEHOLDER;
	ATF_CHECK_EQ(TRAP("accept"), 3);
}

ATF_TC(needs);
ATF_TC_HEAD(needs, tc)
{
	atf_tc_set_md_var(tc, "descr", "What a finding needs besides an "
	    "outcome is looked at");
}
ATF_TC_BODY(needs, tc)
{
	struct survey *v = empty_survey();
	struct result *r = &v->cells[END_OF_FILE][0].result;

	r->outcome = CLOSED;
	ATF_CHECK_EQ(TRAP("end_of_file"), 0);
	r->has_ids = true;
	ATF_CHECK_EQ(TRAP("end_of_file"), 1);
	r->message.id[UID] = 1000;
	ATF_CHECK_EQ(TRAP("end_of_file"), 0);

	r = &v->cells[WITH_DESCRIPTOR][0].result;
	r->outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("ctrunc"), 0);
	r->ctrunc = true;
	ATF_CHECK_EQ(TRAP("ctrunc"), 1);

	r = &v->cells[TWO_WRITERS][0].result;
	r->outcome = CREDENTIALS;
	for (r->bytes = 0; r->bytes < 4; r->bytes++)
		ATF_CHECK_EQ(TRAP("two_writers"), r->bytes == 2);

	r = &v->cells[WRONG_LEVEL][0].result;
	r->outcome = NONE;
	ATF_CHECK_EQ(TRAP("wrong_level"), 1);
	v->cells[WRONG_LEVEL][0].error = ENOPROTOOPT;
	ATF_CHECK_EQ(TRAP("wrong_level"), 0);

	r = &v->cells[PIDFD_GONE][0].result;
	r->outcome = NONE;
	for (int fd = -22; fd <= 3; fd++) {
		r->message.pidfd.fd = fd;
		ATF_CHECK_EQ(TRAP("pidfd_errno"), fd < 0);
	}

	r = &v->cells[PEER_SERVER][0].result;
	r->outcome = CREDENTIALS;
	v->cells[PEER_SERVER][0].client = 4711;
	for (r->message.id[PID] = 4710; r->message.id[PID] < 4713;
	    r->message.id[PID]++)
		ATF_CHECK_EQ(TRAP("own_peer"), r->message.id[PID] == 4711);
}

ATF_TC(whose);
ATF_TC_HEAD(whose, tc)
{
	atf_tc_set_md_var(tc, "descr", "Credentials are the client's or the "
	    "server's by process ID, else by effective user ID if theirs "
	    "differ, and else nobody's");
}
ATF_TC_BODY(whose, tc)
{
	const intmax_t us = geteuid(), pid = getpid();
	const struct {
		const char *source[2];	/* of the process and the user ID */
		intmax_t pid, euid, client, client_euid;
		const char *whose;
	} cases[] = {
		{ { "m", "m" }, pid + 1, us, pid + 1, us, "client" },
		{ { "m", "m" }, pid, us, pid + 1, us, "server" },
		{ { "m", "m" }, pid + 2, us, pid + 1, us, "nobody" },
		{ { "m", NULL }, pid - 2, us, pid - 1, us, "nobody" },
		{ { NULL, "m" }, pid, us + 1, pid + 1, us + 1, "client" },
		{ { NULL, "m" }, pid, us, pid + 1, us + 1, "server" },
		{ { NULL, "m" }, pid, us + 2, pid + 1, us + 1, "nobody" },
		{ { NULL, "m" }, pid, us - 2, pid + 1, us - 1, "nobody" },
		{ { NULL, "m" }, pid, us, pid, us, "nobody" },
		{ { NULL, NULL }, pid, us, pid + 1, us + 1, "nobody" },
	};
	/* Of a pidfd: the message's process ID, if any, and its own. */
	const struct {
		bool said;
		intmax_t pid, pidfd;
		const char *whose;
	} pidfds[] = {
		{ true, pid, pid, "server" },
		{ true, pid + 1, pid + 1, "client" },
		{ true, pid + 1, pid, "two" },
		{ true, pid, pid + 1, "two" },
		{ true, pid + 1, -1, "two" },
		{ false, pid, pid + 1, "client" },
		{ false, pid + 1, -1, "nobody" },
	};
	const struct schedule peer = { .kind = PEER };
	struct cell cell;
	struct cred *cr = &cell.result.message;
	const char *who;

	for (size_t i = 0; i < nitems(pidfds); i++) {
		cell = (struct cell){ .result.outcome = CREDENTIALS };
		if (pidfds[i].said)
			cred_id(cr, PID, pidfds[i].pid, "m");
		cr->pidfd = (struct pidfd){ .source = "p", .fd = 3,
		    .pid = pidfds[i].pidfd };
		cell.client = pid + 1;
		ATF_CHECK_STREQ_MSG(whose(&cell), pidfds[i].whose,
		    "pidfd case %zu", i);
	}
	for (size_t i = 0; i < nitems(cases); i++) {
		cell = (struct cell){ .result.outcome = CREDENTIALS };
		cred_id(cr, PID, cases[i].pid, cases[i].source[0]);
		cred_id(cr, EUID, cases[i].euid, cases[i].source[1]);
		cell.client = cases[i].client;
		cell.client_euid = cases[i].client_euid;
		who = whose(&cell);
		ATF_CHECK_STREQ_MSG(who != NULL ? who : "nobody",
		    cases[i].whose, "case %zu", i);
		ATF_CHECK_STREQ(cell_text(&peer, &cell), who != NULL ? who :
		    "unknown");
		ATF_CHECK_STREQ(cell_text(&survey_rows[0], &cell), "credentials");
	}
}

ATF_TC(cells);
ATF_TC_HEAD(cells, tc)
{
	atf_tc_set_md_var(tc, "descr", "A cell of the survey, in text and in "
	    "JSON: what there is not, what failed, an error, an outcome");
}
ATF_TC_BODY(cells, tc)
{
	const struct schedule peer = { .kind = PEER };
	const struct schedule other = { .kind = USUAL };
	struct cell cell = { .result = { .outcome = NONE, .bytes = 7,
	    .trunc = true } };
	struct cred *cr = &cell.result.message;
	char wanted[400], number[8];

	ATF_CHECK_STREQ(cell_text(&other, &cell), "none");
	ATF_CHECK_STREQ(cell_text(&peer, &cell), "none");
	begin_output();
	json_cell(&cell);
	compare_output("{\"outcome\":\"none\",\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":7,"
	    "\"ctrunc\":false,\"trunc\":true,\"errno\":null,"
	    "\"missing\":null,\"failed\":null}");
	cell.error = EMSGSIZE;
	ATF_CHECK_STREQ(cell_text(&other, &cell), "EMSGSIZE");
	begin_output();
	json_cell(&cell);
	compare_output("{\"outcome\":null,\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":7,"
	    "\"ctrunc\":false,\"trunc\":true,\"errno\":\"EMSGSIZE\","
	    "\"missing\":null,\"failed\":null}");
	ATF_CHECK_STREQ(error_name(EPERM), "EPERM");
	ATF_CHECK_STREQ(error_name(ENOENT), strerror(ENOENT));
	cell = (struct cell){ .failed = (char[]){ "timed out" } };
	ATF_CHECK_STREQ(cell_text(&other, &cell), "failed");
	begin_output();
	json_cell(&cell);
	compare_output("{\"outcome\":null,\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":0,"
	    "\"ctrunc\":false,\"trunc\":false,\"errno\":null,"
	    "\"missing\":null,\"failed\":\"timed out\"}");
	cell = (struct cell){ .missing = "not connected",
	    .result.ctrunc = true };
	ATF_CHECK_STREQ(cell_text(&other, &cell), "-");
	begin_output();
	json_cell(&cell);
	compare_output("{\"outcome\":null,\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":0,"
	    "\"ctrunc\":true,\"trunc\":false,\"errno\":null,"
	    "\"missing\":\"not connected\",\"failed\":null}");
	/* Linux up to 6.15 delivers such a number for a process reaped. */
	cell = (struct cell){ .result.outcome = NONE };
	read_pidfd(-22, "p", cr);
	ATF_CHECK_EQ(cr->pidfd.pid, 0);
	ATF_CHECK_STREQ(cell_text(&other, &cell), "bad fd");
	for (int fd = -2; fd <= 2; fd++)
		for (int known = 0; known < 2; known++) {
			cr->pidfd = (struct pidfd){ .fd = fd, .pid = -1,
			    .source = known ? "p" : NULL };
			snprintf(number, sizeof(number), "%d", fd);
			snprintf(wanted, sizeof(wanted), "{\"outcome\":"
			    "\"none\",\"uid\":null,\"euid\":null,\"gid\":null,"
			    "\"egid\":null,\"whose\":%s,\"descriptor\":%s,"
			    "\"bytes\":0,\"ctrunc\":false,\"trunc\":false,"
			    "\"errno\":null,\"missing\":null,\"failed\":null}",
			    known ? "\"nobody\"" : "null",
			    known && fd < 0 ? number : "null");
			begin_output();
			json_cell(&cell);
			compare_output(wanted);
		}
}

ATF_TC(judged);
ATF_TC_HEAD(judged, tc)
{
	atf_tc_set_md_var(tc, "descr", "Where a pidfd was asked for, its "
	    "process is the outcome, and credentials beside none are not");
}
ATF_TC_BODY(judged, tc)
{
	const struct schedule row = { .kind = PIDFD };
	const struct cred nobody = { .groups = NULL };
	const struct {
		bool pidfd;
		int fd;
		intmax_t pid;
		enum outcome outcome;
	} cases[] = {
		{ true, 3, 11, CREDENTIALS },
		{ true, 3, -1, PLACEHOLDER },
		{ true, -22, 0, NONE },
		{ false, 0, 0, NONE },
	};
	struct result r = { .outcome = TIMEOUT };

	set_cell_outcome(&row, &r, &nobody);
	ATF_CHECK_EQ(r.outcome, TIMEOUT);
	for (size_t i = 0; i < nitems(cases); i++) {
		r = (struct result){ .outcome = CREDENTIALS };
		cred_id(&r.message, PID, 11, "m");
		if (cases[i].pidfd)
			r.message.pidfd = (struct pidfd){ .source = "p",
			    .fd = cases[i].fd, .pid = cases[i].pid };
		set_cell_outcome(&row, &r, &nobody);
		ATF_CHECK_EQ_MSG(r.outcome, cases[i].outcome, "case %zu", i);
		ATF_CHECK_EQ(r.message.source[PID] != NULL, cases[i].pidfd);
	}
}

ATF_TC(cell_ids);
ATF_TC_HEAD(cell_ids, tc)
{
	atf_tc_set_md_var(tc, "descr", "The IDs of a cell, and those that the "
	    "end of file has without being anybody's");
}
ATF_TC_BODY(cell_ids, tc)
{
	struct cell cell = { .result = { .outcome = CREDENTIALS, .bytes = 1 },
	    .client = 1 };

	for (enum field f = PID; f < GROUPS; f++)
		cred_id(&cell.result.message, f, 1 + (intmax_t)f, "m");
	begin_output();
	json_cell(&cell);
	compare_output("{\"outcome\":\"credentials\",\"uid\":2,\"euid\":3,"
	    "\"gid\":4,\"egid\":5,\"whose\":\"client\",\"descriptor\":null,"
	    "\"bytes\":1,"
	    "\"ctrunc\":false,\"trunc\":false,\"errno\":null,"
	    "\"missing\":null,\"failed\":null}");
	for (int raw = 0; raw < 2; raw++) {
		cell = (struct cell){ .result = { .outcome = CLOSED,
		    .has_ids = raw != 0 } };
		begin_output();
		json_cell(&cell);
		compare_output(raw ? "{\"outcome\":\"closed\",\"uid\":0,"
		    "\"euid\":null,\"gid\":0,\"egid\":null,\"whose\":null,"
		    "\"descriptor\":null,"
		    "\"bytes\":0,\"ctrunc\":false,\"trunc\":false,"
		    "\"errno\":null,\"missing\":null,\"failed\":null}" :
		    "{\"outcome\":\"closed\",\"uid\":null,"
		    "\"euid\":null,\"gid\":null,\"egid\":null,\"whose\":null,"
		    "\"descriptor\":null,"
		    "\"bytes\":0,\"ctrunc\":false,\"trunc\":false,"
		    "\"errno\":null,\"missing\":null,\"failed\":null}");
	}
}

ATF_TC(survey_lines);
ATF_TC_HEAD(survey_lines, tc)
{
	atf_tc_set_md_var(tc, "descr", "The lines around the survey's table: "
	    "each source once with its fields, and what was found, for which "
	    "types of socket");
}
ATF_TC_BODY(survey_lines, tc)
{
	struct survey *v = empty_survey();
	struct result r = { .outcome = CREDENTIALS };

	cred_id(&r.message, PID, 1, "MESSAGE");
	cred_id(&r.message, GID, 1, "MESSAGE");
	r.message.source[GROUPS] = "MESSAGE";
	cred_id(&r.peer, EUID, 1, "PEER");
	begin_output();
	text_sources(&r);
	compare_output("MESSAGE has: PID GID groups\nPEER has: EUID\n");
	for (size_t t = 0; t < nitems(types); t++)
		v->cells[OPTION_FIRST][t].result.outcome = CREDENTIALS;
	v->cells[ON_LISTENER][2].result.outcome = CREDENTIALS;
	v->cells[CLAIMED][0].result.outcome = CREDENTIALS;
	v->cells[CLAIMED][2].result.outcome = CREDENTIALS;
	begin_output();
	text_findings(v, "Cures:", cures, nitems(cures));
	json_findings(v, "cures", cures, nitems(cures));
	compare_output("\nCures:\n"
	    "  synchronize: \"go on\" after the option (--sync)\n"
	    "  the option on the listening socket (--inherit); dgram\n"
	    "  the client attaches its own credentials; stream, dgram\n"
	    ",\"cures\":[\"synchronize\",\"on_listener\",\"claimed\"]");
}

ATF_TC(server_ids);
ATF_TC_HEAD(server_ids, tc)
{
	atf_tc_set_md_var(tc, "descr", "A server says that real and effective "
	    "IDs differ where both are known, as those of a set-user-ID root "
	    "program");
}
ATF_TC_BODY(server_ids, tc)
{
	const struct options o = { .role = ROLE_SERVER };
	const struct conv c = { .options = &o };
	struct result r = { .outcome = PLACEHOLDER, .bytes = 2 };
	struct report report = report_of(&c);

	report.result = &r;
	cred_id(&r.peer, EUID, 5, "PEER");
	cred_id(&r.peer, EGID, 6, "PEER");
	begin_output();
	text_result(&report);
	compare_output("Got 2 bytes\nPID: -\nUID: -\nEUID: 5 (PEER)\nGID: -\n"
	    "EGID: 6 (PEER)\nSupplementary groups: -\n");
	memset(&r, 0, sizeof(r));
	r.outcome = CREDENTIALS;
	cred_id(&r.message, UID, 5, "MESSAGE");
	cred_id(&r.message, GID, 6, "MESSAGE");
	begin_output();
	text_result(&report);
	compare_output("Got 0 bytes\nPID: -\nUID: 5\nEUID: -\nGID: 6\nEGID: -\n"
	    "Supplementary groups: -\n");
	cred_id(&r.peer, EUID, 0, "PEER");
	begin_output();
	text_result(&report);
	compare_output("Got 0 bytes\nPID: -\nUID: 5\nEUID: 0 (PEER)\nGID: 6\n"
	    "EGID: -\nSupplementary groups: -\n"
	    "Real and effective IDs differ\n");
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

ATF_TC(timeline);
ATF_TC_HEAD(timeline, tc)
{
	atf_tc_set_md_var(tc, "descr", "The timeline has each step when it "
	    "ended, but what was sent when that began");
}
ATF_TC_BODY(timeline, tc)
{
	static struct times server, client;
	struct times *s = &server, *w = &client;

	s->ended[READY] = 1000;
	w->ended[CONNECT] = 1500;
	s->ended[ACCEPT] = 2000;
	s->ended[OPTION] = 3000;
	s->begun[GO_ON] = 4000;
	w->ended[HEAR_GO_ON] = 5000;
	w->begun[WRITE] = 6000;
	s->ended[RECEIVE] = 7000;
	w->ended[WRITE] = 8000;
	s->ended[GO_ON] = 9000;
	begin_output();
	ATF_REQUIRE(dup2(STDOUT_FILENO, STDERR_FILENO) != -1);
	print_timeline(&server, &client);
	compare_output("        us  server                  client\n"
	    "       0.0  ready for the client\n"
	    "       0.5                          connected\n"
	    "       1.0  accepted\n"
	    "       2.0  option set\n"
	    "       3.0  sent \"go on\"\n"
	    "       4.0                          got \"go on\"\n"
	    "       5.0                          message sent\n"
	    "       6.0  received\n");
}

ATF_TC(group_names);
ATF_TC_HEAD(group_names, tc)
{
	atf_tc_set_md_var(tc, "descr", "A group has a group's name, though a "
	    "user of another has the same number");
}
ATF_TC_BODY(group_names, tc)
{
	const struct passwd *pw;
	struct group *gr;
	struct cred cr = { .groups = NULL };
	char wanted[256];

	while ((gr = getgrent()) != NULL)
		if ((pw = getpwuid(gr->gr_gid)) != NULL &&
		    strcmp(pw->pw_name, gr->gr_name) != 0)
			break;
	if (gr == NULL)
		atf_tc_skip("each group has a user's name");
	snprintf(wanted, sizeof(wanted), ": %ju(%s) (M)",
	    (uintmax_t)gr->gr_gid, gr->gr_name);
	for (enum field f = GID; f <= EGID; f++) {
		cred_id(&cr, f, gr->gr_gid, "M");
		begin_output();
		print_value(":", &cr, f, true, "M");
		compare_output(wanted);
	}
}

/* What the program makes of a command line, of words without a space. */
static struct options
parse_line(const char *line)
{
	struct options o = { .count = 1, .mode = 0666, .timeout = 5 * SECOND,
	    .spread = 20 * MICROSECOND };
	char *words = strdup(line), *argv[16] = { (char[]){ "credcheck" } };
	int argc = 1;

	ATF_REQUIRE(words != NULL);
	for (char *word = strtok(words, " "); word != NULL;
	    word = strtok(NULL, " "))
		argv[argc++] = word;
#ifdef __GLIBC__
	optind = 0;
#else
	optreset = optind = 1;
#endif
	parse_options(argc, argv, &o);
	return o;	/* with parts of the line, which stays */
}

ATF_TC(orders);
ATF_TC_HEAD(orders, tc)
{
	atf_tc_set_md_var(tc, "descr", "Each mode has its two lists of steps, "
	    "its number of conversations, and its time");
}
ATF_TC_BODY(orders, tc)
{
	static const struct {
		const char *line;
		enum role role;
		const struct schedule *schedule;
		uint64_t count;
		bool counted;
		int64_t limit;
	} cases[] = {
		{ "", ROLE_BOTH, &sync_schedule, 1, false, 0 },
		{ "-s", ROLE_BOTH, &sync_schedule, 1, false, 0 },
		{ "-c 1", ROLE_BOTH, &sync_schedule, 1, false, 0 },
		{ "-c 2", ROLE_BOTH, &sync_schedule, 2, true, 0 },
		{ "-L", ROLE_BOTH, &late_schedule, 1, false, 0 },
		{ "-i -p sock", ROLE_BOTH, &inherit_schedule, 1, false, 0 },
		{ "-r", ROLE_BOTH, &race_schedule, 10000, true, SECOND },
		{ "-r -c 1", ROLE_BOTH, &race_schedule, 1, true, 0 },
		{ "-r -p sock", ROLE_BOTH, &race_schedule, 10000, true, SECOND },
		{ "-r -W 0", ROLE_BOTH, &race_schedule, 10000, true, SECOND },
		{ "-r -W 0 -p sock", ROLE_BOTH, &bare_schedule, 10000, true, SECOND },
		{ "-l sock", ROLE_SERVER, &inherit_schedule, UINT64_MAX, true, 0 },
		{ "-l sock -c 1", ROLE_SERVER, &inherit_schedule, 1, false, 0 },
		{ "-l sock -s", ROLE_SERVER, &sync_schedule, UINT64_MAX, true, 0 },
		{ "-l sock -r", ROLE_SERVER, &bare_schedule, UINT64_MAX, true, 0 },
		{ "-C sock", ROLE_CLIENT, &inherit_schedule, 1, false, 0 },
		{ "-C sock -s -c 3", ROLE_CLIENT, &sync_schedule, 3, true, 0 },
		{ "-S", ROLE_SURVEY, &inherit_schedule, 1, false, 0 },
	};
	struct options o;

	for (size_t i = 0; i < nitems(cases); i++) {
		o = parse_line(cases[i].line);
		ATF_CHECK_EQ_MSG(o.role, cases[i].role, "%s", cases[i].line);
		ATF_CHECK_MSG(o.schedule == cases[i].schedule, "%s: %s",
		    cases[i].line, o.schedule->name);
		ATF_CHECK_EQ_MSG(o.count, cases[i].count, "%s", cases[i].line);
		ATF_CHECK_EQ_MSG(o.counted, cases[i].counted, "%s",
		    cases[i].line);
		ATF_CHECK_EQ_MSG(o.limit, cases[i].limit, "%s", cases[i].line);
		ATF_CHECK_EQ_MSG(signals.stoppable != 0, cases[i].role == ROLE_BOTH &&
		    cases[i].counted && cases[i].line[1] == 'r', "%s",
		    cases[i].line);
	}
}

ATF_TC(values);
ATF_TC_HEAD(values, tc)
{
	atf_tc_set_md_var(tc, "descr", "The value of an option is what the "
	    "program works with, its limits included");
}
ATF_TC_BODY(values, tc)
{
	static const struct {
		const char *line;
		int64_t timeout;
	} timeouts[] = {
		{ "-w 0.001", MILLISECOND }, { "-w 86400", 86400 * SECOND },
		{ "-w 1.", SECOND }, { "-w .5", SECOND / 2 },
		{ "-w 3 -w 2.25", 9 * SECOND / 4 },
	};

	for (size_t i = 0; i < nitems(timeouts); i++)
		ATF_CHECK_EQ(parse_line(timeouts[i].line).timeout,
		    timeouts[i].timeout);
	ATF_CHECK_EQ(parse_line("-c 1000000000").count, 1000000000);
	ATF_CHECK_EQ(parse_line("-r -W 1000000 -w 1").spread, SECOND);
	ATF_CHECK_EQ(parse_line("-r -W 7").spread, 7 * MICROSECOND);
	ATF_CHECK_EQ(parse_line("-p sock -m 0").mode, 0);
	ATF_CHECK_EQ(parse_line("-p sock -m 777").mode, 0777);
	ATF_CHECK_EQ(parse_line("-t stream").type, 0);
	ATF_CHECK_EQ(parse_line("-t seqpacket").type, 1);
	ATF_CHECK_EQ(parse_line("-t dgram").type, 2);
	ATF_CHECK_STREQ(parse_line("-p a -p sock").path, "sock");
	ATF_CHECK(parse_line("").path == NULL);
	for (const char *letters = "jnqv"; *letters != '\0'; letters++) {
		const char line[] = { '-', *letters, '\0' };
		const struct options o = parse_line(line);

		ATF_CHECK_EQ(o.json, *letters == 'j');
		ATF_CHECK_EQ(o.names, *letters == 'n');
		ATF_CHECK_EQ(o.quiet, *letters == 'q');
		ATF_CHECK_EQ(o.verbose, *letters == 'v');
	}
}

ATF_TC(identities);
ATF_TC_HEAD(identities, tc)
{
	atf_tc_set_md_var(tc, "descr", "A user is a name or a number, with its "
	    "own group or another");
}
ATF_TC_BODY(identities, tc)
{
	const struct passwd root = *getpwnam("root");
	const gid_t other = 4242;
	struct identity id;
	char line[64];

	id = parse_line("-u root").user;
	ATF_CHECK_STREQ(id.argument, "root");
	ATF_CHECK_STREQ(id.name, "root");
	ATF_CHECK_EQ(id.uid, root.pw_uid);
	ATF_CHECK(id.gid == root.pw_gid && id.basegid == root.pw_gid);
	id = parse_line("-e 0:4242").effective;
	ATF_CHECK_STREQ(id.name, "root");
	ATF_CHECK_EQ(id.uid, root.pw_uid);
	ATF_CHECK(id.gid == other && id.basegid == root.pw_gid);
	id = parse_line("-u 4294967294:4294967294").user;
	ATF_CHECK(id.name == NULL);
	ATF_CHECK(id.uid == UINT_MAX - 1 && id.gid == UINT_MAX - 1);
	id = parse_line("-u 987654:0").user;
	ATF_CHECK(id.name == NULL);
	ATF_CHECK(id.uid == 987654 && id.gid == 0);
	id = parse_line("-u 987654:0").effective;
	ATF_CHECK(id.argument == NULL);
	snprintf(line, sizeof(line), "-u 987654:%s", getgrgid(0)->gr_name);
	id = parse_line(line).user;
	ATF_CHECK(id.uid == 987654 && id.gid == 0);
}

/* Whether a wait ends with that time, at a deadline of 100. */
static bool
times_out(int64_t time)
{
	static struct shared shared;
	const struct options o = { .timeout = 100 };
	jmp_buf broken;
	struct conv c = { .options = &o, .shared = &shared,
	    .broken = &broken };

	if (setjmp(broken) != 0)
		return true;
	set_deadline(&c, "a step");
	c.time = time;
	check_deadline(&c);
	return false;
}

ATF_TC(deadlines);
ATF_TC_HEAD(deadlines, tc)
{
	atf_tc_set_md_var(tc, "descr", "A step may wait until its deadline, "
	    "and a stop before it does not put that off; one during it does, "
	    "once");
}
ATF_TC_BODY(deadlines, tc)
{
	static struct shared shared;
	const struct options o = { .timeout = 100 };
	struct conv c = { .options = &o, .shared = &shared };

	ATF_CHECK(!times_out(100));
	ATF_CHECK(times_out(101));
	ATF_CHECK_STREQ(c.shared->failure, "");
	signals.continued = 1;
	set_deadline(&c, "a step");
	ATF_CHECK_EQ(signals.continued, 0);
	ATF_CHECK(c.time > 100 && c.deadline == c.time + 100);
	signals.continued = 1;
	c.time = c.deadline + 1;
	check_deadline(&c);
	ATF_CHECK_EQ(signals.continued, 0);
	ATF_CHECK_EQ(c.deadline, c.time + 100);
	ATF_CHECK_STREQ(c.waiting_for, "a step");
}

ATF_TC(spins);
ATF_TC_HEAD(spins, tc)
{
	atf_tc_set_md_var(tc, "descr", "A wait spins for as long as that has "
	    "paid: half as long after one in vain, longer after one that was "
	    "not, and where none pays in one of 64");
}
ATF_TC_BODY(spins, tc)
{
	static struct published ours, theirs;
	struct other o = { .ours = &ours, .theirs = &theirs,
	    .spin = MOST_SPINS };

	/* What is there at once tells nothing. */
	theirs.events++;
	ATF_CHECK(spin(&o, false));
	ATF_CHECK_EQ(o.spin, MOST_SPINS);
	ATF_CHECK(!spin(&o, false));
	ATF_CHECK_EQ(o.spin, MOST_SPINS / 2);
	ATF_CHECK_EQ(ours.spins_in_vain, false);
	adapt_spin(&o, true);
	ATF_CHECK_EQ(o.spin, MOST_SPINS / 2 + MOST_SPINS / 8);
	o.spin = MOST_SPINS - 1;
	adapt_spin(&o, true);
	ATF_CHECK_EQ(o.spin, MOST_SPINS);
	o.spin = 2 * MICROSECOND - 1;
	ATF_CHECK(!spin(&o, false));
	ATF_CHECK_EQ(o.spin, 0);
	ATF_CHECK_EQ(ours.spins_in_vain, true);

	/* None pays any more; the 64th is tried, and fails. */
	for (unsigned i = 0; i < 64; i++)
		ATF_CHECK(!spin(&o, false));
	ATF_CHECK_EQ(o.unspun, 64);
	ATF_CHECK_EQ(o.spin, 0);
	o.spin = TRIED_SPINS;
	adapt_spin(&o, true);
	ATF_CHECK_EQ(o.spin, TRIED_SPINS + TRIED_SPINS / 4);
	ATF_CHECK_EQ(ours.spins_in_vain, false);

	/* Nobody yields who may not, or while a yield has cost a slice. */
	o = (struct other){ .ours = &ours, .theirs = &theirs, .seen = 1,
	    .pause = 5, .pause_left = 3 };
	ATF_CHECK(!spin(&o, false));
	ATF_CHECK(!spin(&o, true));
	ATF_CHECK_EQ(o.pause, 5);
	ATF_CHECK_EQ(o.pause_left, 1);
	ATF_CHECK(!spin(&o, true));
	ATF_CHECK(o.pause == 2 || o.pause == o.pause_left);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, status);
	ATF_TP_ADD_TC(tp, no_race);
	ATF_TP_ADD_TC(tp, report_lost);
	ATF_TP_ADD_TC(tp, conditions);
	ATF_TP_ADD_TC(tp, needs);
	ATF_TP_ADD_TC(tp, whose);
	ATF_TP_ADD_TC(tp, cells);
	ATF_TP_ADD_TC(tp, judged);
	ATF_TP_ADD_TC(tp, cell_ids);
	ATF_TP_ADD_TC(tp, survey_lines);
	ATF_TP_ADD_TC(tp, server_ids);
	ATF_TP_ADD_TC(tp, not_connected);
	ATF_TP_ADD_TC(tp, bars);
	ATF_TP_ADD_TC(tp, timeline);
	ATF_TP_ADD_TC(tp, group_names);
	ATF_TP_ADD_TC(tp, orders);
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, identities);
	ATF_TP_ADD_TC(tp, deadlines);
	ATF_TP_ADD_TC(tp, spins);
	return atf_no_error();
}
