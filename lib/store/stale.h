/* SPDX-License-Identifier: ISC */
/*
 * Inside of the store: pages of the table `expected` that a transaction made stale,
 * taken away with its commit. SQLite tells of each row of peer and pool that changes;
 * of a row of prefix it tells too, but not whose it was, so whoever changes one says
 * so: where fewer are said than were changed, every page goes. Secrets need nothing:
 * one that is zeroed is no peer's any more, and that is a change of the peer's row.
 */
#ifndef PRG_STORE_STALE_H
#define PRG_STORE_STALE_H

#include "store/db.h"

/* From now on, for this connection. */
void prg_stale_watch(struct prg_store *store);
/* A row of prefix, one of this peer's, was added or removed. */
void prg_stale_prefix(struct prg_store *store, int64_t peer_id);
/* Before COMMIT. */
int prg_stale_settle(struct prg_store *store, struct prg_error *err);
/* The transaction is over. */
void prg_stale_clear(struct prg_store *store);

#endif
