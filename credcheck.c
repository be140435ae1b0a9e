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
 * Plays both ends of a UNIX-domain socket conversation and reports which
 * credentials the kernel delivered, by which mechanism, and whether they are
 * true.
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
#include <signal.h>
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

#define VERSION		"0.1"

#define EXIT_MISSING	1	/* the message had no true credentials */
#define EXIT_TROUBLE	2	/* usage, a system error, a timeout */

#define CONTROL_ROOM	4096	/* bytes; Linux: 253 descriptors at most */
#define DATA_ROOM	4096	/* bytes read of a message */
#define BATCH		32	/* socketpairs handed over at once */
#define CLIENT_SUFFIX	".c"	/* of a datagram client's path */
#define SECOND		INT64_C(1000000000)	/* in nanoseconds */
#define MILLISECOND	(SECOND / 1000)
#define MICROSECOND	(SECOND / 1000000)

/*
 * 1. Credentials: the fields, and what told us each of them.
 */
enum field { PID, UID, EUID, GID, EGID, GROUPS, NFIELDS };

static const struct {
	const char *key, *label;
} fields[NFIELDS] = {
	[PID] = { "pid", "PID" },
	[UID] = { "uid", "UID" },
	[EUID] = { "euid", "EUID" },
	[GID] = { "gid", "GID" },
	[EGID] = { "egid", "EGID" },
	[GROUPS] = { "groups", "Supplementary groups" },
};

struct cred {
	const char *source[NFIELDS];	/* NULL: the field is not known */
	intmax_t id[GROUPS];
	gid_t *groups;
	size_t ngroups, room;		/* in gid_t */
};

/* For a message of one line: what a terminal would act on becomes a '?'. */
static const char *
visible(const char *s)
{
	char *copy = strdup(s);

	for (char *p = copy; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return copy != NULL ? copy : "?";
}

enum outcome {
	CREDENTIALS, PLACEHOLDER, NONE, TRUNCATED, CLOSED, TIMEOUT,
	UNSUPPORTED, NOUTCOMES
};

static const char *const outcomes[NOUTCOMES] = {
	[CREDENTIALS] = "credentials",
	[PLACEHOLDER] = "placeholder",
	[NONE] = "none",
	[TRUNCATED] = "truncated",
	[CLOSED] = "closed",
	[TIMEOUT] = "timeout",
	[UNSUPPORTED] = "unsupported",
};

static void
cred_forget(struct cred *cr)
{
	memset(cr->source, 0, sizeof(cr->source));
}

static void
cred_id(struct cred *cr, enum field f, intmax_t id, const char *source)
{
	cr->id[f] = id;
	cr->source[f] = source;
}

static gid_t *
cred_room(struct cred *cr, size_t n)
{
	if (cr->room < n || cr->groups == NULL) {
		cr->room = n > 16 ? n : 16;
		cr->groups = realloc(cr->groups,
		    cr->room * sizeof(*cr->groups));
		if (cr->groups == NULL)
			err(EXIT_TROUBLE, "%zu groups", n);
	}
	return cr->groups;
}

/* Takes n groups from a place that need not be aligned. */
static void __attribute__((unused))
cred_groups(struct cred *cr, const void *groups, size_t n, const char *source)
{
	memcpy(cred_room(cr, n), groups, n * sizeof(gid_t));
	cr->ngroups = n;
	cr->source[GROUPS] = source;
}

/*
 * 2. The kernel's side.  One block a system, the same in each:
 *
 * mechanisms	the option, the control message, and the limits; the usual one
 *		is the first, and the last serves foreign clients best
 * read_cred()	credentials out of the data of one control message, of which
 *		len bytes arrived: CREDENTIALS, PLACEHOLDER, TRUNCATED, or
 *		NONE if it is another kind of message
 * cred_size()	of the data of the control message, with so many groups
 * claim_cred()	the data of a control message by which a client claims to
 *		be someone; its length, or 0 where there is no such thing
 * peer_cred()	what the kernel noted when the connection was made
 * die_with_parent()
 *		that even a stopped client does not outlive its server's
 *		SIGKILL, where the system can do that
 */
struct mechanism {
	const char *option;	/* NULL: this system has none */
	int level, name;	/* for setsockopt(2), an int */
	const char *message;	/* the control message it causes */
	int type;		/* of that */
	size_t maxgroups;	/* that this kernel delivers */
	bool autobind;		/* a datagram client needs no name */
	bool abstract;		/* @ is a name outside the file system */
};

#if defined(__linux__)

#include <sys/prctl.h>

_Static_assert(offsetof(struct ucred, pid) == 0 &&
    offsetof(struct ucred, uid) == 4 && offsetof(struct ucred, gid) == 8 &&
    sizeof(struct ucred) == 12, "struct ucred");

/* unix(7). */
static const struct mechanism mechanisms[] = {
	{ "SO_PASSCRED", SOL_SOCKET, SO_PASSCRED, "SCM_CREDENTIALS",
	    SCM_CREDENTIALS, 65536, true, true },
};

/* The ID that stands for one which has no name here: user_namespaces(7). */
static intmax_t
overflow_id(const char *path, intmax_t *known)
{
	FILE *fp;

	if (*known != -1)
		return *known;
	if ((fp = fopen(path, "r")) == NULL || fscanf(fp, "%jd", known) != 1)
		*known = 65534;
	if (fp != NULL)
		fclose(fp);
	return *known;
}

static enum outcome
read_cred(int level, int type, const unsigned char *data, size_t len,
    struct cred *cr)
{
	static intmax_t uid = -1, gid = -1;
	struct ucred uc;

	if (level != SOL_SOCKET || type != SCM_CREDENTIALS)
		return NONE;
	if (len < sizeof(uc))
		return TRUNCATED;
	memcpy(&uc, data, sizeof(uc));
	/* PID 0 is a process which this PID namespace cannot see. */
	cred_id(cr, PID, uc.pid, uc.pid != 0 ? mechanisms[0].message : NULL);
	cred_id(cr, UID, uc.uid, mechanisms[0].message);
	cred_id(cr, GID, uc.gid, mechanisms[0].message);
	if (uc.pid == 0 &&
	    uc.uid == overflow_id("/proc/sys/kernel/overflowuid", &uid) &&
	    uc.gid == overflow_id("/proc/sys/kernel/overflowgid", &gid))
		return PLACEHOLDER;
	return CREDENTIALS;
}

static size_t
cred_size(size_t ngroups)
{
	(void)ngroups;
	return sizeof(struct ucred);
}

static size_t
claim_cred(void *data, const struct cred *cr)
{
	const struct ucred uc = { .pid = (pid_t)cr->id[PID],
	    .uid = (uid_t)cr->id[UID], .gid = (gid_t)cr->id[GID] };

	memcpy(data, &uc, sizeof(uc));
	return sizeof(uc);
}

static void
peer_cred(int fd, struct cred *cr)
{
	struct ucred uc;
	socklen_t len = sizeof(uc);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &len) == -1 ||
	    uc.uid == (uid_t)-1)	/* not connected */
		return;
	cred_id(cr, PID, uc.pid, uc.pid != 0 ? "SO_PEERCRED" : NULL);
	cred_id(cr, EUID, uc.uid, "SO_PEERCRED");
	cred_id(cr, EGID, uc.gid, "SO_PEERCRED");

	/* ERANGE tells how much is needed. */
	len = 16 * sizeof(gid_t);
	while (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS,
	    cred_room(cr, len / sizeof(gid_t)), &len) == -1)
		if (errno != ERANGE)
			return;
	cr->ngroups = len / sizeof(gid_t);
	cr->source[GROUPS] = "SO_PEERGROUPS";
}

static void
die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

#elif defined(__NetBSD__)

#ifndef SOL_LOCAL
#define SOL_LOCAL	0
#endif

#ifdef LOCAL_OCREDS	/* came together with sc_pid, in NetBSD 8 */
_Static_assert(LOCAL_OCREDS == 0x0001 && LOCAL_PEEREID == 0x0003 &&
    LOCAL_CREDS == 0x0004 && SCM_CREDS == 0x10, "sys/un.h, sys/socket.h");
_Static_assert(offsetof(struct sockcred, sc_pid) == 0 &&
    offsetof(struct sockcred, sc_uid) == 4 &&
    offsetof(struct sockcred, sc_euid) == 8 &&
    offsetof(struct sockcred, sc_gid) == 12 &&
    offsetof(struct sockcred, sc_egid) == 16 &&
    offsetof(struct sockcred, sc_ngroups) == 20 &&
    offsetof(struct sockcred, sc_groups) == 24 &&
    SOCKCREDSIZE(1) == 28 && SOCKCREDSIZE(16) == 88, "struct sockcred");
_Static_assert(offsetof(struct unpcbid, unp_pid) == 0 &&
    offsetof(struct unpcbid, unp_euid) == 4 &&
    offsetof(struct unpcbid, unp_egid) == 8 && sizeof(struct unpcbid) == 12,
    "struct unpcbid");
#endif

/* unix(4); 16 is NGROUPS_MAX. */
static const struct mechanism mechanisms[] = {
	{ "LOCAL_CREDS", SOL_LOCAL, LOCAL_CREDS, "SCM_CREDS", SCM_CREDS, 16,
	    false, false },
};

static enum outcome
read_cred(int level, int type, const unsigned char *data, size_t len,
    struct cred *cr)
{
	const size_t fixed = offsetof(struct sockcred, sc_groups);
	struct sockcred sc;

	if (level != SOL_SOCKET || type != SCM_CREDS)
		return NONE;
	if (len < fixed)
		return TRUNCATED;
	memcpy(&sc, data, fixed);
#ifdef LOCAL_OCREDS
	cred_id(cr, PID, sc.sc_pid, mechanisms[0].message);
#endif
	cred_id(cr, UID, sc.sc_uid, mechanisms[0].message);
	cred_id(cr, EUID, sc.sc_euid, mechanisms[0].message);
	cred_id(cr, GID, sc.sc_gid, mechanisms[0].message);
	cred_id(cr, EGID, sc.sc_egid, mechanisms[0].message);
	if (sc.sc_ngroups >= 0 &&
	    (size_t)sc.sc_ngroups <= (len - fixed) / sizeof(gid_t))
		cred_groups(cr, data + fixed, (size_t)sc.sc_ngroups,
		    mechanisms[0].message);
	return CREDENTIALS;
}

static size_t
cred_size(size_t ngroups)
{
	return SOCKCREDSIZE(MAX(MIN(ngroups, 16), 1));
}

static size_t
claim_cred(void *data, const struct cred *cr)
{
	struct sockcred sc;

	memset(&sc, 0, sizeof(sc));
	sc.sc_uid = sc.sc_euid = (uid_t)cr->id[UID];
	sc.sc_gid = sc.sc_egid = (gid_t)cr->id[GID];
	memcpy(data, &sc, sizeof(sc));
	return sizeof(sc);
}

static void
peer_cred(int fd, struct cred *cr)
{
	struct unpcbid id;
	socklen_t len = sizeof(id);

	if (getsockopt(fd, SOL_LOCAL, LOCAL_PEEREID, &id, &len) == -1)
		return;
	cred_id(cr, PID, id.unp_pid, "LOCAL_PEEREID");
	cred_id(cr, EUID, id.unp_euid, "LOCAL_PEEREID");
	cred_id(cr, EGID, id.unp_egid, "LOCAL_PEEREID");
}

static void
die_with_parent(void)
{
}

#elif defined(__FreeBSD__)

#include <sys/procctl.h>
#include <sys/ucred.h>

#ifndef SOL_LOCAL
#define SOL_LOCAL	0
#endif

_Static_assert(LOCAL_PEERCRED == 1 && LOCAL_CREDS == 2 && SCM_CREDS == 3,
    "sys/un.h, sys/socket.h");
_Static_assert(offsetof(struct sockcred, sc_uid) == 0 &&
    offsetof(struct sockcred, sc_euid) == 4 &&
    offsetof(struct sockcred, sc_gid) == 8 &&
    offsetof(struct sockcred, sc_egid) == 12 &&
    offsetof(struct sockcred, sc_ngroups) == 16 &&
    offsetof(struct sockcred, sc_groups) == 20 &&
    SOCKCREDSIZE(1) == 24 && SOCKCREDSIZE(16) == 84, "struct sockcred");
#ifdef LOCAL_CREDS_PERSISTENT	/* FreeBSD 13 */
_Static_assert(LOCAL_CREDS_PERSISTENT == 3 && SCM_CREDS2 == 8 &&
    offsetof(struct sockcred2, sc_version) == 0 &&
    offsetof(struct sockcred2, sc_pid) == 4 &&
    offsetof(struct sockcred2, sc_uid) == 8 &&
    offsetof(struct sockcred2, sc_euid) == 12 &&
    offsetof(struct sockcred2, sc_gid) == 16 &&
    offsetof(struct sockcred2, sc_egid) == 20 &&
    offsetof(struct sockcred2, sc_ngroups) == 24 &&
    offsetof(struct sockcred2, sc_groups) == 28 &&
    SOCKCRED2SIZE(1) == 32 && SOCKCRED2SIZE(16) == 92, "struct sockcred2");
/* The same length as a sockcred with 16 groups, and another layout. */
_Static_assert(offsetof(struct cmsgcred, cmcred_pid) == 0 &&
    offsetof(struct cmsgcred, cmcred_uid) == 4 &&
    sizeof(struct cmsgcred) == SOCKCREDSIZE(16), "struct cmsgcred");
#endif

/* unix(4). */
static const struct mechanism mechanisms[] = {
	{ "LOCAL_CREDS", SOL_LOCAL, LOCAL_CREDS, "SCM_CREDS", SCM_CREDS,
	    CMGROUP_MAX, false, false },
#ifdef LOCAL_CREDS_PERSISTENT
	{ "LOCAL_CREDS_PERSISTENT", SOL_LOCAL, LOCAL_CREDS_PERSISTENT,
	    "SCM_CREDS2", SCM_CREDS2, CMGROUP_MAX, false, false },
#endif
};

static enum outcome
read_cred(int level, int type, const unsigned char *data, size_t len,
    struct cred *cr)
{
	const char *source = "SCM_CREDS";
	const size_t fixed = offsetof(struct sockcred, sc_groups);
	struct sockcred sc;
	struct cmsgcred cm;

	if (level != SOL_SOCKET)
		return NONE;
#ifdef LOCAL_CREDS_PERSISTENT
	if (type == SCM_CREDS2) {
		/* A version and the PID come before what a sockcred has. */
		const size_t more = offsetof(struct sockcred2, sc_uid);
		pid_t pid;

		if (len < more + fixed)
			return TRUNCATED;
		source = "SCM_CREDS2";
		memcpy(&pid, data + offsetof(struct sockcred2, sc_pid),
		    sizeof(pid));
		cred_id(cr, PID, pid, source);
		data += more;
		len -= more;
	} else
#endif
	if (type != SCM_CREDS)
		return NONE;
	if (len < fixed)
		return TRUNCATED;
	memcpy(&sc, data, fixed);
	/* What a sender attached itself, and the kernel filled in. */
	if (type == SCM_CREDS && len == sizeof(cm)) {
		memcpy(&cm, data, sizeof(cm));
		if (sc.sc_ngroups == CMGROUP_MAX)
			return NONE;	/* it could be either */
		cred_id(cr, PID, cm.cmcred_pid, source);
		cred_id(cr, UID, cm.cmcred_uid, source);
		cred_id(cr, EUID, cm.cmcred_euid, source);
		cred_id(cr, GID, cm.cmcred_gid, source);
		if (cm.cmcred_ngroups >= 0 && cm.cmcred_ngroups <= CMGROUP_MAX)
			cred_groups(cr, cm.cmcred_groups,
			    (size_t)cm.cmcred_ngroups, source);
		return CREDENTIALS;
	}
	cred_id(cr, UID, sc.sc_uid, source);
	cred_id(cr, EUID, sc.sc_euid, source);
	cred_id(cr, GID, sc.sc_gid, source);
	cred_id(cr, EGID, sc.sc_egid, source);
	if (sc.sc_ngroups >= 0 &&
	    (size_t)sc.sc_ngroups <= (len - fixed) / sizeof(gid_t))
		cred_groups(cr, data + fixed, (size_t)sc.sc_ngroups, source);
	return CREDENTIALS;
}

