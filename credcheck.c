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
 * Plays both ends of a UNIX-domain socket conversation: which credentials does
 * the kernel deliver, by which mechanism, and are they true?
 */

/* glibc hides struct ucred without it, and reads it before any header. */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <sys/param.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef nitems			/* the BSDs have it in <sys/param.h> */
#define nitems(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define VERSION		"0.2"
#define EXIT_MISSING	1	/* the message had no true credentials */
#define EXIT_TROUBLE	2	/* usage, a system error, a timeout */

#define CONTROL_ROOM	4096	/* bytes; Linux: 253 descriptors at most */
#define DATA_ROOM	4096	/* bytes read of a message */
#define MOST_GROUPS	65536	/* Linux; of a process */
#define BATCH		32	/* socketpairs handed over at once */
#define CLIENT_SUFFIX	".c"	/* of a datagram client's path */
#define SECOND		INT64_C(1000000000)	/* in nanoseconds */
#define MILLISECOND	(SECOND / 1000)
#define MICROSECOND	(SECOND / 1000000)
#define MOST_SPINS	(50 * MICROSECOND)

/*
 * 1. The conversations.  Each is two lists of steps, one for either side.
 */
enum side { SERVER, CLIENT, NSIDES };

enum step {
	END,			/* of a list */

	/* The server's. */
	READY, ACCEPT,		/* bound and listening; a client has come */
	OPTION, OPTION_AGAIN,	/* on the connection, else on the listener */
	PERSISTENT,		/* FreeBSD's other option, likewise */
	PIDFD_OPTION,		/* Linux's, for descriptors of processes */
	WRONG_OPTION,		/* at a level where it does not belong */
	GO_ON, RECEIVE,		/* "go on" sent; a message read */
	RECEIVE_SMALL, RECEIVE_EXACT,	/* no room for them; none for more */
	LOOK,			/* at what is there, without waiting */

	/* The client's. */
	CONNECT, CONNECT_GONE,	/* itself; by a child, which goes */
	OWN_OPTION,		/* on its own socket */
	HEAR_GO_ON, AWAKE,	/* and on its way to its delay */
	WRITE, WRITE_AGAIN, SENDMSG,
	DESCRIPTOR, EMPTY,	/* a message with one; one of no bytes */
	LARGEST, NEARLY,	/* of all that the buffer takes; 6 fewer */
	BY_ANOTHER,		/* written by a child of the client's */
	CLAIM, FORGE,		/* with its own credentials, with root's */
	DONE,			/* all of its list */

	/* Of either. */
	ASK, ASK_PIDFD,		/* the kernel, who the other side is */
	DELAY,			/* a random time, in the race */
	NSTEPS
};
#define UNTIL(step)	(0x80 | (step))	/* the other side has done that */

/* What may tell a system's credentials. */
enum kind {
	USUAL, EVERY, PIDFD,	/* options: the next message, each, a pidfd */
	ATTACHED,		/* the sender, with a message */
	PEER, PEER_GROUPS, PEER_PIDFD,	/* the connection, when asked */
	NKINDS
};

struct schedule {
	unsigned char server[8], client[8];	/* up to END */
	const char *name;		/* of a survey's row, its constant */
	const char *title;		/* of such a row, as what follows */
	enum kind kind;			/* what it is about */
	bool path, connected;		/* needs a named, a connected socket */
	bool race;			/* that no wait may decide */
};

#define SET_THEN_READ(option, message, receive) \
	{ READY, ACCEPT, option, UNTIL(message), receive }, \
	{ CONNECT, UNTIL(option), message }
#define SET_THEN(option, message) SET_THEN_READ(option, message, RECEIVE)
#define THEN_SET(message, option) \
	{ READY, ACCEPT, UNTIL(message), option, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), message }
#define SET_BEFORE(option) \
	{ option, READY, ACCEPT, RECEIVE }, { CONNECT, WRITE }
#define TWICE(option) \
	{ READY, ACCEPT, option, RECEIVE, RECEIVE }, \
	{ CONNECT, UNTIL(option), WRITE, UNTIL(RECEIVE), WRITE_AGAIN }

static const struct schedule
    sync_schedule = { { READY, ACCEPT, OPTION, GO_ON, RECEIVE },
	{ CONNECT, UNTIL(ACCEPT), HEAR_GO_ON, WRITE }, .name = "sync" },
    late_schedule = { THEN_SET(WRITE, OPTION), .name = "late" },
    inherit_schedule = { { OPTION, READY, ACCEPT, RECEIVE },
	{ UNTIL(READY), CONNECT, WRITE }, .name = "inherit" },
    race_schedule = { { READY, ACCEPT, DELAY, OPTION, RECEIVE },
	{ CONNECT, UNTIL(ACCEPT), AWAKE, DELAY, WRITE }, .name = "race",
	.race = true },
    bare_schedule = { { READY, ACCEPT, OPTION, RECEIVE }, /* without AWAKE */
	{ UNTIL(READY), CONNECT, WRITE }, .name = "race", .race = true },
    dgram_schedule = { SET_BEFORE(OPTION), .name = "server" }, /* datagrams */
    peer_schedule = { { END }, { CONNECT, ASK, ASK_PIDFD }, .name = "peer" };

/* The survey: every ordering and trap, for every type of socket. */
#define LISTENER	.path = true, .connected = true
#define SURVEY(ROW) \
    ROW(OPTION_FIRST, "option, then message", SET_THEN(OPTION, WRITE)) \
    ROW(MESSAGE_FIRST, "message, then option", THEN_SET(WRITE, OPTION)) \
    ROW(AFTER_LOST, "second message after a lost first", \
	{ READY, ACCEPT, UNTIL(WRITE), OPTION, RECEIVE, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), WRITE, UNTIL(RECEIVE), WRITE_AGAIN }) \
    ROW(AFTER_GOOD, "second message after a good first", TWICE(OPTION)) \
    ROW(SET_AGAIN, "option set again after a good one", \
	{ READY, ACCEPT, OPTION, RECEIVE, OPTION_AGAIN, RECEIVE }, \
	{ CONNECT, UNTIL(OPTION), WRITE, UNTIL(OPTION_AGAIN), WRITE_AGAIN }) \
    ROW(ON_LISTENER, "option on the listening socket", \
	SET_BEFORE(OPTION), LISTENER) \
    ROW(LATE_LISTENER, "listener's option after connect", \
	{ READY, UNTIL(CONNECT), OPTION, ACCEPT, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), WRITE }, LISTENER) \
    ROW(BEFORE_ACCEPT, "message, accept, option", \
	{ READY, UNTIL(WRITE), ACCEPT, OPTION, RECEIVE }, \
	{ CONNECT, WRITE }, LISTENER) \
    ROW(END_OF_FILE, "end of file without a message", \
	{ READY, ACCEPT, OPTION, RECEIVE }, \
	{ CONNECT, UNTIL(OPTION) }, .connected = true) \
    ROW(EMPTY_MESSAGE, "a message of no bytes", SET_THEN(OPTION, EMPTY)) \
    ROW(EMPTY_FIRST, "message of no bytes, then option", \
	{ READY, ACCEPT, UNTIL(EMPTY), OPTION, LOOK }, \
	{ CONNECT, UNTIL(ACCEPT), EMPTY, UNTIL(LOOK) }) \
    ROW(CLAIMED, "credentials attached, then option", THEN_SET(CLAIM, OPTION)) \
    ROW(CLIENT_OPTION, "client's option, message, option", \
	{ READY, ACCEPT, UNTIL(WRITE), OPTION, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), OWN_OPTION, WRITE }) \
    ROW(FORGED, "an ordinary user claims to be root", SET_THEN(OPTION, FORGE)) \
    ROW(SMALL_BUFFER, "control buffer too small", \
	SET_THEN_READ(OPTION, WRITE, RECEIVE_SMALL)) \
    ROW(WITH_DESCRIPTOR, "a descriptor takes their room", \
	SET_THEN_READ(OPTION, DESCRIPTOR, RECEIVE_EXACT)) \
    ROW(TWO_WRITERS, "two processes' bytes, one read", \
	{ READY, ACCEPT, OPTION, UNTIL(DONE), RECEIVE }, \
	{ CONNECT, UNTIL(OPTION), WRITE, BY_ANOTHER }) \
    ROW(NO_ROOM, "no room left for the credentials", \
	{ READY, ACCEPT, OPTION, UNTIL(LARGEST), LOOK }, \
	{ CONNECT, UNTIL(OPTION), LARGEST, UNTIL(LOOK) }) \
    ROW(AFTER_NO_ROOM, "next message after no room", \
	{ READY, ACCEPT, OPTION, UNTIL(LARGEST), LOOK, UNTIL(DONE), RECEIVE }, \
	{ CONNECT, UNTIL(OPTION), LARGEST, UNTIL(LOOK), WRITE }) \
    ROW(NEARLY_FULL, "message to a nearly full buffer", \
	{ READY, ACCEPT, UNTIL(NEARLY), OPTION, UNTIL(SENDMSG), LOOK }, \
	{ CONNECT, UNTIL(ACCEPT), NEARLY, UNTIL(OPTION), SENDMSG, \
	UNTIL(LOOK) }) \
    ROW(BY_SENDMSG, "by sendmsg(2) instead of write(2)", \
	SET_THEN(OPTION, SENDMSG)) \
    ROW(PEER_PAIR, "peer of a pair", SET_THEN(OPTION, WRITE), .kind = PEER) \
    ROW(PEER_PATH, "peer of a named socket", \
	SET_THEN(OPTION, WRITE), .kind = PEER, .path = true) \
    ROW(PEER_SERVER, "listener, asked by the client", \
	{ READY, ACCEPT, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), ASK, WRITE }, .kind = PEER, .path = true) \
    ROW(WRONG_LEVEL, "option at the wrong level", \
	SET_THEN(WRONG_OPTION, WRITE)) \
    ROW(PERSISTENT_FIRST, "persistent option, then message", \
	SET_THEN(PERSISTENT, WRITE), .kind = EVERY) \
    ROW(PERSISTENT_LATE, "message, then persistent option", \
	THEN_SET(WRITE, PERSISTENT), .kind = EVERY) \
    ROW(PERSISTENT_AGAIN, "persistent option, second message", \
	TWICE(PERSISTENT), .kind = EVERY) \
    ROW(PIDFD_FIRST, "pidfd option, then message", \
	SET_THEN(PIDFD_OPTION, WRITE), .kind = PIDFD) \
    ROW(PIDFD_LATE, "message, then pidfd option", \
	THEN_SET(WRITE, PIDFD_OPTION), .kind = PIDFD) \
    ROW(PIDFD_LISTENER, "pidfd option on the listener", \
	SET_BEFORE(PIDFD_OPTION), .kind = PIDFD, LISTENER) \
    ROW(PIDFD_BOTH, "both options, then message", \
	{ READY, ACCEPT, OPTION, PIDFD_OPTION, UNTIL(WRITE), RECEIVE }, \
	{ CONNECT, UNTIL(PIDFD_OPTION), WRITE }, .kind = PIDFD) \
    ROW(PIDFD_GONE, "pidfd of a writer that has gone", \
	SET_THEN(PIDFD_OPTION, BY_ANOTHER), .kind = PIDFD) \
    ROW(PIDFD_PAIR, "pidfd of a pair's peer", \
	SET_THEN(ASK_PIDFD, WRITE), .kind = PIDFD) \
    ROW(PIDFD_PATH, "pidfd of a named socket's peer", \
	SET_THEN(ASK_PIDFD, WRITE), .kind = PIDFD, LISTENER) \
    ROW(PIDFD_PEER_GONE, "pidfd of a peer that has gone", \
	{ READY, UNTIL(CONNECT_GONE), ACCEPT, ASK_PIDFD, RECEIVE }, \
	{ CONNECT_GONE, UNTIL(ASK_PIDFD), WRITE }, .kind = PIDFD, LISTENER)

