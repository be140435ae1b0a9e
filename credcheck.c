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
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/param.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
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
#include <strings.h>
#include <time.h>
#include <unistd.h>

#ifndef nitems			/* the BSDs have it in <sys/param.h> */
#define nitems(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define VERSION		"1.0"
#define EXIT_MISSING	1	/* the message had no true credentials */
#define EXIT_TROUBLE	2	/* usage, a system error, a timeout */

#define CONTROL_ROOM	4096	/* bytes; Linux: 253 descriptors at most */
#define DATA_ROOM	4096	/* bytes read of a message */
#define MOST_GROUPS	65536	/* Linux; of a process */
#define BATCH		32	/* socketpairs handed over at once */
#define ANSWER_WAIT	(20 * MILLISECOND)	/* of one connection of many */
#define MOST_WARNINGS	10	/* of a kind: enough to read */
#define CLIENT_SUFFIX	".c"	/* of a datagram client's path */
#define SECOND		INT64_C(1000000000)	/* in nanoseconds */
#define MILLISECOND	(SECOND / 1000)
#define MICROSECOND	(SECOND / 1000000)
#define MOST_SPINS	(50 * MICROSECOND)
#define TRIED_SPINS	(MOST_SPINS / 4)	/* where none has lately paid */
#define LEAST_PAUSE	64		/* waits without a yield */
#define MOST_PAUSE	16384

/*
 * 1. The conversations.  Each is two lists of steps, one for either side.
 */
enum side { SERVER, CLIENT, NSIDES };

enum step {
	END,			/* of a list */

	/* The server's. */
	READY,			/* bound, listening */
	ACCEPT,			/* the client's connection */
	OPTION,			/* set on that; before, on the listener */
	PERSISTENT,		/* FreeBSD's other option instead */
	PIDFD_OPTION,		/* Linux's, for descriptors of processes */
	LABEL_OPTION,		/* Linux's, for labels of security modules */
	WRONG_OPTION,		/* at a level where it does not belong */
	GO_ON,			/* send "go on" */
	RECEIVE,		/* wait for a message, and read it */
	RECEIVE_SMALL,		/* with a control buffer too small */
	RECEIVE_EXACT,		/* with one for credentials alone */
	DRAIN,			/* read all that is there, without waiting */
	ASK_LISTENER,		/* as ASK, but the listening socket */

	/* The client's. */
	CONNECT,
	CONNECT_GONE,		/* by a child, which is gone then */
	OWN_OPTION,		/* the option, on the client's own socket */
	HEAR_GO_ON,
	AWAKE,			/* published: the race's delays may begin */
	WRITE,
	SENDMSG,		/* by sendmsg(2) */
	DESCRIPTOR,		/* with a descriptor attached */
	EMPTY,			/* a message of no bytes */
	LARGEST,		/* of all that the buffer takes */
	NEARLY,			/* of SPARE bytes fewer */
	FILL,			/* messages until one is refused for room */
	BY_ANOTHER,		/* written by a child */
	SECOND_SOCKET,		/* 2 bytes, by another socket, left open */
	CLOSED_SOCKET,		/* by another socket, which is closed then */
	SPLICED,		/* moved from a pipe that a child wrote to */
	CLAIM,			/* with the client's credentials attached */
	FORGE,			/* with root's */
	READ,			/* what comes, until the other side closes */
	DONE,			/* published: the end of the list */

	/* Of either. */
	ASK,			/* the kernel, who the other side is */
	ASK_PIDFD,		/* the same, for a pidfd of it */
	DELAY,			/* a random time, as in the race */
	CLOSE,			/* the connection, before the end does */
	NSTEPS
};
#define MOST_STEPS	16		/* in a list, without its END */

/*
 * The other side has done that step.  Where a word stands twice, the first such
 * wait is for the first of the steps, and the second for the second.
 */
#define UNTIL(step)	(0x80 | (step))

/* What may tell a system's credentials. */
enum kind {
	USUAL, EVERY,		/* options: of the next message, of each, */
	PIDFD, LABEL,		/* for a pidfd, and a security label */
	ATTACHED,		/* the sender, with a message */
	PEER, PEER_GROUPS, PEER_PIDFD, PEER_LABEL, /* a connection, if asked */
	NKINDS
};

/* What the text of a survey's cell tells of a message with credentials. */
enum shown {
	OUTCOME,		/* that they came */
	WHOSE,			/* whose they are */
	PLACE,			/* whether they come before descriptors */
	SEQUENCE		/* whether the last datagram is the last read */
};

struct schedule {
	unsigned char server[MOST_STEPS + 1], client[MOST_STEPS + 1];
	const char *name;		/* of a survey's row, its constant */
	const char *title;		/* of such a row, as what follows */
	enum kind kind;			/* what it is about */
	enum shown shown;
	bool path, connected, dgram;	/* needs such a socket */
	bool spliced;			/* needs splice(2) */
	bool given;			/* by --order: a refusal is a finding */
	bool race;			/* counted as one, by the times */
	bool random;			/* no wait may yield: it would decide */
};

/* Two lists of steps: the server's, then the client's. */
#define OPTION_MESSAGE_READ(option, message, receive) \
	{ READY, ACCEPT, option, UNTIL(message), receive }, \
	{ CONNECT, UNTIL(option), message }
#define OPTION_MESSAGE(option, message) \
	OPTION_MESSAGE_READ(option, message, RECEIVE)
#define MESSAGE_OPTION(message, option) \
	{ READY, ACCEPT, UNTIL(message), option, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), message }
#define OPTION_ON_LISTENER(option) \
	{ option, READY, ACCEPT, RECEIVE }, { CONNECT, WRITE }
#define OPTION_TWO_MESSAGES(option) \
	{ READY, ACCEPT, option, RECEIVE, RECEIVE }, \
	{ CONNECT, UNTIL(option), WRITE, UNTIL(RECEIVE), WRITE }

static const struct schedule
    sync_schedule = { { READY, ACCEPT, OPTION, GO_ON, RECEIVE },
	{ CONNECT, UNTIL(ACCEPT), HEAR_GO_ON, WRITE }, .name = "sync" },
    late_schedule = { MESSAGE_OPTION(WRITE, OPTION), .name = "late" },
    inherit_schedule = { { OPTION, READY, ACCEPT, RECEIVE },
	{ UNTIL(READY), CONNECT, WRITE }, .name = "inherit" },
    race_schedule = { { READY, ACCEPT, DELAY, OPTION, RECEIVE },
	{ CONNECT, UNTIL(ACCEPT), AWAKE, DELAY, WRITE }, .name = "race",
	.race = true, .random = true },
    bare_schedule = { { READY, ACCEPT, OPTION, RECEIVE }, /* without AWAKE */
	{ UNTIL(READY), CONNECT, WRITE }, .name = "race", .race = true,
	.random = true },
    dgram_schedule = { OPTION_ON_LISTENER(OPTION), .name = "server" },
    /* Of a socket that we were given: somebody else has made it ready. */
    fd_schedule = { { OPTION, ACCEPT, OPTION, RECEIVE }, { CONNECT, WRITE },
	.name = "fd" },
    fd_dgram_schedule = { { OPTION, ACCEPT, RECEIVE }, { CONNECT, WRITE },
	.name = "fd" },
    peer_schedule = { { END }, { CONNECT, ASK, ASK_PIDFD }, .name = "peer" };

/* What --order says; and a --client's that has more to do than to write. */
static struct schedule order_schedule = { .name = "order", .given = true },
    client_schedule = { .name = "inherit" };

/* The survey: every ordering and trap, for every type of socket. */
#define NEEDS_LISTENER	.path = true, .connected = true
#define NEEDS_DATAGRAMS	.path = true, .dgram = true
#define SURVEY_ROWS(ROW) \
    ROW(OPTION_FIRST, "option, then message", OPTION_MESSAGE(OPTION, WRITE)) \
    ROW(MESSAGE_FIRST, "message, then option", MESSAGE_OPTION(WRITE, OPTION)) \
    ROW(AFTER_LOST, "second message after a lost first", \
	{ READY, ACCEPT, UNTIL(WRITE), OPTION, RECEIVE, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), WRITE, UNTIL(RECEIVE), WRITE }) \
    ROW(AFTER_GOOD, "second message after a good first", \
	OPTION_TWO_MESSAGES(OPTION)) \
    ROW(SET_AGAIN, "option set again after a good one", \
	{ READY, ACCEPT, OPTION, RECEIVE, OPTION, RECEIVE }, \
	{ CONNECT, UNTIL(OPTION), WRITE, UNTIL(OPTION), WRITE }) \
    ROW(ON_LISTENER, "option on the listening socket", \
	OPTION_ON_LISTENER(OPTION), NEEDS_LISTENER) \
    ROW(LATE_LISTENER, "listener's option after connect", \
	{ READY, UNTIL(CONNECT), OPTION, ACCEPT, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), WRITE }, NEEDS_LISTENER) \
    ROW(BEFORE_ACCEPT, "message, accept, option", \
	{ READY, UNTIL(WRITE), ACCEPT, OPTION, RECEIVE }, \
	{ CONNECT, WRITE }, NEEDS_LISTENER) \
    ROW(END_OF_FILE, "end of file without a message", \
	{ READY, ACCEPT, OPTION, RECEIVE }, \
	{ CONNECT, UNTIL(OPTION) }, .connected = true) \
    ROW(EMPTY_MESSAGE, "a message of no bytes", OPTION_MESSAGE(OPTION, EMPTY)) \
    ROW(EMPTY_FIRST, "message of no bytes, then option", \
	{ READY, ACCEPT, UNTIL(EMPTY), OPTION, DRAIN }, \
	{ CONNECT, UNTIL(ACCEPT), EMPTY, UNTIL(DRAIN) }) \
    ROW(CLAIMED, "credentials attached, then option", \
	MESSAGE_OPTION(CLAIM, OPTION)) \
    ROW(CLAIMED_ALONE, "credentials attached, no option", \
	{ READY, ACCEPT, RECEIVE }, { CONNECT, UNTIL(ACCEPT), CLAIM }) \
    ROW(CLAIMED_AGAIN, "credentials attached a second time", \
	{ READY, ACCEPT, UNTIL(CLAIM), OPTION, RECEIVE, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), CLAIM, UNTIL(RECEIVE), CLAIM }) \
    ROW(CLIENT_OPTION, "client's option, message, option", \
	{ READY, ACCEPT, UNTIL(WRITE), OPTION, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), OWN_OPTION, WRITE }) \
    ROW(FORGED, "an ordinary user claims to be root", \
	OPTION_MESSAGE(OPTION, FORGE)) \
    ROW(SMALL_BUFFER, "control buffer too small", \
	OPTION_MESSAGE_READ(OPTION, WRITE, RECEIVE_SMALL)) \
    ROW(WITH_DESCRIPTOR, "a descriptor takes their room", \
	OPTION_MESSAGE_READ(OPTION, DESCRIPTOR, RECEIVE_EXACT)) \
    ROW(BESIDE_DESCRIPTOR, "credentials beside a descriptor", \
	OPTION_MESSAGE(OPTION, DESCRIPTOR), .shown = PLACE) \
    ROW(TWO_WRITERS, "two processes' bytes, one read", \
	{ READY, ACCEPT, OPTION, UNTIL(DONE), RECEIVE }, \
	{ CONNECT, UNTIL(OPTION), WRITE, BY_ANOTHER }) \
    ROW(NO_ROOM, "no room left for the credentials", \
	{ READY, ACCEPT, OPTION, UNTIL(LARGEST), DRAIN }, \
	{ CONNECT, UNTIL(OPTION), LARGEST, UNTIL(DRAIN) }) \
    ROW(AFTER_NO_ROOM, "next message after no room", \
	{ READY, ACCEPT, OPTION, UNTIL(LARGEST), DRAIN, UNTIL(DONE), \
	RECEIVE }, \
	{ CONNECT, UNTIL(OPTION), LARGEST, UNTIL(DRAIN), WRITE }) \
    ROW(NEARLY_FULL, "message to a nearly full buffer", \
	{ READY, ACCEPT, UNTIL(NEARLY), OPTION, UNTIL(SENDMSG), DRAIN }, \
	{ CONNECT, UNTIL(ACCEPT), NEARLY, UNTIL(OPTION), SENDMSG, \
	UNTIL(DRAIN) }) \
    ROW(AFTER_REFUSED, "next message after a refused one", \
	{ READY, ACCEPT, UNTIL(FILL), OPTION, UNTIL(FILL), DRAIN, \
	UNTIL(DONE), RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), FILL, UNTIL(OPTION), FILL, UNTIL(DRAIN), \
	WRITE }) \
    ROW(SENDERS_CLOSED, "datagrams of two closed sockets", \
	{ READY, ACCEPT, OPTION, UNTIL(CLOSED_SOCKET), \
	UNTIL(CLOSED_SOCKET), DRAIN }, \
	{ CONNECT, UNTIL(OPTION), CLOSED_SOCKET, CLOSED_SOCKET, \
	UNTIL(DRAIN) }, \
	NEEDS_DATAGRAMS) \
    ROW(SENDERS_OPEN, "datagrams of two sockets, in order", \
	{ READY, ACCEPT, OPTION, UNTIL(SECOND_SOCKET), DRAIN }, \
	{ CONNECT, UNTIL(OPTION), WRITE, SECOND_SOCKET, UNTIL(DRAIN) }, \
	.shown = SEQUENCE, NEEDS_DATAGRAMS) \
    ROW(SPLICED_FROM, "spliced from a pipe of another's", \
	OPTION_MESSAGE(OPTION, SPLICED), .shown = WHOSE, .spliced = true) \
    ROW(BY_SENDMSG, "by sendmsg(2) instead of write(2)", \
	OPTION_MESSAGE(OPTION, SENDMSG)) \
    ROW(PEER_PAIR, "peer of a pair", \
	OPTION_MESSAGE(OPTION, WRITE), .kind = PEER) \
    ROW(PEER_PATH, "peer of a named socket", \
	OPTION_MESSAGE(OPTION, WRITE), .kind = PEER, .path = true) \
    ROW(PEER_SERVER, "listener, asked by the client", \
	{ READY, ACCEPT, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), ASK, WRITE }, .kind = PEER, .path = true) \
    ROW(PEER_LISTENER, "peer of the listening socket", \
	{ READY, ACCEPT, ASK_LISTENER, RECEIVE }, \
	{ CONNECT, UNTIL(ASK_LISTENER), WRITE }, .kind = PEER, \
	NEEDS_LISTENER) \
    ROW(PEER_CLOSED, "peer that closed before accept(2)", \
	{ READY, UNTIL(CLOSE), ACCEPT, ASK, RECEIVE }, \
	{ CONNECT, WRITE, CLOSE }, .kind = PEER, NEEDS_LISTENER) \
    ROW(WRONG_LEVEL, "option at the wrong level", \
	OPTION_MESSAGE(WRONG_OPTION, WRITE)) \
    ROW(PERSISTENT_FIRST, "persistent option, then message", \
	OPTION_MESSAGE(PERSISTENT, WRITE), .kind = EVERY) \
    ROW(PERSISTENT_LATE, "message, then persistent option", \
	MESSAGE_OPTION(WRITE, PERSISTENT), .kind = EVERY) \
    ROW(PERSISTENT_AGAIN, "persistent option, second message", \
	OPTION_TWO_MESSAGES(PERSISTENT), .kind = EVERY) \
    ROW(PIDFD_FIRST, "pidfd option, then message", \
	OPTION_MESSAGE(PIDFD_OPTION, WRITE), .kind = PIDFD) \
    ROW(PIDFD_LATE, "message, then pidfd option", \
	MESSAGE_OPTION(WRITE, PIDFD_OPTION), .kind = PIDFD) \
    ROW(PIDFD_LISTENER, "pidfd option on the listener", \
	OPTION_ON_LISTENER(PIDFD_OPTION), .kind = PIDFD, NEEDS_LISTENER) \
    ROW(PIDFD_BOTH, "both options, then message", \
	{ READY, ACCEPT, OPTION, PIDFD_OPTION, UNTIL(WRITE), RECEIVE }, \
	{ CONNECT, UNTIL(PIDFD_OPTION), WRITE }, .kind = PIDFD) \
    ROW(PIDFD_GONE, "pidfd of a writer that has gone", \
	OPTION_MESSAGE(PIDFD_OPTION, BY_ANOTHER), .kind = PIDFD) \
    ROW(PIDFD_PAIR, "pidfd of a pair's peer", \
	OPTION_MESSAGE(ASK_PIDFD, WRITE), .kind = PIDFD) \
    ROW(PIDFD_PATH, "pidfd of a named socket's peer", \
	OPTION_MESSAGE(ASK_PIDFD, WRITE), .kind = PIDFD, NEEDS_LISTENER) \
    ROW(PIDFD_PEER_GONE, "pidfd of a peer that has gone", \
	{ READY, UNTIL(CONNECT_GONE), ACCEPT, ASK_PIDFD, RECEIVE }, \
	{ CONNECT_GONE, UNTIL(ASK_PIDFD), WRITE }, .kind = PIDFD, \
	NEEDS_LISTENER) \
    ROW(LABEL_FIRST, "label option, then message", \
	OPTION_MESSAGE(LABEL_OPTION, WRITE), .kind = LABEL) \
    ROW(LABEL_LATE, "message, then label option", \
	MESSAGE_OPTION(WRITE, LABEL_OPTION), .kind = LABEL) \
    ROW(LABEL_LISTENER, "label option on the listener", \
	OPTION_ON_LISTENER(LABEL_OPTION), .kind = LABEL, NEEDS_LISTENER) \
    ROW(LABEL_BOTH, "label, credentials, then message", \
	{ READY, ACCEPT, OPTION, LABEL_OPTION, UNTIL(WRITE), RECEIVE }, \
	{ CONNECT, UNTIL(LABEL_OPTION), WRITE }, .kind = LABEL) \
    ROW(LABEL_BOTH_LATE, "message, then label, credentials", \
	{ READY, ACCEPT, UNTIL(WRITE), OPTION, LABEL_OPTION, RECEIVE }, \
	{ CONNECT, UNTIL(ACCEPT), WRITE }, .kind = LABEL) \
    ROW(LABEL_BOTH_LISTENER, "label, credentials on the listener", \
	{ OPTION, LABEL_OPTION, READY, ACCEPT, RECEIVE }, \
	{ CONNECT, WRITE }, .kind = LABEL, NEEDS_LISTENER) \
    ROW(LABEL_PAIR, "label of a pair's peer", \
	OPTION_MESSAGE(OPTION, WRITE), .kind = PEER_LABEL) \
    ROW(LABEL_PATH, "label of a named socket's peer", \
	OPTION_MESSAGE(OPTION, WRITE), .kind = PEER_LABEL, NEEDS_LISTENER)

#define ROW_CONSTANT(row, ...)	row,
enum row { SURVEY_ROWS(ROW_CONSTANT) NROWS };
#define ROW_SCHEDULE(row, text, ...) \
	[row] = { __VA_ARGS__, .name = #row, .title = text },
static const struct schedule survey_rows[NROWS] = {
	SURVEY_ROWS(ROW_SCHEDULE)
};

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
		int fd;			/* closed since; below 0: -errno */
		intmax_t pid;		/* -1: it has gone; 0: not known */
	} pidfd;
	struct label {
		const char *source;	/* what told it; NULL: there is none */
		char *text;
	} label;
};

enum outcome {
	NONE,			/* a message without credentials */
	CREDENTIALS,
	PLACEHOLDER,		/* Linux: of no process, and of nobody */
	TRUNCATED,		/* the control buffer did not take them */
	CLOSED,			/* end of file instead of a message */
	TIMEOUT,		/* no message came */
	UNSUPPORTED,		/* no such mechanism on this system */
	NOUTCOMES
};

static const char *const outcomes[NOUTCOMES] = {
	[NONE] = "none", [CREDENTIALS] = "credentials",
	[PLACEHOLDER] = "placeholder", [TRUNCATED] = "truncated",
	[CLOSED] = "closed", [TIMEOUT] = "timeout",
	[UNSUPPORTED] = "unsupported",
};

#define MOST_CONTROLS	16	/* control messages that are listed */
#define DATA_SHOWN	64	/* bytes of a message, with --data */

/* What became of one message.  All zero, it claims nothing. */
struct result {
	enum outcome outcome;
	size_t bytes;
	bool ctrunc, trunc;		/* MSG_CTRUNC, MSG_TRUNC */
	size_t descriptors;		/* that came with it, and are closed */
	bool read;			/* there was one */
	bool has_ids;			/* it came with some, whosever */
	struct cred message;		/* what came with the message */
	struct cred peer;		/* what the connection has */
	bool own_peer;			/* it names us, and is left out */
	bool lacks_option;		/* as read back from the connection */
	char data[DATA_SHOWN];		/* the head of the message */
	size_t ncontrols;
	struct {			/* control messages, as they came */
		int level, type;
		size_t bytes;
	} controls[MOST_CONTROLS];
	enum step refused;		/* a step, by the kernel; END: none */
	int error;			/* and with which errno */
};

/* A cell of the survey: what became of a conversation. */
struct cell {
	struct result result;
	int error;			/* errno of a step that may fail */
	const char *missing;		/* why there is no such conversation */
	char *failed;			/* or why it broke off */
	intmax_t client, client_euid;	/* the client's process ID and user */
	intmax_t child;			/* the last one that wrote for it */
};

static void
cred_forget(struct cred *cr)
{
	memset(cr->source, 0, sizeof(cr->source));
	cr->pidfd.source = NULL;
	cr->label.source = NULL;
}

static void
cred_free(struct cred *cr)
{
	free(cr->groups);
	free(cr->label.text);
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
	unsigned at[NFIELDS];	/* 1 + the offset of each field; 0: none */
	unsigned ngroups_at;	/* likewise, their number; 0: all of the data */
	bool ngroups_short;	/* which is a short, else an int */
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
	.at[GROUPS] = AT(s, prefix##_groups), \
	.ngroups_at = AT(s, prefix##_ngroups)
#define SOCKCRED(s)	.fixed = AT(s, sc_groups) - 1, IDS(s, sc), \
	.at[EGID] = AT(s, sc_egid)
#endif

#if defined(__linux__)		/* unix(7) */

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>

/* The head of PIDFD_GET_INFO's answer, which is all that Linux 6.13 had. */
struct pidfd_answer {
	uint64_t mask, cgroup;
	uint32_t pid, others[11];
};
/* Libcs differ in the type of ioctl(2)'s request. */
#define PIDFD_PROCESS(fd, answer)	syscall(SYS_ioctl, fd, \
	(long)_IOWR(0xff, 11, struct pidfd_answer), answer)

#ifndef SO_PASSPIDFD		/* Linux 6.5; not of alpha, PA-RISC and SPARC */
#define SO_PASSPIDFD	76
#define SO_PEERPIDFD	77	/* SCM_PIDFD is 4 on each, named or not */
#endif
#ifdef SYS_pidfd_getfd		/* Linux 5.6 */
#define PIDFD_OPEN(pid)		(int)syscall(SYS_pidfd_open, pid, 0)
#define PIDFD_GETFD(pidfd, fd)	(int)syscall(SYS_pidfd_getfd, pidfd, fd, 0)
#endif

/* Options that have something come with a message besides, and how much. */
#ifdef SO_TIMESTAMP_NEW		/* Linux 5.1 */
#define NEW_EXTRAS	{ SO_TIMESTAMP_NEW, 16 }, { SO_TIMESTAMPNS_NEW, 16 }, \
	{ SO_TIMESTAMPING_NEW, 3 * 16 },
#else
#define NEW_EXTRAS
#endif
#define EXTRAS		NEW_EXTRAS { SO_TIMESTAMP, 16 }, \
	{ SO_TIMESTAMPNS, 16 }, { SO_TIMESTAMPING, 3 * 16 }, \
	{ SO_PASSSEC, 256 }, { SO_PASSPIDFD, sizeof(int) }
#define MAXGROUPS	MOST_GROUPS	/* delivered of a sender's */
#define SET_PROGRAM_NAME(name)	(program_invocation_short_name = (name))
#define ABSTRACT	true	/* @ is a name outside the file system */
#define HAS_NAMESPACES	true	/* of users and processes */
#define HAS_SPLICE	true
#define SPLICE(from, to)	splice(from, NULL, to, NULL, 1, 0)
#define OPTION_READS_BACK	true	/* as set, not as used up */
#define EOF_HAS_IDS	true	/* of a stream; credentials of nobody */
#define FULL_QUEUE_REFUSES	false	/* connect(2) says EAGAIN */
#define CREDENTIALS_FIRST	true	/* of all that comes with a message */
#define DIE_WITH_PARENT()	prctl(PR_SET_PDEATHSIG, SIGKILL)
#define RANDOM(p, n)	getrandom(p, n, GRND_NONBLOCK)
#define OWN_FATAL	SIGIO, SIGPWR, SIGSTKFLT	/* ignored elsewhere */
#define UCRED(user, group)	.fixed = sizeof(struct ucred), \
	.at[PID] = AT(ucred, pid), .at[user] = AT(ucred, uid), \
	.at[group] = AT(ucred, gid)

static const struct mechanism mechanisms[NKINDS] = {
	[USUAL] = { NAME(SO_PASSCRED), NAME(SCM_CREDENTIALS), UCRED(UID, GID) },
	[PIDFD] = { NAME(SO_PASSPIDFD), "SCM_PIDFD", 4, .fixed = 4 },
	[LABEL] = { NAME(SO_PASSSEC), "SCM_SECURITY", 3, .fixed = 1 },
	[PEER] = { NAME(SO_PEERCRED), UCRED(EUID, EGID) },
	[PEER_GROUPS] = { NAME(SO_PEERGROUPS), .at[GROUPS] = 1 },
	[PEER_PIDFD] = { NAME(SO_PEERPIDFD), .fixed = 4 },
	[PEER_LABEL] = { NAME(SO_PEERSEC), .fixed = 1 },
};

#elif defined(__NetBSD__)	/* unix(4) */

#include <sys/sysctl.h>

/* <sched.h> makes a stub of it, which does nothing without libpthread. */
#undef sched_yield
int sched_yield(void);

/* There setprogname(3) does nothing (libc's setprogname.c). */
extern const char *__progname;
#define SET_PROGRAM_NAME(name)	(__progname = (name))

/* With MSG_DONTWAIT alone send(2) waits for room (sosend in uipc_socket.c). */
#define SEND_AT_ONCE	(MSG_DONTWAIT | MSG_NBIO)

#define MAXGROUPS	16	/* NGROUPS_MAX */
#define PROCESS_INFO	kinfo_proc2	/* which sysctl(3) has of a process */
#define PROGRAM		p_comm
#define PROCESS_MIB(pid) { CTL_KERN, KERN_PROC2, KERN_PROC_PID, (int)(pid), \
	sizeof(struct kinfo_proc2), 1 }

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
#include <sys/sysctl.h>
#include <sys/ucred.h>
#include <sys/user.h>

#define MAXGROUPS	CMGROUP_MAX
#define CREDENTIALS_FIRST	true
#define EGID_AMONG_GROUPS	true	/* until 14, and of getgroups(2) */
#define DATAGRAMS_VANISH	true	/* when who has connected closes */
#define PROCESS_INFO	kinfo_proc	/* which sysctl(3) has of a process */
#define PROGRAM		ki_comm
#define PROCESS_MIB(pid) { CTL_KERN, KERN_PROC, KERN_PROC_PID, (int)(pid) }
#define DIE_WITH_PARENT() \
	procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &(int){ SIGKILL })

static const struct mechanism mechanisms[NKINDS] = {
	[USUAL] = { NAME(LOCAL_CREDS), NAME(SCM_CREDS), SOCKCRED(sockcred) },
	[ATTACHED] = { .message = "SCM_CREDS", .type = SCM_CREDS,
	    .fixed = sizeof(struct cmsgcred),	/* and no other length */
	    .at[PID] = AT(cmsgcred, cmcred_pid), IDS(cmsgcred, cmcred),
	    .ngroups_short = true },
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
	    .ngroups_at = AT(xucred, cr_ngroups), .ngroups_short = true },
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
#endif
#ifndef EOF_HAS_IDS
#define EOF_HAS_IDS		false
#endif
#ifndef FULL_QUEUE_REFUSES	/* a client, as if nobody listened */
#define FULL_QUEUE_REFUSES	true
#endif
#ifndef DATAGRAMS_VANISH
#define DATAGRAMS_VANISH	false
#endif
#ifndef SET_PROGRAM_NAME
#define SET_PROGRAM_NAME(name)	setprogname(name)
#endif
#ifndef HAS_NAMESPACES
#define HAS_NAMESPACES		false
#endif
#ifndef HAS_SPLICE
#define HAS_SPLICE		false
#define SPLICE(from, to)	((void)(from), (void)(to), errno = ENOSYS, -1)
#endif
#ifndef OPTION_READS_BACK
#define OPTION_READS_BACK	false
#endif
#ifndef EGID_AMONG_GROUPS
#define EGID_AMONG_GROUPS	false
#endif
#ifndef PIDFD_PROCESS
struct pidfd_answer { uint32_t pid; };
#define PIDFD_PROCESS(fd, answer)	((void)(fd), (void)(answer), -1)
#endif
#ifndef PIDFD_GETFD		/* a copy of another process's descriptor */
#define PIDFD_OPEN(pid)		((void)(pid), errno = ENOSYS, -1)
#define PIDFD_GETFD(pidfd, fd)	((void)(pidfd), (void)(fd), errno = ENOSYS, -1)
#endif
#ifndef SEND_AT_ONCE
#define SEND_AT_ONCE		MSG_DONTWAIT
#endif
#ifndef EXTRAS
#define EXTRAS			{ 0, 0 }	/* which is no option */
#endif
#ifndef CREDENTIALS_FIRST
#define CREDENTIALS_FIRST	false
#endif
#ifndef DIE_WITH_PARENT		/* even when stopped, at a SIGKILL */
#define DIE_WITH_PARENT()	0
#endif
#ifndef GETPEEREID
#define GETPEEREID(fd, u, g)	((void)(fd), (void)(u), (void)(g), -1)
#endif
#ifndef RANDOM
#define RANDOM(p, n)		(arc4random_buf(p, n), (ssize_t)(n))
#endif
#ifndef OWN_FATAL
#define OWN_FATAL		SIGTERM		/* no other than elsewhere */
#endif
#ifndef SIGRTMIN
#define SIGRTMIN		1		/* no real-time signals */
#define SIGRTMAX		0
#endif
#ifndef ENODATA			/* FreeBSD */
#define ENODATA			(-1)		/* no call fails with it */
#endif

/* How a directory is opened that need not be readable. */
#if defined(O_SEARCH)
#define SEARCH_ONLY		(O_SEARCH | O_DIRECTORY)
#elif defined(O_PATH)
#define SEARCH_ONLY		(O_PATH | O_DIRECTORY)
#else
#define SEARCH_ONLY		(O_RDONLY | O_DIRECTORY)
#endif

/* Control messages at SOL_SOCKET by their names. */
static const struct {
	int type;
	const char *name;
} control_names[] = {
	{ SCM_RIGHTS, "SCM_RIGHTS" },
#if defined(__linux__)
	{ SCM_CREDENTIALS, "SCM_CREDENTIALS" },
	{ 3, "SCM_SECURITY" },		/* which not every libc names */
	{ 4, "SCM_PIDFD" },
	{ SO_TIMESTAMP, "SCM_TIMESTAMP" },
	{ SO_TIMESTAMPNS, "SCM_TIMESTAMPNS" },
#endif
#if defined(SCM_CREDS)
	{ SCM_CREDS, "SCM_CREDS" },
#endif
#if defined(SCM_CREDS2)
	{ SCM_CREDS2, "SCM_CREDS2" },
#endif
};

/* NULL: it has none that we know. */
static const char *
control_name(int level, int type)
{
	for (size_t i = 0; level == SOL_SOCKET && i < nitems(control_names);
	    i++)
		if (control_names[i].type == type)
			return control_names[i].name;
	return NULL;
}

/* How many groups data says that it has; -1: it is cut, or has none. */
static long
layout_groups(const struct mechanism *m, const unsigned char *data, size_t len)
{
	short s;
	int i;

	if (len < m->fixed || m->at[GROUPS] == 0)
		return -1;
	if (m->ngroups_at == 0)
		return (long)(len / sizeof(gid_t));
	memcpy(&s, data + m->ngroups_at - 1, sizeof(s));
	memcpy(&i, data + m->ngroups_at - 1, sizeof(i));
	return m->ngroups_short ? s : i;
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
	if (n < 0 || (size_t)n > (len + 1 - m->at[GROUPS]) / sizeof(gid_t))
		return;
	size = (size_t)n * sizeof(gid_t);
	cr->groups = realloc(cr->groups, MAX(size, 1));
	if (cr->groups == NULL)
		err(EXIT_TROUBLE, "%ld groups", n);
	memcpy(cr->groups, data + m->at[GROUPS] - 1, size);
	cr->ngroups = (size_t)n;
	cr->source[GROUPS] = source;
}

/*
 * A security module's name for a process or a socket: some have a NUL at its
 * end and some have none, and one of no characters is none.
 */
static void
read_label(struct cred *cr, const void *data, size_t len, const char *source)
{
	const size_t n = strnlen(data, len);

	cr->label.source = NULL;
	if (n == 0)
		return;
	cr->label.text = realloc(cr->label.text, n + 1);
	if (cr->label.text == NULL)
		err(EXIT_TROUBLE, "a label of %zu bytes", n);
	memcpy(cr->label.text, data, n);
	cr->label.text[n] = '\0';
	cr->label.source = source;
}

/* What is known of who sends a message, to read what he may attach. */
struct sender {
	bool may_claim;			/* it may be credentials of his own */
	intmax_t pid, uid;		/* our client's; 0: a stranger */
};

/*
 * Whether the /proc that is mounted is of our own PID namespace: another one's
 * numbers are of other processes (pid_namespaces(7)).
 */
static bool
is_proc_ours(void)
{
	char self[32] = "";

	return readlink("/proc/self", self, sizeof(self) - 1) > 0 &&
	    strtoimax(self, NULL, 10) == getpid();
}

/*
 * The process of a pidfd: -1 if it has gone, and 0 if that is not known, as of
 * a process that is not seen from this PID namespace.
 */
static intmax_t
pidfd_process(int fd)
{
	struct pidfd_answer answer = { .pid = 0 };
	char path[64];
	intmax_t pid;
	FILE *fp = NULL;
	bool known;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (is_proc_ours())
		fp = fopen(path, "r");
	if (fp != NULL) {
		/* The lines before that have no capital P. */
		known = fscanf(fp, "%*[^P]Pid: %jd", &pid) == 1;
		fclose(fp);
		if (known)
			return pid;
	}
	/* Without a /proc or a descriptor for it the kernel itself tells. */
	return PIDFD_PROCESS(fd, &answer) == 0 ? (intmax_t)answer.pid : 0;
}

/* The process that a connection names: as of its pidfd, if there is one. */
static intmax_t
peer_process(int fd)
{
	const struct mechanism *m = &mechanisms[PEER_PIDFD];
	int pidfd = -1;
	socklen_t len = sizeof(pidfd);
	intmax_t pid;

	if (m->option == NULL || getsockopt(fd, OPTION_LEVEL, m->name, &pidfd,
	    &len) == -1)
		return 0;
	pid = pidfd_process(pidfd);
	(void)close(pidfd);
	return pid;
}

/* Notes whose a pidfd is, and closes it; before Linux 6.16 it can be -errno. */
static void
read_pidfd(int fd, const char *source, struct cred *cr)
{
	cr->pidfd = (struct pidfd){ .source = source, .fd = fd };
	if (fd < 0)
		return;
	cr->pidfd.pid = pidfd_process(fd);
	(void)close(fd);
}

/*
 * Which of FreeBSD's two structs of one length it is: the one that a sender may
 * attach begins with its PID, the other with its UID.  NULL if that cannot be
 * told, of a stranger or of one whose PID and UID are the same number.
 */
static const struct mechanism *
find_twin(const unsigned char *data, const struct sender *sender)
{
	const struct mechanism *m = mechanisms;
	uint32_t first;

	if (!sender->may_claim)
		return &m[USUAL];
	memcpy(&first, data, sizeof(first));
	if (sender->pid == 0 || sender->pid == sender->uid)
		return NULL;
	return first == sender->pid ? &m[ATTACHED] : &m[USUAL];
}

/* NULL: of another kind, or either of two. */
static const struct mechanism *
find_layout(int type, const unsigned char *data, size_t len,
    const struct sender *sender)
{
	const struct mechanism *m = mechanisms;
	size_t groups;

	if (m[EVERY].message != NULL && type == m[EVERY].type)
		return &m[EVERY];
	if (m[USUAL].message == NULL || type != m[USUAL].type)
		return NULL;
	if (m[ATTACHED].message == NULL || len != m[ATTACHED].fixed)
		return &m[USUAL];
	/* In the usual one there are as many groups as it says. */
	groups = (len - m[USUAL].fixed) / sizeof(gid_t);
	if (layout_groups(&m[USUAL], data, len) != (long)groups)
		return &m[ATTACHED];
	return find_twin(data, sender);
}

