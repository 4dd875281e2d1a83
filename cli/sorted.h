/* SPDX-License-Identifier: ISC */
/* Peers kept for a while, to be shown in another order than they come in. */
#ifndef PEERAGE_CLI_SORTED_H
#define PEERAGE_CLI_SORTED_H

#include "peerage.h"

enum sorted_by { SORTED_CREATED, SORTED_NAME, SORTED_EXPIRES, SORTED_STATE, SORTED_ADDRESS };

struct sorted {
	enum sorted_by by;
	struct prg_peer *peers; /* copies */
	size_t n, capacity;
};

#define SORTED_NONE { SORTED_CREATED, NULL, 0, 0 }

/* Copies a peer; false: out of memory, and nothing is added. */
bool sorted_add(struct sorted *sorted, const struct prg_peer *peer);
/* Sorts, then calls fn for each. Equals stay as they came; peers that never
 * expire come last. A non-zero return of fn ends it and is returned. */
int sorted_each(struct sorted *sorted, prg_peer_fn *fn, void *context);
void sorted_done(struct sorted *sorted);

#endif
