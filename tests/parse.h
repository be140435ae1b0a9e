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
 * The test cases of t_linux, t_netbsd and t_freebsd: hand-made control
 * messages for the parser of one system.  Each buffer is a block of its own,
 * exactly as long as msg_controllen, so that AddressSanitizer sees a read past
 * it.
 */
#include <atf-c.h>

#if HERE

static const gid_t some_groups[3] = { 7, 5, 6 };
static bool may_claim;		/* the sender may have attached his own */

struct buffer {
	unsigned char *data;
	size_t len;
};

/* Appends a control message of which len bytes arrived, and more are claimed. */
static void
append(struct buffer *b, int level, int type, const void *data, size_t len,
    size_t claimed)
{
	struct cmsghdr cm;
	const size_t at = CMSG_SPACE(b->len) - CMSG_SPACE(0);

	memset(&cm, 0, sizeof(cm));
	cm.cmsg_level = level;
	cm.cmsg_type = type;
	cm.cmsg_len = claimed;
	b->data = realloc(b->data, at + CMSG_LEN(0) + len);
	ATF_REQUIRE(b->data != NULL);
	memset(b->data + b->len, 0, at + CMSG_LEN(0) + len - b->len);
	memcpy(b->data + at, &cm, sizeof(cm));
	memcpy(b->data + at + CMSG_LEN(0), data, len);
	b->len = at + CMSG_LEN(0) + len;
}

static void
append_cred(struct buffer *b, const gid_t *groups, int ngroups)
{
	unsigned char data[1024];
	const size_t len = make_cred(data, groups, ngroups);

	append(b, CRED_LEVEL, CRED_TYPE, data, len, CMSG_LEN(len));
}

/* Parses b as what came with n bytes, and frees it. */
static struct result
parse_buffer(struct buffer *b, int type, size_t n, int flags)
{
	static struct message m;
	struct result r;

	memset(&r, 0, sizeof(r));
	memset(&m, 0, sizeof(m));
	m.msg.msg_control = b->data;
	m.msg.msg_controllen = (socklen_t)b->len;
	m.msg.msg_flags = flags;
	m.bytes = n;
	m.type = type;
	m.may_claim = may_claim;
	m.overflow_uid = m.overflow_gid = 65534;
	parse(&m, &r);
	free(b->data);
	memset(b, 0, sizeof(*b));
	return r;
}

static void
require_fields(const struct cred *cr, unsigned wanted)
{
	static const intmax_t ids[GROUPS] = { 11, 22, 33, 44, 55 };

	for (enum field f = PID; f < GROUPS; f++) {
		ATF_CHECK_EQ_MSG(cr->source[f] != NULL, (wanted >> f & 1) != 0,
		    "%s: source %s", fields[f].key,
		    cr->source[f] != NULL ? cr->source[f] : "none");
		if (cr->source[f] != NULL)
			ATF_CHECK_EQ_MSG(cr->id[f], ids[f], "%s: %jd",
			    fields[f].key, cr->id[f]);
	}
}

ATF_TC(whole);
ATF_TC_HEAD(whole, tc)
{
	atf_tc_set_md_var(tc, "descr", "A whole control message gives each "
	    "field its own value, and no other field");
}
ATF_TC_BODY(whole, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	append_cred(&b, some_groups, 3);
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	ATF_CHECK_EQ(r.bytes, 1);
	ATF_CHECK(!r.ctrunc);
	require_fields(&r.message, CRED_FIELDS);
#ifdef CRED_GROUPS
	ATF_REQUIRE(r.message.source[GROUPS] != NULL);
	ATF_REQUIRE_EQ(r.message.ngroups, 3);
	ATF_CHECK_EQ(memcmp(r.message.groups, some_groups,
	    sizeof(some_groups)), 0);
#else
	ATF_CHECK(r.message.source[GROUPS] == NULL);
#endif
	free(r.message.groups);
}

