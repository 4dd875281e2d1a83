/* SPDX-License-Identifier: ISC */
/*
 * escape in|out DIR: tries what an intruder in the program would, one thing after the
 * other, each in a child: in the sandbox of cli/sandbox.c, with leave to write DIR/open
 * and to read DIR/read, or outside of it. DIR/shut holds a file "secret" and is the
 * current directory. Prints a line for each: what, a tab, and "through" or what stopped
 * it. Names that begin with "may" are of things that the program does itself.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Each returns a negative number, with errno, where it was stopped. */
typedef long attempt_fn(void);

/* ---------------------------------------------------------------------- files */

static long read_file(void)
{
	return open("secret", O_RDONLY);
}
static long write_file(void)
{
	return open("secret", O_WRONLY);
}
static long truncate_file(void)
{
	return truncate("secret", 0);
}
static long make_file(void)
{
	return open("new", O_WRONLY | O_CREAT | O_EXCL, 0600);
}
static long make_directory(void)
{
	return mkdir("made", 0700);
}
static long remove_file(void)
{
	return unlink("second");
}
static long list_directory(void)
{
	return open(".", O_RDONLY | O_DIRECTORY);
}
static long list_root(void)
{
	return open("/", O_RDONLY | O_DIRECTORY);
}
static long write_what_may_be_read(void)
{
	return open("../read/file", O_WRONLY);
}
static long move_in(void)
{
	return rename("third", "../open/third");
}
static long link_out(void)
{
	return link("../open/file", "linked");
}
static long climb_out(void)
{
	return open("../open/../shut/secret", O_RDONLY);
}
static long follow_a_link(void)
{
	return open("../open/link", O_RDONLY);
}
static long make_a_link(void)
{
	return symlink("/etc/shadow", "../open/symlink");
}
static long make_a_device(void)
{
	return mknod("../open/device", S_IFCHR | 0600, 1 << 8 | 3);
}
static long write_own_memory(void)
{
	return open("/proc/self/mem", O_RDWR);
}
static long read_of_init(void)
{
	return open("/proc/1/environ", O_RDONLY);
}
static long change_mode(void)
{
	return fchmodat(AT_FDCWD, "secret", 0666, 0);
}
static long change_mode_of_what_may_be_read(void)
{
	return fchmod(open("../read/file", O_RDONLY), 0666);
}
static long make_setuid(void)
{
	return fchmod(open("../open/file", O_RDONLY), 04755);
}
static long change_root(void)
{
	return chroot(".");
}

/* ------------------------------------------------------------------ processes */

static long execute(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}
static long execute_at(void)
{
	char *argv[] = { (char *)"true", NULL };

	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
}
static long spawn(void)
{
	char *argv[] = { (char *)"true", NULL };
	pid_t pid;

	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL);
	return errno ? -1 : waitpid(pid, NULL, 0);
}
static long fork_one(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}
static long trace_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), 0, 0);
}
static long read_parent(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}
static long write_parent(void)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return process_vm_writev(getppid(), &here, 1, &there, 1, 0);
}
static long signal_parent(void)
{
	return kill(getppid(), SIGCONT);
}
static long signal_group(void)
{
	return kill(0, SIGCONT);
}
static long signal_a_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), SIGCONT);
}
/* The kernel sends one to whom a file says that it is of, when there is something to read. */
static long signal_by_a_file(void)
{
	int fds[2];

	if (pipe(fds) != 0 || fcntl(fds[0], F_SETOWN, getppid()) != 0 ||
	    fcntl(fds[0], F_SETSIG, SIGCONT) != 0 || fcntl(fds[0], F_SETFL, O_ASYNC) != 0)
		return -1;
	return write(fds[1], "x", 1);
}
static long limit_parent(void)
{
	struct rlimit old;

	return syscall(SYS_prlimit64, getppid(), RLIMIT_CORE, NULL, &old);
}
static long open_parent(void)
{
	return syscall(SYS_pidfd_open, getppid(), 0);
}
static long be_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long leave_a_core(void)
{
	struct rlimit some = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_CORE, &some) != 0)
		return -1;
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}
static long map_code(void)
{
	return (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1 ? -1 : 0;
}
static long make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
#ifdef __x86_64__
static long call_as_32_bit(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid */) : "memory");
	errno = result < 0 ? (int)-result : 0;
	return result < 0 ? -1 : 0;
}
#endif

