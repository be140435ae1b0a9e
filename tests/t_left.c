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
 * What a run leaves behind, in every mode: as many descriptors, children,
 * mappings, blocks of memory and files as there were before, and the same masks
 * and flags.  Each run is a process of its own which has credcheck.c in it.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a process of a run has at some moment; its directory is the test's. */
struct state {
	int descriptors;		/* besides standard output, if open */
	int mappings;			/* that are shared; Linux alone tells */
	int blocks;			/* of memory, of credcheck.c's own */
	int children;			/* 1: some were not waited for */
	mode_t mask;
	sigset_t blocked;
	int wakeup;			/* what it believes to be a pipe */
};

/* What the processes of a run have noted, in memory that they share. */
static struct account {
	pid_t first;			/* the process that was started */
	struct state before, after;	/* of that */
	struct state client;		/* the last of the others, at its end */
	pid_t child;			/* the last one of that */
	int clients;			/* others that had done their work */
	int left;			/* others that left before that */
	int strays;			/* signals to no process */
	int sleeps;			/* of the first one */
} *account;

/* What befalls a run's first child as soon as it is there. */
static enum { NOTHING_BEFALLS, GETS_SIGNAL, HANGS } befalls;

/* A signal that is ignored, and comes when a handler has just been set. */
static int at_handler;

/* And some for the started process, just before it first sleeps. */
static int at_sleep, at_sleep_times;

static int wakeup_of(void);

static int blocks;

static void *
counted(void *block)
{
	blocks += block != NULL;
	return block;
}

static void *
counted_calloc(size_t n, size_t size)
{
	return counted(calloc(n, size));
}

static void *
counted_realloc(void *block, size_t size)
{
	blocks -= block != NULL;
	return counted(realloc(block, size));
}

static char *
counted_strdup(const char *text)
{
	return counted(strdup(text));
}

static void
counted_free(void *block)
{
	blocks -= block != NULL;
	free(block);
}

/* Those that processes share are files without a name on Linux. */
static int
count_mappings(void)
{
	FILE *fp = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	if (fp == NULL)
		return 0;
	while (fgets(line, sizeof(line), fp) != NULL)
		n += strstr(line, " /dev/zero") != NULL;
	(void)fclose(fp);
	return n;
}

static struct state
state_now(void)
{
	struct state s = { .mappings = count_mappings(), .blocks = blocks,
	    .wakeup = wakeup_of() };

	for (int fd = 0; fd < 256; fd++)
		if (fd != STDOUT_FILENO && fcntl(fd, F_GETFD) != -1)
			s.descriptors++;
	s.children = waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
	s.mask = umask(0);
	(void)umask(s.mask);
	(void)sigprocmask(SIG_SETMASK, NULL, &s.blocked);
	return s;
}

/* Of the first process, after all that it does at exit(3). */
static void
note_end(void)
{
	if (getpid() == account->first)
		account->after = state_now();
	else
		account->left++;
}

static pid_t
noted_fork(void)
{
	const bool first = getpid() == account->first;
	const pid_t child = fork();

	if (first && child == 0 && befalls == GETS_SIGNAL)
		(void)raise(SIGTERM);
	while (first && child == 0 && befalls == HANGS)
		(void)poll(NULL, 0, -1);
	if (first && child > 0)
		account->child = child;
	return child;
}

static int
noted_sigaction(int sig, const struct sigaction *sa, struct sigaction *old)
{
	const int result = sigaction(sig, sa, old);

	if (sig == at_handler && sa->sa_handler != SIG_IGN)
		(void)raise(sig);
	return result;
}

static _Noreturn void
noted_exit(int status)
{
	if (getpid() != account->first) {
		account->client = state_now();
		account->clients++;
	}
	_exit(status);
}

static int
noted_kill(pid_t pid, int sig)
{
	const int result = kill(pid, sig);
	const int error = errno;

	if (sig != 0 && result == -1)
		account->strays++;
	errno = error;
	return result;
}

static int
noted_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (getpid() == account->first)
		account->sleeps += timeout != 0;
	if (at_sleep != 0 && timeout != 0 && getpid() == account->first)
		for (; at_sleep_times > 0; at_sleep_times--)
			(void)raise(at_sleep);
	return poll(fds, n, timeout);
}

#define _exit	noted_exit
#define fork	noted_fork
#define poll	noted_poll
#define kill	noted_kill
#define sigaction(sig, sa, old)	noted_sigaction(sig, sa, old)
#define calloc	counted_calloc
#define realloc	counted_realloc
#define strdup	counted_strdup
#define free	counted_free
#include "unit.h"
#undef _exit
#undef fork
#undef kill
#undef poll
#undef free
#undef sigaction

static int
wakeup_of(void)
{
	return signals.wakeup[0];
}

#define GIVEN	50		/* the descriptor of what we are given */

static int kin[2];		/* whose writing end each process of a run has */
static int output[2];		/* of a run, as its descriptors 1 and 2 */

static void
begin_account(void)
{
	const struct rlimit no_core = { 0, 0 };

	ATF_REQUIRE(setenv("TMPDIR", ".", 1) == 0);
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_CORE, &no_core), 0);
	account = mmap(NULL, sizeof(*account), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	ATF_REQUIRE(account != MAP_FAILED);
}

