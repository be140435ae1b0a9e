/* SPDX-License-Identifier: BSD-2-Clause */

/* What <sys/sysctl.h>, and FreeBSD's <sys/user.h>, have of a process. */
#define CTL_KERN	1
#define KERN_PROC	14
#define KERN_PROC2	47
#define KERN_PROC_PID	1

struct kinfo_proc {
	char ki_comm[20];
};
struct kinfo_proc2 {
	char p_comm[24];
};

/* Nothing is known of any. */
#define sysctl(mib, n, info, len, new, newlen) \
	((void)(mib), (void)(n), (void)(len), memset(info, 0, 1), -1)
