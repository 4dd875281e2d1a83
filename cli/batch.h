/* SPDX-License-Identifier: ISC */
/* A file that lists many peers, and what is wrong with it. */
#ifndef PEERAGE_CLI_BATCH_H
#define PEERAGE_CLI_BATCH_H

#include "cli.h"

#define BATCH_TOLD 20 /* problems that are said one by one */

struct batch {
	const char *path; /* as given; NULL: none */
	size_t n_problems;
	struct batch_problem {
		unsigned line, column;
		char *reason;
	} problems[BATCH_TOLD];
};

#define OWN_BATCH OWN(batch_done) struct batch

/* --from, if there is one, into the intent. */
int batch_read(struct batch *batch, const struct cli *cli, struct prg_intent *intent,
               struct prg_error *err);
/* What failed, reading or executing, in words that name file and lines; several
 * problems are said here, and *err sums up. Returns err->code. */
int batch_explain(const struct batch *batch, struct cli *cli, struct prg_error *err);
void batch_done(struct batch *batch);

#endif
