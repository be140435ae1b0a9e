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
 * The report of one result, as text and as JSON, true or not.
 */
#include "unit.h"

/* What was printed ends like this. */
static void
check_end(const char *wanted)
{
	const char *text = captured();
	const size_t n = strlen(text), end = strlen(wanted);

	ATF_CHECK_MSG(n >= end && strcmp(text + n - end, wanted) == 0,
	    "no %s at the end of %s", wanted, text);
}

ATF_TC(no_match);
ATF_TC_HEAD(no_match, tc)
{
	atf_tc_set_md_var(tc, "descr", "A field that is not the client's shows "
	    "in the text beside the client's, and makes match false in JSON");
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
	struct result r;

	/* The last time nothing is wrong. */
	for (enum field wrong = PID; wrong <= NFIELDS; wrong++) {
		set_up(&sync_schedule, ROLE_BOTH);
		r = wrong_result(wrong);
		strcpy(wanted, "Got 1 byte\n");
		for (enum field f = PID; f < NFIELDS; f++)
			strcat(wanted, lines[f][f == wrong]);
		capture(stdout);
		text_result(reported(&r));
		check_text(wanted);
		capture(stdout);
		json_result(reported(&r));
		check_part(wrong == NFIELDS ? ",\"match\":true," :
		    ",\"match\":false,");
	}
}

ATF_TC(two_processes);
ATF_TC_HEAD(two_processes, tc)
{
	atf_tc_set_md_var(tc, "descr", "A pidfd of another process than the "
	    "connection's process ID says so, one of nobody is gone, and one "
	    "of which the process is not known has none");
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
		{ -1, "Process of the pidfd: gone (PIDFD)\n"
		    "The process has gone: its PID can be another's by now.\n"
		    },
		{ 0, "Process of the pidfd: - (PIDFD)\n" },
		{ 13, "Process of the pidfd: 13 (PIDFD)\n" },
	};
	struct result r;
	const char *text;

	set_up(&sync_schedule, ROLE_BOTH);
	for (size_t i = 0; i < nitems(cases); i++) {
		r = true_result();
		r.peer.pidfd = (struct pidfd){ .source = "PIDFD", .fd = 3,
		    .pid = cases[i].pid };
		if (cases[i].pid == 13)		/* with no other to compare */
			r.peer.source[PID] = NULL;
		capture(stdout);
		text_result(reported(&r));
		text = strstr(captured(), "Process");
		ATF_REQUIRE(text != NULL);
		ATF_CHECK_STREQ(text, cases[i].text);
	}
}

ATF_TC(label);
ATF_TC_HEAD(label, tc)
{
	atf_tc_set_md_var(tc, "descr", "A label is a line if there is one, the "
	    "message's before the connection's, both if they differ, and as "
	    "harmless as any text of a stranger's; JSON has each");
}
ATF_TC_BODY(label, tc)
{
	static const struct {
		const char *message, *peer, *text, *json[2];
	} cases[] = {
		{ NULL, NULL, "", { "null", "null" } },
		{ NULL, "a", "Label: a (PEER)\n", { "\"a\"", "null" } },
		{ "a", NULL, "Label: a\n", { "null", "\"a\"" } },
		{ "a", "a", "Label: a\n", { "\"a\"", "\"a\"" } },
		{ "a", "b", "Label: a != b (PEER)\n",
		    { "\"b\"", "\"a\"" } },
		{ "\033[2J\377", "\n\"", "Label: ?[2J? != ?\" (PEER)\n",
		    { "\"\\u000a\\u0022\"", "\"\\u001b[2J\\ufffd\"" } },
	};
	char text[128], wanted[2][64];
	struct result r;

	set_up(&sync_schedule, ROLE_BOTH);
	for (size_t i = 0; i < nitems(cases); i++) {
		r = true_result();
		if (cases[i].message != NULL)
			read_label(&r.message, cases[i].message,
			    strlen(cases[i].message), "MESSAGE");
		if (cases[i].peer != NULL)
			read_label(&r.peer, cases[i].peer,
			    strlen(cases[i].peer), "PEER");
		snprintf(text, sizeof(text), "groups: 5 6 7 (PEER)\n%s",
		    cases[i].text);
		capture(stdout);
		text_result(reported(&r));
		check_end(text);
		snprintf(wanted[0], sizeof(wanted[0]), ",\"label\":%s,",
		    cases[i].json[0]);
		snprintf(wanted[1], sizeof(wanted[1]),
		    ",\"message_label\":%s}\n", cases[i].json[1]);
		for (size_t j = 0; j < 2; j++) {
			capture(stdout);
			json_result(reported(&r));
			check_part(wanted[j]);
		}
		free(r.message.label.text);
		free(r.peer.label.text);
	}
}

