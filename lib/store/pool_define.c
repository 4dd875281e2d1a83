/* SPDX-License-Identifier: ISC */
/* Making and changing pools: checks first, then free extents by one sweep. */
#include <string.h>

#include "base/error.h"
#include "model/addr.h"
#include "store/holder.h"
#include "store/list.h"
#include "store/pool.h"
#include "store/pool_row.h"
#include "store/row.h"

/* --------------------------------------------------------------------- checks */

static int derive_all(const struct prg_prefix *addresses, size_t n, struct prg_pool *pools,
                      struct prg_error *err)
{
	char a[PRG_PREFIX_TEXT], b[PRG_PREFIX_TEXT];
	size_t i, j;

	for (i = 0; i < n; i++) {
		const struct prg_prefix *own = &addresses[i];

		if ((own->addr.family != 4 && own->addr.family != 6) ||
		    own->length > prg_addr_bits(&own->addr))
			return prg_error_set(err, PRG_E_USAGE,
			                     "an interface's address is malformed");
		pools[i] = (struct prg_pool){ .own = *own };
		prg_pool_row_derive(&pools[i]);
		for (j = 0; j < i; j++) {
			if (!prg_prefix_overlaps(&pools[i].network, &pools[j].network))
				continue;
			prg_prefix_format(own, a);
			prg_prefix_format(&addresses[j], b);
			return prg_error_set(err, PRG_E_USAGE,
			                     "the pools of %s and %s overlap: give one of them", b,
			                     a);
		}
	}
	return 0;
}

/* Has a peer an address in this pool, or a route that is a part of it? Of these
 * only addresses tie a pool down. 1: yes. */
static int has_address(struct prg_store *store, int64_t interface_id, const struct prg_pool *pool,
                       struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(&pool->network);
	struct prg_addr last = prg_prefix_last(&pool->network);
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT 1 FROM prefix WHERE interface_id = ?1 AND family = ?2 "
	                        "AND addr BETWEEN ?3 AND ?4 AND route = 0 LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, first.family);
	prg_row_bind_addr(stmt, 3, &first);
	prg_row_bind_addr(stmt, 4, &last);
	return prg_db_step(stmt, err);
}

static int check_old(struct prg_store *store, int64_t interface_id, const struct prg_pool *pools,
                     size_t n, struct prg_error *err)
{
	PRG_FREE struct prg_pool *old = NULL;
	char text[PRG_PREFIX_TEXT];
	size_t n_old = 0, i;
	int rc = prg_pool_row_all(store, interface_id, &old, &n_old, err);

	for (i = 0; rc == 0 && i < n_old; i++) {
		if (prg_pool_row_containing(pools, n, &old[i].network) != NULL)
			continue;
		rc = has_address(store, interface_id, &old[i], err);
		if (rc <= 0)
			continue;
		prg_prefix_format(&old[i].network, text);
		return prg_error_set(err, PRG_E_CONFLICT,
		                     "pool %s holds addresses of peers: it must lie in one of the new "
		                     "pools (name all of them: address A,B)",
		                     text);
	}
	return rc;
}

static int check_own(struct prg_store *store, int64_t interface_id, const struct prg_pool *pool,
                     struct prg_error *err)
{
	char name[PRG_NAME_BYTES + 1], text[PRG_ADDR_TEXT], other[PRG_PREFIX_TEXT];
	struct prg_prefix host = prg_prefix_host(&pool->own.addr), theirs;
	int rc = prg_holder_containing(store, interface_id, &host, &theirs, name, err);

	if (rc <= 0)
		return rc;
	if (theirs.length < pool->network.length)
		return 0; /* a route that is wider than the pool */
	prg_addr_format(&pool->own.addr, text);
	prg_prefix_format(&theirs, other);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "%s lies in %s, which is peer %s's: choose another", text, other,
	                     name);
}

