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
 * The lists of steps, and the timeline of those that were taken.
 */
#include "unit.h"

/* The modes' lists that --count or --race repeats, and the others. */
static const struct schedule *const counted[] = { &sync_schedule,
    &late_schedule, &inherit_schedule, &race_schedule, &bare_schedule };
static const struct schedule *const single[] = { &dgram_schedule,
    &peer_schedule, &fd_schedule, &fd_dgram_schedule };

/* Each pair of lists that there is; NULL after the last one. */
static const struct schedule *
every_schedule(size_t i)
{
	if (i < nitems(counted))
		return counted[i];
	i -= nitems(counted);
	if (i < nitems(single))
		return single[i];
	i -= nitems(single);
	return i < nitems(survey_rows) ? &survey_rows[i] : NULL;
}

static bool
has_end(const unsigned char *list)
{
	return memchr(list, END, MOST_STEPS + 1) != NULL;
}

static bool
is_until(unsigned entry)
{
	return (entry & UNTIL(END)) != 0;
}

static bool
has_until(const unsigned char *list)
{
	for (; *list != END; list++)
		if (is_until(*list))
			return true;
	return false;
}

static bool
receives(unsigned entry)
{
	return entry == RECEIVE || entry == RECEIVE_SMALL ||
	    entry == RECEIVE_EXACT;
}

/* A trial as the two lists have it, without processes. */
struct rehearsal {
	const struct schedule *schedule;
	const unsigned char *next[NSIDES];
	bool done[NSIDES][NSTEPS];
	unsigned unread;		/* messages */
};

/* Whether a side can do its next entry, by what the other one has done. */
static bool
can_go_on(const struct rehearsal *p, enum side side)
{
	const unsigned entry = *p->next[side];
	const bool *other = p->done[!side];

	/* Before its first trial each client waits for its server. */
	if (side == CLIENT && !other[READY])
		return false;
	if (is_until(entry))
		return other[entry & ~(unsigned)UNTIL(END)];
	if (entry == ACCEPT)
		return other[CONNECT] || other[CONNECT_GONE];
	if (entry == HEAR_GO_ON)
		return other[GO_ON];
	if (receives(entry))	/* a message, or a connection's end */
		return p->unread > 0 ||
		    (p->schedule->connected && other[DONE]);
	return true;
}

static void
rehearse_step(struct rehearsal *p, enum side side, unsigned step)
{
	p->done[side][step] = true;
	if (side == CLIENT && steps[step].sends)
		p->unread++;
	else if (step == DRAIN)
		p->unread = 0;
	else if (receives(step) && p->unread > 0)
		p->unread--;
}

static void
go_on(struct rehearsal *p, enum side side)
{
	const unsigned entry = *p->next[side]++;

	if (!is_until(entry))
		rehearse_step(p, side, entry);
	/* That follows any list of the client's. */
	if (side == CLIENT && *p->next[CLIENT] == END)
		p->done[CLIENT][DONE] = true;
}

/* The side that waits for ever; NSIDES: neither does. */
static enum side
stuck_side(const struct schedule *sr)
{
	struct rehearsal p = { .schedule = sr,
	    .next = { [SERVER] = sr->server, [CLIENT] = sr->client } };

	/* Each turn takes an entry, or no turn does any more. */
	for (int turn = 0; turn < 2 * MOST_STEPS; turn++)
		for (enum side side = SERVER; side < NSIDES; side++)
			if (*p.next[side] != END && can_go_on(&p, side))
				go_on(&p, side);
	for (enum side side = SERVER; side < NSIDES; side++)
		if (*p.next[side] != END)
			return side;
	return NSIDES;
}

ATF_TC(ends);
ATF_TC_HEAD(ends, tc)
{
	atf_tc_set_md_var(tc, "descr", "Every list of steps ends within the "
	    "room that it has; without its END the next list would go on");
}
ATF_TC_BODY(ends, tc)
{
	const struct schedule *sr;
	unsigned char list[MOST_STEPS + 1];

	for (size_t i = 0; (sr = every_schedule(i)) != NULL; i++) {
		ATF_CHECK_MSG(has_end(sr->server), "%s: server", sr->name);
		ATF_CHECK_MSG(has_end(sr->client), "%s: client", sr->name);
	}
	/* Such a list is seen. */
	memset(list, DRAIN, sizeof(list));
	ATF_CHECK(!has_end(list));
	list[MOST_STEPS] = END;
	ATF_CHECK(has_end(list));
}