/* The overflow UID and GID, which stand for those without an ID here. */
struct overflow {
	intmax_t uid, gid;		/* 0: not read yet */
};

static intmax_t
read_number(const char *path, intmax_t otherwise)
{
	char text[24] = "", *end;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = -1;
	intmax_t n;

	if (fd != -1) {
		len = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	n = strtoimax(text, &end, 10);
	return len <= 0 || end == text ? otherwise : n;
}

/* user_namespaces(7) */
static void
read_overflow(struct overflow *o)
{
	if (o->uid == 0)
		o->uid = read_number("/proc/sys/kernel/overflowuid", 65534);
	if (o->gid == 0)
		o->gid = read_number("/proc/sys/kernel/overflowgid", 65534);
}

/* What we see of others: on Linux that depends on namespaces(7). */
struct view {
	bool all_users, all_groups;	/* each ID is known here */
	bool all_processes;		/* and each process */
	bool looked_at;
};

/* Whether a map has all IDs (user_namespaces(7)); not if that is not known. */
static bool
maps_all(const char *path)
{
	FILE *fp = fopen(path, "r");
	uintmax_t length, all = 0;

	if (fp == NULL)
		return false;
	while (fscanf(fp, "%*u %*u %ju", &length) == 1)
		all += length;
	fclose(fp);
	return all == UINT32_MAX;
}

/* It does not change while we live, and is looked at once. */
static struct view
look_around(void)
{
	static struct view v = { true, true, true, false };
	struct stat st;

	if (!HAS_NAMESPACES || v.looked_at)
		return v;
	v.looked_at = true;
	v.all_users = maps_all("/proc/self/uid_map");
	v.all_groups = maps_all("/proc/self/gid_map");
	/* The first one's inode is a constant: PROC_PID_INIT_INO. */
	v.all_processes = stat("/proc/self/ns/pid", &st) == 0 &&
	    st.st_ino == 0xeffffffc;
	return v;
}

/* The IDs of a living process: real, effective and saved. */
struct process {
	bool known;
	uintmax_t uid[3], gid[3];
};

/* proc_pid_status(5); what is not ours to see is not known. */
static struct process
look_at_process(intmax_t pid)
{
	struct process p = { .known = false };
	char path[64], line[256];
	int found = 0;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%jd/status", pid);
	fp = is_proc_ours() ? fopen(path, "r") : NULL;
	if (fp == NULL)
		return p;
	while (fgets(line, sizeof(line), fp) != NULL) {
		found += sscanf(line, "Uid: %ju %ju %ju", &p.uid[0], &p.uid[1],
		    &p.uid[2]) == 3;
		found += sscanf(line, "Gid: %ju %ju %ju", &p.gid[0], &p.gid[1],
		    &p.gid[2]) == 3;
	}
	fclose(fp);
	p.known = found == 2;
	return p;
}

#define PROGRAM_ROOM	32	/* bytes; of a program's name, which is cut */

/* The program that a process runs; false if that is not known. */
static bool
read_program(intmax_t pid, char *name)
{
#ifdef PROCESS_INFO
	struct PROCESS_INFO info;
	size_t len = sizeof(info);
	const int mib[] = PROCESS_MIB(pid);

	if (sysctl(mib, nitems(mib), &info, &len, NULL, 0) == -1 ||
	    len < sizeof(info))
		return false;
	snprintf(name, PROGRAM_ROOM, "%.*s", PROGRAM_ROOM - 1, info.PROGRAM);
	return true;
#else
	char path[64];
	FILE *fp;
	bool known;

	snprintf(path, sizeof(path), "/proc/%jd/comm", pid);
	fp = is_proc_ours() ? fopen(path, "r") : NULL;
	if (fp == NULL)
		return false;
	known = fgets(name, PROGRAM_ROOM, fp) != NULL;
	fclose(fp);
	name[strcspn(name, "\n")] = '\0';
	return known;
#endif
}

/* Why the kernel has refused a copy of a process's descriptor (ptrace(2)). */
static const char *
why_no_copy(intmax_t pid)
{
	const intmax_t yama = read_number(
	    "/proc/sys/kernel/yama/ptrace_scope", 0);
	const struct process p = look_at_process(pid);
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%jd/status", pid);
	if (!p.known || stat(path, &st) == -1)
		return "another user's process, one that is not dumpable, or "
		    "one that a security module keeps";
	for (size_t i = 0; i < nitems(p.uid); i++)
		if (p.uid[i] != getuid() || p.gid[i] != getgid())
			return "another user's process, and no CAP_SYS_PTRACE";
	/* Files of a process that is not dumpable are root's (proc(5)). */
	if (st.st_uid != p.uid[1])
		return "not dumpable: it has changed its IDs, or asked for "
		    "that";
	if (yama > 0)
		return "Yama keeps it (sysctl kernel.yama.ptrace_scope)";
	return "it has capabilities that we have not, or a security module "
	    "keeps it";
}

/* How much room a socket's own options need beside the credentials. */
static size_t
extra_room(int fd)
{
	static const struct { int option; size_t bytes; } extras[] = { EXTRAS };
	size_t room = 0;
	socklen_t len;
	int on;

	for (size_t i = 0; i < nitems(extras); i++) {
		on = 0;
		len = sizeof(on);
		if (getsockopt(fd, SOL_SOCKET, extras[i].option, &on,
		    &len) == 0 && on != 0)
			room += CMSG_SPACE(extras[i].bytes);
	}
	return room;
}

/* Of the data of a control message, with so many groups. */
static size_t
cred_size(const struct mechanism *m, size_t ngroups)
{
	const size_t n = MAX(MIN(ngroups, MAXGROUPS), 1);

	return m->fixed + (m->at[GROUPS] == 0 ? 0 : n * sizeof(gid_t));
}

/* The data of a control message by which a client claims to be someone. */
static size_t
claim_cred(unsigned char *data, const struct cred *cr)
{
	const bool own = mechanisms[ATTACHED].message != NULL;
	const struct mechanism *m = &mechanisms[own ? ATTACHED : USUAL];
	const size_t len = own ? m->fixed : cred_size(m, 0);

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
	/* Static, as a stack can be smaller than that. */
	static unsigned char data[MOST_GROUPS * sizeof(gid_t)];
	const struct mechanism *m = &mechanisms[PEER];
	socklen_t len;
	uid_t euid;
	gid_t egid;

	for (; m <= &mechanisms[PEER_GROUPS]; m++) {
		/* NetBSD 10 refuses to fill more than some kilobytes. */
		len = (socklen_t)(m->fixed != 0 ? m->fixed : sizeof(data));
		if (m->option != NULL &&
		    getsockopt(fd, OPTION_LEVEL, m->name, data, &len) == 0 &&
		    len >= m->fixed && len <= sizeof(data))
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

#define LABEL_ROOM	256	/* bytes, of most labels */
#define MOST_LABEL	65536	/* and of any */

/* Who leaves too little room for a label is told its length, with ERANGE. */
static void
peer_label(int fd, struct cred *cr)
{
	const struct mechanism *m = &mechanisms[PEER_LABEL];
	socklen_t len;
	char *text = NULL;
	int status;

	cr->label.source = NULL;
	if (m->option == NULL)
		return;
	for (socklen_t room = LABEL_ROOM; room <= MOST_LABEL;
	    room = MAX(len, 2 * room)) {
		text = realloc(text, room);
		if (text == NULL)
			err(EXIT_TROUBLE, "a label of %zu bytes", (size_t)room);
		len = room;
		status = getsockopt(fd, OPTION_LEVEL, m->name, text, &len);
		if (status == 0)
			read_label(cr, text, MIN(len, room), m->option);
		if (status == 0 || errno != ERANGE)
			break;
	}
	free(text);
}

/*
 * 4. What the two sides share, and what each of them knows.
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

/* Whom we play: both sides of a conversation, or one of them for others. */
enum role {
	ROLE_BOTH,			/* --sync, --race, --order and such */
	ROLE_SERVER,			/* --server: whoever connects */
	ROLE_CLIENT,			/* --client */
	ROLE_PEER,			/* --peer: a client that only asks */
	ROLE_FD,			/* --fd: who has been given a socket */
	ROLE_SURVEY			/* --survey: both, once for each cell */
};

/* A socket that we were given, or have a copy of. */
struct given_socket {
	int number;			/* as --fd has it */
	pid_t process;			/* whose it is; 0: ours */
	int fd;				/* ours, by now */
	bool listening;
	bool served;			/* for any number of clients */
	int had_option;			/* -1: that cannot be said */
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
};

struct options {
	bool json, names, quiet, verbose;
	bool only_asks;			/* reads no message */
	bool data, all;			/* of a message, of its connection */
	bool counted;			/* more than one result: a tally */
	uint64_t count;
	int64_t limit;			/* of a counted run, in nanoseconds */
	int64_t spread, timeout;	/* of delays, of a step; likewise */
	int64_t slow_clock;		/* a reading of it, by which the */
					/* spread was chosen; 0: it was not */
	enum role role;
	const char *path;		/* NULL: a socketpair */
	const char *order;		/* as --order has it; NULL: none */
	mode_t mode;
	size_t type;			/* of types[] */
	bool any_type;			/* stream, or else seqpacket */
	struct identity user, effective;
	const struct schedule *schedule;
	unsigned missing_stdio;		/* a mask of what was not open */
	struct given_socket descriptor;	/* of --fd */
};

/* When a step was begun and ended, by now(); 0: not. */
struct span {
	int64_t begun, ended;
	int error;			/* of a step that was refused; 0: not */
};

/*
 * What one side publishes and the other reads, by the position of a step in its
 * list, whose end is one, too.  What changes while the other side spins and
 * what changes while it sleeps are on cache lines of their own.
 */
struct published {
	_Alignas(64) _Atomic uint32_t events;	/* a count: one a step */
	_Atomic uint32_t done_in[MOST_STEPS + 1];	/* the last trial */
	_Alignas(64) _Atomic int sleeps_for;	/* a position from 1; 0: none */
	_Atomic bool spins_in_vain;		/* has lately never paid */

	/* Of even and of odd trials. */
	struct span spans[2][MOST_STEPS + 1];
	struct refusal {
		_Atomic uint32_t trial;		/* that had it; 0: none */
		enum step step;			/* which the kernel refused */
		int error;			/* with this errno */
	} refusals[2];
};

/* The first side to fail says why, and the other one does not. */
enum { NOT_FAILED, BEING_SAID, SAID };

/*
 * A file that we have made, to be removed.  Its directory is held open, as
 * another one can have the directory's name by then.
 */
struct made_file {
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	int directory;
	mode_t type;			/* S_IFSOCK or S_IFDIR */
	dev_t device;
	ino_t inode;
};

/* Some pages that both processes see. */
struct shared {
	struct published published[NSIDES];
	_Alignas(64) _Atomic int failed;	/* BEING_SAID, or SAID */
	char failure[512];		/* why the conversation broke off */
	uint64_t go_on;			/* what our server sends for that */
	struct cred client;		/* the truth; its PID by our fork(2) */
	struct cred asked;		/* of its peer, by ASK; no groups */
	pid_t child;			/* the client's last, which wrote */
	struct made_file bound[NSIDES];	/* the sockets' names, if files */
	struct { size_t bytes, messages; } sent;	/* since a drain */
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
	bool nothing;			/* there was no message to be read */
	bool empty;			/* no bytes, and still no end of file */
	int rights[CONTROL_ROOM / sizeof(int)];	/* descriptors that came */
	size_t nrights;			/* until they are closed */

	/* The same for each message. */
	int socktype;
	bool anyone;			/* and not our client alone may write */
	struct sender sender;
	struct overflow overflow;
};

/* A socket's address; len 0: it needs none. */
struct address {
	struct sockaddr_un sun;
	socklen_t len;
};

/* The process at the other end of our sockets, and how we wait for it. */
struct other {
	volatile pid_t pid;		/* of our client; 0: none, any more */
	int control;			/* hands over descriptors */
	int wake;			/* a byte wakes us; -1: no other side */
	struct published *ours, *theirs;	/* what either publishes */
	uint32_t seen;			/* so many of its events */

	/* Spinning, as long as it pays. */
	int64_t spin;			/* for so long a wait looks; 0: not */
	unsigned unspun;		/* waits while it does not pay */

	/* Yielding the processor, with a pause when it cost a time slice. */
	unsigned pause;			/* so many waits do not yield */
	unsigned pause_left;		/* of those, still to come */
};

/* Socketpairs: the client makes them, and hands the server its ends. */
struct pairs {
	int ends[NSIDES][BATCH];	/* the server knows its own alone */
	size_t n, next;			/* handed over, and the next to use */
	size_t prepared;		/* for the batch after that */
	uint64_t made;			/* in all */
};

/* A conversation, from one side; c wherever there is one. */
struct conv {
	/* What is to be held. */
	const struct options *options;
	const struct schedule *schedule;
	const struct mechanism *mechanism;
	enum side side;			/* ours */
	pid_t self;
	struct shared *shared;
	struct other other;

	/* The trial and its step under way. */
	uint64_t trial;			/* from 1 */
	size_t at;			/* the step's position in our list */
	const char *waiting_for;
	const char *word;		/* of the step; NULL: of none */
	bool may_wait;			/* a --server has other clients */
	int64_t time, deadline;		/* when last looked; of the step */
	uint64_t random;

	/* Sockets; -1: none. */
	int listener, connection;
	int client_copy;		/* of our client's end; over a path */
	int other_socket;		/* which a client's step leaves open */
	uint64_t strangers;		/* connections that were not its */
	struct address server_address, client_address;
	struct pairs pairs;

	/* What came of it. */
	struct message message;		/* the last one read */
	struct result result;
	struct answer {			/* what a read had of the other side */
		bool read;
		size_t bytes;
		bool closed;
	} answer;
	jmp_buf *broken;		/* where a survey goes on; NULL: none */
	jmp_buf *stop;			/* where a signal ends the trials */
};

static bool
is_named_dgram(const struct options *o)
{
	return o->path != NULL && types[o->type].type == SOCK_DGRAM;
}

/* A survey's path is below TMPDIR, however that begins. */
static bool
is_abstract(const struct options *o)
{
	return ABSTRACT && o->role != ROLE_SURVEY && o->path != NULL &&
	    o->path[0] == '@';
}

/* Whether there is another process of ours; --peer and --server have none. */
static bool
is_alone(const struct conv *c)
{
	return c->other.wake == -1;
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
	size_t len = 4;
	uint32_t code;

	if (s[0] < 0x80)
		len = 1;
	else if (s[0] < 0xe0)
		len = 2;
	else if (s[0] < 0xf0)
		len = 3;
	code = s[0] - first[len];	/* too much: no first byte */
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3fU);
	}
	return code >= least[len] && code <= 0x10ffff &&
	    (code < 0xd800 || code > 0xdfff) ? len : 0;
}

/*
 * Whether the terminal takes UTF-8, by the locale's name (locale(7)): another
 * one can take bytes of it for control characters.
 */
static bool
takes_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL, *charset;

	for (size_t i = 0; i < nitems(names) && locale == NULL; i++) {
		locale = getenv(names[i]);
		if (locale != NULL && locale[0] == '\0')
			locale = NULL;
	}
	charset = locale == NULL ? NULL : strchr(locale, '.');
	return charset != NULL && (strncasecmp(charset, ".UTF-8", 6) == 0 ||
	    strncasecmp(charset, ".utf8", 5) == 0);
}

static bool terminal_takes_utf8;	/* as main() has found */

/* C0 and C1 controls, DEL, and those that turn the direction of a text. */
static bool
is_control(const unsigned char *s)
{
	static const char *const turns[] = { "\xd8\x9c", "\xe2\x80\x8e",
	    "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
	    "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
	    "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6",
	    "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9" };

	if (*s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0))
		return true;
	for (size_t i = 0; i < nitems(turns); i++)
		if (strncmp((const char *)s, turns[i], strlen(turns[i])) == 0)
			return true;
	return false;
}

