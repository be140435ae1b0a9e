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
 * The test cases of t_parse_linux, t_parse_netbsd and t_parse_freebsd:
 * hand-made control messages for the parser of one system.  Each buffer is a
 * block of its own, exactly as long as msg_controllen, so that AddressSanitizer
 * sees a read past it.
 */
#include <netinet/in.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <atf-c.h>
#include <glob.h>

#if HERE

static const gid_t some_groups[3] = { 7, 5, 6 };
static bool may_claim;		/* the sender may have attached his own */
static bool in_vain;		/* there was no message for the last look */

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

/* Parses b as what came with n bytes, into r as it is, and frees b. */
static void
parse_into(struct result *r, struct buffer *b, int type, size_t n, int flags)
{
	static struct message m;

	memset(&m, 0, sizeof(m));
	m.msg.msg_control = b->data;
	m.msg.msg_controllen = (socklen_t)b->len;
	m.msg.msg_flags = flags;
	m.bytes = n;
	m.socktype = type;
	m.sender.may_claim = may_claim;
	m.nothing = in_vain;
	m.overflow = (struct overflow){ 65534, 65534 };
	parse(&m, r);
	handle_timer();
	close_rights(&m);
	free(b->data);
	memset(b, 0, sizeof(*b));
}

static struct result
parse_buffer(struct buffer *b, int type, size_t n, int flags)
{
	struct result r;

	memset(&r, 0, sizeof(r));
	parse_into(&r, b, type, n, flags);
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
	cred_free(&r.message);
}

ATF_TC(again);
ATF_TC_HEAD(again, tc)
{
	atf_tc_set_md_var(tc, "descr", "Nothing of a message is left in the "
	    "result when the next one is parsed into it, nor of its flags");
}
ATF_TC_BODY(again, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	append_cred(&b, some_groups, 3);
	r = parse_buffer(&b, SOCK_STREAM, 1, MSG_TRUNC);
	ATF_CHECK(r.has_ids && r.trunc && !r.ctrunc);
	append_cred(&b, some_groups, 0);
	parse_into(&r, &b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	require_fields(&r.message, CRED_FIELDS);
	ATF_CHECK_EQ(r.message.ngroups, 0);
	ATF_CHECK(r.has_ids && !r.trunc && !r.ctrunc);
	parse_into(&r, &b, SOCK_STREAM, 1, MSG_CTRUNC);
	ATF_CHECK_STREQ(outcomes[r.outcome], "truncated");
	require_fields(&r.message, 0);
	ATF_CHECK(r.message.source[GROUPS] == NULL);
	ATF_CHECK(!r.has_ids && !r.trunc && r.ctrunc);
	cred_free(&r.message);
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
	cred_free(&r.message);
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
			/* Every other time behind one of another kind. */
			if (len % 2 == 0)
				append(&b, CRED_LEVEL, 4711, "", 0,
				    CMSG_LEN(0));
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
			cred_free(&r.message);
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
	cred_free(&r.message);
}

ATF_TC(lingering);
ATF_TC_HEAD(lingering, tc)
{
	atf_tc_set_md_var(tc, "descr", "A descriptor is closed at once, though "
	    "its sender wants close(2) to wait for what nobody reads");
}
ATF_TC_BODY(lingering, tc)
{
	const struct linger wait = { .l_onoff = 1, .l_linger = 8 };
	const int server = socket(AF_INET, SOCK_STREAM, 0);
	const int client = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct buffer b = { NULL, 0 };
	socklen_t len = sizeof(sin);
	static char data[65536];
	sigset_t before;
	time_t start;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (server == -1 || client == -1 ||
	    bind(server, (struct sockaddr *)&sin, len) == -1 ||
	    listen(server, 1) == -1 ||
	    getsockname(server, (struct sockaddr *)&sin, &len) == -1 ||
	    connect(client, (struct sockaddr *)&sin, len) == -1)
		atf_tc_skip("no connection to ourselves: %s", strerror(errno));
	while (send(client, data, sizeof(data), MSG_DONTWAIT) > 0)
		continue;
	ATF_REQUIRE_EQ(setsockopt(client, SOL_SOCKET, SO_LINGER, &wait,
	    sizeof(wait)), 0);
	append(&b, SOL_SOCKET, SCM_RIGHTS, &client, sizeof(client),
	    CMSG_LEN(sizeof(client)));
	block_signals(&before);
	handle_signals(SERVER, &before);
	unblock_signals(&before);
	start = time(NULL);
	(void)parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK(time(NULL) - start < wait.l_linger - 1);
	ATF_CHECK_ERRNO(EBADF, fcntl(client, F_GETFD) == -1);
	(void)close(server);
}

ATF_TC(unknown);
ATF_TC_HEAD(unknown, tc)
{
	atf_tc_set_md_var(tc, "descr", "Control messages of other kinds are "
	    "no credentials, also one of the right type at a wrong level, and "
	    "no descriptors");
}
ATF_TC_BODY(unknown, tc)
{
	const int fd = open("/dev/null", O_RDONLY);
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	struct result r;
	const size_t len = make_cred(data, some_groups, 3);

	ATF_REQUIRE(fd != -1);
	append(&b, CRED_LEVEL + 1, CRED_TYPE, data, len, CMSG_LEN(len));
	append(&b, CRED_LEVEL, CRED_TYPE + 1, data, len, CMSG_LEN(len));
	append(&b, CRED_LEVEL - 1, CRED_TYPE, data, len, CMSG_LEN(len));
	for (int level = SOL_SOCKET - 1; level <= SOL_SOCKET + 1; level += 2)
		append(&b, level, SCM_RIGHTS, &fd, sizeof(fd),
		    CMSG_LEN(sizeof(fd)));
	append(&b, SOL_SOCKET, SCM_RIGHTS - 1, &fd, sizeof(fd),
	    CMSG_LEN(sizeof(fd)));
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	require_fields(&r.message, 0);
	ATF_CHECK_EQ(close(fd), 0);
}

ATF_TC(nothing);
ATF_TC_HEAD(nothing, tc)
{
	atf_tc_set_md_var(tc, "descr", "Where nothing came of the last message "
	    "that is the outcome, with the fields of the one before");
}
ATF_TC_BODY(nothing, tc)
{
	struct buffer b = { NULL, 0 };
	struct result r;

	append_cred(&b, some_groups, 1);
	in_vain = true;
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "timeout");
	require_fields(&r.message, CRED_FIELDS);
	cred_free(&r.message);
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
		ATF_CHECK_EQ(r.has_ids, cases[i].cred);
		cred_free(&r.message);
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
	cred_free(&r.message);
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
		cred_free(&r.message);
	}
}

