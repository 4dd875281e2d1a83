/* SPDX-License-Identifier: ISC */
/* Inside of lib/change: a document beside the register; who is to become what. */
#ifndef PRG_CHANGE_DOCUMENT_MATCH_H
#define PRG_CHANGE_DOCUMENT_MATCH_H

#include "change/change.h"
#include "import/document.h"
#include "model/wg.h"

/* One a peer of the document. */
struct prg_match {
	struct prg_peer *before; /* of the register, where it differs, is replaced or moves */
	bool known;              /* the register has its key */
	bool differs;            /* known, and not as it should be */
	bool replaces;           /* its name is that of `before`, whose key is another */
	bool psk_differs;
	struct prg_wg_peer wg;   /* what WireGuard should have had */
	const struct prg_wg_peer *live;
};

struct prg_matches {
	const struct prg_document *document;
	struct prg_match *all; /* n_peers of the document */
	struct prg_peer **left;      /* of the register, not in the document */
	size_t n_left;
	bool clock; /* to be trusted */
	bool moves; /* the pools change: all give back what they have, and take it again */
};

int prg_match_document(struct prg_road *road, struct prg_matches *matches, struct prg_error *err);
void prg_matches_done(struct prg_matches *matches);

/* What peer `index` should be, with what the document does not say of it. Its
 * arrays are the document's. */
void prg_match_wanted(const struct prg_road *road, const struct prg_matches *matches,
                      size_t index, struct prg_peer *ret);
/* Do both have the same in their clients' configs, but for keys? */
bool prg_match_same_client(const struct prg_peer *a, const struct prg_peer *b);

#endif
