/* SPDX-License-Identifier: ISC */
/* A change in words. */
#ifndef PEERAGE_CLI_WORDS_H
#define PEERAGE_CLI_WORDS_H

#include "peerage.h"

/* "allowed IPs 10.8.0.2/32; keepalive: was off, will be 25 s"; planned false: "is
 * now" instead of "will be". For free(3); NULL: out of memory. */
char *words_of_change(const struct prg_change *change, bool planned);

#endif