ATF_TC(waits);
ATF_TC_HEAD(waits, tc)
{
	atf_tc_set_md_var(tc, "descr", "No side of a conversation waits for a "
	    "step that the other does not take, or not before it has waited "
	    "itself");
}
ATF_TC_BODY(waits, tc)
{
	static const struct schedule never = { { READY, ACCEPT, RECEIVE },
	    { CONNECT, UNTIL(OPTION), WRITE }, .name = "never" };
	static const struct schedule each_other = { { READY, ACCEPT,
	    UNTIL(WRITE), OPTION, RECEIVE },
	    { CONNECT, UNTIL(OPTION), WRITE }, .name = "each other" };
	static const struct schedule no_message = { { READY, ACCEPT, RECEIVE,
	    RECEIVE }, { CONNECT, WRITE }, .name = "no message" };
	const struct schedule *sr;

	for (size_t i = 0; (sr = every_schedule(i)) != NULL; i++)
		/* Another one's server, or listening socket, is ready. */
		if (sr != &peer_schedule && sr != &fd_schedule &&
		    sr != &fd_dgram_schedule)
			ATF_CHECK_EQ_MSG(stuck_side(sr), NSIDES, "%s: the %s",
			    sr->name, stuck_side(sr) == SERVER ? "server" :
			    "client");
	/* Such lists are seen. */
	ATF_CHECK_EQ(stuck_side(&never), SERVER);
	ATF_CHECK_EQ(stuck_side(&each_other), SERVER);
	ATF_CHECK_EQ(stuck_side(&no_message), SERVER);
}

/*
 * There are two sets of times, of even and of odd trials.  While the server
 * reads those of one trial, the client may be in the next one; with a step of
 * that to wait for it is not in the one after, which would begin with clearing
 * what the server reads.
 */
ATF_TC(one_ahead);
ATF_TC_HEAD(one_ahead, tc)
{
	atf_tc_set_md_var(tc, "descr", "Every client's list that is repeated "
	    "waits for a step of the server's in each trial, so that it is "
	    "never two trials ahead");
}
ATF_TC_BODY(one_ahead, tc)
{
	static const unsigned char ahead[] = { CONNECT, HEAR_GO_ON, WRITE, END };

	for (size_t i = 0; i < nitems(counted); i++)
		ATF_CHECK_MSG(has_until(counted[i]->client), "%s %zu",
		    counted[i]->name, i);
	ATF_CHECK(!has_until(ahead));		/* such a list is seen */
}

ATF_TC(timeline);
ATF_TC_HEAD(timeline, tc)
{
	atf_tc_set_md_var(tc, "descr", "The timeline has each step when it "
	    "ended, but what was sent when that began");
}
ATF_TC_BODY(timeline, tc)
{
	/* As sync_schedule has them: the waits have no times. */
	static struct span server[5], client[4];

	server[0].ended = 1000;
	client[0].ended = 1500;
	server[1].ended = 2000;
	server[2].ended = 3000;
	server[3].begun = 4000;
	client[2].ended = 5000;
	client[3].begun = 6000;
	server[4].ended = 7000;
	client[3].ended = 8000;
	server[3].ended = 9000;
	capture(stderr);
	print_timeline(&sync_schedule, server, client);
	check_text("        us  server                  client\n"
	    "       0.0  ready for the client\n"
	    "       0.5                          connected\n"
	    "       1.0  accepted\n"
	    "       2.0  option set\n"
	    "       3.0  sent \"go on\"\n"
	    "       4.0                          got \"go on\"\n"
	    "       5.0                          message sent\n"
	    "       6.0  received\n");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ends);
	ATF_TP_ADD_TC(tp, waits);
	ATF_TP_ADD_TC(tp, one_ahead);
	ATF_TP_ADD_TC(tp, timeline);
	return atf_no_error();
}