/* --------------------------------------------------------------------- powers */

static long all_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	data[0].permitted |= 1u << CAP_SYS_ADMIN;
	data[0].effective |= 1u << CAP_SYS_ADMIN;
	return syscall(SYS_capset, &header, data);
}
/* CAP_CHOWN, on what may be written. */
static long give_a_file_away(void)
{
	return fchownat(AT_FDCWD, "../open/file", 65534, 65534, 0);
}
static long become_somebody(void)
{
	return setuid(65534);
}
static long shed_groups(void)
{
	return setgroups(0, NULL);
}
static long new_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}
static long new_mount_namespace(void)
{
	return unshare(CLONE_NEWNS);
}
static long clone_into_namespace(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}
static long enter_namespace(void)
{
	return syscall(SYS_setns, -1, CLONE_NEWNET);
}
static long mount_something(void)
{
	return mount("none", ".", "tmpfs", 0, NULL) != 0 ? -1 : umount2("../shut", MNT_DETACH);
}
static long open_a_file_system(void)
{
	return syscall(SYS_fsopen, "tmpfs", 0);
}
static long load_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
		                .max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}
static long watch_the_machine(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		                        .config = PERF_COUNT_SW_CPU_CLOCK };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}
static long user_faults(void)
{
	return syscall(SYS_userfaultfd, O_CLOEXEC);
}
static long rings(void)
{
	char params[256] = { 0 };

	return syscall(SYS_io_uring_setup, 4, params);
}
static long load_a_module(void)
{
	return syscall(SYS_init_module, "x", 1, "");
}
static long load_a_kernel(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0xffffffffUL);
}
static long ask_for_keys(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
}
static long set_the_clock(void)
{
	const struct timespec never = { 0, -1 };

	return syscall(SYS_clock_settime, CLOCK_REALTIME, &never);
}
/* Types a letter for the user. */
static long type(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

/* -------------------------------------------------------------------- sockets */

static long socket_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long socket_udp(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}
static long socket_inet6(void)
{
	return socket(AF_INET6, SOCK_STREAM, 0);
}
static long socket_raw(void)
{
	return socket(AF_INET, SOCK_RAW, 1);
}
static long socket_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}
static long socket_netfilter(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}
static long socket_audit(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}
static long socket_pair(void)
{
	int fds[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

/* ------------------------------------------------------- what must go through */

static long may_write(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open("../open/new", O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 || ftruncate(fd, 0) != 0)
		return -1;
	/* as files that all may read are made, and SQLite's are locked */
	if (fchmod(fd, 0644) != 0 || fcntl(fd, F_SETLKW, &lock) != 0)
		return -1;
	return unlink("../open/new");
}
/* As --out does: made whole in a hidden directory, then moved to its name. */
static long may_publish(void)
{
	int fd;

	if (mkdir("../open/.stage", 0700) != 0)
		return -1;
	fd = open("../open/.stage/file", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || renameat2(AT_FDCWD, "../open/.stage/file", AT_FDCWD, "../open/published",
	                        RENAME_NOREPLACE) != 0)
		return -1;
	return unlink("../open/published") != 0 || rmdir("../open/.stage") != 0 ? -1 : 0;
}
static long may_read(void)
{
	return open("../read/file", O_RDONLY);
}
static long may_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0
	               ? -1
	               : socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}
static long may_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static void *thread(void *argument)
{
	return argument;
}
static long may_thread(void)
{
	pthread_t made;

	errno = pthread_create(&made, NULL, thread, NULL);
	return errno ? -1 : pthread_join(made, NULL);
}
static long may_raise(void)
{
	(void)signal(SIGTSTP, SIG_IGN);
	return raise(SIGTSTP) ? -1 : kill(getpid(), SIGTSTP);
}
static long may_wait(void)
{
	const struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	struct pollfd fd = { timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), POLLIN, 0 };

	if (fd.fd < 0 || timerfd_settime(fd.fd, 0, &soon, NULL) != 0)
		return -1;
	return poll(&fd, 1, 10000) == 1 ? 0 : -1;
}
static long may_lock_memory(void)
{
	size_t size = (size_t)16 << 20;

	return mlock(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	             size);
}
static long may_ask_the_window(void)
{
	struct winsize size;

	return ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 || errno == ENOTTY ? 0 : -1;
}

