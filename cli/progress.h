/* SPDX-License-Identifier: ISC */
/* How far a long piece of work is, on a terminal. */
#ifndef PEERAGE_CLI_PROGRESS_H
#define PEERAGE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool wanted;    /* and stderr is a terminal */
	bool shown;     /* a bar stands there now */
	int64_t start, last; /* monotonic, ms */
};

/* wanted: people look at it, and not at JSON; no -q. */
void progress_begin(struct progress *progress, bool wanted);
/* A bar as wide as the window allows, from the second second on, ten times a second
 * at most: a prg_progress_fn. Gone when all is done. */
void progress_show(void *progress, const char *what, size_t done, size_t total);
/* Takes the bar away; what is said next begins where it began. */
void progress_clear(struct progress *progress);

#endif