ATF_TC(real_65534);
ATF_TC_HEAD(real_65534, tc)
{
	atf_tc_set_md_var(tc, "descr", "User and group 65534 are credentials "
	    "here, as of anyone, and no placeholder");
}
ATF_TC_BODY(real_65534, tc)
{
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	struct result r;
	struct sockcred sc;
	const size_t len = make_cred(data, some_groups, 1);

	memcpy(&sc, data, CRED_FIXED);
	sc.sc_uid = sc.sc_gid = 65534;
	memcpy(data, &sc, CRED_FIXED);
	append(&b, CRED_LEVEL, CRED_TYPE, data, len, CMSG_LEN(len));
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	ATF_CHECK_EQ(r.message.id[UID], 65534);
	cred_free(&r.message);
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
		{ { 1, 0, 0 }, "credentials", true },
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
		ATF_CHECK(r.has_ids);
		parse_into(&r, &b, SOCK_STREAM, 1, 0);
		ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	}
}

ATF_TC(pidfd);
ATF_TC_HEAD(pidfd, tc)
{
	atf_tc_set_md_var(tc, "descr", "A pidfd beside the credentials, before "
	    "or behind, is whose it is, and closed; what only looks like one "
	    "is none, and one that is cut is not believed");
}
ATF_TC_BODY(pidfd, tc)
{
	const int type = mechanisms[PIDFD].type;
	struct buffer b = { NULL, 0 };
	struct result r;
	int data[2], fd;

	for (size_t len = 0; len <= sizeof(data); len++)
		for (int of = type - 1; of <= type + 1; of++)
			for (int before = 0; before < 2; before++) {
				fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
				if (fd == -1)
					atf_tc_skip("no pidfd_open(2) here");
				data[0] = data[1] = fd;
				if (before)
					append_cred(&b, some_groups, 0);
				append(&b, SOL_SOCKET, of, data, len,
				    CMSG_LEN(len));
				if (!before)
					append_cred(&b, some_groups, 0);
				r = parse_buffer(&b, SOCK_STREAM, 1, 0);
				ATF_CHECK_STREQ(outcomes[r.outcome],
				    "credentials");
				require_fields(&r.message, CRED_FIELDS);
				if (of == type && len >= sizeof(fd)) {
					ATF_CHECK_EQ(r.message.pidfd.pid,
					    getpid());
					ATF_CHECK_STREQ(r.message.pidfd.source,
					    mechanisms[PIDFD].message);
				} else
					ATF_CHECK(r.message.pidfd.source ==
					    NULL);
				ATF_CHECK_EQ(close(fd) == -1, of == type &&
				    len >= sizeof(fd));
			}
}

