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
 * usage: h_time n output command [argument ...]
 *
 * Runs the command n times, one after the other, with its standard output in
 * the file output.  Prints the microseconds of wall time that one run took,
 * from before it was started until it had been waited for, and the largest
 * memory that any of its processes had, in kilobytes.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double
microseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

int
main(int argc, char **argv)
{
	const long n = argc < 4 ? 0 : strtol(argv[1], NULL, 10);
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	long memory = 0;
	double start;
	int error, status;
	pid_t pid;

	if (n < 1)
		errx(2, "usage: h_time n output command [argument ...]");
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, argv[2],
	    O_WRONLY | O_CREAT | O_TRUNC, 0666) != 0)
		errx(2, "posix_spawn_file_actions");
	start = microseconds();
	for (long i = 0; i < n; i++) {
		error = posix_spawnp(&pid, argv[3], &actions, NULL, argv + 3,
		    environ);
		if (error != 0)
			errx(2, "%s: %s", argv[3], strerror(error));
		if (wait4(pid, &status, 0, &usage) == -1)
			err(2, "wait4");
		if (status != 0)
			errx(2, "%s: wait status %d", argv[3], status);
		if (usage.ru_maxrss > memory)
			memory = usage.ru_maxrss;
	}
	printf("%.1f %ld\n", (microseconds() - start) / (double)n, memory);
	return 0;
}
