/* SPDX-License-Identifier: ISC */
#include "store/pool.h"

#include "base/error.h"
#include "model/addr.h"
#include "store/holder.h"
#include "store/list.h"
#include "store/pool_row.h"
#include "store/row.h"
#include "store/stale.h"

/* Makes a part of a pool free again; an interface's own address never is. */
static int give_extent(struct prg_store *store, const struct prg_pool *pool,
                       const struct prg_extent *extent, struct prg_error *err)
{
	const struct prg_addr *own = &pool->own.addr;
	struct prg_extent before = *extent, after = *extent;
	int rc = 0;

	if (prg_addr_compare(own, &extent->first) < 0 || prg_addr_compare(own, &extent->last) > 0)
		return prg_extent_give(store, pool->id, extent, err);
	if (prg_addr_compare(own, &extent->first) > 0) {
		prg_addr_prev(own, &before.last);
		rc = prg_extent_give(store, pool->id, &before, err);
	}
	if (rc == 0 && prg_addr_compare(own, &extent->last) < 0) {
		prg_addr_next(own, &after.first);
		rc = prg_extent_give(store, pool->id, &after, err);
	}
	return rc;
}

static int give(struct prg_store *store, const struct prg_pool *pools, size_t n,
                const struct prg_prefix *prefix, struct prg_error *err)
{
	const struct prg_pool *pool = prg_pool_row_containing(pools, n, prefix);
	struct prg_extent extent;

	if (pool == NULL || !prg_pool_row_clip(pool, prefix, &extent))
		return 0;
	return give_extent(store, pool, &extent, err);
}

/* ------------------------------------------------------------ held addresses */

/* The held address in the one row of a SELECT of family and address, taken off the
 * list. 1: found, 0: none. */
static int take_off(struct prg_store *store, int64_t interface_id, struct prg_stmt **find,
                    struct prg_prefix *ret, struct prg_error *err)
{
	struct prg_addr addr;
	PRG_STMT *drop = NULL;
	int rc = prg_db_step(*find, err);

	if (rc <= 0)
		return rc;
	prg_row_addr(*find, 1, prg_row_int(*find, 0, 4, 6), &addr);
	rc = prg_row_check(*find, err, "a held address");
	prg_db_release(find);
	if (rc == 0)
		rc = prg_db_prepare(store,
		                    "DELETE FROM held WHERE interface_id = ?1 AND family = ?2 "
		                    "AND addr = ?3",
		                    &drop, err);
	if (rc < 0)
		return rc;
	prg_row_bind_int(drop, 1, interface_id);
	prg_row_bind_int(drop, 2, addr.family);
	prg_row_bind_addr(drop, 3, &addr);
	rc = prg_db_run(drop, err);
	if (rc < 0)
		return rc;
	*ret = prg_prefix_host(&addr);
	return 1;
}

/* One whose time is over. 1: found, 0: none. */
static int expired_hold(struct prg_store *store, int64_t interface_id, int64_t now,
                        struct prg_prefix *ret, struct prg_error *err)
{
	PRG_STMT *find = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT family, addr FROM held WHERE interface_id = ?1 "
	                        "AND until <= ?2 ORDER BY until LIMIT 1",
	                        &find, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(find, 1, interface_id);
	prg_row_bind_int(find, 2, now);
	return take_off(store, interface_id, &find, ret, err);
}

/* One that lies in a prefix. 1: found, 0: none. */
static int hold_within(struct prg_store *store, int64_t interface_id,
                       const struct prg_prefix *prefix, struct prg_prefix *ret,
                       struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(prefix), last = prg_prefix_last(prefix);
	PRG_STMT *find = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT family, addr FROM held WHERE interface_id = ?1 "
	                        "AND family = ?2 AND addr BETWEEN ?3 AND ?4 LIMIT 1",
	                        &find, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(find, 1, interface_id);
	prg_row_bind_int(find, 2, first.family);
	prg_row_bind_addr(find, 3, &first);
	prg_row_bind_addr(find, 4, &last);
	return take_off(store, interface_id, &find, ret, err);
}