ATF_TC(label);
ATF_TC_HEAD(label, tc)
{
	atf_tc_set_md_var(tc, "descr", "A label beside the credentials is read, "
	    "with a NUL or without; what only looks like one is none, and one "
	    "that can have been cut is not believed");
}
ATF_TC_BODY(label, tc)
{
	static const struct {
		const char *text;
		size_t len;
		bool before;		/* the credentials */
		int flags;
		const char *label;	/* NULL: none */
	} cases[] = {
		{ "u:r:t", 6, false, 0, "u:r:t" },
		{ "u:r:t", 5, false, 0, "u:r:t" },
		{ "u:r:t", 5, true, 0, "u:r:t" },
		{ "x", 1, false, 0, "x" },
		{ "u:r:t\0x", 8, false, 0, "u:r:t" },
		{ "", 1, false, 0, NULL },
		{ "", 0, false, 0, NULL },
		{ "", 0, false, MSG_CTRUNC, NULL },
		{ "u:r:t", 5, false, MSG_CTRUNC, NULL },
		{ "u:r:t", 6, false, MSG_CTRUNC, "u:r:t" },
		{ "u:r:t", 5, true, MSG_CTRUNC, "u:r:t" },
		{ "u:r:t", 5, false, MSG_TRUNC, "u:r:t" },
	};
	const int type = mechanisms[LABEL].type;
	struct buffer b = { NULL, 0 };
	struct result r;
	const char *label;

	memset(&r, 0, sizeof(r));
	for (size_t i = 0; i < nitems(cases); i++)
		for (int of = type; of <= 3 * type; of += type) {
			label = of == type ? cases[i].label : NULL;
			if (!cases[i].before)
				append_cred(&b, some_groups, 0);
			append(&b, SOL_SOCKET, of, cases[i].text, cases[i].len,
			    CMSG_LEN(cases[i].len));
			if (cases[i].before)
				append_cred(&b, some_groups, 0);
			/* The last one's is gone. */
			read_label(&r.message, "old", 3, "old");
			parse_into(&r, &b, SOCK_STREAM, 1, cases[i].flags);
			ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
			require_fields(&r.message, CRED_FIELDS);
			ATF_CHECK_EQ_MSG(r.message.label.source != NULL,
			    label != NULL, "case %zu, type %d", i, of);
			if (label != NULL && r.message.label.source != NULL)
				ATF_CHECK_STREQ(r.message.label.text, label);
		}
	append_cred(&b, some_groups, 0);
	append(&b, SOL_SOCKET + 1, type, "u:r:t", 6, CMSG_LEN(6));
	parse_into(&r, &b, SOCK_STREAM, 1, 0);
	ATF_CHECK(r.message.label.source == NULL);
	cred_free(&r.message);
}

ATF_TC(peer_groups);
ATF_TC_HEAD(peer_groups, tc)
{
	atf_tc_set_md_var(tc, "descr", "Groups that come alone are as many as "
	    "there is data for");
}
ATF_TC_BODY(peer_groups, tc)
{
	struct cred cr = { .ngroups = 99 };

	for (size_t n = 3; n <= 3; n--) {
		read_layout(&mechanisms[PEER_GROUPS],
		    (const unsigned char *)some_groups, n * sizeof(gid_t), &cr);
		ATF_CHECK_EQ(cr.ngroups, n);
		ATF_CHECK(cr.source[GROUPS] != NULL);
		ATF_CHECK_EQ(memcmp(cr.groups, some_groups,
		    n * sizeof(gid_t)), 0);
	}
	free(cr.groups);
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
		cred_free(&r.message);
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
	cred_free(&r.message);
	cm.cmcred_ngroups = CMGROUP_MAX;
	append(&b, SOL_SOCKET, SCM_CREDS, &cm, sizeof(cm),
	    CMSG_LEN(sizeof(cm)));
	may_claim = true;
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	require_fields(&r.message, 0);
}

