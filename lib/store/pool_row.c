/* SPDX-License-Identifier: ISC */
#include "store/pool_row.h"

#include "base/error.h"
#include "model/addr.h"
#include "store/list.h"
#include "store/row.h"

void prg_pool_row_derive(struct prg_pool *pool)
{
	const struct prg_prefix *own = &pool->own;
	struct prg_extent usable = { prg_prefix_first(own), prg_prefix_last(own) };
	bool four = own->addr.family == 4;

	pool->network = prg_prefix_network(own);
	/* RFC 3021 and RFC 6164: a net of two addresses has no network or anycast one */
	pool->empty = own->length == prg_addr_bits(&own->addr);
	if (own->length < prg_addr_bits(&own->addr) - 1) {
		prg_addr_next(&usable.first, &usable.first);
		if (four)
			prg_addr_prev(&usable.last, &usable.last);
	}
	pool->usable = usable;
}

int prg_pool_row_all(struct prg_store *store, int64_t interface_id, struct prg_pool **ret,
                     size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_pool *pools = NULL;
	PRG_STMT *stmt = NULL;
	size_t n = 0;
	int rc = prg_db_prepare(store,
	                        "SELECT id, family, addr, length FROM pool WHERE interface_id = ?1 "
	                        "ORDER BY position",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		struct prg_pool *grown = prg_list_grow(pools, n, sizeof(*pools));

		if (grown == NULL)
			return prg_error_nomem(err);
		pools = grown;
		pools[n].id = prg_row_int(stmt, 0, 1, INT64_MAX);
		prg_row_prefix(stmt, 1, &pools[n].own);
		rc = prg_row_check(stmt, err, "pool %lld", (long long)pools[n].id);
		if (rc < 0)
			return rc;
		prg_pool_row_derive(&pools[n++]);
	}
	if (rc < 0)
		return rc;
	*ret = pools;
	*ret_n = n;
	pools = NULL;
	return 0;
}

const struct prg_pool *prg_pool_row_containing(const struct prg_pool *pools, size_t n,
                                               const struct prg_prefix *prefix)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (prg_prefix_contains(&pools[i].network, prefix))
			return &pools[i];
	return NULL;
}

bool prg_pool_row_clip(const struct prg_pool *pool, const struct prg_prefix *prefix,
                       struct prg_extent *ret)
{
	struct prg_extent clipped = { prg_prefix_first(prefix), prg_prefix_last(prefix) };

	if (pool->empty)
		return false;
	if (prg_addr_compare(&clipped.first, &pool->usable.first) < 0)
		clipped.first = pool->usable.first;
	if (prg_addr_compare(&clipped.last, &pool->usable.last) > 0)
		clipped.last = pool->usable.last;
	if (prg_addr_compare(&clipped.first, &clipped.last) > 0)
		return false;
	*ret = clipped;
	return true;
}