/* Is credcheck with some arguments, whose output goes to a file. */
static _Noreturn void
be_credcheck(const char *arguments, struct account *ours)
{
	char *argv[32] = { strdup("credcheck") }, *words = strdup(arguments);
	int argc = 1, status;
	sigset_t alarms;

	for (char *word = strtok(words, " "); word != NULL;
	    word = strtok(NULL, " ")) {
		argv[argc++] = word;
		for (; *word != '\0'; word++)
			if (*word == '_')
				*word = ' ';	/* in one argument */
	}
	if (dup2(output[0], STDOUT_FILENO) == -1 ||
	    dup2(output[1], STDERR_FILENO) == -1 || atexit(note_end) != 0)
		_exit(99);
	(void)close(output[0]);
	(void)close(output[1]);
	if (at_handler != 0)
		(void)signal(at_handler, SIG_IGN);
	/* That one it needs, and has. */
	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &alarms, NULL);
#ifdef __GLIBC__
	optind = 0;
#else
	optreset = optind = 1;
#endif
	account = ours;
	*account = (struct account){ .first = getpid() };
	blocks = 0;
	account->before = state_now();
	status = credcheck_main(argc, argv);
	exit(status);
}

/* Starts it in a process of its own. */
static pid_t
start(const char *arguments, struct account *ours)
{
	pid_t pid;

	ATF_REQUIRE_EQ(fflush(NULL), 0);
	pid = fork();
	ATF_REQUIRE(pid != -1);
	if (pid == 0)
		be_credcheck(arguments, ours);
	return pid;
}

/* What a run said, for the message of a check that fails. */
static const char *
said(void)
{
	static char text[512];
	FILE *fp = fopen("err", "r");
	size_t n = 0;

	if (fp != NULL) {
		n = fread(text, 1, sizeof(text) - 1, fp);
		(void)fclose(fp);
	}
	text[n] = '\0';
	return text;
}

/* Its status; 20 seconds are too long. */
static int
end_of(pid_t pid)
{
	int status;

	for (int i = 0; i < 2000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)poll(NULL, 0, i < 100 ? 1 : 10);
	}
	(void)kill(pid, SIGKILL);
	if (account->child > 0)
		(void)kill(account->child, SIGKILL);
	(void)waitpid(pid, &status, 0);
	atf_tc_fail_nonfatal("it does not end: %s", said());
	return status;
}

/* The names in this directory, but for the output. */
static int
count_files(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	int n = 0;

	ATF_REQUIRE(dir != NULL);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, "out") != 0 &&
		    strcmp(entry->d_name, "err") != 0)
			n++;
	(void)closedir(dir);
	return n - 2;		/* this directory, and the one above */
}

/* Nobody is left who was started since open_kin(), nor is an output changed. */
static void
open_kin(void)
{
	const int flags = O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK;

	ATF_REQUIRE_EQ(pipe(kin), 0);
	output[0] = open("out", flags, 0666);
	output[1] = open("err", flags, 0666);
	ATF_REQUIRE(output[0] != -1 && output[1] != -1);
}

static void
check_kin(const char *run)
{
	struct pollfd pfd = { .fd = kin[0], .events = POLLIN };

	(void)close(kin[1]);
	ATF_CHECK_MSG(poll(&pfd, 1, 10000) == 1, "%s: a process is left", run);
	(void)close(kin[0]);
	for (int i = 0; i < 2; i++) {
		ATF_CHECK_MSG((fcntl(output[i], F_GETFL) & O_NONBLOCK) != 0,
		    "%s: descriptor %d waits", run, i + 1);
		(void)close(output[i]);
	}
}

/*
 * Checks what is left of a run: so many descriptors and blocks are kept until
 * the end, as they are not more of them with more conversations.
 */
static void
check_account(const char *run, const struct account *n, int kept, int blocks_kept)
{
	const struct state *b = &n->before, *a = &n->after;

	ATF_CHECK_EQ_MSG(a->descriptors, b->descriptors + kept,
	    "%s: %d descriptors, %d before: %s", run, a->descriptors,
	    b->descriptors, said());
	ATF_CHECK_EQ_MSG(a->mappings, b->mappings, "%s: %d mappings, %d before",
	    run, a->mappings, b->mappings);
	ATF_CHECK_EQ_MSG(a->blocks, blocks_kept, "%s: %d blocks", run,
	    a->blocks);
	ATF_CHECK_EQ_MSG(a->children, 0, "%s: children", run);
	ATF_CHECK_EQ_MSG(a->mask, b->mask, "%s: umask %o", run,
	    (unsigned)a->mask);
	for (int sig = 1; sig < 32; sig++)
		ATF_CHECK_EQ_MSG(sigismember(&a->blocked, sig),
		    sig != SIGALRM && sigismember(&b->blocked, sig),
		    "%s: signal %d", run, sig);
	ATF_CHECK_EQ_MSG(n->strays, 0, "%s: %d signals to nobody", run,
	    n->strays);
}

/*
 * What every client of ours has at its end: its lines, a directory, and the
 * groups of its peer if it has asked.  It is the last of so many processes.
 */
