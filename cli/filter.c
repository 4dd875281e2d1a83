/* SPDX-License-Identifier: ISC */
#include "filter.h"

#ifdef PEERAGE_SANDBOX

#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__arm__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCH AUDIT_ARCH_ARM
#endif

#ifdef ARCH

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* names memory: glibc 2.38 does */
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)

static const unsigned hostile[] = {
	__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev,
	__NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_mount, __NR_umount2,
	__NR_move_mount, __NR_open_tree, __NR_fsopen, __NR_fsconfig, __NR_fsmount, __NR_fspick,
	__NR_pivot_root, __NR_chroot, __NR_setns, __NR_unshare, __NR_open_by_handle_at,
	__NR_kexec_load, __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_keyctl,
	__NR_add_key, __NR_request_key, __NR_reboot, __NR_swapon, __NR_swapoff, __NR_acct,
	__NR_io_uring_setup,
#ifdef __NR_kexec_file_load
	__NR_kexec_file_load,
#endif
#ifdef __NR_iopl
	__NR_iopl, __NR_ioperm,
#endif
};

/* Known, and never again: what was given up stays so. */
static const unsigned refused[] = {
	__NR_capset, __NR_setuid, __NR_setgid, __NR_setreuid, __NR_setregid, __NR_setresuid,
	__NR_setresgid, __NR_setgroups, __NR_setfsuid, __NR_setfsgid, __NR_socketpair, __NR_tkill,
	__NR_rt_sigqueueinfo, __NR_rt_tgsigqueueinfo, __NR_personality, __NR_clock_settime,
	__NR_settimeofday, __NR_mknodat,
};

/* What strace shows of all commands; what the C library may take in place of one of
 * these, on this kernel or another; and what a program in a terminal needs. */
static const unsigned allowed[] = {
	/* files */
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_preadv,
	__NR_pwritev, __NR_close, __NR_lseek, __NR_fcntl, __NR_flock, __NR_fsync, __NR_fdatasync,
	__NR_syncfs, __NR_ftruncate, __NR_fallocate, __NR_openat, __NR_faccessat,
	__NR_readlinkat, __NR_mkdirat, __NR_unlinkat, __NR_linkat, __NR_renameat2, __NR_fchmod,
	__NR_fchmodat, __NR_fchown, __NR_fchownat, __NR_utimensat, __NR_getdents64, __NR_getcwd,
	__NR_statfs, __NR_fstatfs, __NR_statx, __NR_dup, __NR_dup3, __NR_pipe2, __NR_umask,
	/* memory; mmap and mprotect are below */
	__NR_brk, __NR_munmap, __NR_mremap, __NR_madvise, __NR_msync, __NR_mlock, __NR_mlock2,
	__NR_munlock,
	/* sockets; socket is below */
	__NR_bind, __NR_connect, __NR_getsockname, __NR_getpeername, __NR_sendto, __NR_recvfrom,
	__NR_sendmsg, __NR_recvmsg, __NR_sendmmsg, __NR_recvmmsg, __NR_setsockopt,
	__NR_getsockopt, __NR_shutdown,
	/* waiting and time */
	__NR_ppoll, __NR_pselect6, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait,
	__NR_eventfd2, __NR_signalfd4, __NR_timerfd_create, __NR_timerfd_settime,
	__NR_timerfd_gettime, __NR_nanosleep, __NR_clock_nanosleep, __NR_clock_gettime,
	__NR_clock_getres, __NR_clock_adjtime, __NR_adjtimex, __NR_gettimeofday,
	__NR_setitimer, __NR_getitimer, __NR_restart_syscall,
	/* signals, threads, this process */
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigpending,
	__NR_rt_sigsuspend, __NR_rt_sigtimedwait, __NR_sigaltstack, __NR_futex,
	__NR_set_robust_list, __NR_get_robust_list, __NR_set_tid_address, __NR_rseq,
	__NR_membarrier, __NR_sched_yield, __NR_sched_getaffinity, __NR_getcpu, __NR_exit,
	__NR_exit_group, __NR_getpid, __NR_getppid, __NR_gettid, __NR_getpgid, __NR_getsid,
	__NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_getgroups, __NR_getresuid,
	__NR_getresgid, __NR_capget, __NR_getrusage, __NR_sysinfo, __NR_uname, __NR_getrandom,
#ifdef __NR_faccessat2
	__NR_faccessat2,
#endif
#ifdef __NR_newfstatat
	__NR_newfstatat, __NR_fstat,
#endif
#ifdef __NR_renameat
	__NR_renameat,
#endif
#ifdef __NR_open /* of older kinds of processor: the same without "at" and flags */
	__NR_open, __NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_mkdir, __NR_rmdir,
	__NR_unlink, __NR_link, __NR_rename, __NR_chmod, __NR_dup2, __NR_pipe, __NR_poll,
	__NR_epoll_wait, __NR_getpgrp, __NR_pause,
#endif
#ifdef __NR_select
	__NR_select,
#endif
#ifdef __NR_time
	__NR_time,
#endif
#ifdef __NR_arch_prctl
	__NR_arch_prctl,
#endif
#ifdef __NR_clock_gettime64 /* of 32 bits */
	__NR_clock_gettime64, __NR_clock_getres_time64, __NR_clock_nanosleep_time64,
	__NR_clock_adjtime64, __NR_ppoll_time64, __NR_pselect6_time64, __NR_futex_time64,
	__NR_recvmmsg_time64, __NR_rt_sigtimedwait_time64, __NR_timerfd_settime64,
	__NR_timerfd_gettime64, __NR_utimensat_time64,
#endif
#ifdef __NR_fcntl64
	__NR_fcntl64, __NR_ftruncate64, __NR_fstat64, __NR_stat64, __NR_lstat64, __NR_fstatat64,
	__NR_statfs64, __NR_fstatfs64, __NR__llseek, __NR__newselect, __NR_sigreturn,
	__NR_getuid32, __NR_geteuid32, __NR_getgid32, __NR_getegid32, __NR_getgroups32,
	__NR_getresuid32, __NR_getresgid32, __NR_fchown32,
#endif
};

