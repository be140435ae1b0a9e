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
 * What is proven of utf8_len() and visible(), by trying every text of up to
 * BYTES bytes and, if that is 3 or more, a sample of those with 4: they are held
 * against the grammar of RFC 3629, section 4, as it stands there, and behind the
 * end of a text, or of a copy of it, begins a page that nobody may read.
 */
#include "emulate.h"

/* That of libc may look at more at once, within a page, and takes longer. */
static inline int
compare(const char *a, const char *b, size_t n)
{
	for (; n > 0 && *a == *b && *a != '\0'; n--)
		a++, b++;
	return n == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

static char *copy_of(const char *);
#define strncmp(a, b, n)	compare(a, b, n)
#define strdup(text)		copy_of(text)
#define main			credcheck_main
int credcheck_main(int, char **);
#include "code.c"		/* credcheck.c as far as it is needed */
#undef main

enum { MOST = 4, SAMPLE = 4000000 };

/* Pages behind which is one that nobody may read. */
static unsigned char *text_end, *copy_end;	/* these are those */
static unsigned char text[MOST];		/* what is tried */
static size_t length;

static void
fails(const char *what)
{
	printf("%s:", what);
	for (size_t i = 0; i < length; i++)
		printf(" %02x", text[i]);
	printf(" (%s)\n", terminal_takes_utf8 ? "UTF-8" : "not UTF-8");
	fflush(stdout);
	_exit(1);
}

static void
read_behind(int sig)
{
	(void)sig;
	fails("reads behind the end");
}

static unsigned char *
page_end(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_PRIVATE, -1, 0);

	if (pages == MAP_FAILED ||
	    mprotect(pages + page, page, PROT_NONE) == -1)
		err(2, "mmap");
	return pages + page;
}

/* In the place of strdup(3): there is one copy. */
static char *
copy_of(const char *s)
{
	const size_t size = strlen(s) + 1;

	return memcpy(copy_end - size, s, size);
}

#define IN(c, low, high)	((c) >= (low) && (c) <= (high))
#define TAIL(c)			IN(c, 0x80, 0xbf)

/* The length of an UTF8-char, by the grammar's rows; 0: it is none. */
static size_t
rfc3629(const unsigned char *s)
{
	if (s[0] <= 0x7f)
		return 1;
	if (IN(s[0], 0xc2, 0xdf) && TAIL(s[1]))
		return 2;
	if ((s[0] == 0xe0 && IN(s[1], 0xa0, 0xbf) && TAIL(s[2])) ||
	    (IN(s[0], 0xe1, 0xec) && TAIL(s[1]) && TAIL(s[2])) ||
	    (s[0] == 0xed && IN(s[1], 0x80, 0x9f) && TAIL(s[2])) ||
	    (IN(s[0], 0xee, 0xef) && TAIL(s[1]) && TAIL(s[2])))
		return 3;
	if ((s[0] == 0xf0 && IN(s[1], 0x90, 0xbf) && TAIL(s[2]) &&
	    TAIL(s[3])) ||
	    (IN(s[0], 0xf1, 0xf3) && TAIL(s[1]) && TAIL(s[2]) && TAIL(s[3])) ||
	    (s[0] == 0xf4 && IN(s[1], 0x80, 0x8f) && TAIL(s[2]) && TAIL(s[3])))
		return 4;
	return 0;
}

/* Its code point. */
static uint32_t
decode(const unsigned char *s, size_t len)
{
	uint32_t code = len == 1 ? s[0] : s[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (s[i] & 0x3fU);
	return code;
}

/*
 * Whether a terminal does no more than show it: it is no control (Cc of
 * Unicode), nor turns or breaks the line (Bidi_Control, Zl and Zp).
 */
static bool
is_shown(uint32_t code)
{
	if (!terminal_takes_utf8)
		return IN(code, 0x20, 0x7e);
	return code >= 0x20 && !IN(code, 0x7f, 0x9f) && code != 0x61c &&
	    !IN(code, 0x200e, 0x200f) && !IN(code, 0x2028, 0x202e) &&
	    !IN(code, 0x2066, 0x2069);
}

/* What is shown stays as it is, and "?" stands for each byte of the rest. */
static void
check_shown(const unsigned char *s, const unsigned char *made)
{
	size_t n;

	for (size_t i = 0; i < length; i += n) {
		n = rfc3629(s + i);
		if (n > 0 && is_shown(decode(s + i, n))) {
			if (memcmp(s + i, made + i, n) != 0)
				fails("is not as it was");
			continue;
		}
		n = MAX(n, 1);
		for (size_t k = i; k < i + n; k++)
			if (made[k] != '?')
				fails("is acted on");
	}
	if (made[length] != '\0')
		fails("has another length");
}

static void
check(void)
{
	unsigned char *s = text_end - length - 1;

	memcpy(s, text, length);
	s[length] = '\0';
	if (utf8_len(s) != rfc3629(s))
		fails("utf8_len");
	check_shown(s, (const unsigned char *)visible((const char *)s));
	if (memcmp(s, text, length) != 0)
		fails("is changed itself");
}

/* Every text of so many bytes that are among these. */
static void
check_all(size_t bytes, const unsigned char *some, size_t many)
{
	size_t at[MOST] = { 0 }, i;

	length = bytes;
	memset(text, some[0], sizeof(text));
	do {
		check();
		for (i = 0; i < bytes && ++at[i] == many; i++)
			text[i] = some[at[i] = 0];
		if (i < bytes)
			text[i] = some[at[i]];
	} while (i < bytes);
}

/* Of four bytes: those at the edges of the grammar, and some at random. */
static void
check_sample(void)
{
	static const unsigned char edges[] = { 0x01, 0x1b, 0x20, 0x41, 0x7f,
	    0x80, 0x8e, 0x8f, 0x90, 0x9f, 0xa0, 0xa8, 0xbf, 0xc0, 0xc1, 0xc2,
	    0xd8, 0xdf, 0xe0, 0xe1, 0xe2, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
	    0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff };
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	check_all(MOST, edges, nitems(edges));
	for (int nth = 0; nth < SAMPLE; nth++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;	/* xorshift */
		for (size_t i = 0; i < MOST; i++)
			text[i] = (unsigned char)MAX(x >> (8 * i + 20) & 0xff,
			    1);
		/* Half of them begin as one of four bytes does. */
		if (nth % 2 == 0)
			text[0] |= 0xf0;
		check();
	}
}

int
main(void)
{
	unsigned char every[255];

	for (size_t i = 0; i < sizeof(every); i++)
		every[i] = (unsigned char)(i + 1);
	text_end = page_end();
	copy_end = page_end();
	(void)signal(SIGSEGV, read_behind);
	(void)signal(SIGBUS, read_behind);
	for (int utf8 = 0; utf8 < 2; utf8++) {
		terminal_takes_utf8 = utf8 == 1;
		for (size_t bytes = 0; bytes <= BYTES; bytes++)
			check_all(bytes, every, sizeof(every));
		if (BYTES >= 3)
			check_sample();
	}
	return 0;
}
