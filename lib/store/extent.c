/* SPDX-License-Identifier: ISC */
#include "store/extent.h"

#include "model/addr.h"
#include "store/row.h"

int prg_extent_find(struct prg_store *store, int64_t pool_id, const struct prg_addr *from,
                    struct prg_extent *ret, struct prg_error *err)
{
	struct prg_extent found;
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store,
	                        "SELECT first, last FROM free_extent WHERE pool_id = ?1 "
	                        "AND last >= ?2 ORDER BY last LIMIT 1",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, pool_id);
	prg_row_bind_addr(stmt, 2, from);
	rc = prg_db_step(stmt, err);
	if (rc <= 0)
		return rc;
	prg_row_addr(stmt, 0, from->family, &found.first);
	prg_row_addr(stmt, 1, from->family, &found.last);
	if (prg_addr_compare(&found.first, &found.last) > 0)
		prg_row_mark_bad(stmt, 0);
	rc = prg_row_check(stmt, err, "a free extent of pool %lld", (long long)pool_id);
	if (rc < 0)
		return rc;
	*ret = found;
	return 1;
}

int prg_extent_insert(struct prg_store *store, int64_t pool_id, const struct prg_extent *extent,
                      struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(
		store, "INSERT INTO free_extent (pool_id, last, first) VALUES (?1, ?2, ?3)", &stmt,
		err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, pool_id);
	prg_row_bind_addr(stmt, 2, &extent->last);
	prg_row_bind_addr(stmt, 3, &extent->first);
	return prg_db_run(stmt, err);
}

static int delete_extent(struct prg_store *store, int64_t pool_id, const struct prg_addr *last,
                         struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(store, "DELETE FROM free_extent WHERE pool_id = ?1 AND last = ?2",
	                        &stmt, err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, pool_id);
	prg_row_bind_addr(stmt, 2, last);
	return prg_db_run(stmt, err);
}

/* Moves the beginning of the extent that ends at `last`. */
static int move_first(struct prg_store *store, int64_t pool_id, const struct prg_addr *last,
                      const struct prg_addr *first, struct prg_error *err)
{
	PRG_STMT *stmt = NULL;
	int rc = prg_db_prepare(
		store, "UPDATE free_extent SET first = ?3 WHERE pool_id = ?1 AND last = ?2", &stmt,
		err);

	if (rc < 0)
		return rc;
	prg_row_bind_int(stmt, 1, pool_id);
	prg_row_bind_addr(stmt, 2, last);
	prg_row_bind_addr(stmt, 3, first);
	return prg_db_run(stmt, err);
}

int prg_extent_take(struct prg_store *store, int64_t pool_id, const struct prg_extent *wanted,
                    struct prg_error *err)
{
	struct prg_extent extent, left;
	struct prg_addr behind;
	int rc = prg_extent_find(store, pool_id, &wanted->last, &extent, err);

	if (rc <= 0)
		return rc;
	if (prg_addr_compare(&extent.first, &wanted->first) > 0)
		return 0;
	if (prg_addr_compare(&extent.last, &wanted->last) == 0) {
		rc = delete_extent(store, pool_id, &extent.last, err);
	} else {
		prg_addr_next(&wanted->last, &behind); /* there is one: the extent goes on */
		rc = move_first(store, pool_id, &extent.last, &behind, err);
	}
	if (rc == 0 && prg_addr_compare(&extent.first, &wanted->first) < 0) {
		left.first = extent.first;
		prg_addr_prev(&wanted->first, &left.last);
		rc = prg_extent_insert(store, pool_id, &left, err);
	}
	return rc < 0 ? rc : 1;
}

/* The extent that ends right before `first`. 1: there is one. */
static int neighbour_before(struct prg_store *store, int64_t pool_id, const struct prg_addr *first,
                            struct prg_extent *ret, struct prg_error *err)
{
	struct prg_addr before;
	int rc;

	if (!prg_addr_prev(first, &before))
		return 0;
	rc = prg_extent_find(store, pool_id, &before, ret, err);
	return rc <= 0 ? rc : prg_addr_compare(&ret->last, &before) == 0;
}

int prg_extent_give(struct prg_store *store, int64_t pool_id, const struct prg_extent *given,
                    struct prg_error *err)
{
	struct prg_extent merged = *given, before, after;
	struct prg_addr behind;
	bool joins = false;
	int rc = prg_extent_find(store, pool_id, &given->first, &after, err);

	if (rc < 0)
		return rc;
	if (rc > 0) {
		if (prg_addr_compare(&after.first, &given->last) <= 0)
			return prg_db_corrupt(store, err, "what was in use in pool %lld is free",
			                      (long long)pool_id);
		joins = prg_addr_next(&given->last, &behind) &&
		        prg_addr_compare(&after.first, &behind) == 0;
	}
	rc = neighbour_before(store, pool_id, &given->first, &before, err);
	if (rc > 0) {
		merged.first = before.first;
		rc = delete_extent(store, pool_id, &before.last, err);
	}
	if (rc < 0)
		return rc;
	if (joins)
		return move_first(store, pool_id, &after.last, &merged.first, err);
	return prg_extent_insert(store, pool_id, &merged, err);
}
