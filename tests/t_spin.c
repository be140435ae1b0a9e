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
 * How one side waits for the other: until when, and for how long it spins.
 */
#include "unit.h"

/* Whether a wait ends with that time, at a deadline of 100. */
static bool
times_out(int64_t time)
{
	const struct options o = { .timeout = 100 };
	jmp_buf broken;
	struct conv c = { .options = &o, .shared = &shared,
	    .schedule = &sync_schedule, .broken = &broken };

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
	const struct options o = { .timeout = 100 };
	static struct shared pages;
	struct conv c = { .options = &o, .shared = &pages,
	    .schedule = &sync_schedule };

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
	ATF_TP_ADD_TC(tp, deadlines);
	ATF_TP_ADD_TC(tp, spins);
	return atf_no_error();
}