/* A hold ends where a peer's route covers its address. */
static int drop_holds(struct prg_store *store, int64_t interface_id,
                      const struct prg_prefix *prefix, struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(prefix), last = prg_prefix_last(prefix);
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "DELETE FROM held WHERE interface_id = ?1 AND family = ?2 "
	                        "AND addr BETWEEN ?3 AND ?4",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, first.family);
	prg_row_bind_addr(stmt, 3, &first);
	prg_row_bind_addr(stmt, 4, &last);
	return prg_db_run(stmt, err);
}

static int nested(const struct prg_prefix *outer, const char *outer_name,
                  const struct prg_prefix *inner, const char *inner_name, struct prg_error *err)
{
	char a[PRG_PREFIX_TEXT], b[PRG_PREFIX_TEXT];

	prg_prefix_format(outer, a);
	prg_prefix_format(inner, b);
	return prg_error_set(err, PRG_E_CONFLICT,
	                     "%s of peer %s contains %s of peer %s: no pool can hold both", a,
	                     outer_name, b, inner_name);
}

/* Inside a pool what peers have must be disjoint, so that what one gives back is
 * free. Prefixes are nested or disjoint; in this order an outer one comes first. */
static int check_disjoint(struct prg_store *store, int64_t interface_id,
                          const struct prg_pool *pool, struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(&pool->network);
	struct prg_addr last = prg_prefix_last(&pool->network);
	char name[PRG_NAME_BYTES + 1], before_name[PRG_NAME_BYTES + 1];
	struct prg_prefix prefix, before = { 0 };
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT x.family, x.addr, x.length, p.name FROM prefix x "
	                        "CROSS JOIN peer p ON p.id = x.peer_id WHERE x.interface_id = ?1 "
	                        "AND x.family = ?2 AND x.addr BETWEEN ?3 AND ?4 "
	                        "ORDER BY x.addr, x.length",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, first.family);
	prg_row_bind_addr(stmt, 3, &first);
	prg_row_bind_addr(stmt, 4, &last);
	while ((rc = prg_db_step(stmt, err)) > 0) {
		prg_row_prefix(stmt, 0, &prefix);
		prg_row_peer_name(stmt, 3, name);
		rc = prg_row_check(stmt, err, "a prefix in a pool");
		if (rc == 0 && prefix.length < pool->network.length)
			continue;
		if (rc == 0 && before.addr.family != 0 && prg_prefix_contains(&before, &prefix))
			rc = nested(&before, before_name, &prefix, name, err);
		if (rc == 0)
			rc = drop_holds(store, interface_id, &prefix, err);
		if (rc < 0)
			return rc;
		before = prefix;
		memcpy(before_name, name, sizeof(name));
	}
	return rc;
}

/* ---------------------------------------------------------------------- sweep */

static int run_for(struct prg_store *store, const char *sql, int64_t id, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, sql, &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, id);
	return prg_db_run(stmt, err);
}

static int insert_pool(struct prg_store *store, int64_t interface_id, size_t position,
                       struct prg_pool *pool, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "INSERT INTO pool (interface_id, position, family, addr, length) "
	                        "VALUES (?1, ?2, ?3, ?4, ?5)",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, interface_id);
	prg_row_bind_int(stmt, 2, (int64_t)position);
	prg_row_bind_prefix(stmt, 3, &pool->own);
	rc = prg_db_run(stmt, err);
	if (rc == 0)
		pool->id = prg_db_last_id(store);
	return rc;
}

/* What is free from `from` up to before `taken`; `from` moves behind it.
 * *ret_end: nothing lies behind. */
static int sweep_to(struct prg_store *store, const struct prg_pool *pool, struct prg_addr *from,
                    const struct prg_extent *taken, bool *ret_end, struct prg_error *err)
{
	struct prg_extent gap = { .first = *from };
	int rc = 0;

	if (prg_addr_compare(&taken->last, from) < 0)
		return 0;
	if (prg_addr_compare(from, &taken->first) < 0) {
		prg_addr_prev(&taken->first, &gap.last);
		rc = prg_extent_insert(store, pool->id, &gap, err);
	}
	*ret_end = !prg_addr_next(&taken->last, from) ||
	           prg_addr_compare(from, &pool->usable.last) > 0;
	return rc;
}

