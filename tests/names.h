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
 * The errors that tests name, for h_fault.c and h_start.c.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct name {
	const char *text;
	int number;
};

static const struct name errors[] = {
#define ERROR(name)	{ #name, name }
	ERROR(EACCES), ERROR(EADDRINUSE), ERROR(EAGAIN), ERROR(EBADF),
	ERROR(ECONNABORTED), ERROR(ECONNREFUSED), ERROR(EFBIG), ERROR(EINTR),
	ERROR(EINVAL), ERROR(EIO), ERROR(EISDIR), ERROR(EMFILE), ERROR(ENFILE),
	ERROR(ENOBUFS), ERROR(ENOENT), ERROR(ENOMEM), ERROR(ENOPROTOOPT),
	ERROR(ENOSPC), ERROR(ENOTSOCK), ERROR(EOPNOTSUPP), ERROR(EPERM),
	ERROR(EPIPE), ERROR(ESRCH), ERROR(ETOOMANYREFS),
	{ NULL, 0 }
};

/* The one of a name, or NULL. */
static const struct name *
find_name(const struct name *names, const char *text)
{
	for (; names->text != NULL; names++)
		if (strcmp(names->text, text) == 0)
			return names;
	return NULL;
}