#define CONSTANT(row, ...)	row,
enum row { SURVEY(CONSTANT) NROWS };
#define ENTRY(row, text, ...) \
	[row] = { __VA_ARGS__, .name = #row, .title = text },
static const struct schedule survey_rows[NROWS] = { SURVEY(ENTRY) };

/*
 * 2. Credentials: the fields, what told us each; and what became of a message.
 */
enum field { PID, UID, EUID, GID, EGID, GROUPS, NFIELDS };

static const struct { const char *key, *label; } fields[NFIELDS] = {
	[PID] = { "pid", "PID" }, [UID] = { "uid", "UID" },
	[EUID] = { "euid", "EUID" }, [GID] = { "gid", "GID" },
	[EGID] = { "egid", "EGID" },
	[GROUPS] = { "groups", "Supplementary groups" },
};

struct cred {
	const char *source[NFIELDS];	/* NULL: the field is not known */
	intmax_t id[GROUPS];
	gid_t *groups;
	size_t ngroups;
	struct pidfd {
		const char *source;	/* what brought one */
		int fd;			/* or an errno, as it came */
		intmax_t pid;		/* -1: it has gone; 0: not known */
	} pidfd;
};

enum outcome {
	CREDENTIALS, PLACEHOLDER, NONE, TRUNCATED, CLOSED, TIMEOUT,
	UNSUPPORTED, NOUTCOMES
};

static const char *const outcomes[NOUTCOMES] = {
	"credentials", "placeholder", "none", "truncated", "closed", "timeout",
	"unsupported"
};

struct result {
	enum outcome outcome;
	size_t bytes;
	bool ctrunc, trunc, raw;	/* MSG_CTRUNC, MSG_TRUNC; it had IDs */
	int error;			/* errno of a step that may fail */
	const char *missing;		/* why there is none in a survey */
	char *failed;			/* or why the conversation broke off */
	intmax_t client, client_euid;	/* its process ID, and the truth */
	struct cred message;		/* what came with the message */
	struct cred peer;		/* what the connection has */
};

static void
cred_forget(struct cred *cr)
{
	memset(cr->source, 0, sizeof(cr->source));
	cr->pidfd.source = NULL;
}

static void
cred_id(struct cred *cr, enum field f, intmax_t id, const char *source)
{
	cr->id[f] = id;
	cr->source[f] = source;
}

/*
 * 3. The kernel's side.  Credentials come in a struct, with a message or from
 * getsockopt(2): each system's block has the options, where the fields lie in
 * those structs, and what else is special there.
 */
struct mechanism {
	const char *option;	/* to be set, or of a peer, read; NULL: none */
	int name;		/* its number */
	const char *message;	/* the control message that it causes */
	int type;		/* of that */
	size_t fixed;		/* length of the data, without groups */
	unsigned at[NFIELDS], ngroups;	/* of each, plus 1; 0: none, or all */
	bool narrow;		/* ngroups is a short, not an int */
};
#define NAME(name)	#name, name
#define AT(s, member)	((unsigned)offsetof(struct s, member) + 1)

#if defined(__linux__) || defined(__OpenBSD__)
#define OPTION_LEVEL	SOL_SOCKET
#else
#define OPTION_LEVEL	0	/* SOL_LOCAL, which not every system has */
#endif

#if defined(__NetBSD__) || defined(__FreeBSD__)
#define IDS(s, prefix)	.at[UID] = AT(s, prefix##_uid), \
	.at[EUID] = AT(s, prefix##_euid), .at[GID] = AT(s, prefix##_gid), \
	.at[GROUPS] = AT(s, prefix##_groups), .ngroups = AT(s, prefix##_ngroups)
#define SOCKCRED(s)	.fixed = AT(s, sc_groups) - 1, IDS(s, sc), \
	.at[EGID] = AT(s, sc_egid)
#endif

#if defined(__linux__)		/* unix(7) */

#include <sys/prctl.h>

#ifndef SO_PASSPIDFD		/* Linux 6.5; not of alpha, PA-RISC and SPARC */
#define SO_PASSPIDFD	76
#define SO_PEERPIDFD	77	/* SCM_PIDFD is 4 on each, named or not */
#endif
#define MAXGROUPS	MOST_GROUPS	/* delivered of a sender's */
#define ABSTRACT	true	/* @ is a name outside the file system */
#define EOF_HAS_IDS	true	/* of a stream; credentials of nobody */
#define DIE_WITH_PARENT()	prctl(PR_SET_PDEATHSIG, SIGKILL)
#define UCRED(user, group)	.fixed = sizeof(struct ucred), \
	.at[PID] = AT(ucred, pid), .at[user] = AT(ucred, uid), \
	.at[group] = AT(ucred, gid)

static const struct mechanism mechanisms[NKINDS] = {
	[USUAL] = { NAME(SO_PASSCRED), NAME(SCM_CREDENTIALS), UCRED(UID, GID) },
	[PIDFD] = { NAME(SO_PASSPIDFD), "SCM_PIDFD", 4, .fixed = 4 },
	[PEER] = { NAME(SO_PEERCRED), UCRED(EUID, EGID) },
	[PEER_GROUPS] = { NAME(SO_PEERGROUPS), .at[GROUPS] = 1 },
	[PEER_PIDFD] = { NAME(SO_PEERPIDFD), .fixed = 4 },
};

#elif defined(__NetBSD__)	/* unix(4) */

/* <sched.h> makes a stub of it, which does nothing without libpthread. */
#undef sched_yield
int sched_yield(void);

#define MAXGROUPS	16	/* NGROUPS_MAX */

static const struct mechanism mechanisms[NKINDS] = {
	[USUAL] = { NAME(LOCAL_CREDS), NAME(SCM_CREDS), SOCKCRED(sockcred),
#ifdef LOCAL_OCREDS	/* came together with sc_pid, in NetBSD 8 */
	    .at[PID] = AT(sockcred, sc_pid),
#endif
	},
	[PEER] = { NAME(LOCAL_PEEREID), .fixed = sizeof(struct unpcbid),
	    .at[PID] = AT(unpcbid, unp_pid), .at[EUID] = AT(unpcbid, unp_euid),
	    .at[EGID] = AT(unpcbid, unp_egid) },
};

#elif defined(__FreeBSD__)	/* unix(4) */

#include <sys/procctl.h>
#include <sys/ucred.h>

#define MAXGROUPS	CMGROUP_MAX
#define DIE_WITH_PARENT() \
	procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &(int){ SIGKILL })

static const struct mechanism mechanisms[NKINDS] = {
	[USUAL] = { NAME(LOCAL_CREDS), NAME(SCM_CREDS), SOCKCRED(sockcred) },
	[ATTACHED] = { .message = "SCM_CREDS", .type = SCM_CREDS,
	    .fixed = sizeof(struct cmsgcred),	/* and no other length */
	    .at[PID] = AT(cmsgcred, cmcred_pid), IDS(cmsgcred, cmcred),
	    .narrow = true },
#ifdef LOCAL_CREDS_PERSISTENT	/* FreeBSD 13 */
	[EVERY] = { NAME(LOCAL_CREDS_PERSISTENT), NAME(SCM_CREDS2),
	    SOCKCRED(sockcred2), .at[PID] = AT(sockcred2, sc_pid) },
#endif
	[PEER] = { NAME(LOCAL_PEERCRED), .fixed = sizeof(struct xucred),
#if __FreeBSD_version >= 1300000
	    .at[PID] = AT(xucred, cr_pid),
#endif
	    .at[EUID] = AT(xucred, cr_uid), .at[EGID] = AT(xucred, cr_groups),
	    .at[GROUPS] = AT(xucred, cr_groups),
	    .ngroups = AT(xucred, cr_ngroups), .narrow = true },
};

#else	/* a system without the mechanism */

#define MAXGROUPS	MOST_GROUPS
#define GETPEEREID	getpeereid
#ifdef __APPLE__
#define initgroups(name, gid)	initgroups(name, (int)(gid))
struct peerpid { pid_t pid; };	/* what LOCAL_PEERPID is */
#endif

static const struct mechanism mechanisms[NKINDS] = {
	[USUAL] = { .option = NULL },
#if defined(__OpenBSD__)
	[PEER] = { NAME(SO_PEERCRED), .fixed = sizeof(struct sockpeercred),
	    .at[PID] = AT(sockpeercred, pid), .at[EUID] = AT(sockpeercred, uid),
	    .at[EGID] = AT(sockpeercred, gid) },
#elif defined(__APPLE__)
	[PEER] = { NAME(LOCAL_PEERPID), .fixed = sizeof(pid_t),
	    .at[PID] = AT(peerpid, pid) },
#endif
};

#endif	/* of the systems; what follows is the same on each */

#ifndef ABSTRACT
#define ABSTRACT		false
#define EOF_HAS_IDS		false
#endif
#ifndef DIE_WITH_PARENT		/* even when stopped, at a SIGKILL */
#define DIE_WITH_PARENT()	0
#endif
#ifndef GETPEEREID
#define GETPEEREID(fd, u, g)	((void)(fd), (void)(u), (void)(g), -1)
#endif

/* How many groups data says that it has; -1: it is cut, or has none. */
static long
layout_groups(const struct mechanism *m, const unsigned char *data, size_t len)
{
	short narrow;
	int wide;

	if (len < m->fixed || m->at[GROUPS] == 0)
		return -1;
	if (m->ngroups == 0)
		return (long)(len / sizeof(gid_t));
	memcpy(&narrow, data + m->ngroups - 1, sizeof(narrow));
	memcpy(&wide, data + m->ngroups - 1, sizeof(wide));
	return m->narrow ? narrow : wide;
}

static void
read_layout(const struct mechanism *m, const unsigned char *data, size_t len,
    struct cred *cr)
{
	const char *source = m->message != NULL ? m->message : m->option;
	const long n = layout_groups(m, data, len);
	uint32_t id;			/* each ID has four bytes */
	size_t size;			/* of groups, which may be unaligned */

	for (enum field f = PID; f < GROUPS; f++)
		if (m->at[f] != 0) {
			memcpy(&id, data + m->at[f] - 1, sizeof(id));
			/* PID 0 is unknown, or of another PID namespace. */
			cred_id(cr, f, id, f != PID || id > 0 ? source : NULL);
		}
	if (n < 0 || (size_t)n > (len - m->at[GROUPS] + 1) / sizeof(gid_t))
		return;
	size = (size_t)n * sizeof(gid_t);
	cr->groups = realloc(cr->groups, MAX(size, 1));
	if (cr->groups == NULL)
		err(EXIT_TROUBLE, "%ld groups", n);
	memcpy(cr->groups, data + m->at[GROUPS] - 1, size);
	cr->ngroups = (size_t)n;
	cr->source[GROUPS] = source;
}

/* Whose a pidfd is, which /proc tells; and closes it, if it is one. */
static void
read_pidfd(int fd, const char *source, struct cred *cr)
{
	char path[64];
	FILE *fp;

	cr->pidfd = (struct pidfd){ .source = source, .fd = fd };
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	fp = fd < 0 ? NULL : fopen(path, "r");
	if (fp == NULL || fscanf(fp, "%*[^P]Pid: %jd", &cr->pidfd.pid) != 1)
		cr->pidfd.pid = 0;
	if (fp != NULL)
		fclose(fp);
	if (fd >= 0)
		(void)close(fd);
}

/* NULL: of another kind, or either of two, if a sender may attach his own. */
static const struct mechanism *
find_layout(int type, const unsigned char *data, size_t len, bool may_claim)
{
	const struct mechanism *m = mechanisms;

	if (m[EVERY].message != NULL && type == m[EVERY].type)
		return &m[EVERY];
	if (m[USUAL].message == NULL || type != m[USUAL].type)
		return NULL;
	if (m[ATTACHED].message == NULL || len != m[ATTACHED].fixed)
		return &m[USUAL];
	/* The usual one has the groups that it says, if it is it. */
	if ((long)len != (long)m[USUAL].fixed +
	    layout_groups(&m[USUAL], data, len) * (long)sizeof(gid_t))
		return &m[ATTACHED];
	return may_claim ? NULL : &m[USUAL];
}

/* The IDs that stand for those without one here, read when first wanted. */
static bool
is_nobody(const struct cred *cr, intmax_t *nobody)
{
	static const char *const paths[] = { "/proc/sys/kernel/overflowuid",
	    "/proc/sys/kernel/overflowgid" };	/* user_namespaces(7) */
	FILE *fp;

	for (int i = 0; i < 2 && nobody[i] == 0; i++) {
		fp = fopen(paths[i], "r");
		if (fp == NULL || fscanf(fp, "%jd", &nobody[i]) != 1)
			nobody[i] = 65534;
		if (fp != NULL)
			fclose(fp);
	}
	return cr->id[UID] == nobody[0] && cr->id[GID] == nobody[1];
}

/* Of the data of the control message, with so many groups. */
static size_t
cred_size(size_t ngroups)
{
	const struct mechanism *m = &mechanisms[USUAL];
	const size_t n = MAX(MIN(ngroups, MAXGROUPS), 1);

	return m->fixed + (m->at[GROUPS] == 0 ? 0 : n * sizeof(gid_t));
}

/* The data of a control message by which a client claims to be someone. */
static size_t
claim_cred(unsigned char *data, const struct cred *cr)
{
	const bool own = mechanisms[ATTACHED].message != NULL;
	const struct mechanism *m = &mechanisms[own ? ATTACHED : USUAL];
	const size_t len = own ? m->fixed : cred_size(0);

	memset(data, 0, len);
	for (enum field f = PID; f < GROUPS; f++)
		if (m->at[f] != 0)
			memcpy(data + m->at[f] - 1, &(uint32_t){
			    (uint32_t)cr->id[f] }, sizeof(uint32_t));
	return len;
}

/* What the kernel noted when the connection was made. */
static void
peer_cred(int fd, struct cred *cr)
{
	unsigned char data[MOST_GROUPS * sizeof(gid_t)];
	const struct mechanism *m = &mechanisms[PEER];
	socklen_t len;
	uid_t euid;
	gid_t egid;

	for (; m <= &mechanisms[PEER_GROUPS]; m++) {
		/* NetBSD 10 refuses to fill more than some kilobytes. */
		len = (socklen_t)(m->fixed != 0 ? m->fixed : sizeof(data));
		if (m->option != NULL &&
		    getsockopt(fd, OPTION_LEVEL, m->name, data, &len) == 0)
			read_layout(m, data, len, cr);
	}
	/* Not connected, says Linux. */
	if (cr->source[EUID] != NULL && cr->id[EUID] == UINT32_MAX)
		cred_forget(cr);
	if (cr->source[EUID] == NULL && GETPEEREID(fd, &euid, &egid) == 0) {
		cred_id(cr, EUID, euid, "getpeereid");
		cred_id(cr, EGID, egid, "getpeereid");
	}
}

/*
 * 4. The two processes.
 */
static const struct {
	const char *name;
	int type;
} types[] = {
	{ "stream", SOCK_STREAM }, { "seqpacket", SOCK_SEQPACKET },
	{ "dgram", SOCK_DGRAM },
};

struct identity {			/* who the client is to be */
	const char *argument;		/* NULL: who we are */
	char *name;			/* for initgroups(3); NULL: none */
	uid_t uid;
	gid_t gid, basegid;
};

struct options {
	bool json, names, quiet, verbose, counted, any_type;
	uint64_t count;
	int64_t limit;			/* of a counted run, in nanoseconds */
	int64_t spread, timeout;	/* of delays, of a step; likewise */
	int role;			/* one of ROLES, or 0: both sides */
	const char *path;		/* NULL: a socketpair */
	mode_t mode;
	size_t type;			/* of types[]; any_type: or the next */
	struct identity user, effective;
	const struct schedule *schedule;
};

/* What one side tells the other, on a line of the cache that is its own. */
struct told {
	_Alignas(64) _Atomic uint32_t changes;	/* goes up with each step */
	_Atomic uint32_t done[NSTEPS];	/* the trial in which it last was */
	_Alignas(64) _Atomic int asleep;	/* until that; END: awake */
	_Atomic bool tired;		/* of spinning, which does not pay */
	struct times {			/* by now(); 0: not a step taken */
		int64_t begun[NSTEPS], ended[NSTEPS];
	} times[2];			/* of an even and an odd trial */
};

/* Some pages that both processes see. */
struct shared {
	struct told told[NSIDES];
	_Alignas(64) _Atomic int error;	/* errno of a step that may fail */
	_Atomic bool failed;		/* one side has said so, and why: */
	char failure[512];
	struct cred client, asked;	/* by the client: itself, its peer */
	struct made {			/* in the file system, to be removed */
		char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
		struct stat st;
	} made[NSIDES];
	size_t sent;			/* bytes, or on no stream messages */
	gid_t groups[MOST_GROUPS + 1];	/* FreeBSD can have one more */
};
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "two processes share no lock");

/* A message that was received, and what one has to know to read it. */
struct message {
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_ROOM];
	char data[DATA_ROOM];
	struct sockaddr_un from;
	struct iovec iov;
	struct msghdr msg;
	size_t bytes;
	int type;			/* of the socket */
	bool nothing;			/* was there, for a look */
	bool empty;			/* no bytes, and still no end of file */
	bool may_claim;			/* the sender attached his own, maybe */
	intmax_t nobody[2];		/* overflow UID and GID; 0: not read */
};

struct run {
	const struct options *options;
	const struct schedule *schedule;
	const struct mechanism *mechanism;
	struct shared *shared;
	enum side side;
	pid_t owner;			/* our own process */
	volatile pid_t child;		/* 0: none, any more */
	int control;			/* hands over descriptors */
	int wake;			/* a byte wakes us; -1: no other side */
	int listener, connection;	/* -1: none */
	int ends[NSIDES][BATCH];	/* of connections to come */
	size_t next, nends, npairs;	/* the last: for the batch after it */
	uint64_t trial, pairs, random, strangers;	/* from 1; made */
	enum step step;
	const char *waiting;		/* what the step waits for */
	int64_t time, until;		/* last seen; the step's deadline */
	int64_t spins;			/* for so long a wait spins */
	unsigned waits;			/* without a spin */
	unsigned patience, rests;	/* waits between two costly yields */
	uint32_t seen;			/* of the other's changes */
	struct sockaddr_un address, client;	/* of the two sides */
	socklen_t addresslen, clientlen;
	struct cred peer;		/* what the connection has */
	struct message message;
	jmp_buf *broken;		/* where a survey goes on; NULL: none */
};

/* At a signal a race and a server end as if done; a pipe wakes a server. */
static struct {
	struct run *volatile run;
	const char *volatile directory;	/* of the survey's sockets */
	volatile sig_atomic_t stoppable, stopped, dying, continued, progress;
	bool trouble;			/* and was said */
	int wakeup[2];
} ending = { .wakeup = { -1, -1 } };

static bool
is_named_dgram(const struct run *c)
{
	return c->options->path != NULL &&
	    types[c->options->type].type == SOCK_DGRAM;
}

/* In nanoseconds. */
static int64_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);	/* it never fails */
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* Length of the UTF-8 sequence at s (RFC 3629), or 0 if there is none. */
static size_t
utf8_len(const unsigned char *s)
{
	static const uint32_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 :
	    s[0] < 0xf0 ? 3 : 4;
	uint32_t code = s[0] - first[len];	/* too much: no first byte */

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fU);
	}
	return code >= least[len] && code <= 0x10ffff &&
	    (code < 0xd800 || code > 0xdfff) ? len : 0;
}

/* In place: what a terminal would act on, C0, C1 or no UTF-8, becomes '?'. */
static char *
make_visible(char *text)
{
	unsigned char *s = (unsigned char *)text;

	for (size_t n; *s != '\0'; s += MAX(n, 1)) {
		n = utf8_len(s);
		if (n == 0 || *s < 0x20 || *s == 0x7f ||
		    (*s == 0xc2 && s[1] < 0xa0))
			memset(s, '?', MAX(n, 1));
	}
	return text;
}

/* For every text that is not ours, on its way to a terminal. */
static char *
visible(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		err(EXIT_TROUBLE, "strdup");
	return make_visible(copy);
}