/* Everything in use in a pool, in order: peers' prefixes, held addresses, the
 * interface's own. */
static int prepare_taken(struct prg_store *store, int64_t interface_id, const struct prg_pool *pool,
                         const struct prg_addr *first, const struct prg_addr *last,
                         struct prg_stmt **ret, struct prg_error *err)
{
	int rc = prg_db_prepare(store,
	                        "SELECT family, addr, length FROM prefix WHERE interface_id = ?1 "
	                        "AND family = ?2 AND addr BETWEEN ?3 AND ?4 "
	                        "UNION ALL SELECT family, addr, ?5 FROM held WHERE "
	                        "interface_id = ?1 AND family = ?2 AND addr BETWEEN ?3 AND ?4 "
	                        "UNION ALL SELECT ?2, ?6, ?5 ORDER BY 2",
	                        ret, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(*ret, 1, interface_id);
	prg_row_bind_int(*ret, 2, first->family);
	prg_row_bind_addr(*ret, 3, first);
	prg_row_bind_addr(*ret, 4, last);
	prg_row_bind_int(*ret, 5, prg_addr_bits(first));
	prg_row_bind_addr(*ret, 6, &pool->own.addr);
	return 0;
}

static int sweep(struct prg_store *store, int64_t interface_id, const struct prg_pool *pool,
                 struct prg_error *err)
{
	struct prg_addr first = prg_prefix_first(&pool->network);
	struct prg_addr last = prg_prefix_last(&pool->network);
	struct prg_extent rest = { pool->usable.first, pool->usable.last };
	PRG_STMT *stmt = NULL;
	bool end = false;
	int rc;

	if (pool->empty)
		return 0;
	rc = prepare_taken(store, interface_id, pool, &first, &last, &stmt, err);
	while (rc == 0 && !end && (rc = prg_db_step(stmt, err)) > 0) {
		struct prg_extent taken;
		struct prg_prefix prefix;

		prg_row_prefix(stmt, 0, &prefix);
		rc = prg_row_check(stmt, err, "what is in use in a pool");
		if (rc < 0)
			return rc;
		if (prefix.length < pool->network.length ||
		    !prg_pool_row_clip(pool, &prefix, &taken))
			continue;
		rc = sweep_to(store, pool, &rest.first, &taken, &end, err);
	}
	if (rc < 0 || end)
		return rc;
	return prg_extent_insert(store, pool->id, &rest, err);
}

int prg_pool_define(struct prg_store *store, int64_t interface_id,
                    const struct prg_prefix *addresses, size_t n, struct prg_error *err)
{
	struct prg_pool pools[PRG_POOL_MAX];
	size_t i;
	int rc = prg_db_in_transaction(store, err);

	if (rc == 0 && n > PRG_POOL_MAX)
		rc = prg_error_set(err, PRG_E_USAGE,
		                   "%zu addresses of an interface are more than %d", n,
		                   PRG_POOL_MAX);
	if (rc == 0)
		rc = derive_all(addresses, n, pools, err);
	if (rc == 0)
		rc = check_old(store, interface_id, pools, n, err);
	for (i = 0; i < n && rc == 0; i++) {
		rc = check_own(store, interface_id, &pools[i], err);
		if (rc == 0)
			rc = check_disjoint(store, interface_id, &pools[i], err);
	}
	if (rc == 0)
		rc = run_for(store,
		             "DELETE FROM free_extent WHERE pool_id IN "
		             "(SELECT id FROM pool WHERE interface_id = ?1)",
		             interface_id, err);
	if (rc == 0)
		rc = run_for(store, "DELETE FROM pool WHERE interface_id = ?1", interface_id, err);
	for (i = 0; i < n && rc == 0; i++) {
		rc = insert_pool(store, interface_id, i, &pools[i], err);
		if (rc == 0)
			rc = sweep(store, interface_id, &pools[i], err);
	}
	return rc;
}