ATF_TC(no_groups);
ATF_TC_HEAD(no_groups, tc)
{
	atf_tc_set_md_var(tc, "descr", "A message without groups is whole, "
	    "though shorter than the struct that describes it");
}
ATF_TC_BODY(no_groups, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	append_cred(&b, some_groups, 0);
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	require_fields(&r.message, CRED_FIELDS);
	ATF_CHECK_EQ(r.message.ngroups, 0);
	free(r.message.groups);
}

ATF_TC(cut);
ATF_TC_HEAD(cut, tc)
{
	atf_tc_set_md_var(tc, "descr", "A message cut at any length is "
	    "truncated, whatever length it claims, and nothing is read past "
	    "msg_controllen");
}
ATF_TC_BODY(cut, tc)
{
	const size_t claims[] = { 0, 1, CMSG_LEN(0), CMSG_LEN(1000), 65535,
	    UINT_MAX };
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	struct result r;
	const size_t whole = make_cred(data, some_groups, 3);

	for (size_t len = 0; len < whole; len++)
		for (size_t i = 0; i < nitems(claims); i++) {
			append(&b, CRED_LEVEL, CRED_TYPE, data, len, claims[i]);
			r = parse_buffer(&b, SOCK_STREAM, 1, MSG_CTRUNC);
			if (len < CRED_FIXED || claims[i] <= CMSG_LEN(0)) {
				ATF_CHECK_STREQ_MSG(outcomes[r.outcome],
				    "truncated", "%zu bytes", len);
				require_fields(&r.message, 0);
			} else {
				ATF_CHECK_STREQ_MSG(outcomes[r.outcome],
				    "credentials", "%zu bytes", len);
				require_fields(&r.message, CRED_FIELDS);
			}
			ATF_CHECK(r.ctrunc);
			ATF_CHECK(r.message.source[GROUPS] == NULL);
			free(r.message.groups);
		}
}

ATF_TC(cut_header);
ATF_TC_HEAD(cut_header, tc)
{
	atf_tc_set_md_var(tc, "descr", "A control buffer too short for a "
	    "header is none with MSG_CTRUNC clear, and truncated with it");
}
ATF_TC_BODY(cut_header, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	for (size_t len = 0; len < CMSG_LEN(0); len++)
		for (int flags = 0; flags <= MSG_CTRUNC; flags += MSG_CTRUNC) {
			append_cred(&b, some_groups, 3);
			b.data = realloc(b.data, len + 1);
			ATF_REQUIRE(b.data != NULL);
			b.len = len;
			r = parse_buffer(&b, SOCK_STREAM, 1, flags);
			ATF_CHECK_STREQ(outcomes[r.outcome],
			    flags != 0 ? "truncated" : "none");
			ATF_CHECK_EQ(r.ctrunc, flags != 0);
		}
}

ATF_TC(several);
ATF_TC_HEAD(several, tc)
{
	atf_tc_set_md_var(tc, "descr", "Credentials are found behind "
	    "descriptors and unknown messages, the first ones count, and every "
	    "descriptor is closed");
}
ATF_TC_BODY(several, tc)
{
	struct buffer b = { NULL, 0 };
	unsigned char junk[40], other[1024];
	struct result r;
	int fds[3];
	size_t len;

	for (size_t i = 0; i < nitems(fds); i++)
		ATF_REQUIRE((fds[i] = open("/dev/null", O_RDONLY)) != -1);
	memset(junk, 0xff, sizeof(junk));
	append(&b, SOL_SOCKET, SCM_RIGHTS, fds, 2 * sizeof(int),
	    CMSG_LEN(2 * sizeof(int)));
	append(&b, 4711, CRED_TYPE, junk, sizeof(junk),
	    CMSG_LEN(sizeof(junk)));
	append(&b, CRED_LEVEL, 4711, junk, 3, CMSG_LEN(3));
	append_cred(&b, some_groups, 1);
	len = make_cred(other, some_groups, 2);
	memset(other, 0x77, CRED_FIXED);
	append(&b, CRED_LEVEL, CRED_TYPE, other, len, CMSG_LEN(len));
	append(&b, SOL_SOCKET, SCM_RIGHTS, fds + 2, sizeof(int),
	    CMSG_LEN(sizeof(int)));
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	require_fields(&r.message, CRED_FIELDS);
	for (size_t i = 0; i < nitems(fds); i++)
		ATF_CHECK_ERRNO(EBADF, fcntl(fds[i], F_GETFD) == -1);
	free(r.message.groups);
}

