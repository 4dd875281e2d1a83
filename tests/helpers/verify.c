/* SPDX-License-Identifier: ISC */
/* verify REGISTER: checks the audit chain through the public library and prints
 * "ENTRIES HEAD". Exit 1 with one line where it does not hold. */
#include <inttypes.h>
#include <peerage.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct prg_register *reg = NULL;
	struct prg_error err = {0};
	char head[65];
	uint64_t entries;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: verify REGISTER\n");
		return 2;
	}
	r = prg_register_open(argv[1], PRG_OPEN_READ, 30000, &reg, &err);
	if (!r)
		r = prg_register_verify(reg, &entries, head, &err);
	prg_register_close(&reg);
	if (r) {
		fprintf(stderr, "verify: %s\n", err.message);
		return 1;
	}
	printf("%" PRIu64 " %s\n", entries, head);
	return 0;
}