static void
check_client(const char *run, const struct account *n, int kept, int processes)
{
	const struct state *b = &n->before, *c = &n->client;

	ATF_CHECK_EQ_MSG(n->clients, processes, "%s: %d clients: %s", run,
	    n->clients, said());
	ATF_CHECK_EQ_MSG(c->descriptors, b->descriptors + 2 + kept,
	    "%s: a client with %d descriptors, %d before", run, c->descriptors,
	    b->descriptors);
	ATF_CHECK_MSG(c->blocks <= (strstr(run, "ask") != NULL),
	    "%s: a client with %d blocks", run, c->blocks);
	ATF_CHECK_EQ_MSG(c->children, 0, "%s: a client's children", run);
	ATF_CHECK_EQ_MSG(c->wakeup, -1, "%s: a client waits for %d", run,
	    c->wakeup);
	ATF_CHECK_EQ_MSG(c->mask, b->mask, "%s: a client's umask %o", run,
	    (unsigned)c->mask);
}

ATF_TC(both);
ATF_TC_HEAD(both, tc)
{
	atf_tc_set_md_var(tc, "descr", "Conversations of both sides, by every "
	    "transport, type and mode, leave nothing behind in either process, "
	    "nor the client what is the server's");
}
ATF_TC_BODY(both, tc)
{
	static const char *const kinds[] = { "--sync", "--late", "--race",
	    "--inherit",
	    "--order ready_accept_option_receive_/_connect_write",
	    "--order ready_accept_drain_/_connect_by-another_close",
	    "--order ready_accept_option_receive_/_connect_descriptor_ask",
	    "--order ready_accept_option_drain_/_connect_claim_largest",
	    "--order ready_accept_drain_/_connect-gone",
	    "--order ready_accept_wrong-option_drain_/_connect_ask-pidfd_write" };
	static const int counts[] = { 1, 3, 70 };
	char run[256];
	bool path, dgram, counted, forks;
	int count;

	begin_account();
	for (size_t i = 0; i < nitems(kinds) * nitems(counts) *
	    nitems(types) * 2; i++) {
		const size_t mode = i / 2 % nitems(kinds);
		const size_t type = i / 2 / nitems(kinds) % nitems(types);

		count = counts[i / 2 / nitems(kinds) / nitems(types)];
		path = i % 2 != 0;
		dgram = types[type].type == SOCK_DGRAM;
		if ((strcmp(kinds[mode], "--inherit") == 0 ||
		    strstr(kinds[mode], "gone") != NULL) && (!path || dgram))
			continue;
		if (strstr(kinds[mode], "pidfd") != NULL &&
		    mechanisms[PEER_PIDFD].option == NULL)
			continue;
		counted = count > 1 || strcmp(kinds[mode], "--race") == 0;
		forks = strstr(kinds[mode], "gone") != NULL ||
		    strstr(kinds[mode], "another") != NULL;
		(void)snprintf(run, sizeof(run), "%s --type %s --count %d%s",
		    kinds[mode], types[type].name, count,
		    path ? " --path sock" : "");
		open_kin();
		(void)end_of(start(run, account));
		check_kin(run);
		/* What counts has a pipe for a signal. */
		check_account(run, account, counted ? 2 : 0, 0);
		check_client(run, account, path ? 1 : 0,
		    forks ? count + 1 : 1);
		ATF_CHECK_EQ_MSG(count_files(), 0, "%s: files", run);
	}
}

/* A listener, or a datagram socket, of this test's own. */
static int
listen_at(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, type, 0);

	strcpy(sun.sun_path, path);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	if (type != SOCK_DGRAM)
		ATF_REQUIRE_EQ(listen(fd, 9), 0);
	return fd;
}

/* Connected to a path, which may be yet to come; -1: nobody listens there. */
static int
connect_to(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, type, 0);

	strcpy(sun.sun_path, path);
	ATF_REQUIRE(fd != -1);
	for (int i = 0; i < 1000; i++) {
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return fd;
		(void)poll(NULL, 0, 10);
	}
	(void)close(fd);
	return -1;
}