ATF_TC(unknown);
ATF_TC_HEAD(unknown, tc)
{
	atf_tc_set_md_var(tc, "descr", "Control messages of other kinds are "
	    "no credentials, also one of the right type at a wrong level");
}
ATF_TC_BODY(unknown, tc)
{
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	struct result r;
	const size_t len = make_cred(data, some_groups, 3);

	append(&b, CRED_LEVEL + 1, CRED_TYPE, data, len, CMSG_LEN(len));
	append(&b, CRED_LEVEL, CRED_TYPE + 1, data, len, CMSG_LEN(len));
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	require_fields(&r.message, 0);
}

ATF_TC(no_progress);
ATF_TC_HEAD(no_progress, tc)
{
	atf_tc_set_md_var(tc, "descr", "A length below a header's own ends "
	    "the walk, which would never end otherwise");
}
ATF_TC_BODY(no_progress, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	for (size_t claimed = 0; claimed < CMSG_LEN(0); claimed++) {
		append(&b, SOL_SOCKET, 4711, "", 0, claimed);
		append_cred(&b, some_groups, 3);
		r = parse_buffer(&b, SOCK_STREAM, 1, 0);
		ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	}
}

ATF_TC(no_bytes);
ATF_TC_HEAD(no_bytes, tc)
{
	atf_tc_set_md_var(tc, "descr", "No bytes are end of file if nothing "
	    "comes with them, on Linux's streams whatever comes, and never on "
	    "a datagram socket");
}
ATF_TC_BODY(no_bytes, tc)
{
	static const struct {
		int type;
		bool cred;
		const char *outcome;
	} cases[] = {
#ifdef CRED_GROUPS
		{ SOCK_STREAM, true, "credentials" },
#else
		{ SOCK_STREAM, true, "closed" },
#endif
		{ SOCK_STREAM, false, "closed" },
		{ SOCK_SEQPACKET, true, "credentials" },
		{ SOCK_SEQPACKET, false, "closed" },
		{ SOCK_DGRAM, true, "credentials" },
		{ SOCK_DGRAM, false, "none" },
	};
	struct buffer b = { NULL, 0 };
	struct result r;

	for (size_t i = 0; i < nitems(cases); i++) {
		if (cases[i].cred)
			append_cred(&b, some_groups, 0);
		r = parse_buffer(&b, cases[i].type, 0, 0);
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], cases[i].outcome,
		    "case %zu: %s", i, outcomes[r.outcome]);
		if (r.outcome != CREDENTIALS)
			require_fields(&r.message, 0);
		free(r.message.groups);
	}
}

ATF_TC(whole_and_ctrunc);
ATF_TC_HEAD(whole_and_ctrunc, tc)
{
	atf_tc_set_md_var(tc, "descr", "Whole credentials stay credentials "
	    "when something else was truncated, and the flag is reported");
}
ATF_TC_BODY(whole_and_ctrunc, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	append_cred(&b, some_groups, 2);
	r = parse_buffer(&b, SOCK_STREAM, 1, MSG_CTRUNC);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	ATF_CHECK(r.ctrunc);
	free(r.message.groups);
}