/* Ends the run, or a survey's cell; the first side to fail says why. */
static _Noreturn void __attribute__((format(printf, 3, 4)))
fail(struct run *c, int error, const char *fmt, ...)
{
	struct shared *sh = c->shared;
	char what[sizeof(sh->failure) / 2];
	va_list ap;

	if (!atomic_exchange(&sh->failed, true)) {
		va_start(ap, fmt);
		vsnprintf(what, sizeof(what), fmt, ap);
		va_end(ap);
		snprintf(sh->failure, sizeof(sh->failure), "%s%s%s%s",
		    c->side == CLIENT && c->options->role != 'P' ?
		    "client: " : "", make_visible(what),
		    error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
		if (c->broken == NULL)
			warnx("%s", sh->failure);
	}
	if (c->broken != NULL && c->side == SERVER)
		longjmp(*c->broken, 1);
	exit(EXIT_TROUBLE);
}

/* One line; with errno's text, but not where a signal handler says it. */
static void
say(const char *subject, const char *what)
{
	char line[PATH_MAX + 128] = "credcheck: ";

	strcat(strcat(strcat(line, subject), ": "), what);
	if (!ending.dying)
		strcat(strcat(line, ": "), strerror(errno));
	strcat(make_visible(line), "\n");
	while (write(STDERR_FILENO, line, strlen(line)) == -1 && errno == EINTR)
		continue;
	ending.trouble = true;
}

/* The server outlives the client, and removes what that has made as well. */
static void
remove_made(struct run *c)
{
	struct made *made = c->shared->made;
	struct stat st;

	for (struct made *m = made + c->side; m < made + NSIDES; m++) {
		if (m->path[0] != '\0' && (lstat(m->path, &st) == -1 ||
		    (st.st_dev == m->st.st_dev && st.st_ino == m->st.st_ino)) &&
		    unlink(m->path) == -1 && errno != ENOENT)
			say(m->path, "left behind");
		m->path[0] = '\0';
	}
}

/* Whether the other process is there; takes what it has woken us with. */
static bool
other_lives(const struct run *c)
{
	char bytes[64];			/* all that there can be, and more */
	const ssize_t n = recv(c->wake, bytes, sizeof(bytes), MSG_DONTWAIT);

	return n > 0 || (n == -1 && errno != ECONNRESET);
}

/* The client may have a name to remove, and is given a second for that. */
static void
end_client(struct run *c)
{
	struct pollfd pfd = { .fd = c->wake, .events = POLLIN };
	const pid_t child = c->child;

	if (child <= 0)
		return;
	(void)kill(child, SIGCONT);
	(void)shutdown(c->wake, SHUT_WR);	/* asks it to leave */
	for (int i = 0; i < 10 && other_lives(c); i++)
		(void)poll(&pfd, 1, 100);
	(void)kill(child, SIGKILL);
	c->child = 0;			/* its PID may soon be another's */
	(void)waitpid(child, NULL, 0);
}

static void
clear_progress(void)
{
	const char blank[] = "\r                                        \r";

	if (ending.progress &&
	    write(STDERR_FILENO, blank, sizeof(blank) - 1) != -1)
		ending.progress = 0;
}

/* Called by a signal handler: all in it is async-signal-safe (POSIX). */
static void
clean_up(void)
{
	struct run *c = ending.run;

	clear_progress();
	if (c != NULL && c->owner == getpid()) {
		end_client(c);
		remove_made(c);
	}
	if (ending.directory != NULL && (c == NULL || c->side == SERVER) &&
	    rmdir(ending.directory) == -1 && errno != ENOENT)
		say(ending.directory, "left behind");
}

/* Whether somebody reads what we write, or will within a second. */
static bool
has_room(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	return poll(&pfd, 1, SECOND / MILLISECOND) != 0;
}

static void
on_signal(int sig)
{
	const bool stops = ending.stoppable && !ending.stopped &&
	    (sig == SIGHUP || sig == SIGINT || sig == SIGTERM);
	const int error = errno;

	if (sig == SIGCONT)
		ending.continued = 1;
	else if (stops && has_room(STDOUT_FILENO) && has_room(STDERR_FILENO)) {
		ending.stopped = 1;
		(void)close(ending.wakeup[1]);	/* which wakes the server */
	} else {
		ending.dying = 1;
		clean_up();
		if (stops && has_room(STDERR_FILENO))
			say("standard output", "nobody reads the report");
		if (stops)
			_exit(EXIT_TROUBLE);
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
	}
	errno = error;
}

static void
handle_signals(void (*handler)(int))
{
	static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM,
	    SIGXCPU, SIGVTALRM, SIGUSR1, SIGUSR2 };
	struct sigaction old, sa = { .sa_handler = handler,
	    .sa_flags = SA_RESTART };	/* a report is written to its end */

	(void)sigfillset(&sa.sa_mask);
	for (size_t i = 0; i < nitems(fatal); i++)
		if (sigaction(fatal[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)	/* nohup(1) */
			(void)sigaction(fatal[i], &sa, NULL);
	sa.sa_handler = on_signal;
	(void)sigaction(SIGCONT, &sa, NULL);
}

static void
block_signals(int how)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(how, &all, NULL);
}

/* The wake-up line has ended: the server says why, unless the client did. */
static _Noreturn void
other_exited(struct run *c)
{
	const pid_t child = c->child;
	int status = 0;

	if (c->side == CLIENT)
		exit(EXIT_TROUBLE);	/* with nobody left to work for */
	c->child = 0;
	(void)waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		fail(c, 0, "client died of signal %d (%s), waiting for %s",
		    WTERMSIG(status), strsignal(WTERMSIG(status)), c->waiting);
	if (WEXITSTATUS(status) == EXIT_TROUBLE)
		c->shared->failed = true;
	fail(c, 0, "client left with status %d, waiting for %s",
	    WEXITSTATUS(status), c->waiting);
}

/* Whoever has slept looks at the step's deadline; a stop begins it anew. */
static void
check_deadline(struct run *c)
{
	c->time = now();
	if (c->time <= c->until)
		return;
	if (!ending.continued)
		fail(c, 0, "timed out after %g s waiting for %s",
		    (double)c->options->timeout / SECOND, c->waiting);
	ending.continued = 0;
	c->until = c->time + c->options->timeout;
}

/* Whether the other side has done a step since we last looked. */
static bool
other_moved(struct run *c)
{
	const uint32_t seen = c->seen;

	c->seen = atomic_load(&c->shared->told[!c->side].changes);
	return c->seen != seen;
}

/* Gives way, but not for a while after that took a slice; has it helped? */
static bool
give_way(struct run *c)
{
	const int64_t start = c->time;

	if (c->rests > 0)
		return false;
	(void)sched_yield();
	c->patience /= 2;
	if ((c->time = now()) - start > MILLISECOND)
		c->rests = c->patience = MIN(c->patience * 4 + 64, 16384);
	return other_moved(c);
}

/*
 * Looks out for the other side for as long as has lately paid: a wait that ends
 * asleep halves that, down to nothing, one that ends awake gives some back.  At
 * nothing, as on one processor, it gives way, but in no race, or tries again.
 */
static bool
spin(struct run *c)
{
	struct told *us = &c->shared->told[c->side];
	const bool try = c->spins == 0 && ++c->waits % 64 == 0;
	int64_t start, spins = try ? MOST_SPINS / 4 : c->spins;
	bool moved = other_moved(c);

	c->rests -= c->rests > 0;
	if (moved || spins == 0)
		return moved || (!c->schedule->race && give_way(c));
	start = now();
	do {
		for (int i = 0; i < 1000 && !moved; i++)
			moved = other_moved(c);
	} while (!moved && (c->time = now()) - start < spins);
	spins = moved ? spins + spins / 4 : try ? 0 : spins / 2;
	c->spins = spins < MICROSECOND ? 0 : MIN(spins, MOST_SPINS);
	if (us->tired != (c->spins == 0))
		us->tired = c->spins == 0;
	return moved;
}

/* Sleeps until fd is as wanted (-1: for a millisecond), or we are woken. */
static void
sleep_until(struct run *c, int fd, short wanted)
{
	struct pollfd fds[2] = { { .fd = c->wake, .events = POLLIN },
	    { .fd = fd, .events = wanted } };
	/* Rounded up, so as not to spin through the last one. */
	const int64_t left = MAX(c->until - c->time, 0) / MILLISECOND + 1;
	const nfds_t n = fd == c->wake ? 1 : 2;

	if (poll(fds, n, fd == -1 ? 1 : (int)left) == -1 && errno != EINTR)
		fail(c, errno, "poll");
	/* Its last act before it left may have been what we want. */
	if (fds[0].revents != 0 && !other_lives(c) && !other_moved(c) &&
	    (n == 1 || poll(fds + 1, 1, 0) != 1))
		other_exited(c);
	check_deadline(c);
}

/* After a call that failed: returns when it may be tried again. */
static void
retry(struct run *c, int fd, short wanted, const char *call)
{
	const int error = errno;

	if (fd == c->control && (error == EPIPE || error == ECONNRESET) &&
	    !other_lives(c))
		other_exited(c);
	/* What poll(2) cannot wait for: buffers, descriptors under way. */
	if (error == ENOBUFS || error == ETOOMANYREFS)
		fd = -1;
	else if (error != EAGAIN && error != EWOULDBLOCK && error != EINTR &&
	    error != ECONNABORTED)
		fail(c, error, "%s", call);
	if (c->wake == -1 || !spin(c))
		sleep_until(c, fd, wanted);
}

/* Whether the other side has done a step in this trial. */
static bool
is_done(const struct run *c, enum step s, uint64_t trial)
{
	return (int32_t)(c->shared->told[!c->side].done[s] -
	    (uint32_t)trial) >= 0;
}

/* Waits until the other side has done a step, or either has failed. */
static void
await(struct run *c, enum step s, uint64_t trial)
{
	struct told *us = &c->shared->told[c->side];

	while (!is_done(c, s, trial) && c->shared->error == 0) {
		if (spin(c))
			continue;
		/* The other side looks at this note after it has moved. */
		atomic_store(&us->asleep, (int)s);
		if (!other_moved(c))
			sleep_until(c, c->wake, POLLIN);
		atomic_store(&us->asleep, END);
	}
}

static struct times *
times_of(const struct run *c, enum side side)
{
	return &c->shared->told[side].times[c->trial % 2];
}

/* Tells the other side what we have done; wakes it if it sleeps for that. */
static void
tell(struct run *c, enum step s)
{
	struct told *us = &c->shared->told[c->side];
	_Atomic int *asleep = &c->shared->told[!c->side].asleep;

	atomic_store_explicit(&us->done[s], (uint32_t)c->trial,
	    memory_order_release);
	atomic_fetch_add(&us->changes, 1);
	if ((*asleep != (int)s && (*asleep == END || c->shared->error == 0)) ||
	    atomic_exchange(asleep, END) == END)
		return;
	while (send(c->wake, "", 1, MSG_DONTWAIT) == -1 && errno == EINTR)
		check_deadline(c);
	c->time = now();		/* that took its time */
}

/*
 * 5. The connection between them.
 */
/* One byte by sendmsg(2), and a control message with it if there is len. */
static ssize_t
send_with(int fd, int type, const void *data, size_t len)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_ROOM] = { 0 };
	struct iovec iov = { .iov_base = (char[]){ '!' }, .iov_len = 1 };
	const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = len > 0 ? control : NULL,
	    .msg_controllen = len > 0 ? (socklen_t)CMSG_SPACE(len) : 0 };
	const struct cmsghdr cm = { .cmsg_level = SOL_SOCKET,
	    .cmsg_type = type, .cmsg_len = (socklen_t)CMSG_LEN(len) };

	memcpy(control, &cm, sizeof(cm));
	memcpy(control + CMSG_LEN(0), data, len);
	return sendmsg(fd, &msg, MSG_DONTWAIT);
}

/*
 * Hands the server ends of connections to come, when it has closed the last: as
 * a socket is closed, NetBSD can take a descriptor that arrives for a lost one.
 */
static void
send_ends(struct run *c, const int *fds, size_t n)
{
	await(c, READY, c->trial);
	while (send_with(c->control, SCM_RIGHTS, fds, n * sizeof(int)) == -1)
		retry(c, c->control, POLLOUT, "sendmsg");
}

/* Receives at most so many bytes, and so many of control messages. */
static ssize_t
receive_once(struct message *m, int fd, size_t bytes, size_t room, int flags)
{
	ssize_t n;

	memset(&m->from, 0, sizeof(m->from));
	m->iov = (struct iovec){ m->data, bytes };
	m->msg = (struct msghdr){ .msg_name = &m->from,
	    .msg_namelen = sizeof(m->from), .msg_iov = &m->iov,
	    .msg_iovlen = 1, .msg_control = m->control,
	    .msg_controllen = (socklen_t)room };
	if ((n = recvmsg(fd, &m->msg, MSG_DONTWAIT | flags)) == -1)
		m->msg.msg_controllen = 0;	/* nothing was put there */
	m->bytes = n == -1 ? 0 : (size_t)n;
	return n;
}

static void
receive_ends(struct run *c)
{
	struct message *m = &c->message;
	struct cmsghdr *cm;
	ssize_t n;

	while ((n = receive_once(m, c->control, 1, CONTROL_ROOM, 0)) == -1)
		retry(c, c->control, POLLIN, "recvmsg");
	if (n == 0)
		other_exited(c);
	cm = CMSG_FIRSTHDR(&m->msg);
	if (cm == NULL || (m->msg.msg_flags & MSG_CTRUNC) != 0)
		fail(c, 0, "no descriptors left to receive the client's");
	c->next = 0;
	c->nends = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(c->ends[SERVER], CMSG_DATA(cm), c->nends * sizeof(int));
}

/*
 * The client makes the socketpairs, so that the connection's own credentials
 * are its: one more, if there are trials and descriptors left for it.
 */
static bool
make_pair(struct run *c)
{
	int pair[NSIDES];

	if (c->npairs == BATCH || c->pairs == c->options->count ||
	    socketpair(AF_UNIX, c->message.type, 0, pair) == -1)
		return false;
	c->pairs++;
	c->ends[CLIENT][c->npairs] = pair[CLIENT];
	c->ends[SERVER][c->npairs++] = pair[SERVER];
	return true;
}

/* What is in the way of a name that could not be bound. */
static const char *
what_is_there(const struct sockaddr_un *sun, socklen_t len)
{
	struct stat st;

	if (sun->sun_path[0] == '\0' || lstat(sun->sun_path, &st) == -1)
		return "an abstract socket";
	if (!S_ISSOCK(st.st_mode))
		return S_ISDIR(st.st_mode) ? "a directory" :
		    S_ISREG(st.st_mode) ? "a file" :
		    S_ISLNK(st.st_mode) ? "a symbolic link" :
		    "something that is no socket";
	/* A datagram socket asks without making a connection. */
	if (connect(socket(AF_UNIX, SOCK_DGRAM, 0),
	    (const struct sockaddr *)sun, len) == 0 || errno == EPROTOTYPE)
		return "a socket on which someone listens";
	return errno != ECONNREFUSED ? "a socket" :
	    "a socket on which nobody listens; remove it";
}

static void
bind_made(struct run *c, int fd, const struct sockaddr_un *sun, socklen_t len)
{
	struct made *m = &c->shared->made[c->side];
	const char *path = sun->sun_path;
	mode_t mask;
	int error;

	/* A signal between bind and the note of it would leave the file. */
	block_signals(SIG_BLOCK);
	mask = umask(0777 & ~c->options->mode);
	error = bind(fd, (const struct sockaddr *)sun, len) == -1 ? errno : 0;
	(void)umask(mask);
	if (error == 0 && *path != '\0' && lstat(path, &m->st) == -1) {
		error = errno;
		(void)unlink(path);
	} else if (error == 0)
		memcpy(m->path, path, sizeof(sun->sun_path));
	block_signals(SIG_UNBLOCK);
	if (c->side == SERVER && (error == EADDRINUSE || error == EEXIST))
		fail(c, 0, "%s: exists already: %s", c->options->path,
		    what_is_there(sun, len));
	if (error != 0)
		fail(c, error, "%s", c->side == CLIENT ? path :
		    c->options->path);
}

static int
named_socket(struct run *c)
{
	const int fd = socket(AF_UNIX, c->message.type, 0);

	if (fd == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		fail(c, errno, "socket");
	return fd;
}

/*
 * Of both sides, for both to know before they part.  A datagram client's is on
 * Linux a name that nobody can have taken, as gVisor gives none.
 */
static void
set_addresses(struct run *c)
{
	struct sockaddr_un *sun = &c->address, *client = &c->client;
	const char *path = c->options->path;
	const size_t len = strlen(path), max = sizeof(sun->sun_path) - 1 -
	    (is_named_dgram(c) && !ABSTRACT ? strlen(CLIENT_SUFFIX) : 0);

	if (len == 0)
		fail(c, 0, "an empty path names no socket");
	if (len > max)
		fail(c, 0, "path is %zu bytes long, %zu at most: %s", len, max,
		    path);
	sun->sun_family = client->sun_family = AF_UNIX;
	memcpy(sun->sun_path, path, len);
	c->addresslen = sizeof(*sun);
	if (path[0] == '@' && ABSTRACT) {
		sun->sun_path[0] = '\0';
		c->addresslen -= (socklen_t)(sizeof(sun->sun_path) - len);
	}
	if (!is_named_dgram(c) || c->options->role == 'l')
		return;
	c->clientlen = sizeof(*client);
	if (ABSTRACT)
		snprintf(client->sun_path + 1, max, "credcheck.%jd.%" PRIx64,
		    (intmax_t)c->owner, c->random);
	else
		strcat(strcpy(client->sun_path, path), CLIENT_SUFFIX);
}

/*
 * Anyone may connect.  Our client has handed us a copy of its end, out of which
 * comes what we send into a connection, if that is the client's.
 */
static bool
is_ours(struct run *c, int fd)
{
	const int copy = c->ends[SERVER][0];
	struct cred peer = { .groups = NULL };
	ssize_t n;

	/* Other errors are those of a connection that is not the client's. */
	while (send(fd, "?", 1, MSG_DONTWAIT) == -1 &&
	    (errno == EINTR || errno == ENOBUFS || errno == ENOMEM))
		retry(c, fd, POLLOUT, "send");
	while ((n = recv(copy, &(char){ 0 }, 1, MSG_DONTWAIT)) == -1 &&
	    (errno == EINTR || errno == ENOMEM))
		retry(c, copy, POLLIN, "recv");
	if (n == 1)
		return true;
	if (++c->strangers <= 10) {	/* ten are enough to read */
		peer_cred(fd, &peer);
		warnx(peer.source[PID] == NULL ? "not our client, and closed" :
		    "not our client, and closed: process %jd", peer.id[PID]);
		free(peer.groups);
	}
	(void)close(fd);
	return false;
}

/*
 * 6. The steps.  First the client's, which becomes who it is to be before any
 * other, as a connection notes who made it, and changes nothing afterwards.
 */
static const char *
become(const struct options *o)
{
	const struct identity *u = &o->user, *e = &o->effective;
	const bool user = u->argument != NULL, effective = e->argument != NULL;
	const uid_t uid = user ? u->uid : getuid();
	const gid_t gid = user ? u->gid : getgid();

	if (!user && !effective)
		return NULL;
	if (user && (u->name == NULL ? setgroups(1, &gid) :
	    initgroups(u->name, u->basegid)) == -1)
		return "setgroups";
	return setregid(gid, effective ? e->gid : gid) == -1 ? "setregid" :
	    setreuid(uid, effective ? e->uid : uid) == -1 ? "setreuid" : NULL;
}

/* Connects or writes, by a process that has gone when this returns. */
static void
by_another(struct run *c)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(c->step == BY_ANOTHER ?
		    send(c->connection, "?", 1, MSG_DONTWAIT) != 1 :
		    connect(c->connection, (struct sockaddr *)&c->address,
		    c->addresslen) == -1);
	if (child == -1 || waitpid(child, &status, 0) == -1 || status != 0)
		fail(c, child == -1 ? errno : 0, "fork");
}