ATF_TC(server);
ATF_TC_HEAD(server, tc)
{
	atf_tc_set_md_var(tc, "descr", "A server of its own and its clients "
	    "leave nothing behind, however many there were, and also of "
	    "clients that still wait when it ends");
}
ATF_TC_BODY(server, tc)
{
	static const char *const runs[][2] = {
		{ "", "" }, { "--sync", "--sync" }, { "--race", "" },
		{ "--all --timeout 0.3", "" },
		{ "--type seqpacket", "--type seqpacket" },
		{ "--type dgram", "--type dgram" },
		{ "", "--order connect_descriptor_read" },
		{ "", "--order connect_descriptor_largest_close" },
		{ "--type dgram", "--type dgram --order connect_descriptor" },
		{ "--order option_ready_accept_option_receive", "--verbose" },
	};
	struct account *client;
	char server_run[256], client_run[256];
	pid_t server;
	int waiting, type, status;
	bool stays;			/* connected when the server ends */

	begin_account();
	client = mmap(NULL, sizeof(*client), PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	ATF_REQUIRE(client != MAP_FAILED);
	for (size_t i = 0; i < 2 * nitems(runs); i++) {
		const char *const *run = runs[i / 2];
		const int n = i % 2 != 0 ? 40 : 2;

		type = strstr(run[0], "dgram") != NULL ? SOCK_DGRAM :
		    strstr(run[0], "seqpacket") != NULL ? SOCK_SEQPACKET :
		    SOCK_STREAM;
		/* Of datagrams some can be refused. */
		stays = type == SOCK_STREAM ? strstr(run[0], "all") == NULL :
		    strstr(run[1], "order") != NULL;
		(void)snprintf(server_run, sizeof(server_run),
		    "--server sock --count %d %s", n + (stays ? 9 : type != SOCK_DGRAM),
		    run[0]);
		(void)snprintf(client_run, sizeof(client_run),
		    "--client sock --count %d %s", n, run[1]);
		open_kin();
		server = start(server_run, account);
		/* The first is one that never writes; it closes at once. */
		waiting = connect_to("sock", type);
		ATF_REQUIRE(waiting != -1);
		if (!stays && type != SOCK_DGRAM)
			ATF_REQUIRE_EQ(write(waiting, "!", 1), 1);
		if (!stays)
			(void)close(waiting);
		status = end_of(start(client_run, client));
		/* Some find the connection closed by then. */
		ATF_CHECK_MSG(status == 0 || type == SOCK_DGRAM ||
		    strstr(run[1], "largest") != NULL,
		    "%s: 0x%x: %s", client_run, (unsigned)status, said());
		if (stays)
			ATF_CHECK_EQ(kill(server, SIGTERM), 0);
		(void)end_of(server);
		if (stays)
			(void)close(waiting);
		check_kin(server_run);
		check_account(server_run, account, 2, 0);
		check_account(client_run, client, 0, 0);
		ATF_CHECK_EQ_MSG(account->clients + client->clients, 0,
		    "%s: %s: %d clients", server_run, client_run,
		    account->clients + client->clients);
		ATF_CHECK_EQ_MSG(count_files(), 0, "%s: files", server_run);
	}
}

ATF_TC(peer);
ATF_TC_HEAD(peer, tc)
{
	atf_tc_set_md_var(tc, "descr", "Asking who listens leaves nothing "
	    "behind, also if the first type that it tried was another");
}
ATF_TC_BODY(peer, tc)
{
	const int listener[2] = { listen_at("one", SOCK_STREAM),
	    listen_at("two", SOCK_SEQPACKET) };
	static const char *const runs[] = { "--peer one", "--peer two",
	    "--peer two --json", "--peer one --names" };

	begin_account();
	for (size_t i = 0; i < nitems(runs); i++) {
		open_kin();
		(void)end_of(start(runs[i], account));
		check_kin(runs[i]);
		check_account(runs[i], account, 0, 0);
		ATF_CHECK_EQ(count_files(), 2);
	}
	(void)close(listener[0]);
	(void)close(listener[1]);
}

static void
give(int fd)
{
	ATF_REQUIRE_EQ(dup2(fd, GIVEN), GIVEN);
	if (fd != GIVEN)
		(void)close(fd);
}

ATF_TC(given);
ATF_TC_HEAD(given, tc)
{
	atf_tc_set_md_var(tc, "descr", "A socket that was given stays open, as "
	    "it was, and a copy of another process's does not");
}
ATF_TC_BODY(given, tc)
{
	static const char *const runs[] = { "--fd 50", "--fd 50 --json --all",
	    "--fd 50 --names", "--fd 50 --quiet" };
	char copy[64];
	int pair[2], flags;
	pid_t pid;

	begin_account();
	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	for (size_t i = 0; i < nitems(runs) * nitems(types); i++) {
		const char *run = runs[i / nitems(types)];

		ATF_REQUIRE_EQ(socketpair(AF_UNIX, types[i % nitems(types)].type,
		    0, pair), 0);
		give(pair[0]);
		flags = fcntl(GIVEN, F_GETFL);
		ATF_REQUIRE_EQ(send_with(pair[1], NULL, SCM_RIGHTS,
		    &(int){ STDIN_FILENO }, sizeof(int)), 1);
		if (types[i % nitems(types)].type != SOCK_DGRAM)
			ATF_REQUIRE_EQ(shutdown(pair[1], SHUT_WR), 0);
		open_kin();
		(void)end_of(start(i % nitems(types) == 2 ?
		    "--fd 50 --timeout 0.2" : run, account));
		check_kin(run);
		check_account(run, account, 0, 0);
		ATF_CHECK_EQ(fcntl(GIVEN, F_GETFL), flags);
		ATF_CHECK_EQ_MSG(is_set(GIVEN, &mechanisms[USUAL]), 0,
		    "%s: the option is set", run);
		(void)close(pair[1]);
	}
	give(listen_at("sock", SOCK_STREAM));
	for (size_t i = 0; i < nitems(runs); i++) {
		char run[64], client[64];

		(void)snprintf(run, sizeof(run), "%s --count %zu", runs[i],
		    10 * i + 2);
		(void)snprintf(client, sizeof(client),
		    "--client sock --count %zu", 10 * i + 2);
		open_kin();
		pid = start(run, account);
		(void)end_of(start(client, account + 1));
		(void)end_of(pid);
		check_kin(run);
		check_account(run, account, 2, 0);
		ATF_CHECK_EQ_MSG(is_set(GIVEN, &mechanisms[USUAL]), 0,
		    "%s: the option is set", run);
		ATF_CHECK_EQ(count_files(), 1);
	}
	if (mechanisms[PEER_PIDFD].option == NULL)
		return;			/* nor is there a copy of one */
	(void)snprintf(copy, sizeof(copy), "--fd %jd:%d", (intmax_t)getpid(),
	    GIVEN);
	open_kin();
	(void)end_of(start(copy, account));
	check_kin(copy);
	check_account(copy, account, 0, 0);
}

ATF_TC(survey);
ATF_TC_HEAD(survey, tc)
{
	atf_tc_set_md_var(tc, "descr", "A survey keeps its directories open "
	    "and what it reports, and leaves no file, process or page behind");
}
ATF_TC_BODY(survey, tc)
{
	static const char *const runs[] = { "--survey --quiet",
	    "--survey --json --timeout 0.5", "--survey --verbose" };
	int blocks_kept = 0;

	begin_account();
	for (size_t i = 0; i < nitems(runs); i++) {
		open_kin();
		(void)end_of(start(runs[i], account));
		check_kin(runs[i]);
		if (i == 0)
			blocks_kept = account->after.blocks;
		/* No more than the groups of each result, twice. */
		ATF_CHECK(blocks_kept <= NROWS * (int)nitems(types) * 2);
		check_account(runs[i], account, 2, blocks_kept);
		ATF_CHECK_EQ_MSG(count_files(), 0, "%s: files", runs[i]);
	}
}

ATF_TC(signalled);
ATF_TC_HEAD(signalled, tc)
{
	atf_tc_set_md_var(tc, "descr", "A run that a signal ends leaves no "
	    "file and no process, has died of the signal, or else reports");
}
ATF_TC_BODY(signalled, tc)
{
	static const struct {
		const char *run;
		int sig, status;	/* -1: it dies of the signal */
	} runs[] = {
		{ "--sync --path sock --count 1000000000", SIGQUIT, -1 },
		{ "--race --path sock --count 1000000000", SIGUSR1, -1 },
		{ "--race --count 1000000000", SIGALRM, -1 },
		{ "--sync --path sock --count 1000000000", SIGTERM, 0 },
		{ "--late --path sock --count 1000000000 --type dgram", SIGINT,
		    1 },
		{ "--sync --count 1000000000", SIGHUP, 0 },
		{ "--race --path sock --count 1000000000", SIGINT, 0 },
		{ "--server sock", SIGHUP, 1 },
		{ "--server sock", SIGPROF, -1 },
		{ "--server sock --type dgram", SIGVTALRM, -1 },
		{ "--order ready_accept_option_receive_/_connect_delay_delay_"
		    "delay_delay_delay_delay_delay_write --spread 1000000 "
		    "--path sock", SIGTERM, -1 },
		/* In the middle of a trial, which is none then. */
		{ "--order ready_accept_option_receive_/_connect_delay_delay_"
		    "delay_delay_delay_delay_delay_write --spread 1000000 "
		    "--path sock --count 9", SIGTERM, 1 },
		{ "--fd 50", SIGTERM, 1 }, { "--fd 50", SIGQUIT, -1 },
	};
	pid_t pid;
	int status;

	begin_account();
	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	give(listen_at("given", SOCK_STREAM));
	ATF_REQUIRE_EQ(unlink("given"), 0);
	for (size_t i = 0; i < nitems(runs); i++) {
		open_kin();
		pid = start(runs[i].run, account);
		while (strstr(runs[i].run, "sock") != NULL &&
		    access("sock", F_OK) == -1)
			(void)poll(NULL, 0, 10);
		(void)poll(NULL, 0, 100);
		ATF_REQUIRE_EQ(kill(pid, runs[i].sig), 0);
		status = end_of(pid);
		if (runs[i].status == -1)
			ATF_CHECK_MSG(WIFSIGNALED(status) &&
			    WTERMSIG(status) == runs[i].sig,
			    "%s: status 0x%x: %s", runs[i].run,
			    (unsigned)status, said());
		else {
			ATF_CHECK_MSG(WIFEXITED(status) &&
			    WEXITSTATUS(status) == runs[i].status,
			    "%s: status 0x%x: %s", runs[i].run,
			    (unsigned)status, said());
			check_account(runs[i].run, account, 2, 0);
		}
		check_kin(runs[i].run);
		ATF_CHECK_EQ_MSG(count_files(), 0, "%s: files", runs[i].run);
		ATF_CHECK_EQ_MSG(account->strays, 0, "%s: %d signals to nobody",
		    runs[i].run, account->strays);
		ATF_CHECK_EQ_MSG(is_set(GIVEN, &mechanisms[USUAL]), 0,
		    "%s: the option is set", runs[i].run);
	}
}

/* Starts an endless run, has its client get a signal, and then itself. */
static int
end_with_client(const char *run, int client_sig)
{
	pid_t pid;

	open_kin();
	account->child = 0;
	pid = start(run, account);
	while (account->child == 0)
		(void)poll(NULL, 0, 10);
	(void)poll(NULL, 0, 100);
	if (client_sig != 0)
		ATF_CHECK_EQ(kill(account->child, client_sig), 0);
	(void)poll(NULL, 0, 10);
	ATF_CHECK_EQ(kill(pid, SIGTERM), 0);
	return end_of(pid);
}

ATF_TC(asked);
ATF_TC_HEAD(asked, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client is asked to leave, and does, "
	    "also if it was stopped");
}
ATF_TC_BODY(asked, tc)
{
	static const char *const runs[] = { "--sync --count 1000000000",
	    "--race --path sock --count 1000000000" };
	static const int sigs[] = { 0, SIGSTOP };

	begin_account();
	for (size_t i = 0; i < 4; i++) {
		/* It has a second for that, which a machine can take it. */
		for (int times = 0; times < 5; times++) {
			(void)end_with_client(runs[i % 2], sigs[i / 2]);
			check_kin(runs[i % 2]);
			ATF_CHECK_EQ(count_files(), 0);
			ATF_CHECK_STREQ(said(), "");
			if (account->left == 1)
				break;
		}
		ATF_CHECK_EQ_MSG(account->left, 1, "%s, signal %d: %d left",
		    runs[i % 2], sigs[i / 2], account->left);
	}
}

