/* SPDX-License-Identifier: ISC */
/*
 * The terminal as a screen to draw on, and as it was before: the alternate screen, so
 * that nothing of what is there is lost or scrolled; no cursor, no echo, keys as they
 * are typed. Whoever opens it closes it, whatever happens in between; signals that
 * end a program, or stop it, wait in a queue and are answered by screen_wait(), so no
 * handler runs and none comes at the wrong moment.
 *
 * It is stdout's terminal, opened anew: what is set on it, such as that a write does
 * not wait, is set for nobody else.
 */
#ifndef PEERAGE_CLI_SCREEN_H
#define PEERAGE_CLI_SCREEN_H

#include "peerage.h"

#include <signal.h>
#include <termios.h>

struct screen {
	int fd;                /* the terminal */
	int keys;              /* where keys come from; -1: nowhere */
	int signals;
	bool shown;            /* it is ours: `before` is what it was */
	struct termios before;
	sigset_t mask;
	unsigned char typed[64]; /* keys that were read, and how many were looked at */
	size_t n_typed, taken;
};

enum screen_event {
	SCREEN_DUE = 1,  /* the moment came */
	SCREEN_KEY,
	SCREEN_REDRAW,   /* its size changed, or it is ours again: nothing is on it */
	SCREEN_SIGNAL,   /* one that ends the program */
	SCREEN_GONE      /* there is no terminal any more */
};

/* Errors: PRG_E_FAILED; the terminal is as it was then. */
int screen_open(struct screen *ret_screen, struct prg_error *err);
/* As it was; an open one only. */
void screen_close(struct screen *screen);
/* Waits for one of them, but not beyond until_ns of CLOCK_MONOTONIC. *ret is the key
 * or the signal. Ctrl-Z is dealt with in here. */
enum screen_event screen_wait(struct screen *screen, int64_t until_ns, int *ret);
/* All of it, unless the program is to end: then the next screen_wait() says so. */
void screen_write(struct screen *screen, const char *bytes, size_t length);
/* Nothing is on it. */
void screen_clear(struct screen *screen);

#endif