/* A message of one type and length, which begins with that number. */
static struct result
parse_twin(uint32_t first, intmax_t pid, intmax_t uid)
{
	struct message m;
	struct result r = { .outcome = NONE };
	struct buffer b = { NULL, 0 };
	unsigned char data[1024];
	gid_t groups[CMGROUP_MAX] = { 0 };
	const size_t len = make_cred(data, groups, CMGROUP_MAX);

	ATF_REQUIRE_EQ(len, sizeof(struct cmsgcred));
	memcpy(data, &first, sizeof(first));
	append(&b, CRED_LEVEL, CRED_TYPE, data, len, CMSG_LEN(len));
	memset(&m, 0, sizeof(m));
	m.msg.msg_control = b.data;
	m.msg.msg_controllen = (socklen_t)b.len;
	m.bytes = 1;
	m.sender = (struct sender){ true, pid, uid };
	parse(&m, &r);
	free(b.data);
	cred_free(&r.message);
	r.message.groups = NULL;
	return r;
}

ATF_TC(twins);
ATF_TC_HEAD(twins, tc)
{
	atf_tc_set_md_var(tc, "descr", "Of FreeBSD's two structs of one length "
	    "that of our client is told by its process ID in the first place, "
	    "and neither if that is its user ID as well, or a stranger's");
}
ATF_TC_BODY(twins, tc)
{
	struct result r;

	r = parse_twin(4711, 4711, 22);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	ATF_CHECK_EQ(r.message.id[PID], 4711);
	r = parse_twin(22, 4711, 22);
	ATF_CHECK_STREQ(outcomes[r.outcome], "credentials");
	ATF_CHECK(r.message.source[PID] == NULL);
	ATF_CHECK_EQ(r.message.id[UID], 22);
	r = parse_twin(22, 22, 22);
	ATF_CHECK_STREQ(outcomes[r.outcome], "none");
	r = parse_twin(22, 0, 0);
	ATF_CHECK_STREQ(outcomes[r.outcome], "none");
}

ATF_TC(egid_among_groups);
ATF_TC_HEAD(egid_among_groups, tc)
{
	atf_tc_set_md_var(tc, "descr", "The effective group among the others, "
	    "as until FreeBSD 14, or not, as in 15, is no difference, nor is "
	    "the group that it pushes out; another one is");
}
ATF_TC_BODY(egid_among_groups, tc)
{
	gid_t with[CMGROUP_MAX] = { 100 }, without[CMGROUP_MAX];
	struct cred x = { .groups = with, .ngroups = CMGROUP_MAX,
	    .source = { [EGID] = "M", [GROUPS] = "M" }, .id[EGID] = 100 };
	struct cred y = { .groups = without, .ngroups = CMGROUP_MAX,
	    .source = { [EGID] = "M", [GROUPS] = "M" }, .id[EGID] = 100 };

	for (gid_t i = 0; i < CMGROUP_MAX; i++) {
		without[i] = 200 + i;
		if (i > 0)
			with[i] = without[i - 1];
	}
	ATF_CHECK(!differ(&x, GROUPS, &y, GROUPS));
	ATF_CHECK(!differ(&y, GROUPS, &x, GROUPS));
	without[3] = 99;
	ATF_CHECK(differ(&x, GROUPS, &y, GROUPS));
	x.ngroups = 1;
	y.ngroups = 0;
	ATF_CHECK(!differ(&x, GROUPS, &y, GROUPS));
	x.id[EGID] = y.id[EGID] = 101;
	ATF_CHECK(differ(&x, GROUPS, &y, GROUPS));
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
	struct cred a = { .groups = x, .ngroups = 4,
	    .source[GROUPS] = "M" };
	struct cred b = { .groups = y, .ngroups = 3,
	    .source[GROUPS] = "M" };
	struct cred c = { .groups = z, .ngroups = 3,
	    .source[GROUPS] = "M" };
	const size_t n = MAXGROUPS;

	ATF_CHECK(!differ(&a, GROUPS, &b, GROUPS));
	ATF_CHECK(differ(&a, GROUPS, &c, GROUPS));
	c.ngroups = 2;
	ATF_CHECK(differ(&b, GROUPS, &c, GROUPS));
	ATF_CHECK(differ(&c, GROUPS, &b, GROUPS));
	gid_t many[MAXGROUPS + 4], fewer[MAXGROUPS];
	struct cred more = { .groups = many, .ngroups = n + 4,
	    .source[GROUPS] = "M" };
	struct cred less = { .groups = fewer, .ngroups = n,
	    .source[GROUPS] = "M" };

	for (gid_t i = 0; i < n + 4; i++)
		many[i] = i;
	memcpy(fewer, many, sizeof(fewer));
	ATF_CHECK(!differ(&more, GROUPS, &less, GROUPS));
	/* Of 16 of FreeBSD the effective one can be one. */
	less.groups[n - 2] = 99999;
	ATF_CHECK(differ(&more, GROUPS, &less, GROUPS));
}