/* Those of which an argument decides. */
static const unsigned judged[] = {
	__NR_socket, __NR_clone, __NR_mprotect, __NR_kill, __NR_tgkill, __NR_ioctl, __NR_prctl,
	__NR_prlimit64,
#ifdef __NR_mmap
	__NR_mmap,
#endif
#ifdef __NR_mmap2
	__NR_mmap2,
#endif
};

/* ---------------------------------------------------------------- the program */

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define NUMBERS 512u /* more than there are; the last goes for all beyond, x32's too */
#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)
#define JUDGE 1u /* no action of seccomp's */

struct program {
	unsigned action[NUMBERS];
	unsigned short starts[NUMBERS], n_starts;
	struct sock_filter code[BPF_MAXINSNS];
	unsigned short length;
};

static void put(struct program *p, int code, unsigned k, unsigned char yes, unsigned char no)
{
	if (p->length < BPF_MAXINSNS)
		p->code[p->length++] = (struct sock_filter){ (unsigned short)code, yes, no, k };
}

static void load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

/* The lower half of an argument: all of an int, of which the kernel reads no more. */
static void load_argument(struct program *p, unsigned index)
{
	load(p, offsetof(struct seccomp_data, args) + 8 * index +
	                (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0));
}

static void give(struct program *p, unsigned action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* if (what was loaded == k) return action */
static void give_if(struct program *p, unsigned k, unsigned action)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	give(p, action);
}

