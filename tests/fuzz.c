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
 * Any bytes for the parser of one system, which is EMULATE_LINUX,
 * EMULATE_NETBSD or EMULATE_FREEBSD, under libFuzzer.  What it says of them is
 * held against a second reading, which is simpler: that a field was found is
 * only to be said if one and the same control message has it.
 */
#include "emulate.h"

/* Descriptors in a message are not ours. */
static int
fuzz_close(int fd)
{
	return fd;
}

#define close		fuzz_close
#define main		credcheck_main
int credcheck_main(int, char **);
#include "../credcheck.c"
#undef main

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The structs in which credentials come: which fields, and where. */
static const struct known {
	int type;
	unsigned fields;		/* a mask */
	size_t at[NFIELDS], fixed;
} known[] = {
#define OF(s, member)	offsetof(struct s, member)
#define SOCKCRED_AT(s) \
	{ [UID] = OF(s, sc_uid), [EUID] = OF(s, sc_euid), \
	[GID] = OF(s, sc_gid), [EGID] = OF(s, sc_egid), \
	[GROUPS] = OF(s, sc_groups), SOCKCRED_PID(s) }, OF(s, sc_groups)
#define REAL		(1U << UID | 1U << GID)
#define ALL		(REAL | 1U << EUID | 1U << EGID | 1U << GROUPS)
#if defined(EMULATE_LINUX)
	{ SCM_CREDENTIALS, REAL | 1U << PID, { [PID] = OF(ucred, pid),
	    [UID] = OF(ucred, uid), [GID] = OF(ucred, gid) },
	    sizeof(struct ucred) },
#elif defined(EMULATE_NETBSD)
#define SOCKCRED_PID(s)	[PID] = OF(s, sc_pid)
	{ SCM_CREDS, ALL | 1U << PID, SOCKCRED_AT(sockcred) },
#elif defined(EMULATE_FREEBSD)
#define SOCKCRED_PID(s)	[PID] = 0
	{ SCM_CREDS, ALL, SOCKCRED_AT(sockcred) },
	{ SCM_CREDS, REAL | 1U << PID | 1U << EUID | 1U << GROUPS,
	    { [PID] = OF(cmsgcred, cmcred_pid),
	    [UID] = OF(cmsgcred, cmcred_uid),
	    [EUID] = OF(cmsgcred, cmcred_euid),
	    [GID] = OF(cmsgcred, cmcred_gid),
	    [GROUPS] = OF(cmsgcred, cmcred_groups) },
	    OF(cmsgcred, cmcred_groups) },
#undef SOCKCRED_PID
#define SOCKCRED_PID(s)	[PID] = OF(s, sc_pid)
	{ SCM_CREDS2, ALL | 1U << PID, SOCKCRED_AT(sockcred2) },
#endif
};

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* Whether these are the fields of len bytes of data, in one struct. */
static bool
has_fields(const struct known *k, const unsigned char *data, size_t len,
    const struct cred *cr)
{
	uint32_t id;

	if (len < k->fixed)
		return false;
	for (enum field f = PID; f < GROUPS; f++) {
		if (cr->source[f] == NULL)
			continue;
		memcpy(&id, data + k->at[f], sizeof(id));
		if ((k->fields >> f & 1) == 0 || cr->id[f] != (intmax_t)id)
			return false;
	}
	if (cr->source[GROUPS] == NULL)
		return true;
	return (k->fields >> GROUPS & 1) != 0 &&
	    cr->ngroups <= (len - k->at[GROUPS]) / sizeof(gid_t) &&
	    memcmp(cr->groups, data + k->at[GROUPS],
	    cr->ngroups * sizeof(gid_t)) == 0;
}

/* Whether one of the control messages has them. */
static bool
is_delivered(const struct msghdr *msg, const struct cred *cr)
{
	const unsigned char *p = msg->msg_control;
	size_t left = msg->msg_controllen, len;
	struct cmsghdr cm;

	for (; left >= CMSG_LEN(0); p += len, left -= len) {
		memcpy(&cm, p, sizeof(cm));
		if (cm.cmsg_len < CMSG_LEN(0))
			return false;
		len = MIN((size_t)cm.cmsg_len, left);
		for (size_t i = 0; i < nitems(known); i++)
			if (cm.cmsg_level == SOL_SOCKET &&
			    cm.cmsg_type == known[i].type &&
			    has_fields(&known[i], p + CMSG_LEN(0),
			    len - CMSG_LEN(0), cr))
				return true;
		len = MIN(CMSG_SPACE(len - CMSG_LEN(0)), left);
	}
	return false;
}

static void
check(const struct message *m, const struct result *r)
{
	unsigned sources = 0;

	for (enum field f = PID; f < NFIELDS; f++)
		sources |= (unsigned)(r->message.source[f] != NULL) << f;
	require((size_t)r->outcome < nitems(outcomes), "a known outcome");
	require(r->bytes == m->bytes, "as many bytes");
	require(r->ctrunc == ((m->msg.msg_flags & MSG_CTRUNC) != 0) &&
	    r->trunc == ((m->msg.msg_flags & MSG_TRUNC) != 0), "the flags");
	if (sources != 0)
		require(is_delivered(&m->msg, &r->message),
		    "fields of a control message");
	if (r->outcome == CREDENTIALS || r->outcome == PLACEHOLDER)
		require((sources & REAL) == REAL, "credentials have IDs");
	else
		require(sources == 0, "without credentials there are no IDs");
}

/*
 * The first bytes are the type of the socket, the flags, the number of bytes
 * received and the sender: whether he may have attached his own, and who he is;
 * the rest is the control buffer, in a block of its own length.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message m;
	struct result r = { .outcome = NONE };
	unsigned char *control;

	if (size < 4 || (control = malloc(MAX(size - 4, 1))) == NULL)
		return 0;
	memset(&m, 0, sizeof(m));
	m.socktype = types[data[0] % nitems(types)].type;
	m.msg.msg_flags = ((data[1] & 1) != 0 ? MSG_CTRUNC : 0) |
	    ((data[1] & 2) != 0 ? MSG_TRUNC : 0);
	m.bytes = data[2];
	m.sender = (struct sender){ .may_claim = (data[3] & 1) != 0,
	    .pid = data[3] >> 1 & 7, .uid = data[3] >> 4 };
	m.overflow = (struct overflow){ 65534, 65534 };
	m.msg.msg_control = memcpy(control, data + 4, size - 4);
	m.msg.msg_controllen = (socklen_t)(size - 4);
	parse(&m, &r);
	check(&m, &r);
	cred_free(&r.message);
	free(control);
	return 0;
}
