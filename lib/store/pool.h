/* SPDX-License-Identifier: ISC */
/*
 * Addresses. A pool is one CIDR of an interface; its free extents are rows of
 * (pool, first, last) with big-endian BLOB bounds, so that v4 and v6 of any size
 * give their lowest free address in O(log n). Never free: network (v4 shorter
 * than /31, and v6 subnet-router anycast), broadcast (v4 shorter than /31), the
 * interface's own address, what peers hold, held addresses, routes inside.
 * All inside a transaction.
 */
#ifndef PRG_STORE_POOL_H
#define PRG_STORE_POOL_H

#include "store/store.h"

/* Makes the pools of a new interface, or changes them: each old pool that has
 * peers' addresses in it must lie within a new one. The interface's own address
 * must not be a peer's. Errors: PRG_E_CONFLICT, PRG_E_USAGE (pools overlap). */
int prg_pool_define(struct prg_store *store, int64_t interface_id,
                    const struct prg_prefix *addresses, size_t n, struct prg_error *err);
/* The next free address of each pool, for a peer: recorded as its addresses.
 * A v6 pool gives the index the v4 pool gave where that is free, else its
 * lowest. Held addresses whose time is over come back first. *ret for free(3).
 * Errors: PRG_E_FULL naming the pool. */
int prg_pool_allocate(struct prg_store *store, int64_t interface_id, int64_t peer_id, int64_t now,
                      struct prg_prefix **ret, size_t *ret_n, struct prg_error *err);
/* Records one prefix of a peer: a host address (route false; host prefix, in a
 * pool or not) or a route. Errors: PRG_E_CONFLICT naming the holder: it, or for
 * what lies in a pool any part of it, is taken or held; it lies in a pool and
 * covers the interface's own address. */
int prg_pool_take(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                  const struct prg_prefix *prefix, bool route, int64_t now,
                  struct prg_error *err);
/* Ends the hold of what prg_pool_take would be refused for being held. */
int prg_pool_unhold(struct prg_store *store, int64_t interface_id, const struct prg_prefix *prefix,
                    struct prg_error *err);
/* Takes one prefix of a peer back; free at once, or held until hold_until. */
int prg_pool_release(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                     const struct prg_prefix *prefix, int64_t now, int64_t hold_until,
                     struct prg_error *err);

#endif
