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
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <stdatomic.h>
#include <stddef.h>

/* What happens just before our side says for what it is going to sleep. */
static void (*before_sleep)(void);

#undef atomic_store
#define atomic_store(object, value)	do {				\
	if (before_sleep != NULL)					\
		before_sleep();						\
	atomic_store_explicit(object, value, memory_order_seq_cst);	\
} while (0)
#include "unit.h"

static struct published ours, theirs;

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
	jmp_buf stop;

	ATF_CHECK(!times_out(100));
	ATF_CHECK(times_out(101));
	ATF_CHECK_STREQ(c.shared->failure, "");
	/* After a signal it is a near one, if that is to end a trial. */
	c.deadline = 1000;
	signals.stopped_at = 2000;
	signals.stopped = 1;
	ATF_CHECK_EQ(deadline_of(&c), 1000);
	c.stop = &stop;
	ATF_CHECK_EQ(deadline_of(&c), 1000);
	c.deadline = INT64_MAX;
	ATF_CHECK_EQ(deadline_of(&c), 2000 + STEP_GRACE);
	c.stop = NULL;
	ATF_CHECK_EQ(deadline_of(&c), INT64_MAX);
	signals.stopped = 0;

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

ATF_TC(named);
ATF_TC_HEAD(named, tc)
{
	atf_tc_set_md_var(tc, "descr", "A step of an order that is over its "
	    "deadline is named as it stands there, and the end, which is "
	    "none, is not");
}
ATF_TC_BODY(named, tc)
{
	static const struct schedule order = { .server = { READY, UNTIL(WRITE),
	    ACCEPT }, .client = { CONNECT, WRITE }, .given = true };
	static const char *const texts[] = { "(ready, step 1)",
	    "(until:write, step 2)", NULL };
	const struct options o = { .timeout = SECOND };
	jmp_buf broken;
	static struct shared pages;
	struct conv c = { .options = &o, .shared = &pages, .schedule = &order,
	    .broken = &broken, .waiting_for = "a step" };
	volatile size_t i;

	for (i = 0; i < nitems(texts); i++) {
		pages.failed = NOT_FAILED;
		c.at = i;
		c.word = texts[i] == NULL ? NULL : i == 0 ? "ready" : "write";
		if (setjmp(broken) == 0)
			time_out(&c);
		if (texts[i] != NULL)
			ATF_CHECK_MSG(strstr(pages.failure, texts[i]) != NULL,
			    "%s", pages.failure);
		else
			ATF_CHECK_STREQ(pages.failure,
			    "timed out after 1 s waiting for a step");
	}
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
	struct other o = { .ours = &ours, .theirs = &theirs,
	    .spin = MOST_SPINS };
	int64_t start;

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

	ATF_CHECK(!spin_for(&o, MILLISECOND));
	start = now();
	ATF_CHECK(!spin_for(&o, 10 * MILLISECOND));
	ATF_CHECK(now() - start >= 10 * MILLISECOND);
	theirs.events++;
	o.spin = MOST_SPINS / 2;
	ATF_CHECK(spin(&o, false));
	ATF_CHECK_EQ(o.spin, MOST_SPINS / 2);
	o.spin = 2 * MICROSECOND - 1;
	ATF_CHECK(!spin(&o, false));

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
	o = (struct other){ .ours = &ours, .theirs = &theirs,
	    .seen = theirs.events, .pause = 8 };
	ATF_CHECK(!spin(&o, false));
	ATF_CHECK_EQ(o.pause, 8);
	o.pause = 5;
	o.pause_left = 3;
	o.unspun = 0;
	ATF_CHECK(!spin(&o, false));
	ATF_CHECK(!spin(&o, true));
	ATF_CHECK_EQ(o.pause, 5);
	ATF_CHECK_EQ(o.pause_left, 1);
	ATF_CHECK(!spin(&o, true));
	ATF_CHECK(o.pause == 2 || o.pause == o.pause_left);
}