#ifdef CRED_GROUPS
ATF_TC(false_ngroups);
ATF_TC_HEAD(false_ngroups, tc)
{
	atf_tc_set_md_var(tc, "descr", "A number of groups that is negative "
	    "or beyond the message is not believed: no groups are known");
}
ATF_TC_BODY(false_ngroups, tc)
{
	const int counts[] = { -1, 4, 5, 1 << 30, INT_MAX, INT_MIN };
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	struct result r;
	struct sockcred sc;
	const size_t len = make_cred(data, some_groups, 3);

	for (size_t i = 0; i < nitems(counts); i++) {
		memcpy(&sc, data, CRED_FIXED);
		sc.sc_ngroups = counts[i];
		memcpy(data, &sc, CRED_FIXED);
		append(&b, CRED_LEVEL, CRED_TYPE, data, len, CMSG_LEN(len));
		r = parse_buffer(&b, SOCK_STREAM, 1, 0);
		ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
		require_fields(&r.message, CRED_FIELDS);
		ATF_CHECK_MSG(r.message.source[GROUPS] == NULL, "%d groups",
		    counts[i]);
		free(r.message.groups);
	}
}
#else
ATF_TC(placeholder);
ATF_TC_HEAD(placeholder, tc)
{
	atf_tc_set_md_var(tc, "descr", "PID 0 with both overflow IDs is a "
	    "placeholder, a real process of user 65534 is not, and a sender "
	    "with IDs of its own and PID 0 is one that we cannot see");
}
ATF_TC_BODY(placeholder, tc)
{
	static const struct {
		struct ucred uc;
		const char *outcome;
		bool pid;
	} cases[] = {
		{ { 0, 65534, 65534 }, "placeholder", false },
		{ { 4711, 65534, 65534 }, "credentials", true },
		{ { 0, 65534, 100 }, "credentials", false },
		{ { 0, 1000, 65534 }, "credentials", false },
		{ { 0, 0, 0 }, "credentials", false },
	};
	struct buffer b = { NULL, 0 };
	struct result r;

	for (size_t i = 0; i < nitems(cases); i++) {
		append(&b, CRED_LEVEL, CRED_TYPE, &cases[i].uc,
		    sizeof(cases[i].uc), CMSG_LEN(sizeof(cases[i].uc)));
		r = parse_buffer(&b, SOCK_STREAM, 1, 0);
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], cases[i].outcome,
		    "case %zu: %s", i, outcomes[r.outcome]);
		ATF_CHECK_EQ(r.message.source[PID] != NULL, cases[i].pid);
	}
}
#endif

#ifdef SCM_CREDS2
ATF_TC(persistent);
ATF_TC_HEAD(persistent, tc)
{
	atf_tc_set_md_var(tc, "descr", "The message of the persistent option "
	    "has a version and a PID before the rest, and is cut at any length");
}
ATF_TC_BODY(persistent, tc)
{
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	struct result r;
	const int version = 0;
	const pid_t pid = 11;
	const size_t fixed = offsetof(struct sockcred2, sc_groups);
	const size_t whole = offsetof(struct sockcred2, sc_uid) + make_cred(
	    data + offsetof(struct sockcred2, sc_uid), some_groups, 3);

	memcpy(data, &version, sizeof(version));
	memcpy(data + offsetof(struct sockcred2, sc_pid), &pid, sizeof(pid));
	for (size_t len = 0; len <= whole; len++) {
		append(&b, SOL_SOCKET, SCM_CREDS2, data, len,
		    CMSG_LEN(whole));
		r = parse_buffer(&b, SOCK_STREAM, 1, 0);
		ATF_CHECK_STREQ_MSG(outcomes[r.outcome], len < fixed ?
		    "truncated" : "credentials", "%zu bytes", len);
		require_fields(&r.message, len < fixed ? 0 :
		    CRED_FIELDS | 1U << PID);
		ATF_CHECK_EQ(r.message.source[GROUPS] != NULL, len == whole);
		free(r.message.groups);
	}
}
#endif