/* In place: what a terminal would act on, or does not take, becomes '?'. */
static char *
make_visible(char *text)
{
	unsigned char *s = (unsigned char *)text;

	for (size_t n; *s != '\0'; s += MAX(n, 1)) {
		n = utf8_len(s);
		if (n == 0 || is_control(s) || (n > 1 && !terminal_takes_utf8))
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

/*
 * 5. The end, whenever it comes: failures, signals, and what is left behind.
 */
/* What exit(3) and fatal signals undo. */
static struct {
	struct conv *volatile conv;	/* its client and its sockets' files */
	struct made_file directory;	/* of the survey's sockets */
	pid_t maker;			/* of that directory */
	int fd, option;			/* of a given socket, to be unset */
	int output_flags[STDERR_FILENO + 1];	/* 0: they are as they were */
	bool trouble;			/* something was left, and said so */
} cleanup;

/* A signal ends a counted mode as if it were done: it reports what it has. */
#define STEP_GRACE	(SECOND / 2)	/* for the step under way */
#define STOP_GRACE	(2 * SECOND)	/* until we end without a report */
static struct {
	volatile sig_atomic_t stoppable;	/* ours is such a mode */
	volatile sig_atomic_t stopped;		/* the signal has come */
	int64_t stopped_at;			/* by now(), if it has */
	volatile sig_atomic_t dying;		/* in the handler of the last */
	volatile sig_atomic_t writing;		/* the report, at this moment */
	volatile sig_atomic_t continued;	/* SIGCONT came after a stop */
	volatile sig_atomic_t progress;		/* stands on the terminal */
	volatile sig_atomic_t interrupting;	/* the timer ends this call */
	volatile sig_atomic_t ticking;		/* it is set to each ms */
	volatile sig_atomic_t timed;		/* it was set, at any time */
	bool no_alarm;			/* SIGALRM was ignored before us */
	int wakeup[2];			/* a pipe: a stop wakes who sleeps */
} signals = { .wakeup = { -1, -1 } };

/* Whether the other process is there; reads what it has woken us with. */
static bool
other_alive(const struct conv *c)
{
	char bytes[64];			/* all that there can be, and more */
	const ssize_t n = recv(c->other.wake, bytes, sizeof(bytes),
	    MSG_DONTWAIT);

	return n > 0 || (n == -1 && errno != ECONNRESET);
}

/* The client may have a name to remove, and is given a second for that. */
static void
end_client(struct conv *c)
{
	struct pollfd pfd = { .fd = c->other.wake, .events = POLLIN };
	const pid_t child = c->other.pid;

	if (child <= 0)
		return;
	(void)kill(child, SIGCONT);
	(void)shutdown(c->other.wake, SHUT_WR);	/* asks it to leave */
	for (int i = 0; i < 10 && other_alive(c); i++)
		(void)poll(&pfd, 1, 100);
	(void)kill(child, SIGKILL);
	c->other.pid = 0;	/* which may soon be another's */
	(void)waitpid(child, NULL, 0);
}

/*
 * Whether it is for us to say why: the first side to fail does.  A server that
 * is the second ends its client, and then looks whether that has said it: a
 * client that was killed in between has not.
 */
static bool
claim_failure(struct conv *c)
{
	_Atomic int *failed = &c->shared->failed;
	int nobody = NOT_FAILED;

	if (atomic_compare_exchange_strong(failed, &nobody, BEING_SAID))
		return true;
	if (c->side == CLIENT || *failed == SAID)
		return false;
	end_client(c);
	return *failed != SAID;
}

/* Ends the run, or a survey's cell, or a step for one client of a server. */
static _Noreturn void __attribute__((format(printf, 3, 4)))
fail(struct conv *c, int error, const char *fmt, ...)
{
	struct shared *sh = c->shared;
	char what[sizeof(sh->failure) / 2];
	va_list ap;

	if (claim_failure(c)) {
		va_start(ap, fmt);
		vsnprintf(what, sizeof(what), fmt, ap);
		va_end(ap);
		snprintf(sh->failure, sizeof(sh->failure), "%s%s%s%s",
		    c->side == CLIENT && c->options->role != ROLE_PEER ?
		    "client: " : "", make_visible(what),
		    error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
		if (c->broken == NULL)
			warnx("%s", sh->failure);
		sh->failed = SAID;
	}
	if (c->broken != NULL && c->side == SERVER)
		longjmp(*c->broken, 1);
	exit(EXIT_TROUBLE);
}

/* Whether a write to fd does not block, or soon will not. */
static bool
has_room(int fd, int milliseconds)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	return poll(&pfd, 1, milliseconds) != 0;
}

/*
 * A line like warn(3)'s, which a signal handler may print: there it has no text
 * of an error, as strerror(3) is not async-signal-safe, and it waits no longer
 * than a second for its reader.
 */
static void
warn_safe(const char *subject, const char *what, int error)
{
	char line[PATH_MAX + 128] = "credcheck: ";

	strcat(line, subject);
	strcat(line, ": ");
	strcat(line, what);
	if (error != 0 && !signals.dying) {
		strcat(line, ": ");
		strcat(line, strerror(error));
	}
	make_visible(line);
	strcat(line, "\n");
	if (!signals.dying || has_room(STDERR_FILENO, 1000))
		while (write(STDERR_FILENO, line, strlen(line)) == -1 &&
		    errno == EINTR)
			continue;
	cleanup.trouble = true;
}

/* The name of a file in its directory. */
static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Opens the directory that a file is in, or is to be; -1 with errno. */
static int
open_directory(const char *path)
{
	const size_t len = (size_t)(last_part(path) - path);
	char directory[sizeof(((struct made_file *)NULL)->path)] = ".";

	memcpy(directory, path, MIN(len, sizeof(directory) - 1));
	return open(directory, SEARCH_ONLY);
}

#define NOT_OURS	(-1)		/* beside errno: another file */

/* Notes that we have made a file of f's type; 0, or why it is not there. */
static int
note_made(struct made_file *f, const char *path)
{
	struct stat st;

	if (fstatat(f->directory, last_part(path), &st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return errno;
	if ((st.st_mode & S_IFMT) != f->type)
		return NOT_OURS;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	snprintf(f->path, sizeof(f->path), "%s", path);
	return 0;
}

static bool
is_made(const struct made_file *f, const struct stat *st)
{
	return (st->st_mode & S_IFMT) == f->type &&
	    st->st_dev == f->device && st->st_ino == f->inode;
}

/* Removes a file, if it is still the one that we have made; 0, or why not. */
static int
remove_made(const struct made_file *f)
{
	const char *name = last_part(f->path);
	struct stat st;

	if (fstatat(f->directory, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!is_made(f, &st))
		return NOT_OURS;
	if (unlinkat(f->directory, name, f->type == S_IFDIR ?
	    AT_REMOVEDIR : 0) == -1 && errno != ENOENT)
		return errno;
	return 0;
}

/* The same, and says if it is left behind. */
static void
remove_file(struct made_file *f)
{
	int error;

	if (f->path[0] == '\0')
		return;
	error = remove_made(f);
	if (error == NOT_OURS)
		warn_safe(f->path, "left behind: another file has its name", 0);
	else if (error != 0)
		warn_safe(f->path, "left behind", error);
	f->path[0] = '\0';
}

/*
 * The client removes what it has bound.  The server outlives it, tries again
 * where that has failed, and says so if it fails as well.
 */
static void
remove_bound(struct conv *c)
{
	struct made_file *bound = c->shared->bound;

	if (c->side == SERVER) {
		remove_file(&bound[SERVER]);
		remove_file(&bound[CLIENT]);
	} else if (bound[CLIENT].path[0] != '\0' &&
	    remove_made(&bound[CLIENT]) == 0)
		bound[CLIENT].path[0] = '\0';
}

/* Erases the progress from the terminal, unless that is stopped, as by ^S. */
static void
clear_progress(void)
{
	const char blank[] = "\r                                        "
	    "                              \r";

	if (signals.progress && has_room(STDERR_FILENO, 0) &&
	    write(STDERR_FILENO, blank, sizeof(blank) - 1) != -1)
		signals.progress = 0;
}

/*
 * Standard output and error wait for their reader, as stdio loses what is
 * refused with EAGAIN.  Others who share them share their flags, too, which are
 * put back at the end.
 */
static void
block_output(void)
{
	int flags;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		flags = fcntl(fd, F_GETFL);
		if (flags != -1 && (flags & O_NONBLOCK) != 0 &&
		    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != -1)
			cleanup.output_flags[fd] = flags;
	}
}

static void
restore_output(void)
{
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (cleanup.output_flags[fd] != 0)
			(void)fcntl(fd, F_SETFL, cleanup.output_flags[fd]);
}

/* The option that we have set on a socket which others hold as well. */
static void
unset_option(void)
{
	if (cleanup.option != 0)
		(void)setsockopt(cleanup.fd, OPTION_LEVEL, cleanup.option,
		    &(int){ 0 }, sizeof(int));
	cleanup.option = 0;
}

/* Called by a signal handler: all in it is async-signal-safe (POSIX). */
static void
clean_up(void)
{
	struct conv *c = cleanup.conv;

	unset_option();
	clear_progress();
	restore_output();
	if (c != NULL && c->self == getpid()) {
		end_client(c);
		remove_bound(c);
	}
	if (cleanup.maker == getpid())
		remove_file(&cleanup.directory);
}

/* Dies of a signal, as whoever waits for us is to see. */
static _Noreturn void
die_of(int sig)
{
	sigset_t set;

	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, sig);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* Process 1, as in a container, does not die of it. */
	_exit(128 + sig);
}

/*
 * Sets our timer, to each millisecond, or to when a stop will have lasted too
 * long; without a stop that is never.
 */
static void
set_timer(bool interrupts)
{
	struct itimerval timer = { .it_value.tv_sec = 0 };
	int64_t left;

	if (interrupts) {
		timer.it_value.tv_usec = 1000;
		timer.it_interval.tv_usec = 1000;
	} else if (signals.stopped) {
		left = signals.stopped_at + STOP_GRACE - now();
		left = MAX(left, MILLISECOND) / MICROSECOND;
		timer.it_value.tv_sec = left / 1000000;
		timer.it_value.tv_usec = left % 1000000;
	}
	signals.timed = 1;
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* Ends without the report that a signal has asked for, as it takes too long. */
static _Noreturn void
give_up(void)
{
	signals.dying = 1;
	clean_up();
	if (signals.writing)
		warn_safe("standard output", "nobody reads the report", 0);
	else
		warn_safe("stopped by a signal", "no report within 2 s", 0);
	_exit(EXIT_TROUBLE);
}

static void
stop(void)
{
	signals.stopped_at = now();
	signals.stopped = 1;
	while (write(signals.wakeup[1], "", 1) == -1 && errno == EINTR)
		continue;
	if (!signals.ticking)
		set_timer(false);
}

static void
on_signal(int sig)
{
	const bool stops = signals.stoppable && !signals.stopped &&
	    (sig == SIGHUP || sig == SIGINT || sig == SIGTERM);
	const int error = errno;

	if (sig == SIGCONT)
		signals.continued = 1;
	else if (stops)
		stop();
	else {
		signals.dying = 1;
		clean_up();
		die_of(sig);
	}
	errno = error;
}

/*
 * Our timer interrupts a call, or limits the time after a stop.  Any other
 * alarm is one that another process has sent, or that was set before we were
 * executed: we die of it, unless it was ignored then.
 */
static void
on_alarm(int sig, siginfo_t *info, void *context)
{
	const bool sent = info->si_code == SI_USER || info->si_code == SI_QUEUE;

	(void)context;
	if (sent || !signals.timed) {
		if (!signals.no_alarm)
			on_signal(sig);
		return;
	}
	if (signals.interrupting)
		return;
	if (signals.stopped && now() >= signals.stopped_at + STOP_GRACE)
		give_up();
	signals.ticking = 0;
	set_timer(false);
}

/*
 * Handles a signal, unless it is ignored, as by nohup(1); or, if there is a set
 * of blocked signals, adds it to that instead.
 */
static void
handle_signal(int sig, sigset_t *blocked)
{
	struct sigaction old, sa = { .sa_handler = on_signal,
	    .sa_flags = SA_RESTART };	/* a report is written to its end */

	if (blocked != NULL) {
		(void)sigaddset(blocked, sig);
		return;
	}
	(void)sigfillset(&sa.sa_mask);
	if (sigaction(sig, &sa, &old) == 0 && old.sa_handler == SIG_IGN)
		(void)sigaction(sig, &old, NULL);
}

/* A call that our timer interrupts goes on by itself, or fails with EINTR. */
static void
handle_alarm(int flags, struct sigaction *old)
{
	struct sigaction sa = { .sa_sigaction = on_alarm,
	    .sa_flags = SA_SIGINFO | flags };

	(void)sigfillset(&sa.sa_mask);
	if (sigaction(SIGALRM, &sa, old) == -1)
		err(EXIT_TROUBLE, "sigaction");	/* the timer would end us */
}

/* Our timer needs its signal, even where that was ignored before. */
static void
catch_alarm(bool ignored)
{
	struct sigaction old = { .sa_handler = SIG_DFL };

	handle_alarm(SA_RESTART, &old);
	if (ignored || old.sa_handler == SIG_IGN)
		signals.no_alarm = true;
	signals.ticking = 0;		/* a child has no timer yet */
	signals.timed = 0;
}

/*
 * A server handles what ends a process, but for what cannot be caught, and
 * faults of our own.  A client adds it to *before, the mask that its caller
 * goes back to, as it lives for as long as its server does.  The caller has
 * every signal blocked meanwhile, as one that was ignored has our handler until
 * that is known.
 */
static void
handle_signals(enum side side, sigset_t *before)
{
	static const int fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGTERM,
	    SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, OWN_FATAL };
	sigset_t *blocked = side == CLIENT ? before : NULL;

	for (size_t i = 0; i < nitems(fatal); i++)
		handle_signal(fatal[i], blocked);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		handle_signal(sig, blocked);
	if (side == SERVER)
		handle_signal(SIGCONT, NULL);
	catch_alarm(side == CLIENT);
	(void)sigdelset(before, SIGALRM);
}

/*
 * What a stranger sends can hold us up: the last descriptor of a TCP socket
 * that lingers (SO_LINGER) keeps the recvmsg(2) that drops it, and the close(2)
 * of a socket in whose queue it is, for as long as its sender chose; but a
 * signal ends that.  So a timer interrupts such a call each millisecond.  As
 * to set it takes longer than such a call, it goes on after it, until it finds
 * that there was no other.
 */
static void
interrupt_calls(bool on)
{
	signals.interrupting = on;
	if (!on || signals.ticking)
		return;
	signals.ticking = 1;
	set_timer(true);
}

/* Closes what a stranger may have written to, or has sent. */
static void
close_strangers(int fd)
{
	interrupt_calls(true);
	(void)close(fd);
	interrupt_calls(false);
}

/* Blocks all signals; before is the mask to go back to. */
static void
block_signals(sigset_t *before)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigemptyset(before);
	(void)sigprocmask(SIG_BLOCK, &all, before);
}

static void
unblock_signals(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}

/*
 * 6. Waiting: for a deadline, for the other side, for a descriptor.
 *
 * No wake-up is lost as wait_once() notes what it sleeps for before its last
 * look at the events, and publish() looks at that note after its event: the two
 * have to agree.  tests/prove.d/wait.pml is a model of them and of what they
 * call, and tests/prove looks at every course that it can take; a change here
 * is one there, says t_wait:model.
 */
/* The wake-up line has ended: the server says why, unless the client did. */
static _Noreturn void
other_exited(struct conv *c)
{
	const pid_t child = c->other.pid;
	int status = 0;

	if (c->side == CLIENT)
		exit(EXIT_MISSING);	/* with nobody left to work for */
	c->other.pid = 0;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		fail(c, 0, "client died of signal %d (%s), waiting for %s",
		    WTERMSIG(status), strsignal(WTERMSIG(status)),
		    c->waiting_for);
	/* By err(3), which is not heard of in a survey's cell. */
	if (WEXITSTATUS(status) == EXIT_TROUBLE && c->broken == NULL)
		c->shared->failed = SAID;
	fail(c, 0, "client left with status %d, waiting for %s",
	    WEXITSTATUS(status), c->waiting_for);
}

static void
set_deadline(struct conv *c, const char *waiting_for)
{
	if (signals.continued) {
		signals.continued = 0;
		c->time = now();	/* the stop is no part of the step */
	}
	c->waiting_for = waiting_for;
	c->deadline = c->time + c->options->timeout;
}

/* Of the step under way; after a signal that is to stop us it is a near one. */
static int64_t
deadline_of(const struct conv *c)
{
	if (signals.stopped && c->stop != NULL)
		return MIN(c->deadline, signals.stopped_at + STEP_GRACE);
	return c->deadline;
}

/* The step that an entry of a list is, or waits for. */
static enum step
step_of(unsigned entry)
{
	return (enum step)(entry & (UNTIL(END) - 1));
}

/* Whether an entry is a wait for a step of the other side's. */
static bool
is_wait(unsigned entry)
{
	return entry >= UNTIL(END);
}

static const unsigned char *
list_of(const struct conv *c, enum side side)
{
	return side == SERVER ? c->schedule->server : c->schedule->client;
}

/* A step is over its deadline: one of an order is named as it stands there. */
static _Noreturn void
time_out(struct conv *c)
{
	const double seconds = (double)c->options->timeout / SECOND;
	const bool waits = is_wait(list_of(c, c->side)[c->at]);

	if (!c->schedule->given || c->word == NULL)
		fail(c, 0, "timed out after %g s waiting for %s", seconds,
		    c->waiting_for);
	fail(c, 0, "timed out after %g s waiting for %s (%s%s, step %zu)",
	    seconds, c->waiting_for, waits ? "until:" : "", c->word,
	    c->at + 1);
}

/*
 * Called when a look at what we wait for was in vain: c->time was read before
 * that, so that whoever was frozen or starved has not missed what came in time.
 */
static void
check_deadline(struct conv *c)
{
	if (c->time <= deadline_of(c))
		return;
	if (signals.stopped && c->stop != NULL)
		longjmp(*c->stop, 1);
	if (!signals.continued)
		time_out(c);
	set_deadline(c, c->waiting_for);	/* anew, after a stop */
}

/* Whether the other side has published an event since we last looked. */
static bool
new_events(struct other *o)
{
	const uint32_t seen = o->seen;

	o->seen = atomic_load(&o->theirs->events);
	return o->seen != seen;
}

/*
 * Yields the processor; returns whether the other side has used it.  A yield
 * that took more than a millisecond has cost us a time slice: no wait tries
 * again for a while then, and for longer each time.
 */
static bool
yield_cpu(struct other *o)
{
	int64_t start;

	if (o->pause_left > 0)
		return false;
	start = now();
	(void)sched_yield();
	o->pause /= 2;
	if (now() - start > MILLISECOND) {
		o->pause = MIN(o->pause * 4 + LEAST_PAUSE, MOST_PAUSE);
		o->pause_left = o->pause;
	}
	return new_events(o);
}

/* Looks for an event of the other side for as long as that; returns whether. */
static bool
spin_for(struct other *o, int64_t duration)
{
	const int64_t start = now();

	do {
		for (int i = 0; i < 1000; i++)
			if (new_events(o))
				return true;
	} while (now() - start < duration);
	return false;
}

/*
 * For how long the next wait spins: one that paid gives some back, one in vain
 * halves that, down to nothing.
 */
static void
adapt_spin(struct other *o, bool paid)
{
	if (paid)
		o->spin = MIN(o->spin + o->spin / 4, MOST_SPINS);
	else if (o->spin < 2 * MICROSECOND)
		o->spin = 0;
	else
		o->spin /= 2;
	/* Written only if it changes, as the other side reads its line. */
	if (o->ours->spins_in_vain != (o->spin == 0))
		o->ours->spins_in_vain = o->spin == 0;
}

/*
 * The part of a wait before it sleeps; returns whether there is an event.  It
 * spins for as long as has lately paid.  Where none has, as on one processor,
 * it yields, if it may, and tries a spin in one of 64 waits.
 */
static bool
spin(struct other *o, bool may_yield)
{
	const bool pays = o->spin > 0;
	bool paid;

	if (o->pause_left > 0)
		o->pause_left--;
	if (!pays)
		o->unspun++;
	if (new_events(o))
		return true;
	if (!pays && o->unspun % 64 != 0)
		return may_yield && yield_cpu(o);
	paid = spin_for(o, pays ? o->spin : TRIED_SPINS);
	if (!pays && paid)
		o->spin = TRIED_SPINS;
	adapt_spin(o, paid);
	return paid;
}

/* A yield in a race would decide it. */
static bool
may_yield(const struct conv *c)
{
	return !c->schedule->random;
}

/* For poll(2); rounded up, so as not to spin through the last one. */
static int
milliseconds_until(int64_t deadline)
{
	const int64_t left = deadline - now();	/* MAX() has it twice */

	return (int)(MAX(left, 0) / MILLISECOND) + 1;
}

/* Sleeps until fd is as wanted, or we are woken. */
static void
sleep_on(struct conv *c, int fd, short wanted)
{
	struct pollfd fds[3] = { { .fd = c->other.wake, .events = POLLIN },
	    { .fd = signals.stopped ? -1 : signals.wakeup[0],
	    .events = POLLIN }, { .fd = fd, .events = wanted } };
	const int timeout = milliseconds_until(deadline_of(c));
	const nfds_t n = fd == c->other.wake ? 2 : 3;

	if (poll(fds, n, timeout) == -1 && errno != EINTR)
		fail(c, errno, "poll");
	if (fds[0].revents != 0 && !other_alive(c)) {
		/* Its last act before it left may have been what we want. */
		if (!new_events(&c->other) &&
		    (n == 2 || poll(&fds[2], 1, 0) != 1))
			other_exited(c);
	}
	c->time = now();
}

/* For what poll(2) cannot wait for, nor needs the other side to live for. */
static void
sleep_briefly(struct conv *c)
{
	(void)poll(NULL, 0, 1);
	c->time = now();
}

/* Whether a call that failed so may be tried again. */
static bool
may_be_retried(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR ||
	    error == ECONNABORTED || error == ENOBUFS || error == ETOOMANYREFS;
}

/* After a call that failed: returns when it may be tried again. */
static void
retry(struct conv *c, int fd, short wanted, const char *call)
{
	const int error = errno;

	if (fd == c->other.control && (error == EPIPE || error == ECONNRESET) &&
	    !other_alive(c))
		other_exited(c);
	if (!may_be_retried(error) || (!c->may_wait && error != EINTR))
		fail(c, error, "%s", call);
	/* Of buffers, and descriptors under way, poll(2) tells nothing. */
	if (error == ENOBUFS || error == ETOOMANYREFS)
		fd = -1;
	check_deadline(c);
	if (!is_alone(c) && spin(&c->other, may_yield(c)))
		return;
	if (fd == -1)
		sleep_briefly(c);
	else
		sleep_on(c, fd, wanted);
}

/*
 * Where a list has a step for the nth time, from 0, or for the last time if it
 * has fewer of them; -1: nowhere.  DONE stands at the end of every list.
 */
static int
position_of(const unsigned char *list, enum step s, unsigned nth)
{
	int at = 0, found = -1;
	unsigned times = 0;

	for (; list[at] != END && times <= nth; at++)
		if (list[at] == s) {
			found = at;
			times++;
		}
	return s == DONE ? at : found;
}

/* How many entries of a list, before a position, are the same as there. */
static unsigned
nth_of(const unsigned char *list, size_t at)
{
	unsigned nth = 0;

	for (size_t i = 0; i < at; i++)
		if (list[i] == list[at])
			nth++;
	return nth;
}

/* A side's times in this trial, by position. */
static struct span *
spans_of(const struct conv *c, enum side side)
{
	return c->shared->published[side].spans[c->trial % 2];
}

/*
 * The times of a step in this trial.  The list of somebody else's server is
 * empty: there they are those of its end, which are 0.
 */
static struct span *
span_of(const struct conv *c, enum side side, enum step s)
{
	return spans_of(c, side) + MAX(position_of(list_of(c, side), s, 0), 0);
}

/* What the kernel has refused in this trial, to either side; NULL: nothing. */
static const struct refusal *
refusal_of(const struct conv *c)
{
	const struct refusal *r;

	for (enum side side = SERVER; side < NSIDES; side++) {
		r = &c->shared->published[side].refusals[c->trial % 2];
		if (r->trial == (uint32_t)c->trial)
			return r;
	}
	return NULL;
}

/* Whether the other side has come so far in this trial. */
static bool
other_has_reached(const struct conv *c, int at)
{
	const uint32_t last = c->other.theirs->done_in[at];

	return (int32_t)(last - (uint32_t)c->trial) >= 0;	/* it wraps */
}

/* A step that the other side does not take is nothing to wait for. */
static bool
other_has_done(const struct conv *c, enum step s)
{
	const int at = position_of(list_of(c, !c->side), s, 0);

	return at == -1 || other_has_reached(c, at);
}

/* Waits for an event of the other side's, which has not come so far. */
static void
wait_once(struct conv *c, int at)
{
	_Atomic int *sleeps_for = &c->other.ours->sleeps_for;

	check_deadline(c);
	if (spin(&c->other, may_yield(c)))
		return;
	/* The other side looks at this after it has published. */
	atomic_store(sleeps_for, at + 1);
	if (!new_events(&c->other))
		sleep_on(c, c->other.wake, POLLIN);
	atomic_store(sleeps_for, 0);
}

/* Waits until the other side has come so far, or either was refused a step. */
static void
wait_for_position(struct conv *c, int at)
{
	while (!other_has_reached(c, at) && refusal_of(c) == NULL)
		wait_once(c, at);
}

/* Waits until the other side is at its end, whatever was refused. */
static void
wait_for_end(struct conv *c)
{
	const int end = position_of(list_of(c, !c->side), DONE, 0);

	while (!other_has_reached(c, end))
		wait_once(c, end);
}

static void
wait_for(struct conv *c, enum step s)
{
	wait_for_position(c, position_of(list_of(c, !c->side), s, 0));
}

/*
 * Wakes the other side.  A byte that is refused is tried again, as nobody else
 * sends one; EAGAIN says that the line is full of them.
 */
static void
wake_other(struct conv *c)
{
	set_deadline(c, c->waiting_for);	/* a wait of its own */
	while (send(c->other.wake, "", 1, SEND_AT_ONCE) == -1 &&
	    (errno == EINTR || errno == ENOBUFS || errno == ENOMEM)) {
		check_deadline(c);
		sleep_briefly(c);
	}
	c->time = now();		/* that took its time */
}

/*
 * Notes that the kernel has refused our step: the trial ends for both sides,
 * whatever the other one waits for.
 */
static void
note_refusal(struct conv *c, int error)
{
	struct refusal *r = &c->other.ours->refusals[c->trial % 2];

	spans_of(c, c->side)[c->at].error = error;
	r->step = list_of(c, c->side)[c->at];
	r->error = error;
	r->trial = (uint32_t)c->trial;
	if (!is_alone(c))
		wake_other(c);
}

/* Publishes that we have come so far; wakes the other side if it sleeps. */
static void
publish(struct conv *c, size_t at)
{
	const struct other *o = &c->other;
	int wanted;

	atomic_store_explicit(&o->ours->done_in[at], (uint32_t)c->trial,
	    memory_order_release);
	atomic_fetch_add(&o->ours->events, 1);
	wanted = atomic_load(&o->theirs->sleeps_for);
	if (wanted == 0)
		return;
	if (wanted != (int)at + 1 && refusal_of(c) == NULL)
		return;				/* another step's turn */
	if (atomic_exchange(&o->theirs->sleeps_for, 0) != 0)
		wake_other(c);			/* else it has just woken up */
}

/*
 * 7. The connection between them.
 */
/*
 * One byte by sendmsg(2), and a control message with it if there is len; to an
 * address, or NULL, where the socket is connected.
 */
static ssize_t
send_with(int fd, struct address *to, int type, const void *data, size_t len)
{
	_Alignas(struct cmsghdr) unsigned char control[CONTROL_ROOM] = { 0 };
	struct iovec iov = { .iov_base = (char[]){ '!' }, .iov_len = 1 };
	const struct msghdr msg = { .msg_name = to != NULL ? &to->sun : NULL,
	    .msg_namelen = to != NULL ? to->len : 0,
	    .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = len > 0 ? control : NULL,
	    .msg_controllen = len > 0 ? (socklen_t)CMSG_SPACE(len) : 0 };
	const struct cmsghdr cm = { .cmsg_level = SOL_SOCKET,
	    .cmsg_type = type, .cmsg_len = (socklen_t)CMSG_LEN(len) };

	memcpy(control, &cm, sizeof(cm));
	memcpy(control + CMSG_LEN(0), data, len);
	return sendmsg(fd, &msg, SEND_AT_ONCE);
}

/*
 * Hands the server descriptors, when it has closed the last of another trial:
 * while a socket is closed, NetBSD can take a descriptor that arrives for lost.
 */
static void
send_descriptors(struct conv *c, const int *fds, size_t n)
{
	wait_for(c, READY);
	while (send_with(c->other.control, NULL, SCM_RIGHTS, fds,
	    n * sizeof(int)) == -1)
		retry(c, c->other.control, POLLOUT, "sendmsg");
}

/* Closes the descriptors that came with a message, which nobody wants. */
static void
close_rights(struct message *m)
{
	while (m->nrights > 0)
		close_strangers(m->rights[--m->nrights]);
}

/* Receives at most so many bytes, and so many of control messages. */
static ssize_t
receive_once(struct message *m, int fd, size_t bytes, size_t room, int flags)
{
	ssize_t n;

	close_rights(m);
	memset(&m->from, 0, sizeof(m->from));
	m->iov = (struct iovec){ m->data, bytes };
	m->msg = (struct msghdr){ .msg_name = &m->from,
	    .msg_namelen = sizeof(m->from), .msg_iov = &m->iov,
	    .msg_iovlen = 1, .msg_control = m->control,
	    .msg_controllen = (socklen_t)room };
	if (m->anyone)
		interrupt_calls(true);
	n = recvmsg(fd, &m->msg, MSG_DONTWAIT | flags);
	if (m->anyone)
		interrupt_calls(false);
	if (n == -1)
		m->msg.msg_controllen = 0;	/* nothing was put there */
	m->bytes = n == -1 ? 0 : (size_t)n;
	return n;
}

/* Receives what send_descriptors() sent; returns how many those are. */
static size_t
receive_descriptors(struct conv *c, int *fds, size_t most)
{
	struct message *m = &c->message;
	const int control = c->other.control;
	struct cmsghdr *cm;
	ssize_t received;
	size_t n;

	while ((received = receive_once(m, control, 1, CONTROL_ROOM, 0)) == -1)
		retry(c, control, POLLIN, "recvmsg");
	if (received == 0)
		other_exited(c);
	cm = CMSG_FIRSTHDR(&m->msg);
	if (cm == NULL || (m->msg.msg_flags & MSG_CTRUNC) != 0)
		fail(c, 0, "no descriptors left to receive the client's");
	n = MIN((cm->cmsg_len - CMSG_LEN(0)) / sizeof(int), most);
	memcpy(fds, CMSG_DATA(cm), n * sizeof(int));
	return n;
}

/* Prepares one more socketpair, if there are trials and descriptors for it. */
static bool
prepare_pair(struct conv *c)
{
	struct pairs *p = &c->pairs;
	int pair[NSIDES];

	if (p->prepared == BATCH || p->made == c->options->count ||
	    socketpair(AF_UNIX, c->message.socktype, 0, pair) == -1)
		return false;
	p->made++;
	p->ends[CLIENT][p->prepared] = pair[CLIENT];
	p->ends[SERVER][p->prepared] = pair[SERVER];
	p->prepared++;
	return true;
}

/* Prepares a batch of socketpairs, and hands the server its ends of them. */
static void
hand_over_pairs(struct conv *c)
{
	struct pairs *p = &c->pairs;

	while (prepare_pair(c))
		continue;
	if (p->prepared == 0)
		fail(c, errno, "socketpair");
	span_of(c, CLIENT, CONNECT)->ended = now();
	send_descriptors(c, p->ends[SERVER], p->prepared);
	for (size_t i = 0; i < p->prepared; i++)
		(void)close(p->ends[SERVER][i]);
	p->n = p->prepared;
	p->next = p->prepared = 0;
}

static void
take_over_pairs(struct conv *c)
{
	struct pairs *p = &c->pairs;

	p->n = receive_descriptors(c, p->ends[SERVER], BATCH);
	p->next = 0;
}

/*
 * Our end of the next socketpair.  The client makes them, so that what the
 * connection itself says of its maker is true of the client.
 */
static int
next_pair(struct conv *c)
{
	struct pairs *p = &c->pairs;
	const bool used_up = p->next == p->n;

	if (c->side == CLIENT && used_up)
		hand_over_pairs(c);
	else if (c->side == SERVER && used_up)
		take_over_pairs(c);
	else if (c->side == SERVER)
		wait_for(c, CONNECT);
	return p->ends[c->side][p->next++];
}

/* SplitMix64 (Steele, Lea and Flood). */
static uint64_t
random_number(struct conv *c)
{
	uint64_t x = c->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* What no other process knows, or without a source of that few will guess. */
static uint64_t
unguessable(struct conv *c)
{
	uint64_t x;

	if (RANDOM(&x, sizeof(x)) == (ssize_t)sizeof(x))
		return x;
	return random_number(c);
}

/* What is in the way of a name that could not be bound. */
static const char *
what_is_there(const struct address *a)
{
	struct stat st;
	int fd, error;

	if (a->sun.sun_path[0] == '\0')
		return "an abstract socket";
	if (lstat(a->sun.sun_path, &st) == -1)
		return "something that has gone since";
	if (S_ISDIR(st.st_mode))
		return "a directory";
	if (S_ISREG(st.st_mode))
		return "a file";
	if (S_ISLNK(st.st_mode))
		return "a symbolic link";
	if (!S_ISSOCK(st.st_mode))
		return "something that is no socket";
	/* A datagram socket asks without making a connection. */
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	error = connect(fd, (const struct sockaddr *)&a->sun, a->len) == -1 ?
	    errno : 0;
	(void)close(fd);
	switch (error) {
	case 0:
		return "a socket on which someone listens";
	case EPROTOTYPE:		/* it is of another type */
		return "a socket on which someone listens (--peer tells who)";
	case ECONNREFUSED:
		return "a socket on which nobody listens; remove it";
	default:
		return "a socket";
	}
}

/*
 * bind(2); 0, or errno.  It looks for a file first, as that call of NetBSD's
 * follows a symbolic link which leads nowhere.
 */
static int
bind_new(int directory, int fd, const struct address *a)
{
	struct stat st;

	if (a->sun.sun_path[0] != '\0' && fstatat(directory,
	    last_part(a->sun.sun_path), &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EADDRINUSE;
	return bind(fd, (const struct sockaddr *)&a->sun, a->len) == -1 ?
	    errno : 0;
}

/* Binds a socket, and notes its file, if it has one, as to be removed. */
static void
bind_address(struct conv *c, int fd, const struct address *a)
{
	struct made_file *f = &c->shared->bound[c->side];
	const char *path = c->side == CLIENT ? a->sun.sun_path :
	    c->options->path;
	int error, missing = 0;
	sigset_t before;
	mode_t mask;

	/* A signal between bind and the note of it would leave the file. */
	block_signals(&before);
	mask = umask(0777 & ~c->options->mode);
	error = bind_new(f->directory, fd, a);
	(void)umask(mask);
	if (error == 0 && a->sun.sun_path[0] != '\0')
		missing = note_made(f, a->sun.sun_path);
	unblock_signals(&before);
	/* FreeBSD says EISDIR of "/". */
	if (c->side == SERVER && (error == EADDRINUSE || error == EEXIST ||
	    error == EISDIR))
		fail(c, 0, "%s: exists already: %s", path, what_is_there(a));
	if (error != 0)
		fail(c, error, "%s", path);
	/* Its directory's name, or its own, was given to another at once. */
	if (missing != 0)
		fail(c, missing == NOT_OURS ? 0 : missing, "%s: left behind, "
		    "as it was not found after bind", path);
}

static int
named_socket(struct conv *c)
{
	const int fd = socket(AF_UNIX, c->message.socktype, 0);

	if (fd == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		fail(c, errno, "socket");
	return fd;
}

static void
set_server_address(struct conv *c)
{
	struct address *a = &c->server_address;
	const char *path = c->options->path;
	const bool suffixed = is_named_dgram(c->options) && !ABSTRACT;
	const size_t len = strlen(path), max = sizeof(a->sun.sun_path) - 1 -
	    (suffixed ? strlen(CLIENT_SUFFIX) : 0);

	if (len == 0)
		fail(c, 0, "an empty path names no socket");
	if (len > max)
		fail(c, 0, "path is %zu bytes long, %zu at most: %s", len, max,
		    path);
	a->sun.sun_family = AF_UNIX;
	memcpy(a->sun.sun_path, path, len);
	a->len = sizeof(a->sun);
	if (is_abstract(c->options)) {
		a->sun.sun_path[0] = '\0';
		a->len -= (socklen_t)(sizeof(a->sun.sun_path) - len);
	}
}

/* Both sides' files are in one directory. */
static void
open_directories(struct conv *c)
{
	const int fd = open_directory(c->options->path);

	if (fd == -1)
		fail(c, errno, "%s", c->options->path);
	c->shared->bound[SERVER].directory = fd;
	c->shared->bound[CLIENT].directory = fd;
}

/*
 * A datagram client needs an address to be answered.  On Linux that is a random
 * abstract name, which nobody can have taken; the kernel's own would do but for
 * gVisor, which gives none.
 */
static void
set_client_address(struct conv *c)
{
	struct address *a = &c->client_address;
	char *path = a->sun.sun_path;

	a->sun.sun_family = AF_UNIX;
	a->len = sizeof(a->sun);
	if (ABSTRACT)
		snprintf(path + 1, sizeof(a->sun.sun_path) - 1,
		    "credcheck.%jd.%" PRIx64, (intmax_t)c->self, c->random);
	else
		strcat(strcpy(path, c->options->path), CLIENT_SUFFIX);
}

/*
 * Whether others can connect to our path.  A survey's directory is ours alone,
 * unless its client is an ordinary user.
 */
static bool
must_prove(const struct options *o)
{
	return o->path != NULL &&
	    (o->role != ROLE_SURVEY || o->user.argument != NULL);
}

/*
 * Anyone may connect.  Our client has handed us a copy of its end, out of which
 * comes what we send into a connection, if that is the client's.
 */
static bool
is_from_client(struct conv *c, int fd)
{
	const uint64_t proof = unguessable(c);
	uint64_t echo = ~proof;
	const int copy = c->client_copy;

	/* Other errors are those of a connection that is not the client's. */
	while (send(fd, &proof, sizeof(proof), SEND_AT_ONCE) == -1 &&
	    (errno == EINTR || errno == ENOBUFS || errno == ENOMEM))
		retry(c, fd, POLLOUT, "send");
	while (recv(copy, &echo, sizeof(echo), MSG_DONTWAIT) == -1 &&
	    (errno == EINTR || errno == ENOMEM))
		retry(c, copy, POLLIN, "recv");
	return echo == proof;
}

/* Closes a stranger's connection, and says so of the first ones. */
static void
turn_away(struct conv *c, int fd)
{
	struct cred peer = { .groups = NULL };

	c->strangers++;
	if (c->strangers <= MOST_WARNINGS) {
		peer_cred(fd, &peer);
		warnx(peer.source[PID] == NULL ? "not our client, and closed" :
		    "not our client, and closed: process %jd", peer.id[PID]);
		free(peer.groups);
	}
	close_strangers(fd);
}

/*
 * 8. The parser: what the control messages of a message mean, one function for
 * each kind of them.
 */
struct control {
	int level, number;		/* as it came */
	int type;			/* of those at SOL_SOCKET; else -1 */
	const unsigned char *data;
	size_t len;			/* as far as it came */
};

/*
 * The control message at *at, and the place of the next one.  It goes by what
 * did arrive: of a message that was cut NetBSD leaves the length, so that
 * CMSG_NXTHDR and cmsg_len point beyond.
 */
static bool
next_control(const struct message *m, size_t *at, struct control *control)
{
	const unsigned char *buf = m->msg.msg_control;
	const size_t total = m->msg.msg_controllen;
	struct cmsghdr cm;

	if (*at + CMSG_LEN(0) > total)
		return false;
	memcpy(&cm, buf + *at, sizeof(cm));
	if (cm.cmsg_len < CMSG_LEN(0))
		return false;
	control->level = cm.cmsg_level;
	control->number = cm.cmsg_type;
	control->type = cm.cmsg_level == SOL_SOCKET ? cm.cmsg_type : -1;
	control->data = buf + *at + CMSG_LEN(0);
	control->len = MIN(cm.cmsg_len, total - *at) - CMSG_LEN(0);
	*at += CMSG_SPACE(control->len);
	return true;
}

/* Lists what has arrived. */
static void
list_controls(const struct message *m, struct result *r)
{
	struct control control;
	size_t at = 0;

	r->ncontrols = 0;
	while (r->ncontrols < MOST_CONTROLS && next_control(m, &at, &control)) {
		r->controls[r->ncontrols].level = control.level;
		r->controls[r->ncontrols].type = control.number;
		r->controls[r->ncontrols].bytes = control.len;
		r->ncontrols++;
	}
}

/* Notes descriptors, which any sender may have sent along, as to be closed. */
static void
parse_rights(const struct control *control, struct message *m)
{
	int fd;

	for (size_t i = 0; i + sizeof(fd) <= control->len &&
	    m->nrights < nitems(m->rights); i += sizeof(fd)) {
		memcpy(&fd, control->data + i, sizeof(fd));
		m->rights[m->nrights++] = fd;
	}
}

/* Whether it is a pidfd, of which it notes the process. */
static bool
parse_pidfd(const struct control *control, struct cred *cr)
{
	const struct mechanism *m = &mechanisms[PIDFD];
	int fd;

	if (m->option == NULL || control->type != m->type ||
	    control->len < sizeof(fd))
		return false;
	memcpy(&fd, control->data, sizeof(fd));
	read_pidfd(fd, m->message, cr);
	return true;
}

/*
 * Notes a label.  One that ends with the whole buffer, and without a NUL, can
 * have been cut, and is not believed.
 */
static void
parse_label(const struct control *control, const struct message *m,
    struct cred *cr)
{
	const struct mechanism *l = &mechanisms[LABEL];
	const unsigned char *buffer = m->msg.msg_control;
	const unsigned char *end = control->data + control->len;
	bool whole;

	if (l->option == NULL || control->type != l->type ||
	    control->len < l->fixed)
		return;
	whole = (m->msg.msg_flags & MSG_CTRUNC) == 0 ||
	    end < buffer + m->msg.msg_controllen || end[-1] == '\0';
	if (whole)
		read_label(cr, control->data, control->len, l->message);
}

/* NONE if it is something else than credentials. */
static enum outcome
parse_credentials(const struct control *control, const struct sender *sender,
    struct cred *cr)
{
	const struct mechanism *m = find_layout(control->type, control->data,
	    control->len, sender);

	if (m == NULL)
		return NONE;
	if (control->len < m->fixed)
		return TRUNCATED;
	read_layout(m, control->data, control->len, cr);
	return CREDENTIALS;
}

/* All that came with a message; the first whole credentials are those. */
static enum outcome
parse_control(struct message *m, struct cred *cr)
{
	enum outcome outcome, found = NONE;
	struct control control;
	size_t at = 0;

	while (next_control(m, &at, &control)) {
		if (control.type == SCM_RIGHTS) {
			parse_rights(&control, m);
			continue;
		}
		parse_label(&control, m, cr);
		if (parse_pidfd(&control, cr) || found == CREDENTIALS)
			continue;
		outcome = parse_credentials(&control, &m->sender, cr);
		if (outcome != NONE)
			found = outcome;
	}
	/* Linux: no process, and the overflow IDs. */
	if (found == CREDENTIALS && cr->source[PID] == NULL &&
	    cr->source[EUID] == NULL) {
		read_overflow(&m->overflow);
		if (cr->id[UID] == m->overflow.uid &&
		    cr->id[GID] == m->overflow.gid)
			return PLACEHOLDER;
	}
	return found;
}

/* Whether it is no message but the end of file. */
static bool
is_end(const struct message *m)
{
	const bool alone = m->msg.msg_controllen == 0 &&
	    (m->msg.msg_flags & MSG_CTRUNC) == 0;

	if (m->bytes > 0 || m->socktype == SOCK_DGRAM)
		return false;
	return alone || (m->socktype == SOCK_STREAM && EOF_HAS_IDS);
}

/* What a message and its control messages mean. */
static void
parse(struct message *m, struct result *r)
{
	cred_forget(&r->message);
	r->read = true;
	r->bytes = m->bytes;
	r->ctrunc = (m->msg.msg_flags & MSG_CTRUNC) != 0;
	r->trunc = (m->msg.msg_flags & MSG_TRUNC) != 0;
	memcpy(r->data, m->data, MIN(m->bytes, DATA_SHOWN));
	list_controls(m, r);
	r->outcome = parse_control(m, &r->message);
	r->has_ids = r->outcome == CREDENTIALS || r->outcome == PLACEHOLDER;
	r->descriptors = m->nrights;
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
 * 9. The steps, a function for each.  First the client's.
 */
/*
 * Before any step the client becomes who it is to be, as a connection notes who
 * made it, and then never changes.  Returns NULL, or the call that failed.
 */
static const char *
set_identity(const struct options *o)
{
	const struct identity *u = &o->user, *e = &o->effective;
	const bool user = u->argument != NULL, effective = e->argument != NULL;
	const uid_t uid = user ? u->uid : getuid();
	const gid_t gid = user ? u->gid : getgid();
	int error = 0;

	if (!user && !effective)
		return NULL;
	if (user && u->name == NULL)
		error = setgroups(1, &gid);
	else if (user)
		error = initgroups(u->name, u->basegid);
	if (error == -1)
		return "setgroups";
	if (setregid(gid, effective ? e->gid : gid) == -1)
		return "setregid";
	if (setreuid(uid, effective ? e->uid : uid) == -1)
		return "setreuid";
	return NULL;
}

/* Whether what the kernel refuses is a finding, and not our end. */
static bool
finds_refusals(const struct conv *c)
{
	return c->options->role == ROLE_SURVEY || c->schedule->given;
}

/*
 * Waits for a child that has done something in the client's place, and left
 * with 0 or an errno, which it returns.
 */
static int
reap_child(struct conv *c, pid_t child)
{
	int status = 0;

	if (child == -1)
		fail(c, errno, "fork");
	if (waitpid(child, &status, 0) == -1 || !WIFEXITED(status))
		fail(c, 0, "fork: the child failed");
	return WEXITSTATUS(status);
}

/* The client's socket, to a path; by a copy of it the server will know it. */
static void
make_client_socket(struct conv *c)
{
	c->connection = named_socket(c);
	if (is_alone(c))
		return;
	if (is_named_dgram(c->options))
		bind_address(c, c->connection, &c->client_address);
	else if (must_prove(c->options))
		send_descriptors(c, &c->connection, 1);
}

/* Says what is wrong with the path. */
static _Noreturn void
connect_failed(struct conv *c, int error)
{
	const struct options *o = c->options;
	const bool in_files = c->server_address.sun.sun_path[0] != '\0';
	struct stat st;

	if (error == EPROTOTYPE && o->any_type)
		fail(c, 0, "%s: no stream or seqpacket socket", o->path);
	if (error == EPROTOTYPE)
		fail(c, 0, "%s: not a %s socket (--type)", o->path,
		    types[o->type].name);
	/* Linux says ECONNREFUSED of what is no socket, the BSDs ENOTSOCK. */
	if ((error == ECONNREFUSED || error == ENOTSOCK) && in_files &&
	    stat(o->path, &st) == 0 && !S_ISSOCK(st.st_mode))
		fail(c, 0, "%s: not a socket", o->path);
	if (error == ECONNREFUSED && !in_files)
		fail(c, 0, "connect: %s: %s (an abstract name belongs to a "
		    "network namespace)", o->path, strerror(error));
	fail(c, error, "connect: %s", o->path);
}

static int
connect_address(const struct conv *c, int fd)
{
	const struct address *a = &c->server_address;

	return connect(fd, (const struct sockaddr *)&a->sun, a->len);
}

/*
 * Whether a connection was refused because too many others wait to be accepted.
 * The BSDs say so, too, where nobody listens: that somebody does is known of
 * our own server, and of one to whom we have connected before.
 */
static bool
is_queue_full(const struct conv *c, int error)
{
	if (error == ECONNREFUSED && FULL_QUEUE_REFUSES)
		return !is_alone(c) || c->trial > 1;
	return error == EAGAIN;
}

/* Waits until there can be room in the queue, which cannot be polled for. */
static void
await_queue(struct conv *c, int error)
{
	if (error == ECONNREFUSED && c->time > deadline_of(c))
		connect_failed(c, error);	/* or nobody listens any more */
	errno = EAGAIN;
	retry(c, -1, 0, "connect");
}

/*
 * Where a client's datagrams go: to an address, as FreeBSD drops those of a
 * socket that was connected, when it is closed before they were read.  NULL: to
 * whom the socket is connected.
 */
static struct address *
destination(struct conv *c)
{
	return DATAGRAMS_VANISH && is_named_dgram(c->options) ?
	    &c->server_address : NULL;
}

/* An address of no family ends what a datagram socket is connected to. */
static void
disconnect(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	(void)connect(fd, &nobody, sizeof(nobody));
}

static void
connect_path(struct conv *c)
{
	int error;

	make_client_socket(c);
	while (connect_address(c, c->connection) == -1 && errno != EISCONN) {
		error = errno;
		if (error == EPROTOTYPE && c->options->any_type &&
		    c->options->type == 0) {
			note_refusal(c, error);
			return;
		}
		if (is_queue_full(c, error))
			await_queue(c, error);
		else if (error == EINTR)
			retry(c, -1, 0, "connect");
		else
			connect_failed(c, error);
	}
	if (destination(c) != NULL)
		disconnect(c->connection);
}

static void
connect_server(struct conv *c)
{
	if (c->options->path == NULL)
		c->connection = next_pair(c);
	else
		connect_path(c);
}

static void
connect_by_child(struct conv *c)
{
	pid_t child;
	int error;

	make_client_socket(c);
	child = fork();
	if (child == 0)
		_exit(connect_address(c, c->connection) == -1 ? errno : 0);
	error = reap_child(c, child);
	if (error != 0)
		connect_failed(c, error);
}

/* Whether a datagram, or a message of a connection, comes from an address. */
static bool
is_from(const struct sockaddr_un *from, const struct address *a)
{
	return a->len == 0 || memcmp(from->sun_path, a->sun.sun_path,
	    sizeof(from->sun_path)) == 0;
}

/*
 * Waits until the server has accepted.  What comes out of a connection to a
 * path before that is not for the client: it tells the server whose that is.
 */
static void
await_proof(struct conv *c)
{
	if (!is_alone(c))
		wait_for(c, ACCEPT);
}

/*
 * Whether a message is "go on".  Our own server sends what only its client can
 * know, as anyone can have sent to a named datagram socket before that was
 * connected, from a socket whose name is the server's in another directory.
 */
static bool
is_go_on(const struct conv *c)
{
	const struct message *m = &c->message;
	uint64_t word;

	if (is_alone(c))
		return true;		/* somebody else's server sends any */
	memcpy(&word, m->data, sizeof(word));
	if (m->bytes != sizeof(word) || word != c->shared->go_on)
		return false;
	return !is_named_dgram(c->options) ||
	    is_from(&m->from, &c->server_address);
}

static void
hear_go_on(struct conv *c)
{
	const bool dgram = is_named_dgram(c->options);
	ssize_t n;

	await_proof(c);
	do {
		while ((n = receive_once(&c->message, c->connection,
		    sizeof(c->shared->go_on), 0, 0)) == -1 &&
		    refusal_of(c) == NULL)
			retry(c, c->connection, POLLIN, "recv");
		if (n <= 0 && refusal_of(c) != NULL)
			return;			/* the trial is over */
		if (n == 0 && !dgram)
			fail(c, 0, "the server closed the connection instead "
			    "of sending \"go on\"");
		if (is_go_on(c))
			return;
	} while (dgram);
	fail(c, 0, "something else came instead of \"go on\"");
}

/* What came of a message: a survey may find that it is refused. */
static void
note_sent(struct conv *c, ssize_t n)
{
	if (n == -1)
		note_refusal(c, errno);
	else {
		c->shared->sent.bytes += (size_t)n;
		c->shared->sent.messages++;
	}
}

/* send(2), which does not wait; what other sockets send is as it comes. */
static ssize_t
send_data(struct conv *c, int fd, const char *data, size_t n)
{
	const struct address *to = destination(c);

	if (to == NULL || fd != c->connection)
		return send(fd, data, n, SEND_AT_ONCE);
	return sendto(fd, data, n, SEND_AT_ONCE,
	    (const struct sockaddr *)&to->sun, to->len);
}

/* The plain message waits for room; if it is refused, an order reports that. */
static void
write_message(struct conv *c)
{
	const bool connected = destination(c) == NULL;
	ssize_t n;

	while ((n = connected ? write(c->connection, "!", 1) :
	    send_data(c, c->connection, "!", 1)) == -1) {
		if (c->schedule->given && !may_be_retried(errno))
			break;
		if (refusal_of(c) != NULL)
			return;			/* nobody will make room */
		retry(c, c->connection, POLLOUT, "write");
	}
	note_sent(c, n);
}

/* A child writes some bytes. */
static void
write_by_child_to(struct conv *c, int fd, size_t bytes)
{
	const pid_t child = fork();
	int error;

	if (child == 0)
		_exit(send_data(c, fd, "!!", bytes) == -1 ? errno : 0);
	c->shared->child = child;
	error = reap_child(c, child);
	if (error != 0)
		note_refusal(c, error);
	else
		note_sent(c, 1);
}

static void
write_by_child(struct conv *c)
{
	write_by_child_to(c, c->connection, 1);
}

/* Another socket that is connected to a datagram server's. */
static int
other_socket(struct conv *c)
{
	const int fd = named_socket(c);

	if (connect_address(c, fd) == -1)
		fail(c, errno, "connect: %s", c->options->path);
	return fd;
}

static void
close_other_socket(struct conv *c)
{
	if (c->other_socket != -1)
		(void)close(c->other_socket);
	c->other_socket = -1;
}

static void
write_to_other(struct conv *c)
{
	close_other_socket(c);
	c->other_socket = other_socket(c);
	write_by_child_to(c, c->other_socket, 2);
}

static void
write_to_closed(struct conv *c)
{
	const int fd = other_socket(c);

	write_by_child_to(c, fd, 1);
	(void)close(fd);
}

/* Who moves a byte from a pipe to the socket is not who wrote it. */
static void
splice_from_pipe(struct conv *c)
{
	pid_t child;
	int error, ends[2];

	if (pipe(ends) == -1)
		fail(c, errno, "pipe");
	child = fork();
	if (child == 0)
		_exit(write(ends[1], "!", 1) == -1 ? errno : 0);
	c->shared->child = child;
	error = reap_child(c, child);
	if (error != 0)
		fail(c, error, "write to a pipe");
	note_sent(c, SPLICE(ends[0], c->connection));
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
send_by_sendmsg(struct conv *c)
{
	note_sent(c, send_with(c->connection, destination(c), SCM_RIGHTS, "",
	    0));
}

static void
send_descriptor(struct conv *c)
{
	int fd = c->other.control;

	if (is_alone(c) && (fd = open("/dev/null", O_RDONLY)) == -1)
		fail(c, errno, "/dev/null");
	note_sent(c, send_with(c->connection, destination(c), SCM_RIGHTS, &fd,
	    sizeof(fd)));
	if (is_alone(c))
		(void)close(fd);
}

static void
send_empty(struct conv *c)
{
	note_sent(c, send_data(c, c->connection, "", 0));
}

/* Attaches credentials to a message: IDs that the sender says are its own. */
static void
send_claim(struct conv *c, const struct cred *claimed)
{
	unsigned char data[CONTROL_ROOM / 2];
	const size_t len = claim_cred(data, claimed);

	note_sent(c, send_with(c->connection, destination(c),
	    mechanisms[USUAL].type, data, len));
}

static void
send_own_claim(struct conv *c)
{
	struct cred own = c->shared->client;

	own.id[PID] = getpid();
	send_claim(c, &own);
}

static void
send_forged_claim(struct conv *c)
{
	struct cred root = c->shared->client;

	root.id[PID] = getpid();
	root.id[UID] = root.id[GID] = 0;
	send_claim(c, &root);
}

/*
 * How many bytes of the socket's buffer NEARLY leaves free: enough for a short
 * message, and too few for the credentials that come with it.
 */
#define SPARE	6

/* As many bytes at once as the socket's buffer takes, but for so many. */
static void
fill_buffer(struct conv *c, size_t spare)
{
	int size = 0;
	socklen_t len = sizeof(size);
	ssize_t n = -1;
	char *data;

	if (getsockopt(c->connection, SOL_SOCKET, SO_SNDBUF, &size, &len) == -1)
		fail(c, errno, "getsockopt: SO_SNDBUF");
	data = calloc(1, (size_t)size);
	if (data == NULL)
		fail(c, errno, "calloc");
	/* Linux takes less, as it keeps more there than the bytes. */
	for (; size > SPARE + 2; size -= size / 64 + 1) {
		n = send_data(c, c->connection, data, (size_t)size - spare);
		if (n != -1 || (errno != EMSGSIZE && errno != ENOBUFS))
			break;
	}
	free(data);
	note_sent(c, n);
}

static void
send_largest(struct conv *c)
{
	fill_buffer(c, 0);
}

static void
send_nearly_largest(struct conv *c)
{
	fill_buffer(c, SPARE);
}

/* Messages, the last ones short, until not even a byte is taken. */
static void
fill(struct conv *c)
{
	static const char data[1024];
	size_t size = sizeof(data);
	ssize_t n;

	while (size > 0) {
		n = send_data(c, c->connection, data, size);
		if (n != -1) {
			note_sent(c, n);
			check_deadline(c);	/* of a reader who is as fast */
			c->time = now();
		} else if (errno == EAGAIN || errno == ENOBUFS)
			size /= 2;
		else if (errno != EINTR) {
			note_refusal(c, errno);
			return;
		}
	}
}

/* One connection of many to a stranger's server has read enough. */
static bool
has_answer(const struct conv *c)
{
	return is_alone(c) && c->options->counted && c->answer.bytes > 0;
}

/*
 * What the other side sends, until it closes.  Nobody knows what a stranger
 * will do: there a read ends with its deadline, and one of many soon, or at its
 * first bytes, when the stranger has had the time to take the message.
 */
static void
read_answer(struct conv *c)
{
	struct answer *answer = &c->answer;
	ssize_t n;

	await_proof(c);
	*answer = (struct answer){ .read = true };
	if (is_alone(c) && c->options->counted)
		c->deadline = MIN(c->deadline, c->time + ANSWER_WAIT);
	while (!answer->closed && !has_answer(c)) {
		n = receive_once(&c->message, c->connection, DATA_ROOM, 0, 0);
		if (n > 0)
			answer->bytes += (size_t)n;
		else if (n == 0 || errno == ECONNRESET)
			answer->closed = true;
		else if (is_alone(c) && may_be_retried(errno) &&
		    c->time > c->deadline)
			return;
		else
			retry(c, c->connection, POLLIN, "recv");
	}
}

/* Who the peer is, which the other side may read as well. */
static void
ask_socket(struct conv *c, int fd)
{
	struct cred *asked = &c->shared->asked;

	peer_cred(fd, &c->result.peer);
	/* Not the groups or the label, which are in a memory of our own. */
	for (enum field f = PID; f < GROUPS; f++)
		cred_id(asked, f, c->result.peer.id[f],
		    c->result.peer.source[f]);
}

static void
ask_peer(struct conv *c)
{
	ask_socket(c, c->connection);
	peer_label(c->connection, &c->result.peer);
}

static void
ask_listener(struct conv *c)
{
	ask_socket(c, c->listener);
}

static void
ask_pidfd(struct conv *c)
{
	const struct mechanism *m = &mechanisms[PEER_PIDFD];
	socklen_t len = sizeof(int);
	int fd = -1;

	if (m->option == NULL)
		return;
	if (getsockopt(c->connection, OPTION_LEVEL, m->name, &fd, &len) == -1) {
		if (finds_refusals(c))
			note_refusal(c, errno);
	} else if (len == sizeof(fd))
		read_pidfd(fd, m->option, &c->result.peer);
	c->shared->asked.pidfd = c->result.peer.pidfd;
}

/* The server spins until the client is awake, or that has not paid. */
static void
await_awake(struct conv *c)
{
	while (!other_has_done(c, AWAKE))
		if (!spin(&c->other, false))
			break;
}

/*
 * A side of the race waits for a random time, from when both sides are awake.
 * On one processor, which shows in spinning in vain, they never are at once.
 * There it waits from when the connection was accepted, so that the wait for
 * the processor counts, and yields to the other side in every second trial.
 */
static void
race_delay(struct conv *c)
{
	const struct published *p = c->shared->published;
	const uint64_t x = random_number(c);
	const uint64_t delay = (x >> 1) % ((uint64_t)c->options->spread + 1);
	bool one_processor;
	int64_t start, end;

	if (c->side == SERVER)
		await_awake(c);
	one_processor = p[SERVER].spins_in_vain || p[CLIENT].spins_in_vain;
	start = span_of(c, SERVER, ACCEPT)->ended;
	if (!one_processor || start == 0) {
		c->time = now();
		start = c->time;
	}
	end = start + (int64_t)delay;
	do {
		if (end - c->time > 2 * MILLISECOND)
			(void)poll(NULL, 0, 1);
		else if (one_processor && x % 2 == 0)
			(void)yield_cpu(&c->other);
		c->time = now();
	} while (c->time < end);
}

/* The server's steps. */
static void
get_ready(struct conv *c)
{
	if (c->listener == -1 || c->trial > 1)
		return;
	bind_address(c, c->listener, &c->server_address);
	if (!is_named_dgram(c->options) && listen(c->listener, SOMAXCONN) == -1)
		fail(c, errno, "listen");
}

/* The next connection to the path that is our client's. */
static void
accept_ours(struct conv *c)
{
	const bool anyone = must_prove(c->options);
	bool ours;

	if (anyone)
		(void)receive_descriptors(c, &c->client_copy, 1);
	do {
		while ((c->connection = accept(c->listener, NULL, NULL)) == -1)
			retry(c, c->listener, POLLIN, "accept");
		c->time = now();
		/* When it was accepted, not when we knew whose it was. */
		span_of(c, SERVER, ACCEPT)->ended = c->time;
		ours = !anyone || is_from_client(c, c->connection);
		if (!ours) {
			turn_away(c, c->connection);
			check_deadline(c);	/* they can come without end */
		}
	} while (!ours);
	if (anyone)
		(void)close(c->client_copy);
	c->client_copy = -1;
}

/*
 * Who has connected.  Of a socket that we accepted that is never ourselves,
 * though gVisor says so of whoever asks; of a pair it can be.
 */
static void
ask_client(struct conv *c, int fd)
{
	struct result *r = &c->result;
	const bool may_be_ours = c->options->path == NULL ||
	    c->options->role == ROLE_SURVEY ||
	    (c->options->role == ROLE_FD && !c->options->descriptor.served);

	peer_cred(fd, &r->peer);
	peer_label(fd, &r->peer);
	r->own_peer = !may_be_ours && r->peer.source[PID] != NULL &&
	    r->peer.id[PID] == c->self;
	if (r->own_peer)
		cred_forget(&r->peer);
}

static void
accept_client(struct conv *c)
{
	if (c->options->path == NULL)
		c->connection = next_pair(c);
	else if (is_named_dgram(c->options)) {
		wait_for(c, CONNECT);
		c->connection = c->listener;
	} else
		accept_ours(c);
	/* Now, as NetBSD 10 has forgotten them when the client has closed. */
	if (!c->options->counted)
		ask_client(c, c->connection);
}

/* Sets it on the connection, or before there is one on the listener. */
static bool
enable(const struct conv *c, const struct mechanism *m, int level)
{
	const int fd = c->connection != -1 ? c->connection : c->listener;

	return m->option == NULL || setsockopt(fd, level, m->name, &(int){ 1 },
	    sizeof(int)) == 0;
}

static void
set_option(struct conv *c, const struct mechanism *m, int level)
{
	if (enable(c, m, level))
		return;
	if (!finds_refusals(c))
		fail(c, errno, "setsockopt: %s", m->option);
	note_refusal(c, errno);
}

static void
set_usual_option(struct conv *c)
{
	set_option(c, c->mechanism, OPTION_LEVEL);
}

static void
set_persistent_option(struct conv *c)
{
	set_option(c, &mechanisms[EVERY], OPTION_LEVEL);
}

static void
set_pidfd_option(struct conv *c)
{
	set_option(c, &mechanisms[PIDFD], OPTION_LEVEL);
}

static void
set_label_option(struct conv *c)
{
	set_option(c, &mechanisms[LABEL], OPTION_LEVEL);
}

static void
set_at_wrong_level(struct conv *c)
{
	const int wrong = OPTION_LEVEL == SOL_SOCKET ? 0 : SOL_SOCKET;

	set_option(c, c->mechanism, wrong);
}

static void
send_go_on(struct conv *c)
{
	const struct address *to = &c->client_address;
	const bool own = !is_alone(c);
	const void *word = own ? (const void *)&c->shared->go_on : "G";

	while (sendto(c->connection, word, own ? sizeof(c->shared->go_on) : 1,
	    SEND_AT_ONCE, to->len == 0 ? NULL :
	    (const struct sockaddr *)&to->sun, to->len) == -1) {
		/* A client that has gone leaves its message, or its end. */
		if (errno == EPIPE || errno == ECONNRESET ||
		    errno == ECONNREFUSED || errno == ENOENT)
			return;
		retry(c, c->connection, POLLOUT, "send");
	}
}

/*
 * Returns the length, or -1 with errno.  A kernel can report end of file ahead
 * of a message, if both came during the call (Linux on seqpacket, NetBSD on
 * streams), or ECONNRESET, once; and an empty message without credentials can
 * look like it.  So there is a second look, without room for descriptors, which
 * would be ours to close.
 */
static ssize_t
receive_now(struct conv *c, size_t room)
{
	struct message *m = &c->message, behind;
	const int fd = c->connection;
	ssize_t next, n = receive_once(m, fd, DATA_ROOM, room, 0);

	m->empty = false;
	m->nothing = n == -1 && errno != ECONNRESET;
	if (m->nothing || (n != -1 && !is_end(m)))
		return n;
	/* It looks like the end: is a message behind it? */
	behind.socktype = m->socktype;
	behind.anyone = m->anyone;
	behind.nrights = 0;
	next = receive_once(&behind, fd, 1, CMSG_LEN(0), MSG_PEEK);
	if (next != -1 && !is_end(&behind))
		return receive_once(m, fd, DATA_ROOM, room, 0);
	m->empty = n == 0 && next == -1 && errno == EAGAIN;
	m->nothing = m->socktype == SOCK_DGRAM;	/* which has no end */
	return m->nothing ? next : 0;
}

/*
 * A message, with so much room for what comes with it.  Also a stranger's is
 * parsed, as it may have brought descriptors.
 */
static void
receive_in(struct conv *c, size_t room)
{
	for (;;) {
		while (receive_now(c, room) == -1) {
			if (refusal_of(c) != NULL)
				return;		/* nothing will come */
			retry(c, c->connection, POLLIN, "recvmsg");
		}
		/* Who was refused a step leaves: that is no end of file. */
		if (is_end(&c->message) && !c->message.empty &&
		    refusal_of(c) != NULL)
			return;
		parse(&c->message, &c->result);
		if (is_from(&c->message.from, &c->client_address))
			break;
		check_deadline(c);
		c->time = now();
	}
}

/*
 * Room for the credentials alone has the kernel drop a stranger's descriptors,
 * where it puts credentials first; to receive and close them could wake what
 * is behind them (FUSE), and release our own locks (fcntl(2)).
 */
static size_t
room_for_message(const struct conv *c)
{
	size_t room = CMSG_SPACE(cred_size(c->mechanism, MAXGROUPS));

	if (!c->message.anyone || !CREDENTIALS_FIRST)
		return CONTROL_ROOM;
	if (c->options->role == ROLE_FD || c->schedule->given)
		room += extra_room(c->connection);
	return room;
}

static void
receive(struct conv *c)
{
	receive_in(c, room_for_message(c));
}

/* No credentials fit into that. */
static void
receive_small(struct conv *c)
{
	receive_in(c, CMSG_LEN(sizeof(int)));
}

/* Nothing fits besides them. */
static void
receive_exact(struct conv *c)
{
	receive_in(c, CMSG_SPACE(cred_size(c->mechanism,
	    c->shared->client.ngroups)));
}

/* Exchanges the messages of two results; x keeps the connection's IDs. */
static void
exchange_messages(struct result *x, struct result *y)
{
	const struct result was = *x;

	*x = *y;
	x->peer = was.peer;
	*y = was;
}

/*
 * Reads what is there, without waiting, and keeps the last message.  Where that
 * takes several reads, its credentials come with the first, which is kept.  If
 * less came than the client has sent, its last message was lost: bytes tell
 * that, as a message can take several reads also on a seqpacket socket (FreeBSD
 * 15), but where one was cut off, which says that each read has one.
 */
static void
drain(struct conv *c)
{
	const struct message *m = &c->message;
	struct result *kept = &c->result, read = { .outcome = NONE };
	size_t reads = 0, bytes = 0;
	bool cut = false;
	bool begins;			/* another message */

	while (receive_now(c, room_for_message(c)) != -1) {
		parse(&c->message, &read);
		bytes += m->bytes;
		cut = cut || read.trunc;
		begins = reads == 0 || kept->bytes < DATA_ROOM ||
		    m->msg.msg_controllen > 0;
		reads++;
		if (begins)
			exchange_messages(kept, &read);
		if (m->bytes == 0)
			break;
	}
	cred_free(&read.message);
	if (reads == 0 || (cut ? reads < c->shared->sent.messages :
	    bytes < c->shared->sent.bytes))
		kept->outcome = TIMEOUT;
	memset(&c->shared->sent, 0, sizeof(c->shared->sent));
}

/* A datagram server's is its socket, which stays. */
static void
close_connection(struct conv *c)
{
	if (c->connection != c->listener && c->message.anyone)
		close_strangers(c->connection);
	else if (c->connection != c->listener)
		(void)close(c->connection);
	c->connection = -1;
}

/* The socket that a step needs. */
enum need_of_step { NOTHING, SOCKET, CONNECTION };
#define EITHER		NSIDES

/*
 * Every step, by what varies from one to the other.
 */
struct step_row {
	const char *word;		/* in --order, and its timeline */
	void (*take)(struct conv *);	/* NULL: it is only published */
	enum side side;			/* whose it is, or EITHER's */
	enum need_of_step needs;
	const char *done;		/* in a timeline; NULL: not there */
	const char *waits;		/* what it can time out waiting for */
	const char *awaited;		/* the same, of a wait for this step */
	bool sends;		/* which can be there before its sender knows */
	bool receives;			/* waits for a message and reads it */
	bool connected;			/* means nothing for datagrams */
};

#define MESSAGE		"the client's message"
#define CONNECTS	.side = CLIENT, .done = "connected", \
		.waits = "the server to accept", \
		.awaited = "the client to connect"
#define SETS		.needs = SOCKET, .done = "option set", \
		.awaited = "the option to be set"
#define SENDS		.side = CLIENT, .needs = CONNECTION, \
		.done = "message sent", .waits = "room for the message", \
		.awaited = MESSAGE, .sends = true
#define RECEIVES	.needs = CONNECTION, .done = "received", \
		.waits = MESSAGE, .awaited = "the server to receive", \
		.receives = true

static const struct step_row steps[NSTEPS] = {
	[READY] = { "ready", get_ready, .done = "ready for the client",
	    .awaited = "the server" },
	[ACCEPT] = { "accept", accept_client, .done = "accepted",
	    .waits = "the client to connect",
	    .awaited = "the server to accept" },
	[OPTION] = { "option", set_usual_option, SETS },
	[PERSISTENT] = { "persistent", set_persistent_option, SETS },
	[PIDFD_OPTION] = { "pidfd-option", set_pidfd_option, SETS },
	[LABEL_OPTION] = { "label-option", set_label_option, SETS },
	[WRONG_OPTION] = { "wrong-option", set_at_wrong_level, SETS },
	[GO_ON] = { "go-on", send_go_on, .needs = CONNECTION,
	    .done = "sent \"go on\"", .waits = "room for \"go on\"",
	    .awaited = "\"go on\"", .sends = true },
	[RECEIVE] = { "receive", receive, RECEIVES },
	[RECEIVE_SMALL] = { "receive-small", receive_small, RECEIVES },
	[RECEIVE_EXACT] = { "receive-exact", receive_exact, RECEIVES },
	[DRAIN] = { "drain", drain, .needs = CONNECTION,
	    .done = "read what was there", .awaited = "the server to look" },
	[ASK_LISTENER] = { "ask-listener", ask_listener, .needs = SOCKET,
	    .done = "asked for the listening socket's peer",
	    .awaited = "the server to ask", .connected = true },

	[CONNECT] = { "connect", connect_server, CONNECTS },
	[CONNECT_GONE] = { "connect-gone", connect_by_child, CONNECTS,
	    .connected = true },
	[OWN_OPTION] = { "own-option", set_usual_option, .side = CLIENT,
	    .needs = CONNECTION, .done = "own option set",
	    .awaited = "the client's option to be set" },
	[HEAR_GO_ON] = { "hear-go-on", hear_go_on, .side = CLIENT,
	    .needs = CONNECTION, .done = "got \"go on\"",
	    .waits = "\"go on\"", .awaited = "the client to hear \"go on\"" },
	[AWAKE] = { "awake", NULL, .side = CLIENT,
	    .awaited = "the client to be awake" },
	[WRITE] = { "write", write_message, SENDS },
	[BY_ANOTHER] = { "by-another", write_by_child, SENDS },
	[SECOND_SOCKET] = { "by-other", write_to_other, SENDS },
	[CLOSED_SOCKET] = { "by-closed", write_to_closed, SENDS },
	[SPLICED] = { "splice", splice_from_pipe, SENDS },
	[FILL] = { "fill", fill, SENDS },
	[SENDMSG] = { "sendmsg", send_by_sendmsg, SENDS },
	[DESCRIPTOR] = { "descriptor", send_descriptor, SENDS },
	[EMPTY] = { "empty", send_empty, SENDS },
	[LARGEST] = { "largest", send_largest, SENDS },
	[NEARLY] = { "nearly", send_nearly_largest, SENDS },
	[CLAIM] = { "claim", send_own_claim, SENDS },
	[FORGE] = { "forge", send_forged_claim, SENDS },
	[READ] = { "read", read_answer, .side = CLIENT, .needs = CONNECTION,
	    .done = "read the answer", .waits = "the server to close",
	    .awaited = "the client to read", .connected = true },
	[DONE] = { "done", NULL, .side = CLIENT, .awaited = MESSAGE },

	[ASK] = { "ask", ask_peer, .side = EITHER, .needs = CONNECTION,
	    .done = "asked for the peer",
	    .awaited = "the other side to ask" },
	[ASK_PIDFD] = { "ask-pidfd", ask_pidfd, .side = EITHER,
	    .needs = CONNECTION, .done = "asked for a pidfd",
	    .awaited = "the other side to ask" },
	[DELAY] = { "delay", race_delay, .side = EITHER,
	    .waits = "the race to begin",
	    .awaited = "the other side's delay" },
	[CLOSE] = { "close", close_connection, .side = EITHER,
	    .needs = CONNECTION, .done = "closed",
	    .awaited = "the other side to close" },
};

static bool
has_step(const unsigned char *list, enum step s)
{
	return position_of(list, s, 0) != -1;
}

/* A list in the words of --order. */
static char *
put_words(char *to, const unsigned char *list)
{
	const char *sep = "";

	for (; *list != END; list++) {
		to += sprintf(to, "%s%s%s", sep,
		    is_wait(*list) ? "until:" : "",
		    steps[step_of(*list)].word);
		sep = " ";
	}
	return to;
}

#define ORDER_ROOM	(NSIDES * MOST_STEPS * sizeof("until:receive-small "))

/* Both lists, as --order takes them. */
static const char *
put_order(char *to, const struct schedule *sr)
{
	const bool both = sr->server[0] != END && sr->client[0] != END;
	char *end = put_words(to, sr->server);

	end += sprintf(end, both ? " / " : "");
	put_words(end, sr->client);
	return to;
}

/* Takes a step of ours, which begins where the last one has ended. */
static void
take_step(struct conv *c, enum step s)
{
	struct span *span = &spans_of(c, c->side)[c->at];

	c->word = steps[s].word;
	set_deadline(c, steps[s].waits != NULL ? steps[s].waits :
	    steps[s].awaited);
	span->begun = c->time;
	if (steps[s].take != NULL)
		steps[s].take(c);
	c->time = now();
	if (span->ended == 0)		/* else the step knows better */
		span->ended = c->time;
	publish(c, c->at);
}

/* Waits for a step of the other side's, the nth that it has of that name. */
static void
await_step(struct conv *c, enum step s, unsigned nth)
{
	c->word = steps[s].word;
	set_deadline(c, steps[s].awaited);
	if (!is_alone(c))
		wait_for_position(c, position_of(list_of(c, !c->side), s, nth));
	c->time = now();
}

/* What our list has at a position: a step, or one of the others to wait for. */
static void
follow(struct conv *c, size_t at)
{
	const unsigned char *list = list_of(c, c->side);

	c->at = at;
	if (is_wait(list[at]))
		await_step(c, step_of(list[at]), nth_of(list, at));
	else
		take_step(c, list[at]);
}

/* Options on the listening socket are not to outlive their trial. */
static void
clear_options(const struct conv *c)
{
	const struct mechanism *m;

	for (enum kind kind = USUAL; kind <= LABEL; kind++) {
		m = &mechanisms[kind];
		if (m->option != NULL)
			(void)setsockopt(c->listener, OPTION_LEVEL, m->name,
			    &(int){ 0 }, sizeof(int));
	}
}

/*
 * Why a message has no credentials can be that its connection has not got the
 * option from the listener; not every kernel can say.
 */
static void
read_option(struct conv *c)
{
	const struct mechanism *m = c->mechanism;
	struct result *r = &c->result;
	int on = 1;
	socklen_t len = sizeof(on);

	r->lacks_option = false;
	if (!OPTION_READS_BACK || m->option == NULL || c->connection == -1 ||
	    (r->outcome != PLACEHOLDER && r->outcome != NONE))
		return;
	(void)getsockopt(c->connection, OPTION_LEVEL, m->name, &on, &len);
	r->lacks_option = on == 0;
}

/* A datagram server's socket stays, and each trial sets its option anew. */
static void
clear_usual_option(struct conv *c)
{
	const struct mechanism *m = c->mechanism;

	if (m->option != NULL && setsockopt(c->listener, OPTION_LEVEL, m->name,
	    &(int){ 0 }, sizeof(int)) == -1)
		fail(c, errno, "setsockopt: %s", m->option);
}

/* Closes what a trial has opened; a datagram server's socket stays. */
static void
end_trial(struct conv *c)
{
	if (c->side == SERVER && !c->options->counted)
		read_option(c);
	if (c->schedule->given && c->listener != -1)
		clear_options(c);
	else if (c->connection != -1 && c->connection == c->listener)
		clear_usual_option(c);
	if (c->connection != -1)
		close_connection(c);
	close_other_socket(c);
}

/*
 * The server waits for the end of the client's list.  The client of an order
 * can have many steps left, each with a deadline of its own, which is the one
 * that tells.
 */
static void
await_end(struct conv *c)
{
	const int steps_left = position_of(c->schedule->client, DONE, 0);

	c->word = NULL;
	set_deadline(c, steps[DONE].awaited);
	if (c->schedule->given)
		c->deadline += steps_left * c->options->timeout;
	wait_for(c, DONE);
	c->time = now();
}

/* Whether the server has not accepted, in this trial, who has connected. */
static bool
has_left_client(const struct conv *c)
{
	const int at = position_of(c->schedule->server, ACCEPT, 0);

	return at != -1 &&
	    c->other.ours->done_in[at] != (uint32_t)c->trial &&
	    other_has_done(c, CONNECT) && other_has_done(c, CONNECT_GONE);
}

/*
 * The sides meet between a trial with a refused step and the next one: neither
 * is to note a refusal where the other has yet to see one, or to leave its
 * connection to the next trial.
 */
static void
meet(struct conv *c)
{
	set_deadline(c, c->side == SERVER ? "the client's end" :
	    "the server's end");
	wait_for_end(c);
	if (c->side == CLIENT)
		return;
	if (has_left_client(c))
		accept_client(c);
	publish(c, c->at);
}

/*
 * One side of a trial: its steps, until one of either side's has failed.  While
 * the server still reads the times of a trial, the client may have begun the
 * next one, but no more than that: there are two sets of them.
 */
static void
run_steps(struct conv *c)
{
	const unsigned char *list = list_of(c, c->side);

	c->trial++;
	memset(spans_of(c, c->side), 0, sizeof(c->other.ours->spans[0]));
	/* The deadlines begin when the server is there. */
	if (c->side == CLIENT && c->trial == 1)
		await_step(c, READY, 0);
	for (size_t at = 0; list[at] != END && refusal_of(c) == NULL; at++)
		follow(c, at);
	c->at = (size_t)position_of(list, DONE, 0);
	if (c->side == SERVER)
		await_end(c);
	else
		take_step(c, DONE);
	if (refusal_of(c) != NULL && !is_alone(c) &&
	    c->trial < c->options->count)
		meet(c);
	end_trial(c);
	if (c->side == CLIENT)
		remove_bound(c);
}

/* A call has refused who the client is to be. */
static _Noreturn void
refuse_identity(const struct options *o, const char *call)
{
	const bool user = o->user.argument != NULL;
	const struct identity *id = user ? &o->user : &o->effective;

	err(EXIT_TROUBLE, "--%s %s needs root: %s", user ? "user" : "effective",
	    visible(id->argument), call);
}

/* Becomes who the client is to be, and says who that is. */
static void
become_client(struct conv *c)
{
	const char *failed = set_identity(c->options);
	struct shared *sh = c->shared;
	struct cred *truth = &sh->client;
	int n;

	if (failed != NULL)
		refuse_identity(c->options, failed);
	if (!is_alone(c))
		(void)DIE_WITH_PARENT();	/* a new identity forgets it */
	n = getgroups(nitems(sh->groups), sh->groups);
	if (n == -1)
		fail(c, errno, "getgroups");
	truth->groups = sh->groups;
	truth->ngroups = (size_t)n;
	truth->source[GROUPS] = "getgroups";
	cred_id(truth, UID, getuid(), "getuid");
	cred_id(truth, EUID, geteuid(), "geteuid");
	cred_id(truth, GID, getgid(), "getgid");
	cred_id(truth, EGID, getegid(), "getegid");
	if (is_alone(c))
		cred_id(truth, PID, getpid(), "getpid");
}

/* The client's whole life. */
static _Noreturn void
run_client(struct conv *c)
{
	become_client(c);
	while (c->trial < c->options->count) {
		run_steps(c);
		if (c->options->path == NULL)	/* while the server parses */
			(void)prepare_pair(c);
	}
	_exit(EXIT_SUCCESS);	/* exit(3) is slow, and the server waits */
}

/*
 * 10. The report: what there is to say, and two writers of it.
 */
/* What the notes need to know besides, looked up only where it matters. */
struct facts {
	bool option_first;	/* set before the client could write */
	bool inherited;		/* by the connection, from the listener */
	bool can_race;		/* message and option */
	struct view view;
	struct overflow overflow;
	bool gone;		/* the message's process has left */
	struct process process;	/* or what it is now */

	/* With --names, the program of the message's PID, of the peer's. */
	char sender[PROGRAM_ROOM];	/* "": unknown */
	char connector[PROGRAM_ROOM];
};

struct report {
	const struct options *options;
	const struct schedule *schedule;
	const struct mechanism *mechanism;
	const struct cred *truth;	/* the client's own word; NULL: none */
	const struct cred *asked;	/* what the last ask was told, in it */
	const struct result *result;
	uint64_t connection;		/* of a server; 0: of no server's */
	uint64_t number;		/* of its message, with --all; else 0 */
	struct facts facts;		/* for the notes */
};

/* As <errno.h> has it, of what a step can have. */
static const char *
error_name(int error)
{
#define NAMED(error)	case error: return #error
	switch (error) {
	NAMED(EPERM); NAMED(EINVAL); NAMED(EOPNOTSUPP); NAMED(ENOPROTOOPT);
	NAMED(EACCES); NAMED(ENOTCONN); NAMED(EAGAIN); NAMED(ENOBUFS);
	NAMED(EMSGSIZE); NAMED(EPIPE); NAMED(ECONNRESET);
	NAMED(ECONNREFUSED); NAMED(ENODATA); NAMED(ESRCH); NAMED(EDESTADDRREQ);
	}
	return strerror(error);
}

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

/* In which order a tally has the outcomes. */
static const enum outcome tally_order[NOUTCOMES] = {
	CREDENTIALS, PLACEHOLDER, NONE, TRUNCATED, CLOSED, TIMEOUT, UNSUPPORTED
};

struct tally {
	uintmax_t trials, counts[NOUTCOMES], mismatches, violations, refused;
	uintmax_t classes[NCLASSES][NOUTCOMES], bins[NBINS][NOUTCOMES];
	int64_t elapsed;		/* in nanoseconds */
};

/* The credentials that have a field: the message's, else the connection's. */
static const struct cred *
field_from(const struct result *r, enum field f)
{
	return r->outcome == CREDENTIALS && r->message.source[f] != NULL ?
	    &r->message : &r->peer;
}

/* Whether a list has a group, which it looks for from *at on, and around. */
static bool
has_group(const struct cred *cr, gid_t group, size_t *at)
{
	for (size_t i = 0; i < cr->ngroups; i++) {
		if (cr->groups[*at % cr->ngroups] == group)
			return true;
		++*at;
	}
	return false;
}

static bool
is_egid(const struct cred *cr, gid_t group)
{
	return cr->source[EGID] != NULL && cr->id[EGID] == group;
}

/*
 * Whether y has all of x's groups, of as many as the kernel delivers.  Each is
 * looked for behind the last one, as a kernel keeps their order.  Where one of
 * them may have the effective group among the others, it is none of them.
 */
static bool
has_groups(const struct cred *y, const struct cred *x)
{
	const size_t most = MAXGROUPS - (EGID_AMONG_GROUPS ? 1 : 0);
	size_t at = 0, n = 0;
	gid_t group;

	for (size_t i = 0; i < x->ngroups && n < most; i++) {
		group = x->groups[i];
		if (EGID_AMONG_GROUPS &&
		    (is_egid(x, group) || is_egid(y, group)))
			continue;
		if (!has_group(y, group, &at))
			return false;
		n++;
	}
	return true;
}

/* Whether two fields are both known, and not the same. */
static bool
differ(const struct cred *x, enum field f, const struct cred *y, enum field g)
{
	return x->source[f] != NULL && y->source[g] != NULL &&
	    (f != GROUPS ? x->id[f] != y->id[g] :
	    !has_groups(x, y) || !has_groups(y, x));
}

/* Whether all that is known is the client's own; -1: nothing to compare. */
static int
matches(const struct report *rp)
{
	const struct result *r = rp->result;

	if (rp->truth == NULL || r->outcome != CREDENTIALS)
		return -1;
	for (enum field f = PID; f < NFIELDS; f++)
		if (differ(field_from(r, f), f, rp->truth, f))
			return false;
	return true;
}

/* A name of a database, whose text need not be ours. */
static void
print_name(const char *name)
{
	char *shown = visible(name);

	printf("(%s)", shown);
	free(shown);
}

/*
 * Each ID with its name as id(1) has it, if it has one, a PID with its program;
 * and who says so.
 */
static void
print_value(const char *sep, const struct cred *cr, enum field f, bool names,
    const char *program, const char *source)
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
		if (f == PID && program[0] != '\0')
			printf("(%s)", program);
		if (names && (f == UID || f == EUID) &&
		    (pw = getpwuid((uid_t)id)) != NULL)
			print_name(pw->pw_name);
		if (names && f >= GID && (gr = getgrgid((gid_t)id)) != NULL)
			print_name(gr->gr_name);
	}
	if (source != NULL)
		printf(" (%s)", source);
}

/*
 * Notes: why the report is as it is, and what helps.  Each says what is known;
 * where two causes are left, both.
 */
/* Linux tells the real IDs alone, the BSDs the effective ones as well. */
static bool
is_linux_cred(const struct result *r)
{
	return r->message.source[EUID] == NULL;
}

/* PID 0 came with the message: its sender is not in our PID namespace. */
static bool
has_pid_0(const struct report *rp)
{
	const struct result *r = rp->result;

	return r->has_ids && r->outcome != CLOSED && r->message.id[PID] == 0 &&
	    mechanisms[USUAL].at[PID] != 0 && is_linux_cred(r);
}

/* The connection is with a process that has no PID here. */
static bool
is_peer_unseen(const struct result *r)
{
	return r->peer.source[EUID] != NULL && r->peer.source[PID] == NULL &&
	    mechanisms[PEER].at[PID] != 0;
}

/* Some process or user could be one that is not seen from here. */
static bool
is_view_limited(const struct view *v)
{
	return !v->all_users || !v->all_groups || !v->all_processes;
}

/* Whether it can be that the sender is not seen from here. */
static bool
may_be_unseen(const struct report *rp)
{
	const struct facts *f = &rp->facts;

	if (rp->result->outcome != PLACEHOLDER || rp->truth != NULL ||
	    !is_view_limited(&f->view))
		return false;
	return is_peer_unseen(rp->result) ||
	    rp->result->peer.source[EUID] == NULL;
}

/* The BSDs' usual option is used up by a connection's first message. */
static intmax_t
applies_once(const struct report *rp)
{
	return rp->number > 1 && rp->result->outcome == NONE &&
	    rp->mechanism == &mechanisms[USUAL] &&
	    rp->mechanism->at[EUID] != 0;
}

/* Whether the message was, or can have been, written before the option. */
static bool
may_be_lost(const struct report *rp)
{
	const struct result *r = rp->result;

	if (applies_once(rp))
		return false;
	if (r->outcome != PLACEHOLDER && (r->outcome != NONE || r->ctrunc))
		return false;
	return !rp->options->only_asks && rp->facts.can_race &&
	    !rp->facts.option_first;
}

static bool
is_datagram(const struct report *rp)
{
	return types[rp->options->type].type == SOCK_DGRAM;
}

static intmax_t
applies_lost_race(const struct report *rp)
{
	return may_be_lost(rp) && !may_be_unseen(rp) && !is_datagram(rp) &&
	    rp->options->role != ROLE_FD;
}

static intmax_t
applies_lost_datagram(const struct report *rp)
{
	return may_be_lost(rp) && !may_be_unseen(rp) && is_datagram(rp) &&
	    rp->options->role != ROLE_FD;
}

/* On a socket that somebody else has made. */
static intmax_t
applies_lost_before(const struct report *rp)
{
	return may_be_lost(rp) && !may_be_unseen(rp) &&
	    rp->options->role == ROLE_FD;
}

static intmax_t
applies_lost_or_unseen(const struct report *rp)
{
	return may_be_lost(rp) && may_be_unseen(rp);
}

static intmax_t
applies_not_inherited(const struct report *rp)
{
	const struct result *r = rp->result;

	return (r->outcome == PLACEHOLDER || r->outcome == NONE) &&
	    rp->facts.can_race && rp->facts.option_first &&
	    !rp->facts.inherited;
}

/* The option came first, and so the placeholder is the sender's. */
static intmax_t
applies_not_seen(const struct report *rp)
{
	return rp->result->outcome == PLACEHOLDER && rp->truth == NULL &&
	    rp->facts.option_first && rp->facts.inherited &&
	    is_view_limited(&rp->facts.view);
}

static intmax_t
applies_process_not_seen(const struct report *rp)
{
	const struct result *r = rp->result;

	if (rp->options->only_asks)
		return is_peer_unseen(r);
	return r->outcome == CREDENTIALS && has_pid_0(rp);
}

static bool
has_id(const struct report *rp, enum field f, intmax_t id)
{
	const struct cred *cr = field_from(rp->result, f);

	return cr->source[f] != NULL && cr->id[f] == id;
}

static bool
has_overflow_user(const struct report *rp)
{
	const intmax_t uid = rp->facts.overflow.uid;

	return has_id(rp, UID, uid) || has_id(rp, EUID, uid);
}

static bool
has_overflow_group(const struct report *rp)
{
	const struct cred *cr = field_from(rp->result, GROUPS);
	const intmax_t gid = rp->facts.overflow.gid;
	size_t at = 0;

	return has_id(rp, GID, gid) || has_id(rp, EGID, gid) ||
	    (cr->source[GROUPS] != NULL && has_group(cr, (gid_t)gid, &at));
}

static intmax_t
applies_unmapped(const struct report *rp)
{
	const struct facts *f = &rp->facts;

	if (rp->result->outcome == PLACEHOLDER)
		return 0;
	if (has_overflow_user(rp) && !f->view.all_users)
		return f->overflow.uid;
	return has_overflow_group(rp) && !f->view.all_groups ?
	    f->overflow.gid : 0;
}

/* Of a client of our own it is known what it did. */
static bool
is_strangers(const struct report *rp)
{
	return rp->truth == NULL && rp->result->outcome == CREDENTIALS;
}

static intmax_t
applies_handed_over(const struct report *rp)
{
	const struct result *r = rp->result;

	return is_strangers(rp) && differ(&r->message, PID, &r->peer, PID);
}

/* The message's real IDs are not the effective ones that are known. */
static bool
have_ids_changed(const struct report *rp)
{
	const struct result *r = rp->result;

	return is_strangers(rp) && applies_handed_over(rp) == 0 &&
	    (differ(&r->message, UID, field_from(r, EUID), EUID) ||
	    differ(&r->message, GID, field_from(r, EGID), EGID));
}

/* Of a living process: which of its IDs those of the message are. */
static bool
has_real_ids(const struct report *rp)
{
	const struct process *p = &rp->facts.process;
	const struct cred *cr = &rp->result->message;

	return p->known && (intmax_t)p->uid[0] == cr->id[UID] &&
	    (intmax_t)p->gid[0] == cr->id[GID];
}

static bool
has_effective_ids(const struct report *rp)
{
	const struct process *p = &rp->facts.process;
	const struct cred *cr = &rp->result->peer;

	return p->known && (intmax_t)p->uid[1] == cr->id[EUID] &&
	    (intmax_t)p->gid[1] == cr->id[EGID];
}

static intmax_t
applies_set_user_id(const struct report *rp)
{
	if (!have_ids_changed(rp))
		return false;
	return !is_linux_cred(rp->result) ||
	    (has_real_ids(rp) && has_effective_ids(rp));
}

/* A set-user-ID program can take back what its saved IDs still are. */
static bool
can_change_back(const struct report *rp)
{
	const struct process *p = &rp->facts.process;
	const struct cred *cr = &rp->result->peer;

	return (intmax_t)p->uid[2] == cr->id[EUID] &&
	    (intmax_t)p->gid[2] == cr->id[EGID];
}

static bool
has_changed(const struct report *rp)
{
	return have_ids_changed(rp) && is_linux_cred(rp->result) &&
	    has_real_ids(rp) && !has_effective_ids(rp);
}

static intmax_t
applies_changed(const struct report *rp)
{
	return has_changed(rp) && !can_change_back(rp);
}

static intmax_t
applies_changed_for_now(const struct report *rp)
{
	return has_changed(rp) && can_change_back(rp);
}

/*
 * The process of the message's PID has other IDs: also of a datagram, which has
 * no connection to be compared with.  That a PID is another process's by now is
 * known of a connection alone.
 */
static intmax_t
applies_attached(const struct report *rp)
{
	const struct result *r = rp->result;

	if (!is_strangers(rp) || !is_linux_cred(r) ||
	    !rp->facts.process.known || applies_handed_over(rp) ||
	    has_real_ids(rp))
		return 0;
	return r->message.id[PID];
}

/* Nothing of the process can be read: then each cause is left. */
static intmax_t
applies_ids_differ(const struct report *rp)
{
	return have_ids_changed(rp) && is_linux_cred(rp->result) &&
	    !rp->facts.process.known;
}

static intmax_t
applies_own_ids(const struct report *rp)
{
	return rp->result->own_peer;
}

static intmax_t
applies_gone(const struct report *rp)
{
	return rp->facts.gone || rp->result->peer.pidfd.pid == -1;
}

static intmax_t
count_descriptors(const struct report *rp)
{
	return (intmax_t)rp->result->descriptors;
}

static intmax_t
applies_cut(const struct report *rp)
{
	return rp->result->ctrunc && rp->result->outcome == CREDENTIALS;
}

static intmax_t
applies_cut_off(const struct report *rp)
{
	return rp->result->ctrunc && rp->result->outcome != CREDENTIALS;
}

static intmax_t
applies_truncated_groups(const struct report *rp)
{
	const struct cred *cr = field_from(rp->result, GROUPS);

	return cr->source[GROUPS] != NULL && MAXGROUPS < MOST_GROUPS &&
	    cr->ngroups >= MAXGROUPS;
}

static const struct note {
	const char *name;		/* in JSON; two rows can share one */
	const char *cause;		/* of a missing message; NULL: none */
	const char *text;		/* # stands for what applies() says */
	intmax_t (*applies)(const struct report *);	/* 0: it does not */
} notes[] = {
	{ "lost_race", "the race was lost",
	    "The message was written before the option was set.  Set the "
	    "option on the listening socket before listen(2), as --inherit "
	    "does, or have the client wait until it is set, as --sync does.",
	    applies_lost_race },
	{ "lost_race", "the race was lost",
	    "The message was written before the option was set.  Set the "
	    "option before bind(2), or have the client wait until it is set, "
	    "as --sync does.", applies_lost_datagram },
	{ "lost_race", "the race was lost",
	    "The message was written before the option was set.  Who made the "
	    "socket could have set it before listen(2) (systemd: "
	    "PassCredentials=yes).  Else set it on the listening socket and on "
	    "each accepted connection, too, and have the client wait for that.",
	    applies_lost_before },
	{ "lost_race", "lost, or not seen",
	    "Either the message was written before the option was set, or its "
	    "sender is not seen from here, in another PID or user namespace.  "
	    "With the option set on the listening socket (--inherit) only the "
	    "second cause is left.", applies_lost_or_unseen },
	{ "once", "they come once",
	    "Credentials come with the first message of a connection alone: "
	    "keep those, or set the option again.", applies_once },
	{ "not_inherited", "not inherited",
	    "The option was set on the listening socket, and this connection "
	    "does not have it: set it on each accepted socket, too, and have "
	    "the client wait for that.", applies_not_inherited },
	{ "not_seen", "sender is not seen",
	    "No race was possible: the sender is outside of what is seen from "
	    "here.  Its process is in another PID namespace, and its user has "
	    "no ID in this user namespace, or is nobody.  Share the namespaces "
	    "(of a container: --pid=host, --userns=host), or run the receiver "
	    "outside.", applies_not_seen },
	{ "not_seen", NULL,
	    "PID 0 stands for a process in a PID namespace that is not seen "
	    "from here, as that of the host or of another container.  Share "
	    "its PID namespace (of a container: --pid=host), or run the "
	    "receiver outside.", applies_process_not_seen },
	{ "unmapped", NULL,
	    "ID # stands for every user or group without an ID in this user "
	    "namespace, and so may be anyone's: never trust it.  Give them IDs "
	    "here (of a container: --userns=host), or run the receiver outside.",
	    applies_unmapped },
	{ "handed_over", NULL,
	    "Message and connection name different processes: one connected "
	    "and another wrote, as a child does or whoever was given the "
	    "socket, or the sender attached another's PID.",
	    applies_handed_over },
	{ "set_user_id", NULL,
	    "Real and effective IDs differ: the client is a set-user-ID or "
	    "set-group-ID program, or has set its effective IDs.  The real "
	    "ones say who started it, the effective ones what it may do.",
	    applies_set_user_id },
	{ "changed", NULL,
	    "The client has changed its IDs since it connected: the connection "
	    "has the effective ones of then, the message the real ones of now.",
	    applies_changed },
	{ "changed", NULL,
	    "The client has given up, for now, the effective IDs with which it "
	    "connected; it can take them back.", applies_changed_for_now },
	{ "attached", NULL,
	    "Process # has other real IDs than the message: the sender "
	    "attached them (root may attach any, others their own), or has "
	    "changed its IDs since, or has gone and the PID is another's.",
	    applies_attached },
	{ "ids_differ", NULL,
	    "The message's IDs are not the connection's, and the process "
	    "cannot be looked at: a set-user-ID program, or IDs changed since "
	    "it connected, or attached by the sender.", applies_ids_differ },
	{ "own_ids", NULL,
	    "This kernel names whoever asks as the peer: those IDs are "
	    "credcheck's own, and left out.", applies_own_ids },
	{ "gone", NULL,
	    "The process has gone: its PID can be another's by now.",
	    applies_gone },
	{ "descriptors", NULL,
	    "Descriptors that came with the message, and were closed: #.",
	    count_descriptors },
	{ "cut", NULL,
	    "The credentials are whole, but more came with the message and was "
	    "dropped (MSG_CTRUNC): descriptors, a pidfd or a long label.  "
	    "credcheck takes none of a stranger's; a daemon loses them where "
	    "its control buffer is too small (CMSG_SPACE(3)), or too many files "
	    "are open.", applies_cut },
	{ "cut", NULL,
	    "The control buffer had no room for all that came with the message "
	    "(MSG_CTRUNC), and no whole credentials are in it: CMSG_SPACE(3) "
	    "says how much each needs.", applies_cut_off },
	{ "truncated_groups", NULL,
	    "The kernel delivers no more groups than these: there may be more.",
	    applies_truncated_groups },
};

/* Words that fill lines, of which those after the first are indented. */
static void
print_wrapped(const char *text)
{
	size_t column = 0, n;

	for (; *text != '\0'; text += n + strspn(text + n, " ")) {
		n = strcspn(text, " ");
		if (column + 1 + n > 78)
			column = (size_t)printf("\n ") - 1;
		column += (size_t)printf(column > 0 ? " %.*s" : "%.*s",
		    (int)n, text);
	}
	printf("\n");
}

static void
text_notes(const struct report *rp)
{
	char text[512];
	intmax_t number;
	size_t length;

	for (const struct note *n = notes; n < notes + nitems(notes); n++) {
		number = n->applies(rp);
		if (number == 0)
			continue;
		length = strcspn(n->text, "#");
		if (n->text[length] == '\0')
			snprintf(text, sizeof(text), "%s", n->text);
		else
			snprintf(text, sizeof(text), "%.*s%jd%s", (int)length,
			    n->text, number, n->text + length + 1);
		print_wrapped(text);
	}
}

/* What is left of why a message has no credentials; NULL: that is not known. */
static const char *
cause_of(const struct report *rp)
{
	for (const struct note *n = notes; n < notes + nitems(notes); n++)
		if (n->cause != NULL && n->applies(rp) != 0)
			return n->cause;
	return NULL;
}

/* A field: its value, who says so, and who says something else. */
static void
text_field(const struct report *rp, enum field f)
{
	const struct result *r = rp->result;
	const struct cred *cr = field_from(r, f), *peer = &r->peer;
	const bool names = rp->options->names;
	const char *connector = rp->facts.connector, *program = connector;

	if (cr == &r->message)
		program = rp->facts.sender;
	printf("%s", fields[f].label);
	if (f == PID && applies_process_not_seen(rp))
		printf(": 0 (not seen from here)");
	else
		print_value(":", cr, f, names, program,
		    cr == peer ? cr->source[f] : NULL);
	if (rp->truth != NULL && differ(cr, f, rp->truth, f))
		print_value(" !=", rp->truth, f, names, "", "client");
	if (differ(cr, f, peer, f))
		print_value(" !=", peer, f, names, connector,
		    peer->source[f]);
	printf("\n");
}

/* A label, if the kernel has one: the message's, else the connection's. */
static void
text_label(const struct report *rp)
{
	const struct label *message = &rp->result->message.label;
	const struct label *peer = &rp->result->peer.label;
	const bool came = message->source != NULL, has = peer->source != NULL;
	char *text;

	if (!came && !has)
		return;
	text = visible(came ? message->text : peer->text);
	printf("Label: %s", text);
	free(text);
	text = visible(has ? peer->text : "");
	if (!came)
		printf(" (%s)", peer->source);
	else if (has && strcmp(message->text, peer->text) != 0)
		printf(" != %s (%s)", text, peer->source);
	free(text);
	printf("\n");
}

/* Whose process a pidfd is, as it came with a message or from a connection. */
static void
text_pidfd(const char *what, const struct cred *cr)
{
	const struct pidfd *p = &cr->pidfd;

	if (p->source == NULL)
		return;
	printf("%s: ", what);
	if (p->pid == -1)
		printf("gone");
	else if (p->pid == 0)
		printf("-");
	else
		printf("%jd", p->pid);
	printf(" (%s)\n", p->source);
	if (p->pid > 0 && cr->source[PID] != NULL && p->pid != cr->id[PID])
		printf("PID and pidfd name different processes\n");
}

/* What the steps of an order have brought besides a message. */
static void
text_order(const struct report *rp)
{
	const struct cred *asked = rp->asked;
	const struct result *r = rp->result;

	text_pidfd("Process of the message's pidfd", &r->message);
	if (asked->source[EUID] != NULL) {
		printf("Asked:");
		for (enum field f = PID; f < GROUPS; f++)
			if (asked->source[f] != NULL)
				printf(" %s %jd", fields[f].label,
				    asked->id[f]);
		printf(" (%s)\n", asked->source[EUID]);
	}
	if (r->refused != END)
		printf("Refused: %s: %s (%s)\n", steps[r->refused].word,
		    strerror(r->error), error_name(r->error));
}

/* A socket that was given to us, or whose copy we have, as it was found. */
static void
text_descriptor(const struct report *rp)
{
	const struct given_socket *d = &rp->options->descriptor;

	if (rp->mechanism->option == NULL || d->had_option == -1)
		return;
	printf("%s: was %s on descriptor %d", rp->mechanism->option,
	    d->had_option ? "set" : "not set", d->number);
	if (d->process != 0)
		printf(" of process %jd", (intmax_t)d->process);
	printf("\n");
}

/* Bytes as C has them in a string; at most four characters each. */
static char *
put_escaped(char *text, const char *data, size_t n)
{
	static const char plain[] = "\a\b\t\n\v\f\r\"\\";
	static const char letters[] = "abtnvfr\"\\";
	const char *found;
	char *end = text;
	bool digit;			/* follows, and would be taken along */

	for (const char *p = data; p < data + n; p++) {
		found = *p != '\0' ? strchr(plain, *p) : NULL;
		digit = p + 1 < data + n && p[1] >= '0' && p[1] <= '7';
		if (found != NULL)
			end += sprintf(end, "\\%c", letters[found - plain]);
		else if (*p >= ' ' && *p <= '~')
			*end++ = *p;
		else
			end += sprintf(end, digit ? "\\%03o" : "\\%o",
			    (unsigned)(unsigned char)*p);
	}
	*end = '\0';
	return text;
}

/* The head of the message, if it is asked for; NULL: it is not, or is none. */
static const char *
head_of_data(const struct report *rp, char *text)
{
	const struct result *r = rp->result;

	if (!rp->options->data || !r->read || r->outcome == CLOSED ||
	    r->outcome == TIMEOUT)
		return NULL;
	return put_escaped(text, r->data, MIN(r->bytes, DATA_SHOWN));
}

static void
text_data(const struct report *rp)
{
	char text[4 * DATA_SHOWN + 1];

	if (head_of_data(rp, text) != NULL)
		printf("Data: \"%s\"%s\n", text,
		    rp->result->bytes > DATA_SHOWN ? "..." : "");
}

static void
text_result(const struct report *rp)
{
	const struct result *r = rp->result;

	if (rp->schedule->given && !r->read)
		printf("Got no message\n");
	else if (!rp->options->only_asks)
		printf("Got %zu byte%s%s\n", r->bytes, r->bytes == 1 ? "" :
		    "s", r->trunc ? " of a longer message" : "");
	text_data(rp);
	for (enum field f = PID; f < NFIELDS; f++)
		text_field(rp, f);
	text_label(rp);
	if (r->outcome == PLACEHOLDER)
		printf("The message has PID %jd, UID %jd, GID %jd: a "
		    "placeholder, nobody's.\n", r->message.id[PID],
		    r->message.id[UID], r->message.id[GID]);
	text_pidfd("Process of the pidfd", &r->peer);
	if (rp->options->role == ROLE_FD && rp->connection == 0)
		text_descriptor(rp);
	if (rp->schedule->given)
		text_order(rp);
	text_notes(rp);
}

/* On standard error, what the text cannot show: why there is nothing. */
static void
explain(const struct report *rp)
{
	static const char missing[] = "Message did not include credentials";
	const struct result *r = rp->result;
	const char *cause = cause_of(rp);
	char which[48] = "";

	if (!r->read && r->refused != END)
		return;				/* which the text says */
	if (r->outcome == CREDENTIALS || rp->options->json ||
	    (rp->options->quiet && r->outcome != UNSUPPORTED))
		return;
	if (rp->connection != 0)
		snprintf(which, sizeof(which), "connection %" PRIu64 ": ",
		    rp->connection);
	if (r->outcome == TIMEOUT)
		warnx("%sNo message came within %g s", which,
		    (double)rp->options->timeout / SECOND);
	else if (r->outcome == CLOSED)
		warnx("%sEnd of file came instead of a message", which);
	else if (r->outcome == UNSUPPORTED)
		warnx("%s%s: unsupported (this system has no option for it)",
		    which, missing);
	else if (r->outcome == TRUNCATED)
		warnx("%s%s: truncated (they did not fit)", which, missing);
	else if (cause != NULL)
		warnx("%s%s: %s: %s", which, missing, outcomes[r->outcome],
		    cause);
	else
		warnx("%s%s: %s", which, missing, outcomes[r->outcome]);
}

/* The length of a character that JSON takes as it is; 0: it does not. */
static size_t
json_plain(const unsigned char *s)
{
	if (*s < 0x20 || *s == '"' || *s == '\\' || *s == '\177')
		return 0;
	return utf8_len(s);
}

/* A JSON string (RFC 8259), bytes that are not UTF-8 as U+FFFD. */
static void
json_string(const char *string)
{
	const unsigned char *s = (const unsigned char *)string, *end;
	size_t n;

	if (s == NULL) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *s != '\0'; s = end) {
		for (end = s; (n = json_plain(end)) > 0; end += n)
			continue;
		fwrite(s, 1, (size_t)(end - s), stdout);
		if (*end != '\0') {
			printf("\\u%04x", utf8_len(end) == 0 ? 0xfffdU : *end);
			end++;
		}
	}
	putchar('"');
}

/*
 * JSON by a format, with ' for ": %s is a string, or null; %d a truth value, of
 * which -1 is null; and %jd a number.
 */
static void __attribute__((format(printf, 1, 2)))
json(const char *fmt, ...)
{
	static const char *const truth[] = { "null", "false", "true" };
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt += n) {
		/* For a few bytes strcspn(3) takes longer. */
		n = 0;
		while (fmt[n] != '\0' && fmt[n] != '\'' && fmt[n] != '%')
			n++;
		if (n > 0)
			fwrite(fmt, 1, n, stdout);
		else if (*fmt == '\'') {
			putchar('"');
			n = 1;
		} else if (strncmp(fmt, "%s", 2) == 0) {
			json_string(va_arg(ap, const char *));
			n = strlen("%s");
		} else if (strncmp(fmt, "%d", 2) == 0) {
			fputs(truth[1 + va_arg(ap, int)], stdout);
			n = strlen("%d");
		} else {
			printf("%jd", va_arg(ap, intmax_t));
			n = strlen("%jd");
		}
	}
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

static const char *const roles[] = {
	[ROLE_BOTH] = "both", [ROLE_SERVER] = "server",
	[ROLE_CLIENT] = "client", [ROLE_PEER] = "peer",
	[ROLE_FD] = "fd", [ROLE_SURVEY] = "survey",
};

/* When a server reports, in seconds since the epoch. */
static void
json_time(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	printf(",\"time\":%jd.%06ld", (intmax_t)ts.tv_sec,
	    (long)(ts.tv_nsec / MICROSECOND));
}

/* The system and its release, asked for once. */
static const struct utsname *
this_system(void)
{
	static struct utsname un;

	if (un.sysname[0] == '\0' && uname(&un) == -1)
		err(EXIT_TROUBLE, "uname");
	return &un;
}

static void
json_begin(const char *mode, enum role role)
{
	const struct utsname *un = this_system();

	json("{'format':1,'version':%s,'system':%s,'release':%s,'mode':%s,"
	    "'role':%s", VERSION, un->sysname, un->release, mode, roles[role]);
}

static void
json_head(const struct report *rp)
{
	const struct options *o = rp->options;

	const char *transport = o->path == NULL ? "socketpair" : "path";

	if (o->role == ROLE_FD)
		transport = "descriptor";
	json_begin(rp->schedule->name, o->role);
	json(",'transport':%s,'path':%s,'type':%s,'option':%s,'message':%s",
	    transport, o->path, types[o->type].name, rp->mechanism->option,
	    rp->mechanism->message);
}

static void
json_descriptor(const struct given_socket *d)
{
	json(",'descriptor':{'number':%jd", (intmax_t)d->number);
	json(d->process == 0 ? ",'process':null" : ",'process':%jd",
	    (intmax_t)d->process);
	json(",'listening':%d,'had_option':%d}", d->listening, d->had_option);
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
		    field_from(r, f)->source[f]);
	printf("}");
}

static void
json_notes(const struct report *rp)
{
	const char *last = "";

	json(",'notes':[");
	for (const struct note *n = notes; n < notes + nitems(notes); n++) {
		if (n->applies(rp) == 0 || strcmp(n->name, last) == 0)
			continue;
		json(*last != '\0' ? ",%s" : "%s", n->name);
		last = n->name;
	}
	json("]");
}

/* NULL: there is none. */
static const char *
label_of(const struct cred *cr)
{
	return cr->label.source != NULL ? cr->label.text : NULL;
}

/* What came with the message, and its head. */
static void
json_arrived(const struct report *rp)
{
	const struct result *r = rp->result;
	char text[4 * DATA_SHOWN + 1];

	json(",'control':[");
	for (size_t i = 0; i < r->ncontrols; i++)
		json(i == 0 ? "{'level':%jd,'type':%jd,'name':%s,'bytes':%jd}" :
		    ",{'level':%jd,'type':%jd,'name':%s,'bytes':%jd}",
		    (intmax_t)r->controls[i].level,
		    (intmax_t)r->controls[i].type,
		    control_name(r->controls[i].level, r->controls[i].type),
		    (intmax_t)r->controls[i].bytes);
	json("],'data':%s,'message_label':%s", head_of_data(rp, text),
	    label_of(&r->message));
}

static void
json_pidfd(const char *key, const struct pidfd *p)
{
	if (p->source == NULL) {
		json(",%s:null", key);
		return;
	}
	json(",%s:{'source':%s", key, p->source);
	json(p->fd < 0 ? ",'descriptor':%jd" : ",'descriptor':null",
	    (intmax_t)p->fd);
	json(p->pid == 0 ? ",'pid':null}" : ",'pid':%jd}", p->pid);
}

/* The lists of an order, and the step that was refused. */
static void
json_order(const struct report *rp)
{
	const struct result *r = rp->result;
	const bool asked = rp->asked->source[EUID] != NULL;
	char words[ORDER_ROOM];

	json(",'order':%s", put_order(words, rp->schedule));
	json(",'refused':%s,'errno':%s", steps[r->refused].word,
	    r->error != 0 ? error_name(r->error) : NULL);
	json_cred("asked", asked ? rp->asked : NULL,
	    1U << UID | 1U << GID | 1U << GROUPS);
	json_pidfd("message_pidfd", &r->message.pidfd);
	json_pidfd("peer_pidfd", &r->peer.pidfd);
}

/* What the connection alone tells has no message, and null in its place. */
static void
json_result(const struct report *rp)
{
	const struct result *r = rp->result;
	const intmax_t *id = r->message.id;
	const bool asked = rp->options->only_asks;
	const bool known = asked && r->outcome == CREDENTIALS;

	json_head(rp);
	if (rp->connection != 0)
		json(",'connection':%jd", (intmax_t)rp->connection);
	if (rp->number != 0)
		json(",'number':%jd", (intmax_t)rp->number);
	if (rp->connection != 0)
		json_time();
	json(",'outcome':%s", known ? "peer" : outcomes[r->outcome]);
	json(asked ? ",'bytes':null" : ",'bytes':%jd", (intmax_t)r->bytes);
	json(",'ctrunc':%d", asked ? -1 : r->ctrunc);
	for (enum field f = PID; f < NFIELDS; f++)
		json_field(",", field_from(r, f), f);
	json_sources(r);
	json_cred("peer", &r->peer, 1U << UID | 1U << GID);
	json_cred("client", rp->truth, 0);
	json(",'match':%d,'trunc':%d", matches(rp), asked ? -1 : r->trunc);
	json(r->outcome != PLACEHOLDER ? ",'placeholder':null" :
	    ",'placeholder':{'pid':%jd,'uid':%jd,'gid':%jd}", id[PID], id[UID],
	    id[GID]);
	json_notes(rp);
	json(",'label':%s", label_of(&r->peer));
	if (!asked)
		json_arrived(rp);
	if (asked)
		json(r->peer.pidfd.pid == 0 ? ",'pidfd_pid':null" :
		    ",'pidfd_pid':%jd", r->peer.pidfd.pid);
	if (rp->options->role == ROLE_FD)
		json_descriptor(&rp->options->descriptor);
	if (rp->schedule->given)
		json_order(rp);
	printf("}\n");
}

static uintmax_t
sum(const uintmax_t *counts)
{
	uintmax_t n = 0;

	for (size_t i = 0; i < NOUTCOMES; i++)
		n += counts[i];
	return n;
}

static void
json_counts(const uintmax_t *counts)
{
	enum outcome o;

	json(",'counts':{");
	for (size_t i = 0; i < NOUTCOMES; i++) {
		o = tally_order[i];
		json(i == 0 ? "%s:%jd" : ",%s:%jd", outcomes[o], counts[o]);
	}
	json("}");
}

/* A bin's lower end, in nanoseconds; the first bin has none. */
static intmax_t
bin_edge(const struct options *o, int bin)
{
	const int64_t half = o->spread > 0 ? o->spread : 20 * MICROSECOND;

	return (bin - NBINS / 2) * half / (NBINS / 2 - 1);
}

/* Between our own two sides, whose times we know. */
static bool
is_race(const struct report *rp)
{
	return rp->options->role == ROLE_BOTH && rp->schedule->race;
}

static void
json_tally(const struct report *rp, const struct tally *t)
{
	const struct options *o = rp->options;
	char words[ORDER_ROOM];

	json_head(rp);
	if (rp->schedule->given)
		json(",'order':%s,'refused':%jd",
		    put_order(words, rp->schedule), t->refused);
	json(",'trials':%jd", t->trials);
	json_counts(t->counts);
	json(",'mismatches':%jd", t->mismatches);
	printf(",\"elapsed_s\":%.6f,\"trials_per_second\":%.1f",
	    (double)t->elapsed / SECOND,
	    (double)t->trials * SECOND / (double)t->elapsed);
	if (o->role == ROLE_FD)
		json_descriptor(&o->descriptor);
	if (!is_race(rp)) {
		json("}\n");
		return;
	}
	json(",'spread_us':%jd", (intmax_t)(o->spread / MICROSECOND));
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
	enum outcome o;

	printf("%ju %s%s", t->trials, what, t->trials == 1 ? "" : "s");
	for (size_t i = 0; i < NOUTCOMES; i++) {
		o = tally_order[i];
		if (t->counts[o] == 0)
			continue;
		printf("%s %ju %s%s", sep, t->counts[o],
		    t->counts[o] == 1 && o == CREDENTIALS ? "with " : "",
		    outcomes[o]);
		sep = ",";
	}
	if (t->mismatches > 0)
		printf(", %ju not the client's", t->mismatches);
	if (t->refused > 0)
		printf(", %ju with a step refused", t->refused);
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

/* What to take away: what was measured, and what cures it. */
static void
text_lesson(const struct options *o, const struct tally *t)
{
	const uintmax_t won = t->counts[CREDENTIALS];
	const uintmax_t *early = t->classes[UNACCEPTED];

	if (t->violations > 0)
		printf("\nThis kernel broke the rule %ju time%s.\n",
		    t->violations, t->violations == 1 ? "" : "s");
	else if (sum(t->classes[BEFORE]) > 0 && sum(t->classes[AFTER]) > 0)
		printf("\nIf the option is set before the client writes, its "
		    "credentials always\ncome; if it is set after, they never "
		    "do.  Have the client wait until it\nis set, as --sync "
		    "does, or set it on the listening socket before\n"
		    "listen(2), as --inherit does.\n");
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
text_trials(const struct report *rp, const struct tally *t)
{
	const struct options *o = rp->options;
	char words[ORDER_ROOM];
	uintmax_t n, won;

	text_tally("trial", t);
	if (rp->schedule->given)
		printf("Order: %s\n", put_order(words, rp->schedule));
	if (!is_race(rp) || t->trials == 0 || t->counts[UNSUPPORTED] > 0)
		return;
	printf("%.3f s, %.0f trials a second\n", (double)t->elapsed / SECOND,
	    (double)t->trials * SECOND / (double)t->elapsed);
	printf(o->spread == 0 ? "No delays: the bare race" :
	    "Each side waits 0 to %" PRId64 " us before its step",
	    o->spread / MICROSECOND);
	if (o->slow_clock != 0)
		printf(", as one look at the clock\ntakes %" PRId64 " us",
		    o->slow_clock / MICROSECOND);
	printf("\n");
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
	text_histogram(o, t);
	text_lesson(o, t);
}

/* A step that a side has taken, and when. */
struct moment {
	int64_t when;			/* in nanoseconds */
	enum side side;
	size_t at;			/* the position in its list */
	const struct step_row *step;
	int error;			/* with which it was refused; 0: not */
};

/* What a side has done; returns how many steps those are. */
static size_t
list_moments(const unsigned char *list, const struct span *spans,
    enum side side, struct moment *m)
{
	const struct step_row *step;
	size_t n = 0;
	int64_t when;

	for (size_t at = 0; list[at] != END; at++) {
		if (is_wait(list[at]))
			continue;
		step = &steps[list[at]];
		when = step->sends ? spans[at].begun : spans[at].ended;
		if (when != 0)
			m[n++] = (struct moment){ when, side, at, step,
			    spans[at].error };
	}
	return n;
}

/* For qsort(3); of two at once the server's, or the former step, is first. */
static int
compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	if (x->side != y->side)
		return (int)x->side - (int)y->side;
	return (int)x->at - (int)y->at;
}

/* Both sides' steps in the order of their time, in microseconds. */
static void
print_timeline(const struct schedule *schedule, const struct span *server,
    const struct span *client)
{
	struct moment moments[(int)NSIDES * MOST_STEPS];
	const char *text;
	size_t n = list_moments(schedule->server, server, SERVER, moments);

	n += list_moments(schedule->client, client, CLIENT, moments + n);
	qsort(moments, n, sizeof(*moments), compare_moments);
	fprintf(stderr, "%10s  %-24s%s\n", "us", "server", "client");
	for (const struct moment *m = moments; m < moments + n; m++) {
		text = schedule->given ? m->step->word : m->step->done;
		if (text == NULL)
			continue;
		fprintf(stderr, "%10.1f  %*s%s",
		    (double)(m->when - moments[0].when) / MICROSECOND,
		    m->side == SERVER ? 0 : 24, "", text);
		if (m->error != 0)
			fprintf(stderr, ": %s", error_name(m->error));
		fprintf(stderr, "\n");
	}
}

/*
 * A report that nobody got in full is an error.  The ^C that ends a server ends
 * what it is piped into, too, of which there is nothing to say.
 */
static void
fail_report(void)
{
	if (signals.stopped && errno == EPIPE)
		exit(EXIT_TROUBLE);
	err(EXIT_TROUBLE, "standard output");
}

static void
flush_report(void)
{
	if (fflush(stdout) == EOF || ferror(stdout) != 0)
		fail_report();
}

static void
finish_report(void)
{
	flush_report();
	restore_output();
	if (fclose(stdout) == EOF)
		fail_report();
}

/*
 * 11. The modes in which both sides are ours.
 */
/* Whether others than our own two processes may write to our sockets. */
static bool
is_exposed(const struct options *o)
{
	switch (o->role) {
	case ROLE_BOTH:
		return is_named_dgram(o);	/* a connection is ours */
	case ROLE_SURVEY:
		return must_prove(o);
	default:
		return true;
	}
}

/* Which side this process is, and so who the other one is. */
static void
take_side(struct conv *c, enum side side)
{
	c->side = side;
	c->self = getpid();
	c->other.ours = &c->shared->published[side];
	c->other.theirs = &c->shared->published[!side];
}

/* Whether a socket has an option of ours; -1: that cannot be said. */
static int
is_set(int fd, const struct mechanism *m)
{
	int on = 0;
	socklen_t len = sizeof(on);

	if (m->option == NULL || getsockopt(fd, OPTION_LEVEL, m->name, &on,
	    &len) == -1)
		return -1;
	return on != 0;
}

/*
 * The conversation's socket is one that we were given.  An option which it has
 * is the one to go on with, as FreeBSD's two exclude each other; one that it
 * has not is unset in the end.
 */
static void
use_descriptor(struct conv *c)
{
	const struct given_socket *d = &c->options->descriptor;

	if (d->served && !c->options->only_asks)
		c->listener = d->fd;
	else
		c->connection = d->fd;
	if (is_set(d->fd, &mechanisms[USUAL]) == true)
		c->mechanism = &mechanisms[USUAL];
	if (c->options->only_asks || is_set(d->fd, c->mechanism) != false)
		return;
	cleanup.fd = d->fd;
	cleanup.option = c->mechanism->name;
}

/* What others hold as well is left as it was, and open. */
static void
leave_descriptor(struct conv *c)
{
	unset_option();
	c->listener = c->connection = -1;
}

/* From here on nothing is left behind, however we end. */
static void
open_conv(struct conv *c, const struct options *o, jmp_buf *broken)
{
	const bool client = o->role == ROLE_CLIENT || o->role == ROLE_PEER;
	const bool any_client = o->role == ROLE_SERVER || o->role == ROLE_FD;
	/*
	 * Who is not our client may attach what looks like the usual option's
	 * control message, but nothing that looks like the persistent one's.
	 */
	const bool persistent = any_client && mechanisms[EVERY].option != NULL;

	*c = (struct conv){ .options = o, .schedule = o->schedule,
	    .mechanism = &mechanisms[persistent ? EVERY : USUAL],
	    .time = now(), .other = { .control = -1, .wake = -1,
	    .spin = o->counted ? MOST_SPINS : 0 },
	    .may_wait = !any_client,
	    .listener = -1, .connection = -1, .client_copy = -1,
	    .other_socket = -1,
	    .message = { .socktype = types[o->type].type,
	    .sender.may_claim = any_client, .anyone = is_exposed(o) },
	    .broken = broken };
	c->shared = mmap(NULL, sizeof(*c->shared), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	if (c->shared == MAP_FAILED)
		err(EXIT_TROUBLE, "mmap");
	take_side(c, client ? CLIENT : SERVER);
	c->random = (uint64_t)c->time ^ (uint64_t)c->self << 40;
	c->random ^= unguessable(c);
	c->shared->go_on = unguessable(c);
	for (enum side side = SERVER; side < NSIDES; side++)
		c->shared->bound[side] = (struct made_file){ .type = S_IFSOCK,
		    .directory = -1 };
	cleanup.conv = c;
	if (o->role == ROLE_FD)
		use_descriptor(c);
	if (o->path == NULL || o->role == ROLE_FD)
		return;
	set_server_address(c);
	if (!client && !is_abstract(o))
		open_directories(c);
	/* Both sides are to know it, and so before there are two. */
	if (is_named_dgram(c->options) && !any_client)
		set_client_address(c);
	if (c->side == SERVER)
		c->listener = named_socket(c);
}

/* What joins the two processes: a channel for descriptors, and the wake-up. */
struct lines {
	int control[NSIDES], wake[NSIDES];
};

static void
open_lines(struct conv *c, struct lines *l)
{
	int error;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, l->control) == -1)
		fail(c, errno, "socketpair");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, l->wake) == -1) {
		error = errno;
		(void)close(l->control[SERVER]);
		(void)close(l->control[CLIENT]);
		fail(c, error, "socketpair");
	}
}

/* Takes our ends of the lines, and closes the other side's. */
static void
take_lines(struct conv *c, const struct lines *l)
{
	c->other.control = l->control[c->side];
	c->other.wake = l->wake[c->side];
	(void)close(l->control[!c->side]);
	(void)close(l->wake[!c->side]);
}

/* What our client attaches to its messages, and who it will be. */
static struct sender
expected_sender(const struct conv *c)
{
	const struct identity *user = &c->options->user;
	const unsigned char *list = c->schedule->client;

	return (struct sender){
	    .may_claim = has_step(list, CLAIM) || has_step(list, FORGE),
	    .pid = c->other.pid,
	    .uid = user->argument != NULL ? user->uid : getuid() };
}

/*
 * fork(2), and each process takes its side, and its ends of the lines.  Signals
 * wait for that, as one that ends the server has to find its client noted.
 */
static pid_t
fork_sides(struct conv *c, const struct lines *lines)
{
	sigset_t before;
	pid_t child;
	int error;

	block_signals(&before);
	child = fork();
	error = errno;
	take_side(c, child == 0 ? CLIENT : SERVER);
	take_lines(c, lines);
	if (child == 0)
		handle_signals(CLIENT, &before);
	else if (child > 0)
		c->other.pid = child;
	unblock_signals(&before);
	errno = error;
	return child;
}

/* Closes what fork(2) has left the client of its server's. */
static void
close_inherited(struct conv *c)
{
	(void)close(signals.wakeup[0]);
	(void)close(signals.wakeup[1]);
	signals.wakeup[0] = signals.wakeup[1] = -1;
	(void)close(c->listener);
	c->listener = -1;
}

/* Starts the client's process: only the server returns. */
static void
fork_client(struct conv *c)
{
	struct lines lines;
	pid_t child;

	open_lines(c, &lines);
	child = fork_sides(c, &lines);
	if (child == -1)	/* a survey goes on with its next cell */
		fail(c, errno, "fork");
	if (child == 0) {
		c->random++;	/* not the server's numbers */
		close_inherited(c);
		run_client(c);
	}
	/* The client itself can have another PID, in another namespace. */
	cred_id(&c->shared->client, PID, child, "fork");
	c->message.sender = expected_sender(c);
}

static void
close_conv(struct conv *c)
{
	struct pairs *p = &c->pairs;

	if (c->options->role == ROLE_FD)
		leave_descriptor(c);
	end_client(c);
	remove_bound(c);
	close_rights(&c->message);
	(void)close(c->shared->bound[SERVER].directory);
	for (; p->next < p->n; p->next++)
		(void)close(p->ends[SERVER][p->next]);
	if (c->connection != c->listener)
		(void)close(c->connection);
	(void)close(c->listener);
	(void)close(c->other.control);
	(void)close(c->other.wake);
	if (c->strangers > MOST_WARNINGS)
		warnx("not our client, and closed: %" PRIu64 " in all",
		    c->strangers);
}

/* Its pages go last, as they have what the report needs. */
static void
free_conv(struct conv *c)
{
	cred_free(&c->result.message);
	cred_free(&c->result.peer);
	cleanup.conv = NULL;
	(void)munmap(c->shared, sizeof(*c->shared));
}

/* What there is to say; only of our own client we know the truth. */
static struct report
report_of(const struct conv *c)
{
	const enum role role = c->options->role;
	const bool ours = role == ROLE_BOTH || role == ROLE_SURVEY;

	return (struct report){ .options = c->options,
	    .schedule = c->schedule, .mechanism = c->mechanism,
	    .truth = ours ? &c->shared->client : NULL,
	    .asked = &c->shared->asked,
	    .result = &c->result };
}

/* Whether a server's list has the option set before any client can write. */
static bool
sets_listener(const struct schedule *sr)
{
	for (const unsigned char *p = sr->server; *p != END; p++) {
		if (*p == OPTION || *p == PERSISTENT)
			return true;
		if (*p == READY)
			break;
	}
	return false;
}

/* Where a server's list has the option set; MOST_STEPS: nowhere. */
static int
option_position(const unsigned char *server)
{
	int at = 0;

	while (server[at] != END && server[at] != OPTION &&
	    server[at] != PERSISTENT)
		at++;
	return server[at] != END ? at : MOST_STEPS;
}

/* Whether our own client writes only when the option is set. */
static bool
awaits_option(const struct schedule *sr)
{
	const int option = option_position(sr->server);
	int awaited;

	for (const unsigned char *p = sr->client; *p != END; p++) {
		awaited = -1;
		if (*p == HEAR_GO_ON)
			awaited = position_of(sr->server, GO_ON, 0);
		else if (is_wait(*p))
			awaited = position_of(sr->server, step_of(*p), 0);
		else if (steps[*p].sends)
			break;
		if (awaited >= option)
			return true;
	}
	return false;
}

/*
 * Whether a message without credentials can be of a lost race: an order can set
 * no option at all, or have a second message, when one system's is used up.
 */
static bool
can_race(const struct schedule *sr, enum outcome o)
{
	unsigned messages = 0;

	if (!sr->given)
		return true;
	for (const unsigned char *p = sr->client; *p != END; p++)
		if (!is_wait(*p) && steps[*p].sends)
			messages++;
	return option_position(sr->server) < MOST_STEPS &&
	    (messages == 1 || o == PLACEHOLDER);
}

/* Who sent the message, if it says so; 0: nobody of whom we know. */
static intmax_t
sender_of(const struct result *r)
{
	if (r->outcome != CREDENTIALS || r->message.source[PID] == NULL)
		return 0;
	return r->message.id[PID];
}

/*
 * Whether a process has gone.  A PID can be another process's by now, which the
 * connection knows, if it is of the same one.
 */
static bool
has_gone(const struct conv *c, intmax_t pid)
{
	const struct cred *peer = &c->result.peer;

	if (kill((pid_t)pid, 0) == -1 && errno == ESRCH)
		return true;
	return peer->source[PID] != NULL && peer->id[PID] == pid &&
	    peer_process(c->connection) == -1;
}

/*
 * The program of a field's PID.  It is read before it is known that the process
 * has not gone, or it would be another's.  Our own client's is ours.
 */
static void
look_up_program(const struct report *rp, const struct conv *c,
    const struct cred *cr, char *program)
{
	intmax_t pid = cr->id[PID];
	const bool ours = rp->truth != NULL && pid == rp->truth->id[PID];

	if (cr->source[PID] == NULL || pid <= 0)
		return;
	if (!read_program(ours ? getpid() : pid, program))
		program[0] = '\0';
	if (!ours && has_gone(c, pid))
		strcpy(program, "gone");
	(void)make_visible(program);
}

/* With --names: the programs of who sent the message, and of who connected. */
static void
look_up_programs(struct report *rp, const struct conv *c)
{
	const struct result *r = rp->result;

	if (r->outcome == CREDENTIALS)
		look_up_program(rp, c, &r->message, rp->facts.sender);
	look_up_program(rp, c, &r->peer, rp->facts.connector);
}

/*
 * The process that sent the message, if it is not our client: which IDs it has,
 * where the message's are not the connection's or there is no connection; and
 * whether it has gone, there, where the connection names another process, and
 * with --names.
 */
static void
look_up_sender(struct report *rp, const struct conv *c)
{
	const struct result *r = rp->result;
	const intmax_t pid = sender_of(r);
	const bool connected = r->peer.source[EUID] != NULL || r->own_peer;
	const bool looks = have_ids_changed(rp) || !connected;
	struct facts *f = &rp->facts;

	if (rp->truth != NULL || pid == 0)
		return;
	if (!looks && !applies_handed_over(rp) && !rp->options->names)
		return;
	if (looks)
		f->process = look_at_process(pid);
	f->gone = has_gone(c, pid);
	if (f->gone)
		f->process.known = false;	/* it was another one */
}

/*
 * Looks up the facts for the notes of a report, when its result is complete.
 * A flood of messages is to cost nothing: namespaces are looked at only where
 * an ID can come of them, and a process only as said above.
 */
static void
look_up(struct report *rp, struct conv *c)
{
	const struct result *r = rp->result;
	const bool ours = rp->truth != NULL;
	struct facts *f = &rp->facts;

	f->option_first = rp->options->role != ROLE_FD &&
	    (sets_listener(rp->schedule) ||
	    (ours && awaits_option(rp->schedule)));
	f->inherited = !r->lacks_option;
	f->can_race = r->read && can_race(rp->schedule, r->outcome);
	read_overflow(&c->message.overflow);
	f->overflow = c->message.overflow;
	if (r->outcome != CREDENTIALS || has_pid_0(rp) ||
	    has_overflow_user(rp) || has_overflow_group(rp))
		f->view = look_around();
	if (rp->options->names)
		look_up_programs(rp, c);
	look_up_sender(rp, c);
}

/* The rule: option before write, always credentials; option after it, never. */
static bool
breaks_rule(enum class k, enum outcome o)
{
	return k == (o == CREDENTIALS ? AFTER : BEFORE);
}

/* A trial of the race, by what came first in the readings of both sides. */
static void
count_race(struct tally *t, const struct conv *c, const struct result *r)
{
	const struct span *option = span_of(c, SERVER, OPTION);
	const struct span *message = span_of(c, CLIENT, WRITE);
	const intmax_t accepted = span_of(c, SERVER, ACCEPT)->ended;
	const intmax_t setting = option->begun - accepted;
	const intmax_t set = option->ended - accepted;
	const intmax_t writing = message->begun - accepted;
	const intmax_t written = message->ended - accepted;
	const intmax_t lead = (writing + written - setting - set) / 2;
	const bool accepts = c->options->path != NULL &&
	    !is_named_dgram(c->options);
	enum class k = OVERLAP;
	int bin = 0;

	if (accepts && writing < 0)
		k = UNACCEPTED;
	else if (set < writing)
		k = BEFORE;
	else if (written < setting)
		k = AFTER;
	t->classes[k][r->outcome]++;
	while (bin < NBINS - 1 && lead >= bin_edge(c->options, bin + 1))
		bin++;
	t->bins[bin][r->outcome]++;
	if (!breaks_rule(k, r->outcome))
		return;
	t->violations++;
	if (t->violations <= MOST_WARNINGS)
		warnx("violation in trial %" PRIu64 ": %s, %s (ns from "
		    "accepted: option %jd to %jd, write %jd to %jd)", c->trial,
		    classes[k].text, outcomes[r->outcome], setting, set,
		    writing, written);
}

static void
count_result(struct tally *t, const struct report *rp)
{
	t->trials++;
	t->counts[rp->result->outcome]++;
	if (matches(rp) == false)
		t->mismatches++;
	if (rp->result->refused != END)
		t->refused++;
}

static int
exit_status(const struct report *rp, const struct tally *t)
{
	bool good = t->mismatches == 0 && t->violations == 0 &&
	    t->refused == 0;

	if (t->counts[UNSUPPORTED] > 0)
		return EXIT_TROUBLE;
	if (!is_race(rp))
		good = good && t->trials > 0 &&
		    t->counts[CREDENTIALS] == t->trials;
	return good ? EXIT_SUCCESS : EXIT_MISSING;
}

/* Nothing has come yet; memory that is there stays. */
static void
begin_result(struct result *r)
{
	r->outcome = NONE;
	r->bytes = r->descriptors = 0;
	r->read = r->ctrunc = r->trunc = r->has_ids = false;
	cred_forget(&r->message);
	r->refused = END;
	r->error = 0;
}

/* The step that the kernel has refused, if it has. */
static void
note_refused(struct conv *c)
{
	const struct refusal *refusal = refusal_of(c);

	if (refusal == NULL)
		return;
	c->result.refused = refusal->step;
	c->result.error = refusal->error;
}

/*
 * One trial, from the server's side.  Returns 0, or the errno of a step that
 * was refused, which ended it.
 */
static int
run_trial(struct conv *c)
{
	begin_result(&c->result);
	run_steps(c);
	note_refused(c);
	return c->result.error;
}

/* A word to whoever waits at a terminal, five times a second. */
struct progress {
	int64_t start;			/* of the run */
	int64_t next;			/* when to say the next one */
};

/* In seconds, until there were so many trials, or the run's time is over. */
static double
time_left(const struct options *o, uint64_t trials, double elapsed)
{
	const double left = (double)(o->count - trials) * elapsed /
	    (double)trials;
	const double limit = (double)o->limit / SECOND - elapsed;

	if (o->limit == 0 || left < limit)
		return left;
	return MAX(limit, 0);		/* the last trial is on its way */
}

static void
show_progress(struct progress *p, const struct conv *c, int64_t time)
{
	const double elapsed = (double)(time - p->start) / SECOND;
	const struct options *o = c->options;

	if (time < p->next)
		return;
	p->next = time + SECOND / 5;
	if (!has_room(STDERR_FILENO, 0))
		return;			/* as at a terminal after ^S */
	signals.progress = 1;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " trials, %.0f a second, "
	    "%.0f s left  ", c->trial, o->count, (double)c->trial / elapsed,
	    time_left(o, c->trial, elapsed));
}

/* Prints the times of a trial, the first that had its outcome. */
static void
tell_of_trial(const struct conv *c)
{
	if (c->options->counted)
		fprintf(stderr, "Trial %" PRIu64 ": %s\n", c->trial,
		    outcomes[c->result.outcome]);
	print_timeline(c->schedule, spans_of(c, SERVER), spans_of(c, CLIENT));
}

/* Holds the conversations; the last one's result stays. */
static void
hold_trials(struct conv *c, struct tally *t, int64_t start)
{
	const struct options *o = c->options;
	const struct result *r = &c->result;
	const struct report report = report_of(c);
	const bool race = is_race(&report);
	struct progress progress = { .start = start, .next = INT64_MAX };
	int64_t time = start;

	if (!o->quiet && isatty(STDERR_FILENO))
		progress.next = start + SECOND;
	while (c->trial < o->count && !signals.stopped &&
	    (o->limit == 0 || time < start + o->limit)) {
		(void)run_trial(c);
		count_result(t, &report);
		if (race && r->outcome != UNSUPPORTED)
			count_race(t, c, r);
		if (o->verbose && t->counts[r->outcome] == 1)
			tell_of_trial(c);
		time = c->time;
		show_progress(&progress, c, time);
	}
}

/* The same, until a signal: the trial under way is none, if it does not end. */
static void
run_trials(struct conv *c, struct tally *t)
{
	const int64_t start = now();
	jmp_buf stop;

	if (signals.stoppable)
		c->stop = &stop;
	if (setjmp(stop) == 0)
		hold_trials(c, t, start);
	c->stop = NULL;
	clear_progress();
	t->elapsed = MAX(now() - start, 1);
}

static int
run_both(const struct options *o)
{
	struct tally tally = { .trials = 0 };
	struct report report;
	struct conv c;
	int status;

	open_conv(&c, o, NULL);
	fork_client(&c);
	run_trials(&c, &tally);
	close_conv(&c);
	report = report_of(&c);
	if (!o->counted)
		look_up(&report, &c);
	signals.writing = 1;
	if (!o->quiet) {
		if (o->counted)
			(o->json ? json_tally : text_trials)(&report, &tally);
		else
			(o->json ? json_result : text_result)(&report);
		finish_report();
	}
	if (!o->counted)
		explain(&report);
	status = exit_status(&report, &tally);
	free_conv(&c);
	return status;
}

/*
 * 12. A client of its own, of somebody else's server.
 */
/* What the server of somebody else did with a connection. */
static void
tell_answer(const struct conv *c)
{
	const struct answer *a = &c->answer;

	fprintf(stderr, "The server ");
	if (a->bytes > 0)
		fprintf(stderr, "sent %zu byte%s%s\n", a->bytes,
		    a->bytes == 1 ? "" : "s",
		    a->closed ? ", and closed the connection" : "");
	else if (a->closed)
		fprintf(stderr, "closed the connection\n");
	else
		fprintf(stderr, "sent nothing\n");
}

/* A connection of a client's own: the first of each kind is told of. */
static void
tell_of_connection(const struct conv *c, unsigned *told)
{
	const struct answer *a = &c->answer;
	const struct refusal *refusal = refusal_of(c);
	const unsigned kind = 1U << ((refusal != NULL ? 4 : 0) +
	    (a->bytes > 0 ? 2 : 0) + (a->closed ? 1 : 0));

	if ((*told & kind) != 0)
		return;
	*told |= kind;
	if (c->options->counted && c->options->verbose)
		fprintf(stderr, "Connection %" PRIu64 "\n", c->trial);
	if (c->options->verbose)
		print_timeline(c->schedule, spans_of(c, SERVER),
		    spans_of(c, CLIENT));
	if (c->options->verbose && a->read)
		tell_answer(c);
	if (refusal != NULL)
		warnx("client: %s was refused: %s (%s)",
		    steps[refusal->step].word, strerror(refusal->error),
		    error_name(refusal->error));
}

/* The client of somebody's server, which says only what it is asked to. */
static int
run_client_alone(const struct options *o)
{
	struct conv c;
	unsigned told = 0;
	bool refused = false;

	open_conv(&c, o, NULL);
	become_client(&c);
	while (c.trial < o->count) {
		c.answer.read = false;
		run_steps(&c);
		if (refusal_of(&c) != NULL)
			refused = true;
		tell_of_connection(&c, &told);
	}
	free_conv(&c);
	return refused ? EXIT_MISSING : EXIT_SUCCESS;
}

/*
 * What a connection knows of its other side, or a listener of itself.  Where we
 * have connected that is not ourselves, though gVisor, and NetBSD until 8, say
 * so; the other side of somebody's descriptor can be us, before exec(2).
 */
static int
report_peer(struct conv *c)
{
	const struct options *o = c->options;
	struct report report = report_of(c);
	struct result *r = &c->result;

	r->own_peer = o->role == ROLE_PEER && r->peer.source[PID] != NULL &&
	    r->peer.id[PID] == getpid();
	if (r->own_peer)
		cred_forget(&r->peer);
	if (r->peer.source[PID] != NULL || r->peer.source[EUID] != NULL)
		r->outcome = CREDENTIALS;
	else if (!o->quiet && !o->json && !r->own_peer)
		warnx("the connection knows nothing of its %s",
		    o->role == ROLE_PEER ? "listener" : "other side");
	look_up(&report, c);
	if (!o->quiet) {
		(o->json ? json_result : text_result)(&report);
		finish_report();
	}
	return r->outcome == CREDENTIALS ? EXIT_SUCCESS : EXIT_MISSING;
}

/* Asks who listens at a path, by either type that has connections. */
static int
run_peer(struct options *o)
{
	struct conv c;
	int status;

	for (;; o->type++) {
		open_conv(&c, o, NULL);
		run_steps(&c);
		if (refusal_of(&c) == NULL)
			break;
		free_conv(&c);
	}
	if (o->verbose)
		print_timeline(c.schedule, spans_of(&c, SERVER),
		    spans_of(&c, CLIENT));
	status = report_peer(&c);
	free_conv(&c);
	return status;
}

/*
 * 13. A server of its own: one process, and any number of clients at once.  It
 * waits in poll(2) alone, and for none of them in particular.
 */
struct client {
	int fd;
	int64_t deadline;		/* of its message */
	uint64_t number;		/* of its connection, from 1 */
	uint64_t messages;		/* that were reported; with --all */
	enum step refused;		/* by the kernel, as in a result */
	int error;
};

/* What poll(2) looks at; the clients' sockets are the last of it. */
enum { WAKEUP, LISTENER, FIRST_CLIENT };

struct server {
	struct conv *conv;
	size_t after_accept;		/* a position in the server's list */
	struct tally tally;
	struct client *clients;
	struct pollfd *fds;		/* FIRST_CLIENT more than clients */
	size_t nclients, room;		/* in use; that memory is there for */
	uint64_t accepted, served;	/* connections, or datagrams */
	int64_t listener_paused_until;	/* 0: it is not */
	bool paused_before;		/* which is said once */
};

/* Notes that a client has connected and is still to send its message. */
static void
add_client(struct server *s, int fd)
{
	const struct refusal *refusal = refusal_of(s->conv);

	if (s->nclients == s->room) {
		s->room = 2 * s->room + 16;
		s->clients = realloc(s->clients,
		    s->room * sizeof(*s->clients));
		s->fds = realloc(s->fds,
		    (FIRST_CLIENT + s->room) * sizeof(*s->fds));
	}
	if (s->clients == NULL || s->fds == NULL)
		err(EXIT_TROUBLE, "%zu clients", s->nclients);
	s->clients[s->nclients++] = (struct client){ .fd = fd,
	    .deadline = now() + s->conv->options->timeout,
	    .number = s->accepted,
	    .refused = refusal != NULL ? refusal->step : END,
	    .error = refusal != NULL ? refusal->error : 0 };
}

/* The last one takes its place. */
static void
remove_client(struct server *s, struct client *client)
{
	*client = s->clients[--s->nclients];
}

/* A line of a client's own: what went wrong with it stops nobody else. */
static void
warn_of_client(uint64_t number, const char *what)
{
	if (number == 0)		/* it is the only one */
		warnx("%s", what);
	else
		warnx("connection %" PRIu64 ": %s", number, what);
	cleanup.trouble = true;
}

/*
 * A connection that has ended, if it is not -1, ends for its client too, who
 * need not wait for the report, but not before its process was looked up.
 */
static void
report_client(struct server *s, uint64_t number, uint64_t message, int ended)
{
	struct report report = report_of(s->conv);

	signals.writing = 1;
	report.connection = number;
	report.number = message;
	read_option(s->conv);
	look_up(&report, s->conv);
	if (ended != -1)
		(void)shutdown(ended, SHUT_RDWR);
	count_result(&s->tally, &report);
	if (!s->conv->options->quiet) {
		if (s->conv->options->json)
			json_result(&report);
		else {
			printf(s->tally.trials > 1 ? "\n" : "");
			if (number != 0)
				printf("Connection %" PRIu64, number);
			if (message != 0)
				printf("%sessage %" PRIu64,
				    number != 0 ? ", m" : "M", message);
			printf(number != 0 || message != 0 ? "\n" : "");
			text_result(&report);
		}
		flush_report();
	}
	signals.writing = 0;
	explain(&report);
}

/*
 * Reads a message, or the end, of a client's connection or of the datagram
 * socket.  Returns false if nothing is there yet, unless it is too late for it,
 * and else notes what came in the result; *error is that of recvmsg(2), or 0.
 */
static bool
read_message(struct server *s, int fd, bool late, int *error)
{
	struct conv *c = s->conv;
	struct message *m = &c->message;
	bool not_yet;			/* and no error either */

	c->connection = fd;
	*error = 0;
	if (receive_now(c, room_for_message(c)) == -1) {
		not_yet = errno == EAGAIN || errno == EINTR;
		if (not_yet && !late)
			return false;
		if (!not_yet)
			*error = errno;
		m->nothing = not_yet;
		m->empty = true;	/* neither is the end of file */
	}
	parse(m, &c->result);
	cred_forget(&c->result.peer);
	return true;
}

static void
report_message(struct server *s, const struct client *client, int error)
{
	const struct options *o = s->conv->options;
	struct result *r = &s->conv->result;
	char text[128];

	ask_client(s->conv, client->fd);
	r->refused = client->refused;
	r->error = client->error;
	if (error != 0) {
		snprintf(text, sizeof(text), "recvmsg: %s", strerror(error));
		warn_of_client(client->number, text);
	}
	if (o->all)
		report_client(s, client->number, client->messages + 1, -1);
	else
		report_client(s, client->number, 0,
		    client->fd == o->descriptor.fd ? -1 : client->fd);
}

/* After the report, as that can take until the timer interrupts it. */
static void
close_client(struct server *s, const struct client *client)
{
	if (client->fd != s->conv->options->descriptor.fd)
		close_strangers(client->fd);
	s->served++;
	s->listener_paused_until = 0;	/* there is a descriptor again */
}

/*
 * Serves a client, if its message is there or is late; returns whether that was
 * all.  With --all it goes on until the end of the connection, an error, or a
 * message that is late; the end is reported if no message came before it.
 */
static bool
serve_client(struct server *s, struct client *client, bool late)
{
	const struct options *o = s->conv->options;
	const struct result *r = &s->conv->result;
	int error;

	if (!read_message(s, client->fd, late, &error))
		return false;
	if (r->outcome != CLOSED || client->messages == 0)
		report_message(s, client, error);
	close_rights(&s->conv->message);
	if (o->all && error == 0 && r->outcome != CLOSED &&
	    r->outcome != TIMEOUT) {
		client->messages++;
		client->deadline = now() + o->timeout;
		return false;
	}
	close_client(s, client);
	return true;
}

/* Serves the next datagram; false if there is none. */
static bool
serve_datagram(struct server *s)
{
	struct conv *c = s->conv;
	int error;

	if (!read_message(s, c->listener, false, &error))
		return false;
	if (error != 0)
		fail(c, error, "recvmsg");
	report_client(s, ++s->accepted, 0, -1);
	s->served++;
	close_rights(&c->message);
	return true;
}

/* Takes a step for a client; one that fails is a line of that client's. */
static void
greet_with(struct server *s, size_t at)
{
	struct conv *c = s->conv;
	jmp_buf broken;

	c->broken = &broken;
	if (setjmp(broken) == 0)
		follow(c, at);
	else {
		warn_of_client(s->accepted, c->shared->failure);
		c->shared->failed = NOT_FAILED;
	}
	c->broken = NULL;
}

/* The steps between accept(2) and the message, which is read in any case. */
static void
greet_client(struct server *s)
{
	const unsigned char *list = s->conv->schedule->server;

	for (size_t at = s->after_accept; list[at] != RECEIVE; at++)
		greet_with(s, at);
}

/* Descriptors or memory have run out, of which clients that leave free some. */
static void
pause_listener(struct server *s)
{
	if (!s->paused_before)
		warn("accept: waiting for clients to leave");
	s->paused_before = true;
	s->listener_paused_until = now() + 100 * MILLISECOND;
}

/*
 * accept(2), without waiting.  A listening socket that we were given can block,
 * as it is others' to say, and they may accept what poll(2) has told us of.
 */
static int
accept_next(const struct conv *c)
{
	int fd, error;

	if (c->options->role != ROLE_FD)
		return accept(c->listener, NULL, NULL);
	handle_alarm(0, NULL);
	interrupt_calls(true);
	fd = accept(c->listener, NULL, NULL);
	error = errno;
	interrupt_calls(false);
	handle_alarm(SA_RESTART, NULL);
	errno = error;
	return fd;
}

/* Takes a connection; false if there is none, or no room for it. */
static bool
accept_connection(struct server *s)
{
	struct conv *c = s->conv;
	struct client *client;
	const int fd = accept_next(c);

	if (fd == -1) {
		if (errno == EMFILE && s->nclients == 0)
			err(EXIT_TROUBLE, "accept");	/* nobody can leave */
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			pause_listener(s);
		else if (errno != ECONNABORTED && errno != EAGAIN &&
		    errno != EINTR)
			err(EXIT_TROUBLE, "accept");
		return false;
	}
	s->accepted++;
	c->connection = fd;
	c->time = now();
	c->trial = s->accepted;
	greet_client(s);
	add_client(s, fd);
	client = &s->clients[s->nclients - 1];
	if (serve_client(s, client, false))
		remove_client(s, client);
	return true;
}

/* Whether a further client is wanted: each that waits is to be reported on. */
static bool
wants_more(const struct server *s)
{
	return s->served + s->nclients < s->conv->options->count;
}

/*
 * poll(2), which refuses more than the limit of open files (RLIMIT_NOFILE), as
 * another process can have lowered it since they were opened.  All of them are
 * looked at then, some times a second.
 */
static void
poll_many(struct pollfd *fds, size_t n, int timeout)
{
	if (poll(fds, (nfds_t)n, timeout) != -1 || errno == EINTR)
		return;
	if (errno != EINVAL)
		err(EXIT_TROUBLE, "poll");
	(void)poll(NULL, 0, MIN(timeout, 20));
	for (size_t i = 0; i < n; i++)
		fds[i].revents = fds[i].events;
}

/* Sleeps until a client comes or writes, or a deadline is over, or a signal. */
static void
await_clients(struct server *s)
{
	const bool listens = wants_more(s) && s->listener_paused_until == 0;
	int64_t next = now() + 3600 * SECOND;

	if (s->listener_paused_until != 0)
		next = MIN(next, s->listener_paused_until);
	s->fds[WAKEUP] = (struct pollfd){ .fd = signals.wakeup[0],
	    .events = POLLIN };
	s->fds[LISTENER] = (struct pollfd){ .fd = s->conv->listener,
	    .events = listens ? POLLIN : 0 };
	for (size_t i = 0; i < s->nclients; i++) {
		next = MIN(next, s->clients[i].deadline);
		s->fds[FIRST_CLIENT + i] = (struct pollfd){
		    .fd = s->clients[i].fd, .events = POLLIN };
	}
	poll_many(s->fds, FIRST_CLIENT + s->nclients, milliseconds_until(next));
	if (now() >= s->listener_paused_until)
		s->listener_paused_until = 0;
}

/* From the end, as the last one takes the place of who leaves. */
static void
serve_ready(struct server *s)
{
	const int64_t time = now();
	bool ready, late;

	for (size_t i = s->nclients; i-- > 0;) {
		ready = s->fds[FIRST_CLIENT + i].revents != 0;
		late = time >= s->clients[i].deadline;
		if ((ready || late) && serve_client(s, &s->clients[i], late))
			remove_client(s, &s->clients[i]);
	}
}

/* Serves until as many have been reported on as were asked for. */
static void
serve(struct server *s)
{
	const bool datagrams = is_named_dgram(s->conv->options);
	bool more;

	while (!signals.stopped && s->served < s->conv->options->count) {
		await_clients(s);
		serve_ready(s);
		/* Not all at once, so that nobody waits for a crowd to pass. */
		more = true;
		for (int n = 0; n < 64 && more && wants_more(s); n++)
			more = datagrams ? serve_datagram(s) :
			    accept_connection(s);
	}
	while (s->nclients > 0)
		close_strangers(s->clients[--s->nclients].fd);
}

static void
say_listening(const struct options *o)
{
	const bool terminal = isatty(STDERR_FILENO);
	char *path;

	if (!o->verbose && (o->quiet || !terminal))
		return;
	path = visible(o->path != NULL ? o->path : "a socket without a name");
	fprintf(stderr, "Listening on %s%s\n", path,
	    terminal ? "; ^C ends it" : "");
	free(path);
}

/* The listener, which is open, becomes ready; the rest is for each client. */
static void
start_listening(struct server *s)
{
	const unsigned char *list = s->conv->schedule->server;
	const struct refusal *refusal;
	size_t at;

	s->conv->trial = 1;
	for (at = 0; list[at] != ACCEPT; at++)
		follow(s->conv, at);
	if ((refusal = refusal_of(s->conv)) != NULL)
		fail(s->conv, refusal->error, "%s",
		    steps[refusal->step].word);
	s->after_accept = at + 1;
}

/* Below the results, unless there was to be one alone, which a script takes. */
static void
report_tally(const struct server *s, const struct report *rp)
{
	const struct options *o = rp->options;

	if (o->json && o->counted)
		json_tally(rp, &s->tally);
	if (o->json)
		return;
	printf(s->tally.trials > 0 ? "\n" : "");
	text_tally(o->all ? "message" : "connection", &s->tally);
	if (o->role == ROLE_FD)
		text_descriptor(rp);
}

static int
run_server(const struct options *o)
{
	const int64_t start = now();
	struct conv c;
	struct server s = { .conv = &c };
	struct report report;
	int status;

	open_conv(&c, o, NULL);
	s.fds = calloc(FIRST_CLIENT, sizeof(*s.fds));
	if (s.fds == NULL)
		err(EXIT_TROUBLE, "calloc");
	start_listening(&s);
	say_listening(o);
	serve(&s);
	s.tally.elapsed = MAX(now() - start, 1);
	c.connection = -1;
	close_conv(&c);
	signals.writing = 1;
	report = report_of(&c);
	if (!o->quiet) {
		report_tally(&s, &report);
		finish_report();
	}
	status = exit_status(&report, &s.tally);
	free(s.clients);
	free(s.fds);
	free_conv(&c);
	return status;
}

/*
 * 14. A socket that we are given (--fd), as another program has opened it.
 */
/* Asks for the peer by a copy, which is closed before that is reported. */
static int
ask_by_copy(const struct options *o)
{
	struct conv c;
	int status;

	open_conv(&c, o, NULL);
	peer_cred(c.connection, &c.result.peer);
	if (!o->descriptor.listening)	/* SELinux answers, of nobody */
		peer_label(c.connection, &c.result.peer);
	ask_pidfd(&c);
	close_strangers(c.connection);
	status = report_peer(&c);
	free_conv(&c);
	return status;
}

/* A connection that we were given: a server's only one. */
static int
read_connection(const struct options *o)
{
	struct conv c;
	struct server s = { .conv = &c };
	struct report report;
	int status;

	open_conv(&c, o, NULL);
	set_usual_option(&c);
	add_client(&s, c.connection);
	while (s.nclients > 0) {
		await_clients(&s);
		serve_ready(&s);
	}
	close_conv(&c);
	if (!o->quiet)
		finish_report();
	report = report_of(&c);
	status = exit_status(&report, &s.tally);
	free(s.clients);
	free(s.fds);
	free_conv(&c);
	return status;
}

/* A usage error, or a descriptor that is none of what the user says. */
#define REFUSE(...)	errx(EXIT_TROUBLE, __VA_ARGS__)

/* As --fd has it. */
static const char *
descriptor_text(const struct given_socket *d)
{
	static char text[64];

	if (d->process == 0)
		snprintf(text, sizeof(text), "--fd %d", d->number);
	else
		snprintf(text, sizeof(text), "--fd %jd:%d",
		    (intmax_t)d->process, d->number);
	return text;
}

/* A copy of another process's descriptor (pidfd_getfd(2)). */
static int
copy_descriptor(const struct given_socket *d)
{
	const char *text = descriptor_text(d), *why;
	const int pidfd = PIDFD_OPEN(d->process);
	int fd;

	/* ENOENT is what Linux 6.18 says. */
	if (pidfd == -1 && (errno == EINVAL || errno == ENOENT))
		REFUSE("%s: a thread, not a process", text);
	if (pidfd == -1 && errno == ENOSYS)
		REFUSE("%s: this system has no pidfd_open(2)", text);
	if (pidfd == -1)
		err(EXIT_TROUBLE, "%s: pidfd_open", text);
	fd = PIDFD_GETFD(pidfd, d->number);
	if (fd == -1 && errno == EPERM) {
		why = why_no_copy(d->process);
		errno = EPERM;
		err(EXIT_TROUBLE, "%s: %s", text, why);
	}
	if (fd == -1 && errno == EBADF)
		REFUSE("%s: not open there", text);
	if (fd == -1)
		err(EXIT_TROUBLE, "%s: pidfd_getfd", text);
	(void)close(pidfd);
	return fd;
}

static int
socket_option(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	(void)getsockopt(fd, SOL_SOCKET, option, &value, &len);
	return value;
}

/* The name of a socket, or else of its peer; an abstract one begins with @. */
static void
name_descriptor(struct given_socket *d)
{
	struct sockaddr_un sun;
	const socklen_t head = offsetof(struct sockaddr_un, sun_path);
	int (*const calls[])(int, struct sockaddr *, socklen_t *) = {
		getsockname, getpeername };
	socklen_t len;

	for (size_t i = 0; i < nitems(calls) && d->name[0] == '\0'; i++) {
		memset(&sun, 0, sizeof(sun));
		len = sizeof(sun);
		if (calls[i](d->fd, (struct sockaddr *)&sun, &len) == -1 ||
		    len <= head)
			continue;
		len = MIN(len, (socklen_t)sizeof(sun)) - head;
		memcpy(d->name, sun.sun_path, len);
		if (ABSTRACT && d->name[0] == '\0')
			for (socklen_t n = 0; n < len; n++)
				if (d->name[n] == '\0')
					d->name[n] = '@';
	}
}

/* Whether there is another side, or was. */
static bool
is_connected(int fd, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char byte;

	if (getpeername(fd, (struct sockaddr *)&ss, &len) == 0)
		return true;
	/* On the BSDs one that has left has no name; its message is there. */
	return type != SOCK_DGRAM &&
	    recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != -1;
}

/* What kind of socket a descriptor is; one that is none is refused. */
static void
look_at_descriptor(struct options *o)
{
	struct given_socket *d = &o->descriptor;
	const char *text = descriptor_text(d);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	bool connected;

	memset(&ss, 0, sizeof(ss));
	if (getsockname(d->fd, (struct sockaddr *)&ss, &len) == -1)
		REFUSE("%s: %s", text, errno == EBADF ? "not open" :
		    errno == ENOTSOCK ? "not a socket" : strerror(errno));
	if (ss.ss_family != AF_UNIX)
		REFUSE("%s: not a UNIX-domain socket", text);
	o->type = 0;
	while (o->type < nitems(types) &&
	    types[o->type].type != socket_option(d->fd, SO_TYPE))
		o->type++;
	if (o->type == nitems(types))
		REFUSE("%s: not a stream, seqpacket or datagram socket", text);
	d->listening = socket_option(d->fd, SO_ACCEPTCONN) != 0;
	connected = !d->listening && is_connected(d->fd, types[o->type].type);
	name_descriptor(d);
	o->path = d->name[0] != '\0' ? d->name : NULL;
	d->served = d->listening || (types[o->type].type == SOCK_DGRAM &&
	    !connected && o->path != NULL);
	if (!d->served && !connected)
		REFUSE("%s: neither listening nor connected", text);
}

/* Whether two descriptors are of one socket. */
static bool
is_same(int fd, int other)
{
	struct stat st, other_st;

	return fstat(fd, &st) == 0 && fstat(other, &other_st) == 0 &&
	    S_ISSOCK(st.st_mode) && st.st_dev == other_st.st_dev &&
	    st.st_ino == other_st.st_ino;
}

/*
 * Nothing of ours goes to the other side of what we were given: a report that
 * would, goes to standard error.
 */
static void
keep_output_apart(struct given_socket *d)
{
	if (is_same(d->fd, STDERR_FILENO))
		REFUSE("%s: standard error is that socket, too, and its other "
		    "side would read it", descriptor_text(d));
	if (!is_same(d->fd, STDOUT_FILENO))
		return;
	if (d->fd == STDOUT_FILENO)
		d->fd = dup(STDOUT_FILENO);
	if (d->fd == -1 || dup2(STDERR_FILENO, STDOUT_FILENO) == -1)
		err(EXIT_TROUBLE, "%s: dup", descriptor_text(d));
}

/* Before anything is printed, or waited for. */
static void
find_descriptor(struct options *o)
{
	struct given_socket *d = &o->descriptor;
	const struct mechanism *m = mechanisms;

	d->fd = d->number;
	if (d->process != 0)
		d->fd = copy_descriptor(d);
	else if (d->fd <= STDERR_FILENO && (o->missing_stdio & 1U << d->fd))
		REFUSE("%s: not open", descriptor_text(d));
	look_at_descriptor(o);
	o->only_asks = d->process != 0;
	if (o->only_asks && (o->all || o->data))
		REFUSE("--%s means nothing with %s, of which nothing is read",
		    o->all ? "all" : "data", descriptor_text(d));
	if (!o->only_asks)
		keep_output_apart(d);
	d->had_option = is_set(d->fd, &m[USUAL]);
	if (d->had_option != true && m[EVERY].option != NULL)
		d->had_option = is_set(d->fd, &m[EVERY]);
	if (d->had_option == false && !OPTION_READS_BACK)
		d->had_option = -1;	/* or used up, which reads the same */
	if (d->served && !o->only_asks) {
		signals.stoppable = 1;
		if (types[o->type].type == SOCK_DGRAM)
			o->schedule = &fd_dgram_schedule;
	} else if (o->count != UINT64_MAX)
		REFUSE("--count means nothing with %s, which is one connection",
		    descriptor_text(d));
	else
		o->count = 1;
}

static int
run_fd(const struct options *o)
{
	if (o->only_asks)
		return ask_by_copy(o);
	return o->descriptor.served ? run_server(o) : read_connection(o);
}

/*
 * 15. The survey: each row's conversation, for every type of socket.
 */
struct survey {
	struct conv conv;		/* of the cell under way */
	int directory;			/* of the named sockets */
	struct cell cells[NROWS][nitems(types)];
};

/* Instead of an outcome; and what a finding can need besides one. */
enum { ERROR = NOUTCOMES };
enum need { ANY, ZERO_UID, CTRUNC, JOINED, BAD_PIDFD, CLIENTS_OWN, SERVERS_OWN,
    RIGHTS_FIRST, ONE_BYTE };

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
	{ "claimed_alone", "the same without any option",
	    { GOOD(CLAIMED_ALONE) } },
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
	{ "late_listener",
	    "a listener's option set after connect(2) is not inherited",
	    { LOST(LATE_LISTENER), GOOD(ON_LISTENER) } },
	{ "end_of_file", "end of file reports UID 0",
	    { { END_OF_FILE, IS(CLOSED), ZERO_UID } } },
	{ "empty_message", "0 bytes with credentials are a message",
	    { GOOD(EMPTY_MESSAGE) } },
	{ "empty_first", "0 bytes without credentials are no end of file",
	    { WHEN(EMPTY_FIRST, IS(NONE)) } },
	{ "two_writers", "one read can join two processes' bytes",
	    { { TWO_WRITERS, IS(CREDENTIALS), JOINED } } },
	{ "no_room", "write(2) succeeds, and a message without room is lost",
	    { WHEN(NO_ROOM, IS(TIMEOUT)) } },
	{ "nearly_full", "so is a short message to a nearly full buffer",
	    { WHEN(NEARLY_FULL, IS(TIMEOUT)) } },
	{ "after_no_room", "a message lost for want of room uses the option up",
	    { WHEN(NO_ROOM, IS(TIMEOUT)), WHEN(AFTER_NO_ROOM, IS(NONE)) } },
	{ "after_refused", "a message that is refused uses the option up",
	    { WHEN(AFTER_REFUSED, IS(NONE)), GOOD(OPTION_FIRST) } },
	{ "senders_closed", "a datagram is lost when its sender closes",
	    { WHEN(SENDERS_CLOSED, IS(TIMEOUT)) } },
	{ "senders_open", "of two sockets' datagrams the first is read last",
	    { { SENDERS_OPEN, IS(CREDENTIALS), ONE_BYTE } } },
	{ "small_buffer", "a small control buffer cuts the credentials",
	    { WHEN(SMALL_BUFFER, IS(TRUNCATED)) } },
	{ "descriptor_cuts",
	    "a descriptor pushes the credentials out of the buffer",
	    { WHEN(WITH_DESCRIPTOR, IS(TRUNCATED) | IS(NONE)) } },
	{ "ctrunc", "whole credentials can come with MSG_CTRUNC set",
	    { { WITH_DESCRIPTOR, IS(CREDENTIALS), CTRUNC } } },
	{ "descriptor_first", "descriptors come before the credentials",
	    { { BESIDE_DESCRIPTOR, IS(CREDENTIALS), RIGHTS_FIRST } } },
	{ "peer_listener", "the listening socket names the server itself",
	    { { PEER_LISTENER, IS(CREDENTIALS), SERVERS_OWN } } },
	{ "peer_closed", "of a peer that has closed nothing is known",
	    { WHEN(PEER_CLOSED, IS(NONE)), GOOD(PEER_PATH) } },
	{ "own_peer", "a client that asks for its peer gets itself",
	    { { PEER_SERVER, IS(CREDENTIALS), CLIENTS_OWN } } },
	{ "wrong_level", "set at the wrong level, the option seems to work",
	    { LOST(WRONG_LEVEL) } },
	{ "pidfd_lost", "a lost race brings no pidfd, and no placeholder",
	    { WHEN(PIDFD_LATE, IS(NONE)), GOOD(PIDFD_FIRST) } },
	{ "pidfd_errno", "the pidfd of a writer that has gone is an errno",
	    { { PIDFD_GONE, IS(NONE), BAD_PIDFD } } },
	{ "pidfd_peer_gone",
	    "to ask for the pidfd of a peer that has gone is an error",
	    { WHEN(PIDFD_PEER_GONE, IS(ERROR)), GOOD(PIDFD_PATH) } },
	{ "label_alone", "the label option alone brings no label, or unlabeled",
	    { LOST(LABEL_FIRST), GOOD(LABEL_BOTH) } },
	{ "label_never", "the label option is taken, and no label ever comes",
	    { WHEN(LABEL_BOTH, IS(NONE)), GOOD(LABEL_PAIR) } },
};