/*
 * A line of tests/recorded: what recvmsg(2) returned there, and from whom.
 * Where it failed there is nothing to parse.
 */
struct recorded {
	char name[40], type[16], flags[16], groups[512], control[8192];
	intmax_t id[GROUPS];
	size_t bytes, room, controllen;
};

static bool
read_recorded(FILE *fp, struct recorded *rec)
{
	static char line[16384];

	do
		if (fgets(line, sizeof(line), fp) == NULL)
			return false;
	while (line[0] == '#' || strstr(line, " errno=") != NULL);
	memset(rec, 0, sizeof(*rec));
	ATF_REQUIRE_MSG(sscanf(line, "case=%39s type=%15s pid=%jd uid=%jd "
	    "euid=%jd gid=%jd egid=%jd", rec->name, rec->type, &rec->id[PID],
	    &rec->id[UID], &rec->id[EUID], &rec->id[GID], &rec->id[EGID]) == 7,
	    "%s", line);
	(void)sscanf(strstr(line, " groups="), " groups=%511[0-9,]",
	    rec->groups);
	ATF_REQUIRE_MSG(sscanf(strstr(line, " bytes="), " bytes=%zu flags=%15s "
	    "room=%zu controllen=%zu control=%8191s", &rec->bytes, rec->flags,
	    &rec->room, &rec->controllen, rec->control) >= 4, "%s", line);
	return true;
}

/*
 * The groups as they should arrive; returns how many.  NetBSD takes 16, and a
 * sender for whom 17 were asked stayed root.
 */
static size_t
recorded_groups(struct recorded *rec, gid_t *groups)
{
	size_t n = 0;
	char *p = rec->groups, *end;

	for (; *p != '\0'; p++)
		n += *p == ',';
	if (n >= 16 && strcmp(CRED_SYSTEM, "NetBSD") == 0) {
		for (enum field f = UID; f < GROUPS; f++)
			rec->id[f] = 0;
		return 0;
	}
	n = 0;
	for (p = rec->groups; *p != '\0' && n < 16; p = end + (*end == ','))
		groups[n++] = (gid_t)strtoul(p, &end, 10);
	if (strcmp(CRED_SYSTEM, "FreeBSD") == 0) {
		groups[0] = (gid_t)rec->id[EGID];
		n = MAX(n, 1);
	}
	return n;
}

/*
 * The bytes as they were, but a header of another system becomes one of this,
 * of the same size, and no descriptor is ours to be closed.
 */
static void
copy_recorded(const struct recorded *rec, unsigned char *buf)
{
	struct cmsghdr cm;
	uint32_t head[3];
	size_t len;
	unsigned byte;

	for (size_t i = 0; i < rec->controllen; i++) {
		ATF_REQUIRE(sscanf(rec->control + 2 * i, "%2x", &byte) == 1);
		buf[i] = (unsigned char)byte;
	}
	for (size_t off = 0; off + CMSG_LEN(0) <= rec->controllen;
	    off += CMSG_SPACE(len)) {
		memcpy(&cm, buf + off, sizeof(cm));
		memcpy(head, buf + off, sizeof(head));
#ifdef EMULATED
		ATF_REQUIRE_EQ(CMSG_LEN(0), 16);
		cm.cmsg_len = head[0];
		cm.cmsg_level = head[1] == 0xffff ? SOL_SOCKET : -1;
		cm.cmsg_type = (int)head[2];
		memcpy(buf + off, &cm, sizeof(cm));
#endif
		ATF_REQUIRE(cm.cmsg_len >= CMSG_LEN(0));
		len = cm.cmsg_len - CMSG_LEN(0);
		if (cm.cmsg_type == SCM_RIGHTS)
			memset(buf + off + CMSG_LEN(0), 0xff,
			    MIN(len, rec->controllen - off - CMSG_LEN(0)));
	}
}