#ifdef CMGROUP_MAX
ATF_TC(cmsgcred);
ATF_TC_HEAD(cmsgcred, tc)
{
	atf_tc_set_md_var(tc, "descr", "What a sender attached itself is read "
	    "in its own layout, and as nothing where it could be either");
}
ATF_TC_BODY(cmsgcred, tc)
{
	struct buffer b = { NULL, 0 };
	struct cmsgcred cm;
	struct result r;

	memset(&cm, 0, sizeof(cm));
	cm.cmcred_pid = 11;
	cm.cmcred_uid = 22;
	cm.cmcred_euid = 33;
	cm.cmcred_gid = 44;
	cm.cmcred_ngroups = 2;
	append(&b, SOL_SOCKET, SCM_CREDS, &cm, sizeof(cm),
	    CMSG_LEN(sizeof(cm)));
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	require_fields(&r.message, 1U << PID | 1U << UID | 1U << EUID |
	    1U << GID);
	ATF_CHECK_EQ(r.message.ngroups, 2);
	free(r.message.groups);
	cm.cmcred_ngroups = CMGROUP_MAX;
	append(&b, SOL_SOCKET, SCM_CREDS, &cm, sizeof(cm),
	    CMSG_LEN(sizeof(cm)));
	may_claim = true;
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	require_fields(&r.message, 0);
}
#endif

ATF_TC(group_sets);
ATF_TC_HEAD(group_sets, tc)
{
	atf_tc_set_md_var(tc, "descr", "Groups are compared as sets, cut at "
	    "as many as the kernel delivers, and seen to differ");
}
ATF_TC_BODY(group_sets, tc)
{
	gid_t x[] = { 3, 1, 2, 3 }, y[] = { 1, 2, 3 }, z[] = { 1, 2, 4 };
	struct cred a = { .groups = x, .ngroups = 4 };
	struct cred b = { .groups = y, .ngroups = 3 };
	struct cred c = { .groups = z, .ngroups = 3 };
	struct cred more = { .ngroups = 0 }, less = { .ngroups = 0 };
	const size_t n = MAXGROUPS;

	ATF_CHECK(same_field(&a, &b, GROUPS));
	ATF_CHECK(!same_field(&a, &c, GROUPS));
	c.ngroups = 2;
	ATF_CHECK(!same_field(&b, &c, GROUPS));
	gid_t many[MAXGROUPS + 4];

	for (gid_t i = 0; i < n + 4; i++)
		many[i] = i;
	cred_groups(&more, many, n + 4, NULL);
	cred_groups(&less, many, n, NULL);
	ATF_CHECK(same_field(&more, &less, GROUPS));
	less.groups[n - 1] = 99999;
	ATF_CHECK(!same_field(&more, &less, GROUPS));
	free(more.groups);
	free(less.groups);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, whole);
	ATF_TP_ADD_TC(tp, no_groups);
	ATF_TP_ADD_TC(tp, cut);
	ATF_TP_ADD_TC(tp, cut_header);
	ATF_TP_ADD_TC(tp, several);
	ATF_TP_ADD_TC(tp, unknown);
	ATF_TP_ADD_TC(tp, no_progress);
	ATF_TP_ADD_TC(tp, no_bytes);
	ATF_TP_ADD_TC(tp, whole_and_ctrunc);
#ifdef CRED_GROUPS
	ATF_TP_ADD_TC(tp, false_ngroups);
#else
	ATF_TP_ADD_TC(tp, placeholder);
#endif
#ifdef SCM_CREDS2
	ATF_TP_ADD_TC(tp, persistent);
#endif
#ifdef CMGROUP_MAX
	ATF_TP_ADD_TC(tp, cmsgcred);
#endif
	ATF_TP_ADD_TC(tp, group_sets);
	return atf_no_error();
}

#else	/* not HERE */

ATF_TC(not_here);
ATF_TC_HEAD(not_here, tc)
{
	atf_tc_set_md_var(tc, "descr", "Another system's control messages");
}
ATF_TC_BODY(not_here, tc)
{
	atf_tc_skip("tested on that system, or emulated on Linux");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, not_here);
	return atf_no_error();
}

#endif