/* The other side does the step, sees nobody asleep, and wakes nobody. */
static void
do_step(void)
{
	before_sleep = NULL;
	theirs.done_in[0] = 1;
	theirs.events++;
}

ATF_TC(unwoken);
ATF_TC_HEAD(unwoken, tc)
{
	atf_tc_set_md_var(tc, "descr", "A step that was done between the last "
	    "look and the sleep is not slept through");
}
ATF_TC_BODY(unwoken, tc)
{
	int64_t begun;
	int pair[2];

	set_up(&sync_schedule, ROLE_BOTH);
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	options.timeout = 8 * SECOND;
	conv.other = (struct other){ .ours = &ours, .theirs = &theirs,
	    .wake = pair[0] };
	begun = conv.time = now();
	set_deadline(&conv, "a step");
	before_sleep = do_step;
	wait_for_position(&conv, 0);
	ATF_CHECK(before_sleep == NULL);
	ATF_CHECK(now() - begun < 4 * SECOND);
	ATF_CHECK_EQ(ours.sleeps_for, 0);
}

ATF_TC(times);
ATF_TC_HEAD(times, tc)
{
	atf_tc_set_md_var(tc, "descr", "The last part of a millisecond is slept "
	    "through, no sleep is endless where a deadline is over, and after "
	    "2^32 trials the first is behind the last");
}
ATF_TC_BODY(times, tc)
{
	struct conv c = { .other.theirs = &theirs };
	const int64_t time = now();

	ATF_CHECK_EQ(milliseconds_until(time), 1);
	ATF_CHECK_EQ(milliseconds_until(time - 9 * SECOND), 1);
	ATF_CHECK(milliseconds_until(time + 9 * SECOND) > 1000);
	theirs.done_in[3] = UINT32_MAX;
	for (c.trial = UINT32_MAX - 1; c.trial <= UINT32_MAX; c.trial++)
		ATF_CHECK(other_has_reached(&c, 3));
	ATF_CHECK(!other_has_reached(&c, 3));
	theirs.done_in[3] = 1;		/* one ahead */
	ATF_CHECK(other_has_reached(&c, 3));
}

ATF_TC(again);
ATF_TC_HEAD(again, tc)
{
	atf_tc_set_md_var(tc, "descr", "A spin that was tried where none had "
	    "paid, and did, has the next waits spin again; and nobody yields "
	    "in a race");
}
ATF_TC_BODY(again, tc)
{
	struct published *both = mmap(NULL, 2 * sizeof(*both),
	    PROT_READ | PROT_WRITE, MAP_ANON | MAP_SHARED, -1, 0);
	struct other o;
	struct conv c = { .schedule = &race_schedule };
	int64_t begun, next;
	pid_t child;

	ATF_CHECK(!may_yield(&c));
	c.schedule = &sync_schedule;
	ATF_CHECK(may_yield(&c));
	ATF_REQUIRE(both != MAP_FAILED);
	o = (struct other){ .ours = &both[0], .theirs = &both[1] };
	child = fork();
	ATF_REQUIRE(child != -1);
	if (child == 0)
		for (begun = next = now(); next < begun + 20 * SECOND;)
			if (now() >= next) {
				both[1].events++;
				next = now() + 30 * MICROSECOND;
			}
	if (child == 0)
		_exit(0);
	for (begun = now(); o.spin == 0 && now() < begun + 15 * SECOND;) {
		o.unspun = 63;
		(void)spin(&o, false);
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	ATF_CHECK_EQ(o.spin, TRIED_SPINS + TRIED_SPINS / 4);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, deadlines);
	ATF_TP_ADD_TC(tp, named);
	ATF_TP_ADD_TC(tp, spins);
	ATF_TP_ADD_TC(tp, unwoken);
	ATF_TP_ADD_TC(tp, times);
	ATF_TP_ADD_TC(tp, again);
	return atf_no_error();
}
