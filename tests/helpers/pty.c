/* SPDX-License-Identifier: ISC */
/*
 * pty ROWSxCOLUMNS FILE COMMAND [ARG…]: runs the command on a terminal of its own,
 * of that size, and writes what the terminal gets to FILE, as it gets it. Exit
 * status: the command's; 125 where something else failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(125);
}

/* The master reads EIO once the last process has left the terminal. */
static void copy(int master, int file)
{
	char data[4096];

	for (;;) {
		ssize_t n = read(master, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (n < 0 && errno == EIO))
			return;
		if (n < 0 || write(file, data, (size_t)n) != n)
			die("pty: copy");
	}
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	int master, file, status;
	pid_t pid;

	if (argc < 4 || sscanf(argv[1], "%hux%hu", &size.ws_row, &size.ws_col) != 2) {
		fprintf(stderr, "usage: pty ROWSxCOLUMNS FILE COMMAND [ARG...]\n");
		return 125;
	}
	file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		die(argv[2]);
	pid = forkpty(&master, NULL, NULL, &size);
	if (pid < 0)
		die("pty: forkpty");
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	copy(master, file);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			die("pty: waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