/* What credcheck has to make of it, by the line alone. */
static enum outcome
recorded_outcome(const struct recorded *rec)
{
	const bool netbsd = strcmp(CRED_SYSTEM, "NetBSD") == 0;
	const bool linux_ = strcmp(CRED_SYSTEM, "Linux") == 0;
	const bool stream = strcmp(rec->type, "stream") == 0;
	const size_t rights = netbsd && strncmp(rec->name, "descriptor",
	    strlen("descriptor")) == 0 ? CMSG_SPACE(sizeof(int)) : 0;

	if (rec->bytes == 0 && strcmp(rec->type, "dgram") != 0 &&
	    (rec->controllen == 0 || (linux_ && stream)))
		return CLOSED;
	if (rec->controllen < rights + CMSG_LEN(CRED_FIXED))
		return strcmp(rec->flags, "ctrunc") == 0 ? TRUNCATED : NONE;
	return linux_ && strstr(rec->name, "message_first") != NULL ?
	    PLACEHOLDER : CREDENTIALS;
}

static void
check_recorded(struct recorded *rec)
{
	const enum outcome wanted = recorded_outcome(rec);
	const bool claim = strcmp(CRED_SYSTEM, "FreeBSD") == 0 &&
	    strcmp(rec->name, "claimed") == 0;
	const bool persistent = strcmp(CRED_SYSTEM, "FreeBSD") == 0 &&
	    strncmp(rec->name, "persistent", strlen("persistent")) == 0;
	unsigned carried = claim ? 1U << PID | 1U << UID | 1U << EUID |
	    1U << GID : persistent ? CRED_FIELDS | 1U << PID : CRED_FIELDS;
	static struct message m;
	struct result r = { .outcome = NONE };
	gid_t groups[16];
	const size_t n = recorded_groups(rec, groups);
	unsigned char *buf = malloc(MAX(rec->controllen, 1));

	ATF_REQUIRE(buf != NULL);
	copy_recorded(rec, buf);
	memset(&m, 0, sizeof(m));
	m.msg.msg_control = buf;
	m.msg.msg_controllen = (socklen_t)rec->controllen;
	m.msg.msg_flags = strcmp(rec->flags, "ctrunc") == 0 ? MSG_CTRUNC : 0;
	m.bytes = rec->bytes;
	m.socktype = SOCK_DGRAM;
	for (size_t t = 0; t < nitems(types); t++)
		if (strcmp(types[t].name, rec->type) == 0)
			m.socktype = types[t].type;
	m.sender.may_claim = claim;
	m.overflow = (struct overflow){ 65534, 65534 };
	parse(&m, &r);
	ATF_CHECK_STREQ_MSG(outcomes[r.outcome], outcomes[wanted],
	    "%s %s room %zu: %s, not %s", rec->name, rec->type, rec->room,
	    outcomes[r.outcome], outcomes[wanted]);
	ATF_CHECK_EQ(r.ctrunc, m.msg.msg_flags != 0);
	for (enum field f = PID; f < GROUPS && wanted == CREDENTIALS; f++) {
		ATF_CHECK_EQ_MSG(r.message.source[f] != NULL,
		    (carried >> f & 1) != 0, "%s %s room %zu: %s", rec->name,
		    rec->type, rec->room, fields[f].key);
		if (r.message.source[f] != NULL)
			ATF_CHECK_EQ_MSG(r.message.id[f], rec->id[f],
			    "%s %s room %zu: %s is %jd", rec->name, rec->type,
			    rec->room, fields[f].key, r.message.id[f]);
	}
#ifdef CRED_GROUPS
	if (wanted == CREDENTIALS && !r.ctrunc) {
		ATF_CHECK_EQ_MSG(r.message.ngroups, n, "%s %s: %zu groups",
		    rec->name, rec->type, r.message.ngroups);
		ATF_CHECK(r.message.source[GROUPS] != NULL && memcmp(
		    r.message.groups, groups, n * sizeof(gid_t)) == 0);
	}
#else
	(void)n;
	ATF_CHECK(r.message.source[GROUPS] == NULL);
#endif
	cred_free(&r.message);
	free(buf);
}