/* What one system alone has is in no other's table. */
static bool
has_row(enum row row)
{
	const enum kind kind = survey_rows[row].kind;

	if (survey_rows[row].spliced && !HAS_SPLICE)
		return false;
	return kind == USUAL || kind == PEER || mechanisms[kind].option != NULL;
}

/* The identity of an ordinary user, for root to take. */
static const struct identity ordinary = { .argument = "12345:12345",
    .uid = 12345, .gid = 12345 };

/* The connection's credentials become the cell's. */
static void
set_peer_outcome(struct result *r, const struct cred *peer)
{
	for (enum field f = PID; f < GROUPS; f++)
		cred_id(&r->message, f, peer->id[f], peer->source[f]);
	r->has_ids = true;
	r->outcome = peer->source[EUID] != NULL ? CREDENTIALS : NONE;
}

/* The message's pidfd is the cell's, or else the connection's. */
static void
set_pidfd_outcome(struct result *r, const struct pidfd *peer)
{
	struct pidfd *p = &r->message.pidfd;

	if (p->source == NULL)
		*p = *peer;
	if (p->source != NULL && p->fd >= 0)
		r->outcome = p->pid == -1 ? PLACEHOLDER : CREDENTIALS;
	else if (p->source != NULL)
		r->outcome = NONE;		/* an errno in its place */
	else if (r->outcome == CREDENTIALS) {
		cred_forget(&r->message);	/* which the row is not about */
		r->outcome = NONE;
	}
}

