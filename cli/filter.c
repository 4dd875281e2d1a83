/* SPDX-License-Identifier: ISC */
#include "filter.h"

#include <errno.h>

/* On s390, mmap has its arguments in memory, where a filter cannot see them. */
#if defined(PEERAGE_SECCOMP) && !defined(__s390__)

#include <unistd.h>

#ifdef PEERAGE_FILTER_BUILT

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "filter_program.inc"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

int filter_close(void)
{
	struct sock_filter program[COUNT(filter_program)];
	struct sock_fprog all = { COUNT(program), program };
	const uint32_t kill = SECCOMP_RET_KILL_PROCESS;
	long thread;

	/* older kernels would load the filter, and end a thread where it says process */
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) != 0)
		return errno;
	memcpy(program, filter_program, sizeof(program));
	for (size_t i = 0; i < COUNT(filter_self); i++)
		program[filter_self[i]].k = (uint32_t)getpid();
	thread = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &all);
	/* one that has another filter, of its own */
	if (thread > 0)
		return ESRCH;
	return thread < 0 ? errno : 0;
}

#else

#include "filter_rules.h"

int filter_close(void)
{
	scmp_filter_ctx filter = NULL;
	int rc = filter_make((unsigned)getpid(), &filter);

	if (rc)
		return -rc;
	rc = seccomp_load(filter);
	seccomp_release(filter);
	return -rc;
}

#endif

#else

int filter_close(void)
{
	return ENOSYS;
}

#endif