ATF_TC(groups);
ATF_TC_HEAD(groups, tc)
{
	atf_tc_set_md_var(tc, "descr", "Groups in another order match, and too "
	    "many or too few do not");
}
ATF_TC_BODY(groups, tc)
{
	gid_t turned[] = { 7, 6, 5 };
	struct result r;

	set_up(&sync_schedule, ROLE_BOTH);
	r = true_result();
	r.peer.groups = turned;
	ATF_CHECK_EQ(matches(reported(&r)), true);
	r.peer.ngroups = 2;
	ATF_CHECK_EQ(matches(reported(&r)), false);
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

	set_up(&sync_schedule, ROLE_BOTH);
	r = true_result();
	r.message.id[UID]++;
	r.ctrunc = true;
	capture(stdout);
	json_result(reported(&r));
	check_part(",\"outcome\":\"credentials\",\"bytes\":1,"
	    "\"ctrunc\":true,\"pid\":11,\"uid\":23,\"euid\":33,\"gid\":44,"
	    "\"egid\":55,\"groups\":[5,6,7],\"source\":{\"pid\":\"MSG\","
	    "\"uid\":\"MSG\",\"euid\":\"PEER\",\"gid\":\"MSG\",\"egid\":"
	    "\"PEER\",\"groups\":\"PEER\"},\"peer\":{\"pid\":11,\"euid\":33,"
	    "\"egid\":55,\"groups\":[5,6,7]},\"client\":{\"pid\":11,\"uid\":22,"
	    "\"euid\":33,\"gid\":44,\"egid\":55,\"groups\":[5,6,7]},"
	    "\"match\":false,\"trunc\":false,\"placeholder\":null,"
	    "\"notes\":[\"cut\"],\"label\":null,\"control\":[],"
	    "\"data\":null,\"message_label\":null}\n");
	r.outcome = PLACEHOLDER;
	r.ctrunc = false;
	r.trunc = true;
	r.message.source[PID] = NULL;
	r.message.id[PID] = 0;
	capture(stdout);
	json_result(reported(&r));
	check_part(",\"match\":null,\"trunc\":true,\"placeholder\":"
	    "{\"pid\":0,\"uid\":23,\"gid\":44},\"notes\":[],\"label\":null,"
	    "\"control\":[],\"data\":null,\"message_label\":null}\n");
	capture(stdout);
	json_result(reported(&r));
	check_part(",\"ctrunc\":false,\"pid\":11,\"uid\":null,"
	    "\"euid\":33,\"gid\":null,");
	capture(stdout);
	text_result(reported(&r));
	check_part("Got 1 byte of a longer message\nPID: 11 (PEER)\n"
	    "UID: -\nEUID: 33 (PEER)\nGID: -\n");
	set_up(&inherit_schedule, ROLE_SERVER);
	r = true_result();
	capture(stdout);
	json_result(reported(&r));
	check_part(",\"client\":null,\"match\":null,");
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
	static const char ids[] = "The message's IDs are not the connection's";
	static const char pids[] =
	    "Message and connection name different processes";
	static const struct {
		intmax_t pid, euid, egid;
		const char *says;
	} cases[] = {
		{ 11, 22, 44, NULL }, { 11, 33, 44, ids }, { 11, 22, 55, ids },
		{ 11, 33, 55, ids }, { 12, 22, 44, pids },
	};
	const char *text;
	struct result r;

	set_up(&inherit_schedule, ROLE_SERVER);
	for (size_t i = 0; i < nitems(cases); i++) {
		r = true_result();
		r.peer.id[PID] = cases[i].pid;
		r.peer.id[EUID] = cases[i].euid;
		r.peer.id[EGID] = cases[i].egid;
		capture(stdout);
		text_result(reported(&r));
		text = captured();
		ATF_CHECK_EQ_MSG(strstr(text, ids) != NULL,
		    cases[i].says == ids, "case %zu: %s", i, text);
		ATF_CHECK_EQ_MSG(strstr(text, pids) != NULL,
		    cases[i].says == pids, "case %zu: %s", i, text);
		ATF_CHECK_EQ(strstr(text, "PID: 11 != 12 (PEER)\n") != NULL,
		    cases[i].says == pids);
	}
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
	static const char differ[] = "The message's IDs are not the "
	    "connection's, and the process cannot be looked\n  at: a "
	    "set-user-ID program, or IDs changed since it connected, or "
	    "attached by\n  the sender.\n";
	struct result r = { .outcome = PLACEHOLDER, .bytes = 2 };

	set_up(&inherit_schedule, ROLE_SERVER);
	cred_id(&r.peer, EUID, 5, "PEER");
	cred_id(&r.peer, EGID, 6, "PEER");
	capture(stdout);
	text_result(reported(&r));
	check_text("Got 2 bytes\nPID: -\nUID: -\nEUID: 5 (PEER)\nGID: -\n"
	    "EGID: 6 (PEER)\nSupplementary groups: -\n"
	    "The message has PID 0, UID 0, GID 0: a placeholder, nobody's.\n");
	memset(&r, 0, sizeof(r));
	r.outcome = CREDENTIALS;
	cred_id(&r.message, UID, 5, "MESSAGE");
	cred_id(&r.message, GID, 6, "MESSAGE");
	capture(stdout);
	text_result(reported(&r));
	check_text("Got 0 bytes\nPID: -\nUID: 5\nEUID: -\nGID: 6\nEGID: -\n"
	    "Supplementary groups: -\n");
	cred_id(&r.peer, EUID, 0, "PEER");
	capture(stdout);
	text_result(reported(&r));
	check_part("Got 0 bytes\nPID: -\nUID: 5\nEUID: 0 (PEER)\nGID: 6\n"
	    "EGID: -\nSupplementary groups: -\n");
	capture(stdout);
	text_result(reported(&r));
	check_part(differ);
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
		capture(stdout);
		print_value(":", &cr, f, true, "", "M");
		check_text(wanted);
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
		[PLACEHOLDER] = MISSING ": placeholder\n",
		[NONE] = MISSING ": none\n",
		[TRUNCATED] = MISSING ": truncated (they did not fit)\n",
		[CLOSED] = "End of file came instead of a message\n",
		[TIMEOUT] = "No message came within 0 s\n",
		[UNSUPPORTED] = MISSING ": unsupported (this system has no "
		    "option for it)\n",
	};
	struct result r;

	set_up(&sync_schedule, ROLE_BOTH);
	r = true_result();
	capture(stderr);
	explain(reported(&r));
	check_text("");
	for (r.outcome = NONE; r.outcome < NOUTCOMES; r.outcome++) {
		if (r.outcome == CREDENTIALS)
			continue;
		options.json = options.quiet = false;
		capture(stderr);
		explain(reported(&r));
		check_part(wanted[r.outcome]);
		options.quiet = true;
		capture(stderr);
		explain(reported(&r));
		ATF_CHECK_EQ(captured()[0] == '\0', r.outcome != UNSUPPORTED);
		options.json = true;
		capture(stderr);
		explain(reported(&r));
		check_text("");
	}
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

