/* SPDX-License-Identifier: ISC */
/* Inside of the store: the pools of an interface, and what in them can be given. */
#ifndef PRG_STORE_POOL_ROW_H
#define PRG_STORE_POOL_ROW_H

#include "store/extent.h"

/* Most pools of one interface. */
#define PRG_POOL_MAX 64

struct prg_pool {
	int64_t id;
	struct prg_prefix own; /* the interface's address, host bits set */
	struct prg_prefix network;
	bool empty;               /* nothing in it can ever be given */
	struct prg_extent usable; /* without network, anycast and broadcast address */
};

/* Fills in what follows from own. */
void prg_pool_row_derive(struct prg_pool *pool);
/* All of an interface, in order; *ret for free(3). */
int prg_pool_row_all(struct prg_store *store, int64_t interface_id, struct prg_pool **ret,
                     size_t *ret_n, struct prg_error *err);
/* The one that contains a prefix, or NULL. */
const struct prg_pool *prg_pool_row_containing(const struct prg_pool *pools, size_t n,
                                               const struct prg_prefix *prefix);
/* The usable part of a prefix; false: there is none. */
bool prg_pool_row_clip(const struct prg_pool *pool, const struct prg_prefix *prefix,
                       struct prg_extent *ret);

#endif
