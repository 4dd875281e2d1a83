/* SPDX-License-Identifier: ISC */
/*
 * killat N COMMAND [ARG…]: runs the command and kills it (SIGKILL) as it enters
 * its Nth system call, counted from its first after execve(2). What it starts
 * itself runs free, as it would with kill -9. Exit status: the command's; 137
 * where it was killed. N 0: nothing is killed, and the number of system calls is
 * printed on stderr.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(125);
}

static pid_t begin(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("killat: fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			die("killat: ptrace");
		execvp(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("killat: waitpid");
	if (!WIFSTOPPED(status)) /* there was nothing to execute */
		exit(WEXITSTATUS(status));
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL,
	           (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0)
		die("killat: ptrace");
	return pid;
}

int main(int argc, char **argv)
{
	unsigned long wanted, entered = 0;
	long signal_no = 0;
	int status = 0, entering = 1;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: killat N COMMAND [ARG...]\n");
		return 125;
	}
	wanted = strtoul(argv[1], NULL, 10);
	pid = begin(argv + 2);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)signal_no) != 0 && errno != ESRCH)
			die("killat: ptrace");
		if (waitpid(pid, &status, 0) != pid)
			die("killat: waitpid");
		if (!WIFSTOPPED(status))
			break;
		signal_no = WSTOPSIG(status);
		if (signal_no != SYSCALL_STOP)
			continue;
		signal_no = 0;
		if (entering && ++entered == wanted && kill(pid, SIGKILL) != 0)
			die("killat: kill");
		entering = !entering;
	}
	if (wanted == 0)
		fprintf(stderr, "%lu\n", entered);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