ATF_TC(early);
ATF_TC_HEAD(early, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client that hangs is waited for no "
	    "longer than the timeout and a second; and a signal is nothing to "
	    "it from its first moment on");
}
ATF_TC_BODY(early, tc)
{
	int status;

	begin_account();
	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	for (int path = 0; path < 2; path++) {
		const char *run = path ? "--sync --timeout 0.2 --path sock" :
		    "--sync --timeout 0.2";

		open_kin();
		befalls = HANGS;
		status = end_of(start(run, account));
		ATF_CHECK_EQ(WEXITSTATUS(status), EXIT_TROUBLE);
		ATF_CHECK(strstr(said(), "timed out after 0.2 s") != NULL);
		check_kin(run);
		ATF_CHECK_EQ(count_files(), 0);
		open_kin();
		befalls = GETS_SIGNAL;
		status = end_of(start(run, account));
		ATF_CHECK_MSG(status == 0, "%s: 0x%x: %s", run,
		    (unsigned)status, said());
		check_kin(run);
		befalls = NOTHING_BEFALLS;
	}
}

ATF_TC(asleep);
ATF_TC_HEAD(asleep, tc)
{
	atf_tc_set_md_var(tc, "descr", "A signal that comes just before a sleep "
	    "of an hour ends it, a second one at once, and a survey's leaves "
	    "no directory");
}
ATF_TC_BODY(asleep, tc)
{
	static const struct {
		const char *run;
		int times, status;		/* -1: it dies of it */
	} runs[] = {
		{ "--sync --count 9 --timeout 3600", 1, 1 },
		{ "--sync --count 9 --timeout 3600", 2, -1 },
		{ "--race --path sock --timeout 3600", 1, 0 },
		{ "--sync --path sock --timeout 3600", 1, -1 },
		{ "--server sock", 1, 1 }, { "--server sock", 2, -1 },
		{ "--survey", 1, -1 },
	};
	int status;

	begin_account();
	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	befalls = HANGS;
	at_sleep = SIGTERM;
	for (size_t i = 0; i < nitems(runs); i++) {
		at_sleep_times = runs[i].times;
		open_kin();
		status = end_of(start(runs[i].run, account));
		ATF_CHECK_MSG(runs[i].status == -1 ? WIFSIGNALED(status) &&
		    WTERMSIG(status) == SIGTERM :
		    status == runs[i].status << 8,
		    "%s, %d times: 0x%x: %s", runs[i].run, runs[i].times,
		    (unsigned)status, said());
		ATF_CHECK_MSG(account->sleeps < 100, "%s: slept %d times",
		    runs[i].run, account->sleeps);
		check_kin(runs[i].run);
		ATF_CHECK_EQ_MSG(count_files(), 0, "%s: files", runs[i].run);
	}
	befalls = NOTHING_BEFALLS;
	at_sleep = 0;
}