/*
 * The same of labels.  What has none SELinux calls unlabeled, in a context that
 * each policy words in its way.
 */
static void
set_label_outcome(struct result *r, const struct label *label)
{
	if (label->source == NULL && r->outcome != CREDENTIALS &&
	    r->outcome != PLACEHOLDER)
		return;
	if (label->source == NULL) {
		cred_forget(&r->message);
		r->outcome = NONE;
	} else
		r->outcome = strstr(label->text, "unlabeled") != NULL ?
		    PLACEHOLDER : CREDENTIALS;
}

/* What a row is about may not be the message's credentials. */
static void
set_cell_outcome(const struct schedule *sr, struct result *r,
    const struct cred *peer)
{
	if (sr->kind == PEER)
		set_peer_outcome(r, peer);
	else if (sr->kind == PIDFD)
		set_pidfd_outcome(r, &peer->pidfd);
	else if (sr->kind == LABEL)
		set_label_outcome(r, &r->message.label);
	else if (sr->kind == PEER_LABEL) {
		cred_forget(&r->message);
		r->message.label = peer->label;
		set_label_outcome(r, &peer->label);
	}
}

/* Whether it is the client that a cell names, or us, by process or user ID. */
static const char *
whose(const struct cell *cell)
{
	const struct cred *cr = &cell->result.message;
	intmax_t id = cr->id[PID], client = cell->client, server = getpid();

	if (cr->pidfd.source != NULL) {
		id = cr->pidfd.pid;
		if (id == 0)
			return NULL;		/* it is not known */
		if (cr->source[PID] != NULL && id != cr->id[PID])
			return "two";
		if (id == -1)
			return "nobody";
	} else if (cr->source[PID] == NULL) {
		id = cr->id[EUID];
		client = cell->client_euid;
		server = geteuid();
		if (cr->source[EUID] == NULL || client == server)
			return NULL;
	}
	if (id == client)
		return "client";
	if (id == cell->child && cell->child > 0)
		return "child";
	return id == server ? "server" : NULL;
}

