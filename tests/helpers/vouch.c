/* SPDX-License-Identifier: ISC */
/*
 * vouch yes|no: tells the kernel that its clock is synchronised, or that it is not, as
 * a time daemon does. For kernels that are a test's own.
 */
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

int main(int argc, char **argv)
{
	struct timex tx = { .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR };

	if (argc != 2 || (strcmp(argv[1], "yes") != 0 && strcmp(argv[1], "no") != 0)) {
		fprintf(stderr, "usage: vouch yes|no\n");
		return 2;
	}
	tx.status = argv[1][0] == 'y' ? 0 : STA_UNSYNC;
	if (adjtimex(&tx) < 0) {
		perror("vouch");
		return 1;
	}
	return 0;
}
