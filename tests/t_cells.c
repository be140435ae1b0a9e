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
 * The survey: its cells, and what is found in them.
 */
#include "unit.h"

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

	/* None at all, and another, are as little of use. */
	v->cells[LABEL_BOTH][0].result.outcome = CREDENTIALS;
	r = &v->cells[LABEL_FIRST][0].result;
	for (r->outcome = NONE; r->outcome < NOUTCOMES; r->outcome++)
		ATF_CHECK_EQ(TRAP("label_alone"), r->outcome == NONE ||
		    r->outcome == PLACEHOLDER);
	r->outcome = NONE;
	v->cells[LABEL_PAIR][0].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("label_never"), 0);
	v->cells[LABEL_BOTH][0].result.outcome = NONE;
	ATF_CHECK_EQ(TRAP("label_never"), 1);
	ATF_CHECK_EQ(TRAP("label_alone"), 0);
	/* Where there are no labels none is missed. */
	v->cells[LABEL_PAIR][0].result.outcome = NONE;
	ATF_CHECK_EQ(TRAP("label_never"), 0);

	r = &v->cells[PEER_SERVER][0].result;
	r->outcome = CREDENTIALS;
	v->cells[PEER_SERVER][0].client = 4711;
	for (r->message.id[PID] = 4710; r->message.id[PID] < 4713;
	    r->message.id[PID]++)
		ATF_CHECK_EQ(TRAP("own_peer"), r->message.id[PID] == 4711);

	r = &v->cells[PEER_LISTENER][0].result;
	r->outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("peer_listener"), 0);
	r->message.id[PID] = getpid();
	ATF_CHECK_EQ(TRAP("peer_listener"), 1);

	r = &v->cells[SENDERS_OPEN][2].result;
	r->outcome = CREDENTIALS;
	for (r->bytes = 1; r->bytes < 3; r->bytes++) {
		ATF_CHECK_EQ(TRAP("senders_open"), r->bytes == 1 ? 4 : 0);
		ATF_CHECK_STREQ(cell_text(&survey_rows[SENDERS_OPEN],
		    &v->cells[SENDERS_OPEN][2]), r->bytes == 1 ?
		    "newest first" : "in order");
	}

	r = &v->cells[BESIDE_DESCRIPTOR][0].result;
	r->outcome = CREDENTIALS;
	r->controls[0].level = r->controls[1].level = SOL_SOCKET;
	r->controls[0].type = r->controls[1].type = SCM_RIGHTS;
	for (r->ncontrols = 0; r->ncontrols < 3; r->ncontrols++) {
		ATF_CHECK_EQ(TRAP("descriptor_first"), r->ncontrols > 0);
		ATF_CHECK_STREQ(cell_text(&survey_rows[BESIDE_DESCRIPTOR],
		    &v->cells[BESIDE_DESCRIPTOR][0]), r->ncontrols > 0 ?
		    "last" : "first");
	}
	r->controls[0].type++;
	ATF_CHECK_EQ(TRAP("descriptor_first"), 0);
}