/*
 * Whether a cell's client becomes an ordinary user: who forges root's IDs is
 * not to be root, and where a connection knows no process only users tell the
 * two sides apart.  A named datagram socket is not connected to anyone.
 */
static bool
takes_user(const struct survey *v, enum row row, size_t type)
{
	if (geteuid() != 0)
		return false;
	if (row == FORGED)
		return true;
	if (survey_rows[row].kind != PEER ||
	    (survey_rows[row].path && types[type].type == SOCK_DGRAM))
		return false;
	return v->cells[OPTION_FIRST][type].result.peer.source[PID] == NULL &&
	    v->cells[FORGED][type].missing == NULL;
}

/*
 * An ordinary user has to reach the socket in root's directory.  Everybody can
 * for that time, who knows its random name, and so the client proves itself.
 */
static void
let_users_in(const struct survey *v, bool may_enter)
{
	if (fchmod(v->directory, may_enter ? 0711 : 0700) == -1)
		err(EXIT_TROUBLE, "TMPDIR: chmod");
}

/* A cell as a command of its own, which can be changed and tried again. */
static void
print_command(const struct schedule *sr, const struct options *o)
{
	char words[ORDER_ROOM];

	fprintf(stderr, "%s, %s: credcheck --order '%s' --type %s",
	    sr->title, types[o->type].name, put_order(words, sr),
	    types[o->type].name);
	if (sr->path)
		fprintf(stderr, " --path sock");
	if (o->user.argument != NULL)
		fprintf(stderr, " --user %s", o->user.argument);
	fprintf(stderr, "\n");
}

