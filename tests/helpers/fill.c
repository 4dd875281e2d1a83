/* SPDX-License-Identifier: ISC */
/*
 * fill REGISTER INTERFACE N [PREFIX]: adds N peers, PREFIX1 to PREFIXN ("peer"),
 * in one transaction through the public library, and records only: "peerage up"
 * puts them into the kernel.
 */
#include <inttypes.h>
#include <peerage.h>
#include <stdio.h>
#include <stdlib.h>

static int name_all(struct prg_intent *intent, const char *prefix, unsigned long n,
                    struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 1];

	for (unsigned long i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "%s%lu", prefix, i);
		if (prg_intent_peer(intent, name, err))
			return err->code;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct prg_register *reg = NULL;
	struct prg_intent *intent = NULL;
	struct prg_report *report = NULL;
	struct prg_error err;
	int code;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: fill REGISTER INTERFACE N [PREFIX]\n");
		return 2;
	}
	code = prg_register_open(argv[1], 0, 30000, &reg, &err);
	if (!code)
		prg_register_set_backend(reg, PRG_BACKEND_NONE);
	if (!code)
		code = prg_intent_new(PRG_ADD, argv[2], &intent, &err);
	if (!code)
		code = name_all(intent, argc == 5 ? argv[4] : "peer", strtoul(argv[3], NULL, 10),
		                &err);
	if (!code)
		code = prg_execute(reg, intent, &report, &err);
	prg_report_free(&report);
	prg_intent_free(&intent);
	prg_register_close(&reg);
	if (code)
		fprintf(stderr, "fill: %s\n", err.message);
	return code != 0;
}