static size_t
cred_size(size_t ngroups)
{
	return SOCKCREDSIZE(MAX(MIN(ngroups, CMGROUP_MAX), 1));
}

/* The kernel fills it in itself, whatever is claimed. */
static size_t
claim_cred(void *data, const struct cred *cr)
{
	(void)cr;
	memset(data, 0, sizeof(struct cmsgcred));
	return sizeof(struct cmsgcred);
}

static void
peer_cred(int fd, struct cred *cr)
{
	struct xucred xu;
	socklen_t len = sizeof(xu);

	if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, &xu, &len) == -1 ||
	    xu.cr_version != XUCRED_VERSION || xu.cr_ngroups < 1)
		return;
#if __FreeBSD_version >= 1300000
	cred_id(cr, PID, xu.cr_pid, "LOCAL_PEERCRED");
#endif
	cred_id(cr, EUID, xu.cr_uid, "LOCAL_PEERCRED");
	cred_id(cr, EGID, xu.cr_groups[0], "LOCAL_PEERCRED");
	cred_groups(cr, xu.cr_groups, (size_t)MIN(xu.cr_ngroups, XU_NGROUPS),
	    "LOCAL_PEERCRED");
}

static void
die_with_parent(void)
{
	int sig = SIGKILL;

	(void)procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &sig);
}

#else	/* a system without the mechanism */

static const struct mechanism mechanisms[] = {
	{ .option = NULL },
};

static enum outcome
read_cred(int level, int type, const unsigned char *data, size_t len,
    struct cred *cr)
{
	(void)level, (void)type, (void)data, (void)len, (void)cr;
	return NONE;
}

static size_t
cred_size(size_t ngroups)
{
	return ngroups * sizeof(gid_t);
}

static size_t
claim_cred(void *data, const struct cred *cr)
{
	(void)data, (void)cr;
	return 0;
}

static void
peer_cred(int fd, struct cred *cr)
{
#if defined(__OpenBSD__)
	struct sockpeercred id;
	socklen_t len = sizeof(id);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &id, &len) == -1)
		return;
	cred_id(cr, PID, id.pid, "SO_PEERCRED");
	cred_id(cr, EUID, id.uid, "SO_PEERCRED");
	cred_id(cr, EGID, id.gid, "SO_PEERCRED");
#else
	uid_t euid;
	gid_t egid;

	if (getpeereid(fd, &euid, &egid) == -1)
		return;
	cred_id(cr, EUID, euid, "getpeereid");
	cred_id(cr, EGID, egid, "getpeereid");
#ifdef LOCAL_PEERPID		/* macOS */
	pid_t pid;
	socklen_t len = sizeof(pid);

	if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &len) == 0)
		cred_id(cr, PID, pid, "LOCAL_PEERPID");
#endif
#endif
}

static void
die_with_parent(void)
{
}

#endif	/* of the kernel's side */

/*
 * 3. The two processes, and the connection between them.
 */
enum side { SERVER, CLIENT, NSIDES };

/* What either side can reach in a conversation. */
enum event {
	READY, OPTION_BEGUN, OPTION_SET, ACCEPTED, GO_ON_SENT, RECEIVED,
	CONNECTED, GO_ON, MESSAGE_BEGUN, MESSAGE_SENT, NEVENTS
};

static const struct {
	enum side side;
	const char *text;	/* in the timeline; NULL: not there */
	const char *step;	/* what one who waits for it waits for */
} events[NEVENTS] = {
	[READY] = { SERVER, "ready for the client", "the server" },
	[OPTION_BEGUN] = { SERVER, NULL, NULL },
	[OPTION_SET] = { SERVER, "option set", "the option to be set" },
	[ACCEPTED] = { SERVER, "accepted", "the server to accept" },
	[GO_ON_SENT] = { SERVER, "sent \"go on\"", NULL },
	[RECEIVED] = { SERVER, "received", NULL },
	[CONNECTED] = { CLIENT, "connected", "the client to connect" },
	[GO_ON] = { CLIENT, "got \"go on\"", NULL },
	[MESSAGE_BEGUN] = { CLIENT, NULL, NULL },
	[MESSAGE_SENT] = { CLIENT, "message sent", "the client's message" },
};

/* What the client does for a message. */
enum how {
	WRITE, SENDMSG, DESCRIPTOR, EMPTY, NOTHING, CLAIM, FORGE, OWN_OPTION,
	ASK
};

enum room { AMPLE, SMALL, EXACT };

struct schedule {
	const char *name;
	enum event option;	/* the server sets it once this was reached */
	enum event message;	/* the client writes once this was reached */
	bool race;		/* each after a delay of its own */
	enum event accept;	/* accepted once this was reached */
	enum how how;		/* and by what means */
	bool again;		/* the second message is the one that counts */
	bool wrong_level;	/* the option, where it does not belong */
	enum room room;		/* for control messages */
};

/* A name that we made in the file system and have to remove. */
struct made {
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	dev_t dev;
	ino_t ino;
};

/*
 * One page (and the client's groups) that both processes see.  The trial's
 * number is in the upper half of a progress word, as much of it as fits there
 * (the two are never more than one apart), and its events are in the lower.
 */
struct shared {
	_Atomic uint32_t progress[NSIDES];
	int64_t at[NEVENTS];		/* CLOCK_MONOTONIC, in nanoseconds */
	struct cred client;		/* the truth, by the client itself */
	intmax_t asked[GROUPS];		/* its peer's, if it asked; or -1 */
	int error;			/* errno of a step that may fail */
	struct made made[NSIDES];
	gid_t groups[];
};
#define TRIAL_SHIFT	16
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && NEVENTS <= TRIAL_SHIFT,
    "two processes share no lock of a library's");

/* Who the client is to be. */
struct identity {
	const char *argument;		/* NULL: who we are */
	char *name;			/* for initgroups(3); NULL: none */
	uid_t uid;
	gid_t gid, basegid;
};

struct options {
	bool json, names, quiet, verbose;
	bool counted;
	uint64_t count;
	int64_t limit;			/* of a counted run, in nanoseconds */
	int64_t spread;			/* of the race's delays, likewise */
	uint32_t seed;			/* of the delays */
	size_t mechanism;		/* an index of mechanisms[] */
	int role;			/* 'l', 'C', 'S', or 0: both sides */
	const char *path;		/* NULL: a socketpair */
	mode_t mode;
	size_t type;			/* an index of types[] */
	int64_t timeout;		/* in nanoseconds */
	struct identity user, effective;
	const struct schedule *schedule;
};

struct run {
	const struct options *options;
	const struct schedule *schedule;
	const struct mechanism *mechanism;
	const struct transport *transport;
	struct shared *shared;
	enum side side;
	pid_t child;
	int control;			/* to the other process */
	int listener;			/* -1: none */
	int connection;
	uint64_t trial;			/* from 1 */
	int batch[BATCH];		/* connections to come */
	size_t next, nbatch;
	int pairs[NSIDES][BATCH];	/* for the batch after it */
	size_t npairs;
	struct sockaddr_un address;	/* of the server */
	socklen_t addresslen;
	struct sockaddr_un reply;	/* a datagram client's address */
	socklen_t replylen;
};

static const struct {
	const char *name;
	int type;
} types[] = {
	{ "stream", SOCK_STREAM },
	{ "seqpacket", SOCK_SEQPACKET },
	{ "dgram", SOCK_DGRAM },
};

static int
socket_type(const struct run *c)
{
	return types[c->options->type].type;
}

static int64_t
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(EXIT_TROUBLE, "clock_gettime");
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/*
 * How long a side of the race waits before its step, in nanoseconds: a hash of
 * seed, trial and side (the finalizer of SplitMix64), so that either process
 * can draw it, and any trial's can be drawn again.
 */
static int64_t
draw_delay(const struct options *o, uint64_t trial, enum side side)
{
	uint64_t x = ((uint64_t)o->seed << 32) + trial * NSIDES + side;

	x = (x + 1) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return (int64_t)(x % ((uint64_t)o->spread + 1));
}

/* What has to go when we end, for a signal handler to find. */
static struct {
	pid_t owner;
	volatile pid_t child;
	int control;
	struct made *made[NSIDES];
	char *directory;		/* of the survey's named sockets */
} leftovers;

/*
 * A race and a server end at a signal as if they were done; a server that
 * sleeps is woken through a pipe.
 */
static volatile sig_atomic_t stoppable, stopped;
static int wakeup[2] = { -1, -1 };

static void
remove_made(struct made *m)
{
	struct stat st;

	if (m->path[0] != '\0' && lstat(m->path, &st) == 0 &&
	    st.st_dev == m->dev && st.st_ino == m->ino)
		(void)unlink(m->path);
	m->path[0] = '\0';
}

/*
 * The client is asked to leave, by the end of the control channel, as it may
 * have a name of its own to remove; what does not leave in a second is killed.
 */
static void
end_client(void)
{
	struct pollfd pfd = { .fd = leftovers.control, .events = POLLIN };
	const pid_t child = leftovers.child;

	if (child > 0) {
		(void)kill(child, SIGCONT);
		(void)shutdown(leftovers.control, SHUT_WR);
		(void)poll(&pfd, 1, (int)(SECOND / MILLISECOND));
		(void)kill(child, SIGKILL);
		leftovers.child = 0;	/* its PID may soon be another's */
		(void)waitpid(child, NULL, 0);
	}
}

/* Called by a signal handler: all in it is async-signal-safe (POSIX). */
static void
clean_up(void)
{
	if (getpid() != leftovers.owner)
		return;
	end_client();
	for (int s = 0; s < NSIDES; s++)
		if (leftovers.made[s] != NULL)
			remove_made(leftovers.made[s]);
	if (leftovers.directory != NULL)
		(void)rmdir(leftovers.directory);
}

static void
on_signal(int sig)
{
	const int error = errno;

	if (stoppable && !stopped &&
	    (sig == SIGHUP || sig == SIGINT || sig == SIGTERM)) {
		stopped = sig;
		if (wakeup[1] != -1 && write(wakeup[1], "", 1) == -1)
			_exit(EXIT_TROUBLE);	/* an empty pipe has room */
		errno = error;
		return;
	}
	clean_up();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static const int fatal_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM,
	SIGUSR1, SIGUSR2
};

static void
handle_signals(void (*handler)(int))
{
	struct sigaction sa, old;

	memset(&sa, 0, sizeof(sa));
	sigfillset(&sa.sa_mask);
	sa.sa_handler = handler;
	sa.sa_flags = SA_RESTART;	/* a report is written to its end */
	for (size_t i = 0; i < nitems(fatal_signals); i++)
		if (sigaction(fatal_signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)	/* nohup(1) */
			(void)sigaction(fatal_signals[i], &sa, NULL);
}

static void
block_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < nitems(fatal_signals); i++)
		sigaddset(&set, fatal_signals[i]);
	if (sigprocmask(how, &set, NULL) == -1)
		err(EXIT_TROUBLE, "sigprocmask");
}

/*
 * The control channel was closed.  A client has nobody left to work for; the
 * server says what became of the client, which has spoken itself if it could.
 */
static _Noreturn void
peer_exited(struct run *c, const char *step)
{
	int status = 0;

	if (c->side == CLIENT)
		exit(EXIT_TROUBLE);
	leftovers.child = 0;
	(void)waitpid(c->child, &status, 0);
	if (WIFSIGNALED(status))
		errx(EXIT_TROUBLE, "client died of signal %d (%s), waiting "
		    "for %s", WTERMSIG(status), strsignal(WTERMSIG(status)),
		    step);
	if (WEXITSTATUS(status) != EXIT_TROUBLE)
		errx(EXIT_TROUBLE, "client left with status %d, waiting for %s",
		    WEXITSTATUS(status), step);
	exit(EXIT_TROUBLE);
}

/* True once the other end of the control channel is closed. */
static bool
left_alone(const struct run *c)
{
	char byte;

	return recv(c->control, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static _Noreturn void
timed_out(const struct run *c, const char *step)
{
	if (c->side == CLIENT && c->control != -1 && left_alone(c))
		exit(EXIT_TROUBLE);	/* the server has said it */
	errx(EXIT_TROUBLE, "%stimed out after %g s waiting for %s",
	    c->side == CLIENT ? "client: " : "",
	    (double)c->options->timeout / SECOND, step);
}

/*
 * Waits until fd is ready for what the caller wants of it, and no longer than
 * until the deadline or the other process's end.
 */
static void
wait_fd(struct run *c, int fd, short wanted, int64_t deadline,
    const char *step)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = wanted },
		{ .fd = c->control, .events = POLLIN },
	};
	int64_t left;

	for (;;) {
		/* Rounded up, so as not to spin through the last one. */
		left = deadline - now();
		left = MIN(MAX(left, 0) / MILLISECOND + 1, INT_MAX);
		if (poll(fds, nitems(fds), (int)left) == -1 && errno != EINTR)
			err(EXIT_TROUBLE, "poll");
		if (fds[0].revents != 0)
			return;
		/* Its last act before it left may have been what we want. */
		if (fds[1].revents != 0 && left_alone(c) &&
		    poll(fds, 1, 0) == 0)
			peer_exited(c, step);
		if (now() > deadline)
			timed_out(c, step);
	}
}

static int64_t
deadline(const struct run *c)
{
	return now() + c->options->timeout;
}

/*
 * Another try at what would have blocked: true, after a wait for fd.  The
 * first tries only give way: to sleep and be woken takes longer than the other
 * side, which is at work.
 */
static bool
again(struct run *c, int fd, short wanted, int64_t until, const char *step)
{
	if (errno == ENOBUFS)		/* the BSDs: poll(2) would not wait */
		(void)poll(NULL, 0, 1);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		return false;
	if (until - now() > c->options->timeout - 50 * MICROSECOND)
		(void)sched_yield();
	else
		wait_fd(c, fd, wanted, until, step);
	return true;
}

/*
 * Progress: each side notes what it has reached, for the timeline and for the
 * other side, which may wait for it.
 */
static void
reach(struct run *c, enum event e)
{
	_Atomic uint32_t *progress = &c->shared->progress[c->side];

	c->shared->at[e] = now();
	atomic_store_explicit(progress,
	    atomic_load_explicit(progress, memory_order_relaxed) |
	    UINT32_C(1) << e, memory_order_release);
}

static bool
reached(const struct run *c, enum event e)
{
	uint32_t p = atomic_load_explicit(
	    &c->shared->progress[events[e].side], memory_order_acquire);

	return p >> TRIAL_SHIFT == (uint16_t)c->trial &&
	    (p & UINT32_C(1) << e) != 0;
}

/*
 * Waits for the other side to reach an event of this trial: first giving way
 * to it, as it is at work and will be there in microseconds, then asleep.
 */