/* To the path, or says what is wrong with it. */
static void
connect_server(struct run *c)
{
	const struct options *o = c->options;
	struct stat st;

	if (o->path == NULL && c->next == c->nends) {
		while (make_pair(c))
			continue;
		if (c->npairs == 0)
			fail(c, errno, "socketpair");
		times_of(c, CLIENT)->ended[CONNECT] = now();
		send_ends(c, c->ends[SERVER], c->npairs);
		for (c->nends = 0; c->nends < c->npairs; c->nends++)
			(void)close(c->ends[SERVER][c->nends]);
		c->next = c->npairs = 0;
	}
	if (o->path == NULL) {
		c->connection = c->ends[CLIENT][c->next++];
		return;
	}
	c->connection = named_socket(c);
	if (c->wake != -1 && is_named_dgram(c))
		bind_made(c, c->connection, &c->client, c->clientlen);
	else if (c->wake != -1 && o->role != 'S')
		send_ends(c, &c->connection, 1);
	if (c->step == CONNECT_GONE)
		by_another(c);
	while (connect(c->connection, (struct sockaddr *)&c->address,
	    c->addresslen) == -1 && errno != EISCONN) {
		if (errno == EPROTOTYPE && o->any_type) {
			c->shared->error = errno;
			break;
		}
		if (errno == EPROTOTYPE && o->role == 'P')
			fail(c, 0, "%s: no %s socket", o->path, o->type > 0 ?
			    "stream or seqpacket" : "stream");
		if (errno == ECONNREFUSED && c->address.sun_path[0] != '\0' &&
		    stat(o->path, &st) == 0 && !S_ISSOCK(st.st_mode))
			fail(c, 0, "%s: not a socket", o->path);
		/* Linux: a full backlog is EAGAIN, and cannot be polled. */
		if (errno != EAGAIN && errno != EINTR)
			fail(c, errno, "connect: %s", o->path);
		retry(c, -1, 0, "connect");
	}
}

static void
hear_go_on(struct run *c)
{
	ssize_t n;

	while ((n = recv(c->connection, &(char){ 0 }, 1, MSG_DONTWAIT)) == -1)
		retry(c, c->connection, POLLIN, "recv");
	if (n == 0)
		fail(c, 0, "the server closed the connection instead of "
		    "sending \"go on\"");
}

/* As many bytes at once as the socket's buffer takes. */
static ssize_t
send_largest(struct run *c)
{
	int size = 0;
	socklen_t len = sizeof(size);
	ssize_t n = -1;
	char *data;

	if (getsockopt(c->connection, SOL_SOCKET, SO_SNDBUF, &size, &len) == -1)
		fail(c, errno, "getsockopt: SO_SNDBUF");
	if ((data = calloc(1, (size_t)size)) == NULL)
		fail(c, errno, "calloc");
	/* Linux wants room for its own in it. */
	while (size > 8 && (n = send(c->connection, data, (size_t)size -
	    (c->step == NEARLY ? 6 : 0), MSG_DONTWAIT)) == -1 &&
	    (errno == EMSGSIZE || errno == ENOBUFS))
		size -= size / 64 + 1;
	free(data);
	return n;
}

/* A message; only the plain one waits for room, and must not be refused. */
static void
send_message(struct run *c)
{
	const enum step s = c->step;
	const int fd = c->connection;
	struct cred claimed = c->shared->client;
	unsigned char data[CONTROL_ROOM / 2];
	ssize_t n = 1;

	if (s == FORGE)
		claimed.id[UID] = claimed.id[GID] = 0;
	if (s == FORGE || s == CLAIM)
		n = send_with(fd, mechanisms[USUAL].type, data,
		    claim_cred(data, &claimed));
	else if (s == DESCRIPTOR || s == SENDMSG)
		n = send_with(fd, SCM_RIGHTS, &c->control,
		    s == DESCRIPTOR ? sizeof(int) : 0);
	else if (s == EMPTY)
		n = send(fd, "", 0, MSG_DONTWAIT);
	else if (s == LARGEST || s == NEARLY)
		n = send_largest(c);
	else if (s == BY_ANOTHER)
		by_another(c);
	else
		while ((n = write(fd, "!", 1)) == -1)
			retry(c, fd, POLLOUT, "write");
	if (n == -1)
		c->shared->error = errno;
	else
		c->shared->sent += c->message.type == SOCK_STREAM ?
		    (size_t)n : 1;
}

/* Who the peer is, which the other side may read, or for a pidfd of it. */
static void
ask(struct run *c)
{
	const struct mechanism *m = &mechanisms[PEER_PIDFD];
	socklen_t len = sizeof(int);
	int fd = -1;

	if (c->step == ASK) {
		peer_cred(c->connection, &c->peer);
		c->shared->asked = c->peer;
	} else if (m->option != NULL &&
	    getsockopt(c->connection, OPTION_LEVEL, m->name, &fd, &len) == 0)
		read_pidfd(fd, m->option, &c->peer);
	else if (c->options->role == 'S')
		c->shared->error = errno;
}

/*
 * A side of the race waits, from when both are awake, if that can be.  On one
 * processor, which shows in spinning in vain, its time may be over before the
 * other side could run at all, and every second time it gives way nevertheless.
 */
static void
race_delay(struct run *c)
{
	const struct told *told = c->shared->told;
	uint64_t x = c->random += UINT64_C(0x9e3779b97f4a7c15);
	int64_t until;
	bool alone;

	/* A random number: the finalizer of SplitMix64. */
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	while (c->side == SERVER && !is_done(c, AWAKE, c->trial) && spin(c))
		continue;
	/* One whose time is over when it can run has waited long enough. */
	alone = told[SERVER].tired || told[CLIENT].tired;
	if (!alone)
		c->time = now();
	until = (alone ? times_of(c, SERVER)->ended[ACCEPT] : c->time) +
	    (int64_t)((x >> 1) % ((uint64_t)c->options->spread + 1));
	do
		if (until - c->time > 2 * MILLISECOND)
			(void)poll(NULL, 0, 1);
		else if (alone && x % 2 == 0)
			(void)give_way(c);
	while ((c->time = now()) < until);
}

/* The server's steps. */
static void
get_ready(struct run *c)
{
	if (c->listener == -1 || c->trial > 1)
		return;
	bind_made(c, c->listener, &c->address, c->addresslen);
	if (!is_named_dgram(c) && listen(c->listener, SOMAXCONN) == -1)
		fail(c, errno, "listen");
}

static void
accept_client(struct run *c)
{
	const bool pair = c->options->path == NULL, dgram = is_named_dgram(c);
	/* Nobody else comes to a directory of our own. */
	const bool sure = dgram || c->options->role == 'S';

	if (c->next == c->nends && (pair || !sure))
		receive_ends(c);
	else if (pair || dgram)
		await(c, CONNECT, c->trial);
	c->connection = pair ? c->ends[SERVER][c->next++] : c->listener;
	if (!pair && !dgram) {
		do {
			while ((c->connection = accept(c->listener, NULL,
			    NULL)) == -1)
				retry(c, c->listener, POLLIN, "accept");
			check_deadline(c);
			times_of(c, SERVER)->ended[ACCEPT] = c->time;
		} while (!sure && !is_ours(c, c->connection));
		if (!sure)
			(void)close(c->ends[SERVER][c->next++]);
	}
	/* NetBSD 10 has forgotten them when the client has closed. */
	if (!c->options->counted)
		peer_cred(c->connection, &c->peer);
}

static void
set_option(struct run *c)
{
	const struct mechanism *m = c->step == PERSISTENT ? &mechanisms[EVERY] :
	    c->step == PIDFD_OPTION ? &mechanisms[PIDFD] : c->mechanism;
	const int fd = c->connection != -1 ? c->connection : c->listener;
	const int level = c->step != WRONG_OPTION ? OPTION_LEVEL :
	    OPTION_LEVEL == SOL_SOCKET ? 0 : SOL_SOCKET;

	if (m->option == NULL || setsockopt(fd, level, m->name, &(int){ 1 },
	    sizeof(int)) == 0)
		return;
	if (c->step == OPTION)
		fail(c, errno, "setsockopt: %s", m->option);
	c->shared->error = errno;
}

static void
send_go_on(struct run *c)
{
	while (sendto(c->connection, "G", 1, MSG_DONTWAIT, c->clientlen == 0 ?
	    NULL : (struct sockaddr *)&c->client, c->clientlen) == -1) {
		/* A client that has gone leaves its message, or its end. */
		if (errno == EPIPE || errno == ECONNRESET ||
		    errno == ECONNREFUSED || errno == ENOENT)
			return;
		retry(c, c->connection, POLLOUT, "send");
	}
}

/* Whether it is no message but the end of file. */
static bool
is_end(const struct message *m)
{
	return m->bytes == 0 && m->type != SOCK_DGRAM &&
	    ((m->type == SOCK_STREAM && EOF_HAS_IDS) ||
	    (m->msg.msg_controllen == 0 &&
	    (m->msg.msg_flags & MSG_CTRUNC) == 0));
}

/*
 * Returns the length, or -1 with errno.  A kernel can report end of file ahead
 * of a message, if both came during the call (Linux on seqpacket, NetBSD on
 * streams), or ECONNRESET, once; and an empty message without credentials can
 * look like it.  So there is a second look, without room for descriptors, which
 * would be ours to close.
 */
static ssize_t
receive_now(struct run *c, size_t room)
{
	struct message *m = &c->message, behind;
	const int fd = c->connection;
	ssize_t next, n = receive_once(m, fd, DATA_ROOM, room, 0);

	m->empty = false;
	m->nothing = n == -1 && errno != ECONNRESET;
	if (m->nothing || (n != -1 && !is_end(m)))
		return n;
	behind.type = m->type;
	next = receive_once(&behind, fd, 1, CMSG_LEN(0), MSG_PEEK);
	if (next != -1 && !is_end(&behind))
		return receive_once(m, fd, DATA_ROOM, room, 0);
	m->empty = n == 0 && next == -1 && errno == EAGAIN;
	m->nothing = m->type == SOCK_DGRAM;	/* which has no end */
	return m->nothing ? next : 0;
}

static void
receive(struct run *c)
{
	const size_t room = c->step == RECEIVE_SMALL ? CMSG_LEN(sizeof(int)) :
	    c->step != RECEIVE_EXACT ? CONTROL_ROOM :
	    CMSG_SPACE(cred_size(c->shared->client.ngroups));

	/* Of datagrams to a path only our client's are meant. */
	do
		while (receive_now(c, room) == -1)
			retry(c, c->connection, POLLIN, "recvmsg");
	while (c->clientlen != 0 && memcmp(c->message.from.sun_path,
	    c->client.sun_path, sizeof(c->client.sun_path)) != 0);
}

/*
 * Reads what is there, without waiting, and keeps the last message as its first
 * read had it; if less came than the client sent, nothing came of its last one.
 */
static void
look(struct run *c)
{
	struct message *m = &c->message, last = { .bytes = 0 };
	size_t all = 0;

	while (receive_now(c, CONTROL_ROOM) != -1) {
		if (last.bytes < DATA_ROOM || m->msg.msg_controllen > 0)
			last = *m;
		all += m->type == SOCK_STREAM ? m->bytes : 1;
		if (m->bytes == 0)
			break;
	}
	if (all > 0)
		*m = last;	/* Linux puts IDs there even at EAGAIN */
	m->nothing = m->nothing || all < c->shared->sent;
	c->shared->sent = 0;
}

/*
 * Every step: what does it (NULL: it is only told), its word in the timeline,
 * what it may have to wait for itself, and what one waits for who awaits it.
 */
#define MESSAGE	"the client's message"
#define CONNECTS { connect_server, "connected", \
	"the server to accept", "the client to connect" }
#define SETS	{ set_option, "option set", NULL, "the option to be set" }
#define SENDS { send_message, "message sent", "room for the message", MESSAGE }
#define GETS	{ receive, "received", MESSAGE, "the server to receive" }
static const struct {
	void (*run)(struct run *);
	const char *done, *waits, *awaited;
} steps[NSTEPS] = {
	[READY] = { get_ready, "ready for the client", NULL, "the server" },
	[ACCEPT] = { accept_client, "accepted", "the client to connect",
	    "the server to accept" },
	[OPTION] = SETS, [OPTION_AGAIN] = SETS, [PERSISTENT] = SETS,
	[PIDFD_OPTION] = SETS, [WRONG_OPTION] = SETS, [OWN_OPTION] = SETS,
	[GO_ON] = { send_go_on, "sent \"go on\"", "room for \"go on\"", NULL },
	[RECEIVE] = GETS, [RECEIVE_SMALL] = GETS, [RECEIVE_EXACT] = GETS,
	[LOOK] = { look, NULL, NULL, "the server to look" },
	[CONNECT] = CONNECTS, [CONNECT_GONE] = CONNECTS,
	[HEAR_GO_ON] = { hear_go_on, "got \"go on\"", "\"go on\"", NULL },
	[WRITE] = SENDS, [EMPTY] = SENDS, [CLAIM] = SENDS, [FORGE] = SENDS,
	[WRITE_AGAIN] = SENDS, [SENDMSG] = SENDS, [DESCRIPTOR] = SENDS,
	[LARGEST] = SENDS, [NEARLY] = SENDS, [BY_ANOTHER] = SENDS,
	[DONE] = { .awaited = MESSAGE }, [DELAY] = { .run = race_delay },
	[ASK] = { ask, "asked for the peer", NULL, NULL },
	[ASK_PIDFD] = { ask, NULL, NULL, "the server to ask" },
};

/* Takes a step, which begins where the last ended; or awaits the other's. */
static void
take_step(struct run *c, unsigned step)
{
	const enum step s = (enum step)(step & ~(unsigned)UNTIL(END));
	struct times *times = times_of(c, c->side);

	c->waiting = s == step && steps[s].waits != NULL ? steps[s].waits :
	    steps[s].awaited;
	c->until = c->time + c->options->timeout;
	if (s == step) {
		c->step = s;
		times->begun[s] = c->time;
		if (steps[s].run != NULL)
			steps[s].run(c);
	} else if (c->wake != -1)
		await(c, s, c->trial);
	c->time = now();
	if (s == step && times->ended[s] == 0)
		times->ended[s] = c->time;	/* or the step has done so */
	if (s == step)
		tell(c, s);
}

/* One side of a trial: its steps, until one of either side's has failed. */
static void
hold_trial(struct run *c, const unsigned char *list)
{
	const struct mechanism *m = c->mechanism;

	c->trial++;
	memset(times_of(c, c->side), 0, sizeof(struct times));
	/* Later the client may be ahead, by a trial of which times are kept. */
	if (c->side == CLIENT && c->trial == 1)
		take_step(c, UNTIL(READY));
	for (; *list != END && c->shared->error == 0; list++)
		take_step(c, *list);
	take_step(c, c->side == SERVER ? UNTIL(DONE) : DONE);
	/* A named datagram socket stays, without the option. */
	if (c->connection != c->listener || c->connection == -1)
		(void)close(c->connection);
	else if (m->option != NULL && setsockopt(c->connection, OPTION_LEVEL,
	    m->name, &(int){ 0 }, sizeof(int)) == -1)
		fail(c, errno, "setsockopt: %s", m->option);
	c->connection = -1;
	if (c->side == CLIENT)
		remove_made(c);
}

/* The client's whole life. */
static _Noreturn void
run_client(struct run *c)
{
	const char *user = c->options->user.argument;
	const char *what = become(c->options);
	struct shared *sh = c->shared;
	int n;

	if (what != NULL)
		err(EXIT_TROUBLE, "--%s %s needs root: %s",
		    user != NULL ? "user" : "effective", visible(user != NULL ?
		    user : c->options->effective.argument), what);
	if (c->wake != -1)
		(void)DIE_WITH_PARENT();	/* a new identity forgets it */
	if ((n = getgroups(nitems(sh->groups), sh->groups)) == -1)
		fail(c, errno, "getgroups");
	sh->client = (struct cred){ .groups = sh->groups, .ngroups = (size_t)n,
	    .id = { getpid(), getuid(), geteuid(), getgid(), getegid() },
	    .source = { "getpid", "getuid", "geteuid", "getgid", "getegid",
	    "getgroups" } };
	while (c->trial < c->options->count) {
		hold_trial(c, c->schedule->client);
		if (c->options->path == NULL)	/* while the server parses */
			(void)make_pair(c);
	}
	_exit(EXIT_SUCCESS);	/* exit(3) is slow, and the server waits */
}

