/* SPDX-License-Identifier: ISC */
/*
 * Inside of the store: the free extents of one pool. They are disjoint, no two of
 * them touch, and each is one row keyed by its end, so that every function here
 * looks at a few rows whatever the pool's size.
 */
#ifndef PRG_STORE_EXTENT_H
#define PRG_STORE_EXTENT_H

#include "store/db.h"

struct prg_extent {
	struct prg_addr first, last;
};

/* The first extent that ends at or behind `from`. 1: found, 0: none. */
int prg_extent_find(struct prg_store *store, int64_t pool_id, const struct prg_addr *from,
                    struct prg_extent *ret, struct prg_error *err);
/* Takes out what is wholly free. 1: done, 0: some of it is not free. */
int prg_extent_take(struct prg_store *store, int64_t pool_id, const struct prg_extent *wanted,
                    struct prg_error *err);
/* Puts back and merges with its neighbours. PRG_E_CORRUPT: it is free already. */
int prg_extent_give(struct prg_store *store, int64_t pool_id, const struct prg_extent *given,
                    struct prg_error *err);
/* A row as it is: for a pool that is being made, whose extents come sorted. */
int prg_extent_insert(struct prg_store *store, int64_t pool_id, const struct prg_extent *extent,
                      struct prg_error *err);

#endif
