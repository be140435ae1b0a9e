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
	capture(stderr);
	print_timeline(&server, &client);
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
	ATF_TP_ADD_TC(tp, timeline);
	return atf_no_error();
}