static void
await(struct run *c, enum event e)
{
	struct pollfd pfd = { .fd = c->control, .events = POLLIN };
	int64_t until = 0;

	for (unsigned i = 0; !reached(c, e); i++) {
		if (i < 500) {
			(void)sched_yield();
			continue;
		}
		if (until == 0)
			until = deadline(c);
		if (poll(&pfd, 1, 1) == 1 && left_alone(c) && !reached(c, e))
			peer_exited(c, events[e].step);
		if (now() > until && !reached(c, e))
			timed_out(c, events[e].step);
	}
}

/*
 * The server begins a trial, and the client follows: what it noted of the
 * last one may be read until then.
 */
static void
begin_trial(struct run *c)
{
	c->trial++;
	if (c->side == CLIENT && c->control != -1)
		await(c, READY);
	else if (c->trial > 1)
		memset(c->shared->at, 0, sizeof(c->shared->at));
	atomic_store_explicit(&c->shared->progress[c->side],
	    (uint32_t)c->trial << TRIAL_SHIFT, memory_order_release);
}

/* One byte by sendmsg(2), and a control message with it if there is len. */
static ssize_t
send_with(int fd, int type, const void *data, size_t len)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_ROOM];
	struct iovec iov = { .iov_base = (char[]){ '!' }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;

	if (len > 0) {
		memset(control, 0, sizeof(control));
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(len);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = type;
		cm->cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(cm), data, len);
	}
	return sendmsg(fd, &msg, MSG_DONTWAIT);
}

/*
 * A socketpair.  The client makes it, and the control channel hands the
 * server its end: the connection's own credentials are then the client's.
 */
static void
send_fds(struct run *c, const int *fds, size_t n)
{
	const int64_t until = deadline(c);

	while (send_with(c->control, SCM_RIGHTS, fds, n * sizeof(int)) == -1) {
		if (errno == EPIPE || errno == ECONNRESET)
			peer_exited(c, "the server");
		/* Too many descriptors under way, by all of this user's. */
		if (errno == ETOOMANYREFS && now() < until)
			(void)poll(NULL, 0, 1);
		else if (!again(c, c->control, POLLOUT, until, "the server"))
			err(EXIT_TROUBLE, "client: sendmsg");
	}
}

/* One more socketpair, if there are trials and descriptors left for it. */
static bool
make_pair(struct run *c, uint64_t done)
{
	const uint64_t have = done + c->nbatch - c->next + c->npairs;
	int pair[NSIDES];

	if (c->npairs == BATCH || have >= c->options->count ||
	    socketpair(AF_UNIX, socket_type(c), 0, pair) == -1)
		return false;
	c->pairs[CLIENT][c->npairs] = pair[CLIENT];
	c->pairs[SERVER][c->npairs++] = pair[SERVER];
	return true;
}

static int
pair_connect(struct run *c)
{
	if (c->next == c->nbatch) {
		c->next = c->nbatch = 0;
		/* Few descriptors make a small batch, and none an end. */
		while (make_pair(c, c->trial - 1))
			continue;
		if (c->npairs == 0)
			err(EXIT_TROUBLE, "client: socketpair");
		send_fds(c, c->pairs[SERVER], c->npairs);
		for (; c->nbatch < c->npairs; c->nbatch++) {
			(void)close(c->pairs[SERVER][c->nbatch]);
			c->batch[c->nbatch] = c->pairs[CLIENT][c->nbatch];
		}
		c->npairs = 0;
	}
	return c->batch[c->next++];
}

static int
pair_accept(struct run *c)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(BATCH * sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const int64_t until = deadline(c);
	struct cmsghdr *cm;
	ssize_t n;

	/* The last trial's goes now, while the client is making another. */
	if (c->next > 0)
		(void)close(c->batch[c->next - 1]);
	if (c->next == c->nbatch) {
		do {
			msg.msg_control = &control;
			msg.msg_controllen = sizeof(control);
			n = recvmsg(c->control, &msg, MSG_DONTWAIT);
		} while (n == -1 && again(c, c->control, POLLIN, until,
		    events[CONNECTED].step));
		if (n == 0 || (n == -1 && errno == ECONNRESET))
			peer_exited(c, events[CONNECTED].step);
		if (n == -1)
			err(EXIT_TROUBLE, "recvmsg");
		cm = CMSG_FIRSTHDR(&msg);
		if (cm == NULL || (msg.msg_flags & MSG_CTRUNC) != 0)
			errx(EXIT_TROUBLE, "no descriptors left to receive "
			    "the client's");
		c->next = 0;
		c->nbatch = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(c->batch, CMSG_DATA(cm), c->nbatch * sizeof(int));
	}
	await(c, CONNECTED);
	return c->batch[c->next++];
}

/*
 * A named socket.
 */
static void
bind_made(struct made *m, int fd, const struct sockaddr_un *sun,
    socklen_t len, mode_t mode)
{
	struct stat st;
	mode_t mask;
	int error;

	/* A signal between bind and the note of it would leave the file. */
	block_signals(SIG_BLOCK);
	mask = umask(0777 & ~mode);
	error = bind(fd, (const struct sockaddr *)sun, len) == -1 ? errno : 0;
	(void)umask(mask);
	if (error == 0 && sun->sun_path[0] != '\0' &&
	    lstat(sun->sun_path, &st) == 0) {
		m->dev = st.st_dev;
		m->ino = st.st_ino;
		memcpy(m->path, sun->sun_path, sizeof(sun->sun_path));
	}
	block_signals(SIG_UNBLOCK);
	errno = error;
}

static int
path_socket(const struct run *c)
{
	const int fd = socket(AF_UNIX, socket_type(c), 0);

	if (fd == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		err(EXIT_TROUBLE, "socket");
	return fd;
}

/* Says of a path that could not be bound what is in the way there. */
static _Noreturn void
explain_bind(const struct run *c, const char *path)
{
	const char *what = "something that is no socket";
	struct stat st;
	int fd;

	if (errno != EADDRINUSE)
		err(EXIT_TROUBLE, "%s", visible(path));
	if (c->address.sun_path[0] == '\0' || lstat(path, &st) == -1)
		what = "an abstract socket";
	else if (S_ISDIR(st.st_mode))
		what = "a directory";
	else if (S_ISREG(st.st_mode))
		what = "a file";
	else if (S_ISLNK(st.st_mode))
		what = "a symbolic link";
	else if (S_ISSOCK(st.st_mode)) {
		/* A datagram socket asks without making a connection. */
		what = "a socket";
		fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		if (connect(fd, (const struct sockaddr *)&c->address,
		    c->addresslen) == 0 || errno == EPROTOTYPE)
			what = "a socket on which someone listens";
		else if (errno == ECONNREFUSED)
			what = "a socket on which nobody listens; remove it";
	}
	errx(EXIT_TROUBLE, "%s: exists already: %s", visible(path), what);
}

static void
set_address(struct run *c)
{
	const char *path = c->options->path;
	const size_t len = strlen(path);
	const bool named = socket_type(c) == SOCK_DGRAM &&
	    !mechanisms[0].autobind;
	const size_t max = sizeof(c->address.sun_path) - 1 -
	    (named ? strlen(CLIENT_SUFFIX) : 0);

	if (len == 0)
		errx(EXIT_TROUBLE, "an empty path names no socket");
	if (len > max)
		errx(EXIT_TROUBLE, "path is %zu bytes long, %zu at most: %s",
		    len, max, visible(path));
	c->address.sun_family = AF_UNIX;
	memcpy(c->address.sun_path, path, len);
	c->addresslen = (socklen_t)sizeof(c->address);
	if (path[0] == '@' && mechanisms[0].abstract) {
		c->address.sun_path[0] = '\0';
		c->addresslen = (socklen_t)(offsetof(struct sockaddr_un,
		    sun_path) + len);
	}
}

static void
set_option(struct run *c, int fd)
{
	const int on = 1;

	const int level = !c->schedule->wrong_level ? c->mechanism->level :
	    c->mechanism->level == SOL_SOCKET ? 0 : SOL_SOCKET;

	reach(c, OPTION_BEGUN);
	if (c->mechanism->option != NULL && setsockopt(fd, level,
	    c->mechanism->name, &on, sizeof(on)) == -1) {
		if (!c->schedule->wrong_level)
			err(EXIT_TROUBLE, "setsockopt: %s",
			    c->mechanism->option);
		c->shared->error = errno;
	}
	reach(c, OPTION_SET);
}

static void
listen_path(struct run *c)
{
	set_address(c);
	c->listener = path_socket(c);
	if (c->schedule->option == READY)
		set_option(c, c->listener);
	bind_made(&c->shared->made[SERVER], c->listener, &c->address,
	    c->addresslen, c->options->mode);
	if (errno != 0)
		explain_bind(c, c->options->path);
	if (socket_type(c) != SOCK_DGRAM &&
	    listen(c->listener, SOMAXCONN) == -1)
		err(EXIT_TROUBLE, "listen");
}

static int
path_connect(struct run *c)
{
	const int64_t until = deadline(c);
	const int fd = path_socket(c);

	while (connect(fd, (struct sockaddr *)&c->address,
	    c->addresslen) == -1 && errno != EISCONN) {
		/* Linux: a full backlog, which cannot be waited for. */
		if (errno != EAGAIN && errno != EINTR)
			err(EXIT_TROUBLE, "client: connect: %s",
			    visible(c->options->path));
		if (now() > until)
			timed_out(c, "the server to accept");
		(void)poll(NULL, 0, 1);
	}
	return fd;
}

static int
path_accept(struct run *c)
{
	const int64_t until = deadline(c);
	struct cred peer = { .groups = NULL };
	bool ours = false;
	int fd;

	do {
		while ((fd = accept(c->listener, NULL, NULL)) == -1)
			if (errno != ECONNABORTED && !again(c, c->listener,
			    POLLIN, until, events[CONNECTED].step))
				err(EXIT_TROUBLE, "accept");
		/* Anyone may connect, and only our client was asked to. */
		peer_cred(fd, &peer);
		ours = peer.source[PID] == NULL || peer.id[PID] == c->child;
		if (!ours) {
			warnx("not our client, and closed: process %jd",
			    peer.id[PID]);
			(void)close(fd);
		}
	} while (!ours);
	free(peer.groups);
	return fd;
}

struct hello {
	pid_t client;
	uint64_t trial;
};

/*
 * Datagrams.  The client needs an address to be answered at, and its first
 * datagram, which stands for connect(2), tells the server that address.
 */
static int
dgram_connect(struct run *c)
{
	struct made *m = &c->shared->made[CLIENT];
	struct sockaddr_un sun = c->address;
	const struct hello hello = { getpid(), c->trial };
	const int64_t until = deadline(c);
	const int fd = path_socket(c);

	if (c->control == -1)
		;	/* alone: nobody will answer */
	else if (mechanisms[0].autobind) {
		if (bind(fd, (struct sockaddr *)&sun,
		    offsetof(struct sockaddr_un, sun_path)) == -1)
			err(EXIT_TROUBLE, "client: bind");
	} else {
		memcpy(sun.sun_path + strlen(sun.sun_path), CLIENT_SUFFIX,
		    strlen(CLIENT_SUFFIX));
		bind_made(m, fd, &sun, sizeof(sun), c->options->mode);
		if (errno != 0)
			err(EXIT_TROUBLE, "client: %s", sun.sun_path);
	}
	if (connect(fd, (struct sockaddr *)&c->address, c->addresslen) == -1)
		err(EXIT_TROUBLE, "client: connect: %s",
		    visible(c->options->path));
	while (c->control != -1 && send(fd, &hello, sizeof(hello),
	    MSG_DONTWAIT) == -1)
		if (!again(c, fd, POLLOUT, until, "room for a datagram"))
			err(EXIT_TROUBLE, "client: send");
	return fd;
}

static int
dgram_accept(struct run *c)
{
	const int64_t until = deadline(c);
	struct hello hello = { 0, 0 };
	ssize_t n;

	/* Anyone may send, and only our client knows what to say. */
	do {
		c->replylen = sizeof(c->reply);
		n = recvfrom(c->listener, &hello, sizeof(hello), MSG_DONTWAIT,
		    (struct sockaddr *)&c->reply, &c->replylen);
		if (n == -1 && !again(c, c->listener, POLLIN, until,
		    events[CONNECTED].step))
			err(EXIT_TROUBLE, "recvfrom");
	} while (n != sizeof(hello) || hello.client != c->child ||
	    hello.trial != c->trial);
	return c->listener;
}

struct transport {
	const char *name;
	int (*connect)(struct run *);
	int (*accept)(struct run *);
};

static const struct transport transports[] = {
	{ "socketpair", pair_connect, pair_accept },
	{ "path", path_connect, path_accept },
	{ "path", dgram_connect, dgram_accept },
};

/*
 * 4. The handshake: one engine, and schedules for it.
 */
struct result {
	enum outcome outcome;
	size_t bytes;
	bool ctrunc;
	bool raw;			/* there were IDs, whatever they mean */
	struct cred message;		/* what came with the message */
	struct cred peer;		/* what the connection has */
};

/*
 * The client's steps.  It becomes who it is to be before anything else, as a
 * connection notes who made it, and changes nothing afterwards.
 */
static int
become(const struct options *o, const char **what)
{
	const struct identity *u = &o->user, *e = &o->effective;

	*what = "setgroups";
	if (u->argument != NULL && (u->name != NULL ?
	    initgroups(u->name, u->basegid) : setgroups(1, &u->gid)) == -1)
		return -1;
	*what = "setregid";
	if (setregid(u->argument != NULL ? u->gid : getgid(),
	    e->argument != NULL ? e->gid : u->gid) == -1)
		return -1;
	*what = "setreuid";
	return setreuid(u->argument != NULL ? u->uid : getuid(),
	    e->argument != NULL ? e->uid : u->uid);
}

static void
assume_identity(const struct options *o)
{
	const struct identity *u = &o->user, *e = &o->effective;
	const char *what;

	if ((u->argument != NULL || e->argument != NULL) &&
	    become(o, &what) == -1)
		err(EXIT_TROUBLE, "%s %s needs root: %s",
		    u->argument != NULL ? "--user" : "--effective",
		    u->argument != NULL ? u->argument : e->argument, what);
}

/* A side of the race waits, and gives way to the other meanwhile. */
static void
race_delay(struct run *c)
{
	int64_t until, left;

	if (!c->schedule->race || c->options->spread == 0)
		return;
	until = c->shared->at[ACCEPTED] +
	    draw_delay(c->options, c->trial, c->side);
	while ((left = until - now()) > 0)
		if (left > 2 * MILLISECOND)
			(void)poll(NULL, 0, (int)(left / MILLISECOND) - 1);
		else
			(void)sched_yield();
}

static void
connect_server(struct run *c)
{
	c->connection = c->transport->connect(c);
	reach(c, CONNECTED);
}

static void
record_truth(struct run *c)
{
	struct cred *cr = &c->shared->client;
	int n;

	cred_id(cr, PID, getpid(), "getpid");
	cred_id(cr, UID, getuid(), "getuid");
	cred_id(cr, EUID, geteuid(), "geteuid");
	cred_id(cr, GID, getgid(), "getgid");
	cred_id(cr, EGID, getegid(), "getegid");
	if ((n = getgroups((int)cr->room, cr->groups)) == -1)
		err(EXIT_TROUBLE, "client: getgroups");
	cr->ngroups = (size_t)n;
	cr->source[GROUPS] = "getgroups";
}

static void
await_go_on(struct run *c)
{
	const int64_t until = deadline(c);
	char byte;
	ssize_t n;

	do
		n = recv(c->connection, &byte, 1, MSG_DONTWAIT);
	while (n == -1 && again(c, c->connection, POLLIN, until, "\"go on\""));
	if (n == -1)
		err(EXIT_TROUBLE, "client: recv");
	if (n == 0)
		errx(EXIT_TROUBLE, "client: the server closed the connection "
		    "instead of sending \"go on\"");
	reach(c, GO_ON);
}

/* With a claim of who we are, which is to be root if it is forged. */
static ssize_t
send_claim(struct run *c)
{
	unsigned char data[CONTROL_ROOM / 2];
	struct cred claimed = c->shared->client;

	if (c->schedule->how == FORGE)
		claimed.id[UID] = claimed.id[GID] = 0;
	return send_with(c->connection, c->mechanism->type, data,
	    claim_cred(data, &claimed));
}

/* The client's own account of its peer, which is the server if it is true. */
static void
ask_peer(struct run *c)
{
	struct cred cr = { .groups = NULL };

	peer_cred(c->connection, &cr);
	for (enum field f = PID; f < GROUPS; f++)
		c->shared->asked[f] = cr.source[f] != NULL ? cr.id[f] : -1;
	free(cr.groups);
}

static void
write_message(struct run *c)
{
	const int64_t until = deadline(c);

	while (write(c->connection, "!", 1) == -1)
		if (!again(c, c->connection, POLLOUT, until,
		    "room for the message"))
			err(EXIT_TROUBLE, "client: write");
}

static void
send_message(struct run *c)
{
	const int on = 1;
	bool sent = true;

	reach(c, MESSAGE_BEGUN);
	switch (c->schedule->how) {
	case EMPTY:
		sent = send(c->connection, "", 0, MSG_DONTWAIT) != -1;
		break;
	case NOTHING:
		break;
	case SENDMSG:
		sent = send_with(c->connection, 0, NULL, 0) != -1;
		break;
	case DESCRIPTOR:
		sent = send_with(c->connection, SCM_RIGHTS, &c->control,
		    sizeof(c->control)) != -1;
		break;
	case CLAIM:
	case FORGE:
		sent = send_claim(c) != -1;
		break;
	case OWN_OPTION:
	case ASK:
	case WRITE:
		if (c->schedule->how == ASK)
			ask_peer(c);
		if (c->schedule->how == OWN_OPTION && setsockopt(c->connection,
		    c->mechanism->level, c->mechanism->name, &on,
		    sizeof(on)) == -1)
			c->shared->error = errno;
		write_message(c);
		break;
	}
	if (!sent)
		c->shared->error = errno;
	reach(c, MESSAGE_SENT);
}

static void
client(struct run *c)
{
	/* 1. Connect to the server. */
	connect_server(c);
	if (c->trial == 1)
		record_truth(c);

	/* 2. Wait for "go on". */
	if (c->schedule->message == GO_ON)
		await_go_on(c);
	else
		await(c, c->schedule->message);

	/* 3. Send any message. */
	race_delay(c);
	send_message(c);
	if (c->schedule->again) {
		await(c, RECEIVED);
		send_message(c);
	}
}

/*
 * The server's steps.
 */
static void
accept_client(struct run *c)
{
	c->connection = c->transport->accept(c);
	reach(c, ACCEPTED);
}

static void
send_go_on(struct run *c)
{
	const int64_t until = deadline(c);

	while (sendto(c->connection, "G", 1, MSG_DONTWAIT, c->replylen == 0 ?
	    NULL : (struct sockaddr *)&c->reply, c->replylen) == -1)
		if (errno == EPIPE || errno == ECONNRESET ||
		    errno == ECONNREFUSED || errno == ENOENT)
			return;		/* it has gone: receive() will tell */
		else if (!again(c, c->connection, POLLOUT, until,
		    "room for \"go on\""))
			err(EXIT_TROUBLE, "send");
	reach(c, GO_ON_SENT);
}

/* A message, at once or not: what lies ready goes to msg, which has room. */
struct message {
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_ROOM];
	char data[DATA_ROOM];
	struct sockaddr_un from;
	struct iovec iov;
	struct msghdr msg;
};