/* Microseconds until our timer rings; 0: never. */
static long
until_alarm(bool *again)
{
	struct itimerval timer;

	ATF_REQUIRE_EQ(getitimer(ITIMER_REAL, &timer), 0);
	*again = timer.it_interval.tv_sec != 0 ||
	    timer.it_interval.tv_usec != 0;
	return timer.it_value.tv_sec * 1000000 + timer.it_value.tv_usec;
}

ATF_TC(alarms);
ATF_TC_HEAD(alarms, tc)
{
	atf_tc_set_md_var(tc, "descr", "The timer rings each millisecond while "
	    "a call is to be interrupted, then stops, or becomes that of the "
	    "end; and a child has none");
}
ATF_TC_BODY(alarms, tc)
{
	struct sigaction sa;
	siginfo_t info;
	int client, fd;
	bool again;
	long left, most = 1000;		/* microseconds */

#ifdef __NetBSD__			/* where it is a tick at least */
	most = 1000000 / sysconf(_SC_CLK_TCK);
#endif
	memset(&info, 0, sizeof(info));
	info.si_code = SI_TIMER;
	ATF_REQUIRE(signal(SIGALRM, SIG_IGN) != SIG_ERR);
	interrupt_calls(true);
	ATF_CHECK(signals.interrupting && signals.ticking && signals.timed);
	left = until_alarm(&again);
	ATF_CHECK(again && left <= most);
	on_alarm(SIGALRM, &info, NULL);
	(void)until_alarm(&again);
	ATF_CHECK(again && signals.ticking);
	interrupt_calls(false);
	(void)until_alarm(&again);
	ATF_CHECK(again && signals.ticking && !signals.interrupting);
	on_alarm(SIGALRM, &info, NULL);
	left = until_alarm(&again);
	ATF_CHECK(!again && left == 0 && !signals.ticking);

	/* A stop while it rings is not its end yet. */
	interrupt_calls(true);
	interrupt_calls(false);
	signals.stopped_at = now();
	signals.stopped = 1;
	on_alarm(SIGALRM, &info, NULL);
	left = until_alarm(&again);
	ATF_CHECK_MSG(!again && left > 100000 && left <= 2000000,
	    "%ld microseconds", left);
	signals.ticking = 1;
	catch_alarm(false);
	ATF_CHECK(!signals.ticking && !signals.timed);

	/* It interrupts one accept(2) for good, and nothing after that. */
	signals.stopped = 0;
	set_up(&sync_schedule, ROLE_FD);
	conv.listener = listen_at("given", SOCK_STREAM);
	client = connect_to("given", SOCK_STREAM);
	ATF_CHECK((fd = accept_next(&conv)) != -1);
	ATF_REQUIRE_EQ(sigaction(SIGALRM, NULL, &sa), 0);
	ATF_CHECK((sa.sa_flags & SA_RESTART) != 0 && !signals.interrupting);
	ATF_CHECK_EQ_MSG(accept_next(&conv), -1, "a second connection");
	ATF_CHECK_EQ(errno, EINTR);
	(void)close(client);
	(void)close(fd);
}

