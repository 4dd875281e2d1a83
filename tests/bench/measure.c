/* SPDX-License-Identifier: ISC */
/*
 * measure FILE COMMAND [ARG…]: runs a command and appends a line to FILE: wall time
 * in microseconds, the most memory it held in KiB, its exit status.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	long long begin;
	int status = 0;
	FILE *file;
	pid_t child;

	if (argc < 3)
		return 2;
	begin = now_us();
	if (posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ) != 0 ||
	    wait4(child, &status, 0, &usage) < 0)
		return 1;
	begin = now_us() - begin;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	file = fopen(argv[1], "a");
	if (file == NULL || fprintf(file, "%lld %ld %d\n", begin, usage.ru_maxrss, status) < 0 ||
	    fclose(file) != 0)
		return 1;
	return status;
}