static ssize_t
receive_once(const struct run *c, struct message *m)
{
	m->iov.iov_base = m->data;
	m->iov.iov_len = sizeof(m->data);
	memset(&m->msg, 0, sizeof(m->msg));
	m->msg.msg_name = &m->from;
	m->msg.msg_namelen = sizeof(m->from);
	m->msg.msg_iov = &m->iov;
	m->msg.msg_iovlen = 1;
	m->msg.msg_control = m->control;
	m->msg.msg_controllen = c->schedule->room == AMPLE ?
	    sizeof(m->control) : c->schedule->room == SMALL ?
	    CMSG_LEN(sizeof(int)) :
	    CMSG_SPACE(cred_size(c->shared->client.ngroups));
	return recvmsg(c->connection, &m->msg, MSG_DONTWAIT);
}

/*
 * Returns the length, or -1 with errno.  Linux can report end of file on a
 * seqpacket socket ahead of a message, if it was sent and the socket closed
 * during the call: only the second one is believed.
 */
static ssize_t
receive_now(const struct run *c, struct message *m)
{
	ssize_t n = receive_once(c, m);

	if (n == 0 && m->msg.msg_controllen == 0 &&
	    socket_type(c) == SOCK_SEQPACKET)
		n = receive_once(c, m);
	/* The message may lie behind that error, which comes once. */
	if (n == -1 && errno == ECONNRESET &&
	    (n = receive_once(c, m)) == -1) {
		m->msg.msg_controllen = 0;	/* nothing was put there */
		m->msg.msg_flags = 0;
		n = 0;
	}
	return n;
}

static size_t
receive(struct run *c, struct message *m)
{
	const int64_t until = deadline(c);
	ssize_t n;

	for (;;) {
		n = receive_now(c, m);
		/* Of datagrams to a path only our client's are meant. */
		if (n != -1 && (c->replylen == 0 ||
		    (m->msg.msg_namelen == c->replylen &&
		    memcmp(&m->from, &c->reply, c->replylen) == 0)))
			break;
		if (n == -1 && !again(c, c->connection, POLLIN, until,
		    events[MESSAGE_SENT].step))
			err(EXIT_TROUBLE, "recvmsg");
	}
	reach(c, RECEIVED);
	return (size_t)n;
}

static void
close_fds(const unsigned char *data, size_t len)
{
	const struct linger off = { .l_onoff = 0 };
	int fd;

	for (; len >= sizeof(fd); data += sizeof(fd), len -= sizeof(fd)) {
		memcpy(&fd, data, sizeof(fd));
		/* Close would wait for what the sender wants sent. */
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
		(void)close(fd);
	}
}

/*
 * Walks the control messages by what did arrive: NetBSD leaves the length of
 * a message that was cut as it had been, so that CMSG_NXTHDR and cmsg_len
 * point beyond msg_controllen.  Closes descriptors, which any sender may have
 * sent along.
 */
static enum outcome
parse_control(const struct msghdr *msg, struct cred *cr)
{
	const unsigned char *buf = msg->msg_control;
	const size_t total = msg->msg_controllen;
	enum outcome found = NONE, o;
	struct cmsghdr cm;
	size_t len, space;

	for (size_t off = 0; off < total && total - off >= CMSG_LEN(0);
	    off += space) {
		memcpy(&cm, buf + off, sizeof(cm));
		if (cm.cmsg_len < CMSG_LEN(0))
			break;
		len = MIN(cm.cmsg_len, total - off) - CMSG_LEN(0);
		space = CMSG_SPACE(len);
		if (cm.cmsg_level == SOL_SOCKET && cm.cmsg_type == SCM_RIGHTS)
			close_fds(buf + off + CMSG_LEN(0), len);
		else if (found == NONE || found == TRUNCATED) {
			o = read_cred(cm.cmsg_level, cm.cmsg_type,
			    buf + off + CMSG_LEN(0), len, cr);
			if (o != NONE)
				found = o;
		}
	}
	return found;
}

/*
 * What n bytes and their control messages mean.  Linux attaches "UID 0" to the
 * end of file of a stream, so no bytes there are no message, whatever came
 * with them; elsewhere a message may have none.
 */
static void
parse(int type, const struct msghdr *msg, size_t n, struct result *r)
{
	cred_forget(&r->message);
	r->bytes = n;
	r->ctrunc = (msg->msg_flags & MSG_CTRUNC) != 0;
	r->outcome = parse_control(msg, &r->message);
	r->raw = r->outcome == CREDENTIALS || r->outcome == PLACEHOLDER;
	if (n == 0 && (type == SOCK_STREAM ||
	    (type == SOCK_SEQPACKET && msg->msg_controllen == 0)))
		r->outcome = CLOSED;
	else if (mechanisms[0].option == NULL)
		r->outcome = UNSUPPORTED;
	else if (r->outcome == NONE && r->ctrunc)
		r->outcome = TRUNCATED;
	if (r->outcome == CLOSED)
		cred_forget(&r->message);
}

static void
server(struct run *c, struct result *r)
{
	const struct schedule *s = c->schedule;
	struct message m;
	size_t n = 0;

	/* 1. Wait for the client's connection. */
	reach(c, READY);
	await(c, s->accept);
	if (s->option == CONNECTED) {
		await(c, CONNECTED);
		set_option(c, c->listener);
	}
	accept_client(c);

	/* 2. Set the option on it, unless it was to be inherited. */
	if (s->option != READY && s->option != CONNECTED) {
		await(c, s->option);
		race_delay(c);
		set_option(c, c->connection);
	}

	/* 3. Send "go on" to the client. */
	if (s->message == GO_ON)
		send_go_on(c);

	/* 4. Wait for the answer, which carries the credentials. */
	if (s->how != WRITE)
		await(c, MESSAGE_SENT);		/* or what became of it */
	if (c->shared->error == 0)
		n = receive(c, &m);
	if (s->again)
		n = receive(c, &m);
	await(c, MESSAGE_SENT);

	/* 5. Parse them. */
	if (c->shared->error == 0)
		parse(socket_type(c), &m.msg, n, r);
	else
		r->outcome = NONE;
}

/*
 * A server's end of a pair is closed in the next trial, and its datagram socket
 * stays, without the option.
 */
static void
end_trial(struct run *c)
{
	const int off = 0;

	if (c->connection != c->listener) {
		if (c->side == CLIENT || c->nbatch == 0)
			(void)close(c->connection);
	} else if (c->mechanism->option != NULL && setsockopt(c->connection,
	    c->mechanism->level, c->mechanism->name, &off, sizeof(off)) == -1)
		err(EXIT_TROUBLE, "setsockopt: %s", c->mechanism->option);
	if (c->side == CLIENT)
		remove_made(&c->shared->made[CLIENT]);
}

/*
 * 5. The report: one result, and two writers of it.
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
	uint64_t trials, counts[NOUTCOMES], mismatches;
	int64_t elapsed;		/* in nanoseconds */
	uint64_t classes[NCLASSES][NOUTCOMES];
	uint64_t bins[NBINS][NOUTCOMES];
	uint64_t violations;
	uint32_t checksum;		/* of the delays drawn */
};

/* Who knows a field: the message, else the connection, else nobody. */
static const struct cred *
knows(const struct result *r, enum field f)
{
	if (r->outcome == CREDENTIALS && r->message.source[f] != NULL)
		return &r->message;
	return r->peer.source[f] != NULL ? &r->peer : NULL;
}

static const char *
source_of(const struct result *r, enum field f)
{
	const struct cred *cr = knows(r, f);

	return cr != NULL ? cr->source[f] : NULL;
}

static int
compare_gids(const void *a, const void *b)
{
	const gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return (x > y) - (x < y);
}

/* Groups as a set, at most as many as the kernel delivers of them. */
static struct cred
group_set(const struct cred *from)
{
	struct cred to = { .ngroups = 0 };
	const size_t n = mechanisms[0].maxgroups == 0 ? from->ngroups :
	    MIN(from->ngroups, mechanisms[0].maxgroups);

	memcpy(cred_room(&to, n), from->groups, n * sizeof(gid_t));
	qsort(to.groups, n, sizeof(gid_t), compare_gids);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || to.groups[i] != to.groups[i - 1])
			to.groups[to.ngroups++] = to.groups[i];
	return to;
}

static bool
same_field(const struct cred *x, const struct cred *y, enum field f)
{
	struct cred a, b;
	bool same;

	if (f != GROUPS)
		return x->id[f] == y->id[f];
	a = group_set(x);
	b = group_set(y);
	same = a.ngroups == b.ngroups &&
	    memcmp(a.groups, b.groups, a.ngroups * sizeof(gid_t)) == 0;
	free(a.groups);
	free(b.groups);
	return same;
}

/* Whether every field that is known is the client's own. */
static bool
matches(const struct result *r, const struct cred *truth)
{
	const struct cred *cr;

	for (enum field f = PID; f < NFIELDS; f++)
		if ((cr = knows(r, f)) != NULL && !same_field(cr, truth, f))
			return false;
	return true;
}

/* An ID, with its name as id(1) has it; one without a name is a number. */
static void
print_id(enum field f, intmax_t id, bool names)
{
	const struct passwd *pw;
	const struct group *gr;

	printf(" %jd", id);
	if (!names)
		return;
	if ((f == UID || f == EUID) && (pw = getpwuid((uid_t)id)) != NULL)
		printf("(%s)", pw->pw_name);
	if ((f == GID || f == EGID || f == GROUPS) &&
	    (gr = getgrgid((gid_t)id)) != NULL)
		printf("(%s)", gr->gr_name);
}

static void
print_value(const struct cred *cr, enum field f, bool names)
{
	if (cr == NULL)
		printf(" -");
	else if (f != GROUPS)
		print_id(f, cr->id[f], names);
	else if (cr->ngroups == 0)
		printf(" none");
	else
		for (size_t i = 0; i < cr->ngroups; i++)
			print_id(f, cr->groups[i], names);
}

/* What the client is: its own word, which a server does not have. */
static const struct cred *
truth_of(const struct run *c)
{
	return c->options->role == 'l' ? NULL : &c->shared->client;
}

/* One that is there both with the message and with the connection. */
static bool
differs(const struct result *r, enum field f)
{
	return r->outcome == CREDENTIALS && r->message.source[f] != NULL &&
	    r->peer.source[f] != NULL &&
	    !same_field(&r->message, &r->peer, f);
}

/* A real ID that is not the effective one. */
static bool
set_id(const struct result *r, enum field real, enum field effective)
{
	const struct cred *x = knows(r, real), *y = knows(r, effective);

	return x != NULL && y != NULL && x->id[real] != y->id[effective];
}

static void
text_result(const struct run *c, const struct result *r)
{
	const struct cred *truth = truth_of(c), *cr;
	const bool names = c->options->names;

	printf("Got %zu byte%s\n", r->bytes, r->bytes == 1 ? "" : "s");
	for (enum field f = PID; f < NFIELDS; f++) {
		cr = knows(r, f);
		printf("%s:", fields[f].label);
		print_value(cr, f, names);
		if (cr == &r->peer)
			printf(" (%s)", cr->source[f]);
		if (cr != NULL && truth != NULL && !same_field(cr, truth, f)) {
			printf(" !=");
			print_value(truth, f, names);
			printf(" (client)");
		}
		if (differs(r, f)) {
			printf(" !=");
			print_value(&r->peer, f, names);
			printf(" (%s)", r->peer.source[f]);
		}
		printf("\n");
	}
	if (truth == NULL && differs(r, PID))
		printf("Message and connection name different processes\n");
	if (truth == NULL && (set_id(r, UID, EUID) || set_id(r, GID, EGID)))
		printf("Real and effective IDs differ\n");
}