/* Holds a cell's conversation, which may break off. */
static void
survey_cell(struct survey *v, const struct options *base, enum row row,
    size_t type)
{
	struct conv *c = &v->conv;	/* longjmp(3) spoils one of ours */
	const struct schedule *sr = &survey_rows[row];
	struct cell *cell = &v->cells[row][type];
	struct options o = *base;
	jmp_buf broken;

	o.schedule = sr;
	o.type = type;
	if (!sr->path)
		o.path = NULL;
	if (takes_user(v, row, type))
		o.user = ordinary;
	if (must_prove(&o))
		let_users_in(v, true);
	if (o.verbose)
		print_command(sr, &o);
	if (setjmp(broken) == 0) {
		open_conv(c, &o, &broken);
		fork_client(c);
		cell->error = run_trial(c);
	}
	close_conv(c);			/* until then the client may write */
	if (must_prove(&o))
		let_users_in(v, false);
	cell->result = c->result;
	memset(&c->result, 0, sizeof(c->result));
	cell->client = c->shared->client.id[PID];
	cell->client_euid = c->shared->client.id[EUID];
	cell->child = c->shared->child;
	if (!c->shared->failed)
		set_cell_outcome(sr, &cell->result, row == PEER_SERVER ?
		    &c->shared->asked : &cell->result.peer);
	else {
		cell->failed = strdup(c->shared->failure);
		if (cell->failed == NULL)
			err(EXIT_TROUBLE, "strdup");
	}
	free_conv(c);
}

/*
 * Why no client can be an ordinary user; NULL: one can.  Who has kept
 * capabilities (capabilities(7): ambient ones, SECBIT_NO_SETUID_FIXUP) may
 * claim any ID, as it may take it.
 */
static const char *
why_not_ordinary(void)
{
	enum { MAY_CLAIM = 1, STAYS_ROOT = 2 };
	const struct options o = { .user = ordinary };
	const pid_t child = fork();
	int status = 0;

	if (child == 0) {
		if (geteuid() == 0 && set_identity(&o) != NULL)
			_exit(STAYS_ROOT);
		if ((getgid() != 0 && setgid(0) == 0) || setuid(0) == 0)
			_exit(MAY_CLAIM);
		_exit(EXIT_SUCCESS);
	}
	if (child == -1 || waitpid(child, &status, 0) == -1)
		return "fork: no process to become an ordinary user";
	if (status == 0)
		return NULL;
	return WIFEXITED(status) && WEXITSTATUS(status) == MAY_CLAIM ?
	    "no ordinary user here: the client has capabilities" :
	    "root cannot become an ordinary user here";
}

/* Why a row does not exist for a type of socket; NULL: it does. */
static const char *
why_missing(enum row row, size_t type)
{
	int fd;

	if (survey_rows[row].connected && types[type].type == SOCK_DGRAM)
		return "a datagram socket is not connected";
	if (survey_rows[row].dgram && types[type].type != SOCK_DGRAM)
		return "a connection is one socket's alone";
	fd = socket(AF_UNIX, types[type].type, 0);
	/* Of a want of descriptors or memory the conversation will tell. */
	if (fd == -1 && (errno == EPROTONOSUPPORT || errno == EPROTOTYPE ||
	    errno == ESOCKTNOSUPPORT || errno == EAFNOSUPPORT))
		return "no such sockets here";
	(void)close(fd);
	return row == FORGED ? why_not_ordinary() : NULL;
}

/* Descriptors, of a message that has brought credentials as well. */
static bool
rights_came_first(const struct result *r)
{
	return r->ncontrols > 0 && r->controls[0].level == SOL_SOCKET &&
	    r->controls[0].type == SCM_RIGHTS;
}

/* What a condition needs besides an outcome. */
static bool
has_need(const struct cell *cell, enum need need)
{
	const struct result *r = &cell->result;

	switch (need) {
	case ANY:
		return true;
	case ZERO_UID:
		return r->has_ids && r->message.id[UID] == 0;
	case CTRUNC:
		return r->ctrunc;
	case JOINED:
		return r->bytes == 2;
	case BAD_PIDFD:
		return r->message.pidfd.fd < 0;
	case CLIENTS_OWN:
		return r->message.id[PID] == cell->client;
	case SERVERS_OWN:
		return r->message.id[PID] == getpid();
	case RIGHTS_FIRST:
		return rights_came_first(r);
	case ONE_BYTE:
		return r->bytes == 1;
	}
	return false;
}

static bool
condition_met(const struct survey *v, const struct condition *co, size_t type)
{
	const struct cell *cell = &v->cells[co->row][type];
	const unsigned was = cell->error != 0 ? ERROR : cell->result.outcome;

	if (co->outcomes == 0)
		return true;		/* there is no such condition */
	if (cell->missing != NULL || cell->failed != NULL)
		return false;
	return (co->outcomes & IS(was)) != 0 && has_need(cell, co->need);
}

/* The types of socket for which a finding shows, as a mask. */
static unsigned
found_types(const struct survey *v, const struct finding *f)
{
	unsigned mask = 0;

	for (size_t t = 0; t < nitems(types); t++)
		if (condition_met(v, &f->conditions[0], t) &&
		    condition_met(v, &f->conditions[1], t))
			mask |= 1U << t;
	return mask;
}

static bool
is_of_label(const struct schedule *sr)
{
	return sr->kind == LABEL || sr->kind == PEER_LABEL;
}

static const char *
cell_text(const struct schedule *sr, const struct cell *cell)
{
	const struct result *r = &cell->result;
	const struct pidfd *p = &r->message.pidfd;
	const bool known = r->outcome == CREDENTIALS;
	const char *who;

	if (cell->missing != NULL)
		return "-";
	if (cell->failed != NULL)
		return "failed";
	if (cell->error != 0)
		return error_name(cell->error);
	if (p->source != NULL && p->fd < 0)
		return "bad fd";
	if (known && sr->shown == PLACE)
		return rights_came_first(r) ? "last" : "first";
	if (known && sr->shown == SEQUENCE)
		return r->bytes == 2 ? "in order" : "newest first";
	if (is_of_label(sr) && r->outcome == CREDENTIALS)
		return "label";
	if (is_of_label(sr) && r->outcome == PLACEHOLDER)
		return "unlabeled";
	if (p->source == NULL &&
	    !(known && (sr->kind == PEER || sr->shown == WHOSE)))
		return outcomes[r->outcome];
	who = whose(cell);
	return who != NULL ? who : "unknown";
}

/*
 * Where a survey was run, if cells can differ by it on one kernel; the names in
 * JSON, and the text.
 */
enum { LIMITED_USERS, LIMITED_PROCESSES, CAPABILITIES, NPLACES };

static const struct {
	const char *name, *text;
} places[NPLACES] = {
	[LIMITED_USERS] = { "user_namespace",
	    "a user namespace without every ID" },
	[LIMITED_PROCESSES] = { "pid_namespace",
	    "a PID namespace that is not the first" },
	[CAPABILITIES] = { "capabilities",
	    "a client with capabilities" },
};

/* As a mask. */
static unsigned
find_places(void)
{
	const struct view v = look_around();
	unsigned found = 0;

	if (!v.all_users || !v.all_groups)
		found |= 1U << LIMITED_USERS;
	if (!v.all_processes)
		found |= 1U << LIMITED_PROCESSES;
	if (geteuid() != 0 && why_not_ordinary() != NULL)
		found |= 1U << CAPABILITIES;
	return found;
}

static void
text_places(unsigned found)
{
	const char *sep = "Run in:";

	for (size_t i = 0; i < NPLACES; i++)
		if ((found & 1U << i) != 0) {
			printf("%s %s", sep, places[i].text);
			sep = ",";
		}
	printf(found != 0 ? "\n" : "");
}

static void
json_places(unsigned found)
{
	const char *sep = "";

	json(",'run_in':[");
	for (size_t i = 0; i < NPLACES; i++)
		if ((found & 1U << i) != 0) {
			printf("%s\"%s\"", sep, places[i].name);
			sep = ",";
		}
	json("]");
}