ATF_TC(ignored);
ATF_TC_HEAD(ignored, tc)
{
	atf_tc_set_md_var(tc, "descr", "A signal that was ignored is nothing to "
	    "it, also in the moment in which it asks whether it was");
}
ATF_TC_BODY(ignored, tc)
{
	static const int sigs[] = { SIGHUP, SIGINT, SIGUSR1, SIGALRM };
	int status;

	begin_account();
	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	for (size_t i = 0; i < nitems(sigs); i++) {
		at_handler = sigs[i];
		open_kin();
		status = end_of(start("--sync", account));
		ATF_CHECK_MSG(status == 0, "signal %d: 0x%x: %s", sigs[i],
		    (unsigned)status, said());
		check_kin("--sync");
	}
	at_handler = 0;
}

ATF_TC(ended);
ATF_TC_HEAD(ended, tc)
{
	atf_tc_set_md_var(tc, "descr", "A client that has been waited for gets "
	    "no signal any more, as its PID may be another's, nor one that "
	    "was killed");
}
ATF_TC_BODY(ended, tc)
{
	int pair[2];
	char byte;
	pid_t server;

	begin_account();
	set_up(&sync_schedule, ROLE_BOTH);
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	conv.other.pid = fork();
	ATF_REQUIRE(conv.other.pid != -1);
	if (conv.other.pid == 0) {
		(void)close(pair[0]);
		_exit(read(pair[1], &byte, 1) == 0 ? 0 : 99);
	}
	(void)close(pair[1]);
	conv.other.wake = pair[0];
	end_client(&conv);
	ATF_CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
	end_client(&conv);
	ATF_CHECK_EQ(account->strays, 0);
	open_kin();
	account->child = 0;
	server = start("--sync --count 1000000000 --path sock", account);
	while (account->child == 0)
		(void)poll(NULL, 0, 10);
	ATF_CHECK_EQ(kill(account->child, SIGKILL), 0);
	(void)end_of(server);
	check_kin("a killed client");
	ATF_CHECK_EQ(account->strays, 0);
	ATF_CHECK_EQ(count_files(), 0);
}

ATF_TC(strangers);
ATF_TC_HEAD(strangers, tc)
{
	atf_tc_set_md_var(tc, "descr", "Strangers who were turned away leave "
	    "neither descriptors nor memory behind");
}
ATF_TC_BODY(strangers, tc)
{
	static const char run[] = "--race --path sock --count 1000000000";
	char byte;
	pid_t pid;
	int fd;

	begin_account();
	if (mechanisms[USUAL].option == NULL)
		atf_tc_skip("this system has no option for credentials");
	open_kin();
	pid = start(run, account);
	for (int i = 0; i < 20; i++) {
		fd = connect_to("sock", SOCK_STREAM);
		ATF_REQUIRE(fd != -1);
		while (read(fd, &byte, 1) > 0)
			continue;
		(void)close(fd);
	}
	ATF_CHECK_EQ(kill(pid, SIGTERM), 0);
	(void)end_of(pid);
	check_kin(run);
	check_account(run, account, 2, 0);
	ATF_CHECK(strstr(said(), "not our client") != NULL);
	ATF_CHECK_EQ(count_files(), 0);
}