/* On standard error, what the text cannot show: why there is nothing. */
static void
explain(const struct run *c, const struct result *r)
{
	static const char *const reasons[NOUTCOMES] = {
		[NONE] = "", [TRUNCATED] = ": truncated (they did not fit)",
		[CLOSED] = ": closed (end of file)",
		[TIMEOUT] = ": timeout (no message came)",
		[UNSUPPORTED] = ": unsupported (this system has no option "
		    "for it)",
	};
	static const char missing[] = "Message did not include credentials";

	if (c->options->json ||
	    (c->options->quiet && r->outcome != UNSUPPORTED))
		return;
	if (r->outcome == PLACEHOLDER)
		warnx("%s: placeholder (PID %jd, UID %jd, GID %jd)", missing,
		    r->message.id[PID], r->message.id[UID], r->message.id[GID]);
	else if (r->outcome != CREDENTIALS)
		warnx("%s%s", missing, reasons[r->outcome]);
}

/* Length of the UTF-8 sequence at s, or 0 if there is no valid one. */
static size_t
utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t min, max;
	} forms[] = {
		{ 0x80, 0x00, 0, 0x7f },
		{ 0xe0, 0xc0, 0x80, 0x7ff },
		{ 0xf0, 0xe0, 0x800, 0xffff },
		{ 0xf8, 0xf0, 0x10000, 0x10ffff },
	};
	uint32_t code;

	for (size_t n = 0; n < nitems(forms); n++) {
		if ((s[0] & forms[n].mask) != forms[n].lead)
			continue;
		code = s[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[i] & 0x3f);
		}
		if (code < forms[n].min || code > forms[n].max ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return n + 1;
	}
	return 0;
}

/* A JSON string (RFC 8259), bytes that are not UTF-8 as U+FFFD. */
static void
json_string(const char *string)
{
	const unsigned char *s = (const unsigned char *)string;
	size_t n;

	if (s == NULL) {
		printf("null");
		return;
	}
	putchar('"');
	while (*s != '\0') {
		for (n = 0; s[n] > 0x1f && s[n] < 0x7f && s[n] != '"' &&
		    s[n] != '\\'; n++)
			continue;
		if (n > 0)
			fwrite(s, 1, n, stdout);
		else if (*s < 0x80) {
			printf("\\u%04x", *s);
			n = 1;
		} else if ((n = utf8_len(s)) > 0)
			fwrite(s, 1, n, stdout);
		else {
			printf("\\ufffd");
			n = 1;
		}
		s += n;
	}
	putchar('"');
}

static void
json_key(const char *key)
{
	printf(",\"%s\":", key);
}

static void
json_member(const char *key, const char *value)
{
	json_key(key);
	json_string(value);
}

static void
json_field(const struct cred *cr, enum field f)
{
	if (cr == NULL || cr->source[f] == NULL) {
		printf("null");
		return;
	}
	if (f != GROUPS) {
		printf("%jd", cr->id[f]);
		return;
	}
	printf("[");
	for (size_t i = 0; i < cr->ngroups; i++)
		printf("%s%ju", i > 0 ? "," : "", (uintmax_t)cr->groups[i]);
	printf("]");
}

/* One struct cred as an object, without the fields in a mask. */
static void
json_cred(const char *key, const struct cred *cr, unsigned without)
{
	char open = '{';

	json_key(key);
	for (enum field f = PID; f < NFIELDS; f++) {
		if ((without & 1U << f) != 0)
			continue;
		printf("%c\"%s\":", open, fields[f].key);
		json_field(cr, f);
		open = ',';
	}
	printf("}");
}

static const struct utsname *
system_name(void)
{
	static struct utsname un;

	if (un.sysname[0] == '\0' && uname(&un) == -1)
		err(EXIT_TROUBLE, "uname");
	return &un;
}

/* What every object begins with. */
static void
json_begin(const char *mode)
{
	printf("{\"format\":1");
	json_member("system", system_name()->sysname);
	json_member("release", system_name()->release);
	json_member("mode", mode);
}

static void
json_head(const struct run *c)
{
	json_begin(c->schedule->name);
	json_member("transport", c->transport->name);
	json_member("path", c->options->path);
	json_member("type", types[c->options->type].name);
	json_member("option", c->mechanism->option);
	json_member("message", c->mechanism->message);
}

static void
json_sources(const struct result *r)
{
	json_key("source");
	for (enum field f = PID; f < NFIELDS; f++) {
		printf("%c\"%s\":", f == PID ? '{' : ',', fields[f].key);
		json_string(source_of(r, f));
	}
	printf("}");
}

static void
json_result(const struct run *c, const struct result *r)
{
	const struct cred *truth = truth_of(c);

	json_head(c);
	if (c->options->role == 'l')
		printf(",\"connection\":%" PRIu64, c->trial);
	json_member("outcome", outcomes[r->outcome]);
	printf(",\"bytes\":%zu,\"ctrunc\":%s", r->bytes,
	    r->ctrunc ? "true" : "false");
	for (enum field f = PID; f < NFIELDS; f++) {
		json_key(fields[f].key);
		json_field(knows(r, f), f);
	}
	json_sources(r);
	json_cred("peer", &r->peer, 1U << UID | 1U << GID);
	if (truth == NULL)
		printf(",\"client\":null");
	else
		json_cred("client", truth, 0);
	printf(",\"match\":%s}\n", truth == NULL ||
	    r->outcome != CREDENTIALS ? "null" :
	    matches(r, truth) ? "true" : "false");
}

static uint64_t
sum(const uint64_t *counts)
{
	uint64_t n = 0;

	for (enum outcome o = CREDENTIALS; o < NOUTCOMES; o++)
		n += counts[o];
	return n;
}

static double
per_second(const struct tally *t)
{
	return t->elapsed > 0 ?
	    (double)t->trials * SECOND / (double)t->elapsed : 0;
}

static void
json_counts(const char *key, const uint64_t *counts)
{
	json_key(key);
	for (enum outcome o = CREDENTIALS; o < NOUTCOMES; o++)
		printf("%c\"%s\":%" PRIu64, o == CREDENTIALS ? '{' : ',',
		    outcomes[o], counts[o]);
	printf("}");
}

/* A bin's lower end, in nanoseconds; the first bin has none. */
static int64_t
bin_edge(const struct options *o, int bin)
{
	const int64_t half = o->spread > 0 ? o->spread : 20 * MICROSECOND;

	return (bin - NBINS / 2) * half / (NBINS / 2 - 1);
}

static void
json_race(const struct options *o, const struct tally *t)
{
	printf(",\"spread_us\":%" PRId64 ",\"seed\":%" PRIu32
	    ",\"delay_checksum\":%" PRIu32 ",\"classes\":{",
	    o->spread / MICROSECOND, o->seed, t->checksum);
	for (enum class k = BEFORE; k < NCLASSES; k++) {
		printf("%s\"%s\":{\"trials\":%" PRIu64, k == BEFORE ? "" : ",",
		    classes[k].name, sum(t->classes[k]));
		json_counts("counts", t->classes[k]);
		printf("}");
	}
	printf("},\"violations\":%" PRIu64 ",\"histogram\":[", t->violations);
	for (int bin = 0; bin < NBINS; bin++) {
		printf(bin == 0 ? "{\"from_ns\":null" : ",{\"from_ns\":%"
		    PRId64, bin_edge(o, bin));
		printf(bin == NBINS - 1 ? ",\"to_ns\":null" : ",\"to_ns\":%"
		    PRId64, bin_edge(o, bin + 1));
		json_counts("counts", t->bins[bin]);
		printf("}");
	}
	printf("]");
}

static void
json_tally(const struct run *c, const struct tally *t)
{
	json_head(c);
	printf(",\"trials\":%" PRIu64, t->trials);
	json_counts("counts", t->counts);
	printf(",\"mismatches\":%" PRIu64 ",\"elapsed_s\":%.6f,"
	    "\"trials_per_second\":%.1f", t->mismatches,
	    (double)t->elapsed / SECOND, per_second(t));
	if (c->schedule->race)
		json_race(c->options, t);
	printf("}\n");
}

static void
text_tally(const char *what, const struct tally *t)
{
	const char *sep = ":";

	printf("%" PRIu64 " %s%s", t->trials, what, t->trials == 1 ? "" : "s");
	for (enum outcome o = CREDENTIALS; o < NOUTCOMES; o++)
		if (t->counts[o] > 0) {
			printf("%s %" PRIu64 " %s", sep, t->counts[o],
			    outcomes[o]);
			sep = ",";
		}
	if (t->mismatches > 0)
		printf(", %" PRIu64 " not the client's", t->mismatches);
	printf("\n");
}

/* One bar of up to BAR characters, as long as n is of most; 0 alone is none. */
#define BAR		18
static int
bar(uint64_t n, uint64_t most)
{
	return n == 0 ? 0 : MAX(1, (int)(n * BAR / most));
}

static void
text_histogram(const struct options *o, const struct tally *t)
{
	static const char lost_bar[] = "..................";
	static const char won_bar[] = "##################";
	uint64_t won, lost, most = 1;
	const int decimals = o->spread < 10 * MILLISECOND;
	int first = NBINS, last = 0;
	char from[24], to[24];

	for (int bin = 0; bin < NBINS; bin++) {
		won = t->bins[bin][CREDENTIALS];
		lost = sum(t->bins[bin]) - won;
		most = MAX(most, MAX(won, lost));
		if (won + lost > 0) {
			first = MIN(first, bin);
			last = bin;
		}
	}
	printf("\n%-21s%*s | %s\n", "Lead of option", BAR + 9,
	    "no credentials", "credentials");
	printf("%-21s%*s |\n", "over write, us", BAR + 9, "");
	for (int bin = first; bin <= last; bin++) {
		won = t->bins[bin][CREDENTIALS];
		lost = sum(t->bins[bin]) - won;
		snprintf(from, sizeof(from), "%.*f", decimals,
		    (double)bin_edge(o, bin) / MICROSECOND);
		snprintf(to, sizeof(to), "%.*f", decimals,
		    (double)bin_edge(o, bin + 1) / MICROSECOND);
		printf("%8s ... %8s %7" PRIu64 " %*.*s | %-*.*s %" PRIu64 "\n",
		    bin == 0 ? "" : from, bin == NBINS - 1 ? "" : to, lost,
		    BAR, bar(lost, most), lost_bar,
		    BAR, bar(won, most), won_bar, won);
	}
}

/* The one sentence to take away, of what was measured and nothing else. */
static void
text_lesson(const struct options *o, const struct tally *t)
{
	const uint64_t won = t->counts[CREDENTIALS], lost = t->trials - won;
	const uint64_t *early = t->classes[UNACCEPTED];

	printf("\n");
	if (t->violations > 0)
		printf("This kernel broke the rule \"before: always; after: "
		    "never\" %" PRIu64 " times.\n", t->violations);
	else if (sum(t->classes[BEFORE]) > 0 && sum(t->classes[AFTER]) > 0)
		printf("With the option set before the client writes its "
		    "credentials always come;\nwith the option set after, "
		    "never: synchronize, as --sync does.\n");
	else
		printf("The race was always %s this time%s.\n",
		    lost == 0 ? "won" : won == 0 ? "lost" : "close",
		    o->spread == 0 ? "; --spread 20 shows both ends" : "");
	if (sum(early) > 0)
		printf("Of the writes that began before accept(2) had returned "
		    "%" PRIu64 " of %" PRIu64 "\nbrought credentials.\n",
		    early[CREDENTIALS], sum(early));
}

static void
text_race(const struct options *o, const struct tally *t)
{
	uint64_t n;

	text_tally("trial", t);
	if (t->trials == 0)
		return;
	printf("%.3f s, %.0f trials a second\n", (double)t->elapsed / SECOND,
	    per_second(t));
	if (o->spread > 0)
		printf("Each side waits 0 to %" PRId64 " us, counted from the "
		    "accepted connection\nSeed %" PRIu32 "\n",
		    o->spread / MICROSECOND, o->seed);
	else
		printf("No delays: the bare race\n");
	printf("\n%-28s%10s%14s%16s\n", "", "trials", "credentials",
	    "no credentials");
	for (enum class k = BEFORE; k < NCLASSES; k++)
		if ((n = sum(t->classes[k])) > 0 || k != UNACCEPTED)
			printf("%-28s%10" PRIu64 "%14" PRIu64 "%16" PRIu64 "\n",
			    classes[k].text, n, t->classes[k][CREDENTIALS],
			    n - t->classes[k][CREDENTIALS]);
	printf("%-28s%10" PRIu64 "\n", "violations of the rule",
	    t->violations);
	text_histogram(o, t);
	text_lesson(o, t);
}

/* Both sides' steps in the order of their time, in microseconds. */
static void
print_timeline(const struct run *c, const struct result *r)
{
	const int64_t *at = c->shared->at;
	enum event order[NEVENTS];
	size_t n = 0, i;

	for (enum event e = READY; e < NEVENTS; e++) {
		if (at[e] == 0 || events[e].text == NULL)
			continue;
		for (i = n++; i > 0 && at[order[i - 1]] > at[e]; i--)
			order[i] = order[i - 1];
		order[i] = e;
	}
	if (c->options->counted)
		fprintf(stderr, "Trial %" PRIu64 ": %s\n", c->trial,
		    outcomes[r->outcome]);
	fprintf(stderr, "%10s  %-24s%s\n", "us", "server", "client");
	for (i = 0; i < n; i++)
		fprintf(stderr, "%10.1f  %*s%s\n",
		    (double)(at[order[i]] - at[order[0]]) / MICROSECOND,
		    events[order[i]].side == CLIENT ? 24 : 0, "",
		    events[order[i]].text);
}

/* A report that nobody got in full is an error. */
static void
flush_report(void)
{
	if (fflush(stdout) == EOF || ferror(stdout) != 0)
		err(EXIT_TROUBLE, "standard output");
}

static void
finish_report(void)
{
	flush_report();
	if (fclose(stdout) == EOF)
		err(EXIT_TROUBLE, "standard output");
}

/*
 * 6. The modes in which both sides are ours.
 */
static const struct schedule sync_schedule = {
	.name = "sync", .option = ACCEPTED, .message = GO_ON
};
static const struct schedule late_schedule = {
	.name = "late", .option = MESSAGE_SENT, .message = ACCEPTED
};
static const struct schedule inherit_schedule = {
	.name = "inherit", .option = READY, .message = CONNECTED
};
static const struct schedule race_schedule = {
	.name = "race", .option = ACCEPTED, .message = ACCEPTED, .race = true
};
/* Over a path, where a client needs no word to begin. */
static const struct schedule bare_schedule = {
	.name = "race", .option = ACCEPTED, .message = CONNECTED, .race = true
};

static _Noreturn void
run_client(struct run *c)
{
	assume_identity(c->options);
	if (c->control != -1)
		die_with_parent();	/* which a new identity forgets */
	while (c->trial < c->options->count) {
		begin_trial(c);
		client(c);
		end_trial(c);
		if (c->options->path == NULL)	/* while the server parses */
			(void)make_pair(c, c->trial);
	}
	exit(EXIT_SUCCESS);
}

