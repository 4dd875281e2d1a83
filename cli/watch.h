/* SPDX-License-Identifier: ISC */
/*
 * `status --watch`: one look at the running interface after another. Each opens the
 * register anew, so that between two nothing of it is held, and one that was put in
 * another's place is seen. What a look finds is kept in memory until the next, and
 * nowhere else.
 */
#ifndef PEERAGE_CLI_WATCH_H
#define PEERAGE_CLI_WATCH_H

#include "cli.h"

/* "2", "0.5": seconds, from 0.5 to 3600; NULL is 2. Errors: PRG_E_USAGE. */
int watch_interval(const char *text, unsigned *ret_ms, struct prg_error *err);
/* CLOCK_MONOTONIC. */
int64_t watch_now_ns(void);
/* When the next look is due, if the last one was at that time; what was slept through
 * is left out. */
int64_t watch_next(int64_t last_ns, unsigned interval_ms);
/* After a look that failed so, another may do better. */
bool watch_goes_on(int code);
/* Waits until then; false: nobody reads standard output any more. */
bool watch_pause(int64_t until_ns);

/* On the terminal, until 'q' (0), or a signal: cli->signal then, to end by.
 * Errors: those of a look; PRG_E_USAGE where standard output is no terminal that can
 * be drawn on. The terminal is as it was. */
int watch_screen(struct cli *cli, unsigned interval_ms, struct prg_error *err);

#endif