/*
 * The parser.  It walks the control messages by what did arrive: of one that
 * was cut NetBSD leaves the length, so that CMSG_NXTHDR and cmsg_len point
 * beyond.  Closes descriptors, which any sender may have sent along.
 */
static enum outcome
parse_control(struct message *m, struct cred *cr)
{
	static const struct linger off = { .l_onoff = 0 };
	const struct mechanism *pidfd = &mechanisms[PIDFD], *l;
	const unsigned char *data, *buf = m->msg.msg_control;
	const size_t total = m->msg.msg_controllen;
	enum outcome found = NONE;
	struct cmsghdr cm;
	size_t len, i;
	int fd;

	for (size_t at = 0; at + CMSG_LEN(0) <= total; at += CMSG_SPACE(len)) {
		memcpy(&cm, buf + at, sizeof(cm));
		if (cm.cmsg_len < CMSG_LEN(0))
			break;
		data = buf + at + CMSG_LEN(0);
		len = MIN(cm.cmsg_len, total - at) - CMSG_LEN(0);
		if (cm.cmsg_level != SOL_SOCKET)
			continue;
		if (cm.cmsg_type == SCM_RIGHTS)
			for (i = 0; i + sizeof(fd) <= len; i += sizeof(fd)) {
				memcpy(&fd, data + i, sizeof(fd));
				/* Else it waits for what the sender sent. */
				(void)setsockopt(fd, SOL_SOCKET, SO_LINGER,
				    &off, sizeof(off));
				(void)close(fd);
			}
		else if (pidfd->option != NULL && len >= sizeof(fd) &&
		    cm.cmsg_type == pidfd->type) {
			memcpy(&fd, data, sizeof(fd));
			read_pidfd(fd, pidfd->message, cr);
		} else if (found != CREDENTIALS && (l = find_layout(
		    cm.cmsg_type, data, len, m->may_claim)) != NULL) {
			found = len < l->fixed ? TRUNCATED : CREDENTIALS;
			if (found == CREDENTIALS)
				read_layout(l, data, len, cr);
		}
	}
	/* Linux: no process, and the IDs of those without a name. */
	return found == CREDENTIALS && cr->source[PID] == NULL &&
	    cr->source[EUID] == NULL && is_nobody(cr, m->nobody) ?
	    PLACEHOLDER : found;
}

/* What a message and its control messages mean. */
static void
parse(struct message *m, struct result *r)
{
	cred_forget(&r->message);
	r->bytes = m->bytes;
	r->ctrunc = (m->msg.msg_flags & MSG_CTRUNC) != 0;
	r->trunc = (m->msg.msg_flags & MSG_TRUNC) != 0;
	r->outcome = parse_control(m, &r->message);
	r->raw = r->outcome == CREDENTIALS || r->outcome == PLACEHOLDER;
	if (m->nothing)
		r->outcome = TIMEOUT;
	else if (is_end(m) && !m->empty) {
		r->outcome = CLOSED;
		cred_forget(&r->message);
	} else if (mechanisms[USUAL].option == NULL)
		r->outcome = UNSUPPORTED;
	else if (r->outcome == NONE && r->ctrunc)
		r->outcome = TRUNCATED;
}

/*
 * 7. The report: one result, and two writers of it.
 */
enum class { BEFORE, AFTER, OVERLAP, UNACCEPTED, NCLASSES };

static const struct {
	const char *name, *text;
} classes[NCLASSES] = {
	[BEFORE] = { "before", "option set before the write" },
	[AFTER] = { "after", "option set after the write" },
	[OVERLAP] = { "overlap", "both at once" },
	[UNACCEPTED] = { "unaccepted", "begun before accept(2) ended" },
};

#define NBINS		18		/* the outer two are open */

struct tally {
	uintmax_t trials, counts[NOUTCOMES], mismatches, violations;
	uintmax_t classes[NCLASSES][NOUTCOMES], bins[NBINS][NOUTCOMES];
	int64_t elapsed;		/* in nanoseconds */
};

/* Whose word a field is: the message's, else what the connection may know. */
static const struct cred *
knows(const struct result *r, enum field f)
{
	return r->outcome == CREDENTIALS && r->message.source[f] != NULL ?
	    &r->message : &r->peer;
}

/*
 * Whether y has all of x's groups, of as many as the kernel delivers.  Each is
 * looked for behind the last one, as a kernel keeps their order.
 */
static bool
has_groups(const struct cred *y, const struct cred *x)
{
	const size_t n = MIN(x->ngroups, MAXGROUPS);
	const size_t most = MIN(y->ngroups, MAXGROUPS);
	size_t at = 0, j = 0;

	for (size_t i = 0; i < n && j < most; i++)
		for (j = 0; j < most && y->groups[at] != x->groups[i]; j++)
			at = (at + 1) % most;
	return n == 0 || j < most;
}

/* Whether two fields are both known, and not the same. */
static bool
differ(const struct cred *x, enum field f, const struct cred *y, enum field g)
{
	return x->source[f] != NULL && y->source[g] != NULL &&
	    (f != GROUPS ? x->id[f] != y->id[g] :
	    !has_groups(x, y) || !has_groups(y, x));
}

/* What the client is: its own word, which a server does not have. */
static const struct cred *
truth_of(const struct run *c)
{
	return c->options->role == 'l' || c->options->role == 'P' ? NULL :
	    &c->shared->client;
}

/* Whether all that is known is the client's own; -1: nothing to compare. */
static int
matches(const struct run *c, const struct result *r)
{
	const struct cred *truth = truth_of(c);

	if (truth == NULL || r->outcome != CREDENTIALS)
		return -1;
	for (enum field f = PID; f < NFIELDS; f++)
		if (differ(knows(r, f), f, truth, f))
			return false;
	return true;
}

/* Each ID with its name as id(1) has it, if it has one; and who says so. */
static void
print_value(const char *sep, const struct cred *cr, enum field f, bool names,
    const char *source)
{
	const bool known = cr->source[f] != NULL;
	const size_t n = !known ? 0 : f == GROUPS ? cr->ngroups : 1;
	const struct passwd *pw;
	const struct group *gr;
	intmax_t id;

	printf(n > 0 ? "%s" : known ? "%s none" : "%s -", sep);
	for (size_t i = 0; i < n; i++) {
		id = f == GROUPS ? (intmax_t)cr->groups[i] : cr->id[f];
		printf(" %jd", id);
		if (names && (f == UID || f == EUID) &&
		    (pw = getpwuid((uid_t)id)) != NULL)
			printf("(%s)", pw->pw_name);
		if (names && f >= GID && (gr = getgrgid((gid_t)id)) != NULL)
			printf("(%s)", gr->gr_name);
	}
	if (source != NULL)
		printf(" (%s)", source);
}

static void
text_result(const struct run *c, const struct result *r)
{
	const struct cred *truth = truth_of(c), *peer = &r->peer, *cr;
	const bool names = c->options->names;
	const char *source;

	if (c->options->role != 'P')
		printf("Got %zu byte%s%s\n", r->bytes, r->bytes == 1 ? "" :
		    "s", r->trunc ? " of a longer message" : "");
	for (enum field f = PID; f < NFIELDS; f++) {
		cr = knows(r, f);
		source = peer->source[f];
		printf("%s", fields[f].label);
		print_value(":", cr, f, names, cr == peer ? source : NULL);
		if (truth != NULL && differ(cr, f, truth, f))
			print_value(" !=", truth, f, names, "client");
		if (differ(cr, f, peer, f))
			print_value(" !=", peer, f, names, source);
		printf("\n");
	}
	if (peer->pidfd.source != NULL) {
		printf("Process of the pidfd: ");
		printf(peer->pidfd.pid == -1 ? "gone" : "%jd", peer->pidfd.pid);
		printf(" (%s)\n", peer->pidfd.source);
		if (peer->pidfd.pid > 0 && peer->source[PID] != NULL &&
		    peer->pidfd.pid != peer->id[PID])
			printf("PID and pidfd name different processes\n");
	}
	if (truth != NULL)
		return;
	if (differ(knows(r, PID), PID, peer, PID))
		printf("Message and connection name different processes\n");
	if (differ(knows(r, UID), UID, knows(r, EUID), EUID) ||
	    differ(knows(r, GID), GID, knows(r, EGID), EGID))
		printf("Real and effective IDs differ\n");
}

/* On standard error, what the text cannot show: why there is nothing. */
static void
explain(const struct run *c, const struct result *r)
{
	static const char *const reasons[NOUTCOMES] = { "", "", "",
		": truncated (they did not fit)", ": closed (end of file)",
		": timeout (no message came)",
		": unsupported (this system has no option for it)",
	};
	char which[48] = "";

	if (r->outcome == CREDENTIALS || c->options->json ||
	    (c->options->quiet && r->outcome != UNSUPPORTED))
		return;
	if (c->options->role == 'l')
		snprintf(which, sizeof(which), "connection %" PRIu64 ": ",
		    c->trial);
	if (r->outcome == PLACEHOLDER)
		warnx("%sMessage did not include credentials: placeholder "
		    "(PID %jd, UID %jd, GID %jd)", which, r->message.id[PID],
		    r->message.id[UID], r->message.id[GID]);
	else
		warnx("%sMessage did not include credentials%s", which,
		    reasons[r->outcome]);
}

/* A JSON string (RFC 8259), bytes that are not UTF-8 as U+FFFD. */
static void
json_string(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t n;

	printf(s == NULL ? "null" : "\"");
	for (; s != NULL && *s != '\0'; s += MAX(n, 1)) {
		n = utf8_len(s);
		if (n == 0 || *s < 0x20 || strchr("\"\\\177", *s) != NULL)
			printf("\\u%04x", n == 0 ? 0xfffdU : *s);
		else
			fwrite(s, 1, n, stdout);
	}
	printf(s == NULL ? "" : "\"");
}

/* As printf(3), of %jd, %s (or null) and %d (-1 is null, 1 true); ' is a ". */
static void __attribute__((format(printf, 1, 2)))
json(const char *fmt, ...)
{
	static const char *const values[] = { "null", "false", "true" };
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++)
		if (*fmt != '%')
			putchar(*fmt == '\'' ? '"' : *fmt);
		else if (*++fmt == 's')
			json_string(va_arg(ap, const char *));
		else if (*fmt == 'd')
			printf("%s", values[va_arg(ap, int) + 1]);
		else if (*fmt++ == 'j')
			printf("%jd", va_arg(ap, intmax_t));
	va_end(ap);
}

static void
json_field(const char *sep, const struct cred *cr, enum field f)
{
	const bool known = cr->source[f] != NULL, list = known && f == GROUPS;

	printf("%s\"%s\":", sep, fields[f].key);
	printf(list ? "[" : known ? "%jd" : "null", f < GROUPS ? cr->id[f] : 0);
	for (size_t i = 0; list && i < cr->ngroups; i++)
		printf(i > 0 ? ",%ju" : "%ju", (uintmax_t)cr->groups[i]);
	printf(list ? "]" : "");
}

static void
json_begin(const char *mode)
{
	struct utsname un;

	if (uname(&un) == -1)
		err(EXIT_TROUBLE, "uname");
	json("{'format':1,'system':%s,'release':%s,'mode':%s", un.sysname,
	    un.release, mode);
}

static void
json_head(const struct run *c)
{
	const struct options *o = c->options;

	json_begin(c->schedule->name);
	json(",'transport':%s,'path':%s,'type':%s,'option':%s,'message':%s",
	    o->path == NULL ? "socketpair" : "path", o->path,
	    types[o->type].name, c->mechanism->option, c->mechanism->message);
}

/* One struct cred as an object, without the fields in a mask. */
static void
json_cred(const char *key, const struct cred *cr, unsigned without)
{
	json(cr != NULL ? ",%s:{" : ",%s:null", key);
	for (enum field f = PID; cr != NULL && f < NFIELDS; f++)
		if ((without & 1U << f) == 0)
			json_field(f == PID ? "" : ",", cr, f);
	json(cr != NULL ? "}" : "");
}

static void
json_sources(const struct result *r)
{
	for (enum field f = PID; f < NFIELDS; f++)
		json(f == PID ? ",'source':{%s:%s" : ",%s:%s", fields[f].key,
		    knows(r, f)->source[f]);
	printf("}");
}

static void
json_result(const struct run *c, const struct result *r)
{
	const intmax_t *id = r->message.id;
	const bool peer = c->options->role == 'P';

	json_head(c);
	if (c->options->role == 'l')
		json(",'connection':%jd", (intmax_t)c->trial);
	json(",'outcome':%s", peer && r->outcome == CREDENTIALS ? "peer" :
	    outcomes[r->outcome]);
	json(peer ? ",'bytes':null" : ",'bytes':%jd", (intmax_t)r->bytes);
	json(",'ctrunc':%d", peer ? -1 : r->ctrunc);
	for (enum field f = PID; f < NFIELDS; f++)
		json_field(",", knows(r, f), f);
	json_sources(r);
	json_cred("peer", &r->peer, 1U << UID | 1U << GID);
	json_cred("client", truth_of(c), 0);
	json(",'match':%d,'trunc':%d", matches(c, r), peer ? -1 : r->trunc);
	json(r->outcome != PLACEHOLDER ? ",'placeholder':null" :
	    ",'placeholder':{'pid':%jd,'uid':%jd,'gid':%jd}", id[PID], id[UID],
	    id[GID]);
	if (peer)
		json(r->peer.pidfd.source == NULL ? ",'pidfd_pid':null" :
		    ",'pidfd_pid':%jd", r->peer.pidfd.pid);
	printf("}\n");
}

static uintmax_t
sum(const uintmax_t *counts)
{
	uintmax_t n = 0;

	for (enum outcome o = CREDENTIALS; o < NOUTCOMES; o++)
		n += counts[o];
	return n;
}

static void
json_counts(const uintmax_t *counts)
{
	for (enum outcome o = CREDENTIALS; o < NOUTCOMES; o++)
		json(o == CREDENTIALS ? ",'counts':{%s:%jd" : ",%s:%jd",
		    outcomes[o], counts[o]);
	printf("}");
}

/* A bin's lower end, in nanoseconds; the first bin has none. */
static intmax_t
bin_edge(const struct options *o, int bin)
{
	const int64_t half = o->spread > 0 ? o->spread : 20 * MICROSECOND;

	return (bin - NBINS / 2) * half / (NBINS / 2 - 1);
}

static bool
is_race(const struct run *c)
{
	return c->options->role == 0 && c->schedule->race;
}

static void
json_tally(const struct run *c, const struct tally *t)
{
	const struct options *o = c->options;

	json_head(c);
	json(",'trials':%jd", t->trials);
	json_counts(t->counts);
	json(",'mismatches':%jd", t->mismatches);
	printf(",\"elapsed_s\":%.6f,\"trials_per_second\":%.1f",
	    (double)t->elapsed / SECOND,
	    (double)t->trials * SECOND / (double)t->elapsed);
	json(is_race(c) ? ",'spread_us':%jd" : "}\n",
	    (intmax_t)(o->spread / MICROSECOND));
	if (!is_race(c))
		return;
	for (enum class k = BEFORE; k < NCLASSES; k++) {
		json(k == BEFORE ? ",'classes':{%s:{'trials':%jd" :
		    "},%s:{'trials':%jd", classes[k].name, sum(t->classes[k]));
		json_counts(t->classes[k]);
	}
	json("}},'violations':%jd,'histogram':[", t->violations);
	for (int bin = 0; bin < NBINS; bin++) {
		json(bin == 0 ? "{'from_ns':null" : "},{'from_ns':%jd",
		    bin_edge(o, bin));
		json(bin == NBINS - 1 ? ",'to_ns':null" : ",'to_ns':%jd",
		    bin_edge(o, bin + 1));
		json_counts(t->bins[bin]);
	}
	printf("}]}\n");
}

static void
text_tally(const char *what, const struct tally *t)
{
	const char *sep = ":";

	printf("%ju %s%s", t->trials, what, t->trials == 1 ? "" : "s");
	for (enum outcome o = CREDENTIALS; o < NOUTCOMES; o++)
		if (t->counts[o] > 0) {
			printf("%s %ju %s%s", sep, t->counts[o],
			    t->counts[o] == 1 && o == CREDENTIALS ? "with " :
			    "", outcomes[o]);
			sep = ",";
		}
	if (t->mismatches > 0)
		printf(", %ju not the client's", t->mismatches);
	printf("\n");
}

#define BAR		18		/* the longest, in characters */
/* A bar as long as n is of most; 0 alone is none. */
static int
bar(uintmax_t n, uintmax_t most)
{
	return n == 0 ? 0 : MAX(1, (int)(n * BAR / most));
}