ATF_TC(senders);
ATF_TC_HEAD(senders, tc)
{
	atf_tc_set_md_var(tc, "descr", "What else becomes of senders and their "
	    "sockets: a trap or a cure by the outcome");
}
ATF_TC_BODY(senders, tc)
{
	struct survey *v = empty_survey();

	v->cells[CLAIMED_ALONE][0].result.outcome = NONE;
	ATF_CHECK_EQ(CURE("claimed_alone"), 0);
	v->cells[CLAIMED_ALONE][0].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(CURE("claimed_alone"), 1);
	v->cells[SENDERS_CLOSED][2].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("senders_closed"), 0);
	v->cells[SENDERS_CLOSED][2].result.outcome = TIMEOUT;
	ATF_CHECK_EQ(TRAP("senders_closed"), 4);
	v->cells[AFTER_REFUSED][0].result.outcome = NONE;
	ATF_CHECK_EQ(TRAP("after_refused"), 0);
	v->cells[OPTION_FIRST][0].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("after_refused"), 1);
	v->cells[PEER_PATH][0].result.outcome = CREDENTIALS;
	v->cells[PEER_CLOSED][0].result.outcome = CREDENTIALS;
	ATF_CHECK_EQ(TRAP("peer_closed"), 0);
	v->cells[PEER_CLOSED][0].result.outcome = NONE;
	ATF_CHECK_EQ(TRAP("peer_closed"), 1);
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
	const struct schedule shown = { .shown = WHOSE };
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
		ATF_CHECK_STREQ(cell_text(&shown, &cell), who != NULL ? who :
		    "unknown");
		ATF_CHECK_STREQ(cell_text(&survey_rows[0], &cell),
		    "credentials");
		cell.child = pid + 2;
		if (cases[i].source[0] != NULL && cases[i].pid == pid + 2)
			ATF_CHECK_STREQ(whose(&cell), "child");
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
	capture(stdout);
	json_cell(&other, &cell);
	check_text("{\"outcome\":\"none\",\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":7,"
	    "\"ctrunc\":false,\"trunc\":true,\"first\":null,\"errno\":null,"
	    "\"missing\":null,\"failed\":null}");
	cell.error = EMSGSIZE;
	ATF_CHECK_STREQ(cell_text(&other, &cell), "EMSGSIZE");
	capture(stdout);
	json_cell(&other, &cell);
	check_text("{\"outcome\":null,\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":7,"
	    "\"ctrunc\":false,\"trunc\":true,\"first\":null,"
	    "\"errno\":\"EMSGSIZE\","
	    "\"missing\":null,\"failed\":null}");
	ATF_CHECK_STREQ(error_name(EPERM), "EPERM");
	ATF_CHECK_STREQ(error_name(ENOENT), strerror(ENOENT));
	cell = (struct cell){ .failed = (char[]){ "timed out" } };
	ATF_CHECK_STREQ(cell_text(&other, &cell), "failed");
	capture(stdout);
	json_cell(&other, &cell);
	check_text("{\"outcome\":null,\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":0,"
	    "\"ctrunc\":false,\"trunc\":false,\"first\":null,\"errno\":null,"
	    "\"missing\":null,\"failed\":\"timed out\"}");
	cell = (struct cell){ .missing = "not connected",
	    .result.ctrunc = true };
	ATF_CHECK_STREQ(cell_text(&other, &cell), "-");
	capture(stdout);
	json_cell(&other, &cell);
	check_text("{\"outcome\":null,\"uid\":null,\"euid\":null,"
	    "\"gid\":null,\"egid\":null,\"whose\":null,\"descriptor\":null,"
	    "\"bytes\":0,"
	    "\"ctrunc\":true,\"trunc\":false,\"first\":null,\"errno\":null,"
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
			    "\"first\":null,\"errno\":null,"
			    "\"missing\":null,\"failed\":null}",
			    known ? "\"nobody\"" : "null",
			    known && fd < 0 ? number : "null");
			capture(stdout);
			json_cell(&other, &cell);
			check_text(wanted);
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