/* if (what was loaded & mask) return action */
static void give_if_any(struct program *p, unsigned mask, unsigned action)
{
	put(p, BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
	give(p, action);
}

static void judge_socket(struct program *p)
{
	load_argument(p, 0);
	give_if(p, AF_UNIX, ALLOW);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
	give(p, REFUSE);
	load_argument(p, 2);
	give_if(p, NETLINK_ROUTE, ALLOW);
	give_if(p, NETLINK_GENERIC, ALLOW);
	give(p, REFUSE);
}

/* Itself; and a pipeline that is in the background stops as one. */
static void judge_kill(struct program *p)
{
	load_argument(p, 0);
	give_if(p, (unsigned)getpid(), ALLOW);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	give(p, REFUSE);
	load_argument(p, 1);
	give_if(p, SIGTTOU, ALLOW);
	give(p, REFUSE);
}

/* Ends in a return. */
static void judge(struct program *p, unsigned number)
{
	switch (number) {
	case __NR_socket:
		judge_socket(p);
		return;
	case __NR_clone: /* threads, but no process; clone3, with flags in memory, is unknown */
		load_argument(p, 0);
		give_if_any(p, NAMESPACES, REFUSE);
		give_if_any(p, CLONE_THREAD, ALLOW);
		break;
	case __NR_kill:
		judge_kill(p);
		return;
	case __NR_tgkill: /* itself: raise(3) */
		load_argument(p, 0);
		give_if(p, (unsigned)getpid(), ALLOW);
		break;
	case __NR_prlimit64: /* its own */
		load_argument(p, 0);
		give_if(p, 0, ALLOW);
		break;
	case __NR_prctl:
		load_argument(p, 0);
		give_if(p, PR_SET_NAME, ALLOW);
		give_if(p, PR_SET_VMA, ALLOW);
		give_if(p, PR_GET_DUMPABLE, ALLOW);
		break;
	case __NR_ioctl: /* but what types for the user */
		load_argument(p, 1);
		give_if(p, TIOCSTI, REFUSE);
		give_if(p, TIOCLINUX, REFUSE);
		give(p, ALLOW);
		return;
	default: /* mprotect, mmap: nothing that was written is ever run */
		load_argument(p, 2);
		give_if_any(p, PROT_EXEC, REFUSE);
		give(p, ALLOW);
		return;
	}
	give(p, REFUSE);
}

static void note(struct program *p, const unsigned *numbers, size_t n, unsigned action)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] < NUMBERS)
			p->action[numbers[i]] = action;
}

/* Where stretches of numbers with one action begin. */
static void find_stretches(struct program *p)
{
	p->n_starts = 0;
	for (unsigned i = 0; i < NUMBERS; i++)
		if (i == 0 || p->action[i] == JUDGE || p->action[i] != p->action[i - 1])
			p->starts[p->n_starts++] = (unsigned short)i;
}

/* Of the number that is loaded, and is in one of these stretches. A search by halves:
 * the kernel tries each number once, to keep in a bit what a number alone decides, and
 * one comparison after the other would take it 0.2 ms. */
static void search(struct program *p, unsigned from, unsigned to)
{
	unsigned middle = (from + to) / 2, number = p->starts[from], jump;

	if (to - from > 1) {
		put(p, BPF_JMP | BPF_JGE | BPF_K, p->starts[middle], 0, 1);
		jump = p->length; /* a conditional one reaches 255 instructions only */
		put(p, BPF_JMP | BPF_JA, 0, 0, 0);
		search(p, from, middle);
		p->code[jump].k = p->length - jump - 1;
		search(p, middle, to);
	} else if (p->action[number] == JUDGE) {
		judge(p, number);
	} else {
		give(p, p->action[number]);
	}
}

int filter_close(void)
{
	static struct program program;
	struct sock_fprog made;

	for (unsigned i = 0; i < NUMBERS; i++)
		program.action[i] = UNKNOWN;
	note(&program, allowed, COUNT(allowed), ALLOW);
	note(&program, judged, COUNT(judged), JUDGE);
	note(&program, refused, COUNT(refused), REFUSE);
	note(&program, hostile, COUNT(hostile), KILL);
	find_stretches(&program);
	program.length = 0;
	load(&program, offsetof(struct seccomp_data, arch));
	put(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	give(&program, KILL); /* a call as of 32 bits */
	load(&program, offsetof(struct seccomp_data, nr));
	search(&program, 0, program.n_starts);
	made = (struct sock_fprog){ program.length, program.code };
	if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &made) == 0)
		return 0;
	return errno;
}

#else

int filter_close(void)
{
	return ENOSYS;
}

#endif

#endif
