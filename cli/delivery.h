/* SPDX-License-Identifier: ISC */
/* Configs and codes of new peers into files, rendered on all cores, before the
 * change is committed. */
#ifndef PEERAGE_CLI_DELIVERY_H
#define PEERAGE_CLI_DELIVERY_H

#include "onboard.h"
#include "progress.h"
#include "stage.h"

#include <signal.h>

struct delivery {
	const struct cli *cli;
	const struct onboard *onboard;
	struct progress *progress;
	const char *output;  /* --output; NULL: none */
	const char *out;     /* --out; NULL: none */
	const char *name;    /* of the file of --output */
	bool rotates;        /* new keys of peers that are there */
	struct stage stage;
	size_t n_files, n_without_code;
	bool sealed;         /* all files are written; only the commit is missing */
	sigset_t held;       /* signals that would end the program, and end the writing */
	bool holds;
};

#define DELIVERY_NONE { .stage = STAGE_NONE }
#define OWN_DELIVERY OWN(delivery_done) struct delivery

/* Where the options want files: their directory, checked, with a stage in it. */
int delivery_open(struct delivery *delivery, struct prg_error *err);
/* A prg_before_commit_fn: all files are written and synced, or none is. A signal
 * that would end the program fails it; delivery_done() clears up and obeys. */
int delivery_write(void *delivery, const struct prg_report *report, struct prg_error *err);
/* After the commit: the files get their names. */
int delivery_publish(struct delivery *delivery, struct prg_error *err);
/* Where there was no commit: what came of the files is left to be seen, if they had
 * all been written, and said in *err. */
void delivery_fail(struct delivery *delivery, struct prg_error *err);
void delivery_done(struct delivery *delivery);

#endif