static int reclaim(struct prg_store *store, int64_t interface_id, const struct prg_pool *pools,
                   size_t n, int64_t now, struct prg_error *err)
{
	struct prg_prefix prefix;
	int rc;

	while ((rc = expired_hold(store, interface_id, now, &prefix, err)) > 0) {
		rc = give(store, pools, n, &prefix, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int hold(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                const struct prg_addr *addr, int64_t until, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT INTO held (interface_id, family, addr, until, peer_id) "
	                        "VALUES (?1, ?2, ?3, ?4, ?5)",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, addr->family);
	prg_row_bind_addr(stmt, 3, addr);
	prg_row_bind_int(stmt, 4, until);
	prg_row_bind_int(stmt, 5, peer_id);
	return prg_db_run(stmt, err);
}

/* ----------------------------------------------------------------- allocating */

static int insert_prefix(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                         const struct prg_prefix *prefix, bool route, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT INTO prefix (interface_id, peer_id, route, family, addr, "
	                        "length) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, peer_id);
	prg_row_bind_int(stmt, 3, route);
	prg_row_bind_prefix(stmt, 4, prefix);
	rc = prg_db_run(stmt, err);
	if (rc == 0)
		prg_stale_prefix(store, peer_id);
	return rc;
}

static int inconsistent(struct prg_store *store, const struct prg_prefix *prefix,
                        struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT];

	prg_prefix_format(prefix, text);
	return prg_db_corrupt(store, err, "%s is both free and in use, or neither", text);
}

static int full(const struct prg_pool *pool, struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT];

	prg_prefix_format(&pool->network, text);
	return prg_error_set(err, PRG_E_FULL,
	                     "pool %s is full: widen it with peerage configure address, or revoke "
	                     "peers that are gone",
	                     text);
}

/* One address of a pool: the one at *index where that is free, else the lowest. */
static int allocate_one(struct prg_store *store, const struct prg_pool *pool, const uint64_t *index,
                        struct prg_addr *ret, struct prg_error *err)
{
	struct prg_extent extent, wanted;
	int rc = 0;

	if (pool->empty)
		return full(pool, err);
	if (index != NULL && prg_addr_add(&pool->network.addr, *index, &wanted.first) &&
	    prg_prefix_contains_addr(&pool->network, &wanted.first)) {
		wanted.last = wanted.first;
		rc = prg_extent_take(store, pool->id, &wanted, err);
	}
	if (rc == 0) {
		rc = prg_extent_find(store, pool->id, &pool->usable.first, &extent, err);
		if (rc == 0)
			return full(pool, err);
		if (rc < 0)
			return rc;
		wanted.first = wanted.last = extent.first;
		rc = prg_extent_take(store, pool->id, &wanted, err);
	}
	if (rc < 0)
		return rc;
	*ret = wanted.first;
	return 0;
}

/* The pools of one family. Those of IPv4 set *ret_index, those of IPv6 heed it. */
static int allocate_family(struct prg_store *store, const struct prg_pool *pools, size_t n,
                           uint8_t family, uint64_t *index, bool *has_index, struct prg_prefix *ret,
                           struct prg_error *err)
{
	bool six = family == 6;
	size_t i;
	int rc;

	for (i = 0; i < n; i++) {
		struct prg_addr addr;

		if (pools[i].own.addr.family != family)
			continue;
		rc = allocate_one(store, &pools[i], six && *has_index ? index : NULL, &addr, err);
		if (rc < 0)
			return rc;
		ret[i] = prg_prefix_host(&addr);
		if (!six && !*has_index)
			*has_index = prg_addr_distance(&pools[i].network.addr, &addr, index);
	}
	return 0;
}

int prg_pool_allocate(struct prg_store *store, int64_t interface_id, int64_t peer_id, int64_t now,
                      struct prg_prefix **ret, size_t *ret_n, struct prg_error *err)
{
	PRG_FREE struct prg_pool *pools = NULL;
	PRG_FREE struct prg_prefix *made = NULL;
	bool has_index = false;
	uint64_t index = 0;
	size_t n = 0, i;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = prg_pool_row_all(store, interface_id, &pools, &n, err);
	if (rc == 0)
		rc = reclaim(store, interface_id, pools, n, now, err);
	if (rc < 0)
		return rc;
	if (n == 0)
		return prg_error_set(err, PRG_E_FULL,
		                     "the interface has no pool of addresses: give one by hand");
	made = calloc(n, sizeof(*made));
	if (made == NULL)
		return prg_error_nomem(err);
	rc = allocate_family(store, pools, n, 4, &index, &has_index, made, err);
	if (rc == 0)
		rc = allocate_family(store, pools, n, 6, &index, &has_index, made, err);
	for (i = 0; i < n && rc == 0; i++) {
		rc = insert_prefix(store, interface_id, peer_id, &made[i], false, err);
		if (rc == PRG_E_CONFLICT)
			rc = inconsistent(store, &made[i], err);
	}
	if (rc < 0)
		return rc;
	*ret = made;
	*ret_n = n;
	made = NULL;
	return 0;
}

/* --------------------------------------------------------------------- taking */

static int check_prefix(const struct prg_prefix *prefix, bool route, struct prg_error *err)
{
	struct prg_prefix network = prg_prefix_network(prefix);
	char text[PRG_PREFIX_TEXT];

	if (prefix->addr.family != 4 && prefix->addr.family != 6)
		return prg_error_set(err, PRG_E_USAGE, "a prefix without an address");
	prg_prefix_format(prefix, text);
	if (prefix->length > prg_addr_bits(&prefix->addr) ||
	    prg_prefix_compare(prefix, &network) != 0)
		return prg_error_set(err, PRG_E_USAGE, "%s has bits set behind its length", text);
	if (!route && prefix->length != prg_addr_bits(&prefix->addr))
		return prg_error_set(err, PRG_E_USAGE, "%s is no single address: make it a route",
		                     text);
	return 0;
}

/* A route that is wider than a pool is fine: what is in the pool is more exact. */
static int check_own(const struct prg_pool *pools, size_t n, const struct prg_prefix *prefix,
                     struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT], own[PRG_ADDR_TEXT];
	size_t i;

	for (i = 0; i < n; i++) {
		if (!prg_prefix_contains_addr(prefix, &pools[i].own.addr) ||
		    !prg_prefix_contains(&pools[i].network, prefix))
			continue;
		prg_prefix_format(prefix, text);
		prg_addr_format(&pools[i].own.addr, own);
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "%s covers the interface's own address %s: choose another",
		                     text, own);
	}
	return 0;
}