/* From here on nothing is left behind, however we end. */
static void
guard(void)
{
	if (leftovers.owner == 0 && atexit(clean_up) != 0)
		err(EXIT_TROUBLE, "atexit");
	leftovers.owner = getpid();
	handle_signals(on_signal);
}

/* The page that both sides share, and what goes when we end. */
static void
open_run(struct run *c, const struct options *o)
{
	/* FreeBSD's getgroups(2) can return one more. */
	const long max = sysconf(_SC_NGROUPS_MAX);
	const size_t ngroups = max > 0 ? (size_t)max + 1 : 65536;

	memset(c, 0, sizeof(*c));
	c->options = o;
	c->schedule = o->schedule;
	/* A foreign client may attach what looks like the usual one's. */
	c->mechanism = &mechanisms[o->role == 'l' ? nitems(mechanisms) - 1 :
	    o->mechanism];
	if (c->schedule->race && o->path != NULL && o->spread == 0)
		c->schedule = &bare_schedule;
	c->listener = c->control = -1;
	c->transport = &transports[o->path == NULL ? 0 :
	    socket_type(c) != SOCK_DGRAM ? 1 : 2];
	c->shared = mmap(NULL, sizeof(*c->shared) +
	    ngroups * sizeof(gid_t), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	if (c->shared == MAP_FAILED)
		err(EXIT_TROUBLE, "mmap");
	c->shared->client.groups = c->shared->groups;
	c->shared->client.room = ngroups;
	leftovers.made[SERVER] = &c->shared->made[SERVER];
	leftovers.made[CLIENT] = &c->shared->made[CLIENT];
	guard();
}

/* The client's process: only the server returns. */
static void
fork_client(struct run *c)
{
	int control[NSIDES];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, control) == -1)
		err(EXIT_TROUBLE, "socketpair");
	block_signals(SIG_BLOCK);
	if ((c->child = fork()) == -1)
		err(EXIT_TROUBLE, "fork");
	c->side = c->child == 0 ? CLIENT : SERVER;
	c->control = leftovers.control = control[c->side];
	if (c->side == CLIENT) {
		/* It lives as long as its end of the control channel. */
		handle_signals(SIG_IGN);
		leftovers.owner = getpid();
		leftovers.made[SERVER] = NULL;
		leftovers.directory = NULL;
	} else
		leftovers.child = c->child;
	block_signals(SIG_UNBLOCK);
	(void)close(control[c->side == SERVER ? CLIENT : SERVER]);
	if (c->side == CLIENT) {
		if (c->listener != -1)
			(void)close(c->listener);
		run_client(c);
	}
}

static void
close_run(struct run *c)
{
	end_client();
	for (int side = SERVER; side < NSIDES; side++)
		remove_made(&c->shared->made[side]);
	for (size_t i = c->next > 0 ? c->next - 1 : 0; i < c->nbatch; i++)
		(void)close(c->batch[i]);
	if (c->listener != -1)
		(void)close(c->listener);
	if (c->control != -1)
		(void)close(c->control);
}

/* Its page goes last, as it has what the report needs. */
static void
free_run(struct run *c)
{
	leftovers.made[SERVER] = leftovers.made[CLIENT] = NULL;
	(void)munmap(c->shared, sizeof(*c->shared) +
	    c->shared->client.room * sizeof(gid_t));
}

/* What came first in a trial of the race, by the readings of both sides. */
static enum class
classify(const struct run *c)
{
	const int64_t *at = c->shared->at;

	if (c->listener != -1 && socket_type(c) != SOCK_DGRAM &&
	    at[MESSAGE_BEGUN] < at[ACCEPTED])
		return UNACCEPTED;
	if (at[OPTION_SET] < at[MESSAGE_BEGUN])
		return BEFORE;
	return at[MESSAGE_SENT] < at[OPTION_BEGUN] ? AFTER : OVERLAP;
}

static void
count_race(struct tally *t, const struct run *c, const struct result *r)
{
	const struct options *o = c->options;
	const int64_t *at = c->shared->at;
	const enum class k = classify(c);
	const int64_t lead = (at[MESSAGE_BEGUN] + at[MESSAGE_SENT] -
	    at[OPTION_BEGUN] - at[OPTION_SET]) / 2;
	int bin = 0;

	t->classes[k][r->outcome]++;
	while (bin < NBINS - 1 && lead >= bin_edge(o, bin + 1))
		bin++;
	t->bins[bin][r->outcome]++;
	for (enum side side = SERVER; side < NSIDES; side++)
		t->checksum = (t->checksum ^ (uint32_t)draw_delay(o, c->trial,
		    side)) * UINT32_C(16777619);
	if ((k != BEFORE || r->outcome == CREDENTIALS) &&
	    (k != AFTER || r->outcome != CREDENTIALS))
		return;
	/* A finding about the kernel; ten of a kind are enough to read. */
	if (++t->violations <= 10)
		warnx("violation in trial %" PRIu64 ": %s, %s (ns from "
		    "accepted: option %" PRId64 " to %" PRId64 ", write %"
		    PRId64 " to %" PRId64 ")", c->trial, classes[k].text,
		    outcomes[r->outcome], at[OPTION_BEGUN] - at[ACCEPTED],
		    at[OPTION_SET] - at[ACCEPTED],
		    at[MESSAGE_BEGUN] - at[ACCEPTED],
		    at[MESSAGE_SENT] - at[ACCEPTED]);
}

static void
count_result(struct tally *t, const struct run *c, const struct result *r)
{
	t->trials++;
	t->counts[r->outcome]++;
	if (r->outcome == CREDENTIALS && truth_of(c) != NULL &&
	    !matches(r, truth_of(c)))
		t->mismatches++;
	if (c->schedule->race && c->control != -1)
		count_race(t, c, r);
}

static int
exit_status(const struct run *c, const struct tally *t)
{
	if (t->counts[UNSUPPORTED] > 0)
		return EXIT_TROUBLE;
	if (t->mismatches > 0 || t->violations > 0)
		return EXIT_MISSING;
	if (t->trials == 0 && c->options->role == 'l')
		return EXIT_MISSING;
	return (c->schedule->race && c->options->role == 0) ||
	    t->counts[CREDENTIALS] == t->trials ? EXIT_SUCCESS : EXIT_MISSING;
}

/* A word to whoever waits at a terminal, five times a second. */
static void
show_progress(const struct run *c, int64_t start, bool end)
{
	static int64_t next;
	const int64_t t = c->shared->at[RECEIVED];

	if (next == 0)
		next = isatty(STDERR_FILENO) ? start + SECOND : INT64_MAX;
	if (end && next > start + SECOND && next != INT64_MAX)
		fprintf(stderr, "\r%*s\r", 40, "");
	else if (!end && t > next) {
		fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " trials",
		    c->trial, c->options->count);
		next = t + SECOND / 5;
	}
}

/* Holds the conversations, and leaves the last one's result in r. */
static void
run_trials(struct run *c, struct tally *t, struct result *r)
{
	const struct options *o = c->options;
	const int64_t start = now();

	while (c->trial < o->count && !stopped &&
	    (o->limit == 0 || c->shared->at[RECEIVED] < start + o->limit)) {
		begin_trial(c);
		server(c, r);
		if (!o->counted)
			peer_cred(c->connection, &r->peer);
		end_trial(c);
		count_result(t, c, r);
		if (o->verbose && t->counts[r->outcome] == 1)
			print_timeline(c, r);
		show_progress(c, start, false);
	}
	show_progress(c, start, true);
	t->elapsed = now() - start;
}

static int
run_both(const struct options *o)
{
	struct tally tally = { .trials = 0 };
	struct result r = { .outcome = NONE };
	struct run c;
	int status;

	open_run(&c, o);
	if (o->path != NULL)
		listen_path(&c);
	fork_client(&c);
	run_trials(&c, &tally, &r);
	close_run(&c);

	if (o->quiet)
		;
	else if (o->json)
		o->counted ? json_tally(&c, &tally) : json_result(&c, &r);
	else if (c.schedule->race)
		text_race(o, &tally);
	else
		o->counted ? text_tally("trial", &tally) : text_result(&c, &r);
	if (!o->quiet)
		finish_report();
	if (!o->counted)
		explain(&c, &r);
	free(r.message.groups);
	free(r.peer.groups);
	status = exit_status(&c, &tally);
	free_run(&c);
	return status;
}

/*
 * 7. A server of its own: one process, and any number of clients at once.
 */
struct guest {
	int fd;
	int64_t deadline;
};

struct house {
	struct run *run;
	struct tally tally;
	struct result result;
	struct guest *guests;
	struct pollfd *fds;		/* wakeup, the listener, the guests */
	size_t nguests, room;
	uint64_t accepted;
	bool full;			/* no descriptor left for another */
	bool warned;
};

/* Reports on the connection of the run, as the next one, and closes it. */
static void
report_guest(struct house *h, const struct message *m, size_t n)
{
	struct run *c = h->run;
	struct result *r = &h->result;

	cred_forget(&r->peer);
	if (m != NULL)
		parse(socket_type(c), &m->msg, n, r);
	else {
		cred_forget(&r->message);
		r->outcome = TIMEOUT;
		r->bytes = 0;
		r->ctrunc = false;
	}
	if (c->connection != c->listener) {
		peer_cred(c->connection, &r->peer);
		(void)close(c->connection);	/* no longer kept waiting */
	}
	c->trial++;
	count_result(&h->tally, c, r);
	if (!c->options->quiet) {
		if (c->options->json)
			json_result(c, r);
		else {
			printf("%sConnection %" PRIu64 "\n",
			    c->trial > 1 ? "\n" : "", c->trial);
			text_result(c, r);
		}
		flush_report();
	}
	explain(c, r);
}

/* True once the guest was reported on, and has gone. */
static bool
serve_guest(struct house *h, struct guest *g, bool ready, int64_t time)
{
	struct message m;
	ssize_t n;

	h->run->connection = g->fd;
	n = ready ? receive_now(h->run, &m) : -1;
	if (ready && n == -1 && errno != EAGAIN && errno != EWOULDBLOCK &&
	    errno != EINTR) {
		warn("recvmsg");
		m.msg.msg_controllen = 0;
		n = 0;
	}
	if (n != -1)
		report_guest(h, &m, (size_t)n);
	else if (time >= g->deadline)
		report_guest(h, NULL, 0);
	else
		return false;
	h->full = false;
	return true;
}

/* Accepts whoever is there; true if there might be more of them. */
static bool
accept_guest(struct house *h)
{
	struct run *c = h->run;
	struct guest g;

	if (h->accepted == c->options->count)
		return false;
	if ((g.fd = accept(c->listener, NULL, NULL)) == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			h->full = true;
			if (!h->warned)
				warn("accept: waiting for clients to leave");
			h->warned = true;
			return false;
		}
		if (errno != EAGAIN && errno != EWOULDBLOCK &&
		    errno != EINTR && errno != ECONNABORTED)
			err(EXIT_TROUBLE, "accept");
		return errno == ECONNABORTED;
	}
	h->accepted++;
	c->connection = g.fd;
	if (c->schedule->option != READY)
		set_option(c, g.fd);
	if (c->schedule->message == GO_ON)
		send_go_on(c);
	g.deadline = deadline(c);
	if (serve_guest(h, &g, true, 0))
		return true;
	if (h->nguests == h->room) {
		h->room = h->room * 2 + 16;
		h->guests = realloc(h->guests, h->room * sizeof(*h->guests));
		h->fds = realloc(h->fds, (h->room + 2) * sizeof(*h->fds));
		if (h->guests == NULL || h->fds == NULL)
			err(EXIT_TROUBLE, "%zu clients", h->room);
	}
	h->guests[h->nguests++] = g;
	return true;
}

/* Each datagram is one report. */
static bool
receive_datagram(struct house *h)
{
	struct message m;
	ssize_t n;

	h->run->connection = h->run->listener;
	if ((n = receive_now(h->run, &m)) == -1) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			err(EXIT_TROUBLE, "recvmsg");
		return false;
	}
	report_guest(h, &m, (size_t)n);
	return true;
}

/* Sleeps until there is something to do; returns the time. */
static int64_t
sleep_house(struct house *h)
{
	int64_t next = INT64_MAX, time = now();
	int wait = -1;

	h->fds[0] = (struct pollfd){ .fd = wakeup[0], .events = POLLIN };
	h->fds[1] = (struct pollfd){ .fd = h->run->listener,
	    .events = h->full || h->accepted == h->run->options->count ?
	    0 : POLLIN };
	for (size_t i = 0; i < h->nguests; i++) {
		h->fds[i + 2] = (struct pollfd){ .fd = h->guests[i].fd,
		    .events = POLLIN };
		next = MIN(next, h->guests[i].deadline);
	}
	if (next != INT64_MAX)
		wait = (int)MIN(MAX(next - time, 0) / MILLISECOND + 1,
		    INT_MAX);
	if (h->full && (wait == -1 || wait > 100)) {
		wait = 100;	/* others may have freed a descriptor */
		h->full = false;
	}
	if (poll(h->fds, (nfds_t)h->nguests + 2, wait) == -1 &&
	    errno != EINTR)
		err(EXIT_TROUBLE, "poll");
	return now();
}

static int
run_server(const struct options *o)
{
	struct house h = { .room = 0 };
	struct run c;
	int64_t time;
	bool more;

	open_run(&c, o);
	h.run = &c;
	h.fds = calloc(2, sizeof(*h.fds));
	if (h.fds == NULL)
		err(EXIT_TROUBLE, "calloc");
	if (pipe(wakeup) == -1)
		err(EXIT_TROUBLE, "pipe");
	stoppable = true;
	listen_path(&c);
	if (o->verbose)
		fprintf(stderr, "Listening on %s\n", o->path);
	while (!stopped && h.tally.trials < o->count) {
		time = sleep_house(&h);
		/* From the end, which takes the place of who leaves. */
		for (size_t i = h.nguests; i-- > 0;)
			if (h.tally.trials < o->count && serve_guest(&h,
			    &h.guests[i], h.fds[i + 2].revents != 0, time))
				h.guests[i] = h.guests[--h.nguests];
		/* Not all at once, so that nobody waits for a crowd to pass. */
		more = true;
		for (int i = 0; i < 64 && more && !stopped &&
		    h.tally.trials < o->count; i++)
			more = socket_type(&c) == SOCK_DGRAM ?
			    receive_datagram(&h) : accept_guest(&h);
	}
	for (size_t i = 0; i < h.nguests; i++)
		(void)close(h.guests[i].fd);
	close_run(&c);
	if (!o->quiet) {
		if (!o->json) {
			printf("%s", h.tally.trials > 0 ? "\n" : "");
			text_tally("connection", &h.tally);
		}
		finish_report();
	}
	free(h.result.message.groups);
	free(h.result.peer.groups);
	free(h.guests);
	free(h.fds);
	return exit_status(&c, &h.tally);
}

/* The client of somebody's server: says nothing, and leaves. */
static int
run_alone(const struct options *o)
{
	struct run c;

	open_run(&c, o);
	c.side = CLIENT;
	set_address(&c);
	run_client(&c);
}

/*
 * 8. The survey: every ordering and trap, each a schedule of its own, for every
 * type of socket.
 */
