/* SPDX-License-Identifier: ISC */
#include "filter_rules.h"

#include <errno.h>

/* On s390, mmap has its arguments in memory, where a filter cannot see them. */
#ifndef __s390__

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* names memory: glibc 2.38 does */
#endif
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

static const int hostile[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree),
	SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(kexec_load), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(io_uring_setup), SCMP_SYS(kexec_file_load), SCMP_SYS(iopl), SCMP_SYS(ioperm),
};

/* Known, and never again: what was given up stays so. */
static const int refused[] = {
	SCMP_SYS(capset), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid),
	SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid),
	SCMP_SYS(setfsgid), SCMP_SYS(socketpair), SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(personality), SCMP_SYS(clock_settime),
	SCMP_SYS(settimeofday), SCMP_SYS(mknodat),
};

/* What strace shows of all commands; what the C library may take in place of one of
 * these, on this kernel or another; and what a program in a terminal needs. */
static const int allowed[] = {
	/* files; fcntl and fchmod are below */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(close), SCMP_SYS(lseek),
	SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(syncfs),
	SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(openat), SCMP_SYS(faccessat),
	SCMP_SYS(readlinkat), SCMP_SYS(mkdirat), SCMP_SYS(unlinkat), SCMP_SYS(linkat),
	SCMP_SYS(renameat2), SCMP_SYS(fchown), SCMP_SYS(utimensat), SCMP_SYS(getdents64),
	SCMP_SYS(getcwd), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(statx), SCMP_SYS(dup),
	SCMP_SYS(dup3), SCMP_SYS(pipe2), SCMP_SYS(umask), SCMP_SYS(faccessat2),
	SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(renameat),
	/* memory; mmap and mprotect are below */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(msync),
	SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock),
	/* sockets; socket is below */
	SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
	SCMP_SYS(shutdown),
	/* waiting and time */
	SCMP_SYS(ppoll), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2), SCMP_SYS(signalfd4), SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(gettimeofday), SCMP_SYS(setitimer),
	SCMP_SYS(getitimer), SCMP_SYS(restart_syscall),
	/* signals, threads, this process */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack), SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list),
	SCMP_SYS(set_tid_address), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getpgid), SCMP_SYS(getsid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getgroups), SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(capget),
	SCMP_SYS(getrusage), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getrandom),
	/* what only some kinds of processor have: without "at" and flags; with 64 bits on 32 */
	SCMP_SYS(open), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access), SCMP_SYS(readlink),
	SCMP_SYS(mkdir), SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(link), SCMP_SYS(rename),
	SCMP_SYS(dup2), SCMP_SYS(pipe), SCMP_SYS(poll), SCMP_SYS(epoll_wait),
	SCMP_SYS(getpgrp), SCMP_SYS(pause), SCMP_SYS(select), SCMP_SYS(time), SCMP_SYS(arch_prctl),
	SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres_time64), SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(clock_adjtime64), SCMP_SYS(ppoll_time64), SCMP_SYS(pselect6_time64),
	SCMP_SYS(futex_time64), SCMP_SYS(recvmmsg_time64), SCMP_SYS(rt_sigtimedwait_time64),
	SCMP_SYS(timerfd_settime64), SCMP_SYS(timerfd_gettime64), SCMP_SYS(utimensat_time64),
	SCMP_SYS(ftruncate64), SCMP_SYS(fstat64), SCMP_SYS(stat64),
	SCMP_SYS(lstat64), SCMP_SYS(fstatat64), SCMP_SYS(statfs64), SCMP_SYS(fstatfs64),
	SCMP_SYS(_llseek), SCMP_SYS(_newselect), SCMP_SYS(sigreturn), SCMP_SYS(getuid32),
	SCMP_SYS(geteuid32), SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(getgroups32),
	SCMP_SYS(getresuid32), SCMP_SYS(getresgid32), SCMP_SYS(fchown32),
};

/* Of a terminal: what it is, its size, its modes, who is in front. And the number of an
 * interface, for the zone of an address. */
static const unsigned requests[] = {
	TIOCGWINSZ, TIOCGPGRP, TCGETS, TCSETS, TCSETSW, TCSETSF, SIOCGIFINDEX,
#ifdef TCGETS2
	TCGETS2, TCSETS2, TCSETSW2, TCSETSF2,
#endif
};