/* Takes out of a pool what the prefix is of it. */
static int take_in_pool(struct prg_store *store, int64_t interface_id, const struct prg_pool *pool,
                        const struct prg_prefix *prefix, struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT], network[PRG_PREFIX_TEXT];
	struct prg_extent extent;
	int rc;

	if (!prg_pool_row_clip(pool, prefix, &extent)) {
		prg_prefix_format(prefix, text);
		prg_prefix_format(&pool->network, network);
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "%s is the network or broadcast address of pool %s: choose "
		                     "another",
		                     text, network);
	}
	rc = prg_extent_take(store, pool->id, &extent, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = prg_holder_conflict(store, interface_id, prefix, err);
	return rc == 0 ? inconsistent(store, prefix, err) : rc;
}

int prg_pool_take(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                  const struct prg_prefix *prefix, bool route, int64_t now, struct prg_error *err)
{
	PRG_FREE struct prg_pool *pools = NULL;
	const struct prg_pool *pool;
	size_t n = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = check_prefix(prefix, route, err);
	if (rc == 0)
		rc = prg_pool_row_all(store, interface_id, &pools, &n, err);
	if (rc == 0)
		rc = check_own(pools, n, prefix, err);
	if (rc == 0)
		rc = reclaim(store, interface_id, pools, n, now, err);
	if (rc < 0)
		return rc;
	pool = prg_pool_row_containing(pools, n, prefix);
	if (pool != NULL)
		rc = take_in_pool(store, interface_id, pool, prefix, err);
	else if (prefix->length == prg_addr_bits(&prefix->addr))
		rc = prg_holder_check_held(store, interface_id, prefix, err);
	if (rc < 0)
		return rc;
	rc = insert_prefix(store, interface_id, peer_id, prefix, route, err);
	if (rc != PRG_E_CONFLICT)
		return rc;
	if (pool != NULL)
		return inconsistent(store, prefix, err);
	rc = prg_holder_conflict(store, interface_id, prefix, err);
	return rc == 0 ? inconsistent(store, prefix, err) : rc;
}

int prg_pool_unhold(struct prg_store *store, int64_t interface_id, const struct prg_prefix *prefix,
                    struct prg_error *err)
{
	PRG_FREE struct prg_pool *pools = NULL;
	struct prg_prefix held;
	size_t n = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = prg_pool_row_all(store, interface_id, &pools, &n, err);
	if (rc < 0)
		return rc;
	/* a route that is wider than a pool takes nothing out of it */
	if (prefix->length != prg_addr_bits(&prefix->addr) &&
	    prg_pool_row_containing(pools, n, prefix) == NULL)
		return 0;
	while ((rc = hold_within(store, interface_id, prefix, &held, err)) > 0) {
		rc = give(store, pools, n, &held, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* ------------------------------------------------------------------ releasing */

/* 0, or PRG_E_NOT_FOUND where the peer does not have it. */
static int delete_prefix(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                         const struct prg_prefix *prefix, bool *ret_route, struct prg_error *err)
{
	char text[PRG_PREFIX_TEXT];
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "DELETE FROM prefix WHERE interface_id = ?1 AND family = ?2 AND "
	                        "addr = ?3 AND length = ?4 AND peer_id = ?5 RETURNING route",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_prefix(stmt, 2, prefix);
	prg_row_bind_int(stmt, 5, peer_id);
	rc = prg_db_step(stmt, err);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		prg_prefix_format(prefix, text);
		return prg_error_set(err, PRG_E_NOT_FOUND, "the peer does not have %s", text);
	}
	*ret_route = prg_row_int(stmt, 0, 0, 1) != 0;
	prg_stale_prefix(store, peer_id);
	return prg_db_run(stmt, err);
}

int prg_pool_release(struct prg_store *store, int64_t interface_id, int64_t peer_id,
                     const struct prg_prefix *prefix, int64_t now, int64_t hold_until,
                     struct prg_error *err)
{
	PRG_FREE struct prg_pool *pools = NULL;
	bool route = false;
	size_t n = 0;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0)
		rc = delete_prefix(store, interface_id, peer_id, prefix, &route, err);
	if (rc < 0)
		return rc;
	if (!route && hold_until > now)
		return hold(store, interface_id, peer_id, &prefix->addr, hold_until, err);
	rc = prg_pool_row_all(store, interface_id, &pools, &n, err);
	return rc == 0 ? give(store, pools, n, prefix, err) : rc;
}
