/* SPDX-License-Identifier: ISC */
/*
 * One screenful of `status --watch` as the bytes that draw it over the one before,
 * line by line, so that nothing flickers and nothing scrolls: what there is of the
 * interface, what is to be said of it, and as many peers as fit. At 80 columns all
 * columns are there; a narrower window loses the totals, then the past, then the
 * handshakes, and what is still too wide is cut.
 */
#ifndef PEERAGE_CLI_FRAME_H
#define PEERAGE_CLI_FRAME_H

#include "rates.h"

struct frame {
	unsigned columns, rows; /* the window */
	bool colour;
	bool blocks;            /* it shows U+2581 to U+2588 and '…'; else ASCII stands in */
	/* made here */
	char *text;
	size_t length, capacity;
	unsigned used;          /* rows that are drawn */
	unsigned widest_name, widest_endpoint; /* of all that were shown */
	bool nomem;
};

#define FRAME_NOTES 8

struct frame_view {
	const char *interface;
	const struct rates *rates;
	enum rates_order order;
	bool endpoints;         /* a column of them */
	bool running;           /* there is such an interface */
	int64_t now;            /* by the clock on the wall */
	/* what is to be said, the first of them an error if the round failed */
	const char *notes[FRAME_NOTES];
	size_t n_notes;
	bool failed;
};

/* Makes text, in place of what was there. false: out of memory. */
bool frame_draw(struct frame *frame, const struct frame_view *view);
void frame_done(struct frame *frame);

#endif