/* Of a file that is open: not whom the kernel signals of it, and by what. */
static const unsigned commands[] = {
	F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC,
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define REFUSE SCMP_ACT_ERRNO(EPERM)

/* By the lower half of an argument: all of an int, of which the kernel reads no more. */
#define MASKED(index, mask, value) SCMP_CMP64(index, SCMP_CMP_MASKED_EQ, mask, value)
#define IS(index, value) MASKED(index, UINT32_MAX, (unsigned)(value))
#ifdef __NR_mmap2 /* its elder brother, where there is one, has its arguments in memory */
#define MMAP SCMP_SYS(mmap2)
#else
#define MMAP SCMP_SYS(mmap)
#endif

/* libseccomp's numbers for what this kind of processor does not have; above them are
 * those for what it has by way of another call, socketcall. */
#define LACKING (-10000)

static int add(scmp_filter_ctx filter, uint32_t action, int call, unsigned n,
               const struct scmp_arg_cmp *conditions)
{
	if (call < LACKING)
		return 0;
	return seccomp_rule_add_array(filter, action, call, n, conditions);
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = add(filter, action, calls[i], 0, NULL);
	return rc;
}

/* Those of which an argument decides. What is not here is not on the list. */
static int add_judged(scmp_filter_ctx filter, unsigned self)
{
	const struct {
		int call;
		uint32_t action;
		unsigned n;
		struct scmp_arg_cmp conditions[2];
	} rules[] = {
		{ SCMP_SYS(socket), SCMP_ACT_ALLOW, 1, { IS(0, AF_UNIX) } },
		{ SCMP_SYS(socket), SCMP_ACT_ALLOW, 2,
		  { IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE) } },
		{ SCMP_SYS(socket), SCMP_ACT_ALLOW, 2,
		  { IS(0, AF_NETLINK), IS(2, NETLINK_GENERIC) } },
		/* threads, but no process; clone3, with flags in memory, is unknown */
		{ SCMP_SYS(clone), SCMP_ACT_ALLOW, 1,
		  { MASKED(0, CLONE_THREAD | NAMESPACES, CLONE_THREAD) } },
		{ SCMP_SYS(clone), REFUSE, 1, { MASKED(0, CLONE_THREAD, 0) } },
		/* itself: raise(3); and a pipeline that is in the background stops as one */
		{ SCMP_SYS(tgkill), SCMP_ACT_ALLOW, 1, { IS(0, self) } },
		{ SCMP_SYS(kill), SCMP_ACT_ALLOW, 1, { IS(0, self) } },
		{ SCMP_SYS(kill), SCMP_ACT_ALLOW, 2, { IS(0, 0), IS(1, SIGTTOU) } },
		/* its own */
		{ SCMP_SYS(prlimit64), SCMP_ACT_ALLOW, 1, { IS(0, 0) } },
		{ SCMP_SYS(prctl), SCMP_ACT_ALLOW, 1, { IS(0, PR_SET_NAME) } },
		{ SCMP_SYS(prctl), SCMP_ACT_ALLOW, 1, { IS(0, PR_SET_VMA) } },
		{ SCMP_SYS(prctl), SCMP_ACT_ALLOW, 1, { IS(0, PR_GET_DUMPABLE) } },
		/* what types for the user */
		{ SCMP_SYS(ioctl), REFUSE, 1, { IS(1, TIOCSTI) } },
		{ SCMP_SYS(ioctl), REFUSE, 1, { IS(1, TIOCLINUX) } },
		/* Of what is open; landlock would not mind whose mode is changed by name. */
		{ SCMP_SYS(fchmod), SCMP_ACT_ALLOW, 1,
		  { MASKED(1, S_ISUID | S_ISGID | S_ISVTX | S_IWOTH, 0) } },
		/* nothing that was written is ever run */
		{ SCMP_SYS(mprotect), SCMP_ACT_ALLOW, 1, { MASKED(2, PROT_EXEC, 0) } },
		{ SCMP_SYS(mprotect), REFUSE, 1, { MASKED(2, PROT_EXEC, PROT_EXEC) } },
		{ MMAP, SCMP_ACT_ALLOW, 1, { MASKED(2, PROT_EXEC, 0) } },
		{ MMAP, REFUSE, 1, { MASKED(2, PROT_EXEC, PROT_EXEC) } },
	};
	int rc = 0;

	for (size_t i = 0; i < COUNT(rules) && !rc; i++)
		rc = add(filter, rules[i].action, rules[i].call, rules[i].n, rules[i].conditions);
	for (size_t i = 0; i < COUNT(requests) && !rc; i++)
		rc = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &IS(1, requests[i]));
	for (size_t i = 0; i < COUNT(commands) && !rc; i++) {
		rc = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, &IS(1, commands[i]));
		if (!rc)
			rc = add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl64), 1, &IS(1, commands[i]));
	}
	return rc;
}

static int fill(scmp_filter_ctx filter, unsigned self)
{
	const struct {
		enum scmp_filter_attr attribute;
		uint32_t value;
	} attributes[] = {
		{ SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS }, /* a call as of 32 bits */
		/* Not to be done without, though there are no threads yet: where it cannot be
		 * had, as under valgrind, nothing must be loaded in an older way either. */
		{ SCMP_FLTATR_CTL_TSYNC, 1 },
		{ SCMP_FLTATR_CTL_OPTIMIZE, 2 }, /* a search by halves */
		{ SCMP_FLTATR_API_SYSRAWRC, 1 },
	};
	int rc = 0;

	for (size_t i = 0; i < COUNT(attributes) && !rc; i++)
		rc = seccomp_attr_set(filter, attributes[i].attribute, attributes[i].value);
	if (!rc)
		rc = add_all(filter, SCMP_ACT_KILL_PROCESS, hostile, COUNT(hostile));
	if (!rc)
		rc = add_all(filter, REFUSE, refused, COUNT(refused));
	if (!rc)
		rc = add_all(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	return rc ? rc : add_judged(filter, self);
}

int filter_make(unsigned self, scmp_filter_ctx *ret_filter)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc;

	if (!filter)
		return -ENOMEM;
	rc = fill(filter, self);
	if (!rc)
		*ret_filter = filter;
	else
		seccomp_release(filter);
	return rc;
}

#else

int filter_make(unsigned self, scmp_filter_ctx *ret_filter)
{
	(void)self;
	(void)ret_filter;
	return -EOPNOTSUPP;
}

#endif