enum row {
	OPTION_FIRST, MESSAGE_FIRST, AFTER_LOST, AFTER_GOOD, ON_LISTENER,
	LATE_LISTENER, BEFORE_ACCEPT, END_OF_FILE, EMPTY_MESSAGE, CLAIMED,
	CLIENT_OPTION, FORGED, SMALL_BUFFER, WITH_DESCRIPTOR, BY_SENDMSG,
	PEER_PAIR, PEER_PATH, PEER_SERVER, WRONG_LEVEL, PERSISTENT_FIRST,
	PERSISTENT_LATE, PERSISTENT_AGAIN, NROWS
};

#define FIRST	.option = ACCEPTED, .message = OPTION_SET
#define LAST	.option = MESSAGE_SENT, .message = ACCEPTED

static const struct survey_row {
	struct schedule schedule;
	const char *title;
	bool path, connected;		/* needs a named, a connected socket */
	bool peer;			/* it is the connection's that count */
	size_t mechanism;
} survey_rows[NROWS] = {
	[OPTION_FIRST] = { { "option_first", FIRST },
	    .title = "option, then message" },
	[MESSAGE_FIRST] = { { "message_first", LAST },
	    .title = "message, then option" },
	[AFTER_LOST] = { { "after_lost", LAST, .again = true },
	    .title = "second message after a lost first" },
	[AFTER_GOOD] = { { "after_good", FIRST, .again = true },
	    .title = "second message after a good first" },
	[ON_LISTENER] = { { "on_listener", .option = READY,
	    .message = CONNECTED }, .path = true, .connected = true,
	    .title = "option on the listening socket" },
	[LATE_LISTENER] = { { "late_listener", .option = CONNECTED,
	    .message = ACCEPTED }, .path = true, .connected = true,
	    .title = "the same between connect and accept" },
	[BEFORE_ACCEPT] = { { "before_accept", .option = ACCEPTED,
	    .message = CONNECTED, .accept = MESSAGE_SENT }, .path = true,
	    .connected = true, .title = "message, accept, option" },
	[END_OF_FILE] = { { "end_of_file", FIRST, .how = NOTHING },
	    .connected = true, .title = "end of file without a message" },
	[EMPTY_MESSAGE] = { { "empty_message", FIRST, .how = EMPTY },
	    .title = "a message of no bytes" },
	[CLAIMED] = { { "claimed", LAST, .how = CLAIM },
	    .title = "client attaches its own, then option" },
	[CLIENT_OPTION] = { { "client_option", LAST, .how = OWN_OPTION },
	    .title = "client's own option, message, option" },
	[FORGED] = { { "forged", FIRST, .how = FORGE },
	    .title = "an ordinary user claims to be root" },
	[SMALL_BUFFER] = { { "small_buffer", FIRST, .room = SMALL },
	    .title = "control buffer too small" },
	[WITH_DESCRIPTOR] = { { "with_descriptor", FIRST, .how = DESCRIPTOR,
	    .room = EXACT }, .title = "a descriptor takes the buffer's room" },
	[BY_SENDMSG] = { { "by_sendmsg", FIRST, .how = SENDMSG },
	    .title = "by sendmsg(2) instead of write(2)" },
	[PEER_PAIR] = { { "peer_pair", FIRST }, .peer = true,
	    .title = "peer of a pair" },
	[PEER_PATH] = { { "peer_path", FIRST }, .path = true, .peer = true,
	    .title = "peer of a named socket" },
	[PEER_SERVER] = { { "peer_server", FIRST, .how = ASK }, .path = true,
	    .peer = true, .title = "the same, asked by the client" },
	[WRONG_LEVEL] = { { "wrong_level", FIRST, .wrong_level = true },
	    .title = "option at the wrong level" },
	[PERSISTENT_FIRST] = { { "persistent_first", FIRST }, .mechanism = 1,
	    .title = "persistent option, then message" },
	[PERSISTENT_LATE] = { { "persistent_late", LAST }, .mechanism = 1,
	    .title = "message, then persistent option" },
	[PERSISTENT_AGAIN] = { { "persistent_again", FIRST, .again = true },
	    .mechanism = 1, .title = "its second message after a good first" },
};

enum whose { NOBODY, CLIENTS, SERVERS };

static const char *const whose[] = { NULL, "client", "server" };

/* What one schedule came to on one type of socket. */
struct cell {
	const char *missing;		/* why there is none; NULL: there is */
	enum outcome outcome;
	int error;			/* errno of a step, or 0 */
	bool raw, ctrunc;
	intmax_t id[GROUPS];		/* -1: not known */
	enum whose whose;		/* by its process ID */
};

struct survey {
	struct cell cells[NROWS][nitems(types)];
	struct result first;		/* with the sources of each field */
};

/* What cures the race, and what else this kernel has in store. */
enum need { ANY, RAW, CTRUNC, NO_ERROR, OWN };

#define IS(o)		(1U << (o))
#define LOST		(IS(PLACEHOLDER) | IS(NONE))

static const struct finding {
	const char *name, *text;
	struct condition {
		enum row row;
		unsigned outcomes;	/* a mask; 0: no such condition */
		enum need need;
	} conditions[2];		/* for the same type of socket */
} cures[] = {
	{ "synchronize", "synchronize: \"go on\" after the option (--sync)",
	    { { OPTION_FIRST, IS(CREDENTIALS), ANY } } },
	{ "on_listener", "the option on the listening socket (--inherit)",
	    { { ON_LISTENER, IS(CREDENTIALS), ANY } } },
	{ "claimed", "the client attaches its own credentials",
	    { { CLAIMED, IS(CREDENTIALS), ANY } } },
	{ "client_option", "the client sets the option on its own socket",
	    { { CLIENT_OPTION, IS(CREDENTIALS), ANY } } },
}, traps[] = {
	{ "placeholder", "a lost race looks like user 65534",
	    { { MESSAGE_FIRST, IS(PLACEHOLDER), ANY } } },
	{ "accept", "a write before accept(2) wins, one after it loses",
	    { { BEFORE_ACCEPT, IS(CREDENTIALS), ANY },
	    { MESSAGE_FIRST, LOST, ANY } } },
	{ "once", "credentials come only once",
	    { { AFTER_GOOD, IS(NONE), ANY },
	    { OPTION_FIRST, IS(CREDENTIALS), ANY } } },
	{ "late_listener", "on the listening socket: too late if connected",
	    { { LATE_LISTENER, LOST, ANY },
	    { ON_LISTENER, IS(CREDENTIALS), ANY } } },
	{ "end_of_file", "end of file reports UID 0",
	    { { END_OF_FILE, IS(CLOSED), RAW } } },
	{ "empty_message", "0 bytes can be a message, with credentials",
	    { { EMPTY_MESSAGE, IS(CREDENTIALS), ANY } } },
	{ "small_buffer", "a small control buffer cuts them",
	    { { SMALL_BUFFER, IS(TRUNCATED), ANY } } },
	{ "descriptor_cuts", "a descriptor pushes them out of the buffer",
	    { { WITH_DESCRIPTOR, IS(TRUNCATED) | IS(NONE), ANY } } },
	{ "ctrunc", "whole credentials can come with MSG_CTRUNC set",
	    { { WITH_DESCRIPTOR, IS(CREDENTIALS), CTRUNC } } },
	{ "own_peer", "a client that asks for its peer gets itself",
	    { { PEER_SERVER, IS(CREDENTIALS), OWN } } },
	{ "wrong_level", "set at the wrong level, the option seems to work",
	    { { WRONG_LEVEL, LOST, NO_ERROR } } },
};

/* Holds one conversation of a schedule, and keeps what came of it. */
static void
survey_cell(const struct options *base, enum row row, struct survey *v,
    size_t type)
{
	const struct survey_row *sr = &survey_rows[row];
	struct cell *cell = &v->cells[row][type];
	struct options o = *base;
	struct result r = { .outcome = NONE };
	const struct cred *from = sr->peer ? &r.peer : &r.message;
	struct run c;

	o.schedule = &sr->schedule;
	o.mechanism = sr->mechanism;
	o.type = type;
	o.path = sr->path ? base->path : NULL;
	if (sr->schedule.how == FORGE && geteuid() == 0)
		o.user = (struct identity){ .argument = "12345:12345",
		    .uid = 12345, .gid = 12345 };
	open_run(&c, &o);
	if (o.path != NULL)
		listen_path(&c);
	fork_client(&c);
	begin_trial(&c);
	server(&c, &r);
	peer_cred(c.connection, &r.peer);
	if (sr->schedule.how == ASK)
		for (enum field f = PID; f < GROUPS; f++)
			cred_id(&r.peer, f, c.shared->asked[f],
			    c.shared->asked[f] != -1 ? "asked" : NULL);
	end_trial(&c);
	close_run(&c);

	cell->outcome = !sr->peer ? r.outcome :
	    r.peer.source[EUID] != NULL ? CREDENTIALS : NONE;
	cell->error = c.shared->error;
	cell->raw = sr->peer || r.raw;
	cell->ctrunc = r.ctrunc;
	for (enum field f = PID; f < GROUPS; f++)
		cell->id[f] = from->source[f] != NULL || (r.raw && !sr->peer &&
		    r.outcome != CREDENTIALS && (f == UID || f == GID)) ?
		    from->id[f] : -1;
	cell->whose = from->source[PID] == NULL ? NOBODY :
	    from->id[PID] == c.shared->client.id[PID] ? CLIENTS :
	    from->id[PID] == getpid() ? SERVERS : NOBODY;
	if (row == OPTION_FIRST && type == 0)
		v->first = r;
	else {
		free(r.message.groups);
		free(r.peer.groups);
	}
	free_run(&c);
}

/* Why a row does not exist for a type of socket; NULL: it does. */
static const char *
why_missing(enum row row, size_t type)
{
	const struct survey_row *sr = &survey_rows[row];
	const struct options o = { .user = { .argument = "", .uid = 12345,
	    .gid = 12345 } };
	const char *what;
	int fd, status = 0;
	pid_t child;

	if (sr->connected && types[type].type == SOCK_DGRAM)
		return "a datagram socket is not connected";
	if ((fd = socket(AF_UNIX, types[type].type, 0)) == -1)
		return "no such sockets here";
	(void)close(fd);
	if (row != FORGED || geteuid() != 0)
		return NULL;
	if ((child = fork()) == 0)
		_exit(become(&o, &what) == -1);
	return child == -1 || waitpid(child, &status, 0) == -1 || status != 0 ?
	    "root cannot become an ordinary user here" : NULL;
}

static bool
holds(const struct survey *v, const struct condition *co, size_t type)
{
	const struct cell *cell = &v->cells[co->row][type];

	return co->outcomes == 0 || (cell->missing == NULL &&
	    (co->outcomes & IS(cell->outcome)) != 0 &&
	    (co->need != RAW || (cell->raw && cell->id[UID] == 0)) &&
	    (co->need != CTRUNC || cell->ctrunc) &&
	    (co->need != NO_ERROR || cell->error == 0) &&
	    (co->need != OWN || cell->whose == CLIENTS));
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
	static char number[16];
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ EPERM, "EPERM" }, { EINVAL, "EINVAL" },
		{ EOPNOTSUPP, "EOPNOTSUPP" }, { ENOPROTOOPT, "ENOPROTOOPT" },
		{ EACCES, "EACCES" }, { ENOTCONN, "ENOTCONN" },
	};

	for (size_t i = 0; i < nitems(names); i++)
		if (names[i].error == error)
			return names[i].name;
	snprintf(number, sizeof(number), "errno %d", error);
	return number;
}

static const char *
cell_text(const struct survey_row *sr, const struct cell *cell)
{
	if (cell->missing != NULL)
		return "-";
	if (cell->error != 0)
		return error_name(cell->error);
	return !sr->peer || cell->outcome != CREDENTIALS ?
	    outcomes[cell->outcome] : cell->whose == NOBODY ? "unknown" :
	    whose[cell->whose];
}

static bool
row_exists(enum row row)
{
	return survey_rows[row].mechanism < nitems(mechanisms);
}