/* Each source once, with the fields that it told. */
static void
text_sources(const struct result *r)
{
	const char *source;
	unsigned done = 0;

	for (enum field f = PID; f < NFIELDS; f++) {
		source = field_from(r, f)->source[f];
		if (source == NULL || (done & 1U << f) != 0)
			continue;
		printf("%s has:", source);
		for (enum field g = f; g < NFIELDS; g++)
			if (field_from(r, g)->source[g] != NULL &&
			    strcmp(field_from(r, g)->source[g], source) == 0) {
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
text_row(const struct schedule *sr, const struct cell *cells)
{
	printf("%-36s", sr->title);
	for (size_t t = 0; t < nitems(types); t++)
		printf(t + 1 < nitems(types) ? " %-12s" : " %s\n",
		    cell_text(sr, &cells[t]));
}

static void
text_survey(const struct survey *v)
{
	const struct utsname *un = this_system();

	printf("%s %s: ", un->sysname, un->release);
	if (mechanisms[USUAL].option != NULL)
		printf("%s, %s\n", mechanisms[USUAL].option,
		    mechanisms[USUAL].message);
	else
		printf("no option for credentials\n");
	text_places(find_places());
	text_sources(&v->cells[OPTION_FIRST][0].result);
	printf("\n%-36s", "");
	for (size_t t = 0; t < nitems(types); t++)
		printf(t + 1 < nitems(types) ? " %-12s" : " %s\n",
		    types[t].name);
	for (enum row row = 0; row < NROWS; row++)
		if (has_row(row))
			text_row(&survey_rows[row], v->cells[row]);
	text_findings(v, "What cures the race here:", cures, nitems(cures));
	text_findings(v, "Traps that this kernel has shown:", traps,
	    nitems(traps));
}

static void
json_cell(const struct schedule *sr, const struct cell *cell)
{
	const struct result *r = &cell->result;
	const bool has_outcome = cell->missing == NULL &&
	    cell->failed == NULL && cell->error == 0;
	struct cred cr = r->message;

	/* IDs that came with the end of file mean nothing, but are shown. */
	if (r->has_ids && r->outcome == CLOSED)
		cr.source[UID] = cr.source[GID] = outcomes[CLOSED];
	json("{'outcome':%s", has_outcome ? outcomes[r->outcome] : NULL);
	for (enum field f = UID; f < GROUPS; f++)
		json_field(",", &cr, f);
	json(cr.pidfd.source != NULL && cr.pidfd.fd < 0 ?
	    ",'whose':%s,'descriptor':%jd" : ",'whose':%s,'descriptor':null",
	    whose(cell), (intmax_t)cr.pidfd.fd);
	json(",'bytes':%jd,'ctrunc':%d,'trunc':%d", (intmax_t)r->bytes,
	    r->ctrunc, r->trunc);
	json(",'first':%s", r->ncontrols > 0 ? control_name(
	    r->controls[0].level, r->controls[0].type) : NULL);
	json(",'errno':%s,'missing':%s,'failed':%s", cell->error != 0 ?
	    error_name(cell->error) : NULL, cell->missing, cell->failed);
	if (is_of_label(sr))
		json(",'label':%s", label_of(&cr));
	printf("}");
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
json_row(const struct schedule *sr, const struct cell *cells)
{
	char name[32] = "", words[ORDER_ROOM];

	for (size_t i = 0; i < sizeof(name) - 1 && sr->name[i] != '\0'; i++)
		name[i] = (char)tolower((unsigned char)sr->name[i]);
	json("{'name':%s,'title':%s,'order':%s,'cells':{", name, sr->title,
	    put_order(words, sr));
	for (size_t t = 0; t < nitems(types); t++) {
		json(t > 0 ? ",%s:" : "%s:", types[t].name);
		json_cell(sr, &cells[t]);
	}
	json("}}");
}

static void
json_survey(const struct survey *v)
{
	json_begin("survey", ROLE_SURVEY);
	json(",'option':");
	json_string(mechanisms[USUAL].option);
	json(",'message':");
	json_string(mechanisms[USUAL].message);
	json_sources(&v->cells[OPTION_FIRST][0].result);
	json(",'rows':[");
	for (enum row row = 0; row < NROWS; row++)
		if (has_row(row)) {
			json(row > 0 ? "," : "");
			json_row(&survey_rows[row], v->cells[row]);
		}
	json("]");
	json_findings(v, "cures", cures, nitems(cures));
	json_findings(v, "traps", traps, nitems(traps));
	json_places(find_places());
	json("}\n");
}

/* The cells of a row; true if every one was had. */
static bool
fill_row(struct survey *v, const struct options *o, enum row row)
{
	struct cell *cell;
	const char *why;
	bool all = true;

	for (size_t t = 0; t < nitems(types); t++) {
		cell = &v->cells[row][t];
		cell->missing = why_missing(row, t);
		if (cell->missing == NULL)
			survey_cell(v, o, row, t);
		all = all && cell->failed == NULL;
		why = cell->missing != NULL ? cell->missing : cell->failed;
		if (o->verbose && why != NULL)
			fprintf(stderr, "%s, %s: %s\n",
			    survey_rows[row].title, types[t].name, why);
	}
	return all;
}

static bool
fill_survey(struct survey *v, const struct options *o)
{
	bool all = true;

	for (enum row row = 0; row < NROWS; row++)
		if (has_row(row) && !fill_row(v, o, row))
			all = false;
	return all;
}

/*
 * Makes the directory of the named sockets, which is gone however we end;
 * returns a descriptor of it.
 */
static int
make_directory(char *template)
{
	struct made_file *f = &cleanup.directory;
	struct stat st;
	sigset_t before;
	int fd;

	*f = (struct made_file){ .type = S_IFDIR,
	    .directory = open_directory(template) };
	block_signals(&before);
	if (f->directory == -1 || mkdtemp(template) == NULL)
		err(EXIT_TROUBLE, "TMPDIR: %s", visible(template));
	cleanup.maker = getpid();
	if (note_made(f, template) != 0)
		errx(EXIT_TROUBLE, "TMPDIR: %s: left behind, as it was not "
		    "found after mkdir", visible(template));
	unblock_signals(&before);
	fd = openat(f->directory, last_part(template),
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &st) == -1)
		err(EXIT_TROUBLE, "TMPDIR: %s", visible(template));
	if (!is_made(f, &st))
		errx(EXIT_TROUBLE, "TMPDIR: %s: another has its name",
		    visible(template));
	return fd;
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
	v.directory = make_directory(directory);
	snprintf(path, sizeof(path), "%s/sock", directory);
	o.path = path;
	o.timeout = MIN(o.timeout, SECOND);
	all = fill_survey(&v, &o);
	remove_file(&cleanup.directory);
	if (!o.quiet) {
		(o.json ? json_survey : text_survey)(&v);
		finish_report();
	}
	return all && mechanisms[USUAL].option != NULL ? EXIT_SUCCESS :
	    EXIT_TROUBLE;
}

/*
 * 16. The command line, and main.
 */

/* For the rest of our life, a text. */
static char * __attribute__((format(printf, 1, 2)))
compose(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return visible(text);
}

/* A word of the command line in a message, where an empty one shows as well. */
static const char *
shown(const char *word)
{
	return word[0] == '\0' ? "\"\"" : visible(word);
}

/* Adds a word, the nth of so many, to a list: a, b or c. */
static const char *
add_word(const char *list, const char *word, size_t nth, size_t many)
{
	const char *sep = nth == many ? " or " : ", ";

	return compose("%s%s%s", list, nth == 1 ? "" : sep, word);
}

/* How many characters are to be changed, added or left out (Levenshtein). */
static size_t
distance(const char *from, const char *to)
{
	size_t row[32], above, before;
	const size_t n = MIN(strlen(to), nitems(row) - 1);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (; *from != '\0'; from++) {
		before = row[0]++;
		for (size_t j = 0; j < n; j++) {
			above = row[j + 1];
			row[j + 1] = MIN(before + (*from != to[j]),
			    MIN(above, row[j]) + 1);
			before = above;
		}
	}
	return row[n];
}

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

/* A user's name, or else number; NULL, or what is wrong with it. */
static const char *
find_user(const char *user, struct identity *id)
{
	const struct passwd *pw = getpwnam(user);
	uintmax_t n;

	if (pw == NULL) {
		/* The highest ID is none. */
		if (!parse_number(user, 10, 0, UINT_MAX - 1, &n))
			return compose("no such user: %s", shown(user));
		id->uid = (uid_t)n;
		if ((pw = getpwuid(id->uid)) == NULL)
			return NULL;
	}
	id->uid = pw->pw_uid;
	id->gid = id->basegid = pw->pw_gid;
	if ((id->name = strdup(pw->pw_name)) == NULL)
		err(EXIT_TROUBLE, "strdup");
	return NULL;
}

static const char *
find_group(const char *group, struct identity *id)
{
	const struct group *gr = getgrnam(group);
	uintmax_t n;

	if (gr != NULL)
		id->gid = gr->gr_gid;
	else if (parse_number(group, 10, 0, UINT_MAX - 1, &n))
		id->gid = (gid_t)n;
	else
		return compose("no such group: %s", shown(group));
	return NULL;
}

/* user[:group] */
static const char *
parse_identity(const char *argument, struct identity *id)
{
	const char *colon = strchr(argument, ':'), *wrong;
	char user[LINE_MAX];

	*id = (struct identity){ .argument = argument };
	snprintf(user, sizeof(user), "%.*s", (int)strcspn(argument, ":"),
	    argument);
	if ((wrong = find_user(user, id)) != NULL)
		return wrong;
	if (colon != NULL)
		return find_group(colon + 1, id);
	if (id->name == NULL)
		return compose("a user ID without an entry needs a group, as "
		    "%s:100", user);
	return NULL;
}

/*
 * The values of options.  Each function returns NULL, or what the value has to
 * be and is not, or what is wrong with it.
 */
static const char *
set_count(struct options *o, const char *s)
{
	uintmax_t n;

	if (!parse_number(s, 10, 1, 1000000000, &n))
		return "a number from 1 to 1000000000";
	o->count = n;
	return NULL;
}

static const char *
set_effective(struct options *o, const char *s)
{
	return parse_identity(s, &o->effective);
}

/* [pid:]fd */
static const char *
set_fd(struct options *o, const char *s)
{
	const char *colon = strchr(s, ':');
	const char *number = colon != NULL ? colon + 1 : s;
	char pid[32];
	uintmax_t n;

	snprintf(pid, sizeof(pid), "%.*s", (int)strcspn(s, ":"), s);
	o->descriptor.process = 0;
	if (colon != NULL) {
		if (!parse_number(pid, 10, 1, INT_MAX, &n))
			return "a process's number, a colon and a descriptor's";
		o->descriptor.process = (pid_t)n;
	}
	if (!parse_number(number, 10, 0, INT_MAX, &n))
		return "the number of a descriptor, as 3, or pid:fd";
	o->descriptor.number = (int)n;
	return NULL;
}

static const char *
set_mode(struct options *o, const char *s)
{
	uintmax_t n;

	if (!parse_number(s, 8, 0, 0777, &n))
		return "an octal number from 0 to 777";
	o->mode = (mode_t)n;
	return NULL;
}

static const char *
set_order(struct options *o, const char *s)
{
	o->order = s;
	return NULL;
}

static const char *
set_path(struct options *o, const char *s)
{
	o->path = s;
	return NULL;
}

static const char *
set_spread(struct options *o, const char *s)
{
	uintmax_t n;

	if (!parse_number(s, 10, 0, 1000000, &n))
		return "a number from 0 to 1000000";
	o->spread = MICROSECOND * (int64_t)n;
	return NULL;
}

static const char *
set_timeout(struct options *o, const char *s)
{
	double seconds;
	char *end;

	seconds = strtod(s, &end);
	if (s[strspn(s, "0123456789.")] != '\0' || *end != '\0' ||
	    !(seconds >= 0.001 && seconds <= 86400))
		return "a number of seconds from 0.001 to 86400";
	o->timeout = (int64_t)(seconds * SECOND);
	return NULL;
}

static const char *
set_type(struct options *o, const char *s)
{
	for (size_t t = 0; t < nitems(types); t++)
		if (strcmp(s, types[t].name) == 0) {
			o->type = t;
			return NULL;
		}
	return "stream, seqpacket or dgram";
}

static const char *
set_user(struct options *o, const char *s)
{
	return parse_identity(s, &o->user);
}

/* Each option. */
enum opt {
	/* The modes, */
	OPT_CLIENT, OPT_FD, OPT_INHERIT, OPT_LATE, OPT_SERVER, OPT_ORDER,
	OPT_PEER, OPT_RACE, OPT_SURVEY, OPT_SYNC,
	/* and what is said of them. */
	OPT_ALL, OPT_COUNT, OPT_DATA, OPT_EFFECTIVE, OPT_HELP, OPT_JSON,
	OPT_MODE, OPT_NAMES, OPT_PATH, OPT_QUIET, OPT_TYPE, OPT_USER,
	OPT_VERSION, OPT_VERBOSE, OPT_SPREAD, OPT_TIMEOUT,
	NOPTS
};
#define BIT(opt)	(UINT32_C(1) << (opt))
_Static_assert(NOPTS <= 32, "a set of options is a uint32_t");

/* Options of which one at most can be given. */
enum choice {
	NO_CHOICE,
	CHOICE_ROLE,			/* whom we play */
	CHOICE_ORDER,			/* of the steps of both sides */
	CHOICE_REPORT			/* the form of the report */
};

/* Where --help has an option. */
enum section { MODES, ASKED, REPORT, OTHER, NSECTIONS };

static const char *const sections[NSECTIONS] = {
	[MODES] = "Modes", [ASKED] = "What is asked for",
	[REPORT] = "The report", [OTHER] = "About credcheck",
};

#define IDENTITY	"user[:group]"
static const struct opt_row {
	char letter;
	const char *name, *argument, *help;
	const char *(*set)(struct options *, const char *);
	enum choice choice;
	enum section section;
} opts[NOPTS] = {
	[OPT_CLIENT] = { 'C', "client", "path",
	    .help = "only the client, of a --server", .set = set_path,
	    .choice = CHOICE_ROLE },
	[OPT_FD] = { 'f', "fd", "[pid:]fd",
	    .help = "the socket that we were given as fd", .set = set_fd,
	    .choice = CHOICE_ROLE },
	[OPT_INHERIT] = { 'i', "inherit",
	    .help = "the option on the listening socket",
	    .choice = CHOICE_ORDER },
	[OPT_LATE] = { 'L', "late",
	    .help = "message before option: the lost race",
	    .choice = CHOICE_ORDER },
	[OPT_SERVER] = { 'l', "server", "path",
	    .help = "only the server: tells of each client", .set = set_path,
	    .choice = CHOICE_ROLE },
	[OPT_ORDER] = { 'o', "order", "steps",
	    .help = "any other: 'ready accept .../ connect ...'",
	    .set = set_order, .choice = CHOICE_ORDER },
	[OPT_PEER] = { 'P', "peer", "path",
	    .help = "who listens there, without a message", .set = set_path,
	    .choice = CHOICE_ROLE },
	[OPT_RACE] = { 'r', "race",
	    .help = "no synchronization: many trials, counted",
	    .choice = CHOICE_ORDER },
	[OPT_SURVEY] = { 'S', "survey",
	    .help = "what this kernel does in every ordering",
	    .choice = CHOICE_ROLE },
	[OPT_SYNC] = { 's', "sync",
	    .help = "with \"go on\": always wins (default)",
	    .choice = CHOICE_ORDER },

	[OPT_ALL] = { 'a', "all",
	    .help = "each message of a connection, to its end",
	    .section = ASKED },
	[OPT_COUNT] = { 'c', "count", "n",
	    .help = "n trials, or a server's connections", .set = set_count,
	    .section = ASKED },
	[OPT_DATA] = { 'd', "data",
	    .help = "the head of the message, escaped", .section = REPORT },
	[OPT_EFFECTIVE] = { 'e', "effective", IDENTITY,
	    .help = "effective identity (root)", .set = set_effective,
	    .section = ASKED },
	[OPT_HELP] = { 'h', "help", .help = "print this", .section = OTHER },
	[OPT_JSON] = { 'j', "json", .help = "report as JSON",
	    .choice = CHOICE_REPORT, .section = REPORT },
	[OPT_MODE] = { 'm', "mode", "mode",
	    .help = "the socket's permissions (0666)", .set = set_mode,
	    .section = ASKED },
	[OPT_NAMES] = { 'n', "names",
	    .help = "add names of users, groups, programs",
	    .choice = CHOICE_REPORT, .section = REPORT },
	[OPT_PATH] = { 'p', "path", "path",
	    .help = "a named socket, not a socketpair", .set = set_path,
	    .section = ASKED },
	[OPT_QUIET] = { 'q', "quiet",
	    .help = "no report; the exit status tells",
	    .choice = CHOICE_REPORT, .section = REPORT },
	[OPT_TYPE] = { 't', "type", "type",
	    .help = "stream, seqpacket or dgram", .set = set_type,
	    .section = ASKED },
	[OPT_USER] = { 'u', "user", IDENTITY,
	    .help = "the client's identity (root)", .set = set_user,
	    .section = ASKED },
	[OPT_VERSION] = { 'V', "version", .help = "print the version",
	    .section = OTHER },
	[OPT_VERBOSE] = { 'v', "verbose",
	    .help = "the timeline, on standard error", .section = REPORT },
	[OPT_SPREAD] = { 'W', "spread", "usec",
	    .help = "range of random delays (20)", .set = set_spread,
	    .section = ASKED },
	[OPT_TIMEOUT] = { 'w', "timeout", "seconds",
	    .help = "the longest wait (5)", .set = set_timeout,
	    .section = ASKED },
};

/* The modes: an order, in which both sides are ours, or another role. */
enum mode {
	MODE_SYNC, MODE_LATE, MODE_INHERIT, MODE_RACE, MODE_ORDER,
	MODE_SERVER, MODE_CLIENT, MODE_PEER, MODE_FD, MODE_SURVEY,
	NMODES
};

/* The options of every mode that reports, of each client, of both sides. */
#define REPORTING \
	(BIT(OPT_JSON) | BIT(OPT_QUIET) | BIT(OPT_VERBOSE) | BIT(OPT_TIMEOUT))
#define CLIENTS \
	(BIT(OPT_COUNT) | BIT(OPT_EFFECTIVE) | BIT(OPT_TYPE) | BIT(OPT_USER))
#define EACH_MESSAGE	(BIT(OPT_DATA) | BIT(OPT_NAMES))
#define BOTH_SIDES	(REPORTING | CLIENTS | BIT(OPT_MODE) | BIT(OPT_PATH))

static const struct mode_row {
	enum opt opt;			/* that chooses it */
	enum role role;
	const struct schedule *schedule;	/* unless an order is given */
	const struct schedule *datagrams;	/* if it has one for those */
	bool connected;			/* has no meaning for datagrams */
	uint64_t count;			/* unless one is given; 0: 1 */
	int64_t limit;			/* with that, in nanoseconds */
	uint32_t allowed;		/* options that mean something */
} modes[NMODES] = {
	[MODE_SYNC] = { OPT_SYNC, ROLE_BOTH, &sync_schedule,
	    .allowed = BOTH_SIDES | EACH_MESSAGE },
	[MODE_LATE] = { OPT_LATE, ROLE_BOTH, &late_schedule,
	    .allowed = BOTH_SIDES | EACH_MESSAGE },
	[MODE_INHERIT] = { OPT_INHERIT, ROLE_BOTH, &inherit_schedule,
	    .connected = true, .allowed = BOTH_SIDES | EACH_MESSAGE },
	[MODE_RACE] = { OPT_RACE, ROLE_BOTH, &race_schedule,
	    .count = 10000, .limit = SECOND,
	    .allowed = BOTH_SIDES | BIT(OPT_SPREAD) },
	[MODE_ORDER] = { OPT_ORDER, ROLE_BOTH, &order_schedule,
	    .allowed = BOTH_SIDES | EACH_MESSAGE | BIT(OPT_SPREAD) },
	[MODE_SERVER] = { OPT_SERVER, ROLE_SERVER, &inherit_schedule,
	    .datagrams = &dgram_schedule, .count = UINT64_MAX,
	    .allowed = REPORTING | EACH_MESSAGE | BIT(OPT_ALL) |
	    BIT(OPT_COUNT) | BIT(OPT_MODE) | BIT(OPT_TYPE) | BIT(OPT_SYNC) |
	    BIT(OPT_INHERIT) | BIT(OPT_RACE) | BIT(OPT_ORDER) },
	[MODE_CLIENT] = { OPT_CLIENT, ROLE_CLIENT, &inherit_schedule,
	    .allowed = CLIENTS | BIT(OPT_TIMEOUT) | BIT(OPT_VERBOSE) |
	    BIT(OPT_SPREAD) | BIT(OPT_SYNC) | BIT(OPT_ORDER) },
	[MODE_PEER] = { OPT_PEER, ROLE_PEER, &peer_schedule,
	    .connected = true,
	    .allowed = REPORTING | BIT(OPT_NAMES) | BIT(OPT_TYPE) },
	[MODE_FD] = { OPT_FD, ROLE_FD, &fd_schedule, .count = UINT64_MAX,
	    .allowed = REPORTING | EACH_MESSAGE | BIT(OPT_ALL) |
	    BIT(OPT_COUNT) },
	[MODE_SURVEY] = { OPT_SURVEY, ROLE_SURVEY, &inherit_schedule,
	    .allowed = REPORTING },
};

/* The option of a letter; NOPTS: there is none. */
static enum opt
find_opt(int letter)
{
	enum opt opt = 0;

	while (opt < NOPTS && opts[opt].letter != letter)
		opt++;
	return opt;
}

/* The one of a choice that is in a set; NOPTS: none. */
static enum opt
chosen(uint32_t set, enum choice choice)
{
	enum opt opt = 0;

	while (opt < NOPTS &&
	    ((set & BIT(opt)) == 0 || opts[opt].choice != choice))
		opt++;
	return opt;
}

/* The mode that an option chooses. */
static const struct mode_row *
find_mode(enum opt opt)
{
	const struct mode_row *mode = modes;

	while (mode->opt != opt)
		mode++;
	return mode;
}

/* The options that choose a role's modes, or mean something in them. */
static uint32_t
opts_of_role(enum role role)
{
	uint32_t all = 0;

	for (enum mode m = 0; m < NMODES; m++)
		if (modes[m].role == role)
			all |= modes[m].allowed | BIT(modes[m].opt);
	return all;
}

/* An item of the usage, on a line of its own if this one is full. */
static int
print_item(int column, const char *item)
{
	if (column + 1 + (int)strlen(item) > 79)
		column = printf("\n%16s", "") - 1;
	return column + printf(" %s", item);
}

/* A choice of options, as one item: brackets say that they may be left out. */
static int
usage_choice(int column, uint32_t all, enum choice choice)
{
	char item[128] = "", *end = item;

	for (enum opt opt = 0; opt < NOPTS; opt++) {
		if ((all & BIT(opt)) == 0 || opts[opt].choice != choice)
			continue;
		end += sprintf(end, end == item ? "-%c" : " | -%c",
		    opts[opt].letter);
		if (opts[opt].argument != NULL)
			end += sprintf(end, " %s", opts[opt].argument);
	}
	if (end == item)
		return column;
	if (choice != CHOICE_ROLE) {
		memmove(item + 1, item, (size_t)(end - item) + 1);
		item[0] = '[';
		strcpy(end + 1, "]");
	}
	return print_item(column, item);
}

/* The options that take no argument and exclude none, as one item. */
static int
usage_flags(int column, uint32_t all)
{
	char item[NOPTS + sizeof("[-]")] = "[-", *end = item + strlen(item);
	const char *none = end;

	for (enum opt opt = 0; opt < NOPTS; opt++)
		if ((all & BIT(opt)) != 0 && opts[opt].argument == NULL &&
		    opts[opt].choice == NO_CHOICE)
			*end++ = opts[opt].letter;
	strcpy(end, "]");
	return end == none ? column : print_item(column, item);
}

/* The usage of the modes of a role. */
static void
usage(const char *start, enum role role)
{
	const uint32_t all = opts_of_role(role);
	int column = printf("%s credcheck", start);
	char item[64];

	column = usage_choice(column, all, CHOICE_ROLE);
	column = usage_flags(column, all);
	column = usage_choice(column, all, CHOICE_REPORT);
	column = usage_choice(column, all, CHOICE_ORDER);
	for (enum opt opt = 0; opt < NOPTS; opt++) {
		if ((all & BIT(opt)) == 0 || opts[opt].argument == NULL ||
		    opts[opt].choice != NO_CHOICE)
			continue;
		snprintf(item, sizeof(item), "[-%c %s]", opts[opt].letter,
		    opts[opt].argument);
		column = print_item(column, item);
	}
	printf("\n");
}

/* The options of a section of --help, below its heading. */
static void
help_section(enum section section)
{
	printf("\n%s:\n", sections[section]);
	for (const struct opt_row *o = opts; o < opts + NOPTS; o++)
		if (o->section == section)
			printf("  -%c, --%s %-*s  %s\n", o->letter, o->name,
			    21 - (int)strlen(o->name),
			    o->argument != NULL ? o->argument : "", o->help);
}

static _Noreturn void
help(void)
{
	usage("usage:", ROLE_BOTH);
	usage("      ", ROLE_SERVER);
	usage("      ", ROLE_CLIENT);
	usage("      ", ROLE_PEER);
	usage("      ", ROLE_FD);
	usage("      ", ROLE_SURVEY);
	for (enum section section = 0; section < NSECTIONS; section++)
		help_section(section);
	printf("\nExit status:\n"
	    "  0  every message had its client's true credentials\n"
	    "  1  one had not; with --race: the rule was violated\n"
	    "  2  trouble: usage, a system error, a timeout\n");
	finish_report();
	exit(EXIT_SUCCESS);
}

static _Noreturn void
version(void)
{
	printf("credcheck %s\n", VERSION);
	finish_report();
	exit(EXIT_SUCCESS);
}

/*
 * --order: two lists of words, which are checked by playing both sides.
 */
static const char *const sides[NSIDES] = { "server", "client" };

/* An entry of a list, as it was given. */
static const char *
entry_text(unsigned entry)
{
	return compose("%s%s", is_wait(entry) ? "until:" : "",
	    steps[step_of(entry)].word);
}

/* What is wrong with an order, and where: at a word of a side, from 0. */
static _Noreturn void
refuse_step(enum side side, size_t at, unsigned entry, const char *wrong)
{
	REFUSE("--order: %s (step %zu of the %s): %s", entry_text(entry),
	    at + 1, sides[side], wrong);
}

static bool
takes(enum side side, enum step s)
{
	return steps[s].side == side || steps[s].side == EITHER;
}

/* The step of a word; END: there is none. */
static enum step
find_step(const char *word)
{
	for (enum step s = END + 1; s < NSTEPS; s++)
		if (strcmp(word, steps[s].word) == 0)
			return s;
	return END;
}

/* The words of a side's that are nearest to one that is none. */
static const char *
nearest_steps(enum side side, const char *word)
{
	size_t least = SIZE_MAX, many = 0, nth = 0, d;
	const char *list = "";

	for (enum step s = END + 1; s < NSTEPS; s++) {
		if (!takes(side, s))
			continue;
		d = distance(word, steps[s].word);
		many = d < least ? 1 : many + (d == least);
		least = MIN(least, d);
	}
	for (enum step s = END + 1; s < NSTEPS; s++)
		if (takes(side, s) && distance(word, steps[s].word) == least)
			list = add_word(list, steps[s].word, ++nth, many);
	return list;
}

/* The entry of a list that a word is; the side takes it, or waits for it. */
static unsigned char
parse_step(const char *word, enum side side, size_t at)
{
	static const char until[] = "until:";
	const bool waits = strncmp(word, until, strlen(until)) == 0;
	const enum side whose = waits ? !side : side;
	const char *name = waits ? word + strlen(until) : word;
	const enum step s = find_step(name);

	if (s == END)
		REFUSE("--order: no such step: %s (step %zu of the %s); the "
		    "nearest is %s", visible(word), at + 1, sides[side],
		    nearest_steps(whose, name));
	if (!takes(whose, s))
		refuse_step(side, at, (unsigned)(waits ? UNTIL(s) : s),
		    compose("%s is the %s's", steps[s].word, sides[!whose]));
	if (s == DONE && !waits)
		refuse_step(side, at, s, "a list is done at its end");
	return (unsigned char)(waits ? UNTIL(s) : s);
}

/* A side's words, between which there is white space of any kind. */
static void
parse_list(char *words, enum side side, unsigned char *list)
{
	static const char space[] = " \t\n";
	size_t n = 0;

	for (char *word = strtok(words, space); word != NULL;
	    word = strtok(NULL, space)) {
		if (n == MOST_STEPS)
			REFUSE("--order: more than %d steps of the %s",
			    MOST_STEPS, sides[side]);
		list[n] = parse_step(word, side, n);
		n++;
	}
	list[n] = END;
	if (n == 0)
		REFUSE("--order: no steps of the %s", sides[side]);
}

/* Both lists, or the one of the side that we play. */
static void
parse_order(const struct options *o, struct schedule *sr)
{
	char *words = strdup(o->order), *slash;

	if (words == NULL)
		err(EXIT_TROUBLE, "strdup");
	slash = strchr(words, '/');
	sr->server[0] = sr->client[0] = END;
	if (o->role == ROLE_BOTH && slash == NULL)
		REFUSE("--order %s: two lists, with a / between the server's "
		    "and the client's", shown(words));
	if (o->role != ROLE_BOTH && slash != NULL)
		REFUSE("--order %s: one list, of the %s alone", shown(words),
		    sides[o->role == ROLE_SERVER ? SERVER : CLIENT]);
	if (slash != NULL)
		*slash++ = '\0';
	if (o->role != ROLE_CLIENT)
		parse_list(words, SERVER, sr->server);
	if (o->role != ROLE_SERVER)
		parse_list(slash != NULL ? slash : words, CLIENT, sr->client);
	sr->random = has_step(sr->server, DELAY) || has_step(sr->client, DELAY);
	free(words);
}

/* Whether a server's list reads any message. */
static bool
reads(const unsigned char *list)
{
	for (; *list != END; list++)
		if (*list == DRAIN ||
		    (!is_wait(*list) && steps[*list].receives))
			return true;
	return false;
}

/* A step that is there exactly once, by either of two words. */
static void
check_once(const unsigned char *list, enum side side, enum step s,
    enum step other)
{
	bool found = false;

	for (size_t at = 0; list[at] != END; at++) {
		if (list[at] != s && list[at] != other)
			continue;
		if (found)
			refuse_step(side, at, list[at], "once is enough");
		found = true;
	}
	if (!found)
		REFUSE("--order: no %s in the %s's list", steps[s].word,
		    sides[side]);
}

/* Why this system, or the type of socket, has no such step; NULL: it has. */
static const char *
why_no_step(const struct options *o, enum step s)
{
	const bool dgram = types[o->type].type == SOCK_DGRAM;

	if (s == PERSISTENT && mechanisms[EVERY].option == NULL)
		return "this system has no such option";
	if (s == PIDFD_OPTION && mechanisms[PIDFD].option == NULL)
		return "this system has no such option";
	if (s == LABEL_OPTION && mechanisms[LABEL].option == NULL)
		return "this system has no such option";
	if (s == ASK_PIDFD && mechanisms[PEER_PIDFD].option == NULL)
		return "this system has no such option";
	if (steps[s].connected && dgram)
		return "a datagram socket is not connected";
	if (s == SPLICED && !HAS_SPLICE)
		return "this system has no splice(2)";
	if ((s == CONNECT_GONE || s == ASK_LISTENER || s == SECOND_SOCKET ||
	    s == CLOSED_SOCKET) && o->path == NULL)
		return "it needs --path";
	if ((s == SECOND_SOCKET || s == CLOSED_SOCKET) && !dgram)
		return "it needs --type dgram";
	return NULL;
}

/* Each step of a list has the socket that it needs. */
static void
check_sockets(const struct options *o, const unsigned char *list,
    enum side side)
{
	bool connected = false, listens = side == SERVER && o->path != NULL;
	const char *why;
	enum step s;

	for (size_t at = 0; list[at] != END; at++) {
		if (is_wait(list[at]))
			continue;
		s = list[at];
		if ((why = why_no_step(o, s)) != NULL)
			refuse_step(side, at, s, why);
		if (s == ACCEPT && !has_step(list, READY))
			REFUSE("--order: no ready in the server's list");
		if (s == ACCEPT &&
		    position_of(list, READY, 0) > position_of(list, ACCEPT, 0))
			refuse_step(side, at, s, "the server is not ready");
		if (steps[s].needs == CONNECTION && !connected)
			refuse_step(side, at, s, "there is no connection");
		if (steps[s].needs == SOCKET && !connected && !listens)
			refuse_step(side, at, s, o->path != NULL ?
			    "there is no connection" :
			    "before accept it needs --path");
		if (s == CLOSE && side == SERVER && is_named_dgram(o))
			refuse_step(side, at, s,
			    "a datagram server has one socket for all");
		connected = (connected || s == ACCEPT || s == CONNECT ||
		    s == CONNECT_GONE) && s != CLOSE;
	}
}

/* What two lists have done so far, with nothing but their words. */
struct play {
	const unsigned char *lists[NSIDES];
	size_t at[NSIDES];
	unsigned sent, received;	/* messages of the client's */
	unsigned sent_go_on, heard_go_on;
	bool connected;			/* which has an end of file */
};

/* Whether a side has passed a step, for the nth time; or its end. */
static bool
has_played(const struct play *p, enum side side, enum step s, unsigned nth)
{
	const unsigned char *list = p->lists[side];

	if (s == DONE)
		return list[p->at[side]] == END;
	return has_step(list, s) &&
	    p->at[side] > (size_t)position_of(list, s, nth);
}

/* Whether a side need not wait at its next step, as far as one can know. */
static bool
can_play(const struct play *p, enum side side)
{
	const unsigned char *list = p->lists[side];
	const size_t at = p->at[side];
	const enum step s = step_of(list[at]);

	if (side == CLIENT && !has_played(p, SERVER, READY, 0))
		return false;
	if (is_wait(list[at]))
		return has_played(p, !side, s, nth_of(list, at));
	if (s == ACCEPT)
		return has_played(p, CLIENT, CONNECT, 0) ||
		    has_played(p, CLIENT, CONNECT_GONE, 0);
	if (s == HEAR_GO_ON)
		return p->sent_go_on > p->heard_go_on;
	if (s == READ)
		return has_played(p, SERVER, CLOSE, 0);
	if (steps[s].receives && p->sent <= p->received)
		return p->connected && (has_played(p, CLIENT, DONE, 0) ||
		    has_played(p, CLIENT, CLOSE, 0));
	return true;
}

static void
play_step(struct play *p, enum side side)
{
	const unsigned entry = p->lists[side][p->at[side]++];

	if (is_wait(entry))
		return;
	if (entry == GO_ON)
		p->sent_go_on++;
	if (entry == HEAR_GO_ON)
		p->heard_go_on++;
	if (steps[entry].sends && side == CLIENT)
		p->sent++;
	if (steps[entry].receives)
		p->received++;
}

/* Why the other side can never end a wait; NULL: it waits as well. */
static const char *
why_never(const struct play *p, enum side side)
{
	const unsigned entry = p->lists[side][p->at[side]];
	const unsigned char *other = p->lists[!side];
	const enum step s = step_of(entry);

	if (is_wait(entry) && s != DONE && !has_step(other, s))
		return compose("the %s has no %s", sides[!side],
		    steps[s].word);
	if (entry == READ && !has_step(other, CLOSE))
		return "the server has no close";
	if (entry == HEAR_GO_ON && !has_step(other, GO_ON))
		return "the server has no go-on";
	return NULL;
}

/* Neither side can go on: says why, or else where both wait. */
static _Noreturn void
refuse_waits(const struct play *p)
{
	const unsigned server = p->lists[SERVER][p->at[SERVER]];
	const unsigned client = p->lists[CLIENT][p->at[CLIENT]];
	const char *why;

	for (enum side side = SERVER; side < NSIDES; side++)
		if ((why = why_never(p, side)) != NULL)
			refuse_step(side, p->at[side],
			    p->lists[side][p->at[side]], why);
	if (client == END)
		refuse_step(SERVER, p->at[SERVER], server,
		    "the client is done by then");
	refuse_step(CLIENT, p->at[CLIENT], client, server == END ?
	    "the server is done by then" : compose("the server would wait as "
	    "well, at %s (step %zu)", entry_text(server), p->at[SERVER] + 1));
}

/* Plays both lists; where neither side can go on, they would wait for ever. */
static void
play_order(const struct options *o, const struct schedule *sr)
{
	struct play p = { .lists = { sr->server, sr->client },
	    .connected = types[o->type].type != SOCK_DGRAM };
	bool moves = true;

	while (moves) {
		moves = false;
		for (enum side side = SERVER; side < NSIDES; side++)
			while (p.lists[side][p.at[side]] != END &&
			    can_play(&p, side)) {
				play_step(&p, side);
				moves = true;
			}
	}
	if (p.lists[SERVER][p.at[SERVER]] != END ||
	    p.lists[CLIENT][p.at[CLIENT]] != END)
		refuse_waits(&p);
}

/* A --server's list: it waits for nobody, and its one read is the last. */
static void
check_server_order(const struct options *o, const unsigned char *list)
{
	const int accept = position_of(list, ACCEPT, 0);
	enum step s;

	for (size_t at = 0; list[at] != END; at++) {
		s = step_of(list[at]);
		if (is_wait(list[at]) || s == DELAY || s == CLOSE)
			refuse_step(SERVER, at, list[at],
			    "a --server has other clients, who would wait");
		if (s == RECEIVE_SMALL || s == RECEIVE_EXACT || s == DRAIN)
			refuse_step(SERVER, at, s, "a --server has receive");
		if (s == ASK || s == ASK_PIDFD)
			refuse_step(SERVER, at, s,
			    "a --server asks each connection itself");
		if ((s == RECEIVE) != (list[at + 1] == END))
			refuse_step(SERVER, at, s, s == RECEIVE ?
			    "it has to be the last step" :
			    "the last step has to be receive");
		if (types[o->type].type == SOCK_DGRAM &&
		    at > (size_t)accept && s != RECEIVE)
			refuse_step(SERVER, at, s,
			    "a datagram server has nobody to accept");
	}
}

static void
check_client_order(const unsigned char *list)
{
	for (size_t at = 0; list[at] != END; at++)
		if (is_wait(list[at]))
			refuse_step(CLIENT, at, list[at],
			    "somebody else's server does not tell");
}

/*
 * Has the client wait for the server in each trial, so that it is never more
 * than one ahead: both sides' times are kept of two trials.
 */
static void
add_wait(unsigned char *client)
{
	const size_t n = strlen((const char *)client);

	for (size_t at = 0; at < n; at++)
		if (is_wait(client[at]) || client[at] == HEAR_GO_ON)
			return;
	if (n == MOST_STEPS)
		REFUSE("--order: with --count the client has to wait for a "
		    "step of the server's, as until:ready");
	memmove(client + 1, client, n + 1);
	client[0] = UNTIL(READY);
}

/* What --order says, into order_schedule. */
static void
make_order(const struct options *o)
{
	struct schedule *sr = &order_schedule;

	parse_order(o, sr);
	if (o->role != ROLE_CLIENT) {
		check_sockets(o, sr->server, SERVER);
		check_once(sr->server, SERVER, READY, READY);
		check_once(sr->server, SERVER, ACCEPT, ACCEPT);
	}
	if (o->role != ROLE_SERVER) {
		check_sockets(o, sr->client, CLIENT);
		check_once(sr->client, CLIENT, CONNECT, CONNECT_GONE);
	}
	if (o->role == ROLE_SERVER)
		check_server_order(o, sr->server);
	if (o->role == ROLE_CLIENT)
		check_client_order(sr->client);
	if (o->role != ROLE_BOTH)
		return;
	play_order(o, sr);
	if (!reads(sr->server))
		REFUSE("--order: no receive or drain in the server's list");
	if (o->count > 1)
		add_wait(sr->client);
}

/* The modes in which an option means something: --a, --b or --c. */
static const char *
modes_with(enum opt opt)
{
	const char *list = "";
	size_t many = 0, nth = 0;

	for (enum mode m = 0; m < NMODES; m++)
		many += (modes[m].allowed & BIT(opt)) != 0;
	for (enum mode m = 0; m < NMODES; m++)
		if ((modes[m].allowed & BIT(opt)) != 0)
			list = add_word(list, compose("--%s",
			    opts[modes[m].opt].name), ++nth, many);
	return list;
}

/*
 * Every option given has to mean something in the mode, which is named only if
 * it was typed.
 */
static void
check_allowed(uint32_t given, const struct mode_row *mode)
{
	const uint32_t wrong = given & ~(mode->allowed | BIT(mode->opt));
	enum opt opt = 0;

	if (wrong == 0)
		return;
	while ((wrong & BIT(opt)) == 0)
		opt++;
	if ((given & BIT(mode->opt)) == 0)
		REFUSE("--%s needs %s", opts[opt].name, modes_with(opt));
	REFUSE("--%s means nothing with --%s", opts[opt].name,
	    opts[mode->opt].name);
}

static void
check_path(const struct options *o, uint32_t given)
{
	if ((given & BIT(OPT_MODE)) != 0 && o->path == NULL)
		REFUSE("--mode needs --path");
	if ((given & BIT(OPT_MODE)) != 0 && is_abstract(o))
		REFUSE("--mode means nothing to an abstract socket: %s",
		    visible(o->path));
	if ((given & BIT(OPT_INHERIT)) != 0 && o->path == NULL)
		REFUSE("--inherit needs --path");
}

/* Datagrams have no connection, and only our own two sides can do without. */
static void
check_datagrams(const struct options *o, uint32_t given,
    const struct mode_row *mode)
{
	const enum opt order = chosen(given, CHOICE_ORDER);

	if (types[o->type].type != SOCK_DGRAM)
		return;
	if (o->all)
		REFUSE("--all means nothing with --type dgram");
	if (o->role != ROLE_BOTH && order != NOPTS && order != OPT_ORDER)
		REFUSE("--%s means nothing with --type dgram between two "
		    "programs", opts[order].name);
	if (mode->connected)
		REFUSE("--%s means nothing with --type dgram",
		    opts[mode->opt].name);
}

static void
check_spread(const struct options *o, uint32_t given)
{
	const bool spread = (given & BIT(OPT_SPREAD)) != 0;

	if (spread && o->role == ROLE_CLIENT && (given & BIT(OPT_SYNC)) != 0)
		REFUSE("--spread means nothing with --sync");
	if ((spread || (given & BIT(OPT_RACE)) != 0) && o->spread > o->timeout)
		REFUSE("--spread %" PRId64 " us is longer than --timeout "
		    "%g s", o->spread / MICROSECOND,
		    (double)o->timeout / SECOND);
}

/* Every option given must mean something in the mode, and with the others. */
static void
check_options(const struct options *o, uint32_t given,
    const struct mode_row *mode)
{
	check_allowed(given, mode);
	check_path(o, given);
	check_datagrams(o, given, mode);
	if (o->names && o->role == ROLE_BOTH && o->count > 1)
		REFUSE("--names means nothing with --count");
	if (o->data && o->role == ROLE_BOTH && o->count > 1)
		REFUSE("--data means nothing with --count");
	if (o->data && o->quiet)
		REFUSE("--data and --quiet exclude each other");
	check_spread(o, given);
	if (o->order != NULL)
		make_order(o);
	if (o->order != NULL && (given & BIT(OPT_SPREAD)) != 0 &&
	    !order_schedule.random)
		REFUSE("--spread needs a delay in --order");
}

/*
 * A --client's list, to which --spread adds a delay before it writes, and the
 * end of the server's work: only a server that waits in accept(2) can lose the
 * next message.  With --verbose it reads as well, to tell what the server did.
 */
static const struct schedule *
make_client_schedule(const struct options *o, const struct schedule *base,
    bool delays)
{
	const bool connected = types[o->type].type != SOCK_DGRAM;
	const bool reads = (delays || o->verbose) && connected &&
	    !has_step(base->client, READ) && !has_step(base->client, CLOSE);
	struct schedule *sr = &client_schedule;
	unsigned char *to = sr->client;

	if (!delays && !reads)
		return base;
	*sr = *base;
	for (const unsigned char *from = base->client; *from != END; from++) {
		if (*from == WRITE && delays)
			*to++ = DELAY;
		*to++ = *from;
	}
	if (reads && to < sr->client + MOST_STEPS)
		*to++ = READ;
	*to = END;
	sr->random = has_step(sr->client, DELAY);
	return sr;
}

/* The lists of steps; order is that of --server and --client, too. */
static const struct schedule *
choose_schedule(const struct options *o, const struct mode_row *mode,
    const struct mode_row *order)
{
	const bool race = order->opt == OPT_RACE;

	if (types[o->type].type == SOCK_DGRAM && mode->datagrams != NULL &&
	    order == mode)
		return mode->datagrams;
	if (race && o->role != ROLE_BOTH)
		return &bare_schedule;
	if (race && o->path != NULL && o->spread == 0)
		return &bare_schedule;
	return order->schedule;
}

/* What was not given depends on the mode. */
static void
set_defaults(struct options *o, uint32_t given, const struct mode_row *mode)
{
	if ((given & BIT(OPT_COUNT)) == 0 && mode->count != 0) {
		o->count = mode->count;
		o->limit = mode->limit;
	}
	o->any_type = o->role == ROLE_PEER && (given & BIT(OPT_TYPE)) == 0;
	o->only_asks = o->role == ROLE_PEER;
	o->counted = o->count > 1 || mode->opt == OPT_RACE;
	signals.stoppable = o->role == ROLE_SERVER ||
	    (o->role == ROLE_BOTH && o->counted);
}

/* What one look at the clock takes at least, in nanoseconds. */
static int64_t
clock_takes(void)
{
	int64_t before = now(), least = INT64_MAX, after;

	for (int i = 0; i < 16; i++) {
		after = now();
		least = MIN(least, after - before);
		before = after;
	}
	return least;
}

/*
 * Delays that a slow clock, as under emulation, cannot tell apart would leave
 * the race to it: there the default is ten looks at the clock.
 */
static void
follow_clock(struct options *o)
{
	const int64_t takes = clock_takes();

	if (takes <= o->spread / 10)
		return;
	o->slow_clock = takes;
	o->spread = MIN(10 * takes, o->timeout);
}

/* The same table, as getopt_long(3) wants it. */
static void
make_getopt(struct option *longopts, char *letters)
{
	*letters++ = ':';
	for (const struct opt_row *o = opts; o < opts + NOPTS; o++) {
		*longopts++ = (struct option){ .name = o->name,
		    .has_arg = o->argument != NULL, .val = o->letter };
		letters += sprintf(letters, o->argument != NULL ? "%c:" : "%c",
		    o->letter);
	}
	*longopts = (struct option){ .name = NULL };
}

/* The options whose name begins like a word, if it is more than one. */
static const char *
could_be(const char *word)
{
	const size_t len = strcspn(word, "=");
	const char *list = "";
	size_t many = 0, nth = 0;

	for (enum opt opt = 0; opt < NOPTS; opt++)
		many += strncmp(opts[opt].name, word, len) == 0;
	for (enum opt opt = 0; opt < NOPTS && many > 1; opt++)
		if (strncmp(opts[opt].name, word, len) == 0)
			list = add_word(list, compose("--%s", opts[opt].name),
			    ++nth, many);
	return nth > 0 ? list : NULL;
}

/* The option that a word may have been meant to be; NOPTS: none is near. */
static enum opt
nearest_opt(const char *word)
{
	const char *name = compose("%.*s", (int)strcspn(word, "="), word);
	size_t least = strlen(name) / 2 + 1, d;
	enum opt nearest = NOPTS;

	for (enum opt opt = 0; opt < NOPTS; opt++)
		if ((d = distance(name, opts[opt].name)) < least) {
			least = d;
			nearest = opt;
		}
	return nearest;
}

/* A long option, with its --, that is none or could be several. */
static _Noreturn void
refuse_long(const char *word)
{
	const char *name = word + strlen("--"), *list = could_be(name);
	const enum opt nearest = nearest_opt(name);

	if (list != NULL)
		REFUSE("%s could be %s", visible(word), list);
	if (nearest != NOPTS)
		REFUSE("no such option: %s; the nearest is --%s",
		    visible(word), opts[nearest].name);
	REFUSE("no such option: %s (--help lists them)", visible(word));
}

/* What getopt_long(3) has refused, and its word on the command line. */
static _Noreturn void
refuse_option(int ch, const char *word)
{
	const enum opt opt = find_opt(optopt);

	/* Of an argument too many the BSDs say ':' as well. */
	if (opt != NOPTS && opts[opt].argument == NULL)
		REFUSE("option takes no argument: %s", visible(word));
	if (ch == ':')
		REFUSE("option needs an argument: %s", visible(word));
	if (optopt == 0)
		refuse_long(word);
	REFUSE("no such option: -%s (--help lists them)",
	    visible((char[]){ (char)optopt, '\0' }));
}

/* A value is refused with its option as that was typed, in whatever form. */
static _Noreturn void
refuse_value(char *const *argv, enum opt opt, const char *wrong)
{
	const bool apart = argv[optind - 1] == optarg;
	const char *word = argv[optind - (apart ? 2 : 1)];

	if (strncmp(word, "--", 2) != 0)
		REFUSE("-%c %s: %s", opts[opt].letter, shown(optarg), wrong);
	if (apart)
		REFUSE("%s %s: %s", word, shown(optarg), wrong);
	REFUSE("%s: %s", visible(word), wrong);
}

/* Two options of a choice are one too many. */
static void
check_choice(uint32_t given, enum opt opt)
{
	const enum opt other = chosen(given, opts[opt].choice);

	if (opts[opt].choice != NO_CHOICE && other != NOPTS && other != opt)
		REFUSE("--%s and --%s exclude each other", opts[other].name,
		    opts[opt].name);
}

/* Takes the options in their order, with their values; returns their set. */
static uint32_t
take_options(int argc, char **argv, struct options *o)
{
	struct option longopts[NOPTS + 1];
	char letters[2 * NOPTS + sizeof(":")];
	const char *wrong;
	uint32_t given = 0;
	enum opt opt;
	int ch;

	make_getopt(longopts, letters);
	opterr = 0;
	while ((ch = getopt_long(argc, argv, letters, longopts, NULL)) != -1) {
		if (ch == ':' || ch == '?')
			/* musl steps beyond an argument that is not there. */
			refuse_option(ch, argv[MIN(optind, argc) - 1]);
		opt = find_opt(ch);
		if (opt == OPT_HELP)
			help();
		if (opt == OPT_VERSION)
			version();
		check_choice(given, opt);
		given |= BIT(opt);
		if (opts[opt].set == NULL)
			continue;
		if ((wrong = opts[opt].set(o, optarg)) != NULL)
			refuse_value(argv, opt, wrong);
	}
	if (optind < argc)
		REFUSE("unexpected operand: %s (--help lists the options)",
		    visible(argv[optind]));
	return given;
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	const uint32_t given = take_options(argc, argv, o);
	const enum opt role = chosen(given, CHOICE_ROLE);
	const enum opt order = chosen(given, CHOICE_ORDER);
	const struct mode_row *mode = &modes[MODE_SYNC];

	if (role != NOPTS)
		mode = find_mode(role);
	else if (order != NOPTS)
		mode = find_mode(order);
	o->role = mode->role;
	o->json = (given & BIT(OPT_JSON)) != 0;
	o->names = (given & BIT(OPT_NAMES)) != 0;
	o->data = (given & BIT(OPT_DATA)) != 0;
	o->all = (given & BIT(OPT_ALL)) != 0;
	o->quiet = (given & BIT(OPT_QUIET)) != 0;
	o->verbose = (given & BIT(OPT_VERBOSE)) != 0;
	check_options(o, given, mode);
	set_defaults(o, given, mode);
	o->schedule = choose_schedule(o, mode, order != NOPTS ?
	    find_mode(order) : mode);
	if (o->role == ROLE_BOTH && o->schedule->random &&
	    (given & BIT(OPT_SPREAD)) == 0)
		follow_clock(o);
	if (o->role == ROLE_CLIENT)
		o->schedule = make_client_schedule(o, o->schedule,
		    (given & BIT(OPT_SPREAD)) != 0 && o->order == NULL);
}

static int
run_role(struct options *o)
{
	switch (o->role) {
	case ROLE_SERVER:
		return run_server(o);
	case ROLE_PEER:
		return run_peer(o);
	case ROLE_FD:
		return run_fd(o);
	case ROLE_SURVEY:
		return run_survey(o);
	case ROLE_CLIENT:
		return run_client_alone(o);
	case ROLE_BOTH:
		break;
	}
	return run_both(o);
}

int
main(int argc, char **argv)
{
	static char name[] = "credcheck";	/* err(3) at exit has it, too */
	struct options o = { .count = 1, .mode = 0666, .timeout = 5 * SECOND,
	    .spread = 20 * MICROSECOND, .descriptor.fd = -1 };
	sigset_t before;
	int status;

	SET_PROGRAM_NAME(name);		/* not what argv[0] says */
	terminal_takes_utf8 = takes_utf8();
	(void)signal(SIGPIPE, SIG_IGN);	/* EPIPE and EFBIG tell more */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);	/* ignored, it leaves no status */
	/* One that is closed would be a socket's; output stays unwritable. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		o.missing_stdio |= 1U << fd;
		if (open("/dev/null", O_RDONLY) == -1)
			err(EXIT_TROUBLE, "/dev/null");
	}
	parse_options(argc, argv, &o);
	if (o.role == ROLE_FD)
		find_descriptor(&o);
	/* A server would say so only when its first client has come. */
	if ((o.missing_stdio & 1U << STDOUT_FILENO) && !o.quiet &&
	    o.role != ROLE_CLIENT) {
		errno = EBADF;
		err(EXIT_TROUBLE, "standard output");
	}
	if (atexit(clean_up) != 0)
		err(EXIT_TROUBLE, "atexit");
	if (signals.stoppable && pipe(signals.wakeup) == -1)
		err(EXIT_TROUBLE, "pipe");
	block_signals(&before);
	handle_signals(SERVER, &before);
	unblock_signals(&before);
	block_output();
	status = run_role(&o);
	return cleanup.trouble ? EXIT_TROUBLE : status;
}