ATF_TC(made);
ATF_TC_HEAD(made, tc)
{
	atf_tc_set_md_var(tc, "descr", "A file is the one that was made if its "
	    "type, its device and its inode are that one's");
}
ATF_TC_BODY(made, tc)
{
	const struct made_file f = { .type = S_IFSOCK, .device = 3,
	    .inode = 4 };
	struct stat st = { .st_mode = S_IFSOCK | 0666, .st_dev = 3,
	    .st_ino = 4 };

	ATF_CHECK(is_made(&f, &st));
	st.st_mode = S_IFREG | 0666;
	ATF_CHECK(!is_made(&f, &st));
	st.st_mode = S_IFSOCK;
	st.st_dev = 5;
	ATF_CHECK(!is_made(&f, &st));
	st.st_dev = 3;
	st.st_ino = 5;
	ATF_CHECK(!is_made(&f, &st));
}

ATF_TC(lines);
ATF_TC_HEAD(lines, tc)
{
	atf_tc_set_md_var(tc, "descr", "Where there are descriptors for one of "
	    "the two lines alone, none stays open, as a survey goes on");
}
ATF_TC_BODY(lines, tc)
{
	struct rlimit rl;
	struct lines l;
	jmp_buf broken;
	rlim_t before;
	int lowest, open[3];

	set_up(&sync_schedule, ROLE_SURVEY);
	conv.broken = &broken;
	lowest = dup(STDIN_FILENO);
	ATF_REQUIRE(lowest != -1);
	(void)close(lowest);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	before = rl.rlim_cur;
	rl.rlim_cur = (rlim_t)lowest + 3;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	if (setjmp(broken) == 0) {
		open_lines(&conv, &l);
		atf_tc_fail("there were descriptors");
	}
	for (int i = 0; i < 3; i++)
		open[i] = dup(STDIN_FILENO);
	for (int i = 0; i < 3; i++)
		(void)close(open[i]);
	rl.rlim_cur = before;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	for (int i = 0; i < 3; i++)
		ATF_CHECK_EQ(open[i], lowest + i);
}

/* Whether what failed was a recvmsg(2), with an error. */
static bool
is_refused(int error)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "recvmsg: %s", strerror(error));
	return strcmp(shared.failure, text) == 0;
}

ATF_TC(handed);
ATF_TC_HEAD(handed, tc)
{
	atf_tc_set_md_var(tc, "descr", "Descriptors that are handed over are all "
	    "received, or it is an error; and no more than there is room for");
}
ATF_TC_BODY(handed, tc)
{
	const int fds[3] = { STDIN_FILENO, STDIN_FILENO, STDIN_FILENO };
	struct rlimit rl;
	jmp_buf broken;
	rlim_t before;
	int pair[2], got[4] = { -1, -1, -1, -1 };

	set_up(&sync_schedule, ROLE_SURVEY);
	ATF_REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	conv.other.control = pair[0];
	ATF_REQUIRE_EQ(send_with(pair[1], NULL, SCM_RIGHTS, fds,
	    sizeof(fds)), 1);
	ATF_CHECK_EQ(receive_descriptors(&conv, got, 2), 2);
	ATF_CHECK(got[0] > 2 && got[1] > 2 && got[2] == -1);

	/* With one descriptor left. */
	ATF_REQUIRE_EQ(send_with(pair[1], NULL, SCM_RIGHTS, fds,
	    sizeof(fds)), 1);
	ATF_REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	before = rl.rlim_cur;
	got[3] = dup(STDIN_FILENO);
	(void)close(got[3]);
	rl.rlim_cur = (rlim_t)got[3] + 1;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	conv.broken = &broken;
	shared.failure[0] = '\0';
	if (setjmp(broken) == 0)
		(void)receive_descriptors(&conv, got, 3);
	rl.rlim_cur = before;
	ATF_REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	/* Linux drops descriptors, FreeBSD and NetBSD refuse the message. */
	ATF_CHECK_MSG(strcmp(shared.failure,
	    "no descriptors left to receive the client's") == 0 ||
	    is_refused(EMFILE) || is_refused(EMSGSIZE), "%s", shared.failure);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, both);
	ATF_TP_ADD_TC(tp, server);
	ATF_TP_ADD_TC(tp, peer);
	ATF_TP_ADD_TC(tp, given);
	ATF_TP_ADD_TC(tp, survey);
	ATF_TP_ADD_TC(tp, signalled);
	ATF_TP_ADD_TC(tp, asked);
	ATF_TP_ADD_TC(tp, early);
	ATF_TP_ADD_TC(tp, asleep);
	ATF_TP_ADD_TC(tp, alarms);
	ATF_TP_ADD_TC(tp, ignored);
	ATF_TP_ADD_TC(tp, ended);
	ATF_TP_ADD_TC(tp, strangers);
	ATF_TP_ADD_TC(tp, made);
	ATF_TP_ADD_TC(tp, lines);
	ATF_TP_ADD_TC(tp, handed);
	return atf_no_error();
}