/* Each source once, with the fields that it told. */
static void
text_sources(const struct result *r)
{
	const char *source;
	unsigned done = 0;

	for (enum field f = PID; f < NFIELDS; f++) {
		if ((source = source_of(r, f)) == NULL || (done & 1U << f) != 0)
			continue;
		printf("%s has:", source);
		for (enum field g = f; g < NFIELDS; g++)
			if (source_of(r, g) != NULL &&
			    strcmp(source_of(r, g), source) == 0) {
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
		for (size_t t = 0; t < nitems(types) && mask != all; t++)
			if ((mask & 1U << t) != 0)
				printf("%s%s", (mask & ((1U << t) - 1)) == 0 ?
				    "; " : ", ", types[t].name);
		printf("\n");
	}
}

static void
text_survey(const struct survey *v)
{
	printf("%s %s: %s%s%s\n", system_name()->sysname,
	    system_name()->release, mechanisms[0].option != NULL ?
	    mechanisms[0].option : "no option for credentials",
	    mechanisms[0].option != NULL ? ", " : "",
	    mechanisms[0].option != NULL ? mechanisms[0].message : "");
	text_sources(&v->first);
	printf("\n%-36s", "");
	for (size_t t = 0; t < nitems(types); t++)
		printf(t + 1 < nitems(types) ? " %-12s" : " %s\n",
		    types[t].name);
	for (enum row row = 0; row < NROWS; row++) {
		if (!row_exists(row))
			continue;
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
json_cell(const struct cell *cell)
{
	printf("{\"outcome\":");
	json_string(cell->missing != NULL || cell->error != 0 ? NULL :
	    outcomes[cell->outcome]);
	for (enum field f = UID; f < GROUPS; f++) {
		json_key(fields[f].key);
		if (cell->missing != NULL || cell->id[f] == -1)
			printf("null");
		else
			printf("%jd", cell->id[f]);
	}
	json_member("whose", whose[cell->whose]);
	printf(",\"ctrunc\":%s", cell->ctrunc ? "true" : "false");
	json_member("errno", cell->error != 0 ? error_name(cell->error) : NULL);
	json_member("missing", cell->missing);
	printf("}");
}

static void
json_findings(const struct survey *v, const char *key,
    const struct finding *f, size_t n)
{
	const char *comma = "";

	json_key(key);
	printf("[");
	for (size_t i = 0; i < n; i++)
		if (found_types(v, &f[i]) != 0) {
			printf("%s\"%s\"", comma, f[i].name);
			comma = ",";
		}
	printf("]");
}

static void
json_survey(const struct survey *v)
{
	const char *comma = "";

	json_begin("survey");
	json_member("option", mechanisms[0].option);
	json_member("message", mechanisms[0].message);
	json_sources(&v->first);
	printf(",\"rows\":[");
	for (enum row row = 0; row < NROWS; row++) {
		if (!row_exists(row))
			continue;
		printf("%s{\"name\":\"%s\"", comma,
		    survey_rows[row].schedule.name);
		json_member("title", survey_rows[row].title);
		printf(",\"cells\":{");
		for (size_t t = 0; t < nitems(types); t++) {
			printf("%s\"%s\":", t > 0 ? "," : "", types[t].name);
			json_cell(&v->cells[row][t]);
		}
		printf("}}");
		comma = ",";
	}
	printf("]");
	json_findings(v, "cures", cures, nitems(cures));
	json_findings(v, "traps", traps, nitems(traps));
	printf("}\n");
}

/* A directory for the named sockets, gone however we end; sets o->path. */
static void
make_directory(struct options *o, char *path, size_t size)
{
	static char directory[PATH_MAX];
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL || tmp[0] == '\0')
		tmp = "/tmp";
	if ((size_t)snprintf(directory, sizeof(directory),
	    "%s/credcheck.XXXXXX", tmp) >= sizeof(directory))
		errx(EXIT_TROUBLE, "TMPDIR is too long: %s", tmp);
	guard();
	block_signals(SIG_BLOCK);
	if (mkdtemp(directory) == NULL)
		err(EXIT_TROUBLE, "TMPDIR: %s", directory);
	leftovers.directory = directory;
	block_signals(SIG_UNBLOCK);
	snprintf(path, size, "%s/sock", directory);
	o->path = path;
}

static int
run_survey(const struct options *base)
{
	struct options o = *base;
	struct survey v;
	char path[PATH_MAX + 8];

	memset(&v, 0, sizeof(v));
	make_directory(&o, path, sizeof(path));
	for (enum row row = 0; row < NROWS; row++)
		for (size_t t = 0; t < nitems(types); t++) {
			if (!row_exists(row))
				continue;
			v.cells[row][t].missing = why_missing(row, t);
			if (v.cells[row][t].missing == NULL)
				survey_cell(&o, row, &v, t);
			else if (o.verbose)
				fprintf(stderr, "%s, %s: %s\n",
				    survey_rows[row].title, types[t].name,
				    v.cells[row][t].missing);
		}
	clean_up();
	leftovers.directory = NULL;
	if (!o.quiet) {
		o.json ? json_survey(&v) : text_survey(&v);
		finish_report();
	}
	free(v.first.message.groups);
	free(v.first.peer.groups);
	return mechanisms[0].option != NULL ? EXIT_SUCCESS : EXIT_TROUBLE;
}

/*
 * 9. The command line, and main.
 */
#define ROLES		"CSl"
#define ORDERS		"Lirs"

/*
 * Each option: for getopt_long(3), for --help, and for the check that it means
 * something in the mode.  The modes come first, and have their own letter.
 */
static const struct {
	int letter;
	const char *name, *argument, *help;
	const char *modes;		/* NULL: any */
	const struct schedule *schedule;
} optiontable[] = {
	{ 'C', "client", "path",
	    "only the client, of a --server", "C", NULL },
	{ 'i', "inherit", NULL,
	    "the option on the listening socket", "il",
	    &inherit_schedule },
	{ 'L', "late", NULL,
	    "the message before the option: the lost race", "L",
	    &late_schedule },
	{ 'l', "server", "path",
	    "only the server: reports on every client", "l", NULL },
	{ 'r', "race", NULL,
	    "no synchronization: many trials, counted", "rl",
	    &race_schedule },
	{ 'S', "survey", NULL,
	    "what this kernel does in every ordering", "S", NULL },
	{ 's', "sync", NULL,
	    "option, \"go on\", message: always wins (default)", "slC",
	    &sync_schedule },
	{ 'c', "count", "n", "hold n conversations, count outcomes",
	    "CLilrs", NULL },
	{ 'e', "effective", "user[:group]",
	    "the client's effective identity (root)", "CLirs", NULL },
	{ 'h', "help", NULL, "print this", NULL, NULL },
	{ 'j', "json", NULL, "report as JSON", "LSilrs", NULL },
	{ 'm', "mode", "mode", "permissions of the named socket (0666)",
	    "Lilrs", NULL },
	{ 'n', "names", NULL, "add user and group names to the text",
	    "Lils", NULL },
	{ 'p', "path", "path", "a named socket, not a socketpair",
	    "Lirs", NULL },
	{ 'q', "quiet", NULL, "no report; the exit status tells",
	    "LSilrs", NULL },
	{ 'R', "seed", "n", "seed of the race's delays", "r", NULL },
	{ 't', "type", "type", "stream (default), seqpacket or dgram",
	    "CLilrs", NULL },
	{ 'u', "user", "user[:group]", "the client's identity (root)",
	    "CLirs", NULL },
	{ 'V', "version", NULL, "print the version", NULL, NULL },
	{ 'v', "verbose", NULL, "the timeline, on standard error",
	    "LSilrs", NULL },
	{ 'W', "spread", "usec", "range of the race's delays (20)", "r", NULL },
	{ 'w', "timeout", "seconds",
	    "the longest wait of any step (5)", NULL, NULL },
};

static const char *
option_name(int letter)
{
	size_t i = 0;

	while (optiontable[i].letter != letter)
		i++;
	return optiontable[i].name;
}

static void
help(void)
{
	char option[40];

	printf("usage: credcheck [-jnqv] [-i | -L | -r | -s] [-c count] "
	    "[-e user[:group]]\n"
	    "                 [-m mode] [-p path] [-R seed] [-t type] "
	    "[-u user[:group]]\n"
	    "                 [-W usec] [-w seconds]\n"
	    "       credcheck -l path [-jnqv] [-i | -r | -s] [-c count] "
	    "[-m mode] [-t type]\n"
	    "                 [-w seconds]\n"
	    "       credcheck -C path [-s] [-c count] [-e user[:group]] "
	    "[-t type]\n"
	    "                 [-u user[:group]] [-w seconds]\n"
	    "       credcheck -S [-jqv] [-w seconds]\n\n");
	for (size_t i = 0; i < nitems(optiontable); i++) {
		snprintf(option, sizeof(option), "--%s%s%s",
		    optiontable[i].name, optiontable[i].argument != NULL ?
		    " " : "", optiontable[i].argument != NULL ?
		    optiontable[i].argument : "");
		printf("  -%c, %-24s  %s\n", optiontable[i].letter, option,
		    optiontable[i].help);
	}
}

static uint64_t
parse_number(const char *what, const char *s, uint64_t min, uint64_t max)
{
	uintmax_t n;
	char *end;

	errno = 0;
	n = strtoumax(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 ||
	    n < min || n > max)
		errx(EXIT_TROUBLE, "%s is a number from %" PRIu64 " to %"
		    PRIu64 ": %s", what, min, max, visible(s));
	return n;
}

static int64_t
parse_timeout(const char *s)
{
	double seconds;
	char *end;

	seconds = strtod(s, &end);
	if (s[strspn(s, "0123456789.")] != '\0' || *s == '\0' ||
	    *end != '\0' || !(seconds >= 0.001 && seconds <= 86400))
		errx(EXIT_TROUBLE, "timeout is a number of seconds from 0.001 "
		    "to 86400: %s", visible(s));
	return (int64_t)(seconds * SECOND);
}

static mode_t
parse_mode(const char *s)
{
	unsigned long mode;
	char *end;

	mode = strtoul(s, &end, 8);
	if (s[0] < '0' || s[0] > '7' || *end != '\0' || mode > 0777)
		errx(EXIT_TROUBLE, "mode is an octal number from 0 to 777: %s",
		    visible(s));
	return (mode_t)mode;
}

static size_t
parse_type(const char *s)
{
	for (size_t i = 0; i < nitems(types); i++)
		if (strcmp(s, types[i].name) == 0)
			return i;
	errx(EXIT_TROUBLE, "type is stream, seqpacket or dgram: %s",
	    visible(s));
}

/* An ID in digits; the highest is no ID but "leave it" to setreuid(2). */
static bool
parse_id(const char *s, unsigned *id)
{
	uintmax_t n;
	char *end;

	errno = 0;
	n = strtoumax(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 ||
	    n >= UINT_MAX)
		return false;
	*id = (unsigned)n;
	return true;
}

/* user[:group]: each a name, else a number. */
static struct identity
parse_identity(const char *argument)
{
	struct identity id = { .argument = argument };
	const char *colon = strchr(argument, ':');
	const struct passwd *pw;
	const struct group *gr;
	char *user = colon == NULL ? strdup(argument) :
	    strndup(argument, (size_t)(colon - argument));
	bool number = false;

	if (user == NULL)
		err(EXIT_TROUBLE, "strdup");
	if ((pw = getpwnam(user)) == NULL &&
	    (number = parse_id(user, &id.uid)))
		pw = getpwuid(id.uid);
	if (pw != NULL) {
		if ((id.name = strdup(pw->pw_name)) == NULL)
			err(EXIT_TROUBLE, "strdup");
		id.uid = pw->pw_uid;
		id.gid = id.basegid = pw->pw_gid;
	} else if (!number)
		errx(EXIT_TROUBLE, "no such user: %s", visible(argument));
	else if (colon == NULL)
		errx(EXIT_TROUBLE, "user ID without an entry needs a group, "
		    "as %s:100: %s", argument, argument);
	free(user);
	if (colon != NULL && (gr = getgrnam(colon + 1)) != NULL)
		id.gid = gr->gr_gid;
	else if (colon != NULL && !parse_id(colon + 1, &id.gid))
		errx(EXIT_TROUBLE, "no such group: %s", visible(argument));
	return id;
}

/*
 * A standard descriptor that is closed would be the next socket's; standard
 * output stays as unwritable as it was.
 */
static void
keep_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", O_RDONLY) == -1)
			err(EXIT_TROUBLE, "/dev/null");
}

/* Every option given must mean something in the mode, and with the others. */
static void
check_options(const struct options *o, const bool *seen, int mode)
{
	for (size_t i = 0; i < nitems(optiontable); i++)
		if (seen[optiontable[i].letter] &&
		    optiontable[i].modes != NULL &&
		    strchr(optiontable[i].modes, mode) == NULL)
			errx(EXIT_TROUBLE, "--%s means nothing with --%s",
			    optiontable[i].name, option_name(mode));
	if (seen['m'] && o->path == NULL)
		errx(EXIT_TROUBLE, "--mode means nothing without --path");
	if (seen['m'] && o->path[0] == '@' && mechanisms[0].abstract)
		errx(EXIT_TROUBLE, "--mode means nothing to an abstract "
		    "socket: %s", o->path);
	if (seen['n'] && o->role == 0 && o->count > 1)
		errx(EXIT_TROUBLE, "--names means nothing with --count");
	if (seen['i'] && o->path == NULL)
		errx(EXIT_TROUBLE, "--inherit means nothing without --path");
	for (const char *p = o->role == 0 ? "i" : "irs"; *p != '\0'; p++)
		if (types[o->type].type == SOCK_DGRAM &&
		    seen[(unsigned char)*p])
			errx(EXIT_TROUBLE, "--%s means nothing with --type "
			    "dgram%s", option_name(*p), o->role == 0 ? "" :
			    " between two programs");
}

/* The one of these letters that was given, or 0; two exclude each other. */
static int
only_one(const char *letters, const int *given)
{
	int one = 0;

	for (; *given != 0; given++) {
		if (strchr(letters, *given) == NULL || *given == one)
			continue;
		if (one != 0)
			errx(EXIT_TROUBLE, "--%s and --%s exclude each other",
			    option_name(one), option_name(*given));
		one = *given;
	}
	return one;
}

static void
set_flag(struct options *o, int letter, char *argument)
{
	switch (letter) {
	case 'C':
	case 'l':
	case 'S':
		o->role = letter;
		o->path = argument;
		break;
	case 'c':
		o->count = parse_number("count", argument, 1, 1000000000);
		break;
	case 'e':
		o->effective = parse_identity(argument);
		break;
	case 'h':
		help();
		finish_report();
		exit(EXIT_SUCCESS);
	case 'j':
		o->json = true;
		break;
	case 'm':
		o->mode = parse_mode(argument);
		break;
	case 'n':
		o->names = true;
		break;
	case 'p':
		o->path = argument;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'R':
		o->seed = (uint32_t)parse_number("seed", argument, 0,
		    UINT32_MAX);
		break;
	case 't':
		o->type = parse_type(argument);
		break;
	case 'u':
		o->user = parse_identity(argument);
		break;
	case 'V':
		printf("credcheck %s\n", VERSION);
		finish_report();
		exit(EXIT_SUCCESS);
	case 'v':
		o->verbose = true;
		break;
	case 'W':
		o->spread = (int64_t)parse_number("spread", argument, 0,
		    1000000) * MICROSECOND;
		break;
	case 'w':
		o->timeout = parse_timeout(argument);
		break;
	default:			/* an order */
		for (size_t i = 0; i < nitems(optiontable); i++)
			if (optiontable[i].letter == letter)
				o->schedule = optiontable[i].schedule;
		break;
	}
}

/* What was not given depends on the mode. */
static void
set_defaults(struct options *o, const bool *seen, int order)
{
	if (order == 0)
		o->schedule = o->role == 0 || o->role == 'S' ?
		    &sync_schedule : &inherit_schedule;
	if (o->role == 'l' && !seen['c'])
		o->count = UINT64_MAX;
	o->counted = o->count > 1;
	if (o->role != 0 || !o->schedule->race)
		return;
	o->counted = true;
	stoppable = true;
	if (!seen['c']) {
		o->count = 10000;
		o->limit = SECOND;
	}
	if (o->spread > o->timeout)
		errx(EXIT_TROUBLE, "--spread %" PRId64 " us is longer than "
		    "--timeout %g s", o->spread / MICROSECOND,
		    (double)o->timeout / SECOND);
	if (!seen['R'])
		o->seed = (uint32_t)(now() ^ now() >> 32) ^
		    (uint32_t)getpid() << 16;
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	struct option longopts[nitems(optiontable) + 1];
	char letters[2 * nitems(optiontable) + 2], *p = letters;
	bool seen[UCHAR_MAX + 1] = { false };
	int given[nitems(optiontable) + 1] = { 0 };	/* in their order */
	int ch, order, role, n = 0;

	memset(longopts, 0, sizeof(longopts));
	*p++ = ':';
	for (size_t i = 0; i < nitems(optiontable); i++) {
		longopts[i].name = optiontable[i].name;
		longopts[i].val = optiontable[i].letter;
		*p++ = (char)optiontable[i].letter;
		if (optiontable[i].argument != NULL) {
			longopts[i].has_arg = required_argument;
			*p++ = ':';
		}
	}
	*p = '\0';
	opterr = 0;
	while ((ch = getopt_long(argc, argv, letters, longopts, NULL)) != -1) {
		if (ch == ':')
			errx(EXIT_TROUBLE, "option needs an argument: %s",
			    argv[optind - 1]);
		if (ch == '?' && optopt != 0 && strchr(letters, optopt) == NULL)
			errx(EXIT_TROUBLE, "no such option: -%c "
			    "(--help lists them)", optopt);
		if (ch == '?')
			errx(EXIT_TROUBLE, "no such option, or more than one: "
			    "%s (--help lists them)",
			    visible(argv[optind - 1]));
		if (!seen[ch])
			given[n++] = ch;
		seen[ch] = true;
		set_flag(o, ch, optarg);
	}
	if (optind < argc)
		errx(EXIT_TROUBLE, "unexpected operand: %s (--help lists the "
		    "options)", visible(argv[optind]));
	role = only_one(ROLES, given);
	order = only_one(ORDERS, given);
	check_options(o, seen, role != 0 ? role : order != 0 ? order : 's');
	set_defaults(o, seen, order);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.count = 1,
		.mode = 0666,
		.timeout = 5 * SECOND,
		.spread = 20 * MICROSECOND,
		.schedule = &sync_schedule,
	};
	int status;

	(void)signal(SIGPIPE, SIG_IGN);	/* EPIPE and EFBIG tell more */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* ignored, it leaves no status */
	keep_standard_fds();
	parse_options(argc, argv, &o);
	switch (o.role) {
	case 'C':
		status = run_alone(&o);
		break;
	case 'l':
		status = run_server(&o);
		break;
	case 'S':
		status = run_survey(&o);
		break;
	default:
		status = run_both(&o);
		break;
	}
	free(o.user.name);
	free(o.effective.name);
	return status;
}