ATF_TC(labels);
ATF_TC_HEAD(labels, tc)
{
	atf_tc_set_md_var(tc, "descr", "Where a label was asked for, it is the "
	    "outcome, a placeholder if it is SELinux's of what has none, and "
	    "credentials beside none are not");
}
ATF_TC_BODY(labels, tc)
{
	static const struct {
		const char *label;
		enum outcome came, outcome;
		const char *text;
	} cases[] = {
		{ NULL, NONE, NONE, "none" },
		{ NULL, CREDENTIALS, NONE, "none" },
		{ NULL, PLACEHOLDER, NONE, "none" },
		{ NULL, TIMEOUT, TIMEOUT, "timeout" },
		{ "u:r:t", NONE, CREDENTIALS, "label" },
		{ "u:r:t", PLACEHOLDER, CREDENTIALS, "label" },
		{ "u:r:unlabeled_t:s0", NONE, PLACEHOLDER, "unlabeled" },
		{ "unlabeled", CREDENTIALS, PLACEHOLDER, "unlabeled" },
	};
	static const enum kind kinds[] = { LABEL, PEER_LABEL };
	struct cell cell;
	struct cred peer;
	struct result *r = &cell.result;
	char wanted[64];
	bool came;

	for (size_t i = 0; i < 2 * nitems(cases); i++) {
		const size_t at = i / 2;
		const struct schedule row = { .kind = kinds[i % 2] };
		const char *label = cases[at].label;

		cell = (struct cell){ .result.outcome = cases[at].came };
		peer = (struct cred){ .groups = NULL };
		if (cases[at].came == CREDENTIALS ||
		    cases[at].came == PLACEHOLDER)
			cred_id(&r->message, UID, 1, "m");
		came = r->message.source[UID] != NULL;
		if (label != NULL)
			read_label(row.kind == LABEL ? &r->message : &peer,
			    label, strlen(label), "m");
		set_cell_outcome(&row, r, &peer);
		ATF_CHECK_EQ_MSG(r->outcome, cases[at].outcome, "case %zu", i);
		ATF_CHECK_STREQ(cell_text(&row, &cell), cases[at].text);
		/* The IDs of that message stay beside its own label. */
		ATF_CHECK_EQ(r->message.source[UID] != NULL,
		    came && row.kind == LABEL && label != NULL);
		snprintf(wanted, sizeof(wanted), label == NULL ?
		    ",\"failed\":null,\"label\":null}" :
		    ",\"failed\":null,\"label\":\"%s\"}", label);
		capture(stdout);
		json_cell(&row, &cell);
		check_part(wanted);
		cred_free(row.kind == LABEL ? &r->message : &peer);
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
	const struct schedule other = { .kind = USUAL };
	struct cell cell = { .result = { .outcome = CREDENTIALS, .bytes = 1 },
	    .client = 1 };

	for (enum field f = PID; f < GROUPS; f++)
		cred_id(&cell.result.message, f, 1 + (intmax_t)f, "m");
	capture(stdout);
	json_cell(&other, &cell);
	check_text("{\"outcome\":\"credentials\",\"uid\":2,\"euid\":3,"
	    "\"gid\":4,\"egid\":5,\"whose\":\"client\",\"descriptor\":null,"
	    "\"bytes\":1,"
	    "\"ctrunc\":false,\"trunc\":false,\"first\":null,\"errno\":null,"
	    "\"missing\":null,\"failed\":null}");
	for (int raw = 0; raw < 2; raw++) {
		cell = (struct cell){ .result = { .outcome = CLOSED,
		    .has_ids = raw != 0 } };
		capture(stdout);
		json_cell(&other, &cell);
		check_text(raw ? "{\"outcome\":\"closed\",\"uid\":0,"
		    "\"euid\":null,\"gid\":0,\"egid\":null,\"whose\":null,"
		    "\"descriptor\":null,"
		    "\"bytes\":0,\"ctrunc\":false,\"trunc\":false,"
		    "\"first\":null,"
		    "\"errno\":null,\"missing\":null,\"failed\":null}" :
		    "{\"outcome\":\"closed\",\"uid\":null,"
		    "\"euid\":null,\"gid\":null,\"egid\":null,\"whose\":null,"
		    "\"descriptor\":null,"
		    "\"bytes\":0,\"ctrunc\":false,\"trunc\":false,"
		    "\"first\":null,"
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
	capture(stdout);
	text_sources(&r);
	check_text("MESSAGE has: PID GID groups\nPEER has: EUID\n");
	for (size_t t = 0; t < nitems(types); t++)
		v->cells[OPTION_FIRST][t].result.outcome = CREDENTIALS;
	v->cells[ON_LISTENER][2].result.outcome = CREDENTIALS;
	v->cells[CLAIMED][0].result.outcome = CREDENTIALS;
	v->cells[CLAIMED][2].result.outcome = CREDENTIALS;
	capture(stdout);
	text_findings(v, "Cures:", cures, nitems(cures));
	json_findings(v, "cures", cures, nitems(cures));
	check_text("\nCures:\n"
	    "  synchronize: \"go on\" after the option (--sync)\n"
	    "  the option on the listening socket (--inherit); dgram\n"
	    "  the client attaches its own credentials; stream, dgram\n"
	    ",\"cures\":[\"synchronize\",\"on_listener\",\"claimed\"]");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, conditions);
	ATF_TP_ADD_TC(tp, needs);
	ATF_TP_ADD_TC(tp, senders);
	ATF_TP_ADD_TC(tp, whose);
	ATF_TP_ADD_TC(tp, cells);
	ATF_TP_ADD_TC(tp, judged);
	ATF_TP_ADD_TC(tp, labels);
	ATF_TP_ADD_TC(tp, cell_ids);
	ATF_TP_ADD_TC(tp, survey_lines);
	return atf_no_error();
}
