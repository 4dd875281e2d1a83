/* SPDX-License-Identifier: ISC */
/* Inside of the store: the key that disclosures are signed with. */
#ifndef PRG_STORE_SIGNING_H
#define PRG_STORE_SIGNING_H

#include "store/db.h"

/* Makes it, for a register that has none yet. In a transaction. */
int prg_signing_make(struct prg_store *store, struct prg_error *err);

#endif
