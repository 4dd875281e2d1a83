/* SPDX-License-Identifier: ISC */
/* Changes, and the state of an interface, in words. */
#ifndef PEERAGE_CLI_WORDS_H
#define PEERAGE_CLI_WORDS_H

#include "peerage.h"

/* "allowed IPs 10.8.0.2/32; keepalive: was off, will be 25 s"; planned false: "is
 * now" instead of "will be". For free(3); NULL: out of memory. */
char *words_of_change(const struct prg_change *change, bool planned);

#define WORDS_NOTES 5
#define WORDS_NOTE 200

/* Peers that are not as they should be. */
struct words_counts {
	uint64_t lingering; /* run, though they are disabled or expired */
	uint64_t missing, unknown;
};

/* What is to be said of an interface that was looked at, a text each; returns how
 * many. */
size_t words_of_interface(const char *name, const struct prg_live_interface *live,
                          enum prg_backend_kind backend, const struct words_counts *counts,
                          char ret[WORDS_NOTES][WORDS_NOTE]);

#endif