ATF_TC(recorded);
ATF_TC_HEAD(recorded, tc)
{
	atf_tc_set_md_var(tc, "descr", "Every message that recvmsg(2) has "
	    "returned on this system's kernels is read as what it was");
}
ATF_TC_BODY(recorded, tc)
{
	static struct recorded rec;
	char pattern[PATH_MAX];
	size_t lines = 0;
	glob_t files;
	FILE *fp;

	snprintf(pattern, sizeof(pattern), "%s/recorded/" CRED_SYSTEM "-*.txt",
	    atf_tc_get_config_var(tc, "srcdir"));
	ATF_REQUIRE_EQ(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		ATF_REQUIRE((fp = fopen(files.gl_pathv[i], "r")) != NULL);
		for (; read_recorded(fp, &rec); lines++)
			check_recorded(&rec);
		fclose(fp);
	}
	ATF_CHECK_MSG(lines >= 70 * files.gl_pathc, "%zu lines", lines);
	globfree(&files);
}

static void
check_note(const struct report *rp, const char *text, bool wanted)
{
	const char *said;

	capture(stdout);
	text_notes(rp);
	said = captured();
	ATF_CHECK_EQ_MSG(strstr(said, text) != NULL, wanted, "notes: %s",
	    said);
}

ATF_TC(notes_of_system);
ATF_TC_HEAD(notes_of_system, tc)
{
	atf_tc_set_md_var(tc, "descr", "On the BSDs, and there alone, 16 "
	    "groups may not be all, unlike 15, and a later message without "
	    "credentials, unlike the first, is one as they come once");
}
ATF_TC_BODY(notes_of_system, tc)
{
#ifdef CRED_GROUPS
	const bool bsd = true;
#else
	const bool bsd = false;
#endif
	const gid_t groups[16] = { 1 };
	struct buffer b = { NULL, 0 };
	struct report report;
	struct result r;

	set_up(&inherit_schedule, ROLE_SERVER);
	for (int n = 15; n <= 16; n++) {
		append_cred(&b, groups, n);
		r = parse_buffer(&b, SOCK_STREAM, 1, 0);
		check_note(reported(&r), "there may be more.\n",
		    bsd && n == 16);
		cred_free(&r.message);
	}
	r = parse_buffer(&b, SOCK_STREAM, 1, 0);
	ATF_CHECK_EQ(r.outcome, NONE);
	report = *reported(&r);
	for (report.number = 0; report.number <= 2; report.number++)
		check_note(&report, "Credentials come with the first message",
		    bsd && report.number == 2);
#ifdef SCM_CREDS2
	report.number = 2;
	report.mechanism = &mechanisms[EVERY];
	check_note(&report, "Credentials come with the first message", false);
#endif
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, recorded);
	ATF_TP_ADD_TC(tp, whole);
	ATF_TP_ADD_TC(tp, again);
	ATF_TP_ADD_TC(tp, no_groups);
	ATF_TP_ADD_TC(tp, cut);
	ATF_TP_ADD_TC(tp, cut_header);
	ATF_TP_ADD_TC(tp, several);
	ATF_TP_ADD_TC(tp, lingering);
	ATF_TP_ADD_TC(tp, unknown);
	ATF_TP_ADD_TC(tp, nothing);
	ATF_TP_ADD_TC(tp, no_progress);
	ATF_TP_ADD_TC(tp, no_bytes);
	ATF_TP_ADD_TC(tp, whole_and_ctrunc);
#ifdef CRED_GROUPS
	ATF_TP_ADD_TC(tp, false_ngroups);
	ATF_TP_ADD_TC(tp, real_65534);
#else
	ATF_TP_ADD_TC(tp, placeholder);
	ATF_TP_ADD_TC(tp, pidfd);
	ATF_TP_ADD_TC(tp, label);
	ATF_TP_ADD_TC(tp, peer_groups);
#endif
#ifdef SCM_CREDS2
	ATF_TP_ADD_TC(tp, persistent);
#endif
#ifdef CMGROUP_MAX
	ATF_TP_ADD_TC(tp, cmsgcred);
	ATF_TP_ADD_TC(tp, twins);
	ATF_TP_ADD_TC(tp, egid_among_groups);
#endif
	ATF_TP_ADD_TC(tp, group_sets);
	ATF_TP_ADD_TC(tp, notes_of_system);
	return atf_no_error();
}

#else	/* not HERE */

#include "not_here.h"

#endif