ATF_TC(own_peer);
ATF_TC_HEAD(own_peer, tc)
{
	atf_tc_set_md_var(tc, "descr", "A kernel that names whoever asks as "
	    "the peer of an accepted socket is not believed, and a note says "
	    "so; of a pair that is so by rights");
}
ATF_TC_BODY(own_peer, tc)
{
	int fds[2];

	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	set_up(&inherit_schedule, ROLE_SERVER);
	ask_client(&conv, fds[0]);
	if (conv.result.peer.source[PID] == NULL)
		atf_tc_skip("a pair's peer has no process ID here");
	ATF_CHECK(!conv.result.own_peer);
	ATF_CHECK_EQ(conv.result.peer.id[PID], getpid());
	options.path = "sock";
	ask_client(&conv, fds[0]);
	ATF_CHECK(conv.result.own_peer);
	for (enum field f = PID; f < NFIELDS; f++)
		ATF_CHECK(conv.result.peer.source[f] == NULL);
	capture(stdout);
	text_result(reported(&conv.result));
	check_part("This kernel names whoever asks as the peer");
	capture(stdout);
	json_result(reported(&conv.result));
	check_part("\"own_ids\"");
	/* The survey shows what the kernel says. */
	set_up(&inherit_schedule, ROLE_SURVEY);
	options.path = "sock";
	ask_client(&conv, fds[0]);
	ATF_CHECK(!conv.result.own_peer);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, no_match);
	ATF_TP_ADD_TC(tp, two_processes);
	ATF_TP_ADD_TC(tp, label);
	ATF_TP_ADD_TC(tp, groups);
	ATF_TP_ADD_TC(tp, json_values);
	ATF_TP_ADD_TC(tp, server_warnings);
	ATF_TP_ADD_TC(tp, server_ids);
	ATF_TP_ADD_TC(tp, group_names);
	ATF_TP_ADD_TC(tp, reasons);
	ATF_TP_ADD_TC(tp, report_lost);
	ATF_TP_ADD_TC(tp, own_peer);
	return atf_no_error();
}