static void
text_histogram(const struct options *o, const struct tally *t)
{
	uintmax_t n, won, most = 1;
	int first = NBINS, last = 0;
	char edges[2][24];

	for (int bin = 0; bin < NBINS; bin++)
		if ((n = sum(t->bins[bin])) > 0) {
			won = t->bins[bin][CREDENTIALS];
			most = MAX(most, MAX(won, n - won));
			first = MIN(first, bin);
			last = bin;
		}
	printf("\n%-21s%*s | credentials\n%-21s%*s |\n", "Lead of option",
	    BAR + 9, "no credentials", "over write, us", BAR + 9, "");
	for (int bin = first; bin <= last; bin++) {
		for (int i = 0; i < 2; i++)
			snprintf(edges[i], sizeof(edges[i]), "%.*f",
			    o->spread < 10 * MILLISECOND,
			    (double)bin_edge(o, bin + i) / MICROSECOND);
		won = t->bins[bin][CREDENTIALS];
		n = sum(t->bins[bin]) - won;
		printf("%8s ... %8s %7ju %*.*s | %-*.*s %ju\n",
		    bin == 0 ? "" : edges[0], bin == NBINS - 1 ? "" : edges[1],
		    n, BAR, bar(n, most), "..................",
		    BAR, bar(won, most), "##################", won);
	}
}

/* The one sentence to take away, of what was measured and nothing else. */
static void
text_lesson(const struct options *o, const struct tally *t)
{
	const uintmax_t won = t->counts[CREDENTIALS];
	const uintmax_t *early = t->classes[UNACCEPTED];

	if (t->violations > 0)
		printf("\nThis kernel broke the rule %ju time%s.\n",
		    t->violations, t->violations == 1 ? "" : "s");
	else if (sum(t->classes[BEFORE]) > 0 && sum(t->classes[AFTER]) > 0)
		printf("\nWith the option set before the client writes its "
		    "credentials always come;\nwith the option set after, "
		    "never: synchronize, as --sync does.\n");
	else
		printf("\nThe race was always %s this time%s.\n",
		    won == t->trials ? "won" : won == 0 ? "lost" : "close",
		    o->spread == 0 ? "; --spread 20 shows both ends" : "");
	if (sum(early) > 0)
		printf("Of the writes that began before accept(2) had returned "
		    "%ju of %ju\nbrought credentials.\n", early[CREDENTIALS],
		    sum(early));
}

static void
text_trials(const struct run *c, const struct tally *t)
{
	uintmax_t n, won;

	text_tally("trial", t);
	if (!is_race(c) || t->trials == 0 || t->counts[UNSUPPORTED] > 0)
		return;
	printf("%.3f s, %.0f trials a second\n", (double)t->elapsed / SECOND,
	    (double)t->trials * SECOND / (double)t->elapsed);
	printf(c->options->spread == 0 ? "No delays: the bare race\n" :
	    "Each side waits 0 to %" PRId64 " us before its step\n",
	    c->options->spread / MICROSECOND);
	printf("\n%38s%14s%16s\n", "trials", "credentials", "no credentials");
	for (enum class k = BEFORE; k < NCLASSES; k++) {
		n = sum(t->classes[k]);
		won = t->classes[k][CREDENTIALS];
		if (n > 0 || k != UNACCEPTED)
			printf("%-28s%10ju%14ju%16ju\n", classes[k].text, n,
			    won, n - won);
	}
	printf("%-28s%10ju  (before: credentials; after: none)\n",
	    "violations of the rule", t->violations);
	text_histogram(c->options, t);
	text_lesson(c->options, t);
}

/* Both sides' steps in the order of their time, in microseconds. */
static void
print_timeline(const struct run *c, const struct result *r)
{
	int64_t at[(int)NSIDES * NSTEPS], when, start = 0;
	const struct times *times;
	unsigned i, s, first;

	if (c->options->counted)
		fprintf(stderr, "Trial %" PRIu64 ": %s\n", c->trial,
		    outcomes[r->outcome]);
	fprintf(stderr, "%10s  %-24s%s\n", "us", "server", "client");
	for (i = 0; i < nitems(at); i++) {
		times = times_of(c, i / NSTEPS);
		s = i % NSTEPS;
		/* What was sent can be there before its sender knows. */
		when = s == GO_ON || s == WRITE ? times->begun[s] :
		    times->ended[s];
		at[i] = steps[s].done == NULL || when == 0 ? INT64_MAX : when;
	}
	for (;; at[first] = INT64_MAX) {
		for (first = i = 0; i < nitems(at); i++)
			first = at[i] < at[first] ? i : first;
		if (at[first] == INT64_MAX)
			return;
		start = start == 0 ? at[first] : start;
		fprintf(stderr, "%10.1f  %*s%s\n",
		    (double)(at[first] - start) / MICROSECOND,
		    first < NSTEPS ? 0 : 24, "", steps[first % NSTEPS].done);
	}
}

/* A report that nobody got in full is an error. */
static void
finish_report(void)
{
	if (fflush(stdout) == EOF || ferror(stdout) != 0 ||
	    fclose(stdout) == EOF)
		err(EXIT_TROUBLE, "standard output");
}

/*
 * 8. The modes in which both sides are ours.
 */
/* From here on nothing is left behind, however we end. */
static void
open_run(struct run *c, const struct options *o, jmp_buf *broken)
{
	/* A foreign client may attach what looks like the usual one's. */
	*c = (struct run){ .options = o, .schedule = o->schedule,
	    .mechanism = &mechanisms[o->role == 'l' &&
	    mechanisms[EVERY].option != NULL ? EVERY : USUAL],
	    .side = o->role == 'C' || o->role == 'P' ? CLIENT : SERVER,
	    .owner = getpid(), .time = now(), .listener = -1, .connection = -1,
	    .control = -1, .wake = -1, .spins = o->counted ? MOST_SPINS : 0,
	    .message.type = types[o->type].type,
	    .message.may_claim = o->role == 'l', .broken = broken };
	c->random = (uint64_t)c->time ^ (uint64_t)c->owner << 40;
	c->shared = mmap(NULL, sizeof(*c->shared), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	if (c->shared == MAP_FAILED)
		err(EXIT_TROUBLE, "mmap");
	ending.run = c;
	if (o->path != NULL)
		set_addresses(c);
	if (o->path != NULL && c->side == SERVER)
		c->listener = named_socket(c);
}

/* The client's process: only the server returns. */
static void
fork_client(struct run *c)
{
	int control[NSIDES], wake[NSIDES];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, control) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, wake) == -1)
		fail(c, errno, "socketpair");
	block_signals(SIG_BLOCK);
	if ((c->child = fork()) == -1)
		fail(c, errno, "fork");
	c->side = c->child == 0 ? CLIENT : SERVER;
	c->owner = getpid();
	c->random += c->side;
	c->control = control[c->side];
	c->wake = wake[c->side];
	(void)close(control[!c->side]);
	(void)close(wake[!c->side]);
	if (c->side == CLIENT)	/* it lives as long as its wake-up line */
		handle_signals(SIG_IGN);
	block_signals(SIG_UNBLOCK);
	if (c->side == SERVER)
		return;
	(void)close(c->listener);
	c->listener = -1;
	run_client(c);
}

static void
close_run(struct run *c)
{
	end_client(c);
	remove_made(c);
	while (c->next < c->nends)
		(void)close(c->ends[SERVER][c->next++]);
	if (c->connection != c->listener)
		(void)close(c->connection);
	(void)close(c->listener);
	(void)close(c->control);
	(void)close(c->wake);
	if (c->strangers > 10)
		warnx("not our client, and closed: %" PRIu64 " in all",
		    c->strangers);
}

/* Its pages go last, as they have what the report needs. */
static void
free_run(struct run *c)
{
	free(c->peer.groups);
	ending.run = NULL;
	(void)munmap(c->shared, sizeof(*c->shared));
}

/* A trial of the race, by what came first in the readings of both sides. */
static void
count_race(struct tally *t, const struct run *c, const struct result *r)
{
	const struct times *s = times_of(c, SERVER), *w = times_of(c, CLIENT);
	const intmax_t accepted = s->ended[ACCEPT];
	const intmax_t setting = s->begun[OPTION] - accepted;
	const intmax_t set = s->ended[OPTION] - accepted;
	const intmax_t writing = w->begun[WRITE] - accepted;
	const intmax_t written = w->ended[WRITE] - accepted;
	const intmax_t lead = (writing + written - setting - set) / 2;
	const bool accepts = c->options->path != NULL && !is_named_dgram(c);
	const enum class k = accepts && writing < 0 ? UNACCEPTED :
	    set < writing ? BEFORE : written < setting ? AFTER : OVERLAP;
	int bin = 0;

	t->classes[k][r->outcome]++;
	while (bin < NBINS - 1 && lead >= bin_edge(c->options, bin + 1))
		bin++;
	t->bins[bin][r->outcome]++;
	/* A finding about the kernel; ten of a kind are enough to read. */
	if (k == (r->outcome == CREDENTIALS ? AFTER : BEFORE) &&
	    ++t->violations <= 10)
		warnx("violation in trial %" PRIu64 ": %s, %s (ns from "
		    "accepted: option %jd to %jd, write %jd to %jd)", c->trial,
		    classes[k].text, outcomes[r->outcome], setting, set,
		    writing, written);
}

static void
count_result(struct tally *t, const struct run *c, const struct result *r)
{
	t->trials++;
	t->counts[r->outcome]++;
	t->mismatches += matches(c, r) == false;
	if (is_race(c) && r->outcome != UNSUPPORTED)
		count_race(t, c, r);
}

/* Frees what the report needed; returns the exit status. */
static int
exit_status(struct run *c, const struct tally *t, struct result *r)
{
	const bool good = t->mismatches == 0 && t->violations == 0 &&
	    (is_race(c) || (t->trials > 0 &&
	    t->counts[CREDENTIALS] == t->trials));

	free(r->message.groups);
	free(r->peer.groups);
	free_run(c);
	return t->counts[UNSUPPORTED] > 0 ? EXIT_TROUBLE :
	    good ? EXIT_SUCCESS : EXIT_MISSING;
}

/* One trial, from the server's side. */
static void
run_trial(struct run *c, struct result *r)
{
	hold_trial(c, c->schedule->server);
	r->error = c->shared->error;
	r->outcome = NONE;
	if (r->error == 0)
		parse(&c->message, r);
	r->peer = c->peer;
	c->peer.groups = NULL;
}

/* Holds the conversations, and leaves the last one's result in r. */
static void
run_trials(struct run *c, struct tally *t, struct result *r)
{
	const struct options *o = c->options;
	const int64_t start = now();
	/* A word to whoever waits at a terminal, five times a second. */
	int64_t time = start, progress = !o->quiet && isatty(STDERR_FILENO) ?
	    start + SECOND : INT64_MAX;

	while (c->trial < o->count && !ending.stopped &&
	    (o->limit == 0 || time < start + o->limit)) {
		run_trial(c, r);
		count_result(t, c, r);
		if (o->verbose && t->counts[r->outcome] == 1)
			print_timeline(c, r);
		time = times_of(c, SERVER)->ended[RECEIVE];
		if (time < progress)
			continue;
		ending.progress = 1;
		fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " trials", c->trial,
		    o->count);
		progress = time + SECOND / 5;
	}
	clear_progress();
	t->elapsed = MAX(now() - start, 1);
}

/* Also the client of somebody's server, which says nothing and leaves. */
static int
run_both(const struct options *o)
{
	struct tally tally = { .trials = 0 };
	struct result r = { .outcome = NONE };
	struct run c;

	open_run(&c, o, NULL);
	if (o->role == 'C')
		run_client(&c);
	fork_client(&c);
	run_trials(&c, &tally, &r);
	close_run(&c);
	if (!o->quiet) {
		if (o->counted)
			(o->json ? json_tally : text_trials)(&c, &tally);
		else
			(o->json ? json_result : text_result)(&c, &r);
		finish_report();
	}
	if (!o->counted)
		explain(&c, &r);
	return exit_status(&c, &tally, &r);
}

/*
 * 9. A server of its own: one process, and any number of clients at once.
 */
struct server {
	struct run *run;
	struct tally tally;
	struct result result;
	struct pollfd *fds;	/* wakeup, the listener, the connections */
	int64_t *deadlines;	/* of the same; the listener pauses until its */
	size_t n;
	const unsigned char *steps;	/* its list, from ACCEPT on */
	bool warned;		/* that there was no descriptor left */
};

