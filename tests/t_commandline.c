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
 * What the program makes of its command line.
 */
#include "unit.h"

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
		{ "-C sock -W 5", ROLE_CLIENT, &client_schedule, 1, false, 0 },
		{ "-C sock -v", ROLE_CLIENT, &client_schedule, 1, false, 0 },
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
		ATF_CHECK_EQ_MSG(signals.stoppable != 0,
		    cases[i].role == ROLE_SERVER ||
		    (cases[i].role == ROLE_BOTH && cases[i].counted), "%s",
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

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, orders);
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, identities);
	return atf_no_error();
}