/* ------------------------------------------------------------------------ main */

#define TRY(name) { #name, name }
static const struct {
	const char *name;
	attempt_fn *fn;
} attempts[] = {
	TRY(read_file), TRY(write_file), TRY(truncate_file), TRY(make_file), TRY(make_directory),
	TRY(remove_file), TRY(list_directory), TRY(list_root), TRY(write_what_may_be_read),
	TRY(move_in), TRY(link_out), TRY(climb_out), TRY(follow_a_link), TRY(make_a_link),
	TRY(make_a_device), TRY(write_own_memory), TRY(read_of_init), TRY(change_mode),
	TRY(change_mode_of_what_may_be_read), TRY(make_setuid), TRY(change_root),
	TRY(execute), TRY(execute_at), TRY(spawn), TRY(fork_one), TRY(trace_parent),
	TRY(read_parent), TRY(write_parent), TRY(signal_parent), TRY(signal_group),
	TRY(signal_a_thread), TRY(signal_by_a_file), TRY(limit_parent), TRY(open_parent), TRY(be_dumpable),
	TRY(leave_a_core), TRY(map_code), TRY(make_code),
#ifdef __x86_64__
	TRY(call_as_32_bit),
#endif
	TRY(all_capabilities), TRY(give_a_file_away), TRY(become_somebody), TRY(shed_groups),
	TRY(new_user_namespace), TRY(new_mount_namespace), TRY(clone_into_namespace),
	TRY(enter_namespace), TRY(mount_something), TRY(open_a_file_system), TRY(load_bpf),
	TRY(watch_the_machine), TRY(user_faults), TRY(rings), TRY(load_a_module),
	TRY(load_a_kernel), TRY(ask_for_keys), TRY(set_the_clock), TRY(type),
	TRY(socket_inet), TRY(socket_udp), TRY(socket_inet6), TRY(socket_raw), TRY(socket_packet),
	TRY(socket_netfilter), TRY(socket_audit), TRY(socket_pair),
	TRY(may_write), TRY(may_publish), TRY(may_read), TRY(may_netlink), TRY(may_unix),
	TRY(may_thread), TRY(may_raise), TRY(may_wait), TRY(may_lock_memory),
	TRY(may_ask_the_window),
};

#define THROUGH 0
#define NO_SANDBOX 255

/* Returns to the shell of a child what happened: an errno, or THROUGH. */
static int try(attempt_fn *fn, bool inside)
{
	static const struct sandbox_path paths[] = {
		{ "../open", SANDBOX_WRITE },
		{ "../read", SANDBOX_READ },
	};
	const char *what;

	if (inside) {
		sandbox_harden();
		if (sandbox_close(paths, sizeof(paths) / sizeof(*paths), &what) != 0)
			return NO_SANDBOX;
	}
	errno = 0;
	if (fn() >= 0)
		return THROUGH;
	switch (errno) {
	case EPERM:
	case EACCES:
	case ENOSYS:
	case EXDEV:
		return errno;
	default:
		return THROUGH; /* somebody took it up, and did not like how it was asked */
	}
}

int main(int argc, char **argv)
{
	char path[4096];
	bool inside;

	if (argc != 3 || (strcmp(argv[1], "in") != 0 && strcmp(argv[1], "out") != 0))
		return 2;
	inside = strcmp(argv[1], "in") == 0;
	(void)snprintf(path, sizeof(path), "%s/shut", argv[2]);
	if (chdir(path) != 0 || !sandbox_is_built())
		return 1;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		int status;
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			/* what is done to the group is done to this child only */
			(void)setpgid(0, 0);
			_exit(try(attempts[i].fn, inside));
		}
		if (waitpid(pid, &status, 0) != pid)
			return 1;
		if (WIFSIGNALED(status))
			(void)printf("%s\t%s\n", attempts[i].name,
			             WCOREDUMP(status) ? "through" : strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status) == NO_SANDBOX)
			return 1;
		else
			(void)printf("%s\t%s\n", attempts[i].name,
			             WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status))
			                                 : "through");
	}
	return 0;
}