static void
watch(struct server *s, int fd, int64_t deadline)
{
	s->fds = realloc(s->fds, (s->n + 1) * sizeof(*s->fds));
	s->deadlines = realloc(s->deadlines,
	    (s->n + 1) * sizeof(*s->deadlines));
	if (s->fds == NULL || s->deadlines == NULL)
		err(EXIT_TROUBLE, "%zu clients", s->n - 1);
	s->fds[s->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->deadlines[s->n++] = deadline;
}

static void
report_connection(const struct run *c, const struct result *r)
{
	if (c->options->quiet)
		return;
	if (c->options->json)
		json_result(c, r);
	else {
		printf("%sConnection %" PRIu64 "\n", c->trial > 1 ? "\n" : "",
		    c->trial);
		text_result(c, r);
	}
	if (fflush(stdout) == EOF || ferror(stdout) != 0)
		err(EXIT_TROUBLE, "standard output");
}

/*
 * Reads a message, or the end, reports on the connection and closes it; false
 * if nothing was there, and it is not too late for it.
 */
static bool
serve_connection(struct server *s, int fd, bool late)
{
	struct run *c = s->run;
	struct message *m = &c->message;
	struct result *r = &s->result;
	ssize_t n;
	int error;

	c->connection = fd;
	n = receive_now(c, sizeof(m->control));
	error = n != -1 || errno == EAGAIN || errno == EINTR ? 0 : errno;
	if (n == -1 && error == 0 && !late)
		return false;
	if (error != 0 && fd == c->listener)
		fail(c, error, "recvmsg");
	m->bytes = (size_t)MAX(n, 0);
	m->nothing = n == -1 && error == 0;
	m->empty = m->empty || n == -1;
	parse(m, r);
	cred_forget(&r->peer);
	if (fd != c->listener) {
		peer_cred(fd, &r->peer);
		(void)close(fd);		/* no longer kept waiting */
		s->deadlines[1] = INT64_MAX;	/* nor are those to come */
	}
	c->trial++;
	count_result(&s->tally, c, r);
	report_connection(c, r);
	if (error == 0)
		explain(c, r);
	else {
		warnx("connection %" PRIu64 ": recvmsg: %s", c->trial,
		    strerror(error));
		ending.trouble = true;
	}
	return true;
}

/* Whether a further client is wanted: each that waits is to be reported on. */
static bool
wants_more(const struct server *s)
{
	return s->tally.trials + s->n - 2 < s->run->options->count;
}

/* Takes a connection, or a datagram; false if there is none, or no room. */
static bool
accept_connection(struct server *s)
{
	struct run *c = s->run;
	int fd;

	if (is_named_dgram(c))
		return serve_connection(s, c->listener, false);
	if ((fd = accept(c->listener, NULL, NULL)) != -1) {
		c->connection = fd;
		c->time = now();
		for (const unsigned char *p = s->steps + 1; *p != RECEIVE; p++)
			take_step(c, *p);
		if (!serve_connection(s, fd, false))
			watch(s, fd, now() + c->options->timeout);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
	    errno == ENOMEM) {
		if (!s->warned)
			warn("accept: waiting for clients to leave");
		s->warned = true;
		/* Others may free a descriptor, or memory. */
		s->deadlines[1] = now() + 100 * MILLISECOND;
	} else if (errno != ECONNABORTED && errno != EAGAIN && errno != EINTR)
		err(EXIT_TROUBLE, "accept");
	return fd != -1;
}

/* Serves until as many have been reported on as were asked for. */
static void
serve(struct server *s)
{
	int64_t time, next;

	while (!ending.stopped && s->tally.trials < s->run->options->count) {
		next = now() + 3600 * SECOND;
		for (size_t i = 0; i < s->n; i++)
			next = MIN(next, s->deadlines[i]);
		s->fds[1].events = wants_more(s) &&
		    s->deadlines[1] == INT64_MAX ? POLLIN : 0;
		s->deadlines[1] = INT64_MAX;
		if (poll(s->fds, (nfds_t)s->n, (int)(MAX(next - now(), 0) /
		    MILLISECOND) + 1) == -1 && errno != EINTR)
			err(EXIT_TROUBLE, "poll");
		time = now();
		/* From the end, which takes the place of who leaves. */
		for (size_t i = s->n; i-- > 2;)
			if ((s->fds[i].revents != 0 ||
			    time >= s->deadlines[i]) &&
			    serve_connection(s, s->fds[i].fd,
			    time >= s->deadlines[i])) {
				s->fds[i] = s->fds[--s->n];
				s->deadlines[i] = s->deadlines[s->n];
			}
		/* Not all at once, so that nobody waits for a crowd to pass. */
		for (int n = 0; n < 64 && wants_more(s); n++)
			if (!accept_connection(s))
				break;
	}
	while (s->n > 2)
		(void)close(s->fds[--s->n].fd);
}

static int
run_server(const struct options *o)
{
	struct run c;
	struct server s = { .run = &c };
	char *shown;

	open_run(&c, o, NULL);
	if (pipe(ending.wakeup) == -1)
		err(EXIT_TROUBLE, "pipe");
	ending.stoppable = true;
	watch(&s, ending.wakeup[0], INT64_MAX);
	watch(&s, c.listener, INT64_MAX);
	for (s.steps = c.schedule->server; *s.steps != ACCEPT; s.steps++)
		take_step(&c, *s.steps);
	if (o->verbose) {
		shown = visible(o->path);
		fprintf(stderr, "Listening on %s\n", shown);
		free(shown);
	}
	serve(&s);
	c.connection = -1;
	close_run(&c);
	if (!o->quiet && !o->json) {
		printf("%s", s.tally.trials > 0 ? "\n" : "");
		text_tally("connection", &s.tally);
	}
	if (!o->quiet)
		finish_report();
	free(s.deadlines);
	free(s.fds);
	return exit_status(&c, &s.tally, &s.result);
}

/* Asks who listens at a path, by either type that has connections. */
static int
run_peer(struct options *o)
{
	struct result r = { .outcome = NONE };
	struct run c;

	for (;; o->type++, o->any_type = false) {
		open_run(&c, o, NULL);
		hold_trial(&c, c.schedule->client);
		if (c.shared->error == 0)
			break;
		free_run(&c);
	}
	r.peer = c.peer;
	if (o->verbose)
		print_timeline(&c, &r);
	if (r.peer.source[PID] != NULL && r.peer.id[PID] == getpid()) {
		warnx("this kernel names whoever asks");
		cred_forget(&r.peer);
	} else if (r.peer.source[PID] != NULL || r.peer.source[EUID] != NULL)
		r.outcome = CREDENTIALS;
	else if (!o->quiet && !o->json)
		warnx("the connection knows nothing of its listener");
	if (!o->quiet) {
		(o->json ? json_result : text_result)(&c, &r);
		finish_report();
	}
	free_run(&c);
	return r.outcome == CREDENTIALS ? EXIT_SUCCESS : EXIT_MISSING;
}

/*
 * 10. The survey: each row's conversation, for every type of socket.
 */
struct survey {
	struct run run;			/* of the cell that is held */
	struct result cells[NROWS][nitems(types)];
};

/* Instead of an outcome; and what a finding can need besides one. */
enum { ERROR = NOUTCOMES };
enum need { ANY, ZERO_UID, CTRUNC, JOINED, BAD_PIDFD, CLIENTS_OWN };

#define IS(o)		(1U << (o))
#define WHEN(row, o)	{ row, o, ANY }
#define GOOD(row)	WHEN(row, IS(CREDENTIALS))
#define LOST(row)	WHEN(row, IS(PLACEHOLDER) | IS(NONE))

/* What cures the race, and what else this kernel has in store. */
static const struct finding {
	const char *name, *text;
	struct condition {
		enum row row;
		unsigned outcomes;	/* a mask; 0: no such condition */
		enum need need;
	} conditions[2];		/* for the same type of socket */
} cures[] = {
	{ "synchronize", "synchronize: \"go on\" after the option (--sync)",
	    { GOOD(OPTION_FIRST) } },
	{ "on_listener", "the option on the listening socket (--inherit)",
	    { GOOD(ON_LISTENER) } },
	{ "claimed", "the client attaches its own credentials",
	    { GOOD(CLAIMED) } },
	{ "client_option", "the client sets the option on its own socket",
	    { GOOD(CLIENT_OPTION) } },
	{ "set_again", "for the next message: the option set again",
	    { GOOD(SET_AGAIN), WHEN(AFTER_GOOD, IS(NONE)) } },
}, traps[] = {
	{ "placeholder", "a lost race looks like user 65534",
	    { WHEN(MESSAGE_FIRST, IS(PLACEHOLDER)) } },
	{ "accept", "a write before accept(2) wins, one after it loses",
	    { GOOD(BEFORE_ACCEPT), LOST(MESSAGE_FIRST) } },
	{ "once", "credentials come only once",
	    { WHEN(AFTER_GOOD, IS(NONE)), GOOD(OPTION_FIRST) } },
	{ "late_listener", "on the listening socket: too late if connected",
	    { LOST(LATE_LISTENER), GOOD(ON_LISTENER) } },
	{ "end_of_file", "end of file reports UID 0",
	    { { END_OF_FILE, IS(CLOSED), ZERO_UID } } },
	{ "empty_message", "0 bytes can be a message, with credentials",
	    { GOOD(EMPTY_MESSAGE) } },
	{ "empty_first", "0 bytes without credentials are no end of file",
	    { WHEN(EMPTY_FIRST, IS(NONE)) } },
	{ "two_writers", "one read can join another process's bytes to them",
	    { { TWO_WRITERS, IS(CREDENTIALS), JOINED } } },
	{ "no_room", "write(2) succeeds, and a message without room is lost",
	    { WHEN(NO_ROOM, IS(TIMEOUT)) } },
	{ "nearly_full", "so is a short one to a nearly full buffer",
	    { WHEN(NEARLY_FULL, IS(TIMEOUT)) } },
	{ "after_no_room", "a message lost for want of room uses them up",
	    { WHEN(NO_ROOM, IS(TIMEOUT)), WHEN(AFTER_NO_ROOM, IS(NONE)) } },
	{ "small_buffer", "a small control buffer cuts them",
	    { WHEN(SMALL_BUFFER, IS(TRUNCATED)) } },
	{ "descriptor_cuts", "a descriptor pushes them out of the buffer",
	    { WHEN(WITH_DESCRIPTOR, IS(TRUNCATED) | IS(NONE)) } },
	{ "ctrunc", "whole credentials can come with MSG_CTRUNC set",
	    { { WITH_DESCRIPTOR, IS(CREDENTIALS), CTRUNC } } },
	{ "own_peer", "a client that asks for its peer gets itself",
	    { { PEER_SERVER, IS(CREDENTIALS), CLIENTS_OWN } } },
	{ "wrong_level", "set at the wrong level, the option seems to work",
	    { LOST(WRONG_LEVEL) } },
	{ "pidfd_lost", "a lost race brings no pidfd, and says nothing",
	    { WHEN(PIDFD_LATE, IS(NONE)), GOOD(PIDFD_FIRST) } },
	{ "pidfd_errno", "of a writer that has gone the pidfd is an errno",
	    { { PIDFD_GONE, IS(NONE), BAD_PIDFD } } },
	{ "pidfd_peer_gone", "of a peer that has gone the pidfd is an error",
	    { WHEN(PIDFD_PEER_GONE, IS(ERROR)), GOOD(PIDFD_PATH) } },
};

/* What one system alone has is in no other's table. */
#define FOREACH_ROW(row) \
	for (enum row row = 0; row < NROWS; row++) \
		if (survey_rows[row].kind == USUAL || \
		    survey_rows[row].kind == PEER || \
		    mechanisms[survey_rows[row].kind].option != NULL)

/* The identity of an ordinary user, for root to take. */
static const struct identity ordinary = { .argument = "12345:12345",
    .uid = 12345, .gid = 12345 };

/*
 * What a row is about, if not the message's credentials: the connection's, or
 * a pidfd, of the message or else of the connection.  They become the cell's.
 */
static void
judge(const struct schedule *sr, struct result *r, const struct cred *peer)
{
	struct cred *cell = &r->message;

	if (sr->kind == PEER) {
		for (enum field f = PID; f < GROUPS; f++)
			cred_id(cell, f, peer->id[f], peer->source[f]);
		r->raw = true;
		r->outcome = peer->source[EUID] != NULL ? CREDENTIALS : NONE;
	}
	if (sr->kind != PIDFD)
		return;
	if (cell->pidfd.source == NULL)
		cell->pidfd = peer->pidfd;
	if (cell->pidfd.source != NULL)
		r->outcome = cell->pidfd.fd < 0 ? NONE : cell->pidfd.pid == -1 ?
		    PLACEHOLDER : CREDENTIALS;
	else if (r->outcome == CREDENTIALS) {
		cred_forget(cell);
		r->outcome = NONE;
	}
}

/* Whether it is the client that a cell names, or us, by process or user ID. */
static const char *
whose(const struct result *r)
{
	const struct cred *cr = &r->message;
	intmax_t id = cr->id[PID], client = r->client, server = getpid();

	if (cr->pidfd.source != NULL) {
		id = cr->pidfd.pid;
		if (cr->source[PID] != NULL && id != cr->id[PID])
			return "two";
		if (id == -1)
			return "nobody";
	} else if (cr->source[PID] == NULL) {
		id = cr->id[EUID];
		client = r->client_euid;
		server = geteuid();
		if (cr->source[EUID] == NULL || client == server)
			return NULL;
	}
	return id == client ? "client" : id == server ? "server" : NULL;
}

/* Holds a cell's conversation, which may break off. */
static void
survey_cell(struct survey *v, const struct options *base, enum row row,
    size_t type)
{
	struct run *c = &v->run;	/* longjmp(3) spoils one of ours */
	const struct schedule *sr = &survey_rows[row];
	struct result *r = &v->cells[row][type];
	struct options o = *base;
	jmp_buf broken;

	o.schedule = sr;
	o.type = type;
	if (!sr->path)
		o.path = NULL;
	/* Where a connection knows no process it is told by the user. */
	if (geteuid() == 0 && (row == FORGED || (sr->kind == PEER &&
	    v->cells[OPTION_FIRST][type].peer.source[PID] == NULL &&
	    v->cells[FORGED][type].missing == NULL &&
	    chown(ending.directory, ordinary.uid, (gid_t)-1) == 0)))
		o.user = ordinary;
	if (setjmp(broken) == 0) {
		open_run(c, &o, &broken);
		c->message.may_claim = row == CLAIMED || row == FORGED;
		fork_client(c);
		run_trial(c, r);
	}
	close_run(c);			/* until then the client may write */
	r->client = c->shared->client.id[PID];
	r->client_euid = c->shared->client.id[EUID];
	if (!c->shared->failed)
		judge(sr, r, row == PEER_SERVER ? &c->shared->asked : &r->peer);
	else if ((r->failed = strdup(c->shared->failure)) == NULL)
		err(EXIT_TROUBLE, "strdup");
	free_run(c);
}

/* Why a row does not exist for a type of socket; NULL: it does. */
static const char *
why_missing(enum row row, size_t type)
{
	const struct options o = { .user = ordinary };
	int fd, status = 0;
	pid_t child;

	if (survey_rows[row].connected && types[type].type == SOCK_DGRAM)
		return "a datagram socket is not connected";
	if ((fd = socket(AF_UNIX, types[type].type, 0)) == -1)
		return "no such sockets here";
	(void)close(fd);
	if (row != FORGED || geteuid() != 0)
		return NULL;
	if ((child = fork()) == 0)
		_exit(become(&o) != NULL);
	return child != -1 && waitpid(child, &status, 0) != -1 && status == 0 ?
	    NULL : "root cannot become an ordinary user here";
}

static bool
holds(const struct survey *v, const struct condition *co, size_t type)
{
	const struct result *r = &v->cells[co->row][type];
	const struct cred *cr = &r->message;

	return co->outcomes == 0 || (r->missing == NULL && r->failed == NULL &&
	    (co->outcomes & IS(r->error != 0 ? ERROR : r->outcome)) != 0 &&
	    (co->need != ZERO_UID || (r->raw && cr->id[UID] == 0)) &&
	    (co->need != CTRUNC || r->ctrunc) &&
	    (co->need != JOINED || r->bytes == 2) &&
	    (co->need != BAD_PIDFD || cr->pidfd.fd < 0) &&
	    (co->need != CLIENTS_OWN || cr->id[PID] == r->client));
}

/* The types of socket for which a finding shows, as a mask. */
static unsigned
found_types(const struct survey *v, const struct finding *f)
{
	unsigned mask = 0;

	for (size_t t = 0; t < nitems(types); t++)
		if (holds(v, &f->conditions[0], t) &&
		    holds(v, &f->conditions[1], t))
			mask |= 1U << t;
	return mask;
}

static const char *
error_name(int error)
{
#define NAMED(error)	case error: return #error
	switch (error) {
	NAMED(EPERM); NAMED(EINVAL); NAMED(EOPNOTSUPP); NAMED(ENOPROTOOPT);
	NAMED(EACCES); NAMED(ENOTCONN); NAMED(EAGAIN); NAMED(ENOBUFS);
	NAMED(EMSGSIZE);
	}
	return strerror(error);
}

static const char *
cell_text(const struct schedule *sr, const struct result *r)
{
	const struct cred *cr = &r->message;

	if (r->missing != NULL)
		return "-";
	if (r->failed != NULL)
		return "failed";
	if (r->error != 0)
		return error_name(r->error);
	if (cr->pidfd.source != NULL && cr->pidfd.fd < 0)
		return "bad fd";
	if (cr->pidfd.source == NULL &&
	    (sr->kind != PEER || r->outcome != CREDENTIALS))
		return outcomes[r->outcome];
	return whose(r) != NULL ? whose(r) : "unknown";
}

/* Each source once, with the fields that it told. */
static void
text_sources(const struct result *r)
{
	const char *source;
	unsigned done = 0;

	for (enum field f = PID; f < NFIELDS; f++) {
		source = knows(r, f)->source[f];
		if (source == NULL || (done & 1U << f) != 0)
			continue;
		printf("%s has:", source);
		for (enum field g = f; g < NFIELDS; g++)
			if (knows(r, g)->source[g] != NULL &&
			    strcmp(knows(r, g)->source[g], source) == 0) {
				printf(" %s", g == GROUPS ? "groups" :
				    fields[g].label);
				done |= 1U << g;
			}
		printf("\n");
	}
}

static void
text_findings(const struct survey *v, const char *title,
    const struct finding *f, size_t n)
{
	const unsigned all = (1U << nitems(types)) - 1;
	unsigned mask;

	printf("\n%s\n", title);
	for (size_t i = 0; i < n; i++) {
		if ((mask = found_types(v, &f[i])) == 0)
			continue;
		printf("  %s", f[i].text);
		for (size_t t = 0, shown = 0; t < nitems(types); t++)
			if (mask != all && (mask & 1U << t) != 0)
				printf("%s%s", shown++ == 0 ? "; " : ", ",
				    types[t].name);
		printf("\n");
	}
}

static void
text_survey(const struct survey *v)
{
	struct utsname un;

	if (uname(&un) == -1)
		err(EXIT_TROUBLE, "uname");
	printf("%s %s: ", un.sysname, un.release);
	if (mechanisms[USUAL].option != NULL)
		printf("%s, %s\n", mechanisms[USUAL].option,
		    mechanisms[USUAL].message);
	else
		printf("no option for credentials\n");
	text_sources(&v->cells[OPTION_FIRST][0]);
	printf("\n%-36s", "");
	for (size_t t = 0; t < nitems(types); t++)
		printf(t + 1 < nitems(types) ? " %-12s" : " %s\n",
		    types[t].name);
	FOREACH_ROW(row) {
		printf("%-36s", survey_rows[row].title);
		for (size_t t = 0; t < nitems(types); t++)
			printf(t + 1 < nitems(types) ? " %-12s" : " %s\n",
			    cell_text(&survey_rows[row], &v->cells[row][t]));
	}
	text_findings(v, "What cures the race here:", cures, nitems(cures));
	text_findings(v, "Traps that this kernel has shown:", traps,
	    nitems(traps));
}

static void
json_cell(const struct result *r)
{
	struct cred cr = r->message;

	/* The end of file can have IDs, which mean nothing. */
	if (r->raw && r->outcome == CLOSED)
		cr.source[UID] = cr.source[GID] = outcomes[CLOSED];
	json("{'outcome':%s", r->missing != NULL || r->failed != NULL ||
	    r->error != 0 ? NULL : outcomes[r->outcome]);
	for (enum field f = UID; f < GROUPS; f++)
		json_field(",", &cr, f);
	json(cr.pidfd.source != NULL && cr.pidfd.fd < 0 ?
	    ",'whose':%s,'descriptor':%jd" : ",'whose':%s,'descriptor':null",
	    whose(r), (intmax_t)cr.pidfd.fd);
	json(",'bytes':%jd,'ctrunc':%d,'trunc':%d", (intmax_t)r->bytes,
	    r->ctrunc, r->trunc);
	json(",'errno':%s,'missing':%s,'failed':%s}", r->error != 0 ?
	    error_name(r->error) : NULL, r->missing, r->failed);
}

static void
json_findings(const struct survey *v, const char *key,
    const struct finding *f, size_t n)
{
	json(",%s:[", key);
	for (size_t i = 0, found = 0; i < n; i++)
		if (found_types(v, &f[i]) != 0)
			printf("%s\"%s\"", found++ > 0 ? "," : "", f[i].name);
	printf("]");
}

static void
json_survey(const struct survey *v)
{
	const char *upper;
	char name[32];
	size_t i;

	json_begin("survey");
	json(",'option':");
	json_string(mechanisms[USUAL].option);
	json(",'message':");
	json_string(mechanisms[USUAL].message);
	json_sources(&v->cells[OPTION_FIRST][0]);
	json(",'rows':[");
	FOREACH_ROW(row) {
		upper = survey_rows[row].name;
		for (i = 0; i < sizeof(name) - 1 && upper[i] != '\0'; i++)
			name[i] = (char)tolower((unsigned char)upper[i]);
		name[i] = '\0';
		json(row > 0 ? ",{'name':%s,'title':%s,'cells':{" :
		    "{'name':%s,'title':%s,'cells':{", name,
		    survey_rows[row].title);
		for (size_t t = 0; t < nitems(types); t++) {
			json(t > 0 ? ",%s:" : "%s:", types[t].name);
			json_cell(&v->cells[row][t]);
		}
		json("}}");
	}
	json("]");
	json_findings(v, "cures", cures, nitems(cures));
	json_findings(v, "traps", traps, nitems(traps));
	json("}\n");
}

/* All cells; true if every one was had. */
static bool
fill_survey(struct survey *v, const struct options *o)
{
	const char *why;
	struct result *r;
	bool all = true;

	FOREACH_ROW(row)
		for (size_t t = 0; t < nitems(types); t++) {
			r = &v->cells[row][t];
			if ((r->missing = why_missing(row, t)) == NULL)
				survey_cell(v, o, row, t);
			all = all && r->failed == NULL;
			why = r->missing != NULL ? r->missing : r->failed;
			if (o->verbose && why != NULL)
				fprintf(stderr, "%s, %s: %s\n",
				    survey_rows[row].title, types[t].name, why);
		}
	return all;
}

static int
run_survey(const struct options *base)
{
	static struct survey v;
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char path[sizeof(directory) + sizeof("/sock")];
	const size_t most = sizeof(directory) -
	    sizeof("/credcheck.XXXXXX/sock") -
	    (ABSTRACT ? 0 : strlen(CLIENT_SUFFIX));
	const char *tmp = getenv("TMPDIR");
	struct options o = *base;
	bool all;

	if (tmp == NULL || tmp[0] == '\0')
		tmp = "/tmp";
	if (strlen(tmp) > most)
		errx(EXIT_TROUBLE, "TMPDIR is %zu bytes long, %zu at most for "
		    "a socket in it: %s", strlen(tmp), most, visible(tmp));
	snprintf(directory, sizeof(directory), "%s/credcheck.XXXXXX", tmp);
	/* The directory of the named sockets is gone however we end. */
	block_signals(SIG_BLOCK);
	if (mkdtemp(directory) == NULL)
		err(EXIT_TROUBLE, "TMPDIR: %s", visible(directory));
	ending.directory = directory;
	block_signals(SIG_UNBLOCK);
	snprintf(path, sizeof(path), "%s/sock", directory);
	o.path = path;
	o.timeout = MIN(o.timeout, SECOND);
	all = fill_survey(&v, &o);
	clean_up();
	ending.directory = NULL;
	if (!o.quiet) {
		(o.json ? json_survey : text_survey)(&v);
		finish_report();
	}
	return all && mechanisms[USUAL].option != NULL ? EXIT_SUCCESS :
	    EXIT_TROUBLE;
}

/*
 * 11. The command line, and main.
 */
#define REFUSE(...)	errx(EXIT_TROUBLE, __VA_ARGS__)

/* A whole number, without a sign. */
static bool
parse_number(const char *s, int base, uintmax_t min, uintmax_t max,
    uintmax_t *n)
{
	char *end;

	*n = strtoumax(s, &end, base);
	return s[0] >= '0' && s[0] <= '9' && *end == '\0' &&
	    *n >= min && *n <= max;
}

/* user[:group]: each a name, else a number; the highest ID is none. */
static struct identity
parse_identity(const char *argument)
{
	struct identity id = { .argument = argument };
	const char *colon = strchr(argument, ':');
	char user[LINE_MAX];
	const struct passwd *pw;
	const struct group *gr;
	bool number = false;
	uintmax_t n;

	snprintf(user, sizeof(user), "%.*s", (int)strcspn(argument, ":"),
	    argument);
	if ((pw = getpwnam(user)) == NULL &&
	    (number = parse_number(user, 10, 0, UINT_MAX - 1, &n)))
		pw = getpwuid(id.uid = (uid_t)n);
	if (pw != NULL) {
		id.uid = pw->pw_uid;
		id.gid = id.basegid = pw->pw_gid;
		if ((id.name = strdup(pw->pw_name)) == NULL)
			err(EXIT_TROUBLE, "strdup");
	} else if (!number)
		REFUSE("no such user: %s", visible(argument));
	else if (colon == NULL)
		REFUSE("user ID without an entry needs a group, as %s:100: "
		    "%s", argument, argument);
	if (colon == NULL)
		return id;
	if ((gr = getgrnam(colon + 1)) != NULL)
		id.gid = gr->gr_gid;
	else if (parse_number(colon + 1, 10, 0, UINT_MAX - 1, &n))
		id.gid = (gid_t)n;
	else
		REFUSE("no such group: %s", visible(argument));
	return id;
}

#define ORDERS		"Lirs"		/* modes in which both sides are ours */
#define ROLES		"CPSl"		/* the others */
#define REPORTS		"jnq"		/* which exclude each other as well */
#define IDENTITY	"user[:group]"

/*
 * Each option: for getopt_long(3), --help, the usage, and the check that it
 * means something in the mode.  A mode has its option's letter.
 */
static const struct option_row {
	char letter;
	const char *name, *argument;
	const char *modes;		/* in which it means something */
	const char *help;
} optiontable[] = {
	{ 'C', "client", "path", "C", "only the client, of a --server" },
	{ 'i', "inherit", NULL, "il", "the option on the listening socket" },
	{ 'L', "late", NULL, "L", "message before option: the lost race" },
	{ 'l', "server", "path", "l", "only the server: tells of each client" },
	{ 'P', "peer", "path", "P", "who listens there, without a message" },
	{ 'r', "race", NULL, "rl", "no synchronization: many trials, counted" },
	{ 'S', "survey", NULL, "S", "what this kernel does in every ordering" },
	{ 's', "sync", NULL, "slC", "with \"go on\": always wins (default)" },
	{ 'c', "count", "n", "CLilrs", "hold n conversations, count outcomes" },
	{ 'e', "effective", IDENTITY, "CLirs", "effective identity (root)" },
	{ 'h', "help", NULL, ORDERS ROLES, "print this" },
	{ 'j', "json", NULL, "LPSilrs", "report as JSON" },
	{ 'm', "mode", "mode", "Lilrs", "the socket's permissions (0666)" },
	{ 'n', "names", NULL, "LPils", "add user and group names to the text" },
	{ 'p', "path", "path", "Lirs", "a named socket, not a socketpair" },
	{ 'q', "quiet", NULL, "LPSilrs", "no report; the exit status tells" },
	{ 't', "type", "type", "CLPilrs", "stream, seqpacket or dgram" },
	{ 'u', "user", IDENTITY, "CLirs", "the client's identity (root)" },
	{ 'V', "version", NULL, ORDERS ROLES, "print the version" },
	{ 'v', "verbose", NULL, "LPSilrs", "the timeline, on standard error" },
	{ 'W', "spread", "usec", "r", "range of the race's delays (20)" },
	{ 'w', "timeout", "seconds", ORDERS ROLES, "the longest wait (5)" },
};
#define GIVEN(letter)	(strchr(given, letter) != NULL)
#define FOREACH_OPTION(o) \
	for (const struct option_row *o = optiontable; \
	    o < optiontable + nitems(optiontable); o++)

static const struct option_row *
find_option(int letter)
{
	FOREACH_OPTION(o)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* The usage in some modes: in one pair of brackets is what excludes another. */
static void
usage(const char *start, const char *modes)
{
	static const char *const groups[] = { ROLES, "v", REPORTS, ORDERS };
	char line[512] = "", *end = line, *word;
	int column = printf("%s credcheck", start);
	const char *sep;

	for (size_t g = 0; g < nitems(groups); g++) {
		sep = g == 0 ? "\t" : "\t[";
		FOREACH_OPTION(o)
			if (strchr(groups[g], o->letter) != NULL &&
			    strpbrk(o->modes, modes) != NULL) {
				end += sprintf(end, o->argument != NULL ?
				    "%s-%c %s" : "%s-%c", sep, o->letter,
				    o->argument);
				sep = " | ";
			}
		end += sprintf(end, g > 0 && *sep == ' ' ? "]" : "");
	}
	FOREACH_OPTION(o)
		if (o->argument != NULL && strpbrk(o->modes, modes) != NULL &&
		    strchr(ROLES, o->letter) == NULL)
			end += sprintf(end, "\t[-%c %s]", o->letter,
			    o->argument);
	for (word = strtok(line, "\t"); word; word = strtok(NULL, "\t")) {
		if (column + (int)strlen(word) > 78)
			column = printf("\n%16s", "") - 1;
		column += printf(" %s", word);
	}
	printf("\n");
}

/* What --help prints, and --version. */
static _Noreturn void
help(bool version)
{
	if (version)
		printf("credcheck %s\n", VERSION);
	else {
		usage("usage:", ORDERS);
		usage("      ", "l");
		usage("      ", "C");
		usage("      ", "P");
		usage("      ", "S");
		printf("\n");
		FOREACH_OPTION(o)
			printf("  -%c, --%s %-*s  %s\n", o->letter, o->name,
			    21 - (int)strlen(o->name),
			    o->argument != NULL ? o->argument : "", o->help);
	}
	finish_report();
	exit(EXIT_SUCCESS);
}

/* Every option given must mean something in the mode, and with the others. */
static void
check_options(const struct options *o, const char *given, int mode)
{
	const bool two = o->role == 'l' || o->role == 'C';
	const char *wrong = strpbrk(given, two ? "irs" : "iP");

	FOREACH_OPTION(row)
		if (GIVEN(row->letter) && strchr(row->modes, mode) == NULL)
			REFUSE("--%s means nothing with --%s", row->name,
			    find_option(mode)->name);
	if (GIVEN('m') && o->path == NULL)
		REFUSE("--mode means nothing without --path");
	if (GIVEN('m') && o->path[0] == '@' && ABSTRACT)
		REFUSE("--mode means nothing to an abstract socket: %s",
		    visible(o->path));
	if (o->names && o->role == 0 && o->count > 1)
		REFUSE("--names means nothing with --count");
	if (GIVEN('i') && o->path == NULL)
		REFUSE("--inherit means nothing without --path");
	if (types[o->type].type == SOCK_DGRAM && wrong != NULL)
		REFUSE("--%s means nothing with --type dgram%s",
		    find_option(*wrong)->name,
		    two ? " between two programs" : "");
	if (mode == 'r' && o->spread > o->timeout)
		REFUSE("--spread %" PRId64 " us is longer than --timeout "
		    "%g s", o->spread / MICROSECOND,
		    (double)o->timeout / SECOND);
}

/* The one of these letters that was given, or 0; two exclude each other. */
static int
only_one(const char *letters, const char *given)
{
	const char *one = strpbrk(given, letters);
	const char *other = one != NULL ? strpbrk(one + 1, letters) : NULL;

	if (other != NULL)
		REFUSE("--%s and --%s exclude each other",
		    find_option(*one)->name, find_option(*other)->name);
	return one != NULL ? *one : 0;
}

/* Returns NULL, or what the value has to be and is not. */
static const char *
set_value(struct options *o, int letter, const char *s)
{
	double seconds;
	uintmax_t n;
	char *end;

	switch (letter) {
	case 'C': case 'P': case 'l': case 'p':
		o->path = s;
		break;
	case 'c':
		if (!parse_number(s, 10, 1, 1000000000, &n))
			return "a number from 1 to 1000000000";
		o->count = n;
		break;
	case 'e':
		o->effective = parse_identity(s);
		break;
	case 'm':
		if (!parse_number(s, 8, 0, 0777, &n))
			return "an octal number from 0 to 777";
		o->mode = (mode_t)n;
		break;
	case 't':
		for (o->type = 0; o->type < nitems(types); o->type++)
			if (strcmp(s, types[o->type].name) == 0)
				return NULL;
		return "stream, seqpacket or dgram";
	case 'u':
		o->user = parse_identity(s);
		break;
	case 'W':
		if (!parse_number(s, 10, 0, 1000000, &n))
			return "a number from 0 to 1000000";
		o->spread = MICROSECOND * (int64_t)n;
		break;
	case 'w':
		seconds = strtod(s, &end);
		if (s[strspn(s, "0123456789.")] != '\0' || *end != '\0' ||
		    !(seconds >= 0.001 && seconds <= 86400))
			return "a number of seconds from 0.001 to 86400";
		o->timeout = (int64_t)(seconds * SECOND);
		break;
	}
	return NULL;
}

/* What was not given depends on the mode, which is a role or an order. */
static void
set_defaults(struct options *o, const char *given, int mode, int order)
{
	static const struct schedule *const schedules[] = {
		['L'] = &late_schedule, ['i'] = &inherit_schedule,
		['r'] = &race_schedule, ['s'] = &sync_schedule,
		['P'] = &peer_schedule,
	};

	o->schedule = schedules[mode == 'P' ? mode : order];
	if (mode == 'l' && types[o->type].type == SOCK_DGRAM)
		o->schedule = &dgram_schedule;
	o->any_type = mode == 'P' && !GIVEN('t');
	if (order == 'r' &&
	    (o->role != 0 || (o->path != NULL && o->spread == 0)))
		o->schedule = &bare_schedule;
	if (!GIVEN('c') && mode == 'l')
		o->count = UINT64_MAX;
	else if (!GIVEN('c') && mode == 'r') {
		o->count = 10000;
		o->limit = SECOND;
	}
	o->counted = o->count > 1 || mode == 'r';
	ending.stoppable = mode == 'r';
}

/* The same table, as getopt_long(3) wants it. */
static void
make_getopt(struct option *longopts, char *letters)
{
	letters += sprintf(letters, ":");
	FOREACH_OPTION(o) {
		*longopts++ = (struct option){ .name = o->name,
		    .has_arg = o->argument != NULL, .val = o->letter };
		letters += sprintf(letters, o->argument != NULL ? "%c:" : "%c",
		    o->letter);
	}
	*longopts = (struct option){ .name = NULL };
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	struct option longopts[nitems(optiontable) + 1];
	char letters[2 * nitems(optiontable) + 2];
	char given[nitems(optiontable) + 1] = "";	/* letters, each once */
	const char *what, *word;
	int ch, mode, order;

	make_getopt(longopts, letters);
	opterr = 0;
	while ((ch = getopt_long(argc, argv, letters, longopts, NULL)) != -1) {
		word = argv[optind - 1];
		if (ch == ':' || (ch == '?' && find_option(optopt) != NULL))
			REFUSE("option %s argument: %s", ch == ':' ?
			    "needs an" : "takes no", visible(word));
		if (ch == '?' && optopt == 0)
			REFUSE("no such option, or more than one: %s (--help "
			    "lists them)", visible(word));
		if (ch == '?')
			REFUSE("no such option: -%s (--help lists them)",
			    visible((char[]){ (char)optopt, '\0' }));
		if (ch == 'h' || ch == 'V')
			help(ch == 'V');
		if (!GIVEN(ch))
			given[strlen(given)] = (char)ch;
		if ((what = set_value(o, ch, optarg)) != NULL)
			REFUSE("%s is %s: %s", find_option(ch)->name, what,
			    visible(optarg));
	}
	if (optind < argc)
		REFUSE("unexpected operand: %s (--help lists the options)",
		    visible(argv[optind]));
	o->json = GIVEN('j');
	o->names = GIVEN('n');
	o->quiet = GIVEN('q');
	o->verbose = GIVEN('v');
	(void)only_one(REPORTS, given);
	o->role = only_one(ROLES, given);
	if ((order = only_one(ORDERS, given)) == 0)
		order = o->role != 0 ? 'i' : 's';
	mode = o->role != 0 ? o->role : order;
	check_options(o, given, mode);
	set_defaults(o, given, mode, order);
}

int
main(int argc, char **argv)
{
	struct options o = { .count = 1, .mode = 0666, .timeout = 5 * SECOND,
	    .spread = 20 * MICROSECOND };
	int status;

	(void)signal(SIGPIPE, SIG_IGN);	/* EPIPE and EFBIG tell more */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* ignored, it leaves no status */
	/* One that is closed would be a socket's; output stays unwritable. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", O_RDONLY) == -1)
			err(EXIT_TROUBLE, "/dev/null");
	parse_options(argc, argv, &o);
	if (atexit(clean_up) != 0)
		err(EXIT_TROUBLE, "atexit");
	handle_signals(on_signal);
	status = o.role == 'l' ? run_server(&o) : o.role == 'P' ?
	    run_peer(&o) : o.role == 'S' ? run_survey(&o) : run_both(&o);
	return ending.trouble ? EXIT_TROUBLE : status;
}
